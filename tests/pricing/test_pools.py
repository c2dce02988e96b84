from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.patterns import fits as means
from audit.patterns import overlap
from audit.pricing.pools import cost_of, fits, rest, unit_prices, weight_of
from audit.records import Month, UsageError
from audit.settings_money import Pool

if TYPE_CHECKING:
    from pathlib import Path

OCTOBER = Month(2026, 10)
ZONES = {name: ZoneInfo(name) for name in ("UTC", "Asia/Shanghai", "Europe/Berlin", "Australia/Lord_Howe")}
HEAD = "date,pool,hours\n"


def pool(**keys: Any) -> Pool:
    return Pool.model_validate({"name": "h100", "models": ["qwen3-*"], "gpus": 8, "hourly_rate": "2.50"} | keys)


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return tmp_path / "hours.csv"


def ran(book: Path, text: str, month: Month = OCTOBER, **keys: Any) -> Decimal:
    book.write_text(text)
    return cost_of(pool(hours_csv=book, **keys), month, ZONES["UTC"])


@pytest.mark.parametrize(
    ("keys", "zone", "month", "cost"),
    [
        ({}, "UTC", OCTOBER, "14880"),
        ({}, "UTC", Month(2026, 2), "13440"),
        ({}, "Asia/Shanghai", OCTOBER, "14880"),
        ({}, "Europe/Berlin", OCTOBER, "14900"),  # the clocks are put back: 745 hours
        ({}, "Europe/Berlin", Month(2026, 3), "14860"),
        ({}, "Australia/Lord_Howe", OCTOBER, "14870"),  # half an hour forward
        ({"hours": 200}, "UTC", OCTOBER, "4000"),
        ({"hours": 0}, "UTC", OCTOBER, "0"),
        ({"hourly_rate": "0.333333333333"}, "UTC", OCTOBER, "1983.999999998"),
        ({"from": "2026-10", "to": "2026-10"}, "UTC", OCTOBER, "14880"),
        ({"from": "2026-11"}, "UTC", OCTOBER, "0"),
        ({"to": "2026-09"}, "UTC", OCTOBER, "0"),
    ],
)
def test_a_month_costs_its_gpus_by_the_hour(keys: dict[str, Any], zone: str, month: Month, cost: str) -> None:
    assert cost_of(pool(**keys), month, ZONES[zone]) == Decimal(cost)


@pytest.mark.parametrize(
    ("keys", "until", "cost"),
    [
        ({}, datetime(2026, 10, 2, 12, tzinfo=UTC), "720"),
        ({"hours": 248}, datetime(2026, 10, 11, tzinfo=UTC), "1600"),
        ({}, datetime(2026, 9, 1, tzinfo=UTC), "0"),
        ({}, datetime(2027, 1, 1, tzinfo=UTC), "14880"),
    ],
)
def test_a_running_month_costs_what_has_passed_of_it(keys: dict[str, Any], until: datetime, cost: str) -> None:
    assert cost_of(pool(**keys), OCTOBER, ZONES["UTC"], until=until) == Decimal(cost)


@pytest.mark.parametrize(
    ("text", "cost"),
    [
        (HEAD + "2026-10-01,h100,24\n2026-10-31,h100,0.5\n2026-11-01,h100,24\n2026-10-02,other,24\n", "490"),
        (HEAD + "2026-10-01,h100,0\n", "0"),
        ("Month, Pool ,HOURS\n2026-10, h100 ,700\n2026-11,h100,1\n", "14000"),
        ('pool,gpu_hours,month\nh100,"5,000.5",2026-10-01\n', "12501.25"),
        ("date,pool,gpu_hours\n2026-10-01,h100,300\n2026-10-02,h100,1\n", "752.5"),
    ],
)
def test_the_hours_it_ran_may_stand_in_a_file(book: Path, text: str, cost: str) -> None:
    assert ran(book, text) == Decimal(cost)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "pool,hours\n",
            ", line 1: 'date' or 'month' is missing; the columns are date or month, pool, hours or gpu_hours",
        ),
        ("date,month,pool,hours\n", ", line 1: 'date' and 'month' both stand there; the columns are"),
        (HEAD + "2026-10,h100,24\n", ", line 2: '2026-10' is no day: write it as 2026-10-31, in cells that"),
        (HEAD + "2026-10-32,h100,24\n", ", line 2: '2026-10-32' is no day"),
        ("month,pool,hours\n\n10/2026,h100,24\n", ", line 3: '10/2026' is not a month"),
        (HEAD + "2026-10-01,h100,-1\n", ", line 2: '-1' is no number of hours: write it as 720 or 12.5"),
        (HEAD + "2026-10-01,h100,192\n", ", line 2: 192 hours are more than a day has; hours of all GPUs stand under"),
        ("month,pool,hours\n2026-10,h100,5952\n", ", line 2: 5952 hours are more than a month has"),
        (
            HEAD + "2026-10-01,h100,1\n2026-10-01,h100,2\n",
            ", line 3: 'h100' has hours of 2026-10-01 already, in line 2; keep one of them",
        ),
        (
            HEAD + "2026-10-01,H100,24\n",
            ": no hours of the pool 'h100' in 2026-10: add a row, with 0 hours where it stood still",
        ),
    ],
)
def test_what_cannot_be_meant_is_an_error_with_its_line(book: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError) as error:
        ran(book, text)
    assert str(error.value).startswith(f"{book}{said}")


def test_a_month_that_is_not_paid_for_needs_no_row(book: Path) -> None:
    assert ran(book, HEAD, to="2026-09") == 0


@pytest.mark.parametrize(
    ("keys", "provider", "model", "fitting"),
    [
        ({}, None, "qwen3-32b", True),
        ({}, "vllm", "qwen3-", True),
        ({}, "vllm", "qwen2-32b", False),
        ({"models": ["a.b", "*/x"]}, "vllm", "a.b", True),
        ({"models": ["a.b", "*/x"]}, "vllm", "aXb", False),
        ({"models": ["a.b", "*/x"]}, "vllm", "org/x", True),
        ({"providers": ["vllm"]}, "vllm", "qwen3-32b", True),
        ({"providers": ["vllm"]}, "dashscope", "qwen3-32b", False),
        ({"providers": ["vllm"]}, None, "qwen3-32b", False),
    ],
)
def test_which_calls_a_pool_served(keys: dict[str, Any], provider: str | None, model: str, *, fitting: bool) -> None:
    assert fits(pool(**keys), provider, model) is fitting


def test_a_unit_price_is_the_cost_by_what_was_served() -> None:
    cost, heavy = Decimal(14880), Decimal(4)
    weight = weight_of(10_000_000, 1_000_000, heavy)
    assert weight == 14_000_000
    assert unit_prices(cost, weight, heavy) == (Decimal("0.001062857142"), Decimal("0.004251428571"))
    assert unit_prices(cost, Decimal(0), heavy) == (Decimal(0), Decimal(0))
    assert rest(cost, Decimal(0)) == cost
    # One call with one token: what the column cannot hold is left in the rest.
    assert unit_prices(Decimal(5_000_000), Decimal(1), Decimal(1))[0] == Decimal("999.999999999999")


COSTS = st.one_of(
    st.decimals(0, 10**9, places=9),
    st.decimals(0, 100, places=2),
    st.integers(0, 10**9).map(Decimal),
    st.just(Decimal(0)),
)
TOKENS = st.one_of(st.integers(0, 40), st.integers(0, 2_000_000))
CALLS = st.lists(st.tuples(TOKENS, TOKENS), max_size=30)


@given(COSTS, CALLS, st.decimals("0.01", 50, places=2))
def test_the_calls_and_the_rest_come_to_the_pool_s_cost(
    cost: Decimal, calls: list[tuple[int, int]], heavy: Decimal
) -> None:
    weight = weight_of(sum(one for one, _ in calls), sum(other for _, other in calls), heavy)
    one, other = unit_prices(cost, weight, heavy, len(calls))
    nine = Decimal("1e-9")
    priced = [(one * ins + other * outs).quantize(nine, ROUND_HALF_UP) for ins, outs in calls]
    left = rest(cost, sum(priced, Decimal(0)))
    assert left + sum(priced) == cost
    assert left >= 0
    if one < Decimal(999) and other < Decimal(999):
        tokens = sum(ins + outs for ins, outs in calls)
        assert left <= Decimal(len(calls)) * nine + tokens * Decimal("1e-12") or weight == 0
        for (ins, outs), paid in zip(calls, priced, strict=True):
            fair = Fraction(cost) * (ins + Fraction(heavy) * outs) / Fraction(weight or 1)
            least = Fraction(1, 10**9) * (1 + len(calls)) + Fraction(ins + outs, 10**12)
            assert abs(fair - Fraction(paid)) <= least


PATTERNS = st.text("ab*", max_size=6)


@given(PATTERNS, PATTERNS, st.text("ab", max_size=8))
def test_patterns_that_mean_one_name_overlap(one: str, other: str, name: str) -> None:
    assert overlap(one, other) == overlap(other, one)
    assert overlap(one, name) == means(one, name)
    if means(one, name) and means(other, name):
        assert overlap(one, other)


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ("qwen3-*", "qwen3-32b", True),
        ("qwen3-*", "*-32b", True),
        ("qwen3-*", "qwen2-*", False),
        ("a*b", "b*a", False),
        ("a*b*c", "abc", True),
        ("*a", "a*", True),
        ("a", "a", True),
        ("a", "ab", False),
    ],
)
def test_whether_two_patterns_can_mean_one_name(one: str, other: str, *, both: bool) -> None:
    assert overlap(one, other) is both
