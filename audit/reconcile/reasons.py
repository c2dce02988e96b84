"""Why a bill and the logs are apart: each way to a reason in its order, the surest first, then what is left over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.reconcile import days, factors, strangers
from audit.reconcile.cells import known_sum
from audit.reconcile.claims import Claim, by, partition
from audit.reconcile.classes import close

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audit.reconcile.cells import Cell
    from audit.reconcile.claims import Comparison


def explain(comparison: Comparison) -> tuple[Claim, ...]:
    """Claims that together hold every cell that does not agree, once, every fee, and what rounding makes up.

    None where all agrees: what little the two sides are apart by is rounding.
    """
    if not comparison.apart and not comparison.fees:
        return ()
    claims = partition(
        comparison,
        (
            strangers.nothing_logged,
            strangers.strangers,
            days.shifted,
            days.missing_days,
            days.straddling,
            factors.mispriced,
            _unpriced,
            _usage_apart,
            _left_over,
        ),
    )
    claims += [Claim("fee", (), certain=True, values={"name": fee.item}, fees=(fee,)) for fee in comparison.fees]
    matched = tuple(cell for cell in comparison.cells if comparison.kind(cell) == "matched" and cell.money)
    if matched:
        claims.append(Claim("rounding", matched, values={"n": len(matched)}))
    return tuple(claims)


def _unpriced(comparison: Comparison, left: list[Cell]) -> Iterator[Claim]:
    """What the bill has more where some calls have no price, no rate or no usage: their cost is not known to us."""
    more = [cell for cell in left if cell.logged and cell.is_billed and cell.money > 0]
    for kind in ("silent", "no_rate", "unpriced"):
        with_some = [cell for cell in more if cell.logged and getattr(cell.logged, kind)]
        more = [cell for cell in more if cell.logged and not getattr(cell.logged, kind)]
        for model, cells in by(with_some, "model").items():
            calls = sum(getattr(cell.logged, kind) for cell in cells)
            yield _claim(comparison, kind, cells, {"name": model, "n": calls})


def _usage_apart(comparison: Comparison, left: list[Cell]) -> Iterator[Claim]:
    """Calls or tokens that the bill counts and the logs do not, or the other way round."""
    apart = [cell for cell in left if comparison.kind(cell) == "usage_apart"]
    for model, cells in by(apart, "model").items():
        sides = [(cell.billed, cell.logged) for cell in cells if cell.billed and cell.logged]
        requests = known_sum(billed.requests for billed, _ in sides)
        calls = sum(logged.charged for _, logged in sides)
        values: dict[str, object] = {"name": model}
        if requests is not None and not close(requests, calls):
            kind = "requests_more" if requests > calls else "requests_less"
            yield _claim(
                comparison, kind, cells, values | {"theirs": requests, "ours": calls, "n": abs(requests - calls)}
            )
            continue
        names = ("input_tokens", "output_tokens")
        theirs = {f"their_{name}": known_sum(getattr(billed, name) for billed, _ in sides) for name in names}
        ours = {f"our_{name}": sum(getattr(logged, name) for _, logged in sides) for name in names}
        kind = "tokens_apart" if requests is not None else "usage_apart"
        yield _claim(comparison, kind, cells, values | theirs | ours)


def _left_over(comparison: Comparison, left: list[Cell]) -> Iterator[Claim]:
    """What has no reason: billed and not logged, logged and not billed, or apart."""
    kinds = {"not_logged": "some_not_logged", "not_billed": "some_not_billed"}
    groups: dict[tuple[str, str | None], list[Cell]] = {}
    for cell in left:
        kind = kinds.get(comparison.kind(cell), "unexplained")
        groups.setdefault((kind, cell.model), []).append(cell)
    for (kind, model), cells in groups.items():
        values: dict[str, object] = {
            "name": model,
            "billed": sum(cell.paid for cell in cells),
            "computed": sum(cell.cost for cell in cells),
            "n": len(cells),
        }
        yield _claim(comparison, kind, cells, values)


def _claim(comparison: Comparison, kind: str, cells: list[Cell], values: dict[str, object]) -> Claim:
    """With a model, or of all models where they are not told apart."""
    suffix = "_of" if "model" in comparison.dimensions and values.get("name") is not None else ""
    return Claim(kind + suffix, tuple(cells), values=values)
