/*
title  = "Bill as a table of your own"
source = "bill_csv"
kind   = "bills"
holds  = ["csv", "parquet"]
note   = """
What a finance person keeps of an invoice: a row a line, with the provider, the time and the amount; model, project,
key, tier, tokens and requests where they are known. The time is a date, a month such as 2026-10, or period_start and
period_end; a period_end that is the last day of a month, or the day of period_start, is inside the period, any other
is the first day outside. Days are those of the parameter timezone. A table that names itself in the column source stands
apart from others."""

[recognise]
any = [
  ["provider", "date", "amount"],
  ["provider", "date", "cost"],
  ["provider", "month", "amount"],
  ["provider", "month", "cost"],
  ["provider", "period_start", "period_end", "amount"],
  ["provider", "period_start", "period_end", "cost"],
]

[params]
timezone = "UTC"
currency = "USD"

[record]
# A row counts more than any call may: not "whole", but numbers.
source        = "source"
provider      = "provider"
day           = "date"
month         = "month"
started       = "period_start"
ended         = "period_end"
model         = "model"
tier          = "service_tier"
project       = "project"
account       = "account"
user_id       = "user_id"
api_key       = "api_key"
line_item     = "line_item"
amount        = "amount: money"
cost          = "cost: money"
currency      = "currency"
requests      = "requests: number"
input         = "input_tokens: number"
cached        = "cache_read_tokens: number"
output        = "output_tokens: number"
*/
SELECT
    md5(to_json([
        provider, day, month, started, ended, model, tier, project, account, user_id, api_key, line_item, currency
    ])::VARCHAR) AS bill_id,
    source,
    lower(provider) AS provider,
    make_timestamp(epoch_us(
        coalesce(
            date_trunc('day', try_cast(day AS TIMESTAMP)), try_cast(coalesce(month || '-01', started) AS TIMESTAMP)
        ) AT TIME ZONE $timezone
    )) AS period_start,
    make_timestamp(epoch_us(
        CASE
            WHEN day IS NOT NULL THEN date_trunc('day', try_cast(day AS TIMESTAMP)) + INTERVAL 1 DAY
            WHEN month IS NOT NULL THEN try_cast(month || '-01' AS TIMESTAMP) + INTERVAL 1 MONTH
            WHEN
                try_cast(ended AS TIMESTAMP) = last_day(try_cast(ended AS TIMESTAMP))
                OR try_cast(ended AS TIMESTAMP) = try_cast(started AS TIMESTAMP)
                THEN try_cast(ended AS TIMESTAMP) + INTERVAL 1 DAY
            ELSE try_cast(ended AS TIMESTAMP)
        END AT TIME ZONE $timezone
    )) AS period_end,
    model,
    lower(tier) AS service_tier,
    project,
    account AS sub_account,
    user_id,
    api_key,
    line_item,
    try_cast(requests AS BIGINT) AS requests,
    try_cast(input AS BIGINT) AS input_tokens,
    try_cast(cached AS BIGINT) AS cache_read_tokens,
    try_cast(output AS BIGINT) AS output_tokens,
    coalesce(amount, cost) AS billed_cost,
    CASE
        WHEN coalesce(amount, cost) IS NULL THEN NULL
        WHEN upper(coalesce(currency, $currency)) IN ('RMB', 'CNH') THEN 'CNY'
        ELSE upper(coalesce(currency, $currency))
    END AS currency
FROM records
