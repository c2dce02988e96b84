/*
title   = "Over the red line"
grade   = "alert"
because = "{project} spent {cost_share} of its expected revenue; its line is {line_share}."
fix     = "Stop what is proven waste today, then caches, batch and smaller models, until {project} is under its line."
note    = "At exactly the line it holds; above, it is breached. A project without expected revenue cannot be judged."

[zh]
title   = "突破红线"
because = "{project} 的算力支出占预期收入的 {cost_share}，红线为 {line_share}。"
fix     = "先停掉已证实的浪费，再用缓存、批处理和更小的模型，直到 {project} 回到红线以内。"
*/
SELECT
    project,
    project AS subject,
    cost - (expected_revenue * line_share) AS amount,
    CASE WHEN expected_revenue > 0 THEN cost / expected_revenue END AS cost_share,
    line_share
FROM projects
WHERE cost > expected_revenue * line_share
