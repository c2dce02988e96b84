/*
title   = "A price that moved"
grade   = "alert"
because = "The price of {model} ({provider}) moved by {moved_share} on {first_day}: per million tokens in {currency}, input {former_input} → {new_input}, output {former_output} → {new_output}. On this month's calls that makes {amount}."
fix     = "Where it rose: compare {model} with its neighbours (audit prices explain), renegotiate, or move what can move. Where it fell: nothing to do but lower the forecast. Either way check that the next bill of {provider} says the same."
note    = """
Prices are compared in the list's own currency, so that a rate of exchange that moves is no price that moved; a change of
less than min_move is left out (a list's rounding), and so is one that makes less than min_amount of the month. A price has moved when the old one ends for good and the new one was not seen in the five weeks
before: hours, weekdays and lengths that have prices of their own come back and are no change. The amount is
what this month's calls cost at the new price less what they would have cost at the old one, plain, cached and output tokens
together; below zero it was saved. Pools of one's own are left out, since their price moves with their use. A list that was
corrected for a month still open looks the same as a price that moved: the sources in the evidence tell."""

[params]
min_move   = 0.01
min_amount = 10

[zh]
title   = "单价变动"
because = "自 {first_day}起，{provider} 的 {model} 价格变动 {moved_share}（每百万 token，{currency}：输入 {former_input} → {new_input}，输出 {former_output} → {new_output}）；对本月调用的影响为 {amount}。"
fix     = "若涨价：将 {model} 与同类模型比价（audit prices explain）、重新议价，或迁移可迁移的调用；若降价：相应下调预测即可。两种情况都请核对 {provider} 的下一张账单是否一致。"
*/
WITH month AS (
    SELECT min(day) AS first_day
    FROM days
    WHERE current
),

lists AS (
    SELECT
        p.provider,
        p.model,
        coalesce(p.service_tier, 'standard') AS service_tier,
        p.region,
        p.valid_from,
        p.valid_to,
        coalesce(p.second_from, 0) AS second_from,
        coalesce(p.second_to, 86400) AS second_to,
        coalesce(p.input_from, 0) AS input_from,
        coalesce(p.input_to, 4611686018427387904) AS input_to,
        coalesce(p.output_from, 0) AS output_from,
        coalesce(p.output_to, 4611686018427387904) AS output_to,
        p.thinking,
        p.currency,
        p.price_source,
        p.input_price,
        p.output_price,
        cast(p.rate AS DOUBLE) AS rate,
        cast(p.native_input AS DOUBLE) AS native_input,
        cast(p.native_cache_read AS DOUBLE) AS native_cache_read,
        cast(p.native_cache_write AS DOUBLE) AS native_cache_write,
        cast(p.native_cache_write_1h AS DOUBLE) AS native_cache_write_1h,
        cast(p.native_output AS DOUBLE) AS native_output
    FROM prices AS p
    CROSS JOIN month AS m
    ANTI JOIN pools AS o ON p.price_source = o.price_source
    WHERE
        p.valid_to > m.first_day - 35
        AND p.native_input IS NOT NULL
        AND p.native_output IS NOT NULL
        AND NOT starts_with(coalesce(p.price_source, ''), 'pool ')
),

points AS (
    SELECT
        provider,
        model,
        service_tier,
        region,
        currency,
        native_input,
        native_output,
        min(valid_from) AS began,
        max(valid_to) AS ended
    FROM lists
    GROUP BY provider, model, service_tier, region, currency, native_input, native_output
),

-- A point begins in the month: its first row is the first that says so.
arrived AS (
    SELECT
        l.provider,
        l.model,
        l.service_tier,
        l.region,
        l.valid_from,
        l.valid_to,
        l.second_from,
        l.second_to,
        l.input_from,
        l.input_to,
        l.output_from,
        l.output_to,
        l.thinking,
        l.currency,
        l.price_source,
        l.input_price,
        l.output_price,
        l.rate,
        l.native_input,
        l.native_cache_read,
        l.native_cache_write,
        l.native_cache_write_1h,
        l.native_output,
        n.began
    FROM points AS n
    CROSS JOIN month AS m
    INNER JOIN lists AS l
        ON
            n.provider IS NOT DISTINCT FROM l.provider
            AND n.model = l.model
            AND n.service_tier = l.service_tier
            AND n.region IS NOT DISTINCT FROM l.region
            AND n.currency IS NOT DISTINCT FROM l.currency
            AND n.native_input = l.native_input
            AND n.native_output = l.native_output
    WHERE n.began > m.first_day - 1
),

-- What held for the same hours and lengths until then, and holds nowhere any more.
left_over AS (
    SELECT
        l.provider,
        l.model,
        l.service_tier,
        l.region,
        l.valid_to,
        l.second_from,
        l.second_to,
        l.input_from,
        l.input_to,
        l.output_from,
        l.output_to,
        l.thinking,
        l.currency,
        l.price_source,
        l.native_input,
        l.native_cache_read,
        l.native_cache_write,
        l.native_cache_write_1h,
        l.native_output,
        o.ended
    FROM points AS o
    INNER JOIN lists AS l
        ON
            o.provider IS NOT DISTINCT FROM l.provider
            AND o.model = l.model
            AND o.service_tier = l.service_tier
            AND o.region IS NOT DISTINCT FROM l.region
            AND o.currency IS NOT DISTINCT FROM l.currency
            AND o.native_input = l.native_input
            AND o.native_output = l.native_output
),

paired AS (
    SELECT
        a.provider,
        a.model,
        a.service_tier,
        a.region,
        a.valid_from,
        a.valid_to,
        a.second_from,
        a.second_to,
        a.input_from,
        a.input_to,
        a.output_from,
        a.output_to,
        a.thinking,
        a.currency,
        a.price_source,
        a.input_price,
        a.output_price,
        a.rate,
        a.native_input,
        a.native_cache_read,
        a.native_cache_write,
        a.native_cache_write_1h,
        a.native_output,
        o.price_source AS former_source,
        o.native_input AS former_input,
        o.native_cache_read AS former_cache_read,
        o.native_cache_write AS former_cache_write,
        o.native_cache_write_1h AS former_cache_write_1h,
        o.native_output AS former_output,
        row_number() OVER (
            PARTITION BY
                a.provider, a.model, a.service_tier, a.region, a.valid_from, a.second_from, a.input_from,
                a.output_from, a.thinking
            ORDER BY o.valid_to DESC, o.native_input DESC, o.native_output DESC, o.price_source DESC
        ) AS place
    FROM arrived AS a
    INNER JOIN left_over AS o
        ON
            a.provider IS NOT DISTINCT FROM o.provider
            AND a.model = o.model
            AND a.service_tier = o.service_tier
            AND a.region IS NOT DISTINCT FROM o.region
            AND a.currency IS NOT DISTINCT FROM o.currency
            AND a.second_from < o.second_to AND a.second_to > o.second_from
            AND a.input_from < o.input_to AND a.input_to > o.input_from
            AND a.output_from < o.output_to AND a.output_to > o.output_from
            AND coalesce(a.thinking = o.thinking, TRUE)
            AND a.began >= o.ended
),

moved AS (
    SELECT
        provider,
        model,
        service_tier,
        region,
        valid_from,
        valid_to,
        second_from,
        second_to,
        input_from,
        input_to,
        output_from,
        output_to,
        thinking,
        currency,
        price_source,
        former_source,
        input_price,
        output_price,
        native_input,
        native_output,
        former_input,
        former_output,
        (native_input - former_input) * rate AS input_move,
        (coalesce(native_cache_read, native_input) - coalesce(former_cache_read, former_input)) * rate AS read_move,
        (coalesce(native_cache_write, native_input) - coalesce(former_cache_write, former_input)) * rate AS write_move,
        (
            coalesce(native_cache_write_1h, native_cache_write, native_input)
            - coalesce(former_cache_write_1h, former_cache_write, former_input)
        ) * rate AS write_1h_move,
        (native_output - former_output) * rate AS output_move
    FROM paired
    WHERE
        place = 1
        AND (
            abs(native_input - former_input) > former_input * $min_move
            OR abs(native_output - former_output) > former_output * $min_move
        )
),

paid AS (
    SELECT
        m.provider,
        m.model,
        m.service_tier,
        m.region,
        m.currency,
        m.price_source,
        m.former_source,
        m.native_input,
        m.native_output,
        m.former_input,
        m.former_output,
        c.day,
        cast(c.cost AS DOUBLE) AS cost,
        (
            coalesce(c.input_tokens, 0) - coalesce(c.cache_read_tokens, 0) - coalesce(c.cache_write_tokens, 0)
        ) * m.input_move
        + (coalesce(c.cache_read_tokens, 0) * m.read_move)
        + ((coalesce(c.cache_write_tokens, 0) - coalesce(c.cache_write_1h_tokens, 0)) * m.write_move)
        + (coalesce(c.cache_write_1h_tokens, 0) * m.write_1h_move)
        + (coalesce(c.output_tokens, 0) * m.output_move) AS moved_cost
    FROM moved AS m
    INNER JOIN calls AS c
        ON
            m.model = c.model
            AND m.provider IS NOT DISTINCT FROM c.provider
            AND m.service_tier = coalesce(c.service_tier, 'standard')
            AND m.region IS NOT DISTINCT FROM c.region
            AND m.input_price = c.input_price
            AND m.output_price = c.output_price
            AND m.valid_from <= c.started_at
            AND m.valid_to > c.started_at
            AND floor(epoch_ms(c.started_at) / 1000) % 86400 >= m.second_from
            AND floor(epoch_ms(c.started_at) / 1000) % 86400 < m.second_to
            AND coalesce(c.input_tokens, 0) >= m.input_from
            AND coalesce(c.input_tokens, 0) < m.input_to
            AND coalesce(c.output_tokens, 0) >= m.output_from
            AND coalesce(c.output_tokens, 0) < m.output_to
            AND coalesce(m.thinking = (coalesce(c.reasoning_tokens, 0) > 0), TRUE)
    WHERE c.cost > 0
),

summed AS (
    SELECT
        provider,
        model,
        service_tier,
        region,
        currency,
        price_source,
        former_source,
        native_input,
        native_output,
        former_input,
        former_output,
        min(day) AS first_day,
        count(*) AS moved_calls,
        sum(cost) AS cost,
        sum(moved_cost) AS moved_cost
    FROM paid
    GROUP BY ALL
),

-- A model whose hours or lengths have prices of their own is one finding, told by the one that cost most.
told AS (
    SELECT
        provider,
        model,
        service_tier,
        region,
        currency,
        price_source,
        former_source,
        native_input,
        native_output,
        former_input,
        former_output,
        min(first_day) OVER of_case AS first_day,
        sum(moved_calls) OVER of_case AS moved_calls,
        sum(cost) OVER of_case AS cost,
        sum(moved_cost) OVER of_case AS moved_cost,
        row_number() OVER (
            PARTITION BY provider, model, service_tier, region
            ORDER BY cost DESC, native_input DESC, native_output DESC, former_input DESC, former_output DESC
        ) AS place
    FROM summed
    WINDOW of_case AS (PARTITION BY provider, model, service_tier, region)
)

SELECT
    NULL AS project,
    concat_ws('/', provider, model, nullif(service_tier, 'standard'), region) AS subject,
    cast(round(moved_cost, 4) AS DECIMAL(38, 9)) AS amount,
    coalesce(provider, '-') AS provider,
    model,
    service_tier,
    first_day,
    moved_calls,
    currency,
    round(former_input * 1000000, 6) AS former_input,
    round(native_input * 1000000, 6) AS new_input,
    round(former_output * 1000000, 6) AS former_output,
    round(native_output * 1000000, 6) AS new_output,
    round(moved_cost / nullif(cost - moved_cost, 0), 4) AS moved_share,
    former_source,
    price_source
FROM told
WHERE place = 1 AND abs(moved_cost) >= $min_amount
