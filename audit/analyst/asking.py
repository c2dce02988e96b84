"""One query over a month's tables, answered in rows: read only, a statement at a time."""

from __future__ import annotations

import csv
import json
import re
from contextlib import contextmanager
from datetime import date, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from audit.analyst import tablebook
from audit.records import UsageError
from audit.terminal import grid

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from audit.engine.duckdb import Engine

Form = Literal["table", "csv", "json"]
_BATCH = 10_000
_SHOW_TABLES = re.compile(r"show\s+(all\s+)?tables", re.IGNORECASE)
UPRIGHT = 5


@contextmanager
def answered(engine: Engine, query: str, size: int = _BATCH) -> Iterator[tuple[list[str], Iterator[list[Any]]]]:
    """A query's column names and its rows, batch by batch. Raises UsageError for what is not one query."""
    text = checked(engine, query)
    with engine.batches(text, size) as (names, batches):
        yield names, batches


def checked(engine: Engine, query: str) -> str:
    """The text of one query that only reads. Raises UsageError with what to write instead."""
    text = query.strip().rstrip(";").rstrip()
    if _SHOW_TABLES.fullmatch(text):
        return tablebook.as_query()
    kinds = engine.statement_kinds(text)
    if not kinds:
        raise UsageError("no query: write one, as SELECT project, sum(cost) FROM calls GROUP BY ALL")
    if len(kinds) > 1:
        raise UsageError(f"these are {len(kinds)} statements; one query at a time is answered")
    if kinds == ["MULTI"]:
        raise UsageError("a PIVOT stands within a SELECT: SELECT * FROM (PIVOT ... ON model IN ('a', 'b') USING ...)")
    if kinds != ["SELECT"]:
        raise UsageError(
            f"{kinds[0]} is not answered here, only what reads: SELECT, WITH, FROM, VALUES, DESCRIBE, SUMMARIZE"
        )
    return text


def write(engine: Engine, query: str, form: Form, out: TextIO, *, most: int | None, wide: int) -> str | None:
    """Write a query's answer; returns a note where it was cut at ``most`` rows. None writes every row there is.

    A table is at most ``wide`` columns of text; of rows that do not fit it shows a few, one field a line.
    """
    size = _BATCH if most is None else min(most + 1, _BATCH)
    with answered(engine, query, size) as (names, batches):
        stood_up = form == "table" and not grid.fits(names, wide)
        rows = _Rows(batches, min(most or UPRIGHT, UPRIGHT) if stood_up else most)
        if form == "csv":
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow(names)
            writer.writerows([str(v).lower() if isinstance(v, bool) else _plain(v) for v in row] for row in rows)
        elif form == "json":
            _as_json(_apart(names), rows, out)
        else:
            _as_table(names, rows, wide, out)
    if not rows.cut:
        return None
    return f"the first {rows.given} rows: name fewer columns to see more" if stood_up else _more(rows.given)


def _more(given: int) -> str:
    return f"the first {given:,} row{'s' * (given != 1)}; --rows shows more"


def _as_table(names: list[str], rows: _Rows, wide: int, out: TextIO) -> None:
    held = list(rows)
    out.writelines(f"{line}\n" for line in grid.lines(names, held, wide))
    if not rows.cut:
        out.write(f"({len(held):,} row{'s' * (len(held) != 1)})\n")


class _Rows:
    """Rows up to a number; once read, ``given`` says how many there were, ``cut`` whether there are more."""

    def __init__(self, batches: Iterator[list[Any]], most: int | None) -> None:
        self._batches = batches
        self._most = most
        self.given = 0
        self.cut = False

    def __iter__(self) -> Iterator[Any]:
        for batch in self._batches:
            for row in batch:
                if self.given == self._most:
                    self.cut = True
                    return
                self.given += 1
                yield row


def _apart(names: list[str]) -> list[str]:
    """Names as keys: one that comes again gets its number, for an object holds a key once."""
    seen: dict[str, int] = {}
    keys = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        keys.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return keys


def _as_json(names: list[str], rows: _Rows, out: TextIO) -> None:
    out.write("[")
    for number, row in enumerate(rows):
        record = dict(zip(names, map(_plain, row), strict=True))
        out.write(("," if number else "") + "\n" + json.dumps(record, ensure_ascii=False, default=_said))
    out.write("\n]\n")


def _plain(value: Any) -> Any:
    """A value as a file holds it: money as text with all its digits, instants as ISO 8601."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    return _said(value) if isinstance(value, date | time | UUID | bytes) else value


def _said(value: Any) -> str:
    return value.isoformat() if isinstance(value, date | time) else str(value)
