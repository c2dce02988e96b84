"""What becomes of a cell: both sides agree, one side has nothing, or they differ in price or in usage."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from audit.reconcile.cells import Cell
    from audit.reconcile.result import Kind

# A line of an invoice is rounded to cents: what is less than half a cent a line apart is nobody's mistake.
CENT = Decimal("0.005")
# An exact line may still be rounded in its last digits, as the store does in the ninth.
DIGIT = Decimal("0.000001")
# Providers count and round in steps of their own; below a thousandth no price list has two prices.
SHARE = Decimal("0.001")


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far two sides may be apart and still agree: half the bill's last digit a line, or a thousandth."""

    cents: bool

    def fine(self, cell: Cell) -> Decimal:
        """What rounding alone explains: half a cent a line, or a millionth, and our own ninth digit a call."""
        lines = max(cell.billed.lines if cell.billed else 1, 1)
        calls = cell.logged.calls if cell.logged else 0
        return (CENT if self.cents else DIGIT) * lines + calls * Decimal("1e-9")

    def slack(self, cell: Cell) -> Decimal:
        """How far apart the two sides of a cell may be; where there is one side only, no share of it is rounding."""
        fine = self.fine(cell)
        if not cell.is_billed or not cell.is_logged:
            return fine
        return max(fine, SHARE * max(abs(cell.paid), abs(cell.cost)))

    def kind(self, cell: Cell) -> Kind:
        """What becomes of a cell that has money; calls without a price agree with no bill that has no line for them."""
        if not cell.is_billed and cell.logged and cell.logged.unpriced:
            return "not_billed"
        if abs(cell.money) <= self.slack(cell):
            return "matched"
        if not cell.is_logged:
            return "not_logged"
        if not cell.is_billed:
            return "not_billed"
        agrees = usage_agrees(cell)
        if agrees is None:
            return "money_apart"
        return "price_apart" if agrees else "usage_apart"


def usage_agrees(cell: Cell) -> bool | None:
    """Whether both sides count the same tokens; the same calls where the bill has no tokens; None where it has neither.

    A call that failed may be a request of the bill's and is none of ours that cost anything: tokens go first.
    """
    billed, logged = cell.billed, cell.logged
    if billed is None or logged is None:
        return None
    pairs = [(billed.input_tokens, logged.input_tokens), (billed.output_tokens, logged.output_tokens)]
    known = [(theirs, ours) for theirs, ours in pairs if theirs is not None]
    if known:
        return all(close(theirs, ours) for theirs, ours in known)
    if billed.requests is not None:
        return close(billed.requests, logged.charged) or close(billed.requests, logged.calls)
    return None


def close(theirs: int, ours: int) -> bool:
    """Whether two counts are within a thousandth of each other."""
    return abs(theirs - ours) <= SHARE * max(theirs, ours)


def usage_kind(cell: Cell) -> Kind:
    """What becomes of a cell of a report of usage alone."""
    if not cell.is_billed or not cell.is_logged:
        billed, logged = cell.billed, cell.logged
        counted = any((billed.requests, billed.input_tokens, billed.output_tokens)) if billed else False
        counted |= any((logged.charged, logged.input_tokens, logged.output_tokens)) if logged else False
        if not counted:
            return "matched"
        return "not_billed" if cell.is_logged else "not_logged"
    return "matched" if usage_agrees(cell) is not False else "usage_apart"
