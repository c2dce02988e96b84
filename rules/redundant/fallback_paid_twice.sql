/*
title   = "A second model paid for an answer that was there"
grade   = "proven"
because = "{calls:answer was|answers were} bought although another model had given one. In the costliest, {first_model} had answered, and {gap_ms} later {model} was paid to answer the same prompt of the same trace."
fix     = "Look in {project}'s gateway for what takes a good answer for a failure: a time-out shorter than the model's answers, a check that is too strict, a fallback that also fires on success."
precedence = 15
look_back_days = 1
needs = ["prompt_hash", "trace_id", "latency_ms", "status"]
shared = ["meant_names"]
note    = """
The first answer was ok, gave back something, called no tool (that is a step, and no answer yet), and had ended before
the second call started: requests raced against each other (hedging), and models asked side by side, overlap and are
left alone. So is what the record shows to be meant: an evaluation or a comparison by the name of its task, environment
or tag; a prompt that three or more models answered in its trace (a comparison, a vote); a call of the same trace
between the two (somebody checked the first answer and then asked the better model, or the trace had gone on); going on
to a dearer model; and a pair of models that answers so many of the first one's prompts in that task that it is the
design and no accident. Another task, environment or source asks for itself. Where clocks know whole seconds, what
began within a second of the end may have been asked beside it.
A fingerprint that goes with several lengths for one model, or with other numbers of messages, covers only a part of the
request and is not judged. The same model at another provider is a second one. One model under two names (alias and
dated name) at one provider is none where the answering model shows it. Some logs put the model into the prompt's
fingerprint; there the two prompts differ, and nothing is found. Where nobody owns a call, its key stands for the project.

within_ms: three minutes, because a fallback comes at once; later it is another request.
meant_share, meant_pairs: half of the first model's answers and at least five of them; an accident stays well below, and
of fewer than five nobody can say what the design is.
meant_names: the field's words for asking several models on purpose, whole words only; see duplicate_call."""

[params]
within_ms   = 180000
meant_share = 0.5
meant_pairs = 5

[zh]
title   = "已有回答，又付费请另一个模型作答"
because = "共有 {calls} 个回答，是在另一个模型已经作答之后又买的。其中最贵的一次：{first_model} 已经作答，{gap_ms}后又付费让 {model} 回答同一链路中的同一提示词。"
fix     = "检查 {project} 的网关为何把正常回答当成失败：超时短于模型作答所需、校验过严，或成功后仍触发降级。"
*/
-- Only prompts that came more than once, and to more than one model, need what follows.
WITH repeated AS (
    SELECT prompt_hash
    FROM calls
    WHERE prompt_hash IS NOT NULL AND trace_id IS NOT NULL
    GROUP BY prompt_hash
    HAVING count(*) > 1
),

asked_of_two AS (
    SELECT prompt_hash
    FROM calls
    WHERE prompt_hash IN (SELECT prompt_hash FROM repeated)
    GROUP BY prompt_hash
    HAVING min(concat_ws('/', provider, model)) <> max(concat_ws('/', provider, model))
),

traced AS (
    SELECT
        call_id,
        coalesce(project, concat('/', api_key)) AS payer,
        task,
        environment,
        tags,
        source,
        output_price AS answer_price,
        trace_id,
        prompt_hash,
        model,
        provider,
        response_model,
        response_id,
        input_tokens,
        message_count,
        status = 'ok' AND coalesce(output_tokens, 1) > 0 AS is_answer,
        coalesce(tool_calls, 0) > 0
        OR lower(coalesce(finish_reason, '')) IN ('tool_calls', 'tool_call', 'tool_use', 'function_call') AS is_step,
        cost,
        epoch_ms(started_at) AS start_ms,
        -- A length of 0 is taken for 1 ms; where it is unknown, so is the end.
        epoch_ms(started_at) + CASE WHEN latency_ms > 0 THEN latency_ms WHEN latency_ms = 0 THEN 1 END AS end_ms,
        CASE WHEN epoch_ms(started_at) % 1000 = 0 AND latency_ms % 1000 = 0 THEN 1000 ELSE 0 END AS clock_ms
    FROM calls
    WHERE
        prompt_hash IN (SELECT prompt_hash FROM asked_of_two)
        AND trace_id IS NOT NULL
        AND coalesce(operation, 'chat') NOT IN ('embeddings', 'rerank')
        AND coalesce(gateway_cache_hit, FALSE) = FALSE
),

-- One request has one length for a model: a fingerprint that goes with several covers only a part of what was sent.
uneven AS (
    SELECT prompt_hash
    FROM traced
    WHERE is_answer
    GROUP BY prompt_hash, model
    HAVING min(input_tokens) < max(input_tokens)
),

-- Three models or more that answer one prompt are compared with each other.
seen_by_two AS (
    SELECT
        trace_id,
        prompt_hash
    FROM traced
    GROUP BY trace_id, prompt_hash
    HAVING
        min(concat_ws('/', provider, model)) <> max(concat_ws('/', provider, model))
        AND count(DISTINCT CASE WHEN is_answer THEN model END) <= 2
),

candidates AS (
    SELECT
        t.call_id,
        t.payer,
        t.task,
        t.environment,
        t.tags,
        t.source,
        t.answer_price,
        t.trace_id,
        t.prompt_hash,
        t.model,
        t.provider,
        t.response_model,
        t.response_id,
        t.message_count,
        t.is_answer,
        t.is_step,
        t.cost,
        t.start_ms,
        t.end_ms,
        t.clock_ms
    FROM traced AS t
    INNER JOIN seen_by_two AS s ON t.trace_id = s.trace_id AND t.prompt_hash = s.prompt_hash
    WHERE t.prompt_hash NOT IN (SELECT prompt_hash FROM uneven)
),

-- What came within the time lies in the stretch of an end or in the next one: a prompt that goes on all day is compared
-- with its neighbours alone.
answers AS (
    SELECT
        *,
        floor(end_ms / $within_ms) AS stretch
    FROM candidates
    WHERE is_answer AND NOT is_step
    UNION ALL
    SELECT
        *,
        floor(end_ms / $within_ms) + 1 AS stretch
    FROM candidates
    WHERE is_answer AND NOT is_step
),

answered_before AS (
    SELECT
        c.call_id,
        c.payer,
        c.task,
        c.trace_id,
        c.prompt_hash,
        c.model,
        c.cost,
        c.start_ms,
        a.model AS first_model,
        a.end_ms AS first_end_ms,
        row_number() OVER (PARTITION BY c.call_id ORDER BY a.end_ms DESC, a.call_id ASC) AS place
    FROM candidates AS c
    INNER JOIN answers AS a
        ON
            c.trace_id = a.trace_id
            AND c.prompt_hash = a.prompt_hash
            AND c.payer IS NOT DISTINCT FROM a.payer
            AND floor(c.start_ms / $within_ms) = a.stretch
    WHERE
        c.cost > 0
        AND (c.model <> a.model OR c.provider <> a.provider)
        AND c.task IS NOT DISTINCT FROM a.task
        AND c.environment IS NOT DISTINCT FROM a.environment
        AND c.source = a.source
        -- Going to a dearer model is an escalation.
        AND NOT coalesce(c.answer_price > a.answer_price, FALSE)
        AND c.start_ms - a.end_ms BETWEEN a.clock_ms AND $within_ms
        AND NOT coalesce(c.message_count <> a.message_count, FALSE)
        AND NOT regexp_matches(lower(concat_ws(' ', c.task, c.environment, array_to_string(c.tags, ' '))), $meant_names)
        AND NOT coalesce(c.response_model = a.response_model AND c.provider IS NOT DISTINCT FROM a.provider, FALSE)
        AND NOT coalesce(c.response_id = a.response_id AND length(c.response_id) >= 8, FALSE)
),

twice AS (
    SELECT
        call_id,
        payer,
        task,
        trace_id,
        prompt_hash,
        model,
        cost,
        start_ms,
        first_model,
        first_end_ms
    FROM answered_before
    WHERE place = 1
),

-- The trace had gone on with another prompt before the second model was asked.
steps AS (
    SELECT
        trace_id,
        prompt_hash,
        epoch_ms(started_at) AS start_ms
    FROM calls
    WHERE trace_id IN (SELECT trace_id FROM twice)
),

gaps AS (
    SELECT
        *,
        floor(first_end_ms / $within_ms) AS stretch
    FROM twice
    UNION ALL
    SELECT
        *,
        floor(first_end_ms / $within_ms) + 1 AS stretch
    FROM twice
),

gone_on AS (
    SELECT DISTINCT g.call_id
    FROM gaps AS g
    INNER JOIN steps AS s ON g.trace_id = s.trace_id AND g.stretch = floor(s.start_ms / $within_ms)
    WHERE s.prompt_hash IS DISTINCT FROM g.prompt_hash AND s.start_ms >= g.first_end_ms AND s.start_ms < g.start_ms
),

pairs AS (
    SELECT
        payer,
        task,
        first_model,
        model,
        count(*) AS answered_twice
    FROM twice
    GROUP BY payer, task, first_model, model
    HAVING count(*) >= $meant_pairs
),

meant AS (
    SELECT
        p.payer,
        p.task,
        p.first_model,
        p.model
    FROM pairs AS p
    INNER JOIN calls AS c
        ON
            p.first_model = c.model
            AND p.payer IS NOT DISTINCT FROM coalesce(c.project, concat('/', c.api_key))
            AND p.task IS NOT DISTINCT FROM c.task
    WHERE c.status = 'ok'
    GROUP BY p.payer, p.task, p.first_model, p.model, p.answered_twice
    HAVING p.answered_twice >= $meant_share * count(*)
)

SELECT
    t.call_id,
    t.cost AS saving,
    t.first_model,
    t.model,
    t.start_ms - t.first_end_ms AS gap_ms
FROM twice AS t
LEFT JOIN gone_on AS g ON t.call_id = g.call_id
LEFT JOIN meant AS m
    ON
        t.first_model = m.first_model
        AND t.model = m.model
        AND t.payer IS NOT DISTINCT FROM m.payer
        AND t.task IS NOT DISTINCT FROM m.task
WHERE g.call_id IS NULL AND m.model IS NULL
