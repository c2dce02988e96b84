/*
title  = "OpenAI chat completions"
source = "openai-chat"
each   = ["data[]"]
note   = """
Answers as the interface gives them: one a line or a file, a page of stored completions, or a program's own line that
holds the answer under response and, where it keeps it, the request under request (objects, or texts of JSON). A time
that the program wrote beside it as started_at or start_time is taken before the answer's own, which is exact to the
second only; timestamp and created_at are taken where there is neither. Other providers speak this interface too: which
one answered is told where it leaves a mark, or where the model's name tells its maker. An embedding states neither id
nor time: it is read only with a time beside it, and is known by its content where it has no request id. The parts of a
stream are one call, whose usage stands in the last part if it was asked for."""

[recognise]
any = [
  ["*.id", "*.object", "*.created", "*.model", "*.choices"],
  ["*.request", "*.response{}.id", "*.response{}.object", "*.response{}.created", "*.response{}.choices"],
  ["*.response{}.id", "*.response{}.object", "*.response{}.created", "*.response{}.choices"],
  ["*.request", "*.response{}.data", "*.response{}.model", "*.response{}.usage.prompt_tokens"],
  ["*.request{}.messages", "*.response{}.error.code"],
]

[record]
id              = "*.id"
object          = "*.object"
created         = "*.created: instant"
model           = "*.model"
input           = "*.usage.prompt_tokens: whole"
output          = "*.usage.completion_tokens: whole"
cached          = "*.usage.prompt_tokens_details.cached_tokens: whole"
cache_hit       = "*.usage.prompt_cache_hit_tokens: whole"
written         = "*.usage.prompt_tokens_details.cache_write_tokens: whole"
reasoning       = "*.usage.completion_tokens_details.reasoning_tokens: whole"
finish          = "*.choices[0].finish_reason"
called          = "*.choices[0].message.tool_calls: json"
tier            = "*.service_tier"
request_id      = "*.request_id"
stored_user     = "*.input_user"
groq            = "*.x_groq: json"
azure           = "*.prompt_filter_results: json"
answer_id       = "*.response{}.id"
answer_object   = "*.response{}.object"
answer_created  = "*.response{}.created: instant"
answer_model    = "*.response{}.model"
answer_input    = "*.response{}.usage.prompt_tokens: whole"
answer_output   = "*.response{}.usage.completion_tokens: whole"
answer_cached   = "*.response{}.usage.prompt_tokens_details.cached_tokens: whole"
answer_hit      = "*.response{}.usage.prompt_cache_hit_tokens: whole"
answer_written  = "*.response{}.usage.prompt_tokens_details.cache_write_tokens: whole"
answer_thought  = "*.response{}.usage.completion_tokens_details.reasoning_tokens: whole"
answer_finish   = "*.response{}.choices[0].finish_reason"
answer_called   = "*.response{}.choices[0].message.tool_calls: json"
answer_tier     = "*.response{}.service_tier"
answer_groq     = "*.response{}.x_groq: json"
answer_azure    = "*.response{}.prompt_filter_results: json"
error_code      = "*.response{}.error.code"
error_type      = "*.response{}.error.type"
asked_model     = "*.request{}.model"
messages        = "*.request{}.messages: json"
prompt          = "*.request{}.prompt: json"
embedded        = "*.request{}.input: json"
tools           = "*.request{}.tools: json"
answer_format   = "*.request{}.response_format: json"
temperature     = "*.request{}.temperature"
max_tokens      = "*.request{}.max_tokens"
max_completion  = "*.request{}.max_completion_tokens"
stream          = "*.request{}.stream"
asked_user      = "*.request{}.user"
started         = "*.started_at: instant"
start_time      = "*.start_time: instant"
ended           = "*.ended_at: instant"
end_time        = "*.end_time: instant"
stamp           = "*.timestamp: instant"
created_at      = "*.created_at: instant"
latency         = "*.latency_ms"
duration        = "*.duration_ms"
status_code     = "*.status_code"
trace           = "*.trace_id"
session         = "*.session_id"
user_id         = "*.user_id"
project         = "*.project"
environment     = "*.environment"
*/
SELECT
    coalesce(
        answer_id, CASE WHEN object IS NOT NULL THEN id END, request_id, id,
        md5(concat_ws('/', started, start_time, stamp, created_at, asked_model, messages, prompt, embedded))
    ) AS call_id,
    coalesce(answer_id, CASE WHEN object IS NOT NULL THEN id END) AS response_id,
    request_id,
    trace AS trace_id,
    session AS session_id,
    coalesce(started, start_time, created, answer_created, stamp, created_at) AS started_at,
    coalesce(
        try_cast(coalesce(latency, duration) AS BIGINT),
        date_diff('millisecond', coalesce(started, start_time), coalesce(ended, end_time))
    ) AS latency_ms,
    CASE
        WHEN coalesce(object, answer_object) LIKE 'chat.completion%' THEN 'chat'
        WHEN coalesce(object, answer_object) = 'text_completion' THEN 'text_completion'
        WHEN messages IS NOT NULL THEN 'chat'
        WHEN prompt IS NOT NULL THEN 'text_completion'
        WHEN answer_object = 'list' OR embedded IS NOT NULL THEN 'embeddings'
    END AS operation,
    CASE
        WHEN coalesce(groq, answer_groq) IS NOT NULL THEN 'groq'
        WHEN coalesce(azure, answer_azure) IS NOT NULL THEN 'azure'
        WHEN coalesce(answer_id, id) LIKE 'gen-%' THEN 'openrouter'
        WHEN
            regexp_matches(
                coalesce(asked_model, answer_model, model),
                '^(ft:)?(gpt-(\d|image|audio|realtime)|chatgpt-|o\d|text-embedding-(3|ada)|davinci|babbage|codex-)'
            )
            THEN 'openai'
        WHEN starts_with(coalesce(asked_model, answer_model, model), 'deepseek-') THEN 'deepseek'
        WHEN starts_with(coalesce(asked_model, answer_model, model), 'grok-') THEN 'x-ai'
        WHEN starts_with(coalesce(asked_model, answer_model, model), 'claude-') THEN 'anthropic'
        WHEN starts_with(coalesce(asked_model, answer_model, model), 'gemini-') THEN 'google'
    END AS provider,
    coalesce(asked_model, answer_model, model) AS model,
    coalesce(answer_model, CASE WHEN object IS NOT NULL THEN model END) AS response_model,
    CASE
        WHEN coalesce(answer_tier, tier) = 'default' THEN 'standard'
        ELSE nullif(coalesce(answer_tier, tier), 'auto')
    END AS service_tier,
    CASE
        WHEN coalesce(object, answer_object) LIKE '%.chunk' THEN TRUE
        ELSE try_cast(stream AS BOOLEAN)
    END AS stream,
    try_cast(coalesce(max_completion, max_tokens) AS BIGINT) AS max_output_tokens,
    CASE WHEN greatest(input, answer_input, output, answer_output) > 0 THEN coalesce(input, answer_input) END
        AS input_tokens,
    coalesce(cached, answer_cached, cache_hit, answer_hit) AS cache_read_tokens,
    coalesce(written, answer_written) AS cache_write_tokens,
    CASE WHEN greatest(input, answer_input, output, answer_output) > 0 THEN coalesce(output, answer_output) END
        AS output_tokens,
    coalesce(reasoning, answer_thought) AS reasoning_tokens,
    CASE WHEN greatest(input, answer_input, output, answer_output) > 0 THEN 'reported' ELSE 'missing' END
        AS usage_quality,
    CASE
        WHEN coalesce(error_code, error_type) IS NOT NULL OR try_cast(status_code AS BIGINT) >= 400 THEN 'error'
        WHEN coalesce(finish, answer_finish) = 'length' THEN 'truncated'
        WHEN coalesce(finish, answer_finish) = 'content_filter' THEN 'filtered'
        WHEN coalesce(finish, answer_finish) IS NOT NULL THEN 'ok'
        WHEN greatest(input, answer_input) > 0 THEN 'ok'
        ELSE 'unknown'
    END AS status,
    try_cast(status_code AS BIGINT) AS http_status,
    coalesce(error_code, error_type) AS error_type,
    coalesce(finish, answer_finish) AS finish_reason,
    project,
    coalesce(user_id, asked_user, stored_user) AS user_id,
    environment,
    prompt_hash(
        NULL, coalesce(messages, prompt, embedded), tools, concat_ws('/', asked_model, answer_format, temperature)
    ) AS prompt_hash,
    template_hash(NULL, coalesce(messages, prompt)) AS template_hash,
    prefix_hash(NULL, messages, tools) AS prefix_hash,
    prefix_tokens(NULL, messages, tools, coalesce(input, answer_input)) AS prefix_tokens,
    message_count(messages) AS message_count,
    json_array_length(try_cast(coalesce(called, answer_called) AS JSON)) AS tool_calls,
    request_text(NULL, coalesce(messages, prompt, embedded), tools) AS prompt
FROM records
WHERE
    coalesce(object, answer_object) IN ('chat.completion', 'chat.completion.chunk', 'text_completion')
    OR answer_object = 'list'
    OR coalesce(error_code, error_type) IS NOT NULL
    OR try_cast(status_code AS BIGINT) >= 400
