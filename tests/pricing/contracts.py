"""Contracts and calls made up by chance: rows that hold together, and calls on and around all their edges."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

from tests.pricing.byhand import FEES, instant

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from random import Random

    from tests.pricing.byhand import Call, Row

ZONES = ("UTC", "Asia/Shanghai", "America/New_York", "Asia/Kathmandu")
TICK = timedelta(microseconds=1)
# Each holds a change of New York's clock, the forward one and the one back.
SEASONS = ((date(2026, 2, 24), date(2026, 4, 5)), (date(2026, 10, 20), date(2026, 11, 20)))
CLOCKS = (
    (("22:00", "06:30"),),
    (("08:00", "12:00"), ("14:00", "18:00")),
    (("00:30", "08:30"), ("18:15", "24:00")),
    (("01:30", "02:30"),),
    (("00:00", "12:00"), ("12:00", "24:00")),
)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EDGES = (1_000, 32_000, 128_000)
_T = TypeVar("_T")
CACHE = ("cache_read_mtok", "cache_write_mtok", "cache_write_1h_mtok")
PARTS = (
    "output_reasoning_mtok", "input_audio_mtok", "cache_read_audio_mtok", "output_audio_mtok", "input_image_mtok",
    "output_image_mtok",
)  # fmt: skip
MODELS = ("zz-one", "zz-one-mini", "zz-two")

LENGTHS = tuple(edge * times + step for edge in EDGES for times in (1, 3) for step in (-1, 0, 1))


def price(r: Random) -> str:
    return f"{r.randint(1, 9_900) / 100:.2f}"


def some(r: Random, of: Sequence[_T], least: int = 0, most: int | None = None) -> list[_T]:
    return r.sample(of, r.randint(least, len(of) if most is None else min(most, len(of))))


def prices(r: Random) -> Row:
    """Prices of a row, with bands as it likes."""
    row: Row = {"input_mtok": price(r), "output_mtok": price(r)}
    tiering = r.choice(("flat", "flat", "cliff", "marginal"))
    if tiering != "marginal":
        row |= {key: price(r) for key in some(r, CACHE + PARTS, most=5)}
    if tiering != "flat":
        row |= {"tiering": tiering, "band": bands(r, sorted(key for key in row if "mtok" in key))}
    fees = {"requests_kcount", *(key for key, _ in FEES.values())}
    for key in some(r, sorted(fees), most=3):
        row[key] = r.choice(("0", "0.36", "7.2", "25", "0.111"))
    if r.random() < 0.5:
        row["discount"] = f"0.{r.randint(1, 99):02d}"
    for tier in some(r, ("batch", "flex", "priority")):
        row[f"{tier}_factor"] = r.choice(("0.5", "0.25", "1.8", "2"))
    return row


def bands(r: Random, keys: list[str]) -> list[Row]:
    found: dict[tuple[int, int], Row] = {}
    for _ in range(r.randint(1, 3)):
        band: Row = {}
        for way in r.choice((("input",), ("output",), ("input", "output"))):
            band[f"{way}_from"] = r.choice(EDGES)
            if r.random() < 0.5:
                band[f"{way}_to"] = band[f"{way}_from"] * 3
        band |= {key: price(r) for key in some(r, keys, 1, 3)}
        found[band.get("input_from", 0), band.get("output_from", 0)] = band
    return list(found.values())


def series(r: Random, season: tuple[date, date], *, always: bool, **named: Any) -> list[Row]:
    """Rows for the same calls, one after the other: open ones that the next takes over, closed ones, gaps."""
    days = (season[1] - season[0]).days
    cuts = sorted(some(r, range(1, days), most=2))
    begins = [None if always else season[0] - timedelta(days=r.randint(0, 5)), *cuts]
    rows: list[Row] = []
    for number, cut in enumerate(begins):
        row: Row = {**named, **prices(r), "zone": named.get("zone") or r.choice(ZONES)}
        row["currency"] = r.choice(("USD", "CNY", "EUR"))
        begin = season[0] + timedelta(days=cut) if isinstance(cut, int) else cut
        if begin is not None:
            row["valid_from"] = datetime.combine(begin, r.choice(TIMES)) if r.random() < 0.5 else begin
        if number and r.random() < 0.5:
            before = rows[-1]
            row["zone"] = before["zone"]
            end = row["valid_from"]
            before |= {"valid_to": end - timedelta(days=1) if r.random() < 0.5 else end, "gap": "nobody knows"}
            start, stop = instant(before, "valid_from"), instant(before, "valid_to")
            if start and stop and start >= stop:
                del before["valid_to"]
        rows.append(row)
    in_order = all(
        (instant(one, "valid_from") or at - TICK) < at
        for one, other in itertools.pairwise(rows)
        if (at := instant(other, "valid_from"))
    )
    return rows if in_order else rows[:1]


TIMES = (time(), time(8, 30), time(23, 59))


def contract(r: Random) -> list[Row]:
    """Rows of several models that hold together, for one season."""
    season = r.choice(SEASONS)
    rows: list[Row] = []
    if r.random() < 0.5:
        rows += series(r, season, always=True, model="zz-*")
    for model in some(r, (*MODELS, "zz-one*"), 1):
        base = {"model": model}
        rows += series(r, season, always=r.random() < 0.5, **base)
        if r.random() < 0.5:
            rows += series(r, season, always=False, thinking=r.random() < 0.5, **base)
        if r.random() < 0.5:
            rows += series(r, season, always=False, service_tier="batch", **base)
        if r.random() < 0.5:
            rows += series(r, season, always=True, region="eu", **base)
        if r.random() < 0.5:
            timed: Row = {**base, "zone": r.choice(ZONES)}
            if r.random() < 0.5:
                timed["weekdays"] = sorted(some(r, WEEKDAYS, 1), key=WEEKDAYS.index)
                timed["not_on"] = [season[0] + timedelta(days=r.randint(0, 30))]
            for hours in r.choice(CLOCKS):
                rows += series(r, season, always=r.random() < 0.5, hours=list(hours), **timed)
    return [{"provider": "openai", **row} for row in r.sample(rows, len(rows))]


def moments(rows: list[Row]) -> list[datetime]:
    """The instants at which another row may hold: beginnings, ends, and the hours and midnights of some days."""
    found = [instant(row, key) for row in rows for key in ("valid_from", "valid_to")]
    for row in rows:
        zone = ZoneInfo(row["zone"])
        days = {date(2026, 3, 3), date(2026, 3, 8), date(2026, 3, 14), date(2026, 10, 30), date(2026, 11, 1)}
        for day in days | set(row.get("not_on", ())):
            for clock in ("00:00", *row.get("hours", ())):
                hour, minute = (int(part) for part in clock.split(":"))
                found.append(datetime(day.year, day.month, day.day, hour % 24, minute, tzinfo=zone))
    return sorted({at.astimezone(UTC) for at in found if at is not None})


def calls(r: Random, rows: list[Row]) -> list[Call]:
    """Calls of a contract's models, half of them on an edge of time, most of them with all kinds of token."""
    edges = moments(rows)
    return [a_call(r, edges) for _ in range(r.randint(40, 80))]


def a_call(r: Random, edges: list[datetime]) -> Call:
    at = r.choice(edges) + r.choice((timedelta(), -TICK, TICK, timedelta(hours=1)))
    if r.random() < 0.5:
        at += timedelta(seconds=r.randint(-40 * 86_400, 40 * 86_400))
    call: Call = {
        "provider": "openai",
        "model": r.choice(MODELS),
        "started_at": at,
        "service_tier": r.choice((None, "standard", "batch", "flex", "priority")),
        "region": r.choice((None, None, "eu", "mars")),
        "status": r.choice(("ok", "ok", "ok", "error", "truncated", "cancelled")),
    }
    inputs, outputs = length(r), length(r)
    call |= {"input_tokens": inputs, "output_tokens": outputs}
    if r.random() < 0.5:
        read, written, sound = (r.randint(0, inputs // 4) for _ in range(3))
        call |= {
            "cache_read_tokens": read,
            "cache_write_tokens": written,
            "cache_write_1h_tokens": r.randint(0, written),
            "input_audio_tokens": sound,
            "cache_read_audio_tokens": r.randint(0, min(read, sound)),
            "input_image_tokens": r.randint(0, inputs // 4),
        }
    kinds = ("reasoning_tokens", "output_audio_tokens", "output_image_tokens")
    call |= {name: r.randint(0, outputs // 3) for name in kinds if r.random() < 0.5}
    if r.randint(0, 3) == 0:
        call |= {"unit": r.choice(sorted(FEES)), "quantity": r.randint(0, 7_200_000)}
    odd = r.randint(0, 20)
    if odd < 3:
        plain = {key: call[key] for key in ("provider", "model", "started_at", "service_tier", "region", "status")}
        call = (
            plain | ({}, {"input_tokens": 5}, {"gateway_cache_hit": True, "input_tokens": 9, "output_tokens": 9})[odd]
        )
        if odd == 1:
            call["status"] = "ok"
    return call


def length(r: Random) -> int:
    return r.choice(LENGTHS) if r.random() < 0.5 else r.randint(0, 400_000)


def written(rows: list[Row]) -> str:
    """Rows as a contract's file has them."""
    tables = []
    for row in rows:
        plain = {key: value for key, value in row.items() if key != "band"}
        tables.append("[[price]]\n" + "".join(f"{key} = {_value(value)}\n" for key, value in plain.items()))
        tables += [
            "[[price.band]]\n" + "".join(f"{key} = {_value(value)}\n" for key, value in band.items())
            for band in row.get("band", ())
        ]
    return "\n".join(tables)


def _value(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value)


def settings_file(folder: Path, rows: list[Row], zone: str, rates: list[tuple[str, str, str]]) -> Path:
    """The settings that name a contract, and monthly rates: month, currency, yuan for one unit of it."""
    (folder / "acme.toml").write_text(written(rows), encoding="utf-8")
    text = f'[company]\ncurrency = "CNY"\ntimezone = "{zone}"\n\n[prices]\ncontracts = ["acme.toml"]\n'
    for month, currency, rate in rates:
        text += f'\n[[exchange_rates]]\nmonth = "{month}"\ncurrency = "{currency}"\nrate = "{rate}"\n'
    path = folder / "audit.toml"
    path.write_text(text, encoding="utf-8")
    return path
