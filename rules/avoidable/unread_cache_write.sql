/*
title   = "Prompt cache written and never read"
grade   = "avoidable"
because = "Of {written_writes:cache write|cache writes} on {model}, {unread_writes} expired before any call read them; the costliest held {unread_tokens} tokens."
fix     = "Look at two such requests of {project} side by side. Where the head changes each time (a date, an id), move that to the end; where calls come too seldom, take the cache marks out, or buy the one-hour entry if the next call comes within the hour."
precedence = 20
needs = ["cache_write_tokens", "cache_read_tokens"]
note    = """
Only the surcharge counts: the tokens themselves had to be sent. A write is read when a later call of the same project and
model reads its cache within the lifetime, five minutes or the hour that was bought; of the same head where every such call
of the task states it. A model is the one that answered, or where no call says so the one asked for without a date behind
its name: who writes under an alias may read under the dated name. A call of another project reads it too if key and head
are the same. What a call wrote beyond what it had read itself is its own conversation, and only that session can read it,
where the session is known. One read is enough, however little it reads.
The last turn of a conversation cannot know that it is the last: its write is the price of a cache that served the turns
before. So a lane (project, task, key, model) is flagged only where writing was the wrong decision, again and again: where all its
reads together saved no more than its writes cost, or four writes in five went unread, as when each question writes its own
text behind a common head. Writes too near the end of the data to be judged do not count, nor do batches, whose order is
not known.

min_writes: 10 unread writes in a month: fewer may be trials.
unread_share: 0.8. At a surcharge of a quarter and a read at a tenth of the price, a cache of which four writes in five go
unread costs more than it saves. worth_times: 10: a lane whose reads save ten times what its writes cost is left alone."""

[params]
min_writes   = 10
unread_share = 0.8
worth_times  = 10
hour_ms      = 3600000

[zh]
title   = "缓存写入后从未被读取"
because = "{model} 共写入缓存 {written_writes} 次，其中 {unread_writes} 次直到过期都没有被读取；最贵的一次写入了 {unread_tokens} 个 token。"
fix     = "取 {project} 的两条此类请求逐字比对。若开头每次都变（日期、编号），请移到末尾；若调用间隔太长，请去掉缓存标记；下一次调用若在一小时内，可改用一小时缓存。"
*/
-- What the cache of a lane saved, and what it cost. Most earn many times their cost and need no closer look.
WITH accounts AS (
    SELECT
        project,
        task,
        api_key,
        model,
        response_model,
        sum(coalesce(cache_read_tokens, 0) * greatest(input_price - cache_read_price, 0)) AS read_saving,
        sum(
            CASE
                WHEN status IN ('ok', 'truncated') AND coalesce(service_tier, 'standard') <> 'batch'
                    THEN
                        (cache_write_tokens - least(coalesce(cache_write_1h_tokens, 0), cache_write_tokens))
                        * greatest(cache_write_price - input_price, 0)
                        + least(coalesce(cache_write_1h_tokens, 0), cache_write_tokens)
                        * greatest(cache_write_1h_price - input_price, 0)
            END
        ) AS write_cost,
        count(CASE WHEN cache_write_tokens > 0 THEN 1 END) AS all_writes
    FROM calls
    WHERE
        (cache_write_tokens > 0 OR cache_read_tokens > 0)
        AND coalesce(gateway_cache_hit, FALSE) = FALSE
    GROUP BY project, task, api_key, model, response_model
),

-- An alias and the dated name behind it are one model with one cache.
names AS (
    SELECT
        model,
        coalesce(
            min(regexp_replace(response_model, '[-@]20[0-9][0-9]-?[0-9][0-9]-?[0-9][0-9]$', '')),
            regexp_replace(model, '[-@]20[0-9][0-9]-?[0-9][0-9]-?[0-9][0-9]$', '')
        ) AS engine
    FROM accounts
    GROUP BY model
),

lanes AS (
    SELECT
        a.project,
        a.task,
        a.api_key,
        n.engine,
        sum(a.read_saving) AS read_saving,
        sum(a.write_cost) AS write_cost
    FROM accounts AS a
    INNER JOIN names AS n ON a.model = n.model
    GROUP BY a.project, a.task, a.api_key, n.engine
    HAVING
        sum(a.all_writes) >= $min_writes
        AND sum(a.write_cost) > 0
        AND sum(a.read_saving) < sum(a.write_cost) * $worth_times
),

writing AS (
    SELECT
        l.project,
        n.model,
        l.engine
    FROM lanes AS l
    INNER JOIN names AS n ON l.engine = n.engine
    GROUP BY l.project, n.model, l.engine
),

-- Where one call of a task with a cache does not state its head, the task's heads tell nothing apart.
places AS (
    SELECT
        c.project,
        c.task,
        w.engine,
        count(c.prefix_hash) = count(*) AS knows_heads,
        dense_rank() OVER (ORDER BY c.project, w.engine) AS place
    FROM calls AS c
    INNER JOIN writing AS w ON c.project IS NOT DISTINCT FROM w.project AND c.model = w.model
    WHERE c.cache_write_tokens > 0 OR c.cache_read_tokens > 0
    GROUP BY c.project, c.task, w.engine
),

users AS (
    SELECT
        c.call_id,
        p.place,
        c.api_key,
        c.task,
        c.model,
        p.knows_heads,
        c.prefix_hash,
        c.session_id,
        epoch_ms(c.started_at) AS start_ms,
        coalesce(c.cache_read_tokens, 0) AS read_tokens,
        CASE
            WHEN c.status IN ('ok', 'truncated') AND coalesce(c.service_tier, 'standard') <> 'batch'
                THEN coalesce(c.cache_write_tokens, 0)
            ELSE 0
        END AS written_tokens,
        least(coalesce(c.cache_write_1h_tokens, 0), c.cache_write_tokens) AS hour_tokens,
        -- Who pays less than the list does so for the surcharge as well.
        CASE WHEN c.cost < c.list_cost THEN (c.cost * 1.0) / c.list_cost ELSE 1.0 END AS paid_share,
        greatest(c.cache_write_price - c.input_price, 0) * paid_share AS surcharge,
        greatest(c.cache_write_1h_price - c.input_price, 0) * paid_share AS hour_surcharge,
        c.cache_lifetime_ms,
        c.cost
    FROM calls AS c
    INNER JOIN writing AS w ON c.project IS NOT DISTINCT FROM w.project AND c.model = w.model
    INNER JOIN places AS p
        ON
            c.project IS NOT DISTINCT FROM p.project
            AND c.task IS NOT DISTINCT FROM p.task
            AND w.engine = p.engine
    WHERE
        (c.cache_write_tokens > 0 OR c.cache_read_tokens > 0)
        AND coalesce(c.gateway_cache_hit, FALSE) = FALSE
),

followed AS (
    SELECT
        users.*,
        min(CASE WHEN read_tokens > 0 THEN start_ms END) OVER (
            PARTITION BY place
            ORDER BY start_ms
            RANGE BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
        ) AS any_read_ms,
        min(CASE WHEN read_tokens > 0 THEN start_ms END) OVER (
            PARTITION BY place, prefix_hash
            ORDER BY start_ms
            RANGE BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
        ) AS head_read_ms,
        min(CASE WHEN read_tokens > 0 THEN start_ms END) OVER (
            PARTITION BY place, session_id
            ORDER BY start_ms
            RANGE BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
        ) AS own_read_ms
    FROM users
),

-- One key in several projects is one cache: whose head is the same reads it, too.
keys AS (
    SELECT c.api_key
    FROM calls AS c
    INNER JOIN writing AS w ON c.project IS NOT DISTINCT FROM w.project AND c.model = w.model
    WHERE c.cache_write_tokens > 0 AND c.prefix_hash IS NOT NULL
    GROUP BY c.api_key
),

payers AS (
    SELECT
        c.project,
        c.api_key
    FROM calls AS c
    INNER JOIN keys AS k ON c.api_key = k.api_key
    WHERE c.cache_write_tokens > 0 OR c.cache_read_tokens > 0
    GROUP BY c.project, c.api_key
),

shared AS (
    SELECT api_key
    FROM payers
    GROUP BY api_key
    HAVING count(*) > 1
),

together AS (
    SELECT
        c.call_id,
        min(CASE WHEN c.cache_read_tokens > 0 THEN epoch_ms(c.started_at) END) OVER (
            PARTITION BY c.api_key, n.engine, c.prefix_hash
            ORDER BY epoch_ms(c.started_at)
            RANGE BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
        ) AS shared_read_ms
    FROM calls AS c
    INNER JOIN shared AS k ON c.api_key = k.api_key
    INNER JOIN names AS n ON c.model = n.model
    WHERE
        (c.cache_write_tokens > 0 OR c.cache_read_tokens > 0)
        AND c.prefix_hash IS NOT NULL
        AND coalesce(c.gateway_cache_hit, FALSE) = FALSE
),

newest AS (
    SELECT max(epoch_ms(started_at)) AS at_ms
    FROM calls
),

waits AS (
    SELECT
        f.call_id,
        f.place,
        f.task,
        f.api_key,
        f.model,
        f.written_tokens - f.hour_tokens AS short_tokens,
        f.hour_tokens,
        f.surcharge,
        f.hour_surcharge,
        f.cache_lifetime_ms,
        f.cost,
        CASE
            WHEN f.hour_tokens > 0 THEN greatest(f.cache_lifetime_ms, $hour_ms) ELSE f.cache_lifetime_ms
        END <= n.at_ms - f.start_ms AS is_judged,
        least(
            coalesce(
                CASE
                    WHEN f.read_tokens > 0 AND f.session_id IS NOT NULL THEN f.own_read_ms
                    WHEN f.knows_heads THEN f.head_read_ms
                    ELSE f.any_read_ms
                END,
                n.at_ms + greatest(f.cache_lifetime_ms, $hour_ms) + 1
            ),
            CASE
                WHEN t.shared_read_ms IS NULL OR (f.read_tokens > 0 AND f.session_id IS NOT NULL)
                    THEN n.at_ms + greatest(f.cache_lifetime_ms, $hour_ms) + 1
                ELSE t.shared_read_ms
            END
        ) - f.start_ms AS wait_ms
    FROM followed AS f
    CROSS JOIN newest AS n
    LEFT JOIN together AS t ON f.call_id = t.call_id
    WHERE f.written_tokens > 0 AND f.surcharge + f.hour_surcharge > 0
),

writes AS (
    SELECT
        call_id,
        place,
        task,
        api_key,
        model,
        cost,
        CASE WHEN wait_ms > cache_lifetime_ms THEN short_tokens ELSE 0 END AS unread_short_tokens,
        CASE WHEN wait_ms > $hour_ms THEN hour_tokens ELSE 0 END AS unread_hour_tokens,
        surcharge,
        hour_surcharge
    FROM waits
    WHERE is_judged
),

counted AS (
    SELECT
        place,
        task,
        api_key,
        count(*) AS written_writes,
        count(CASE WHEN unread_short_tokens + unread_hour_tokens > 0 THEN 1 END) AS unread_writes
    FROM writes
    GROUP BY place, task, api_key
),

wrong AS (
    SELECT
        c.place,
        c.task,
        c.api_key,
        c.written_writes,
        c.unread_writes
    FROM counted AS c
    INNER JOIN places AS p ON c.place = p.place AND c.task IS NOT DISTINCT FROM p.task
    INNER JOIN lanes AS l
        ON
            p.project IS NOT DISTINCT FROM l.project AND p.task IS NOT DISTINCT FROM l.task AND p.engine = l.engine
            AND c.api_key IS NOT DISTINCT FROM l.api_key
    WHERE
        c.unread_writes >= $min_writes
        AND (c.unread_writes >= c.written_writes * $unread_share OR l.read_saving <= l.write_cost)
)

SELECT
    w.call_id,
    least(
        (w.unread_short_tokens * w.surcharge) + (w.unread_hour_tokens * w.hour_surcharge),
        w.cost
    ) AS saving,
    w.task AS subject,
    w.model,
    w.unread_short_tokens + w.unread_hour_tokens AS unread_tokens,
    r.unread_writes,
    r.written_writes
FROM writes AS w
INNER JOIN wrong AS r
    ON
        w.place = r.place
        AND w.task IS NOT DISTINCT FROM r.task
        AND w.api_key IS NOT DISTINCT FROM r.api_key
WHERE
    (w.unread_short_tokens * w.surcharge) + (w.unread_hour_tokens * w.hour_surcharge) > 0
    AND w.cost > 0
