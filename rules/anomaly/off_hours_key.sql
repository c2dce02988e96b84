/*
title   = "A key that woke out of hours"
grade   = "alert"
because = "Key {api_key} of {project} had kept to working hours; from {first_day} on it made {off_calls:call|calls} out of them ({night_calls} at night, {day_off_calls} by day on days off) for {off_cost}, on {off_days:day|days}."
fix     = "Ask {project} whether key {api_key} has a new job that runs then. If nobody knows of one, take the key out of use today, and let each job have a key of its own."
look_back_days = 28
history_days = 14
note    = """
Night is from night_from to night_until o'clock, a day off a weekend or a holiday, both by the company's clock and calendar;
a Saturday that is worked on is a working day. The key must have been in use for two weeks, on min_history_days of the 28
days before it woke, with at most quiet_share of its calls in that part of the week: one colleague's late evening is no
job, and a key that always ran at night is left alone. It woke on the first day with min_day_calls then, more than a
person sends by hand. min_history_days is half of the working days; quiet_share lets one late evening pass. The floors are for
the month, min_amount in the report's currency."""

[params]
night_from       = 23
night_until      = 6
min_history_days = 10
quiet_share      = 0.01
min_day_calls    = 10
min_calls        = 50
min_amount       = 10

[zh]
title   = "密钥开始在非工作时间活动"
because = "{project} 的密钥 {api_key} 此前只在工作时间使用；自 {first_day}起，它在 {off_days} 天的非工作时间调用 {off_calls} 次（夜间 {night_calls} 次，休息日白天 {day_off_calls} 次），花费 {off_cost}。"
fix     = "向 {project} 核实密钥 {api_key} 是否新增了在该时段运行的任务。若无人知晓，请当天停用该密钥，并让每个任务使用各自的密钥。"
*/
WITH hourly AS (
    SELECT
        project,
        api_key,
        day,
        hour,
        count(*) AS calls,
        sum(coalesce(cost, 0)) AS cost
    FROM calls
    WHERE api_key IS NOT NULL AND coalesce(gateway_cache_hit, FALSE) = FALSE
    GROUP BY project, api_key, day, hour
),

daily AS (
    SELECT
        h.project,
        h.api_key,
        h.day,
        CASE
            WHEN
                (h.hour >= $night_from AND (h.hour < $night_until OR $night_from > $night_until))
                OR (h.hour < $night_until AND $night_from > $night_until)
                THEN 'night'
            WHEN d.workday THEN 'work'
            ELSE 'day off'
        END AS part,
        sum(h.calls) AS calls,
        sum(h.cost) AS cost
    FROM hourly AS h
    INNER JOIN days AS d ON h.day = d.day
    GROUP BY ALL
),

woken AS (
    SELECT
        d.project,
        d.api_key,
        d.part,
        min(d.day) AS woke_day
    FROM daily AS d
    INNER JOIN days AS c ON d.day = c.day
    WHERE c.current AND d.part <> 'work' AND d.calls >= $min_day_calls
    GROUP BY d.project, d.api_key, d.part
),

former AS (
    SELECT
        w.project,
        w.api_key,
        w.part,
        w.woke_day,
        min(d.day) AS first_day,
        count(DISTINCT d.day) AS active_days,
        sum(d.calls) AS calls,
        coalesce(sum(d.calls) FILTER (WHERE d.part = w.part), 0) AS calls_then
    FROM woken AS w
    INNER JOIN daily AS d
        ON
            w.project IS NOT DISTINCT FROM d.project
            AND w.api_key = d.api_key
            AND d.day BETWEEN w.woke_day - 28 AND w.woke_day - 1
    GROUP BY w.project, w.api_key, w.part, w.woke_day
),

unheard_of AS (
    SELECT
        project,
        api_key,
        part,
        woke_day
    FROM former
    WHERE
        active_days >= $min_history_days
        AND date_diff('day', first_day, woke_day) >= 14
        AND calls_then <= calls * $quiet_share
),

since AS (
    SELECT
        u.project,
        u.api_key,
        min(u.woke_day) AS first_day,
        count(DISTINCT d.day) AS off_days,
        sum(d.calls) AS off_calls,
        coalesce(sum(d.calls) FILTER (WHERE d.part = 'night'), 0) AS night_calls,
        coalesce(sum(d.calls) FILTER (WHERE d.part = 'day off'), 0) AS day_off_calls,
        sum(d.cost) AS cost
    FROM unheard_of AS u
    INNER JOIN daily AS d
        ON
            u.project IS NOT DISTINCT FROM d.project
            AND u.api_key = d.api_key
            AND u.part = d.part
            AND u.woke_day <= d.day
    GROUP BY u.project, u.api_key
)

SELECT
    project,
    api_key AS subject,
    cost AS amount,
    api_key,
    first_day,
    off_days,
    off_calls,
    night_calls,
    day_off_calls,
    cost AS off_cost
FROM since
WHERE off_calls >= $min_calls AND cost >= $min_amount
