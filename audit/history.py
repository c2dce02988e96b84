"""Which months were audited and sent: what the schedule makes up, what a repeated send leaves alone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from audit.records import Month

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from audit.engine.duckdb import Engine


def last_closed(zone: ZoneInfo, now: datetime | None = None) -> Month:
    """The month before the one an instant lies in."""
    return Month.of((now or datetime.now(UTC)).astimezone(zone).date()).shift(-1)


def months_with_calls(engine: Engine, zone: ZoneInfo) -> list[Month]:
    """The months the store's calls lie in, oldest first."""
    rows = engine.rows("SELECT DISTINCT time_bucket(INTERVAL '15 minutes', started_at) FROM store.calls")
    return sorted({Month.of(at.replace(tzinfo=UTC).astimezone(zone).date()) for (at,) in rows})


def spans(months: Sequence[Month]) -> str:
    """Months, oldest first, in words; those in a row as the first and the last of them."""
    runs: list[list[Month]] = []
    for month in months:
        if runs and month == runs[-1][-1].shift(1):
            runs[-1].append(month)
        else:
            runs.append([month])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs)


def audited(engine: Engine, month: Month, exit_code: int) -> None:
    """Note that a month's report lies in its folder."""
    engine.run(
        "INSERT INTO store.months VALUES ($month, now() AT TIME ZONE 'UTC', $code, NULL) "
        "ON CONFLICT (month) DO UPDATE SET audited_at = excluded.audited_at, exit_code = excluded.exit_code",
        {"month": str(month), "code": exit_code},
    )


def is_audited(engine: Engine, month: Month, zone: ZoneInfo) -> bool:
    """Whether a month's report was written once the month was over in a time zone."""
    rows = engine.rows("SELECT audited_at FROM store.months WHERE month = $month", {"month": str(month)})
    return bool(rows) and _after(month, rows[0][0], zone)


def _after(month: Month, at: datetime | None, zone: ZoneInfo) -> bool:
    """Whether something was done after the month's end: a look at the running month does not close it."""
    return at is not None and at.replace(tzinfo=UTC) >= month.end(zone)


def sent(engine: Engine, month: Month) -> None:
    """Note that a month's mail is with the mail server."""
    engine.run(
        "INSERT INTO store.months VALUES ($month, NULL, NULL, now() AT TIME ZONE 'UTC') "
        "ON CONFLICT (month) DO UPDATE SET sent_at = excluded.sent_at",
        {"month": str(month)},
    )


def sent_at(engine: Engine, month: Month, zone: ZoneInfo) -> datetime | None:
    """When a month's mail was sent once the month was over, UTC; None where it was not."""
    rows = engine.rows("SELECT sent_at FROM store.months WHERE month = $month", {"month": str(month)})
    return rows[0][0] if rows and _after(month, rows[0][0], zone) else None


def due(engine: Engine, newest: Month, *, sending: bool, zone: ZoneInfo) -> list[Month]:
    """Closed months that were not audited and sent, from the first that was audited on; the newest where none was.

    An audit and a mail count from the month's end in a time zone on: a look at the running month closes nothing.
    """
    rows = engine.rows("SELECT month, audited_at, sent_at FROM store.months ORDER BY month")
    noted = [(Month.parse(month), at, mailed) for month, at, mailed in rows]
    finished = {month for month, at, _ in noted if _after(month, at, zone)}
    posted = {month for month, _, mailed in noted if _after(month, mailed, zone)}
    done = finished & posted if sending else finished
    known = [month for month, *_ in noted]
    first = min([*known, newest])
    months = []
    while first <= newest:
        if first not in done:
            months.append(first)
        first = first.shift(1)
    return months
