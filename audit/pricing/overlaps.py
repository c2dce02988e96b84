"""Whether the rows of a price list hold together: no two at once, and none missing between two."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from audit import patterns
from audit.pricing.row import WEEKDAYS
from audit.pricing.spans import EVER, both, seconds_of
from audit.pricing.units import DAY_SECONDS
from audit.records import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from audit.pricing.row import PriceRow

_NEVER = datetime.max.replace(tzinfo=UTC)


def check(rows: Iterable[PriceRow]) -> None:
    """Raises UsageError naming both rows where two hold at once, or where none holds between them."""
    by_calls: dict[tuple[object, ...], dict[str, list[PriceRow]]] = {}
    for row in rows:
        models = by_calls.setdefault((row.provider, row.region, row.service_tier, row.thinking), {})
        for model in dict.fromkeys(name.casefold() for name in row.models):
            models.setdefault(model, []).append(row)
    for (*calls, thinking), models in by_calls.items():
        of_all = by_calls.get((*calls, None), {}) if thinking is not None else {}
        for model, same in models.items():
            _check_model(model, sorted(same, key=_begin), of_all.get(model, []))
        _check_patterns(models)


def _check_model(model: str, ordered: Sequence[PriceRow], of_all: Sequence[PriceRow]) -> None:
    """The rows for the same calls, in order of time; ``of_all`` hold for them too where these do not."""
    for one, other in itertools.combinations(ordered, 2):
        if _at_once(one, other):
            raise UsageError(
                f"{other.place}: '{model}' has two prices at once, this one and that of {one.place}: let the later "
                "begin when the earlier ends, or take one of them out"
            )
    plain = [row for row in ordered if not row.hours]
    for (one, other), number in zip(itertools.pairwise(plain), itertools.count(1), strict=False):
        open_still = any(row.end is None for row in plain[:number])
        if not open_still and not one.gap and _end(one) < _begin(other):
            raise UsageError(
                f"{other.place}: '{model}' has no price from {one.valid_to} to {other.valid_from}, between this row "
                f"and that of {one.place}: add a row for it, let the two meet, or say under gap why none is known"
            )
    timed = [row for row in ordered if row.hours and row.stated]
    if timed and not plain and not any(not row.hours for row in of_all) and not _all_day(timed):
        raise UsageError(
            f"{timed[0].place}: '{model}' has no price outside the hours of this row: add a row without hours, which "
            "holds for the rest of the day"
        )


def _at_once(one: PriceRow, other: PriceRow) -> bool:
    """Whether two rows for the same calls, in order of time, hold at once; a later one takes over an open one."""
    if _begin(other) >= _end(one) or bool(one.hours) is not bool(other.hours):
        return False
    if one.hours:
        if not set(one.weekdays) & set(other.weekdays):
            return False
        if (one.hours, one.zone) != (other.hours, other.zone):
            return _clocks_meet(one, other)
    return one.end is not None or _begin(one) == _begin(other)


def _clocks_meet(one: PriceRow, other: PriceRow) -> bool:
    """Whether the hours of two rows meet at any time of a year, whatever their clocks do."""
    year = max(_begin(one), _begin(other), datetime(2020, 1, 1, tzinfo=UTC)).year
    days = [datetime(year, month, 15, tzinfo=UTC) for month in range(1, 13)]
    return any(both(seconds_of(one, day), seconds_of(other, day)) for day in days)


def _all_day(timed: Sequence[PriceRow]) -> bool:
    """Whether rows with hours leave nothing of any day to a row without."""
    zones = {row.zone for row in timed}
    if len(zones) > 1 or any(row.weekdays != WEEKDAYS or row.not_on for row in timed):
        return False
    day = datetime(2020, 1, 15, tzinfo=ZoneInfo(zones.pop()))
    parts = {part for row in timed for part in seconds_of(row, day)}
    return sum(end - begin for begin, end in parts) == DAY_SECONDS


def _check_patterns(models: dict[str, list[PriceRow]]) -> None:
    """Two patterns that mean one name, neither nearer to it than the other."""
    wide = [name for name in models if "*" in name]
    for mine, theirs in itertools.combinations(wide, 2):
        if len(mine.replace("*", "")) != len(theirs.replace("*", "")) or not patterns.overlap(mine, theirs):
            continue
        for one, other in itertools.product(models[mine], models[theirs]):
            if one is not other and _begin(one) < _end(other) and _begin(other) < _end(one):
                raise UsageError(
                    f"{other.place}: '{theirs}' and the '{mine}' of {one.place} mean some names alike, and neither is "
                    "nearer to them: name more of the model in one of them"
                )


def _begin(row: PriceRow) -> datetime:
    return row.begin or EVER


def _end(row: PriceRow) -> datetime:
    return row.end or _NEVER
