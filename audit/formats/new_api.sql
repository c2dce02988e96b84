/*
title  = "new-api log"
source = "new-api"
holds  = ["json", "csv", "parquet", "table"]
note   = """
The table logs of new-api (MySQL, SQLite, PostgreSQL), its rows, or what its pages fetch. Consumption (type 2) is
calls, an error (type 5) is a try that cost nothing, written only where the gateway is told to; top-ups, management,
refunds and the settling of a task's price are no calls, nor are the gateway's own tests of its channels. A row is
written when the answer is done: the call began use_time earlier, in whole seconds. For calls that go out as Claude
Messages prompt_tokens leaves the prompt cache out, for all others it holds it; the counts lie in other, a text that
holds JSON. Quota is what the gateway charged its user, group ratio included; usd_per_quota turns it into US dollars.
The request_id makes a call, and the tries that failed before it have the same; without one, the row's id, which a
user's own view does not show: there what the row says makes the call. The gateway does not say which provider
answered."""
each   = ["data.items[]", "data[]"]

[recognise]
any = [[
  "*.token_name", "*.model_name", "*.quota", "*.prompt_tokens", "*.completion_tokens", "*.created_at", "*.type",
  "*.use_time", "*.other",
]]

[params]
usd_per_quota = "0.000002"

[table]
names  = ["logs"]
cursor = "id"

[record]
row_id        = "*.id"
request       = "*.request_id"
upstream      = "*.upstream_request_id"
kind          = "*.type: whole"
written       = "*.created_at: instant"
seconds       = "*.use_time: whole"
stream        = "*.is_stream: flag"
channel       = "*.channel_id"
channel_shown = "*.channel"
channel_name  = "*.channel_name"
user          = "*.user_id"
username      = "*.username"
key_id        = "*.token_id"
key_name      = "*.token_name"
user_group    = "*.group"
model         = "*.model_name"
input         = "*.prompt_tokens: whole"
output        = "*.completion_tokens: whole"
quota         = "*.quota"
admin         = "*.other{}.admin_info: json"
channels      = "*.other{}.admin_info.use_channel: json"
counted_here  = "*.other{}.admin_info.local_count_tokens"
path          = "*.other{}.request_path"
upstream_name = "*.other{}.upstream_model_name"
first_token   = "*.other{}.frt"
claude        = "*.other{}.claude"
semantic      = "*.other{}.usage_semantic"
sound         = "*.other{}.audio"
realtime      = "*.other{}.ws"
input_total   = "*.other{}.input_tokens_total: whole"
read          = "*.other{}.cache_tokens: whole"
cache_written = "*.other{}.cache_write_tokens: whole"
created       = "*.other{}.cache_creation_tokens: whole"
created_5m    = "*.other{}.cache_creation_tokens_5m: whole"
created_1h    = "*.other{}.cache_creation_tokens_1h: whole"
audio         = "*.other{}.audio_input: whole"
audio_out     = "*.other{}.audio_output: whole"
audio_apart   = "*.other{}.audio_input_token_count: whole"
image         = "*.other{}.image_output: whole"
searches      = "*.other{}.web_search_call_count: whole"
stream_end    = "*.other{}.stream_status.end_reason"
stream_status = "*.other{}.stream_status.status"
http_status   = "*.other{}.status_code"
error_code    = "*.other{}.error_code"
error_kind    = "*.other{}.error_type"
fined         = "*.other{}.violation_fee_code"
settled       = "*.other{}.actual_quota"
*/
SELECT
    CASE
        WHEN kind = 5 AND request IS NOT NULL
            THEN concat_ws('/', request, 'error', epoch_ms(written), coalesce(channel, channel_shown))
        WHEN request IS NOT NULL THEN request
        -- Only the table and an administrator's view show the row's own id. Another gateway has a row of this number
        -- too, but hardly of the same second.
        WHEN coalesce(channel, channel_name, admin) IS NOT NULL THEN concat_ws('/', epoch_ms(written), row_id)
        ELSE
            concat_ws(
                '/', epoch_ms(written), kind, user, key_id, model, input, output, quota, first_token,
                row_number() OVER (
                    PARTITION BY written, kind, user, key_id, model, input, output, quota, first_token ORDER BY record
                )
            )
    END AS call_id,
    upstream AS response_id,
    request AS request_id,
    nullif(json_array_length(channels), 0) AS attempt,
    written - to_seconds(coalesce(seconds, 0)) AS started_at,
    seconds * 1000 AS latency_ms,
    -- Where no token was seen, the time of the first is a second before the start.
    CASE WHEN stream AND try_cast(first_token AS DOUBLE) >= 0 THEN round(try_cast(first_token AS DOUBLE))::BIGINT END
        AS first_token_ms,
    CASE
        WHEN path LIKE '%/chat/completions' OR path LIKE '%/messages' OR path LIKE '%/responses%' THEN 'chat'
        WHEN path LIKE '%enerateContent' THEN 'chat'
        WHEN path LIKE '%/completions' THEN 'text_completion'
        WHEN path LIKE '%/embeddings' OR path LIKE '%mbedContent%' THEN 'embeddings'
        WHEN path LIKE '%/rerank' THEN 'rerank'
        WHEN path LIKE '%/images/%' OR path LIKE '/mj%' THEN 'image'
        WHEN path LIKE '%/audio/%' THEN 'audio'
        WHEN path LIKE '%/realtime' THEN 'realtime'
        WHEN path LIKE '%/moderations' THEN 'moderation'
    END AS operation,
    model,
    upstream_name AS response_model,
    stream,
    CASE
        WHEN coalesce(greatest(input, output), 0) = 0 THEN NULL
        WHEN input_total > 0 THEN input_total
        -- The gateway itself takes usage that tells the cache's lifetimes apart, and no total, for Claude's.
        WHEN
            coalesce(semantic, CASE WHEN claude = 'true' OR greatest(created_5m, created_1h) > 0 THEN 'anthropic' END)
            = 'anthropic'
            THEN
                input + coalesce(read, 0)
                + coalesce(cache_written, greatest(created, coalesce(created_5m, 0) + coalesce(created_1h, 0)))
        ELSE input
    END AS input_tokens,
    -- For sound the gateway writes 0 whatever was read.
    CASE WHEN greatest(input, output) > 0 AND coalesce(sound, realtime) IS NULL THEN read END AS cache_read_tokens,
    CASE
        WHEN
            greatest(input, output) > 0 AND coalesce(sound, realtime) IS NULL
            AND coalesce(read, cache_written, created, created_5m, created_1h) IS NOT NULL
            THEN coalesce(cache_written, greatest(created, coalesce(created_5m, 0) + coalesce(created_1h, 0)))
    END AS cache_write_tokens,
    CASE WHEN coalesce(created_5m, created_1h) IS NOT NULL THEN coalesce(created_1h, 0) END AS cache_write_1h_tokens,
    CASE WHEN greatest(input, output) > 0 THEN output END AS output_tokens,
    coalesce(audio, audio_apart) AS input_audio_tokens,
    audio_out AS output_audio_tokens,
    -- The name deceives: it is what of the prompt was images.
    image AS input_image_tokens,
    nullif(searches, 0) AS quantity,
    CASE WHEN searches > 0 THEN 'web_searches' END AS unit,
    CASE
        WHEN coalesce(greatest(input, output), 0) = 0 THEN 'missing'
        WHEN counted_here = 'true' THEN 'derived'
        ELSE 'reported'
    END AS usage_quality,
    CASE
        WHEN http_status = '499' OR stream_end = 'client_gone' THEN 'cancelled'
        WHEN fined IS NOT NULL THEN 'filtered'
        WHEN kind = 5 OR stream_status = 'error' THEN 'error'
        ELSE 'ok'
    END AS status,
    try_cast(http_status AS BIGINT) AS http_status,
    coalesce(error_code, error_kind, fined, CASE WHEN stream_status = 'error' THEN stream_end END) AS error_type,
    user_group AS team,
    username AS user_id,
    key_name AS api_key,
    CASE
        WHEN kind = 5 OR greatest(input, output, try_cast(quota AS BIGINT)) > 0
            THEN try_cast(quota AS BIGINT) * $usd_per_quota::DECIMAL(18, 9)
    END AS stated_cost,
    CASE
        WHEN kind = 5 OR greatest(input, output, try_cast(quota AS BIGINT)) > 0
            THEN CASE WHEN try_cast(quota AS BIGINT) IS NOT NULL THEN 'USD' END
    END AS stated_currency
FROM records
WHERE
    kind IN (2, 5) AND settled IS NULL
    -- The name that the gateway gives its own tests: "model test".
    AND NOT (key_name IS NOT DISTINCT FROM '模型测试' AND coalesce(key_id, '0') = '0')
