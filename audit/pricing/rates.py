"""Exchange rates: the settings' rows, then those of the company's CSV, then a small table of past months.

A row of the settings or the CSV states units of the report's currency for one unit of another, and holds from its
month until a later row of either; of one month the settings' row goes before the CSV's. A row of the table (units a
US dollar) holds for its own month only: no month is translated at a rate that nobody chose for it.
"""

from __future__ import annotations

import csv
import functools
from dataclasses import dataclass
from decimal import Decimal, localcontext
from pathlib import Path
from typing import TYPE_CHECKING

from audit import table_csv
from audit.records import Month, UsageError
from audit.settings_types import currency_code

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.settings import Settings

TABLE = Path(__file__).with_name("rates.csv")
_OF_TABLE = "USD"
# The table's figures have four to six significant digits: a cross rate with more would only look exact.
SIGNIFICANT = 6


class MissingRateError(UsageError):
    """Nobody states what a currency was worth in a month."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Units of one currency for one unit of another, where that is stated, and the month it is stated for."""

    value: Decimal
    source: str
    month: Month


@dataclass(frozen=True, slots=True)
class _Dated:
    """A row of the settings or the CSV: units of ``into`` for one unit of ``currency``."""

    currency: str
    into: str | None
    rate: Rate


def rate(settings: Settings, currency: str, into: str, month: Month, *, table: Path = TABLE) -> Rate:
    """What one unit of ``currency`` is worth in ``into`` in a month. Raises UsageError naming month and pair."""
    if currency == into:
        return Rate(Decimal(1), "one currency", month)
    own = settings.company.currency
    rows = [
        _Dated(row.currency, own, Rate(row.rate, "the settings", Month.parse(row.month)))
        for row in settings.exchange_rates
    ]
    if settings.exchange_rates_csv is not None:
        rows += _of_csv(settings.exchange_rates_csv)
    held = [row.rate for row in rows if (row.currency, row.into or own) == (currency, into) and row.rate.month <= month]
    # max() takes the first of equals: the settings' row of a month goes before the CSV's.
    found = max(held, key=lambda row: row.month, default=None) or _of_table(table, currency, into, month)
    if found is None:
        raise MissingRateError(_missing(rows, own, (currency, into), month))
    return found


def _missing(rows: Sequence[_Dated], own: str, pair: tuple[str, str], month: Month) -> str:
    currency, into = pair
    turned = next((row.rate for row in rows if (row.currency, row.into or own) == (into, currency)), None)
    hint = f" ({turned.source} states it the other way round)" if turned else ""
    remedy = (
        f'add [[exchange_rates]] with month = "{month}", currency = "{currency}" and rate = units of {into} '
        f"for 1 {currency} to the settings, or such a row to the file of exchange_rates_csv"
    )
    return f"no exchange rate from {currency} to {into} for {month}{hint}: {remedy}"


def _of_csv(path: Path) -> Sequence[_Dated]:
    """The rows of the company's CSV; read again once it has changed."""
    try:
        now = path.stat()
    except OSError:
        return _rows(path, 0, 0)
    return _rows(path, now.st_mtime_ns, now.st_size)


@functools.lru_cache(maxsize=8)
def _rows(path: Path, _changed: int, _size: int) -> Sequence[_Dated]:
    """Raises UsageError with file and line."""
    first: dict[tuple[str, str | None, Month], _Dated] = {}
    for row in table_csv.read(path, "exchange rate", ("month", "currency", "rate"), ("into",)):
        dated = _row(row)
        before = first.setdefault((dated.currency, dated.into, dated.rate.month), dated)
        if before is not dated:
            what = f"the rate of {dated.currency} from {dated.rate.month} stands in {before.rate.source} already"
            raise UsageError(f"{row.place}: {what}; keep one of them")
    return tuple(first.values())


def _row(row: table_csv.Row) -> _Dated:
    values = row.values
    try:
        month = table_csv.month(values["month"])
        currency = currency_code(values["currency"].upper())
        into = currency_code(values["into"].upper()) if values.get("into") else None
    except ValueError as error:
        raise UsageError(f"{row.place}: {error}") from None
    value = table_csv.digits(values["rate"])
    if not value:
        raise UsageError(f"{row.place}: '{values['rate']}' is no rate above zero: write it in digits, as 0.1432")
    return _Dated(currency, into, Rate(value, f"{row.path.name} line {row.line}", month))


def _of_table(path: Path, currency: str, into: str, month: Month) -> Rate | None:
    """The month's own rate by way of the US dollar; None where the table does not have both."""
    listed = _table(path)
    below, above = listed.get((month, currency)), listed.get((month, into))
    if below is None or above is None:
        return None
    sources = [source for source in dict.fromkeys((below[1], above[1])) if source]
    with localcontext(prec=SIGNIFICANT):
        value = above[0] / below[0]
    return Rate(value, "; ".join(sources), month)


@functools.lru_cache(maxsize=8)
def _table(path: Path) -> dict[tuple[Month, str], tuple[Decimal, str]]:
    """Units a US dollar and where they come from, by month and currency."""
    found: dict[tuple[Month, str], tuple[Decimal, str]] = {}
    with path.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            month = Month.parse(row["month"])
            found[month, row["currency"]] = (Decimal(row["per_usd"]), row["source"])
            found[month, _OF_TABLE] = (Decimal(1), "")
    return found
