"""The red line: what each project is expected to earn in a month, and how its cost stands against that."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from audit import table_csv
from audit.pricing.money import Rates
from audit.records import Month, UsageError
from audit.settings_types import currency_code

if TYPE_CHECKING:
    from pathlib import Path

    from audit.settings import Settings

Standing = Literal["over", "near", "under", "no_revenue"]


@dataclass(frozen=True, slots=True)
class Owner:
    """A project as it is told: who answers for it and what it expects to earn in the month, report's currency."""

    project: str
    owner: str
    expected_revenue: Decimal | None
    line_share: Decimal


@dataclass(frozen=True, slots=True)
class _Dated:
    project: str
    since: Month
    amount: Decimal
    currency: str | None
    owner: str
    place: str


def owners(settings: Settings, month: Month, rates: Rates | None = None) -> list[Owner]:
    """Every project the settings or the revenue CSV name, with the revenue row that holds in the month.

    Its revenue is translated at the month's ``rates``, the settings' where left out.
    """
    rates = rates or Rates(settings)
    dated = [
        _Dated(project.name, Month.parse(row.since), row.amount, row.currency, "", "the settings")
        for project in settings.projects
        for row in project.revenue
    ]
    if settings.revenue_csv is not None:
        dated += _from_csv(settings.revenue_csv)
    _check_once(dated)
    told = {project.name: project.owner for project in settings.projects}
    for row in dated:
        told[row.project] = told.get(row.project) or row.owner
    return [
        Owner(name, told[name], _expected(rates, dated, name, month), settings.red_line.share) for name in sorted(told)
    ]


def _check_once(dated: list[_Dated]) -> None:
    """Raises UsageError where a project has two rows from one month: nobody could tell which holds."""
    first: dict[tuple[str, Month], _Dated] = {}
    for row in dated:
        before = first.setdefault((row.project, row.since), row)
        if before is not row:
            raise UsageError(
                f"{row.place}: '{row.project}' has a row from {row.since} already, in {before.place}; keep one of them"
            )


def _expected(rates: Rates, dated: list[_Dated], project: str, month: Month) -> Decimal | None:
    rows = [row for row in dated if row.project == project and row.since <= month]
    if not rows:
        return None
    row = max(rows, key=lambda candidate: candidate.since)
    amount = row.amount * rates.of_month(row.currency or rates.settings.company.currency, month)
    return amount.quantize(Decimal("0.01"))


def _from_csv(path: Path) -> list[_Dated]:
    """Revenue rows a finance person keeps. Raises UsageError with file and line."""
    rows = table_csv.read(path, "revenue", ("project", "from", "amount"), ("currency", "owner"))
    return [_row(row.place, row.values) for row in rows]


def _row(place: str, values: dict[str, str]) -> _Dated:
    try:
        since = table_csv.month(values["from"])
        amount = table_csv.amount(values["amount"])
        currency = currency_code(values["currency"].upper()) if values.get("currency") else None
    except ValueError as error:
        raise UsageError(f"{place}: {error}") from None
    if not values["project"]:
        raise UsageError(f"{place}: the row names no project")
    return _Dated(values["project"], since, amount, currency, values.get("owner", ""), place)


def standing(cost: Decimal, expected_revenue: Decimal | None, share: Decimal, near: Decimal) -> Standing:
    """Where a cost stands: at exactly the line it holds, above it is over."""
    if expected_revenue is None:
        return "no_revenue"
    line = expected_revenue * share
    if cost > line:
        return "over"
    return "near" if cost > 0 and cost >= line * near else "under"
