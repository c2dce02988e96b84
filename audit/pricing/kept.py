"""What closed months were priced with: rows and rates that stay as they are, whatever a newer list says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from audit.records import Month

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from decimal import Decimal

    from audit.engine.duckdb import Engine

Key = tuple[str | None, str, str, str | None]
_KEY = "provider, model, service_tier, region"
# A pool's price follows from what it served, late calls too: it is worked out again each time.
_LASTING = "price_source NOT LIKE 'pool %'"


@dataclass(frozen=True)
class Kept:
    """Which cases each closed month has prices of, and what its pools cost, with the currency of that.

    ``into`` is the report's currency.
    """

    into: str
    months: Mapping[Key, frozenset[Month]] = field(default_factory=dict)
    pools: Mapping[tuple[str, Month], tuple[Decimal, str]] = field(default_factory=dict)

    def months_of(self, key: Key) -> frozenset[Month]:
        """The months whose prices of a case stay."""
        return self.months.get(key, frozenset())

    def knows(self, provider: str | None, model: str, month: Month) -> bool:
        """Whether a month's prices of a model stay, at some tier and somewhere."""
        return any(key[:2] == (provider, model) and month in months for key, months in self.months.items())


def of(engine: Engine, into: str, *, anew: Month | None = None) -> Kept:
    """What the store keeps for a report's currency, but for a month that is to be priced anew."""
    if not _exists(engine):
        return Kept(into)
    said = {"into": into, "anew": str(anew or "")}
    costs = []
    if _exists(engine, "pools"):
        costs = engine.rows(
            "SELECT pool, month, native_cost, currency FROM store.pools WHERE report_currency = $into "
            "AND month <> $anew",
            said,
        )
    rows = engine.rows(
        f"SELECT {_KEY}, list(DISTINCT month) FROM store.prices WHERE report_currency = $into AND month <> $anew "
        f"GROUP BY {_KEY}",
        said,
    )
    return Kept(
        into,
        {(who, model, tier, where): frozenset(map(Month.parse, months)) for who, model, tier, where, months in rows},
        {(pool, Month.parse(month)): (native, currency) for pool, month, native, currency in costs},
    )


def add(engine: Engine, shape: Mapping[str, str], kept: Kept, start: datetime, end: datetime) -> None:
    """Put the kept rows of a span of time into the table ``prices``."""
    if not kept.months:
        return
    # What a later version brought is unknown of rows kept before it; a store that is only read cannot be grown.
    held = [name for (name, *_) in engine.rows("DESCRIBE store.prices") if name in shape]
    months = sorted({str(month) for held in kept.months.values() for month in held})
    engine.run(
        f"INSERT INTO prices BY NAME SELECT {', '.join(held)} FROM store.prices WHERE report_currency = $into "
        "AND list_contains($months, month) AND valid_to > $start AND valid_from < $end",
        {"into": kept.into, "months": months, "start": start, "end": end},
    )


def keep(engine: Engine, shape: Mapping[str, str], month: Month, into: str, span: tuple[datetime, datetime]) -> None:
    """Keep a month's rows of ``prices`` whose cases the store has none of for it yet."""
    engine.run("CREATE TABLE IF NOT EXISTS store.prices (month VARCHAR, report_currency VARCHAR)")
    _grow(engine, shape)
    rest = ", ".join(f"p.{name}" for name in shape if name not in ("valid_from", "valid_to"))
    same = " AND ".join(f"k.{name} IS NOT DISTINCT FROM p.{name}" for name in _KEY.split(", "))
    engine.run(
        "INSERT INTO store.prices BY NAME SELECT $month AS month, $into AS report_currency, "
        f"greatest(p.valid_from, $start) AS valid_from, least(p.valid_to, $end) AS valid_to, {rest} FROM prices p "
        f"WHERE p.valid_to > $start AND p.valid_from < $end AND {_LASTING} AND NOT EXISTS (FROM store.prices k "
        f"WHERE k.month = $month AND k.report_currency = $into AND {same})",
        {"month": str(month), "into": into, "start": span[0], "end": span[1]},
    )


def keep_pools(engine: Engine, month: Month, into: str) -> None:
    """Keep what a month's pools cost, by ``pool_months``: what they served may still grow."""
    engine.run(
        "CREATE TABLE IF NOT EXISTS store.pools "
        "(month VARCHAR, report_currency VARCHAR, pool VARCHAR, native_cost DECIMAL(38,9), currency VARCHAR)"
    )
    engine.run(
        "INSERT INTO store.pools SELECT $month, $into, m.pool, m.native_cost, m.currency FROM pool_months m "
        "WHERE m.month = $month AND NOT EXISTS (FROM store.pools k WHERE k.month = $month "
        "AND k.report_currency = $into AND k.pool = m.pool)",
        {"month": str(month), "into": into},
    )


def _grow(engine: Engine, shape: Mapping[str, str]) -> None:
    """Give the table the columns of a price row that it lacks: those that a later version brought are unknown."""
    for name, kind in shape.items():
        engine.run(f"ALTER TABLE store.prices ADD COLUMN IF NOT EXISTS {name} {kind}")


def forget(engine: Engine, month: Month, into: str) -> None:
    """Let go of what a month was priced with: it is priced anew from here on."""
    for table in ("store.prices", "store.rates", "store.pools"):
        if _exists(engine, table.removeprefix("store.")):
            engine.run(
                f"DELETE FROM {table} WHERE month = $month AND report_currency = $into",
                {"month": str(month), "into": into},
            )


def rates(engine: Engine, into: str, *, anew: Month | None = None) -> dict[tuple[Month, str], Decimal]:
    """The rates that closed months were translated at, by month and currency."""
    if not _exists(engine, "rates"):
        return {}
    rows = engine.rows(
        "SELECT month, currency, rate FROM store.rates WHERE report_currency = $into AND month <> $anew",
        {"into": into, "anew": str(anew or "")},
    )
    return {(Month.parse(month), currency): rate for month, currency, rate in rows}


def keep_rates(engine: Engine, month: Month, into: str, used: Mapping[tuple[Month, str], Decimal]) -> None:
    """Keep the rates that a month was translated at, those that the store has none of for it yet."""
    engine.run(
        "CREATE TABLE IF NOT EXISTS store.rates "
        "(month VARCHAR, report_currency VARCHAR, currency VARCHAR, rate DECIMAL(18,12))"
    )
    for (of_month, currency), rate in sorted(used.items()):
        if of_month == month:
            engine.run(
                "INSERT INTO store.rates SELECT $month, $into, $currency, $rate WHERE NOT EXISTS (FROM store.rates "
                "WHERE month = $month AND report_currency = $into AND currency = $currency)",
                {"month": str(month), "into": into, "currency": currency, "rate": rate},
            )


def _exists(engine: Engine, table: str = "prices") -> bool:
    return bool(
        engine.rows(
            "SELECT 1 FROM duckdb_tables() WHERE schema_name = 'store' AND table_name = $table", {"table": table}
        )
    )
