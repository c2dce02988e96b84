"""Log formats: ``<name>.sql`` -> :class:`Format`, checked.

A format's header says how a record is recognised and where its fields lie; its SELECT turns the typed
``records`` into call columns. Shape of the header::

    title  = "..."                       # the format's name for people
    source = "..."                       # the calls' source where the log names none
    holds  = ["json"]                    # json, csv, parquet
    [recognise]
    any    = [["id", "usage.total"]]     # a record is one of ours if it has all paths of one list
    [record]
    tokens = "usage.total: whole"        # name = "path: type"; text where no type is given
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlglot
from sqlglot import exp

from audit import sqlfile
from audit.records import CALL_COLUMNS, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

TYPES = ("text", "whole", "money", "instant", "flag", "number", "texts", "json")
CONTAINERS = ("json", "csv", "parquet")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record: its name in the SELECT, its path in the log, its type."""

    name: str
    path: str
    type: str

    @property
    def parts(self) -> tuple[str, ...]:
        """The path's steps; a step through a list keeps its index, as ``choices[0]``."""
        return tuple(self.path.split("."))


@dataclass(frozen=True, slots=True)
class Format:
    """A log format as its file states it."""

    name: str
    path: Path
    title: str
    source: str
    holds: tuple[str, ...]
    signatures: tuple[tuple[str, ...], ...]
    fields: tuple[Field, ...]
    select: str
    columns: tuple[str, ...]

    def knows(self, record: dict[str, Any]) -> bool:
        """Whether one parsed record carries all paths of one of the signatures."""
        return any(all(_has(record, path) for path in paths) for paths in self.signatures)


def _has(record: Any, path: str) -> bool:
    for part in path.split("."):
        if not isinstance(record, dict) or part not in record:
            return False
        record = record[part]
    return True


def load(folders: Iterable[Path]) -> dict[str, Format]:
    """All formats of some folders by name; a later folder's replace an earlier's of the same name."""
    found = {}
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"{folder}: no such folder of formats")
        for path in sorted(folder.glob("*.sql")):
            found[path.stem] = read(path)
    return found


def read(path: Path) -> Format:
    """One format, checked. Raises UsageError with file and reason."""
    file = sqlfile.read(path)
    header = file.header
    unknown = set(header) - {"title", "source", "holds", "recognise", "record", "note"}
    if unknown:
        raise UsageError(f"{path}: unknown key '{min(unknown)}' in the header")
    signatures = tuple(tuple(paths) for paths in header.get("recognise", {}).get("any", []))
    if not signatures or "title" not in header or not header.get("record"):
        raise UsageError(f"{path}: the header needs title, [recognise] any, and [record]")
    holds = tuple(header.get("holds", ["json"]))
    if set(holds) - set(CONTAINERS):
        raise UsageError(f"{path}: 'holds' may list {', '.join(CONTAINERS)}")
    fields = tuple(_field(path, name, str(text)) for name, text in header["record"].items())
    select, columns = _carrying(path, file.sql)
    return Format(
        name=file.name,
        path=path,
        title=str(header["title"]),
        source=str(header.get("source", file.name)),
        holds=holds,
        signatures=signatures,
        fields=fields,
        select=select,
        columns=columns,
    )


def _field(path: Path, name: str, text: str) -> Field:
    place, _, kind = (part.strip() for part in text.partition(":"))
    kind = kind or "text"
    if kind not in TYPES:
        raise UsageError(f"{path}: [record] {name}: '{kind}' is no type; known: {', '.join(TYPES)}")
    if not re.fullmatch(r"[A-Za-z_]\w*", name) or name in ("problem", "record"):
        raise UsageError(f"{path}: [record] {name}: a field's name is a plain word, not 'problem' or 'record'")
    return Field(name, place, kind)


def _carrying(path: Path, sql: str) -> tuple[str, tuple[str, ...]]:
    """The SELECT with each record's number and problem carried along, past its own filter; and its columns.

    A record that could not be read must reach the rejects whatever the format filters on.
    """
    try:
        tree = sqlglot.parse_one(sql, dialect="duckdb")
    except sqlglot.errors.ParseError as error:
        raise UsageError(f"{path}: {str(error).splitlines()[0]}") from None
    if not isinstance(tree, exp.Select) or tree.args.get("group") or tree.args.get("with_"):
        raise UsageError(f"{path}: a format is one SELECT ... FROM records, without WITH and GROUP BY")
    known = {column.name for column in CALL_COLUMNS}
    columns = tuple(tree.named_selects)
    for name in columns:
        if name not in known:
            raise UsageError(f"{path}: '{name}' is no column of the call record")
    where = tree.args.get("where")
    if where is not None:
        kept = exp.or_(exp.column("problem").is_(exp.null()).not_(), exp.paren(where.this))
        tree.set("where", exp.Where(this=kept))
    tree = tree.select("record", "problem")
    # Names are quoted: a field may be called "end" or "user".
    return str(tree.sql(dialect="duckdb", identify=True)), columns
