/*
title  = "Portkey log"
source = "portkey"
holds  = ["json"]
note   = """
What a log export of Portkey holds, one object a line; which fields it has is chosen with the export, and more can be
told of a call with its request and response. The cost is in cents. The prompt cache is told of in the response only:
prompt_tokens holds it, but where the gateway spells an answer of Claude's as OpenAI's and leaves it out, which the
total gives away; input_tokens of Claude's own spelling leaves it out. Without the response, a call of Claude's is
only counted in part. A date without a zone is UTC. Portkey's own cache answers with the usage and the id of the first
answer. Project, team, environment, task and user are the metadata of these names, _user and _environment before user
and environment, and the name of a stored prompt before the task."""

[recognise]
any = [
  ["ai_org", "ai_model", "req_units", "res_units"],
  ["ai_model", "req_units", "res_units", "response_status_code", "created_at"],
]

[record]
id             = "id"
trace          = "trace_id"
created        = "created_at"
success        = "is_success"
provider       = "ai_org"
model          = "ai_model"
address        = "request_url"
units_in       = "req_units: whole"
units_out      = "res_units: whole"
cost           = "cost: money"
currency       = "cost_currency"
latency        = "response_time"
http           = "response_status_code"
cache          = "cache_status"
stream_mode    = "stream_mode"
retries        = "retry_success_count"
key_name       = "virtual_key"
prompt_name    = "prompt_slug"
labels         = "metadata{}: json"
inner_keys     = "metadata{}.key: json"
inner_values   = "metadata{}.value: json"
flat_keys      = '"metadata.key": json'
flat_values    = '"metadata.value": json'
messages       = "request{}.messages: json"
body_input     = "request{}.input: json"
contents       = "request{}.contents: json"
prompt_text    = "request{}.prompt: json"
system_prompt  = "request{}.system: json"
instructions   = "request{}.instructions: json"
gemini_system  = "request{}.systemInstruction: json"
tools          = "request{}.tools: json"
request        = "request{}: json"
max_tokens     = "request{}.max_tokens"
max_completion = "request{}.max_completion_tokens"
max_output     = "request{}.max_output_tokens"
max_gemini     = "request{}.generationConfig.maxOutputTokens"
answer_id      = "response{}.id"
answer_model   = "response{}.model"
service_tier   = "response{}.service_tier"
usage_tier     = "response{}.usage.service_tier"
finish         = "response{}.choices[0].finish_reason"
stop           = "response{}.stop_reason"
finish_gemini  = "response{}.candidates[0].finishReason"
error_kind     = "response{}.error.type"
prompt         = "response{}.usage.prompt_tokens: whole"
completion     = "response{}.usage.completion_tokens: whole"
total          = "response{}.usage.total_tokens: whole"
input          = "response{}.usage.input_tokens: whole"
output         = "response{}.usage.output_tokens: whole"
cached         = "response{}.usage.prompt_tokens_details.cached_tokens: whole"
cached_new     = "response{}.usage.input_tokens_details.cached_tokens: whole"
read           = "response{}.usage.cache_read_input_tokens: whole"
written_new    = "response{}.usage.input_tokens_details.cache_write_tokens: whole"
written        = "response{}.usage.cache_creation_input_tokens: whole"
written_1h     = "response{}.usage.cache_creation.ephemeral_1h_input_tokens: whole"
reasoning      = "response{}.usage.completion_tokens_details.reasoning_tokens: whole"
audio          = "response{}.usage.prompt_tokens_details.audio_tokens: whole"
image          = "response{}.usage.prompt_tokens_details.image_tokens: whole"
image_new      = "response{}.usage.input_tokens_details.image_tokens: whole"
audio_out      = "response{}.usage.completion_tokens_details.audio_tokens: whole"
image_out      = "response{}.usage.completion_tokens_details.image_tokens: whole"
image_out_new  = "response{}.usage.output_tokens_details.image_tokens: whole"
searches       = "response{}.usage.server_tool_use.web_search_requests: whole"
search_units   = "response{}.meta.billed_units.search_units: whole"
geo            = "response{}.usage.inference_geo"
reasoning_new  = "response{}.usage.output_tokens_details.reasoning_tokens: whole"
*/
SELECT
    -- An export may have been asked for without the id.
    coalesce(id, concat_ws('/', trace, created, provider, model, units_in, units_out, latency)) AS call_id,
    CASE WHEN NOT contains(lower(coalesce(cache, '')), 'hit') THEN answer_id END AS response_id,
    id AS request_id,
    trace AS trace_id,
    CASE WHEN try_cast(retries AS BIGINT) >= 0 THEN try_cast(retries AS BIGINT) + 1 END AS attempt,
    CASE
        WHEN regexp_matches(created, '^\d{9,11}$') THEN make_timestamp(try_cast(created AS BIGINT) * 1000000)
        WHEN regexp_matches(created, '^\d{12,14}$') THEN make_timestamp(try_cast(created AS BIGINT) * 1000)
        -- As JavaScript writes a date.
        WHEN regexp_matches(created, '^[A-Z]')
            THEN timezone('UTC', try_strptime(left(created, 33), '%a %b %d %Y %H:%M:%S GMT%z'))
        WHEN regexp_matches(created, '(Z|[+-]\d{2}(:?\d{2})?)$')
            THEN timezone('UTC', try_cast(created AS TIMESTAMPTZ))
        ELSE try_cast(created AS TIMESTAMP)
    END AS started_at,
    round(try_cast(latency AS DOUBLE))::BIGINT AS latency_ms,
    CASE
        WHEN regexp_matches(address, '/(chat/completions|messages|responses|converse)|enerateContent') THEN 'chat'
        WHEN regexp_matches(address, '/embeddings|mbedContent') THEN 'embeddings'
        WHEN regexp_matches(address, '/completions') THEN 'text_completion'
        WHEN regexp_matches(address, '/rerank') THEN 'rerank'
        WHEN regexp_matches(address, '/images/') THEN 'image'
        WHEN regexp_matches(address, '/audio/') THEN 'audio'
    END AS operation,
    CASE
        WHEN starts_with(provider, 'azure') THEN 'azure'
        WHEN provider = 'vertex-ai' THEN 'google'
        WHEN provider = 'bedrock' THEN 'aws'
        WHEN provider IN ('mistral-ai', 'together-ai', 'fireworks-ai', 'perplexity-ai')
            THEN replace(provider, '-ai', '')
        ELSE provider
    END AS provider,
    model,
    answer_model AS response_model,
    CASE
        WHEN coalesce(service_tier, usage_tier) IN ('default', 'auto', 'scale') THEN 'standard'
        ELSE coalesce(service_tier, usage_tier)
    END AS service_tier,
    CASE WHEN geo NOT IN ('global', 'not_available') THEN geo END AS region,
    try_cast(stream_mode AS BOOLEAN) AS stream,
    try_cast(coalesce(max_completion, max_tokens, max_output, max_gemini) AS BIGINT) AS max_output_tokens,
    CASE
        WHEN NOT coalesce(greatest(prompt, input, units_in, completion, output, units_out) > 0, FALSE) THEN NULL
        WHEN
            total = prompt + completion + coalesce(cached, cached_new, read, 0)
            + coalesce(written_new, written, 0)
            THEN total - completion
        WHEN prompt IS NULL AND input IS NOT NULL THEN input + coalesce(read, 0) + coalesce(written, 0)
        ELSE coalesce(prompt, input, units_in)
    END AS input_tokens,
    coalesce(cached, cached_new, read) AS cache_read_tokens,
    coalesce(written_new, written) AS cache_write_tokens,
    written_1h AS cache_write_1h_tokens,
    CASE
        WHEN greatest(prompt, input, units_in, completion, output, units_out) > 0
            THEN coalesce(completion, output, units_out)
    END AS output_tokens,
    coalesce(reasoning, reasoning_new) AS reasoning_tokens,
    audio AS input_audio_tokens,
    audio_out AS output_audio_tokens,
    coalesce(image, image_new) AS input_image_tokens,
    coalesce(image_out, image_out_new) AS output_image_tokens,
    nullif(greatest(searches, search_units), 0) AS quantity,
    CASE WHEN searches > 0 THEN 'web_searches' WHEN search_units > 0 THEN 'search_units' END AS unit,
    CASE
        WHEN NOT coalesce(greatest(prompt, input, units_in, completion, output, units_out) > 0, FALSE)
            THEN CASE WHEN search_units > 0 THEN 'reported' ELSE 'missing' END
        WHEN prompt IS NULL AND input IS NULL AND contains(lower(model), 'claude') THEN 'partial'
        ELSE 'reported'
    END AS usage_quality,
    CASE
        WHEN http = '499' THEN 'cancelled'
        -- A guardrail said no.
        WHEN http = '446' THEN 'filtered'
        WHEN try_cast(http AS BIGINT) >= 400 OR lower(success) IN ('0', 'false') THEN 'error'
        WHEN lower(coalesce(finish, stop, finish_gemini)) IN ('length', 'max_tokens') THEN 'truncated'
        WHEN coalesce(finish, stop) IN ('content_filter', 'refusal') THEN 'filtered'
        WHEN try_cast(http AS BIGINT) BETWEEN 200 AND 299 OR lower(success) IN ('1', 'true') THEN 'ok'
        ELSE 'unknown'
    END AS status,
    CASE WHEN try_cast(http AS BIGINT) BETWEEN 100 AND 599 THEN try_cast(http AS BIGINT) END AS http_status,
    error_kind AS error_type,
    coalesce(finish, stop) AS finish_reason,
    contains(lower(cache), 'hit') AS gateway_cache_hit,
    nullif(coalesce(
        json_extract_string(labels, '$.project'),
        json_extract_string(coalesce(flat_values, inner_values), '$[*]')[
            list_position(json_extract_string(coalesce(flat_keys, inner_keys), '$[*]'), 'project')
        ]
    ), '') AS project,
    nullif(coalesce(
        json_extract_string(labels, '$.team'),
        json_extract_string(coalesce(flat_values, inner_values), '$[*]')[
            list_position(json_extract_string(coalesce(flat_keys, inner_keys), '$[*]'), 'team')
        ]
    ), '') AS team,
    nullif(coalesce(
        json_extract_string(labels, '$._user'),
        json_extract_string(coalesce(flat_values, inner_values), '$[*]')[
            list_position(json_extract_string(coalesce(flat_keys, inner_keys), '$[*]'), '_user')
        ],
        json_extract_string(labels, '$.user'),
        json_extract_string(coalesce(flat_values, inner_values), '$[*]')[
            list_position(json_extract_string(coalesce(flat_keys, inner_keys), '$[*]'), 'user')
        ]
    ), '') AS user_id,
    key_name AS api_key,
    nullif(coalesce(
        json_extract_string(labels, '$._environment'),
        json_extract_string(coalesce(flat_values, inner_values), '$[*]')[
            list_position(json_extract_string(coalesce(flat_keys, inner_keys), '$[*]'), '_environment')
        ],
        json_extract_string(labels, '$.environment'),
        json_extract_string(coalesce(flat_values, inner_values), '$[*]')[
            list_position(json_extract_string(coalesce(flat_keys, inner_keys), '$[*]'), 'environment')
        ]
    ), '') AS environment,
    nullif(coalesce(
        prompt_name,
        json_extract_string(labels, '$.task'),
        json_extract_string(coalesce(flat_values, inner_values), '$[*]')[
            list_position(json_extract_string(coalesce(flat_keys, inner_keys), '$[*]'), 'task')
        ]
    ), '') AS task,
    prompt_hash(
        coalesce(system_prompt, instructions, gemini_system),
        coalesce(messages, contents, body_input, prompt_text), tools,
        parameters(request)
    ) AS prompt_hash,
    template_hash(
        coalesce(system_prompt, instructions, gemini_system),
        coalesce(messages, contents, body_input, prompt_text)
    ) AS template_hash,
    prefix_hash(
        coalesce(system_prompt, instructions, gemini_system),
        coalesce(messages, contents, body_input, prompt_text), tools
    ) AS prefix_hash,
    prefix_tokens(
        coalesce(system_prompt, instructions, gemini_system),
        coalesce(messages, contents, body_input, prompt_text), tools,
        CASE
            WHEN
                total = prompt + completion + coalesce(cached, cached_new, read, 0)
                + coalesce(written_new, written, 0)
                THEN total - completion
            WHEN prompt IS NULL THEN input + coalesce(read, 0) + coalesce(written, 0)
            ELSE prompt
        END
    ) AS prefix_tokens,
    message_count(coalesce(messages, contents, body_input, prompt_text)) AS message_count,
    request_text(
        coalesce(system_prompt, instructions, gemini_system),
        coalesce(messages, contents, body_input, prompt_text), tools
    ) AS prompt,
    -- What the gateway reckons from no tokens is no cost.
    CASE WHEN greatest(prompt, input, units_in, completion, output, units_out, cost) > 0 THEN cost * 0.01 END
        AS stated_cost,
    CASE
        WHEN greatest(prompt, input, units_in, completion, output, units_out, cost) > 0 AND cost IS NOT NULL
            THEN upper(coalesce(currency, 'USD'))
    END AS stated_currency
FROM records
