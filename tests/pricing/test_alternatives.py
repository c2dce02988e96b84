"""What a call would have cost in the provider's batch: beside its price where one is sold, and nowhere else."""

from __future__ import annotations

import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from audit.pricing import join
from audit.settings import Settings
from tests.pricing.priced import END, START, store, utc

AT = utc("2026-09-16 12:00")


def beside(call: dict[str, Any], settings: Settings | None = None) -> list[tuple[Any, ...]]:
    """Of each price row of a call: what plain, read, written input and output cost, and what they would in a batch."""
    settings = settings or Settings()
    with store([{"started_at": AT, "service_tier": "standard"} | call], settings) as engine:
        join.load_prices(engine, settings, START, END)
        return engine.rows(
            "SELECT input_price, cache_read_price, cache_write_price, output_price, batch_input_price, "
            "batch_cache_read_price, batch_cache_write_price, batch_output_price FROM prices "
            "ORDER BY valid_from, second_from, input_from"
        )


def under(text: str, call: dict[str, Any], **settings: Any) -> list[tuple[Any, ...]]:
    """The same by one contract's text."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "acme.toml"
        path.write_text(text, encoding="utf-8")
        return beside(call, Settings.model_validate({"prices": {"contracts": [path]}, **settings}))


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "gpt-4.1"),
        ("openai", "text-embedding-3-small"),
        ("anthropic", "claude-sonnet-4-5"),
        ("google", "gemini-2.5-flash"),
        ("azure", "gpt-4o"),
        ("mistral", "mistral-large-latest"),
    ],
)
def test_where_a_batch_is_sold_at_half_price_half_stands_beside_the_price(provider: str, model: str) -> None:
    rows = beside({"provider": provider, "model": model})
    assert rows
    for row in rows:
        assert row[4] == row[0] / 2 > 0
        assert row[7] == row[3] / 2


def test_a_batch_of_qwen_costs_half_in_the_report_s_currency() -> None:
    settings = Settings.model_validate({"exchange_rates": [{"month": "2026-09", "currency": "CNY", "rate": "0.14"}]})
    rows = beside({"provider": "dashscope", "model": "qwen3.7-max"}, settings)
    assert {(row[0], row[4]) for row in rows} == {(Decimal("0.00000168"), Decimal("0.00000084"))}


@pytest.mark.parametrize(("provider", "model"), [("deepseek", "deepseek-chat"), ("cohere", "command-r-plus")])
def test_who_sells_no_batch_has_no_such_price(provider: str, model: str) -> None:
    rows = beside({"provider": provider, "model": model, "started_at": utc("2025-06-16 12:00")})
    assert rows
    assert all(row[4:] == (None, None, None, None) for row in rows)


def test_what_is_a_batch_already_has_no_batch_price() -> None:
    (row,) = beside({"provider": "openai", "model": "gpt-4o", "service_tier": "batch"})
    assert row[0] == Decimal("0.00000125")
    assert row[4:] == (None, None, None, None)


def test_each_length_has_the_batch_price_of_its_length() -> None:
    short, long = beside({"provider": "anthropic", "model": "claude-sonnet-4-5"})
    assert [row[4] for row in (short, long)] == [Decimal("0.0000015"), Decimal("0.000003")]


CONTRACT = """
[[price]]
provider = "acme"
model = "m1"
input_mtok = "4"
cache_read_mtok = "1"
cache_write_mtok = "5"
output_mtok = "8"
"""
OWN_BATCH = """
[[price]]
provider = "acme"
model = "m1"
service_tier = "batch"
input_mtok = "3"
cache_read_mtok = "0.5"
cache_write_mtok = "3.5"
output_mtok = "6"
"""
CALL = {"provider": "acme", "model": "m1"}


def in_mtok(row: tuple[Any, ...]) -> list[Any]:
    return [None if price is None else float(price * 1_000_000) for price in row]


def test_a_contract_s_own_batch_row_is_what_its_batch_costs() -> None:
    (row,) = under(CONTRACT + OWN_BATCH, CALL)
    assert in_mtok(row) == [4, 1, 5, 8, 3, 0.5, 3.5, 6]


def test_a_contract_without_a_batch_row_sells_none() -> None:
    (row,) = under(CONTRACT, CALL)
    assert in_mtok(row)[4:] == [None] * 4


def test_a_batch_price_that_begins_within_the_month_parts_the_row_there() -> None:
    rows = under(CONTRACT + OWN_BATCH.replace('"batch"\n', '"batch"\nvalid_from = 2026-09-10\n'), CALL)
    assert [in_mtok(row)[4] for row in rows] == [None, 3]
    assert [in_mtok(row)[0] for row in rows] == [4, 4]


def test_a_batch_in_another_currency_is_not_compared() -> None:
    other = OWN_BATCH.replace('"batch"\n', '"batch"\ncurrency = "CNY"\n')
    (row,) = under(CONTRACT + other, CALL)
    assert in_mtok(row)[4:] == [None] * 4


def test_a_batch_that_is_sold_for_short_calls_alone_is_none_for_all_of_them() -> None:
    banded = OWN_BATCH + '[[price.band]]\ninput_from = 1000\ninput_mtok = "9"\n'
    (row,) = under(CONTRACT + banded, CALL)
    assert in_mtok(row)[4:] == [None] * 4


def test_a_night_discount_that_the_batch_does_not_know_is_compared_with_the_batch_of_all_day() -> None:
    night = CONTRACT.replace('"m1"\n', '"m1"\nhours = ["00:00", "06:00"]\n').replace('"4"', '"2"')
    rows = under(CONTRACT + night + OWN_BATCH, CALL)
    assert [in_mtok(row)[:1] + in_mtok(row)[4:5] for row in rows] == [[2, 3], [4, 3]]


def test_a_batch_whose_price_changes_by_the_hour_is_none_for_a_price_of_the_whole_day() -> None:
    night = OWN_BATCH.replace('"batch"\n', '"batch"\nhours = ["00:00", "06:00"]\n').replace('"3"', '"1"')
    (row,) = under(CONTRACT + OWN_BATCH + night, CALL)
    assert in_mtok(row)[4:] == [None] * 4
