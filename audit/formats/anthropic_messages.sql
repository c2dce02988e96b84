/*
title  = "Anthropic messages"
source = "anthropic-messages"
note   = """
An answer of this interface states no time: it is read where the program that logged it wrote one beside it
(started_at, timestamp, created_at or time), on a line that is the answer, or that holds it under response with the
request under request (objects, or texts of JSON). Without a time the line is rejected, and so is each answer among a
message batch's results, for which the provider's usage report has to do. A batch's request that failed cost nothing and
is passed over. Input counts exclude the prompt cache in the answer and include it in the call. Thinking is part of the
output, and told apart by newer answers. Where it was served is told where it is not anywhere in the world. The same interface is spoken by clouds and other providers; the id's beginning or the model tells which."""

[recognise]
any = [
  ["id", "type", "role", "model", "content", "stop_reason", "usage.input_tokens"],
  ["response{}.id", "response{}.type", "response{}.model", "response{}.content", "response{}.stop_reason"],
  ["request", "response{}.id", "response{}.type", "response{}.model", "response{}.content", "response{}.stop_reason"],
  ["request{}.messages", "response{}.type", "response{}.error.type"],
  ["custom_id", "result.type", "result.message.usage"],
  ["custom_id", "result.type"],
]

[record]
id              = "id"
kind            = "type"
model           = "model"
finish          = "stop_reason"
content         = "content: json"
fresh           = "usage.input_tokens: whole"
read            = "usage.cache_read_input_tokens: whole"
written         = "usage.cache_creation_input_tokens: whole"
written_1h      = "usage.cache_creation.ephemeral_1h_input_tokens: whole"
output          = "usage.output_tokens: whole"
tier            = "usage.service_tier"
speed           = "usage.speed"
thought         = "usage.output_tokens_details.thinking_tokens: whole"
searches        = "usage.server_tool_use.web_search_requests: whole"
served_in       = "usage.inference_geo"
answer_id       = "response{}.id"
answer_kind     = "response{}.type"
answer_model    = "response{}.model"
answer_finish   = "response{}.stop_reason"
answer_content  = "response{}.content: json"
answer_fresh    = "response{}.usage.input_tokens: whole"
answer_read     = "response{}.usage.cache_read_input_tokens: whole"
answer_written  = "response{}.usage.cache_creation_input_tokens: whole"
answer_1h       = "response{}.usage.cache_creation.ephemeral_1h_input_tokens: whole"
answer_output   = "response{}.usage.output_tokens: whole"
answer_tier     = "response{}.usage.service_tier"
answer_speed    = "response{}.usage.speed"
answer_thought  = "response{}.usage.output_tokens_details.thinking_tokens: whole"
answer_searches = "response{}.usage.server_tool_use.web_search_requests: whole"
answer_in       = "response{}.usage.inference_geo"
error_type      = "response{}.error.type"
error_request   = "response{}.request_id"
batched         = "result.type"
batch_id        = "result.message.id"
batch_model     = "result.message.model"
batch_finish    = "result.message.stop_reason"
batch_fresh     = "result.message.usage.input_tokens: whole"
batch_read      = "result.message.usage.cache_read_input_tokens: whole"
batch_written   = "result.message.usage.cache_creation_input_tokens: whole"
batch_1h        = "result.message.usage.cache_creation.ephemeral_1h_input_tokens: whole"
batch_output    = "result.message.usage.output_tokens: whole"
batch_thought   = "result.message.usage.output_tokens_details.thinking_tokens: whole"
batch_searches  = "result.message.usage.server_tool_use.web_search_requests: whole"
batch_in        = "result.message.usage.inference_geo"
asked_model     = "request{}.model"
request         = "request{}: json"
system          = "request{}.system: json"
messages        = "request{}.messages: json"
tools           = "request{}.tools: json"
max_tokens      = "request{}.max_tokens"
stream          = "request{}.stream"
asked_user      = "request{}.metadata.user_id"
request_id      = "request_id"
client_id       = "_request_id"
started         = "started_at: instant"
stamp           = "timestamp: instant"
created_at      = "created_at: instant"
time            = "time: instant"
latency         = "latency_ms"
duration        = "duration_ms"
status_code     = "status_code"
trace           = "trace_id"
session         = "session_id"
user_id         = "user_id"
project         = "project"
environment     = "environment"
*/
SELECT
    coalesce(batch_id, answer_id, id) AS _id,
    coalesce(asked_model, batch_model, answer_model, model) AS _model,
    coalesce(batch_in, answer_in, served_in) AS _served_in,
    coalesce(batch_finish, answer_finish, finish) AS _finish,
    coalesce(batch_fresh, answer_fresh, fresh) AS _fresh,
    coalesce(batch_output, answer_output, output) AS _output,
    greatest(
        batch_fresh, answer_fresh, fresh, batch_output, answer_output, output, batch_read, answer_read, read,
        batch_written, answer_written, written
    ) AS _most_counted,
    coalesce(batch_searches, answer_searches, searches) AS _searches,
    try_cast(status_code AS BIGINT) AS _http_status,

    coalesce(batch_id, answer_id, request_id, client_id, error_request, id) AS call_id,
    coalesce(batch_id, answer_id, CASE WHEN kind = 'message' THEN id END) AS response_id,
    coalesce(request_id, client_id, error_request) AS request_id,
    trace AS trace_id,
    session AS session_id,
    coalesce(started, stamp, created_at, time) AS started_at,
    try_cast(coalesce(latency, duration) AS BIGINT) AS latency_ms,
    'chat' AS operation,
    CASE
        WHEN starts_with(_id, 'msg_bdrk_') THEN 'aws'
        WHEN starts_with(_id, 'msg_vrtx_') THEN 'google'
        WHEN starts_with(_model, 'claude-') THEN 'anthropic'
        WHEN starts_with(_model, 'deepseek-') THEN 'deepseek'
        WHEN starts_with(_model, 'kimi-') THEN 'moonshotai'
    END AS provider,
    _model AS model,
    coalesce(batch_model, answer_model, model) AS response_model,
    CASE
        WHEN batched IS NOT NULL THEN 'batch'
        WHEN coalesce(answer_speed, speed) = 'fast' THEN 'fast'
        ELSE coalesce(answer_tier, tier)
    END AS service_tier,
    CASE WHEN _served_in NOT IN ('global', 'not_available') THEN _served_in END AS region,
    try_cast(stream AS BOOLEAN) AS stream,
    try_cast(max_tokens AS BIGINT) AS max_output_tokens,
    nullif(
        _fresh
        + coalesce(batch_read, answer_read, read, 0)
        + coalesce(batch_written, answer_written, written, 0),
        0
    ) AS input_tokens,
    coalesce(batch_read, answer_read, read) AS cache_read_tokens,
    coalesce(batch_written, answer_written, written) AS cache_write_tokens,
    coalesce(batch_1h, answer_1h, written_1h) AS cache_write_1h_tokens,
    CASE WHEN _most_counted > 0 THEN _output END AS output_tokens,
    coalesce(batch_thought, answer_thought, thought) AS reasoning_tokens,
    nullif(_searches, 0) AS quantity,
    CASE WHEN _searches > 0 THEN 'web_searches' END AS unit,
    CASE
        WHEN coalesce(_most_counted, 0) = 0 THEN 'missing'
        WHEN _fresh IS NULL OR _output IS NULL THEN 'partial'
        ELSE 'reported'
    END AS usage_quality,
    CASE
        WHEN error_type IS NOT NULL OR _http_status >= 400 THEN 'error'
        WHEN _finish IN ('max_tokens', 'model_context_window_exceeded') THEN 'truncated'
        WHEN _finish = 'refusal' THEN 'filtered'
        WHEN _finish IS NOT NULL THEN 'ok'
        ELSE 'unknown'
    END AS status,
    _http_status AS http_status,
    error_type,
    _finish AS finish_reason,
    project,
    coalesce(user_id, asked_user) AS user_id,
    environment,
    prompt_hash(system, messages, tools, parameters(request)) AS prompt_hash,
    template_hash(system, messages) AS template_hash,
    prefix_hash(system, messages, tools) AS prefix_hash,
    prefix_tokens(
        system, messages, tools,
        coalesce(answer_fresh, fresh) + coalesce(answer_read, read, 0) + coalesce(answer_written, written, 0)
    ) AS prefix_tokens,
    message_count(messages) AS message_count,
    length(
        list_filter(
            json_extract_string(try_cast(coalesce(answer_content, content) AS JSON), '$[*].type'),
            LAMBDA kind_of: kind_of = 'tool_use'
        )
    ) AS tool_calls,
    request_text(system, messages, tools) AS prompt
FROM records
WHERE
    batched = 'succeeded'
    OR (batched IS NULL AND 'message' IN (kind, answer_kind))
    OR error_type IS NOT NULL
    OR _http_status >= 400
