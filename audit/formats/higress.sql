/*
title  = "Higress access log"
source = "higress"
note   = """
Everything is text: numbers stand in quotes and a dash is no value. What the AI plugins know stands in ai_log, JSON in
a text; before 2024-08 it stood beside the rest. Input counts follow the provider: Claude's exclude its prompt cache and
Gemini's output excludes its thoughts, which is told from the details that are logged with them (set
use_default_response_attributes, or the cache is not seen). The consumer of the authentication plugins is taken for the
project. The provider is told from the upstream's name (llm-NAME.internal), which the operator chose. The question alone
is not the request: it gives no fingerprint, the messages do; other parameters are not logged, so that requests that
differ in those alone look alike. Why an answer ended is not logged, so one that came may have been cut off. Lines of other routes are passed over."""

[recognise]
any = [
  ["ai_log", "start_time", "response_code"],
  ["input_token", "output_token", "start_time", "upstream_cluster"],
]

[record]
started        = "start_time: instant"
started_text   = "start_time"
request        = "request_id"
trace          = "trace_id"
code           = "response_code"
flags          = "response_flags"
details        = "response_code_details"
duration       = "duration"
path           = "path"
cluster        = "upstream_cluster"
authority      = "authority"
received       = "bytes_received"
sent           = "bytes_sent"
peer           = "downstream_remote_address"
route          = "route_name"
consumer_apart = "consumer"
log            = "ai_log{}: json"
consumer       = "ai_log{}.consumer"
user_name      = "ai_log{}.user_id"
model          = "ai_log{}.model"
request_model  = "ai_log{}.request_model"
chat           = "ai_log{}.chat_id"
session        = "ai_log{}.session_id"
kind           = "ai_log{}.response_type"
rounds         = "ai_log{}.chat_round"
input          = "ai_log{}.input_token: whole"
output         = "ai_log{}.output_token: whole"
total          = "ai_log{}.total_token: whole"
first_token    = "ai_log{}.llm_first_token_duration"
cached         = "ai_log{}.cached_tokens"
cached_detail  = "ai_log{}.input_token_details{}.cached_tokens: whole"
cached_gemini  = "ai_log{}.input_token_details{}.cached_content_token_count: whole"
cached_claude  = "ai_log{}.input_token_details{}.cache_read_input_tokens: whole"
written        = "ai_log{}.input_token_details{}.cache_creation_input_tokens: whole"
tool_use       = "ai_log{}.input_token_details{}.tool_use_prompt_token_count: whole"
thought        = "ai_log{}.reasoning_tokens"
thought_detail = "ai_log{}.output_token_details{}.reasoning_tokens: whole"
thought_gemini = "ai_log{}.output_token_details{}.thoughts_token_count: whole"
verdict        = "ai_log{}.safecheck_status"
cache          = "ai_log{}.cache_status"
system         = "ai_log{}.system: json"
messages       = "ai_log{}.messages: json"
tool_calls     = "ai_log{}.tool_calls: json"
old_model      = "model"
old_input      = "input_token"
old_output     = "output_token"
*/
SELECT
    concat_ws(
        '/', coalesce(nullif(request, '-'), md5(concat_ws('|', peer, received, sent, duration))), started_text
    ) AS call_id,
    chat AS response_id,
    nullif(request, '-') AS request_id,
    nullif(trace, '-') AS trace_id,
    session AS session_id,
    started AS started_at,
    try_cast(duration AS BIGINT) AS latency_ms,
    CASE WHEN coalesce(kind, '') <> 'normal' THEN try_cast(first_token AS BIGINT) END AS first_token_ms,
    CASE
        WHEN regexp_matches(path, '/embeddings($|\?)') THEN 'embeddings'
        WHEN regexp_matches(path, '/rerank($|\?)') THEN 'rerank'
        WHEN regexp_matches(path, '/(chat/completions|messages|responses)($|\?)') THEN 'chat'
        WHEN regexp_matches(path, '/completions($|\?)') THEN 'text_completion'
        WHEN regexp_matches(path, '/images/') THEN 'image'
        WHEN regexp_matches(path, '/audio/') THEN 'audio'
        WHEN regexp_matches(path, 'enerateContent($|\?)') THEN 'chat'
    END AS operation,
    CASE
        WHEN regexp_matches(concat_ws(' ', cluster, authority), 'azure', 'i') THEN 'azure'
        WHEN regexp_matches(concat_ws(' ', cluster, authority), 'bedrock|aws', 'i') THEN 'aws'
        WHEN regexp_matches(concat_ws(' ', cluster, authority), 'gemini|vertex|googleapis', 'i') THEN 'google'
        WHEN regexp_matches(concat_ws(' ', cluster, authority), 'anthropic|claude', 'i') THEN 'anthropic'
        WHEN regexp_matches(concat_ws(' ', cluster, authority), 'openrouter', 'i') THEN 'openrouter'
        WHEN regexp_matches(concat_ws(' ', cluster, authority), 'deepseek', 'i') THEN 'deepseek'
        WHEN regexp_matches(concat_ws(' ', cluster, authority), 'dashscope|llm-(aliyun|qwen)', 'i') THEN 'dashscope'
        WHEN regexp_matches(concat_ws(' ', cluster, authority), 'openai', 'i') THEN 'openai'
        WHEN regexp_matches(cluster, 'llm-.+\.internal') THEN regexp_extract(cluster, 'llm-(.+)\.internal', 1)
        ELSE nullif(regexp_replace(split_part(cluster, '|', -1), '\.(dns|static)$', ''), '-')
    END AS provider,
    CASE
        WHEN lower(request_model) NOT IN ('unknown', '-') THEN request_model
        WHEN lower(coalesce(model, old_model)) NOT IN ('unknown', '-') THEN coalesce(model, old_model)
    END AS model,
    CASE WHEN lower(coalesce(model, old_model)) NOT IN ('unknown', '-') THEN coalesce(model, old_model) END
        AS response_model,
    CASE
        WHEN kind = 'stream' THEN TRUE
        WHEN kind = 'normal' THEN FALSE
        WHEN first_token IS NOT NULL THEN TRUE
    END AS stream,
    CASE
        WHEN greatest(input, output, try_cast(old_input AS BIGINT), try_cast(old_output AS BIGINT)) > 0
            THEN
                coalesce(input, try_cast(old_input AS BIGINT)) + coalesce(tool_use, 0)
                + CASE
                    -- Claude counts its prompt cache beside the input, others within it: the total tells.
                    WHEN cached_claude IS NULL AND written IS NULL THEN 0
                    WHEN
                        coalesce(
                            total < input + output + coalesce(cached_claude, 0) + coalesce(written, 0),
                            cached_claude IS NULL
                        )
                        THEN 0
                    ELSE coalesce(cached_claude, 0) + coalesce(written, 0)
                END
    END AS input_tokens,
    coalesce(cached_claude, cached_detail, cached_gemini, try_cast(cached AS BIGINT)) AS cache_read_tokens,
    written AS cache_write_tokens,
    CASE
        WHEN greatest(input, output, try_cast(old_input AS BIGINT), try_cast(old_output AS BIGINT)) > 0
            THEN coalesce(output, try_cast(old_output AS BIGINT)) + coalesce(thought_gemini, 0)
    END AS output_tokens,
    coalesce(thought_gemini, thought_detail, try_cast(thought AS BIGINT)) AS reasoning_tokens,
    CASE
        WHEN greatest(input, output, try_cast(old_input AS BIGINT), try_cast(old_output AS BIGINT)) > 0 THEN 'reported'
        ELSE 'missing'
    END AS usage_quality,
    CASE
        WHEN verdict LIKE '%deny%' THEN 'filtered'
        WHEN code = '499' OR regexp_matches(flags, '\b(DC|DR)\b') THEN 'cancelled'
        WHEN code = '0' OR try_cast(code AS BIGINT) >= 400 THEN 'error'
        -- The status line was sent, then the upstream broke off or took too long.
        WHEN regexp_matches(flags, '\b(UC|UF|UR|UT|UPE|SI|LR|DT|URX)\b') THEN 'error'
        -- An answer that came may have been cut off: its end is not logged.
        ELSE 'unknown'
    END AS status,
    nullif(try_cast(code AS BIGINT), 0) AS http_status,
    CASE
        WHEN flags <> '-' THEN flags
        WHEN try_cast(code AS BIGINT) >= 400 AND details NOT IN ('-', 'via_upstream') THEN details
    END AS error_type,
    CASE WHEN cache IS NOT NULL THEN cache = 'hit' END AS gateway_cache_hit,
    CASE WHEN lower(coalesce(consumer, consumer_apart)) NOT IN ('-', 'none') THEN coalesce(consumer, consumer_apart) END
        AS project,
    user_name AS user_id,
    CASE WHEN lower(coalesce(consumer, consumer_apart)) NOT IN ('-', 'none') THEN coalesce(consumer, consumer_apart) END
        AS api_key,
    nullif(route, '-') AS task,
    CASE WHEN NOT contains(concat(system, messages), '[truncated]') THEN prompt_hash(system, messages, NULL, NULL) END
        AS prompt_hash,
    CASE WHEN NOT contains(concat(system, messages), '[truncated]') THEN template_hash(system, messages) END
        AS template_hash,
    CASE WHEN NOT contains(concat(system, messages), '[truncated]') THEN prefix_hash(system, messages, NULL) END
        AS prefix_hash,
    CASE
        WHEN NOT contains(concat(system, messages), '[truncated]') THEN prefix_tokens(system, messages, NULL, input)
    END
        AS prefix_tokens,
    CASE WHEN NOT contains(messages, '[truncated]') THEN message_count(messages) END AS message_count,
    CASE WHEN json_type(tool_calls) = 'ARRAY' THEN json_array_length(tool_calls) END AS tool_calls,
    CASE WHEN NOT contains(concat(system, messages), '[truncated]') THEN request_text(system, messages, NULL) END
        AS prompt
FROM records
WHERE
    NOT coalesce(regexp_matches(path, '/models($|\?)'), FALSE)
    AND (
        coalesce(model, request_model, chat, kind, rounds, verdict, cache, input::VARCHAR) IS NOT NULL
        OR try_cast(old_input AS BIGINT) IS NOT NULL
    )
