"""What `audit formats new` writes: a format guessed from a sample, and a case that it passes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from audit import formatbook, formatcases
from audit.beginning import first_records
from audit.engine.duckdb import Engine
from audit.ingest.layout import sniff
from audit.newformat import case, compose, doubts, guess, identity, outcome, sample, times, usage
from audit.newformat.draft import Draft, told
from audit.newformat.values import Values
from audit.records import CALL_COLUMNS, AuditError, UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from audit.beginning import Beginning
    from audit.newformat.guess import Parts

_SHOWN = 20
_NOTHING = (None, "", "-")
_NEEDED = ("call_id", "started_at")
# Not stated in a case: fingerprints of a text that is not there, and what is no column.
_UNTOLD = ("prompt_hash", "template_hash", "prefix_hash", "prefix_tokens", "prompt", "file_id", "problem")
# What is told of after the format is written: not what only goes with another column.
_ORDER = [column.name for column in CALL_COLUMNS if column.name not in ("prompt", "usage_quality", "stated_currency")]
# A record that has one of these is one of a call.
_OF_A_CALL = ("model", "answer_model", "input", "output")


@dataclass(frozen=True, slots=True)
class New:
    """What was written: both files, each column with the fields it comes from, the questions with their lines.

    ``left`` are the fields that nothing is made of, ``zoneless`` those that hold dates without a zone.
    """

    sql: Path
    cases: Path
    columns: tuple[tuple[str, str], ...]
    asked: tuple[tuple[int, str], ...]
    unmapped: tuple[str, ...]
    left: tuple[str, ...]
    notes: tuple[str, ...]
    zoneless: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Sample:
    """The sample's records, and the rows of calls in them; ``others`` says whether there are rows of other kinds."""

    container: str
    delimiter: str
    records: Sequence[Mapping[str, Any]]
    each: str
    rows: Sequence[Mapping[str, Any]]
    others: bool


def check(name: str, folder: Path, taken: Mapping[str, Path]) -> None:
    """Raise UsageError where a format cannot be called so, or is there already."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise UsageError(f"'{name}' is no name for a format: small letters, digits and underscores, as our_gateway")
    for path in (folder / f"{name}.sql", folder / f"{name}.yml"):
        if path.exists():
            raise UsageError(f"{path}: there already; choose another name or folder")
    if name in taken:
        raise UsageError(f"'{name}' is the name of a format that there is ({taken[name]}); choose another")


def write(name: str, folder: Path, start: Beginning, *, more_than: int = 0) -> New:
    """Write both files. ``more_than`` is how many paths another format knows such a record by."""
    with Engine() as engine:
        values = Values(engine)
        found = _sample(start, engine, values)
        fields = sample.fields(found.rows)
        parts = guess.guessed(fields, values)
        everywhere = {seen.path: seen for seen in sample.fields(sample.rows(found.records, found.each))}
        unsure = guess.by_value(parts, fields, values)
        parts = guess.apart(parts | unsure)
        draft = Draft(parts, values, len(found.rows), everywhere, unsure, fields)
        for section in (usage, times, outcome, identity, doubts):
            section.state(draft)
    if not draft.fields:
        shown = ", ".join(told(seen) for seen in fields[:_SHOWN])
        raise AuditError(f"nothing in the sample looks like a call; its fields are {shown}. Nothing was written")
    columns = list(found.records[0]) if found.container != "json" else []
    marks = compose.signatures(draft, found.rows, columns=columns, more_than=more_than)
    left = doubts.left_told(draft)
    text = compose.text(
        name,
        draft,
        holds=["json"] if found.container == "json" else [found.container, "json"],
        each=found.each,
        signatures=marks,
        only_calls=found.others,
        rows=len(found.rows),
        left=left,
    )
    sql, cases = folder / f"{name}.sql", folder / f"{name}.yml"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        sql.write_text(text, encoding="utf-8")
        cases.write_text(_case(sql, draft, found, marks), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{folder}: cannot be written: {error.strerror or error}") from None
    return New(
        sql,
        cases,
        tuple(
            (column, ", ".join(dict.fromkeys(told(draft.path(role)) for role in draft.columns[column].fields)))
            for column in _ORDER
            if column in draft.columns
        ),
        tuple(zip(_asking(text), draft.asked, strict=True)),
        _unmapped(draft),
        tuple(left),
        tuple(draft.notes),
        tuple(draft.zoneless),
    )


def _asking(text: str) -> list[int]:
    """The lines that ask, counted from 1."""
    return [number for number, line in enumerate(text.splitlines(), 1) if line.startswith("    -- ? ")]


def _sample(start: Beginning, engine: Engine, values: Values) -> _Sample:
    layout = sniff(start.path)
    records = first_records(start.path, engine)
    if not records:
        raise AuditError(f"{start.path}: no JSON object, table or Parquet file was found in it")
    container = layout.container if layout.container in ("csv", "parquet") else "json"
    each = guess.list_of_calls(records, values) if container == "json" else ""
    rows = sample.rows(records, each)
    parts = guess.guessed(sample.fields(rows), values)
    calls = [row for row in rows if _is_call(row, parts)]
    return _Sample(container, layout.delimiter, records, each, calls or rows, 0 < len(calls) < len(rows))


def _is_call(row: Mapping[str, Any], parts: Parts) -> bool:
    paths = [parts[role].path for role in _OF_A_CALL if role in parts]
    return any(row.get(path, ((), None))[1] not in _NOTHING for path in paths)


def _case(sql: Path, draft: Draft, found: _Sample, marks: Sequence[Sequence[str]]) -> str:
    """The case's text: what the format makes of the first of the records that tell most."""
    form = formatbook.read(sql)
    paths = {role: draft.path(role) for role in draft.fields}
    known = [record for record in found.records if form.knows(dict(record))]
    record = max(known or found.records, key=lambda record: _fullness(record, found.each, paths.values()))
    record = case.Mask(paths, [path for mark in marks for path in mark], found.each).masked(record)
    given: dict[str, Any] = {"record": {}, "records": [record]}
    stated = case.as_records(record)
    if found.container == "csv":
        given["text"] = case.table_text(list(record), record, found.delimiter)
        stated = case.as_text(given["text"])
    rows, rejects = formatcases.given(form, given)
    kept = [{name: value for name, value in row.items() if value is not None and name not in _UNTOLD} for row in rows]
    if _unmapped(draft):  # the case waits for a person, too
        return case.written(stated, [{"source": form.source}], 0)
    return case.written(stated, kept, len(rejects))


def _unmapped(draft: Draft) -> tuple[str, ...]:
    return tuple(column for column in _NEEDED if draft.columns[column].sql.startswith("NULL"))


def _fullness(record: Mapping[str, Any], each: str, paths: Collection[str]) -> int:
    """How many of the fields that a format reads a record has."""
    (first, *_) = sample.rows([record], each) or [{}]
    return sum(first.get(path, ((), None))[1] not in (None, "") for path in paths)
