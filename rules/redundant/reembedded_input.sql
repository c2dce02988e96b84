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
The same input: prompt, project, model and environment are the same, and so is the model that answered. Changed text
has another fingerprint; a fingerprint that goes with several lengths is not the text's, and its inputs are not
judged. The earlier embedding was ok and had ended before this one started: inputs sent side by side are no repeats. A
request that holds several inputs is compared as a whole. Two rows with one response or request id are one billed
call; batches that state no length are left out, because nobody knows when they were sent. Where nobody owns a call,
its key stands for the project.
An index that was lost and built anew is counted: kept vectors would have spared it. Vectors of other dimensions made
of the same input cannot be told apart where a log does not state them.

window_days: 35, so that an index built anew once a month is seen; no more, as far as the rule looks back.
unknown_latency_ms: a minute, because an embedding takes less."""

[params]
window_days        = 35
unknown_latency_ms = 60000

[zh]
title   = "相同内容重复做向量化"
because = "共有 {calls} 次向量化，买来的是已有的向量。其中最贵的一次：{age_ms}前 {original} 已用同一模型对相同内容做过向量化。"
fix     = "以“内容加模型”的哈希为键保存向量，让 {project} 先查后算；重建索引时只处理有改动的页面。"
*/
WITH repeated AS (
    SELECT prompt_hash
    FROM calls
    WHERE operation = 'embeddings' AND prompt_hash IS NOT NULL
    GROUP BY prompt_hash
    HAVING count(*) > 1
),

candidates AS (
    SELECT
        c.call_id,
        coalesce(c.project, concat('/', c.api_key)) AS payer,
        c.model,
        c.response_model,
        c.prompt_hash,
        c.environment,
        c.input_tokens,
        c.status,
        c.response_id,
        c.request_id,
        c.cost,
        epoch_ms(c.started_at) AS start_ms,
        epoch_ms(c.started_at) + greatest(coalesce(c.latency_ms, $unknown_latency_ms), 1) AS end_ms
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

-- Each call is two events, its start and, where it was answered, its end; an end counts before a start at one instant.
-- A length of 0 is taken for 1 ms: a call is no answer to itself.
events AS (
    SELECT
        call_id,
        payer,
        model,
        response_model,
        prompt_hash,
        environment,
        cost,
        start_ms AS at_ms,
        1 AS is_start,
        NULL AS ended_ms,
        NULL AS answer
    FROM candidates
    UNION ALL
    SELECT
        call_id,
        payer,
        model,
        response_model,
        prompt_hash,
        environment,
        NULL AS cost,
        end_ms AS at_ms,
        0 AS is_start,
        end_ms AS ended_ms,
        call_id AS answer
    FROM candidates
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
        PARTITION BY prompt_hash, payer, model, response_model, environment
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
WHERE
    u.prompt_hash IS NULL
    AND NOT coalesce(c.response_id = o.response_id AND length(c.response_id) >= 8, FALSE)
    AND NOT coalesce(c.request_id = o.request_id AND length(c.request_id) >= 8, FALSE)
