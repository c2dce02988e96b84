"""The red line: what each project is expected to earn in a month, and how its cost stands against that."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Literal

from audit.pricing.rates import rate
from audit.records import Month, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from audit.settings import Settings

Standing = Literal["over", "near", "under", "no_revenue"]
_COLUMNS = {"project", "from", "amount", "currency", "owner"}


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


def owners(settings: Settings, month: Month) -> list[Owner]:
    """Every project the settings or the revenue CSV name, with the revenue row that holds in the month."""
    dated = [
        _Dated(project.name, Month.parse(row.since), row.amount, row.currency, "")
        for project in settings.projects
        for row in project.revenue
    ]
    if settings.revenue_csv is not None:
        dated += _from_csv(settings.revenue_csv)
    told = {project.name: project.owner for project in settings.projects}
    for row in dated:
        told[row.project] = told.get(row.project) or row.owner
    return [
        Owner(name, told[name], _expected(settings, dated, name, month), settings.red_line.share)
        for name in sorted(told)
    ]


def _expected(settings: Settings, dated: list[_Dated], project: str, month: Month) -> Decimal | None:
    rows = [row for row in dated if row.project == project and row.since <= month]
    if not rows:
        return None
    row = max(rows, key=lambda candidate: candidate.since)
    into = settings.company.currency
    amount = row.amount * rate(settings.exchange_rates, row.currency or into, into, month)
    return amount.quantize(Decimal("0.01"))


def _from_csv(path: Path) -> list[_Dated]:
    """Revenue rows a finance person keeps. Raises UsageError with file and line."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            columns = {name.strip().lower() for name in reader.fieldnames or ()}
            if not {"project", "from", "amount"} <= columns or columns - _COLUMNS:
                raise UsageError(
                    f"{path}, line 1: the columns are project, from, amount and, if wanted, currency and owner"
                )
            return [_row(path, reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: the revenue file cannot be read: {error}") from None


def _row(path: Path, line: int, row: dict[str, str | None]) -> _Dated:
    values = {name.strip().lower(): (value or "").strip() for name, value in row.items() if name}
    try:
        since = Month.parse(values["from"][:7])
        amount = Decimal(values["amount"].replace(",", ""))
    except ValueError as error:
        raise UsageError(f"{path}, line {line}: {error}") from None
    except InvalidOperation:
        raise UsageError(f"{path}, line {line}: '{values['amount']}' is no amount") from None
    if not values["project"] or not amount.is_finite() or amount < 0:
        raise UsageError(f"{path}, line {line}: a row needs a project and an amount of zero or more")
    return _Dated(values["project"], since, amount, values.get("currency") or None, values.get("owner", ""))


def standing(cost: Decimal, expected_revenue: Decimal | None, share: Decimal, near: Decimal) -> Standing:
    """Where a cost stands: at exactly the line it holds, above it is over."""
    if expected_revenue is None:
        return "no_revenue"
    line = expected_revenue * share
    if cost > line:
        return "over"
    return "near" if cost > 0 and cost >= line * near else "under"
