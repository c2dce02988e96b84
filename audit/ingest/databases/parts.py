"""The way through a table: from where on it is read again, and in which parts.

A part is what lies between two values of the cursor, so that each is a query of its own: no order is asked of the
database beyond an index over that column, and a part that was read stays read, whatever becomes of the next.
"""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from audit.ingest.databases.session import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

    import polars as pl

    from audit.ingest.databases.session import Kind, Session

# Two parts are in memory at a time: the one that is stored, and the next on its way. A part is at most what the engine
# keeps together: of a larger one it writes the rest a second time.
PART_BYTES = 192 << 20
PART_ROWS = 122_880
# Rows that are looked at first, for how wide they are.
TRIED_ROWS = 500
# Where no column tells when a row came, so many numbers before the newest are looked through for late ones.
LOOK_BACK_NUMBERS = 10_000
_VALUE = re.compile(r"[\w\-:.+ ]+")
_MILLISECONDS_FROM, _MICROSECONDS_FROM = 10**11, 10**14


@dataclass(frozen=True, slots=True)
class Part:
    """Some rows of a table; every row below ``mark`` has been read with them."""

    frame: pl.DataFrame
    mark: str


@dataclass(frozen=True, slots=True)
class Way:
    """How a table is read: of its columns these, and by a cursor that grows with new rows.

    ``when`` is a column that tells when a row came, where there is one; it may be the cursor.
    """

    session: Session
    table: str
    kinds: Mapping[str, Kind]
    columns: Mapping[str, Kind]
    cursor: str
    when: str | None

    def newest(self) -> str | None:
        """The cursor's greatest value; None where the table is empty."""
        return self._value(f"max({self._by})")

    def without_cursor(self) -> int:
        """How many rows no cursor finds, for they have none."""
        return int(self._value("count(*)", f"{self._by} IS NULL") or 0)

    def begin(self, mark: str, look_back_hours: float) -> str:
        """From where on to read after what was read up to a mark."""
        if self.when == self.cursor:
            return self._before(self.cursor, mark, look_back_hours)
        came = None
        if self.when is not None:
            newest = f"SELECT {self._name(self.when)} FROM {self._table} WHERE {self._by} <= {self._sql(mark)}"
            came = self.session.value(f"{newest} ORDER BY {self._by} DESC LIMIT 1")
        if self.when is None or came is None:
            return str(int(mark) - LOOK_BACK_NUMBERS)
        earlier = self._before(self.when, came, look_back_hours)
        since = self._value(f"min({self._by})", f"{self._name(self.when)} >= {self._sql(earlier, self.when)}")
        return since if since is not None and self.is_less(since, mark) else mark

    def is_less(self, one: str, other: str) -> bool:
        """Whether one value of the cursor comes before another."""
        return int(one) < int(other) if self.kinds[self.cursor] == "whole" else one < other

    def not_ahead(self, mark: str) -> str:
        """A mark that no wrong clock has set: rows of the time between would not be read."""
        if self.when != self.cursor:
            return mark
        now = datetime.now(UTC)
        unit = self._unit(int(mark)) if self.kinds[self.cursor] == "whole" else 0
        latest = str(int(now.timestamp() * unit)) if unit else now.replace(tzinfo=None).isoformat(" ")
        return latest if self.is_less(latest, mark) else mark

    def parts(self, begin: str | None, newest: str) -> Generator[Part]:
        """The rows from ``begin`` up to ``newest``; the next part is fetched while one is looked at."""
        parts = self._parts(begin, newest)
        with ThreadPoolExecutor(1) as beside:
            waiting = beside.submit(next, parts, None)
            while (part := waiting.result()) is not None:
                waiting = beside.submit(next, parts, None)
                yield part

    def _parts(self, begin: str | None, newest: str) -> Iterator[Part]:
        low, rows = begin, self._fitting(self._frame(begin, self._after(begin, newest, TRIED_ROWS), newest))
        while True:
            high = self._after(low, newest, rows)
            frame = self._frame(low, high, newest)
            yield Part(frame, high or newest)
            if high is None:
                return
            low, rows = high, self._fitting(frame)

    def _after(self, low: str | None, newest: str, rows: int) -> str | None:
        """The cursor's value so many rows on; None where no more than those are left."""
        since = self._span(low, None, newest)
        high = self.session.value(
            f"SELECT {self._by} FROM {self._table} WHERE {since} ORDER BY {self._by} LIMIT 1 OFFSET {rows}"
        )
        if high is None or high != low:
            return high
        # More rows than that stand at one value: they are read together.
        return self._value(f"min({self._by})", f"{self._by} > {self._sql(high)} AND {since}")

    def _frame(self, low: str | None, high: str | None, newest: str) -> pl.DataFrame:
        return self.session.rows(self.table, self.columns, self._span(low, high, newest))

    def _span(self, low: str | None, high: str | None, newest: str) -> str:
        """The condition for what lies from one value up to another, which is left out, or up to the newest."""
        since = [] if low is None else [f"{self._by} >= {self._sql(low)}"]
        return " AND ".join(
            [*since, f"{self._by} < {self._sql(high)}" if high else f"{self._by} <= {self._sql(newest)}"]
        )

    @staticmethod
    def _fitting(frame: pl.DataFrame) -> int:
        """How many rows as wide as these make a part."""
        width = max(int(frame.estimated_size()) // max(frame.height, 1), 1)
        return min(max(PART_BYTES // width, 1), PART_ROWS)

    def _before(self, column: str, value: str, hours: float) -> str:
        """A time some hours before another, as the column has it; a number is an epoch, told by its magnitude."""
        if self.kinds[column] == "whole":
            return str(int(value) - int(hours * 3_600 * self._unit(int(value))))
        try:
            earlier = datetime.fromisoformat(value) - timedelta(hours=hours)
        except (ValueError, OverflowError):
            raise DatabaseError(f"the column {column} has a text that is no time") from None
        # Texts are compared as texts: the day alone comes before all its times, however they are written.
        return earlier.isoformat(" ") if self.session.has_times else str(earlier.date())

    @staticmethod
    def _unit(epoch: int) -> int:
        """How many of an epoch's units make a second."""
        return 1 if epoch < _MILLISECONDS_FROM else 1_000 if epoch < _MICROSECONDS_FROM else 1_000_000

    def _value(self, what: str, condition: str = "1 = 1") -> str | None:
        return self.session.value(f"SELECT {what} FROM {self._table} WHERE {condition}")

    @property
    def _table(self) -> str:
        return self.session.table(self.table)

    @property
    def _by(self) -> str:
        return self._name(self.cursor)

    def _name(self, column: str) -> str:
        return self.session.name(column)

    def _sql(self, value: str, column: str | None = None) -> str:
        """A value of the cursor or of another column, as SQL takes it."""
        if not _VALUE.fullmatch(value):
            raise DatabaseError(
                f"{self.table}: {column or self.cursor} has a value that is neither a number nor a time"
            )
        return value if self.kinds[column or self.cursor] == "whole" else f"'{value}'"
