/*
title  = "LiteLLM StandardLoggingPayload"
source = "litellm"
note   = """
prompt_tokens counts the prompt cache in, for Anthropic too. A stream without usage is logged as success with
0 tokens and 0 cost: its usage is missing, not free; newer versions count such a stream themselves, which is derived: a
provider's own usage of a stream has details. An answer from LiteLLM's own cache bears the id of the answer it repeats:
it is no answer of the provider's. A failed try of a call that the proxy retries shares the id of its other failed
tries, so its start is part of its identity. Messages that LiteLLM redacted or cut short all look alike: they give no
fingerprint. model_parameters holds what LiteLLM knows by name: a parameter of one provider's own may be missing from
it, and with it from the fingerprint. What is sold by the piece and states no tokens (images, pages, sound, a rerank's
search units) is told as a quantity; the address called tells the region, where prices differ."""

[recognise]
any = [["id", "call_type", "startTime", "response_cost", "model_parameters"]]

[record]
id               = "id"
proxy_call       = "litellm_call_id"
trace            = "trace_id"
session          = "session_id"
call_type        = "call_type"
cache_hit        = "cache_hit"
stream           = "stream: flag"
status           = "status"
provider         = "custom_llm_provider"
started          = "startTime: instant"
started_text     = "startTime"
ended            = "endTime: instant"
first_token      = "completionStartTime: instant"
model            = "model"
input            = "prompt_tokens: whole"
output           = "completion_tokens: whole"
cache_read       = "metadata.usage_object.prompt_tokens_details.cached_tokens: whole"
cache_write      = "metadata.usage_object.prompt_tokens_details.cache_creation_tokens: whole"
cache_write_new  = "metadata.usage_object.prompt_tokens_details.cache_write_tokens: whole"
cache_write_old  = "metadata.usage_object.cache_creation_input_tokens: whole"
cache_write_1h   = "metadata.usage_object.prompt_tokens_details.cache_creation_token_details.ephemeral_1h_input_tokens: whole"
reasoning        = "metadata.usage_object.completion_tokens_details.reasoning_tokens: whole"
audio            = "metadata.usage_object.prompt_tokens_details.audio_tokens: whole"
audio_cached     = "metadata.usage_object.prompt_tokens_details.cached_tokens_details.audio_tokens: whole"
image            = "metadata.usage_object.prompt_tokens_details.image_tokens: whole"
audio_out        = "metadata.usage_object.completion_tokens_details.audio_tokens: whole"
image_out        = "metadata.usage_object.completion_tokens_details.image_tokens: whole"
searches         = "metadata.usage_object.prompt_tokens_details.web_search_requests: whole"
tool_searches    = "metadata.usage_object.server_tool_use.web_search_requests: whole"
images           = "metadata.usage_object.output_image_count: whole"
sound_seconds    = "metadata.usage_object.seconds: number"
geo              = "metadata.usage_object.inference_geo"
search_units     = "response.meta.billed_units.search_units: whole"
pages            = "response.usage_info.pages_processed: whole"
api_base         = "api_base"
location         = "cost_breakdown.vertex_location"
usage_details    = "metadata.usage_object.prompt_tokens_details: json"
usage_tier       = "metadata.usage_object.service_tier"
served_tier      = "response.service_tier"
asked_tier       = "model_parameters.service_tier"
cost             = "response_cost: money"
key_hash         = "metadata.user_api_key_hash"
key_alias        = "metadata.user_api_key_alias"
team_id          = "metadata.user_api_key_team_id"
team_alias       = "metadata.user_api_key_team_alias"
key_user         = "metadata.user_api_key_user_id"
project_id       = "metadata.user_api_key_project_id"
project_alias    = "metadata.user_api_key_project_alias"
end_user         = "end_user"
tags             = "request_tags: texts"
max_tokens       = "model_parameters.max_tokens: whole"
max_completion   = "model_parameters.max_completion_tokens: whole"
max_output       = "model_parameters.max_output_tokens: whole"
instructions     = "model_parameters.instructions"
tools            = "model_parameters.tools: json"
asked            = "model_parameters: json"
built_in         = "standard_built_in_tools_params: json"
error_code       = "error_information.error_code"
error_class      = "error_information.error_class"
messages         = "messages: json"
answer_id        = "response.id"
answer_model     = "response.model"
finish           = "response.choices[0].finish_reason"
answer_status    = "response.status"
incomplete       = "response.incomplete_details.reason"
*/
SELECT
    greatest(input, output) > 0 AS _is_counted,
    CASE WHEN _is_counted THEN input END AS _input,
    coalesce(greatest(input, output), 0) AS _tokens,
    coalesce(tool_searches, searches) AS _searches,
    lower(cache_hit) = 'true' AS _from_cache,
    greatest(input, output, cost) > 0 AS _is_priced,
    CASE WHEN NOT regexp_matches(messages, 'redacted-by-litellm|truncated by litellm') THEN messages END AS _messages,

    CASE WHEN status = 'failure' THEN concat_ws('/', id, started_text) ELSE id END AS call_id,
    CASE WHEN _from_cache THEN NULL ELSE answer_id END AS response_id,
    coalesce(proxy_call, id) AS request_id,
    trace AS trace_id,
    session AS session_id,
    started AS started_at,
    date_diff('millisecond', started, ended) AS latency_ms,
    -- Where nothing came, the end stands for the first token.
    CASE WHEN stream AND first_token < ended THEN date_diff('millisecond', started, first_token) END
        AS first_token_ms,
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
        WHEN coalesce(served_tier, usage_tier, asked_tier) IN ('default', 'auto', 'scale') THEN 'standard'
        ELSE coalesce(served_tier, usage_tier, asked_tier, 'standard')
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
    coalesce(stream, FALSE) AS stream,
    coalesce(max_completion, max_output, max_tokens) AS max_output_tokens,
    _input AS input_tokens,
    CASE WHEN _is_counted THEN coalesce(cache_read, 0) END AS cache_read_tokens,
    CASE WHEN _is_counted THEN coalesce(cache_write, cache_write_new, cache_write_old, 0) END AS cache_write_tokens,
    cache_write_1h AS cache_write_1h_tokens,
    CASE WHEN _is_counted THEN output END AS output_tokens,
    CASE WHEN _is_counted THEN reasoning END AS reasoning_tokens,
    audio AS input_audio_tokens,
    audio_cached AS cache_read_audio_tokens,
    audio_out AS output_audio_tokens,
    image AS input_image_tokens,
    image_out AS output_image_tokens,
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
        WHEN stream AND usage_details IS NULL AND coalesce(lower(cache_hit), '') <> 'true' THEN 'derived'
        ELSE 'reported'
    END AS usage_quality,
    CASE
        WHEN status = 'failure' AND (error_code = '499' OR error_class LIKE '%Cancel%') THEN 'cancelled'
        WHEN status = 'failure' THEN 'error'
        WHEN finish IN ('length', 'max_tokens') OR incomplete = 'max_output_tokens' THEN 'truncated'
        WHEN finish IN ('content_filter', 'refusal') OR incomplete = 'content_filter' THEN 'filtered'
        WHEN answer_status = 'failed' THEN 'error'
        WHEN answer_status = 'cancelled' THEN 'cancelled'
        WHEN status = 'success' THEN 'ok'
        ELSE 'unknown'
    END AS status,
    coalesce(
        try_cast(error_code AS BIGINT),
        CASE
            WHEN status = 'success' THEN 200
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
    coalesce(finish, incomplete) AS finish_reason,
    _from_cache AS gateway_cache_hit,
    coalesce(project_alias, project_id, team_alias, team_id) AS project,
    coalesce(team_alias, team_id) AS team,
    coalesce(end_user, key_user) AS user_id,
    coalesce(key_alias, key_hash) AS api_key,
    tags,
    prompt_hash(instructions, _messages, tools, concat_ws(chr(31), parameters(asked), parameters(built_in)))
        AS prompt_hash,
    template_hash(instructions, _messages) AS template_hash,
    prefix_hash(instructions, _messages, tools) AS prefix_hash,
    prefix_tokens(instructions, _messages, tools, _input) AS prefix_tokens,
    message_count(_messages) AS message_count,
    CASE WHEN _is_priced THEN cost END AS stated_cost,
    CASE WHEN _is_priced AND cost IS NOT NULL THEN 'USD' END AS stated_currency,
    request_text(instructions, _messages, tools) AS prompt
FROM records
