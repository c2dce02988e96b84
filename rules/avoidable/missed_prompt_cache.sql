/*
title   = "Repeated prompt heads paid in full"
grade   = "avoidable"
because = "{calls:call|calls} sent again a prompt head that a cache would still have held. In the costliest, {missed_tokens} tokens of it, sent {gap_ms} before, were billed by {model} as if they were new."
fix     = "Mark the system prompt and tools of {project} as cacheable (cache_control, cachePoint), and move dates, names and retrieved text behind them, so that they stay the same byte for byte."
precedence = 10
look_back_days = 1
needs = ["prefix_hash", "cache_read_tokens", "prefix_tokens", "latency_ms", "input_tokens", "status"]
note    = """
What a cache would really have held: a head (system prompt and tools) is one entry for a key of a project on a provider's
model, tier and region. Providers keep caches apart by organisation or workspace, and two keys may be of two: a head that
comes again only under another key is not claimed. Where nobody owns a call, its team stands for the project.
The first call of a stretch writes it. It can be read once an answer with it had ended: Anthropic lets it
be read from the answer's beginning, Alibaba from its end, and the later is taken. Every call begins its lifetime anew,
counted from the request's start; a pause longer than that ends the stretch.
Calls that started before an entry could be read would each have written it, and so would lone ones. Each such surcharge
is a debt that the next savings of the head pay off first; a head whose writes would have cost more than its reads save is
not flagged at all. What a call did read or write is not missed. Batches are left out: their cache hits are luck.
Automatic caches are the provider's to fill, and left out too.

over_minimum: 1.1. Where a head's length is estimated, one just above the model's minimum may lie below, and a provider
caches nothing of it then; estimates are a few in a hundred off.
include_automatic: false, because a payer cannot fill such a cache.
cached_share: 0, because most logs do not state a head's length and it is estimated by its share of the text: who read or
wrote anything did use the cache. Where heads are counted in tokens, 0.9 also flags the rest of a head read in part."""

[params]
over_minimum      = 1.1
include_automatic = false
cached_share      = 0.0

[zh]
title   = "提示词前缀仍在缓存有效期内，却按全价付费"
because = "共有 {calls} 次调用重复发送了缓存仍会保留的前缀。其中最贵的一次：有 {missed_tokens} 个前缀 token 在 {gap_ms}前刚刚发送过，{model} 仍按全新输入计费。"
fix     = "把 {project} 的系统提示词和工具定义标记为可缓存（cache_control、cachePoint），并将日期、姓名、检索内容移到其后，使前缀逐字节保持不变。"
*/
-- Only heads that came more than once need what follows; one narrow key finds them.
WITH repeated AS (
    SELECT prefix_hash
    FROM calls
    WHERE prefix_hash IS NOT NULL AND cache_min_tokens IS NOT NULL
    GROUP BY prefix_hash
    HAVING count(*) > 1
),

-- One entry of a cache each; where every call read or wrote it, nothing was missed.
heads AS (
    SELECT
        c.project,
        CASE WHEN c.project IS NULL THEN c.team END AS team,
        c.api_key,
        c.provider,
        c.model,
        c.service_tier,
        c.region,
        c.prefix_hash,
        row_number() OVER (ORDER BY c.prefix_hash) AS head
    FROM calls AS c
    INNER JOIN repeated AS r ON c.prefix_hash = r.prefix_hash
    WHERE
        (c.cache_kind = 'explicit' OR $include_automatic)
        AND c.prefix_tokens >= c.cache_min_tokens * $over_minimum
        AND coalesce(c.service_tier, 'standard') <> 'batch'
    GROUP BY
        c.project,
        CASE WHEN c.project IS NULL THEN c.team END,
        c.api_key,
        c.provider,
        c.model,
        c.service_tier,
        c.region,
        c.prefix_hash
    HAVING
        count(*) > 1
        AND (
            min(coalesce(c.cache_read_tokens, 0) + coalesce(c.cache_write_tokens, 0)) = 0
            OR max(
                c.prefix_tokens * $cached_share - coalesce(c.cache_read_tokens, 0) - coalesce(c.cache_write_tokens, 0)
            ) > 0
        )
),

usable AS (
    SELECT
        c.call_id,
        h.head,
        c.cache_lifetime_ms,
        c.cost,
        -- Who pays less than the list does so for the cache as well.
        CASE WHEN c.cost < c.list_cost THEN (c.cost * 1.0) / c.list_cost ELSE 1.0 END AS paid_share,
        c.input_price - c.cache_read_price AS read_gap,
        greatest(c.cache_write_price - c.input_price, 0) AS write_gap,
        epoch_ms(c.started_at) AS start_ms,
        epoch_ms(c.started_at) + c.latency_ms + CASE WHEN c.latency_ms > 0 THEN 0 ELSE 1 END AS end_ms,
        least(c.prefix_tokens, c.input_tokens) AS head_tokens,
        coalesce(c.cache_read_tokens, 0) + coalesce(c.cache_write_tokens, 0) AS cached_tokens
    FROM calls AS c
    INNER JOIN heads AS h
        ON
            c.prefix_hash = h.prefix_hash
            AND c.model = h.model
            AND c.project IS NOT DISTINCT FROM h.project
            AND c.api_key IS NOT DISTINCT FROM h.api_key
            AND (c.project IS NOT NULL OR c.team IS NOT DISTINCT FROM h.team)
            AND c.provider IS NOT DISTINCT FROM h.provider
            AND c.service_tier IS NOT DISTINCT FROM h.service_tier
            AND c.region IS NOT DISTINCT FROM h.region
    WHERE
        (c.status IN ('ok', 'truncated', 'filtered') OR (c.status = 'cancelled' AND c.output_tokens > 0))
        AND least(c.prefix_tokens, c.input_tokens) >= c.cache_min_tokens * $over_minimum
        AND (c.cache_kind = 'explicit' OR $include_automatic)
        AND c.cache_read_price < c.input_price
        AND coalesce(c.gateway_cache_hit, FALSE) = FALSE
),

-- What reading the cache would have saved on each call, and what writing it would have cost.
missed AS (
    SELECT
        call_id,
        head,
        start_ms,
        end_ms,
        cache_lifetime_ms,
        head_tokens - cached_tokens AS missed_tokens,
        cost > 0 AND (cached_tokens = 0 OR cached_tokens < head_tokens * $cached_share) AS is_missed,
        cast(least((head_tokens - cached_tokens) * read_gap * paid_share, cost) AS DECIMAL(18, 9)) AS read_saving,
        cast((head_tokens - cached_tokens) * write_gap * paid_share AS DECIMAL(18, 9)) AS write_cost
    FROM usable
),

starts AS (
    SELECT
        head,
        start_ms,
        min(end_ms) AS end_ms,
        min(cache_lifetime_ms) AS lifetime_ms
    FROM missed
    GROUP BY head, start_ms
),

spaced AS (
    SELECT
        head,
        start_ms,
        end_ms,
        lifetime_ms,
        start_ms - (lag(start_ms) OVER (PARTITION BY head ORDER BY start_ms)) AS gap_ms
    FROM starts
),

stretched AS (
    SELECT
        head,
        start_ms,
        end_ms,
        gap_ms,
        max(CASE WHEN gap_ms <= lifetime_ms THEN NULL ELSE start_ms END) OVER (
            PARTITION BY head
            ORDER BY start_ms
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS stretch_ms
    FROM spaced
),

-- Nobody's answer ends before it started: who starts after a stretch's first end comes after that call.
readable AS (
    SELECT
        head,
        stretch_ms,
        min(end_ms) AS from_ms
    FROM stretched
    GROUP BY head, stretch_ms
),

warmth AS (
    SELECT
        m.call_id,
        m.head,
        m.start_ms,
        s.gap_ms,
        m.missed_tokens,
        CASE WHEN m.start_ms >= r.from_ms THEN m.read_saving ELSE 0 END AS read_saving,
        CASE WHEN m.start_ms >= r.from_ms THEN 0 ELSE m.write_cost END AS write_cost
    FROM missed AS m
    INNER JOIN stretched AS s ON m.head = s.head AND m.start_ms = s.start_ms
    INNER JOIN readable AS r ON s.head = r.head AND s.stretch_ms = r.stretch_ms
    WHERE m.is_missed
),

-- What marking the head would have brought so far: each write a debt, each read a gain.
balanced AS (
    SELECT
        call_id,
        head,
        start_ms,
        missed_tokens,
        gap_ms,
        read_saving,
        sum(read_saving - write_cost) OVER (
            PARTITION BY head
            ORDER BY start_ms, call_id
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS balance,
        sum(read_saving - write_cost) OVER (PARTITION BY head) AS net
    FROM warmth
),

-- A call saves what it lifts the balance above its best until then: debts come off the next gains.
netted AS (
    SELECT
        call_id,
        head,
        missed_tokens,
        gap_ms,
        read_saving,
        balance - greatest(
            coalesce(
                max(balance) OVER (
                    PARTITION BY head
                    ORDER BY start_ms, call_id
                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                ),
                0
            ),
            0
        ) AS saving
    FROM balanced
    WHERE net > 0
)

SELECT
    n.call_id,
    least(n.saving, n.read_saving) AS saving,
    h.model,
    n.missed_tokens,
    n.gap_ms
FROM netted AS n
INNER JOIN heads AS h ON n.head = h.head
WHERE n.saving > 0 AND n.read_saving > 0
