/*
title   = "Same request paid for again"
grade   = "proven"
because = "The costliest repeat was sent {age_ms} after {original} had answered the same prompt on the same model."
fix     = "Put a response cache in front of {project}, keyed by the whole request, and keep answers for a day."
precedence = 10
look_back_days = 7
needs = ["prompt_hash", "status"]
note    = """
The earlier call was ok and had ended before this one started; answers sampled side by side are no duplicates. A
call whose length is unknown is taken to have ended only after unknown_latency_ms, longer than providers let a call run."""

[params]
window_hours       = 24
unknown_latency_ms = 600000

[zh]
title   = "同一请求重复付费"
because = "其中最贵的一次：{original} 在 {age_ms}前已用同一模型回答过同样的提示词。"
fix     = "在 {project} 前加一层响应缓存，以完整请求为键，保留一天。"
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
        c.project,
        c.model,
        c.prompt_hash,
        c.status,
        c.cost,
        epoch_ms(c.started_at) AS start_ms,
        epoch_ms(c.started_at) + greatest(coalesce(c.latency_ms, $unknown_latency_ms), 1) AS end_ms
    FROM calls AS c
    INNER JOIN repeated AS r ON c.prompt_hash = r.prompt_hash
    WHERE
        coalesce(c.operation, 'chat') NOT IN ('embeddings', 'rerank')
        AND coalesce(c.gateway_cache_hit, FALSE) = FALSE
),

-- Each call is two events, its start and, where it was answered, its end; an end counts before a start at one instant.
-- A length of 0 is taken for 1 ms: a call is no answer to itself.
events AS (
    SELECT
        call_id,
        project,
        model,
        prompt_hash,
        cost,
        start_ms AS at_ms,
        1 AS is_start,
        NULL AS ended_ms,
        NULL AS answer
    FROM candidates
    UNION ALL
    SELECT
        call_id,
        project,
        model,
        prompt_hash,
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
        PARTITION BY project, model, prompt_hash
        ORDER BY at_ms, is_start, call_id
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    )
)

SELECT
    call_id,
    cost AS saving,
    original,
    at_ms - ended_ms AS age_ms
FROM looked_back
WHERE is_start = 1 AND cost > 0 AND original <> call_id AND at_ms - ended_ms <= $window_hours * 3600000
