from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from audit import history
from audit.records import Month
from tests.pricing.priced import store, utc

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audit.engine.duckdb import Engine

SHANGHAI, NEW_YORK = ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York")
UTC_ZONE = ZoneInfo("UTC")
# Long over, whatever the clock of the machine says.
JULY, AUGUST, SEPTEMBER, OCTOBER = (Month(2024, number) for number in (7, 8, 9, 10))


@pytest.fixture
def engine() -> Iterator[Engine]:
    with store([]) as engine:
        yield engine


@pytest.mark.parametrize(
    ("zone", "now", "month"),
    [
        (SHANGHAI, "2026-10-31 15:59:59.999999", "2026-09"),  # 23:59 on the 31st there
        (SHANGHAI, "2026-10-31 16:00", "2026-10"),
        (NEW_YORK, "2026-11-01 03:59:59.999999", "2026-09"),  # summer time ends later that day
        (NEW_YORK, "2026-11-01 04:00", "2026-10"),
        (NEW_YORK, "2026-12-01 04:59:59.999999", "2026-10"),
        (NEW_YORK, "2026-12-01 05:00", "2026-11"),
        (SHANGHAI, "2026-12-31 16:00", "2026-12"),
        (NEW_YORK, "2027-01-01 04:59", "2026-11"),
    ],
)
def test_the_last_closed_month_is_told_by_the_company_s_clock(zone: ZoneInfo, now: str, month: str) -> None:
    assert str(history.last_closed(zone, utc(now))) == month


def test_without_an_instant_it_is_now() -> None:
    assert history.last_closed(SHANGHAI) in {
        history.last_closed(SHANGHAI, datetime.now(UTC)),
        Month.of(datetime.now(SHANGHAI).date()).shift(-1),
    }


def test_a_call_lies_in_the_month_of_each_zone() -> None:
    at = ("2026-07-31 15:59:59.999999", "2026-07-31 16:00", "2026-11-01 03:59", "2026-11-01 04:00", "2026-11-01 04:10")
    with store({"started_at": utc(text)} for text in at) as engine:
        assert list(map(str, history.months_with_calls(engine, SHANGHAI))) == ["2026-07", "2026-08", "2026-11"]
        assert list(map(str, history.months_with_calls(engine, NEW_YORK))) == ["2026-07", "2026-10", "2026-11"]
        assert list(map(str, history.months_with_calls(engine, ZoneInfo("UTC")))) == ["2026-07", "2026-11"]


def test_a_zone_of_odd_minutes_has_its_own_edge() -> None:
    with store({"started_at": utc(text)} for text in ("2026-07-31 18:14:59", "2026-07-31 18:15")) as engine:
        assert list(map(str, history.months_with_calls(engine, ZoneInfo("Asia/Kathmandu")))) == ["2026-07", "2026-08"]


def test_an_empty_store_has_no_month(engine: Engine) -> None:
    assert history.months_with_calls(engine, SHANGHAI) == []


@pytest.mark.parametrize("sending", [True, False])
def test_where_nothing_was_audited_the_newest_month_alone_is_due(engine: Engine, *, sending: bool) -> None:
    assert history.due(engine, OCTOBER, sending=sending, zone=UTC_ZONE) == [OCTOBER]


def test_a_gap_is_made_up_oldest_first(engine: Engine) -> None:
    for month in (JULY, SEPTEMBER):
        history.audited(engine, month, 0)
        history.sent(engine, month)
    assert history.due(engine, OCTOBER, sending=True, zone=UTC_ZONE) == [AUGUST, OCTOBER]
    assert history.due(engine, SEPTEMBER, sending=True, zone=UTC_ZONE) == [AUGUST]


def test_a_gap_over_the_turn_of_the_year(engine: Engine) -> None:
    history.audited(engine, Month(2023, 11), 0)
    due = history.due(engine, Month(2024, 2), sending=False, zone=UTC_ZONE)
    assert list(map(str, due)) == ["2023-12", "2024-01", "2024-02"]


def test_an_audited_month_is_due_for_as_long_as_its_mail_is_to_be_sent(engine: Engine) -> None:
    history.audited(engine, OCTOBER, 3)
    assert history.due(engine, OCTOBER, sending=False, zone=UTC_ZONE) == []
    assert history.due(engine, OCTOBER, sending=True, zone=UTC_ZONE) == [OCTOBER]
    history.sent(engine, OCTOBER)
    assert history.due(engine, OCTOBER, sending=True, zone=UTC_ZONE) == []


def test_a_month_that_was_sent_but_not_noted_as_audited_is_due(engine: Engine) -> None:
    history.sent(engine, OCTOBER)
    assert history.due(engine, OCTOBER, sending=True, zone=UTC_ZONE) == [OCTOBER]


def test_a_month_newer_than_the_newest_closed_one_makes_nothing_else_due(engine: Engine) -> None:
    history.audited(engine, OCTOBER, 0)  # somebody looked at the running month
    assert history.due(engine, SEPTEMBER, sending=False, zone=UTC_ZONE) == [SEPTEMBER]


@pytest.mark.parametrize(
    ("audited_at", "zone", "closed"),
    [
        ("2024-10-31 15:59:59", SHANGHAI, False),  # somebody looked at the running month
        ("2024-10-31 16:00:00", SHANGHAI, True),
        ("2024-10-31 16:00:00", UTC_ZONE, False),
        ("2024-11-01 00:00:00", UTC_ZONE, True),
        ("2024-11-01 00:00:00", NEW_YORK, False),
        ("2024-11-01 04:00:00", NEW_YORK, True),
    ],
)
def test_an_audit_before_the_month_s_end_does_not_close_it(
    engine: Engine, audited_at: str, zone: ZoneInfo, *, closed: bool
) -> None:
    history.audited(engine, OCTOBER, 0)
    engine.run(f"UPDATE store.months SET audited_at = TIMESTAMP '{audited_at}'")
    assert history.is_audited(engine, OCTOBER, zone) is closed
    assert history.due(engine, OCTOBER, sending=False, zone=zone) == ([] if closed else [OCTOBER])


def test_a_month_without_a_note_is_not_audited(engine: Engine) -> None:
    history.sent(engine, OCTOBER)
    assert [history.is_audited(engine, month, UTC_ZONE) for month in (SEPTEMBER, OCTOBER)] == [False, False]


def test_a_second_audit_leaves_the_note_of_the_mail(engine: Engine) -> None:
    assert history.sent_at(engine, OCTOBER, UTC_ZONE) is None
    history.audited(engine, OCTOBER, 4)
    assert history.sent_at(engine, OCTOBER, UTC_ZONE) is None
    history.sent(engine, OCTOBER)
    at = history.sent_at(engine, OCTOBER, UTC_ZONE)
    history.audited(engine, OCTOBER, 0)
    assert at is not None
    assert abs((datetime.now(UTC) - at.replace(tzinfo=UTC)).total_seconds()) < 60
    assert history.sent_at(engine, OCTOBER, UTC_ZONE) == at
    assert engine.rows("SELECT month, exit_code FROM store.months") == [("2024-10", 0)]
