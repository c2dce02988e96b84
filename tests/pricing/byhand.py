"""What a call costs by a contract's rows, worked out call by call: the plain way, to hold the engine's against.

A row is what stands in the contract's file: prices are texts of digits, days are dates, hours and bands as written.
"""

from __future__ import annotations

import itertools
from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Row = dict[str, Any]
Call = dict[str, Any]
NINE = Decimal("0.000000001")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
OPEN = 10**12
# A unit, the key of its price, and the keys whose price it has where its own is left out.
INPUT = {
    "input_image_tokens": ("input_image_mtok", "input_mtok"),
    "input_audio_tokens": ("input_audio_mtok", "input_mtok"),
}
OUTPUT = {
    "reasoning_tokens": ("output_reasoning_mtok", "output_mtok"),
    "output_audio_tokens": ("output_audio_mtok", "output_mtok"),
    "output_image_tokens": ("output_image_mtok", "output_mtok"),
}
FEES = {
    "web_searches": ("web_searches_kcount", 1_000),
    "search_units": ("search_units_kcount", 1_000),
    "images": ("images_kcount", 1_000),
    "audio_ms": ("audio_hours", 3_600_000),
    "characters": ("characters_mcount", 1_000_000),
    "pages": ("pages_kcount", 1_000),
}


def instant(row: Row, key: str) -> datetime | None:
    """A row's day or instant as its zone has it."""
    day = row.get(key)
    if day is None:
        return None
    if not isinstance(day, datetime):
        day = datetime.combine(day, time())
    return day.replace(tzinfo=ZoneInfo(row.get("zone", "UTC")))


def begun(row: Row) -> float:
    begin = instant(row, "valid_from")
    return begin.timestamp() if begin else float("-inf")


def in_time(row: Row, at: datetime) -> bool:
    """Whether a row holds on the day of an instant, whatever the hour."""
    begin, end = instant(row, "valid_from"), instant(row, "valid_to")
    if (begin and at < begin) or (end and at >= end):
        return False
    local = at.astimezone(ZoneInfo(row.get("zone", "UTC")))
    return DAYS[local.weekday()] in row.get("weekdays", DAYS) and local.date() not in row.get("not_on", ())


def in_hours(row: Row, at: datetime) -> bool:
    if "hours" not in row:
        return True
    local = at.astimezone(ZoneInfo(row.get("zone", "UTC"))).time()
    begin, end = (time() if clock == "24:00" else time.fromisoformat(clock) for clock in row["hours"])
    return begin <= local < end if begin < end else local >= begin or local < end


def factor(row: Row, tier: str) -> Decimal | None:
    own = row.get("service_tier", "standard")
    off = 1 - Decimal(row.get("discount", "0"))
    if own == tier:
        return off
    stated = row.get(f"{tier}_factor") if own == "standard" else None
    return None if stated is None else Decimal(stated) * off


def groups(rows: Iterable[Row], call: Call) -> list[list[Row]]:
    """The rows that mean the call's model, nearest first: its region's, the whole name, the longer pattern."""
    region, model = call.get("region"), call["model"]
    found = []
    for wanted in dict.fromkeys((region, None)):
        here = [row for row in rows if row.get("region") == wanted]
        found.append([row for row in here if row["model"] == model])
        wide = {row["model"] for row in here if row["model"].endswith("*") and model.startswith(row["model"][:-1])}
        found += [[row for row in here if row["model"] == name] for name in sorted(wide, key=len, reverse=True)]
    return found


def row_of(rows: Iterable[Row], call: Call) -> tuple[Row, Decimal] | None:
    """The one row that prices a call, and the factor on its prices."""
    at, tier, thinks = call["started_at"], call.get("service_tier") or "standard", bool(call.get("reasoning_tokens"))
    for group in groups(rows, call):
        latest: dict[object, Row] = {}
        for row in group:
            hours = row.get("hours")
            calls = (row.get("service_tier"), row.get("thinking"), hours and (*hours, row.get("zone")))
            if in_time(row, at) and (calls not in latest or begun(row) > begun(latest[calls])):
                latest[calls] = row
        speaking = [row for row in latest.values() if factor(row, tier) is not None]
        if speaking:
            fitting = [row for row in speaking if in_hours(row, at) and row.get("thinking") in (None, thinks)]
            fitting.sort(
                key=lambda row: (
                    row.get("service_tier", "standard") != tier,
                    "thinking" not in row,
                    "hours" not in row,
                    -begun(row),
                )
            )
            return (fitting[0], factor(fitting[0], tier) or Decimal(1)) if fitting else None
    return None


def prices_at(row: Row, inputs: int, outputs: int) -> dict[str, Decimal]:
    """A row's prices at a length: its own, and over them those of the last band that is reached."""
    found = {key: Decimal(value) for key, value in row.items() if key.endswith(("_mtok", "count", "audio_hours"))}
    reached = [
        band
        for band in row.get("band", ())
        if band.get("input_from", 0) <= inputs < band.get("input_to", OPEN)
        and band.get("output_from", 0) <= outputs < band.get("output_to", OPEN)
    ]
    reached.sort(key=lambda band: (band.get("input_from", 0), band.get("output_from", 0)))
    return found | {key: Decimal(value) for band in reached[-1:] for key, value in band.items() if "mtok" in key}


def marginal(row: Row, call: Call, way: str) -> Decimal:
    """Each token at the price of the band it lies in."""
    here, there = call[f"{way}_tokens"], call["output_tokens" if way == "input" else "input_tokens"]
    ends = {0, here} | {band[key] for band in row["band"] for key in (f"{way}_from", f"{way}_to") if key in band}
    total = Decimal(0)
    for begin, end in itertools.pairwise(sorted(edge for edge in ends if edge <= here)):
        lengths = (begin, there) if way == "input" else (there, begin)
        total += (end - begin) * prices_at(row, *lengths).get(f"{way}_mtok", Decimal(0))
    return total / 1_000_000


def tokens(row: Row, call: Call) -> Decimal:
    """What a call's tokens cost at a row's prices."""
    inputs, outputs = call.get("input_tokens") or 0, call.get("output_tokens") or 0
    if row.get("tiering") == "marginal":
        both = {**call, "input_tokens": inputs, "output_tokens": outputs}
        return marginal(row, both, "input") + marginal(row, both, "output")
    listed = prices_at(row, inputs, outputs)

    def price(*keys: str) -> Decimal:
        return next((listed[key] for key in keys if key in listed), Decimal(0)) / 1_000_000

    def said(name: str) -> int:
        return int(call.get(name) or 0)

    read, written, hour = (said(f"cache_{name}_tokens") for name in ("read", "write", "write_1h"))
    cached_sound = said("cache_read_audio_tokens")
    total = (read - cached_sound) * price("cache_read_mtok", "input_mtok")
    total += cached_sound * price("cache_read_audio_mtok", "input_audio_mtok", "cache_read_mtok", "input_mtok")
    total += (written - hour) * price("cache_write_mtok", "input_mtok")
    total += hour * price("cache_write_1h_mtok", "cache_write_mtok", "input_mtok")
    fresh = {name: said(name) - (cached_sound if "audio" in name else 0) for name in INPUT}
    total += sum((count * price(*INPUT[name]) for name, count in fresh.items()), Decimal(0))
    total += (inputs - read - written - sum(fresh.values())) * price("input_mtok")
    total += sum((said(name) * price(*keys) for name, keys in OUTPUT.items()), Decimal(0))
    return total + (outputs - sum(map(said, OUTPUT))) * price("output_mtok")


def billed(call: Call) -> bool:
    """A gateway's own answer is not, nor a failure that used nothing."""
    failed = call.get("status") in ("error", "cancelled")
    used = any(call.get(name) for name in ("input_tokens", "output_tokens", "quantity"))
    return not call.get("gateway_cache_hit") and (used or not failed)


def native(rows: Sequence[Row], call: Call) -> Decimal | None:
    """What a call costs in its row's currency, nine digits; None where no row prices it or its usage is unknown."""
    if not billed(call):
        return Decimal(0)
    found = row_of(rows, call)
    inputs, outputs, quantity = (call.get(name) for name in ("input_tokens", "output_tokens", "quantity"))
    if found is None or inputs is None or outputs is None:
        return None
    row, times = found
    listed = prices_at(row, inputs, outputs)
    cost = tokens(row, call) + listed.get("requests_kcount", Decimal(0)) / 1_000
    if quantity:
        key, per = FEES[call["unit"]]
        if key not in listed:
            return None
        cost += quantity * listed[key] / per
    return (cost * times).quantize(NINE, ROUND_HALF_UP)


def month_of(at: datetime, zone: str) -> str:
    day: date = at.astimezone(ZoneInfo(zone)).date()
    return f"{day:%Y-%m}"
