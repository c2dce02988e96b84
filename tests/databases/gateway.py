"""A gateway's database as new-api keeps it, on each of the three, and a store that reads it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from audit import formatbook, places
from audit.engine.store import open_store
from audit.ingest.load import ingest
from audit.ingest.tables import read_tables
from audit.records import CALL_COLUMNS
from audit.settings import Database, Settings

if TYPE_CHECKING:
    from pathlib import Path

    from audit.formatbook import Format
    from audit.ingest.receipt import Receipt
    from tests.databases.servers import Server

PASSWORD_ENV = "AUDIT_TEST_PASSWORD"  # noqa: S105  # the name of the variable
STARTED = 1_790_812_800  # the first instant of October 2026
COLUMNS = ", ".join(column.name for column in CALL_COLUMNS)
# As GORM lays them out: its names for the types differ, its texts have no length on two of the three.
_SHAPES = {
    "postgresql": ("bigserial PRIMARY KEY", "bigint", "text", "varchar(191)", "boolean"),
    "mysql": ("bigint AUTO_INCREMENT PRIMARY KEY", "bigint", "longtext", "varchar(191)", "boolean"),
    "sqlite": ("integer PRIMARY KEY AUTOINCREMENT", "integer", "text", "text", "numeric"),
}
LOGS = (
    ("id", 0), ("user_id", 1), ("created_at", 1), ("type", 1), ("content", 2), ("username", 3), ("token_name", 3),
    ("model_name", 3), ("quota", 1), ("prompt_tokens", 1), ("completion_tokens", 1), ("use_time", 1), ("is_stream", 4),
    ("channel_id", 1), ("token_id", 1), ("group", 3), ("ip", 3), ("request_id", 3), ("other", 2),
)  # fmt: skip


@cache
def formats() -> dict[str, Format]:
    """The formats that a database may hold."""
    found = (formatbook.read(path) for path in sorted(places.formats().glob("*.sql")))
    return {form.name: form for form in found if "table" in form.holds}


def row(number: int, **fields: Any) -> dict[str, Any]:
    """A consumption as new-api writes it, a second after the one before."""
    plain = {
        "id": number, "user_id": 7, "created_at": STARTED + number, "type": 2, "content": "模型倍率 1.25",
        "username": "u-007", "token_name": "svc-search", "model_name": "gpt-4.1-mini", "quota": 100 + number,
        "prompt_tokens": 700, "completion_tokens": 20, "use_time": 3, "is_stream": 1, "channel_id": 4, "token_id": 9,
        "group": "default", "ip": "", "request_id": f"req-{number:09d}",
        "other": '{"cache_tokens":100,"frt":210,"request_path":"/v1/chat/completions"}',
    }  # fmt: skip
    return plain | fields


@dataclass(frozen=True)
class Gateway:
    """A database, and those who write to it. ``server`` is None for a file of SQLite's."""

    kind: str
    file: Path
    server: Server | None = None

    def settings(self, **keys: Any) -> Database:
        """The database as the settings name it."""
        if self.server is None:
            return Database(name="gateway", url=f"sqlite:///{self.file}", **keys)
        return Database(**{"name": "gateway", "url": self.server.url, "password_env": PASSWORD_ENV, **keys})

    def run(self, sql: str) -> None:
        """Run a script as the gateway would."""
        if self.server is not None:
            self.server.run(sql)
            return
        with closing(sqlite3.connect(self.file)) as connection:
            connection.executescript(sql)

    def name(self, text: str) -> str:
        """A name as this database takes it."""
        return f"`{text}`" if self.kind == "mysql" else f'"{text}"'

    def create(self, table: str = "logs") -> None:
        """Make the table anew."""
        shape = ", ".join(f"{self.name(column)} {_SHAPES[self.kind][kind]}" for column, kind in LOGS)
        if self.kind == "postgresql":
            self.run('DROP TABLE IF EXISTS "LiteLLM_SpendLogs"')
        self.run(f"DROP TABLE IF EXISTS {self.name(table)}; CREATE TABLE {self.name(table)} ({shape});")

    def insert(self, *rows: dict[str, Any], table: str = "logs") -> None:
        """Add rows."""
        names = ", ".join(self.name(column) for column, _ in LOGS)
        values = ",\n".join(f"({', '.join(self._value(column, one[column]) for column, _ in LOGS)})" for one in rows)
        self.run(f"INSERT INTO {self.name(table)} ({names}) VALUES {values};")

    def _value(self, column: str, value: Any) -> str:
        if value is None:
            return "NULL"
        if column == "is_stream":
            return "true" if value else "false"
        if isinstance(value, int):
            return str(value)
        text = str(value).replace("'", "''")
        return "'" + (text.replace("\\", "\\\\") if self.kind == "mysql" else text) + "'"


@dataclass
class Store:
    """A store in a folder, and what becomes of it when databases are read."""

    folder: Path
    receipts: list[Receipt] = field(default_factory=list)

    @property
    def path(self) -> Path:
        return self.folder / "audit.duckdb"

    def read(self, *databases: Database) -> Receipt:
        """Read databases; returns the last receipt, all are in ``receipts``."""
        with open_store(self.path, Settings()) as engine:
            self.receipts = read_tables(engine, databases, formats())
        return self.receipts[-1]

    def read_files(self, *paths: Path) -> list[Receipt]:
        """Read files."""
        with open_store(self.path, Settings()) as engine:
            return ingest(engine, paths, formats())

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What the store holds."""
        with open_store(self.path, Settings()) as engine:
            return engine.rows(sql)

    @property
    def ids(self) -> list[str]:
        """The calls, one entry a row of the store."""
        return [str(call_id) for (call_id,) in self.rows("SELECT call_id FROM store.calls ORDER BY call_id")]

    @property
    def rejects(self) -> list[tuple[Any, ...]]:
        return self.rows(
            "SELECT f.path, r.line, r.reason, r.text FROM store.rejects r JOIN store.files f USING (file_id) ORDER BY 4"
        )
