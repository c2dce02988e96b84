"""A month's findings and sums as a :class:`Report`: SQL adds up the calls, Python arranges a few hundred rows."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from audit import __version__, redline
from audit.pricing import catalogue
from audit.records import Finding, Grade, Month
from audit.report import change, coverage, money, quality
from audit.report.content import (
    DaySpend,
    GradeTotal,
    ModelLine,
    MonthSpend,
    ProjectLine,
    Report,
    RuleLine,
)
from audit.report.prompts import prompts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from audit.engine.duckdb import Engine
    from audit.inspection import Inspection
    from audit.pricing.money import Rates
    from audit.reconcile.result import Reconciled
    from audit.report.accounts import Accounts
    from audit.report.coverage import Coverage
    from audit.rulebook import Rule
    from audit.settings import Settings
    from audit.window import Span

ZERO = Decimal(0)
_PART = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Audited:
    """What a report is made from, once the rules have run; ``running`` says that the month has not ended."""

    settings: Settings
    month: Month
    span: Span
    rules: Sequence[Rule]
    inspection: Inspection
    rates: Rates
    reconciled: tuple[Reconciled, ...] = ()
    running: bool = False


def assemble(engine: Engine, audited: Audited) -> Report:
    """The whole report as data."""
    settings, month = audited.settings, audited.month
    covered = coverage.measure(engine, audited.span, _held(audited))
    projects = _projects(engine, audited, covered)
    totals = _totals(engine, audited.span)
    spend: Decimal = totals[-1]
    months = _months(engine, month)
    previous = next((line.cost for line in months if line.month == str(month.shift(-1))), None)
    rules = _rules(audited, covered)
    grades = _grades(engine, spend, rules, audited.inspection.findings)
    credited = {total.grade: total.credited for total in grades}
    over = tuple(line.project or "" for line in projects if line.standing == "over")
    near = tuple(line.project or "" for line in projects if line.standing == "near")
    findings = audited.inspection.findings
    found = money.accounts(engine, settings, month, audited.span, audited.rates)
    return Report(
        company=settings.company.name,
        month=str(month),
        first_day=month.first_day,
        last_day=month.last_day,
        timezone=settings.company.timezone,
        language=settings.company.language,
        currency=settings.company.currency,
        version=__version__,
        price_source=_price_source(found),
        red_line_share=settings.red_line.share,
        standing=_standing(projects),
        over=over,
        near=near,
        calls=totals[0],
        input_tokens=totals[1],
        cache_read_tokens=totals[2],
        output_tokens=totals[3],
        spend=spend,
        previous_spend=previous,
        waste=credited[Grade.PROVEN],
        waste_share=_share(credited[Grade.PROVEN], spend),
        avoidable=credited[Grade.AVOIDABLE],
        hypothesis=credited[Grade.HYPOTHESIS],
        grades=grades,
        projects=projects,
        findings=tuple(finding for finding in findings if finding.grade is not Grade.ALERT),
        alerts=tuple(finding for finding in findings if finding.grade is Grade.ALERT),
        models=_models(engine, audited.span),
        days=_days(engine, month),
        months=months,
        rules=rules,
        quality=quality.assess(
            engine,
            settings,
            audited.span,
            audited.inspection.failures,
            not_assessed=covered.not_assessed,
            running=str(month) if audited.running else None,
        ),
        accounts=found,
        reconciled=audited.reconciled,
        change=change.explain(engine, settings, month, audited.span, audited.rates),
        prompts=prompts(engine, settings, audited.span),
    )


def _price_source(found: Accounts) -> str:
    """The lists that priced the month, those of the most money first."""
    return ", ".join(line.source for line in found.priced_by if line.source) or catalogue.source()


def _share(part: Decimal, whole: Decimal) -> Decimal:
    return (part / whole).quantize(_PART) if whole else ZERO


def _standing(projects: Sequence[ProjectLine]) -> redline.Standing:
    standings = [line.standing for line in projects]
    worst: tuple[redline.Standing, ...] = ("over", "near", "under")
    return next((standing for standing in worst if standing in standings), "no_revenue")


def _totals(engine: Engine, span: Span) -> tuple[int, int | None, int | None, int | None, Decimal]:
    calls, inputs, cached, outputs, cost = engine.row(
        "SELECT count(*), sum(input_tokens)::BIGINT, sum(cache_read_tokens)::BIGINT, sum(output_tokens)::BIGINT, "
        "coalesce(sum(cost), 0) FROM priced WHERE started_at >= $start",
        {"start": span.start},
    )
    return (calls, inputs, cached, outputs, Decimal(cost)) if calls else (0, 0, 0, 0, Decimal(0))


def _held(audited: Audited) -> list[Rule]:
    """The rules that could be run."""
    failed = {broken.id for broken in audited.inspection.failures}
    return [rule for rule in audited.rules if rule.id not in failed]


def _projects(engine: Engine, audited: Audited, covered: Coverage) -> tuple[ProjectLine, ...]:
    """Projects by cost; calls that nobody owns come as one line without a name."""
    settings = audited.settings
    rows = engine.rows(
        "WITH told AS (SELECT project, count(*) FILTER (cost IS NULL) AS unpriced FROM priced "
        "WHERE started_at >= $start GROUP BY project), spent AS (SELECT c.project, c.calls, c.charged AS cost, "
        "t.unpriced FROM charged c LEFT JOIN told t ON c.project IS NOT DISTINCT FROM t.project), "
        "flagged AS (SELECT project, sum(credited) FILTER (grade = 'proven') AS waste, "
        "sum(credited) FILTER (grade = 'avoidable') AS avoidable FROM credited GROUP BY project) "
        "SELECT coalesce(s.project, p.project), coalesce(p.owner, ''), coalesce(s.calls, 0), coalesce(s.cost, 0), "
        "p.expected_revenue, coalesce(f.waste, 0), coalesce(f.avoidable, 0), coalesce(s.unpriced, 0) "
        "FROM spent s FULL JOIN (SELECT * FROM projects) p ON s.project = p.project "
        "LEFT JOIN flagged f ON f.project IS NOT DISTINCT FROM s.project "
        "ORDER BY coalesce(s.cost, 0) DESC, 1 NULLS LAST",
        {"start": audited.span.start},
    )
    before = dict(
        engine.rows(
            "SELECT project, sum(cost) FROM daily_spend WHERE day >= $first AND day <= $last GROUP BY project",
            {"first": audited.month.shift(-1).first_day, "last": audited.month.shift(-1).last_day},
        )
    )
    line = settings.red_line.share
    held = _held(audited)
    proven, cheaper = ([r for r in held if r.grade is grade] for grade in (Grade.PROVEN, Grade.AVOIDABLE))
    lines = []
    for project, owner, calls, cost, revenue, waste, avoidable, unpriced in rows:
        stand = redline.standing(cost, revenue, line, settings.red_line.near)
        lines.append(
            ProjectLine(
                project=project,
                owner=owner,
                calls=calls,
                cost=cost,
                previous_cost=before.get(project) if before else None,
                expected_revenue=revenue,
                share=_share(cost, revenue) if revenue else None,
                line=line,
                standing=stand,
                over_by=max(cost - revenue * line, ZERO) if revenue is not None else ZERO,
                waste=waste,
                avoidable=avoidable,
                unpriced_calls=unpriced,
                waste_assessed=covered.of_project(proven, project),
                avoidable_assessed=covered.of_project(cheaper, project),
            )
        )
    return tuple(lines)


def _grades(
    engine: Engine, spend: Decimal, rules: Sequence[RuleLine], findings: Sequence[Finding]
) -> tuple[GradeTotal, ...]:
    found = {
        grade: (calls, credited)
        for grade, calls, credited in engine.rows(
            "SELECT grade, count(DISTINCT number) FILTER (credited > 0), coalesce(sum(credited), 0) FROM credited "
            "GROUP BY grade"
        )
    }
    totals = []
    for grade in (Grade.PROVEN, Grade.AVOIDABLE, Grade.HYPOTHESIS):
        calls, credited = found.get(str(grade), (0, ZERO))
        held = [rule for rule in rules if rule.grade is grade and rule.failure is None]
        seen = coverage.combined([rule.assessed for rule in coverage.telling(held, lambda rule: rule.needs_calls)])
        taken = [f.credited for f in findings if f.grade is grade and f.is_accepted and f.credited is not None]
        share = _share(Decimal(credited), spend)
        totals.append(GradeTotal(grade, calls, Decimal(credited), share, seen, sum(taken, ZERO)))
    return tuple(totals)


def _models(engine: Engine, span: Span) -> tuple[ModelLine, ...]:
    rows = engine.rows(
        "SELECT provider, model, count(*), coalesce(sum(input_tokens), 0)::BIGINT, "
        "coalesce(sum(output_tokens), 0)::BIGINT, sum(cost) FROM priced WHERE started_at >= $start "
        "GROUP BY provider, model ORDER BY sum(cost) DESC NULLS LAST, 1 NULLS LAST, 2 NULLS LAST",
        {"start": span.start},
    )
    return tuple(ModelLine(*row) for row in rows)


def _days(engine: Engine, month: Month) -> tuple[DaySpend, ...]:
    rows: list[tuple[date, int, Decimal]] = engine.rows(
        "SELECT d.day::DATE, coalesce(sum(s.calls), 0)::BIGINT, coalesce(sum(s.cost), 0) "
        "FROM generate_series($first::TIMESTAMP, $last::TIMESTAMP, INTERVAL 1 DAY) AS d(day) "
        "LEFT JOIN daily_spend s ON s.day = d.day::DATE GROUP BY d.day ORDER BY d.day",
        {"first": month.first_day, "last": month.last_day},
    )
    return tuple(DaySpend(*row) for row in rows)


def _months(engine: Engine, month: Month) -> tuple[MonthSpend, ...]:
    """The months that have calls, up to the audited one, oldest first."""
    rows = engine.rows(
        "SELECT strftime(day, '%Y-%m') AS month, sum(calls)::BIGINT, coalesce(sum(cost), 0) FROM daily_spend "
        "GROUP BY month ORDER BY month"
    )
    return tuple(MonthSpend(*row) for row in rows if row[0] <= str(month))


def _rules(audited: Audited, covered: Coverage) -> tuple[RuleLine, ...]:
    language = audited.settings.company.language
    failed = {broken.id: broken for broken in audited.inspection.failures}
    lines = [
        _rule_line(rule, [f for f in audited.inspection.findings if f.rule == rule.id], language, covered)
        for rule in _held(audited)
    ]
    lines += [
        RuleLine(broken.id, broken.family, Grade.ALERT, broken.id, 0, None, broken.reason) for broken in failed.values()
    ]
    return tuple(sorted(lines, key=lambda line: (line.family, line.rule)))


def _rule_line(rule: Rule, findings: list[Finding], language: str, covered: Coverage) -> RuleLine:
    credited = [finding.credited for finding in findings if finding.credited is not None]
    return RuleLine(
        rule=rule.id,
        family=rule.family,
        grade=rule.grade,
        title=rule.text("title", language),
        calls=sum(finding.calls for finding in findings),
        credited=None if rule.grade is Grade.ALERT else sum(credited, ZERO),
        failure=None,
        assessed=covered.of_rule(rule),
        assessed_share=covered.share(rule),
        needs_calls=bool(rule.needs),
        findings=len(findings),
    )
