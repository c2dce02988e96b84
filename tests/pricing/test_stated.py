"""Sources whose stated cost counts: it stands in place of the list's, which is kept beside, never mixed in."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from audit import redline, window
from audit.pricing import join
from audit.records import Month, UsageError
from audit.settings import Settings
from tests.pricing.priced import END, START, store, utc

# 1,000 in and 100 out of Claude Opus 4.5: 0.0075 dollars by the list.
OPUS = {"provider": "anthropic", "model": "claude-opus-4-5", "started_at": utc("2026-10-05"), "input_tokens": 1_000}
OPUS |= {"output_tokens": 100, "source": "gateway"}
LISTED = Decimal("0.0075")
EURO = {"month": "2026-10", "currency": "EUR", "rate": "1.25"}

Call = dict[str, Any]


def costed(*calls: Call, stated: tuple[str, ...] = ("gateway",), **sections: Any) -> list[tuple[Any, ...]]:
    """Of each call: its cost, the list's, the list's own, and who says so."""
    read = Settings.model_validate({"prices": {"stated": stated}, **sections})
    with store(calls, read) as engine:
        join.load_prices(engine, read, START, END)
        return engine.rows("SELECT cost, list_cost, native_cost, price_source FROM costed ORDER BY call_id::INTEGER")


def stated(cost: str | None, currency: str | None = "USD", **said: Any) -> Call:
    return {**OPUS, "stated_cost": cost, "stated_currency": currency, **said}


def test_the_list_s_cost_is_kept_beside_the_source_s_own() -> None:
    assert costed(stated("0.01")) == [(Decimal("0.01"), LISTED, LISTED, "stated by gateway")]


def test_no_other_source_is_touched() -> None:
    ((cost, listed, _, source),) = costed(stated("0.01", source="agent"))
    assert (cost, listed) == (LISTED, LISTED)
    assert source.startswith("genai-prices ")
    ((cost, *_),) = costed(stated("0.01"), stated=())
    assert cost == LISTED


def test_a_call_without_a_stated_cost_has_none_though_a_list_knows_it() -> None:
    found = costed(stated(None, None), stated("0.01", None), stated("0"))
    assert [(cost, listed) for cost, listed, *_ in found] == [(None, LISTED), (None, LISTED), (Decimal(0), LISTED)]


def test_a_model_that_no_list_knows_has_the_stated_cost_alone() -> None:
    assert costed(stated("0.02", model="house-model")) == [(Decimal("0.02"), None, None, "stated by gateway")]


def test_it_is_translated_at_the_month_s_rate() -> None:
    rates = [EURO, EURO | {"month": "2026-11", "rate": "1.5"}]
    found = costed(
        stated("0.01", "EUR"),
        stated("0.01", "EUR", started_at=utc("2026-11-05")),
        stated("0.01", "EUR", started_at=utc("2026-10-31 15:59:59", 999_999)),
        stated("0.01", "EUR", started_at=utc("2026-10-31 16:00")),
        stated("0.01"),
        exchange_rates=rates,
        company={"timezone": "Asia/Shanghai"},
    )
    assert [cost for cost, *_ in found] == [Decimal(f"0.0{digits}") for digits in ("125", "15", "125", "15", "1")]
    assert {listed for _, listed, *_ in found} == {LISTED}


def test_a_missing_rate_is_an_error_where_the_source_counts_and_only_there() -> None:
    with pytest.raises(UsageError, match=r"no exchange rate from EUR to USD for 2027-06"):
        costed(stated("0.01", "EUR", started_at=utc("2027-06-05")))
    assert costed(stated("0.01", "EUR", started_at=utc("2027-06-05"), source="agent"))[0][0] == LISTED


@pytest.mark.parametrize("name", ["O'Brien", "{c}", "a,b", "客服"])
def test_a_source_may_have_any_name(name: str) -> None:
    assert costed(stated("0.01", source=name), stated=(name,))[0][::3] == (Decimal("0.01"), f"stated by {name}")


def test_the_month_s_table_has_both_and_spend_is_the_stated_one() -> None:
    october = Month(2026, 10)
    read = Settings.model_validate({"prices": {"stated": ["gateway"]}, "exchange_rates": [EURO]})
    calls = [stated("0.01", "EUR"), stated("0.02", source="agent"), stated(None, None)]
    with store(calls, read) as engine:
        window.build(engine, read, october, redline.owners(read, october), 0)
        rows = engine.rows("SELECT cost, list_cost, native_cost, native_currency FROM priced ORDER BY call_id")
        spent = engine.row("SELECT sum(cost) FROM daily_spend")
    assert [row[:2] for row in rows] == [(Decimal("0.0125"), LISTED), (LISTED, LISTED), (None, LISTED)]
    assert {row[3] for row in rows if row[0] is not None} == {"USD"}
    assert spent == (Decimal("0.02"),)
