/*
title  = "OpenAI responses"
source = "openai-responses"
note   = """
Answers of the responses interface: one a line or a file, the events of a stream that hold one, or a program's own line
with the answer under response and the request under request. The time is that of the answer, exact to the second,
unless the program wrote a start (started_at, start_time) beside it; so is the latency. What is still at work has no
usage: where it is stated again the last statement counts. What was asked stands in the request alone; the answer
repeats only the instructions and the tools. Web searches are counted by their items, of which only those that search are
billed, or as the usage counts them. A base_url or api_base that the program wrote tells the provider, and whether it is
the international site of one with two price lists. What an answer says it cost is taken from xAI and Perplexity."""

[recognise]
any = [
  ["id", "object", "created_at", "status", "model", "output"],
  ["response{}.id", "response{}.object", "response{}.created_at", "response{}.status", "response{}.output"],
  ["request", "response{}.id", "response{}.object", "response{}.created_at", "response{}.status", "response{}.output"],
]

[record]
id              = "id"
object          = "object"
created         = "created_at: instant"
completed       = "completed_at: instant"
state           = "status"
cut_by          = "incomplete_details.reason"
error_code      = "error.code"
model           = "model"
input           = "usage.input_tokens: whole"
cached          = "usage.input_tokens_details.cached_tokens: whole"
read_plain      = "usage.input_tokens_details.cache_read_input_tokens: whole"
written         = "usage.input_tokens_details.cache_write_tokens: whole"
audio           = "usage.input_tokens_details.audio_tokens: whole"
image           = "usage.input_tokens_details.image_tokens: whole"
audio_out       = "usage.output_tokens_details.audio_tokens: whole"
image_out       = "usage.output_tokens_details.image_tokens: whole"
searches        = "usage.server_side_tool_usage_details.web_search_calls: whole"
cost            = "usage.cost: json"
cost_ticks      = "usage.cost_in_usd_ticks"
tool_calls      = "usage.tool_calls_details: json"
output          = "usage.output_tokens: whole"
reasoning       = "usage.output_tokens_details.reasoning_tokens: whole"
tier            = "service_tier"
max_tokens      = "max_output_tokens"
instructions    = "instructions: json"
tools           = "tools: json"
items           = "output: json"
own_user        = "user"
thread          = "conversation.id"
azure           = "content_filters: json"
answer_id       = "response{}.id"
answer_object   = "response{}.object"
answer_created  = "response{}.created_at: instant"
answer_done     = "response{}.completed_at: instant"
answer_state    = "response{}.status"
answer_cut_by   = "response{}.incomplete_details.reason"
answer_error    = "response{}.error.code"
answer_model    = "response{}.model"
answer_input    = "response{}.usage.input_tokens: whole"
answer_cached   = "response{}.usage.input_tokens_details.cached_tokens: whole"
answer_read     = "response{}.usage.input_tokens_details.cache_read_input_tokens: whole"
answer_written  = "response{}.usage.input_tokens_details.cache_write_tokens: whole"
answer_audio    = "response{}.usage.input_tokens_details.audio_tokens: whole"
answer_image    = "response{}.usage.input_tokens_details.image_tokens: whole"
answer_spoken   = "response{}.usage.output_tokens_details.audio_tokens: whole"
answer_drawn    = "response{}.usage.output_tokens_details.image_tokens: whole"
answer_searches = "response{}.usage.server_side_tool_usage_details.web_search_calls: whole"
answer_cost     = "response{}.usage.cost: json"
answer_ticks    = "response{}.usage.cost_in_usd_ticks"
answer_calls    = "response{}.usage.tool_calls_details: json"
answer_output   = "response{}.usage.output_tokens: whole"
answer_thought  = "response{}.usage.output_tokens_details.reasoning_tokens: whole"
answer_tier     = "response{}.service_tier"
answer_max      = "response{}.max_output_tokens"
answer_told     = "response{}.instructions: json"
answer_tools    = "response{}.tools: json"
answer_items    = "response{}.output: json"
answer_user     = "response{}.user"
answer_thread   = "response{}.conversation.id"
answer_azure    = "response{}.content_filters: json"
event           = "type"
asked_model     = "request{}.model"
request         = "request{}: json"
asked           = "request{}.input: json"
asked_told      = "request{}.instructions: json"
asked_tools     = "request{}.tools: json"
stream          = "request{}.stream"
request_id      = "request_id"
base_url        = "base_url"
api_base        = "api_base"
started         = "started_at: instant"
start_time      = "start_time: instant"
latency         = "latency_ms"
status_code     = "status_code"
trace           = "trace_id"
session         = "session_id"
user_id         = "user_id"
project         = "project"
environment     = "environment"
*/
SELECT
    coalesce(answer_id, id) AS call_id,
    coalesce(answer_id, id) AS response_id,
    request_id,
    trace AS trace_id,
    coalesce(session, answer_thread, thread) AS session_id,
    coalesce(started, start_time, answer_created, CASE WHEN answer_id IS NULL THEN created END) AS started_at,
    coalesce(
        try_cast(latency AS BIGINT),
        date_diff('millisecond', coalesce(answer_created, created), coalesce(answer_done, completed))
    ) AS latency_ms,
    'chat' AS operation,
    CASE
        WHEN coalesce(azure, answer_azure) IS NOT NULL OR contains(coalesce(base_url, api_base), '.azure.com')
            THEN 'azure'
        WHEN
            regexp_matches(coalesce(base_url, api_base), 'dashscope|\.maas\.aliyuncs\.com')
            OR regexp_matches(coalesce(asked_model, answer_model, model), '^qwen-?(max|plus|turbo|flash)')
            THEN 'dashscope'
        WHEN
            contains(coalesce(base_url, api_base), '.volces.com')
            OR starts_with(coalesce(asked_model, answer_model, model), 'doubao-')
            THEN 'volcengine'
        WHEN contains(coalesce(base_url, api_base), 'openrouter.ai') THEN 'openrouter'
        WHEN
            json_extract_string(coalesce(answer_cost, cost), '$.total_cost') IS NOT NULL
            OR contains(coalesce(base_url, api_base), 'api.perplexity.ai')
            THEN 'perplexity'
        WHEN
            regexp_matches(
                coalesce(asked_model, answer_model, model), '^(ft:)?(gpt-(\d|image)|chatgpt-|o\d|codex-|computer-use)'
            )
            THEN 'openai'
        WHEN starts_with(coalesce(asked_model, answer_model, model), 'grok-') THEN 'x-ai'
    END AS provider,
    coalesce(asked_model, answer_model, model) AS model,
    coalesce(answer_model, model) AS response_model,
    CASE
        WHEN coalesce(answer_tier, tier) = 'default' THEN 'standard'
        ELSE nullif(coalesce(answer_tier, tier), 'auto')
    END AS service_tier,
    CASE
        WHEN
            regexp_matches(
                coalesce(base_url, api_base),
                'dashscope-(intl|us)\.|\.(ap|us|eu|me)-[a-z]+-\d\.maas\.aliyuncs\.com'
            )
            THEN 'intl'
    END AS region,
    CASE WHEN event LIKE 'response.%' THEN TRUE ELSE try_cast(stream AS BOOLEAN) END AS stream,
    try_cast(coalesce(answer_max, max_tokens) AS BIGINT) AS max_output_tokens,
    CASE WHEN greatest(input, answer_input, output, answer_output) > 0 THEN coalesce(answer_input, input) END
        AS input_tokens,
    coalesce(answer_cached, cached, answer_read, read_plain) AS cache_read_tokens,
    coalesce(answer_written, written) AS cache_write_tokens,
    CASE WHEN greatest(input, answer_input, output, answer_output) > 0 THEN coalesce(answer_output, output) END
        AS output_tokens,
    coalesce(answer_thought, reasoning) AS reasoning_tokens,
    coalesce(answer_audio, audio) AS input_audio_tokens,
    coalesce(answer_spoken, audio_out) AS output_audio_tokens,
    coalesce(answer_image, image) AS input_image_tokens,
    coalesce(answer_drawn, image_out) AS output_image_tokens,
    nullif(
        coalesce(
            answer_searches, searches,
            try_cast(
                json_extract_string(coalesce(answer_calls, tool_calls), '$.search_web.invocation') AS BIGINT
            ),
            length(list_filter(
                try_cast(try_cast(coalesce(answer_items, items) AS JSON) AS JSON[]),
                LAMBDA item: json_extract_string(item, '$.type') = 'web_search_call'
                AND coalesce(json_extract_string(item, '$.action.type'), 'search') = 'search'
                AND coalesce(json_extract_string(item, '$.status'), 'completed') <> 'failed'
            ))
        ),
        0
    ) AS quantity,
    CASE
        WHEN
            coalesce(
                answer_searches, searches,
                try_cast(
                    json_extract_string(coalesce(answer_calls, tool_calls), '$.search_web.invocation') AS BIGINT
                ),
                length(list_filter(
                    try_cast(try_cast(coalesce(answer_items, items) AS JSON) AS JSON[]),
                    LAMBDA item: json_extract_string(item, '$.type') = 'web_search_call'
                    AND coalesce(json_extract_string(item, '$.action.type'), 'search') = 'search'
                    AND coalesce(json_extract_string(item, '$.status'), 'completed') <> 'failed'
                ))
            ) > 0
            THEN 'web_searches'
    END AS unit,
    CASE WHEN greatest(input, answer_input, output, answer_output) > 0 THEN 'reported' ELSE 'missing' END
        AS usage_quality,
    CASE
        WHEN coalesce(answer_state, state) = 'completed' THEN 'ok'
        WHEN coalesce(answer_state, state) = 'failed' THEN 'error'
        WHEN coalesce(answer_state, state) = 'cancelled' THEN 'cancelled'
        WHEN coalesce(answer_cut_by, cut_by) = 'max_output_tokens' THEN 'truncated'
        WHEN coalesce(answer_cut_by, cut_by) = 'content_filter' THEN 'filtered'
        ELSE 'unknown'
    END AS status,
    try_cast(status_code AS BIGINT) AS http_status,
    coalesce(answer_error, error_code) AS error_type,
    coalesce(answer_cut_by, cut_by, answer_state, state) AS finish_reason,
    project,
    coalesce(user_id, answer_user, own_user) AS user_id,
    environment,
    prompt_hash(
        coalesce(asked_told, answer_told, instructions), asked, coalesce(asked_tools, answer_tools, tools),
        parameters(request)
    ) AS prompt_hash,
    template_hash(coalesce(asked_told, answer_told, instructions), asked) AS template_hash,
    prefix_hash(
        coalesce(asked_told, answer_told, instructions), asked, coalesce(asked_tools, answer_tools, tools)
    ) AS prefix_hash,
    prefix_tokens(
        coalesce(asked_told, answer_told, instructions), asked, coalesce(asked_tools, answer_tools, tools),
        coalesce(answer_input, input)
    ) AS prefix_tokens,
    message_count(asked) AS message_count,
    length(
        list_filter(
            json_extract_string(try_cast(coalesce(answer_items, items) AS JSON), '$[*].type'),
            LAMBDA kind: ends_with(kind, '_call')
        )
    ) AS tool_calls,
    coalesce(
        try_cast(try_cast(coalesce(answer_ticks, cost_ticks) AS BIGINT) * 0.0000000001 AS DECIMAL(18, 9)),
        try_cast(json_extract_string(coalesce(answer_cost, cost), '$.total_cost') AS DECIMAL(18, 9))
    ) AS stated_cost,
    CASE
        WHEN coalesce(answer_ticks, cost_ticks) IS NOT NULL THEN 'USD'
        WHEN json_extract_string(coalesce(answer_cost, cost), '$.total_cost') IS NOT NULL
            THEN coalesce(json_extract_string(coalesce(answer_cost, cost), '$.currency'), 'USD')
    END AS stated_currency,
    request_text(
        coalesce(asked_told, answer_told, instructions), asked, coalesce(asked_tools, answer_tools, tools)
    ) AS prompt
FROM records
WHERE coalesce(answer_object, object) = 'response'
