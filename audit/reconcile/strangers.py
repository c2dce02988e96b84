"""Keys, projects and models that one side knows and the other does not."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from audit.reconcile.claims import Claim, by, total

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audit.reconcile.cells import Cell
    from audit.reconcile.claims import Comparison

# Two names of one thing cost the same to this share; two things rarely do.
_SAME = Decimal("0.005")
_NAMED = ("api_key", "project", "model")


def nothing_logged(comparison: Comparison, left: list[Cell]) -> Iterator[Claim]:
    """No log holds a call of the bill's provider and time; not proven where another currency of it may have them."""
    if not any(cell.is_logged for cell in comparison.cells):
        yield Claim("nothing_logged", tuple(left), certain=not comparison.siblings)


def strangers(comparison: Comparison, left: list[Cell]) -> Iterator[Claim]:
    """What is billed and no log knows, and what is logged and no bill knows; first, what may be one under two names."""
    for name in _NAMED:
        if name not in comparison.dimensions:
            continue
        known = by(comparison.cells, name)
        of_left = by(left, name)
        unknown = {
            value: cells
            for value, cells in of_left.items()
            if value is not None and not any(cell.is_logged for cell in known[value])
        }
        unbilled = {
            value: cells
            for value, cells in of_left.items()
            if value is not None and not any(cell.is_billed for cell in known[value])
        }
        for theirs, ours in _pairs(unknown, unbilled):
            both = (*unknown.pop(theirs), *unbilled.pop(ours))
            yield Claim(f"renamed_{name}", both, values={"theirs": theirs, "ours": ours})
        for value, cells in unknown.items():
            yield Claim(f"unknown_{name}", tuple(cells), certain=True, values={"name": value})
        for value, cells in unbilled.items():
            yield Claim(f"unbilled_{name}", tuple(cells), certain=True, values={"name": value})


def _pairs(unknown: dict[str, list[Cell]], unbilled: dict[str, list[Cell]]) -> list[tuple[str, str]]:
    """Names that only the bill has, each with the one that only the logs have whose money is the same."""
    found = []
    for theirs, cells in unknown.items():
        money = total(cells)
        alike = [ours for ours, other in unbilled.items() if abs(money + total(other)) <= _SAME * abs(money)]
        if money and len(alike) == 1:
            found.append((theirs, alike[0]))
    ours = [other for _, other in found]
    return [(one, other) for one, other in found if ours.count(other) == 1]
