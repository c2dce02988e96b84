/*
title  = "Envoy AI Gateway access log"
source = "envoy-ai-gateway"
note   = """
The keys of an access log are the operator's choice: read are the documented ones, flat gen_ai.* names and the older
genai_* names, and the usual headers that say who called. Input tokens hold the prompt cache, for every provider. A
line is one request of a client: retries and fallbacks behind it are not told apart, and a client's own retry may keep
its x-request-id, so the start is part of the identity. The provider is told from the backend's name. A stream whose
client asked for no usage has no tokens: its usage is missing. Costs written by a CEL rule have no stated unit and are
not read. Lines of MCP and other traffic are passed over."""

[recognise]
any = [
  ['"gen_ai.request.model"', "start_time", "response_code"],
  ['"gen_ai.usage.input_tokens"', "start_time", "response_code"],
  ["genai_model_name", "start_time", "response_code"],
  ["mcp_method", "mcp_request_id", "start_time", "response_code"],
]

[record]
started        = "start_time: instant"
started_text   = "start_time"
request        = "x-request-id"
trace_parent   = "traceparent"
session        = '"session.id"'
session_header = "x-session-id"
code           = "response_code"
flags          = "response_flags"
details        = "response_code_details"
duration       = "duration"
path           = "x-envoy-origin-path"
path_plain     = "path"
received       = "bytes_received"
sent           = "bytes_sent"
peer           = "downstream_remote_address"
model          = '"gen_ai.request.model"'
model_old      = "genai_model_name"
override       = '"gen_ai.request.model_override"'
override_old   = "genai_model_name_override"
answer_model   = '"gen_ai.response.model"'
backend        = '"gen_ai.provider.name"'
backend_old    = "genai_backend_name"
operation_name = '"gen_ai.operation.name"'
input          = '"gen_ai.usage.input_tokens": whole'
input_old      = "genai_tokens_input: whole"
output         = '"gen_ai.usage.output_tokens": whole'
output_old     = "genai_tokens_output: whole"
cached         = '"gen_ai.usage.cached_input_tokens": whole'
cached_new     = '"gen_ai.usage.cache_read.input_tokens": whole'
cached_old     = "genai_tokens_cached_input: whole"
written        = '"gen_ai.usage.cache_creation_input_tokens": whole'
written_new    = '"gen_ai.usage.cache_creation.input_tokens": whole'
thought        = '"gen_ai.usage.reasoning_tokens": whole'
thought_new    = '"gen_ai.usage.reasoning.output_tokens": whole'
project        = "project_id"
project_header = "x-project-id"
team           = "team_id"
team_header    = "x-team-id"
user_name      = "user_id"
user_header    = "x-user-id"
key_name       = "api_key_id"
key_header     = "x-api-key-id"
*/
SELECT
    concat_ws(
        '/', coalesce(nullif(request, '-'), md5(concat_ws('|', peer, received, sent, duration))), started_text
    ) AS call_id,
    nullif(request, '-') AS request_id,
    nullif(split_part(trace_parent, '-', 2), '') AS trace_id,
    nullif(coalesce(session, session_header), '-') AS session_id,
    started AS started_at,
    try_cast(duration AS BIGINT) AS latency_ms,
    CASE
        WHEN operation_name IS NOT NULL AND operation_name <> '-' THEN operation_name
        WHEN regexp_matches(coalesce(path, path_plain), '/embeddings($|\?)') THEN 'embeddings'
        WHEN regexp_matches(coalesce(path, path_plain), '/rerank($|\?)') THEN 'rerank'
        WHEN regexp_matches(coalesce(path, path_plain), '/(chat/completions|messages|responses)($|\?)') THEN 'chat'
        WHEN regexp_matches(coalesce(path, path_plain), '/completions($|\?)') THEN 'text_completion'
        WHEN regexp_matches(coalesce(path, path_plain), '/images/') THEN 'image'
        WHEN regexp_matches(coalesce(path, path_plain), '/audio/') THEN 'audio'
        WHEN regexp_matches(coalesce(path, path_plain), 'enerateContent($|\?)') THEN 'chat'
    END AS operation,
    CASE
        WHEN regexp_matches(coalesce(backend, backend_old), 'azure', 'i') THEN 'azure'
        WHEN regexp_matches(coalesce(backend, backend_old), 'bedrock|aws', 'i') THEN 'aws'
        WHEN regexp_matches(coalesce(backend, backend_old), 'gemini|vertex|google|gcp', 'i') THEN 'google'
        WHEN regexp_matches(coalesce(backend, backend_old), 'anthropic|claude', 'i') THEN 'anthropic'
        WHEN regexp_matches(coalesce(backend, backend_old), 'openrouter', 'i') THEN 'openrouter'
        WHEN regexp_matches(coalesce(backend, backend_old), 'openai', 'i') THEN 'openai'
        WHEN regexp_matches(coalesce(backend, backend_old), 'deepseek', 'i') THEN 'deepseek'
        WHEN regexp_matches(coalesce(backend, backend_old), 'mistral', 'i') THEN 'mistral'
        WHEN regexp_matches(coalesce(backend, backend_old), 'groq', 'i') THEN 'groq'
        WHEN contains(coalesce(backend, backend_old), '/route/') THEN split_part(coalesce(backend, backend_old), '/', 2)
        ELSE nullif(coalesce(backend, backend_old), '-')
    END AS provider,
    coalesce(nullif(coalesce(override, override_old), '-'), nullif(coalesce(model, model_old), '-')) AS model,
    nullif(answer_model, '-') AS response_model,
    CASE
        WHEN greatest(input, input_old, output, output_old) > 0 THEN coalesce(input, input_old)
    END AS input_tokens,
    coalesce(cached, cached_new, cached_old) AS cache_read_tokens,
    coalesce(written, written_new) AS cache_write_tokens,
    CASE
        WHEN greatest(input, input_old, output, output_old) > 0 THEN coalesce(output, output_old)
    END AS output_tokens,
    coalesce(thought, thought_new) AS reasoning_tokens,
    CASE WHEN greatest(input, input_old, output, output_old) > 0 THEN 'reported' ELSE 'missing' END AS usage_quality,
    CASE
        WHEN code = '499' OR regexp_matches(flags, '\b(DC|DR)\b') THEN 'cancelled'
        WHEN code = '0' OR try_cast(code AS BIGINT) >= 400 THEN 'error'
        -- The status line was sent, then the upstream broke off or took too long.
        WHEN regexp_matches(flags, '\b(UC|UF|UR|UT|UPE|SI|LR|DT|URX)\b') THEN 'error'
        WHEN try_cast(code AS BIGINT) BETWEEN 100 AND 399 THEN 'ok'
        ELSE 'unknown'
    END AS status,
    nullif(try_cast(code AS BIGINT), 0) AS http_status,
    CASE
        WHEN flags <> '-' THEN flags
        WHEN try_cast(code AS BIGINT) >= 400 AND details NOT IN ('-', 'via_upstream') THEN details
    END AS error_type,
    nullif(coalesce(project, project_header), '-') AS project,
    nullif(coalesce(team, team_header), '-') AS team,
    nullif(coalesce(user_name, user_header), '-') AS user_id,
    nullif(coalesce(key_name, key_header), '-') AS api_key
FROM records
WHERE coalesce(nullif(model, '-'), nullif(model_old, '-'), input::VARCHAR, input_old::VARCHAR) IS NOT NULL
