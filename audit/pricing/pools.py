"""Pools of GPUs of one's own: what a month of one costs, and what that comes to for a token it served.

A pool is paid for by the hour, whether it works or not. Its month's cost is spread over the calls it served by their
weight: input tokens, cached ones too, and output tokens times the pool's ``output_weight``. That weight is 1 unless
the settings say otherwise: then a token is a token, which needs no measuring and can be checked by hand. Decoding
keeps a GPU busy for longer than reading the prompt does, so who has measured it states 3 or 4. Unit prices have
twelve digits and a call's cost has nine, so that a rest is left; added to one call, the last, it makes the calls come
to the pool's cost exactly. All functions are in one currency, whichever it is.
"""

from __future__ import annotations

from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal, localcontext
from typing import TYPE_CHECKING

from audit import patterns, table_csv
from audit.records import Month, UsageError

if TYPE_CHECKING:
    from datetime import date, datetime
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from audit.settings_money import Pool

_MONEY, _UNIT = Decimal("1e-9"), Decimal("1e-12")
# What a unit price's column can hold; what is above it is left in the rest.
_DEAREST = Decimal("999.999999999999")
_PRECISION = 90
_HOUR_SECONDS = 3600
# The longest day and month there are, where clocks are put back.
_DAY_HOURS, _MONTH_HOURS = 25, 745


def fits(pool: Pool, provider: str | None, model: str) -> bool:
    """Whether calls of a model, as a provider's log names it, were served by the pool."""
    if pool.providers and provider not in pool.providers:
        return False
    return any(patterns.fits(pattern, model) for pattern in pool.models)


def cost_of(pool: Pool, month: Month, zone: ZoneInfo, *, until: datetime | None = None) -> Decimal:
    """What the pool costs in a month, in its currency, nine digits; 0 outside the months it is paid for.

    ``until`` is an instant within a month that still runs: what the settings state for a whole month counts as far as
    it has passed. Raises UsageError with file and line where the hours cannot be told.
    """
    if not pool.runs(month):
        return Decimal(0)
    start, end = month.start(zone), month.end(zone)
    now = end if until is None else max(start, min(until, end))
    with localcontext(prec=_PRECISION):
        passed = Decimal(int((now - start).total_seconds()))
        if pool.hours_csv is not None:
            gpu_hours = _gpu_hours(pool.hours_csv, pool, month)
        elif pool.hours is not None:
            gpu_hours = pool.gpus * pool.hours * passed / Decimal(int((end - start).total_seconds()))
        else:
            gpu_hours = pool.gpus * passed / _HOUR_SECONDS
        return (gpu_hours * pool.hourly_rate).quantize(_MONEY, ROUND_HALF_EVEN)


def weight_of(input_tokens: int, output_tokens: int, output_weight: Decimal) -> Decimal:
    """What calls with so many tokens take of a pool's cost: tokens, an output token counted ``output_weight`` times."""
    with localcontext(prec=_PRECISION):
        return input_tokens + output_weight * output_tokens


def unit_prices(cost: Decimal, weight: Decimal, output_weight: Decimal, calls: int = 0) -> tuple[Decimal, Decimal]:
    """The price of one input and one output token, twelve digits, rounded down; 0 where nothing was served.

    With the number of ``calls`` it is low enough for the rest never to be below zero, though each call's cost may be
    rounded up to its ninth digit: no call is left with less than nothing.
    """
    if weight <= 0:
        return Decimal(0), Decimal(0)
    with localcontext(prec=_PRECISION):
        one = max(Decimal(0), cost - calls * _MONEY / 2) / weight
        one, other = (min(price.quantize(_UNIT, ROUND_FLOOR), _DEAREST) for price in (one, one * output_weight))
    return one, other


def rest(cost: Decimal, priced_sum: Decimal) -> Decimal:
    """What must be added to one call for the calls to come to the pool's cost; all of it where nothing was served."""
    with localcontext(prec=_PRECISION):
        return cost - priced_sum


def _gpu_hours(path: Path, pool: Pool, month: Month) -> Decimal:
    """The hours of all of the pool's GPUs in a month, as its file has them; days that it leaves out had none."""
    rows = table_csv.read(path, "pool hours", ("date or month", "pool", "hours or gpu_hours"))
    found: dict[date | Month, tuple[Decimal, str]] = {}
    for row in rows:
        when, hours = _hours(row, pool)
        if row.values["pool"] != pool.name or (when if isinstance(when, Month) else Month.of(when)) != month:
            continue
        if when in found:
            raise UsageError(
                f"{row.place}: '{pool.name}' has hours of {when} already, in {found[when][1]}; keep one of them"
            )
        found[when] = (hours, f"line {row.line}")
    if not found:
        raise UsageError(
            f"{path}: no hours of the pool '{pool.name}' in {month}: add a row, with 0 hours where it stood still"
        )
    return sum((hours for hours, _ in found.values()), Decimal(0))


def _hours(row: table_csv.Row, pool: Pool) -> tuple[date | Month, Decimal]:
    """When a row's hours were, and how many those of all GPUs are."""
    values = row.values
    name, most = ("month", _MONTH_HOURS) if "month" in values else ("date", _DAY_HOURS)
    kind = "hours" if "hours" in values else "gpu_hours"
    try:
        when = table_csv.month(values["month"]) if name == "month" else table_csv.day(values["date"])
    except ValueError as error:
        raise UsageError(f"{row.place}: {error}") from None
    hours = table_csv.digits(values[kind])
    if hours is None:
        raise UsageError(f"{row.place}: '{values[kind]}' is no number of hours: write it as 720 or 12.5")
    if kind == "gpu_hours":
        return when, hours
    if hours > most:
        what = "day" if name == "date" else "month"
        raise UsageError(
            f"{row.place}: {hours} hours are more than a {what} has; hours of all GPUs stand under gpu_hours"
        )
    return when, hours * pool.gpus
