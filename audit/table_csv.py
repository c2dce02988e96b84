"""Small tables that people keep in a spreadsheet and save as CSV; every mistake is named with its file and line."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from audit.records import Month, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Row:
    """A row that holds something: its values by column, lower case and stripped, and where it stands."""

    values: dict[str, str]
    path: Path
    line: int

    @property
    def place(self) -> str:
        """The file and the line, as errors begin."""
        return f"{self.path}, line {self.line}"


def read(path: Path, what: str, needed: Sequence[str], wanted: Sequence[str] = ()) -> list[Row]:
    """The rows of a file in their order. Raises UsageError with file and line.

    ``what`` names the file's matter, as "revenue". A ``needed`` column may be one of two: "date or month".
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            _check_head(path, reader.fieldnames or (), needed, wanted)
            rows = [(reader.line_num, row) for row in reader]
    except UnicodeDecodeError:
        raise UsageError(f"{path}: not UTF-8: save it in Excel as 'CSV UTF-8 (Comma delimited)'") from None
    except csv.Error as error:
        raise UsageError(f"{path}: not a CSV: {error}") from None
    except OSError as error:
        raise UsageError(f"{path}: the {what} file cannot be read: {error.strerror}") from None
    # A spreadsheet leaves rows of nothing but commas below its table.
    filled = [(line, row) for line, row in rows if None in row or any((value or "").strip() for value in row.values())]
    return [_row(path, line, row) for line, row in filled]


def _check_head(path: Path, names: Sequence[str], needed: Sequence[str], wanted: Sequence[str]) -> None:
    columns = [name.strip().lower() for name in names if name.strip()]
    listed = f"the columns are {', '.join(needed)}"
    listed += f" and, if wanted, {' and '.join(wanted)}" if wanted else ""
    if len(names) == 1 and (mark := next((mark for mark in ";\t" if mark in names[0]), None)):
        between = "semicolons" if mark == ";" else "tabs"
        raise UsageError(f"{path}, line 1: {between} stand between the columns: save it with commas; {listed}")
    wrong = []
    known = list(wanted)
    for column in needed:
        either = column.split(" or ")
        known += either
        stands = [name for name in either if name in columns]
        if len(stands) != 1:
            quoted = [f"'{name}'" for name in either]
            wrong.append(f"{' and '.join(quoted)} both stand there" if stands else f"{' or '.join(quoted)} is missing")
    wrong += [f"'{name}' is unknown" for name in columns if name not in known]
    wrong += [
        f"'{name}' stands there twice" for name in dict.fromkeys(columns) if name in known and columns.count(name) > 1
    ]
    if wrong:
        raise UsageError(f"{path}, line 1: {', '.join(wrong)}; {listed}")


def _row(path: Path, line: int, row: dict[str | Any, str | Any]) -> Row:
    if None in row:
        raise UsageError(f"{path}, line {line}: more values than columns: an amount with commas in it stands in quotes")
    return Row({name.strip().lower(): (value or "").strip() for name, value in row.items()}, path, line)


def month(text: str) -> Month:
    """A month, or the day it begins with; a spreadsheet may have made something else of it. Raises ValueError."""
    try:
        return Month.of(date.fromisoformat(text)) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) else Month.parse(text)
    except ValueError:
        raise ValueError(
            f"'{text}' is not a month: write it as 2026-10, in cells that the spreadsheet keeps as text"
        ) from None


def day(text: str) -> date:
    """A day; a spreadsheet may have made something else of it. Raises ValueError."""
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise ValueError(f"'{text}' is no day: write it as 2026-10-31, in cells that the spreadsheet keeps as text")


def digits(text: str) -> Decimal | None:
    """Digits, with or without commas between thousands; None for all else, which might be read as another number."""
    if not re.fullmatch(r"(\d+|\d{1,3}(,\d{3})+)(\.\d+)?", text, re.ASCII):
        return None
    return Decimal(text.replace(",", ""))


def amount(text: str) -> Decimal:
    """An amount of money of zero or more. Raises ValueError."""
    if (value := digits(text)) is None:
        raise ValueError(f"'{text}' is no amount of zero or more: write it as 12000 or 12,000.50, without its currency")
    return value
