/*
title   = "Over the red line"
grade   = "alert"
because = "{project} is charged {spent_cost} against a line of {line_cost}: {line_share} of the {revenue_cost} it is expected to earn. It is {amount} over."
fix     = "Stop what is proven waste today, then caches, batch and smaller models, until {project} is under its line."
note    = "At exactly the line it holds; above, it is breached. A project without expected revenue cannot be judged; one that is expected to earn nothing is over with its first cent."

[zh]
title   = "突破红线"
because = "{project} 应承担 {spent_cost}，红线为 {line_cost}（预期收入 {revenue_cost} 的 {line_share}），超出 {amount}。"
fix     = "先停掉已证实的浪费，再用缓存、批处理和更小的模型，直到 {project} 回到红线以内。"
*/
SELECT
    project,
    project AS subject,
    cost - (expected_revenue * line_share) AS amount,
    cost AS spent_cost,
    expected_revenue * line_share AS line_cost,
    expected_revenue AS revenue_cost,
    CASE WHEN expected_revenue > 0 THEN cost / expected_revenue END AS cost_share,
    line_share
FROM projects
WHERE cost > expected_revenue * line_share
