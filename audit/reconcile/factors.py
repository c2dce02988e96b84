"""One factor between what was billed and what the price list says, and the two mistakes that make one."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from audit.reconcile.claims import Claim, by

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from audit.reconcile.cells import Cell, Logged
    from audit.reconcile.claims import Comparison
    from audit.reconcile.classes import Tolerance

ZERO, ONE = Decimal(0), Decimal(1)
_SHARE = Decimal("0.001")
# Of a price that held for some days only, the factor holds for nearly all of the money that is apart.
_MOST = Decimal("0.8")
_DIGITS = tuple(Decimal(1).scaleb(-digits) for digits in range(5))
_FINEST = Decimal("0.000001")


def mispriced(comparison: Comparison, left: list[Cell]) -> Iterator[Claim]:
    """All models at one factor; else each that costs what it would without cache or batch prices, or has a factor."""
    apart = by((cell for cell in left if _testable(comparison, cell)), "model")
    whole = by((cell for cell in comparison.cells if _testable(comparison, cell)), "model")
    every = _of_all(comparison, apart, whole)
    if every is not None:
        yield every
        return
    for model, cells in apart.items():
        claim = _without(comparison, cells, model) or _of_model(comparison, cells, whole[model])
        claim = claim or _of_days(comparison, cells, whole[model])
        if claim is not None:
            yield claim


def _testable(comparison: Comparison, cell: Cell) -> bool:
    """A cell with a whole cost and a bill, whose usage does not contradict it."""
    logged = cell.logged
    return (
        comparison.kind(cell) in ("matched", "price_apart", "money_apart")
        and logged is not None
        and not logged.unpriced
        and not logged.silent
        and cell.cost > 0
        and cell.is_billed
    )


def _of_all(
    comparison: Comparison, apart: dict[str | None, list[Cell]], whole: dict[str | None, list[Cell]]
) -> Claim | None:
    """The costliest model's factor, if it holds for every other as well, and better than the list's own price does.

    A model that costs a cent or two a day shows no factor by itself in a bill of whole cents.
    """
    if not apart or ("model" in comparison.dimensions and len(whole) == 1):
        return None
    costliest = max(whole, key=lambda model: (sum(cell.cost for cell in whole[model]), str(model)))
    factor = _factor(whole[costliest], comparison.tolerance)
    if factor is None or not all(_holds(cells, factor, comparison.tolerance) for cells in whole.values()):
        return None
    if any(_off(cells, factor) >= _off(cells, ONE) for cells in whole.values()):
        return None
    kind = "factor_all_less" if factor < 1 else "factor_all_more"
    cells = tuple(cell for group in apart.values() for cell in group)
    return Claim(kind, cells, values={"factor": factor, "share": abs(factor - ONE)})


def _without(comparison: Comparison, cells: Sequence[Cell], model: str | None) -> Claim | None:
    """What the cells would be without cache prices, or at the standard price instead of the batch's.

    Every provider that has a batch price sells it at half the standard one: without it, a batch costs twice as much.
    """
    more: dict[str, Callable[[Logged], Decimal]] = {
        "cache_as_input": lambda logged: logged.uncached,
        "batch_as_standard": lambda logged: logged.batch,
    }
    for kind, extra in more.items():
        gaps = [(cell, extra(cell.logged)) for cell in cells if cell.logged is not None]
        fits = all(abs(cell.money - gap) <= comparison.tolerance.slack(cell) for cell, gap in gaps)
        if fits and sum((gap for _, gap in gaps), ZERO) > 0:
            return Claim(f"{kind}_of" if model else kind, tuple(cells), values={"name": model})
    return None


def _of_model(comparison: Comparison, cells: Sequence[Cell], whole: Sequence[Cell]) -> Claim | None:
    """One factor on all of a model."""
    factor = _factor(whole, comparison.tolerance)
    if factor is None or not cells[0].model:
        return None
    return _claim(comparison, "factor_model", cells, {"factor": factor})


def _of_days(comparison: Comparison, cells: Sequence[Cell], whole: Sequence[Cell]) -> Claim | None:
    """One factor on those cells of a model that are apart, such as a price that changed within the month."""
    tolerance = comparison.tolerance
    middle = _median(cells)
    near = [cell for cell in cells if _fits(cell, middle, tolerance)]
    factor = _factor(near, tolerance) if near else None
    if factor is None:
        return None
    fitting = [cell for cell in cells if _fits(cell, factor, tolerance)]
    most = sum((cell.cost for cell in fitting), ZERO) >= _MOST * sum((cell.cost for cell in cells), ZERO)
    # One cell always has a factor: it is one only where it is a round one.
    if not most or (len(fitting) == 1 and factor != factor.quantize(_DIGITS[2])):
        return None
    days = tuple(sorted({cell.day for cell in fitting if cell.day is not None}))
    if days and len(fitting) < len(whole):
        return _claim(comparison, "factor_days", fitting, {"factor": factor, "days": days})
    return _claim(comparison, "factor_model", fitting, {"factor": factor}) if cells[0].model else None


def _claim(comparison: Comparison, kind: str, cells: Sequence[Cell], values: dict[str, object]) -> Claim:
    certain = all(comparison.kind(cell) == "price_apart" for cell in cells)
    if cells[0].model is None:
        kind += "_unnamed"
    return Claim(kind, tuple(cells), certain=certain, values={"name": cells[0].model, **values})


def _factor(cells: Sequence[Cell], tolerance: Tolerance) -> Decimal | None:
    """The factor of all cells, with as few digits as they allow; None where they have none, or none but one."""
    cost = sum((cell.cost for cell in cells), ZERO)
    ratio = sum((cell.paid for cell in cells), ZERO) / cost
    for digits in (*_DIGITS, _FINEST):
        factor = ratio.quantize(digits, ROUND_HALF_UP)
        if factor > 0 and _holds(cells, factor, tolerance):
            return None if abs(factor - ONE) <= _SHARE else factor
    return None


def _holds(cells: Sequence[Cell], factor: Decimal, tolerance: Tolerance) -> bool:
    """Whether a factor holds for each cell, and for their sum, in which roundings up and down cancel out."""
    fine = sum((tolerance.fine(cell) ** 2 for cell in cells), ZERO).sqrt()
    paid = sum((cell.paid for cell in cells), ZERO)
    cost = sum((cell.cost for cell in cells), ZERO)
    in_sum = abs(paid - factor * cost) <= max(2 * fine, _SHARE * abs(paid))
    return in_sum and all(_fits(cell, factor, tolerance) for cell in cells)


def _fits(cell: Cell, factor: Decimal, tolerance: Tolerance) -> bool:
    return abs(cell.paid - factor * cell.cost) <= tolerance.slack(cell)


def _off(cells: Sequence[Cell], factor: Decimal) -> Decimal:
    """How far the cells are from a factor together."""
    return sum((abs(cell.paid - factor * cell.cost) for cell in cells), ZERO)


def _median(cells: Sequence[Cell]) -> Decimal:
    """The factor below which half of the money lies."""
    ranked = sorted((cell.paid / cell.cost, cell.cost) for cell in cells)
    half, seen = sum((cost for _, cost in ranked), ZERO) / 2, ZERO
    for ratio, cost in ranked:
        seen += cost
        if seen >= half:
            return ratio
    return ONE
