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

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from audit import logpath, places, sqlfile
from audit.formatsql import COLUMNS, TAKEN, Select, nearest
from audit.records import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from audit.formatsql import Compiled, Kind, Params
    from audit.logpath import Step

TYPES = ("text", "whole", "money", "instant", "flag", "number", "texts", "json")
CONTAINERS = ("json", "csv", "parquet", "table")
_KEYS = {"title", "source", "kind", "holds", "each", "recognise", "record", "params", "table", "note"}


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
    _stated: Select

    @cached_property
    def _compiled(self) -> Compiled:
        return self._stated.carrying()

    @property
    def select(self) -> str:
        """The SELECT over ``records``. Raises UsageError where it is none, as ``columns`` and ``looks_back`` do."""
        return self._compiled.select

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it gives."""
        return self._compiled.columns

    @property
    def looks_back(self) -> bool:
        """Whether a record is read in the light of those before it in its file."""
        return self._compiled.looks_back

    @property
    def composed(self) -> frozenset[str]:
        """The columns that are put together from several texts."""
        return self._compiled.composed

    @property
    def told(self) -> tuple[Field, ...]:
        """The fields whose short values may be shown of a line that could not be read: those that hold no prompt."""
        return tuple(field for field in self.fields if field.name not in self._compiled.prompts)

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
            raise UsageError(f"[formats.{name}]: there is no such format{nearest(name, found)}")
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
            raise UsageError(f"{path}: unknown key '{key}' in the header{nearest(key, _KEYS)}")
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
        _stated=Select(file, cast("Kind", kind), [field.name for field in fields], _params(path, header, params or {})),
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
    if not re.fullmatch(r"[A-Za-z_]\w*", name) or name in TAKEN:
        raise UsageError(f"{path}: [record] {name}: a field's name is a plain word, none of {', '.join(sorted(TAKEN))}")
    return Field(name, place, kind, _steps(path, f"[record] {name}", place))


def _params(path: Path, header: dict[str, Any], own: Params) -> Params:
    stated: Params = dict(header.get("params", {}))
    for name in own:
        if name not in stated:
            raise UsageError(f"[formats.{path.stem}] {name}: the format has no such parameter{nearest(name, stated)}")
    return stated | own
