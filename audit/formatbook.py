"""Log formats: ``<name>.sql`` -> :class:`Format`, checked.

A format's header says how a record is recognised and where its fields lie; its SELECT turns the typed
``records`` into call columns, or, for what a provider bills, into bill columns. Shape of the header::

    title  = "..."                       # the format's name for people
    source = "..."                       # the calls' source where the log names none
    kind   = "calls"                     # or "bills": usage and invoices, which are never calls
    holds  = ["json"]                    # json, csv, parquet, table
    each   = ["data[]"]                  # lists that a record is unfolded through; the first that it has
    [recognise]
    any    = [["id", "usage.total"]]     # a record is one of ours if it has all paths of one list
    [params]
    usd_per_unit = "0.000002"            # $usd_per_unit in the SELECT; the settings may say otherwise
    [table]
    names  = ["logs"]                    # the database's tables that are in this format
    cursor = "id"                        # the column by which new rows are found
    [record]
    tokens = "usage.total: whole"        # name = "path: type"; text where no type is given
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, cast

import sqlglot
from sqlglot import exp

from audit import logpath, places, sqlfile
from audit.records import BILL_COLUMNS, CALL_COLUMNS, Column, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from audit.logpath import Step
    from audit.sqlfile import SqlFile

TYPES = ("text", "whole", "money", "instant", "flag", "number", "texts", "json")
CONTAINERS = ("json", "csv", "parquet", "table")
Kind = Literal["calls", "bills"]
Params = dict[str, bool | int | float | str]
_KEYS = {"title", "source", "kind", "holds", "each", "recognise", "record", "params", "table", "note"}
_TAKEN = {"problem", "record", "file"}
COLUMNS: dict[Kind, tuple[Column, ...]] = {"calls": CALL_COLUMNS, "bills": BILL_COLUMNS}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record: its name in the SELECT, its path in the log, its type."""

    name: str
    path: str
    type: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """The database tables that hold a format, and the column that grows with their rows."""

    names: tuple[str, ...]
    cursor: str


@dataclass(frozen=True)
class Format:
    """A log format as its file states it.

    ``each`` holds the steps to each list that a record may be unfolded through.
    """

    name: str
    path: Path
    title: str
    source: str
    kind: Kind
    holds: tuple[str, ...]
    each: tuple[tuple[Step, ...], ...]
    signatures: tuple[tuple[tuple[Step, ...], ...], ...]
    fields: tuple[Field, ...]
    table: Table | None
    note: str
    _stated: _Select

    @cached_property
    def _compiled(self) -> tuple[str, tuple[str, ...], bool]:
        return self._stated.carrying()

    @property
    def select(self) -> str:
        """The SELECT over ``records``. Raises UsageError where it is none, as ``columns`` and ``looks_back`` do."""
        return self._compiled[0]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it gives."""
        return self._compiled[1]

    @property
    def looks_back(self) -> bool:
        """Whether a record is read in the light of those before it in its file."""
        return self._compiled[2]

    def knows(self, record: dict[str, Any]) -> bool:
        """Whether one parsed record carries all paths of one of the signatures."""
        return self.likeness(record) > 0

    def likeness(self, record: dict[str, Any]) -> int:
        """How many paths make the record one of ours; 0 where it is none."""
        return max(
            (len(paths) for paths in self.signatures if all(self._carries(record, steps) for steps in paths)),
            default=0,
        )

    def _carries(self, record: dict[str, Any], steps: tuple[Step, ...]) -> bool:
        if steps[0].kind != "element":
            return logpath.has(record, steps)
        return any(logpath.has(record, (*prefix, *steps[1:])) for prefix in (*self.each, ()))


def load(folders: Iterable[Path], params: Mapping[str, Params] | None = None) -> dict[str, Format]:
    """All formats of some folders by name; a later folder's replace an earlier's of the same name.

    ``params`` are the settings' own values by format. Raises UsageError.
    """
    own = dict(params or {})
    found = {}
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"{folder}: no such folder of formats")
        for path in sorted(folder.glob("*.sql")):
            found[path.stem] = _read(path, own.get(path.stem))
            if folder != places.formats():  # those that ship are known to be right, and most are not needed
                _ = found[path.stem].select
    for name in own:
        if name not in found:
            raise UsageError(f"[formats.{name}]: there is no such format{_nearest(name, found)}")
    return found


def read(path: Path, params: Params | None = None) -> Format:
    """One format, checked. Raises UsageError with file, line and reason."""
    form = _read(path, params)
    _ = form.select
    return form


def _read(path: Path, params: Params | None) -> Format:
    file = sqlfile.read(path)
    header = file.header
    for key in header:
        if key not in _KEYS:
            raise UsageError(f"{path}: unknown key '{key}' in the header{_nearest(key, _KEYS)}")
    if "title" not in header or not header.get("recognise", {}).get("any") or not header.get("record"):
        raise UsageError(f"{path}: the header needs title, [recognise] any, and [record]")
    kind = header.get("kind", "calls")
    if kind not in COLUMNS:
        raise UsageError(f"{path}: 'kind' is calls or bills, not '{kind}'")
    holds = tuple(header.get("holds", ["json"]))
    if set(holds) - set(CONTAINERS):
        raise UsageError(f"{path}: 'holds' may list {', '.join(CONTAINERS)}")
    each = header.get("each", [])
    fields = tuple(_field(path, name, str(text)) for name, text in header["record"].items())
    table = header.get("table")
    return Format(
        name=file.name,
        path=path,
        title=str(header["title"]),
        source=str(header.get("source", file.name)),
        kind=cast("Kind", kind),
        holds=holds,
        each=tuple(_steps(path, "each", text) for text in ([each] if isinstance(each, str) else each)),
        signatures=tuple(
            tuple(_steps(path, "[recognise]", text) for text in paths) for paths in header["recognise"]["any"]
        ),
        fields=fields,
        table=Table(tuple(table.get("names", ())), str(table.get("cursor", ""))) if table else None,
        note=" ".join(str(header.get("note", "")).split()),
        _stated=_Select(file, cast("Kind", kind), fields, _params(path, header, params or {})),
    )


def _steps(path: Path, place: str, text: str) -> tuple[Step, ...]:
    try:
        return logpath.parse(str(text))
    except ValueError as error:
        raise UsageError(f"{path}: {place}: {error}") from None


def _field(path: Path, name: str, text: str) -> Field:
    place, colon, kind = (part.strip() for part in text.rpartition(":"))
    if not colon:
        place, kind = kind, "text"
    if kind not in TYPES:
        raise UsageError(f"{path}: [record] {name}: '{kind}' is no type; known: {', '.join(TYPES)}")
    if not re.fullmatch(r"[A-Za-z_]\w*", name) or name in _TAKEN:
        raise UsageError(
            f"{path}: [record] {name}: a field's name is a plain word, none of {', '.join(sorted(_TAKEN))}"
        )
    return Field(name, place, kind, _steps(path, f"[record] {name}", place))


def _params(path: Path, header: dict[str, Any], own: Params) -> Params:
    stated: Params = dict(header.get("params", {}))
    for name in own:
        if name not in stated:
            raise UsageError(f"[formats.{path.stem}] {name}: the format has no such parameter{_nearest(name, stated)}")
    return stated | own


def _nearest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean '{near[0]}'?" if near else ""


@dataclass(frozen=True, slots=True)
class _Select:
    """A format's SELECT on its way to the one that is run."""

    file: SqlFile
    kind: Kind
    fields: tuple[Field, ...]
    params: Params

    def carrying(self) -> tuple[str, tuple[str, ...], bool]:
        """The SELECT with each record's number, file and problem carried along past its own filter; its columns.

        A record that could not be read must reach the rejects whatever the format filters on. Windows look at
        one file, however many are read at once.
        """
        tree = self._parsed()
        columns = tuple(tree.named_selects)
        known = [column.name for column in COLUMNS[self.kind]]
        for name in columns:
            if name not in known:
                raise self._wrong(f"'{name}' is no column of the {self.kind}{_nearest(name, known)}", name)
        self._check_names(tree)
        windows = list(tree.find_all(exp.Window))
        for window in windows:
            if window.args.get("alias"):  # it is defined elsewhere, under its name
                continue
            window.set("partition_by", [exp.column("file"), *(window.args.get("partition_by") or [])])
        where = tree.args.get("where")
        if where is not None:
            kept = exp.or_(exp.column("problem").is_(exp.null()).not_(), exp.paren(where.this))
            tree.set("where", exp.Where(this=kept))
        tree = tree.select("record", "file", "problem")
        # Names are quoted: a field may be called "end" or "user".
        return str(tree.sql(dialect="duckdb", identify=True)), columns, bool(windows)

    def _parsed(self) -> exp.Select:
        try:
            tree = sqlglot.parse_one(self.file.sql, dialect="duckdb")
        except sqlglot.errors.ParseError as error:
            told = error.errors[0] if error.errors else {}
            line = self.file.sql_line + int(told.get("line") or 1) - 1
            said = told.get("description") or str(error).splitlines()[0]
            raise UsageError(f"{self.file.path}, line {line}: {said}") from None
        if not isinstance(tree, exp.Select) or tree.args.get("group") or tree.args.get("with_"):
            raise self._wrong("a format is one SELECT ... FROM records, without WITH and GROUP BY")
        filled = cast("exp.Select", tree.transform(self._filled))
        # No absurd value may cost a file: what cannot be cast is nothing.
        for node in list(filled.find_all(exp.Cast)):
            if type(node) is exp.Cast:
                node.replace(exp.TryCast(**node.args))
        return filled

    def _filled(self, node: exp.Expr) -> exp.Expr:
        """A parameter as the value it has."""
        if not isinstance(node, exp.Parameter | exp.Placeholder):
            return node
        name = node.name or str(node.this or "")
        if name not in self.params:
            raise self._wrong(
                f"${name} is no parameter{_nearest(name, self.params)}; parameters stand in [params]", f"${name}"
            )
        return exp.convert(self.params[name])

    def _check_names(self, tree: exp.Select) -> None:
        known = {field.name for field in self.fields} | _TAKEN
        inner = {name.name for part in tree.find_all(exp.Lambda) for name in part.expressions}
        for column in tree.find_all(exp.Column):
            if column.name not in known | inner:
                raise self._wrong(f"no field '{column.name}' in [record]{_nearest(column.name, known)}", column.name)

    def _wrong(self, said: str, word: str = "") -> UsageError:
        """The error with the line the word first stands on."""
        at = re.search(rf"{re.escape(word)}\b", self.file.sql) if word else None
        line = self.file.sql_line + self.file.sql[: at.start()].count("\n") if at else self.file.sql_line
        return UsageError(f"{self.file.path}, line {line}: {said}")
