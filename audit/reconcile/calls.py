"""The logs' side as a table of the engine: what was logged, by quarters of an hour, at the price list's cost."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from audit.pricing import join
from audit.reconcile import naming
from audit.records import UsageError
from audit.window import owner_sql

if TYPE_CHECKING:
    from audit.engine.duckdb import Engine
    from audit.records import Month
    from audit.settings import Settings

SUM = "DECIMAL(38,9)"
_BILLERS_SHAPE = dict.fromkeys(("provider", "model", "biller"), "VARCHAR")


def load_calls(
    engine: Engine, settings: Settings, month: Month, span: tuple[datetime, datetime], *, anew: bool = False
) -> None:
    """Make the table ``reconcile_calls``: what was logged between two instants (UTC), by quarters of an hour.

    ``cost`` is the price list's, in the list's currency; NULL where no price is known. ``uncached`` is what the cache
    reads would cost more at the price of plain input, ``searches`` what web searches cost, both in the report's
    currency; ``batch`` is the cost of batch calls.
    """
    start, end = span
    priced_anew = month if anew else None
    try:
        join.load_prices(engine, settings, start, end, anew=priced_anew)
    except UsageError:
        # A bill's month may reach into the company's next one, which has no rate yet: those hours stay unpriced.
        ends = month.start(settings.zone), month.end(settings.zone)
        join.load_prices(engine, settings, *ends, anew=priced_anew)
    engine.run(
        f"""CREATE OR REPLACE TEMP TABLE reconcile_quarters AS WITH calls AS (
          SELECT c.*, {owner_sql(settings.projects)} AS owner, coalesce(native_cost, cost) AS paid,
            CASE WHEN native_cost IS NULL THEN $currency ELSE native_currency END AS paid_in
          FROM costed AS c WHERE started_at >= $start AND started_at < $end
        )
        SELECT time_bucket(INTERVAL '15 minutes', started_at) AS quarter, provider, model,
          coalesce(service_tier, 'standard') AS service_tier, service_tier IS NOT NULL AS tiered, owner AS project,
          api_key, paid_in AS currency, count(*) AS calls,
          count(*) FILTER (paid IS DISTINCT FROM 0) AS charged,
          count(*) FILTER (paid IS NULL AND coalesce(input_tokens, output_tokens) IS NOT NULL) AS unpriced,
          count(*) FILTER (paid IS NULL AND coalesce(input_tokens, output_tokens) IS NULL) AS silent,
          coalesce(sum(input_tokens), 0)::BIGINT AS input_tokens,
          coalesce(sum(cache_read_tokens), 0)::BIGINT AS cache_read_tokens,
          coalesce(sum(output_tokens), 0)::BIGINT AS output_tokens,
          coalesce(sum(paid), 0)::{SUM} AS cost,
          coalesce(sum(cache_read_tokens * greatest(0, input_price - cache_read_price)), 0)::{SUM} AS uncached,
          coalesce(sum(paid) FILTER (service_tier = 'batch'), 0)::{SUM} AS batch,
          coalesce(sum(quantity * web_searches_price) FILTER (unit = 'web_searches' AND paid > 0), 0)::{SUM} AS searches
        FROM calls GROUP BY ALL""",
        {"start": _plain(start), "end": _plain(end), "currency": settings.company.currency},
    )
    pairs = engine.rows("SELECT DISTINCT provider, model FROM reconcile_quarters ORDER BY ALL")
    engine.load(
        "reconcile_billers",
        _BILLERS_SHAPE,
        [{"provider": who, "model": model, "biller": naming.biller(who, model)} for who, model in pairs],
    )
    engine.run(
        "CREATE OR REPLACE TEMP TABLE reconcile_calls AS SELECT q.*, b.biller FROM reconcile_quarters q "
        "JOIN reconcile_billers b ON b.provider IS NOT DISTINCT FROM q.provider "
        "AND b.model IS NOT DISTINCT FROM q.model"
    )


def _plain(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(tzinfo=None)
