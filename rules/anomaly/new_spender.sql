/*
title   = "A new key, model or user that spends"
grade   = "alert"
because = "[?Key {new_key}?][?User {new_user}?][?Model {new_model}?] was never seen in {project} before {first_day} and has spent {amount} since, {spend_share} of the project's month.[? Also new that day, key {also_keys}.?][? Also new that day, user {also_users}.?][? Also new that day, model {also_models}.?][? What stopped as it began: {replaces}.?]"
fix     = "Let the owner of {project} confirm[? key {new_key}?][? user {new_user}?][? model {new_model}?] in one line; if nobody asked for it, stop it, else give it a budget and note it in the forecast."
history_days = 28
note    = """
New is what the project had not used in all the logs there are; the project itself must be min_history_days old, else
everything in it is new. A new project is told by the explanation of change, not here. What is new in a project on one day is one
finding. A key that took over from another one (that stopped within the week before or three days after, and cost between half and twice as much
a day) is a rotation, which is good practice, and is not told; a model that took over is told with the one it replaces,
since its price is another. min_amount is in the report's
currency: below it, and below min_share of the project's month, asking costs more than it could save; min_calls leaves out who
is trying something out. min_history_days: four weeks see every weekly job."""

[params]
min_history_days = 28
min_amount       = 50
min_share        = 0.05
min_calls        = 20

[zh]
title   = "新出现的密钥、模型或用户产生支出"
because = "[?密钥 {new_key}?][?用户 {new_user}?][?模型 {new_model}?] 在 {first_day}之前从未出现在 {project} 中，此后已支出 {amount}，占该项目当月支出的 {spend_share}。[?同日新增密钥 {also_keys}。?][?同日新增用户 {also_users}。?][?同日新增模型 {also_models}。?][?同期停用：{replaces}。?]"
fix     = "请 {project} 的负责人确认[?密钥 {new_key}?][?用户 {new_user}?][?模型 {new_model}?]；若无人申请，请停用，否则为其设定预算并计入预测。"
*/
WITH project_began AS (
    SELECT
        project,
        min(first_day) AS first_day
    FROM first_seen
    GROUP BY project
),

newcomers AS (
    SELECT
        CASE f.kind WHEN 'api_key' THEN 'key' WHEN 'user_id' THEN 'user' ELSE f.kind END AS kind,
        f.project,
        f.name,
        f.first_day
    FROM first_seen AS f
    INNER JOIN days AS d ON f.first_day = d.day
    INNER JOIN project_began AS b ON f.project IS NOT DISTINCT FROM b.project
    WHERE d.current AND date_diff('day', b.first_day, f.first_day) >= $min_history_days
),

named_spend AS (
    SELECT
        s.day,
        s.project,
        'key' AS kind,
        s.api_key AS name,
        s.calls,
        s.cost
    FROM daily_spend AS s
    WHERE s.api_key IS NOT NULL
    UNION ALL
    SELECT
        s.day,
        s.project,
        'model' AS kind,
        s.model AS name,
        s.calls,
        s.cost
    FROM daily_spend AS s
    WHERE s.model IS NOT NULL
),

spent AS (
    SELECT
        n.kind,
        n.project,
        n.name,
        sum(s.calls) AS calls,
        sum(s.cost) AS cost
    FROM newcomers AS n
    INNER JOIN named_spend AS s
        ON n.project IS NOT DISTINCT FROM s.project AND n.kind = s.kind AND n.name = s.name
    GROUP BY n.kind, n.project, n.name
    UNION ALL
    SELECT
        n.kind,
        n.project,
        n.name,
        count(*) AS calls,
        sum(c.cost) AS cost
    FROM newcomers AS n
    INNER JOIN calls AS c
        ON n.project IS NOT DISTINCT FROM c.project AND n.kind = 'user' AND n.name = c.user_id
    GROUP BY n.kind, n.project, n.name
),

last_logged AS (
    SELECT max(day) AS day
    FROM days
    WHERE logged
),

-- What the project used before, when it stopped, and what it cost a day in the four weeks before a newcomer.
former AS (
    SELECT
        n.kind,
        n.project,
        n.name,
        s.name AS former_name,
        any_value(n.first_day) AS first_day,
        min(s.day) AS began,
        max(s.day) AS ended,
        sum(s.cost) FILTER (WHERE s.day BETWEEN n.first_day - 28 AND n.first_day - 1) / 28 AS cost_a_day
    FROM newcomers AS n
    INNER JOIN named_spend AS s
        ON n.project IS NOT DISTINCT FROM s.project AND n.kind = s.kind AND n.name <> s.name
    GROUP BY n.kind, n.project, n.name, s.name
),

successions AS (
    SELECT
        f.kind,
        f.project,
        f.name,
        max(f.former_name) AS replaces
    FROM former AS f
    CROSS JOIN last_logged AS l
    INNER JOIN spent AS s
        ON f.project IS NOT DISTINCT FROM s.project AND f.kind = s.kind AND f.name = s.name
    WHERE
        f.ended BETWEEN f.first_day - 7 AND f.first_day + 3
        AND f.ended < l.day
        AND f.began <= f.first_day - 14
        AND s.cost / (date_diff('day', f.first_day, l.day) + 1) BETWEEN f.cost_a_day / 2 AND f.cost_a_day * 2
    GROUP BY f.kind, f.project, f.name
),

project_month AS (
    SELECT
        s.project,
        sum(s.cost) AS cost
    FROM daily_spend AS s
    INNER JOIN days AS d ON s.day = d.day
    WHERE d.current
    GROUP BY s.project
),

notable AS (
    SELECT
        n.project,
        n.first_day,
        n.kind,
        n.name,
        s.calls,
        s.cost,
        s.cost / p.cost AS spend_share,
        o.replaces,
        row_number() OVER (
            PARTITION BY n.project, n.first_day ORDER BY n.kind = 'model' ASC, s.cost DESC, n.kind ASC, n.name ASC
        ) AS place
    FROM newcomers AS n
    INNER JOIN spent AS s
        ON n.project IS NOT DISTINCT FROM s.project AND n.kind = s.kind AND n.name = s.name
    INNER JOIN project_month AS p ON n.project IS NOT DISTINCT FROM p.project
    LEFT JOIN successions AS o
        ON n.project IS NOT DISTINCT FROM o.project AND n.kind = o.kind AND n.name = o.name
    WHERE
        s.cost >= $min_amount
        AND s.cost >= p.cost * $min_share
        AND s.calls >= $min_calls
        AND (n.kind = 'model' OR o.replaces IS NULL)
)

SELECT
    project,
    concat_ws(' ', max(kind) FILTER (WHERE place = 1), max(name) FILTER (WHERE place = 1)) AS subject,
    max(cost) FILTER (WHERE place = 1) AS amount,
    max(name) FILTER (WHERE place = 1 AND kind = 'key') AS new_key,
    max(name) FILTER (WHERE place = 1 AND kind = 'user') AS new_user,
    max(name) FILTER (WHERE place = 1 AND kind = 'model') AS new_model,
    first_day,
    max(calls) FILTER (WHERE place = 1) AS new_calls,
    round(cast(max(spend_share) FILTER (WHERE place = 1) AS DOUBLE), 4) AS spend_share,
    string_agg(name, ', ' ORDER BY place) FILTER (WHERE place > 1 AND kind = 'key') AS also_keys,
    string_agg(name, ', ' ORDER BY place) FILTER (WHERE place > 1 AND kind = 'user') AS also_users,
    string_agg(name, ', ' ORDER BY place) FILTER (WHERE place > 1 AND kind = 'model') AS also_models,
    string_agg(replaces, ', ' ORDER BY place) AS replaces
FROM notable
GROUP BY project, first_day
