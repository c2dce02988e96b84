"""The company's days: a zone without summer time, weekends, autumn's holidays and the days worked for them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

ZONE = "Asia/Shanghai"
AHEAD_MS = 8 * 3_600_000
DAY_MS = 24 * 3_600_000
HOUR_MS = 3_600_000
MINUTE_MS = 60_000
# Two months of history before the month that is audited.
FIRST, MONTH_FIRST, LAST = date(2026, 8, 1), date(2026, 10, 1), date(2026, 10, 31)
HOLIDAYS = frozenset(
    [*(date(2026, 9, 25) + timedelta(days=n) for n in range(3)), *(date(2026, 10, n) for n in range(1, 8))]
)
WORKED_WEEKENDS = frozenset([date(2026, 9, 20), date(2026, 10, 10)])
SATURDAY = 5
# How much of a day's calls fall into each hour.
OFFICE = (0, 0, 0, 0, 0, 0, 0, 1, 10, 20, 24, 22, 9, 15, 24, 24, 22, 17, 7, 3, 1, 0, 0, 0)
CONSUMERS = (3, 2, 1, 1, 1, 1, 3, 6, 10, 12, 13, 14, 15, 13, 12, 12, 13, 14, 15, 18, 20, 18, 12, 6)
NIGHT = (0, 30, 40, 30, *(0,) * 20)
MORNING = (*(0,) * 10, 1, 1, *(0,) * 12)


def every(first: date = FIRST, last: date = LAST) -> list[date]:
    """The days from the first to the last."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def off(day: date) -> bool:
    """Whether nobody is at work."""
    return day in HOLIDAYS or (day.weekday() >= SATURDAY and day not in WORKED_WEEKENDS)


def midnight(day: date) -> int:
    """When a day begins, in milliseconds since 1970 UTC."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000) - AHEAD_MS


def day_of(instant: int) -> date:
    """The company's day of an instant."""
    return datetime.fromtimestamp((instant + AHEAD_MS) / 1000, UTC).date()


def written(instant: int) -> str:
    """An instant as a log states it."""
    return f"{datetime.fromtimestamp(instant // 1000, UTC):%Y-%m-%dT%H:%M:%S}.{instant % 1000:03d}Z"


MONTH_START, MONTH_END = midnight(MONTH_FIRST), midnight(LAST) + DAY_MS
