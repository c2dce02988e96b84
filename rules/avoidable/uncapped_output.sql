/*
title   = "No cap on the length of answers"
grade   = "alert"
because = "{subject}: {uncapped_calls:call|calls} without an output cap. The middle answer has {usual_tokens} tokens, one in a hundred {long_tokens} or more; what lay beyond {suggested_tokens} cost {amount}."
fix     = "Set max_output_tokens of {subject} in {project} to about {suggested_tokens}, after looking at ten of the longest answers; log how often it cuts one off."
precedence = 10
note    = """
Without a cap a model that repeats itself writes until its own limit, and every token of it is billed. A log that states no
cap anywhere cannot say that there was none: only sources that state it for some calls are judged, and Anthropic takes no
request without one. The tail is long when one answer in a hundred is many times the middle one. The amount is what the
answers cost beyond the length that 95 in a hundred stay below; it is no saving, since some of them were needed.

min_calls: 200, so that one in a hundred is two. uncapped_share: 0.9 of the lane. times_usual: 8, and least_tokens: 2000,
beyond what answers of one kind differ by. min_stated: 20 calls of the source with a cap."""

[params]
min_calls      = 200
uncapped_share = 0.9
times_usual    = 8
least_tokens   = 2000
min_stated     = 20

[zh]
title   = "输出长度没有上限"
because = "{subject}：{uncapped_calls} 次调用未设输出上限。回答长度的中位数为 {usual_tokens} 个 token，每一百次就有一次达到或超过 {long_tokens} 个；超出 {suggested_tokens} 个的部分花费 {amount}。"
fix     = "先看十条最长的回答，再将 {project} 中 {subject} 的 max_output_tokens 设为约 {suggested_tokens}，并记录被截断的次数。"
*/
WITH stating AS (
    SELECT source
    FROM calls
    GROUP BY source
    HAVING count(max_output_tokens) >= $min_stated
),

lanes AS (
    SELECT
        c.project,
        coalesce(c.task, c.model) AS subject
    FROM calls AS c
    INNER JOIN stating AS s ON c.source = s.source
    WHERE
        c.status = 'ok'
        AND c.output_tokens > 0
        AND coalesce(c.provider, '') <> 'anthropic'
        AND coalesce(c.gateway_cache_hit, FALSE) = FALSE
    GROUP BY c.project, coalesce(c.task, c.model)
    HAVING
        count(*) - count(c.max_output_tokens) >= $min_calls
        AND count(*) - count(c.max_output_tokens) >= count(*) * $uncapped_share
        AND count(CASE WHEN c.output_tokens >= $least_tokens THEN 1 END) * 100 >= count(*)
),

uncapped AS (
    SELECT
        c.project,
        l.subject,
        c.output_tokens,
        c.output_price
    FROM calls AS c
    INNER JOIN stating AS s ON c.source = s.source
    INNER JOIN lanes AS l ON c.project IS NOT DISTINCT FROM l.project AND coalesce(c.task, c.model) = l.subject
    WHERE
        c.max_output_tokens IS NULL
        AND c.status = 'ok'
        AND c.output_tokens > 0
        AND coalesce(c.provider, '') <> 'anthropic'
        AND coalesce(c.gateway_cache_hit, FALSE) = FALSE
),

tails AS (
    SELECT
        project,
        subject,
        count(*) AS uncapped_calls,
        quantile_disc(output_tokens, 0.5) AS usual_tokens,
        quantile_disc(output_tokens, 0.95) AS suggested_tokens,
        quantile_disc(output_tokens, 0.99) AS long_tokens
    FROM uncapped
    GROUP BY project, subject
)

SELECT
    t.project,
    t.subject,
    sum(greatest(u.output_tokens - t.suggested_tokens, 0) * coalesce(u.output_price, 0)) AS amount,
    t.uncapped_calls,
    t.usual_tokens,
    t.suggested_tokens,
    t.long_tokens
FROM tails AS t
INNER JOIN uncapped AS u ON t.project IS NOT DISTINCT FROM u.project AND t.subject = u.subject
WHERE t.long_tokens >= t.usual_tokens * $times_usual AND t.long_tokens >= $least_tokens
GROUP BY t.project, t.subject, t.uncapped_calls, t.usual_tokens, t.suggested_tokens, t.long_tokens
