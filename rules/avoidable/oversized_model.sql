/*
title   = "Small work on a large model"
grade   = "hypothesis"
because = "{subject}: {lane_calls:call|calls} on {model}, nine in ten with at most {p90_input_tokens} tokens in and {p90_output_tokens} out. At the same lengths {smaller_model} asks {price_share} of the price for input."
fix     = "Let {smaller_model} answer fifty of these calls of {project} again and a person compare them blind with what {model} said; move {subject} if they hold up, and leave it if they do not."
precedence = 10
needs = ["task", "input_tokens", "output_tokens"]
note    = """
A lane is a project's task on one model. It counts as small and uniform when nine calls in ten stay below both caps;
reasoning is output. The smaller model is the next of the provider's family at half the price or less. The saving is the
price gap at the same token counts, the smaller model's input taken as not cached; whether its answers are good enough,
only a person can judge.

min_calls: 200, enough to be worth a trial. max_input_tokens: 2000, max_output_tokens: 300: a page in, a paragraph out.
max_price_part: 0.5: for less than half a change is seldom worth the risk."""

[params]
min_calls         = 200
max_input_tokens  = 2000
max_output_tokens = 300
max_price_part    = 0.5

[zh]
title   = "简单任务用了大模型"
because = "{subject}：{model} 上共 {lane_calls} 次调用，其中九成输入不超过 {p90_input_tokens} token、输出不超过 {p90_output_tokens} token。同样长度下，{smaller_model} 的输入单价只有它的 {price_share}。"
fix     = "用 {smaller_model} 重新回答 {project} 的五十次此类调用，请人盲评并与 {model} 的回答对比；效果相当就切换 {subject}，否则维持现状。"
*/
-- Counting is cheaper than sorting, and keeps no call: lengths are sorted below, for the lanes that are small.
WITH small AS (
    SELECT
        project,
        task,
        model,
        count(*) AS lane_calls
    FROM calls
    WHERE
        status = 'ok'
        AND task IS NOT NULL
        AND cost > 0
        AND input_tokens > 0
        AND output_tokens > 0
        AND smaller_input_price <= input_price * $max_price_part
        AND smaller_output_price <= output_price * $max_price_part
        AND coalesce(operation, 'chat') = 'chat'
        AND coalesce(gateway_cache_hit, FALSE) = FALSE
    GROUP BY project, task, model
    HAVING
        count(*) >= $min_calls
        AND count(CASE WHEN input_tokens <= $max_input_tokens THEN 1 END) >= count(*) * 0.9
        AND count(CASE WHEN output_tokens <= $max_output_tokens THEN 1 END) >= count(*) * 0.9
),

usable AS (
    SELECT
        c.call_id,
        c.project,
        c.task,
        c.model,
        c.cost,
        c.input_tokens,
        c.output_tokens,
        c.smaller_model,
        (c.smaller_input_price * c.input_tokens) + (c.smaller_output_price * c.output_tokens) AS smaller_cost,
        (c.smaller_input_price * 1.0) / c.input_price AS price_share,
        s.lane_calls
    FROM calls AS c
    INNER JOIN small AS s
        ON c.project IS NOT DISTINCT FROM s.project AND c.task = s.task AND c.model = s.model
    WHERE
        c.status = 'ok'
        AND c.task IS NOT NULL
        AND c.cost > 0
        AND c.input_tokens > 0
        AND c.output_tokens > 0
        AND c.smaller_input_price <= c.input_price * $max_price_part
        AND c.smaller_output_price <= c.output_price * $max_price_part
        AND coalesce(c.operation, 'chat') = 'chat'
        AND coalesce(c.gateway_cache_hit, FALSE) = FALSE
),

lanes AS (
    SELECT
        project,
        task,
        model,
        quantile_disc(input_tokens, 0.9) AS p90_input_tokens,
        quantile_disc(output_tokens, 0.9) AS p90_output_tokens
    FROM usable
    GROUP BY project, task, model
)

SELECT
    u.call_id,
    u.cost - u.smaller_cost AS saving,
    l.task AS subject,
    u.lane_calls,
    l.p90_input_tokens,
    l.p90_output_tokens,
    u.model,
    u.smaller_model,
    u.price_share
FROM usable AS u
INNER JOIN lanes AS l
    ON u.project IS NOT DISTINCT FROM l.project AND u.task = l.task AND u.model = l.model
WHERE u.cost > u.smaller_cost
