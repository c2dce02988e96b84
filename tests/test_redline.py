from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.records import Month, UsageError
from audit.redline import Owner, owners, standing
from audit.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

OCTOBER = Month(2026, 10)
SHARE, NEAR = Decimal("0.20"), Decimal("0.80")
HEAD = "project,from,amount,currency,owner\n"


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return tmp_path / "revenue.csv"


def expected(found: list[Owner]) -> dict[str, Decimal | None]:
    return {owner.project: owner.expected_revenue for owner in found}


def told(book: Path, text: str | bytes, month: Month = OCTOBER, **settings: Any) -> list[Owner]:
    book.write_bytes(text if isinstance(text, bytes) else text.encode())
    return owners(Settings.model_validate({"revenue_csv": book, **settings}), month)


def test_a_row_holds_from_its_month_until_a_later_one() -> None:
    rows = [{"from": "2026-10", "amount": 300}, {"from": "2026-07", "amount": 100}, {"from": "2026-12", "amount": 900}]
    settings = Settings.model_validate({"projects": [{"name": "a", "owner": "Team A", "revenue": rows}]})
    found = {str(month): expected(owners(settings, month))["a"] for month in map(OCTOBER.shift, range(-4, 4))}
    assert found == {
        "2026-06": None,
        **dict.fromkeys(("2026-07", "2026-08", "2026-09"), Decimal(100)),
        **dict.fromkeys(("2026-10", "2026-11"), Decimal(300)),
        **dict.fromkeys(("2026-12", "2027-01"), Decimal(900)),
    }
    assert owners(settings, OCTOBER) == [Owner("a", "Team A", Decimal("300.00"), SHARE)]


def test_the_file_and_the_settings_add_up_to_one_list(book: Path) -> None:
    text = HEAD + "b,2026-07,200,,Ben\na,2026-09,150,,Nobody\nc,2026-12,1,,Cy\n"
    rows = [{"from": "2026-07", "amount": 100}]
    projects = [{"name": "a", "owner": "Team A", "revenue": rows}, {"name": "d"}]
    assert told(book, text, projects=projects) == [
        Owner("a", "Team A", Decimal("150.00"), SHARE),
        Owner("b", "Ben", Decimal("200.00"), SHARE),
        Owner("c", "Cy", None, SHARE),
        Owner("d", "", None, SHARE),
    ]


def test_revenue_is_translated_at_the_month_s_rate(book: Path) -> None:
    rates = [
        {"month": month, "currency": "CNY", "rate": rate} for month, rate in (("2026-07", 0.14), ("2026-10", 0.141))
    ]
    text = HEAD + "a,2026-07,1000,CNY,\nb,2026-07,1000,cny,\nc,2026-07,1000,USD,\nd,2026-07,1000,,\n"
    months = {month: expected(told(book, text, month, exchange_rates=rates)) for month in (Month(2026, 9), OCTOBER)}
    assert [months[Month(2026, 9)][name] for name in "abcd"] == [140, 140, 1000, 1000]
    assert [months[OCTOBER][name] for name in "abcd"] == [141, 141, 1000, 1000]
    with pytest.raises(UsageError, match="no exchange rate from CNY to USD for 2099-01"):
        told(book, text, Month(2099, 1))


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        pytest.param(b"\xef\xbb\xbfproject,from,amount\r\na,2026-07,100\r\n", {"a": 100}, id="from Excel, with a BOM"),
        pytest.param("Project, From ,AMOUNT\n a , 2026-07 , 100 \n", {"a": 100}, id="blanks and capitals"),
        pytest.param('project,from,amount\na,2026-07,"1,234,567.89"\n', {"a": "1234567.89"}, id="thousands in quotes"),
        pytest.param("project,from,amount\n\na,2026-07,100\n\n,,\n", {"a": 100}, id="blank lines and empty rows"),
        pytest.param("project,from,amount,,\na,2026-07,100,,\n", {"a": 100}, id="empty columns"),
        pytest.param("project,from,amount\na,2026-07-01,100\n", {"a": 100}, id="a month as its first day"),
        pytest.param("project,from,amount\na,2026-07,0\n", {"a": 0}, id="nothing is expected"),
        pytest.param("project,from,amount\n客服,2026-07,100\n", {"客服": 100}, id="Chinese"),
        pytest.param('project,from,amount\n"O\'Brien, ""Bot""",2026-07,100\n', {'O\'Brien, "Bot"': 100}, id="quotes"),
        pytest.param("project,from,amount\n", {}, id="no row yet"),
    ],
)
def test_what_a_spreadsheet_writes_is_read(book: Path, text: str | bytes, amounts: dict[str, Any]) -> None:
    assert expected(told(book, text)) == {name: Decimal(amount) for name, amount in amounts.items()}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ", line 1: 'project' is missing, 'from' is missing, 'amount' is missing; the columns are project, from,"),
        ("project,amount\na,1\n", ", line 1: 'from' is missing; the columns are project, from, amount and, if wanted,"),
        ("project,from,amount,note\na,2026-07,1,x\n", ", line 1: 'note' is unknown; the columns are"),
        ("project,from,amount,Amount\na,2026-07,1,2\n", ", line 1: 'amount' stands there twice; the columns are"),
        ("project;from;amount\na;2026-07;1\n", ", line 1: semicolons stand between the columns: save it with commas"),
        ("project\tfrom\tamount\n", ", line 1: tabs stand between the columns: save it with commas"),
        (HEAD + "a,2026-07,1,,\na,2026-13,1,,\n", ", line 3: '2026-13' is not a month: write it as 2026-10"),
        (HEAD + "\n\na,Jul-26,1,,\n", ", line 4: 'Jul-26' is not a month: write it as 2026-10, in cells that"),
        (HEAD + "a,2026/7/1,1,,\n", ", line 2: '2026/7/1' is not a month"),
        (HEAD + "a,2026-07 later,1,,\n", ", line 2: '2026-07 later' is not a month"),
        (HEAD + "a,2026-02-30,1,,\n", ", line 2: '2026-02-30' is not a month"),
        (HEAD + "a,,1,,\n", ", line 2: '' is not a month"),
        (HEAD + "a\n", ", line 2: '' is not a month"),
        (HEAD + ",2026-07,1,,\n", ", line 2: the row names no project"),
        (HEAD + "a,2026-07,,,\n", ", line 2: '' is no amount of zero or more: write it as 12000 or 12,000.50"),
        (HEAD + "a,2026-07,-1,,\n", ", line 2: '-1' is no amount of zero or more"),
        (HEAD + "a,2026-07,$100,,\n", ", line 2: '$100' is no amount of zero or more"),
        (HEAD + "a,2026-07,1.2E+06,,\n", ", line 2: '1.2E+06' is no amount"),
        (HEAD + "a,2026-07,nan,,\n", ", line 2: 'nan' is no amount"),
        (HEAD + 'a,2026-07,"12,5",,\n', ", line 2: '12,5' is no amount"),
        (HEAD + 'a,2026-07,"1.234,56",,\n', ", line 2: '1.234,56' is no amount"),
        (
            HEAD + "a,2026-07,12,000,,\n",
            ", line 2: more values than columns: an amount with commas in it stands in quotes",
        ),
        ("project,from,amount\na,2026-07,12,000\n", ", line 2: more values than columns"),
        ("project,from,amount,currency\na,2026-07,12,000\n", ", line 2: '000' is no currency"),
        (HEAD + "a,2026-07,1,RMB,\n", ", line 2: 'RMB' is no currency: did you mean 'CNY'?"),
        (
            HEAD + "a,2026-07,1,,\nb,2026-07,1,,\na,2026-07-15,2,,\n",
            ", line 4: 'a' has a row from 2026-07 already, in ",
        ),
        ("project,from,amount\n客服,2026-07,1\n".encode("gbk"), ": not UTF-8: save it in Excel as 'CSV UTF-8"),
        ("project,from,amount\n".encode("utf-16"), ": not UTF-8: save it in Excel as 'CSV UTF-8"),
        (HEAD + f"{'a' * 200_000},2026-07,1,,\n", ": not a CSV: field larger than field limit"),
    ],
)
def test_what_cannot_be_meant_is_an_error_with_its_line(book: Path, text: str | bytes, said: str) -> None:
    with pytest.raises(UsageError) as error:
        told(book, text)
    assert str(error.value).startswith(f"{book}{said}")


def test_a_row_of_the_settings_and_one_of_the_file_cannot_both_hold(book: Path) -> None:
    projects = [{"name": "a", "revenue": [{"from": "2026-07", "amount": 100}]}]
    with pytest.raises(UsageError, match="line 2: 'a' has a row from 2026-07 already, in the settings; keep one"):
        told(book, HEAD + "a,2026-07,100,,\n", projects=projects)


def test_a_file_that_is_not_there(book: Path) -> None:
    with pytest.raises(UsageError, match=r"revenue\.csv: the revenue file cannot be read: No such file"):
        owners(Settings(revenue_csv=book), OCTOBER)


@pytest.mark.parametrize(
    ("cost", "revenue", "where"),
    [
        ("200", "1000", "near"),  # exactly the line: it holds
        ("200.000000001", "1000", "over"),
        ("199.999999999", "1000", "near"),
        ("160", "1000", "near"),
        ("159.999999999", "1000", "under"),
        ("0", "1000", "under"),
        ("0.000000001", "0", "over"),
        ("0", "0", "under"),
        ("0", None, "no_revenue"),
        ("5", None, "no_revenue"),
        ("0.666666666", "3.33", "over"),  # the line is 0.666
        ("0.666", "3.33", "near"),
    ],
)
def test_where_a_project_stands(cost: str, revenue: str | None, where: str) -> None:
    assert standing(Decimal(cost), None if revenue is None else Decimal(revenue), SHARE, NEAR) == where


@given(st.decimals(0, 10**9, places=2), st.decimals("0.01", 1, places=2), st.decimals(0, 1, places=2))
def test_exactly_the_line_never_breaks_it_and_the_least_above_does(
    revenue: Decimal, share: Decimal, near: Decimal
) -> None:
    line, least = revenue * share, Decimal("0.000000001")
    assert standing(line, revenue, share, near) == ("near" if line else "under")
    assert standing(line + least, revenue, share, near) == "over"
