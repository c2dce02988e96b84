"""Databases' tables into the store: what is new in each, and each call once."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.ingest import fields, prompts
from audit.ingest.databases.chunk import Chunk, Target
from audit.ingest.databases.connect import origin, session
from audit.ingest.databases.parts import Way
from audit.ingest.databases.session import NUMBERS_AND_TIMES
from audit.ingest.masking import named
from audit.ingest.receipt import Receipt
from audit.ingest.registry import Registry
from audit.records import AuditError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from audit.engine.duckdb import Engine
    from audit.formatbook import Field, Format
    from audit.ingest.databases.session import Kind, Session
    from audit.settings import Database

# So many rows are committed together: each commit looks at all the calls there are.
CHUNK_ROWS = 245_760


def read_tables(
    engine: Engine,
    databases: Iterable[Database],
    formats: Mapping[str, Format],
    *,
    keep_prompts: bool = False,
    told: Callable[[Receipt], None] = lambda _: None,
) -> list[Receipt]:
    """Read what is new in databases' tables; one that cannot be read does not keep the others out."""
    fields.install(engine)
    prompts.install(engine)
    registry = Registry(engine)
    registry.forget_half_read()
    known = {form.name: form for form in formats.values() if "table" in form.holds and form.kind == "calls"}
    receipts = []
    for database in databases:
        for receipt in _Source(engine, registry, database, known, keep_prompts).read():
            if receipt.unread:
                registry.unread(receipt.path, receipt.reason)
            told(receipt)
            receipts.append(receipt)
    return receipts


@dataclass(frozen=True, slots=True)
class _Source:
    """A database, and what its tables are read with."""

    engine: Engine
    registry: Registry
    database: Database
    formats: Mapping[str, Format]
    keep_prompts: bool

    def read(self) -> Iterator[Receipt]:
        """What became of each of its tables, or of the database."""
        table: _Table | None = None
        try:
            with session(self.database) as here:
                tables = {name: kinds for name in self._names if (kinds := here.columns(name))}
                if not tables:
                    remedy = "" if self.database.table else "; name another one as its table"
                    yield self._unread(f"it has no table {' or '.join(self._names)} that its user may read{remedy}")
                for name, kinds in tables.items():
                    table = _Table(self, name, kinds)
                    yield table.read(here)
                    table = None
        except AuditError as error:
            yield table.unread(str(error)) if table else self._unread(str(error))

    @property
    def _names(self) -> list[str]:
        known = {table for form in self.formats.values() if form.table for table in form.table.names}
        return [self.database.table] if self.database.table else sorted(known)

    def _unread(self, reason: str) -> Receipt:
        return Receipt(self.database.name, None, 0, 0, reason)


@dataclass
class _Table:
    """A table on its way into the store. ``calls`` and ``rejected`` grow with what is committed."""

    source: _Source
    name: str
    kinds: Mapping[str, Kind]
    calls: int = 0
    rejected: int = 0

    @property
    def place(self) -> str:
        """Where its rows come from, for people and for the store."""
        return f"{self.source.database.name}/{self.name}"

    def unread(self, reason: str) -> Receipt:
        """Why it was not read, or not to its end."""
        return Receipt(self.place, None, self.calls, self.rejected, reason)

    def read(self, here: Session) -> Receipt:
        """Read its new rows. Raises AuditError, and whatever the driver raises."""
        row = dict.fromkeys(self.kinds)
        form = max(self.source.formats.values(), key=lambda form: form.likeness(row), default=None)
        if form is None or not form.knows(row):
            return self.unread(f"no known log format; it has the columns {named(self.kinds)}")
        cursor = self.source.database.cursor or (form.table.cursor if form.table else "")
        if self.kinds.get(cursor) not in NUMBERS_AND_TIMES:
            wrong = "is neither a number nor a time" if cursor in self.kinds else "is none of its columns"
            return self.unread(f"the cursor '{cursor}' {wrong}: name the column that grows with new rows")
        way = self._way(here, form, cursor)
        self._follow(way, form)
        if missing := way.without_cursor():
            return self.unread(f"{missing:,} rows have no {cursor} and were not read: name another cursor")
        self.source.engine.run(
            "DELETE FROM store.files WHERE list_contains($marks, sha256)",
            {"marks": [f"unread {self.place}", f"unread {self.source.database.name}"]},
        )
        return Receipt(self.place, form.name, self.calls, self.rejected, known=not self.calls + self.rejected)

    def _way(self, here: Session, form: Format, cursor: str) -> Way:
        read = {column: one.type for one in reversed(form.fields) if (column := self._column(one)) is not None}
        columns = dict.fromkeys([*reversed(read), cursor])
        times = [column for column in columns if read.get(column) == "instant"]
        by_time = cursor in times or self.kinds[cursor] != "whole"
        when = cursor if by_time else next(iter(times), None)
        return Way(here, self.name, self.kinds, {column: self.kinds[column] for column in columns}, cursor, when)

    def _column(self, one: Field) -> str | None:
        """The column that a field is, or lies in."""
        steps = one.steps[1:] if one.steps[0].kind == "element" else one.steps
        return next((column for column in (one.path, steps[0].text if steps else "") if column in self.kinds), None)

    def _follow(self, way: Way, form: Format) -> None:
        """From what was reached the last time, and some way before it, to the newest row."""
        newest, mark = way.newest(), self._mark(way.cursor)
        if newest is None:
            return
        if mark is not None and way.is_less(newest, mark):
            # The table was begun anew.
            mark = None
        begin = None if mark is None else way.begin(mark, self.source.database.look_back_hours)
        source = self.source
        target = Target(
            source.engine, source.registry, self.place, form, tuple(way.columns), mark is not None, source.keep_prompts
        )
        chunk = Chunk(target)
        try:
            with closing(way.parts(begin, newest)) as parts:
                for part in parts:
                    chunk.add(part.frame)
                    reached = way.not_ahead(part.mark)
                    mark = reached if mark is None or way.is_less(mark, reached) else mark
                    if chunk.rows >= CHUNK_ROWS:
                        self._commit(chunk, way.cursor, mark)
                        chunk = Chunk(target)
        except AuditError:
            chunk.drop()
            raise
        except Exception:
            # The driver's: what came before the fault is whole.
            self._commit(chunk, way.cursor, mark)
            raise
        except BaseException:
            chunk.drop()
            raise
        self._commit(chunk, way.cursor, mark)

    def _commit(self, chunk: Chunk, cursor: str, mark: str | None) -> None:
        calls, rejected = chunk.commit(lambda: self._note(cursor, mark))
        self.calls += calls
        self.rejected += rejected

    def _mark(self, cursor: str) -> str | None:
        found = self.source.engine.rows(
            "SELECT mark FROM store.sources WHERE name = $name AND table_name = $table AND origin = $origin "
            "AND cursor = $cursor",
            {**self._key, "origin": origin(self.source.database), "cursor": cursor},
        )
        return str(found[0][0]) if found else None

    def _note(self, cursor: str, mark: str | None) -> None:
        """Write down how far the table was read."""
        engine = self.source.engine
        if mark is not None:
            engine.run("DELETE FROM store.sources WHERE name = $name AND table_name = $table", self._key)
            engine.run(
                "INSERT INTO store.sources SELECT $name, $table, $origin, $cursor, $mark, now() AT TIME ZONE 'UTC'",
                {**self._key, "origin": origin(self.source.database), "cursor": cursor, "mark": mark},
            )

    @property
    def _key(self) -> dict[str, str]:
        return {"name": self.source.database.name, "table": self.name}
