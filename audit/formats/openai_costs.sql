/*
title  = "OpenAI costs API"
source = "openai_costs"
kind   = "bills"
each   = ["data[].results[]", "results[]"]
note   = """
What OpenAI bills a day, in dollars. Line items name the model and the kind of token where the report was grouped by
them. A dimension that was not grouped by is null in the report, and unknown here. Fetch one grouping, from the start of
a day on: the same money grouped in two ways stands here twice. Pages of usage belong in files of their own."""

[recognise]
# The last two are pages and buckets without a result. Costs and usage have them alike, so both formats know them.
any = [
  ["data[].start_time", "data[].end_time", "data[].results", "*.object", "*.amount.value", "*.amount.currency"],
  ["start_time", "end_time", "results", "*.object", "*.amount.value", "*.amount.currency"],
  ["data[].object", "data[].start_time", "data[].end_time", "data[].results"],
  ["object", "start_time", "end_time", "results"],
]

[record]
page_start   = "data[].start_time: instant"
page_end     = "data[].end_time: instant"
line_start   = "start_time: instant"
line_end     = "end_time: instant"
object       = "*.object"
amount       = "*.amount.value: money"
currency     = "*.amount.currency"
line_item    = "*.line_item"
project_id   = "*.project_id"
organization = "*.organization_id"
user_id      = "*.user_id"
api_key_id   = "*.api_key_id"
quantity     = "*.quantity: number"
unit         = "*.quantity_unit"
*/
SELECT
    md5(to_json([
        coalesce(page_start, line_start)::VARCHAR, line_item, project_id, user_id, api_key_id, lower(currency)
    ])::VARCHAR) AS bill_id,
    'openai' AS provider,
    coalesce(page_start, line_start) AS period_start,
    coalesce(page_end, line_end) AS period_end,
    nullif(regexp_extract(line_item, '^(?:[a-z]+ \| )?([\w.:/-]+)(?: [a-z]+)?, ', 1), '') AS model,
    CASE WHEN line_item IS NOT NULL THEN nullif(regexp_extract(line_item, '^(batch|flex|priority) \| ', 1), '') END
        AS service_tier,
    project_id AS project,
    organization AS sub_account,
    user_id,
    api_key_id AS api_key,
    line_item,
    quantity,
    unit,
    amount AS billed_cost,
    upper(currency) AS currency
FROM records
WHERE object = 'organization.costs.result'
