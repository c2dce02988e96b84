"""The embedded engine: the only file that knows DuckDB.

Everything that touches calls is SQL handed to :class:`Engine`. Results come back as Polars frames.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self, TypeVar

import duckdb

from audit.records import AuditError, StoreBusyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    import polars as pl


T = TypeVar("T")
INTERRUPT_SECONDS = 0.05
# What the engine makes of Ctrl-C while a statement runs.
_STOPPED = "Query interrupted"
# Columns whose values are handed over as text: a list of numbers would take the digits of its first.
_AS_TEXT = ("DECIMAL", "DOUBLE", "UUID")


class EngineError(AuditError):
    """A statement failed; the text is the engine's own first sentence."""


class EngineTimeoutError(EngineError):
    """A statement was stopped because its time was up."""


class Engine:
    """A connection to one store, a file or memory.

    Session time zone: instants without a zone are read in ``zone``; tables hold UTC.
    """

    def __init__(
        self,
        path: Path | None = None,
        *,
        memory: str = "4GB",
        threads: int = 0,
        zone: str = "UTC",
    ) -> None:
        config: dict[str, Any] = {"memory_limit": memory}
        if threads:
            config["threads"] = threads
        try:
            self._con = duckdb.connect(str(path) if path else ":memory:", config=config)
        except duckdb.Error as error:
            raise _not_opened(path, error) from None
        self._con.execute(f"SET TimeZone = '{zone}'")
        self._con.execute("SET enable_progress_bar = true; SET enable_progress_bar_print = false")

    def progress(self) -> float:
        """How far the statement is that runs now, from 0 to 1; asked from another thread."""
        return max(self._con.query_progress(), 0) / 100

    def borrow(self, path: Path) -> None:
        """Read a store's tables from memory without a right to change them, until :meth:`give_back`.

        What spills to disk lies beside the store. Raises StoreBusyError while a run writes to it.
        """
        place = _quoted(str(path))
        try:
            self._con.execute(f"SET temp_directory = {_quoted(f'{path}.tmp')}")
            self._con.execute(f"ATTACH {place} AS borrowed (READ_ONLY); USE borrowed")
        except duckdb.Error as error:
            raise _not_opened(path, error) from None

    def give_back(self) -> None:
        """Let a borrowed store go; temporary tables made of it stay."""
        self._con.execute("USE memory; DETACH borrowed")

    def close(self) -> None:
        """Write what is pending and let the store go."""
        self._con.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(self, sql: str, params: Mapping[str, Any] | None = None) -> int:
        """Run a statement; returns the rows it changed, where the engine tells."""
        with _translated():
            self._con.execute(sql, dict(params) if params else None)
            if not sql.lstrip().upper().startswith(("INSERT", "DELETE", "UPDATE")):
                return 0
            row = self._con.fetchone()
        return int(row[0]) if row else 0

    def frame(self, sql: str, params: Mapping[str, Any] | None = None) -> pl.DataFrame:
        """A query's rows as a frame."""
        import polars as pl  # noqa: PLC0415  # reading logs needs no frame, and need not wait for one

        with _translated():
            relation = self._con.sql(sql, params=dict(params) if params else None)
            return pl.DataFrame(relation)

    def rows(self, sql: str, params: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """A query's rows as tuples."""
        with _translated():
            return self._con.execute(sql, dict(params) if params else None).fetchall()

    def row(self, sql: str, params: Mapping[str, Any] | None = None) -> tuple[Any, ...]:
        """The one row of a query that always has one."""
        return self.rows(sql, params)[0]

    @contextmanager
    def batches(self, sql: str, size: int) -> Iterator[tuple[list[str], Iterator[list[tuple[Any, ...]]]]]:
        """A query's column names, and its rows so many at a time as they come. Whatever it changes is undone."""
        with _translated():
            self._con.execute("BEGIN TRANSACTION READ ONLY")
        try:
            with _translated():
                self._con.execute(sql)
                names = [str(name) for name, *_ in self._con.description or ()]
            yield names, iter(lambda: self._fetched(size), [])
        finally:
            self._con.execute("ROLLBACK")

    def _fetched(self, size: int) -> list[tuple[Any, ...]]:
        with _translated():
            return self._con.fetchmany(size)

    def columns(self, sql: str, params: Mapping[str, Any] | None = None) -> dict[str, str]:
        """The names and types a query would give, without running it."""
        return {str(name): str(kind) for name, kind, *_ in self.rows(f"DESCRIBE {sql}", params)}

    @contextmanager
    def scanning(self, relation: str, frame: pl.DataFrame) -> Iterator[None]:
        """A frame as a relation of that name, for as long as the ``with`` lasts; it is not copied."""
        self._con.register(relation, _Stream(frame))
        try:
            yield
        finally:
            self._con.unregister(relation)

    def load(self, table: str, columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> None:
        """Make a temporary table of a few thousand rows from values; missing keys are NULL."""
        shape = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
        with _translated():
            self._con.execute(f"CREATE OR REPLACE TEMP TABLE {table} ({shape})")
            if rows:
                # A column at a time: row by row takes seventy times as long.
                asked = {name: "VARCHAR" if kind.startswith(_AS_TEXT) else kind for name, kind in columns.items()}
                each = ", ".join(f"unnest(?::{asked[name]}[])::{kind}" for name, kind in columns.items())
                values = [
                    [_text(row.get(name)) if kind == "VARCHAR" else row.get(name) for row in rows]
                    for name, kind in asked.items()
                ]
                self._con.execute(f"INSERT INTO {table} SELECT {each}", values)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing: a failure inside leaves the store as it was."""
        self._con.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._con.execute("ROLLBACK")
            raise
        self._con.execute("COMMIT")

    def seal(self) -> None:
        """From here on no statement reaches a file, the network or a setting. It cannot be undone."""
        self._con.execute("SET enable_external_access = false")
        self._con.execute("SET lock_configuration = true")

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Stop whatever runs inside once the time is up; raises EngineTimeoutError."""
        over, out_of_time = threading.Event(), threading.Event()

        def stop() -> None:
            if over.wait(seconds):
                return
            out_of_time.set()
            # Again and again: an interrupt that falls between two statements is lost.
            while not over.wait(INTERRUPT_SECONDS):
                self._con.interrupt()

        watch = threading.Thread(target=stop, daemon=True)
        watch.start()
        try:
            yield
        except (EngineError, duckdb.Error) as error:
            if out_of_time.is_set():
                raise EngineTimeoutError(f"it ran longer than {seconds:g} s and was stopped") from None
            raise error from None
        finally:
            over.set()
            watch.join()

    def stoppable(self, work: Callable[[], T]) -> T:
        """Do some work with this engine so that Ctrl-C stops it at once, as KeyboardInterrupt.

        The engine looks for signals only between its tasks, and may wait for one that does not end: the work is done
        on a thread beside, and this one waits.
        """
        doing: Future[T] | None = None
        may_begin, given_up = threading.Event(), threading.Event()

        def gated() -> T:
            may_begin.wait()
            if given_up.is_set():
                raise KeyboardInterrupt
            return work()

        with ThreadPoolExecutor(1) as beside:
            try:
                # Nothing is under way before it can be stopped: Ctrl-C may come while the thread begins.
                doing = beside.submit(gated)
                may_begin.set()
                while not wait([doing], INTERRUPT_SECONDS).done:
                    pass
            except KeyboardInterrupt:
                given_up.set()
                may_begin.set()
                while doing is not None and not self._stopped(doing):
                    pass
                raise
            return doing.result()

    def _stopped(self, doing: Future[Any]) -> bool:
        """Interrupt what is being done; whether it has ended. It is asked again where Ctrl-C comes again."""
        try:
            self._con.interrupt()
            return bool(wait([doing], INTERRUPT_SECONDS).done)
        except KeyboardInterrupt:
            return False

    def statement_kinds(self, sql: str) -> list[str]:
        """What kind each statement of a text is, as the engine's own parser sees it; SELECT, INSERT, ..."""
        with _translated():
            return [statement.type.name for statement in self._con.extract_statements(sql)]


class _Stream:
    """A frame that shows only its Arrow side: seen as what it is, the engine would ask for one more library."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame = frame

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._frame.__arrow_c_stream__(requested_schema)


@contextmanager
def _translated() -> Iterator[None]:
    """The engine's errors as ours, in one sentence."""
    try:
        yield
    except duckdb.Error as error:
        raise EngineError(_first_sentence(error)) from None
    except RuntimeError as error:
        if str(error) != _STOPPED:
            raise
        raise KeyboardInterrupt from None


def _not_opened(path: Path | None, error: duckdb.Error) -> AuditError:
    if isinstance(error, duckdb.IOException) and "lock" in str(error).lower():
        return StoreBusyError(f"{path}: another run holds the store; wait until it has ended, or stop it")
    return EngineError(f"{path}: the store cannot be opened: {_first_sentence(error)}")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _text(value: Any) -> str | None:
    """A value as the engine reads it from text, with all its digits."""
    if value is None or isinstance(value, str):
        return value
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _first_sentence(error: Exception) -> str:
    text = str(error).strip()
    head = text.split("\n\n", 1)[0].splitlines()
    return " ".join(line.strip() for line in head) if head else type(error).__name__
