"""Where a price rests on what a log leaves out, data quality says so, with the calls and the money of each source."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from audit import places, redline, window
from audit.records import Month
from audit.report import quality, speech
from audit.report.checks import checks, quality_line
from audit.settings import Settings
from tests.pricing.priced import store, utc
from tests.report.examples import silent

if TYPE_CHECKING:
    from audit.report.content import Assumed

OCTOBER = Month(2026, 10)
# All that a price depends on: 1,000 tokens of input and 100 of output, none of them from a cache.
CALL = {
    "started_at": utc("2026-10-05 10:00"),
    "provider": "openai",
    "model": "gpt-5",
    "service_tier": "standard",
    "input_tokens": 1000,
    "cache_read_tokens": 0,
    "output_tokens": 100,
}
CLAUDE = CALL | {"provider": "anthropic", "model": "claude-opus-4-5"}


def assumed(*calls: dict[str, Any]) -> list[tuple[str, str, int, int, Decimal]]:
    settings = Settings.model_validate({"company": {"timezone": "UTC"}})
    with store(calls, settings) as engine:
        span = window.build(engine, settings, OCTOBER, redline.owners(settings, OCTOBER), 7, asked=set())
        found: tuple[Assumed, ...] = quality.assess(engine, settings, span, []).assumed
        return [(gap.source, gap.field, gap.calls, gap.of, gap.cost) for gap in found]


def test_a_log_that_states_all_assumes_nothing() -> None:
    write = {"cache_write_tokens": 500, "cache_write_1h_tokens": 0}
    assert assumed(CALL, CALL | {"service_tier": "flex"}, CLAUDE | write) == []


def test_a_call_without_a_tier_is_told_where_the_model_has_others() -> None:
    silent = {"service_tier": None}
    # 1,000 in at 1.25 and 100 out at 10 dollars a million.
    assert assumed(CALL | silent, CALL, CLAUDE | silent) == [("log", "service_tier", 1, 3, Decimal("0.00225"))]


def test_a_call_that_tells_nothing_of_the_cache_is_told() -> None:
    silent = {"cache_read_tokens": None}
    assert assumed(CALL | silent | {"source": "a"}, CALL) == [("a", "cache_read_tokens", 1, 1, Decimal("0.00225"))]


def test_a_write_that_may_last_an_hour_is_told() -> None:
    # 500 plain in at 5, 500 written at 6.25 and 100 out at 25 dollars a million.
    found = assumed(CLAUDE | {"cache_write_tokens": 500}, CLAUDE | {"cache_write_tokens": 0}, CLAUDE)
    assert found == [("log", "cache_write_1h_tokens", 1, 3, Decimal("0.008125"))]


def test_what_cost_nothing_assumed_nothing() -> None:
    failed = {"status": "error", "input_tokens": None, "output_tokens": None, "cache_read_tokens": None}
    unpriced = {"model": "house-7b", "provider": "inhouse", "service_tier": None, "cache_read_tokens": None}
    earlier = {"started_at": utc("2026-09-30 10:00"), "service_tier": None}
    assert assumed(CALL | failed | {"service_tier": None}, CALL | unpriced, CALL | earlier) == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_report_tells_it_and_the_mail_does_not(language: str) -> None:
    report, said = silent(language), speech.load(places.templates(), language, "USD")
    found = checks(report, said)
    told = [check for check in found if check.state == "known" and not check.short]
    assert [check.title for check in told] == [
        said.say(f"quality.assumed.title_{gap.field}") for gap in report.quality.assumed
    ]
    for check, gap in zip(told, report.quality.assumed, strict=True):
        assert gap.source in check.says
        assert said.money(gap.cost) in check.says
        assert check.says not in quality_line(found, report, said)


def test_a_call_with_half_its_usage_states_none_and_lacks_no_price() -> None:
    silent = {"usage_quality": "missing", "input_tokens": None, "output_tokens": None}
    halves = [CALL | {"output_tokens": None}, CALL | {"input_tokens": None}, CALL | silent, CALL]
    given_up = CALL | {"status": "cancelled", "output_tokens": None}
    unpriced = CALL | {"model": "house-7b", "output_tokens": None}
    settings = Settings.model_validate({"company": {"timezone": "UTC"}})
    with store([*halves, given_up, unpriced], settings) as engine:
        span = window.build(engine, settings, OCTOBER, redline.owners(settings, OCTOBER), 7, asked=set())
        found = quality.assess(engine, settings, span, [])
    assert (found.missing_usage_calls, found.unpriced_calls) == (3, 1)


def test_a_call_that_does_not_say_who_billed_it_is_told() -> None:
    assert assumed(CALL | {"provider": None}, CALL) == [("log", "provider", 1, 2, Decimal("0.00225"))]


def test_what_is_billed_by_the_piece_needs_no_tokens_and_lacks_a_price_where_no_list_has_its_fee() -> None:
    nothing = {"input_tokens": None, "output_tokens": None, "cache_read_tokens": None}
    image = CALL | nothing | {"provider": "inhouse", "model": "pixel-1", "quantity": 3, "unit": "images"}
    settings = Settings.model_validate({"company": {"timezone": "UTC"}})
    search = image | {"provider": "cohere", "model": "rerank-v3.5", "unit": "search_units"}
    with store([image, image, search, search | {"unit": "images"}, CALL | nothing, CALL], settings) as engine:
        span = window.build(engine, settings, OCTOBER, redline.owners(settings, OCTOBER), 7, asked=set())
        found = quality.assess(engine, settings, span, [])
    names = [(gap.provider, gap.model, gap.calls, gap.tokens) for gap in found.unpriced]
    assert names == [("inhouse", "pixel-1", 2, 0), ("cohere", "rerank-v3.5", 1, 0)]
    assert found.missing_usage_calls == 1
