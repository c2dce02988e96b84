/*
title  = "LiteLLM SpendLogs"
source = "litellm-spend-logs"
holds  = ["json", "csv", "parquet", "table"]
note   = """
The proxy's own table, or an export of it. A date without a zone is UTC, as the database keeps it. The row's id is the
provider's id of the answer; an answer from the proxy's cache borrows that of the call it repeats, so it is no answer of
its own. prompt_tokens counts the prompt cache in, for Anthropic too; the split lies inside metadata, a text that holds
JSON. A stream without usage is logged as success with 0 tokens and 0 spend: its usage is missing, not free; newer
versions count such a stream themselves, which is derived: a provider's own usage of a stream has details. A failed
request is one row, however often it was tried. Requests are kept only where the proxy stores them, cut to a length:
what was cut gives no fingerprint. session_id is the trace; whether the answer was streamed is told only where the first
token came before the end. A row of a retrieved batch stands for all calls of the batch. What is sold by the piece and
states no tokens is told as a quantity; the address called tells the region, where prices differ."""
each   = ["data[]"]

[recognise]
any = [["*.request_id", "*.call_type", "*.startTime", "*.spend", "*.api_key"]]

[table]
names  = ["LiteLLM_SpendLogs"]
cursor = "startTime"

[record]
row_id          = "*.request_id"
call            = "*.litellm_call_id"
call_inside     = "*.metadata{}.litellm_call_id"
trace           = "*.session_id"
call_type       = "*.call_type"
cache_hit       = "*.cache_hit"
provider        = "*.custom_llm_provider"
model           = "*.model"
started         = "*.startTime: instant"
started_text    = "*.startTime"
ended           = "*.endTime: instant"
ended_text      = "*.endTime"
first_token     = "*.completionStartTime: instant"
first_text      = "*.completionStartTime"
input           = "*.prompt_tokens: whole"
output          = "*.completion_tokens: whole"
spend           = "*.spend: money"
status          = "*.status"
status_inside   = "*.metadata{}.status"
error_code      = "*.metadata{}.error_information.error_code"
error_class     = "*.metadata{}.error_information.error_class"
read            = "*.metadata{}.usage_object.prompt_tokens_details.cached_tokens: whole"
read_old        = "*.metadata{}.additional_usage_values.prompt_tokens_details.cached_tokens: whole"
read_oldest     = "*.metadata{}.additional_usage_values.cache_read_input_tokens: whole"
written         = "*.metadata{}.usage_object.prompt_tokens_details.cache_creation_tokens: whole"
written_new     = "*.metadata{}.usage_object.prompt_tokens_details.cache_write_tokens: whole"
written_old     = "*.metadata{}.additional_usage_values.cache_creation_input_tokens: whole"
written_1h      = "*.metadata{}.usage_object.prompt_tokens_details.cache_creation_token_details.ephemeral_1h_input_tokens: whole"
usage           = "*.metadata{}.usage_object: json"
usage_old       = "*.metadata{}.additional_usage_values: json"
reasoning       = "*.metadata{}.usage_object.completion_tokens_details.reasoning_tokens: whole"
reasoning_old   = "*.metadata{}.additional_usage_values.completion_tokens_details.reasoning_tokens: whole"
audio           = "*.metadata{}.usage_object.prompt_tokens_details.audio_tokens: whole"
audio_old       = "*.metadata{}.additional_usage_values.prompt_tokens_details.audio_tokens: whole"
audio_cached    = "*.metadata{}.usage_object.prompt_tokens_details.cached_tokens_details.audio_tokens: whole"
image           = "*.metadata{}.usage_object.prompt_tokens_details.image_tokens: whole"
image_old       = "*.metadata{}.additional_usage_values.prompt_tokens_details.image_tokens: whole"
audio_out       = "*.metadata{}.usage_object.completion_tokens_details.audio_tokens: whole"
audio_out_old   = "*.metadata{}.additional_usage_values.completion_tokens_details.audio_tokens: whole"
image_out       = "*.metadata{}.usage_object.completion_tokens_details.image_tokens: whole"
image_out_old   = "*.metadata{}.additional_usage_values.completion_tokens_details.image_tokens: whole"
searches        = "*.metadata{}.usage_object.prompt_tokens_details.web_search_requests: whole"
searches_old    = "*.metadata{}.additional_usage_values.prompt_tokens_details.web_search_requests: whole"
tool_searches   = "*.metadata{}.usage_object.server_tool_use.web_search_requests: whole"
tool_searched   = "*.metadata{}.additional_usage_values.server_tool_use.web_search_requests: whole"
images          = "*.metadata{}.usage_object.output_image_count: whole"
sound_seconds   = "*.metadata{}.usage_object.seconds: number"
geo             = "*.metadata{}.usage_object.inference_geo"
search_units    = "*.response{}.meta.billed_units.search_units: whole"
pages           = "*.response{}.usage_info.pages_processed: whole"
api_base        = "*.api_base"
location        = "*.metadata{}.cost_breakdown.vertex_location"
usage_details   = "*.metadata{}.usage_object.prompt_tokens_details: json"
usage_tier      = "*.metadata{}.usage_object.service_tier"
priced_tier     = "*.metadata{}.cost_breakdown.service_tier"
key_hash        = "*.api_key"
key_alias       = "*.metadata{}.user_api_key_alias"
team_id         = "*.team_id"
team_alias      = "*.metadata{}.user_api_key_team_alias"
project_id      = "*.metadata{}.user_api_key_project_id"
project_alias   = "*.metadata{}.user_api_key_project_alias"
end_user        = "*.end_user"
key_user        = "*.user"
tags            = "*.request_tags: texts"
body            = "*.proxy_server_request{}: json"
messages        = "*.proxy_server_request{}.messages: json"
body_input      = "*.proxy_server_request{}.input: json"
messages_old    = "*.messages{}: json"
system_prompt   = "*.proxy_server_request{}.system: json"
tools           = "*.proxy_server_request{}.tools: json"
max_tokens      = "*.proxy_server_request{}.max_tokens"
max_completion  = "*.proxy_server_request{}.max_completion_tokens"
max_output      = "*.proxy_server_request{}.max_output_tokens"
stream          = "*.proxy_server_request{}.stream"
answer_model    = "*.response{}.model"
finish          = "*.response{}.choices[0].finish_reason"
*/
SELECT
    -- A time without a zone is UTC here too, though the settings' zone may skip an hour in between.
    try_cast(regexp_replace(started_text, '(:\d\d(\.\d+)?)$', '\1+00') AS TIMESTAMPTZ) AS _started,
    try_cast(regexp_replace(ended_text, '(:\d\d(\.\d+)?)$', '\1+00') AS TIMESTAMPTZ) AS _ended,
    try_cast(regexp_replace(first_text, '(:\d\d(\.\d+)?)$', '\1+00') AS TIMESTAMPTZ) AS _first_token,
    coalesce(_first_token < _ended, first_token < ended) AS _is_streamed,
    coalesce(status, status_inside) AS _status,
    lower(cache_hit) = 'true' AS _from_cache,
    coalesce(priced_tier, usage_tier) AS _tier,
    greatest(input, output) > 0 AS _is_counted,
    _is_counted AND coalesce(usage, usage_old) IS NOT NULL AS _is_detailed,
    CASE WHEN _is_counted THEN input END AS _input,
    coalesce(greatest(input, output), 0) AS _tokens,
    coalesce(tool_searches, tool_searched, searches, searches_old) AS _searches,
    greatest(input, output, spend) > 0 AS _is_priced,
    NOT regexp_matches(coalesce(body, ''), 'redacted-by-litellm|litellm_truncated|truncated by litellm') AS _is_whole,
    coalesce(messages, body_input, messages_old) AS _messages,

    row_id AS call_id,
    CASE
        WHEN _from_cache OR _status = 'failure' THEN NULL
        ELSE nullif(row_id, coalesce(call, call_inside))
    END AS response_id,
    coalesce(call, call_inside, row_id) AS request_id,
    trace AS trace_id,
    CASE
        WHEN regexp_matches(started_text, '(Z|[+-]\d{2}(:?\d{2})?)$') THEN started
        ELSE coalesce(try_cast(started_text AS TIMESTAMP), started)
    END AS started_at,
    coalesce(date_diff('millisecond', _started, _ended), date_diff('millisecond', started, ended)) AS latency_ms,
    CASE
        WHEN _is_streamed
            THEN coalesce(
                date_diff('millisecond', _started, _first_token),
                date_diff('millisecond', started, first_token)
            )
    END AS first_token_ms,
    CASE
        WHEN call_type IN ('completion', 'acompletion', 'anthropic_messages') THEN 'chat'
        WHEN call_type IN ('responses', 'aresponses') THEN 'chat'
        WHEN call_type IN ('text_completion', 'atext_completion') THEN 'text_completion'
        WHEN call_type IN ('embedding', 'aembedding') THEN 'embeddings'
        WHEN call_type IN ('rerank', 'arerank') THEN 'rerank'
        ELSE call_type
    END AS operation,
    CASE
        WHEN provider IN ('bedrock', 'bedrock_converse') THEN 'aws'
        WHEN provider IN ('vertex_ai', 'vertex_ai_beta', 'gemini') THEN 'google'
        ELSE provider
    END AS provider,
    model,
    answer_model AS response_model,
    CASE
        WHEN call_type LIKE '%retrieve_batch' THEN 'batch'
        WHEN _tier IN ('default', 'auto', 'scale') THEN 'standard'
        ELSE _tier
    END AS service_tier,
    CASE
        WHEN
            regexp_matches(
                api_base,
                'dashscope-(intl|us)\.|\.(ap|us|eu|me)-[a-z]+-\d\.maas\.aliyuncs|api\.moonshot\.ai|api\.z\.ai'
                || '|api\.minimax\.io|api\.stepfun\.ai|-intl\.tencentcloudmaas'
            )
            THEN 'intl'
        WHEN geo NOT IN ('global', 'not_available') THEN geo
        ELSE coalesce(
            location,
            nullif(regexp_extract(api_base, '/locations/([^/]+)/', 1), ''),
            nullif(regexp_extract(api_base, 'bedrock[a-z-]*\.([a-z0-9-]+)\.amazonaws', 1), '')
        )
    END AS region,
    coalesce(try_cast(stream AS BOOLEAN), CASE WHEN _is_streamed THEN TRUE END) AS stream,
    try_cast(coalesce(max_completion, max_tokens, max_output) AS BIGINT) AS max_output_tokens,
    _input AS input_tokens,
    CASE WHEN _is_detailed THEN coalesce(read, read_old, read_oldest, 0) END AS cache_read_tokens,
    CASE WHEN _is_detailed THEN coalesce(written, written_new, written_old, 0) END AS cache_write_tokens,
    written_1h AS cache_write_1h_tokens,
    CASE WHEN _is_counted THEN output END AS output_tokens,
    CASE WHEN _is_counted THEN coalesce(reasoning, reasoning_old) END AS reasoning_tokens,
    coalesce(audio, audio_old) AS input_audio_tokens,
    audio_cached AS cache_read_audio_tokens,
    coalesce(audio_out, audio_out_old) AS output_audio_tokens,
    coalesce(image, image_old) AS input_image_tokens,
    coalesce(image_out, image_out_old) AS output_image_tokens,
    CASE
        WHEN _searches > 0 THEN _searches
        WHEN search_units > 0 THEN search_units
        WHEN _tokens > 0 THEN NULL
        WHEN images > 0 THEN images
        WHEN pages > 0 THEN pages
        WHEN sound_seconds > 0 THEN round(sound_seconds * 1000)::BIGINT
    END AS quantity,
    CASE
        WHEN _searches > 0 THEN 'web_searches'
        WHEN search_units > 0 THEN 'search_units'
        WHEN _tokens > 0 THEN NULL
        WHEN images > 0 THEN 'images'
        WHEN pages > 0 THEN 'pages'
        WHEN sound_seconds > 0 THEN 'audio_ms'
    END AS unit,
    CASE
        WHEN _tokens = 0
            THEN CASE WHEN greatest(search_units, images, pages, sound_seconds) > 0 THEN 'reported' ELSE 'missing' END
        WHEN _is_streamed AND usage IS NOT NULL AND usage_details IS NULL AND coalesce(lower(cache_hit), '') <> 'true'
            THEN 'derived'
        ELSE 'reported'
    END AS usage_quality,
    CASE
        WHEN _status = 'failure'
            THEN CASE WHEN error_code = '499' OR error_class LIKE '%Cancel%' THEN 'cancelled' ELSE 'error' END
        WHEN finish IN ('length', 'max_tokens') THEN 'truncated'
        WHEN finish IN ('content_filter', 'refusal') THEN 'filtered'
        -- Older proxies wrote no status: only what had succeeded came into the table.
        ELSE 'ok'
    END AS status,
    coalesce(
        try_cast(error_code AS BIGINT),
        CASE
            WHEN coalesce(status, status_inside, 'success') = 'success' THEN 200
            WHEN error_class IN ('BadRequestError', 'UnsupportedParamsError', 'InvalidRequestError') THEN 400
            WHEN error_class IN ('ContextWindowExceededError', 'ContentPolicyViolationError') THEN 400
            WHEN error_class = 'AuthenticationError' THEN 401
            WHEN error_class = 'PermissionDeniedError' THEN 403
            WHEN error_class = 'NotFoundError' THEN 404
            WHEN error_class = 'Timeout' THEN 408
            WHEN error_class = 'UnprocessableEntityError' THEN 422
            WHEN error_class = 'RateLimitError' THEN 429
            WHEN error_class = 'InternalServerError' THEN 500
            WHEN error_class = 'BadGatewayError' THEN 502
            WHEN error_class = 'ServiceUnavailableError' THEN 503
        END
    ) AS http_status,
    error_class AS error_type,
    finish AS finish_reason,
    _from_cache AS gateway_cache_hit,
    coalesce(project_alias, project_id, team_alias, team_id) AS project,
    coalesce(team_alias, team_id) AS team,
    coalesce(end_user, key_user) AS user_id,
    coalesce(key_alias, key_hash) AS api_key,
    tags,
    CASE
        WHEN _is_whole THEN prompt_hash(system_prompt, _messages, tools, parameters(body))
    END AS prompt_hash,
    CASE WHEN _is_whole THEN template_hash(system_prompt, _messages) END AS template_hash,
    CASE WHEN _is_whole THEN prefix_hash(system_prompt, _messages, tools) END AS prefix_hash,
    CASE WHEN _is_whole THEN prefix_tokens(system_prompt, _messages, tools, _input) END AS prefix_tokens,
    message_count(_messages) AS message_count,
    request_text(system_prompt, _messages, tools) AS prompt,
    CASE WHEN _is_priced THEN spend END AS stated_cost,
    CASE WHEN _is_priced AND spend IS NOT NULL THEN 'USD' END AS stated_currency
FROM records
