"""When the month's audit runs: at start, when the cron line says so, and again after a failure.

The only file that knows APScheduler.
"""

from __future__ import annotations

import logging
import re
import signal
import sys
import threading
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol
from zoneinfo import ZoneInfo

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_EXECUTED, EVENT_JOB_MAX_INSTANCES, JobExecutionEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.date import DateTrigger

from audit.records import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from apscheduler.triggers.base import BaseTrigger

    from audit.records import Month
    from audit.settings import Schedule

# However late, a firing is made up, once.
_NO_RUN_IS_LOST = {"max_instances": 1, "coalesce": True, "misfire_grace_time": None}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 7))
# The machine may have slept, or its clock been set: the scheduler looks at the clock at least this often.
_LOOK_AGAIN_SECONDS = 60


class Work(Protocol):
    """What the schedule runs."""

    def due(self) -> Sequence[Month]:
        """The months that are closed but not yet audited and sent, oldest first."""

    def do(self, month: Month) -> None:
        """Audit and send a month. Any exception has the month tried again later."""


def run_schedule(
    settings: Schedule,
    zone: ZoneInfo,
    work: Work,
    *,
    trigger: BaseTrigger | None = None,
    stop: threading.Event | None = None,
) -> None:
    """Do what is due, now and at every firing, until ``stop`` is set or a signal asks for the end.

    The signals are SIGTERM and SIGINT, heard in the main thread only. Then the month in progress is finished,
    no other is begun, and the function returns. ``zone`` holds where the settings name none; ``trigger``
    takes the place of the cron line. Raises UsageError for a bad cron line.
    """
    zone = ZoneInfo(settings.timezone) if settings.timezone else zone
    trigger = trigger or cron_trigger(settings.cron, zone)
    first = trigger.get_next_fire_time(None, datetime.now(zone))
    if first is None:
        raise UsageError(f"`[schedule] cron`: '{settings.cron}' names a date that never comes")
    # _Runs says in one line what APScheduler logs in many; whoever sets up logging still gets those.
    logging.getLogger("apscheduler").addHandler(logging.NullHandler())
    # One thread: no two runs at once, be they of the cron line or a second try.
    executor = ThreadPoolExecutor(max_workers=1)
    scheduler = BackgroundScheduler(timezone=zone, executors={"default": executor}, job_defaults=_NO_RUN_IS_LOST)
    runs = _Runs(work, stop or threading.Event(), timedelta(minutes=settings.retry_minutes), scheduler)
    scheduler.add_listener(runs.ended, EVENT_JOB_EXECUTED | EVENT_JOB_ERROR | EVENT_JOB_MAX_INSTANCES)
    scheduler.add_job(runs.run, trigger, next_run_time=datetime.now(zone))
    with _set_by_signals(runs.stop):
        _say(sys.stdout, f"next run {first:%Y-%m-%d %H:%M %Z}; whatever is due runs now")
        scheduler.start()
        while not runs.stop.wait(_LOOK_AGAIN_SECONDS):
            scheduler.wakeup()
        if month := runs.month:
            _say(sys.stderr, f"asked to end: {month} is finished first")
        # Not with wait=True: it waits for the run with the lock in hand that the end of the run may ask for.
        scheduler.shutdown(wait=False)
        executor.shutdown(wait=True)


class _Runs:
    """The runs of one schedule."""

    def __init__(self, work: Work, stop: threading.Event, retry: timedelta, scheduler: Any) -> None:
        self.work = work
        self.stop = stop
        self.retry = retry
        self.scheduler = scheduler
        self.month: Month | None = None
        self.second_try = ""

    def run(self) -> bool:
        """Do every month that is due; False if any of them must be tried again."""
        done = True
        try:
            for month in self.work.due():
                if self.stop.is_set():
                    break
                self.month = month
                try:
                    self.work.do(month)
                except Exception as error:  # noqa: BLE001 - whatever fails, the schedule lives on
                    done = self._failed(f"{month} failed", error)
        except Exception as error:  # noqa: BLE001 - the same
            done = self._failed("what is due cannot be told", error)
        finally:
            self.month = None
        return done

    def ended(self, event: Any) -> None:
        """Have another run soon if a run failed, or if a firing came while one was in progress."""
        if isinstance(event, JobExecutionEvent):
            if event.exception is not None:
                self._failed("the run failed", event.exception)
            elif event.retval:
                return
        waiting = event.job_id != self.second_try and self.scheduler.get_job(self.second_try)
        if self.stop.is_set() or waiting:
            return
        # A job of its own, under a new id: a run that fails at once ends before APScheduler has moved on, or
        # removed, the job it belongs to, and a change to that job would be lost.
        zone = self.scheduler.timezone
        soon = DateTrigger(datetime.now(zone) + self.retry, timezone=zone)
        self.second_try = self.scheduler.add_job(self.run, soon).id

    def _failed(self, what: str, error: BaseException) -> bool:
        words = " ".join(str(error).split()) or type(error).__name__
        when = "at the next start" if self.stop.is_set() else f"within {self.retry.total_seconds() / 60:g} minutes"
        _say(sys.stderr, f"{what}: {words}; tried again {when}")
        return False


def _say(stream: Any, sentence: str) -> None:
    stream.write(f"audit schedule: {sentence}\n")
    stream.flush()


@contextmanager
def _set_by_signals(stop: threading.Event) -> Iterator[None]:
    """Set the event at SIGTERM and SIGINT. Python gives signals to the main thread only."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(_number: int, _frame: object) -> None:
        # The handler may interrupt the very wait that holds the event's lock: only another thread can set it.
        threading.Thread(target=stop.set).start()

    before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)


def cron_trigger(cron: str, zone: ZoneInfo) -> BaseTrigger:
    """The trigger of a cron line as cron(5) reads it: 0 and 7 are Sunday, and either of two days will do.

    ``CronTrigger.from_crontab`` counts weekdays from Monday and wants both days to match. Raises UsageError.
    """
    texts = cron.lower().split()
    try:
        if len(texts) != len(_FIELDS):
            raise ValueError(f"it has {len(texts)} fields, not five")  # noqa: TRY301 - one place tells the key
        minute, hour, day, month, weekday = (_field(text, *field) for text, field in zip(texts, _FIELDS, strict=True))
    except ValueError as error:
        example = "write minute, hour, day, month and weekday, as '0 7 2 * *' for the 2nd of a month at 07:00"
        raise UsageError(f"`[schedule] cron`: '{cron}': {error}; {example}") from None

    def fires(day: str, weekday: str) -> CronTrigger:
        return CronTrigger(minute=minute, hour=hour, day=day, month=month, day_of_week=weekday, second=0, timezone=zone)

    if texts[2].startswith("*") or texts[4].startswith("*"):
        return fires(day, weekday)
    return OrTrigger([fires(day, "*"), fires("*", weekday)])


def _field(text: str, name: str, lowest: int, highest: int) -> str:
    """One field written out as the values it stands for; a star stays a star."""
    if text == "*":
        return text
    values: set[int] = set()
    for item in text.split(","):
        match = re.fullmatch(r"(?:(\*)|(\w+)(?:-(\w+))?)(?:/(\d+))?", item)
        if not match:
            raise ValueError(f"'{item}' is no {name}")
        star, first, last, step = match.groups()
        start = lowest if star else _value(first, name, lowest, highest)
        if last:
            end = _value(last, name, lowest, highest)
            # "fri-sun" ends the week: Sunday is its 7 there.
            end = highest if name == "weekday" and last == "sun" else end
        else:
            end = highest if star or step else start
        if start > end or step == "0":
            raise ValueError(f"'{item}' holds no {name}")
        values.update(range(start, end + 1, int(step or 1)))
    if name == "weekday":
        return ",".join(sorted({_WEEKDAYS[value % 7] for value in values}))
    return ",".join(str(value) for value in sorted(values))


def _value(text: str, name: str, lowest: int, highest: int) -> int:
    """A number or a name of a field."""
    names = {"month": _MONTHS, "weekday": _WEEKDAYS}.get(name, ())
    if text in names:
        return names.index(text) + lowest
    if not text.isdecimal() or not lowest <= int(text) <= highest:
        raise ValueError(f"'{text}' is no {name}, which goes from {lowest} to {highest}")
    return int(text)
