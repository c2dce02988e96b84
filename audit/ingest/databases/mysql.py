"""MySQL and MariaDB: the only file that knows their driver."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

import pymysql

from audit.ingest.databases.session import CONNECT_SECONDS, PORTS, PROGRAM, DatabaseError, Joined, Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.settings import Database

# A query may take long where its cursor has no index; a server that says nothing at all for so long is gone.
SILENCE_SECONDS = 900
_KINDS: dict[str, Kind] = {
    "tinyint": "whole", "smallint": "whole", "mediumint": "whole", "int": "whole", "bigint": "whole",
    "datetime": "time without zone", "timestamp": "time",
}  # fmt: skip


class MySQL(Joined):
    """A session with a MySQL or MariaDB server."""

    quotation = "`"
    separator = "char(31 USING utf8mb4)"

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        parts = database.parts
        asked = dict(parse_qsl(parts.query))
        self._connection = pymysql.connect(
            host=parts.hostname,
            port=parts.port or PORTS["mysql"],
            unix_socket=asked.pop("socket", None),
            user=unquote(parts.username or ""),
            password=database.password,
            database=unquote(parts.path[1:]),
            charset="utf8mb4",
            use_unicode=False,
            autocommit=True,
            connect_timeout=CONNECT_SECONDS,
            read_timeout=SILENCE_SECONDS,
            program_name=PROGRAM,
            **_tls_of_mysql(asked),
        )
        for setting in ("SESSION TRANSACTION READ ONLY", "time_zone = '+00:00'"):
            self._fetch(f"SET {setting}")

    def close(self) -> None:
        """Let the server go."""
        self._connection.close()

    def columns(self, table: str) -> dict[str, Kind]:
        """A table's columns."""
        *schema, name = table.split(".", 1)
        found = self._fetch(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = "
            "coalesce(%s, database()) AND table_name = %s ORDER BY ordinal_position",
            [schema[0] if schema else None, name],
        )
        return {column.decode(): _KINDS.get(kind.decode(), "other") for column, kind in found}

    def value(self, sql: str) -> str | None:
        """The one value of a query, as text."""
        ((value,),) = self._fetch(f"SELECT convert(({sql}) USING utf8mb4)")
        return None if value is None else value.decode()

    def _text(self, column: str, kind: Kind) -> str:
        text = f"convert({self.name(column)} USING utf8mb4)"
        if kind == "time without zone" and self.zone != "UTC":
            # Few of these servers know the zones by their names; the engine does.
            return f"concat({text}, ' {self.zone}')"
        return f"concat({text}, '+00')" if kind in ("time", "time without zone") else text

    def _joined(self, texts: Sequence[str]) -> str:
        return f"concat_ws({self.separator}, {', '.join(texts)})"

    def _fetch(self, sql: str, values: Sequence[object] | None = None) -> Sequence[tuple[bytes, ...]]:
        with self._connection.cursor() as cursor:
            cursor.execute(sql, values)
            found: Sequence[tuple[bytes, ...]] = cursor.fetchall()
        return found


def _tls_of_mysql(asked: dict[str, str]) -> dict[str, Any]:
    """What is asked for in the words of MySQL's own clients, for the driver, which by itself takes TLS where offered.

    The driver's own options would leave a server's name unchecked where no authority is named.
    """
    authority, certificate, key = (asked.pop(name, None) for name in ("ssl-ca", "ssl-cert", "ssl-key"))
    mode = asked.pop("ssl-mode", "verify_ca" if authority else "preferred").lower().replace("-", "_")
    if mode not in ("disabled", "preferred", "required", "verify_ca", "verify_identity"):
        asked["ssl-mode"] = mode
    if asked:
        raise DatabaseError(
            f"its url asks for '{min(asked)}'; what can be asked for is socket, ssl-ca, ssl-cert, ssl-key, and "
            "ssl-mode: disabled, preferred, required, verify_ca or verify_identity"
        )
    if mode in ("disabled", "preferred"):
        return {"ssl_disabled": mode == "disabled"}
    context = ssl.create_default_context(cafile=authority)
    # The certificates that the server makes for itself lack what the strict reading asks for.
    context.verify_flags &= ~ssl.VerifyFlags.VERIFY_X509_STRICT
    context.check_hostname = mode == "verify_identity"
    context.verify_mode = ssl.CERT_NONE if mode == "required" else ssl.CERT_REQUIRED
    if certificate:
        context.load_cert_chain(certificate, key)
    return {"ssl": context}
