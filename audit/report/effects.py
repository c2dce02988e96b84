"""Why a month cost more or less than the one before: the difference in parts that add up to the last of nine digits.

One thing after the other is taken from the former month to this one, and each step's difference in cost is that thing's
part; docs/change.md tells the order by an example. The steps telescope: nothing is left over, and nothing is rounded
but each step's level, once.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal, localcontext
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from audit.report.cells import Cell, Profile

ZERO = Decimal(0)
# More digits than anything here has: what is not divided is exact.
PRECISION = 80
# A level is made of terms this fine and printed as money: what is money already is not moved by a term's rounding.
_TERM, _LEVEL, _MONEY = (Decimal(1).scaleb(-digits) for digits in (30, 20, 9))


@dataclass(frozen=True, slots=True)
class Parts:
    """A difference in spend, taken apart in this order. ``waste`` is 0 where it is not told apart.

    ``unknown`` is what came into the sums, or fell out of them, because a project's calls had no known price.
    """

    new: Decimal = ZERO
    gone: Decimal = ZERO
    unknown: Decimal = ZERO
    waste: Decimal = ZERO
    volume: Decimal = ZERO
    mix: Decimal = ZERO
    tokens: Decimal = ZERO
    cache: Decimal = ZERO
    price: Decimal = ZERO
    currency: Decimal = ZERO

    def each(self) -> dict[str, Decimal]:
        """The parts by name, in order."""
        return {name: getattr(self, name) for name in NAMES}

    @property
    def total(self) -> Decimal:
        """What they come to."""
        return sum(self.each().values(), ZERO)

    def __add__(self, other: Parts) -> Parts:
        return Parts(*(mine + theirs for mine, theirs in zip(self.each().values(), other.each().values(), strict=True)))


NAMES = tuple(field.name for field in fields(Parts))


@dataclass(frozen=True, slots=True)
class Side:
    """One month of a project: its billed calls net of proven waste, that waste, and its calls without a price.

    ``calls`` is how many were billed, with what was wasted.
    """

    cells: tuple[Cell, ...] = ()
    waste: Decimal = ZERO
    unpriced_calls: int = 0
    calls: int = 0

    @property
    def net(self) -> Decimal:
        """What its calls cost but for the waste."""
        return sum((cell.cost for cell in self.cells), ZERO)

    @property
    def cost(self) -> Decimal:
        """What its calls cost."""
        return self.net + self.waste

    @property
    def billed(self) -> bool:
        """Whether it has calls that somebody bills."""
        return bool(self.cells) or bool(self.waste)


@dataclass(frozen=True, slots=True)
class ProjectChange:
    """What changed of one project; None for calls that nobody owns. ``calls`` are those that somebody bills."""

    project: str | None
    before: Decimal
    after: Decimal
    calls_before: int
    calls_after: int
    parts: Parts


@dataclass(frozen=True, slots=True)
class Change:
    """A month's spend against that of the ``month`` before, and why it differs; the projects by how much they moved.

    ``waste_known`` says that proven waste is told apart: the former month was audited, and its flags are kept.
    ``logged_from`` is the former month's first day with a call where the store has none before it.
    """

    month: str
    before: Decimal
    after: Decimal
    parts: Parts
    projects: tuple[ProjectChange, ...]
    waste_known: bool
    unpriced_before: int
    unpriced_after: int
    logged_from: date | None = None


def compared(
    then: Mapping[str | None, Side],
    now: Mapping[str | None, Side],
    month: str,
    *,
    waste_known: bool = True,
    since: date | None = None,
) -> Change | None:
    """Two months, project by project; None where one of them has no call that somebody bills."""
    if not all(any(side.billed for side in sides.values()) for sides in (then, now)):
        return None
    with localcontext(prec=PRECISION):
        return _compared(then, now, month, waste_known=waste_known, since=since)


def _compared(
    then: Mapping[str | None, Side],
    now: Mapping[str | None, Side],
    month: str,
    *,
    waste_known: bool,
    since: date | None,
) -> Change:
    moved = []
    for project in {**then, **now}:
        before, after = then.get(project, Side()), now.get(project, Side())
        if before.billed or after.billed:
            split = parts(before, after)
            moved.append(ProjectChange(project, before.cost, after.cost, before.calls, after.calls, split))
    moved.sort(key=lambda line: (-abs(line.after - line.before), -line.after, line.project is None, line.project or ""))
    return Change(
        month=month,
        before=sum((line.before for line in moved), ZERO),
        after=sum((line.after for line in moved), ZERO),
        parts=sum((line.parts for line in moved), Parts()),
        projects=tuple(moved),
        waste_known=waste_known,
        unpriced_before=sum(side.unpriced_calls for side in then.values()),
        unpriced_after=sum(side.unpriced_calls for side in now.values()),
        logged_from=since,
    )


def parts(before: Side, after: Side) -> Parts:
    """The change of one project's cost; to be asked with the digits that ``compared`` takes."""
    difference = after.cost - before.cost
    if not before.billed and not after.billed:
        return Parts()
    if not before.billed or not after.billed:
        other = after if before.billed else before
        if other.unpriced_calls:
            return Parts(unknown=difference)
        return Parts(new=difference) if after.billed else Parts(gone=difference)
    levels = [before.net, *_levels(before, after), after.net]
    return Parts(ZERO, ZERO, ZERO, after.waste - before.waste, *(b - a for a, b in pairwise(levels)))


def _levels(before: Side, after: Side) -> list[Decimal]:
    """What this month's calls would have cost, taking one thing of now after the other.

    As the same work cost before, as each model cost before, with the tokens, the cache, and the prices of now, these at
    the former exchange rates.
    """
    found = {cell.key: cell for cell in before.cells}
    lanes: dict[object, list[Cell]] = defaultdict(list)
    for cell in before.cells:
        lanes[cell.lane].append(cell)
    terms: list[list[Decimal]] = [[], [], [], [], []]
    for cell in after.cells:
        for level, each in zip(terms, _each(cell, found.get(cell.key), lanes[cell.lane]), strict=True):
            level.append(cell.calls * each)
    return [_level(level) for level in terms]


def _each(cell: Cell, before: Cell | None, lane: Sequence[Cell]) -> tuple[Decimal, ...]:
    """What one of its calls costs at each level; ``lane`` is the same work in the month before."""
    now = cell.profile
    if not lane:
        # Work that is new is no dearer or cheaper than anything: all of it is volume.
        return (now.cost(),) * 5
    average = sum((other.cost for other in lane), ZERO) / sum((other.calls for other in lane), ZERO)
    then = before.profile if before else _stand_in(cell, lane)
    mixed = then.cost() if then else now.cost()
    rate = cell.rate_against(before)
    used = (then or now).using(now, rate)
    cached = used.cached(now)
    return average, mixed, used.cost(), cached.cost(), cached.priced(now, rate).cost()


def _stand_in(cell: Cell, lane: Sequence[Cell]) -> Profile | None:
    """What a call of a model new to a task would have been like: as the task's calls were, at its own prices.

    None where the log states no task: nothing says what such a call was like.
    """
    return cell.profile.shaped_like(lane) if cell.has_task else None


def _level(terms: Iterable[Decimal]) -> Decimal:
    exact = sum((term.quantize(_TERM) for term in terms), ZERO)
    return exact.quantize(_LEVEL).quantize(_MONEY)
