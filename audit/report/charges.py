"""Who is charged what, as a table of texts: own calls, shared projects, margins, and what stayed where it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.report.speech import clip
from audit.report.tables import NONE, Row, Table
from audit.rounding import ZERO, balanced, rounded

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from audit.report.accounts import ChargedLine
    from audit.report.content import Report
    from audit.report.speech import Speech

NAME_LENGTH = 60
PROJECTS = 40
NAMED = 4
PARTS = ("direct", "received", "handed_out", "margin")


def charged(report: Report, speech: Speech) -> Table | None:
    """Who is charged what, each row adding up across and each column down. What nobody has is left out."""
    lines, say, digits = report.accounts.charged, speech.say, speech.digits()
    if not lines:
        return None
    exact = [(line.direct, line.received, -line.handed_out, line.margin) for line in lines]
    sums = [sum((row[at] for row in exact), ZERO) for at in range(len(PARTS))]
    direct, received = rounded(sums[0], digits), rounded(sums[1], digits)
    handed, due = rounded(sums[2], digits), rounded(sum((line.charged for line in lines), ZERO), digits)
    totals = (direct, received, handed, due - direct - received - handed)
    money = list(balanced(exact, digits, totals))
    shown = [at for at in range(len(PARTS)) if not at or any(row[at] for row in exact)]

    def cells(row: tuple[Decimal, ...]) -> tuple[str, ...]:
        apart = (speech.amount(row[at], digits) if row[at] or not at else NONE for at in shown)
        return (*apart, speech.amount(sum(row, ZERO), digits))

    rows = [Row(_who(line, speech), cells(row), _from(line, speech)) for line, row in zip(lines, money, strict=True)]
    if len(rows) > PROJECTS + 1:
        rest = tuple(sum((row[at] for row in money[PROJECTS:]), ZERO) for at in range(len(PARTS)))
        rows = [*rows[:PROJECTS], Row(say("accounts.charged.rest", n=len(rows) - PROJECTS), cells(rest))]
    return Table(
        caption=say("accounts.charged.caption"),
        columns=tuple(say(f"accounts.charged.{name}") for name in ("project", *(PARTS[at] for at in shown), "charged")),
        rows=tuple(rows),
        total=Row(say("accounts.total"), cells(totals)) if len(rows) > 1 else None,
        notes=tuple(stayed(report, speech)),
    )


def stayed(report: Report, speech: Speech) -> Iterator[str]:
    """Shared projects whose cost nobody took over."""
    for line in report.accounts.charged:
        if line.stayed_by is not None:
            by = speech.say(f"accounts.by.{line.stayed_by}")
            month = speech.month(report.month)
            yield speech.say("accounts.charged.stayed", project=_who(line, speech), by=by, month=month)


def _who(line: ChargedLine, speech: Speech) -> str:
    return speech.say("project.nobody") if line.project is None else clip(line.project, NAME_LENGTH)


def _from(line: ChargedLine, speech: Speech) -> tuple[str, ...]:
    """The shared projects that a project takes part of."""
    if not line.received_from:
        return ()
    names = [clip(name, NAME_LENGTH) for name in line.received_from[:NAMED]]
    more = len(line.received_from) - NAMED
    named = names + ([speech.say("verdict.others", n=more)] if more > 0 else [])
    return (speech.say("accounts.charged.from", names=speech.names(named)),)
