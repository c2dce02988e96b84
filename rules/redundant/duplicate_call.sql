/*
title   = "Same request paid for again"
grade   = "proven"
because = "{calls:request was|requests were} paid for although the same one had been answered. The costliest was sent {age_ms} after {original} had answered it on the same model."
fix     = "Put a response cache in front of {project}, keyed by the whole request, and keep answers for a day. Begin with the tasks whose repeats cost most."
precedence = 10
look_back_days = 7
needs = ["prompt_hash", "status"]
shared = ["searching_models", "meant_names"]
note    = """
The same request: prompt, project, provider, model, operation, output cap and environment are the same, and so is the
model that answered. A fingerprint whose answered calls differ in length or in messages covers only a part of the
request: none of its calls is judged. The earlier call was ok, gave back something, and had ended before this one
started: answers sampled side by side are no duplicates. Where a task asks half of its prompts or more (at least five)
several times within minutes in their session, it takes samples, and those are left alone; other answers drawn one after another
from one prompt look the same in a log as repeats, and are counted, unless a name says what they are for. A step of an
agent (its answer calls tools) acts anew each time. It counts only where nothing was made of the earlier
one: where it was the session's last call before this one, or where this one stands alone in its session. Without a
session it is left alone. Two calls of one parent are steps of one run, of which a log may state only what the user had
asked: left alone. Left alone too: searches of the web, whose answers change; images, sound and video, of which one may
want several; two rows with one response or request id, which are one billed call; batches that state no length, of
which nobody knows when they were sent; and what its task, environment or a tag calls an evaluation, a benchmark, a load
test or a sampling, which ask again on purpose.
Where nobody owns a call, its key and team stand for the project. Two sources may tell one call by two clocks: a repeat
is of its own source. Where clocks know whole seconds, what began within a second of the end is no repeat. Two calls of
one parent hide older answers too, and one length out of line leaves a whole fingerprint alone: either shows that the
fingerprint may not be the whole request's.

window_hours: 24, because an answer a day old is still the answer; at most 168, as far as the rule looks back.
unknown_latency_ms: ten minutes, because providers let no call run longer; before that an unknown end may be to come.
searching_models: names of models that look things up each time, so that their answers change.
sampling_ms: ten minutes. Who takes samples within a session draws them one after another; a job whose session is the day
may run twice on it.
meant_names: the field's words for asking again on purpose, whole words only, for "retrieval" is no evaluation; a
Chinese word that products and rates share (评测, 基准) counts only alone or with what is evaluated."""

[params]
window_hours       = 24
unknown_latency_ms = 600000
sampling_ms        = 600000

[zh]
title   = "同一请求重复付费"
because = "共有 {calls} 次请求在已有回答后重复付费。其中最贵的一次：{age_ms}前 {original} 已用同一模型回答过同样的请求。"
fix     = "在 {project} 前加一层响应缓存，以完整请求为键，答案保留一天；从重复花费最高的任务开始。"
*/
-- Only prompts that came more than once need the windows below; one narrow key finds them.
WITH repeated AS (
    SELECT prompt_hash
    FROM calls
    WHERE prompt_hash IS NOT NULL
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
        coalesce(c.operation, 'chat') AS operation,
        c.max_output_tokens,
        c.environment,
        c.tags,
        c.message_count,
        c.status = 'ok' AND coalesce(c.output_tokens, 1) > 0 AS is_answer,
        CASE
            WHEN c.status = 'ok' AND coalesce(c.usage_quality, 'reported') = 'reported' THEN c.input_tokens
        END AS counted_tokens,
        -- Its answer calls tools.
        coalesce(c.tool_calls, 0) > 0
        OR lower(coalesce(c.finish_reason, '')) IN ('tool_calls', 'tool_call', 'tool_use', 'function_call') AS is_step,
        coalesce(c.session_id, c.trace_id) AS session,
        c.session_id IS NOT NULL AS is_session,
        c.task,
        c.parent_id,
        c.response_id,
        c.request_id,
        c.cost,
        epoch_ms(c.started_at) AS start_ms,
        epoch_ms(c.started_at) + greatest(coalesce(c.latency_ms, $unknown_latency_ms), 1) AS end_ms,
        CASE WHEN epoch_ms(c.started_at) % 1000 = 0 AND c.latency_ms % 1000 = 0 THEN 1000 ELSE 0 END AS clock_ms
    FROM calls AS c
    INNER JOIN repeated AS r ON c.prompt_hash = r.prompt_hash
    WHERE
        coalesce(c.operation, 'chat') IN ('chat', 'text_completion', 'generate_content', 'completion', 'responses')
        AND coalesce(c.gateway_cache_hit, FALSE) = FALSE
        AND coalesce(c.quantity, 0) = 0
        AND (c.latency_ms IS NOT NULL OR coalesce(c.service_tier, 'standard') <> 'batch')
),

requests AS (
    SELECT
        prompt_hash,
        payer,
        source,
        provider,
        model,
        response_model,
        operation,
        max_output_tokens,
        environment,
        count(*) AS calls,
        count(*) FILTER (WHERE is_answer) AS answers,
        min(counted_tokens) AS least_tokens,
        max(counted_tokens) AS most_tokens,
        min(message_count) AS least_messages,
        max(message_count) AS most_messages
    FROM candidates
    GROUP BY prompt_hash, payer, source, provider, model, response_model, operation, max_output_tokens, environment
),

-- One request has one length: a fingerprint that goes with several covers only a part of what was sent.
uneven AS (
    SELECT
        prompt_hash,
        model,
        response_model
    FROM requests
    GROUP BY prompt_hash, model, response_model
    HAVING min(least_tokens) < max(most_tokens) OR min(least_messages) < max(most_messages)
),

-- A number stands for what two calls must have in common: the window below sorts it faster than nine columns.
sent_again AS (
    SELECT
        r.prompt_hash,
        r.payer,
        r.source,
        r.provider,
        r.model,
        r.response_model,
        r.operation,
        r.max_output_tokens,
        r.environment,
        row_number() OVER (ORDER BY r.prompt_hash) AS request
    FROM requests AS r
    LEFT JOIN uneven AS u
        ON
            r.prompt_hash = u.prompt_hash
            AND r.model = u.model
            AND r.response_model IS NOT DISTINCT FROM u.response_model
    WHERE r.calls > 1 AND r.answers > 0 AND u.prompt_hash IS NULL
),

numbered AS (
    SELECT
        c.call_id,
        r.request,
        c.is_answer,
        c.cost,
        c.start_ms,
        c.end_ms
    FROM candidates AS c
    INNER JOIN sent_again AS r
        ON
            c.prompt_hash = r.prompt_hash
            AND c.source = r.source
            AND c.provider IS NOT DISTINCT FROM r.provider
            AND c.model = r.model
            AND c.operation = r.operation
            AND c.payer IS NOT DISTINCT FROM r.payer
            AND c.response_model IS NOT DISTINCT FROM r.response_model
            AND c.max_output_tokens IS NOT DISTINCT FROM r.max_output_tokens
            AND c.environment IS NOT DISTINCT FROM r.environment
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
    WHERE is_answer
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
        AND at_ms - ended_ms <= cast($window_hours AS BIGINT) * 3600000
),

-- An id of fewer than eight characters may be a counter.
told AS (
    SELECT
        r.call_id,
        r.cost,
        r.original,
        r.age_ms,
        c.is_step,
        c.is_session,
        c.payer,
        c.task,
        c.prompt_hash,
        c.session,
        -- Samples are drawn one after another; what comes later is the same job, run again.
        coalesce(c.session = o.session AND r.age_ms <= $sampling_ms, FALSE) AS is_in_session
    FROM repeats AS r
    INNER JOIN candidates AS c ON r.call_id = c.call_id
    INNER JOIN candidates AS o ON r.original = o.call_id
    WHERE
        NOT coalesce(c.response_id = o.response_id AND length(c.response_id) >= 8, FALSE)
        AND NOT coalesce(c.request_id = o.request_id AND length(c.request_id) >= 8, FALSE)
        AND NOT coalesce(c.parent_id = o.parent_id, FALSE)
        -- A clock of whole seconds cannot tell what came first within one.
        AND r.age_ms >= o.clock_ms
        AND NOT regexp_matches(c.model, $searching_models)
        AND NOT regexp_matches(lower(concat_ws(' ', c.task, c.environment, array_to_string(c.tags, ' '))), $meant_names)
),

-- A lane that asks most of its prompts several times within their session takes samples.
lanes AS (
    SELECT
        payer,
        task,
        count(DISTINCT prompt_hash) AS sampled_prompts
    FROM told
    WHERE is_in_session
    GROUP BY payer, task
    HAVING count(DISTINCT prompt_hash) >= 5
),

meant AS (
    SELECT
        l.payer,
        l.task
    FROM lanes AS l
    INNER JOIN calls AS c
        ON
            l.payer = coalesce(c.project, concat('/', c.api_key, '/', c.team))
            AND l.task IS NOT DISTINCT FROM c.task
    GROUP BY l.payer, l.task, l.sampled_prompts
    HAVING l.sampled_prompts >= 0.5 * approx_count_distinct(c.prompt_hash)
),

step_sessions AS (
    SELECT DISTINCT session
    FROM told
    WHERE is_step
),

step_places AS (
    SELECT
        c.call_id,
        lag(c.call_id) OVER (PARTITION BY s.session ORDER BY c.started_at, c.call_id) AS call_before,
        count(*) OVER (PARTITION BY s.session) AS session_calls
    FROM calls AS c
    INNER JOIN step_sessions AS s ON coalesce(c.session_id, c.trace_id) = s.session
)

SELECT
    t.call_id,
    t.cost AS saving,
    t.original,
    t.age_ms
FROM told AS t
LEFT JOIN step_places AS p ON t.call_id = p.call_id
LEFT JOIN meant AS m ON t.is_in_session AND t.payer = m.payer AND t.task IS NOT DISTINCT FROM m.task
WHERE
    m.payer IS NULL
    AND (
        NOT t.is_step
        OR coalesce(p.call_before = t.original, FALSE)
        OR (t.is_session AND coalesce(p.session_calls = 1, FALSE))
    )
