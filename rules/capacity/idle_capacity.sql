/*
title   = "Paid GPUs that stood idle"
grade   = "avoidable"
because = "The pool {pool} was paid for {paid_hours} hours and stood below {useful_load_share} of its busy load in {idle_hours} of them, up to {longest_hours} hours on end; that is {idle_share} of what it cost."
fix     = "Switch {pool} off, or scale it down, in the stretches it stands idle, and hand the few calls of those hours to another pool or an API; or give it night work, as batch jobs and embeddings."
precedence = 50
note    = """
An hour is idle when the tokens it served lie below useful_load of the pool's busy hours (the 95th percentile of the hours
that served any). Only stretches of min_stretch_hours count, since what must be loaded again within the hour is not switched
off. Every call of the pool bears the same part of its cost: the idle hours' part of the paid ones. Where fewer hours are
paid than have passed, nobody knows which, and idle hours count only beyond the unpaid ones. Hours with calls that
state no tokens are taken for busy, unless the calls were refused. Of a month that still runs, only days that have passed are looked at. Below min_paid_hours,
three days, a pool is being tried out; below min_idle_part of the paid hours no schedule is worth writing."""

[params]
useful_load       = 0.1
min_stretch_hours = 4
min_paid_hours    = 72
min_idle_part     = 0.1

[zh]
title   = "已付费的 GPU 闲置"
because = "算力池 {pool} 付费 {paid_hours} 小时，其中 {idle_hours} 小时的负载低于繁忙时段的 {useful_load_share}，最长连续 {longest_hours} 小时；相当于其成本的 {idle_share}。"
fix     = "在闲置时段关停或缩容 {pool}，把其间的少量调用转给其他算力池或 API；或安排夜间任务，例如批处理和向量化。"
*/
WITH served AS (
    SELECT
        p.pool,
        c.day,
        c.hour,
        sum(coalesce(c.input_tokens, 0) + coalesce(c.output_tokens, 0)) AS tokens,
        -- What was refused kept nothing busy.
        coalesce(
            bool_or(
                c.input_tokens IS NULL AND c.output_tokens IS NULL
                AND coalesce(c.http_status, 0) NOT IN (400, 401, 403, 404, 422, 429, 503)
            ),
            FALSE
        ) AS is_unstated
    FROM calls AS c
    INNER JOIN pools AS p ON c.price_source = p.price_source
    WHERE coalesce(c.gateway_cache_hit, FALSE) = FALSE
    GROUP BY p.pool, c.day, c.hour
),

busy AS (
    SELECT
        pool,
        quantile_disc(tokens, 0.95) AS busy_tokens
    FROM served
    WHERE tokens > 0
    GROUP BY pool
),

each_hour AS (
    SELECT
        b.pool,
        (date_diff('day', DATE '2000-01-01', d.day) * 24) + h.hour AS hour_number,
        NOT coalesce(s.is_unstated, FALSE) AND coalesce(s.tokens, 0) < b.busy_tokens * $useful_load AS is_idle
    FROM busy AS b
    INNER JOIN days AS d ON d.current AND d.passed
    CROSS JOIN generate_series(0, 23) AS h (hour)
    LEFT JOIN served AS s ON b.pool = s.pool AND d.day = s.day AND h.hour = s.hour
),

idle AS (
    SELECT
        pool,
        hour_number - row_number() OVER (PARTITION BY pool ORDER BY hour_number) AS stretch
    FROM each_hour
    WHERE is_idle
),

stretches AS (
    SELECT
        pool,
        count(*) AS hours
    FROM idle
    GROUP BY pool, stretch
    HAVING count(*) >= $min_stretch_hours
),

idle_hours AS (
    SELECT
        pool,
        sum(hours) AS hours,
        max(hours) AS longest
    FROM stretches
    GROUP BY pool
),

passed_hours AS (
    SELECT count(*) * 24 AS hours
    FROM days
    WHERE current AND passed
),

counted AS (
    SELECT
        p.pool,
        p.price_source,
        p.paid_hours,
        i.longest,
        greatest(i.hours - greatest(h.hours - p.paid_hours, 0), 0) AS idle_hours
    FROM pools AS p
    INNER JOIN idle_hours AS i ON p.pool = i.pool
    CROSS JOIN passed_hours AS h
    WHERE p.paid_hours >= $min_paid_hours
)

SELECT
    c.call_id,
    c.cost * cast(least(k.idle_hours / k.paid_hours, 1) AS DECIMAL(9, 6)) AS saving,
    k.pool AS subject,
    k.pool,
    round(k.paid_hours, 1) AS paid_hours,
    round(k.idle_hours, 1) AS idle_hours,
    k.longest AS longest_hours,
    round(least(k.idle_hours / k.paid_hours, 1), 4) AS idle_share,
    $useful_load AS useful_load_share
FROM calls AS c
INNER JOIN counted AS k ON c.price_source = k.price_source
WHERE c.cost > 0 AND k.idle_hours >= k.paid_hours * $min_idle_part
