"""A place to ingest in: logs and a store in a folder, and what the store holds afterwards."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit import formatbook, places
from audit.engine.store import open_store
from audit.ingest import load
from audit.records import CALL_COLUMNS
from audit.settings import Limits, Logs, Settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from audit.formatbook import Format
    from audit.ingest.receipt import Receipt

START = "2026-10-05T10:00:00Z"
ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"
ABSENT = f"no samples at {DATA}: they are not part of the project"
COLUMNS = ", ".join(column.name for column in CALL_COLUMNS)


@cache
def formats() -> dict[str, Format]:
    return formatbook.load([places.formats()])


def call(call_id: str, **fields: Any) -> dict[str, Any]:
    """A native call as a user's own log states it."""
    plain = {"call_id": call_id, "started_at": START, "model": "gpt-4o", "input_tokens": 10, "output_tokens": 5}
    return plain | fields


def line(call_id: str, **fields: Any) -> bytes:
    return json.dumps(call(call_id, **fields)).encode() + b"\n"


def lines(*call_ids: str) -> bytes:
    return b"".join(line(call_id) for call_id in call_ids)


@dataclass(frozen=True)
class Shop:
    """A folder with logs and a store."""

    folder: Path
    zone: str = "UTC"
    keep_prompts: bool = False
    store: str = "audit.duckdb"
    memory: str = "4GB"

    def log(self, name: str, content: bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def ingest(self, *paths: Path) -> list[Receipt]:
        with open_store(self.folder / self.store, self._settings) as engine:
            return load.ingest(engine, paths, formats(), keep_prompts=self.keep_prompts)

    def read(self, content: bytes, name: str = "a.jsonl") -> Receipt:
        (receipt,) = self.ingest(self.log(name, content))
        return receipt

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with open_store(self.folder / self.store, self._settings) as engine:
            return engine.rows(sql)

    @property
    def calls(self) -> list[str]:
        return [call_id for (call_id,) in self.rows("SELECT call_id FROM store.calls ORDER BY call_id")]

    @property
    def whole_calls(self) -> list[tuple[Any, ...]]:
        return self.rows(f"SELECT {COLUMNS} FROM store.calls ORDER BY source, call_id")

    @property
    def rejects(self) -> list[tuple[int | None, str, str | None]]:
        return [
            (number, reason, text)
            for number, reason, text in self.rows("SELECT line, reason, text FROM store.rejects ORDER BY line, text")
        ]

    @property
    def rejected_lines(self) -> list[int | None]:
        return [number for number, _, _ in self.rejects]

    def value(self, column: str, call_id: str) -> Any:
        found = self.rows(f"SELECT {column} FROM store.calls WHERE call_id = '{call_id}'")
        assert len(found) == 1, (call_id, self.calls, self.rejects)
        return found[0][0]

    @property
    def everything(self) -> str:
        """All that the store holds, as one text: what must not be in it can be looked for."""
        tables = ("calls", "rejects", "files")
        return "\n".join(str(row) for table in tables for row in self.rows(f"SELECT * FROM store.{table}"))

    @property
    def _settings(self) -> Settings:
        return Settings(
            limits=Limits(memory=self.memory), logs=Logs(timezone=self.zone, keep_prompts=self.keep_prompts)
        )


def joined(parts: Iterable[bytes], between: bytes = b"\n") -> bytes:
    return between.join(parts)
