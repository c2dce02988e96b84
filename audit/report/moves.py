"""A change as it is printed: the sums, their parts and each project's, rounded so that they add up down and across."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from audit.rounding import ZERO, apportioned, balanced, digits_of, rounded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.report.effects import Change, ProjectChange
    from audit.report.speech import Speech

PROJECTS = 10
# From here on sums are printed without cents: both, or the larger of them by far.
WHOLE_FROM = Decimal(10_000)
CAME_OR_WENT = "came_or_went"


@dataclass(frozen=True, slots=True)
class Printed:
    """The sums rounded as they are printed: ``before`` and ``parts`` come to ``after``.

    All are in one unit, such as millions, where nobody would read their digits; ``digits`` are those behind its point.
    """

    speech: Speech
    unit: tuple[Decimal, str]
    digits: int
    before: Decimal
    after: Decimal
    parts: dict[str, Decimal]

    @classmethod
    def of(cls, change: Change, speech: Speech) -> Printed:
        """The digits are the coin's, or none where the sums are large."""
        low, high = sorted((change.before, change.after))
        unit = _unit(high, speech)
        parts = {name: amount / unit[0] for name, amount in change.parts.each().items() if amount}
        exact = [change.before / unit[0], change.after / unit[0], *parts.values()]
        whole = low >= WHOLE_FROM or high >= WHOLE_FROM * 100
        digits = 0 if whole else digits_of(exact, speech.digits())
        before, after = (rounded(value, digits) for value in exact[:2])
        shown = apportioned(list(parts.values()), digits, after - before)
        return cls(speech, unit, digits, before, after, dict(zip(parts, shown, strict=True)))

    def amount(self, value: Decimal, *, plus: bool = False) -> str:
        """A sum in the unit, as it stands everywhere in the section."""
        return self.speech.amount(value, self.digits, plus=plus) + self.unit[1]

    @property
    def columns(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The table's columns with the parts in them: what came and what went stand in one."""
        both = tuple(name for name in ("new", "gone") if name in self.parts)
        others = tuple((name, (name,)) for name in self.parts if name not in both)
        return ((CAME_OR_WENT, both), *others) if both else others

    def split(self, lines: Sequence[ProjectChange]) -> list[Decimal]:
        """What some projects add to each column, in the unit."""
        return [
            sum((getattr(line.parts, name) for line in lines for name in names), ZERO) / self.unit[0]
            for _, names in self.columns
        ]

    def is_seen(self, line: ProjectChange) -> bool:
        """Whether a project moved by anything that can be printed."""
        return any(rounded(amount, self.digits) for amount in self.split([line]))


def _unit(highest: Decimal, speech: Speech) -> tuple[Decimal, str]:
    """The largest unit in which the highest sum still has four figures; none below what is printed with its digits."""
    if highest >= Decimal(speech.words["units"]["money_from"]):
        for size, name in speech.words["units"]["steps"]:
            if highest >= Decimal(size) * 1000:
                return Decimal(size), name
    return Decimal(1), ""


@dataclass(frozen=True, slots=True)
class ProjectRow:
    """A project, or all that are not shown by themselves: (their number), with its figures as they are printed."""

    line: ProjectChange | None
    others: int
    amounts: tuple[Decimal, ...]


def project_rows(change: Change, printed: Printed) -> tuple[ProjectRow, ...]:
    """The projects that moved most, and the others in one row."""
    shown = [line for line in change.projects if printed.is_seen(line)][:PROJECTS]
    left = [line for line in change.projects if line not in shown]
    groups: list[tuple[ProjectChange | None, Sequence[ProjectChange]]] = [(line, (line,)) for line in shown]
    if left:
        groups.append((None, left))
    amounts = _rounded_rows([printed.split(lines) for _, lines in groups], printed)
    return tuple(
        ProjectRow(line, 0 if line else len(lines), row) for (line, lines), row in zip(groups, amounts, strict=True)
    )


def _rounded_rows(exact: list[list[Decimal]], printed: Printed) -> list[tuple[Decimal, ...]]:
    """Rows that add up down and across. What moved in one way alone is what its column makes of it."""
    totals = [sum((printed.parts[name] for name in names), ZERO) for _, names in printed.columns]
    columns = [apportioned([row[at] for row in exact], printed.digits, total) for at, total in enumerate(totals)]
    rows = [tuple(column[place] for column in columns) for place in range(len(exact))]
    mixed = [place for place, row in enumerate(exact) if sum(bool(amount) for amount in row) > 1]
    left = [
        total - sum((row[at] for place, row in enumerate(rows) if place not in mixed), ZERO)
        for at, total in enumerate(totals)
    ]
    for place, row in zip(mixed, balanced([exact[place] for place in mixed], printed.digits, left), strict=True):
        rows[place] = row
    return rows
