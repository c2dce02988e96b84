"""Many small files of one layout in one pass: read, settled and entered together."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from audit.engine.duckdb import EngineError
from audit.ingest import rejects
from audit.ingest.enter import check_unchanged
from audit.ingest.merge import newest_bill, one_call_once
from audit.ingest.reading import Reading
from audit.ingest.registry import Entry, Registry
from audit.records import AuditError

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from audit.engine.duckdb import Engine
    from audit.formatbook import Format
    from audit.ingest.content import Content
    from audit.ingest.growth import Rest
    from audit.ingest.layout import Layout

FILE_BYTES = 4 << 20
BATCH_BYTES = 256 << 20
BATCH_FILES = 2_000
# The engine makes room for the longest line of every file that it opens: here none is longer than its file.
OBJECT_BYTES = 2 * FILE_BYTES


@dataclass(frozen=True, slots=True)
class Small:
    """A small file that the engine can read as it lies; or the ``rest`` of one that grew, in a copy ``at`` a place."""

    path: Path
    at: Path
    before: os.stat_result
    head: str | None
    content: Content
    reason: str
    format: Format
    layout: Layout
    columns: tuple[str, ...]
    rest: Rest | None = None

    @property
    def kind(self) -> tuple[str, Layout, tuple[str, ...]]:
        """What files read in one pass have in common."""
        return self.format.name, self.layout, self.columns


@dataclass
class Waiting:
    """Small files laid by until there are enough of them, each kind for itself."""

    digests: set[str] = field(default_factory=set)
    sizes: set[int] = field(default_factory=set)
    _bytes: int = 0
    _kinds: dict[object, list[Small]] = field(default_factory=dict)

    def add(self, one: Small) -> None:
        """Lay a file by."""
        self._kinds.setdefault(one.kind, []).append(one)
        self.digests.add(one.content.sha256)
        self.sizes.add(one.content.bytes)
        self._bytes += one.at.stat().st_size

    @property
    def enough(self) -> bool:
        """Whether it is time to read them."""
        return self._bytes >= BATCH_BYTES or any(len(files) >= BATCH_FILES for files in self._kinds.values())

    def taken(self) -> list[list[Small]]:
        """All that wait, kind by kind; none wait any more."""
        files = list(self._kinds.values())
        self._kinds, self._bytes = {}, 0
        self.digests.clear()
        self.sizes.clear()
        return files


def read_together(
    engine: Engine, registry: Registry, small: list[Small], work: Path, *, keep_prompts: bool
) -> tuple[list[Entry], list[Small]]:
    """Read files of one kind; returns the rows of those that are in, and the files that must be read alone.

    Alone goes every file with anything the least odd about it: a bad record, a change while it was read.
    """
    first = small[0]
    low, high = registry.next_id, registry.next_id + len(small) - 1
    folder = work / "together"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for number, one in enumerate(small):
        (folder / f"{low + number:09d}").symlink_to(one.at)
    reading = Reading(
        first.format,
        folder / "*",
        first.layout,
        first.columns,
        file_id=None,
        object_bytes=OBJECT_BYTES,
        keep_prompts=keep_prompts,
    )
    table = first.format.kind
    try:
        engine.run(reading.gathered)
        engine.run(f"INSERT INTO store.{table} {reading.stored}")
    except EngineError:
        return [], small
    odd = {
        file_id
        for (file_id,) in engine.rows(
            f"SELECT DISTINCT file_id FROM store.{table} WHERE file_id >= $low AND problem IS NOT NULL", {"low": low}
        )
    }
    odd |= {low + number for number, one in enumerate(small) if _changed(one)}
    if odd:
        engine.run(f"DELETE FROM store.{table} WHERE list_contains($odd, file_id)", {"odd": sorted(odd)})
    with engine.transaction():
        if table == "bills":
            gained = {file_id: newest_bill(engine, file_id) for file_id in range(low, high + 1) if file_id not in odd}
        else:
            parts = {low + n: one.rest.parts for n, one in enumerate(small) if one.rest is not None}
            gained = one_call_once(engine, low, high, parts)
        entries = [
            Entry(
                low + n, one.path, one.content, one.head, one.format.name, one.reason, gained.get(low + n, 0), 0, table
            )
            for n, one in enumerate(small)
            if low + n not in odd
        ]
        if entries:
            registry.enter(entries)
        for number, one in enumerate(small):
            if one.rest is not None and low + number not in odd:
                rejects.forget_from(engine, one.rest.file_id, one.rest.mark.lines + 1)
    registry.entered(entries)
    registry.next_id = high + 1
    return entries, [one for number, one in enumerate(small) if low + number in odd]


def _changed(one: Small) -> bool:
    try:
        check_unchanged(one.path, one.before)
    except (AuditError, OSError):
        return True
    # What was appended since would be read now, and again the next time: such a file is read alone.
    return one.rest is None and one.path.stat().st_size != one.before.st_size
