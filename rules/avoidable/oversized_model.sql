/*
title   = "Small work on a large model"
grade   = "hypothesis"
because = "{subject}: {lane_calls} calls on {model}, nine in ten with at most {p90_input_tokens} tokens in and {p90_output_tokens} out; {smaller_model} costs a fraction."
fix     = "Let a person compare fifty answers of {smaller_model} with those of {model} on {project}; move the lane if they hold up."
precedence = 10
needs = ["task", "input_tokens", "output_tokens"]
note    = """
A lane is a project's task on one model. It counts as small and uniform when nine calls in ten stay below both caps.
The saving is the price gap at the same token counts; whether the smaller model's answers are good enough, only a
person can judge."""

[params]
min_calls         = 200
max_input_tokens  = 2000
max_output_tokens = 300
max_price_part    = 0.5

[zh]
title   = "小任务用了大模型"
because = "{subject}：{lane_calls} 次调用使用 {model}，其中九成输入不超过 {p90_input_tokens} token、输出不超过 {p90_output_tokens} token；{smaller_model} 的价格只是其一小部分。"
fix     = "请人工比对 {smaller_model} 与 {model} 在 {project} 上的五十个回答；效果相当即可切换。"
*/
WITH usable AS (
    SELECT
        call_id,
        project,
        task,
        model,
        cost,
        input_tokens,
        output_tokens,
        smaller_model,
        smaller_input_price,
        smaller_output_price
    FROM calls
    WHERE
        status = 'ok'
        AND cost > 0
        AND input_tokens > 0
        AND output_tokens > 0
        AND smaller_model IS NOT NULL
        AND smaller_input_price <= input_price * $max_price_part
        AND smaller_output_price <= output_price * $max_price_part
        AND coalesce(operation, 'chat') = 'chat'
        AND coalesce(gateway_cache_hit, FALSE) = FALSE
),

lanes AS (
    SELECT
        project,
        task,
        model,
        count(*) AS lane_calls,
        quantile_disc(input_tokens, 0.9) AS p90_input_tokens,
        quantile_disc(output_tokens, 0.9) AS p90_output_tokens
    FROM usable
    WHERE task IS NOT NULL
    GROUP BY project, task, model
    HAVING
        count(*) >= $min_calls
        AND quantile_disc(input_tokens, 0.9) <= $max_input_tokens
        AND quantile_disc(output_tokens, 0.9) <= $max_output_tokens
)

SELECT
    u.call_id,
    greatest(
        least(
            u.cost,
            u.cost - (u.smaller_input_price * u.input_tokens) - (u.smaller_output_price * u.output_tokens)
        ),
        0
    ) AS saving,
    l.task AS subject,
    l.lane_calls,
    l.p90_input_tokens,
    l.p90_output_tokens,
    u.model,
    u.smaller_model
FROM usable AS u
INNER JOIN lanes AS l
    ON u.project IS NOT DISTINCT FROM l.project AND u.task = l.task AND u.model = l.model
