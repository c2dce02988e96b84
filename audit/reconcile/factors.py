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
# The factor holds for nearly all of the model's money, or it is none.
_MOST = Decimal("0.8")


def mispriced(comparison: Comparison, left: list[Cell]) -> Iterator[Claim]:
    """Models whose every cell is the list's cost without cache prices, or without the batch's, or times one factor."""
    tested = {
        model: cells
        for model, cells in by(_testable(comparison, left), "model").items()
        if any(comparison.kind(cell) != "matched" for cell in cells)
    }
    found: list[Claim] = []
    for model, cells in tested.items():
        claim = _without(comparison, cells, model) or _factor(comparison, cells, model)
        if claim is not None:
            found.append(claim)
    yield from _as_one(comparison, found)


def _testable(comparison: Comparison, left: list[Cell]) -> list[Cell]:
    """Cells with a whole cost and a bill whose usage does not contradict it."""
    return [
        cell
        for cell in left
        if comparison.kind(cell) in ("price_apart", "money_apart")
        and cell.logged is not None
        and not cell.logged.unpriced
        and not cell.logged.silent
        and cell.cost > 0
        and cell.paid > 0
    ]


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


def _factor(comparison: Comparison, cells: Sequence[Cell], model: str | None) -> Claim | None:
    ratio = _median(cells)
    factor = _round(ratio, cells, comparison.tolerance)
    fitting = [cell for cell in cells if _fits(cell, factor, comparison.tolerance)]
    cost = sum((cell.cost for cell in cells), ZERO)
    most = sum((cell.cost for cell in fitting), ZERO) >= _MOST * cost
    # One cell always has a factor: it is one only where it is a round one.
    round_one = factor == factor.quantize(Decimal("0.01"))
    if not most or abs(factor - ONE) <= _SHARE or (len(fitting) == 1 and not round_one):
        return None
    certain = all(comparison.kind(cell) == "price_apart" for cell in fitting)
    own = {cell.key for cell in fitting}
    others = [
        cell
        for cell in comparison.cells
        if cell.model == model and cell.is_billed and cell.is_logged and cell.key not in own
    ]
    elsewhere = any(not _fits(cell, factor, comparison.tolerance) for cell in others)
    values: dict[str, object] = {"name": model, "factor": factor}
    if elsewhere and "day" in comparison.dimensions:
        values["days"] = tuple(sorted({cell.day for cell in fitting if cell.day is not None}))
    return Claim("factor", tuple(fitting), certain=certain, values=values)


def _median(cells: Sequence[Cell]) -> Decimal:
    """The factor below which half of the money lies."""
    ranked = sorted((cell.paid / cell.cost, cell.cost) for cell in cells)
    half, seen = sum((cost for _, cost in ranked), ZERO) / 2, ZERO
    for ratio, cost in ranked:
        seen += cost
        if seen >= half:
            return ratio
    return ONE


def _round(ratio: Decimal, cells: Sequence[Cell], tolerance: Tolerance) -> Decimal:
    """The factor with as few digits as the cells allow."""
    for digits in ("1", "0.1", "0.01", "0.001", "0.0001"):
        factor = ratio.quantize(Decimal(digits), ROUND_HALF_UP)
        near = [cell for cell in cells if abs(cell.paid - ratio * cell.cost) <= tolerance.slack(cell)]
        if factor and all(_fits(cell, factor, tolerance) for cell in near):
            return factor
    return ratio.quantize(Decimal("0.000001"), ROUND_HALF_UP)


def _fits(cell: Cell, factor: Decimal, tolerance: Tolerance) -> bool:
    return abs(cell.paid - factor * cell.cost) <= tolerance.slack(cell)


def _as_one(comparison: Comparison, found: list[Claim]) -> list[Claim]:
    """One claim for all where every model that was compared has the same factor."""
    factors = [claim for claim in found if claim.kind == "factor"]
    compared = {
        cell.model
        for cell in comparison.cells
        if cell.is_billed and cell.is_logged and (cell.paid or cell.cost) and "model" in comparison.dimensions
    }
    values = {claim.values["factor"] for claim in factors}
    whole = "model" not in comparison.dimensions or (len(compared) > 1 and len(factors) == len(compared))
    if not factors or not whole or max(values) - min(values) > _SHARE:
        return [_named(claim) for claim in found]
    cells = tuple(cell for claim in factors for cell in claim.cells)
    if any("days" in claim.values for claim in factors):
        return [_named(claim) for claim in found]
    factor = factors[0].values["factor"]
    kind = "factor_all_less" if factor < 1 else "factor_all_more"
    whole_claim = Claim(kind, cells, values={"factor": factor, "share": abs(factor - ONE)})
    return [whole_claim, *(claim for claim in found if claim.kind != "factor")]


def _named(claim: Claim) -> Claim:
    if claim.kind != "factor":
        return claim
    kind = "factor_days" if "days" in claim.values else "factor_model"
    return Claim(kind, claim.cells, certain=claim.certain, values=claim.values)
