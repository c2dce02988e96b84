/*
title  = "Kong log with an AI plugin"
source = "kong"
note   = """
What the AI plugins know stands under ai.proxy; before 3.8 under the plugin's own name, and the counts were called
prompt_token and completion_token. Prompt tokens hold the prompt cache. Kong reckons a cost from the prices that its
own configuration states, in no named currency: it is taken for dollars unless stated_currency says otherwise, and 0
means that no price was configured. Without log_statistics there are no tokens; with zeros the usage is missing.
Fall-backs and retries to other models are one line, that of the last. A transformer plugin's call to a model is read
only where the line has no proxied call. What was written to the prompt cache stands only in a logged answer of Claude's
own spelling: without it nothing read by Claude may mean that all was written, and whether the cache was missed is not
judged. The consumer is taken for the project. Other routes' lines are passed over."""

[params]
stated_currency = "USD"

[recognise]
any = [
  ["started_at", "latencies", "request.uri", "response.status", "ai"],
  ["started_at", "latencies", "request.uri", "response.status"],
]

[record]
started        = "started_at: instant"
id             = "request.id"
header_id      = "response.headers.x-kong-request-id"
client         = "client_ip"
uri            = "request.uri"
request_size   = "request.size"
response_size  = "response.size"
code           = "response.status"
upstream_uri   = "upstream_uri"
took           = "latencies.request"
trace          = "trace_id.w3c"
consumer       = "consumer.username"
consumer_own   = "consumer.custom_id"
consumer_id    = "consumer.id"
credential     = "authenticated_entity.id"
workspace      = "workspace_name"
route          = "route.name"
input          = "ai.proxy.usage.prompt_tokens: whole"
input_other    = "ai.proxy.usage.input_tokens: whole"
cached         = "ai.proxy.usage.prompt_tokens_details.cached_tokens: whole"
output         = "ai.proxy.usage.completion_tokens: whole"
output_other   = "ai.proxy.usage.output_tokens: whole"
thought        = "ai.proxy.usage.completion_tokens_details.reasoning_tokens: whole"
cost           = "ai.proxy.usage.cost: money"
first_token    = "ai.proxy.usage.time_to_first_token"
provider       = "ai.proxy.meta.provider_name"
model          = "ai.proxy.meta.request_model"
answer_model   = "ai.proxy.meta.response_model"
mode           = "ai.proxy.meta.request_mode"
model_took     = "ai.proxy.meta.llm_latency"
cache          = "ai.proxy.cache.cache_status"
blocked_input  = "ai.proxy.lakera-guard.input_block_reason"
blocked_output = "ai.proxy.lakera-guard.output_block_reason"
plugins        = "ai: json"
answer_id      = "ai.proxy.payload.response{}.id"
finish         = "ai.proxy.payload.response{}.choices[0].finish_reason"
served_tier    = "ai.proxy.payload.response{}.service_tier"
usage_tier     = "ai.proxy.payload.response{}.usage.service_tier"
written        = "ai.proxy.payload.response{}.usage.cache_creation_input_tokens: whole"
written_1h     = "ai.proxy.payload.response{}.usage.cache_creation.ephemeral_1h_input_tokens: whole"
user_name      = "ai.proxy.payload.request{}.user"
max_tokens     = "ai.proxy.payload.request{}.max_tokens"
max_completion = "ai.proxy.payload.request{}.max_completion_tokens"
max_output     = "ai.proxy.payload.request{}.max_output_tokens"
max_converse   = "ai.proxy.payload.request{}.inferenceConfig.maxTokens"
max_gemini     = "ai.proxy.payload.request{}.generationConfig.maxOutputTokens"
request        = "ai.proxy.payload.request{}: json"
early_request  = "ai.payload.request{}: json"
messages       = "ai.proxy.payload.request{}.messages: json"
early_messages = "ai.payload.request{}.messages: json"
tools          = "ai.proxy.payload.request{}.tools: json"
*/
SELECT
    coalesce(
        id,
        header_id,
        concat_ws('/', started::VARCHAR, md5(concat_ws('|', client, uri, request_size, response_size, took)))
    ) AS call_id,
    answer_id AS response_id,
    coalesce(id, header_id) AS request_id,
    trace AS trace_id,
    started AS started_at,
    try_cast(coalesce(took, model_took) AS BIGINT) AS latency_ms,
    CASE WHEN coalesce(mode, 'stream') = 'stream' THEN nullif(try_cast(first_token AS BIGINT), 0) END AS first_token_ms,
    CASE
        WHEN regexp_matches(coalesce(upstream_uri, uri), '/embeddings($|\?)') THEN 'embeddings'
        WHEN regexp_matches(coalesce(upstream_uri, uri), '/rerank($|\?)') THEN 'rerank'
        WHEN
            regexp_matches(
                coalesce(upstream_uri, uri), '(/chat/completions|/messages|/responses|/chat|enerateContent)($|\?)'
            )
            THEN 'chat'
        WHEN regexp_matches(coalesce(upstream_uri, uri), '/(converse|converse-stream)($|\?)') THEN 'chat'
        WHEN regexp_matches(coalesce(upstream_uri, uri), '/completions($|\?)') THEN 'text_completion'
        WHEN regexp_matches(coalesce(upstream_uri, uri), '/images/') THEN 'image'
        WHEN regexp_matches(coalesce(upstream_uri, uri), '/audio/') THEN 'audio'
    END AS operation,
    nullif(replace(replace(
        coalesce(provider, json_extract_string(plugins, '$.*.meta.provider_name')[1]), 'gemini', 'google'
    ), 'bedrock', 'aws'), 'UNSPECIFIED') AS provider,
    nullif(coalesce(model, json_extract_string(plugins, '$.*.meta.request_model')[1]), 'UNSPECIFIED') AS model,
    nullif(coalesce(answer_model, json_extract_string(plugins, '$.*.meta.response_model')[1]), 'UNSPECIFIED')
        AS response_model,
    CASE
        WHEN coalesce(served_tier, usage_tier) IN ('default', 'auto', 'scale') THEN 'standard'
        ELSE coalesce(served_tier, usage_tier)
    END AS service_tier,
    CASE WHEN mode IN ('stream', 'oneshot') THEN mode = 'stream' END AS stream,
    try_cast(coalesce(max_completion, max_tokens, max_output, max_converse, max_gemini) AS BIGINT) AS max_output_tokens,
    -- Where nothing was counted Kong writes zeros.
    nullif(coalesce(
        input, input_other,
        try_cast(json_extract_string(plugins, '$.*.usage.prompt_token')[1] AS BIGINT),
        try_cast(json_extract_string(plugins, '$.*.usage.prompt_tokens')[1] AS BIGINT)
    ), 0) AS input_tokens,
    -- Of Claude nothing read may mean that all was written, which only its own answer tells.
    CASE
        WHEN cached > 0 OR written IS NOT NULL OR NOT contains(lower(coalesce(answer_model, model, '')), 'claude')
            THEN cached
    END AS cache_read_tokens,
    CASE WHEN greatest(input, input_other) > 0 THEN written END AS cache_write_tokens,
    CASE WHEN greatest(input, input_other) > 0 THEN written_1h END AS cache_write_1h_tokens,
    CASE
        WHEN greatest(input, input_other, output, output_other) > 0 THEN coalesce(output, output_other)
        ELSE nullif(coalesce(
            try_cast(json_extract_string(plugins, '$.*.usage.completion_token')[1] AS BIGINT),
            try_cast(json_extract_string(plugins, '$.*.usage.completion_tokens')[1] AS BIGINT)
        ), 0)
    END AS output_tokens,
    thought AS reasoning_tokens,
    CASE
        WHEN
            greatest(
                input, input_other, output, output_other,
                try_cast(json_extract_string(plugins, '$.*.usage.prompt_token')[1] AS BIGINT),
                try_cast(json_extract_string(plugins, '$.*.usage.prompt_tokens')[1] AS BIGINT)
            ) > 0
            THEN 'reported'
        ELSE 'missing'
    END AS usage_quality,
    CASE
        WHEN coalesce(blocked_input, blocked_output) IS NOT NULL THEN 'filtered'
        WHEN code = '499' THEN 'cancelled'
        WHEN try_cast(code AS BIGINT) >= 400 THEN 'error'
        WHEN finish IN ('length', 'max_tokens') THEN 'truncated'
        WHEN finish IN ('content_filter', 'refusal') THEN 'filtered'
        WHEN try_cast(code AS BIGINT) BETWEEN 100 AND 399 THEN 'ok'
        ELSE 'unknown'
    END AS status,
    try_cast(code AS BIGINT) AS http_status,
    finish AS finish_reason,
    CASE WHEN cache IS NOT NULL THEN lower(cache) = 'hit' END AS gateway_cache_hit,
    coalesce(consumer, consumer_own, consumer_id) AS project,
    nullif(workspace, 'default') AS team,
    user_name AS user_id,
    coalesce(credential, consumer_id) AS api_key,
    route AS task,
    prompt_hash(NULL, coalesce(messages, early_messages), tools, parameters(coalesce(request, early_request)))
        AS prompt_hash,
    template_hash(NULL, coalesce(messages, early_messages)) AS template_hash,
    prefix_hash(NULL, coalesce(messages, early_messages), tools) AS prefix_hash,
    prefix_tokens(NULL, coalesce(messages, early_messages), tools, nullif(coalesce(
        input, input_other,
        try_cast(json_extract_string(plugins, '$.*.usage.prompt_token')[1] AS BIGINT),
        try_cast(json_extract_string(plugins, '$.*.usage.prompt_tokens')[1] AS BIGINT)
    ), 0)) AS prefix_tokens,
    message_count(coalesce(messages, early_messages)) AS message_count,
    request_text(NULL, coalesce(messages, early_messages), tools) AS prompt,
    -- An answer from the gateway's cache is priced as if it had been made.
    CASE
        WHEN lower(coalesce(cache, '')) <> 'hit'
            THEN
                nullif(coalesce(
                    cost, try_cast(json_extract_string(plugins, '$.*.usage.cost')[1] AS DECIMAL(18, 9))
                ), 0)
    END AS stated_cost,
    CASE
        WHEN
            lower(coalesce(cache, '')) <> 'hit'
            AND coalesce(cost, try_cast(json_extract_string(plugins, '$.*.usage.cost')[1] AS DECIMAL(18, 9))) > 0
            THEN $stated_currency
    END AS stated_currency
FROM records
WHERE
    coalesce(
        provider, model, input::VARCHAR,
        json_extract_string(plugins, '$.*.meta.request_model')[1],
        json_extract_string(plugins, '$.*.usage.total_tokens')[1]
    ) IS NOT NULL
