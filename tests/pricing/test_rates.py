from __future__ import annotations

import csv
import itertools
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.pricing.rates import SIGNIFICANT, TABLE, Rate, rate
from audit.records import Month, UsageError
from audit.settings import Settings
from audit.settings_types import currency_code

if TYPE_CHECKING:
    from pathlib import Path

OCTOBER = Month(2026, 10)
HEAD = "month,currency,rate\n"


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return tmp_path / "fx.csv"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "rates.csv"
    rows = ["2026-10,CNY,7.1,People's bank", "2026-10,EUR,0.86,Euro bank", "2026-09,CNY,7.2,People's bank"]
    path.write_text("\n".join(["month,currency,per_usd,source", *rows]) + "\n")
    return path


def of(table: Path, pair: tuple[str, str], month: Month = OCTOBER, **settings: Any) -> Rate:
    company = {"currency": pair[1]}
    return rate(Settings.model_validate({"company": company, **settings}), *pair, month, table=table)


def row(month: str, value: str, currency: str = "CNY") -> dict[str, str]:
    return {"month": month, "currency": currency, "rate": value}


def test_a_currency_is_worth_itself(table: Path) -> None:
    assert of(table, ("CNY", "CNY")).value == 1


def test_a_row_of_the_settings_holds_until_a_later_one(table: Path) -> None:
    rows = [row("2026-08", "0.14"), row("2026-10", "0.141"), row("2026-12", "0.15")]
    found = {
        str(month): of(table, ("CNY", "USD"), month, exchange_rates=rows)
        for month in (Month(2026, 8), Month(2026, 9), OCTOBER, Month(2026, 11), Month(2027, 5))
    }
    assert [str(one.value) for one in found.values()] == ["0.14", "0.14", "0.141", "0.141", "0.15"]
    assert found["2026-11"] == Rate(Decimal("0.141"), "the settings", OCTOBER)


def test_the_settings_go_before_the_file_and_the_file_before_the_table(table: Path, book: Path) -> None:
    book.write_text(HEAD + "2026-08,CNY,0.12\n2026-10,CNY,0.13\n2026-10,CNY,0.2\n".replace("CNY,0.2", "EUR,1.2"))
    pair = ("CNY", "USD")
    stated = [row("2026-10", "0.14")]
    assert of(table, pair, exchange_rates=stated, exchange_rates_csv=book) == Rate(
        Decimal("0.14"), "the settings", OCTOBER
    )
    assert of(table, pair, exchange_rates_csv=book) == Rate(Decimal("0.13"), "fx.csv line 3", OCTOBER)
    # A row holds until a later one of either: the file's newer row goes before the settings' older one.
    older = [row("2026-09", "0.14")]
    assert of(table, pair, exchange_rates=older, exchange_rates_csv=book).source == "fx.csv line 3"
    assert of(table, pair, Month(2026, 9), exchange_rates=older, exchange_rates_csv=book).source == "the settings"
    assert of(table, pair) == Rate(Decimal("0.140845"), "People's bank", OCTOBER)  # 1 / 7.1


def test_the_table_crosses_two_currencies_by_way_of_the_dollar(table: Path) -> None:
    assert of(table, ("USD", "CNY")) == Rate(Decimal("7.1"), "People's bank", OCTOBER)
    crossed = of(table, ("EUR", "CNY"))
    assert crossed == Rate(Decimal("8.25581"), "Euro bank; People's bank", OCTOBER)  # 7.1 / 0.86


@pytest.mark.parametrize(
    ("pair", "month"), [(("CNY", "USD"), Month(2026, 11)), (("JPY", "USD"), OCTOBER), (("EUR", "USD"), Month(2026, 9))]
)
def test_a_month_of_the_table_holds_for_itself_alone(table: Path, pair: tuple[str, str], month: Month) -> None:
    with pytest.raises(UsageError) as error:
        of(table, pair, month)
    assert str(error.value) == (
        f'no exchange rate from {pair[0]} to USD for {month}: add [[exchange_rates]] with month = "{month}", '
        f'currency = "{pair[0]}" and rate = units of USD for 1 {pair[0]} to the settings, '
        "or such a row to the file of exchange_rates_csv"
    )


def test_a_row_of_the_file_may_say_into_what(table: Path, book: Path) -> None:
    book.write_text("month,currency,rate,into\n2026-10,USD,7.3,CNY\n2026-10,EUR,8.4,cny\n2026-10,usd,0.9,EUR\n")
    assert of(table, ("USD", "CNY"), exchange_rates_csv=book).value == Decimal("7.3")
    assert of(table, ("EUR", "CNY"), exchange_rates_csv=book).value == Decimal("8.4")
    assert of(table, ("USD", "EUR"), exchange_rates_csv=book).source == "fx.csv line 4"
    with pytest.raises(UsageError, match=r"for 2026-12 \(fx.csv line 2 states it the other way round\): add"):
        of(table, ("CNY", "USD"), Month(2026, 12), exchange_rates_csv=book)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("month,currency\n", ", line 1: 'rate' is missing; the columns are month, currency, rate and, if wanted, into"),
        (HEAD + "2026-10,CNY,0\n", ", line 2: '0' is no rate above zero: write it in digits, as 0.1432"),
        (HEAD + "\n2026-10,CNY,14 %\n", ", line 3: '14 %' is no rate above zero"),
        (HEAD + "2026-10,RMB,7\n", ", line 2: 'RMB' is no currency: did you mean 'CNY'?"),
        (HEAD + "Oct-26,CNY,7\n", ", line 2: 'Oct-26' is not a month"),
        (
            HEAD + "2026-10,CNY,7\n2026-09,CNY,7\n2026-10-01,cny,8\n",
            ", line 4: the rate of CNY from 2026-10 stands in fx.csv line 2 already; keep one of them",
        ),
        (None, ": the exchange rate file cannot be read: No such file or directory"),
    ],
)
def test_what_cannot_be_meant_is_an_error_with_its_line(table: Path, book: Path, text: str | None, said: str) -> None:
    if text is not None:
        book.write_text(text)
    with pytest.raises(UsageError) as error:
        of(table, ("CNY", "USD"), exchange_rates_csv=book)
    assert str(error.value).startswith(f"{book}{said}")


def test_a_file_that_was_changed_is_read_again(table: Path, book: Path) -> None:
    for value in ("0.11", "0.125"):
        book.write_text(HEAD + f"2026-10,CNY,{value}\n")
        assert str(of(table, ("CNY", "USD"), exchange_rates_csv=book).value) == value


def test_the_table_that_ships_has_each_currency_in_each_of_its_months_once() -> None:
    with TABLE.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    held = [(row["month"], row["currency"]) for row in rows]
    assert set(held) == set(itertools.product(*(set(column) for column in zip(*held, strict=True))))
    assert len(held) == len(set(held))
    assert all(currency_code(row["currency"]) != "USD" and Decimal(row["per_usd"]) > 0 for row in rows)
    assert all(row["source"].startswith("https://") for row in rows)
    month, currency = max(held)
    dollars = rate(Settings(), currency, "USD", Month.parse(month))
    with localcontext(prec=SIGNIFICANT):
        value = 1 / Decimal(rows[held.index((month, currency))]["per_usd"])
    assert dollars == Rate(value, rows[-1]["source"], dollars.month)


UNITS = st.decimals("0.0001", "99999", places=4)


@given(UNITS, UNITS, st.sampled_from([("CNY", "EUR"), ("EUR", "CNY"), ("USD", "CNY"), ("CNY", "USD")]))
def test_there_and_back_is_what_it_was(
    tmp_path_factory: pytest.TempPathFactory, one: Decimal, other: Decimal, pair: tuple[str, str]
) -> None:
    path = tmp_path_factory.mktemp("rates") / "rates.csv"
    path.write_text(f"month,currency,per_usd,source\n2026-10,CNY,{one},a\n2026-10,EUR,{other},b\n")
    there, back = (of(path, way).value for way in (pair, pair[::-1]))
    assert abs(there * back - 1) <= Decimal("1e-5")  # six significant digits each way
