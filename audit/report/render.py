"""A month's Report as pages: the standalone HTML, the mail in HTML and in text, and its subject."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from audit.records import Finding, Grade, Month
from audit.report import acceptances, behind, charges, charts
from audit.report.changed import changed
from audit.report.checks import checks, quality_line
from audit.report.headline import alerts_line, assessed, figures, nothing_found, reservation
from audit.report.invoiced import invoices, mailed
from audit.report.plaintext import fold, pad
from audit.report.prompted import prompted
from audit.report.silence import silences
from audit.report.speech import UNPRINTABLE, Speech, clip, load
from audit.report.standing import Spoken
from audit.report.sums import costs, model_rows, project_rows, revenues, uniform
from audit.report.tables import column
from audit.report.verdict import caveats, change, restated, spend_known, subject, verdict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from audit.report.content import Gap, Report

MONTHS = 13
MONDAY, OTHERS, ALERTS, MODELS, LISTED = 8, 40, 20, 20, 20
MAIL_FINDINGS, MAIL_PROJECTS = 5, 12
REASONS = 6
TICK_DAYS = (1, 8, 15, 22, 29)
JANUARY = 1


@dataclass(frozen=True, slots=True)
class Pages:
    """What is written and mailed for one month."""

    report_html: str
    mail_html: str
    mail_txt: str
    subject: str


def render(report: Report, templates: Path) -> Pages:
    """All pages of a report, from a folder with templates and words. The same report gives the same bytes."""
    speech = load(templates, report.language, report.currency)
    spoken = Spoken(speech, report.red_line_share, costs(report, speech))
    environment = _environment(templates, speech, spoken)
    told = _told(report, spoken)
    return Pages(
        report_html=environment.get_template("report.html.j2").render(told),
        mail_html=environment.get_template("mail.html.j2").render(told),
        mail_txt=environment.get_template("mail.txt.j2").render(told),
        subject=told["subject"],
    )


def _environment(templates: Path, speech: Speech, spoken: Spoken) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(templates),
        autoescape=select_autoescape(disabled_extensions=("txt.j2",), default=True),
        undefined=StrictUndefined,
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals["say"] = speech.say
    environment.filters.update(
        money=speech.money,
        headline=speech.headline,
        compact=speech.compact,
        tokens=speech.tokens,
        count=speech.count,
        source=speech.source,
        percent=speech.percent,
        plain_percent=speech.plain_percent,
        reason=speech.reason,
        cost=spoken.cost,
        saving=spoken.saving,
        share=spoken.share,
        standing=spoken.standing,
        back=lambda finding: acceptances.back(finding, speech),
        day=speech.day,
        date=speech.date,
        month=speech.month,
        clip=clip,
        fold=fold,
        pad=pad,
    )
    return environment


def _printable(value: object) -> object:
    """Text as one printable line, its spaces kept; text folded by us, and markup, stay as they are."""
    return UNPRINTABLE.sub(" ", value) if type(value) is str else value


def _told(report: Report, spoken: Spoken) -> dict[str, Any]:
    """Everything the templates print, in the order they print it."""
    speech = spoken.speech
    month_before = speech.month(str(Month.parse(report.month).shift(-1)))
    found = checks(report, speech)
    findings = _by_money([finding for finding in report.findings if not finding.is_accepted])
    alerts = [alert for alert in report.alerts if not alert.is_accepted]
    taken = acceptances.taken(report, speech)
    models = sorted(report.models, key=lambda m: (m.cost is None, -(m.cost or 0), m.model or "", m.provider or ""))
    against = change(report.spend if spend_known(report) else None, report.previous_spend, month_before, speech)
    line = charts.against_the_line(report.projects, report.red_line_share)
    return {
        "report": report,
        "lang": "zh-Hans" if speech.locale.language == "zh" else speech.locale.language,
        "subject": subject(report, speech),
        "verdict": verdict(report, speech),
        "restated": restated(report, speech),
        "idle": tuple(behind.idle_pools(report, speech)),
        "gaps": [_gap(gap, speech) for gap in report.quality.incomplete],
        "caveats": caveats(report, speech),
        "standing": report.standing if report.calls and spend_known(report) else "no_revenue",
        "figures": figures(report, against, speech),
        "reservation": reservation(report, speech),
        "nothing_found": nothing_found(report),
        "no_alert": _no_alert(report),
        "line": line,
        "revenues": revenues(report, speech),
        "project_rows": project_rows(line, report, spoken),
        "mail_bars": line.bars[:MAIL_PROJECTS],
        "mail_projects_left": _left([bar.state for bar in line.bars[MAIL_PROJECTS:]], speech),
        "monday": findings[:MONDAY],
        "others": findings[MONDAY : MONDAY + OTHERS],
        "more": findings[MONDAY + OTHERS :],
        "more_money": _sum(findings[MONDAY + OTHERS :]),
        "mail_findings": findings[:MAIL_FINDINGS],
        "mail_findings_left": len(findings) - MAIL_FINDINGS,
        "alerts": alerts[:ALERTS],
        "alerts_left": len(alerts) - ALERTS,
        "taken": taken[:OTHERS],
        "taken_left": len(taken) - OTHERS,
        "alerts_line": alerts_line(alerts, speech),
        "taken_line": acceptances.mail_line(taken, speech),
        "strays": acceptances.strays(report, speech),
        "changed": changed(report, speech),
        "prompted": prompted(report, speech),
        "models": model_rows(models, speech, MODELS),
        "months": _months(report, speech),
        "days": _days(report, speech),
        "days_total": column([day.cost for day in report.days], speech).total,
        "accounts": _accounts(report, speech),
        "mailed": (*mailed(report, speech), *charges.stayed(report, speech)),
        "checks": found,
        "silences": silences(report, speech),
        "failed": [rule for rule in report.rules if rule.failure is not None],
        "quality_line": quality_line(found, report, speech),
        "listed": LISTED,
        "reasons": REASONS,
        "Grade": Grade,
    }


def _no_alert(report: Report) -> str:
    """The key of what to say where no alert is left to look at."""
    if report.alerts:
        return "alerts.none_open"
    return "alerts.none" if assessed(report, Grade.ALERT) == "whole" else "alerts.none_part"


def _gap(gap: Gap, speech: Speech) -> str:
    of = speech.say("calls" if gap.kind == "unpriced" else "lines", n=gap.of)
    return speech.say(f"gap.{gap.kind}", name=gap.name, n=gap.count, of=of, reason=speech.reason(gap.reason))


def _by_money(findings: Sequence[Finding]) -> list[Finding]:
    """The most money first; what has no known amount last."""
    return sorted(findings, key=lambda f: (f.credited is None, -(f.credited or 0), list(Grade).index(f.grade), f.id))


def _sum(findings: Sequence[Finding]) -> Decimal:
    return sum((f.credited for f in findings if f.credited is not None), Decimal(0))


def _left(states: Sequence[str], speech: Speech) -> str:
    """What the projects that a mail leaves out come to, as one sentence; empty where it shows all."""
    counts = [(name, states.count(name)) for name in charts.STATES]
    parts = [speech.say(f"line.count.{name}", n=n) for name, n in counts if n]
    joined = speech.say("comma").join(parts)
    return speech.say("line.rest", n=len(states), standings=joined) if states else ""


def _accounts(report: Report, speech: Speech) -> dict[str, Any]:
    """What stands behind the money: the invoices, then (heading, table) of what there is to tell."""
    tables = {
        "priced": behind.priced_by(report, speech),
        "currencies": behind.currencies(report, speech),
        "stated": behind.stated(report, speech),
        "pools": behind.pools(report, speech),
        "charged": charges.charged(report, speech),
    }
    told = [(speech.say(f"accounts.{name}.heading"), table) for name, table in tables.items() if table]
    return {"invoices": invoices(report, speech), "tables": told}


def _months(report: Report, speech: Speech) -> tuple[charts.Column, ...]:
    slots = []
    shown = uniform([spend.cost for spend in report.months[-MONTHS:]], speech)
    for place, spend in enumerate(report.months[-MONTHS:]):
        month = Month.parse(spend.month)
        slots.append(
            charts.Slot(
                label=speech.month(spend.month),
                value=spend.cost,
                calls=spend.calls,
                short=speech.month(spend.month, short=True),
                under=str(month.year) if not place or month.number == JANUARY else "",
                now=spend.month == report.month,
                said=shown[place],
            )
        )
    return charts.columns(slots)


def _days(report: Report, speech: Speech) -> tuple[charts.Column, ...]:
    return charts.columns(
        [
            charts.Slot(
                label=speech.day(spend.day),
                value=spend.cost,
                calls=spend.calls,
                short=str(spend.day.day) if spend.day.day in TICK_DAYS else "",
                said=said,
            )
            for spend, said in zip(report.days, column([day.cost for day in report.days], speech).parts, strict=True)
        ]
    )
