"""What a month would cost by the price lists and rates of today, beside what it was closed with."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from babel.numbers import get_currency_precision

from audit import closing
from audit.engine.store import open_store
from audit.pricing import join, kept
from audit.records import UsageError
from audit.terminal import aligned

if TYPE_CHECKING:
    from audit.engine.duckdb import Engine
    from audit.records import Month
    from audit.settings import Settings

ZERO = Decimal(0)
# What prices by the lists are stamped with; a pool's follow from what it served, a source's own from its log.
_LISTS = ("contract ", "own list", "genai-prices")


@dataclass(frozen=True, slots=True)
class Repriced:
    """One model's cost as it is closed and as it would be; None where it has no price."""

    provider: str
    model: str
    calls: int
    closed: Decimal | None
    now: Decimal | None
    source: str

    @property
    def difference(self) -> Decimal:
        """How much more it would be."""
        return (self.now or ZERO) - (self.closed or ZERO)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A closed month beside what today's lists make of it; ``closed_with`` is the sum that it was closed with."""

    month: Month
    currency: str
    closed_with: Decimal
    rows: tuple[Repriced, ...]


def compare(settings: Settings, month: Month) -> Comparison:
    """Each model of a month's calls, the greatest difference first. Raises UsageError where the month is not closed."""
    currency = settings.company.currency
    with open_store(settings.paths.store, settings) as engine:
        closed_with = closing.closed_with(engine, month, currency)
        if closed_with is None:
            raise UsageError(
                f"{month} is not closed: audit run prices it by the lists as they are; a month is closed by the first "
                "audit run after its end"
            )
        held = kept.of(engine, currency)
        closed, now = _costs(engine, settings, month, anew=False), _costs(engine, settings, month, anew=True)
    rows = []
    for (provider, model), (calls, cost, source) in now.items():
        _, before, said = closed[provider, model]
        # What had no price when the month was closed is priced by the lists of today already.
        new = (said or "").startswith(_LISTS) and not held.knows(provider, model, month)
        rows.append(Repriced(provider or "-", model or "-", calls, None if new else before, cost, source or ""))
    rows.sort(key=lambda row: (-abs(row.difference), row.provider, row.model))
    return Comparison(month, currency, closed_with, tuple(rows))


def _costs(engine: Engine, settings: Settings, month: Month, *, anew: bool) -> dict[tuple[Any, Any], tuple[Any, ...]]:
    start, end = month.start(settings.zone), month.end(settings.zone)
    join.load_prices(engine, settings, start, end, anew=month if anew else None)
    rows = engine.rows(
        "SELECT provider, model, count(*), sum(cost), string_agg(DISTINCT price_source, ', ' ORDER BY price_source) "
        "FROM costed WHERE started_at >= $start AND started_at < $end GROUP BY ALL",
        {"start": start.replace(tzinfo=None), "end": end.replace(tzinfo=None)},
    )
    return {(provider, model): (calls, cost, source) for provider, model, calls, cost, source in rows}


def lines(found: Comparison) -> list[str]:
    """The comparison as text: every model that would cost something else, and the sum."""
    rows, month, currency = found.rows, found.month, found.currency
    changed = [row for row in rows if row.closed != row.now]
    closed, now = (sum((getattr(row, name) or ZERO for row in rows), ZERO) for name in ("closed", "now"))
    said = []
    if closed != found.closed_with:
        said.append(
            f"{month} was closed with {_money(found.closed_with, currency)} {currency}; by the same prices the calls "
            f"and settings of today come to {_money(closed, currency)}: the next audit run restates it"
        )
    if not changed:
        return [*said, f"{month}: today's lists make of it the same, {_money(closed, currency)} {currency}"]
    head = ["model", "calls", f"closed, {currency}", f"now, {currency}", "difference", "priced by"]
    table = [
        [f"{row.provider}/{row.model}", f"{row.calls:,}", _money(row.closed, currency), _money(row.now, currency),
         _signed(row.difference, currency), row.source]
        for row in changed
    ]  # fmt: skip
    same = len(rows) - len(changed)
    said += aligned.table([head, *table], 200)
    said += [f"{same} other model{'s cost' if same > 1 else ' costs'} the same"] if same else []
    said.append(
        f"{month}: {_money(closed, currency)} {currency} as closed, {_money(now, currency)} by today's lists: "
        f"{_signed(now - closed, currency)}"
    )
    if any(row.closed is None for row in changed):
        said.append("what had no price when the month was closed gets one by the next audit run, as a restatement")
    if any(row.closed is not None for row in changed):
        said.append(f"what had one keeps it; to restate it: audit reprice --month {month} --restate REASON")
    return said


def _money(value: Decimal | None, currency: str) -> str:
    return "no price" if value is None else f"{value:,.{get_currency_precision(currency)}f}"


def _signed(value: Decimal, currency: str) -> str:
    return f"{value:+,.{get_currency_precision(currency)}f}"
