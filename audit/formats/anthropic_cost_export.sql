/*
title  = "Anthropic costs, exported from the Console"
source = "anthropic_cost"
kind   = "bills"
holds  = ["csv"]
note   = """
A row a UTC day, key, model and kind of token; cost_usd is in dollars and rounded to cents, where the API's cost report
counts in cents with decimals. Models, keys and workspaces go by the names people gave them. Ingest the export or the
API's report, not both."""

[recognise]
any = [["usage_date_utc", "model", "token_type", "cost_usd"]]

[record]
day            = "usage_date_utc"
model          = "model"
api_key        = "api_key"
api_key_id     = "api_key_id"
workspace      = "workspace"
usage_type     = "usage_type"
context_window = "context_window"
token_type     = "token_type"
cost           = "cost_usd: money"
list_cost      = "list_price_usd: money"
cost_type      = "cost_type"
inference_geo  = "inference_geo"
speed          = "speed"
*/
SELECT
    md5(to_json([
        day, model, coalesce(api_key_id, api_key), workspace, usage_type, context_window, token_type, cost_type,
        inference_geo, speed
    ])::VARCHAR) AS bill_id,
    'anthropic' AS provider,
    try_cast(day AS TIMESTAMP) AS period_start,
    CASE WHEN regexp_matches(day, '^\d{4}-\d\d-\d\d$') THEN try_cast(day AS TIMESTAMP) + INTERVAL 1 DAY END
        AS period_end,
    model,
    CASE WHEN usage_type IN ('standard', 'batch', 'flex', 'priority') THEN usage_type END AS service_tier,
    workspace AS project,
    coalesce(api_key, api_key_id) AS api_key,
    nullif(concat_ws(', ', coalesce(token_type, cost_type), context_window, inference_geo, speed), '') AS line_item,
    cost AS billed_cost,
    list_cost,
    'USD' AS currency
FROM records
WHERE cost IS NOT NULL
