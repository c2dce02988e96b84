/*
title  = "DeepSeek usage export (amount)"
source = "deepseek_usage"
kind   = "bills"
holds  = ["csv"]
note   = """
A row a day, model, key and kind of amount. input_cache_hit and input_cache_miss are the two parts of the input: both
count as input_tokens, the hits also as read from the cache, so that their sums are right. utc_date is a UTC day,
written 2026-07-15 or 20260715; newer exports have start_time_iso and end_time_iso at +08:00. The price, of which the
file does not say the currency, tells apart what was billed at two prices on one day; the money is in the cost file.
user_id is the account. The file holds keys: they go by their name, and as a hash where they have none."""

[recognise]
any = [
  ["utc_date", "model", "type", "amount"],
  ["start_time_iso", "end_time_iso", "model", "type", "amount"],
]

[record]
# A bucket counts more than any call may: not "whole", but numbers.
day      = "utc_date"
started  = "start_time_iso: instant"
ended    = "end_time_iso: instant"
account  = "user_id"
model    = "model"
key_name = "api_key_name"
key      = "api_key"
kind     = "type"
price    = "price"
amount   = "amount: number"
*/
SELECT
    md5(to_json([
        coalesce(started, try_strptime(replace(day, '-', ''), '%Y%m%d'))::VARCHAR, account, model, key_name, key, kind,
        price
    ])::VARCHAR) AS bill_id,
    'deepseek' AS provider,
    coalesce(started, try_strptime(replace(day, '-', ''), '%Y%m%d')) AS period_start,
    coalesce(ended, try_strptime(replace(day, '-', ''), '%Y%m%d') + INTERVAL 1 DAY) AS period_end,
    model,
    account AS sub_account,
    coalesce(key_name, key) AS api_key,
    kind AS line_item,
    CASE WHEN kind = 'request_count' THEN try_cast(amount AS BIGINT) END AS requests,
    CASE
        WHEN regexp_matches(kind, '^input(_cache_(hit|miss))?(_tokens)?$') THEN try_cast(amount AS BIGINT)
    END AS input_tokens,
    CASE WHEN kind IN ('input_cache_hit', 'input_cache_hit_tokens') THEN try_cast(amount AS BIGINT) END
        AS cache_read_tokens,
    CASE WHEN kind IN ('output', 'output_tokens') THEN try_cast(amount AS BIGINT) END AS output_tokens,
    amount AS quantity,
    CASE
        WHEN kind = 'request_count' THEN 'requests'
        WHEN kind LIKE '%tokens' OR kind IN ('input_cache_hit', 'input_cache_miss', 'input', 'output') THEN 'tokens'
        ELSE kind
    END AS unit
FROM records
