/*
title  = "Anthropic usage report"
source = "anthropic_usage"
kind   = "bills"
each   = ["data[].results[]", "results[]"]
note   = """
Buckets of a minute, an hour or a day; pages as they came, or one bucket a line. uncached_input_tokens leave out what
was read from and written to the prompt cache: the total here is their sum. A dimension that was not grouped by is null
in the report, and unknown here; so are the default workspace and the Console's key. Fetch one width of bucket and one
grouping: the same usage grouped in two ways stands here twice. There is neither money nor a count of requests in it."""

[recognise]
# The last two are pages and buckets without a result. Costs and usage have them alike, so both formats know them.
any = [
  ["data[].starting_at", "data[].ending_at", "data[].results", "*.uncached_input_tokens", "*.output_tokens"],
  ["starting_at", "ending_at", "results", "*.uncached_input_tokens", "*.output_tokens"],
  ["data[].starting_at", "data[].ending_at", "data[].results"],
  ["starting_at", "ending_at", "results"],
]

[record]
# A bucket counts more than any call may: not "whole", but numbers.
page_start      = "data[].starting_at: instant"
page_end        = "data[].ending_at: instant"
line_start      = "starting_at: instant"
line_end        = "ending_at: instant"
uncached        = "*.uncached_input_tokens: number"
cache_read      = "*.cache_read_input_tokens: number"
cache_write_5m  = "*.cache_creation.ephemeral_5m_input_tokens: number"
cache_write_1h  = "*.cache_creation.ephemeral_1h_input_tokens: number"
output          = "*.output_tokens: number"
searches        = "*.server_tool_use.web_search_requests: number"
model           = "*.model"
tier            = "*.service_tier"
workspace       = "*.workspace_id"
api_key_id      = "*.api_key_id"
account         = "*.account_id"
service_account = "*.service_account_id"
context_window  = "*.context_window"
inference_geo   = "*.inference_geo"
speed           = "*.speed"
*/
SELECT
    md5(to_json([
        coalesce(page_start, line_start)::VARCHAR, model, tier, workspace, api_key_id, account, service_account,
        context_window, inference_geo, speed
    ])::VARCHAR) AS bill_id,
    'anthropic' AS provider,
    coalesce(page_start, line_start) AS period_start,
    coalesce(page_end, line_end) AS period_end,
    'chat' AS operation,
    model,
    CASE tier WHEN 'priority_on_demand' THEN 'priority' WHEN 'flex_discount' THEN 'flex' ELSE tier END AS service_tier,
    workspace AS project,
    coalesce(account, service_account) AS user_id,
    api_key_id AS api_key,
    nullif(concat_ws(', ', context_window, inference_geo, speed), '') AS line_item,
    try_cast(
        uncached + coalesce(cache_read, 0) + coalesce(cache_write_5m, 0) + coalesce(cache_write_1h, 0) AS BIGINT
    ) AS input_tokens,
    try_cast(cache_read AS BIGINT) AS cache_read_tokens,
    try_cast(cache_write_5m + cache_write_1h AS BIGINT) AS cache_write_tokens,
    try_cast(cache_write_1h AS BIGINT) AS cache_write_1h_tokens,
    try_cast(output AS BIGINT) AS output_tokens,
    searches AS quantity,
    CASE WHEN searches IS NOT NULL THEN 'web searches' END AS unit
FROM records
WHERE coalesce(uncached, output) IS NOT NULL
