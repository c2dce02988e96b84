/*
title   = "Warm prompt heads paid in full"
grade   = "avoidable"
because = "The costliest: a head of {prefix_tokens} tokens, sent {gap_ms} after the last time, was billed in full by {model}."
fix     = "Mark the system prompt and tools of {project} as cacheable and keep them byte for byte the same."
precedence = 10
look_back_days = 1
needs = ["prefix_hash", "cache_read_tokens", "prefix_tokens", "latency_ms", "input_tokens", "status"]
note    = """
A head counts as warm when the same project and model had been answered with it within the cache's lifetime. Each warm
stretch must first write the cache: that surcharge is taken off the first saving. Automatic caches are the
provider's to fill and are left out unless include_automatic is set."""

[params]
include_automatic = false

[zh]
title   = "热前缀未走缓存，全价付费"
because = "其中最贵的一次：一段 {prefix_tokens} token 的前缀在 {gap_ms}后再次发送，{model} 仍按全价计费。"
fix     = "将 {project} 的系统提示词和工具定义标记为可缓存，并保持逐字节不变。"
*/
WITH repeated AS (
    SELECT prefix_hash
    FROM calls
    WHERE prefix_hash IS NOT NULL
    GROUP BY prefix_hash
    HAVING count(*) > 1
),

heads AS (
    SELECT
        c.call_id,
        c.project,
        c.model,
        c.prefix_hash,
        least(c.prefix_tokens, c.input_tokens) AS prefix_tokens,
        c.cost,
        c.input_price,
        c.cache_read_price,
        c.cache_write_price,
        c.cache_lifetime_ms,
        coalesce(c.cache_read_tokens, 0) + coalesce(c.cache_write_tokens, 0) AS cached_tokens,
        epoch_ms(c.started_at) AS start_ms,
        epoch_ms(c.started_at) + c.latency_ms AS end_ms
    FROM calls AS c
    INNER JOIN repeated AS r ON c.prefix_hash = r.prefix_hash
    WHERE
        c.status IN ('ok', 'truncated')
        AND c.input_tokens > 0
        AND c.prefix_tokens >= c.cache_min_tokens
        AND (c.cache_kind = 'explicit' OR $include_automatic)
        AND c.cache_read_price < c.input_price
        AND coalesce(c.gateway_cache_hit, FALSE) = FALSE
),

-- Each call is two events, its start and its end; an end counts before a start at one instant.
events AS (
    SELECT
        call_id,
        project,
        model,
        prefix_hash,
        start_ms AS at_ms,
        1 AS is_start,
        NULL AS answered_ms
    FROM heads
    UNION ALL
    SELECT
        call_id,
        project,
        model,
        prefix_hash,
        greatest(end_ms, start_ms + 1) AS at_ms,
        0 AS is_start,
        start_ms AS answered_ms
    FROM heads
    WHERE end_ms IS NOT NULL
),

last_answered AS (
    SELECT
        call_id,
        is_start,
        max(answered_ms) OVER (
            PARTITION BY project, model, prefix_hash
            ORDER BY at_ms, is_start, call_id
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS previous_start_ms
    FROM events
),

warmth AS (
    SELECT
        h.*,
        a.previous_start_ms,
        coalesce((h.start_ms - a.previous_start_ms) <= h.cache_lifetime_ms, FALSE) AS is_warm
    FROM heads AS h
    INNER JOIN last_answered AS a ON h.call_id = a.call_id
    WHERE a.is_start = 1
),

-- The first warm call of a stretch stands for the write that its cold predecessor would have had to pay.
stretches AS (
    SELECT
        warmth.*,
        coalesce(lag(is_warm) OVER same_head, FALSE) AS was_warm,
        lag(cached_tokens) OVER same_head AS previous_cached_tokens
    FROM warmth
    WINDOW same_head AS (PARTITION BY project, model, prefix_hash ORDER BY start_ms, call_id)
),

savings AS (
    SELECT
        call_id,
        cost,
        model,
        prefix_tokens,
        start_ms - previous_start_ms AS gap_ms,
        prefix_tokens * (input_price - cache_read_price)
        - CASE
            WHEN was_warm OR previous_cached_tokens > 0 THEN 0
            ELSE prefix_tokens * greatest(cache_write_price - input_price, 0)
        END AS saving
    FROM stretches
    WHERE is_warm AND cached_tokens = 0
)

SELECT
    call_id,
    least(saving, cost) AS saving,
    model,
    prefix_tokens,
    gap_ms
FROM savings
WHERE saving > 0 AND cost > 0
