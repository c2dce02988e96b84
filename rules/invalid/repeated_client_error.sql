/*
title   = "Refused requests sent again unchanged"
grade   = "proven"
because = "{calls:request was|requests were} sent although the same one had already been refused for good; {saving} was billed for that. One of them met {http_status} ({error_type}) again, {age_ms} after {earlier} had met it."
fix     = "Let {project}'s client retry only what can succeed (408, 409, 429, 5xx), and mend or drop what is refused with 400, 401, 403, 404, 413, 415 or 422."
precedence = 22
look_back_days = 2
needs = ["prompt_hash", "http_status", "status"]
note    = """
The same request: prompt, project, key, provider, model, output cap and, where stated, length. Refused again with the
same code of 400, 401, 403, 404, 413, 415 and 422, which say that the request itself, its key or its address is wrong,
and with the same kind of error where both state one, after the earlier refusal had come; an answer in between begins
anew. 408, 409, 425, 429 and 5xx pass, and are left alone; so are the first refusal, requests sent side by side, and two
rows of one try under one id. A fingerprint that goes with several lengths for one model covers only a part of the
request, as where a gateway blanks its texts: none of its calls is judged. A call of unknown length is taken to last a
second.
Most refusals cost nothing: then the saving is nothing, and the calls are told for whoever mends the client. Some clouds
bill what they read before they refuse.

window_hours: 24, because a day later somebody may be trying whether it was mended."""

[params]
window_hours = 24

[zh]
title   = "被拒绝的请求原样重发"
because = "共有 {calls} 次请求，在同一请求刚被明确拒绝后又原样发出，由此计费 {saving}。例如：{earlier} 以 {http_status}（{error_type}）被拒 {age_ms}后，同一请求再次发出，又以同样原因被拒。"
fix     = "让 {project} 的客户端只重试可能成功的错误（408、409、429、5xx）；遇到 400、401、403、404、413、415、422，应修正请求或放弃，不要重发。"
*/
-- Few requests are refused: they say which prompts matter.
WITH refused AS (
    SELECT prompt_hash
    FROM calls
    WHERE
        status = 'error'
        AND prompt_hash IS NOT NULL
        AND http_status IN (400, 401, 403, 404, 413, 415, 422)
    GROUP BY prompt_hash
    HAVING count(*) > 1
),

sent AS (
    SELECT
        c.call_id,
        c.project,
        c.api_key,
        c.provider,
        c.model,
        c.prompt_hash,
        c.max_output_tokens,
        c.input_tokens,
        c.http_status,
        coalesce(c.error_type, '-') AS error_type,
        coalesce(c.attempt, 0) AS attempt,
        coalesce(c.response_id, c.request_id) AS one_id,
        CASE
            WHEN
                c.output_tokens > 0
                OR (
                    c.http_status NOT IN (401, 403, 404, 413, 415, 422)
                    AND coalesce(c.usage_quality, 'reported') <> 'derived'
                )
                THEN coalesce(c.cost, 0)
            ELSE 0
        END AS cost,
        -- What it ended with: the code that refused it, or 0 for any answer.
        CASE WHEN c.status = 'error' THEN c.http_status ELSE 0 END AS outcome,
        epoch_ms(c.started_at) AS start_ms,
        epoch_ms(c.started_at) + greatest(coalesce(c.latency_ms, 1000), 1) AS end_ms
    FROM calls AS c
    INNER JOIN refused AS r ON c.prompt_hash = r.prompt_hash
    WHERE
        coalesce(c.gateway_cache_hit, FALSE) = FALSE
        AND (
            c.status IN ('ok', 'truncated', 'filtered')
            OR (c.status = 'error' AND c.http_status IN (400, 401, 403, 404, 413, 415, 422))
        )
),

-- One request has one length: a fingerprint that goes with several covers only a part of what was sent. What a gateway
-- reckoned of a refused one is compared with its like alone.
uneven AS (
    SELECT prompt_hash
    FROM sent
    GROUP BY prompt_hash, provider, model, outcome = 0
    HAVING min(input_tokens) < max(input_tokens)
),

-- Each call is two events, its start and its end; an end counts before a start at one instant.
events AS (
    SELECT
        call_id,
        project,
        api_key,
        provider,
        model,
        prompt_hash,
        max_output_tokens,
        start_ms AS at_ms,
        1 AS is_start,
        NULL AS ended_ms,
        NULL AS ended
    FROM sent
    UNION ALL
    SELECT
        call_id,
        project,
        api_key,
        provider,
        model,
        prompt_hash,
        max_output_tokens,
        end_ms AS at_ms,
        0 AS is_start,
        end_ms AS ended_ms,
        call_id AS ended
    FROM sent
),

looked_back AS (
    SELECT
        call_id,
        at_ms,
        is_start,
        max(ended_ms) OVER earlier AS ended_ms,
        last_value(ended IGNORE NULLS) OVER earlier AS earlier
    FROM events
    WINDOW earlier AS (
        PARTITION BY prompt_hash, project, api_key, provider, model, max_output_tokens
        ORDER BY at_ms, is_start, call_id
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    )
)

SELECT
    l.call_id,
    s.cost AS saving,
    l.earlier,
    s.http_status,
    s.error_type,
    l.at_ms - l.ended_ms AS age_ms
FROM looked_back AS l
INNER JOIN sent AS s ON l.call_id = s.call_id
INNER JOIN sent AS e ON l.earlier = e.call_id
WHERE
    l.is_start = 1
    AND l.earlier <> l.call_id
    AND s.outcome > 0
    AND s.prompt_hash NOT IN (SELECT prompt_hash FROM uneven)
    AND s.outcome = e.outcome
    AND NOT coalesce(s.input_tokens <> e.input_tokens, FALSE)
    AND (s.error_type = e.error_type OR '-' IN (s.error_type, e.error_type))
    AND l.at_ms - l.ended_ms <= cast($window_hours AS BIGINT) * 3600000
    AND NOT (coalesce(s.one_id = e.one_id, FALSE) AND s.attempt = e.attempt)
