"""A month's summed calls as what two months are compared by: each project's cells, its waste, its unpriced calls."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from audit.records import UsageError
from audit.report.cells import KINDS, ZERO, Cell
from audit.report.effects import Side

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from audit.engine.duckdb import Engine
    from audit.pricing.money import Rates
    from audit.records import Month
    from audit.window import Span

# More kinds of call than this are compared without their tasks: a log may name a task for each call.
MOST_CELLS = 20_000
SUM = "DECIMAL(38,9)"
BILLED, UNPRICED = "billed", "unpriced"
_PRICES = ("input_price", "cache_read_price", "cache_write_price", "output_price")
# The tables that are read here: what calls are alike in, then sums; ``calls`` and what follows it are net of waste.
KEYS = ("project", "operation", "task", "provider", "model", "tier", "state", "stated", "listed_in", *_PRICES)
SUMMED = ("gross", "calls", *KINDS, "cost", "wasted")
# What a list prices by beside time: rows of one model that differ in it stand beside each other, not after each other.
_BANDS = ("second_from", "second_to", "input_from", "input_to", "output_from", "output_to", "thinking")


@dataclass(frozen=True, slots=True)
class Listed:
    """What a month's lists say of unit prices: the number of their band, and the price of writing for an hour."""

    month: Month
    rates: Rates
    told: Mapping[tuple[Any, ...], tuple[int, Decimal]]

    @classmethod
    def of(cls, engine: Engine, month: Month, span: Span, rates: Rates) -> Listed:
        """By provider, model, tier and the four prices. Bands are numbered as they follow each other."""
        rows = engine.rows(
            f"SELECT DISTINCT provider, model, service_tier, {', '.join(_PRICES)}, cache_write_1h_price, "
            f"{', '.join(f'coalesce({name}::BIGINT, -1)' for name in _BANDS)} FROM prices "
            "WHERE valid_to > $start AND valid_from < $end ORDER BY ALL",
            {"start": span.start, "end": span.end},
        )
        bands: dict[tuple[Any, ...], set[tuple[int, ...]]] = defaultdict(set)
        for row in rows:
            bands[row[:3]].add(row[8:])
        numbers = {name: {band: at for at, band in enumerate(sorted(found))} for name, found in bands.items()}
        told: dict[tuple[Any, ...], tuple[int, Decimal]] = {}
        for row in rows:
            at = numbers[row[:3]][row[8:]]
            told[row[:7]] = min(told.get(row[:7], (at, row[7])), (at, row[7]))
        return cls(month, rates, told)

    def rate(self, currencies: set[str | None]) -> tuple[str | None, Decimal]:
        """The one currency of some calls and its rate; none where there are several."""
        currency = next(iter(currencies)) if len(currencies) == 1 else None
        try:
            return currency, self.rates.of_month(currency, self.month) if currency else Decimal(1)
        except UsageError:
            return None, Decimal(1)


@dataclass(slots=True)
class _Sum:
    """The rows of one cell, added up; ``paid`` are tokens at each row's prices, ``asked`` its calls at them."""

    gross: Decimal = ZERO
    calls: Decimal = ZERO
    used: list[Decimal] = field(default_factory=lambda: [ZERO] * len(KINDS))
    paid: list[Decimal] = field(default_factory=lambda: [ZERO] * len(KINDS))
    asked: list[Decimal] = field(default_factory=lambda: [ZERO] * len(KINDS))
    cost: Decimal = ZERO
    currencies: set[str | None] = field(default_factory=set)
    stated: bool = False
    listed: bool = True

    def add(self, sums: Sequence[Decimal], prices: Sequence[Decimal | None]) -> None:
        """One row: gross calls, calls, tokens by kind, cost."""
        gross, calls, *used = sums[: 2 + len(KINDS)]
        self.gross, self.calls, self.cost = self.gross + gross, self.calls + calls, self.cost + sums[2 + len(KINDS)]
        for kind, price in enumerate(prices):
            self.used[kind] += used[kind]
            self.listed &= price is not None
            self.paid[kind] += used[kind] * (price or ZERO)
            self.asked[kind] += gross * (price or ZERO)

    def prices(self) -> tuple[Decimal | None, ...]:
        """Each kind's unit price: as it was paid, or, where none was used, as it was listed."""
        if not self.listed:
            return (None,) * len(KINDS)
        return tuple(
            paid / used if used else asked / self.gross
            for paid, used, asked in zip(self.paid, self.used, self.asked, strict=True)
        )


def sides(engine: Engine, table: str, lists: Listed) -> dict[str | None, Side]:
    """The month by project; to be asked with the digits that it takes to add exactly."""
    (rows,) = engine.row(f"SELECT count(*) FROM {table}")
    keys = [f"NULL AS {name}" if name == "task" and rows > MOST_CELLS else name for name in KEYS]
    sums = ", ".join(f"sum({name})::{SUM}" for name in SUMMED)
    cells: dict[str | None, dict[tuple[Any, ...], _Sum]] = defaultdict(lambda: defaultdict(_Sum))
    unpriced: dict[str | None, int] = defaultdict(int)
    wasted: dict[str | None, Decimal] = defaultdict(Decimal)
    for row in engine.rows(f"SELECT {', '.join(keys)}, {sums} FROM {table} GROUP BY ALL ORDER BY ALL"):
        project, operation, task, provider, model, tier, state, stated, listed_in, *rest = row
        prices, added = rest[: len(_PRICES)], rest[len(_PRICES) :]
        if state == UNPRICED:
            unpriced[project] += int(added[0])
            continue
        band, hour = lists.told.get((provider, model, tier, *prices), (0, prices[2]))
        of = cells[project][(operation, task), (provider, model, tier, str(band))]
        of.add(added, (*prices[:3], hour, prices[3]))
        of.currencies.add(listed_in)
        of.stated |= stated
        wasted[project] += added[-1]
    return {
        project: _side(cells[project], wasted[project], unpriced[project], lists) for project in {**cells, **unpriced}
    }


def _side(cells: Mapping[tuple[Any, ...], _Sum], wasted: Decimal, unpriced: int, lists: Listed) -> Side:
    found = []
    calls = sum((of.gross for of in cells.values()), ZERO)
    for (lane, model), of in cells.items():
        if of.calls <= 0:
            # All of it was wasted, but for what the rounding of a part left.
            wasted += of.cost
            continue
        currency, rate = lists.rate(of.currencies)
        found.append(Cell(lane, model, of.calls, tuple(of.used), of.prices(), of.cost, currency, rate, of.stated))
    return Side(tuple(found), wasted, unpriced, int(calls))
