/*
title  = "OpenAI responses"
source = "openai-responses"
note   = """
Answers of the responses interface: one a line or a file, the events of a stream that hold one, or a program's own line
with the answer under response and the request under request. The time is that of the answer, exact to the second,
unless the program wrote a start (started_at, start_time) beside it; so is the latency. What is still at work has no
usage: where it is stated again the last statement counts. What was asked stands in the request alone; the answer
repeats only the instructions and the tools."""

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
written         = "usage.input_tokens_details.cache_write_tokens: whole"
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
answer_written  = "response{}.usage.input_tokens_details.cache_write_tokens: whole"
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
asked           = "request{}.input: json"
asked_told      = "request{}.instructions: json"
asked_tools     = "request{}.tools: json"
asked_form      = "request{}.text: json"
temperature     = "request{}.temperature"
stream          = "request{}.stream"
request_id      = "request_id"
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
        WHEN coalesce(azure, answer_azure) IS NOT NULL THEN 'azure'
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
    CASE WHEN event LIKE 'response.%' THEN TRUE ELSE try_cast(stream AS BOOLEAN) END AS stream,
    try_cast(coalesce(answer_max, max_tokens) AS BIGINT) AS max_output_tokens,
    CASE WHEN greatest(input, answer_input, output, answer_output) > 0 THEN coalesce(answer_input, input) END
        AS input_tokens,
    coalesce(answer_cached, cached) AS cache_read_tokens,
    coalesce(answer_written, written) AS cache_write_tokens,
    CASE WHEN greatest(input, answer_input, output, answer_output) > 0 THEN coalesce(answer_output, output) END
        AS output_tokens,
    coalesce(answer_thought, reasoning) AS reasoning_tokens,
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
        concat_ws('/', asked_model, asked_form, temperature)
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
    request_text(
        coalesce(asked_told, answer_told, instructions), asked, coalesce(asked_tools, answer_tools, tools)
    ) AS prompt
FROM records
WHERE coalesce(answer_object, object) = 'response'
