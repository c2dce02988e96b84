"""What a report says of accepted findings: whose they are, what they come to, and why one is back."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from audit.report.speech import clip

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.records import Acceptance, Finding, Grade
    from audit.report.content import Report
    from audit.report.speech import Speech

NAME_LENGTH, REASON_LENGTH, ID_LENGTH = 60, 240, 120


@dataclass(frozen=True, slots=True)
class Taken:
    """An accepted finding with what to say of that."""

    finding: Finding
    said: str


def taken(report: Report, speech: Speech) -> tuple[Taken, ...]:
    """The accepted findings and alerts, the most money first."""
    held = [f for f in (*report.findings, *report.alerts) if f.is_accepted]
    held.sort(key=lambda f: (f.money is None, -(f.money or 0), f.id))
    return tuple(
        Taken(f, speech.say("accepted.taken", **_told(f.accepted, speech))) for f in held if f.accepted is not None
    )


def back(finding: Finding, speech: Speech) -> str:
    """Who had accepted a finding, and why it is back; empty where nobody had."""
    was = finding.accepted
    if was is None or was.state == "held":
        return ""
    if was.state == "ended":
        return speech.say("accepted.back_ended", **_told(was, speech))
    if was.limit is not None:
        return speech.say("accepted.back_grown", limit=speech.money(was.limit), **_told(was, speech))
    return speech.say("accepted.back_grown", limit=speech.say("calls", n=was.most_calls or 0), **_told(was, speech))


def of_which(report: Report, grade: Grade, speech: Speech) -> str:
    """What of a grade's money is accepted, to follow what is said of it; empty where none is."""
    money = sum((total.accepted for total in report.grades if total.grade is grade), Decimal(0))
    return speech.say("semicolon") + speech.say("accepted.of_which", money=speech.headline(money)) if money else ""


def mail_line(held: Sequence[Taken], speech: Speech) -> str:
    """The accepted findings in one sentence; empty where there are none."""
    if not held:
        return ""
    money = sum((one.finding.credited or Decimal(0) for one in held), Decimal(0))
    key = "accepted.mail" if money else "accepted.mail_no_money"
    return speech.say(key, n=len(held), money=speech.money(money))


def strays(report: Report, speech: Speech) -> tuple[str, ...]:
    """The acceptances that met nothing this month, each in a sentence or two."""
    month = speech.month(report.month)
    return tuple(
        speech.say(
            "accepted.stray" if stray.rule_known else "accepted.stray_rule",
            finding=clip(stray.finding, ID_LENGTH),
            by=clip(stray.by, NAME_LENGTH),
            until=speech.month(stray.until),
            month=month,
            file=clip(stray.file, NAME_LENGTH),
            line=str(stray.line),
        )
        + (speech.say("space") + speech.say("accepted.near", near=clip(stray.near, ID_LENGTH)) if stray.near else "")
        for stray in report.strays
    )


def _told(was: Acceptance, speech: Speech) -> dict[str, str]:
    return {
        "by": clip(was.by, NAME_LENGTH),
        "until": speech.month(was.until),
        "reason": clip(was.reason, REASON_LENGTH).rstrip(".。"),
    }
