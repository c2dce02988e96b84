/*
title  = "OpenAI costs, exported from the dashboard"
source = "openai_costs"
kind   = "bills"
holds  = ["csv"]
note   = """
The buckets of the costs API, one a row, in dollars with thirty decimals; a day without costs has its times alone and is
no line. start_time_iso may lack its zone: the seconds of start_time count. The same day in the same grouping from the
API is the same line. The users' addresses in the file are not read."""

[recognise]
any = [["start_time", "end_time", "start_time_iso", "amount_value", "amount_currency"]]

[record]
started      = "start_time: instant"
ended        = "end_time: instant"
amount       = "amount_value: money"
currency     = "amount_currency"
line_item    = "line_item"
project_id   = "project_id"
project_name = "project_name"
organization = "organization_id"
user_id      = "user_id"
api_key_id   = "api_key_id"
quantity     = "quantity: number"
unit         = "quantity_unit"
*/
SELECT
    md5(to_json([started::VARCHAR, line_item, project_id, user_id, api_key_id, lower(currency)])::VARCHAR) AS bill_id,
    'openai' AS provider,
    started AS period_start,
    ended AS period_end,
    nullif(regexp_extract(line_item, '^(?:[a-z]+ \| )?([\w.:/-]+)(?: [a-z]+)?, ', 1), '') AS model,
    CASE WHEN line_item IS NOT NULL THEN nullif(regexp_extract(line_item, '^(batch|flex|priority) \| ', 1), '') END
        AS service_tier,
    coalesce(project_name, project_id) AS project,
    organization AS sub_account,
    user_id,
    api_key_id AS api_key,
    line_item,
    quantity,
    unit,
    amount AS billed_cost,
    upper(currency) AS currency
FROM records
WHERE amount IS NOT NULL
