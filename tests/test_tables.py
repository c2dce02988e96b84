"""What rules see beside the calls: the company's calendar, who was first seen when, and pools."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from audit import tables, workdays
from audit.engine.duckdb import Engine
from audit.records import Month, UsageError
from audit.settings import Settings
from audit.settings_file import load
from tests.test_window import at, built

if TYPE_CHECKING:
    from pathlib import Path

ZONES = ("UTC", "Asia/Shanghai", "Asia/Kathmandu", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")
YEAR_MINUTES = 396 * 24 * 60


@hypothesis_settings(deadline=None, max_examples=25)
@given(
    zone=st.sampled_from(ZONES),
    start=st.datetimes(datetime(2024, 1, 1), datetime(2026, 1, 1)).map(lambda at: at.replace(second=0, microsecond=0)),  # noqa: DTZ001
    minutes=st.lists(st.integers(0, YEAR_MINUTES), min_size=1, max_size=40),
)
def test_the_clock_on_the_wall_is_the_zone_s_own_at_every_minute(
    zone: str, start: datetime, minutes: list[int]
) -> None:
    read = Settings.model_validate({"company": {"timezone": zone}})
    start = start.replace(minute=0)
    clock = tables.Clock.of(read, start, start + timedelta(minutes=YEAR_MINUTES))
    instants = [start + timedelta(minutes=number) for number in minutes]
    with Engine() as engine:
        engine.load("calls", {"started_at": "TIMESTAMP"}, [{"started_at": instant} for instant in instants])
        shown = engine.rows(f"SELECT {clock.local('started_at')}, {clock.columns()['hour']} FROM calls")
    expected = [instant.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) for instant in instants]
    assert shown == [(local, local.hour) for local in expected]


def test_a_call_knows_its_day_its_hour_and_whether_people_worked() -> None:
    calls = [
        at("2026-10-01 16:30"),  # 00:30 on the 2nd in Shanghai, a holiday
        at("2026-10-08 01:00"),  # a Thursday
        at("2026-10-10 01:00"),  # a Saturday worked in place of a holiday
        at("2026-10-11 01:00"),  # a Sunday
    ]
    company = {"timezone": "Asia/Shanghai", "country": "CN"}
    with built(calls, company=company) as (engine, _):
        rows = engine.rows("SELECT day, hour, workday FROM priced ORDER BY started_at")
    assert rows == [
        (date(2026, 10, 2), 0, False),
        (date(2026, 10, 8), 9, True),
        (date(2026, 10, 10), 9, True),
        (date(2026, 10, 11), 9, False),
    ]


def test_the_days_are_those_of_thirteen_months_with_holidays_and_what_is_logged() -> None:
    calls = [at("2026-09-20"), at("2026-10-05 12:00")]
    with built(calls, company={"country": "CN"}) as (engine, _):
        (count, first, last) = engine.row("SELECT count(*), min(day), max(day) FROM days")
        of_days = {
            day: rest
            for day, *rest in engine.rows("SELECT day, weekday, workday, holiday IS NULL, current, logged FROM days")
        }
    assert (count, first, last) == (396, date(2025, 10, 1), date(2026, 10, 31))
    assert of_days[date(2026, 9, 19)] == [6, False, True, False, False]
    assert of_days[date(2026, 9, 20)] == [7, True, True, False, True]  # a Sunday worked for the National Day's bridge
    assert of_days[date(2026, 10, 1)] == [4, False, False, True, True]
    assert of_days[date(2026, 10, 6)] == [2, False, False, True, False]


def test_within_a_running_month_the_days_before_the_newest_call_s_have_passed() -> None:
    rows = tables.day_rows(Month(2026, 10), "", (date(2026, 9, 1), date(2026, 10, 7)), ended=False)
    assert [row["day"].day for row in rows if row["current"] and row["passed"]] == [1, 2, 3, 4, 5, 6]
    ended = tables.day_rows(Month(2026, 10), "", (date(2026, 9, 1), date(2026, 10, 7)), ended=True)
    assert all(row["passed"] for row in ended)


def test_who_was_first_seen_is_told_by_project_and_kind() -> None:
    calls = [
        at("2026-08-03", project="a", api_key="k1", user_id="u1"),
        at("2026-10-05", project="a", api_key="k1", user_id="u2"),
        at("2026-10-06", project="b", api_key="k1"),
        at("2026-11-06", project="c", api_key="k9"),  # after the month
    ]
    with built(calls) as (engine, _):
        rows = engine.rows("SELECT * FROM first_seen WHERE kind <> 'model' ORDER BY ALL")
        models = engine.rows("SELECT project, first_day FROM first_seen WHERE kind = 'model' ORDER BY ALL")
    assert rows == [
        ("api_key", "a", "k1", date(2026, 8, 3)),
        ("api_key", "b", "k1", date(2026, 10, 6)),
        ("user_id", "a", "u1", date(2026, 8, 3)),
        ("user_id", "a", "u2", date(2026, 10, 5)),
    ]
    assert models == [("a", date(2026, 8, 3)), ("b", date(2026, 10, 6))]


def test_a_pool_says_what_it_cost_and_for_how_many_hours_it_is_paid() -> None:
    pool = {"name": "h100", "models": ["qwen3-32b"], "gpus": 4, "hourly_rate": "2.5", "hours": 300}
    calls = [at("2026-10-05", model="qwen3-32b", provider="vllm")]
    with built(calls, pools=[pool]) as (engine, _):
        assert engine.rows("SELECT pool, price_source, gpus, paid_hours, cost FROM pools") == [
            ("h100", "pool h100", 4, 300.0, 3000)
        ]
        assert engine.rows("SELECT price_source FROM priced") == [("pool h100",)]


@pytest.mark.parametrize(("code", "known"), [("CN", True), ("DE-BY", True), ("XX", False), ("DE-ZZ", False)])
def test_a_country_is_one_whose_holidays_are_known(code: str, *, known: bool) -> None:
    assert workdays.knows(code) is known


def test_a_country_nobody_knows_is_refused_with_how_to_write_it(tmp_path: Path) -> None:
    file = tmp_path / "audit.toml"
    file.write_text('[company]\ncountry = "China"\n')
    with pytest.raises(UsageError, match="CN, US or DE-BY"):
        load(file)
