"""Days that one side lacks, and days that the two sides cut at other hours."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from audit.reconcile.claims import Claim, by, runs, total

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from audit.reconcile.cells import Cell
    from audit.reconcile.claims import Comparison

ZERO = Decimal(0)
DAY_SECONDS = 86_400
_HOUR_SECONDS = 3_600
# No zone lies further from another than this, and a bill's days are UTC or its own country's.
_HOURS = range(-14, 15)
# Days that are apart by less than this share of the bill are no shift's doing; a shift takes nearly all of it away.
_APART = Decimal("0.01")
_REMAINS = Decimal("0.2")
_SHARE = Decimal("0.001")


def missing_days(comparison: Comparison, left: list[Cell]) -> Iterator[Claim]:
    """Days with a bill and no call at all, and days with calls and no line; days that follow on each other are one."""
    if "day" not in comparison.dimensions:
        return
    every = by(comparison.cells, "day")
    of_left = by(left, "day")
    logged = [day for day, cells in every.items() if any(cell.is_logged for cell in cells)]
    billed = [day for day, cells in every.items() if any(cell.is_billed for cell in cells)]
    for run in runs(set(of_left) - set(logged)):
        cells = tuple(cell for day in run for cell in of_left[day])
        yield Claim(_ends("not_logged", run, logged), cells, certain=True, values=_of(run))
    for run in runs(set(of_left) - set(billed)):
        cells = tuple(cell for day in run for cell in of_left[day])
        yield Claim(_ends("not_billed", run, billed), cells, certain=True, values=_of(run))


def _ends(kind: str, run: list[date], there: list[date]) -> str:
    """One day, some in a row, or all before the first or after the last that a side has."""
    if len(run) == 1 or not there:
        return f"{kind}_day" if len(run) == 1 else f"{kind}_days"
    if run[-1] < min(there):
        return f"{kind}_before"
    return f"{kind}_after" if run[0] > max(there) else f"{kind}_days"


def _of(run: list[date]) -> dict[str, object]:
    return {"day": run[0], "first": run[0], "last": run[-1], "n": len(run)}


def shifted(comparison: Comparison, left: list[Cell]) -> Iterator[Claim]:
    """All days apart, and nearly none of them if the bill's days began some hours earlier or later."""
    if "day" not in comparison.dimensions or not comparison.quarters or not left:
        return
    paid: dict[int, Decimal] = defaultdict(Decimal)
    for cell in comparison.cells:
        if cell.is_billed and cell.day is not None:
            midnight = datetime(cell.day.year, cell.day.month, cell.day.day, tzinfo=UTC)
            paid[int(midnight.timestamp()) // DAY_SECONDS] += cell.paid
    billed = sum(paid.values(), ZERO)
    apart = {hours: _apart(comparison, paid, hours) for hours in _HOURS}
    best = min(_HOURS, key=lambda hours: (apart[hours], abs(hours)))
    if best and apart[0] > _APART * billed and apart[best] <= _REMAINS * apart[0]:
        way = "later" if best > 0 else "earlier"
        yield Claim(f"shifted_{way}", tuple(left), values={"n": abs(best)})


def _apart(comparison: Comparison, paid: dict[int, Decimal], hours: int) -> Decimal:
    """How far the bill's days are from the logs', were they to begin so many hours later."""
    cost: dict[int, Decimal] = defaultdict(Decimal)
    for quarter, money in comparison.quarters.items():
        cost[(quarter - comparison.shift - hours * _HOUR_SECONDS) // DAY_SECONDS] += money
    return sum((abs(money - cost[day]) for day, money in paid.items()), ZERO)


def straddling(comparison: Comparison, left: list[Cell]) -> Iterator[Claim]:
    """Days of one model, project and key that are apart both ways and agree over the month: calls near midnight."""
    if "day" not in comparison.dimensions:
        return
    series: dict[tuple[object, ...], list[Cell]] = defaultdict(list)
    for cell in left:
        series[cell.key[1:]].append(cell)
    found: list[Cell] = []
    for cells in series.values():
        more = [cell for cell in cells if cell.money > 0]
        money = sum((max(cell.paid, cell.cost) for cell in cells), ZERO)
        fine = sum((comparison.tolerance.fine(cell) for cell in cells), ZERO)
        if 0 < len(more) < len(cells) and abs(total(cells)) <= max(fine, _SHARE * money):
            found += cells
    if found:
        yield Claim("straddling", tuple(found), values={"n": len({cell.day for cell in found})})
