"""The month in one sentence, its short form for a subject line, and what must be said beside it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from audit.report.speech import clean, clip, rounded, times

if TYPE_CHECKING:
    from audit.report.content import ProjectLine, Report
    from audit.report.speech import Speech

NAMED = 4  # projects a sentence can name before nobody reads it
NAMED_OF_MANY = 3
NAMED_IN_SUBJECT = 2
NAME_LENGTH = 48
SUBJECT_NAME_LENGTH = 24
MANY_TIMES = Decimal(3)


def name_of(project: ProjectLine, speech: Speech, length: int = NAME_LENGTH) -> str:
    """A project's name, short enough for a sentence."""
    return speech.say("project.nobody") if project.project is None else clip(project.project, length)


def spend_known(report: Report) -> bool:
    """Whether any call of the month has a price."""
    return report.calls == 0 or report.quality.unpriced_calls < report.calls


def over(report: Report) -> list[ProjectLine]:
    """The projects over their line, the furthest in money first."""
    return sorted((p for p in report.projects if p.standing == "over"), key=lambda p: (-p.over_by, p.project or ""))


def verdict(report: Report, speech: Speech) -> str:
    """Are we under the line? One plain sentence."""
    line = report.red_line_share
    shown_line = speech.plain_percent(line)
    broken = over(report)
    judged = [p for p in report.projects if p.standing != "no_revenue"]
    month = speech.month(report.month)
    if report.calls == 0:
        return speech.say("verdict.empty", month=month)
    if not spend_known(report):
        return speech.say("verdict.unpriced", month=month)
    if len(broken) == 1 and broken[0].share is not None:
        one = broken[0]
        return speech.say(
            "verdict.over_one",
            project=name_of(one, speech),
            by=speech.money(one.over_by),
            share=speech.share(broken[0].share, line),
            line=shown_line,
        )
    if broken:
        return _several(broken, speech)
    if not judged:
        return speech.say("verdict.no_revenue", month=month)
    near = [p for p in judged if p.standing == "near"]
    if near:
        shares = [_share_of(p, line, speech) for p in near[:NAMED]]
        more = len(near) - NAMED
        shares += [speech.say("verdict.others", n=more)] if more > 0 else []
        key = "verdict.near" if len(judged) == len(_owned(report)) else "verdict.near_known"
        return speech.say(key, n=len(near), names=speech.names(shares), line=shown_line)
    closest = max(judged, key=lambda p: (p.share or Decimal(0), p.project or ""))
    key = "verdict.under" if len(judged) == len(_owned(report)) else "verdict.under_known"
    return speech.say(
        key,
        n=len(judged),
        project=name_of(closest, speech),
        share=speech.share(closest.share or Decimal(0), line),
        line=shown_line,
    )


def _owned(report: Report) -> list[ProjectLine]:
    return [p for p in report.projects if p.project is not None]


def _share_of(project: ProjectLine, line: Decimal, speech: Speech) -> str:
    share = speech.share(project.share or Decimal(0), line)
    return speech.say("verdict.share_of", project=name_of(project, speech), share=share)


def _several(broken: list[ProjectLine], speech: Speech) -> str:
    many = len(broken) > NAMED
    named = broken[:NAMED_OF_MANY] if many else broken
    parts = [
        speech.say("verdict.by", project=name_of(p, speech), by=speech.money(p.over_by))
        for p in named
    ]
    if not many:
        return speech.say("verdict.over_few", n=len(broken), names=speech.names(parts))
    total = speech.money(sum((p.over_by for p in broken), Decimal(0)))
    return speech.say("verdict.over_many", n=len(broken), names=speech.names(parts), total=total)


def subject(report: Report, speech: Speech) -> str:
    """The verdict as a mail's subject: one line, the projects first."""
    broken = over(report)
    month = speech.month(report.month)
    near = [p for p in report.projects if p.standing == "near"]
    judged = [p for p in report.projects if p.standing != "no_revenue"]
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
        said = speech.say("subject.under", n=len(judged))
    whole = speech.say("subject.whole", said=said, month=month)
    if report.quality.incomplete:
        whole = speech.say("subject.incomplete", whole=whole)
    return clean(whole)


def caveats(report: Report, speech: Speech) -> tuple[str, ...]:
    """What a reader must know before trusting the verdict, apart from an incomplete run."""
    said = []
    quality = report.quality
    unknown = [p for p in report.projects if p.standing == "no_revenue" and p.project is not None]
    judged = any(p.standing != "no_revenue" for p in report.projects)
    if unknown and judged and report.calls:
        names = [name_of(p, speech) for p in unknown[:NAMED]]
        more = len(unknown) - NAMED
        names += [speech.say("verdict.others", n=more)] if more > 0 else []
        said.append(speech.say("caveat.no_revenue", n=len(unknown), names=speech.names(names)))
    if quality.unpriced_calls and spend_known(report):
        share = speech.percent(Decimal(quality.unpriced_calls) / report.calls) if report.calls else ""
        said.append(speech.say("caveat.unpriced", n=quality.unpriced_calls, share=share))
    return tuple(said)


def change(now: Decimal, before: Decimal | None, month_before: str, speech: Speech) -> str:
    """This month's sum against the last's, in words."""
    if before is None:
        return speech.say("change.unknown", month=month_before)
    if before <= 0:
        return speech.say("change.from_nothing", month=month_before)
    was = speech.headline(before)
    ratio = now / before
    if ratio >= MANY_TIMES:
        return speech.say("change.times", times=speech.number(times(now, before)), month=month_before, was=was)
    if not rounded((ratio - 1) * 100, 1):
        return speech.say("change.same", month=month_before, was=was)
    key = "change.up" if ratio > 1 else "change.down"
    return speech.say(key, by=speech.percent(abs(ratio - 1)), month=month_before, was=was)
