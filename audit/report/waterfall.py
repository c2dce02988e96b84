"""A figure that goes from one sum to another by steps, a row for each: its geometry, as data.

Across in percent of the figure's width, down in pixels. Each row has its words above its bar, so that it fits a phone.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from audit.rounding import ZERO

if TYPE_CHECKING:
    from collections.abc import Sequence

ROW_HEIGHT, BAR_TOP, BAR_HEIGHT, TEXT_ABOVE = 46, 22, 14, 7
# Bars begin at nothing unless all that moves is less than this part of the lowest sum; then, so much below it.
FLAT, ROOM = Decimal("0.4"), Decimal("0.6")
SEEN = Decimal("0.4")  # percent: what moved by a hair must still be seen to have moved


@dataclass(frozen=True, slots=True)
class Move:
    """What a row says, and by how much the sum goes up or down there."""

    label: str
    amount: str
    by: Decimal


@dataclass(frozen=True, slots=True)
class Step:
    """A row's bar; ``end`` is where the sum stands after it."""

    label: str
    amount: str
    kind: Literal["whole", "up", "down"]
    x: float
    width: float
    top: int
    text_at: int
    end: float


@dataclass(frozen=True, slots=True)
class Waterfall:
    """All rows; ``base`` is the sum at the left edge, 0 unless the bars are cut off there."""

    steps: tuple[Step, ...]
    base: Decimal
    height: int
    bar: int = BAR_HEIGHT
    row: int = ROW_HEIGHT


def waterfall(first: Move, moves: Sequence[Move], last: Move) -> Waterfall:
    """From the first sum to the last. What the moves do not come to is too little to be seen."""
    levels = [first.by]
    for move in moves:
        levels.append(levels[-1] + move.by)
    levels.append(last.by)
    base, top = _ends(levels)
    scale = 100 / (top - base) if top > base else ZERO

    def bar(place: int, move: Move, kind: Literal["whole", "up", "down"], ends: tuple[Decimal, Decimal]) -> Step:
        low, high = sorted((end - base) * scale for end in ends)
        return Step(
            label=move.label,
            amount=move.amount,
            kind=kind,
            x=_short(min(low, 100 - SEEN)),
            width=_short(max(SEEN, high - low)),
            top=place * ROW_HEIGHT + BAR_TOP,
            text_at=place * ROW_HEIGHT + BAR_TOP - TEXT_ABOVE,
            end=_short((ends[1] - base) * scale),
        )

    steps = [bar(0, first, "whole", (base, first.by))]
    for place, move in enumerate(moves, 1):
        steps.append(bar(place, move, "up" if move.by > 0 else "down", (levels[place - 1], levels[place])))
    steps.append(bar(len(steps), last, "whole", (base, last.by)))
    return Waterfall(tuple(steps), base, ROW_HEIGHT * len(steps))


def _ends(levels: Sequence[Decimal]) -> tuple[Decimal, Decimal]:
    """From where to where the bars go: from a round sum below the lowest where else they would look all alike."""
    lowest, highest = min(levels), max(levels)
    span = highest - lowest
    if not span or span > lowest * FLAT:
        return min(ZERO, lowest), highest
    unit = Decimal(1).scaleb(span.adjusted())
    return max(ZERO, (lowest - span * ROOM) // unit * unit), highest


def _short(value: Decimal) -> float:
    return round(float(value), 2)
