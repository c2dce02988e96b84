/*
title   = "Work that can wait, paid at the interactive price"
grade   = "avoidable"
because = "Its name or its hours say that {subject} can wait[?: environment {environment}?][?, task {task}?]; {night_share} of its calls come between midnight and six. In a batch {model} asks {batch_share} of the price."
fix     = "Send {subject} of {project} through the provider's batch interface (a file of requests, answers within 24 hours, mostly sooner), once its owner agrees that it may be a day late."
precedence = 30
needs = ["environment | task", "input_tokens", "status"]
note    = """
Work can wait when its environment says so, which is how it was deployed. The word of a task may be what the task is about
(offline_store_locator, nightly_rate_lookup): it counts only with a machine's hours, and hours alone only where they are
nobody's in any time zone. A machine's hours are a queue in a short burst a day, or nights, in a burst or on all days of the
week; never with streams or several users. Without a word it must be all of it, on many days: a queue in a burst by night, on
all seven days of the week, for a team whose day is our night rests on some.
The saving is the gap to the batch price of the same model by kind of token. A batch may find no cache warm: a call is
flagged only where the batch would be cheaper even then. Where all requests of a task have as many messages, they are a
form that is filled in, examples and all, and no turns; the tool that such a one or two call is the form of the answer.

Left alone: streams (somebody watches), another tier than standard (flex is as cheap, priority was chosen), other calls
that ask for a tool, and calls of a session or trace with others of the project, whatever their task: a turn needs the answer before
it, and may be waited for by the next. Only a session of many calls none of which holds more than a system prompt and one
question is a queue. Where a task without sessions holds turns, its first turns cannot be told from questions of their own.
A word that speaks of people who wait overrules.

queue_calls: 20, more than a conversation has turns, and what a queue holds.
min_calls, min_days: 100 on 8 days, so that it is a habit. night_share: 0.95, since users in another time zone spread wider.
hours_a_day: 3, a burst; who works through the night takes more. turn_share: a tenth, for an agent's runs are mostly turns."""

[params]
patient_words = "batch|offline|backfill|bulk|eval|evals|nightly|overnight|cron|scheduled|etl|reindex|reindexing|离线|批量|批处理|跑批|夜间|回填|评测|定时"
urgent_words  = "live|realtime|interactive|online|chat|assistant|copilot|实时|在线|交互|对话|客服"
queue_calls   = 20
min_calls     = 100
min_days      = 8
night_share   = 0.95
hours_a_day   = 3
turn_share    = 0.1

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
        concat('(^|[^a-z])(', $patient_words, ')([^a-z]|$)') AS patient,
        concat('(^|[^a-z])(', $urgent_words, ')([^a-z]|$)') AS urgent
    FROM calls
    WHERE
        batch_input_price < input_price
        AND coalesce(service_tier, 'standard') = 'standard'
        AND (environment IS NOT NULL OR task IS NOT NULL)
    GROUP BY project, environment, task
),

told AS (
    SELECT
        project,
        environment,
        task,
        kind,
        night_calls * 1.0 / kind_calls AS night_share,
        kind_calls >= $min_calls AND night_calls >= kind_calls * $night_share AS is_of_nights,
        regexp_matches(lower(coalesce(environment, '')), patient) AS is_deployed,
        regexp_matches(lower(coalesce(task, '')), patient) AS is_named
    FROM kinds
    WHERE NOT regexp_matches(lower(concat(coalesce(environment, ''), ' ', coalesce(task, ''))), urgent)
),

hours AS (
    SELECT
        t.kind,
        c.day,
        c.hour,
        count(*) AS hour_calls,
        min(c.user_id) AS first_user,
        max(c.user_id) AS last_user,
        count(CASE WHEN c.stream THEN 1 END) AS streams
    FROM calls AS c
    INNER JOIN told AS t
        ON
            c.project IS NOT DISTINCT FROM t.project
            AND c.environment IS NOT DISTINCT FROM t.environment
            AND c.task = t.task
    WHERE
        (t.is_named OR t.is_of_nights)
        AND NOT t.is_deployed
        AND c.batch_input_price < c.input_price
        AND coalesce(c.service_tier, 'standard') = 'standard'
    GROUP BY t.kind, c.day, c.hour
),

machines AS (
    SELECT
        h.kind,
        count(DISTINCT h.day) AS days,
        count(*) <= count(DISTINCT h.day) * $hours_a_day AS is_burst,
        sum(h.hour_calls) >= count(DISTINCT h.day) * $queue_calls AS is_queue,
        -- A team rests on some days of the week, whatever its time zone.
        count(DISTINCT d.weekday) = 7 AS is_restless
    FROM hours AS h
    LEFT JOIN days AS d ON h.day = d.day
    GROUP BY h.kind
    HAVING
        sum(h.streams) = 0
        AND coalesce(min(h.first_user), '') = coalesce(max(h.last_user), '')
),

lanes AS (
    SELECT
        t.project,
        t.environment,
        t.task,
        max(t.night_share) AS night_share
    FROM told AS t
    LEFT JOIN machines AS m ON t.kind = m.kind
    WHERE
        t.is_deployed
        OR (t.is_named AND m.is_burst AND m.is_queue)
        OR (t.is_named AND t.night_share >= $night_share AND (m.is_burst OR m.is_restless))
        OR (t.is_of_nights AND m.days >= $min_days AND m.is_burst AND m.is_queue AND m.is_restless)
    -- One row each as it is; an engine that knows so keeps the lanes, not the calls, in memory to join them.
    GROUP BY t.project, t.environment, t.task
),

waiting AS (
    SELECT
        c.call_id,
        c.project,
        c.environment,
        c.task,
        c.model,
        coalesce(c.session_id, c.trace_id) AS chain,
        c.session_id IS NULL AND c.trace_id IS NULL AND c.message_count > 2 AS is_turn,
        c.message_count,
        c.tool_calls,
        c.status IN ('ok', 'truncated')
        AND coalesce(c.stream, FALSE) = FALSE
        AND coalesce(c.gateway_cache_hit, FALSE) = FALSE AS is_plain,
        c.cost,
        -- Who pays less than the list does so for the gap as well.
        CASE WHEN c.cost < c.list_cost THEN (c.cost * 1.0) / c.list_cost ELSE 1.0 END AS paid_share,
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

linked AS (
    SELECT
        project,
        chain
    FROM waiting
    WHERE chain IS NOT NULL
    GROUP BY project, chain
),

-- All calls of a session or trace, of other tasks too: what comes after an answer may need it.
chains AS (
    SELECT
        l.project,
        l.chain
    FROM calls AS c
    INNER JOIN linked AS l
        ON c.project IS NOT DISTINCT FROM l.project AND coalesce(c.session_id, c.trace_id) = l.chain
    GROUP BY l.project, l.chain
    HAVING count(*) > 1 AND (count(*) < $queue_calls OR max(coalesce(c.message_count, 3)) > 2)
),

-- Where every request has as many messages as the others, they are a form that is filled in, and no turns.
shaped AS (
    SELECT
        project,
        environment,
        task,
        TRUE AS is_form
    FROM waiting
    GROUP BY project, environment, task
    HAVING min(message_count) = max(message_count) AND count(message_count) = count(*)
),

turning AS (
    SELECT
        project,
        environment,
        task,
        TRUE AS holds_turns
    FROM waiting
    WHERE chain IS NULL
    GROUP BY project, environment, task
    HAVING
        min(message_count) < max(message_count)
        AND count(CASE WHEN is_turn THEN 1 END) >= count(*) * $turn_share
)

SELECT
    w.call_id,
    least(w.price_gap * w.paid_share, w.cost) AS saving,
    coalesce(w.task, w.environment) AS subject,
    w.environment,
    w.task,
    w.model,
    w.night_share,
    w.batch_share
FROM waiting AS w
LEFT JOIN chains AS c ON w.project IS NOT DISTINCT FROM c.project AND w.chain = c.chain
LEFT JOIN turning AS t
    ON
        w.chain IS NULL
        AND w.project IS NOT DISTINCT FROM t.project
        AND w.environment IS NOT DISTINCT FROM t.environment
        AND w.task IS NOT DISTINCT FROM t.task
LEFT JOIN shaped AS h
    ON
        w.project IS NOT DISTINCT FROM h.project
        AND w.environment IS NOT DISTINCT FROM h.environment
        AND w.task IS NOT DISTINCT FROM h.task
WHERE
    c.chain IS NULL
    AND t.holds_turns IS NULL
    -- Several messages without a session are a turn of something that goes on.
    AND (w.chain IS NOT NULL OR coalesce(w.message_count, 0) <= 2 OR h.is_form)
    AND w.is_plain
    AND (coalesce(w.tool_calls, 0) = 0 OR (h.is_form AND w.message_count <= 2))
    AND w.cost > 0
    AND w.price_gap > w.read_tokens * w.cold_gap
    AND w.price_gap > 0
