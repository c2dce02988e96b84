/*
title   = "Spend far above the usual"
grade   = "alert"
because = "{spender} spent {spent_cost} in {days:day|days} from {first_day} on, where {usual_cost} is usual: {times} times as much.[? Key {carrier_key} carried {carried_share} of what is above it.?][? Model {carrier_model} carried {carried_share} of what is above it.?][? Task {carrier_task} carried {carried_share} of what is above it.?]"
fix     = "Ask {spender} what ran from {first_day} on[? with key {carrier_key}?][? on model {carrier_model}?][? for task {carrier_task}?]; if nobody planned it, stop it and give it a daily budget in the gateway."
history_days = 42
note    = """
A day is compared with the same weekday of the twelve weeks before (a day off with days off and with its own weekday,
the higher counts), at the project's level of the last weeks, so that growth is no spike, and with the last three of that
weekday, the higher again. What it lies above that by is held against the project's own spread (1.4826 times the median
deviation): spread_times as much on one day or two_days_times on two days in a row; a quiet project reaches that about
once in ten years (make bench-statistics). The floors keep small sums out: min_times the usual, which nobody asks about
below; min_amount in the report's currency; min_calls, for a few dear calls are no trend; min_day_part of an average
day. A peak that stood at the same place of one of the two months before (its day, its day from the end, its working day)
is a schedule. A project that spends on odd days only is compared with its costliest. Six weeks of history are needed. Days in
a row are one finding, and so are projects whose excess one key, model or task carries: min_carried_share of each."""

[params]
spread_times      = 3.5
two_days_times    = 2.5
min_times         = 1.3
min_amount        = 10
min_calls         = 20
min_day_part      = 0.25
min_carried_share = 0.6

[zh]
title   = "支出远高于平时"
because = "{spender} 自 {first_day}起的 {days} 天内支出 {spent_cost}，平时约为 {usual_cost}，是平时的 {times} 倍[?；超出部分的 {carried_share} 来自密钥 {carrier_key}?][?；超出部分的 {carried_share} 来自模型 {carrier_model}?][?；超出部分的 {carried_share} 来自任务 {carrier_task}?]。"
fix     = "向 {spender} 核实自 {first_day}起[?用密钥 {carrier_key} ?][?在模型 {carrier_model} 上?][?为任务 {carrier_task} ?]运行了什么；若非计划内，请立即停掉，并在网关上设置每日预算。"
*/
WITH spent AS (
    SELECT
        project,
        day,
        sum(calls) AS calls,
        -- Where most calls have no price, what the day cost is not known.
        CASE
            WHEN coalesce(sum(calls) FILTER (WHERE cost IS NULL), 0) * 2 <= sum(calls)
                THEN cast(coalesce(sum(cost), 0) AS DOUBLE)
        END AS cost
    FROM daily_spend
    GROUP BY project, day
),

began AS (
    SELECT
        project,
        min(day) AS first_day
    FROM spent
    GROUP BY project
),

logged_days AS (
    SELECT day
    FROM daily_spend
    GROUP BY day
),

-- A workday without any call of anybody is a hole in the logs. Kinds are weekdays; 7 is any other day off.
calendar AS (
    SELECT
        d.day,
        d.weekday,
        d.workday,
        d.current,
        CASE WHEN d.workday THEN least(d.weekday, 5) WHEN d.weekday >= 6 THEN d.weekday ELSE 7 END AS kind
    FROM days AS d
    LEFT JOIN logged_days AS l ON d.day = l.day
    WHERE d.logged AND (l.day IS NOT NULL OR NOT d.workday)
),

each_day AS (
    SELECT
        b.project,
        c.day,
        c.weekday,
        c.kind,
        c.workday,
        c.current,
        coalesce(s.calls, 0) AS calls,
        CASE WHEN s.day IS NULL THEN 0 ELSE s.cost END AS cost
    FROM began AS b
    INNER JOIN calendar AS c ON b.first_day <= c.day
    LEFT JOIN spent AS s ON b.project IS NOT DISTINCT FROM s.project AND c.day = s.day
),

-- A holiday, and a Saturday that is worked on, also meet their own weekday.
compared AS (
    SELECT
        project,
        day,
        kind,
        cost,
        cost AS cost_of_kind
    FROM each_day
    UNION ALL
    SELECT
        project,
        day,
        weekday AS kind,
        cost,
        NULL AS cost_of_kind
    FROM each_day
    WHERE weekday <> kind
),

of_weekday AS (
    SELECT
        project,
        day,
        CASE WHEN count(cost_of_kind) OVER before >= 4 THEN median(cost_of_kind) OVER before END AS base,
        median(cost_of_kind) OVER just_before AS newest
    FROM compared
    WINDOW
        before AS (PARTITION BY project, kind ORDER BY day ROWS BETWEEN 12 PRECEDING AND 1 PRECEDING),
        just_before AS (PARTITION BY project, kind ORDER BY day ROWS BETWEEN 3 PRECEDING AND 1 PRECEDING)
),

based AS (
    SELECT
        project,
        day,
        max(base) AS base,
        max(newest) AS newest
    FROM of_weekday
    GROUP BY project, day
),

around AS (
    SELECT
        e.project,
        e.day,
        e.workday,
        e.current,
        e.calls,
        e.cost,
        e.weekday = e.kind AS ordinary,
        b.base,
        coalesce(b.newest, 0) AS newest,
        avg(e.cost) OVER before AS average,
        median(e.cost) OVER before AS middle,
        quantile_disc(e.cost, 0.96) OVER before AS high,
        max(e.cost) OVER before AS highest
    FROM each_day AS e
    INNER JOIN based AS b ON e.project IS NOT DISTINCT FROM b.project AND e.day = b.day
    WINDOW before AS (PARTITION BY e.project ORDER BY e.day ROWS BETWEEN 84 PRECEDING AND 1 PRECEDING)
),

-- How far the last weeks lie above the weekdays' history: the higher of two weeks and six, for a slack week is no level.
leveled AS (
    SELECT
        project,
        day,
        workday,
        current,
        calls,
        cost,
        average,
        newest,
        CASE WHEN high > 4 * middle THEN greatest(base, highest) ELSE base END AS base,
        CASE
            WHEN high > 4 * middle THEN 1
            ELSE coalesce(median(CASE WHEN ordinary AND base > 0 THEN cost / base END) OVER two_weeks, 1)
        END AS lately,
        CASE
            WHEN high > 4 * middle THEN 1
            ELSE coalesce(median(CASE WHEN ordinary AND base > 0 THEN cost / base END) OVER six_weeks, 1)
        END AS longer
    FROM around
    WINDOW
        two_weeks AS (PARTITION BY project ORDER BY day ROWS BETWEEN 14 PRECEDING AND 1 PRECEDING),
        six_weeks AS (PARTITION BY project ORDER BY day ROWS BETWEEN 42 PRECEDING AND 1 PRECEDING)
),

-- The last three of the weekday hold it up: a level that fell is seen by them before the twelve weeks forget the old one.
expected AS (
    SELECT
        project,
        day,
        workday,
        current,
        calls,
        cost,
        average,
        greatest(base * greatest(lately, longer), newest) AS usual,
        greatest(base * lately, newest) AS usual_lately
    FROM leveled
    WHERE base IS NOT NULL
),

-- A tenth of an average day on both sides: on days on which next to nothing is usual, a little more is no multiple.
apart AS (
    SELECT
        project,
        day,
        workday,
        current,
        calls,
        cost,
        average,
        usual,
        CASE WHEN average > 0 THEN ln((cost + (average * 0.1)) / (usual + (average * 0.1))) END AS above,
        -- By the two weeks alone: what ended a month ago is no spread of the days since.
        CASE WHEN average > 0 THEN ln((cost + (average * 0.1)) / (usual_lately + (average * 0.1))) END AS above_lately
    FROM expected
),

spread AS (
    SELECT
        project,
        day,
        workday,
        current,
        calls,
        cost,
        average,
        usual,
        above,
        CASE
            WHEN count(above_lately) OVER before >= 8
                THEN greatest(1.4826 * median(abs(above_lately)) OVER before, 0.05)
        END AS usual_spread
    FROM apart
    WINDOW before AS (PARTITION BY project, workday ORDER BY day ROWS BETWEEN 60 PRECEDING AND 1 PRECEDING)
),

placed AS (
    SELECT
        project,
        day,
        current,
        calls,
        cost,
        usual,
        average,
        above,
        above / usual_spread AS spreads,
        lag(above / usual_spread) OVER in_order AS spreads_before,
        lead(above / usual_spread) OVER in_order AS spreads_after,
        (extract('year' FROM day) * 12) + extract('month' FROM day) AS month_number,
        extract('day' FROM day) AS from_start,
        date_diff('day', day, last_day(day)) AS from_end,
        CASE
            WHEN workday
                THEN count(*) FILTER (WHERE workday) OVER (
                    PARTITION BY project, extract('year' FROM day), extract('month' FROM day) ORDER BY day
                )
        END AS working_day
    FROM spread
    WINDOW in_order AS (PARTITION BY project ORDER BY day)
),

candidates AS (
    SELECT
        project,
        day,
        calls,
        cost,
        usual,
        above,
        month_number,
        from_start,
        from_end,
        working_day
    FROM placed
    WHERE
        current
        AND (
            spreads >= $spread_times
            OR (spreads >= $two_days_times AND (spreads_before >= $two_days_times OR spreads_after >= $two_days_times))
        )
        AND cost >= usual * $min_times
        AND cost - usual >= average * $min_day_part
),

earlier_peaks AS (
    SELECT
        c.project,
        c.day,
        p.month_number
    FROM candidates AS c
    INNER JOIN placed AS p
        ON
            c.project IS NOT DISTINCT FROM p.project
            AND p.month_number BETWEEN c.month_number - 2 AND c.month_number - 1
            AND p.above >= 0.5 * c.above
    GROUP BY c.project, c.day, p.month_number
    HAVING
        count(*) <= 3
        AND bool_or(
            abs(p.from_start - c.from_start) <= 1
            OR abs(p.from_end - c.from_end) <= 1
            OR coalesce(p.working_day = c.working_day, FALSE)
        )
),

raised AS (
    SELECT
        c.project,
        c.day,
        c.calls,
        c.cost,
        c.usual,
        -- A weekend between two days does not part them.
        coalesce(
            date_diff('day', lag(c.day) OVER (PARTITION BY c.project ORDER BY c.day), c.day) > 3, FALSE
        ) AS is_apart
    FROM candidates AS c
    ANTI JOIN earlier_peaks AS e ON c.project IS NOT DISTINCT FROM e.project AND c.day = e.day
),

numbered AS (
    SELECT
        project,
        day,
        calls,
        cost,
        usual,
        count(*) FILTER (WHERE is_apart) OVER (PARTITION BY project ORDER BY day) AS episode
    FROM raised
),

episodes AS (
    SELECT
        project,
        episode,
        min(day) AS first_day,
        max(day) AS last_day,
        count(*) AS days,
        sum(calls) AS calls,
        sum(cost) AS cost,
        sum(usual) AS usual
    FROM numbered
    GROUP BY project, episode
),

-- What each key, model and task spent on those days, and its part of the four weeks before.
parts AS (
    SELECT
        project,
        day,
        'key' AS kind,
        api_key AS name,
        cost
    FROM daily_spend
    UNION ALL
    SELECT
        project,
        day,
        'model' AS kind,
        model AS name,
        cost
    FROM daily_spend
    UNION ALL
    SELECT
        project,
        day,
        'task' AS kind,
        task AS name,
        cost
    FROM daily_spend
),

part_costs AS (
    SELECT
        e.project,
        e.episode,
        p.kind,
        p.name,
        any_value(e.usual) AS usual,
        any_value(e.cost - e.usual) AS excess,
        coalesce(sum(p.cost) FILTER (WHERE n.day IS NOT NULL), 0) AS cost_now,
        coalesce(sum(p.cost) FILTER (WHERE p.day < e.first_day), 0) AS cost_before
    FROM episodes AS e
    INNER JOIN parts AS p
        ON
            e.project IS NOT DISTINCT FROM p.project
            AND p.day BETWEEN e.first_day - 28 AND e.last_day
    LEFT JOIN numbered AS n
        ON e.project IS NOT DISTINCT FROM n.project AND e.episode = n.episode AND p.day = n.day
    GROUP BY e.project, e.episode, p.kind, p.name
),

shares AS (
    SELECT
        project,
        episode,
        kind,
        name,
        usual,
        excess,
        cost_now,
        coalesce(
            cost_before / nullif(sum(cost_before) OVER (PARTITION BY project, episode, kind), 0), 0
        ) AS share_before
    FROM part_costs
),

carriers AS (
    SELECT
        project,
        episode,
        kind,
        name,
        share_before,
        greatest(least((cost_now - (share_before * usual)) / excess, 1), 0) AS carried_share
    FROM shares
    WHERE name IS NOT NULL
),

-- Of those that carry enough, the one that carries more than its usual part; a project's only model says little.
ranked AS (
    SELECT
        project,
        episode,
        kind AS carrier_kind,
        name AS carrier,
        carried_share,
        row_number() OVER (
            PARTITION BY project, episode
            ORDER BY
                carried_share >= $min_carried_share DESC,
                round(carried_share - share_before, 4) DESC,
                kind ASC,
                name ASC
        ) AS place
    FROM carriers
),

explained AS (
    SELECT
        e.project,
        e.first_day,
        e.last_day,
        e.days,
        e.calls,
        e.cost,
        e.usual,
        c.carrier_kind,
        c.carrier,
        c.carried_share,
        CASE
            WHEN c.carried_share >= $min_carried_share THEN concat_ws(' ', c.carrier_kind, c.carrier)
            ELSE concat(e.project, '/', e.episode)
        END AS cause
    FROM episodes AS e
    LEFT JOIN ranked AS c ON e.project IS NOT DISTINCT FROM c.project AND e.episode = c.episode AND c.place = 1
),

chained AS (
    SELECT
        project,
        first_day,
        last_day,
        days,
        calls,
        cost,
        usual,
        carrier_kind,
        carrier,
        carried_share,
        cause,
        coalesce(
            date_diff(
                'day',
                max(last_day) OVER (
                    PARTITION BY cause ORDER BY first_day, project ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                ),
                first_day
            ) > 3,
            FALSE
        ) AS is_apart
    FROM explained
),

linked AS (
    SELECT
        project,
        first_day,
        last_day,
        days,
        calls,
        cost,
        usual,
        carrier_kind,
        carrier,
        carried_share,
        cause,
        count(*) FILTER (WHERE is_apart) OVER (PARTITION BY cause ORDER BY first_day, project) AS link
    FROM chained
),

told AS (
    SELECT
        min(first_day) AS first_day,
        max(last_day) AS last_day,
        max(days) AS days,
        sum(calls) AS spike_calls,
        sum(cost) AS spent_cost,
        sum(usual) AS usual_cost,
        any_value(carrier_kind) AS carrier_kind,
        any_value(carrier) AS carrier,
        sum(carried_share * (cost - usual)) / sum(cost - usual) AS carried_share,
        count(DISTINCT coalesce(project, '')) AS projects,
        max(project) AS last_project,
        list(DISTINCT coalesce(project, '-') ORDER BY coalesce(project, '-')) AS spenders
    FROM linked
    GROUP BY cause, link
)

SELECT
    CASE WHEN projects = 1 THEN last_project END AS project,
    concat_ws(' ', cast(first_day AS VARCHAR), carrier_kind, carrier) AS subject,
    cast(round(spent_cost - usual_cost, 4) AS DECIMAL(38, 9)) AS amount,
    array_to_string(spenders[:3], ', ') || CASE WHEN projects > 3 THEN ' …' ELSE '' END AS spender,
    projects,
    first_day,
    last_day,
    days,
    spike_calls,
    round(spent_cost, 4) AS spent_cost,
    round(usual_cost, 4) AS usual_cost,
    round(spent_cost / greatest(usual_cost, spent_cost / 100), 1) AS times,
    CASE WHEN carrier_kind = 'key' THEN carrier END AS carrier_key,
    CASE WHEN carrier_kind = 'model' THEN carrier END AS carrier_model,
    CASE WHEN carrier_kind = 'task' THEN carrier END AS carrier_task,
    round(carried_share, 4) AS carried_share
FROM told
WHERE spent_cost - usual_cost >= $min_amount AND spike_calls >= $min_calls
