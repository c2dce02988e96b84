/*
title  = "Anthropic cost report"
source = "anthropic_cost"
kind   = "bills"
each   = ["data[].results[]", "results[]"]
note   = """
What Anthropic bills a day. The amount is a decimal text in cents: "123.45" in USD is 1.2345 dollars. A dimension that
was not grouped by is null in the report, and unknown here; so is the default workspace. Fetch one grouping: the same
money grouped in two ways stands here twice. Priority Tier is billed apart and is not in it."""

[recognise]
# The last two are pages and buckets without a result. Costs and usage have them alike, so both formats know them.
any = [
  ["data[].starting_at", "data[].ending_at", "data[].results", "*.amount", "*.currency"],
  ["starting_at", "ending_at", "results", "*.amount", "*.currency"],
  ["data[].starting_at", "data[].ending_at", "data[].results"],
  ["starting_at", "ending_at", "results"],
]

[record]
page_start     = "data[].starting_at: instant"
page_end       = "data[].ending_at: instant"
line_start     = "starting_at: instant"
line_end       = "ending_at: instant"
cents          = "*.amount: money"
currency       = "*.currency"
description    = "*.description"
cost_type      = "*.cost_type"
token_type     = "*.token_type"
model          = "*.model"
tier           = "*.service_tier"
workspace      = "*.workspace_id"
context_window = "*.context_window"
inference_geo  = "*.inference_geo"
speed          = "*.speed"
*/
SELECT
    md5(to_json([
        coalesce(page_start, line_start)::VARCHAR, description, cost_type, token_type, model, tier, workspace,
        context_window, inference_geo, speed, currency
    ])::VARCHAR) AS bill_id,
    'anthropic' AS provider,
    coalesce(page_start, line_start) AS period_start,
    coalesce(page_end, line_end) AS period_end,
    model,
    CASE tier WHEN 'priority_on_demand' THEN 'priority' WHEN 'flex_discount' THEN 'flex' ELSE tier END AS service_tier,
    workspace AS project,
    coalesce(description, cost_type) AS line_item,
    cents * 0.01 AS billed_cost,
    upper(currency) AS currency
FROM records
WHERE cents IS NOT NULL
