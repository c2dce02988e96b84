"""The red line: what each project is expected to earn in a month, and how its cost stands against that."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from audit.pricing.rates import rate
from audit.records import Month, UsageError
from audit.settings import currency_code

if TYPE_CHECKING:
    from collections.abc import Sequence
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
    place: str


def owners(settings: Settings, month: Month) -> list[Owner]:
    """Every project the settings or the revenue CSV name, with the revenue row that holds in the month."""
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
        Owner(name, told[name], _expected(settings, dated, name, month), settings.red_line.share)
        for name in sorted(told)
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
            _check_head(path, reader.fieldnames or ())
            rows = [(reader.line_num, row) for row in reader]
    except UnicodeDecodeError:
        raise UsageError(f"{path}: not UTF-8: save it in Excel as 'CSV UTF-8 (Comma delimited)'") from None
    except csv.Error as error:
        raise UsageError(f"{path}: not a CSV: {error}") from None
    except OSError as error:
        raise UsageError(f"{path}: the revenue file cannot be read: {error.strerror}") from None
    # A spreadsheet leaves rows of nothing but commas below its table.
    filled = [(line, row) for line, row in rows if None in row or any((value or "").strip() for value in row.values())]
    return [_row(f"{path}, line {line}", row) for line, row in filled]


def _check_head(path: Path, names: Sequence[str]) -> None:
    columns = [name.strip().lower() for name in names if name.strip()]
    needed = "the columns are project, from, amount and, if wanted, currency and owner"
    if len(names) == 1 and (mark := next((mark for mark in ";\t" if mark in names[0]), None)):
        what = "semicolons" if mark == ";" else "tabs"
        raise UsageError(f"{path}, line 1: {what} stand between the columns: save it with commas; {needed}")
    wrong = [f"'{name}' is missing" for name in ("project", "from", "amount") if name not in columns]
    wrong += [f"'{name}' is unknown" for name in columns if name not in _COLUMNS]
    wrong += [f"'{name}' stands there twice" for name in _COLUMNS if columns.count(name) > 1]
    if wrong:
        raise UsageError(f"{path}, line 1: {', '.join(wrong)}; {needed}")


def _row(place: str, row: dict[str | Any, str | Any]) -> _Dated:
    if None in row:
        raise UsageError(f"{place}: more values than columns: an amount with commas in it stands in quotes")
    values = {name.strip().lower(): (value or "").strip() for name, value in row.items()}
    try:
        since = _month(values["from"])
        amount = _amount(values["amount"])
        currency = currency_code(values["currency"].upper()) if values.get("currency") else None
    except ValueError as error:
        raise UsageError(f"{place}: {error}") from None
    if not values["project"]:
        raise UsageError(f"{place}: the row names no project")
    return _Dated(values["project"], since, amount, currency, values.get("owner", ""), place)


def _month(text: str) -> Month:
    """A month, or the day it begins with; a spreadsheet may have made something else of it."""
    try:
        return Month.of(date.fromisoformat(text)) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) else Month.parse(text)
    except ValueError:
        raise ValueError(
            f"'{text}' is not a month: write it as 2026-10, in cells that the spreadsheet keeps as text"
        ) from None


def _amount(text: str) -> Decimal:
    """Digits, with or without commas between thousands. Anything else might be read as another amount than is meant."""
    if not re.fullmatch(r"(\d+|\d{1,3}(,\d{3})+)(\.\d+)?", text, re.ASCII):
        raise ValueError(f"'{text}' is no amount of zero or more: write it as 12000 or 12,000.50, without its currency")
    return Decimal(text.replace(",", ""))


def standing(cost: Decimal, expected_revenue: Decimal | None, share: Decimal, near: Decimal) -> Standing:
    """Where a cost stands: at exactly the line it holds, above it is over."""
    if expected_revenue is None:
        return "no_revenue"
    line = expected_revenue * share
    if cost > line:
        return "over"
    return "near" if cost > 0 and cost >= line * near else "under"
