"""How far the month's figures can be trusted: one check a doubt, with what it found and what to do."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from audit.report.speech import clip

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audit.report.content import Quality, Report
    from audit.report.speech import Speech

SOURCES_SHOWN = 160  # characters
TOLERANCE = Decimal("0.01")  # of the stated cost: rounding in a gateway's own prices stays below it


State = Literal["ok", "known", "wrong"]


@dataclass(frozen=True, slots=True)
class Check:
    """One doubt about the data: in order, a limit to know, or to mend. Without a doubt, nothing is short or to do.

    What has no ``short`` stands in the report alone, not in the mail's line.
    """

    title: str
    state: State
    says: str
    short: str = ""
    todo: str = ""


def checks(report: Report, speech: Speech) -> tuple[Check, ...]:
    """All checks, in the order a call meets them: read, priced, owned, judged; but calls without a price go first."""
    quality = report.quality
    read = report.calls or quality.lines
    failed = sum(rule.failure is not None for rule in report.rules)
    rules = speech.say("rules", n=len(report.rules))
    silent = len({gap.rule for gap in quality.not_assessed})
    lines, files = speech.say("lines", n=quality.lines), speech.say("files", n=quality.files)
    tokens = speech.compact(quality.unpriced_tokens)
    unpriced = _count("unpriced", quality.unpriced_calls, speech, tokens=tokens)
    found = (
        _count("rejected", quality.rejected_lines, speech, of=lines, files=files)
        if read
        else _count("nothing_read", 1, speech),
        _count("unread", len(quality.unread_files), speech),
        _count("missing_usage", quality.missing_usage_calls, speech),
        _linked(quality, speech),
        _count("contradicting", quality.contradicting_calls, speech),
        unpriced,
        _count("unattributed", quality.unattributed_calls, speech, cost=speech.money(quality.unattributed_cost)),
        _stated(report, speech),
        *_assumed(quality, speech),
        _count("failed_rules", failed, speech, of=rules),
        _count("not_assessed", silent, speech, state="known", of=rules),
    )
    return tuple(sorted(found, key=lambda check: check != unpriced)) if quality.unpriced_calls else found


def _count(key: str, n: int, speech: Speech, state: State = "wrong", **values: object) -> Check:
    """A check that is right where nothing was counted."""
    title = speech.say(f"quality.{key}.title")
    if not n:
        return Check(title, state="ok", says=speech.say(f"quality.{key}.ok", **values))
    return Check(
        title,
        state=state,
        says=speech.say(f"quality.{key}.found", n=n, **values),
        short=speech.say(f"quality.{key}.short", n=n, **values),
        todo=speech.say(f"quality.{key}.todo"),
    )


def _linked(quality: Quality, speech: Speech) -> Check:
    """Calls that several logs told: nothing to do about them, but to know."""
    title = speech.say("quality.linked.title")
    if not quality.linked_calls:
        return Check(title, state="ok", says=speech.say("quality.linked.ok"))
    logs = speech.say("semicolon").join(quality.linked_sources)
    return Check(title, state="ok", says=speech.say("quality.linked.found", n=quality.linked_calls, logs=logs))


def _assumed(quality: Quality, speech: Speech) -> Iterator[Check]:
    """Prices that rest on what no log says. It is the same every month: for the report, not for the mail's line."""
    say = speech.say
    if not quality.assumed:
        yield Check(say("quality.assumed.title"), state="ok", says=say("quality.assumed.ok"))
    for field, found in itertools.groupby(quality.assumed, key=lambda gap: gap.field):
        gaps = list(found)
        says = say(
            f"quality.assumed.{field}",
            n=sum(gap.calls for gap in gaps),
            cost=speech.money(sum((gap.cost for gap in gaps), Decimal(0))),
            sources=clip(say("comma").join(gap.source for gap in gaps), SOURCES_SHOWN),
        )
        yield Check(say(f"quality.assumed.title_{field}"), state="known", says=says, todo=say("quality.assumed.todo"))


def _stated(report: Report, speech: Speech) -> Check:
    """What the logs say the calls cost, against what we say."""
    lines = report.accounts.stated
    title = speech.say("quality.stated.title")
    if not lines:
        return Check(title, state="ok", says=speech.say("quality.stated.none"))
    n = sum(line.calls for line in lines)
    if not n:
        left_out = sum(line.not_comparable for line in lines)
        return Check(title, state="known", says=speech.say("quality.stated.not_comparable", n=left_out))
    told, listed = (sum((getattr(line, name) for line in lines), Decimal(0)) for name in ("stated", "listed"))
    stated = speech.money(told)
    gap = listed - told
    ok = abs(gap) <= abs(told) * TOLERANCE
    each = any(line.counted == "stated" for line in report.accounts.stated)
    values: dict[str, object] = {
        "used": speech.say("quality.stated.uses_each" if each else "quality.stated.uses_ours"),
        "n": n,
        "stated": stated,
        "computed": speech.money(listed),
        "gap": speech.money(abs(gap)),
    }
    way = "more" if gap > 0 else "less"
    says = speech.say("quality.stated.same" if ok else f"quality.stated.{way}", **values)
    if ok:
        return Check(title, state="ok", says=says)
    return Check(
        title,
        state="wrong",
        says=says,
        short=speech.say("quality.stated.short", **values),
        todo=speech.say("quality.stated.todo"),
    )


def quality_line(found: tuple[Check, ...], report: Report, speech: Speech) -> str:
    """The checks as one line, for a mail."""
    wrong = [check.short for check in found if check.short]
    if wrong:
        return speech.say("quality.line_found", problems=speech.say("semicolon").join(wrong))
    key = "quality.line_ok" if report.calls else "quality.line_empty"
    lines, files = report.quality.lines, report.quality.files
    return speech.say(key, lines=speech.say("lines", n=lines), files=speech.say("files", n=files))
