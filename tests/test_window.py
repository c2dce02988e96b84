from __future__ import annotations

from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from audit import redline, tables, window
from audit.records import Month
from audit.settings import Settings
from tests.pricing.priced import store, utc

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from audit.engine.duckdb import Engine

OCTOBER = Month(2026, 10)
# 1,000 in and 100 out of Claude Opus 4.5: 0.005 + 0.0025 dollars.
OPUS = {"provider": "anthropic", "model": "claude-opus-4-5", "input_tokens": 1_000, "output_tokens": 100}
EACH = Decimal("0.0075")


def at(text: str, **call: Any) -> dict[str, Any]:
    return {**OPUS, "started_at": utc(text), **call}


@contextmanager
def built(
    calls: list[dict[str, Any]], look_back_days: int = 0, month: Month = OCTOBER, **settings: Any
) -> Iterator[tuple[Engine, window.Span]]:
    """The month's tables over the calls; ``zone`` is the company's."""
    zone = settings.pop("zone", "UTC")
    read = Settings.model_validate({"company": {"timezone": zone}, **settings})
    with store(calls, read) as engine:
        yield engine, window.build(engine, read, month, redline.owners(read, month), look_back_days)


def shown(engine: Engine, span: window.Span, look_back_days: int = 0) -> list[str]:
    window.show_calls(engine, span, look_back_days)
    return [call_id for (call_id,) in engine.rows("SELECT call_id FROM calls ORDER BY started_at")]


@pytest.mark.parametrize(
    ("zone", "month", "start", "end"),
    [
        ("Asia/Shanghai", OCTOBER, "2026-09-30 16:00", "2026-10-31 16:00"),
        ("America/New_York", OCTOBER, "2026-10-01 04:00", "2026-11-01 04:00"),
        ("America/New_York", Month(2026, 11), "2026-11-01 04:00", "2026-12-01 05:00"),  # an hour longer
        ("America/New_York", Month(2026, 3), "2026-03-01 05:00", "2026-04-01 04:00"),  # an hour shorter
        ("Asia/Kathmandu", OCTOBER, "2026-09-30 18:15", "2026-10-31 18:15"),
        ("UTC", Month(2026, 12), "2026-12-01", "2027-01-01"),
    ],
)
def test_a_call_at_midnight_belongs_to_the_new_month(zone: str, month: Month, start: str, end: str) -> None:
    first, behind = utc(start), utc(end)
    calls = [{**OPUS, "started_at": when} for when in (utc(start, -1), first, utc(end, -1), behind)]
    with built(calls, month=month, zone=zone) as (engine, span):
        assert (span.start, span.end) == (first.replace(tzinfo=None), behind.replace(tzinfo=None))
        assert shown(engine, span) == ["1", "2"]


def test_a_look_back_shows_what_a_rule_asks_for_and_no_more() -> None:
    days = ("2026-09-20", "2026-09-24 00:00", "2026-09-30", "2026-10-15")
    with built([at(day) for day in days], look_back_days=10) as (engine, span):
        assert shown(engine, span, 7) == ["1", "2", "3"]
        assert shown(engine, span) == ["3"]
        assert shown(engine, span, 10) == ["1", "2", "3"]  # the 20th lies 11 days before
        assert engine.row("SELECT count(*), sum(cost) FROM projects") == (0, None)


def owned(call: Mapping[str, Any], projects: list[dict[str, Any]]) -> str | None:
    with built([at("2026-10-02", **call)], projects=projects) as (engine, _):
        ((by_priced, by_day),) = engine.rows("SELECT p.project, d.project FROM priced p, daily_spend d")
    assert by_priced == by_day
    return None if by_priced is None else str(by_priced)


def test_a_call_is_its_key_s_then_its_user_s_its_team_s_its_source_s_and_last_the_log_s() -> None:
    projects = [
        {"name": "by source", "sources": ["s"]},
        {"name": "by team", "teams": ["t"]},
        {"name": "by user", "users": ["u"]},
        {"name": "by key", "api_keys": ["k"]},
    ]
    call: dict[str, Any] = {"api_key": "k", "user_id": "u", "team": "t", "source": "s", "project": "logged"}
    found = []
    for name in call:
        found.append(owned(call, projects))
        call |= {name: "other"}
    assert found == ["by key", "by user", "by team", "by source", "logged"]
    assert owned({"team": None, "project": None}, projects) is None
    assert owned({"project": "logged"}, []) == "logged"


@pytest.mark.parametrize(
    "name", ["O'Brien", "'; DROP TABLE store.calls; --", "a\\'b", "客服", "{c}", "$start", '"', "%s"]
)
def test_names_are_values_whatever_stands_in_them(name: str) -> None:
    projects = [{"name": name, "users": [name], "revenue": [{"from": "2026-01", "amount": 1}]}]
    calls = [at("2026-10-02", user_id=name), at("2026-10-02", user_id="x", project="p")]
    with built(calls, projects=projects) as (engine, _):
        assert engine.rows("SELECT project FROM priced ORDER BY call_id") == [(name,), ("p",)]
        found = engine.rows("SELECT project, calls, expected_revenue FROM projects ORDER BY calls, expected_revenue")
        assert sorted(found, key=str) == sorted([(name, 1, Decimal(1)), ("p", 1, None)], key=str)
        assert engine.row("SELECT count(*) FROM store.calls") == (2,)


def test_one_id_in_two_sources_is_two_calls() -> None:
    calls = [
        at("2026-10-01", call_id="1", source="gateway"),
        at("2026-10-02", call_id="1", source="agent"),
        at("2026-10-03", call_id="2", source="agent"),
    ]
    with built(calls) as (engine, span):
        assert shown(engine, span) == ["gateway/1", "agent/1", "2"]
        assert engine.rows("SELECT call_id FROM store.calls ORDER BY 1") == [("1",), ("1",), ("2",)]


@pytest.mark.parametrize(
    ("zone", "days"),
    [
        ("UTC", {"2026-10-24": 1, "2026-10-25": 4}),
        ("Asia/Shanghai", {"2026-10-25": 4, "2026-10-26": 1}),
        ("Asia/Kathmandu", {"2026-10-25": 4, "2026-10-26": 1}),
        ("Europe/Berlin", {"2026-10-25": 4, "2026-10-26": 1}),  # that day has 25 hours
        ("America/New_York", {"2026-10-24": 2, "2026-10-25": 3}),
    ],
)
def test_spend_is_summed_by_the_company_s_day(zone: str, days: dict[str, int]) -> None:
    times = ("2026-10-24 22:30", "2026-10-25 00:30", "2026-10-25 05:00", "2026-10-25 15:59:59", "2026-10-25 23:00")
    with built([at(time, project="p") for time in times], zone=zone) as (engine, _):
        rows = engine.rows("SELECT day, calls, cost, input_tokens, output_tokens FROM daily_spend ORDER BY day")
    assert rows == [(date.fromisoformat(day), n, EACH * n, 1_000 * n, 100 * n) for day, n in days.items()]


@pytest.mark.parametrize("look_back_days", [0, 1, 35])
def test_daily_spend_reaches_thirteen_months_back_and_keeps_what_is_unknown(look_back_days: int) -> None:
    calls = [at("2025-09-30 23:59"), at("2025-10-01"), at("2026-10-31 23:59"), at("2026-11-01")]
    calls += [at("2026-10-05", model="house-model"), at("2026-10-06", model="house-model"), at("2026-10-06")]
    with built(calls, look_back_days) as (engine, _):
        rows = engine.rows("SELECT day, model, cost FROM daily_spend ORDER BY day, model")
        shape = engine.columns("SELECT * FROM daily_spend")
    opus = OPUS["model"]
    assert rows == [
        (date(2025, 10, 1), opus, EACH),
        (date(2026, 10, 5), "house-model", None),
        (date(2026, 10, 6), opus, EACH),
        (date(2026, 10, 6), "house-model", None),
        (date(2026, 10, 31), opus, EACH),
    ]
    assert shape == tables.DAILY_SHAPE


def test_projects_are_those_that_spent_and_those_that_are_to_earn() -> None:
    projects = [
        {"name": "both", "owner": "Team A", "revenue": [{"from": "2026-01", "amount": 10}]},
        {"name": "silent", "revenue": [{"from": "2026-01", "amount": 20}]},
        {"name": "later", "revenue": [{"from": "2026-11", "amount": 30}]},
    ]
    calls = [at("2026-10-02", project="both"), at("2026-10-03", project="both"), at("2026-10-03", project="unknown")]
    calls += [at("2026-09-30", project="gone"), at("2026-10-04"), at("2026-10-04", project="free", model="house-model")]
    with built(calls, look_back_days=7, projects=projects) as (engine, _):
        rows = engine.rows("SELECT project, owner, expected_revenue, line_share, cost, calls FROM projects ORDER BY 1")
    share = Decimal("0.2")
    assert rows == [
        ("both", "Team A", Decimal(10), share, EACH * 2, 2),
        ("free", None, None, None, Decimal(0), 1),
        ("later", "", None, share, Decimal(0), 0),
        ("silent", "", Decimal(20), share, Decimal(0), 0),
        ("unknown", None, None, None, EACH, 1),
    ]


def test_priced_calls_have_the_shape_that_rules_are_told() -> None:
    with built([at("2026-10-02")]) as (engine, _):
        shape = engine.columns("SELECT * FROM priced_in_full")
        bare = engine.columns("SELECT * FROM priced")
        assert engine.row("SELECT cost, price_source, cache_min_tokens FROM priced_in_full")[0] == EACH
    assert "input_price" not in bare
    assert bare.items() <= shape.items()
    assert shape == {**window.PRICED_SHAPE, **window.CLOCK_SHAPE}


def test_a_store_without_calls_has_empty_tables() -> None:
    with built([], projects=[{"name": "a"}]) as (engine, span):
        assert shown(engine, span) == []
        assert engine.rows("SELECT project, cost, calls FROM projects") == [("a", Decimal(0), 0)]
