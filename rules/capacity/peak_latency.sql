/*
title   = "Slow or failed at peak hours"
grade   = "alert"
because = "At the peak of a workday ({peak_from} o'clock among its busiest hours) {slow_share} of the calls of {project} to {model} were slow or failed, in other hours {other_share}: {slow_calls:call|calls} more than load alone explains."
fix     = "Move what can wait ({project}'s batch and night work) out of the peak, ask the provider for more throughput or a second region, and set a timeout with one fallback for {model}."
note    = """
Peak hours are a project's peak_hours busiest hours of workdays; every other hour is what they are compared with, so that a
model that is always slow is not told here. A call is slow beyond slow_ms plus ms_per_output_token for each token it wrote
(twenty tokens a second): long answers are not slow ones. Failed are errors that more capacity mends: 429, 5xx, timeouts
and errors without a status. Batch, flex and cached calls are left out. Told from min_slow_calls more than the other hours'
share brings, at twice that share and min_more_share above it, and worse on more than half of the workdays: one outage is
no peak. slow_ms: 15 seconds, after which people ask again; peak_hours: 3, a morning's rush; min_calls: 200 in both parts of the
day, so that a share is one. What a slow call loses only the company knows: with loss_per_slow_call the finding has an amount."""

[params]
slow_ms             = 15000
ms_per_output_token = 50
peak_hours          = 3
min_calls           = 200
min_slow_calls      = 20
min_more_share      = 0.02
loss_per_slow_call  = 0.0

[zh]
title   = "高峰时段响应慢或失败"
because = "在工作日高峰（最忙的时段包括 {peak_from} 点），{project} 对 {model} 的调用有 {slow_share} 响应慢或失败，其他时段为 {other_share}；多出 {slow_calls} 次。"
fix     = "把可以延后的工作（{project} 的批处理和夜间任务）移出高峰，向供应商申请更高吞吐或第二个区域，并为 {model} 设置超时和一次备用调用。"
*/
WITH counted AS (
    SELECT
        project,
        model,
        day,
        hour,
        count(*) AS calls,
        count(*) FILTER (
            WHERE
            status = 'error'
            OR latency_ms > $slow_ms + ($ms_per_output_token * coalesce(output_tokens, 0))
        ) AS slow
    FROM calls
    WHERE
        coalesce(service_tier, 'standard') NOT IN ('batch', 'flex')
        AND coalesce(gateway_cache_hit, FALSE) = FALSE
        AND (
            (status = 'error' AND (http_status IS NULL OR http_status IN (408, 429) OR http_status >= 500))
            OR (status <> 'error' AND latency_ms IS NOT NULL)
        )
    GROUP BY project, model, day, hour
),

hours AS (
    SELECT
        c.project,
        c.model,
        c.day,
        d.workday,
        c.hour,
        c.calls,
        c.slow
    FROM counted AS c
    INNER JOIN days AS d ON c.day = d.day
),

of_day_hours AS (
    SELECT
        project,
        hour,
        row_number() OVER (PARTITION BY project ORDER BY sum(calls) DESC, hour ASC) AS place
    FROM hours
    WHERE workday
    GROUP BY project, hour
),

parted AS (
    SELECT
        h.project,
        h.model,
        h.day,
        h.calls,
        h.slow,
        h.workday AND p.hour IS NOT NULL AS is_peak
    FROM hours AS h
    LEFT JOIN of_day_hours AS p
        ON h.project IS NOT DISTINCT FROM p.project AND h.hour = p.hour AND p.place <= $peak_hours
),

others AS (
    SELECT
        project,
        model,
        sum(calls) AS calls,
        sum(slow) / sum(calls) AS slow_share
    FROM parted
    WHERE NOT is_peak
    GROUP BY project, model
),

peaks AS (
    SELECT
        project,
        model,
        day,
        sum(calls) AS calls,
        sum(slow) AS slow
    FROM parted
    WHERE is_peak
    GROUP BY project, model, day
),

met AS (
    SELECT
        p.project,
        p.model,
        sum(p.calls) AS calls,
        sum(p.slow) AS slow,
        sum(p.slow) / sum(p.calls) AS slow_share,
        any_value(o.slow_share) AS other_share,
        any_value(o.calls) AS other_calls,
        count(*) AS peak_days,
        count(*) FILTER (WHERE p.slow / p.calls > o.slow_share) AS worse_days
    FROM peaks AS p
    INNER JOIN others AS o
        ON p.project IS NOT DISTINCT FROM o.project AND p.model IS NOT DISTINCT FROM o.model
    GROUP BY p.project, p.model
),

first_peak AS (
    SELECT
        project,
        hour
    FROM of_day_hours
    WHERE place = 1
)

SELECT
    m.project,
    coalesce(m.model, '-') AS subject,
    CASE
        WHEN $loss_per_slow_call > 0
            THEN cast(
                round((m.slow - (m.calls * m.other_share)) * $loss_per_slow_call, 4) AS DECIMAL(38, 9)
            )
    END AS amount,
    coalesce(m.model, '-') AS model,
    f.hour AS peak_from,
    m.calls AS peak_calls,
    cast(round(m.slow - (m.calls * m.other_share)) AS BIGINT) AS slow_calls,
    round(m.slow_share, 4) AS slow_share,
    round(m.other_share, 4) AS other_share
FROM met AS m
INNER JOIN first_peak AS f ON m.project IS NOT DISTINCT FROM f.project
WHERE
    m.calls >= $min_calls
    AND m.other_calls >= $min_calls
    AND m.slow - (m.calls * m.other_share) >= $min_slow_calls
    AND m.slow_share >= 2 * m.other_share
    AND m.slow_share - m.other_share >= $min_more_share
    AND m.worse_days * 2 > m.peak_days
