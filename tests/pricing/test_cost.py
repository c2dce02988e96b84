"""What a call cost, worked by hand from the published prices; test_price_list.py compares with the whole list."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from audit.records import UsageError
from audit.settings import Settings
from tests.pricing.priced import cost, costs, utc

SEPTEMBER = utc("2026-09-16 12:00")
# Claude Opus 4.5, dollars a million tokens: input 5, output 25, cache read 0.50, write 6.25 (5 min) and 10 (1 h).
OPUS = {"provider": "anthropic", "model": "claude-opus-4-5", "started_at": SEPTEMBER}
# GPT-4o: input 2.50, output 10.
GPT = {"provider": "openai", "model": "gpt-4o", "started_at": SEPTEMBER}
PLAIN = {"input_tokens": 1_000, "output_tokens": 100}

Call = dict[str, Any]


def in_yuan(*rates: tuple[str, str], zone: str = "Asia/Shanghai") -> Settings:
    dated = [{"month": month, "currency": "USD", "rate": rate} for month, rate in rates]
    return Settings.model_validate({"company": {"currency": "CNY", "timezone": zone}, "exchange_rates": dated})


@pytest.mark.parametrize(
    ("usage", "dollars"),
    [
        pytest.param({"input_tokens": 10_000, "output_tokens": 400}, "0.060", id="plain"),
        # 10,000 = 8,000 read + 2,000 plain: 0.004 + 0.010, and 400 out: 0.010
        pytest.param({"input_tokens": 10_000, "cache_read_tokens": 8_000, "output_tokens": 400}, "0.024", id="read"),
        # 10,000 = 6,000 read + 3,000 written + 1,000 plain: 0.003 + 0.01875 + 0.005, and 400 out: 0.010
        pytest.param(
            {"input_tokens": 10_000, "cache_read_tokens": 6_000, "cache_write_tokens": 3_000, "output_tokens": 400},
            "0.03675",
            id="read and written for 5 minutes",
        ),
        # 3,000 written: 1,000 for 5 minutes 0.00625, 2,000 for an hour 0.020; 7,000 plain 0.035; 400 out 0.010
        pytest.param(
            {
                "input_tokens": 10_000,
                "cache_write_tokens": 3_000,
                "cache_write_1h_tokens": 2_000,
                "output_tokens": 400,
            },
            "0.07125",
            id="written for 5 minutes and for an hour",
        ),
        pytest.param({"input_tokens": 0, "output_tokens": 400}, "0.010", id="output only"),
        pytest.param({"input_tokens": 10_000, "output_tokens": 0}, "0.050", id="input only"),
        pytest.param({"input_tokens": 0, "output_tokens": 0}, "0", id="a usage of nothing"),
        # 500 read and 700 written of 1,000: no plain input is left, and none is taken back.
        pytest.param(
            {"input_tokens": 1_000, "cache_read_tokens": 500, "cache_write_tokens": 700},
            "0.004625",
            id="too much cached",
        ),
        pytest.param({"input_tokens": 0, "cache_read_tokens": 1_000_000}, "0.50", id="cached beyond no input"),
        pytest.param(
            {"input_tokens": 1_000, "cache_write_tokens": 100, "cache_write_1h_tokens": 1_000},
            "0.0145",
            id="1 h beyond",
        ),
    ],
)
def test_opus_with_a_prompt_cache(usage: Call, dollars: str) -> None:
    assert cost({**OPUS, "output_tokens": 0, **usage}) == Decimal(dollars)


def test_a_region_without_a_price_does_not_take_that_of_no_region() -> None:
    # genai-prices has Bedrock's prices of the United States; a call that says nothing of its region takes them.
    llama = {"provider": "aws", "model": "meta.llama3-70b-instruct-v1:0", "started_at": SEPTEMBER, **PLAIN}
    found = costs([llama, {**llama, "region": "eu-central-1"}])
    assert (found["0"].cost, found["1"].cost) == (Decimal("0.003"), None)


@pytest.mark.parametrize("half", [{"input_tokens": 10_000}, {"output_tokens": 400}])
def test_one_half_of_a_usage_makes_no_cost(half: Call) -> None:
    assert cost({**OPUS, **half}) is None
    assert cost({**OPUS, **half, "status": "truncated"}) is None
    assert cost({**OPUS, **half, "status": "cancelled"}) == Decimal("0.05" if "input_tokens" in half else "0.01")
    embedding = {"provider": "openai", "model": "text-embedding-3-small", "started_at": OPUS["started_at"]}
    assert cost({**embedding, "input_tokens": 10_000}) == Decimal("0.0002")


@pytest.mark.parametrize(
    ("call", "dollars"),
    [
        pytest.param({"service_tier": "standard"}, "0.0075", id="standard"),
        pytest.param({"service_tier": None}, "0.0075", id="no tier named"),
        pytest.param({"service_tier": "batch"}, "0.00375", id="batch, half by tiers.toml"),
        pytest.param({"service_tier": "batch", "started_at": utc("2026-11-01")}, "0.00375", id="batch by the list"),
        pytest.param({"service_tier": "flex"}, None, id="a tier without a known price"),
        pytest.param({"service_tier": "priority"}, None, id="another"),
        pytest.param({"model": "claude-opus-99-ultra"}, None, id="unknown model"),
        pytest.param({"model": "house-model", "provider": None}, None, id="unknown model of nobody"),
        pytest.param({"provider": "no-such-gateway"}, None, id="unknown provider"),
        pytest.param({"model": None}, None, id="no model"),
        pytest.param({"input_tokens": None, "output_tokens": None}, None, id="a stream without usage"),
        pytest.param({"gateway_cache_hit": True}, "0", id="the gateway's own answer"),
        pytest.param({"gateway_cache_hit": False}, "0.0075", id="not the gateway's own answer"),
        pytest.param(
            {"status": "error", "http_status": 429, "input_tokens": None, "output_tokens": None}, "0", id="429"
        ),
        pytest.param(
            {"status": "error", "model": "house-model", "input_tokens": 0, "output_tokens": None},
            "0",
            id="a failure of an unknown model that used nothing",
        ),
        pytest.param({"status": "error", "http_status": 500}, "0.0075", id="a failure with usage is billed"),
        pytest.param({"status": "cancelled"}, "0.0075", id="so is a cancelled call"),
        pytest.param({"status": "filtered", "input_tokens": None, "output_tokens": None}, None, id="filtered"),
        pytest.param({"provider": None}, "0.0075", id="provider not logged"),
        pytest.param({"provider": None, "model": "anthropic/claude-opus-4-5"}, "0.0075", id="provider in the model"),
    ],
)
def test_what_is_billed_and_what_is_known(call: Call, dollars: str | None) -> None:
    assert cost({**OPUS, **PLAIN, **call}) == (None if dollars is None else Decimal(dollars))


@pytest.mark.parametrize("provider", [None, "openai", "litellm", "house-gateway"])
def test_a_model_may_carry_its_provider(provider: str | None) -> None:
    assert cost({**GPT, **PLAIN, "provider": provider, "model": "openai/gpt-4o"}) == Decimal("0.0035")


@pytest.mark.parametrize(
    ("at", "dollars"),
    [
        ("2026-04-29 23:59:59.999999", "0.0026"),  # Grok 4.20: 2 and 6
        ("2026-04-30 00:00", "0.0015"),  # 1.25 and 2.50
    ],
)
def test_a_price_changes_at_midnight_utc(at: str, dollars: str) -> None:
    calls = [{"provider": "x-ai", "model": "grok-4.20", "started_at": utc(day), **PLAIN} for day in (at, "2026-04-01")]
    newest = {**calls[0], "started_at": utc("2026-05-20")}
    assert costs([*calls, newest])["0"].cost == Decimal(dollars)


def test_a_tier_has_a_price_from_the_day_the_list_has_one() -> None:
    mini = {"provider": "openai", "model": "gpt-5-mini", "service_tier": "flex", **PLAIN}
    days = ("2026-10-01", "2026-10-11 23:59:59.999999", "2026-10-12", "2026-10-31")
    found = costs({**mini, "call_id": day, "started_at": utc(day)} for day in days)
    # 0.125 in and 1 out; before, nobody has stated a price: unknown, not the month's later one
    assert [found[day].cost for day in days] == [None, None, Decimal("0.000225"), Decimal("0.000225")]


def test_a_month_in_yuan_takes_its_own_rate_from_its_first_midnight_at_home() -> None:
    ends = utc("2026-09-30 16:00")
    calls = [{**OPUS, **PLAIN, "started_at": at} for at in (SEPTEMBER, ends - timedelta(microseconds=1), ends)]
    found = costs(calls, in_yuan(("2026-01", "7.10"), ("2026-10", "7.20")))
    assert [found[n].cost for n in "012"] == [Decimal("0.05325"), Decimal("0.05325"), Decimal("0.054")]


@pytest.mark.parametrize(
    ("zone", "at"), [("Asia/Shanghai", "2026-06-30 16:30"), ("America/New_York", "2026-07-01 05:00")]
)
def test_the_first_hours_of_the_first_month_with_a_rate_ask_for_no_older_one(zone: str, at: str) -> None:
    assert cost({**OPUS, **PLAIN, "started_at": utc(at)}, in_yuan(("2026-07", "7"), zone=zone)) == Decimal("0.0525")


def test_a_missing_rate_is_an_error_that_names_month_and_pair() -> None:
    with pytest.raises(UsageError, match=r"no exchange rate from USD to CNY for 2026-09: add .*month = \"2026-09\""):
        cost({**OPUS, **PLAIN}, in_yuan(("2026-10", "7.20")))


def test_a_count_that_no_money_can_hold_is_unknown_and_ends_no_audit() -> None:
    broken = {**OPUS, "input_tokens": 0, "output_tokens": 2**32 - 1}
    assert cost(broken) == Decimal("107374.182375")
    assert cost(broken, in_yuan(("2026-01", "25000"))) is None


MODELS = [("deepseek", "deepseek-chat"), ("google", "gemini-2.5-pro"), ("x-ai", "grok-4.20"), ("openai", "gpt-5-mini")]
ANY_CALL = st.builds(
    lambda model, tier, seconds, tokens: {
        "provider": model[0],
        "model": model[1],
        "service_tier": tier,
        "started_at": utc("2026-03-30") + timedelta(seconds=seconds),
        "input_tokens": tokens,
    },
    st.sampled_from(MODELS),
    st.sampled_from(["standard", "batch", "flex"]),
    st.one_of(st.integers(0, 40 * 86_400), st.sampled_from([n * 1_800 for n in range(40 * 48)])),
    st.one_of(st.none(), st.integers(0, 2**32 - 1), st.sampled_from([199_999, 200_000, 200_001])),
)


@given(st.lists(ANY_CALL, min_size=1, max_size=40))
@hypothesis_settings(max_examples=25, deadline=None)
def test_no_call_is_priced_twice(calls: list[Call]) -> None:
    found = costs(calls, in_yuan(("2026-01", "7"), ("2026-04", "8"), ("2026-05", "9")))
    assert {found[str(n)].rows for n, call in enumerate(calls) if call["service_tier"] == "standard"} <= {1}
    assert {row.rows for row in found.values()} <= {0, 1}
