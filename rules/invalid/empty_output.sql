/*
title   = "Answers with nothing in them"
grade   = "proven"
because = "{calls:call|calls} gave back nothing. In the costliest, {model} was paid for {input_tokens} input tokens[? and {thought_tokens} of reasoning?] and wrote none."
fix     = "Find the prompts that make {project} get empty answers; look at stop sequences that match at once, at caps that the reasoning uses up, and at turns that end with the assistant's own words."
precedence = 30
needs = ["output_tokens", "status"]
note    = """
Ok, billed, and not one token of output, where words were asked for; or cut off by the cap while all it had written was
reasoning, so that no answer had begun. An answer that ended by itself with nothing but reasoning is not judged: some
logs count the answer's tokens there. Left alone: embeddings, reranks and moderations; images,
sound and pages, which are billed by the piece; answers that call tools, which some gateways do not count; a cap of
zero, which warms a prompt cache on purpose; reasoning under a cap of a few tokens, which is meant; stop sequences,
which may match at once by design; and usage that is partial or the gateway's own count, whose output is not known.

least_tokens: 16, the smallest cap that some providers take; what is cut off below it was to be cut off."""

[params]
least_tokens = 16

[zh]
title   = "空回答"
because = "共有 {calls} 次调用没有任何输出。其中最贵的一次：{model} 读入 {input_tokens} 个 token[?、推理 {thought_tokens} 个 token?]并计费，却没有写出任何内容。"
fix     = "找出 {project} 中导致空回答的提示词，检查一开头就命中的停止序列、被推理耗尽的输出上限，以及以 assistant 消息结尾的对话。"
*/
SELECT
    call_id,
    cost AS saving,
    model,
    input_tokens,
    CASE WHEN output_tokens > 0 THEN reasoning_tokens END AS thought_tokens
FROM calls
WHERE
    (
        (status = 'ok' AND output_tokens = 0)
        OR (status = 'truncated' AND output_tokens = reasoning_tokens AND output_tokens > $least_tokens)
    )
    AND cost > 0
    AND coalesce(operation, 'chat') IN ('chat', 'text_completion', 'generate_content', 'completion', 'responses')
    AND coalesce(gateway_cache_hit, FALSE) = FALSE
    AND coalesce(tool_calls, 0) = 0
    -- What warms a cache has bought the cache: it writes nearly all it reads, and asks for no answer.
    AND NOT (coalesce(cache_write_tokens >= input_tokens * 0.9, FALSE) AND coalesce(max_output_tokens, 1) <= 1)
    AND lower(coalesce(finish_reason, '')) NOT IN (
        'tool_calls', 'tool_call', 'tool_use', 'function_call', 'stop_sequence'
    )
    AND coalesce(max_output_tokens, 1) > 0
    AND coalesce(usage_quality, 'reported') NOT IN ('partial', 'derived')
    AND (coalesce(quantity, 0) = 0 OR coalesce(unit, '') = 'web_searches')
