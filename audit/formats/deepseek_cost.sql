/*
title  = "DeepSeek usage export (cost)"
source = "deepseek_cost"
kind   = "bills"
holds  = ["csv"]
note   = """
A row a day, model and wallet, in the account's currency, CNY or USD. utc_date is a UTC day, written 2026-07-15 or
20260715; newer exports have start_time_iso and end_time_iso at +08:00. wallet_type says what it was paid from: what a
granted balance paid was used, and never invoiced. user_id is the account."""

[recognise]
any = [
  ["utc_date", "model", "cost", "currency"],
  ["start_time_iso", "end_time_iso", "model", "cost", "currency"],
]

[record]
day      = "utc_date"
started  = "start_time_iso: instant"
ended    = "end_time_iso: instant"
account  = "user_id"
model    = "model"
wallet   = "wallet_type"
cost     = "cost: money"
currency = "currency"
*/
SELECT
    md5(to_json([
        coalesce(started, try_strptime(replace(day, '-', ''), '%Y%m%d'))::VARCHAR, account, model, wallet, currency
    ])::VARCHAR) AS bill_id,
    'deepseek' AS provider,
    coalesce(started, try_strptime(replace(day, '-', ''), '%Y%m%d')) AS period_start,
    coalesce(ended, try_strptime(replace(day, '-', ''), '%Y%m%d') + INTERVAL 1 DAY) AS period_end,
    model,
    account AS sub_account,
    wallet AS line_item,
    cost AS billed_cost,
    upper(currency) AS currency
FROM records
