"""The columns of the report's tables whose figures a reader may add up: projects, models, days and months."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from audit.report import charts
from audit.report.coverage import combined
from audit.report.tables import NONE, column
from audit.rounding import ZERO, digits_of, rounded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.report.charts import LineFigure
    from audit.report.content import Assessed, ModelLine, ProjectLine, Report
    from audit.report.speech import Speech
    from audit.report.standing import Spoken


@dataclass(frozen=True, slots=True)
class ProjectRow:
    """A project's figures, or those of all together: ``project`` tells which, and is None for the latter."""

    project: ProjectLine | None
    calls: str
    cost: str
    before: str
    over_by: str
    waste: str
    avoidable: str


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A model with its bar, held against the costliest, its cost and its share; without one, several together."""

    model: ModelLine | None
    name: str
    calls: str
    cost: str
    share: Decimal | None
    width: float


def costs(report: Report, speech: Speech) -> dict[str | None, str]:
    """Each project's cost, printed so that all of them add up."""
    shown = column([project.cost for project in report.projects], speech).parts
    return {project.project: cost for project, cost in zip(report.projects, shown, strict=True)}


def revenues(report: Report, speech: Speech) -> dict[str | None, str]:
    """Each project's expected revenue where one is given; to the coin where somebody gave one to the coin."""
    given = {p.project: p.expected_revenue for p in report.projects if p.expected_revenue is not None}
    digits = 0 if all(money == rounded(money, 0) for money in given.values()) else speech.digits()
    return {project: speech.amount(rounded(money, digits), digits) for project, money in given.items()}


def project_rows(line: LineFigure, report: Report, spoken: Spoken) -> tuple[ProjectRow, ...]:
    """Every project's figures in the chart's order, and, of several, what they come to."""
    speech = spoken.speech
    lines = [bar.project for bar in line.bars]
    befores = [p.previous_cost for p in lines]
    known = [cost for cost in befores if cost is not None]
    before = column(known, speech)
    told = iter(before.parts)
    shown_before = [speech.say("line.unknown") if cost is None else next(told) for cost in befores]
    waste, avoidable = column([p.waste for p in lines], speech), column([p.avoidable for p in lines], speech)
    rows = [
        ProjectRow(
            project=p,
            calls=speech.count(p.calls),
            cost=spoken.cost(p),
            before=shown_before[at],
            over_by=speech.money(p.over_by) if p.standing == "over" else NONE,
            waste=spoken.saving(p.waste, p.waste_assessed, waste.parts[at]),
            avoidable=spoken.saving(p.avoidable, p.avoidable_assessed, avoidable.parts[at]),
        )
        for at, p in enumerate(lines)
    ]
    if len(lines) > 1:
        rows.append(
            ProjectRow(
                project=None,
                calls=speech.count(sum(p.calls for p in lines)),
                cost=spoken.sum_of_costs(report.projects, column([p.cost for p in report.projects], speech).total),
                before=before.total if len(known) == len(lines) else NONE,
                over_by=NONE,
                waste=spoken.saving(*_saved([(p.waste, p.waste_assessed) for p in lines]), waste.total),
                avoidable=spoken.saving(*_saved([(p.avoidable, p.avoidable_assessed) for p in lines]), avoidable.total),
            )
        )
    return tuple(rows)


def _saved(found: Sequence[tuple[Decimal, Assessed]]) -> tuple[Decimal, Assessed]:
    """A saving of all projects, and how much of them could be judged."""
    return sum((money for money, _ in found), ZERO), combined([assessed for _, assessed in found])


def model_rows(models: Sequence[ModelLine], speech: Speech, most: int) -> tuple[ModelRow, ...]:
    """The models in their order, those beyond so many in one row, and, of several, what they come to."""
    shown, left = models[:most], models[most:]
    spend = sum((m.cost for m in models if m.cost is not None), ZERO)
    highest = max((m.cost for m in shown if m.cost is not None), default=ZERO)
    rest = sum((m.cost for m in left if m.cost is not None), ZERO)
    priced = [m.cost for m in shown if m.cost is not None]
    money = column([*priced, rest] if left else priced, speech)
    told = iter(money.parts)
    rows = [
        ModelRow(
            model=m,
            name="",
            calls=speech.count(m.calls),
            cost=speech.say("models.no_price") if m.cost is None else next(told),
            share=m.cost / spend if m.cost is not None and spend > 0 else None,
            width=charts.part(m.cost, highest),
        )
        for m in shown
    ]

    def together(name: str, of: Sequence[ModelLine], cost: str, share: Decimal | None) -> ModelRow:
        return ModelRow(None, name, speech.count(sum(m.calls for m in of)), cost, share, 0)

    if left:
        share = rest / spend if spend > 0 else None
        rows.append(together(speech.say("models.rest", n=len(left)), left, next(told), share))
    if len(rows) > 1:
        rows.append(together(speech.say("models.total"), models, money.total, None))
    return tuple(rows)


def uniform(values: Sequence[Decimal], speech: Speech) -> tuple[str, ...]:
    """A column that nobody adds up: each figure rounded by itself, all to as many digits."""
    digits = digits_of(values, speech.digits())
    return tuple(speech.amount(rounded(value, digits), digits) for value in values)
