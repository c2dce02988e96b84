/*
title   = "Failed calls that were billed"
grade   = "proven"
because = "{calls:call|calls} failed after tokens had been billed. The costliest ended as {status}[? ({error_type})?] with {tokens} tokens billed."
fix     = "Lengthen time-outs of {project} that end answers under way, cut off streams that nobody reads any more at once, and retry only what can succeed."
precedence = 20
needs = ["status", "input_tokens | output_tokens"]
note    = """
An error or a cancelled call whose usage the log states. A failure that states no usage cost nothing. Without any output
only what a provider works on is counted: what was cancelled or timed out, and what its content filter refused. A
request turned away (401, 429, 503 and their like), a failure that does not say how, and a count that the gateway made
itself (usage_quality derived) are left alone: nothing shows that they were billed. What a reader had seen of a
cancelled answer is counted, because it was never finished.
Left alone is what was cancelled by design. A hedged request: the same prompt of the project, on whatever model or
region, was under way at the same time and was answered; the two were sent at once, or this one ended when the other
answered. And an answer that somebody broke off by speaking or typing on: any of sound, and one of a session that the
same user goes on with by another prompt within seconds, unless a time-out is given as the reason. The same prompt sent
again after the end is a retry, and what it gave up counts.

hedge_ms: a minute, in which gateways that hedge send the second request.
at_once_ms: two seconds, for clocks and for the time until a cancelled answer stops.
goes_on_ms: 20 seconds, as long as somebody speaks or types before the next request."""

[params]
hedge_ms   = 60000
at_once_ms = 2000
goes_on_ms = 20000

[zh]
title   = "失败调用仍被计费"
because = "共有 {calls} 次调用在产生计费 token 后失败。其中最贵的一次以 {status}[?（{error_type}）?]结束，已计费 {tokens} 个 token。"
fix     = "放宽 {project} 中会掐断正在生成的回答的超时，及时中断已无人读取的流式输出，只重试可能成功的请求。"
*/
WITH failed AS (
    SELECT
        call_id,
        cost,
        status,
        coalesce(error_type, finish_reason, cast(http_status AS VARCHAR), '-') AS error_type,
        coalesce(input_tokens, 0) + coalesce(output_tokens, 0) AS tokens,
        status = 'cancelled' OR coalesce(http_status = 499, FALSE) AS is_given_up,
        coalesce(regexp_matches(lower(error_type), 'time-?_?out'), FALSE) AS is_timed_out,
        regexp_matches(lower(coalesce(operation, '')), 'realtime|audio|speech|voice')
        OR coalesce(output_audio_tokens, 0) > 0 AS is_sound,
        coalesce(project, concat('/', api_key)) AS payer,
        user_id,
        task,
        session_id,
        prompt_hash,
        message_count,
        coalesce(stream, TRUE) AS is_watched,
        epoch_ms(started_at) AS start_ms,
        latency_ms
    FROM calls
    WHERE
        status IN ('error', 'cancelled')
        AND cost > 0
        AND coalesce(input_tokens, 0) + coalesce(output_tokens, 0) > 0
        AND coalesce(gateway_cache_hit, FALSE) = FALSE
        AND (
            output_tokens > 0
            OR (
                (
                    status = 'cancelled'
                    OR http_status IN (400, 408, 424, 499, 504)
                    OR regexp_matches(lower(coalesce(error_type, '')), 'time-?_?out|content_filter')
                )
                AND coalesce(usage_quality, 'reported') <> 'derived'
            )
        )
),

-- What was sent within the time of each other lies in one stretch or in neighbours: a prompt or a session that goes on
-- all day is compared with its neighbours alone.
steps AS (
    SELECT -1 AS step
    UNION ALL
    SELECT 0 AS step
    UNION ALL
    SELECT 1 AS step
),

lost AS (
    SELECT
        f.call_id,
        f.payer,
        f.prompt_hash,
        f.start_ms,
        f.latency_ms,
        f.start_ms + coalesce(f.latency_ms, $hedge_ms) AS latest_ms,
        floor(f.start_ms / $hedge_ms) + n.step AS stretch
    FROM failed AS f
    CROSS JOIN steps AS n
    WHERE f.is_given_up AND NOT f.is_timed_out AND f.prompt_hash IS NOT NULL
),

won AS (
    SELECT
        coalesce(project, concat('/', api_key)) AS payer,
        prompt_hash,
        epoch_ms(started_at) AS start_ms,
        latency_ms,
        first_token_ms,
        epoch_ms(started_at) + coalesce(latency_ms, $hedge_ms) AS latest_ms
    FROM calls
    WHERE
        prompt_hash IN (SELECT prompt_hash FROM lost)
        AND status IN ('ok', 'truncated')
        AND coalesce(gateway_cache_hit, FALSE) = FALSE
),

hedged AS (
    SELECT DISTINCT l.call_id
    FROM lost AS l
    INNER JOIN won AS w ON l.prompt_hash = w.prompt_hash AND l.stretch = floor(w.start_ms / $hedge_ms)
    WHERE
        l.payer IS NOT DISTINCT FROM w.payer
        AND w.start_ms < l.latest_ms
        AND l.start_ms < w.latest_ms
        AND (
            abs(w.start_ms - l.start_ms) <= $at_once_ms
            OR abs(w.start_ms + w.latency_ms - l.start_ms - l.latency_ms) <= $at_once_ms
            OR abs(w.start_ms + w.first_token_ms - l.start_ms - l.latency_ms) <= $at_once_ms
        )
),

broken_off AS (
    SELECT
        f.call_id,
        f.payer,
        f.user_id,
        f.task,
        f.session_id,
        f.prompt_hash,
        f.message_count,
        f.start_ms + coalesce(f.latency_ms, 0) AS end_ms,
        floor((f.start_ms + coalesce(f.latency_ms, 0)) / $goes_on_ms) + n.step AS stretch
    FROM failed AS f
    CROSS JOIN steps AS n
    WHERE f.is_given_up AND NOT f.is_timed_out AND f.is_watched AND f.session_id IS NOT NULL
),

turns AS (
    SELECT
        coalesce(project, concat('/', api_key)) AS payer,
        user_id,
        task,
        session_id,
        prompt_hash,
        message_count,
        epoch_ms(started_at) AS start_ms
    FROM calls
    WHERE session_id IN (SELECT session_id FROM broken_off)
),

gone_on AS (
    SELECT DISTINCT b.call_id
    FROM broken_off AS b
    INNER JOIN turns AS t ON b.session_id = t.session_id AND b.stretch = floor(t.start_ms / $goes_on_ms)
    WHERE
        b.payer IS NOT DISTINCT FROM t.payer
        AND b.user_id IS NOT DISTINCT FROM t.user_id
        AND b.task IS NOT DISTINCT FROM t.task
        AND coalesce(t.prompt_hash <> b.prompt_hash, t.message_count > b.message_count, FALSE)
        AND NOT coalesce(t.message_count < b.message_count, FALSE)
        AND t.start_ms - b.end_ms BETWEEN 0 AND $goes_on_ms
)

SELECT
    f.call_id,
    f.cost AS saving,
    f.status,
    f.error_type,
    f.tokens
FROM failed AS f
LEFT JOIN hedged AS h ON f.call_id = h.call_id
LEFT JOIN gone_on AS g ON f.call_id = g.call_id
WHERE h.call_id IS NULL AND g.call_id IS NULL AND NOT (f.is_given_up AND f.is_sound AND NOT f.is_timed_out)
