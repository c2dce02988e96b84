/*
title   = "Answers cut off and asked for again"
grade   = "proven"
because = "The costliest hit its output cap, and {next_call} asked again {gap_ms} later."
fix     = "Raise the output cap of {project} to what its answers need, or ask for shorter ones."
precedence = 40
needs = ["finish_reason", "prompt_hash | session_id"]
note    = "Asked again: the same prompt of the project, or another call of the session, soon after the cut-off answer."

[params]
again_within_ms = 120000

[zh]
title   = "回答被截断后重新请求"
because = "其中最贵的一次：回答触及输出上限，{gap_ms}后 {next_call} 再次请求。"
fix     = "把 {project} 的输出上限调到回答所需的长度，或要求更短的回答。"
*/
WITH cut AS (
    SELECT
        call_id,
        project,
        prompt_hash,
        session_id,
        cost,
        epoch_ms(started_at) + coalesce(latency_ms, 0) AS end_ms
    FROM calls
    WHERE status = 'truncated' AND cost > 0 AND coalesce(gateway_cache_hit, FALSE) = FALSE
),

again AS (
    SELECT
        cut.call_id,
        cut.cost,
        c.call_id AS next_call,
        epoch_ms(c.started_at) - cut.end_ms AS gap_ms
    FROM cut
    INNER JOIN calls AS c ON cut.prompt_hash = c.prompt_hash AND cut.project IS NOT DISTINCT FROM c.project
    WHERE c.call_id <> cut.call_id AND epoch_ms(c.started_at) - cut.end_ms BETWEEN 0 AND $again_within_ms
    UNION ALL
    SELECT
        cut.call_id,
        cut.cost,
        c.call_id AS next_call,
        epoch_ms(c.started_at) - cut.end_ms AS gap_ms
    FROM cut
    INNER JOIN calls AS c ON cut.session_id = c.session_id AND cut.project IS NOT DISTINCT FROM c.project
    WHERE c.call_id <> cut.call_id AND epoch_ms(c.started_at) - cut.end_ms BETWEEN 0 AND $again_within_ms
),

nearest AS (
    SELECT
        call_id,
        cost,
        next_call,
        gap_ms,
        row_number() OVER (PARTITION BY call_id ORDER BY gap_ms, next_call) AS place
    FROM again
)

SELECT
    call_id,
    cost AS saving,
    next_call,
    gap_ms
FROM nearest
WHERE place = 1
