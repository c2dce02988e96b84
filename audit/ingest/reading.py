"""The SQL that reads one file: the log's fields as text, typed with a named problem, then the format's SELECT."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from audit.ingest.masking import RAW_KEY
from audit.records import CALL_COLUMNS, HASH, MONEY, TEXT, TEXTS, Column

if TYPE_CHECKING:
    from pathlib import Path

    from audit.formatbook import Field, Format
    from audit.ingest.layout import Layout

# The largest line that is read; a longer one is rejected with its place. The engine keeps buffers of twice that, and is
# the faster for it; where the settings grant it little memory, it must do with less.
OBJECT_BYTES = 1 << 27
THRIFTY_BYTES = 1 << 24
# A name or a label is short: what is longer may be a prompt, and only its fingerprint is kept.
LABEL_BYTES = 256
TABLE_LINE_BYTES = 1 << 24
COUNT_LIMIT = 2**31 - 1
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
    """How one file is read: the format, where the bytes lie, and as what.

    ``apart`` says that torn lines were taken apart in the copy that is read.
    """

    format: Format
    path: Path
    layout: Layout
    columns: tuple[str, ...] = ()
    apart: bool = False
    object_bytes: int = OBJECT_BYTES

    @property
    def calls(self) -> str:
        """One row a statement of a call, with every call column, ``record`` and ``problem``."""
        given = set(self.format.columns)
        columns = ",\n".join(f"{self._cast(column, given)} AS {column.name}" for column in CALL_COLUMNS)
        return (
            f"WITH records AS ({self._records}), shaped AS ({self.format.select})\n"
            f"SELECT {columns},\nrecord, coalesce(problem, {_UNFIT}) AS problem\nFROM shaped"
        )

    def _cast(self, column: Column, given: set[str]) -> str:
        name, kind = column.name, column.type
        if name == "source":
            source = _quoted(self.format.source)
            return f"coalesce({_label('source')}, {source})" if name in given else source
        if name not in given:
            return f"NULL::{kind}"
        if kind == HASH:
            # A fingerprint of 32 hexadecimal digits is kept as it is; any other text is fingerprinted again.
            return f"coalesce(try_cast({name} AS UUID), md5({name})::UUID)"
        if kind in (TEXT, TEXTS):
            return _kept_text(name, kind)
        return f"{name}::{kind}"

    @property
    def _records(self) -> str:
        """The log's fields, typed. Three steps, so that the engine casts each field once: text, value, verdict."""
        fields = self.format.fields
        text = ", ".join(f"{self._raw(field)} AS r_{field.name}" for field in fields)
        value = ", ".join(f"{_typed(field)} AS {_name(field.name)}" for field in fields)
        kept = ", ".join(f"r_{field.name}" for field in fields if field.type in _ASKS)
        names = ", ".join(_name(field.name) for field in fields)
        return (
            f"SELECT {names}, record, CASE {_problems(fields)} END AS problem\n"
            f"FROM (SELECT {value}, {kept}, record\n"
            f"FROM (SELECT {text}, row_number() OVER () AS record\nFROM {self._source}))"
        )

    @property
    def _source(self) -> str:
        path = _quoted(str(self.path))
        if self.layout.container == "parquet":
            return f"read_parquet({path})"
        packing = {"plain": "none", "gz": "gzip", "zst": "zstd"}[self.layout.packing]
        if self.layout.container == "csv":
            # Columns go by their number: two may share a name. The table's first fault ends the reading.
            columns = ", ".join(f"c{number}: 'VARCHAR'" for number in range(len(self.columns)))
            return (
                f"read_csv({path}, header=true, auto_detect=false, columns={{{columns}}}, "
                f"delim={_quoted(self.layout.delimiter)}, quote='\"', escape='\"', compression='{packing}', "
                f"null_padding=false, max_line_size={TABLE_LINE_BYTES})"
            )
        container = {"array": "array", "objects": "unstructured"}.get(self.layout.container, "newline_delimited")
        tolerant = "true" if container == "newline_delimited" else "false"
        shape = ", ".join(f"{_name(top)}: {_quoted(kind)}" for top, kind in _shape(self.format.fields).items())
        return (
            f"read_json({path}, format='{container}', records=true, ignore_errors={tolerant}, "
            f"compression='{packing}', maximum_object_size={self.object_bytes}, columns={{{shape}}})"
        )

    def _raw(self, field: Field) -> str:
        """The field as text, straight from the file."""
        if self.layout.container in ("csv", "parquet"):
            if field.path not in self.columns:
                return "NULL::VARCHAR"
            if self.layout.container == "parquet":
                column = _name(field.path)
                text = f"to_json({column})::VARCHAR" if field.type in ("texts", "json") else f"{column}::VARCHAR"
                return _present(text, field)
            return _present(f"c{self.columns.index(field.path)}", field)
        top = field.parts[0].split("[", 1)[0]
        if _shape([field])[top] == "JSON" or top in _as_json(self.format.fields):
            if field.path == top:
                return f"{_name(top)}::VARCHAR" if field.type == "json" else _present(f"{_name(top)}->>'$'", field)
            return _present(f"json_extract_string({_name(top)}, {_quoted('$.' + field.path.split('.', 1)[1])})", field)
        return _present(".".join(_name(part) for part in field.parts), field)


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


def _present(text: str, field: Field) -> str:
    """An empty text is no value. Where a text is cast, the cast says so; the rest must be told."""
    return text if field.type in _ASKS else f"nullif({text}, '')"


def _typed(field: Field) -> str:
    raw = f"r_{field.name}"
    return {
        "text": raw,
        "json": f"CASE WHEN {raw} NOT IN ('[]', '{{}}', 'null', '\"\"') THEN {raw} END",
        "whole": f"try_cast({raw} AS UINTEGER)::BIGINT",
        "money": f"try_cast({raw} AS {MONEY})",
        "number": f"try_cast({raw} AS DOUBLE)",
        "flag": f"try_cast({raw} AS BOOLEAN)",
        "texts": f"try_cast(try_cast({raw} AS JSON) AS VARCHAR[])",
        "instant": _instant(raw),
    }[field.type]


def _instant(raw: str) -> str:
    """ISO 8601 (a date without a zone is in the session's), or an epoch told by its magnitude.

    Python's logging writes a comma before the fraction of a second.
    """
    number = f"try_cast({raw} AS DOUBLE)"
    scales = ((1e11, "* 1e6"), (1e14, "* 1e3"), (1e17, "* 1"), (9e18, "/ 1e3"))
    epoch = " ".join(f"WHEN {number} < {below:.0f} THEN {number} {scale}" for below, scale in scales)
    return (
        f"make_timestamp(coalesce(epoch_us(try_cast({raw} AS TIMESTAMPTZ)), "
        f"epoch_us(try_cast(replace({raw}, ',', '.') AS TIMESTAMPTZ)), "
        f"CASE WHEN {number} >= 0 THEN round(CASE {epoch} END)::BIGINT END))"
    )


def _problems(fields: tuple[Field, ...]) -> str:
    """Whether anything is wrong is one test for most records; only what fails it is asked for its reason."""
    nothing = " AND ".join(f"{_name(field.name)} IS NULL" for field in fields)
    wrong = {
        field: f"{_name(field.name)} IS NULL AND r_{field.name} <> ''"
        + (f" OR {_name(field.name)} > {COUNT_LIMIT}" if field.type == "whole" else "")
        for field in fields
        if field.type in _ASKS
    }
    reasons = " ".join(
        f"WHEN {test} THEN {_quoted(f'{field.path}: {_ASKS[field.type]}')}" for field, test in wrong.items()
    )
    anything = " OR ".join(f"({test})" for test in wrong.values())
    return f"WHEN {nothing} THEN '{UNREADABLE}' WHEN {anything} THEN CASE {reasons} END"


def _kept_text(name: str, kind: str) -> str:
    """A text column as it may be kept: no raw key, no message, no prompt."""
    if name == "api_key":
        # The hash still tells one key from another.
        return f"CASE WHEN {_holds_secret(name)} THEN 'key-' || left(sha256({name}), 16) ELSE {_label(name)} END"
    if name == "error_type":
        # A kind of error is a word; a message or a traceback after it may hold anything.
        return rf"nullif(left(regexp_extract({name}, '^[\w.\-]+'), 80), '')"
    if kind == TEXTS:
        return f"CASE WHEN {name} IS NOT NULL THEN list_transform({name}, lambda x: {_safe('x')}) END"
    return _label(name)


def _label(name: str) -> str:
    return f"CASE WHEN strlen({name}) > {LABEL_BYTES} THEN 'md5-' || md5({name}) ELSE {name} END"


def _holds_secret(name: str) -> str:
    return f"strlen({name}) > 10 AND regexp_matches({name}, {_quoted(RAW_KEY)}, 'i')"


def _safe(name: str) -> str:
    return f"CASE WHEN {_holds_secret(name)} THEN '<secret>' ELSE {_label(name)} END"


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
