/*
title   = "Answers with nothing in them"
grade   = "proven"
because = "In the costliest, {model} was paid for {input_tokens} input tokens and gave back none."
fix     = "Find the prompt that makes {project} get empty answers; check stop sequences and response parsing."
precedence = 30
needs = ["output_tokens", "status"]

[zh]
title   = "空回答"
because = "其中最贵的一次：{model} 读入 {input_tokens} 个 token 并计费，却没有任何输出。"
fix     = "找出 {project} 中导致空回答的提示词，检查停止序列与响应解析。"
*/
SELECT
    call_id,
    cost AS saving,
    model,
    input_tokens
FROM calls
WHERE
    status = 'ok'
    AND output_tokens = 0
    AND coalesce(operation, 'chat') NOT IN ('embeddings', 'rerank', 'moderation')
    AND coalesce(gateway_cache_hit, FALSE) = FALSE
    AND cost > 0
