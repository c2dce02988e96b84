"""Rows of a query as plain text: numbers under each other, long texts cut, wide rows stood upright."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from audit.terminal.aligned import GAP, clipped, padded, shown, width

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

NOTHING = "NULL"
LONGEST = 48
ENDLESS = 1 << 30
_FEWEST = 12
_LEAST = 4
_DIGITS = 6


def lines(
    names: Sequence[str],
    rows: Sequence[Sequence[Any]],
    most: int,
    *,
    figures: Sequence[str] = (),
    longest: int = LONGEST,
) -> list[str]:
    """A table at most so wide; where its columns do not fit, one field a line under the number of its row.

    ``figures`` name the columns whose texts are numbers already written.
    """
    columns = [column([row[at] for row in rows]) for at in range(len(names))]
    cells = [[name, *column] for name, column in zip(names, columns, strict=True)]
    for limit in (longest, _FEWEST * 2, _FEWEST):
        cut = [[clipped(shown(cell), max(limit, width(column[0]))) for cell in column] for column in cells]
        wide = [max(map(width, column)) for column in cut]
        if _across(wide) <= most:
            right = [name in figures or _is_number(row[at] for row in rows) for at, name in enumerate(names)]
            return _table(cut, wide, right)
    return _upright(names, columns, most)


def fits(names: Sequence[str], most: int) -> bool:
    """Whether so many columns can stand beside each other at all."""
    return _across([max(width(name), _LEAST) for name in names]) <= most


def _across(wide: Sequence[int]) -> int:
    return sum(wide) + len(GAP) * (len(wide) - 1)


def column(values: Sequence[Any]) -> list[str]:
    """The values of one column as text; amounts have as many digits as the one that needs most."""
    digits = max((_digits(value) for value in values if isinstance(value, Decimal)), default=0)
    return [said(value, digits) for value in values]


def said(value: Any, digits: int | None = None) -> str:
    """One value; a ``Decimal`` with so many digits, else with those it has."""
    if value is None or isinstance(value, bool):
        return NOTHING if value is None else str(value).lower()
    if isinstance(value, int | float | Decimal):
        return _number(value, digits)
    if isinstance(value, datetime):
        return value.isoformat(" ", "milliseconds" if value.microsecond else "seconds")
    return "[" + ", ".join(map(said, value)) + "]" if isinstance(value, list) else str(value)


def _number(value: float | Decimal, digits: int | None) -> str:
    if isinstance(value, Decimal):
        return f"{value:,.{_digits(value) if digits is None else digits}f}"
    if isinstance(value, int) or abs(value) >= 10**_DIGITS:
        return f"{value:,.0f}"
    return f"{value:,.{_DIGITS}g}"


def _digits(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return max(-exponent, 0) if isinstance(exponent, int) else 0


def _is_number(values: Iterable[Any]) -> bool:
    held = [value for value in values if value is not None]
    return bool(held) and all(isinstance(v, int | float | Decimal) and not isinstance(v, bool) for v in held)


def _table(cells: list[list[str]], wide: list[int], right: list[bool]) -> list[str]:
    made = []
    for row in zip(*cells, strict=True):
        parts = [
            " " * (columns - width(cell)) + cell if at_right else padded(cell, columns)
            for cell, columns, at_right in zip(row, wide, right, strict=True)
        ]
        made.append(GAP.join(parts).rstrip())
    return made


def _upright(names: Sequence[str], columns: Sequence[Sequence[str]], most: int) -> list[str]:
    first = max(map(width, names))
    made = []
    for at, row in enumerate(zip(*columns, strict=True), start=1):
        made.append(f"row {at}")
        made += [
            f"  {padded(name, first)}  {clipped(shown(cell), max(most - first - 4, _FEWEST))}"
            for name, cell in zip(names, row, strict=True)
        ]
    return made or [clipped(", ".join(names), most)]
