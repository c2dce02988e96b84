"""A month's bills against its calls, as a page prints them: the verdict first, then where the difference lies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from audit.report.speech import clip
from audit.report.tables import NONE, Row, Table
from audit.rounding import ZERO, balanced, rounded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from decimal import Decimal

    from audit.reconcile.result import Compared, Reconciled
    from audit.report.content import Report
    from audit.report.speech import Speech

REASONS, MODELS = 20, 20
MAILED = 6
NAME_LENGTH = 60
# What rounding makes up below half a cent is worth no line.
LEAST_DIGITS = 2


@dataclass(frozen=True, slots=True)
class Invoice:
    """One bill: what it is of, whether it agrees, the sentence that says so, and its tables in their order.

    ``reasons`` are (how sure, sentence); ``details`` are longer lists, each under its caption.
    """

    title: str
    meta: str
    agrees: bool
    says: str
    parts: Table | None
    reasons: tuple[tuple[str, str], ...]
    more: int
    notes: tuple[str, ...]
    details: tuple[Table, ...]


@dataclass(frozen=True, slots=True)
class _Line:
    """One row of a comparison before it is rounded."""

    name: str
    billed: Decimal
    computed: Decimal
    lines: int
    calls: int


def invoices(report: Report, speech: Speech) -> tuple[Invoice, ...]:
    """Every bill that was read for the month, those that do not agree first."""
    return tuple(_invoice(one, speech) for one in sorted(report.reconciled, key=lambda one: one.agrees))


def mailed(report: Report, speech: Speech) -> tuple[str, ...]:
    """What each bill came to, for a mail; those that do not agree first."""
    ordered = sorted(report.reconciled, key=lambda one: one.agrees)
    return tuple(speech.say("accounts.invoice.mail", who=title(one, speech), says=one.says) for one in ordered[:MAILED])


def title(one: Reconciled, speech: Speech) -> str:
    """Whose bill it is."""
    return clip(one.provider, NAME_LENGTH) or speech.say("reconcile.nobody")


def _invoice(one: Reconciled, speech: Speech) -> Invoice:
    names = [speech.say(f"reconcile.dimension.{name}") for name in one.dimensions]
    how = (
        speech.say("reconcile.by_dimensions", names=speech.say("comma").join(names))
        if names
        else speech.say("reconcile.in_sum")
    )
    period = speech.say("accounts.invoice.period", first=speech.date(one.first_day), last=speech.date(one.last_day))
    worth = [reason for reason in one.reasons if reason.kind != "rounding" or rounded(reason.money, LEAST_DIGITS)]
    said = [(speech.say(f"accounts.invoice.{'certain' if r.certain else 'likely'}"), r.says) for r in worth]
    return Invoice(
        title=title(one, speech),
        meta=" · ".join((clip(one.source, NAME_LENGTH), period, how)),
        agrees=one.agrees,
        says=one.says,
        parts=_parts(one, speech) if one.billed is not None else None,
        reasons=tuple(said[:REASONS]),
        more=max(0, len(said) - REASONS),
        notes=one.notes,
        details=() if one.agrees or one.billed is None else tuple(_details(one, speech)),
    )


def _parts(one: Reconciled, speech: Speech) -> Table | None:
    lines = [
        _Line(_capital(speech.say(f"reconcile.kind.{part.kind}")), part.billed, part.computed, part.lines, part.calls)
        for part in one.parts
    ]
    return _table("", "kind", lines, one, speech) if lines else None


def _details(one: Reconciled, speech: Speech) -> Iterator[Table]:
    """By model and by day; what a bill has beside its models stands below them, so that all add up to the bill."""
    if len(one.models) > 1:
        lines = [_of(model, clip(model.name, NAME_LENGTH), speech) for model in one.models]
        left = lines[MODELS:]
        if len(left) > 1:
            lines = [*lines[:MODELS], _together(speech.say("models.rest", n=len(left)), left)]
        yield _table(speech.say("accounts.invoice.models"), "model", lines, one, speech)
    if len(one.days) > 1:
        lines = [
            _of(day, speech.day(date.fromisoformat(day.name)) if day.name else "", speech)
            for day in one.days
        ]  # fmt: skip
        yield _table(speech.say("accounts.invoice.days"), "day", lines, one, speech)


def _of(compared: Compared, name: str, speech: Speech) -> _Line:
    name = name or speech.say("accounts.invoice.unstated")
    return _Line(name, compared.billed, compared.computed, compared.lines, compared.calls)


def _together(name: str, lines: Sequence[_Line]) -> _Line:
    return _Line(
        name,
        sum((line.billed for line in lines), ZERO),
        sum((line.computed for line in lines), ZERO),
        sum(line.lines for line in lines),
        sum(line.calls for line in lines),
    )


def _table(caption: str, head: str, lines: list[_Line], one: Reconciled, speech: Speech) -> Table:
    """Billed, computed and their difference, rounded to the coin so that it all adds up, down and across."""
    billed, computed = one.billed or ZERO, one.computed or ZERO
    told = _together("", lines)
    if (told.billed, told.computed) != (billed, computed):
        bill_lines = sum(part.lines for part in one.parts)
        rest = (billed - told.billed, computed - told.computed, bill_lines - told.lines, one.calls - told.calls)
        lines = [*lines, _Line(_capital(speech.say("reconcile.kind.not_for_calls")), *rest)]
        told = _together("", lines)
    digits = speech.digits(one.currency)
    sums = (rounded(billed, digits), -rounded(computed, digits))
    figures = balanced([(line.billed, -line.computed) for line in lines], digits, sums)

    def cells(line: _Line, shown: Sequence[Decimal]) -> tuple[str, ...]:
        sides = ((line.billed, shown[0]), (line.computed, -shown[1]))
        money = (speech.amount(side, digits, one.currency) if exact or side else NONE for exact, side in sides)
        apart = speech.amount(sum(shown, ZERO), digits, one.currency, plus=True)
        counts = (line.lines, line.calls) if head == "kind" else ()
        return (*money, apart, *(speech.count(count) if count else NONE for count in counts))

    rows = tuple(Row(line.name, cells(line, shown)) for line, shown in zip(lines, figures, strict=True))
    total = Row(speech.say("accounts.total"), cells(told, sums))
    headings = (head, "billed", "computed", "difference", *(("lines", "calls") if head == "kind" else ()))
    return Table(
        caption,
        tuple(speech.say(f"accounts.invoice.{name}") for name in headings),
        rows,
        total if len(rows) > 1 else None,
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
