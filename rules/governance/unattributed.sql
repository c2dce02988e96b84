/*
title   = "Calls nobody owns"
grade   = "alert"
because = "{unowned_calls:call carries|calls carry} no project and cost {amount}[?; the costliest of their keys is {api_key}?]."
fix     = "Start with the costliest key: find who uses it and give it a project, in the gateway or under [[projects]] in the settings; then refuse keys without one."

[zh]
title   = "无人认领的调用"
because = "{unowned_calls} 次调用没有归属项目，共花费 {amount}[?；其中花费最多的密钥是 {api_key}?]。"
fix     = "先从花费最多的密钥查起：找到使用者，在网关或设置的 [[projects]] 中为其指定项目；之后拒绝没有归属的密钥。"
*/
WITH unowned AS (
    SELECT
        api_key,
        count(*) AS calls_of_key,
        sum(coalesce(cost, 0)) AS cost_of_key
    FROM calls
    WHERE project IS NULL
    GROUP BY api_key
),

ranked AS (
    SELECT
        api_key,
        sum(calls_of_key) OVER () AS unowned_calls,
        sum(cost_of_key) OVER () AS amount,
        row_number() OVER (ORDER BY cost_of_key DESC, calls_of_key DESC, api_key ASC) AS place
    FROM unowned
)

SELECT
    NULL AS project,
    'unattributed' AS subject,
    amount,
    unowned_calls,
    coalesce(api_key, '-') AS api_key
FROM ranked
WHERE place = 1
