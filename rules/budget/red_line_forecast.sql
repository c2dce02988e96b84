/*
title   = "On the way over the red line"
grade   = "alert"
because = "{project} has spent {so_far_cost} and is heading for {forecast_cost} by the month's end (between {low_cost} and {high_cost}); its line of {line_cost} breaks on {break_day}."
fix     = "Before {break_day}, let the owner of {project} choose: stop what is proven waste, turn on caches and batch, cap its calls, or have the revenue restated."
note    = """
Only in a month that still runs, and only for a project that is not over yet. What is left of the month is taken at the
mean of the last 28 days, workdays and days off apart; a day above three times the middle one counts as that much, so that
one spike is not carried forward. The range holds nine months in ten if the days go on to spread as they did. Growth within
the 28 days is not carried forward either. Shared costs and mark-ups are taken to grow with the project's own spend. A week
of the project's days must have passed."""

[params]
min_days = 7

[zh]
title   = "即将突破红线"
because = "{project} 已支出 {so_far_cost}，预计月底达到 {forecast_cost}（区间 {low_cost} 至 {high_cost}），将于 {break_day}突破 {line_cost} 的红线。"
fix     = "请 {project} 的负责人在 {break_day}之前做出选择：停掉已证实的浪费，启用缓存和批处理，限制调用量，或重新申报预期收入。"
*/
WITH spent AS (
    SELECT
        project,
        day,
        cast(coalesce(sum(cost), 0) AS DOUBLE) AS cost
    FROM daily_spend
    WHERE project IS NOT NULL
    GROUP BY project, day
),

began AS (
    SELECT
        project,
        min(day) AS first_day
    FROM spent
    GROUP BY project
),

left_days AS (
    SELECT
        day,
        workday
    FROM days
    WHERE current AND NOT passed
),

today AS (
    SELECT min(day) AS day
    FROM left_days
),

recent AS (
    SELECT
        b.project,
        d.workday,
        coalesce(s.cost, 0) AS cost
    FROM today AS t
    INNER JOIN days AS d ON d.day BETWEEN t.day - 28 AND t.day - 1
    INNER JOIN began AS b ON d.day >= b.first_day
    LEFT JOIN spent AS s ON b.project = s.project AND d.day = s.day
    WHERE d.logged
),

middles AS (
    SELECT
        project,
        workday,
        cost,
        median(cost) OVER (PARTITION BY project, workday) AS middle,
        quantile_disc(cost, 0.9) OVER of_project > 4 * median(cost) OVER of_project AS runs_at_odd_days,
        count(*) OVER of_project AS known_days
    FROM recent
    WINDOW of_project AS (PARTITION BY project)
),

-- Where one day in ten is many times the middle one, the project runs on odd days: then its peaks are what it spends.
rates AS (
    SELECT
        project,
        workday,
        any_value(known_days) AS known_days,
        count(*) AS known,
        avg(CASE WHEN runs_at_odd_days THEN cost ELSE least(cost, 3 * middle) END) AS rate,
        CASE WHEN any_value(runs_at_odd_days) THEN stddev_pop(cost) ELSE 1.4826 * mad(cost) END AS spread
    FROM middles
    GROUP BY project, workday
),

-- A kind of day that the project has not known yet is taken for the other kind.
ahead AS (
    SELECT
        b.project,
        l.day,
        coalesce(s.cost, 0) AS cost,
        coalesce(r.workday, o.workday) AS of_kind,
        coalesce(r.known_days, o.known_days) AS known_days,
        coalesce(r.known, o.known) AS known,
        coalesce(r.spread, o.spread) AS spread,
        greatest(coalesce(r.rate, o.rate) - coalesce(s.cost, 0), 0) AS to_come
    FROM began AS b
    CROSS JOIN left_days AS l
    LEFT JOIN rates AS r ON b.project = r.project AND l.workday = r.workday
    LEFT JOIN rates AS o ON b.project = o.project AND l.workday <> o.workday
    LEFT JOIN spent AS s ON b.project = s.project AND l.day = s.day
),

-- Each day's own spread, and that of the rate which all days of its kind share.
by_kind AS (
    SELECT
        project,
        of_kind,
        any_value(known_days) AS known_days,
        sum(to_come) AS to_come,
        (count(*) + (count(*) * count(*) / any_value(known))) * any_value(spread) * any_value(spread) AS variance
    FROM ahead
    GROUP BY project, of_kind
),

expected AS (
    SELECT
        project,
        any_value(known_days) AS known_days,
        sum(to_come) AS to_come,
        sqrt(sum(variance)) AS spread
    FROM by_kind
    GROUP BY project
),

own_cost AS (
    SELECT
        s.project,
        sum(s.cost) AS cost
    FROM spent AS s
    INNER JOIN days AS d ON s.day = d.day
    WHERE d.current
    GROUP BY s.project
),

forecasts AS (
    SELECT
        p.project,
        cast(p.cost AS DOUBLE) AS so_far,
        cast(p.expected_revenue * p.line_share AS DOUBLE) AS line,
        cast(p.expected_revenue AS DOUBLE) AS expected_revenue,
        cast(p.cost AS DOUBLE) / nullif(o.cost, 0) AS charged_for_one,
        e.to_come,
        e.spread
    FROM projects AS p
    INNER JOIN own_cost AS o ON p.project = o.project
    INNER JOIN expected AS e ON p.project = e.project
    WHERE
        p.expected_revenue > 0
        AND p.cost <= p.expected_revenue * p.line_share
        AND e.known_days >= $min_days
),

filling AS (
    SELECT
        f.project,
        f.line,
        a.day,
        f.so_far + (f.charged_for_one * sum(a.to_come) OVER (PARTITION BY f.project ORDER BY a.day)) AS cost_then
    FROM forecasts AS f
    INNER JOIN ahead AS a ON f.project = a.project
),

breaks AS (
    SELECT
        project,
        min(day) AS break_day
    FROM filling
    WHERE cost_then > line
    GROUP BY project
)

SELECT
    f.project,
    f.project AS subject,
    cast(round(f.so_far + (f.charged_for_one * f.to_come) - f.line, 4) AS DECIMAL(38, 9)) AS amount,
    round(f.so_far, 4) AS so_far_cost,
    round(f.so_far + (f.charged_for_one * f.to_come), 4) AS forecast_cost,
    round(f.so_far + (f.charged_for_one * greatest(f.to_come - (1.645 * f.spread), 0)), 4) AS low_cost,
    round(f.so_far + (f.charged_for_one * (f.to_come + (1.645 * f.spread))), 4) AS high_cost,
    round(f.line, 4) AS line_cost,
    round((f.so_far + (f.charged_for_one * f.to_come)) / f.expected_revenue, 4) AS forecast_share,
    b.break_day
FROM forecasts AS f
INNER JOIN breaks AS b ON f.project = b.project
