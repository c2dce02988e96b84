/*
title   = "Sessions that ran on and on"
grade   = "hypothesis"
because = "The costliest call is of session {session_id}: {session_calls:call|calls} in one go where {usual_calls} are usual. Beyond call {limit_calls} it read {input_tokens} tokens to add {output_tokens}."
fix     = "Let the agent behind {subject} of {project} stop after {limit_calls} calls, or after three answers that bring nothing new, and ask a person; read session {session_id} to see what it was stuck on."
precedence = 40
needs = ["session_id", "input_tokens", "output_tokens"]
note    = """
A lane is a project's task; its usual length is the median of its sessions' calls. A session is a run of calls of one id
without a long pause, so that an id that is a user, or one constant for all, is many runs. Flagged are the calls beyond the
limit that add little: an answer of at most half the lane's usual length, for an input of at least half its usual length and
ten times the answer. A run
most of whose late calls add something is long and productive, and left alone; so is one whose calls overlap, which no
single conversation does. The whole cost of a flagged call counts: had the session ended, it would not have been made.

times_usual: 5, least_calls: 50: the definition. min_sessions: 10, so that a usual length is known.
pause_ms: half an hour, after which a person or a job begins anew. little_share: 0.5, times_read: 10: what re-reads much and
writes little. late_share: 0.8 of the late calls."""

[params]
times_usual  = 5
least_calls  = 50
min_sessions = 10
pause_ms     = 1800000
little_share = 0.5
times_read   = 10
late_share   = 0.8

[zh]
title   = "会话失控，反复调用"
because = "最贵的一次属于会话 {session_id}：连续调用 {session_calls} 次，而通常只需 {usual_calls} 次。第 {limit_calls} 次之后，它读入 {input_tokens} 个 token 只产出 {output_tokens} 个。"
fix     = "让 {project} 中 {subject} 背后的智能体在 {limit_calls} 次调用后，或连续三次没有新进展时停下并转人工；查看会话 {session_id}，找出它卡在哪里。"
*/
WITH ids AS (
    SELECT
        project,
        task,
        session_id,
        count(*) AS id_calls
    FROM calls
    WHERE
        session_id IS NOT NULL
        AND status IN ('ok', 'truncated')
        AND coalesce(gateway_cache_hit, FALSE) = FALSE
    GROUP BY project, task, session_id
),

lanes AS (
    SELECT
        project,
        task,
        cast(ceil(quantile_cont(id_calls, 0.5)) AS BIGINT) AS usual_calls,
        cast(ceil(greatest(quantile_cont(id_calls, 0.5) * $times_usual, $least_calls)) AS BIGINT) AS limit_calls
    FROM ids
    GROUP BY project, task
    HAVING count(*) >= $min_sessions AND max(id_calls) > $least_calls
),

long_ids AS (
    SELECT
        i.project,
        i.task,
        i.session_id,
        l.usual_calls,
        l.limit_calls
    FROM ids AS i
    INNER JOIN lanes AS l ON i.project IS NOT DISTINCT FROM l.project AND i.task IS NOT DISTINCT FROM l.task
    WHERE i.id_calls > l.limit_calls
),

busy AS (
    SELECT
        project,
        task
    FROM long_ids
    GROUP BY project, task
),

-- What an answer of the lane usually brings, and what is usually read for it, in its ordinary sessions.
usual AS (
    SELECT
        c.project,
        c.task,
        quantile_disc(c.input_tokens, 0.5) AS usual_input,
        quantile_disc(c.output_tokens, 0.5) AS usual_output
    FROM calls AS c
    INNER JOIN busy AS b ON c.project IS NOT DISTINCT FROM b.project AND c.task IS NOT DISTINCT FROM b.task
    LEFT JOIN long_ids AS i
        ON
            c.project IS NOT DISTINCT FROM i.project
            AND c.task IS NOT DISTINCT FROM i.task
            AND c.session_id = i.session_id
    WHERE
        c.session_id IS NOT NULL
        AND i.session_id IS NULL
        AND c.status IN ('ok', 'truncated')
        AND coalesce(c.gateway_cache_hit, FALSE) = FALSE
    GROUP BY c.project, c.task
),

turns AS (
    SELECT
        c.call_id,
        c.project,
        c.task,
        c.session_id,
        c.cost,
        c.input_tokens,
        c.output_tokens,
        i.usual_calls,
        i.limit_calls,
        epoch_ms(c.started_at) AS start_ms,
        coalesce(
            max(epoch_ms(c.started_at) + coalesce(c.latency_ms, 0)) OVER (
                PARTITION BY c.project, c.task, c.session_id
                ORDER BY c.started_at, c.call_id
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ),
            0
        ) AS free_ms
    FROM calls AS c
    INNER JOIN long_ids AS i
        ON
            c.project IS NOT DISTINCT FROM i.project
            AND c.task IS NOT DISTINCT FROM i.task
            AND c.session_id = i.session_id
    WHERE c.status IN ('ok', 'truncated') AND coalesce(c.gateway_cache_hit, FALSE) = FALSE
),

runs AS (
    SELECT
        turns.*,
        sum(CASE WHEN start_ms - free_ms > $pause_ms THEN 1 ELSE 0 END) OVER (
            PARTITION BY project, task, session_id
            ORDER BY start_ms, call_id
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS run
    FROM turns
),

numbered AS (
    SELECT
        r.*,
        row_number() OVER (
            PARTITION BY r.project, r.task, r.session_id, r.run
            ORDER BY r.start_ms, r.call_id
        ) AS turn,
        count(*) OVER (PARTITION BY r.project, r.task, r.session_id, r.run) AS session_calls,
        coalesce(
            r.start_ms >= r.free_ms
            AND r.output_tokens <= u.usual_output * $little_share
            AND r.input_tokens >= u.usual_input * $little_share
            AND r.input_tokens >= r.output_tokens * $times_read,
            FALSE
        ) AS is_little
    FROM runs AS r
    INNER JOIN usual AS u ON r.project IS NOT DISTINCT FROM u.project AND r.task IS NOT DISTINCT FROM u.task
),

late AS (
    SELECT
        numbered.*,
        count(*) OVER (PARTITION BY project, task, session_id, run) AS late_calls,
        count(CASE WHEN is_little THEN 1 END) OVER (PARTITION BY project, task, session_id, run) AS little_calls
    FROM numbered
    WHERE turn > limit_calls
)

SELECT
    call_id,
    cost AS saving,
    task AS subject,
    session_id,
    session_calls,
    usual_calls,
    limit_calls,
    input_tokens,
    output_tokens
FROM late
WHERE is_little AND cost > 0 AND little_calls >= late_calls * $late_share
