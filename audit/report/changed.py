"""Why the month cost more or less, as a page shows it: a sentence, a figure that falls from sum to sum, a table."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from audit.report.moves import Printed, ProjectRow, project_rows
from audit.report.speech import clip
from audit.report.tables import NONE, Row, Table
from audit.report.waterfall import Move, Waterfall, waterfall
from audit.rounding import ZERO, rounded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.report.content import Report
    from audit.report.effects import Change, ProjectChange
    from audit.report.speech import Speech

CAUSES = 3
NAME_LENGTH = 60
MANY_TIMES = 10
# A cause is named where it is at least this part of all that moved.
NAMED_FROM = Decimal("0.05")


@dataclass(frozen=True, slots=True)
class Changed:
    """What the page says; without a change, only why there is none."""

    verdict: str
    fall: Waterfall | None = None
    caption: str = ""
    figures: Table | None = None
    projects: Table | None = None
    notes: tuple[str, ...] = ()


def changed(report: Report, speech: Speech) -> Changed | None:
    """The section on the change; None for a month without a call."""
    change = report.change
    if not report.calls:
        return None
    if change is None:
        return Changed(speech.say("changed.none", month=speech.month(report.month)))
    printed = Printed.of(change, speech)
    rows = project_rows(change, printed)
    fall = _fall(change, printed, report, speech)
    caption = speech.say("changed.caption", before=speech.month(change.month), month=speech.month(report.month))
    if fall.base:
        caption += speech.say("space") + speech.say("changed.cut", money=speech.headline(fall.base))
    return Changed(
        verdict=_verdict(change, rows, printed, speech),
        fall=fall,
        caption=caption,
        figures=_figures(change, printed, report, speech),
        projects=_projects(rows, printed, speech) if len(change.projects) > 1 else None,
        notes=tuple(_notes(change, report, speech)),
    )


def _verdict(change: Change, rows: Sequence[ProjectRow], printed: Printed, speech: Speech) -> str:
    """How much more or less, and what moved it most, project by project."""
    by = printed.after - printed.before
    month = speech.month(change.month)
    if by:
        said = speech.say(
            "changed.rose" if by > 0 else "changed.fell",
            by=printed.amount(abs(by)),
            share=_percent(change.before, change.after, speech),
            month=month,
        )
    else:
        said = speech.say("changed.same", month=month)
    moved = sum((abs(amount) for row in rows for amount in row.amounts), ZERO)
    causes = [
        (amount, name, row.line)
        for row in rows
        for (name, _), amount in zip(printed.columns, row.amounts, strict=True)
        if row.line and abs(amount) >= moved * NAMED_FROM and amount
    ]
    causes.sort(key=lambda cause: -abs(cause[0]))
    named = [_cause(*cause, printed, speech) for cause in causes[:CAUSES]]
    return said + (speech.say("space") + speech.say("changed.most", names=speech.names(named)) if named else "")


def _cause(amount: Decimal, name: str, line: ProjectChange, printed: Printed, speech: Speech) -> str:
    project = speech.say("changed.nobody") if line.project is None else _name(line, speech)
    way = "up" if amount > 0 else "down"
    why = speech.say(f"changed.why_{way}.{name}", project=project)
    return speech.say("changed.cause", why=why, by=printed.amount(amount, plus=True))


def _name(line: ProjectChange, speech: Speech) -> str:
    return speech.say("project.nobody") if line.project is None else clip(line.project, NAME_LENGTH)


def _percent(before: Decimal, after: Decimal, speech: Speech) -> str:
    """By how much of what it was; empty where it was nothing, or many times as much says nothing."""
    if before <= 0 or after >= before * MANY_TIMES:
        return ""
    return speech.say("changed.share", share=speech.percent(abs(after / before - 1)))


def _fall(change: Change, printed: Printed, report: Report, speech: Speech) -> Waterfall:
    """The figure; what is too little to be printed is too little to be drawn."""

    def whole(month: str, exact: Decimal, shown: Decimal) -> Move:
        return Move(speech.month(month), printed.amount(shown), exact)

    moves = [
        Move(_label(name, amount, speech), printed.amount(amount, plus=True), getattr(change.parts, name))
        for name, amount in printed.parts.items()
        if amount
    ]
    first = whole(change.month, change.before, printed.before)
    return waterfall(first, moves, whole(report.month, change.after, printed.after))


def _label(name: str, amount: Decimal, speech: Speech) -> str:
    return speech.say(f"changed.{'down' if amount < 0 else 'up'}.{name}")


def _figures(change: Change, printed: Printed, report: Report, speech: Speech) -> Table:
    """The figure as a table, with what each part means."""
    first = Row(speech.month(change.month), (printed.amount(printed.before),))
    rows = [
        Row(
            _label(name, amount, speech),
            (printed.amount(amount, plus=True),),
            (speech.say(f"changed.means.{name}"),),
        )
        for name, amount in printed.parts.items()
        if amount
    ]
    return Table(
        caption="",
        columns=(speech.say("changed.part"), speech.say("changed.cost")),
        rows=(first, *rows),
        total=Row(speech.month(report.month), (printed.amount(printed.after),)),
    )


def _projects(rows: Sequence[ProjectRow], printed: Printed, speech: Speech) -> Table:
    """The same split for each project, those that moved most first; a column of nothing is left out."""
    totals = [sum((printed.parts[name] for name in names), ZERO) for _, names in printed.columns]
    seen = [at for at, total in enumerate(totals) if total or any(row.amounts[at] for row in rows)]

    def cells(amounts: Sequence[Decimal]) -> tuple[str, ...]:
        told = [amounts[at] for at in seen] + [sum(amounts, ZERO)]
        return tuple(printed.amount(amount, plus=True) if amount else NONE for amount in told)

    shown = [
        Row(_name(row.line, speech), cells(row.amounts), _aside(row.line, speech))
        if row.line
        else Row(speech.say("changed.others", n=row.others), cells(row.amounts))
        for row in rows
    ]
    names = [speech.say(f"changed.column.{printed.columns[at][0]}") for at in seen]
    return Table(
        caption=speech.say("changed.by_project"),
        columns=(speech.say("line.project"), *names, speech.say("changed.column.total")),
        rows=tuple(shown),
        total=Row(speech.say("line.total"), cells(totals)),
    )


def _aside(line: ProjectChange, speech: Speech) -> tuple[str, ...]:
    """By how much of what it was a project moved, where that says something."""
    if line.before <= 0 or line.after <= 0 or line.after >= line.before * MANY_TIMES:
        return ()
    share = line.after / line.before - 1
    if not rounded(share, 3):
        return ()
    return (("+" if share > 0 else "−") + speech.percent(abs(share)),)


def _notes(change: Change, report: Report, speech: Speech) -> list[str]:
    """What a reader must know before believing the split."""
    before, month = speech.month(change.month), speech.month(report.month)
    said = []
    if change.logged_from:
        said.append(speech.say("changed.logged_from", month=before, day=speech.day(change.logged_from)))
    if any(gap.kind == "running" for gap in report.quality.incomplete):
        said.append(speech.say("changed.running", month=month))
    if not change.waste_known:
        said.append(speech.say("changed.waste_unknown", month=before))
    if change.unpriced_before or change.unpriced_after:
        calls = {"n": change.unpriced_before + change.unpriced_after}
        said.append(speech.say("changed.unpriced", **calls, before=before, month=month))
    if report.accounts.charged:
        said.append(speech.say("changed.charged"))
    return said
