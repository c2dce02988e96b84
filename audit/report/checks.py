"""How far the month's figures can be trusted: one check a doubt, with what it found and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from audit.report.content import Quality, Report
    from audit.report.speech import Speech

TOLERANCE = Decimal("0.01")  # of the stated cost: rounding in a gateway's own prices stays below it


@dataclass(frozen=True, slots=True)
class Check:
    """One doubt about the data. ``short`` and ``todo`` are empty where there is nothing to mend."""

    title: str
    ok: bool
    says: str
    short: str = ""
    todo: str = ""


def checks(report: Report, speech: Speech) -> tuple[Check, ...]:
    """All checks, in the order a call meets them: read, priced, owned, judged."""
    quality = report.quality
    read = report.calls or quality.lines
    failed = sum(rule.failure is not None for rule in report.rules)
    return (
        _count("rejected", quality.rejected_lines, speech, of=quality.lines, files=quality.files)
        if read
        else _count("nothing_read", 1, speech),
        _count("unread", len(quality.unread_files), speech),
        _count("missing_usage", quality.missing_usage_calls, speech),
        _count("unpriced", quality.unpriced_calls, speech, tokens=speech.compact(quality.unpriced_tokens)),
        _count("unattributed", quality.unattributed_calls, speech, cost=speech.money(quality.unattributed_cost)),
        _stated(quality, speech),
        _count("failed_rules", failed, speech, of=len(report.rules)),
    )


def _count(key: str, n: int, speech: Speech, **values: object) -> Check:
    """A check that is right where nothing was counted."""
    title = speech.say(f"quality.{key}.title")
    if not n:
        return Check(title, ok=True, says=speech.say(f"quality.{key}.ok", **values))
    return Check(
        title,
        ok=False,
        says=speech.say(f"quality.{key}.found", n=n, **values),
        short=speech.say(f"quality.{key}.short", n=n, **values),
        todo=speech.say(f"quality.{key}.todo"),
    )


def _stated(quality: Quality, speech: Speech) -> Check:
    """What the logs say the calls cost, against what we say."""
    title = speech.say("quality.stated.title")
    if quality.stated_cost is None or not quality.stated_calls:
        return Check(title, ok=True, says=speech.say("quality.stated.none"))
    stated = speech.money(quality.stated_cost)
    n = quality.stated_calls
    if quality.computed_cost_of_stated is None:
        says = speech.say("quality.stated.not_computed", n=n, stated=stated)
        return Check(title, ok=True, says=says)
    gap = quality.computed_cost_of_stated - quality.stated_cost
    ok = abs(gap) <= abs(quality.stated_cost) * TOLERANCE
    values: dict[str, object] = {
        "n": n,
        "stated": stated,
        "computed": speech.money(quality.computed_cost_of_stated),
        "gap": speech.money(abs(gap)),
    }
    way = "more" if gap > 0 else "less"
    says = speech.say("quality.stated.same" if ok else f"quality.stated.{way}", **values)
    if ok:
        return Check(title, ok=True, says=says)
    return Check(
        title,
        ok=False,
        says=says,
        short=speech.say("quality.stated.short", **values),
        todo=speech.say("quality.stated.todo"),
    )


def quality_line(found: tuple[Check, ...], report: Report, speech: Speech) -> str:
    """The checks as one line, for a mail."""
    wrong = [check.short for check in found if not check.ok]
    if wrong:
        return speech.say("quality.line_found", problems=speech.say("semicolon").join(wrong))
    key = "quality.line_ok" if report.calls else "quality.line_empty"
    return speech.say(key, lines=report.quality.lines, files=report.quality.files)
