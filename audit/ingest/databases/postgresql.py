"""PostgreSQL: the only file that knows its driver. Rows come in Arrow's layout, as the server copies them out."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote

import adbc_driver_postgresql.dbapi
import polars as pl

from audit.ingest.databases.session import CONNECT_SECONDS, PROGRAM, Kind, Session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audit.settings import Database

_KINDS: dict[str, Kind] = {
    "smallint": "whole", "integer": "whole", "bigint": "whole", "timestamp without time zone": "time without zone",
    "timestamp with time zone": "time", "date": "time", "ARRAY": "array",
}  # fmt: skip


class PostgreSQL(Session):
    """A session with a PostgreSQL server."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        parts = database.parts
        asked = {
            "connect_timeout": str(CONNECT_SECONDS), "application_name": PROGRAM, "keepalives_idle": "30",
            "keepalives_interval": "10", "keepalives_count": "3", **dict(parse_qsl(parts.query)),
        }  # fmt: skip
        login = quote(unquote(parts.username or ""), safe="") + (
            f":{quote(database.password, safe='')}" if database.password else ""
        )
        server = parts.netloc.rpartition("@")[2]
        query = "&".join(f"{key}={quote(value, safe='')}" for key, value in asked.items())
        self._connection = adbc_driver_postgresql.dbapi.connect(
            f"postgresql://{login}@{server}{parts.path}?{query}", autocommit=True
        )
        for setting in ("default_transaction_read_only = on", "TimeZone = 'UTC'", "DateStyle = 'ISO'"):
            with self._connection.cursor() as cursor:
                cursor.execute(f"SET {setting}")

    def close(self) -> None:
        """Let the server go."""
        self._connection.close()

    def columns(self, table: str) -> dict[str, Kind]:
        """A table's columns."""
        *schema, name = (part.replace("'", "''") for part in table.split(".", 1))
        where = f"= '{schema[0]}'" if schema else "= ANY (current_schemas(false))"
        found = self._frame(
            "SELECT column_name::text, data_type::text FROM information_schema.columns "
            f"WHERE table_schema {where} AND table_name = '{name}' ORDER BY ordinal_position"
        ).rows()
        return {column: _KINDS.get(kind, "other") for column, kind in found}

    def value(self, sql: str) -> str | None:
        """The one value of a query, as text."""
        value: str | None = self._frame(f"SELECT ({sql})::text").item()
        return value

    def rows(self, table: str, columns: Mapping[str, Kind], condition: str) -> pl.DataFrame:
        """The rows that meet a condition."""
        texts = ", ".join(f"{self._text(column, kind)} AS {self.name(column)}" for column, kind in columns.items())
        return self._frame(f"SELECT {texts} FROM {self.table(table)} WHERE {condition}")

    def _text(self, column: str, kind: Kind) -> str:
        named = self.name(column)
        if kind == "array":
            return f"to_json({named})::text"
        return f"({named} AT TIME ZONE '{self.zone}')::text" if kind == "time without zone" else f"{named}::text"

    def _frame(self, sql: str) -> pl.DataFrame:
        with self._connection.cursor() as cursor:
            cursor.execute(sql)
            return pl.DataFrame(cursor.fetch_arrow())
