/*
title   = "Work that can wait, paid at the interactive price"
grade   = "avoidable"
because = "Its name or its hours say that {subject} can wait[?: environment {environment}?][?, task {task}?]; {night_share} of its calls come between midnight and six. In a batch {model} asks {batch_share} of the price."
fix     = "Send {subject} of {project} through the provider's batch interface (a file of requests, answers within 24 hours, mostly sooner), once its owner agrees that it may be a day late."
precedence = 30
needs = ["environment | task", "input_tokens", "status"]
note    = """
Work can wait when a word of its environment or task says so, or its hours: a task whose calls come nearly all between
midnight and six, in short bursts on many days, and not from several users. The saving is the gap to the batch price of
the same model by kind of token. A batch may find no cache warm: a call is flagged only where the batch would be cheaper
even then.

Left alone: streams (somebody watches), another tier than standard (flex is as cheap, priority was chosen), calls that ask
for a tool, and calls of a session or trace with others: a turn needs the answer before it. Only a session of many calls
none of which holds more than a system prompt and one question is a queue. A word that speaks of people who wait
overrules.

queue_calls: 20, more than a conversation has turns.
min_calls, min_days: 100 on 8 days, so that it is a habit. night_share: 0.95, since users in another time zone spread wider.
hours_a_day: 3, a burst; who works through the night takes more."""

[params]
patient_words = "batch|offline|backfill|bulk|eval|evals|nightly|overnight|cron|scheduled|etl|reindex|reindexing|离线|批量|批处理|跑批|夜间|回填|评测|定时"
urgent_words  = "live|realtime|interactive|online|chat|assistant|copilot|实时|在线|交互|对话|客服"
queue_calls   = 20
min_calls     = 100
min_days      = 8
night_share   = 0.95
hours_a_day   = 3

[zh]
title   = "可以等待的任务按即时价付费"
because = "从名称或时段看，{subject} 可以等待[?（环境 {environment}）?][?，任务 {task}?]；{night_share} 的调用在零点至六点之间。{model} 的批量价为即时价的 {batch_share}。"
fix     = "将 {project} 的 {subject} 改走供应商的批量接口（提交请求文件，24 小时内返回，通常更快）；请先与负责人确认晚一天也无妨。"
*/
WITH kinds AS (
    SELECT
        project,
        environment,
        task,
        row_number() OVER (ORDER BY project, environment, task) AS kind,
        count(*) AS kind_calls,
        count(CASE WHEN hour < 6 THEN 1 END) AS night_calls,
        count(*) >= $min_calls
        AND count(CASE WHEN hour < 6 THEN 1 END) >= count(*) * $night_share AS is_of_nights,
        lower(concat(coalesce(environment, ''), ' ', coalesce(task, ''))) AS words
    FROM calls
    WHERE
        batch_input_price < input_price
        AND coalesce(service_tier, 'standard') = 'standard'
        AND (environment IS NOT NULL OR task IS NOT NULL)
    GROUP BY project, environment, task
),

nights AS (
    SELECT
        k.kind,
        c.day,
        c.hour,
        min(c.user_id) AS first_user,
        max(c.user_id) AS last_user,
        count(CASE WHEN c.stream THEN 1 END) AS streams
    FROM calls AS c
    INNER JOIN kinds AS k
        ON
            c.project IS NOT DISTINCT FROM k.project
            AND c.environment IS NOT DISTINCT FROM k.environment
            AND c.task = k.task
    WHERE
        k.is_of_nights
        AND c.batch_input_price < c.input_price
        AND coalesce(c.service_tier, 'standard') = 'standard'
    GROUP BY k.kind, c.day, c.hour
),

habits AS (
    SELECT kind
    FROM nights
    GROUP BY kind
    HAVING
        count(DISTINCT day) >= $min_days
        AND count(*) <= count(DISTINCT day) * $hours_a_day
        AND sum(streams) = 0
        AND coalesce(min(first_user), '') = coalesce(max(last_user), '')
),

lanes AS (
    SELECT
        k.project,
        k.environment,
        k.task,
        max(k.night_calls * 1.0 / k.kind_calls) AS night_share
    FROM kinds AS k
    LEFT JOIN habits AS h ON k.kind = h.kind
    WHERE
        (
            h.kind IS NOT NULL
            OR regexp_matches(k.words, concat('(^|[^a-z])(', $patient_words, ')([^a-z]|$)'))
        )
        AND NOT regexp_matches(k.words, concat('(^|[^a-z])(', $urgent_words, ')([^a-z]|$)'))
    -- One row each as it is; an engine that knows so keeps the lanes, not the calls, in memory to join them.
    GROUP BY k.project, k.environment, k.task
),

waiting AS (
    SELECT
        c.call_id,
        c.project,
        c.environment,
        c.task,
        c.model,
        coalesce(c.session_id, c.trace_id) AS chain,
        c.message_count,
        c.tool_calls,
        c.status IN ('ok', 'truncated')
        AND coalesce(c.stream, FALSE) = FALSE
        AND coalesce(c.gateway_cache_hit, FALSE) = FALSE AS is_plain,
        c.cost,
        (c.batch_input_price * 1.0) / c.input_price AS batch_share,
        coalesce(c.cache_read_tokens, 0) AS read_tokens,
        c.batch_input_price - c.batch_cache_read_price AS cold_gap,
        (c.input_tokens - coalesce(c.cache_read_tokens, 0) - coalesce(c.cache_write_tokens, 0))
        * (c.input_price - c.batch_input_price)
        + coalesce(c.cache_read_tokens, 0) * (c.cache_read_price - c.batch_cache_read_price)
        + coalesce(c.cache_write_tokens, 0) * (c.cache_write_price - c.batch_cache_write_price)
        + coalesce(c.output_tokens, 0) * (c.output_price - c.batch_output_price) AS price_gap,
        l.night_share
    FROM calls AS c
    INNER JOIN lanes AS l
        ON
            c.project IS NOT DISTINCT FROM l.project
            AND c.environment IS NOT DISTINCT FROM l.environment
            AND c.task IS NOT DISTINCT FROM l.task
    WHERE
        c.batch_input_price < c.input_price
        AND coalesce(c.service_tier, 'standard') = 'standard'
),

chains AS (
    SELECT
        project,
        chain
    FROM waiting
    WHERE chain IS NOT NULL
    GROUP BY project, chain
    HAVING count(*) > 1 AND (count(*) < $queue_calls OR max(coalesce(message_count, 3)) > 2)
)

SELECT
    w.call_id,
    least(w.price_gap, w.cost) AS saving,
    coalesce(w.task, w.environment) AS subject,
    w.environment,
    w.task,
    w.model,
    w.night_share,
    w.batch_share
FROM waiting AS w
LEFT JOIN chains AS c ON w.project IS NOT DISTINCT FROM c.project AND w.chain = c.chain
WHERE
    c.chain IS NULL
    -- Several messages without a session are a turn of something that goes on.
    AND (w.chain IS NOT NULL OR coalesce(w.message_count, 0) <= 2)
    AND w.is_plain
    AND coalesce(w.tool_calls, 0) = 0
    AND w.cost > 0
    AND w.price_gap > w.read_tokens * w.cold_gap
    AND w.price_gap > 0
