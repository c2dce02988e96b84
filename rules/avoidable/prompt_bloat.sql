/*
title   = "Prompts that grew overnight"
grade   = "hypothesis"
because = "{subject} on {model}: since {step_day} a call sends {after_tokens} tokens where it sent {before_tokens}, and its answers are as long as before."
fix     = "Lay a request of {subject} from before {step_day} beside one of today: template, tools, examples, retrieved text. Take out what nobody in {project} can name a use for, and look at the answers of twenty calls without it."
precedence = 30
needs = ["task", "input_tokens"]
note    = """
A lane is a project's task on one model. Its days are compared by what an answered call sent on average, working days only,
so that another weekend crowd is no step; an average day is the median of the days. A step shows over four weeks, and most
of it between the five days before and the five after: growth by and by is none, and neither is a lane whose
answers grew or shrank with it. Where a second, longer prompt came beside the first, short calls remain: three in four
calls after the step must send more than the average one before.
The saving is the step itself at the price of input, and at the price of cached input as far as the call read its cache.
Whether the longer prompt is worth it, a person must say.

step: 1.5, the definition. clear_step: 1.35 of it at once, beyond what weeks differ by. output_change: 0.2 either way.
min_days: 5, a working week on both sides. min_day_calls: 10, min_calls: 100, so that averages are averages.
days_before: 28, four of each weekday."""

[params]
step          = 1.5
clear_step    = 1.35
output_change = 0.2
min_days      = 5
min_day_calls = 10
min_calls     = 100
days_before   = 28

[zh]
title   = "提示词突然变长"
because = "{model} 上的 {subject}：自 {step_day}起每次调用发送 {after_tokens} 个 token，此前为 {before_tokens} 个，而回答长度没有变化。"
fix     = "将 {subject} 在 {step_day}之前的一条请求与今天的逐段对比（模板、工具、示例、检索内容）；{project} 中无人说得出用途的部分先删去，再看二十次调用的回答质量。"
*/
WITH calendar AS (
    SELECT
        day,
        workday,
        current,
        row_number() OVER (ORDER BY day) AS number
    FROM days
),

reach AS (
    SELECT min(number) - $days_before AS first_number
    FROM calendar
    WHERE current
),

daily AS (
    SELECT
        s.project,
        s.task,
        s.model,
        s.day,
        c.number,
        sum(s.input_tokens) * 1.0 / sum(s.ok_calls) AS input_tokens,
        sum(s.output_tokens) * 1.0 / sum(s.ok_calls) AS output_tokens
    FROM daily_spend AS s
    INNER JOIN calendar AS c ON s.day = c.day
    CROSS JOIN reach AS r
    WHERE c.workday AND c.number >= r.first_number AND s.task IS NOT NULL
    GROUP BY s.project, s.task, s.model, s.day, c.number
    HAVING
        sum(s.ok_calls) >= $min_day_calls
        AND sum(s.ok_calls) >= sum(s.calls) * 0.8
        AND sum(s.output_tokens) > 0
),

-- Only lanes that differ this much between some two days can hold a step.
moved AS (
    SELECT
        project,
        task,
        model
    FROM daily
    GROUP BY project, task, model
    HAVING count(*) >= 2 * $min_days AND max(input_tokens) >= min(input_tokens) * $step
),

numbered AS (
    SELECT
        d.project,
        d.task,
        d.model,
        d.day,
        d.number,
        d.input_tokens,
        d.output_tokens,
        row_number() OVER (PARTITION BY d.project, d.task, d.model ORDER BY d.number) AS place
    FROM daily AS d
    INNER JOIN moved AS m
        ON d.project IS NOT DISTINCT FROM m.project AND d.task = m.task AND d.model = m.model
),

-- Each day as the first after a step: the days before it, those from it on, and the nearest few of both.
compared AS (
    SELECT
        a.project,
        a.task,
        a.model,
        a.day AS step_day,
        count(CASE WHEN b.number < a.number THEN 1 END) AS days_before,
        count(CASE WHEN b.number >= a.number THEN 1 END) AS days_after,
        quantile_disc(CASE WHEN b.number < a.number THEN b.input_tokens END, 0.5) AS before_input,
        quantile_disc(CASE WHEN b.number >= a.number THEN b.input_tokens END, 0.5) AS after_input,
        quantile_disc(
            CASE WHEN b.place BETWEEN a.place - $min_days AND a.place - 1 THEN b.input_tokens END, 0.5
        ) AS just_before,
        quantile_disc(
            CASE WHEN b.place BETWEEN a.place AND a.place + $min_days - 1 THEN b.input_tokens END, 0.5
        ) AS just_after,
        avg(CASE WHEN b.place BETWEEN a.place AND a.place + $min_days - 1 THEN b.input_tokens END)
        - avg(CASE WHEN b.place BETWEEN a.place - $min_days AND a.place - 1 THEN b.input_tokens END) AS rise,
        quantile_disc(CASE WHEN b.number < a.number THEN b.output_tokens END, 0.5) AS before_output,
        quantile_disc(CASE WHEN b.number >= a.number THEN b.output_tokens END, 0.5) AS after_output
    FROM numbered AS a
    INNER JOIN numbered AS b
        ON a.project IS NOT DISTINCT FROM b.project AND a.task = b.task AND a.model = b.model
    WHERE b.number >= a.number - $days_before
    GROUP BY a.project, a.task, a.model, a.day
),

steps AS (
    SELECT
        project,
        task,
        model,
        step_day,
        before_input,
        row_number() OVER (
            PARTITION BY project, task, model
            ORDER BY rise DESC, step_day ASC
        ) AS place
    FROM compared
    WHERE
        days_before >= $min_days
        AND days_after >= $min_days
        AND after_input >= before_input * $step
        AND just_after >= just_before * $clear_step
        AND after_output BETWEEN before_output * (1 - $output_change) AND before_output * (1 + $output_change)
),

-- One row a lane as it is; an engine that knows so keeps the lanes, not the calls, in memory to join them.
stepped AS (
    SELECT
        project,
        task,
        model,
        min(step_day) AS step_day,
        cast(ceil(min(before_input)) AS BIGINT) AS before_tokens
    FROM steps
    WHERE place = 1
    GROUP BY project, task, model
),

after_step AS (
    SELECT
        c.call_id,
        c.project,
        c.task,
        c.model,
        c.cost,
        c.input_tokens,
        coalesce(c.cache_read_tokens, 0) AS read_tokens,
        c.input_price,
        c.cache_read_price,
        s.step_day,
        s.before_tokens
    FROM calls AS c
    INNER JOIN stepped AS s
        ON c.project IS NOT DISTINCT FROM s.project AND c.task = s.task AND c.model = s.model AND c.day >= s.step_day
    WHERE
        c.status IN ('ok', 'truncated')
        AND c.input_tokens > 0
        AND c.cost > 0
        AND coalesce(c.gateway_cache_hit, FALSE) = FALSE
),

lanes AS (
    SELECT
        project,
        task,
        model,
        quantile_disc(input_tokens, 0.5) AS after_tokens
    FROM after_step
    GROUP BY project, task, model, before_tokens
    HAVING
        count(*) >= $min_calls
        AND quantile_disc(input_tokens, 0.25) > before_tokens
),

excess AS (
    SELECT
        a.call_id,
        a.task,
        a.model,
        a.cost,
        a.step_day,
        a.before_tokens,
        l.after_tokens,
        a.input_price,
        a.cache_read_price,
        least(l.after_tokens - a.before_tokens, a.input_tokens) AS tokens,
        least(l.after_tokens - a.before_tokens, a.input_tokens, a.read_tokens) AS cached_tokens
    FROM after_step AS a
    INNER JOIN lanes AS l
        ON a.project IS NOT DISTINCT FROM l.project AND a.task = l.task AND a.model = l.model
)

SELECT
    call_id,
    least(
        cost,
        ((tokens - cached_tokens) * input_price) + (cached_tokens * least(cache_read_price, input_price))
    ) AS saving,
    task AS subject,
    model,
    step_day,
    before_tokens,
    after_tokens
FROM excess
