"""The figures' geometry as data: templates print it and compute nothing.

Lengths are percent of the figure's width (x) or height (y), so that a figure fits any page.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.report.content import ProjectLine

FURTHEST = Decimal(3)  # bars end here, in lines: one project at 50 times its line must not flatten all others
NEAREST = Decimal("1.25")  # the line is never at the figure's edge
STATES = ("over", "near", "under", "no_revenue", "unpriced")
GAP = 0.24  # of a column's width
BASE = Decimal(100)
SEEN = Decimal("1.5")  # percent: what is over by a hair must still be seen to be over


@dataclass(frozen=True, slots=True)
class ProjectBar:
    """A project's share as a bar: what lies within its line and beyond it; ``cut`` where the figure ends.

    ``state`` is its standing, or ``unpriced`` where its cost is unknown; ``drawn`` tells if there is a bar.
    ``cells`` is the same bar as table cells for a mail: (whole percent, what it shows).
    """

    project: ProjectLine
    state: str
    drawn: bool
    within: float
    beyond: float
    cut: bool
    cells: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class LineFigure:
    """All projects against their line, which is drawn at one place; the furthest over first."""

    line_at: float
    bars: tuple[ProjectBar, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a column figure, with what stands under it: ``short``, and ``under`` in a second line.

    ``said`` is its value as a table of the figure prints it.
    """

    label: str
    short: str
    under: str
    value: Decimal
    calls: int
    x: float
    width: float
    middle: float
    top: float
    height: float
    peak: bool
    now: bool
    said: str


@dataclass(frozen=True, slots=True)
class Slot:
    """What a column shows, before it has a place."""

    label: str
    value: Decimal
    calls: int
    short: str = ""
    under: str = ""
    now: bool = False
    said: str = ""


def state(project: ProjectLine) -> str:
    """A project's standing, or ``unpriced`` where its revenue is known and its cost is not."""
    return "unpriced" if project.standing in ("near", "under") and not project.cost_known else project.standing


def _reach(project: ProjectLine, line: Decimal) -> Decimal | None:
    """A project's share counted in lines; None where there is nothing to hold it against."""
    if state(project) == "unpriced":
        return None
    if project.share is not None:
        return project.share / line if line else (FURTHEST if project.share else Decimal(0))
    return FURTHEST if project.standing == "over" else None


def _order(project: ProjectLine, line: Decimal) -> tuple[int, Decimal, Decimal, str]:
    reach = _reach(project, line)
    return STATES.index(state(project)), -(reach or Decimal(0)), -project.cost, project.project or ""


def against_the_line(projects: Sequence[ProjectLine], line: Decimal) -> LineFigure:
    """Each project's share of its revenue as a bar. ``line`` is the share that must not be exceeded."""
    reaches = [_reach(project, line) or Decimal(0) for project in projects]
    axis = max(NEAREST, min(FURTHEST, max(reaches, default=Decimal(0))))
    line_at = BASE / axis
    bars = []
    for project in sorted(projects, key=lambda p: _order(p, line)):
        reach = _reach(project, line) or Decimal(0)
        length = min(reach, axis) * line_at
        within = max(Decimal(0), min(length, line_at))
        beyond = max(SEEN, length - line_at) if length > line_at else Decimal(0)
        bars.append(
            ProjectBar(
                project=project,
                state=state(project),
                drawn=_reach(project, line) is not None,
                within=_short(within),
                beyond=_short(beyond),
                cells=_cells(within, beyond, line_at),
                cut=reach > axis or (project.share is None and project.standing == "over"),
            )
        )
    return LineFigure(_short(line_at), tuple(bars))


def _cells(within: Decimal, beyond: Decimal, line_at: Decimal) -> tuple[tuple[int, str], ...]:
    """A bar as table cells, none of them empty; what is over the line shows it by one percent at least."""
    line = round(line_at)
    inside = max(round(within), 1 if within else 0)
    outside = min(max(round(beyond), 1 if beyond else 0), 99 - line)
    cells = (
        (inside, "within"),
        (line - inside, "track"),
        (1, "limit"),
        (outside, "beyond"),
        (99 - line - outside, "track"),
    )
    return tuple((width, shown) for width, shown in cells if width)


def columns(slots: Sequence[Slot]) -> tuple[Column, ...]:
    """Columns side by side, the highest as high as the figure; the first of the highest is its peak."""
    highest = max((slot.value for slot in slots), default=Decimal(0))
    peak = next((place for place, slot in enumerate(slots) if slot.value == highest > 0), None)
    step = 100 / len(slots) if slots else 0.0
    made = []
    for place, slot in enumerate(slots):
        height = float(max(Decimal(0), slot.value) / highest * 100) if highest > 0 else 0.0
        made.append(
            Column(
                label=slot.label,
                short=slot.short,
                under=slot.under,
                value=slot.value,
                calls=slot.calls,
                x=round(step * (place + GAP / 2), 2),
                width=round(step * (1 - GAP), 2),
                middle=round(step * (place + 0.5), 2),
                top=round(100 - height, 2),
                height=round(height, 2),
                peak=place == peak,
                now=slot.now,
                said=slot.said,
            )
        )
    return tuple(made)


def part(value: Decimal | None, whole: Decimal) -> float:
    """A bar's length as a percentage of the longest."""
    return _short(max(Decimal(0), value) / whole * 100) if value is not None and whole > 0 else 0.0


def _short(value: Decimal) -> float:
    return round(float(value), 2)
