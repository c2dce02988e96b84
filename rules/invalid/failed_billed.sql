/*
title   = "Failed calls that were billed"
grade   = "proven"
because = "{calls:call|calls} failed after tokens had been billed. The costliest ended as {status}[? ({error_type})?] with {tokens} tokens billed."
fix     = "Lengthen time-outs of {project} that end answers under way, cut off streams that nobody reads any more at once, and retry only what can succeed."
precedence = 20
needs = ["status", "input_tokens | output_tokens"]
note    = """
An error or a cancelled call whose usage the log states. A failure that states no usage cost nothing. Without any
output only what a provider works on is counted: what was cancelled or timed out, and what its content filter refused. A
request turned away (401, 429, 503 and their like), a failure that does not say how, and a count that the gateway made
itself (usage_quality derived) are left alone: nothing shows that they were billed. What a reader had seen of
a cancelled answer is counted, because it was never finished."""

[zh]
title   = "失败调用仍被计费"
because = "共有 {calls} 次调用在产生计费 token 后失败。其中最贵的一次以 {status}[?（{error_type}）?]结束，已计费 {tokens} 个 token。"
fix     = "放宽 {project} 中会掐断正在生成的回答的超时，及时中断已无人读取的流式输出，只重试可能成功的请求。"
*/
SELECT
    call_id,
    cost AS saving,
    status,
    coalesce(error_type, finish_reason, cast(http_status AS VARCHAR), '-') AS error_type,
    coalesce(input_tokens, 0) + coalesce(output_tokens, 0) AS tokens
FROM calls
WHERE
    status IN ('error', 'cancelled')
    AND cost > 0
    AND coalesce(input_tokens, 0) + coalesce(output_tokens, 0) > 0
    AND coalesce(gateway_cache_hit, FALSE) = FALSE
    AND (
        output_tokens > 0
        OR (
            (
                status = 'cancelled'
                OR http_status IN (400, 408, 424, 499, 504)
                OR regexp_matches(lower(coalesce(error_type, '')), 'time-?_?out|content_filter')
            )
            AND coalesce(usage_quality, 'reported') <> 'derived'
        )
    )
