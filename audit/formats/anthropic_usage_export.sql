/*
title  = "Anthropic usage, exported from the Console"
source = "anthropic_usage"
kind   = "bills"
holds  = ["csv"]
note   = """
Rows of a UTC day, hour or minute, without a zone. usage_input_tokens_no_cache leave out what was read from and written
to the prompt cache: the total here is their sum. Keys and workspaces go by their names, where the API gives their ids:
ingest the export or the API's report, not both. Older exports know one kind of cache write."""

[recognise]
any = [["usage_date_utc", "model_version", "usage_input_tokens_no_cache", "usage_output_tokens"]]

[record]
# A bucket counts more than any call may: not "whole", but numbers.
day             = "usage_date_utc"
model           = "model_version"
api_key         = "api_key"
api_key_id      = "api_key_id"
workspace       = "workspace"
usage_type      = "usage_type"
context_window  = "context_window"
uncached        = "usage_input_tokens_no_cache: number"
cache_write     = "usage_input_tokens_cache_write: number"
cache_write_5m  = "usage_input_tokens_cache_write_5m: number"
cache_write_1h  = "usage_input_tokens_cache_write_1h: number"
cache_read      = "usage_input_tokens_cache_read: number"
output          = "usage_output_tokens: number"
searches        = "web_search_count: number"
inference_geo   = "inference_geo"
speed           = "speed"
*/
SELECT
    md5(to_json([
        day, model, coalesce(api_key_id, api_key), workspace, usage_type, context_window, inference_geo, speed
    ])::VARCHAR) AS bill_id,
    'anthropic' AS provider,
    try_cast(day AS TIMESTAMP) AS period_start,
    CASE WHEN regexp_matches(day, '^\d{4}-\d\d-\d\d$') THEN try_cast(day AS TIMESTAMP) + INTERVAL 1 DAY END
        AS period_end,
    'chat' AS operation,
    model,
    CASE usage_type
        WHEN 'priority_on_demand' THEN 'priority'
        WHEN 'flex_discount' THEN 'flex'
        WHEN 'message' THEN NULL
        ELSE usage_type
    END AS service_tier,
    workspace AS project,
    coalesce(api_key, api_key_id) AS api_key,
    nullif(concat_ws(', ', context_window, inference_geo, speed), '') AS line_item,
    try_cast(
        uncached + coalesce(cache_read, 0) + coalesce(cache_write, cache_write_5m + cache_write_1h, 0) AS BIGINT
    ) AS input_tokens,
    try_cast(cache_read AS BIGINT) AS cache_read_tokens,
    try_cast(coalesce(cache_write, cache_write_5m + cache_write_1h) AS BIGINT) AS cache_write_tokens,
    try_cast(cache_write_1h AS BIGINT) AS cache_write_1h_tokens,
    try_cast(output AS BIGINT) AS output_tokens,
    searches AS quantity,
    CASE WHEN searches IS NOT NULL THEN 'web searches' END AS unit
FROM records
