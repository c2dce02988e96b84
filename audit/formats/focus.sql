/*
title  = "FOCUS cost and usage (1.0 to 1.3)"
source = "focus"
kind   = "bills"
holds  = ["csv", "parquet"]
note   = """
Every row is read, whatever it charges for: services of the category "AI and Machine Learning" are told by the line
item, which is category and service. Times are UTC as the specification has it; some vendors write 9/18/24 22:00, month
first, and the text NULL for nothing. Credits are negative. A row has no id: it is known by what it charges for, and a
later delivery of the same charge replaces it. The project is the tag of that name. What a gateway exports in this shape
is its own account of the spend, not the provider's bill."""

[recognise]
any = [["BilledCost", "BillingCurrency", "ChargePeriodStart", "ChargePeriodEnd"]]

[record]
billed            = "BilledCost: money"
effective         = "EffectiveCost"
list              = "ListCost"
currency          = "BillingCurrency"
started           = "ChargePeriodStart"
ended             = "ChargePeriodEnd"
provider_name     = "ProviderName"
service_provider  = "ServiceProviderName"
account           = "BillingAccountId"
sub_account       = "SubAccountId"
sub_account_name  = "SubAccountName"
charge_category   = "ChargeCategory"
charge_class      = "ChargeClass"
description       = "ChargeDescription"
category          = "ServiceCategory"
service           = "ServiceName"
resource          = "ResourceId"
region            = "RegionId"
zone              = "AvailabilityZone"
sku               = "SkuId"
sku_price         = "SkuPriceId"
pricing_category  = "PricingCategory"
commitment        = "CommitmentDiscountId"
commitment_status = "CommitmentDiscountStatus"
invoice           = "InvoiceId"
quantity          = "ConsumedQuantity"
unit              = "ConsumedUnit"
tags              = "Tags"
tag_project       = "Tags{}.project"
tag_project_upper = "Tags{}.Project"
tag_model         = "Tags{}.model"
tag_user          = "Tags{}.user_id"
tag_key           = "Tags{}.api_key_alias"
*/
SELECT
    md5(to_json([
        provider_name, service_provider, account, sub_account, started, ended, charge_category, charge_class,
        description, category, service, resource, region, zone, sku, sku_price, pricing_category, commitment,
        commitment_status, invoice, unit, currency, tags
    ])::VARCHAR) AS bill_id,
    CASE lower(coalesce(nullif(provider_name, 'NULL'), service_provider))
        WHEN 'aws' THEN 'aws'
        WHEN 'amazon web services' THEN 'aws'
        WHEN 'microsoft' THEN 'azure'
        WHEN 'google' THEN 'google'
        WHEN 'google cloud' THEN 'google'
        WHEN 'openai' THEN 'openai'
        WHEN 'anthropic' THEN 'anthropic'
        ELSE nullif(coalesce(nullif(provider_name, 'NULL'), service_provider), 'NULL')
    END AS provider,
    coalesce(
        try_strptime(started, ['%m/%d/%y %H:%M', '%m/%d/%y', '%m/%d/%Y %H:%M', '%m/%d/%Y']),
        CASE
            WHEN regexp_matches(started, ':\d\d(\.\d+)?[+-]\d\d(:?\d\d)?$')
                THEN make_timestamp(epoch_us(try_cast(started AS TIMESTAMPTZ)))
            ELSE try_cast(started AS TIMESTAMP)
        END
    ) AS period_start,
    coalesce(
        try_strptime(ended, ['%m/%d/%y %H:%M', '%m/%d/%y', '%m/%d/%Y %H:%M', '%m/%d/%Y']),
        CASE
            WHEN regexp_matches(ended, ':\d\d(\.\d+)?[+-]\d\d(:?\d\d)?$')
                THEN make_timestamp(epoch_us(try_cast(ended AS TIMESTAMPTZ)))
            ELSE try_cast(ended AS TIMESTAMP)
        END
    ) AS period_end,
    CASE WHEN category = 'AI and Machine Learning' THEN tag_model END AS model,
    coalesce(tag_project, tag_project_upper) AS project,
    coalesce(nullif(sub_account, 'NULL'), nullif(sub_account_name, 'NULL')) AS sub_account,
    CASE WHEN category = 'AI and Machine Learning' THEN tag_user END AS user_id,
    CASE WHEN category = 'AI and Machine Learning' THEN tag_key END AS api_key,
    nullif(concat_ws(' / ', nullif(category, 'NULL'), nullif(service, 'NULL')), '') AS line_item,
    try_cast(quantity AS DOUBLE) AS quantity,
    nullif(unit, 'NULL') AS unit,
    billed AS billed_cost,
    try_cast(effective AS DECIMAL(18, 9)) AS effective_cost,
    try_cast(list AS DECIMAL(18, 9)) AS list_cost,
    upper(nullif(currency, 'NULL')) AS currency
FROM records
