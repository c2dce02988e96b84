"""What part of the month each rule could judge: it does not assess a source that leaves out what it needs."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

from audit import needs
from audit.report.content import NotAssessed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from audit.engine.duckdb import Engine
    from audit.needs import Need
    from audit.report.content import Assessed
    from audit.rulebook import Rule
    from audit.window import Span

T = TypeVar("T")
ZERO = Decimal(0)
_PART = Decimal("0.000001")
# What is missing where the logs begin too short before the month for a rule that holds it against its past.
HISTORY = "history_days"


@dataclass(frozen=True, slots=True)
class Seen:
    """How many calls, what they cost together, and how many of them have a cost."""

    calls: int = 0
    cost: Decimal = ZERO
    priced: int = 0

    def __add__(self, other: Seen) -> Seen:
        return Seen(self.calls + other.calls, self.cost + other.cost, self.priced + other.priced)

    def part(self, whole: Seen) -> Decimal:
        """What part of the whole's money this is; of its calls where it has none."""
        if whole.cost > 0:
            return self.cost / whole.cost
        return Decimal(self.calls) / whole.calls if whole.calls else ZERO


@dataclass(frozen=True, slots=True)
class _Cell:
    """The calls of a source and project that state the same of what is needed."""

    source: str
    project: str | None
    stated: frozenset[Need]
    seen: Seen


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the rules could not judge: source by source, and summed by rule and by rule and project."""

    not_assessed: tuple[NotAssessed, ...]
    month: Seen
    projects: dict[str | None, Seen]
    unseen: dict[str, Seen]
    unseen_of_project: dict[tuple[str, str | None], Seen]

    def of_rule(self, rule: Rule) -> Assessed:
        """How much of the month a rule could judge."""
        return _extent(self.unseen.get(rule.id, Seen()), self.month)

    def share(self, rule: Rule) -> Decimal:
        """The part of the spend a rule could judge, of the calls where nothing was spent."""
        return (1 - self.unseen.get(rule.id, Seen()).part(self.month)).quantize(_PART)

    def of_project(self, rules: Iterable[Rule], project: str | None) -> Assessed:
        """How much of a project's calls some rules could judge."""
        whole = self.projects.get(project, Seen())
        held = telling(list(rules), lambda rule: bool(rule.needs))
        return combined([_extent(self.unseen_of_project.get((rule.id, project), Seen()), whole) for rule in held])


def telling(rules: list[T], needs: Callable[[T], bool]) -> list[T]:
    """The rules that need something of a call; all where none does. Another judges all there is, be it nothing."""
    return [rule for rule in rules if needs(rule)] or rules


def combined(states: Sequence[Assessed]) -> Assessed:
    """What several rules could judge together: all of it, nothing, or little where half of them or more saw little."""
    if all(state == "none" for state in states):
        return "none"
    blind = sum(state in ("none", "little") for state in states)
    if blind * 2 >= len(states):
        return "little"
    return "whole" if all(state == "whole" for state in states) else "partly"


def measure(engine: Engine, span: Span, rules: Sequence[Rule]) -> Coverage:
    """One pass over the month for all rules; the rest is sums over a few rows."""
    cells = _cells(engine, span, sorted({need for rule in rules for need in rule.needs}))
    sources: dict[str, list[_Cell]] = defaultdict(list)
    projects: dict[str | None, Seen] = defaultdict(Seen)
    for cell in cells:
        sources[cell.source].append(cell)
        projects[cell.project] += cell.seen
    found = []
    unseen: dict[str, Seen] = defaultdict(Seen)
    unseen_of_project: dict[tuple[str, str | None], Seen] = defaultdict(Seen)
    known_days = _known_days(engine)
    for rule in rules:
        is_early = rule.history_days > known_days
        for source in sorted(sources):
            whole = _sum(sources[source])
            blind = [cell for cell in sources[source] if is_early or not cell.stated.issuperset(rule.needs)]
            lost = _sum(blind)
            if not _is_gap(lost, whole):
                continue
            found.append(
                NotAssessed(
                    rule=rule.id,
                    source=source,
                    missing=HISTORY if is_early else " | ".join(_missed_most(rule, sources[source])),
                    calls=lost.calls,
                    of=whole.calls,
                    cost=lost.cost if lost.priced else None,
                )
            )
            unseen[rule.id] += lost
            for cell in blind:
                unseen_of_project[rule.id, cell.project] += cell.seen
    return Coverage(tuple(found), _sum(cells), projects, unseen, unseen_of_project)


def _known_days(engine: Engine) -> int:
    """How many days before the month lie between the store's first and last call."""
    (days,) = engine.row("SELECT count(*) FROM days WHERE logged AND NOT current")
    return int(days)


def _cells(engine: Engine, span: Span, needed: Sequence[Need]) -> list[_Cell]:
    flags = "".join(f", {needs.stated((need,), 'priced')} AS stated_{n}" for n, need in enumerate(needed))
    rows = engine.rows(
        f"SELECT source, project, count(*), coalesce(sum(cost), 0), count(cost){flags} "
        "FROM priced WHERE started_at >= $start GROUP BY ALL ORDER BY ALL",
        {"start": span.start},
    )
    return [
        _Cell(
            source or "",
            project,
            frozenset(need for need, is_stated in zip(needed, stated, strict=True) if is_stated),
            Seen(calls, cost, priced),
        )
        for source, project, calls, cost, priced, *stated in rows
    ]


def _sum(cells: Iterable[_Cell]) -> Seen:
    return sum((cell.seen for cell in cells), Seen())


def _is_gap(lost: Seen, whole: Seen) -> bool:
    """A column that is empty here and there means none: a call without a session. Empty for most, it is not stated."""
    return lost.calls * 2 > whole.calls or lost.cost * 2 > whole.cost


def _missed_most(rule: Rule, cells: Sequence[_Cell]) -> Need:
    return min(rule.needs, key=lambda need: sum(cell.seen.calls for cell in cells if need in cell.stated))


def _extent(lost: Seen, whole: Seen) -> Assessed:
    if not lost.calls:
        return "whole"
    if lost.calls >= whole.calls:
        return "none"
    return "little" if lost.part(whole) * 2 > 1 else "partly"
