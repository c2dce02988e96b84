/*
title  = "Helicone request"
source = "helicone"
holds  = ["json", "csv", "parquet"]
note   = """
What the request API answers, the export tool's JSON lines and CSV, or rows of the table request_response_rmt. A date
without a zone is UTC. prompt_tokens leaves the prompt cache out, for every provider, and completion_tokens the
reasoning where that has a column of its own: both are added. The CSV tells nothing of the cache, so what its prompt
tokens say is only a part. The table keeps the cost in billionths of a dollar, everything else in dollars. An answer
from Helicone's own cache is logged with no tokens and no cost. Requests to tools and vector stores are no calls.
Project, team, environment and task are the custom properties of these names."""
each   = ["data[]"]

[recognise]
any = [
  ["*.response_id", "*.request_created_at", "*.response_status", "*.prompt_tokens", "*.completion_tokens"],
  [
    "*.request_id", "*.request_created_at", "*.status", "*.latency", "*.prompt_tokens", "*.completion_tokens",
    "*.organization_id",
  ],
]

[record]
request        = "*.request_id"
response       = "*.response_id"
started        = "*.request_created_at: instant"
started_text   = "*.request_created_at"
delay          = "*.delay_ms"
latency        = "*.latency"
first_token    = "*.time_to_first_token"
api_status     = "*.response_status"
table_status   = "*.status"
provider       = "*.provider"
asked_model    = "*.request_model"
model          = "*.model"
response_model = "*.response_model"
path           = "*.request_path"
target         = "*.target_url"
fresh          = "*.prompt_tokens: whole"
cache_read     = "*.prompt_cache_read_tokens: whole"
cache_write    = "*.prompt_cache_write_tokens: whole"
answer         = "*.completion_tokens: whole"
reasoning      = "*.reasoning_tokens: whole"
cost           = "*.cost"
cost_usd       = "*.costUSD"
cost_csv       = "*.cost_usd"
cached_from    = "*.cache_reference_id"
api_user       = "*.request_user_id"
table_user     = "*.user_id"
key            = "*.proxy_key_id"
api_labels     = "*.request_properties{}: json"
labels         = "*.properties{}: json"
labels_text    = "*.request_properties"
request_kind   = "*.request_body{}._type"
body           = "*.request_body{}: json"
messages       = "*.request_body{}.messages: json"
body_input     = "*.request_body{}.input: json"
contents       = "*.request_body{}.contents: json"
system_prompt  = "*.request_body{}.system: json"
instructions   = "*.request_body{}.instructions: json"
gemini_system  = "*.request_body{}.systemInstruction: json"
tools          = "*.request_body{}.tools: json"
stream         = "*.request_body{}.stream"
max_tokens     = "*.request_body{}.max_tokens"
max_completion = "*.request_body{}.max_completion_tokens"
max_output     = "*.request_body{}.max_output_tokens"
max_gemini     = "*.request_body{}.generationConfig.maxOutputTokens"
answer_id      = "*.response_body{}.id"
finish         = "*.response_body{}.choices[0].finish_reason"
stop           = "*.response_body{}.stop_reason"
finish_gemini  = "*.response_body{}.candidates[0].finishReason"
error_kind     = "*.response_body{}.error.type"
served_tier    = "*.response_body{}.service_tier"
usage_tier     = "*.response_body{}.usage.service_tier"
searches       = "*.response_body{}.usage.server_tool_use.web_search_requests: whole"
search_units   = "*.response_body{}.meta.billed_units.search_units: whole"
geo            = "*.response_body{}.usage.inference_geo"
written_1h     = "*.response_body{}.usage.cache_creation.ephemeral_1h_input_tokens: whole"
*/
SELECT
    -- The CSV has no other id than the answer's.
    coalesce(response, request) AS call_id,
    answer_id AS response_id,
    request AS request_id,
    -- The export tool's CSV doubles each quote of the properties once more.
    nullif(json_extract_string(
        coalesce(api_labels, labels, try_cast(replace(labels_text, '""', '"') AS JSON)),
        '$."Helicone-Session-Id"'
    ), '') AS session_id,
    CASE
        WHEN regexp_matches(started_text, '(Z|[+-]\d{2}(:?\d{2})?)$') THEN started
        ELSE coalesce(try_cast(started_text AS TIMESTAMP), started)
    END AS started_at,
    coalesce(try_cast(delay AS BIGINT), try_cast(latency AS BIGINT)) AS latency_ms,
    CASE WHEN try_cast(first_token AS BIGINT) > 0 THEN try_cast(first_token AS BIGINT) END AS first_token_ms,
    CASE
        WHEN regexp_matches(coalesce(path, target), '/(chat/completions|messages|responses)|enerateContent') THEN 'chat'
        WHEN regexp_matches(coalesce(path, target), '/embeddings|mbedContent') THEN 'embeddings'
        WHEN regexp_matches(coalesce(path, target), '/completions') THEN 'text_completion'
        WHEN regexp_matches(coalesce(path, target), '/images/') THEN 'image'
        WHEN regexp_matches(coalesce(path, target), '/audio/') THEN 'audio'
    END AS operation,
    CASE lower(provider)
        WHEN 'custom' THEN NULL
        WHEN 'bedrock' THEN 'aws'
        WHEN 'x' THEN 'x-ai'
        ELSE lower(provider)
    END AS provider,
    coalesce(asked_model, model) AS model,
    response_model,
    CASE
        WHEN coalesce(served_tier, usage_tier) IN ('default', 'auto', 'scale') THEN 'standard'
        ELSE coalesce(served_tier, usage_tier)
    END AS service_tier,
    CASE WHEN geo NOT IN ('global', 'not_available') THEN geo END AS region,
    try_cast(stream AS BOOLEAN) AS stream,
    try_cast(coalesce(max_completion, max_tokens, max_output, max_gemini) AS BIGINT) AS max_output_tokens,
    CASE
        WHEN
            greatest(fresh, cache_read, cache_write, answer) > 0
            OR cached_from <> '00000000-0000-0000-0000-000000000000'
            THEN fresh + coalesce(cache_read, 0) + coalesce(cache_write, 0)
    END AS input_tokens,
    CASE WHEN greatest(fresh, cache_read, cache_write, answer) > 0 THEN cache_read END AS cache_read_tokens,
    CASE WHEN greatest(fresh, cache_read, cache_write, answer) > 0 THEN cache_write END AS cache_write_tokens,
    CASE WHEN greatest(fresh, cache_read, cache_write, answer) > 0 THEN written_1h END AS cache_write_1h_tokens,
    CASE
        WHEN
            greatest(fresh, cache_read, cache_write, answer) > 0
            OR cached_from <> '00000000-0000-0000-0000-000000000000'
            THEN answer + coalesce(reasoning, 0)
    END AS output_tokens,
    CASE WHEN greatest(fresh, cache_read, cache_write, answer) > 0 THEN reasoning END AS reasoning_tokens,
    nullif(greatest(searches, search_units), 0) AS quantity,
    CASE WHEN searches > 0 THEN 'web_searches' WHEN search_units > 0 THEN 'search_units' END AS unit,
    CASE
        WHEN cached_from <> '00000000-0000-0000-0000-000000000000' THEN 'reported'
        WHEN coalesce(greatest(fresh, cache_read, cache_write, answer), 0) = 0
            THEN CASE WHEN search_units > 0 THEN 'reported' ELSE 'missing' END
        WHEN cache_read IS NULL AND cache_write IS NULL THEN 'partial'
        ELSE 'reported'
    END AS usage_quality,
    CASE
        WHEN coalesce(api_status, table_status) IN ('-3', '499') THEN 'cancelled'
        WHEN lower(coalesce(finish, stop, finish_gemini)) IN ('length', 'max_tokens') THEN 'truncated'
        WHEN coalesce(finish, stop) IN ('content_filter', 'refusal') THEN 'filtered'
        WHEN try_cast(coalesce(api_status, table_status) AS BIGINT) BETWEEN 200 AND 299 THEN 'ok'
        WHEN try_cast(coalesce(api_status, table_status) AS BIGINT) >= 400 THEN 'error'
        ELSE 'unknown'
    END AS status,
    CASE
        WHEN try_cast(coalesce(api_status, table_status) AS BIGINT) BETWEEN 100 AND 599
            THEN try_cast(coalesce(api_status, table_status) AS BIGINT)
    END AS http_status,
    error_kind AS error_type,
    coalesce(finish, stop) AS finish_reason,
    cached_from <> '00000000-0000-0000-0000-000000000000' AS gateway_cache_hit,
    nullif(list_any_value(json_extract_string(
        coalesce(api_labels, labels, try_cast(replace(labels_text, '""', '"') AS JSON)),
        ['$.Project', '$.project']
    )), '') AS project,
    nullif(list_any_value(json_extract_string(
        coalesce(api_labels, labels, try_cast(replace(labels_text, '""', '"') AS JSON)),
        ['$.Team', '$.team']
    )), '') AS team,
    coalesce(api_user, table_user) AS user_id,
    nullif(key, '00000000-0000-0000-0000-000000000000') AS api_key,
    nullif(list_any_value(json_extract_string(
        coalesce(api_labels, labels, try_cast(replace(labels_text, '""', '"') AS JSON)),
        ['$.Environment', '$.environment']
    )), '') AS environment,
    nullif(list_any_value(json_extract_string(
        coalesce(api_labels, labels, try_cast(replace(labels_text, '""', '"') AS JSON)),
        ['$.Task', '$.task']
    )), '') AS task,
    prompt_hash(
        coalesce(system_prompt, instructions, gemini_system), coalesce(messages, contents, body_input), tools,
        parameters(body)
    ) AS prompt_hash,
    template_hash(
        coalesce(system_prompt, instructions, gemini_system), coalesce(messages, contents, body_input)
    ) AS template_hash,
    prefix_hash(
        coalesce(system_prompt, instructions, gemini_system), coalesce(messages, contents, body_input), tools
    ) AS prefix_hash,
    prefix_tokens(
        coalesce(system_prompt, instructions, gemini_system), coalesce(messages, contents, body_input), tools,
        CASE
            WHEN coalesce(cache_read, cache_write) IS NOT NULL AND greatest(fresh, cache_read, cache_write, answer) > 0
                THEN fresh + coalesce(cache_read, 0) + coalesce(cache_write, 0)
        END
    ) AS prefix_tokens,
    message_count(coalesce(messages, contents, body_input)) AS message_count,
    request_text(
        coalesce(system_prompt, instructions, gemini_system), coalesce(messages, contents, body_input), tools
    ) AS prompt,
    -- What the gateway reckons from no tokens is no cost.
    CASE
        WHEN
            greatest(fresh, cache_read, cache_write, answer) > 0
            OR cached_from <> '00000000-0000-0000-0000-000000000000'
            OR try_cast(coalesce(cost, cost_usd, cost_csv) AS DOUBLE) > 0
            THEN
                try_cast(coalesce(cost, cost_usd, cost_csv) AS DECIMAL(27, 9))
                * CASE WHEN table_status IS NULL THEN 1 ELSE 0.000000001 END
    END AS stated_cost,
    CASE
        WHEN
            greatest(fresh, cache_read, cache_write, answer) > 0
            OR cached_from <> '00000000-0000-0000-0000-000000000000'
            OR try_cast(coalesce(cost, cost_usd, cost_csv) AS DOUBLE) > 0
            THEN CASE WHEN coalesce(cost, cost_usd, cost_csv) IS NOT NULL THEN 'USD' END
    END AS stated_currency
FROM records
WHERE
    request_kind IS NULL
    AND NOT regexp_matches(coalesce(asked_model, model, ''), '^(tool:|vector_db$|data:|assistant-polling$)')
