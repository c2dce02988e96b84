/*
title  = "Cohere answers, and reranks"
source = "cohere"
note   = """
Answers of Cohere's interfaces (chat, embed, rerank, in both versions), and of reranks that other providers give in the
same way, on a line of a program's own that holds the answer under response and the request under request (objects, or
texts of JSON), or on which the program wrote a time beside the answer (started_at, timestamp, created_at). No answer
states a time, and most state no model: it stands in the request. What is counted is what is billed; what the
provider's own prompt adds to that is not. A rerank is sold by search units, by tokens where the provider counts those.
An address that the program wrote (base_url, api_base) tells the provider, else the model's name does."""

[recognise]
any = [
  ["request", "response{}.usage.billed_units"],
  ["response{}.id", "response{}.usage.billed_units"],
  ["request", "response{}.meta.billed_units"],
  ["response{}.id", "response{}.meta.billed_units"],
  ["request", "response{}.results", "response{}.usage.total_tokens"],
  ["id", "finish_reason", "message", "usage.billed_units"],
  ["id", "meta.billed_units"],
  ["model", "results", "usage.total_tokens"],
]

[record]
id              = "id"
generation      = "generation_id"
model           = "model"
finish          = "finish_reason"
results         = "results: json"
embeddings      = "embeddings: json"
calls           = "message.tool_calls: json"
input           = "usage.billed_units.input_tokens: whole"
output          = "usage.billed_units.output_tokens: whole"
cached          = "usage.cached_tokens: whole"
total           = "usage.total_tokens: whole"
v1_input        = "meta.billed_units.input_tokens: whole"
v1_output       = "meta.billed_units.output_tokens: whole"
units           = "meta.billed_units.search_units: whole"
images          = "meta.billed_units.images: whole"
a_id            = "response{}.id"
a_generation    = "response{}.generation_id"
a_model         = "response{}.model"
a_finish        = "response{}.finish_reason"
a_results       = "response{}.results: json"
a_embeddings    = "response{}.embeddings: json"
a_calls         = "response{}.message.tool_calls: json"
a_input         = "response{}.usage.billed_units.input_tokens: whole"
a_output        = "response{}.usage.billed_units.output_tokens: whole"
a_cached        = "response{}.usage.cached_tokens: whole"
a_total         = "response{}.usage.total_tokens: whole"
a_v1_input      = "response{}.meta.billed_units.input_tokens: whole"
a_v1_output     = "response{}.meta.billed_units.output_tokens: whole"
a_units         = "response{}.meta.billed_units.search_units: whole"
a_images        = "response{}.meta.billed_units.images: whole"
asked_model     = "request{}.model"
request         = "request{}: json"
preamble        = "request{}.preamble"
messages        = "request{}.messages: json"
message         = "request{}.message"
query           = "request{}.query"
documents       = "request{}.documents: json"
texts           = "request{}.texts: json"
tools           = "request{}.tools: json"
max_tokens      = "request{}.max_tokens"
stream          = "request{}.stream"
base_url        = "base_url"
api_base        = "api_base"
request_id      = "request_id"
started         = "started_at: instant"
start_time      = "start_time: instant"
stamp           = "timestamp: instant"
created_at      = "created_at: instant"
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
    coalesce(base_url, api_base) AS _address,
    coalesce(asked_model, a_model, model) AS _model,
    coalesce(messages, message, documents, texts) AS _asked,
    coalesce(a_finish, finish) AS _finish,
    coalesce(a_finish, finish, a_results, results, a_embeddings, embeddings) AS _outcome,
    greatest(a_units, units) AS _units,
    greatest(a_images, images) AS _images,
    greatest(
        a_input, input, a_v1_input, v1_input, a_total, total, a_output, output, a_v1_output, v1_output, a_units, units,
        a_images, images
    ) AS _most_counted,
    try_cast(status_code AS BIGINT) AS _http_status,

    coalesce(
        a_id, a_generation, generation, request_id, id,
        md5(concat_ws(
            '/', started, start_time, stamp, created_at, asked_model, messages, message, query, documents, texts
        ))
    ) AS call_id,
    coalesce(
        a_id, a_generation, generation, CASE WHEN coalesce(finish, results, embeddings) IS NOT NULL THEN id END
    ) AS response_id,
    request_id,
    trace AS trace_id,
    session AS session_id,
    coalesce(started, start_time, stamp, created_at) AS started_at,
    try_cast(coalesce(latency, duration) AS BIGINT) AS latency_ms,
    CASE
        WHEN coalesce(results, a_results, query) IS NOT NULL OR _units > 0 THEN 'rerank'
        WHEN coalesce(embeddings, a_embeddings, texts) IS NOT NULL THEN 'embeddings'
        ELSE 'chat'
    END AS operation,
    CASE
        WHEN contains(_address, 'cohere.') THEN 'cohere'
        WHEN contains(_address, '.azure.com') THEN 'azure'
        WHEN contains(_address, 'jina.ai') THEN 'jina'
        WHEN contains(_address, 'voyageai.com') THEN 'voyageai'
        WHEN contains(_address, 'siliconflow') THEN 'siliconflow'
        WHEN regexp_matches(_address, 'dashscope|\.maas\.aliyuncs\.com') THEN 'dashscope'
        WHEN regexp_matches(_model, '^(command-|c4ai-|embed-|rerank-(v\d|english|multilingual))') THEN 'cohere'
        WHEN starts_with(_model, 'jina-') THEN 'jina'
        WHEN regexp_matches(_model, '^(gte-rerank|qwen3-rerank)') THEN 'dashscope'
    END AS provider,
    _model AS model,
    coalesce(a_model, CASE WHEN results IS NOT NULL THEN model END) AS response_model,
    CASE
        WHEN regexp_matches(_address, 'dashscope-(intl|us)\.|\.(ap|us|eu|me)-[a-z]+-\d\.maas\.aliyuncs\.com')
            THEN 'intl'
    END AS region,
    try_cast(stream AS BOOLEAN) AS stream,
    try_cast(max_tokens AS BIGINT) AS max_output_tokens,
    nullif(coalesce(a_input, input, a_v1_input, v1_input, a_total, total), 0) AS input_tokens,
    coalesce(a_cached, cached) AS cache_read_tokens,
    CASE
        WHEN coalesce(results, a_results, query, embeddings, a_embeddings, texts) IS NULL
            THEN coalesce(a_output, output, a_v1_output, v1_output)
    END AS output_tokens,
    CASE
        WHEN _units > 0 THEN _units
        ELSE nullif(_images, 0)
    END AS quantity,
    CASE
        WHEN _units > 0 THEN 'search_units'
        WHEN _images > 0 THEN 'images'
    END AS unit,
    CASE
        WHEN _most_counted > 0 THEN 'reported'
        ELSE 'missing'
    END AS usage_quality,
    CASE
        WHEN _http_status >= 400 THEN 'error'
        WHEN lower(_finish) IN ('max_tokens', 'error_limit') THEN 'truncated'
        WHEN lower(_finish) = 'error_toxic' THEN 'filtered'
        WHEN lower(_finish) IN ('error', 'timeout') THEN 'error'
        WHEN lower(_finish) = 'user_cancel' THEN 'cancelled'
        WHEN _outcome IS NOT NULL THEN 'ok'
        ELSE 'unknown'
    END AS status,
    _http_status AS http_status,
    _finish AS finish_reason,
    project,
    user_id,
    environment,
    prompt_hash(preamble, _asked, tools, parameters(request)) AS prompt_hash,
    template_hash(preamble, coalesce(messages, message)) AS template_hash,
    prefix_hash(preamble, messages, tools) AS prefix_hash,
    prefix_tokens(preamble, messages, tools, coalesce(a_input, input, a_v1_input, v1_input)) AS prefix_tokens,
    message_count(messages) AS message_count,
    json_array_length(try_cast(coalesce(a_calls, calls) AS JSON)) AS tool_calls,
    request_text(preamble, _asked, tools) AS prompt
FROM records
WHERE
    _most_counted IS NOT NULL
    OR _outcome IS NOT NULL
    OR _http_status >= 400
