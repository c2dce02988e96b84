/*
title   = "Health probes that are paid for"
grade   = "proven"
because = "{calls:probe|probes}: key {subject} sends {model} the same small prompt every {beat_ms}, {day_calls} times on {probe_day} alone, {input_tokens} tokens in each time."
fix     = "Let the monitor of {project} ask what is free (the list of models, the provider's status page, the error rate of real calls), or probe every few hours only, and not while real calls get answers."
precedence = 50
needs = ["prompt_hash", "api_key", "input_tokens"]
shared = ["searching_models"]
note    = """
One prompt that one key sends one model of one project, day by day in the company's time zone: often enough, and on a
beat. A beat is regular if nine gaps in ten are within a fifth of the day's median gap: people, retries and short
texts that are classified keep none. One prompt has one length; a fingerprint that goes with several is no prompt's.
The whole day's calls make the beat, failed ones too; flagged are those that cost something and stayed small. All of
them are waste, the day's first too: that a model answers, its free list of models and the company's own calls say as
well. A free model's probes cost nothing.

min_a_day: 24, once an hour; a check that is rarer may be a job.
max_input_tokens, max_output_tokens: 20 and 20; a probe says "ping", and work is longer.
tolerance_share: 0.2, because monitors add jitter of a tenth; regular_share: 0.9, for restarts and missed beats.
min_gap_ms: ten seconds, the shortest beat a monitor has by default; what comes faster is a load test or a loop."""

[params]
min_a_day         = 24
max_input_tokens  = 20
max_output_tokens = 20
tolerance_share   = 0.2
regular_share     = 0.9
min_gap_ms        = 9000

[zh]
title   = "付费的健康探测"
because = "共 {calls} 次探测：密钥 {subject} 每隔 {beat_ms}就向 {model} 发送同一条简短提示词，仅 {probe_day} 就发了 {day_calls} 次，每次输入 {input_tokens} 个 token。"
fix     = "让 {project} 的监控改用免费的途径（模型列表接口、供应商状态页、真实调用的错误率），或改为每隔几小时一次，且真实调用正常时不再探测。"
*/
WITH small AS (
    SELECT
        call_id,
        project,
        api_key,
        model,
        prompt_hash,
        day,
        input_tokens,
        output_tokens - coalesce(reasoning_tokens, 0) AS output_tokens,
        cost,
        epoch_ms(started_at) AS start_ms
    FROM calls
    WHERE
        input_tokens <= $max_input_tokens
        AND prompt_hash IS NOT NULL
        AND api_key IS NOT NULL
        AND coalesce(operation, 'chat') IN ('chat', 'text_completion', 'generate_content', 'completion', 'responses')
        AND coalesce(quantity, 0) = 0
        AND NOT regexp_matches(model, $searching_models)
),

often AS (
    SELECT
        project,
        api_key,
        model,
        prompt_hash,
        day,
        count(*) AS day_calls
    FROM small
    GROUP BY project, api_key, model, prompt_hash, day
    HAVING count(*) >= $min_a_day AND min(input_tokens) = max(input_tokens)
),

spaced AS (
    SELECT
        s.call_id,
        s.project,
        s.api_key,
        s.model,
        s.prompt_hash,
        s.day,
        s.input_tokens,
        s.output_tokens,
        s.cost,
        o.day_calls,
        s.start_ms - (lag(s.start_ms) OVER (
            PARTITION BY s.project, s.api_key, s.model, s.prompt_hash, s.day
            ORDER BY s.start_ms, s.call_id
        )) AS gap_ms
    FROM small AS s
    INNER JOIN often AS o
        ON
            s.prompt_hash = o.prompt_hash
            AND s.api_key = o.api_key
            AND s.model = o.model
            AND s.day = o.day
            AND s.project IS NOT DISTINCT FROM o.project
),

measured AS (
    SELECT
        call_id,
        project,
        api_key,
        model,
        prompt_hash,
        day,
        input_tokens,
        output_tokens,
        cost,
        day_calls,
        gap_ms,
        median(gap_ms) OVER (PARTITION BY project, api_key, model, prompt_hash, day) AS beat_ms
    FROM spaced
),

beating AS (
    SELECT
        call_id,
        api_key,
        model,
        day,
        input_tokens,
        output_tokens,
        cost,
        day_calls,
        beat_ms,
        avg(CASE
            WHEN abs(gap_ms - beat_ms) <= $tolerance_share * beat_ms THEN 1.0
            WHEN abs(gap_ms - beat_ms) > $tolerance_share * beat_ms THEN 0.0
        END) OVER (PARTITION BY project, api_key, model, prompt_hash, day) AS regular_share
    FROM measured
)

SELECT
    call_id,
    cost AS saving,
    api_key AS subject,
    model,
    cast(round(beat_ms) AS BIGINT) AS beat_ms,
    day_calls,
    day AS probe_day,
    input_tokens
FROM beating
WHERE
    cost > 0
    AND coalesce(output_tokens, 0) <= $max_output_tokens
    AND beat_ms >= $min_gap_ms
    AND regular_share >= $regular_share
