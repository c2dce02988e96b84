/*
title   = "Storms of retries"
grade   = "alert"
because = "{storms:storm|storms} of tries of one prompt, each sent soon after the one before it had failed: {tries:try|tries}, which cost {tries_cost} together. The longest was {longest_tries:try|tries} within {longest_ms}, on {longest_model}."
fix     = "Give {project}'s client a limit of retries, growing pauses with jitter, and a circuit breaker; heed Retry-After, and lengthen time-outs that give up calls which the provider still bills."
needs = ["prompt_hash", "status"]
note    = """
A try follows one of the same prompt, from the same project, key and user, that did not succeed (failed, cut off,
filtered, cancelled, or empty), and starts within within_ms of its end; it may go to another model. What follows an
answer is no try but a repeat: duplicate_call tells of it. Calls that overlap were sent side by side. A call of
unknown length is taken to last a second. No saving is claimed: what was waste in it, other rules say. Across the
month's first midnight a storm is told if enough of its tries lie in the month.

within_ms: a minute; a client's own retries come sooner, a person or a queue later.
min_tries: three, because one retry after a failure is what a client should do."""

[params]
within_ms = 60000
min_tries = 3

[zh]
title   = "重试风暴"
because = "同一提示词失败后紧接着反复重试，这样的风暴共 {storms} 次，合计 {tries} 次调用，花费 {tries_cost}。最长的一次在 {longest_model} 上，{longest_ms}内尝试了 {longest_tries} 次。"
fix     = "为 {project} 的客户端设置重试上限、带随机抖动的递增间隔和熔断；遵守 Retry-After，并放宽那些客户端已放弃、供应商却仍在计费的超时。"
*/
-- A storm holds tries that did not succeed; few prompts have several.
WITH troubled AS (
    SELECT prompt_hash
    FROM calls
    WHERE prompt_hash IS NOT NULL AND (status <> 'ok' OR output_tokens = 0)
    GROUP BY prompt_hash
    HAVING count(*) >= $min_tries - 1
),

tries AS (
    SELECT
        c.call_id,
        c.project,
        c.api_key,
        c.user_id,
        c.prompt_hash,
        c.model,
        c.cost,
        epoch_ms(c.started_at) AS start_ms,
        epoch_ms(c.started_at) + coalesce(c.latency_ms, 1000) AS end_ms,
        CASE
            WHEN c.status IN ('error', 'cancelled', 'truncated', 'filtered') THEN 1
            WHEN c.status = 'ok' AND c.output_tokens = 0 AND coalesce(c.operation, 'chat') = 'chat' THEN 1
            ELSE 0
        END AS has_failed
    FROM calls AS c
    INNER JOIN troubled AS t ON c.prompt_hash = t.prompt_hash
    WHERE coalesce(c.gateway_cache_hit, FALSE) = FALSE
),

spaced AS (
    SELECT
        call_id,
        project,
        api_key,
        user_id,
        prompt_hash,
        model,
        cost,
        start_ms,
        end_ms,
        start_ms - (lag(end_ms) OVER sent) AS pause_ms,
        lag(has_failed) OVER sent AS failed_before
    FROM tries
    WINDOW sent AS (PARTITION BY project, api_key, user_id, prompt_hash ORDER BY start_ms, call_id)
),

chained AS (
    SELECT
        call_id,
        project,
        api_key,
        user_id,
        prompt_hash,
        model,
        cost,
        start_ms,
        end_ms,
        sum(CASE WHEN failed_before = 1 AND pause_ms BETWEEN 0 AND $within_ms THEN 0 ELSE 1 END) OVER (
            PARTITION BY project, api_key, user_id, prompt_hash
            ORDER BY start_ms, call_id
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS chain
    FROM spaced
),

storms AS (
    SELECT
        project,
        api_key,
        user_id,
        prompt_hash,
        chain,
        count(*) AS tries,
        coalesce(sum(cost), 0) AS tries_cost,
        max(end_ms) - min(start_ms) AS lasted_ms,
        min(call_id) AS one_call
    FROM chained
    GROUP BY project, api_key, user_id, prompt_hash, chain
    HAVING count(*) >= $min_tries
),

ranked AS (
    SELECT
        project,
        one_call,
        tries,
        lasted_ms,
        row_number() OVER (PARTITION BY project ORDER BY tries DESC, lasted_ms DESC, one_call ASC) AS place,
        count(*) OVER (PARTITION BY project) AS storms,
        sum(tries) OVER (PARTITION BY project) AS all_tries,
        sum(tries_cost) OVER (PARTITION BY project) AS all_cost
    FROM storms
),

longest AS (
    SELECT
        r.project,
        r.storms,
        r.all_tries,
        r.all_cost,
        r.tries,
        r.lasted_ms,
        t.model
    FROM ranked AS r
    INNER JOIN tries AS t ON r.one_call = t.call_id
    WHERE r.place = 1
)

SELECT
    c.call_id,
    l.storms,
    l.all_tries AS tries,
    l.all_cost AS tries_cost,
    l.tries AS longest_tries,
    l.lasted_ms AS longest_ms,
    l.model AS longest_model
FROM chained AS c
INNER JOIN storms AS s
    ON
        c.prompt_hash = s.prompt_hash
        AND c.chain = s.chain
        AND c.project IS NOT DISTINCT FROM s.project
        AND c.api_key IS NOT DISTINCT FROM s.api_key
        AND c.user_id IS NOT DISTINCT FROM s.user_id
INNER JOIN longest AS l ON c.project IS NOT DISTINCT FROM l.project
