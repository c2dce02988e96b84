/*
title  = "OpenAI usage API"
source = "openai_usage"
kind   = "bills"
each   = ["data[].results[]", "results[]"]
note   = """
Buckets of a minute, an hour or a day; pages as they came, or one bucket a line. A dimension that was not grouped by is
null in the report, and unknown here. Fetch one width of bucket and one grouping, from the start of a day on: the same
usage grouped in two ways stands here twice, and a bucket that was cut by the query's start is another one. A bucket
fetched again replaces the earlier. input_tokens hold what was read from and written to the prompt cache. There is no
money in it: the costs API has that, and its pages belong in files of their own."""

[recognise]
# The last two are pages and buckets without a result. Costs and usage have them alike, so both formats know them.
any = [
  ["data[].start_time", "data[].end_time", "data[].results", "*.object", "*.num_model_requests"],
  ["data[].start_time", "data[].end_time", "data[].results", "*.object", "*.usage_bytes"],
  ["data[].start_time", "data[].end_time", "data[].results", "*.object", "*.num_sessions"],
  ["data[].start_time", "data[].end_time", "data[].results", "*.object", "*.num_requests"],
  ["start_time", "end_time", "results", "*.object", "*.num_model_requests"],
  ["start_time", "end_time", "results", "*.object", "*.usage_bytes"],
  ["start_time", "end_time", "results", "*.object", "*.num_sessions"],
  ["start_time", "end_time", "results", "*.object", "*.num_requests"],
  ["data[].object", "data[].start_time", "data[].end_time", "data[].results"],
  ["object", "start_time", "end_time", "results"],
]

[record]
# A bucket counts more than any call may: not "whole", but numbers.
page_start    = "data[].start_time: instant"
page_end      = "data[].end_time: instant"
line_start    = "start_time: instant"
line_end      = "end_time: instant"
object        = "*.object"
model         = "*.model"
project_id    = "*.project_id"
user_id       = "*.user_id"
api_key_id    = "*.api_key_id"
batch         = "*.batch"
tier          = "*.service_tier"
requests      = "*.num_model_requests: number"
input         = "*.input_tokens: number"
cached        = "*.input_cached_tokens: number"
cache_write   = "*.input_cache_write_tokens: number"
output        = "*.output_tokens: number"
images        = "*.images: number"
characters    = "*.characters: number"
seconds       = "*.seconds: number"
usage_bytes   = "*.usage_bytes: number"
sessions      = "*.num_sessions: number"
searches      = "*.num_requests: number"
size          = "*.size"
image_source  = "*.source"
context_level = "*.context_level"
vector_store  = "*.vector_store_id"
*/
SELECT
    md5(to_json([
        coalesce(page_start, line_start)::VARCHAR, object, model, project_id, user_id, api_key_id, batch, tier,
        size, image_source, context_level, vector_store
    ])::VARCHAR) AS bill_id,
    'openai' AS provider,
    coalesce(page_start, line_start) AS period_start,
    coalesce(page_end, line_end) AS period_end,
    CASE object
        WHEN 'organization.usage.completions.result' THEN 'chat'
        WHEN 'organization.usage.embeddings.result' THEN 'embeddings'
        WHEN 'organization.usage.moderations.result' THEN 'moderation'
        WHEN 'organization.usage.images.result' THEN 'image'
        WHEN 'organization.usage.audio_speeches.result' THEN 'audio'
        WHEN 'organization.usage.audio_transcriptions.result' THEN 'audio'
    END AS operation,
    model,
    CASE
        WHEN lower(batch) = 'true' THEN 'batch'
        WHEN tier IN ('default', 'auto') THEN 'standard'
        ELSE tier
    END AS service_tier,
    project_id AS project,
    user_id,
    api_key_id AS api_key,
    concat_ws(
        ', ', replace(replace(object, 'organization.usage.', ''), '.result', ''), image_source, size, context_level
    ) AS line_item,
    try_cast(requests AS BIGINT) AS requests,
    try_cast(input AS BIGINT) AS input_tokens,
    try_cast(cached AS BIGINT) AS cache_read_tokens,
    try_cast(cache_write AS BIGINT) AS cache_write_tokens,
    try_cast(output AS BIGINT) AS output_tokens,
    coalesce(images, characters, seconds, usage_bytes, sessions, searches) AS quantity,
    CASE
        WHEN images IS NOT NULL THEN 'images'
        WHEN characters IS NOT NULL THEN 'characters'
        WHEN seconds IS NOT NULL THEN 'seconds'
        WHEN usage_bytes IS NOT NULL THEN 'bytes'
        WHEN sessions IS NOT NULL THEN 'sessions'
        WHEN searches IS NOT NULL THEN 'searches'
    END AS unit
FROM records
WHERE starts_with(object, 'organization.usage.')
