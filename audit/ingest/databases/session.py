"""A database's rows as texts: what every driver is asked for.

Every column comes as the database writes it: what a value is, the format's typing says, as it does for a file. NULL may
come as an empty text, which is no value either.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Literal

import polars as pl

from audit.records import AuditError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from audit.settings import Database

CONNECT_SECONDS = 10
PROGRAM = "compute-spend-audit"
PORTS = {"postgresql": 5432, "mysql": 3306}
# Parts the columns of a row where a driver hands over values one by one: one text a row costs half of fifteen.
_SEPARATOR = "\x1f"
# A time without a zone is one that the settings must tell the zone of.
Kind = Literal["whole", "time", "time without zone", "array", "other"]

NUMBERS_AND_TIMES: tuple[Kind, ...] = ("whole", "time", "time without zone")


class DatabaseError(AuditError):
    """A database could not be read; a sentence without its password."""


class Session(ABC):
    """A read-only session. Columns and tables go by the names they have; a table may be ``schema.table``."""

    quotation = '"'
    has_times = True

    def __init__(self, database: Database) -> None:
        self.zone = database.timezone

    @abstractmethod
    def close(self) -> None:
        """Let the server go."""

    @abstractmethod
    def columns(self, table: str) -> dict[str, Kind]:
        """A table's columns; none where there is no such table, or none that this user may read."""

    @abstractmethod
    def value(self, sql: str) -> str | None:
        """The one value of a query, as text."""

    @abstractmethod
    def rows(self, table: str, columns: Mapping[str, Kind], condition: str) -> pl.DataFrame:
        """The rows that meet a condition, each column as text."""

    def name(self, text: str) -> str:
        """A name as this database's SQL takes it."""
        return self.quotation + text.replace(self.quotation, self.quotation * 2) + self.quotation

    def table(self, text: str) -> str:
        """A table's name, with or without its schema, as SQL takes it."""
        return ".".join(self.name(part) for part in text.split(".", 1))


class Joined(Session):
    """What the two others share: their drivers hand over Python's values, so a row comes as one text."""

    separator = "char(31)"

    def rows(self, table: str, columns: Mapping[str, Kind], condition: str) -> pl.DataFrame:
        """The rows that meet a condition."""
        texts = [
            value if kind in NUMBERS_AND_TIMES else f"replace({value}, {self.separator}, ' ')"
            for column, kind in columns.items()
            for value in [f"coalesce({self._text(column, kind)}, '')"]
        ]
        found = self._fetch(f"SELECT {self._joined(texts)} FROM {self.table(table)} WHERE {condition}")
        try:
            lines = pl.Series([row[0] for row in found], dtype=pl.Binary).cast(pl.String)
        except pl.exceptions.PolarsError:
            lines = pl.Series([row[0].decode("utf-8", "replace") for row in found], dtype=pl.String)
        cells = lines.str.split_exact(_SEPARATOR, len(columns) - 1)
        return cells.struct.rename_fields(list(columns)).struct.unnest()

    @abstractmethod
    def _text(self, column: str, kind: Kind) -> str:
        """The SQL of a column as text."""

    @abstractmethod
    def _joined(self, texts: Sequence[str]) -> str:
        """The SQL of several texts as one, the separator between them."""

    @abstractmethod
    def _fetch(self, sql: str) -> Sequence[tuple[bytes, ...]]:
        """A query's rows; its columns are texts."""
