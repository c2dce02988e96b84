/*
title   = "Calls without a known price"
grade   = "alert"
because = "No price is known for {model} of {provider}: {unpriced_calls:call|calls} with {unpriced_tokens:token|tokens} are in no cost of this report."
fix     = "See how the name is read (audit prices explain) and add its price (audit prices add); until then the month's spend is stated too low."

[zh]
title   = "没有已知价格的调用"
because = "{provider} 的 {model} 没有已知价格：{unpriced_calls} 次调用、{unpriced_tokens} 个 token 未计入成本。"
fix     = "用 audit prices explain 查看名称如何识别，用 audit prices add 补录价格；在此之前，本月支出统计偏低。"
*/
SELECT
    NULL AS project,
    concat_ws('/', provider, coalesce(model, '-')) AS subject,
    cast(NULL AS DECIMAL(18, 9)) AS amount,
    coalesce(provider, '-') AS provider,
    coalesce(model, '-') AS model,
    count(*) AS unpriced_calls,
    sum(coalesce(input_tokens, 0) + coalesce(output_tokens, 0)) AS unpriced_tokens
FROM calls
WHERE
    cost IS NULL AND (input_tokens IS NOT NULL OR output_tokens IS NOT NULL)
    -- With a price, what lacks is the other half of the usage.
    AND (input_price IS NULL OR (input_tokens IS NOT NULL AND output_tokens IS NOT NULL))
GROUP BY provider, model
