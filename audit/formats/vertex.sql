/*
title  = "Vertex AI request-response log"
source = "vertex"
holds  = ["json", "csv", "parquet"]
note   = """
A row of the table that request-response logging fills, exported as JSON lines, CSV or Parquet; the requests and answers
are JSON, or texts that hold it. Sound and images are parts of the prompt's and the candidates' counts; grounding with
Google Search is billed beside them, and not told here. A row is written when the answer is done: the call began its latency before. The
prompt's count holds the cached content but not what tools put into it; candidates leave the thoughts out. Claude's
answers count as Anthropic does, without the cache. Rows of a sample are a sample: see the sampling rate. Who pays
is told from the request's labels, else from the cloud project. Provisioned throughput is billed by the hour and
not by tokens. Rows of other models' predictions, which have no such answer, are passed over."""

[recognise]
any = [
  ["logging_time", "request_id", "full_request", "full_response"],
  ["logging_time", "request_id", "full_request"],
  ["logging_time", "request_id", "full_response"],
]

[record]
logged         = "logging_time: instant"
request        = "request_id"
endpoint       = "endpoint"
method         = "api_method"
model          = "model"
took           = "metadata{}.request_latency: number"
trace          = "otel_log{}.traceId"
asked          = "full_request{}.model"
asked_whole    = "full_request{}: json"
contents       = "full_request{}.contents: json"
messages       = "full_request{}.messages: json"
system         = "full_request{}.systemInstruction: json"
system_snake   = "full_request{}.system_instruction: json"
system_claude  = "full_request{}.system: json"
tools          = "full_request{}.tools: json"
max_tokens     = "full_request{}.generationConfig.maxOutputTokens"
max_snake      = "full_request{}.generation_config.max_output_tokens"
max_claude     = "full_request{}.max_tokens"
l_project      = "full_request{}.labels.project"
l_app          = "full_request{}.labels.app"
l_team         = "full_request{}.labels.team"
l_user         = "full_request{}.labels.user"
l_mail         = "full_request{}.labels.user_email"
l_principal    = "full_request{}.labels.principal_email"
l_environment  = "full_request{}.labels.environment"
l_env          = "full_request{}.labels.env"
l_task         = "full_request{}.labels.task"
l_agent        = "full_request{}.labels.adk_agent_name"
answer         = "full_response{}: json"
answer_id      = "full_response{}.responseId"
answer_id_2    = "full_response{}.response_id"
answer_id_3    = "full_response{}.id"
answer_model   = "full_response{}.modelVersion"
answer_model_2 = "full_response{}.model_version"
answer_model_3 = "full_response{}.model"
finish         = "full_response{}.candidates[0].finishReason"
finish_snake   = "full_response{}.candidates[0].finish_reason"
finish_claude  = "full_response{}.stop_reason"
blocked        = "full_response{}.promptFeedback.blockReason"
blocked_snake  = "full_response{}.prompt_feedback.block_reason"
error_code     = "full_response{}.error.code"
error_status   = "full_response{}.error.status"
input          = "full_response{}.usageMetadata.promptTokenCount: whole"
cached         = "full_response{}.usageMetadata.cachedContentTokenCount: whole"
tool_use       = "full_response{}.usageMetadata.toolUsePromptTokenCount: whole"
output         = "full_response{}.usageMetadata.candidatesTokenCount: whole"
thought        = "full_response{}.usageMetadata.thoughtsTokenCount: whole"
traffic        = "full_response{}.usageMetadata.trafficType"
in_parts       = "full_response{}.usageMetadata.promptTokensDetails: json"
cached_parts   = "full_response{}.usageMetadata.cacheTokensDetails: json"
out_parts      = "full_response{}.usageMetadata.candidatesTokensDetails: json"
input_2        = "full_response{}.usage_metadata.prompt_token_count: whole"
cached_2       = "full_response{}.usage_metadata.cached_content_token_count: whole"
tool_use_2     = "full_response{}.usage_metadata.tool_use_prompt_token_count: whole"
output_2       = "full_response{}.usage_metadata.candidates_token_count: whole"
thought_2      = "full_response{}.usage_metadata.thoughts_token_count: whole"
traffic_2      = "full_response{}.usage_metadata.traffic_type"
in_parts_2     = "full_response{}.usage_metadata.prompt_tokens_details: json"
cached_parts_2 = "full_response{}.usage_metadata.cache_tokens_details: json"
out_parts_2    = "full_response{}.usage_metadata.candidates_tokens_details: json"
c_searches     = "full_response{}.usage.server_tool_use.web_search_requests: whole"
c_input        = "full_response{}.usage.input_tokens: whole"
c_cached       = "full_response{}.usage.cache_read_input_tokens: whole"
c_written      = "full_response{}.usage.cache_creation_input_tokens: whole"
c_written_1h   = "full_response{}.usage.cache_creation.ephemeral_1h_input_tokens: whole"
c_output       = "full_response{}.usage.output_tokens: whole"
*/
SELECT
    coalesce(system, system_snake, system_claude) AS _system,
    coalesce(contents, messages) AS _messages,
    lower(coalesce(finish, finish_snake, finish_claude)) AS _finish,
    c_input + coalesce(c_cached, 0) + coalesce(c_written, 0) AS _claude_input,
    try_cast(try_cast(coalesce(in_parts, in_parts_2) AS JSON) AS JSON[]) AS _in_parts,
    try_cast(try_cast(coalesce(cached_parts, cached_parts_2) AS JSON) AS JSON[]) AS _cached_parts,
    try_cast(try_cast(coalesce(out_parts, out_parts_2) AS JSON) AS JSON[]) AS _out_parts,

    request AS call_id,
    coalesce(answer_id, answer_id_2, answer_id_3) AS response_id,
    request AS request_id,
    trace AS trace_id,
    logged - to_microseconds(round(coalesce(took, 0) * 1000)::BIGINT) AS started_at,
    round(took)::BIGINT AS latency_ms,
    CASE
        WHEN regexp_matches(concat_ws(' ', model, method), 'embed', 'i') THEN 'embeddings'
        WHEN regexp_matches(model, 'imagen|image-generation', 'i') THEN 'image'
        WHEN _messages IS NOT NULL THEN 'chat'
    END AS operation,
    'google' AS provider,
    nullif(regexp_extract(coalesce(model, asked, endpoint), '([^/]+)$', 1), '') AS model,
    coalesce(answer_model, answer_model_2, answer_model_3) AS response_model,
    CASE coalesce(traffic, traffic_2)
        WHEN 'ON_DEMAND' THEN 'standard'
        WHEN 'ON_DEMAND_PRIORITY' THEN 'priority'
        WHEN 'ON_DEMAND_FLEX' THEN 'flex'
    END AS service_tier,
    nullif(regexp_extract(concat_ws(' ', endpoint, asked, model), 'locations/([^/ ]+)/', 1), '') AS region,
    contains(lower(method), 'stream') AS stream,
    try_cast(coalesce(max_tokens, max_snake, max_claude) AS BIGINT) AS max_output_tokens,
    coalesce(coalesce(input, input_2) + coalesce(tool_use, tool_use_2, 0), _claude_input) AS input_tokens,
    coalesce(cached, cached_2, c_cached) AS cache_read_tokens,
    c_written AS cache_write_tokens,
    c_written_1h AS cache_write_1h_tokens,
    CASE
        WHEN coalesce(output, output_2, thought, thought_2) IS NOT NULL
            THEN coalesce(output, output_2, 0) + coalesce(thought, thought_2, 0)
        ELSE c_output
    END AS output_tokens,
    coalesce(thought, thought_2) AS reasoning_tokens,
    list_sum(list_transform(
        list_filter(_in_parts, LAMBDA part: json_extract_string(part, '$.modality') = 'AUDIO'),
        LAMBDA part: try_cast(
            coalesce(json_extract_string(part, '$.tokenCount'), json_extract_string(part, '$.token_count')) AS BIGINT
        )
    ))::BIGINT AS input_audio_tokens,
    list_sum(list_transform(
        list_filter(_cached_parts, LAMBDA part: json_extract_string(part, '$.modality') = 'AUDIO'),
        LAMBDA part: try_cast(
            coalesce(json_extract_string(part, '$.tokenCount'), json_extract_string(part, '$.token_count')) AS BIGINT
        )
    ))::BIGINT AS cache_read_audio_tokens,
    list_sum(list_transform(
        list_filter(_out_parts, LAMBDA part: json_extract_string(part, '$.modality') = 'AUDIO'),
        LAMBDA part: try_cast(
            coalesce(json_extract_string(part, '$.tokenCount'), json_extract_string(part, '$.token_count')) AS BIGINT
        )
    ))::BIGINT AS output_audio_tokens,
    list_sum(list_transform(
        list_filter(_in_parts, LAMBDA part: json_extract_string(part, '$.modality') = 'IMAGE'),
        LAMBDA part: try_cast(
            coalesce(json_extract_string(part, '$.tokenCount'), json_extract_string(part, '$.token_count')) AS BIGINT
        )
    ))::BIGINT AS input_image_tokens,
    list_sum(list_transform(
        list_filter(_out_parts, LAMBDA part: json_extract_string(part, '$.modality') = 'IMAGE'),
        LAMBDA part: try_cast(
            coalesce(json_extract_string(part, '$.tokenCount'), json_extract_string(part, '$.token_count')) AS BIGINT
        )
    ))::BIGINT AS output_image_tokens,
    nullif(c_searches, 0) AS quantity,
    CASE WHEN c_searches > 0 THEN 'web_searches' END AS unit,
    CASE WHEN coalesce(input, input_2, c_input) IS NULL THEN 'missing' ELSE 'reported' END AS usage_quality,
    CASE
        WHEN coalesce(error_code, error_status) IS NOT NULL THEN 'error'
        WHEN coalesce(blocked, blocked_snake) IS NOT NULL THEN 'filtered'
        WHEN _finish = 'max_tokens' THEN 'truncated'
        WHEN
            _finish IN (
                'safety', 'recitation', 'language', 'blocklist', 'prohibited_content', 'spii', 'model_armor',
                'image_safety', 'image_prohibited_content', 'image_recitation', 'refusal'
            )
            THEN 'filtered'
        WHEN _finish IN ('malformed_function_call', 'unexpected_tool_call', 'too_many_tool_calls') THEN 'error'
        WHEN answer IS NOT NULL THEN 'ok'
        ELSE 'unknown'
    END AS status,
    CASE WHEN answer IS NOT NULL THEN coalesce(try_cast(error_code AS BIGINT), 200) END AS http_status,
    error_status AS error_type,
    coalesce(finish, finish_snake, finish_claude, blocked, blocked_snake) AS finish_reason,
    coalesce(
        l_project, l_app, nullif(regexp_extract(concat_ws(' ', asked, endpoint, model), 'projects/([^/ ]+)/', 1), '')
    ) AS project,
    l_team AS team,
    coalesce(l_user, l_mail, l_principal) AS user_id,
    coalesce(l_environment, l_env) AS environment,
    coalesce(l_task, l_agent) AS task,
    prompt_hash(
        _system,
        _messages,
        tools,
        parameters(asked_whole)
    ) AS prompt_hash,
    template_hash(_system, _messages) AS template_hash,
    prefix_hash(_system, _messages, tools) AS prefix_hash,
    prefix_tokens(_system, _messages, tools, coalesce(input, input_2, _claude_input)) AS prefix_tokens,
    message_count(_messages) AS message_count,
    request_text(_system, _messages, tools) AS prompt
FROM records
WHERE coalesce(answer, contents, messages) IS NOT NULL
