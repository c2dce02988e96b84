"""A reason for a part of the difference: the cells that it explains, so that no cell is explained twice."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import date

    from audit.reconcile.cells import Cell
    from audit.reconcile.classes import Tolerance
    from audit.reconcile.result import Dimension, Kind

    Finder = Callable[["Comparison", list[Cell]], Iterable["Claim"]]

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Fee:
    """What a bill charges that is no call's, in its own words."""

    item: str
    money: Decimal
    lines: int


@dataclass(frozen=True, slots=True)
class Claim:
    """One reason: ``certain`` where arithmetic proves it; its money is what its cells are apart by."""

    kind: str
    cells: tuple[Cell, ...]
    certain: bool = False
    values: dict[str, Any] = field(default_factory=dict)
    fees: tuple[Fee, ...] = ()

    @property
    def money(self) -> Decimal:
        """Its part of the difference, billed less computed."""
        return total(self.cells) + sum((fee.money for fee in self.fees), ZERO)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A report's cells with what became of each, and what else reasons are told from.

    ``quarters`` are the logged costs by seconds since 1970, of the bill's time and a day around it.
    ``siblings`` says that the same bill has lines in another currency, to which calls of the provider may be given.
    """

    cells: tuple[Cell, ...]
    kinds: dict[tuple[object, ...], Kind]
    dimensions: tuple[Dimension, ...]
    tolerance: Tolerance
    fees: tuple[Fee, ...] = ()
    quarters: dict[int, Decimal] = field(default_factory=dict)
    shift: int = 0
    siblings: bool = False

    def kind(self, cell: Cell) -> Kind:
        """What became of a cell."""
        return self.kinds[cell.key]

    @property
    def apart(self) -> list[Cell]:
        """The cells that do not agree."""
        return [cell for cell in self.cells if self.kind(cell) != "matched"]


def total(cells: Iterable[Cell]) -> Decimal:
    """What cells are apart by together."""
    return sum((cell.money for cell in cells), ZERO)


def by(cells: Iterable[Cell], name: str) -> dict[Any, list[Cell]]:
    """Cells by one dimension, in the order they come."""
    found: dict[Any, list[Cell]] = defaultdict(list)
    for cell in cells:
        found[getattr(cell, name)].append(cell)
    return found


def partition(comparison: Comparison, finders: Sequence[Finder]) -> list[Claim]:
    """What each way to a reason finds in the cells that those before it left; each cell is in one claim at most."""
    left = {cell.key: cell for cell in comparison.apart}
    claims = []
    for find in finders:
        for claim in find(comparison, list(left.values())):
            own = tuple(cell for cell in claim.cells if left.pop(cell.key, None) is not None)
            if own:
                claims.append(replace(claim, cells=own))
    return claims


def runs(days: Iterable[date]) -> list[list[date]]:
    """Days as runs of days that follow on each other."""
    found: list[list[date]] = []
    for day in sorted(days):
        if found and (day - found[-1][-1]).days == 1:
            found[-1].append(day)
        else:
            found.append([day])
    return found
