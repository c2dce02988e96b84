"""A simulated company's year under the statistical rules: twelve audits through the engine, as an audit runs them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from audit import inspection, places, rulebook, tables, window
from audit.engine.duckdb import Engine
from audit.pricing import join
from audit.records import Month
from audit.settings import Settings
from audit.window import Span
from tests.simulator.spend import FIRST, LAST, WARM_UP_DAYS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from audit.records import Finding
    from audit.rulebook import Rule
    from tests.simulator.spend import Change, Spend

MONTHS = tuple(Month.of(FIRST + timedelta(days=WARM_UP_DAYS)).shift(number) for number in range(12))
# Alarms of one project that lie no further apart are one.
_NEAR = timedelta(days=3)
_FIXED = """WITH spent AS (SELECT project, day, sum(cost)::DOUBLE AS cost FROM daily_spend GROUP BY ALL),
began AS (SELECT project, min(day) AS first_day FROM spent GROUP BY project),
filled AS (
  SELECT b.project, d.day, d.current, coalesce(s.cost, 0) AS cost, d.day - b.first_day AS age FROM began b
  JOIN days d ON d.logged AND d.day >= b.first_day LEFT JOIN spent s ON s.project = b.project AND s.day = d.day
),
compared AS (
  SELECT *, avg(cost) OVER week AS week_mean, avg(cost) OVER month AS mean, stddev_samp(cost) OVER month AS deviation
  FROM filled
  WINDOW week AS (PARTITION BY project ORDER BY day ROWS BETWEEN 7 PRECEDING AND 1 PRECEDING),
    month AS (PARTITION BY project ORDER BY day ROWS BETWEEN 30 PRECEDING AND 1 PRECEDING)
)
SELECT project, day, cost > 3 * week_mean, cost > mean + 3 * deviation
FROM compared WHERE current AND age >= 28 AND cost - mean >= 10 ORDER BY project, day"""
THREE_TIMES, THREE_SIGMA = "over three times the mean of seven days", "over the mean of thirty days and three sigma"


@dataclass(frozen=True, slots=True)
class Alarm:
    """What a rule said of a project, and the days it said it of."""

    rule: str
    project: str
    first: date
    last: date


def shipped(*names: str) -> list[Rule]:
    """Shipped rules by name."""
    rules, _ = rulebook.load([places.rules()], {})
    return [rule for rule in rules if rule.id in names]


def audits(spend: Spend, rules: Iterable[Rule], months: Sequence[Month] = MONTHS) -> Iterator[tuple[Month, Finding]]:
    """Every finding of some rules over some months of a company."""
    rules = list(rules)
    with _engine(spend) as engine:
        for month in months:
            _show(engine, spend, month)
            for rule in rules:
                for finding in inspection.run(engine, rule, _span(month)):
                    yield month, finding


def alarms(told: Iterable[tuple[Month, Finding]]) -> list[Alarm]:
    """What findings say, a project at a time; what names no days speaks of its month."""
    found = []
    for month, finding in told:
        first, last = (_day(finding, name) for name in ("first_day", "last_day"))
        projects = [finding.project] if finding.project else str(finding.evidence["spender"]).split(", ")
        found += [Alarm(finding.rule, name, first or month.first_day, last or month.last_day) for name in projects]
    return found


def fixed_rules(spend: Spend) -> list[Alarm]:
    """What two rules that people use now would have said, with the same floor in money; days in a row are one alarm."""
    days: dict[str, list[tuple[str, date]]] = {THREE_TIMES: [], THREE_SIGMA: []}
    with _engine(spend) as engine:
        for month in MONTHS:
            _show(engine, spend, month)
            for project, day, times, sigma in engine.rows(_FIXED):
                days[THREE_TIMES] += [(project, day)] if times else []
                days[THREE_SIGMA] += [(project, day)] if sigma else []
    return [alarm for rule, raised in days.items() for alarm in _in_a_row(rule, sorted(raised))]


def _in_a_row(rule: str, days: list[tuple[str, date]]) -> list[Alarm]:
    found: list[Alarm] = []
    for project, day in days:
        if found and found[-1].project == project and day - found[-1].last <= _NEAR:
            found[-1] = Alarm(rule, project, found[-1].first, day)
        else:
            found.append(Alarm(rule, project, day, day))
    return found


def hits(alarm: Alarm, change: Change) -> bool:
    """Whether an alarm lies on a change."""
    return alarm.project == change.project and alarm.first <= change.last and change.first <= alarm.last


def _engine(spend: Spend) -> Engine:
    engine = Engine()
    clock = tables.Clock.of(Settings(), datetime(2025, 6, 1), datetime(2026, 10, 1))  # noqa: DTZ001  # UTC without a zone
    shapes: dict[str, dict[str, Any]] = {
        "priced_rows": window.PRICED_SHAPE,
        "prices": join.PRICES_SHAPE,
        "first_seen": tables.FIRST_SEEN_SHAPE,
        "pools": tables.POOLS_SHAPE,
        "projects": {**window.PROJECTS_SHAPE, "cost": tables.SUM, "calls": "BIGINT"},
        "spend_shape": tables.DAILY_SHAPE,
    }
    for table, shape in shapes.items():
        engine.load(table, shape, [])
    window.show_priced(engine, clock, "USD")
    with engine.scanning("simulated", spend.frame):
        engine.run("CREATE TEMP TABLE all_spend AS SELECT * FROM spend_shape UNION ALL BY NAME SELECT * FROM simulated")
    return engine


def _show(engine: Engine, spend: Spend, month: Month) -> None:
    """The tables as they stand when a month is audited: nothing of later months."""
    engine.load("days", tables.DAYS_SHAPE, tables.day_rows(month, spend.country, (FIRST, LAST), ended=True))
    engine.run(
        "CREATE OR REPLACE TEMP TABLE daily_spend AS SELECT * FROM all_spend "
        "WHERE day BETWEEN (SELECT min(day) FROM days) AND (SELECT max(day) FROM days)"
    )


def _span(month: Month) -> Span:
    return Span(*(datetime(at.year, at.month, 1) for at in (month.first_day, month.shift(1).first_day)))  # noqa: DTZ001


def _day(finding: Finding, name: str) -> date | None:
    told = finding.evidence.get(name)
    return date.fromisoformat(str(told)) if told else None
