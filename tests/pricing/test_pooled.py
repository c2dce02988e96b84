"""Pools end to end: what their calls cost comes to what they cost, to the last digit."""

from __future__ import annotations

import random
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from audit import redline, window
from audit.pricing import join
from audit.records import Month
from audit.settings import Settings
from tests.pricing.priced import END, START, store, utc

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audit.engine.duckdb import Engine

Call = dict[str, Any]
OCTOBER = Month(2026, 10)
# 8 GPUs at 2.50 an hour: 14,880 in October, 14,400 in September.
H100 = {"name": "h100", "models": ["qwen3-*"], "providers": ["vllm"], "gpus": 8, "hourly_rate": "2.50"}
RATES = [
    {"month": "2026-01", "currency": "CNY", "rate": "0.14"},
    {"month": "2026-10", "currency": "CNY", "rate": "0.141"},
]


def settings(*pools: dict[str, Any], **sections: Any) -> Settings:
    return Settings.model_validate({"pools": list(pools) or [H100], "exchange_rates": RATES, **sections})


def call(day: str, inputs: int | None, outputs: int | None, **said: Any) -> Call:
    return {"provider": "vllm", "model": "qwen3-32b", "started_at": utc(day), "input_tokens": inputs,
            "output_tokens": outputs, **said}  # fmt: skip


@contextmanager
def costed(calls: list[Call], read: Settings) -> Iterator[Engine]:
    with store(calls, read) as engine:
        join.load_prices(engine, read, START, utc("2026-11-01"))
        yield engine


def costs_of(calls: list[Call], read: Settings) -> list[Decimal | None]:
    """Each call's cost, to seven digits: the ninth's rest is one call's."""
    with costed(calls, read) as engine:
        return [cost for (cost,) in engine.rows("SELECT round(cost, 7) FROM costed ORDER BY call_id::INTEGER")]


def test_a_month_s_cost_is_spread_by_tokens() -> None:
    found = costs_of([call("2026-10-02", 1_000, 500), call("2026-10-09", 3_000, 1_500)], settings())
    assert found == [Decimal(3720), Decimal(11160)]


def test_an_output_token_may_weigh_more() -> None:
    found = costs_of(
        [call("2026-10-02", 4_000, 0), call("2026-10-09", 0, 1_000)], settings(H100 | {"output_weight": 4})
    )
    assert found == [Decimal(7440), Decimal(7440)]


def test_each_month_is_paid_for_by_its_own_calls() -> None:
    calls = [call("2026-09-02", 7_000, 0), call("2026-09-30", 0, 7_000), call("2026-10-09", 100, 100)]
    assert costs_of(calls, settings()) == [Decimal(7200), Decimal(7200), Decimal(14880)]


def test_what_was_not_served_bears_nothing() -> None:
    calls = [
        call("2026-10-02", 10, 10),
        call("2026-10-02", 5_000, 5_000, gateway_cache_hit=True),
        call("2026-10-02", None, None, status="error"),
        call("2026-10-02", None, None),
        call("2026-10-02", 10, None),
        call("2026-10-02", 10, None, status="cancelled"),
        call("2026-10-02", 10, 20, status="error"),
    ]
    assert costs_of(calls, settings()) == [Decimal(4960), 0, 0, None, None, Decimal(2480), Decimal(7440)]


def test_a_gateway_s_own_answers_alone_bear_nothing_of_an_idle_pool() -> None:
    assert costs_of([call("2026-10-02", 10, 10, gateway_cache_hit=True)], settings()) == [Decimal(0)]


def test_parts_that_exceed_the_whole_take_no_more_than_their_share() -> None:
    odd = {
        "cache_read_tokens": 9_000,
        "reasoning_tokens": 700,
        "input_audio_tokens": 800,
        "unit": "images",
        "quantity": 3,
    }
    apart = {"provider": "openai", "model": "gpt-4o-audio-preview", "started_at": utc("2026-10-02"), "input_tokens": 5,
             "output_tokens": 5, "input_audio_tokens": 5}  # fmt: skip
    found = costs_of([call("2026-10-02", 0, 100, **odd), call("2026-10-02", 200, 100), apart], settings())
    assert found[:2] == [Decimal(3720), Decimal(11160)]


def test_a_pool_that_served_nothing_costs_all_the_same() -> None:
    other = {
        "provider": "openai",
        "model": "gpt-4o",
        "started_at": utc("2026-10-02"),
        "input_tokens": 1,
        "output_tokens": 1,
    }
    with costed([other], settings()) as engine:
        assert engine.rows("SELECT pool, month, calls, cost FROM pool_months") == [
            ("h100", "2026-10", 0, Decimal(14880))
        ]
        assert engine.row("SELECT cost < 1 FROM costed") == (True,)


def test_a_pool_in_another_currency_comes_to_its_cost_at_the_month_s_rate() -> None:
    yuan = H100 | {"currency": "CNY"}
    calls = [call("2026-09-02", 7, 1), *(call(f"2026-10-0{day}", day * 13, day) for day in range(1, 10))]
    with costed(calls, settings(yuan)) as engine:
        found = engine.rows(
            "SELECT month(started_at), sum(native_cost), any_value(native_currency), sum(cost) FROM costed "
            "GROUP BY 1 ORDER BY 1"
        )
    assert found == [
        (9, Decimal(14400), "CNY", Decimal(2016)),
        (10, Decimal(14880), "CNY", Decimal("2098.08")),
    ]


def test_a_running_month_costs_what_has_passed_until_its_last_call() -> None:
    now = datetime.now(UTC)
    begin = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    if now - begin < timedelta(minutes=10):
        pytest.skip("the month has hardly begun")
    read = settings()
    with store([call("2026-10-01", 1, 1) | {"started_at": begin + timedelta(minutes=6)}], read) as engine:
        join.load_prices(engine, read, begin, Month.of(begin.date()).end(read.zone))
        assert engine.row("SELECT cost FROM costed") == (Decimal(2),)  # a tenth of an hour of 8 GPUs


def test_a_source_whose_own_cost_counts_bears_none_of_the_pool() -> None:
    own = {"source": "gateway", "call_id": "9", "stated_cost": "0.5", "stated_currency": "USD"}
    calls = [call("2026-10-02", 10, 10), call("2026-10-02", 10, 10, **own)]
    assert costs_of(calls, settings(prices={"stated": ["gateway"]})) == [Decimal(14880), Decimal("0.5")]


def test_daily_spend_of_earlier_months_has_the_pools_too() -> None:
    calls = [call("2026-08-05", 3, 4), call("2026-09-02", 7, 1), call("2026-09-03", 1, 7), call("2026-10-09", 1, 1)]
    read = settings()
    with store(calls, read) as engine:
        window.build(engine, read, OCTOBER, redline.owners(read, OCTOBER), 0)
        found = engine.rows("SELECT month(day), sum(cost) FROM daily_spend GROUP BY 1 ORDER BY 1")
    assert found == [(8, Decimal(14880)), (9, Decimal(14400)), (10, Decimal(14880))]


def by_chance(r: random.Random) -> tuple[list[Call], Settings, list[dict[str, Any]]]:
    pools = [
        {
            "name": f"pool {n}", "models": [f"m{n}-*"], "gpus": r.randint(1, 64),
            "hourly_rate": r.choice(["0.000001", "0.37", "2.50", "11.333333"]),
            "output_weight": r.choice(["1", "3", "0.25"]),
            "currency": r.choice(["USD", "CNY"]), "hours": r.choice([None, "0", "100.5"]),
        }
        for n in range(r.randint(1, 3))
    ]  # fmt: skip
    most = r.choice([3, 500, 200_000])
    calls: list[Call] = []
    for _ in range(r.randint(1, 300)):
        day = utc("2026-08-01") + timedelta(seconds=r.randint(0, 92 * 86_400 - 1))
        said: Call = {
            "provider": r.choice(["vllm", None]),
            "model": f"m{r.randint(0, 2)}-{r.choice('ab')}",
            "started_at": day,
        }
        said |= {
            "input_tokens": r.choice([None, 0, r.randint(0, most)]),
            "output_tokens": r.choice([None, r.randint(0, most)]),
        }
        said |= {
            "status": r.choice(["ok", "ok", "error", "cancelled", None]),
            "gateway_cache_hit": r.choice([None, None, True]),
        }
        said |= {"cache_read_tokens": r.choice([None, r.randint(0, most)]), "service_tier": r.choice([None, "batch"])}
        calls.append(said)
    zone = r.choice(["UTC", "Asia/Shanghai", "America/New_York"])
    pools = [{key: value for key, value in pool.items() if value is not None} for pool in pools]
    return calls, settings(*pools, company={"timezone": zone}), pools


@given(st.integers(0, 2**64))
@hypothesis_settings(max_examples=15, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
def test_calls_come_to_the_pools_cost_to_the_last_digit_and_none_is_below_zero(seed: int) -> None:
    calls, read, _ = by_chance(random.Random(seed))
    with store(calls, read) as engine:
        join.load_prices(engine, read, utc("2026-07-01"), END.replace(year=2027))
        assert engine.rows("SELECT * FROM costed WHERE cost < 0 OR native_cost < 0") == []
        assert engine.rows("SELECT source, call_id FROM costed GROUP BY ALL HAVING count(*) > 1") == []
        found = engine.rows(
            "SELECT m.pool, m.month, m.cost, sum(c.cost), m.native_cost, sum(c.native_cost) FROM pool_months m "
            "JOIN costed c ON c.price_source = m.price_source AND c.started_at >= m.valid_from "
            "AND c.started_at < m.valid_to WHERE m.input_tokens + m.output_tokens > 0 GROUP BY ALL"
        )
        served = engine.row("SELECT count(*) FROM pool_months WHERE input_tokens + output_tokens > 0")
    assert len(found) == served[0]
    for pool, month, cost, comes_to, native, native_comes_to in found:
        assert (cost, native) == (comes_to, native_comes_to), (pool, month)
