"""How narrowly the month's working table can hold the columns of a call, by what the store's statistics know of them.

Ten million calls do not fit the memory a run may take; what they are read from disk again with counts, rule by rule. So
a text of few values is held as the number of its value, a count as four bytes where that is enough, and a column that
no call states not at all. The views over the table show each as the call record has it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.records import CALL_COLUMNS, TEXT, WHOLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from audit.engine.duckdb import Engine

# More values than this are looked up slower than their text is read.
MOST_VALUES = 2_000
_FOUR_BYTES = 2**31 - 1
# What calls are known and found by is held as it is; where a source's region is named in the settings, none is stated.
_AS_THEY_ARE = {"call_id", "source", "started_at", "region"}
_KINDS = {column.name: column.type for column in CALL_COLUMNS}
_TABLES = ("store.calls", "store.linked")


def held(engine: Engine, names: Iterable[str], beside: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """The type in which each column is held; a column that no call of the store states is left out.

    ``beside`` are values of a column that stand in no log, as the projects of the settings.
    """
    asked = [name for name in names if name not in _AS_THEY_ARE]
    told = ", ".join(f"stats({name})" for name in asked)
    known = [row for table in _TABLES for row in engine.rows(f"SELECT {told} FROM {table} LIMIT 1")] if asked else []
    types = {name: _KINDS[name] for name in names if name in _AS_THEY_ARE}
    for at, name in enumerate(asked):
        of_column = [row[at] for row in known if row[at]["has_no_null"]]
        more = tuple(beside.get(name, ()))
        if of_column or more:
            types[name] = _type(engine, name, of_column, more)
    return types


def _type(engine: Engine, name: str, known: list[dict[str, Any]], beside: tuple[str, ...]) -> str:
    kind = _KINDS[name]
    if kind == WHOLE and all(
        abs(stated[end]) <= _FOUR_BYTES for stated in known for end in ("min", "max") if stated.get(end) is not None
    ):
        return "INTEGER"
    if kind == TEXT and all(stated.get("approx_unique", MOST_VALUES) < MOST_VALUES for stated in known):
        union = " UNION ".join(f"SELECT {name} FROM {table} WHERE {name} IS NOT NULL" for table in _TABLES)
        values = {value for (value,) in engine.rows(union)} | set(beside)
        if 0 < len(values) <= MOST_VALUES:
            return f"ENUM({', '.join(_quoted(value) for value in sorted(values))})"
    return kind


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
