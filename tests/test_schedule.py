from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from apscheduler.triggers.interval import IntervalTrigger

from audit.records import AuditError, Month, UsageError
from audit.schedule import cron_trigger, run_schedule
from audit.settings import Schedule

if TYPE_CHECKING:
    from collections.abc import Iterator

BERLIN = ZoneInfo("Europe/Berlin")
AUGUST, SEPTEMBER, OCTOBER = Month(2026, 8), Month(2026, 9), Month(2026, 10)
# A wait that fails a test that hangs; none passes by waiting it out.
LONG = 60.0


def firings(cron: str, after: str, count: int = 3) -> list[str]:
    """The next firings of a cron line, as local times with the weekday."""
    trigger = cron_trigger(cron, BERLIN)
    previous, now = None, datetime.fromisoformat(after).replace(tzinfo=BERLIN)
    found = []
    for _ in range(count):
        previous = now = trigger.get_next_fire_time(previous, now)
        found.append(f"{now:%a %Y-%m-%d %H:%M}")
    return found


@pytest.mark.parametrize(
    ("weekday", "day"),
    [("0", "Sun"), ("7", "Sun"), ("sun", "Sun"), ("1", "Mon"), ("MON", "Mon"), ("5", "Fri"), ("6", "Sat")],
)
def test_weekdays_are_counted_as_cron_counts_them(weekday: str, day: str) -> None:
    assert {firing[:3] for firing in firings(f"0 7 * * {weekday}", "2026-11-01")} == {day}


@pytest.mark.parametrize(
    ("weekdays", "days"),
    [
        ("1-5", "Mon Tue Wed Thu Fri Mon Tue"),
        ("5-7", "Sun Fri Sat Sun Fri Sat Sun"),
        ("fri-sun", "Sun Fri Sat Sun Fri Sat Sun"),
        ("*/2", "Sun Tue Thu Sat Sun Tue Thu"),
        ("0,3", "Sun Wed Sun Wed Sun Wed Sun"),
        ("mon-fri/2", "Mon Wed Fri Mon Wed Fri Mon"),
    ],
)
def test_ranges_steps_and_lists_of_weekdays_hold_what_cron_says(weekdays: str, days: str) -> None:
    assert " ".join(firing[:3] for firing in firings(f"0 7 * * {weekdays}", "2026-11-01", 7)) == days


def test_the_usual_line_is_a_local_time_in_summer_and_in_winter() -> None:
    usual = firings("0 7 2 * *", "2026-09-30")
    assert usual == ["Fri 2026-10-02 07:00", "Mon 2026-11-02 07:00", "Wed 2026-12-02 07:00"]


def test_names_and_steps_of_months_are_kept() -> None:
    quarters = ["Fri 2027-01-01 00:30", "Thu 2027-04-01 00:30", "Thu 2027-07-01 00:30"]
    assert firings("30 0 1 */3 *", "2026-10-05") == quarters
    assert firings("30 0 1 jan-jul/3 *", "2026-10-05") == quarters


def test_a_day_of_the_month_or_a_weekday_will_do() -> None:
    either = firings("0 7 2 * 1", "2026-10-30", 4)
    assert either == [
        "Mon 2026-11-02 07:00",
        "Mon 2026-11-09 07:00",
        "Mon 2026-11-16 07:00",
        "Mon 2026-11-23 07:00",
    ]
    assert firings("0 7 3 * 1", "2026-11-01", 2) == ["Mon 2026-11-02 07:00", "Tue 2026-11-03 07:00"]


@pytest.mark.parametrize(
    ("cron", "reason"),
    [
        ("0 7 2 *", "it has 4 fields, not five"),
        ("0 7 2 * * *", "it has 6 fields, not five"),
        ("@monthly", "it has 1 fields, not five"),
        ("61 7 2 * *", "'61' is no minute, which goes from 0 to 59"),
        ("0 7 0 * *", "'0' is no day"),
        ("0 7 2 * 8", "'8' is no weekday, which goes from 0 to 7"),
        ("0 7 2 janfoo *", "'janfoo' is no month"),
        ("0 7 last * *", "'last' is no day"),
        ("0 7 9-2 * *", "'9-2' holds no day"),
        ("*/0 7 2 * *", "'*/0' holds no minute"),
        ("0 7 2, * *", "'' is no day"),
    ],
)
def test_a_bad_line_is_named_with_its_key_and_reason(cron: str, reason: str) -> None:
    with pytest.raises(UsageError) as caught:
        cron_trigger(cron, BERLIN)
    assert str(caught.value).startswith(f"`[schedule] cron`: '{cron}': {reason}")


def test_a_date_that_never_comes_is_refused_at_start() -> None:
    with pytest.raises(UsageError, match=r"`\[schedule\] cron`: '0 7 30 2 \*' names a date that never comes"):
        run_schedule(Schedule(cron="0 7 30 2 *"), BERLIN, Ledger())


class Ledger:
    """Work that keeps in memory what is due and what was done, and can be told to fail or to wait."""

    def __init__(self, *due: Month) -> None:
        self.open = list(due)
        self.tries: list[Month] = []
        self.failures: list[Exception] = []
        self.due_failures: list[Exception] = []
        self.asked = threading.Semaphore(0)
        self.done = threading.Semaphore(0)
        self.begun = threading.Event()
        self.go = threading.Event()
        self.go.set()
        self.at_once = 0
        self.most_at_once = 0

    def due(self) -> list[Month]:
        self.asked.release()
        if self.due_failures:
            raise self.due_failures.pop(0)
        return list(self.open)

    def do(self, month: Month) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.begun.set()
        try:
            self.tries.append(month)
            assert self.go.wait(LONG)
            if self.failures:
                raise self.failures.pop(0)
            self.open.remove(month)
            self.done.release()
        finally:
            self.at_once -= 1


@contextmanager
def scheduled(work: Ledger, *, every: float, retry_minutes: float = 60) -> Iterator[threading.Event]:
    """The real scheduler in a thread, fired every so many seconds; it has ended when the block is left."""
    stop = threading.Event()
    thread = threading.Thread(
        target=run_schedule,
        args=(Schedule(retry_minutes=retry_minutes), BERLIN, work),
        kwargs={"trigger": IntervalTrigger(seconds=every, timezone=UTC), "stop": stop},
    )
    thread.start()
    try:
        yield stop
    finally:
        work.go.set()
        stop.set()
        thread.join(LONG)
        assert not thread.is_alive()


def test_months_missed_while_the_machine_was_off_are_made_up_at_start_in_order() -> None:
    work = Ledger(AUGUST, SEPTEMBER, OCTOBER)
    with scheduled(work, every=3600):
        for _ in range(3):
            assert work.done.acquire(timeout=LONG)
    assert work.tries == [AUGUST, SEPTEMBER, OCTOBER]


def test_a_month_that_closes_later_is_done_at_a_firing() -> None:
    work = Ledger()
    with scheduled(work, every=0.05):
        assert work.asked.acquire(timeout=LONG)
        work.open.append(OCTOBER)
        assert work.done.acquire(timeout=LONG)
    assert work.tries == [OCTOBER]


def test_a_failed_month_is_said_in_one_line_and_tried_again(capsys: pytest.CaptureFixture[str]) -> None:
    work = Ledger(SEPTEMBER)
    work.failures = [AuditError("mail:587 refused\nthe connection"), ZeroDivisionError()]
    with scheduled(work, every=3600, retry_minutes=0.001):
        assert work.done.acquire(timeout=LONG)
    assert work.tries == [SEPTEMBER] * 3
    assert capsys.readouterr().err.splitlines() == [
        "audit schedule: 2026-09 failed: mail:587 refused the connection; tried again within 0.001 minutes",
        "audit schedule: 2026-09 failed: ZeroDivisionError; tried again within 0.001 minutes",
    ]


def test_a_failed_month_does_not_keep_the_next_from_being_done() -> None:
    work = Ledger(SEPTEMBER, OCTOBER)
    work.failures = [AuditError("no")]
    with scheduled(work, every=3600):
        assert work.done.acquire(timeout=LONG)
    assert work.tries == [SEPTEMBER, OCTOBER]
    assert work.open == [SEPTEMBER]


def test_a_failure_does_not_block_the_next_firing() -> None:
    work = Ledger(SEPTEMBER)
    work.failures = [AuditError("no")]
    with scheduled(work, every=0.1, retry_minutes=60):
        assert work.done.acquire(timeout=LONG)
    assert work.tries == [SEPTEMBER, SEPTEMBER]


def test_what_is_due_may_fail_too(capsys: pytest.CaptureFixture[str]) -> None:
    work = Ledger(SEPTEMBER)
    work.due_failures = [AuditError("another run holds the store")]
    with scheduled(work, every=3600, retry_minutes=0.001):
        assert work.done.acquire(timeout=LONG)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("audit schedule: what is due cannot be told: another run holds the store; tried again")


def test_no_two_runs_at_once_and_a_firing_missed_by_a_long_run_is_made_up() -> None:
    work = Ledger(SEPTEMBER)
    work.go.clear()
    with scheduled(work, every=0.05, retry_minutes=0.002):
        assert work.begun.wait(LONG)
        assert work.asked.acquire(timeout=LONG)
        # Several firings come and go; none may start a second run, nor even ask what is due.
        assert not work.asked.acquire(timeout=0.3)
        work.open.append(OCTOBER)
        work.go.set()
        assert work.done.acquire(timeout=LONG)
        assert work.done.acquire(timeout=LONG)
    assert work.tries == [SEPTEMBER, OCTOBER]
    assert work.most_at_once == 1


def test_the_start_is_one_line_with_the_next_firing_and_the_rest_is_silence(
    capsys: pytest.CaptureFixture[str],
) -> None:
    stop = threading.Event()
    stop.set()
    run_schedule(Schedule(cron="0 7 2 1 *", timezone="Asia/Shanghai"), BERLIN, Ledger(), stop=stop)
    out, err = capsys.readouterr()
    assert out.startswith("audit schedule: next run 20")
    assert out.endswith("-01-02 07:00 CST; whatever is due runs now\n")
    assert err == ""


def test_signals_are_given_back() -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    stop = threading.Event()
    stop.set()
    run_schedule(Schedule(), BERLIN, Ledger(), stop=stop)
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


PROGRAM = """
import sys
from zoneinfo import ZoneInfo
from audit.records import Month
from audit.schedule import run_schedule
from audit.settings import Schedule

class Work:
    def due(self):
        return [Month(2026, 9), Month(2026, 10)][: int(sys.argv[1])]

    def do(self, month):
        print("begun", month, flush=True)
        sys.stdin.readline()
        print("done", month, flush=True)

run_schedule(Schedule(), ZoneInfo("UTC"), Work())
print("ended", flush=True)
"""


@contextmanager
def program(months: int) -> Iterator[subprocess.Popen[str]]:
    root = str(Path(__file__).resolve().parents[1])
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(months)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": root},
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_the_month_in_progress_finish_and_begins_no_other(number: signal.Signals) -> None:
    with program(months=2) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith("audit schedule: next run ")
        assert process.stdout.readline() == "begun 2026-09\n"
        process.send_signal(number)
        assert process.stderr.readline() == "audit schedule: asked to end: 2026-09 is finished first\n"
        process.send_signal(number)  # asked twice is asked once
        out, err = process.communicate("go on\n", timeout=LONG)
        assert out == "done 2026-09\nended\n"
        assert err == ""
        assert process.returncode == 0


def test_a_signal_while_nothing_runs_ends_it_at_once() -> None:
    with program(months=0) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("audit schedule: next run ")
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=LONG)
        assert (out, err, process.returncode) == ("ended\n", "", 0)
