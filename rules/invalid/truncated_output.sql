/*
title   = "Answers cut off and asked for again"
grade   = "proven"
because = "{calls:answer was|answers were} cut off and asked for again. The costliest hit its output cap after {output_tokens} tokens, and {next_call} asked again {gap_ms} later."
fix     = "Raise the output cap of {project} to what its answers need (an unused cap costs nothing), or ask for shorter ones."
precedence = 40
needs = ["finish_reason", "prompt_hash | session_id"]
shared = ["meant_names"]
note    = """
Asked again, soon after the cut-off answer had ended: the same prompt of the project, on whatever model (on the same
one, of the same length), or, where the log states no prompt, the next request of the session if it is of the same
model, length, task and operation. A session that goes on with another prompt may have used the answer. A cut-off answer
that nobody asked for again was good enough, and so was the last of a row that hit one cap again and again: who asks the
same later, or stops there, may use what fits. Caps of a few tokens are meant: they ask for a label or a probability. So
are the caps of evaluations, load tests and samplings, by the name of the task, the environment or a tag. Where nobody
owns a call, its key stands for the project. Two sources may tell one call by two clocks: who asks again is of the same
source. Where clocks know whole seconds, what began within a second of the end may have been sent beside it.

again_within_ms: two minutes; later it is another matter.
least_tokens: 16, the smallest cap that some providers take; what is cut off below it was to be cut off.
unknown_latency_ms: ten seconds for an answer of unknown length; what is sent sooner may have been sent beside it.
meant_names: the field's words for asking the same several times on purpose, whole words only; see duplicate_call."""

[params]
again_within_ms    = 120000
least_tokens       = 16
unknown_latency_ms = 10000

[zh]
title   = "回答被截断后重新请求"
because = "共有 {calls} 个回答被截断后又重新请求。其中最贵的一次：输出 {output_tokens} 个 token 后触及上限，{gap_ms}后 {next_call} 再次请求。"
fix     = "把 {project} 的输出上限调到回答所需的长度（用不完的上限不花钱），或要求更短的回答。"
*/
WITH cut AS (
    SELECT
        call_id,
        source,
        coalesce(project, concat('/', api_key)) AS payer,
        prompt_hash,
        session_id,
        task,
        coalesce(operation, 'chat') AS operation,
        prefix_hash,
        message_count,
        response_id,
        model,
        input_tokens,
        output_tokens,
        cost,
        epoch_ms(started_at) + greatest(coalesce(latency_ms, $unknown_latency_ms), 1) AS end_ms,
        CASE WHEN epoch_ms(started_at) % 1000 = 0 AND latency_ms % 1000 = 0 THEN 1000 ELSE 0 END AS clock_ms
    FROM calls
    WHERE
        status = 'truncated'
        AND cost > 0
        AND coalesce(gateway_cache_hit, FALSE) = FALSE
        AND coalesce(output_tokens, max_output_tokens, $least_tokens + 1) > $least_tokens
        AND NOT regexp_matches(lower(concat_ws(' ', task, environment, array_to_string(tags, ' '))), $meant_names)
),

-- What came within the time lies in the stretch of an end or in the next one: a prompt or a session that goes on all day
-- is compared with its neighbours alone.
stretches AS (
    SELECT
        *,
        floor(end_ms / $again_within_ms) AS stretch
    FROM cut
    UNION ALL
    SELECT
        *,
        floor(end_ms / $again_within_ms) + 1 AS stretch
    FROM cut
),

same_prompt AS (
    SELECT
        call_id,
        source,
        coalesce(project, concat('/', api_key)) AS payer,
        prompt_hash,
        response_id,
        model,
        input_tokens,
        epoch_ms(started_at) AS start_ms
    FROM calls
    WHERE prompt_hash IN (SELECT prompt_hash FROM cut)
),

same_session AS (
    SELECT
        call_id,
        source,
        coalesce(project, concat('/', api_key)) AS payer,
        session_id,
        task,
        coalesce(operation, 'chat') AS operation,
        prefix_hash,
        message_count,
        response_id,
        model,
        prompt_hash,
        input_tokens,
        epoch_ms(started_at) AS start_ms
    FROM calls
    WHERE session_id IN (SELECT session_id FROM cut)
),

-- One request has one length: a fingerprint that goes with several covers only a part of what was sent.
uneven AS (
    SELECT prompt_hash
    FROM same_prompt
    WHERE input_tokens IS NOT NULL
    GROUP BY prompt_hash, model
    HAVING min(input_tokens) < max(input_tokens)
),

again AS (
    SELECT
        s.call_id,
        s.cost,
        s.output_tokens,
        c.call_id AS next_call,
        c.start_ms - s.end_ms AS gap_ms
    FROM stretches AS s
    INNER JOIN same_prompt AS c ON s.prompt_hash = c.prompt_hash AND s.stretch = floor(c.start_ms / $again_within_ms)
    WHERE
        s.call_id <> c.call_id
        AND s.source = c.source
        AND s.payer IS NOT DISTINCT FROM c.payer
        AND NOT coalesce(s.model = c.model AND s.input_tokens <> c.input_tokens, FALSE)
        AND s.prompt_hash NOT IN (SELECT prompt_hash FROM uneven)
        AND NOT coalesce(s.response_id = c.response_id AND length(c.response_id) >= 8, FALSE)
        AND c.start_ms - s.end_ms BETWEEN s.clock_ms AND $again_within_ms
    UNION ALL
    SELECT
        s.call_id,
        s.cost,
        s.output_tokens,
        c.call_id AS next_call,
        c.start_ms - s.end_ms AS gap_ms
    FROM stretches AS s
    INNER JOIN same_session AS c ON s.session_id = c.session_id AND s.stretch = floor(c.start_ms / $again_within_ms)
    WHERE
        s.call_id <> c.call_id
        AND s.source = c.source
        AND s.payer IS NOT DISTINCT FROM c.payer
        AND s.task IS NOT DISTINCT FROM c.task
        AND s.operation = c.operation
        AND NOT coalesce(s.prefix_hash <> c.prefix_hash, FALSE)
        AND NOT coalesce(s.message_count <> c.message_count, FALSE)
        AND NOT coalesce(s.prompt_hash <> c.prompt_hash, FALSE)
        AND NOT coalesce(s.input_tokens <> c.input_tokens, FALSE)
        AND s.model = c.model
        AND NOT coalesce(s.response_id = c.response_id AND length(c.response_id) >= 8, FALSE)
        AND c.start_ms - s.end_ms BETWEEN s.clock_ms AND $again_within_ms
),

nearest AS (
    SELECT
        call_id,
        cost,
        output_tokens,
        next_call,
        gap_ms,
        row_number() OVER (PARTITION BY call_id ORDER BY gap_ms, next_call) AS place
    FROM again
)

SELECT
    call_id,
    cost AS saving,
    next_call,
    gap_ms,
    output_tokens
FROM nearest
WHERE place = 1
