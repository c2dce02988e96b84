"""A month's Report as pages: the standalone HTML, the mail in HTML and in text, and its subject."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from audit.records import Finding, Grade, Month
from audit.report import charts
from audit.report.checks import checks, quality_line
from audit.report.headline import assessed, figures, nothing_found, reservation
from audit.report.plaintext import fold, pad
from audit.report.silence import silences
from audit.report.speech import UNPRINTABLE, Speech, clip, load
from audit.report.standing import Spoken
from audit.report.verdict import caveats, change, spend_known, subject, verdict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from audit.report.content import Gap, ModelLine, Report

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


@dataclass(frozen=True, slots=True)
class ModelBar:
    """A model with its bar, held against the costliest, and its share of the spend."""

    model: ModelLine
    width: float
    share: Decimal | None


def render(report: Report, templates: Path) -> Pages:
    """All pages of a report, from a folder with templates and words. The same report gives the same bytes."""
    speech = load(templates, report.language, report.currency)
    environment = _environment(templates, speech, Spoken(speech, report.red_line_share))
    told = _told(report, speech)
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
        percent=speech.percent,
        plain_percent=speech.plain_percent,
        reason=speech.reason,
        cost=spoken.cost,
        saving=spoken.saving,
        share=spoken.share,
        standing=spoken.standing,
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


def _told(report: Report, speech: Speech) -> dict[str, Any]:
    """Everything the templates print, in the order they print it."""
    month_before = speech.month(str(Month.parse(report.month).shift(-1)))
    found = checks(report, speech)
    findings = _by_money(report.findings)
    models = sorted(report.models, key=lambda m: (m.cost is None, -(m.cost or 0), m.model or "", m.provider or ""))
    changed = change(report.spend if spend_known(report) else None, report.previous_spend, month_before, speech)
    line = charts.against_the_line(report.projects, report.red_line_share)
    return {
        "report": report,
        "lang": "zh-Hans" if speech.locale.language == "zh" else speech.locale.language,
        "subject": subject(report, speech),
        "verdict": verdict(report, speech),
        "gaps": [_gap(gap, speech) for gap in report.quality.incomplete],
        "caveats": caveats(report, speech),
        "standing": report.standing if report.calls and spend_known(report) else "no_revenue",
        "figures": figures(report, changed, speech),
        "reservation": reservation(report, speech),
        "nothing_found": nothing_found(report),
        "no_alert": "alerts.none" if assessed(report, Grade.ALERT) == "whole" else "alerts.none_part",
        "line": line,
        "mail_bars": line.bars[:MAIL_PROJECTS],
        "mail_projects_left": _left([bar.state for bar in line.bars[MAIL_PROJECTS:]], speech),
        "monday": findings[:MONDAY],
        "others": findings[MONDAY : MONDAY + OTHERS],
        "more": findings[MONDAY + OTHERS :],
        "more_money": _sum(findings[MONDAY + OTHERS :]),
        "mail_findings": findings[:MAIL_FINDINGS],
        "alerts": report.alerts[:ALERTS],
        "alerts_left": len(report.alerts) - ALERTS,
        "models": _model_bars(models[:MODELS], report.spend),
        "models_left": models[MODELS:],
        "models_left_money": sum((m.cost for m in models[MODELS:] if m.cost is not None), Decimal(0)),
        "months": _months(report, speech),
        "days": _days(report, speech),
        "checks": found,
        "silences": silences(report, speech),
        "failed": [rule for rule in report.rules if rule.failure is not None],
        "quality_line": quality_line(found, report, speech),
        "listed": LISTED,
        "reasons": REASONS,
        "Grade": Grade,
    }


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


def _model_bars(models: Sequence[ModelLine], spend: Decimal) -> tuple[ModelBar, ...]:
    highest = max((m.cost for m in models if m.cost is not None), default=Decimal(0))
    return tuple(
        ModelBar(m, charts.part(m.cost, highest), m.cost / spend if m.cost is not None and spend > 0 else None)
        for m in models
    )


def _months(report: Report, speech: Speech) -> tuple[charts.Column, ...]:
    slots = []
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
            )
            for spend in report.days
        ]
    )
