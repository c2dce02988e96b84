/*
title  = "OpenTelemetry GenAI spans"
source = "otel"
each   = ["resourceSpans[].scopeSpans[].spans[]"]
note   = """
OTLP as JSON, as the collector's file exporter writes it. Only spans of calls to a model are read: those of agents,
tools, workflows and of the application hold calls, and are none. Each instrumentation is a source of its own, for two
of them may tell of one call; the answer's id tells that they do. Older names of the attributes are read, and
OpenInference's. Input tokens hold the prompt cache, as the convention asks; OpenLIT logs Anthropic's count without it,
and so does whatever states more read and written than came in: there it is added. Other instrumentations that leave
it out cannot be told from their spans. A stream whose usage was not asked for has none: it is missing. Messages are
read where the span or its first event holds them. Metrics and logs are passed over, and so are spans without GenAI."""

[recognise]
any = [["resourceSpans"], ["resourceMetrics"], ["resourceLogs"]]

[record]
metrics         = "resourceMetrics: json"
logs            = "resourceLogs: json"
service         = "resourceSpans[].resource.attributes[service.name]"
environment     = 'resourceSpans[].resource.attributes[deployment.environment.name]'
environment_old = "resourceSpans[].resource.attributes[deployment.environment]"
sdk             = "resourceSpans[].resource.attributes[telemetry.sdk.name]"
scope           = "resourceSpans[].scopeSpans[].scope.name"
trace           = "*.traceId"
span            = "*.spanId"
parent          = "*.parentSpanId"
started         = "*.startTimeUnixNano: instant"
ended           = "*.endTimeUnixNano: instant"
status_code     = "*.status.code"
operation       = "*.attributes[gen_ai.operation.name]"
request_type    = "*.attributes[llm.request.type]"
inference_kind  = "*.attributes[openinference.span.kind]"
sdk_operation   = "*.attributes[ai.operationId]"
provider        = "*.attributes[gen_ai.provider.name]"
system          = "*.attributes[gen_ai.system]"
inference_by    = "*.attributes[llm.provider]"
model           = "*.attributes[gen_ai.request.model]"
inference_model = "*.attributes[llm.model_name]"
embed_model     = "*.attributes[embedding.model_name]"
answer_model    = "*.attributes[gen_ai.response.model]"
answer_id       = "*.attributes[gen_ai.response.id]"
finish          = "*.attributes[gen_ai.response.finish_reasons]"
stop_reason     = "*.attributes[anthropic.message.stop_reason]"
tier            = "*.attributes[openai.response.service_tier]"
tier_old        = "*.attributes[gen_ai.openai.response.service_tier]"
tier_anthropic  = "*.attributes[anthropic.response.service_tier]"
stream          = "*.attributes[gen_ai.request.stream]"
stream_old      = "*.attributes[gen_ai.is_streaming]"
stream_older    = "*.attributes[llm.is_streaming]"
stream_openlit  = "*.attributes[gen_ai.request.is_stream]"
max_tokens      = "*.attributes[gen_ai.request.max_tokens]"
max_invoked     = "*.attributes[llm.invocation_parameters]{}.max_tokens"
max_sdk         = "*.attributes[ai.settings.maxOutputTokens]"
dropped         = "*.droppedAttributesCount: whole"
data_source     = "*.attributes[gen_ai.data_source.id]"
first_chunk     = "*.attributes[gen_ai.response.time_to_first_chunk]: number"
first_token     = "*.attributes[gen_ai.server.time_to_first_token]: number"
input           = "*.attributes[gen_ai.usage.input_tokens]: whole"
input_old       = "*.attributes[gen_ai.usage.prompt_tokens]: whole"
input_inference = "*.attributes[llm.token_count.prompt]: whole"
output          = "*.attributes[gen_ai.usage.output_tokens]: whole"
output_old      = "*.attributes[gen_ai.usage.completion_tokens]: whole"
output_infer    = "*.attributes[llm.token_count.completion]: whole"
read            = "*.attributes[gen_ai.usage.cache_read.input_tokens]: whole"
read_old        = "*.attributes[gen_ai.usage.cache_read_input_tokens]: whole"
read_inference  = "*.attributes[llm.token_count.prompt_details.cache_read]: whole"
read_sdk        = "*.attributes[ai.usage.cachedInputTokens]: whole"
written         = "*.attributes[gen_ai.usage.cache_write.input_tokens]: whole"
written_old     = "*.attributes[gen_ai.usage.cache_creation.input_tokens]: whole"
written_older   = "*.attributes[gen_ai.usage.cache_creation_input_tokens]: whole"
written_infer   = "*.attributes[llm.token_count.prompt_details.cache_write]: whole"
written_1h      = "*.attributes[anthropic.usage.cache_creation.ephemeral_1h_input_tokens]: whole"
reasoning       = "*.attributes[gen_ai.usage.reasoning.output_tokens]: whole"
reasoning_old   = "*.attributes[gen_ai.usage.reasoning_tokens]: whole"
reasoning_infer = "*.attributes[llm.token_count.completion_details.reasoning]: whole"
audio           = "*.attributes[gen_ai.usage.audio.input_tokens]: whole"
audio_read      = "*.attributes[gen_ai.usage.audio.cache_read.input_tokens]: whole"
audio_out       = "*.attributes[gen_ai.usage.audio.output_tokens]: whole"
image           = "*.attributes[gen_ai.usage.image.input_tokens]: whole"
image_out       = "*.attributes[gen_ai.usage.image.output_tokens]: whole"
audio_infer     = "*.attributes[llm.token_count.prompt_details.audio]: whole"
audio_out_infer = "*.attributes[llm.token_count.completion_details.audio]: whole"
cost            = "*.attributes[gen_ai.usage.cost]: money"
cost_total      = "*.attributes[gen_ai.cost.total_cost]: money"
error_type      = "*.attributes[error.type]"
http_status     = "*.attributes[http.response.status_code]"
conversation    = "*.attributes[gen_ai.conversation.id]"
session         = "*.attributes[session.id]"
user_id         = "*.attributes[user.id]"
end_user        = "*.attributes[enduser.id]"
gen_ai_user     = "*.attributes[gen_ai.user]"
agent           = "*.attributes[gen_ai.agent.name]"
instructions    = "*.attributes[gen_ai.system_instructions]"
messages        = "*.attributes[gen_ai.input.messages]"
messages_old    = "*.attributes[gen_ai.prompt]"
messages_event  = "*.events[0].attributes[gen_ai.input.messages]"
messages_first  = "*.events[0].attributes[gen_ai.prompt]"
tools           = "*.attributes[gen_ai.tool.definitions]"
invocation      = "*.attributes[llm.invocation_parameters]"
workflow        = "*.attributes[traceloop.span.kind]"
function        = "*.attributes[ai.telemetry.functionId]"
server          = "*.attributes[server.address]"
api_base        = "*.attributes[gen_ai.openai.api_base]"
pairs           = "*.attributes: json"
*/
SELECT
    coalesce(messages, messages_old, messages_event, messages_first) AS _messages,
    starts_with(_messages, '[{') AND try_cast(_messages AS JSON) IS NULL AS _is_cut,
    lower(trace || '/' || span) AS call_id,
    concat_ws('/', 'otel', scope) AS source,
    answer_id AS response_id,
    lower(trace) AS trace_id,
    lower(trace || '/' || parent) AS parent_id,
    coalesce(conversation, session) AS session_id,
    started AS started_at,
    date_diff('millisecond', started, ended) AS latency_ms,
    round(coalesce(first_chunk, first_token) * 1000)::BIGINT AS first_token_ms,
    CASE
        WHEN operation IN ('chat', 'generate_content', 'completion', 'acompletion', 'responses', 'aresponses')
            THEN 'chat'
        WHEN operation IN ('embedding', 'aembedding') THEN 'embeddings'
        WHEN operation IS NOT NULL THEN operation
        WHEN request_type IN ('chat', 'rerank') THEN request_type
        WHEN request_type = 'completion' THEN 'text_completion'
        WHEN request_type = 'embedding' OR inference_kind = 'EMBEDDING' OR sdk_operation LIKE '%.doEmbed'
            THEN 'embeddings'
        WHEN inference_kind = 'RERANKER' THEN 'rerank'
        WHEN inference_kind = 'LLM' OR sdk_operation IS NOT NULL THEN 'chat'
    END AS operation,
    -- The clients of one provider are used for others: then the server's name tells.
    CASE
        WHEN contains(coalesce(server, api_base), 'openrouter.ai') THEN 'openrouter'
        WHEN contains(coalesce(server, api_base), 'deepseek.com') THEN 'deepseek'
        WHEN contains(coalesce(server, api_base), '.azure.com') THEN 'azure'
        WHEN regexp_matches(coalesce(server, api_base), 'dashscope|\.maas\.aliyuncs\.com') THEN 'dashscope'
        WHEN contains(coalesce(server, api_base), 'api.moonshot.') THEN 'moonshotai'
        WHEN regexp_matches(coalesce(server, api_base), 'api\.z\.ai|bigmodel\.cn') THEN 'zhipuai'
        WHEN contains(coalesce(server, api_base), '.volces.com') THEN 'volcengine'
        WHEN contains(coalesce(server, api_base), '.baidubce.com') THEN 'qianfan'
        WHEN regexp_matches(coalesce(server, api_base), 'hunyuan|tencentcloud') THEN 'hunyuan'
        WHEN regexp_matches(coalesce(server, api_base), 'api\.minimaxi?\.') THEN 'minimax'
        WHEN contains(coalesce(server, api_base), 'api.stepfun.') THEN 'stepfun'
        WHEN contains(coalesce(server, api_base), 'baichuan-ai.com') THEN 'baichuan'
        WHEN contains(coalesce(server, api_base), 'api.x.ai') THEN 'x-ai'
        ELSE
            list_transform(
                [lower(coalesce(provider, system, inference_by))],
                LAMBDA told: CASE
                    WHEN regexp_matches(told, '^az\.ai|azure') THEN 'azure'
                    WHEN regexp_matches(told, '^aws|bedrock') THEN 'aws'
                    WHEN regexp_matches(told, '^(gcp|google|gemini)|vertex') THEN 'google'
                    WHEN regexp_matches(told, '^x_?ai') THEN 'x-ai'
                    WHEN regexp_matches(told, '^(openai|anthropic|mistral|deepseek)')
                        THEN regexp_extract(told, '^(openai|anthropic|mistral|deepseek)')
                    ELSE told
                END
            )[1]
    END AS provider,
    coalesce(model, inference_model, embed_model, answer_model) AS model,
    answer_model AS response_model,
    CASE
        WHEN coalesce(tier, tier_old, tier_anthropic) = 'default' THEN 'standard'
        ELSE nullif(coalesce(tier, tier_old, tier_anthropic), 'auto')
    END AS service_tier,
    CASE
        WHEN
            regexp_matches(
                coalesce(server, api_base),
                'dashscope-(intl|us)\.|\.(ap|us|eu|me)-[a-z]+-\d\.maas\.aliyuncs|api\.moonshot\.ai|api\.z\.ai'
                || '|api\.minimax\.io|api\.stepfun\.ai'
            )
            THEN 'intl'
    END AS region,
    try_cast(coalesce(stream, stream_old, stream_older, stream_openlit) AS BOOLEAN) AS stream,
    nullif(try_cast(coalesce(max_tokens, max_invoked, max_sdk) AS BIGINT), -1) AS max_output_tokens,
    CASE
        WHEN greatest(input, input_old, input_inference, output, output_old, output_infer) > 0
            THEN
                coalesce(input, input_old, input_inference) + CASE
                    WHEN
                        regexp_matches(
                            lower(concat_ws(' ', provider, system, inference_by, model)), 'anthropic|bedrock|claude'
                        )
                        AND (
                            sdk = 'openlit' OR scope LIKE 'openlit%'
                            OR coalesce(read, read_old, read_inference, read_sdk, 0)
                            + coalesce(written, written_old, written_older, written_infer, 0)
                            > coalesce(input, input_old, input_inference)
                        )
                        THEN
                            coalesce(read, read_old, read_inference, read_sdk, 0)
                            + coalesce(written, written_old, written_older, written_infer, 0)
                    ELSE 0
                END
    END AS input_tokens,
    coalesce(read, read_old, read_inference, read_sdk) AS cache_read_tokens,
    coalesce(written, written_old, written_older, written_infer) AS cache_write_tokens,
    written_1h AS cache_write_1h_tokens,
    CASE
        WHEN greatest(input, input_old, input_inference, output, output_old, output_infer) > 0
            THEN
                coalesce(output, output_old, output_infer) + CASE
                    WHEN
                        (sdk = 'openlit' OR scope LIKE 'openlit%')
                        AND regexp_matches(lower(coalesce(provider, system)), '^(gcp|google|gemini)|vertex')
                        THEN coalesce(reasoning, reasoning_old, 0)
                    ELSE 0
                END
    END AS output_tokens,
    coalesce(reasoning, reasoning_old, reasoning_infer) AS reasoning_tokens,
    coalesce(audio, audio_infer) AS input_audio_tokens,
    audio_read AS cache_read_audio_tokens,
    coalesce(audio_out, audio_out_infer) AS output_audio_tokens,
    image AS input_image_tokens,
    image_out AS output_image_tokens,
    CASE
        WHEN coalesce(greatest(input, input_old, input_inference, output, output_old, output_infer), 0) = 0
            THEN 'missing'
        WHEN
            coalesce(output, output_old, output_infer) IS NULL
            AND coalesce(operation, request_type, inference_kind, '') NOT ILIKE 'embedding%'
            THEN 'partial'
        ELSE 'reported'
    END AS usage_quality,
    CASE
        WHEN error_type LIKE '%Cancel%' THEN 'cancelled'
        WHEN error_type IS NOT NULL OR status_code IN ('2', 'STATUS_CODE_ERROR') THEN 'error'
        WHEN
            regexp_matches(
                lower(coalesce(finish, stop_reason)), '(^|")(length|max_tokens|max_output_tokens|incomplete)("|$)'
            )
            THEN 'truncated'
        WHEN
            regexp_matches(
                lower(coalesce(finish, stop_reason)),
                '(^|")(content_filter(ed)?|refusal|safety|guardrail_intervened)("|$)'
            )
            THEN 'filtered'
        ELSE 'ok'
    END AS status,
    try_cast(http_status AS BIGINT) AS http_status,
    error_type,
    coalesce(json_extract_string(try_cast(finish AS JSON), '$[0]'), nullif(finish, '[]'), stop_reason) AS finish_reason,
    CASE WHEN NOT starts_with(service, 'unknown_service') THEN service END AS project,
    coalesce(end_user, user_id, gen_ai_user) AS user_id,
    coalesce(environment, environment_old) AS environment,
    coalesce(agent, function) AS task,
    CASE
        -- What was dropped or cut may tell two requests apart, and what is looked up changes.
        WHEN dropped > 0 OR data_source IS NOT NULL OR _is_cut THEN NULL
        ELSE
            prompt_hash(
                instructions,
                coalesce(
                    _messages,
                    CASE
                        WHEN contains(pairs, '"gen_ai.prompt.0.') OR contains(pairs, '"llm.input_messages.0.')
                            THEN
                                to_json(
                                    list_filter(
                                        try_cast(try_cast(pairs AS JSON) AS JSON[]),
                                        LAMBDA pair: regexp_matches(
                                            json_extract_string(pair, '$.key'),
                                            '^(gen_ai.prompt|llm.input_messages)\.\d'
                                        )
                                    )
                                )::VARCHAR
                    END
                ),
                tools,
                concat_ws(
                    chr(31),
                    nullif(
                        list_sort(
                            list_filter(
                                try_cast(try_cast(pairs AS JSON) AS JSON[]),
                                LAMBDA pair: (
                                    regexp_matches(
                                        json_extract_string(pair, '$.key'),
                                        '^(((gen_ai\.)?openai|gen_ai|azure\.ai\.inference)\.request|ai\.settings)\.'
                                    )
                                    OR regexp_matches(
                                        json_extract_string(pair, '$.key'),
                                        '^(model_request_parameters$|gen_ai\.(embed|output\.type)|ai\.prompt\.tool)'
                                    )
                                    OR regexp_matches(
                                        json_extract_string(pair, '$.key'),
                                        '^llm\.(request\.(functions|reasoning)|tools|top_|chat\.|frequency|presence)'
                                    )
                                    OR regexp_matches(
                                        json_extract_string(pair, '$.key'),
                                        '^(aws\.bedrock\.guardrail|llm\.(temperature|repetition_|decoding_))'
                                    )
                                )
                                AND NOT regexp_matches(
                                    json_extract_string(pair, '$.key'),
                                    '\.(model|max.*|stream|is_stream.*|user|service_tier|id|timeout|abortSignal)$'
                                )
                            )::VARCHAR[]
                        )::VARCHAR, '[]'
                    ),
                    parameters(invocation)
                )
            )
    END AS prompt_hash,
    template_hash(instructions, _messages) AS template_hash,
    prefix_hash(instructions, _messages, tools) AS prefix_hash,
    prefix_tokens(
        instructions, _messages, tools,
        coalesce(input, input_old, input_inference)
    ) AS prefix_tokens,
    message_count(_messages) AS message_count,
    coalesce(cost, cost_total) AS stated_cost,
    CASE WHEN coalesce(cost, cost_total) IS NOT NULL THEN 'USD' END AS stated_currency,
    request_text(instructions, _messages, tools) AS prompt
FROM records
WHERE
    operation IN (
        'chat', 'generate_content', 'completion', 'acompletion', 'responses', 'aresponses', 'text_completion',
        'embeddings', 'embedding', 'aembedding', 'rerank', 'image', 'audio'
    )
    OR (
        operation IS NULL
        AND (
            request_type IN ('chat', 'completion', 'embedding', 'rerank')
            OR inference_kind IN ('LLM', 'EMBEDDING', 'RERANKER')
            OR regexp_matches(sdk_operation, '\.do(Generate|Stream|Embed)$')
            OR (
                coalesce(system, provider) IS NOT NULL AND model IS NOT NULL
                AND coalesce(input, input_old) IS NOT NULL AND workflow IS NULL AND agent IS NULL
            )
        )
    )
