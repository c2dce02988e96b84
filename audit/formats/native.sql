/*
title  = "Native call record"
source = "native"
holds  = ["json", "csv", "parquet"]

[recognise]
any = [["call_id", "started_at", "model"]]

[record]
call_id                 = "call_id"
source                = "source"
response_id             = "response_id"
request_id              = "request_id"
trace_id                = "trace_id"
parent_id               = "parent_id"
session_id              = "session_id"
attempt                 = "attempt: whole"
started_at              = "started_at: instant"
latency_ms              = "latency_ms: whole"
first_token_ms          = "first_token_ms: whole"
operation               = "operation"
provider                = "provider"
model                   = "model"
response_model          = "response_model"
service_tier            = "service_tier"
region                  = "region"
stream                  = "stream: flag"
max_output_tokens       = "max_output_tokens: whole"
input_tokens            = "input_tokens: whole"
cache_read_tokens       = "cache_read_tokens: whole"
cache_write_tokens      = "cache_write_tokens: whole"
cache_write_1h_tokens   = "cache_write_1h_tokens: whole"
output_tokens           = "output_tokens: whole"
reasoning_tokens        = "reasoning_tokens: whole"
input_audio_tokens      = "input_audio_tokens: whole"
cache_read_audio_tokens = "cache_read_audio_tokens: whole"
output_audio_tokens     = "output_audio_tokens: whole"
input_image_tokens      = "input_image_tokens: whole"
output_image_tokens     = "output_image_tokens: whole"
quantity                = "quantity: whole"
unit                    = "unit"
usage_quality           = "usage_quality"
status                  = "status"
http_status             = "http_status: whole"
error_type              = "error_type"
finish_reason           = "finish_reason"
gateway_cache_hit       = "gateway_cache_hit: flag"
project                 = "project"
team                    = "team"
user_id                 = "user_id"
api_key                 = "api_key"
environment             = "environment"
task                    = "task"
tags                    = "tags: texts"
prompt_hash             = "prompt_hash"
template_hash           = "template_hash"
prefix_hash             = "prefix_hash"
prefix_tokens           = "prefix_tokens: whole"
message_count           = "message_count: whole"
tool_calls              = "tool_calls: whole"
cost                    = "cost: money"
currency                = "currency"
*/
SELECT
    call_id,
    source,
    response_id,
    request_id,
    trace_id,
    parent_id,
    session_id,
    attempt,
    started_at,
    latency_ms,
    first_token_ms,
    operation,
    provider,
    model,
    response_model,
    service_tier,
    region,
    stream,
    max_output_tokens,
    input_tokens,
    cache_read_tokens,
    cache_write_tokens,
    cache_write_1h_tokens,
    output_tokens,
    reasoning_tokens,
    input_audio_tokens,
    cache_read_audio_tokens,
    output_audio_tokens,
    input_image_tokens,
    output_image_tokens,
    quantity,
    unit,
    usage_quality,
    status,
    http_status,
    error_type,
    finish_reason,
    gateway_cache_hit,
    project,
    team,
    user_id,
    api_key,
    environment,
    task,
    tags,
    prompt_hash,
    template_hash,
    prefix_hash,
    prefix_tokens,
    message_count,
    tool_calls,
    cost AS stated_cost,
    coalesce(currency, CASE WHEN cost IS NOT NULL THEN 'USD' END) AS stated_currency
FROM records
