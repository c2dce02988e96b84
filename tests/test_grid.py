"""Rows as text: numbers under each other, texts cut, wide rows stood upright."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest

from audit.analyst import tablebook
from audit.engine.duckdb import Engine
from audit.records import UsageError
from audit.sandbox import TABLES
from audit.terminal import grid
from audit.terminal.aligned import width


def test_numbers_stand_under_each_other_with_the_digits_that_the_longest_needs() -> None:
    rows = [("a", 1200, Decimal("1.500000000")), ("bb", None, Decimal("0.250000000")), ("c", 3, None)]
    assert grid.lines(("name", "calls", "cost"), rows, 80) == [
        "name  calls  cost",
        "a     1,200  1.50",
        "bb     NULL  0.25",
        "c         3  NULL",
    ]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "NULL"),
        (True, "true"),
        (1234567, "1,234,567"),
        (Decimal("-0.000000300"), "-0.0000003"),
        (Decimal("0E-9"), "0"),
        (Decimal("1E+3"), "1,000"),
        (0.1 + 0.2, "0.3"),
        (12345678.9, "12,345,679"),
        (datetime(2026, 10, 5, 10), "2026-10-05 10:00:00"),  # noqa: DTZ001  # as the engine gives them
        (datetime(2026, 10, 5, 10, 0, 0, 120_000), "2026-10-05 10:00:00.120"),  # noqa: DTZ001
        (["a", None, 1], "[a, NULL, 1]"),
        ("a\nb\x1b[31m", "a b?[31m"),
    ],
)
def test_a_value_is_said_plainly(value: object, said: str) -> None:
    assert grid.lines(("v",), [(value,)], 80)[1].strip() == said


def test_long_texts_are_cut_before_columns_are_given_up() -> None:
    rows = [("x" * 60, "模型" * 40, 7)]
    (head, row) = grid.lines(("first", "second", "n"), rows, 60)
    assert head.split() == ["first", "second", "n"]
    assert width(row) <= 60
    assert row.endswith("…  7")


def test_rows_that_do_not_fit_stand_upright_one_field_a_line() -> None:
    names = [f"a_long_name_{number}" for number in range(9)]
    assert grid.lines(names, [tuple(range(9)), tuple(range(9, 18))], 60)[:3] == [
        "row 1",
        "  a_long_name_0  0",
        "  a_long_name_1  1",
    ]
    assert not grid.fits(names, 60)
    assert grid.fits(names, 200)


def test_no_row_is_a_head_alone() -> None:
    assert grid.lines(("a", "b"), [], 60) == ["a  b"]


@pytest.mark.parametrize("table", TABLES)
def test_every_column_of_a_table_is_told_with_an_example_of_its_type(table: str) -> None:
    told = tablebook.told(table)
    starred = {"*_price", "native_*"}
    patterned = {column.name for column in told} & starred
    assert {column.name for column in told} - starred <= set(tablebook.SHAPES[table])
    assert bool(patterned) == (table == "prices")
    with Engine() as engine:
        for column in told:
            assert column.meaning
            (empty,) = engine.row(f"SELECT $example::{column.type} IS NULL", {"example": column.example or None})
            assert empty == (not column.example)


def test_the_tables_told_are_those_that_rules_see() -> None:
    assert set(tablebook.SHAPES) == set(TABLES)


def test_a_table_that_is_not_there_is_answered_with_the_nearest() -> None:
    with Engine() as engine, pytest.raises(UsageError, match="no table 'call'; did you mean 'calls'"):
        list(tablebook.columns_of(engine, "call"))
