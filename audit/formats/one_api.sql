/*
title  = "one-api log"
source = "one-api"
holds  = ["json", "csv", "parquet", "table"]
note   = """
The table logs of one-api (MySQL, SQLite, PostgreSQL), its rows, or what its pages fetch. Only consumption (type 2) is
calls; top-ups, management and tests are passed over. A row is written when the answer is done: the call began
elapsed_time earlier, and where an older gateway wrote none, its end stands for its start. Times are whole seconds.
Quota is what the gateway charged its user, group ratio included; usd_per_quota turns it into US dollars. Without a
request_id a call is known by its row's id; a user's own view leaves that out, and there what the row says makes the
call. The gateway does not say which provider answered, nothing of the prompt cache, and not how an answer ended:
what broke off or was cut off has a row like any other."""
each   = ["data.items[]", "data[]"]

[recognise]
any = [
  [
    "*.token_name", "*.model_name", "*.quota", "*.prompt_tokens", "*.completion_tokens", "*.created_at", "*.type",
    "*.elapsed_time",
  ],
  ["*.token_name", "*.model_name", "*.quota", "*.prompt_tokens", "*.completion_tokens", "*.created_at", "*.type"],
]

[params]
usd_per_quota = "0.000002"

[table]
names  = ["logs"]
cursor = "id"

[record]
row_id       = "*.id"
request      = "*.request_id"
kind         = "*.type: whole"
written      = "*.created_at: instant"
elapsed      = "*.elapsed_time: whole"
stream       = "*.is_stream: flag"
user         = "*.user_id"
username     = "*.username"
key_name     = "*.token_name"
model        = "*.model_name"
input        = "*.prompt_tokens: whole"
output       = "*.completion_tokens: whole"
cached       = "*.cached_prompt_tokens: whole"
quota        = "*.quota"
*/
SELECT
    CASE
        WHEN request IS NOT NULL THEN request
        -- Another gateway has a row of this number too, but hardly of the same second.
        WHEN try_cast(row_id AS BIGINT) > 0 THEN concat_ws('/', epoch_ms(written), row_id)
        ELSE
            concat_ws('/', epoch_ms(written), user, key_name, model, input, output, quota, elapsed, row_number() OVER (
                PARTITION BY written, user, key_name, model, input, output, quota, elapsed ORDER BY record
            ))
    END AS call_id,
    request AS request_id,
    written - to_milliseconds(coalesce(elapsed, 0)) AS started_at,
    nullif(elapsed, 0) AS latency_ms,
    model,
    stream,
    CASE WHEN greatest(input, output) > 0 THEN input END AS input_tokens,
    CASE WHEN greatest(input, output) > 0 THEN cached END AS cache_read_tokens,
    CASE WHEN greatest(input, output) > 0 THEN output END AS output_tokens,
    CASE WHEN greatest(input, output) > 0 THEN 'reported' ELSE 'missing' END AS usage_quality,
    -- Neither a failure nor a cut-off answer is told from a good one.
    'unknown' AS status,
    username AS user_id,
    key_name AS api_key,
    CASE
        WHEN greatest(input, output, try_cast(quota AS BIGINT)) > 0
            THEN try_cast(quota AS BIGINT) * $usd_per_quota::DECIMAL(18, 9)
    END AS stated_cost,
    CASE
        WHEN greatest(input, output, try_cast(quota AS BIGINT)) > 0 AND try_cast(quota AS BIGINT) IS NOT NULL THEN 'USD'
    END AS stated_currency
FROM records
WHERE kind = 2
