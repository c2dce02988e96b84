/*
title   = "Failed calls that were billed"
grade   = "proven"
because = "The costliest ended as {status} ({error_type}) with {tokens} tokens billed."
fix     = "Shorten the time-out, cut off streams nobody reads any more, and retry only what can succeed."
precedence = 20
needs = ["status", "input_tokens | output_tokens"]
note    = "A failure that states no usage cost nothing and is no waste."

[zh]
title   = "失败调用仍被计费"
because = "其中最贵的一次以 {status}（{error_type}）结束，已计费 {tokens} 个 token。"
fix     = "缩短超时时间，及时中断无人读取的流式输出，只重试可能成功的请求。"
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
    AND coalesce(input_tokens, 0) + coalesce(output_tokens, 0) > 0
    AND coalesce(gateway_cache_hit, FALSE) = FALSE
    AND cost > 0
