"""Tables of money as the pages print them: figures as texts of as many digits, which add up to their total."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.rounding import ZERO, apportioned, digits_of, rounded

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from audit.report.speech import Speech

NONE = "–"


@dataclass(frozen=True, slots=True)
class Row:
    """One row: what it is, what is said of it in small print, its figures. ``loud`` is what must not be missed."""

    name: str
    cells: tuple[str, ...]
    small: tuple[str, ...] = ()
    loud: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of figures under their headings, the first that of the names. Without a total, nothing is added up."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    total: Row | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Column:
    """A column of money in the report's currency, and what it adds up to."""

    parts: tuple[str, ...]
    total: str


def column(parts: Sequence[Decimal], speech: Speech, *, to_the_coin: bool = False) -> Column:
    """Figures that add up: to the coin where that is asked for, else with cents for all of them or for none."""
    coin = speech.digits()
    digits = coin if to_the_coin else digits_of(parts, coin)
    total = rounded(sum(parts, ZERO), digits)
    return Column(
        tuple(speech.amount(part, digits) for part in apportioned(parts, digits)), speech.amount(total, digits)
    )
