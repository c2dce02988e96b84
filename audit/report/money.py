"""The month's accounts from the engine's tables: a few rows each, and each adds up to the month's spend."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from audit.pricing import rates
from audit.records import UsageError
from audit.report.accounts import Accounts, ChargedLine, CurrencyLine, PoolLine, PricedBy, StatedLine

if TYPE_CHECKING:
    from audit.engine.duckdb import Engine
    from audit.pricing.money import Rates
    from audit.records import Month
    from audit.settings import Settings
    from audit.window import Span

ZERO = Decimal(0)
LISTED, STATED = "listed", "stated"


def accounts(engine: Engine, settings: Settings, month: Month, span: Span, of: Rates) -> Accounts:
    """What stands behind the month's money."""
    return Accounts(
        currencies=_currencies(engine, settings, month, span, of),
        priced_by=_priced_by(engine, span),
        stated=_stated(engine, settings, span, of),
        pools=_pools(engine, month),
        charged=_charged(engine, settings),
    )


def _currencies(engine: Engine, settings: Settings, month: Month, span: Span, of: Rates) -> tuple[CurrencyLine, ...]:
    """Native totals; none where all is in the report's currency. Calls by a source's own cost are not a list's."""
    rows = engine.rows(
        "SELECT native_currency, count(*), sum(native_cost), sum(list_cost) FROM priced WHERE started_at >= $start "
        "AND native_currency IS NOT NULL AND native_cost IS NOT NULL GROUP BY ALL ORDER BY sum(list_cost) DESC, 1",
        {"start": span.start},
    )
    into = settings.company.currency
    if not any(currency != into for currency, *_ in rows):
        return ()
    lines = []
    for currency, calls, native, cost in rows:
        rate = of.of_month(currency, month)
        lines.append(CurrencyLine(currency, calls, native, rate, _source(settings, currency, month, rate), cost))
    return tuple(lines)


def _source(settings: Settings, currency: str, month: Month, rate: Decimal) -> str:
    """Where the month's rate is from; that of a closed month stays, whatever the settings say now."""
    into = settings.company.currency
    if currency == into:
        return ""
    try:
        found = rates.rate(settings, currency, into, month)
    except UsageError:
        return ""
    return found.source if abs(found.value - rate) < Decimal("1e-11") else ""


def _priced_by(engine: Engine, span: Span) -> tuple[PricedBy, ...]:
    rows = engine.rows(
        "SELECT CASE WHEN cost IS NOT NULL THEN price_source END AS source, count(*), coalesce(sum(cost), 0) "
        "FROM priced WHERE started_at >= $start AND NOT (price_source IS NULL AND coalesce(cost, 1) = 0) "
        "GROUP BY ALL ORDER BY sum(cost) DESC NULLS LAST, 1 NULLS LAST",
        {"start": span.start},
    )
    return tuple(PricedBy(*row) for row in rows)


def _stated(engine: Engine, settings: Settings, span: Span, of: Rates) -> tuple[StatedLine, ...]:
    """Sources that state costs, each beside the list's; a stated cost whose currency has no rate cannot be compared."""
    chosen = set(settings.prices.stated)
    lines = []
    for (source,) in engine.rows(
        "SELECT DISTINCT source FROM priced WHERE started_at >= $start AND stated_cost IS NOT NULL ORDER BY 1",
        {"start": span.start},
    ):
        try:
            own = of.translated(engine, (span.start, span.end), [source]).format(c="p")
        except UsageError:
            own = "(CASE WHEN p.stated_currency = $into THEN p.stated_cost END)"
        params = {"start": span.start, "source": source} | (
            {"into": settings.company.currency} if "$into" in own else {}
        )
        calls, both, stated, listed = engine.row(
            f"SELECT count(p.stated_cost), count(*) FILTER ({own} IS NOT NULL AND p.list_cost IS NOT NULL), "
            f"sum({own}) FILTER (p.list_cost IS NOT NULL), sum(p.list_cost) FILTER ({own} IS NOT NULL) "
            "FROM priced p WHERE p.started_at >= $start AND p.source = $source",
            params,
        )
        stated, listed = stated or ZERO, listed or ZERO
        counted = STATED if source in chosen else LISTED
        lines.append(StatedLine(source, counted, both, stated, listed, stated - listed, calls - both))
    return tuple(lines)


def _pools(engine: Engine, month: Month) -> tuple[PoolLine, ...]:
    rows = engine.rows(
        "SELECT pool, calls, input_tokens + output_tokens, native_cost, currency, cost FROM pool_months "
        "WHERE month = $month ORDER BY cost DESC, pool",
        {"month": str(month)},
    )
    return tuple(
        PoolLine(pool, calls, tokens, native, currency, cost, (cost * 1_000_000 / tokens) if tokens else None)
        for pool, calls, tokens, native, currency, cost in rows
    )


def _charged(engine: Engine, settings: Settings) -> tuple[ChargedLine, ...]:
    """Who is charged what, by money; none where everybody is charged what its own calls cost."""
    if not settings.margins and not settings.shared:
        return ()
    rows = engine.rows(
        "SELECT project, direct, received, received_from, handed_out, margin, charged, stayed_by FROM charged "
        "ORDER BY charged DESC, project NULLS LAST"
    )
    return tuple(
        ChargedLine(project, direct, received, tuple(names), handed, margin, charged, stayed)
        for project, direct, received, names, handed, margin, charged, stayed in rows
    )
