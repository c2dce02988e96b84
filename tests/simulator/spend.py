"""A company's daily spend over sixteen months, project by project, quiet or with changes planted in it.

What happens to spend without anybody's fault: weekdays, holidays, growth, noise that lingers, monthly jobs, runs at odd
days. A planted change multiplies a project's spend on some days; its extra goes to one key. A drift makes each call
dearer and leaves their number as it is.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

import polars as pl

from audit import workdays

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.workdays import CalendarDay

Kind = Literal["spike", "burst", "shift", "drift"]
KINDS: tuple[Kind, ...] = ("spike", "burst", "shift", "drift")
# How many days a planted change lasts.
LENGTHS: dict[Kind, int] = {"spike": 1, "burst": 3, "shift": 30, "drift": 60}
FACTORS = (1.5, 2.0, 3.0)
FIRST, LAST = date(2025, 6, 1), date(2026, 9, 30)
# What the first audited month looks back on.
WARM_UP_DAYS = 122
# Monday to Friday and a day off, as parts of a usual workday.
_WEEKS = {
    "office": ((1.0, 1.05, 1.05, 1.0, 0.9), 0.12),
    "consumer": ((0.95, 0.9, 0.9, 0.95, 1.1), 1.35),
    "machine": ((1.0, 1.0, 1.0, 1.0, 1.0), 1.0),
    "nobody at weekends": ((1.0, 1.0, 1.0, 1.0, 0.8), 0.0),
    "monthly job": ((1.0, 1.0, 1.05, 1.0, 0.95), 0.25),
    "runs at odd days": ((0.02, 0.02, 0.02, 0.02, 0.02), 0.02),
}
_GROWTH_A_MONTH = (0.0, 0.05, 0.1, 0.15)
_NOISE = (0.08, 0.15, 0.25)
_UNIT_NOISE = 0.08
_LINGERS = 0.4
_JOB, _RUN, _RUN_CHANCE = 4.0, 8.0, 0.1
_CALL_COST = 0.01
# Part of a project's spend and the model, key by key.
_KEYS = ((1, 0.6, "large"), (2, 0.3, "large"), (3, 0.1, "small"))


@dataclass(frozen=True, slots=True)
class Change:
    """What was planted: a project's spend times ``factor`` from the first to the last day."""

    project: str
    kind: Kind
    factor: float
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Spend:
    """A company's ``daily_spend`` as a frame, the changes in it, and the country whose holidays it keeps."""

    frame: pl.DataFrame
    changes: tuple[Change, ...]
    country: str
    projects: tuple[str, ...]


def company(
    seed: int,
    *,
    planted: bool,
    projects: int = 24,
    country: str = "US",
    kinds: Sequence[Kind] = KINDS,
    factors: Sequence[float] = FACTORS,
) -> Spend:
    """One company. The same seed gives the same usual spend, with or without what is planted."""
    calendar = workdays.days(FIRST, LAST, country)
    workday = {day.day for day in calendar if day.workday}
    names = tuple(f"project-{number:02}" for number in range(projects))
    changes: list[Change] = []
    if planted:
        for number, name in enumerate(names):
            # What runs at odd days has no usual day that could be multiplied.
            if _profile(number) != "runs at odd days":
                changes += _changes(random.Random(f"{seed} {name} changes"), name, workday, kinds, factors)
    frames = [
        _project(random.Random(f"{seed} {name}"), _profile(number), name, calendar, changes)
        for number, name in enumerate(names)
    ]
    return Spend(pl.concat(frames), tuple(changes), country, names)


def _profile(number: int) -> str:
    return list(_WEEKS)[number % len(_WEEKS)]


def _changes(
    chance: random.Random, project: str, workday: set[date], kinds: Sequence[Kind], factors: Sequence[float]
) -> list[Change]:
    """Changes with two to four quiet months between them, each from a workday on."""
    found: list[Change] = []
    day = FIRST + timedelta(days=WARM_UP_DAYS + chance.randrange(60))
    while True:
        kind, factor = chance.choice(kinds), chance.choice(factors)
        while day <= LAST and day not in workday:
            day += timedelta(days=1)
        last = day + timedelta(days=LENGTHS[kind] - 1)
        if last > LAST:
            return found
        found.append(Change(project, kind, factor, day, last))
        day = last + timedelta(days=60 + chance.randrange(60))


def _project(
    chance: random.Random, profile: str, name: str, calendar: Sequence[CalendarDay], changes: Sequence[Change]
) -> pl.DataFrame:
    """One project's rows of ``daily_spend``."""
    growth, noise = chance.choice(_GROWTH_A_MONTH), chance.choice(_NOISE)
    base = 20 * 100 ** chance.random()
    carrier = chance.choice([key for key, *_ in _KEYS])
    usual = [
        base * part * (1 + growth) ** (at / 30.4) * math.exp(off)
        for at, (part, off) in enumerate(
            zip(_parts(chance, profile, calendar), _lingering(chance, noise, len(calendar)), strict=True)
        )
    ]
    unit = [_CALL_COST * math.exp(off) for off in _lingering(chance, _UNIT_NOISE, len(calendar))]
    more, dearer = [1.0] * len(calendar), [1.0] * len(calendar)
    for change in changes:
        if change.project == name:
            times = dearer if change.kind == "drift" else more
            for at in range((change.first - FIRST).days, (change.last - FIRST).days + 1):
                times[at] = change.factor
    days = pl.DataFrame(
        {"day": [day.day for day in calendar], "usual": usual, "unit": unit, "more": more, "dearer": dearer}
    )
    keys = pl.DataFrame(_KEYS, schema=["key", "part", "model"], orient="row")
    extra = pl.when(pl.col("key") == carrier).then(pl.col("more") - 1).otherwise(0.0)
    spent = pl.col("usual") * (pl.col("part") + extra)
    calls = (spent / pl.col("unit")).round().cast(pl.Int64)
    tokens = (calls * 1000 * pl.col("dearer")).round().cast(pl.Int64)
    return (
        days.join(keys, how="cross")
        .select(
            "day",
            project=pl.lit(name),
            provider=pl.lit("acme"),
            model=pl.format("{} of {}", "model", pl.lit(name)),
            task=pl.lit("answer"),
            api_key=pl.format("{}-key-{}", pl.lit(name), "key"),
            calls=calls,
            ok_calls=(calls * 0.98).round().cast(pl.Int64),
            input_tokens=tokens,
            cache_read_tokens=pl.lit(0, pl.Int64),
            output_tokens=tokens // 10,
            cost=(spent * pl.col("dearer")).round(9),
        )
        .filter(pl.col("calls") > 0)
    )


def _parts(chance: random.Random, profile: str, calendar: Sequence[CalendarDay]) -> list[float]:
    """What each day brings, as part of a usual workday."""
    week, off = _WEEKS[profile]
    found, working_day = [], 0
    for day in calendar:
        working_day = (0 if day.day.day == 1 else working_day) + day.workday
        part = week[min(day.weekday, len(week)) - 1] if day.workday else off
        if profile == "monthly job" and day.workday and working_day == 1:
            part *= _JOB
        if profile == "runs at odd days" and chance.random() < _RUN_CHANCE:
            part = _RUN
        found.append(part)
    return found


def _lingering(chance: random.Random, noise: float, length: int) -> list[float]:
    """Noise of a standard deviation, of which each day keeps a part of the day before."""
    found, before = [], 0.0
    for _ in range(length):
        before = _LINGERS * before + chance.gauss(0, noise * math.sqrt(1 - _LINGERS**2))
        found.append(before)
    return found
