"""The figures that a page prints add up to the totals that it prints, down and across, in every currency."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.report import speech
from audit.report.render import render
from audit.report.tables import column
from tests.report import bills, examples
from tests.report.examples import EXAMPLES, TEMPLATES
from tests.report.printed import Table, Tables, number

CURRENCIES = ("USD", "CNY", "JPY", "KWD")
ZERO = Decimal(0)


def add_up(table: Table) -> list[str]:
    """Each column of a table whose rows do not come to its total."""
    total, wrong = table.total, []
    assert total is not None
    for at, cell in enumerate(total.cells):
        due = number(cell)
        if cell in ("", "–") or due is None:
            continue
        parts = [number(row.cells[at]) for row in table.rows[:-1]]
        come_to = sum((part for part in parts if part is not None), ZERO)
        if come_to != due:
            wrong.append(f"{table.headings[at + 1]}: {come_to} instead of {cell}")
    return wrong


@pytest.mark.parametrize("currency", CURRENCIES)
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", EXAMPLES)
def test_every_table_adds_up_as_it_is_printed(name: str, language: str, currency: str) -> None:
    pages = render(EXAMPLES[name](language, currency), TEMPLATES)
    tables = [table for table in Tables(pages.report_html).found if table.total]
    assert tables or name in ("empty", "unpriced")
    assert [wrong for table in tables for wrong in add_up(table)] == []


def under(heading: str, report_html: str) -> Table:
    """The first table whose first heading is this."""
    return next(table for table in Tables(report_html).found if table.headings[:1] == [heading])


@pytest.mark.parametrize("currency", CURRENCIES)
def test_each_row_of_who_is_charged_what_adds_up_across(currency: str) -> None:
    report = examples.everything("en", currency)
    names = ("Support assistant", "Product search", "Platform")
    spent = [(names[0], "10.004999999"), (names[1], "0.005"), (names[2], "0.014444444"), (None, "3.0049")]
    lines = bills.charged(spent, names[2], names[1])
    pages = render(replace(report, accounts=replace(report.accounts, charged=lines)), TEMPLATES)
    for text in (pages.report_html, render(report, TEMPLATES).report_html):
        charged = next(table for table in Tables(text).found if table.headings[-1:] == ["Charged"])
        assert charged.headings == ["Project", "Own calls", "Taken over", "Handed out", "Margin", "Charged"]
        assert len(charged.rows) >= len(spent)
        assert add_up(charged) == []
        for row in charged.rows:
            *parts, result = [number(cell) or ZERO for cell in row.cells]
            assert sum(parts, ZERO) == result


def test_each_row_of_an_invoice_is_billed_less_computed() -> None:
    for name in ("everything", "two_currencies"):
        tables = Tables(render(EXAMPLES[name]("en", "USD"), TEMPLATES).report_html).found
        compared = [table for table in tables if table.headings[1:4] == ["Billed", "Computed", "Difference"]]
        assert len(compared) >= 3
        for row in (row for table in compared for row in table.rows):
            billed, computed, difference = (number(cell) or ZERO for cell in row.cells[:3])
            assert billed - computed == difference


def test_a_projects_cost_is_what_it_is_charged_in_both_tables() -> None:
    text = render(examples.everything(), TEMPLATES).report_html
    charged = {row.name: row.cells[-1] for row in under("Project", text.split('id="accounts"')[1]).rows}
    costs = next(table for table in Tables(text).found if "Month before" in table.headings)
    assert {row.name: row.cells[1] for row in costs.rows} == charged


AMOUNT = st.decimals(0, 10**9, allow_nan=False, allow_infinity=False, places=9)
SMALL = st.decimals(0, 2, allow_nan=False, allow_infinity=False, places=9)


@given(st.lists(AMOUNT | SMALL, max_size=12), st.sampled_from(CURRENCIES), st.sampled_from(["en", "zh"]), st.booleans())
def test_a_column_of_money_adds_up_as_printed(parts: list[Decimal], currency: str, language: str, coin: bool) -> None:  # noqa: FBT001
    shown = column(parts, speech.load(TEMPLATES, language, currency), to_the_coin=coin)
    assert sum((number(text) or ZERO for text in shown.parts), ZERO) == number(shown.total)
