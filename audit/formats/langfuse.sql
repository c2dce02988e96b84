/*
title  = "Langfuse observations"
source = "langfuse"
holds  = ["json", "csv", "parquet"]
each   = ["observations[]", "data[]"]
note   = """
A trace with its observations, a page of the API, the export of a table, or the files of a blob storage export (in which
times have no zone and are UTC). Generations and embeddings are calls; spans, agents, tools and events are none, nor are
traces and scores. The parts of usageDetails are disjoint, and so added, where they make up the total, or where more was
cached than came in; otherwise input and output count as they are. Latency is what lies between start and end: exports
disagree about its unit. Where why an answer ended is not kept, one as long as its cap allows counts as cut off. Costs
are in dollars, stated or reckoned by Langfuse; 0 without details means that it had no price. User and session stand on
the trace, and in older blob exports in another file. The provider is told by the metadata or the model's name. A
generation inside another is often the same call, seen by a framework and by a client: parent_id tells."""

[recognise]
any = [
  ["observations[]", "*.traceId", "*.type", "*.startTime", "*.level", "*.usageDetails"],
  ["*.id", "*.traceId", "*.type", "*.startTime", "*.usageDetails"],
  ["*.id", "*.trace_id", "*.type", "*.start_time", "*.usage_details"],
  ["*.id", "*.traceId", "*.type", "*.startTime", "*.level"],
  ["*.id", "*.trace_id", "*.type", "*.start_time", "*.level"],
  ["id", "timestamp", "project_id", "user_id", "session_id", "bookmarked"],
  ["id", "timestamp", "project_id", "trace_id", "data_type", "string_value"],
]

[record]
kind            = "*.type"
id              = "*.id"
trace           = "*.traceId"
trace_blob      = "*.trace_id"
parent          = "*.parentObservationId"
parent_blob     = "*.parent_observation_id"
start           = "*.startTime"
start_blob      = "*.start_time"
finished        = "*.endTime"
finished_blob   = "*.end_time"
first           = "*.completionStartTime"
first_blob      = "*.completion_start_time"
model           = "*.model"
model_blob      = "*.provided_model_name"
usage           = "*.usageDetails{}: json"
usage_blob      = "*.usage_details{}: json"
old_input       = "*.usage.input: whole"
old_output      = "*.usage.output: whole"
old_unit        = "*.usage.unit"
older_input     = "*.promptTokens: whole"
older_output    = "*.completionTokens: whole"
cost            = "*.totalCost: money"
cost_blob       = "*.total_cost: money"
cost_old        = "*.calculatedTotalCost: money"
cost_parts      = "*.costDetails{}: json"
cost_parts_blob = "*.cost_details{}: json"
cost_sum        = "*.costDetails{}.total: money"
cost_sum_blob   = "*.cost_details{}.total: money"
level           = "*.level"
max_tokens      = "*.modelParameters{}.max_tokens"
asked_with      = "*.modelParameters{}: json"
max_completion  = "*.modelParameters{}.max_completion_tokens"
max_output      = "*.modelParameters{}.max_output_tokens"
max_tokens_blob = "*.model_parameters{}.max_tokens"
max_output_blob = "*.model_parameters{}.max_output_tokens"
asked_with_blob = "*.model_parameters{}: json"
answer_id       = "*.output{}.id"
finish          = "*.output{}.choices[0].finish_reason"
finish_other    = "*.output{}.finish_reason"
called          = "*.output{}.tool_calls: json"
called_chosen   = "*.output{}.choices[0].message.tool_calls: json"
called_apart    = "*.output{}.additional_kwargs.tool_calls: json"
said            = "*.output{}.content: json"
system          = '*.metadata{}.attributes."gen_ai.system"'
provider        = '*.metadata{}.attributes."gen_ai.provider.name"'
inference_by    = '*.metadata{}.attributes."llm.provider"'
langchain_by    = "*.metadata{}.ls_provider"
input           = "*.input"
messages        = "*.input{}.messages: json"
contents        = "*.input{}.contents: json"
tools           = "*.input{}.tools: json"
user_id         = "*.userId"
user_blob       = "*.user_id"
session         = "*.sessionId"
session_blob    = "*.session_id"
trace_user      = "trace.userId"
trace_session   = "trace.sessionId"
trace_name      = "trace.name"
trace_tags      = "trace.tags: texts"
root_user       = "userId"
root_session    = "sessionId"
name            = "*.name"
name_csv        = "*.traceName"
name_blob       = "*.trace_name"
tags_csv        = "*.traceTags: texts"
tags            = "*.tags: texts"
project         = "*.projectId"
project_blob    = "*.project_id"
environment     = "*.environment"
*/
SELECT
    try_cast(regexp_replace(coalesce(start, start_blob), '(:\d\d(\.\d+)?)$', '\1+00') AS TIMESTAMPTZ) AS _started_at,
    try_cast(regexp_replace(coalesce(finished, finished_blob), '(:\d\d(\.\d+)?)$', '\1+00') AS TIMESTAMPTZ)
        AS _finished_at,
    coalesce(first, first_blob) AS _first_token,
    try_cast(regexp_replace(_first_token, '(:\d\d(\.\d+)?)$', '\1+00') AS TIMESTAMPTZ) AS _first_token_at,
    coalesce(model, model_blob) AS _model,
    coalesce(messages, contents, input) AS _messages,
    coalesce(finish, finish_other) AS _finish,
    try_cast(coalesce(max_completion, max_tokens, max_tokens_blob, max_output, max_output_blob) AS BIGINT)
        AS _max_output,
    try_cast(try_cast(coalesce(usage, usage_blob) AS JSON) AS MAP (VARCHAR, DOUBLE)) AS _usage,
    coalesce(old_unit, 'TOKENS') = 'TOKENS' AS _old_is_tokens,
    -- The input's parts together, the input, the output's parts together, the output, the total.
    list_transform(
        [_usage],
        LAMBDA parts: [
            list_sum(list_transform(
                list_filter(
                    map_keys(parts),
                    LAMBDA part: regexp_matches(part, 'input|prompt|^cache')
                    AND NOT coalesce(
                        regexp_matches(part, '5m|1h')
                        AND greatest(parts['input_cache_creation'], parts['cache_creation_input_tokens']) > 0,
                        FALSE
                    )
                ),
                LAMBDA part: parts[part]
            )),
            parts['input'],
            list_sum(list_transform(
                list_filter(map_keys(parts), LAMBDA part: regexp_matches(part, 'output|completion|reasoning')),
                LAMBDA part: parts[part]
            )),
            parts['output'],
            parts['total']
        ]
    ) AS _sums,
    -- Parts that do not make up the total lie within input or output, unless they are more than that.
    list_transform(
        _sums,
        LAMBDA told: CASE
            WHEN coalesce(greatest(told[1], told[3]), 0) = 0 THEN NULL
            WHEN
                told[5] IS NULL
                OR told[5] - coalesce(told[1], 0) IN (coalesce(told[3], 0), coalesce(told[4], 0))
                OR told[1] > 2 * told[2]
                THEN told[1]
            ELSE coalesce(told[2], told[1])
        END
    )[1]::BIGINT AS _input,
    coalesce(
        list_transform(
            _sums,
            LAMBDA told: CASE
                WHEN coalesce(greatest(told[1], told[3]), 0) = 0 THEN NULL
                WHEN
                    told[5] IS NULL
                    OR told[5] - coalesce(told[3], 0) IN (coalesce(told[1], 0), coalesce(told[2], 0))
                    THEN told[3]
                ELSE coalesce(told[4], told[3])
            END
        )[1]::BIGINT,
        CASE WHEN _old_is_tokens THEN nullif(coalesce(old_output, older_output), 0) END
    ) AS _output,
    coalesce(cost_parts, cost_parts_blob) IS NOT NULL AS _is_priced,
    coalesce(cost, cost_blob, cost_old, cost_sum, cost_sum_blob) AS _cost,

    id AS call_id,
    coalesce(
        CASE WHEN regexp_matches(answer_id, '^(chatcmpl-|cmpl-|resp_|msg_|gen-)') THEN answer_id END,
        -- LiteLLM names a generation by its time and the answer's id.
        nullif(regexp_extract(id, '^time-[0-9-]+_(.+)$', 1), '')
    ) AS response_id,
    coalesce(trace, trace_blob) AS trace_id,
    coalesce(parent, parent_blob) AS parent_id,
    coalesce(session, session_blob, trace_session, root_session) AS session_id,
    _started_at AT TIME ZONE 'UTC' AS started_at,
    date_diff('millisecond', _started_at, _finished_at) AS latency_ms,
    date_diff('millisecond', _started_at, _first_token_at) AS first_token_ms,
    CASE WHEN kind = 'EMBEDDING' THEN 'embeddings' ELSE 'chat' END AS operation,
    list_transform(
        [lower(coalesce(provider, system, inference_by, langchain_by))],
        LAMBDA told: CASE
            WHEN regexp_matches(told, '^az\.ai|azure') THEN 'azure'
            WHEN regexp_matches(told, '^aws|bedrock') THEN 'aws'
            WHEN regexp_matches(told, '^(gcp|google|gemini)|vertex') THEN 'google'
            WHEN regexp_matches(told, '^(openai|anthropic|mistral|deepseek)')
                THEN regexp_extract(told, '^(openai|anthropic|mistral|deepseek)')
            WHEN regexp_matches(_model, '^(gpt-\d|chatgpt-|o\d|text-embedding-(3|ada))') THEN 'openai'
            WHEN starts_with(_model, 'claude-') THEN 'anthropic'
            WHEN starts_with(_model, 'gemini-') THEN 'google'
            ELSE told
        END
    )[1] AS provider,
    _model AS model,
    CASE WHEN _first_token IS NOT NULL THEN TRUE END AS stream,
    CASE WHEN _max_output > 0 THEN _max_output END AS max_output_tokens,
    coalesce(_input, CASE WHEN _old_is_tokens THEN nullif(coalesce(old_input, older_input), 0) END) AS input_tokens,
    list_transform(
        [_usage],
        LAMBDA parts:
        list_max(list_transform(
            list_filter(map_keys(parts), LAMBDA part: regexp_matches(part, 'cache_read|cached|cache_hit')),
            LAMBDA part: parts[part]
        ))
    )[1]::BIGINT AS cache_read_tokens,
    -- What was written is told as a whole, by its lifetimes, or both ways.
    list_transform(
        [_usage],
        LAMBDA parts: greatest(
            list_max(list_transform(
                list_filter(map_keys(parts), LAMBDA part: regexp_matches(part, 'cache_creation|cache_write')),
                LAMBDA part: parts[part]
            )),
            list_sum(list_transform(
                list_filter(map_keys(parts), LAMBDA part: regexp_matches(part, '5m|1h')),
                LAMBDA part: parts[part]
            ))
        )
    )[1]::BIGINT AS cache_write_tokens,
    list_transform(
        [_usage],
        LAMBDA parts:
        list_max(list_transform(
            list_filter(map_keys(parts), LAMBDA part: regexp_matches(part, '1h')),
            LAMBDA part: parts[part]
        ))
    )[1]::BIGINT AS cache_write_1h_tokens,
    _output AS output_tokens,
    list_transform(
        [_usage],
        LAMBDA parts:
        list_max(list_transform(
            list_filter(map_keys(parts), LAMBDA part: regexp_matches(part, 'reasoning|thought')),
            LAMBDA part: parts[part]
        ))
    )[1]::BIGINT AS reasoning_tokens,
    list_transform(
        [_usage],
        LAMBDA parts: list_max(list_transform(
            list_filter(map_keys(parts), LAMBDA part: regexp_matches(part, '^(input|prompt)[^c]*audio[^c]*$')),
            LAMBDA part: parts[part]
        ))
    )[1]::BIGINT AS input_audio_tokens,
    list_transform(
        [_usage],
        LAMBDA parts: list_max(list_transform(
            list_filter(map_keys(parts), LAMBDA part: regexp_matches(part, 'cache.*audio')),
            LAMBDA part: parts[part]
        ))
    )[1]::BIGINT AS cache_read_audio_tokens,
    list_transform(
        [_usage],
        LAMBDA parts: list_max(list_transform(
            list_filter(map_keys(parts), LAMBDA part: regexp_matches(part, '(output|completion).*audio')),
            LAMBDA part: parts[part]
        ))
    )[1]::BIGINT AS output_audio_tokens,
    list_transform(
        [_usage],
        LAMBDA parts: list_max(list_transform(
            list_filter(map_keys(parts), LAMBDA part: regexp_matches(part, '^(input|prompt)[^c]*image[^c]*$')),
            LAMBDA part: parts[part]
        ))
    )[1]::BIGINT AS input_image_tokens,
    list_transform(
        [_usage],
        LAMBDA parts: list_max(list_transform(
            list_filter(map_keys(parts), LAMBDA part: regexp_matches(part, '(output|completion).*image')),
            LAMBDA part: parts[part]
        ))
    )[1]::BIGINT AS output_image_tokens,
    list_transform(
        [_usage],
        LAMBDA parts: CASE
            WHEN
                coalesce(list_max(map_values(parts)), 0) = 0
                AND coalesce(greatest(old_input, older_input, old_output, older_output), 0) = 0
                THEN 'missing'
            WHEN list_sum(map_values(parts)) <> 2 * parts['total'] THEN 'derived'
            WHEN kind = 'GENERATION' AND coalesce(parts['output'], old_output, older_output) IS NULL THEN 'partial'
            ELSE 'reported'
        END
    )[1] AS usage_quality,
    CASE
        WHEN level = 'ERROR' THEN 'error'
        WHEN lower(_finish) IN ('length', 'max_tokens') THEN 'truncated'
        WHEN lower(_finish) IN ('content_filter', 'refusal', 'safety') THEN 'filtered'
        -- Most exports hold the answer without its end.
        WHEN _finish IS NULL AND _max_output > 0 AND _output >= _max_output THEN 'truncated'
        ELSE 'ok'
    END AS status,
    _finish AS finish_reason,
    coalesce(project, project_blob) AS project,
    coalesce(user_id, user_blob, trace_user, root_user) AS user_id,
    environment,
    coalesce(trace_name, name_csv, name_blob, name) AS task,
    coalesce(trace_tags, tags_csv, tags) AS tags,
    prompt_hash(
        NULL, _messages, tools,
        concat_ws(
            chr(31), parameters(coalesce(asked_with, asked_with_blob)),
            parameters(CASE WHEN coalesce(messages, contents) IS NOT NULL THEN input END)
        )
    ) AS prompt_hash,
    template_hash(NULL, _messages) AS template_hash,
    prefix_hash(NULL, _messages, tools) AS prefix_hash,
    prefix_tokens(NULL, _messages, tools, _input) AS prefix_tokens,
    message_count(_messages) AS message_count,
    coalesce(
        json_array_length(try_cast(coalesce(called, called_chosen, called_apart) AS JSON)),
        length(
            list_filter(
                json_extract_string(try_cast(said AS JSON), '$[*].type'),
                LAMBDA kind_of: kind_of = 'tool_use'
            )
        )
    ) AS tool_calls,
    CASE
        WHEN _is_priced THEN _cost
        ELSE nullif(_cost, 0)
    END AS stated_cost,
    CASE WHEN _is_priced OR _cost > 0 THEN 'USD' END AS stated_currency,
    request_text(NULL, _messages, tools) AS prompt
FROM records
WHERE kind IN ('GENERATION', 'EMBEDDING')
