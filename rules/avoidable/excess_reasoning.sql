/*
title   = "Long reasoning for short answers"
grade   = "hypothesis"
because = "{subject}: on {model} the middle call of {lane_calls} reasons for {usual_reasoning} tokens to answer with {usual_answer}. The saving is {saved_share} of the reasoning, where it is at least {least_times} times the answer."
fix     = "Set the reasoning effort of {subject} one step lower, or give it a budget of {budget_tokens} tokens, for fifty calls of {project}; keep it if a person finds the answers as good."
precedence = 20
needs = ["task", "reasoning_tokens", "output_tokens"]
note    = """
A lane is a project's task on one model. Its middle call must reason for many times what it answers, and the answer must be
short. A hard question can have a short answer, so this is a guess that a person tests; only calls that themselves
reason that much are counted, at the price of output.

min_calls: 200, enough to be worth a trial. max_answer_tokens: 200, a paragraph. min_reasoning_tokens: 500, below which
there is little to save. times_answer: 5. cut_share: 0.5, since a step of effort or a budget commonly halves it; what
the lane needs, the trial shows."""

[params]
min_calls            = 200
max_answer_tokens    = 200
min_reasoning_tokens = 500
times_answer         = 5
cut_share            = 0.5

[zh]
title   = "回答很短，推理过长"
because = "{subject}：{model} 上 {lane_calls} 次调用的中位数是推理 {usual_reasoning} 个 token，只回答 {usual_answer} 个。对推理达到回答 {least_times} 倍及以上的调用，按节省 {saved_share} 的推理估算。"
fix     = "在 {project} 的五十次调用中，将 {subject} 的推理强度下调一档，或设 {budget_tokens} token 的推理预算；人工确认回答质量不变后再推广。"
*/
-- Counting is cheaper than sorting, and keeps no call: in these lanes the middle call reasons much and answers little.
WITH dwarfed AS (
    SELECT
        project,
        task,
        model,
        count(*) AS lane_calls
    FROM calls
    WHERE
        status = 'ok'
        AND task IS NOT NULL
        AND output_tokens > 0
        AND reasoning_tokens <= output_tokens
        AND cost > 0
        AND output_price > 0
        AND coalesce(gateway_cache_hit, FALSE) = FALSE
    GROUP BY project, task, model
    HAVING
        count(*) >= $min_calls
        AND count(CASE WHEN output_tokens - reasoning_tokens <= $max_answer_tokens THEN 1 END) * 2 >= count(*)
        AND count(CASE WHEN reasoning_tokens >= $min_reasoning_tokens THEN 1 END) * 2 >= count(*)
        AND count(
            CASE WHEN reasoning_tokens >= (output_tokens - reasoning_tokens) * $times_answer THEN 1 END
        ) * 2 >= count(*)
),

usable AS (
    SELECT
        c.call_id,
        c.project,
        c.task,
        c.model,
        c.cost,
        c.reasoning_tokens,
        c.output_tokens - c.reasoning_tokens AS answer_tokens,
        c.output_price,
        d.lane_calls
    FROM calls AS c
    INNER JOIN dwarfed AS d
        ON c.project IS NOT DISTINCT FROM d.project AND c.task = d.task AND c.model = d.model
    WHERE
        c.status = 'ok'
        AND c.task IS NOT NULL
        AND c.output_tokens > 0
        AND c.reasoning_tokens <= c.output_tokens
        AND c.cost > 0
        AND c.output_price > 0
        AND coalesce(c.gateway_cache_hit, FALSE) = FALSE
),

lanes AS (
    SELECT
        project,
        task,
        model,
        quantile_disc(reasoning_tokens, 0.5) AS usual_reasoning,
        quantile_disc(answer_tokens, 0.5) AS usual_answer
    FROM usable
    GROUP BY project, task, model
)

SELECT
    u.call_id,
    least(u.cost, cast(floor(u.reasoning_tokens * $cut_share) AS BIGINT) * u.output_price) AS saving,
    u.task AS subject,
    u.model,
    u.lane_calls,
    l.usual_reasoning,
    l.usual_answer,
    $times_answer AS least_times,
    $cut_share AS saved_share,
    l.usual_reasoning - cast(floor(l.usual_reasoning * $cut_share) AS BIGINT) AS budget_tokens
FROM usable AS u
INNER JOIN lanes AS l
    ON u.project IS NOT DISTINCT FROM l.project AND u.task = l.task AND u.model = l.model
WHERE
    u.answer_tokens <= $max_answer_tokens
    AND u.reasoning_tokens >= $min_reasoning_tokens
    AND u.reasoning_tokens >= u.answer_tokens * $times_answer
