/*
title   = "Inputs embedded again"
grade   = "proven"
because = "{calls:embedding|embeddings} bought vectors that were there already. The costliest input had been embedded by the same model {age_ms} before, in {original}."
fix     = "Keep vectors under a hash of input and model, and let {project} look there before it embeds; when an index is built anew, embed only pages that changed."
precedence = 12
look_back_days = 35
look_back_operations = ["embeddings"]
needs = ["prompt_hash", "operation", "status"]
note    = """
The same input: prompt, project, provider, model, environment, task and tags are the same, and so is the model that answered.
Another task or tag may fill another index, and where no task is stated another session may too: left alone. Another
session of one task is a second run of one job. Changed text has another fingerprint. The earlier embedding was ok and
had ended before this one started: inputs sent side by side are no repeats. A request that holds several inputs is
compared as a whole. Two rows with one response or request id are one billed call; batches that state no length are
left out, because nobody knows when they were sent. Where nobody owns a call, its key and team stand for the project.
Two sources may tell one call by two clocks: a repeat is of its own source. Where clocks know whole seconds, what began
within a second of the end is no repeat.
A log that blanks its texts may give them all one fingerprint. One that goes with several lengths is not the text's, and
its inputs are not judged; nor are those of one that stands for most embeddings of a project, or comes from a crowd of
sessions every day.
An index that was lost and built anew is counted: kept vectors would have spared it. Vectors of other dimensions made
of the same input cannot be told apart where a log does not state them.

window_days: 35, so that an index built anew once a month is seen; no more, as far as the rule looks back.
unknown_latency_ms: a minute, because an embedding takes less.
blank_share: half of a project's embeddings by one model are not one text; blank_calls: from 5 of them a day on, since an
index may be one page that is built anew each night. crowd_sessions: 20 a day, for no job builds its index anew so often."""

[params]
window_days        = 35
unknown_latency_ms = 60000
blank_share        = 0.5
blank_calls        = 5
crowd_sessions     = 20

[zh]
title   = "相同内容重复做向量化"
because = "共有 {calls} 次向量化，买来的是已有的向量。其中最贵的一次：{age_ms}前 {original} 已用同一模型对相同内容做过向量化。"
fix     = "以“内容加模型”的哈希为键保存向量，让 {project} 先查后算；重建索引时只处理有改动的页面。"
*/
WITH repeated AS (
    SELECT
        prompt_hash,
        count(*) AS hash_calls
    FROM calls
    WHERE operation = 'embeddings' AND prompt_hash IS NOT NULL
    GROUP BY prompt_hash
    HAVING count(*) > 1
),

candidates AS (
    SELECT
        c.call_id,
        coalesce(c.project, concat('/', c.api_key, '/', c.team)) AS payer,
        c.source,
        c.provider,
        c.model,
        c.response_model,
        c.prompt_hash,
        r.hash_calls,
        c.environment,
        c.task,
        coalesce(array_to_string(c.tags, ' '), '') AS labels,
        c.input_tokens,
        c.status,
        c.response_id,
        c.request_id,
        c.cost,
        epoch_ms(c.started_at) AS start_ms,
        epoch_ms(c.started_at) + greatest(coalesce(c.latency_ms, $unknown_latency_ms), 1) AS end_ms,
        CASE WHEN epoch_ms(c.started_at) % 1000 = 0 AND c.latency_ms % 1000 = 0 THEN 1000 ELSE 0 END AS clock_ms
    FROM calls AS c
    INNER JOIN repeated AS r ON c.prompt_hash = r.prompt_hash
    WHERE
        c.operation = 'embeddings'
        AND coalesce(c.gateway_cache_hit, FALSE) = FALSE
        AND (c.latency_ms IS NOT NULL OR coalesce(c.service_tier, 'standard') <> 'batch')
),

-- One input has one length: a fingerprint that goes with several (a page's name, say) is not the text's.
uneven AS (
    SELECT
        prompt_hash,
        model,
        response_model
    FROM candidates
    WHERE status = 'ok'
    GROUP BY prompt_hash, model, response_model
    HAVING min(input_tokens) < max(input_tokens)
),

-- A fingerprint that stands for all sorts of texts: most of what a project embeds, or one for a crowd of sessions.
frequent AS (
    SELECT
        prompt_hash,
        payer,
        model,
        count(*) AS payer_calls
    FROM candidates
    WHERE hash_calls >= $blank_calls
    GROUP BY prompt_hash, payer, model
    -- A text that stands for many comes often each day; an index of one text that is made anew each night does not.
    HAVING count(*) >= $blank_calls * count(DISTINCT floor(start_ms / 86400000))
),

doubted AS (
    SELECT
        payer,
        model
    FROM frequent
    GROUP BY payer, model
),

lanes AS (
    SELECT
        d.payer,
        d.model,
        count(*) AS lane_calls
    FROM calls AS c
    INNER JOIN doubted AS d
        ON c.model = d.model AND coalesce(c.project, concat('/', c.api_key, '/', c.team)) = d.payer
    WHERE c.operation = 'embeddings'
    GROUP BY d.payer, d.model
),

crowds AS (
    SELECT
        f.prompt_hash,
        f.payer,
        f.model
    FROM calls AS c
    INNER JOIN frequent AS f
        ON
            c.prompt_hash = f.prompt_hash
            AND c.model = f.model
            AND coalesce(c.project, concat('/', c.api_key, '/', c.team)) = f.payer
    WHERE c.operation = 'embeddings'
    GROUP BY f.prompt_hash, f.payer, f.model
    HAVING count(DISTINCT c.session_id) >= count(DISTINCT c.day) * $crowd_sessions
),

blank AS (
    SELECT
        f.prompt_hash,
        f.payer,
        f.model
    FROM frequent AS f
    INNER JOIN lanes AS l ON f.payer = l.payer AND f.model = l.model
    LEFT JOIN crowds AS w ON f.prompt_hash = w.prompt_hash AND f.payer = w.payer AND f.model = w.model
    WHERE f.payer_calls >= l.lane_calls * $blank_share OR w.prompt_hash IS NOT NULL
),

-- Sessions are told apart only where no task is: long names are slow to read.
taskless AS (
    SELECT prompt_hash
    FROM candidates
    WHERE task IS NULL
    GROUP BY prompt_hash
),

sessions AS (
    SELECT
        c.call_id,
        c.session_id
    FROM calls AS c
    INNER JOIN taskless AS t ON c.prompt_hash = t.prompt_hash
    WHERE c.operation = 'embeddings' AND c.task IS NULL AND c.session_id IS NOT NULL
),

-- A number stands for what two calls must have in common: the window below sorts it faster than nine columns.
requests AS (
    SELECT
        prompt_hash,
        payer,
        source,
        provider,
        model,
        response_model,
        environment,
        task,
        labels,
        row_number() OVER (ORDER BY prompt_hash) AS request
    FROM candidates
    GROUP BY prompt_hash, payer, source, provider, model, response_model, environment, task, labels
    HAVING count(*) > 1 AND count(*) FILTER (WHERE status = 'ok') > 0
),

numbered AS (
    SELECT
        c.call_id,
        r.request,
        c.status,
        c.cost,
        c.start_ms,
        c.end_ms
    FROM candidates AS c
    INNER JOIN requests AS r
        ON
            c.prompt_hash = r.prompt_hash
            AND c.payer = r.payer
            AND c.source = r.source
            AND c.model = r.model
            AND c.provider IS NOT DISTINCT FROM r.provider
            AND c.response_model IS NOT DISTINCT FROM r.response_model
            AND c.environment IS NOT DISTINCT FROM r.environment
            AND c.task IS NOT DISTINCT FROM r.task
            AND c.labels = r.labels
),

-- Each call is two events, its start and, where it was answered, its end; an end counts before a start at one instant.
-- A length of 0 is taken for 1 ms: a call is no answer to itself.
events AS (
    SELECT
        call_id,
        request,
        cost,
        start_ms AS at_ms,
        1 AS is_start,
        NULL AS ended_ms,
        NULL AS answer
    FROM numbered
    UNION ALL
    SELECT
        call_id,
        request,
        NULL AS cost,
        end_ms AS at_ms,
        0 AS is_start,
        end_ms AS ended_ms,
        call_id AS answer
    FROM numbered
    WHERE status = 'ok'
),

looked_back AS (
    SELECT
        call_id,
        cost,
        at_ms,
        is_start,
        max(ended_ms) OVER earlier AS ended_ms,
        last_value(answer IGNORE NULLS) OVER earlier AS original
    FROM events
    WINDOW earlier AS (
        PARTITION BY request
        ORDER BY at_ms, is_start, call_id
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    )
),

repeats AS (
    SELECT
        call_id,
        cost,
        original,
        at_ms - ended_ms AS age_ms
    FROM looked_back
    WHERE
        is_start = 1
        AND cost > 0
        AND original <> call_id
        AND at_ms - ended_ms <= cast($window_days AS BIGINT) * 86400000
)

-- An id of fewer than eight characters may be a counter.
SELECT
    r.call_id,
    r.cost AS saving,
    r.original,
    r.age_ms
FROM repeats AS r
INNER JOIN candidates AS c ON r.call_id = c.call_id
INNER JOIN candidates AS o ON r.original = o.call_id
LEFT JOIN uneven AS u
    ON
        c.prompt_hash = u.prompt_hash
        AND c.model = u.model
        AND c.response_model IS NOT DISTINCT FROM u.response_model
LEFT JOIN blank AS b ON c.prompt_hash = b.prompt_hash AND c.payer = b.payer AND c.model = b.model
LEFT JOIN sessions AS s ON c.call_id = s.call_id
LEFT JOIN sessions AS e ON o.call_id = e.call_id
WHERE
    u.prompt_hash IS NULL
    AND b.prompt_hash IS NULL
    -- A clock of whole seconds cannot tell what came first within one.
    AND r.age_ms >= o.clock_ms
    AND NOT coalesce(s.session_id <> e.session_id, FALSE)
    AND NOT coalesce(c.response_id = o.response_id AND length(c.response_id) >= 8, FALSE)
    AND NOT coalesce(c.request_id = o.request_id AND length(c.request_id) >= 8, FALSE)
