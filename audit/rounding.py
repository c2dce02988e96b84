"""Figures rounded so that they add up as printed: to the total below them, and, where a row is a sum, across.

Rounding each figure by itself can print three parts that do not make their total. Here the total is rounded half up
and its parts to it, by largest remainder: each part is its floor or the unit above, and those nearest to the unit
above get it. A part of nothing stays nothing and none changes its sign; equal remainders go by size, then by place.
"""

from __future__ import annotations

from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal, localcontext
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ZERO = Decimal(0)
WHOLE_FROM = Decimal(1000)
# A column goes without cents where none of its figures loses more than one percent by it.
LEAST_WHOLE = Decimal(100)
# More digits than a sum of money has: nothing is rounded but what is meant to be.
_PRECISION = 90
# What nobody had stays nothing while any other figure can give way.
_NOTHING = Decimal(1000)


def rounded(value: Decimal, digits: int) -> Decimal:
    """Rounded half up, as an accountant rounds."""
    with localcontext(prec=_PRECISION):
        return value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def digits_of(parts: Sequence[Decimal], coin: int) -> int:
    """How many digits a column is printed with: the coin's, or none where its figures are large or there are none."""
    with localcontext(prec=_PRECISION):
        large = abs(sum(parts, ZERO)) >= WHOLE_FROM
    some = [abs(part) for part in parts if part]
    return 0 if not some or (large and min(some) >= LEAST_WHOLE) else coin


def apportioned(parts: Sequence[Decimal], digits: int, total: Decimal | None = None) -> tuple[Decimal, ...]:
    """The parts rounded so that they add up to the rounded total; to another, of so many digits, where it is given."""
    with localcontext(prec=_PRECISION):
        scaled = [part.scaleb(digits) for part in parts]
        floors = [part.to_integral_value(ROUND_FLOOR) for part in scaled]
        due = rounded(sum(parts, ZERO), digits) if total is None else total
        left = int(due.scaleb(digits) - sum(floors, ZERO))
        some = [place for place, part in enumerate(scaled) if part] or list(range(len(scaled)))
        order = sorted(
            some,
            key=lambda place: (floors[place] - scaled[place], -abs(scaled[place]), place),
        )
        if not order:
            return ()
        each, over = divmod(left, len(order))
        for rank, place in enumerate(order):
            floors[place] += each + (rank < over)
        return tuple(units.scaleb(-digits) for units in floors)


def balanced(
    rows: Sequence[Sequence[Decimal]], digits: int, totals: Sequence[Decimal]
) -> tuple[tuple[Decimal, ...], ...]:
    """A table rounded so that its columns add up to their totals, and each row to a result that is rounded well itself.

    ``rows`` hold what is added across, so that what is taken off has its sign. The totals have so many digits already;
    the rows' results are apportioned to what the totals come to.
    """
    with localcontext(prec=_PRECISION):
        unit = Decimal(1).scaleb(-digits)
        results = apportioned([sum(row, ZERO) for row in rows], digits, sum(totals, ZERO))
        columns = [
            list(apportioned([row[at] for row in rows], digits, total)) for at, total in enumerate(totals)
        ]  # fmt: skip
        short = [
            int((due - sum(row, ZERO)) / unit) for due, row in zip(results, zip(*columns, strict=True), strict=True)
        ]
        while any(short):
            at, giver, taker = _cheapest(rows, columns, short, unit)
            columns[at][taker] += unit
            columns[at][giver] -= unit
            short[taker] -= 1
            short[giver] += 1
        return tuple(zip(*columns, strict=True))


def _cheapest(
    rows: Sequence[Sequence[Decimal]], columns: Sequence[Sequence[Decimal]], short: Sequence[int], unit: Decimal
) -> tuple[int, int, int]:
    """Where a unit is best moved down one column, from a row that has too much to one that has too little."""

    def strain(at: int, place: int, step: Decimal) -> Decimal:
        exact, shown = rows[place][at], columns[at][place]
        return abs(shown + step - exact) - abs(shown - exact) + (0 if exact else _NOTHING * unit)

    takers, givers = ([place for place, due in enumerate(short) if due * way > 0] for way in (1, -1))
    moves = []
    for at in range(len(columns)):
        taker = min(takers, key=lambda place: (strain(at, place, unit), place))
        giver = min(givers, key=lambda place: (strain(at, place, -unit), place))
        moves.append((strain(at, taker, unit) + strain(at, giver, -unit), at, giver, taker))
    return min(moves)[1:]
