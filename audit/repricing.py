"""What a month would cost by the price lists and rates of today, beside what it was closed with."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from audit import aligned, closing
from audit.engine.store import open_store
from audit.pricing import join, kept
from audit.records import UsageError

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


def compare(settings: Settings, month: Month) -> list[Repriced]:
    """Each model of a month's calls, the greatest difference first. Raises UsageError where the month has none."""
    with open_store(settings.paths.store, settings) as engine:
        if not closing.is_closed(engine, month, settings.company.currency):
            raise UsageError(
                f"{month} is not closed: audit run prices it by the lists as they are; a month is closed by the first "
                "audit run after its end"
            )
        held = kept.of(engine, settings.company.currency)
        closed, now = _costs(engine, settings, month, anew=False), _costs(engine, settings, month, anew=True)
    rows = []
    for (provider, model), (calls, cost, source) in now.items():
        _, before, said = closed[provider, model]
        # What had no price when the month was closed is priced by the lists of today already.
        new = (said or "").startswith(_LISTS) and not held.knows(provider, model, month)
        rows.append(Repriced(provider or "-", model or "-", calls, None if new else before, cost, source or ""))
    return sorted(rows, key=lambda row: (-abs(row.difference), row.provider, row.model))


def _costs(engine: Engine, settings: Settings, month: Month, *, anew: bool) -> dict[tuple[Any, Any], tuple[Any, ...]]:
    start, end = month.start(settings.zone), month.end(settings.zone)
    join.load_prices(engine, settings, start, end, anew=month if anew else None)
    rows = engine.rows(
        "SELECT provider, model, count(*), sum(cost), string_agg(DISTINCT price_source, ', ' ORDER BY price_source) "
        "FROM costed WHERE started_at >= $start AND started_at < $end GROUP BY ALL",
        {"start": start.replace(tzinfo=None), "end": end.replace(tzinfo=None)},
    )
    return {(provider, model): (calls, cost, source) for provider, model, calls, cost, source in rows}


def lines(rows: list[Repriced], month: Month, currency: str) -> list[str]:
    """The comparison as text: every model that would cost something else, and the sum."""
    changed = [row for row in rows if row.closed != row.now]
    closed, now = (sum((getattr(row, name) or ZERO for row in rows), ZERO) for name in ("closed", "now"))
    if not changed:
        return [f"{month}: today's lists make of it what it was closed with, {closed:,.2f} {currency}"]
    head = ["model", "calls", f"closed, {currency}", f"now, {currency}", "difference", "priced by"]
    table = [
        [f"{row.provider}/{row.model}", f"{row.calls:,}", _money(row.closed), _money(row.now),
         f"{row.difference:+,.2f}", row.source]
        for row in changed
    ]  # fmt: skip
    same = len(rows) - len(changed)
    said = [*aligned.table([head, *table], 200)]
    said += [f"{same} other model{'s cost' if same > 1 else ' costs'} the same"] if same else []
    said.append(f"{month}: {closed:,.2f} {currency} as closed, {now:,.2f} by today's lists: {now - closed:+,.2f}")
    return [*said, "the month stays as it is; to restate it: audit reprice --month " + f"{month} --restate REASON"]


def _money(value: Decimal | None) -> str:
    return "no price" if value is None else f"{value:,.2f}"
