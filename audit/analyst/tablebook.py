"""The tables that rules see, column by column: their types from the code, their meanings from ``tablebook.toml``."""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit import tables, window
from audit.pricing import join
from audit.pricing.units import UNITS
from audit.records import CALL_COLUMNS, PRICE_COLUMNS, UsageError
from audit.sandbox import TABLES
from audit.terminal import grid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audit.engine.duckdb import Engine

_FILE = Path(__file__).with_suffix(".toml")
SHAPES = {
    "calls": {**window.PRICED_SHAPE, **window.CLOCK_SHAPE},
    "prices": join.PRICES_SHAPE,
    "daily_spend": tables.DAILY_SHAPE,
    "days": tables.DAYS_SHAPE,
    "first_seen": tables.FIRST_SEEN_SHAPE,
    "pools": tables.POOLS_SHAPE,
    "projects": {**window.PROJECTS_SHAPE, "cost": tables.SUM, "calls": "BIGINT"},
}
_OF_A_UNIT = {f"{unit}_price": "*_price" for unit in UNITS} | {f"native_{unit}": "native_*" for unit in UNITS}
# What is told of the month's last audit beside what rules see.
_KEPT = {"flags": "what the month's last audit flagged", "findings": "what its report said"}


@dataclass(frozen=True, slots=True)
class Told:
    """One column: its type, what it means, and a value as it may stand in a row."""

    name: str
    type: str
    meaning: str
    example: str


@cache
def _book() -> dict[str, dict[str, Any]]:
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))


def what(table: str) -> str:
    """What a table holds, in one sentence."""
    sentence: str = _book()[table]["what"]
    return sentence


def told(table: str) -> list[Told]:
    """A table's columns in their order; in ``prices``, those of one unit after another stand for all."""
    stated = {column.name: column.meaning for column in (*CALL_COLUMNS, *PRICE_COLUMNS)}
    found = {}
    for name, kind in SHAPES[table].items():
        entry = name if name in _book()[table] else _OF_A_UNIT.get(name, name)
        given = _book()[table][entry]
        meaning, example = given if isinstance(given, list) else (stated[name], given)
        said = str(example).lower() if isinstance(example, bool) else str(example)
        found[entry] = Told(entry, kind, meaning, said)
    return list(found.values())


def listed(engine: Engine, kept: tuple[str, ...] = ()) -> Iterator[str]:
    """The tables, with how many rows they have and what they hold."""
    rows = [(name, engine.row(f"SELECT count(*) FROM {name}")[0], what(name)) for name in TABLES]
    rows += [(name, engine.row(f"SELECT count(*) FROM {name}")[0], _KEPT[name]) for name in kept]
    yield from grid.lines(("table", "rows", "what it holds"), rows, grid.ENDLESS, longest=grid.ENDLESS)


def as_query() -> str:
    """The query that lists the tables there are for an analyst, and none of those that they are made of."""
    rows = {name: what(name) for name in TABLES} | _KEPT
    quoted = {name: said.replace("'", "''") for name, said in rows.items()}
    told = (f"({place}, '{name}', '{said}')" for place, (name, said) in enumerate(quoted.items()))
    return (
        f'SELECT "table", "what it holds" FROM (VALUES {", ".join(told)}) AS book(place, "table", "what it holds") '
        'WHERE "table" IN (SELECT table_name FROM duckdb_tables() UNION ALL SELECT view_name FROM duckdb_views()) '
        "ORDER BY place"
    )


def columns_of(engine: Engine, table: str) -> Iterator[str]:
    """A table's columns with what they mean. Raises UsageError for no table."""
    known = (*TABLES, *_KEPT)
    if table not in known:
        near = difflib.get_close_matches(table, known, n=1)
        raise UsageError(f"no table '{table}'; {f'''did you mean '{near[0]}'?''' if near else 'see .tables'}")
    if table in _KEPT:
        rows = [(name, kind, "") for name, kind in engine.columns(f"FROM {table}").items()]
    else:
        rows = [(column.name, column.type, column.meaning) for column in told(table)]
    yield from grid.lines(("column", "type", "meaning"), rows, grid.ENDLESS, longest=grid.ENDLESS)
