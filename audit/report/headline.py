"""The month's three big figures, each with what it leaves out, and the sentence that names what no rule could judge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.records import Grade
from audit.report.acceptances import of_which
from audit.report.coverage import combined, telling
from audit.report.speech import clip
from audit.report.standing import partly
from audit.report.verdict import over, spend_known, uncosted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from audit.records import Finding
    from audit.report.content import Assessed, Report, RuleLine
    from audit.report.speech import Speech

NAMED = 3
TITLE_LENGTH = 60
SAVING = (Grade.PROVEN, Grade.AVOIDABLE, Grade.HYPOTHESIS)
COUNTED = (Grade.PROVEN, Grade.AVOIDABLE)  # what the big figures are made of


@dataclass(frozen=True, slots=True)
class Figure:
    """One big figure: what it is, what it comes to, what is to be said of it."""

    label: str
    value: str
    note: str


def figures(report: Report, change: str, speech: Speech) -> tuple[Figure, ...]:
    """Spend, proven waste and what was avoidable. What nobody could judge is not zero."""
    known = spend_known(report)
    lower = known and partly(uncosted(report), report.calls)
    spend = speech.headline(report.spend) if known else speech.say("numbers.unknown")
    share = speech.say("numbers.waste_share", share=speech.percent(report.waste_share))
    share += of_which(report, Grade.PROVEN, speech)
    cheaper = speech.say("numbers.avoidable_note") + of_which(report, Grade.AVOIDABLE, speech)
    return (
        Figure(speech.say("numbers.spend_at_least" if lower else "numbers.spend"), spend, change),
        _saving(report, Grade.PROVEN, report.waste, ("numbers.waste", share), speech),
        _saving(report, Grade.AVOIDABLE, report.avoidable, ("numbers.avoidable", cheaper), speech),
    )


def _saving(report: Report, grade: Grade, money: Decimal, said: tuple[str, str], speech: Speech) -> Figure:
    """One grade's money; ``said`` is its key and what to say of a sum that was found."""
    key, found = said
    seen = assessed(report, grade)
    shown = speech.headline(money)
    if not report.calls:
        return Figure(speech.say(key), shown, speech.say("numbers.no_calls"))
    if not spend_known(report):
        return Figure(speech.say(key), speech.say("numbers.unknown"), speech.say("numbers.no_sum"))
    if seen == "none" and not money:
        why = "numbers.not_assessed" if _run(report, grade) else "numbers.no_rule"
        return Figure(speech.say(key), speech.say("assessed.not"), speech.say(why))
    short = seen in ("little", "none")
    if money > 0:
        return Figure(speech.say(f"{key}_at_least" if short else key), shown, found)
    if short:
        return Figure(speech.say(f"{key}_part"), shown, speech.say(f"{key}_part_none"))
    return Figure(speech.say(key), shown, speech.say(f"{key}_none" if seen == "whole" else f"{key}_none_part"))


def assessed(report: Report, *grades: Grade) -> Assessed:
    """How much of the month the rules of some grades could judge; a rule that failed is told of elsewhere."""
    return combined([rule.assessed for rule in telling(_run(report, *grades), lambda rule: rule.needs_calls)])


def _run(report: Report, *grades: Grade) -> list[RuleLine]:
    return [rule for rule in report.rules if rule.grade in grades and rule.failure is None]


def reservation(report: Report, speech: Speech) -> str:
    """Which rules behind the big figures could not judge the larger part of the spend; empty where each could."""
    blind = [rule for rule in _run(report, *COUNTED) if rule.assessed in ("little", "none")]
    blind.sort(key=lambda rule: (rule.assessed_share, rule.family, rule.rule))
    if not blind or not report.calls or not spend_known(report) or report.spend <= 0:
        return ""
    share = speech.percent(max(1 - rule.assessed_share for rule in blind), 0)
    titles = [speech.say("quoted", text=clip(rule.title, TITLE_LENGTH)) for rule in blind]
    more = len(titles) - NAMED
    named = titles[:NAMED] + ([speech.say("verdict.others", n=more)] if more > 0 else [])
    return speech.say("numbers.reservation", n=len(blind), share=share, names=speech.names(named))


def nothing_found(report: Report) -> str:
    """The key of what to say where there is no finding to act on: why, and what that does not mean."""
    if not report.calls or report.findings:
        return "monday.none_open" if report.findings else "monday.none_calls"
    if report.quality.incomplete or not _run(report, *SAVING):
        return "monday.none_incomplete"
    if not spend_known(report):
        return "monday.none_unpriced"
    seen = assessed(report, *SAVING)
    if seen == "none":
        return "monday.none_not_assessed"
    if seen != "whole":
        return "monday.none_part_over" if over(report) else "monday.none_part"
    return "monday.none_over" if over(report) else "monday.none"


def alerts_line(alerts: Sequence[Finding], speech: Speech) -> str:
    """What else a mail's reader should look at: the alerts that concern most money, the red line's own apart."""
    told = [(alert.amount, alert) for alert in alerts if alert.amount is not None and alert.rule != "red_line"]
    costly = sorted(told, key=lambda pair: (-abs(pair[0]), pair[1].id))
    if not costly:
        return ""
    named = [
        speech.say(
            "alerts.named" if alert.project else "alerts.named_all",
            title=clip(alert.title, TITLE_LENGTH),
            project=clip(alert.project or "", TITLE_LENGTH),
            money=speech.money(amount),
        )
        for amount, alert in costly[:NAMED]
    ]
    more = len(costly) - NAMED
    return speech.say(
        "alerts.mail", names=speech.names(named + ([speech.say("verdict.others", n=more)] if more > 0 else []))
    )
