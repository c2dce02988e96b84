"""What is wrong with a price row, in words that say what to write instead."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from audit.pricing.row import PRICE_KEYS, Band, PriceRow
from audit.records import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

KEYS = sorted({info.alias or name for name, info in PriceRow.model_fields.items() if name != "place"})
_BAND_KEYS = sorted(Band.model_fields)
_NEEDED = ("provider", "model")


def said(error: Mapping[str, Any]) -> str:
    """A validator's first complaint, with its key."""
    loc = [str(part) for part in error["loc"]]
    key, kind, value = ".".join(loc), str(error["type"]), error.get("input")
    name = next((part for part in reversed(loc) if part in KEYS or part in _BAND_KEYS), loc[-1] if loc else "")
    if kind == "missing":
        return f"{key} is missing"
    if kind == "extra_forbidden":
        return unknown(loc[-1], _BAND_KEYS if "band" in loc else KEYS)
    if name in ("valid_from", "valid_to", "checked", "not_on"):
        return f"{name}: '{value}' is no day: write it as 2026-10-01"
    if kind == "decimal_parsing" and name in PRICE_KEYS:
        return f"{name}: '{value}' is no price: write it in digits, as 1.70"
    if name == "hours" and kind in ("too_long", "too_short", "missing", "tuple_type", "time_parsing"):
        return "hours are two times of day, as 00:30 and 08:30"
    told = str(error["msg"]).removeprefix("Value error, ")
    return f"{key}: {told}" if key else told


def unknown(key: str, known: Sequence[str] = KEYS) -> str:
    """A key that no price row has, with the nearest that one does."""
    near = difflib.get_close_matches(key, known, n=1)
    return f"unknown key '{key}'" + (f"; did you mean '{near[0]}'?" if near else f": known are {', '.join(known)}")


def check_head(path: Path, names: Sequence[str]) -> None:
    """Raises UsageError where a CSV's first line is not that of price rows."""
    columns = [name.strip() for name in names if name and name.strip()]
    if len(names) == 1 and (mark := next((mark for mark in ";\t" if mark in names[0]), None)):
        between = "semicolons" if mark == ";" else "tabs"
        raise UsageError(f"{path}, line 1: {between} stand between the columns: save it with commas")
    wrong = [f"the column '{name}' is missing" for name in _NEEDED if name not in columns]
    wrong += [unknown(name) for name in columns if name not in KEYS]
    wrong += [f"'{name}' stands there twice" for name in dict.fromkeys(columns) if columns.count(name) > 1]
    if wrong:
        raise UsageError(f"{path}, line 1: {wrong[0]}")
