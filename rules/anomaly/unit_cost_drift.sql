/*
title   = "Each success costs more than it did"
grade   = "alert"
because = "A successful call of {project}[? for {task}?] costs {rise_share} more than over the {former_weeks} weeks before (tries per success × {tries_times}, tokens per call × {tokens_times}, price per token × {price_times}); this month that is {amount}."
fix     = "Look at the factor that grew: tries mean failures and retries, tokens mean longer prompts or answers (compare the template with last month's), price per token means less read from the cache, a dearer model or tier, or an exchange rate. Bring that one back to where it was."
history_days = 42
note    = """
The middle of the month's weeks is held against the middle of the thirteen weeks before; weeks are counted from the
month's first day. It must lie spread_times the former weeks' own spread (1.4826 times the median deviation) above it, and at
least min_rise. Six former weeks and two of the month are needed, each with min_week_calls successful calls. Only a
rise is told. min_rise: a fifth, which a mix of questions makes by itself no longer; min_amount is in the report's currency. Without a task logged, the project's calls are one task. What the month's new level is becomes the usual within two
months."""

[params]
spread_times   = 3.5
min_rise       = 0.2
min_week_calls = 50
min_amount     = 20

[zh]
title   = "每次成功调用的成本上升"
because = "{project}[? 在 {task} 上?]每次成功调用的成本比此前 {former_weeks} 周高 {rise_share}（每次成功的尝试次数 ×{tries_times}，每次调用的 token ×{tokens_times}，每 token 单价 ×{price_times}）；本月因此多支出 {amount}。"
fix     = "查看上升的那一项：尝试次数上升说明失败和重试增多；token 上升说明提示词或回答变长，请与上月模板对比；每 token 单价上升说明缓存命中减少、换用了更贵的模型或档位，或汇率变动。请让该项回到原来的水平。"
*/
WITH month AS (
    SELECT min(day) AS first_day
    FROM days
    WHERE current
),

weekly AS (
    SELECT
        s.project,
        s.task,
        cast(floor(date_diff('day', m.first_day, s.day) / 7) AS BIGINT) AS week,
        sum(s.calls) AS calls,
        sum(s.ok_calls) AS ok_calls,
        sum(coalesce(s.input_tokens, 0) + coalesce(s.output_tokens, 0)) AS tokens,
        cast(sum(s.cost) AS DOUBLE) AS cost
    FROM daily_spend AS s
    CROSS JOIN month AS m
    WHERE s.day >= m.first_day - 91
    GROUP BY s.project, s.task, week
    HAVING
        sum(s.ok_calls) >= $min_week_calls
        AND sum(s.cost) > 0
        -- A week whose calls lack prices looks cheap.
        AND coalesce(sum(s.calls) FILTER (WHERE s.cost IS NULL), 0) * 20 <= sum(s.calls)
),

units AS (
    SELECT
        project,
        task,
        week,
        ok_calls,
        ln(cost / ok_calls) AS unit_cost,
        ln(calls / ok_calls) AS tries,
        CASE WHEN tokens > 0 THEN ln(tokens / calls) END AS length
    FROM weekly
),

compared AS (
    SELECT
        project,
        task,
        count(*) FILTER (WHERE week < 0) AS former_weeks,
        count(*) FILTER (WHERE week >= 0) AS weeks,
        sum(ok_calls) FILTER (WHERE week >= 0) AS ok_calls,
        median(unit_cost) FILTER (WHERE week < 0) AS former_cost,
        median(unit_cost) FILTER (WHERE week >= 0) AS new_cost,
        mad(unit_cost) FILTER (WHERE week < 0) AS deviation,
        median(tries) FILTER (WHERE week >= 0) - median(tries) FILTER (WHERE week < 0) AS more_tries,
        median(length) FILTER (WHERE week >= 0) - median(length) FILTER (WHERE week < 0) AS more_tokens
    FROM units
    GROUP BY project, task
),

risen AS (
    SELECT
        project,
        task,
        former_weeks,
        ok_calls,
        more_tries,
        more_tokens,
        new_cost - former_cost AS rise,
        (exp(new_cost) - exp(former_cost)) * ok_calls AS amount,
        exp(former_cost) AS former_unit_cost,
        exp(new_cost) AS new_unit_cost
    FROM compared
    WHERE
        former_weeks >= 6
        AND weeks >= 2
        AND new_cost - former_cost >= ln(1 + $min_rise)
        AND new_cost - former_cost >= $spread_times * greatest(1.4826 * deviation, 0.02)
)

SELECT
    project,
    coalesce(task, '-') AS subject,
    cast(round(amount, 4) AS DECIMAL(38, 9)) AS amount,
    coalesce(task, '-') AS task,
    ok_calls,
    former_weeks,
    round(exp(rise) - 1, 4) AS rise_share,
    round(former_unit_cost, 9) AS former_unit_cost,
    round(new_unit_cost, 9) AS new_unit_cost,
    round(exp(more_tries), 2) AS tries_times,
    round(exp(more_tokens), 2) AS tokens_times,
    round(exp(rise - more_tries - more_tokens), 2) AS price_times
FROM risen
WHERE amount >= $min_amount
