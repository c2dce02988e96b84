"""What came of trying a rule, as text for a terminal: what it found first, then what it would say and could not see."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from babel.numbers import get_currency_precision

from audit.analyst.trying import OfProject
from audit.records import Grade
from audit.report import coverage
from audit.rounding import apportioned, balanced, rounded
from audit.terminal import aligned, grid

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from audit.analyst.trying import Tried

ZERO = Decimal(0)
_MOST_PROJECTS = 20
_WIDE = 1000


def lines(tried: Tried, currency: str, wide: int) -> Iterator[str]:
    """The head, the money by project, the first rows, the text of the first finding, and what could not be judged."""
    rule = tried.rule
    yield f"{rule.id}: {rule.grade}, {'a call rule' if tried.of_calls else 'a subject rule'}, family {rule.family}"
    yield f"{tried.month}: {_found(tried)} among {tried.calls:,} calls, in {tried.seconds:.2f} s"
    if rule.params:
        yield "params: " + ", ".join(f"{name} = {grid.said(value)}" for name, value in rule.params.items())
    if tried.of_calls and tried.projects:
        yield ""
        yield from _by_project(tried, currency, wide)
    if tried.rows:
        yield ""
        yield _head(tried)
        yield from _rows(tried, wide)
    if tried.findings:
        first = tried.findings[0]
        yield ""
        yield "the report would say:" if len(tried.findings) == 1 else f"the first of {len(tried.findings):,} findings:"
        for text in (first.title, first.because, first.fix):
            yield from aligned.wrapped(text.split(), wide - 2, between=" ", indent="  ")
    yield from _not_judged(tried)
    yield from _cases(tried, wide)


def _found(tried: Tried) -> str:
    if not tried.of_calls:
        return f"{len(tried.findings):,} subject{'s' * (len(tried.findings) != 1)}"
    calls = sum(project.calls for project in tried.projects)
    return f"{calls:,} call{'s' * (calls != 1)} flagged"


def _head(tried: Tried) -> str:
    among = sum(project.calls for project in tried.projects) if tried.of_calls else len(tried.findings)
    rows = len(tried.rows)
    what = "rows" if rows == among else f"first {rows} of {among:,} rows"
    return f"the {what}, by money:"


def _rows(tried: Tried, wide: int) -> Iterator[str]:
    idle = {"saving"} if tried.rule.grade == Grade.ALERT else set()
    names = [name for name in tried.rows[0] if name not in idle]
    yield from grid.lines(names, [[row.get(name) for name in names] for row in tried.rows], wide)


def _by_project(tried: Tried, currency: str, wide: int) -> Iterator[str]:
    """What it flagged, project by project; the figures add up to the last line as they are printed."""
    projects = list(tried.projects[:_MOST_PROJECTS])
    if rest := tried.projects[_MOST_PROJECTS:]:
        projects.append(_together(f"({len(rest)} others)", rest))
    digits = get_currency_precision(currency)
    columns = {f"cost, {currency}": apportioned([project.cost for project in projects], digits)}
    if tried.rule.grade != Grade.ALERT:
        claimed, left = _claims(projects, digits)
        columns[f"claimed, {currency}"] = claimed
        columns |= {"left by other rules": left} if tried.beside_others else {}
    rows = [
        (project.project or "(nobody's)", f"{project.calls:,}", *(f"{amount:,.{digits}f}" for amount in amounts))
        for project, *amounts in zip(projects, *columns.values(), strict=True)
    ]
    if len(rows) > 1:
        calls = sum(project.calls for project in projects)
        rows.append(("all", f"{calls:,}", *(f"{sum(column, ZERO):,.{digits}f}" for column in columns.values())))
    names = ["project", "calls", *columns]
    yield from grid.lines(names, rows, wide, figures=names[1:])


def _together(name: str, projects: Sequence[OfProject]) -> OfProject:
    money = (sum((getattr(project, field) for project in projects), ZERO) for field in ("cost", "saving", "left"))
    return OfProject(name, sum(project.calls for project in projects), *money)


def _claims(projects: Sequence[OfProject], digits: int) -> tuple[tuple[Decimal, ...], tuple[Decimal, ...]]:
    """What is claimed and what other rules leave of it, rounded so that neither seems more than it can be."""
    rows = [(project.saving, project.left - project.saving) for project in projects]
    totals = [rounded(sum(part, ZERO), digits) for part in zip(*rows, strict=True)]
    made = balanced(rows, digits, totals)
    return tuple(claimed for claimed, _ in made), tuple(claimed + taken for claimed, taken in made)


def _not_judged(tried: Tried) -> Iterator[str]:
    if not tried.not_assessed:
        return
    yield ""
    yield "what it could not judge, for the logs do not hold what it needs:"
    names = ("source", "lacks", "calls", "of")
    history = f"{tried.rule.history_days} days before the month"
    rows = [
        (gap.source, history if gap.missing == coverage.HISTORY else gap.missing, gap.calls, gap.of)
        for gap in tried.not_assessed
    ]
    yield from grid.lines(names, rows, _WIDE)


def _cases(tried: Tried, wide: int) -> Iterator[str]:
    yield ""
    file = tried.rule.path.with_suffix(".yml")
    if tried.cases is None:
        yield f"cases: none yet; they stand beside it in {file.name}"
        return
    failed = [case for case in tried.cases if case.difference is not None]
    yield f"cases: {len(tried.cases) - len(failed)} passed, {len(failed)} failed"
    for case in failed:
        yield from aligned.wrapped(f"FAILED {case.case}: {case.difference}".split(), wide - 2, between=" ", indent="  ")
