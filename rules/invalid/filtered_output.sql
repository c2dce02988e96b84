/*
title   = "Paid answers that a filter stopped"
grade   = "proven"
because = "{calls:answer was|answers were} stopped by a filter or refused, and billed. The costliest ended with {finish_reason} after {output_tokens} tokens of output; {input_tokens} of input were billed with them."
fix     = "See which of {project}'s tasks and users meet the filter, check such input before it is sent (a small moderation model costs next to nothing), and take what trips the filter out of the prompt."
precedence = 35
needs = ["status"]
note    = """
Stopped by the provider's content filter, or refused by the model, and billed. The whole cost counts: what came before
the stop is withdrawn or breaks off, and where some of it was of use a log does not tell. A request that the filter
turned away unread costs nothing and is not counted; neither are answers that were cut off by their cap, and the
verdicts of moderation models, whose work is to say no. A refusal that the model wrote as an ordinary answer is an
ordinary answer. A guardrail that "intervened" may have masked a name and delivered the rest, or withheld all of it, and
the reason reads the same: where there was output, nobody can tell, and it is left alone. Left alone too is work that
looks for what a filter stops: by the name of its task, environment or tag red-teaming, moderation or an evaluation, to
which a refusal is a result.

filter_names: the field's words for such work, whole words only; "safety" alone is any plant's."""

[params]
filter_names = "(^|[^a-z])(red[-_ ]?team(s|ing|ers?)?|jail[-_ ]?break(s|ing)?|adversarial|moderat(e|ion|or)|content[-_ ]?review|safety[-_ ]?(evals?|evaluations?|tests?|checks?|bench(marks?)?)|evals?|bench(mark(s|ing)?)?)([^a-z]|$)|红队|越狱|安全评测|安全测试|内容审核|文本审核|违规检测"

[zh]
title   = "被过滤器拦下却已计费的回答"
because = "共有 {calls} 个回答被过滤器拦下或被模型拒绝，仍被计费。其中最贵的一次：输出 {output_tokens} 个 token 后以 {finish_reason} 结束，连同 {input_tokens} 个输入 token 一并计费。"
fix     = "查清 {project} 的哪些任务、哪些用户触发了过滤，发送前先做内容审核（小型审核模型几乎不花钱），并去掉提示词中触发过滤的内容。"
*/
SELECT
    call_id,
    cost AS saving,
    coalesce(finish_reason, error_type, 'content_filter') AS finish_reason,
    coalesce(input_tokens, 0) AS input_tokens,
    coalesce(output_tokens, 0) AS output_tokens
FROM calls
WHERE
    status = 'filtered'
    AND coalesce(operation, 'chat') <> 'moderation'
    AND coalesce(gateway_cache_hit, FALSE) = FALSE
    AND cost > 0
    AND NOT (
        regexp_matches(lower(coalesce(finish_reason, '')), 'guardrail.?interven') AND coalesce(output_tokens, 1) > 0
    )
    AND NOT regexp_matches(lower(concat_ws(' ', task, environment, array_to_string(tags, ' '))), $filter_names)
