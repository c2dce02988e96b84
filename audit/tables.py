"""What rules see beside the calls: the days, what was spent on each, who was first seen when, and pools of GPUs.

All SQL over the store; Python hands over the calendar and the settings' small tables.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from audit import workdays
from audit.records import TEXT, WHOLE, Month

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from audit.engine.duckdb import Engine
    from audit.settings import Settings

# A sum of money: a currency of small units passes what one call may cost.
SUM = "DECIMAL(38,9)"
HISTORY_MONTHS = 13
_HOUR = timedelta(hours=1)
DAILY_SHAPE = {
    "day": "DATE",
    "project": TEXT,
    "provider": TEXT,
    "model": TEXT,
    "task": TEXT,
    "api_key": TEXT,
    "calls": WHOLE,
    "ok_calls": WHOLE,
    "input_tokens": WHOLE,
    "cache_read_tokens": WHOLE,
    "output_tokens": WHOLE,
    "cost": SUM,
}
DAYS_SHAPE = {
    "day": "DATE",
    "weekday": WHOLE,
    "workday": "BOOLEAN",
    "holiday": TEXT,
    "current": "BOOLEAN",
    "passed": "BOOLEAN",
    "logged": "BOOLEAN",
}
FIRST_SEEN_SHAPE = {"kind": TEXT, "project": TEXT, "name": TEXT, "first_day": "DATE"}
POOLS_SHAPE = {"pool": TEXT, "price_source": TEXT, "gpus": WHOLE, "paid_hours": "DOUBLE", "cost": SUM}
_SUMMED = ("input_tokens", "cache_read_tokens", "output_tokens")


@dataclass(frozen=True, slots=True)
class Clock:
    """The company's time zone over a stretch of time, as SQL: its offsets are few, the engine's zone rules are slow."""

    changes: tuple[tuple[datetime, timedelta], ...]
    zone_days: tuple[workdays.CalendarDay, ...]

    @classmethod
    def of(cls, settings: Settings, start: datetime, end: datetime) -> Clock:
        """The zone's offsets and its days from one instant to another, both UTC without a zone."""
        offsets = _offsets(settings.zone, start, end)
        first, last = (_local(at, settings.zone).date() for at in (start, end))
        return cls(offsets, tuple(workdays.days(first, last, settings.company.country)))

    def local(self, at: str) -> str:
        """An instant (UTC) as the clock on the wall shows it."""
        *earlier, (_, newest) = self.changes
        cases = [
            f"WHEN {at} < TIMESTAMP '{until}' THEN {_interval(offset)}"
            for (_, offset), (until, _) in zip(earlier, self.changes[1:], strict=True)
        ]
        shift = f"CASE {' '.join(cases)} ELSE {_interval(newest)} END" if cases else _interval(newest)
        return f"({at} + {shift})"

    def day(self, at: str) -> str:
        """The date on which an instant falls."""
        return f"{self.local(at)}::DATE"

    def columns(self) -> dict[str, str]:
        """``day``, ``hour`` and ``workday`` of a call."""
        off = ", ".join(f"DATE '{day.day}'" for day in self.zone_days if not day.workday)
        free = f"{self.day('started_at')} IN ({off})" if off else "FALSE"
        return {
            "day": self.day("started_at"),
            "hour": f"hour({self.local('started_at')})",
            "workday": f"NOT ({free})",
        }


def _interval(offset: timedelta) -> str:
    return f"to_seconds({int(offset.total_seconds())})"


def _local(at: datetime, zone: ZoneInfo) -> datetime:
    return at.replace(tzinfo=UTC).astimezone(zone)


def _offsets(zone: ZoneInfo, start: datetime, end: datetime) -> tuple[tuple[datetime, timedelta], ...]:
    """Every offset the zone has between two instants, with the instant from which on it holds."""

    def offset(at: datetime) -> timedelta:
        return _local(at, zone).utcoffset() or timedelta()

    found = [(start, offset(start))]
    hours = int((end - start) / _HOUR)
    for day in range(0, hours, 24):
        if offset(start + min(day + 24, hours) * _HOUR) == found[-1][1]:
            continue
        held = found[-1][1]
        # Offsets change at quarters of an hour.
        quarters = range(1, 24 * 4 + 1)
        at = bisect_left(quarters, True, key=lambda q: offset(start + day * _HOUR + q * _HOUR / 4) != held)
        change = start + day * _HOUR + quarters[min(at, len(quarters) - 1)] * _HOUR / 4
        found.append((change, offset(change)))
    return tuple(found)


def make_days(engine: Engine, settings: Settings, month: Month) -> None:
    """Make ``days``: thirteen months of them, up to the audited month's end.

    A month has ended by the clock; within one that still runs, the days before that of the newest call have passed.
    """
    zone = settings.zone
    oldest, newest = engine.row("SELECT min(started_at), max(started_at) FROM store.calls")
    ended = datetime.now(UTC) >= month.end(zone)
    logged = (_local(oldest, zone).date(), _local(newest, zone).date()) if oldest else None
    rows = day_rows(month, settings.company.country, logged, ended=ended)
    engine.load("days", DAYS_SHAPE, rows)


def day_rows(month: Month, country: str, logged: tuple[date, date] | None, *, ended: bool) -> list[dict[str, Any]]:
    """The rows of ``days``; ``logged`` are the days of the store's first and last call."""
    first = month.shift(1 - HISTORY_MONTHS).first_day
    return [
        asdict(day)
        | {
            "current": day.day >= month.first_day,
            "passed": ended or (logged is not None and day.day < logged[1]),
            "logged": logged is not None and logged[0] <= day.day <= logged[1],
        }
        for day in workdays.days(first, month.last_day, country)
    ]


def make_daily_spend(engine: Engine, clock: Clock, owner: str, oldest: datetime, since: datetime) -> None:
    """Make ``daily_spend``. What is priced already is not priced again; only the days before ``since`` still must be.

    ``owner`` is the SQL of a call's project, of the table ``c``.
    """
    keys = "project, provider, model, task, api_key"
    sums = ", ".join(f"sum({name})::BIGINT AS {name}" for name in _SUMMED)
    summed = (
        f"SELECT {clock.day('started_at')} AS day, {keys}, count(*) AS calls, count(*) FILTER (status = 'ok') "
        f"AS ok_calls, {sums}, sum(cost)::{SUM} AS cost"
    )
    engine.run(
        "CREATE OR REPLACE TEMP TABLE daily_spend AS WITH earlier AS ("
        f"SELECT c.started_at, {owner} AS project, c.provider, c.model, c.task, c.api_key, c.status, c.input_tokens, "
        "c.cache_read_tokens, c.output_tokens, c.cost FROM costed c "
        "WHERE c.started_at >= $oldest AND c.started_at < $since) "
        f"{summed} FROM earlier GROUP BY ALL UNION ALL {summed} FROM priced WHERE started_at >= $since GROUP BY ALL",
        {"oldest": oldest, "since": since},
    )


def make_first_seen(engine: Engine, clock: Clock, owner: str, end: datetime) -> None:
    """Make ``first_seen``: the first day on which a project used a key, a user or a model."""
    parts = [
        f"SELECT '{kind}' AS kind, project, {kind} AS name, min(started_at) AS first_at FROM seen "
        f"WHERE {kind} IS NOT NULL GROUP BY ALL"
        for kind in ("api_key", "user_id", "model")
    ]
    engine.run(
        f"CREATE OR REPLACE TEMP TABLE first_seen AS WITH seen AS (SELECT {owner} AS project, c.api_key, c.user_id, "
        f"c.model, c.started_at FROM store.each_call c WHERE c.started_at < $end), "
        f"first AS ({' UNION ALL '.join(parts)}) "
        f"SELECT kind, project, name, {clock.day('first_at')} AS first_day FROM first",
        {"end": end},
    )


def make_pools(engine: Engine, settings: Settings, month: Month) -> None:
    """Make ``pools``: what each cost in the month, in the report's currency, and the hours that makes of its rate."""
    stated = {pool.name: pool for pool in settings.pools if pool.hourly_rate}
    rows = [
        {
            "pool": name,
            "price_source": source,
            "gpus": stated[name].gpus,
            "paid_hours": float(native / stated[name].hourly_rate / stated[name].gpus),
            "cost": cost,
        }
        for name, source, native, cost in engine.rows(
            "SELECT pool, price_source, native_cost, cost FROM pool_months WHERE month = $month ORDER BY pool",
            {"month": str(month)},
        )
        if name in stated
    ]
    engine.load("pools", POOLS_SHAPE, rows)
