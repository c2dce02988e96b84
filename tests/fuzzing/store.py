"""A store that a trial reads logs into, and all that it tells afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from audit.engine.store import open_store
from audit.ingest.load import ingest
from audit.records import BILL_COLUMNS, CALL_COLUMNS
from audit.settings import Limits, Settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from audit.engine.duckdb import Engine
    from audit.formatbook import Format
    from audit.ingest.receipt import Receipt

_SETTINGS = Settings(limits=Limits(memory="2GB", threads=1))
_TABLES = {"calls": CALL_COLUMNS, "bills": BILL_COLUMNS}
_IDS = {"calls": "call_id", "bills": "bill_id"}
_ROWS = {table: f"ROW({', '.join(column.name for column in columns)})::VARCHAR" for table, columns in _TABLES.items()}


@dataclass
class Store:
    """Opened for as long as a ``with`` lasts."""

    path: Path
    formats: Mapping[str, Format]
    keep_prompts: bool = False
    engine: Engine | None = None

    def __enter__(self) -> Self:
        self.engine = open_store(self.path, _SETTINGS)
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @property
    def _open(self) -> Engine:
        assert self.engine is not None
        return self.engine

    def ingest(self, paths: Sequence[Path]) -> list[Receipt]:
        return ingest(self._open, paths, self.formats, keep_prompts=self.keep_prompts)

    def rows(self, kind: str) -> list[str]:
        """Each call or bill with all its values, as one text."""
        return [row for (row,) in self._open.rows(f"SELECT {_ROWS[kind]} FROM store.{kind}")]

    def rows_by_file(self, kind: str) -> dict[str, list[tuple[str, str]]]:
        """The id and all the values of what each file gave."""
        found: dict[str, list[tuple[str, str]]] = {}
        for path, one, row in self._open.rows(
            f"SELECT f.path, {_IDS[kind]}, {_ROWS[kind]} FROM store.{kind} JOIN store.files f USING (file_id)"
        ):
            found.setdefault(str(path), []).append((str(one), str(row)))
        return found

    def rejects(self) -> list[tuple[int | None, str]]:
        return [
            (line, str(reason))
            for line, reason in self._open.rows("SELECT line, reason FROM store.rejects ORDER BY line, reason")
        ]

    def holding(self, pattern: str) -> list[str]:
        """The rows of any table that hold such a text."""
        found = []
        tables = self._open.rows("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'store'")
        for (table,) in tables:
            rows = self._open.rows(
                f"SELECT t::VARCHAR FROM store.{table} t WHERE regexp_matches(t::VARCHAR, $pattern) LIMIT 3",
                {"pattern": pattern},
            )
            found += [f"{table}: {row}" for (row,) in rows]
        return found
