"""The month in one sentence, its short form for a subject line, and what must be said beside it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from audit.report.charts import state
from audit.report.speech import clean, clip, times
from audit.rounding import rounded

if TYPE_CHECKING:
    from audit.report.content import ProjectLine, Report
    from audit.report.speech import Speech

NAMED = 4  # projects a sentence can name before nobody reads it
NAMED_OF_MANY = 3
NAMED_IN_SUBJECT = 2
NAME_LENGTH = 48
SUBJECT_NAME_LENGTH = 24
REASON_LENGTH = 200
MANY_TIMES = Decimal(3)
FAR = Decimal(100)


def name_of(project: ProjectLine, speech: Speech, length: int = NAME_LENGTH) -> str:
    """A project's name, short enough for a sentence."""
    return speech.say("project.nobody") if project.project is None else clip(project.project, length)


def uncosted(report: Report) -> int:
    """The month's calls whose cost nobody knows: without a price, or without usage."""
    return max(report.quality.unpriced_calls, sum(p.unpriced_calls for p in report.projects))


def spend_known(report: Report) -> bool:
    """Whether the cost of any call of the month is known."""
    return report.calls == 0 or uncosted(report) < report.calls


def over(report: Report) -> list[ProjectLine]:
    """The projects over their line, the furthest in money first."""
    return sorted((p for p in report.projects if p.standing == "over"), key=lambda p: (-p.over_by, p.project or ""))


def verdict(report: Report, speech: Speech) -> str:
    """Are we under the line? One plain sentence."""
    month = speech.month(report.month)
    if report.calls == 0:
        return speech.say("verdict.empty", month=month)
    if not spend_known(report):
        return speech.say("verdict.unpriced", month=month)
    if broken := over(report):
        return _breached(broken, report.red_line_share, speech)
    if judged := _judged(report):
        return _held(judged, report, speech)
    return speech.say("verdict.no_revenue", month=month)


def _breached(broken: list[ProjectLine], line: Decimal, speech: Speech) -> str:
    """Who is over, and by how much."""
    first = broken[0]
    if len(broken) == 1 and first.share is not None:
        return speech.say(
            "verdict.over_one",
            project=name_of(first, speech),
            by=speech.money(first.over_by),
            share=speech.share(first.share, line),
            line=speech.plain_percent(line),
        )
    many = len(broken) > NAMED
    named = broken[:NAMED_OF_MANY] if many else broken
    parts = [speech.say("verdict.by", project=name_of(p, speech), by=speech.money(p.over_by)) for p in named]
    return speech.say(
        "verdict.over_many" if many else "verdict.over_few",
        n=len(broken),
        names=speech.names(parts),
        total=speech.money(sum((p.over_by for p in broken), Decimal(0))),
    )


def _held(judged: list[ProjectLine], report: Report, speech: Speech) -> str:
    """Nobody is over: who is near, or else who is nearest."""
    line = report.red_line_share
    known = "" if len(judged) == len(_owned(report)) else "_known"
    near = [p for p in judged if p.standing == "near"]
    if near:
        shares = [_share_of(p, line, speech) for p in near]
        return speech.say(
            f"verdict.near{known}",
            n=len(near),
            names=_listed(shares, speech),
            line=speech.plain_percent(line),
        )
    closest = max(judged, key=lambda p: (p.share or Decimal(0), p.project or ""))
    return speech.say(
        f"verdict.under{known}",
        n=len(judged),
        project=name_of(closest, speech),
        share=speech.share(closest.share or Decimal(0), line),
        line=speech.plain_percent(line),
    )


def _listed(names: list[str], speech: Speech) -> str:
    """As many names as a sentence can hold, and how many more there are."""
    more = len(names) - NAMED
    return speech.names(names[:NAMED] + ([speech.say("verdict.others", n=more)] if more > 0 else []))


def _judged(report: Report) -> list[ProjectLine]:
    """The projects that can be held against a line: they made calls, their revenue is stated and their cost known."""
    return [p for p in report.projects if p.calls and state(p) not in ("no_revenue", "unpriced")]


def _owned(report: Report) -> list[ProjectLine]:
    return [p for p in report.projects if p.project is not None]


def _share_of(project: ProjectLine, line: Decimal, speech: Speech) -> str:
    share = speech.share(project.share or Decimal(0), line)
    return speech.say("verdict.share_of", project=name_of(project, speech), share=share)


def subject(report: Report, speech: Speech) -> str:
    """The verdict as a mail's subject: one line, the projects first."""
    broken = over(report)
    month = speech.month(report.month)
    near = [p for p in _judged(report) if p.standing == "near"]
    judged = _judged(report)
    if report.calls == 0:
        said = speech.say("subject.empty")
    elif not spend_known(report):
        said = speech.say("subject.unpriced")
    elif broken:
        named = [
            speech.say("subject.by", project=name_of(p, speech, SUBJECT_NAME_LENGTH), by=speech.headline(p.over_by))
            for p in broken[:NAMED_IN_SUBJECT]
        ]
        more = len(broken) - NAMED_IN_SUBJECT
        named += [speech.say("subject.more", n=more)] if more > 0 else []
        said = speech.say("subject.over", n=len(broken), names=speech.say("comma").join(named))
    elif not judged:
        said = speech.say("subject.no_revenue")
    elif near:
        said = speech.say("subject.near", n=len(near))
    else:
        known = "" if len(judged) == len(_owned(report)) else "_known"
        said = speech.say(f"subject.under{known}", n=len(judged))
    whole = speech.say("subject.whole", said=said, month=month)
    if report.quality.incomplete:
        whole = speech.say("subject.incomplete", whole=whole)
    return clean(whole)


def caveats(report: Report, speech: Speech) -> tuple[str, ...]:
    """What a reader must know before trusting the verdict, apart from an incomplete run."""
    said = []
    if _judged(report) and report.calls:
        for kind in ("no_revenue", "unpriced"):
            unknown = [name_of(p, speech) for p in _owned(report) if state(p) == kind]
            if unknown:
                names = _listed(unknown, speech)
                said.append(speech.say(f"caveat.project_{kind}", n=len(unknown), names=names))
    missing = uncosted(report)
    if missing and report.calls and spend_known(report):
        share = speech.percent(Decimal(missing) / report.calls)
        said.append(speech.say("caveat.unpriced", n=missing, share=share))
    return tuple(said)


def restated(report: Report, speech: Speech) -> str:
    """What a month that was closed came to before, and why it comes to something else now; empty where it never did."""
    before = report.restated
    if before is None:
        return ""
    return speech.say(
        "restated.said",
        number=before.number,
        month=speech.month(report.month),
        was=speech.exact(before.spend_before),
        calls_before=speech.say("calls", n=before.calls_before),
        now=speech.exact(report.spend),
        calls_now=speech.say("calls", n=report.calls),
        reason=clip(speech.reason(before.reason), REASON_LENGTH).rstrip(".。"),
    )


def change(now: Decimal | None, before: Decimal | None, month_before: str, speech: Speech) -> str:
    """This month's sum, None where it is unknown, against the last's, in words."""
    if before is None:
        return speech.say("change.unknown", month=month_before)
    if before <= 0:
        return speech.say("change.from_nothing", month=month_before)
    was = speech.headline(before)
    if now is None:
        return speech.say("change.was", month=month_before, was=was)
    ratio = now / before
    if ratio >= MANY_TIMES:
        key = "change.far" if ratio >= FAR else "change.times"
        return speech.say(key, times=speech.number(times(now, before)), month=month_before, was=was)
    key = "change.up" if ratio > 1 else "change.down"
    if not rounded((ratio - 1) * 100, 1):
        key = "change.same"
    return speech.say(key, by=speech.percent(abs(ratio - 1)), month=month_before, was=was)
