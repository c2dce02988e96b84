"""Working days and public holidays of a country: the only file that knows the package ``holidays``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

_WEEKEND = (6, 7)


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """A day; ``weekday`` is 1 for Monday to 7; ``holiday`` names a public holiday. A working Saturday is a workday."""

    day: date
    weekday: int
    workday: bool
    holiday: str | None


def knows(code: str) -> bool:
    """Whether the holidays of a country (``CN``) or of a part of it (``DE-BY``) are known."""
    import holidays  # noqa: PLC0415  # a tenth of a second that only who names a country pays

    country, _, part = code.partition("-")
    supported = holidays.list_supported_countries()
    return country in supported and (not part or part in supported[country])


def days(first: date, last: date, code: str) -> list[CalendarDay]:
    """Every day from the first to the last, both included; without a country only weekends are days off."""
    every = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    if not code:
        return [CalendarDay(day, day.isoweekday(), day.isoweekday() not in _WEEKEND, None) for day in every]
    import holidays  # noqa: PLC0415  # as above

    country, _, part = code.partition("-")
    known = holidays.country_holidays(country, subdiv=part or None, years=range(first.year, last.year + 1))
    return [CalendarDay(day, day.isoweekday(), known.is_working_day(day), known.get(day)) for day in every]
