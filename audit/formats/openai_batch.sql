/*
title  = "OpenAI batch results"
source = "openai-batch"
note   = """
The output file and the error file of a batch. The only time is that of the answer's body: an answer of an embedding or
of a moderation has none, and neither has a request that failed. What has no time cannot be put into a month: such a
line is passed over where it failed, for then it cost nothing, and rejected where it was answered. Which batch it was,
and who asked, stands in no line. Everything is at the batch price. custom_id is the asker's own and need not be
unique: a call is known by the id that the batch gave its request. Other providers write batches in the same way:
which one it was is told by the model's name where that has one maker only."""

[recognise]
any = [
  ["id", "custom_id", "response", "error"],
  ["id", "custom_id", "response.status_code", "response.body"],
]

[record]
id          = "id"
custom_id   = "custom_id"
failed      = "error.code"
status_code = "response.status_code: whole"
request_id  = "response.request_id"
body_id     = "response.body.id"
object      = "response.body.object"
created     = "response.body.created: instant"
created_at  = "response.body.created_at: instant"
model       = "response.body.model"
state       = "response.body.status"
cut_by      = "response.body.incomplete_details.reason"
refused     = "response.body.error.code"
refused_as  = "response.body.error.type"
finish      = "response.body.choices[0].finish_reason"
called      = "response.body.choices[0].message.tool_calls: json"
input       = "response.body.usage.prompt_tokens: whole"
output      = "response.body.usage.completion_tokens: whole"
cached      = "response.body.usage.prompt_tokens_details.cached_tokens: whole"
written     = "response.body.usage.prompt_tokens_details.cache_write_tokens: whole"
thought     = "response.body.usage.completion_tokens_details.reasoning_tokens: whole"
audio       = "response.body.usage.prompt_tokens_details.audio_tokens: whole"
image       = "response.body.usage.prompt_tokens_details.image_tokens: whole"
audio_out   = "response.body.usage.completion_tokens_details.audio_tokens: whole"
image_out   = "response.body.usage.completion_tokens_details.image_tokens: whole"
new_input   = "response.body.usage.input_tokens: whole"
new_output  = "response.body.usage.output_tokens: whole"
new_cached  = "response.body.usage.input_tokens_details.cached_tokens: whole"
new_written = "response.body.usage.input_tokens_details.cache_write_tokens: whole"
new_thought = "response.body.usage.output_tokens_details.reasoning_tokens: whole"
new_image   = "response.body.usage.input_tokens_details.image_tokens: whole"
new_drawn   = "response.body.usage.output_tokens_details.image_tokens: whole"
items       = "response.body.output: json"
max_tokens  = "response.body.max_output_tokens"
*/
SELECT
    id AS call_id,
    CASE WHEN status_code < 400 THEN body_id END AS response_id,
    request_id,
    coalesce(created, created_at) AS started_at,
    CASE object
        WHEN 'text_completion' THEN 'text_completion'
        WHEN 'list' THEN 'embeddings'
        WHEN 'chat.completion' THEN 'chat'
        WHEN 'response' THEN 'chat'
    END AS operation,
    CASE
        WHEN
            regexp_matches(model, '^(ft:)?(gpt-(\d|image)|chatgpt-|o\d|text-embedding-(3|ada)|davinci|babbage|omni-)')
            THEN 'openai'
        WHEN regexp_matches(model, '^(open-)?(mi[sx]tral|ministral|magistral|codestral|pixtral)') THEN 'mistral'
    END AS provider,
    model,
    model AS response_model,
    'batch' AS service_tier,
    FALSE AS stream,
    try_cast(max_tokens AS BIGINT) AS max_output_tokens,
    CASE WHEN greatest(input, new_input, output, new_output) > 0 THEN coalesce(input, new_input) END AS input_tokens,
    coalesce(cached, new_cached) AS cache_read_tokens,
    coalesce(written, new_written) AS cache_write_tokens,
    CASE WHEN greatest(input, new_input, output, new_output) > 0 THEN coalesce(output, new_output) END
        AS output_tokens,
    coalesce(thought, new_thought) AS reasoning_tokens,
    audio AS input_audio_tokens,
    audio_out AS output_audio_tokens,
    coalesce(image, new_image) AS input_image_tokens,
    coalesce(image_out, new_drawn) AS output_image_tokens,
    nullif(
        length(list_filter(
            try_cast(try_cast(items AS JSON) AS JSON[]),
            LAMBDA item: json_extract_string(item, '$.type') = 'web_search_call'
            AND coalesce(json_extract_string(item, '$.action.type'), 'search') = 'search'
            AND coalesce(json_extract_string(item, '$.status'), 'completed') <> 'failed'
        )),
        0
    ) AS quantity,
    CASE
        WHEN
            length(list_filter(
                try_cast(try_cast(items AS JSON) AS JSON[]),
                LAMBDA item: json_extract_string(item, '$.type') = 'web_search_call'
                AND coalesce(json_extract_string(item, '$.action.type'), 'search') = 'search'
                AND coalesce(json_extract_string(item, '$.status'), 'completed') <> 'failed'
            )) > 0
            THEN 'web_searches'
    END AS unit,
    CASE WHEN greatest(input, new_input, output, new_output) > 0 THEN 'reported' ELSE 'missing' END AS usage_quality,
    CASE
        WHEN status_code >= 400 OR failed IS NOT NULL OR state = 'failed' THEN 'error'
        WHEN state = 'cancelled' THEN 'cancelled'
        WHEN finish = 'length' OR cut_by = 'max_output_tokens' THEN 'truncated'
        WHEN coalesce(finish, cut_by) = 'content_filter' THEN 'filtered'
        WHEN status_code < 400 THEN 'ok'
        ELSE 'unknown'
    END AS status,
    status_code AS http_status,
    coalesce(failed, refused, refused_as) AS error_type,
    coalesce(finish, cut_by, state) AS finish_reason,
    json_array_length(try_cast(called AS JSON)) AS tool_calls
FROM records
WHERE coalesce(created, created_at) IS NOT NULL OR (status_code < 400 AND failed IS NULL)
