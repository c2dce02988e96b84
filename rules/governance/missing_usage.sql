/*
title   = "Calls that state no usage"
grade   = "alert"
because = "{subject} states no usage for {unstated_calls:call|calls}, {unstated_share} of what it logged ({streamed_calls} of them streamed): what they cost is in no figure here."
fix     = "Have {subject} log usage: for streams ask for it with the request (stream_options.include_usage) or let the gateway count; until then the month's spend is stated too low."
note    = """
Calls that were answered and have no cost because input or output tokens are missing. Failed, cancelled and cached calls
are left out, since they may well have cost nothing; so are calls whose cost the source states itself. A model
without a price is unpriced's matter."""

[zh]
title   = "未记录用量的调用"
because = "{subject} 有 {unstated_calls} 次调用未记录用量，占其日志的 {unstated_share}（其中流式 {streamed_calls} 次），成本未计入本报告。"
fix     = "请让 {subject} 记录用量：流式请求加上 stream_options.include_usage，或由网关统计；在此之前，本月支出统计偏低。"
*/
WITH judged AS (
    SELECT
        source,
        count(*) AS calls,
        count(*) FILTER (
            WHERE
            cost IS NULL
            AND (
                (input_tokens IS NULL AND output_tokens IS NULL)
                OR (input_price IS NOT NULL AND (input_tokens IS NULL OR output_tokens IS NULL))
            )
        ) AS unstated,
        count(*) FILTER (
            WHERE
            stream AND cost IS NULL
            AND (
                (input_tokens IS NULL AND output_tokens IS NULL)
                OR (input_price IS NOT NULL AND (input_tokens IS NULL OR output_tokens IS NULL))
            )
        ) AS streamed
    FROM calls
    WHERE
        coalesce(status, 'unknown') NOT IN ('error', 'cancelled')
        AND coalesce(gateway_cache_hit, FALSE) = FALSE
        AND unit IS NULL
    GROUP BY source
)

SELECT
    NULL AS project,
    source AS subject,
    cast(NULL AS DECIMAL(18, 9)) AS amount,
    unstated AS unstated_calls,
    streamed AS streamed_calls,
    round(unstated / calls, 4) AS unstated_share
FROM judged
WHERE unstated > 0
