"""Cells added up to the rows of a result: by what became of them, by model, by day."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from audit.reconcile.cells import known_sum
from audit.reconcile.claims import by, total
from audit.reconcile.result import KINDS, Compared, Part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.reconcile.cells import Cell
    from audit.reconcile.claims import Comparison
    from audit.reconcile.result import Kind

ZERO = Decimal(0)


def parts(comparison: Comparison) -> tuple[Part, ...]:
    """The cells and fees by what became of them; their money adds up to the difference."""
    found = []
    for kind in KINDS:
        cells = [cell for cell in comparison.cells if comparison.kind(cell) == kind]
        if cells:
            found.append(_part(kind, cells))
        elif kind == "not_for_calls" and comparison.fees:
            money = sum((fee.money for fee in comparison.fees), ZERO)
            lines = sum(fee.lines for fee in comparison.fees)
            found.append(Part(kind, money, ZERO, money, lines, 0, None, None, None, 0, 0))
    return tuple(found)


def _part(kind: Kind, cells: Sequence[Cell]) -> Part:
    billed = [cell.billed for cell in cells if cell.billed]
    logged = [cell.logged for cell in cells if cell.logged]
    return Part(
        kind=kind,
        billed=sum((one.money for one in billed), ZERO),
        computed=sum((one.cost for one in logged), ZERO),
        money=total(cells),
        lines=sum(one.lines for one in billed),
        calls=sum(one.calls for one in logged),
        requests=known_sum(one.requests for one in billed),
        billed_input_tokens=known_sum(one.input_tokens for one in billed),
        billed_output_tokens=known_sum(one.output_tokens for one in billed),
        input_tokens=sum(one.input_tokens for one in logged),
        output_tokens=sum(one.output_tokens for one in logged),
        days=tuple(sorted({cell.day for cell in cells if cell.day})),
        models=_names(cells, "model"),
        projects=_names(cells, "project"),
        api_keys=_names(cells, "api_key"),
    )


def _names(cells: Sequence[Cell], name: str) -> tuple[str, ...]:
    return tuple(sorted({str(value) for cell in cells if (value := getattr(cell, name)) is not None}))


def models(cells: Sequence[Cell]) -> tuple[Compared, ...]:
    """Both sides of each model, the costliest first."""
    return tuple(sorted(_compared(cells, "model"), key=lambda line: (-line.billed, -line.computed, line.name)))


def days(cells: Sequence[Cell]) -> tuple[Compared, ...]:
    """Both sides of each day, in order."""
    return tuple(sorted(_compared(cells, "day"), key=lambda line: line.name))


def _compared(cells: Sequence[Cell], name: str) -> list[Compared]:
    return [
        Compared(
            name=str(value) if value is not None else "",
            billed=sum((cell.paid for cell in group), ZERO),
            computed=sum((cell.cost for cell in group), ZERO),
            money=total(group),
            lines=sum(cell.billed.lines for cell in group if cell.billed),
            calls=sum(cell.logged.calls for cell in group if cell.logged),
        )
        for value, group in by(cells, name).items()
    ]
