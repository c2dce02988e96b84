"""The SQL that reads one file: the log's fields as text, typed with a named problem, then the format's SELECT."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlglot

from audit.records import CALL_COLUMNS, HASH, MONEY, Column

if TYPE_CHECKING:
    from pathlib import Path

    from audit.formatbook import Field, Format
    from audit.ingest.layout import Layout

# The largest line that is read; a longer one is rejected with its place.
OBJECT_BYTES = 1 << 28
COUNT_LIMIT = 1_000_000_000
UNREADABLE = "unreadable"
_ASKS = {
    "whole": f"not a whole number from 0 to {COUNT_LIMIT:,}",
    "money": "not an amount of money",
    "number": "not a number",
    "flag": "neither true nor false",
    "instant": "not an instant: ISO 8601, or seconds or milliseconds since 1970",
    "texts": "not a list of texts",
}


_UNFIT = """CASE
  WHEN call_id IS NULL THEN 'the call has no id'
  WHEN started_at IS NULL THEN 'the call has no start'
  WHEN year(started_at) NOT BETWEEN 2015 AND 2100 THEN 'its start lies outside 2015 to 2100'
END"""


@dataclass(frozen=True, slots=True)
class Reading:
    """How one file is read: the format, where the bytes lie, and as what."""

    format: Format
    path: Path
    layout: Layout
    columns: tuple[str, ...] = ()

    @property
    def calls(self) -> str:
        """One row a statement of a call, with every call column, ``record`` and ``problem``."""
        given = _select_names(self.format.select)
        columns = ",\n".join(f"{self._cast(column, given)} AS {column.name}" for column in CALL_COLUMNS)
        return (
            f"WITH records AS ({self._records}), shaped AS ({self.format.select})\n"
            f"SELECT {columns},\nrecord, coalesce(problem, {_UNFIT}) AS problem\nFROM shaped"
        )

    def _cast(self, column: Column, given: set[str]) -> str:
        name, kind = column.name, column.type
        if name == "source":
            return f"coalesce(source, '{self.format.source}')" if name in given else f"'{self.format.source}'"
        if name not in given:
            return f"NULL::{kind}"
        if kind == HASH:
            # A fingerprint of 32 hexadecimal digits is kept as it is; any other text is fingerprinted again.
            return f"coalesce(try_cast({name} AS UUID), md5({name})::UUID)"
        return f"{name}::{kind}"

    @property
    def _records(self) -> str:
        fields = ",\n".join(f"{_typed(field)} AS {field.name}" for field in self.format.fields)
        raw = ",\n".join(f"{self._raw(field)} AS {field.name}" for field in self.format.fields)
        return (
            f"SELECT {fields},\nrecord, CASE {_problems(self.format.fields)} END AS problem\n"
            f"FROM (SELECT {raw}, row_number() OVER () AS record FROM {self._source})"
        )

    @property
    def _source(self) -> str:
        path = _quoted(str(self.path))
        if self.layout.container == "parquet":
            return f"read_parquet({path})"
        packing = {"plain": "none", "gz": "gzip", "zst": "zstd"}[self.layout.packing]
        if self.layout.container == "csv":
            return (
                f"read_csv({path}, header=true, all_varchar=true, compression='{packing}', "
                f"null_padding=false, store_rejects=true, max_line_size={1 << 24})"
            )
        container = {"array": "array", "objects": "unstructured"}.get(
            self.layout.container, "newline_delimited"
        )
        tolerant = "true" if container == "newline_delimited" else "false"
        shape = ", ".join(f"{_name(top)}: {_quoted(kind)}" for top, kind in _shape(self.format.fields).items())
        return (
            f"read_json({path}, format='{container}', records=true, ignore_errors={tolerant}, "
            f"compression='{packing}', maximum_object_size={OBJECT_BYTES}, columns={{{shape}}})"
        )

    def _raw(self, field: Field) -> str:
        """The field as text, straight from the file."""
        if self.layout.container in ("csv", "parquet"):
            if field.path not in self.columns:
                return "NULL::VARCHAR"
            column = _name(field.path)
            if self.layout.container == "parquet":
                text = f"to_json({column})" if field.type in ("texts", "json") else f"{column}::VARCHAR"
                return f"nullif({text}, '')"
            return f"nullif({column}, '')"
        top = field.parts[0].split("[", 1)[0]
        if _shape([field])[top] == "JSON" or top in _as_json(self.format.fields):
            if field.path == top:
                return f"{_name(top)}::VARCHAR" if field.type == "json" else f"nullif({_name(top)}->>'$', '')"
            return f"nullif(json_extract_string({_name(top)}, {_quoted('$.' + field.path.split('.', 1)[1])}), '')"
        return f"nullif({'.'.join(_name(part) for part in field.parts)}, '')"


def _as_json(fields: tuple[Field, ...]) -> set[str]:
    """Top-level names read as JSON: those a list is stepped through in, and those wanted whole."""
    return {field.parts[0] for field in fields if "[" in field.path or field.type in ("json", "texts")}


def _shape(fields: tuple[Field, ...] | list[Field]) -> dict[str, str]:
    """The type each top-level name is read as: text, JSON, or a structure of texts."""
    whole = _as_json(tuple(fields))
    tree: dict[str, Any] = {}
    for field in fields:
        if field.parts[0] in whole:
            tree[field.parts[0]] = "JSON"
            continue
        branch = tree
        for part in field.parts[:-1]:
            inner = branch.get(part)
            if not isinstance(inner, dict):
                inner = branch[part] = {}
            branch = inner
        branch.setdefault(field.parts[-1], "VARCHAR")
    return {name: _type(kind) for name, kind in tree.items()}


def _type(kind: str | dict[str, Any]) -> str:
    if isinstance(kind, str):
        return kind
    return "STRUCT(" + ", ".join(f"{_name(part)} {_type(inner)}" for part, inner in kind.items()) + ")"


def _typed(field: Field) -> str:
    name = field.name
    return {
        "text": name,
        "json": f"CASE WHEN {name} NOT IN ('[]', '{{}}', 'null', '\"\"') THEN {name} END",
        "whole": _whole(name),
        "money": f"try_cast({name} AS {MONEY})",
        "number": f"try_cast({name} AS DOUBLE)",
        "flag": f"try_cast({name} AS BOOLEAN)",
        "texts": f"try_cast(try_cast({name} AS JSON) AS VARCHAR[])",
        "instant": _instant(name),
    }[field.type]


def _whole(name: str) -> str:
    return f"(CASE WHEN try_cast({name} AS BIGINT) BETWEEN 0 AND {COUNT_LIMIT} THEN try_cast({name} AS BIGINT) END)"


def _instant(name: str) -> str:
    """ISO 8601 (a date without a zone is in the session's), or an epoch told by its magnitude."""
    number = f"try_cast({name} AS DECIMAL(38,9))"
    epoch = (
        f"CASE WHEN {number} < 100000000000 THEN make_timestamp(({number} * 1000000)::BIGINT) "
        f"WHEN {number} < 100000000000000 THEN make_timestamp(({number} * 1000)::BIGINT) "
        f"WHEN {number} < 100000000000000000 THEN make_timestamp({number}::BIGINT) "
        f"WHEN {number} < 9000000000000000000 THEN make_timestamp(({number} / 1000)::BIGINT) END"
    )
    return f"coalesce(try_cast({name} AS TIMESTAMPTZ) AT TIME ZONE 'UTC', {epoch})"


def _problems(fields: tuple[Field, ...]) -> str:
    nothing = " AND ".join(f"{field.name} IS NULL" for field in fields)
    cases = [f"WHEN {nothing} THEN '{UNREADABLE}'"]
    cases += [
        f"WHEN {field.name} IS NOT NULL AND {_typed(field)} IS NULL THEN '{field.path}: {_ASKS[field.type]}'"
        for field in fields
        if field.type in _ASKS
    ]
    return " ".join(cases)


def _select_names(sql: str) -> set[str]:
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    return set(tree.named_selects)


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
