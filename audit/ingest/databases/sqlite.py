"""SQLite: the only file that knows its driver."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING
from urllib.parse import quote

from audit.ingest.databases.session import CONNECT_SECONDS, DatabaseError, Joined, Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.settings import Database


class SQLite(Joined):
    """A SQLite file, also one that a program is writing to. Its times are texts."""

    has_times = False

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        if not database.path.is_file():
            raise DatabaseError(f"{database.path}: no such file; a path from the root has four slashes: sqlite:////...")
        place = f"file:{quote(str(database.path))}?mode=ro"
        self._connection = sqlite3.connect(place, uri=True, timeout=CONNECT_SECONDS, check_same_thread=False)
        self._connection.text_factory = bytes
        self._connection.execute("PRAGMA query_only = ON")

    def close(self) -> None:
        """Let the server go."""
        self._connection.close()

    def columns(self, table: str) -> dict[str, Kind]:
        """A table's columns."""
        found = self._connection.execute("SELECT name, lower(type) FROM pragma_table_info(?)", [table])
        return {column.decode(): _kind_in_sqlite(kind.decode()) for column, kind in found}

    def table(self, text: str) -> str:
        """A table's name, which has no schema here."""
        return self.name(text)

    def value(self, sql: str) -> str | None:
        """The one value of a query, as text."""
        ((value,),) = self._fetch(f"SELECT CAST(({sql}) AS TEXT)")
        return None if value is None else value.decode()

    def _text(self, column: str, kind: Kind) -> str:  # noqa: ARG002  # times have their zone, or a log's
        return f"CAST({self.name(column)} AS TEXT)"

    def _joined(self, texts: Sequence[str]) -> str:
        return f" || {self.separator} || ".join(texts)

    def _fetch(self, sql: str) -> Sequence[tuple[bytes, ...]]:
        return self._connection.execute(sql).fetchall()


def _kind_in_sqlite(declared: str) -> Kind:
    """By SQLite's own rule: a column is whole whose declared type has INT in it."""
    if "int" in declared:
        return "whole"
    return "time" if "date" in declared or "time" in declared else "other"
