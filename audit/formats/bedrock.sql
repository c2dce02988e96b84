/*
title  = "Amazon Bedrock model invocation log"
source = "bedrock"
note   = """
inputTokenCount leaves the prompt cache out; what was read and written stands beside it or, in older lines, only in the
answer's usage. The model may be an ARN: of an application inference profile or a provisioned model it tells no
model, unless the answer's body does; provisioned throughput is billed by the hour and not by tokens. Where bodies are not
logged, or lie apart in S3 for their size, a cut-off answer cannot be told from a whole one. Who pays is told from
requestMetadata (project, team, user, environment and the like), else from the application inference profile, else from
the role; a role's session is taken for the user unless a machine named it. The one-hour part of a cache write is known
from the body only."""

[recognise]
any = [
  ["schemaType", "modelId", "operation", "requestId", "accountId"],
  ["modelId", "operation", "requestId", "accountId", "input.inputTokenCount"],
]

[record]
kind           = "schemaType"
stamp          = "timestamp: instant"
request        = "requestId"
region         = "region"
operation_name = "operation"
model_id       = "modelId"
arn            = "identity.arn"
metadata       = "requestMetadata: json"
m_project      = "requestMetadata.project"
m_project_id   = "requestMetadata.projectId"
m_project_2    = "requestMetadata.project_id"
m_application  = "requestMetadata.application"
m_app          = "requestMetadata.app"
m_team         = "requestMetadata.team"
m_user         = "requestMetadata.user"
m_user_id      = "requestMetadata.userId"
m_user_2       = "requestMetadata.user_id"
m_environment  = "requestMetadata.environment"
m_env          = "requestMetadata.env"
m_task         = "requestMetadata.task"
m_session      = "requestMetadata.sessionId"
m_session_2    = "requestMetadata.session_id"
error          = "errorCode"
input          = "input.inputTokenCount: whole"
cache_read     = "input.cacheReadInputTokenCount: whole"
cache_write    = "input.cacheWriteInputTokenCount: whole"
output         = "output.outputTokenCount: whole"
c_input        = "output.outputBodyJson{}.usage.inputTokens: whole"
c_cache_read   = "output.outputBodyJson{}.usage.cacheReadInputTokens: whole"
c_cache_write  = "output.outputBodyJson{}.usage.cacheWriteInputTokens: whole"
c_output       = "output.outputBodyJson{}.usage.outputTokens: whole"
c_details      = "output.outputBodyJson{}.usage.cacheDetails: json"
c_latency      = "output.outputBodyJson{}.metrics.latencyMs"
c_tier         = "output.outputBodyJson{}.serviceTier.type"
c_stop         = "output.outputBodyJson{}.stopReason"
a_id           = "output.outputBodyJson{}.id"
a_model        = "output.outputBodyJson{}.model"
a_input        = "output.outputBodyJson{}.usage.input_tokens: whole"
a_cache_read   = "output.outputBodyJson{}.usage.cache_read_input_tokens: whole"
a_cache_write  = "output.outputBodyJson{}.usage.cache_creation_input_tokens: whole"
a_write_1h     = "output.outputBodyJson{}.usage.cache_creation.ephemeral_1h_input_tokens: whole"
a_output       = "output.outputBodyJson{}.usage.output_tokens: whole"
a_stop         = "output.outputBodyJson{}.stop_reason"
titan_stop     = "output.outputBodyJson{}.results[0].completionReason"
mistral_stop   = "output.outputBodyJson{}.outputs[0].stop_reason"
openai_stop    = "output.outputBodyJson{}.choices[0].finish_reason"
cohere_stop    = "output.outputBodyJson{}.finish_reason"
s_id           = "output.outputBodyJson{}[0].message.id"
s_model        = "output.outputBodyJson{}[0].message.model"
s_input        = "output.outputBodyJson{}[0].message.usage.input_tokens: whole"
s_cache_read   = "output.outputBodyJson{}[0].message.usage.cache_read_input_tokens: whole"
s_cache_write  = "output.outputBodyJson{}[0].message.usage.cache_creation_input_tokens: whole"
s_write_1h     = "output.outputBodyJson{}[0].message.usage.cache_creation.ephemeral_1h_input_tokens: whole"
answer         = "output.outputBodyJson{}: json"
body           = "input.inputBodyJson{}: json"
q_messages     = "input.inputBodyJson{}.messages: json"
q_prompt       = "input.inputBodyJson{}.prompt: json"
q_text         = "input.inputBodyJson{}.inputText: json"
q_texts        = "input.inputBodyJson{}.texts: json"
q_system       = "input.inputBodyJson{}.system: json"
q_tools        = "input.inputBodyJson{}.tools: json"
q_tool_config  = "input.inputBodyJson{}.toolConfig: json"
q_tier         = "input.inputBodyJson{}.serviceTier.type"
max_converse   = "input.inputBodyJson{}.inferenceConfig.maxTokens"
max_nova       = "input.inputBodyJson{}.inferenceConfig.max_new_tokens"
max_claude     = "input.inputBodyJson{}.max_tokens"
max_openai     = "input.inputBodyJson{}.max_completion_tokens"
max_llama      = "input.inputBodyJson{}.max_gen_len"
max_titan      = "input.inputBodyJson{}.textGenerationConfig.maxTokenCount"
*/
SELECT
    request AS call_id,
    coalesce(a_id, s_id) AS response_id,
    request AS request_id,
    coalesce(m_session, m_session_2) AS session_id,
    stamp AS started_at,
    try_cast(coalesce(
        c_latency, json_extract_string(answer, '$[#-1]."amazon-bedrock-invocationMetrics".invocationLatency')
    ) AS BIGINT) AS latency_ms,
    try_cast(
        json_extract_string(answer, '$[#-1]."amazon-bedrock-invocationMetrics".firstByteLatency') AS BIGINT
    ) AS first_token_ms,
    CASE
        WHEN regexp_matches(model_id, 'embed', 'i') THEN 'embeddings'
        WHEN regexp_matches(model_id, 'rerank', 'i') THEN 'rerank'
        WHEN regexp_matches(model_id, 'stability\.|titan-image|nova-canvas', 'i') THEN 'image'
        WHEN operation_name LIKE 'Converse%' OR q_messages IS NOT NULL THEN 'chat'
        WHEN coalesce(q_prompt, q_text) IS NOT NULL THEN 'text_completion'
    END AS operation,
    'aws' AS provider,
    CASE
        WHEN
            starts_with(model_id, 'arn:')
            AND NOT regexp_matches(model_id, '^arn:[^/]*:(foundation-model|inference-profile)/')
            THEN coalesce(a_model, s_model, regexp_extract(model_id, '([^/]+)$', 1))
        ELSE regexp_extract(model_id, '([^/]+)$', 1)
    END AS model,
    coalesce(a_model, s_model) AS response_model,
    CASE coalesce(c_tier, q_tier)
        WHEN 'default' THEN 'standard'
        WHEN 'flex' THEN 'flex'
        WHEN 'priority' THEN 'priority'
    END AS service_tier,
    region,
    contains(operation_name, 'Stream') AS stream,
    try_cast(coalesce(max_converse, max_nova, max_claude, max_openai, max_llama, max_titan) AS BIGINT)
        AS max_output_tokens,
    CASE
        WHEN
            greatest(input, output, cache_read, cache_write, c_cache_read, a_cache_read, s_cache_read) > 0
            OR c_stop = 'guardrail_intervened'
            OR contains(answer, '"amazon-bedrock-guardrailAction":"INTERVENED"')
            THEN
                coalesce(input, c_input, a_input, s_input)
                + coalesce(cache_read, c_cache_read, a_cache_read, s_cache_read, 0)
                + coalesce(cache_write, c_cache_write, a_cache_write, s_cache_write, 0)
    END AS input_tokens,
    coalesce(cache_read, c_cache_read, a_cache_read, s_cache_read) AS cache_read_tokens,
    coalesce(cache_write, c_cache_write, a_cache_write, s_cache_write) AS cache_write_tokens,
    coalesce(
        a_write_1h,
        s_write_1h,
        CASE
            WHEN json_extract_string(c_details, '$[0].ttl') = '1h'
                THEN try_cast(json_extract_string(c_details, '$[0].inputTokens') AS BIGINT)
            WHEN json_extract_string(c_details, '$[1].ttl') = '1h'
                THEN try_cast(json_extract_string(c_details, '$[1].inputTokens') AS BIGINT)
        END
    ) AS cache_write_1h_tokens,
    CASE
        WHEN
            greatest(input, output, cache_read, cache_write, c_cache_read, a_cache_read, s_cache_read) > 0
            OR c_stop = 'guardrail_intervened'
            OR contains(answer, '"amazon-bedrock-guardrailAction":"INTERVENED"')
            THEN coalesce(output, c_output, a_output)
    END AS output_tokens,
    CASE
        WHEN regexp_matches(model_id, 'stability\.|titan-image|nova-canvas', 'i')
            THEN nullif(json_array_length(try_cast(answer AS JSON), '$.images'), 0)
    END AS quantity,
    CASE
        WHEN
            regexp_matches(model_id, 'stability\.|titan-image|nova-canvas', 'i')
            AND json_array_length(try_cast(answer AS JSON), '$.images') > 0
            THEN 'images'
    END AS unit,
    CASE
        WHEN
            greatest(input, output, cache_read, cache_write, c_cache_read, a_cache_read, s_cache_read) > 0
            OR c_stop = 'guardrail_intervened'
            OR contains(answer, '"amazon-bedrock-guardrailAction":"INTERVENED"')
            THEN 'reported'
        WHEN
            regexp_matches(model_id, 'stability\.|titan-image|nova-canvas', 'i')
            AND json_array_length(try_cast(answer AS JSON), '$.images') > 0
            THEN 'reported'
        ELSE 'missing'
    END AS usage_quality,
    CASE
        WHEN error IS NOT NULL THEN 'error'
        WHEN contains(answer, '"amazon-bedrock-guardrailAction":"INTERVENED"') THEN 'filtered'
        WHEN
            lower(coalesce(
                c_stop, a_stop, titan_stop, mistral_stop, openai_stop, cohere_stop,
                json_extract_string(answer, '$[#-2].delta.stop_reason')
            )) IN ('max_tokens', 'length', 'model_context_window_exceeded')
            THEN 'truncated'
        WHEN
            lower(coalesce(
                c_stop, a_stop, titan_stop, mistral_stop, openai_stop, cohere_stop,
                json_extract_string(answer, '$[#-2].delta.stop_reason')
            )) IN (
                'guardrail_intervened', 'content_filtered', 'content_filter', 'refusal', 'error_toxic'
            )
            THEN 'filtered'
        WHEN coalesce(answer, output::VARCHAR) IS NOT NULL THEN 'ok'
        ELSE 'unknown'
    END AS status,
    CASE error
        WHEN 'ThrottlingException' THEN 429
        WHEN 'ModelNotReadyException' THEN 429
        WHEN 'ServiceQuotaExceededException' THEN 400
        WHEN 'ValidationException' THEN 400
        WHEN 'AccessDeniedException' THEN 403
        WHEN 'ResourceNotFoundException' THEN 404
        WHEN 'ModelTimeoutException' THEN 408
        WHEN 'ModelErrorException' THEN 424
        WHEN 'InternalServerException' THEN 500
        WHEN 'ServiceUnavailableException' THEN 503
        ELSE CASE WHEN error IS NULL AND coalesce(answer, output::VARCHAR) IS NOT NULL THEN 200 END
    END AS http_status,
    error AS error_type,
    coalesce(
        c_stop, a_stop, titan_stop, mistral_stop, openai_stop, cohere_stop,
        json_extract_string(answer, '$[#-2].delta.stop_reason')
    ) AS finish_reason,
    coalesce(
        m_project, m_project_id, m_project_2, m_application, m_app,
        nullif(regexp_extract(model_id, ':application-inference-profile/(.+)$', 1), ''),
        nullif(regexp_extract(arn, ':assumed-role/([^/]+)/', 1), '')
    ) AS project,
    m_team AS team,
    coalesce(
        m_user, m_user_id, m_user_2,
        nullif(regexp_extract(arn, ':user/(?:.*/)?([^/]+)$', 1), ''),
        CASE
            WHEN
                NOT regexp_matches(
                    regexp_extract(arn, ':assumed-role/[^/]+/(.+)$', 1),
                    '^(botocore-session-.*|aws-.*|i-[0-9a-f]+|[0-9]+|[0-9a-f-]{32,36}|)$'
                )
                THEN regexp_extract(arn, ':assumed-role/[^/]+/(.+)$', 1)
        END
    ) AS user_id,
    coalesce(
        nullif(regexp_extract(arn, ':assumed-role/([^/]+)/', 1), ''),
        nullif(regexp_extract(arn, ':user/(?:.*/)?([^/]+)$', 1), '')
    ) AS api_key,
    coalesce(m_environment, m_env) AS environment,
    m_task AS task,
    CASE
        WHEN json_type(metadata) = 'OBJECT'
            THEN list_transform(
                list_zip(json_keys(metadata), json_extract_string(metadata, '$.*')),
                LAMBDA pair: pair[1] || '=' || pair[2]
            )
    END AS tags,
    prompt_hash(
        q_system,
        coalesce(q_messages, q_prompt, q_text, q_texts),
        coalesce(q_tools, q_tool_config),
        parameters(body)
    ) AS prompt_hash,
    template_hash(q_system, coalesce(q_messages, q_prompt, q_text, q_texts)) AS template_hash,
    prefix_hash(q_system, coalesce(q_messages, q_prompt, q_text, q_texts), coalesce(q_tools, q_tool_config))
        AS prefix_hash,
    prefix_tokens(
        q_system,
        coalesce(q_messages, q_prompt, q_text, q_texts),
        coalesce(q_tools, q_tool_config),
        coalesce(input, c_input, a_input, s_input)
        + coalesce(cache_read, c_cache_read, a_cache_read, s_cache_read, 0)
        + coalesce(cache_write, c_cache_write, a_cache_write, s_cache_write, 0)
    ) AS prefix_tokens,
    message_count(coalesce(q_messages, q_prompt, q_text, q_texts)) AS message_count,
    request_text(q_system, coalesce(q_messages, q_prompt, q_text, q_texts), coalesce(q_tools, q_tool_config)) AS prompt
FROM records
WHERE kind IS NULL OR kind = 'ModelInvocationLog'
