/*
title  = "OpenAI usage, exported from the dashboard"
source = "openai_usage"
kind   = "bills"
holds  = ["csv"]
note   = """
The buckets of the usage API, one a row; a bucket without usage has its times alone and is no line. Columns that the
export leaves out are unknown. What kind of usage it is stands in the file's name alone; only completions have output.
Ingest the export or the API's pages, not both."""

[recognise]
any = [
  ["start_time", "end_time", "start_time_iso", "end_time_iso", "input_tokens"],
  ["start_time", "end_time", "start_time_iso", "end_time_iso", "num_model_requests"],
  ["start_time", "end_time", "start_time_iso", "end_time_iso"],
]

[record]
# A bucket counts more than any call may: not "whole", but numbers.
started      = "start_time: instant"
ended        = "end_time: instant"
model        = "model"
project_id   = "project_id"
project_name = "project_name"
organization = "organization_id"
user_id      = "user_id"
api_key_id   = "api_key_id"
batch        = "batch"
tier         = "service_tier"
requests     = "num_model_requests: number"
input        = "input_tokens: number"
cached       = "input_cached_tokens: number"
cache_write  = "input_cache_write_tokens: number"
output       = "output_tokens: number"
*/
SELECT
    md5(to_json([
        started::VARCHAR, (output IS NOT NULL)::VARCHAR, model, project_id, user_id, api_key_id, lower(batch), tier
    ])::VARCHAR) AS bill_id,
    'openai' AS provider,
    started AS period_start,
    ended AS period_end,
    CASE WHEN output IS NOT NULL THEN 'chat' END AS operation,
    model,
    CASE
        WHEN lower(batch) = 'true' THEN 'batch'
        WHEN tier IN ('default', 'auto') THEN 'standard'
        ELSE tier
    END AS service_tier,
    coalesce(project_name, project_id) AS project,
    organization AS sub_account,
    user_id,
    api_key_id AS api_key,
    try_cast(requests AS BIGINT) AS requests,
    try_cast(input AS BIGINT) AS input_tokens,
    try_cast(cached AS BIGINT) AS cache_read_tokens,
    try_cast(cache_write AS BIGINT) AS cache_write_tokens,
    try_cast(output AS BIGINT) AS output_tokens
FROM records
WHERE coalesce(requests, input, output) IS NOT NULL
