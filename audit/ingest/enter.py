"""One file's way into the store: read as it lies where the engine can, else as a copy in order; settled, entered."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from audit.engine.duckdb import EngineError
from audit.ingest import lines, rejects
from audit.ingest.content import BLOCK_BYTES
from audit.ingest.layout import Layout
from audit.ingest.merge import newest_bill, one_call_once
from audit.ingest.reading import THRIFTY_BYTES, Reading
from audit.ingest.registry import Entry, Place, Registry, text_of
from audit.ingest.rejects import TornError
from audit.records import AuditError

if TYPE_CHECKING:
    import os
    from collections.abc import Callable
    from pathlib import Path

    from audit.engine.duckdb import Engine
    from audit.ingest.content import Content
    from audit.ingest.growth import Rest


class KnownError(Exception):
    """While it was read, a file turned out to hold what was read before."""


@dataclass(frozen=True, slots=True)
class Step:
    """A file on its way, known by ``path``, whose bytes lie ``at`` a place.

    ``original`` is None for one that nobody can read and that is entered as such.
    ``content`` may still be digested while the engine reads. ``work`` is a folder for copies.
    """

    engine: Engine
    registry: Registry
    path: Place
    at: Path
    before: os.stat_result
    head: str | None
    content: Callable[[], Content]
    reason: str
    original: Reading | None
    work: Path
    rest: Rest | None = None

    def entered(self) -> Entry:
        """Read the file and write its row. Raises KnownError, AuditError."""
        original = self.original
        if original is None:
            return self._enter(None)
        try:
            return self._enter(original if original.layout.clean else self._rewritten(original))
        except TornError:
            return self._enter(self._rewritten(original, apart=True))
        except EngineError as first:
            if "Out of Memory" in str(first) and original.object_bytes > THRIFTY_BYTES:
                return replace(self, original=replace(original, object_bytes=THRIFTY_BYTES)).entered()
            # The engine gives up on a whole file for one fault in an array or an archive: the good records are kept.
            if original.layout.container != "parquet":
                with suppress(EngineError):
                    return self._enter(self._rewritten(original, apart=True))
            # After its first sentence the engine may quote the file.
            said = re.split(r"Original Line|Possible fixes|LINE \d", str(first))[0][:300].strip()
            raise AuditError(f"{self.path}: cannot be read: {said}") from None

    def _enter(self, reading: Reading | None) -> Entry:
        engine, file_id = self.engine, self.registry.next_id
        table = reading.format.kind if reading is not None else "calls"
        try:
            if reading is not None:
                reading = replace(reading, file_id=file_id)
                # Written for good first: rows of a transaction's own are no ground for the deletes that follow, which
                # have crashed DuckDB 2.0 and spoilt columns. Until the file has its row, its calls are half read.
                engine.run(f"INSERT INTO store.{table} {reading.stored}")
            with engine.transaction():
                calls, rejected, waiting = (0, 0, 0) if reading is None else self._settled(reading, file_id)
                check_unchanged(self.at, self.before)
                content = self.content()
                self._check_new(content)
                name = None if reading is None else reading.format.name
                entry = Entry(
                    file_id, self.path, content, self.head, name, self.reason, calls, rejected, table, waiting
                )
                self.registry.enter([entry])
        except BaseException:
            engine.run(f"DELETE FROM store.{table} WHERE file_id = $id", {"id": file_id})
            raise
        self.registry.entered([entry])
        self.registry.next_id += 1
        return entry

    def _check_new(self, content: Content) -> None:
        if self.registry.of(content) is not None:
            raise KnownError

    def _settled(self, reading: Reading, file_id: int) -> tuple[int, int, int]:
        """The file's calls, each once, its rejects, each in its place, and how many of these are waited for."""
        original = self.original or reading
        before = self.rest.mark.lines if self.rest is not None else 0
        found = rejects.taken_out(self.engine, reading, original, file_id, lines_before=before)
        if reading.format.kind == "bills":
            calls = newest_bill(self.engine, file_id)
        else:
            parts = {file_id: self.rest.parts} if self.rest is not None else {}
            calls = one_call_once(self.engine, file_id, file_id, parts)[file_id]
        if self.rest is not None:
            rejects.forget_from(self.engine, self.rest.file_id, self.rest.mark.lines + 1)
        else:
            rejects.forget_repeated(self.engine, text_of(self.path))
        rejected = rejects.told(self.engine, found, file_id, text_of(self.path))
        torn = found and found[-1].line == last_line_if_open(self.at, original.layout, self.before.st_size)
        return calls, rejected, 1 if torn and rejected and original.layout.container in ("lines", "objects") else 0

    def _rewritten(self, reading: Reading, *, apart: bool = False) -> Reading:
        """The same records one a line in UTF-8, in a copy that lasts as long as the ingest."""
        target = self.work / "records"
        lines.rewrite(reading.path, reading.layout, target, reading.format.knows if apart else None)
        layout = Layout("plain", "utf-8", "lines", clean=True)
        return replace(reading, path=target, layout=layout, apart=apart)


def last_line_if_open(path: Path, layout: Layout, size: int) -> int | None:
    """The number of a plain log's last line where its end has not been written yet; None where it has."""
    if layout.packing != "plain" or not size:
        return None
    with path.open("rb") as stream:
        stream.seek(size - 1)
        if stream.read(1) == b"\n":
            return None
        stream.seek(0)
        ends, left = 0, size
        while left and (block := stream.read(min(BLOCK_BYTES, left))):
            ends += block.count(b"\n")
            left -= len(block)
    return ends + 1


def check_unchanged(path: Path, before: os.stat_result) -> None:
    """A file that grew counts as read up to where it ended before; any other change spoils what was read."""
    now = path.stat()
    same = (now.st_dev, now.st_ino) == (before.st_dev, before.st_ino)
    grew = now.st_size > before.st_size
    if not same or not (grew or (now.st_size, now.st_mtime_ns) == (before.st_size, before.st_mtime_ns)):
        raise AuditError(f"{path}: it changed while it was read; run again to read it")
