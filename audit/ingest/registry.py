"""What the store knows of files: which contents were read, and at which places they were seen."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.engine.duckdb import Engine
    from audit.formatsql import Kind
    from audit.ingest.content import Content


# A file's path; or an object's address, or a file in an archive, which have none.
Place = Path | str
# By what a place is seen to hold still the same: bytes, when it was changed (ns), and the node or the version it is.
Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Known:
    """A content that was read; ``bytes`` of it, unpacked."""

    file_id: int
    path: str
    sha256: str
    bytes: int
    format: str | None


@dataclass(frozen=True, slots=True)
class Entry:
    """A file's row to be: what it was read as, and what came of it.

    ``waiting`` of the rejected are half a line at the end of a log, which may be whole the next time.
    """

    file_id: int
    path: Place
    content: Content
    head: str | None
    format: str | None
    reason: str
    calls: int
    rejected: int
    table: Kind = "calls"
    waiting: int = 0


class Registry:
    """The store's files, kept in memory for the length of one ingest and written as it goes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        rows = engine.rows("SELECT file_id, path, sha256, bytes, format, head FROM store.files")
        self._by_id: dict[int, Known] = {}
        self._by_sha: dict[str, Known] = {}
        self._by_head: dict[str, list[Known]] = {}
        self._sizes: set[int] = set()
        for *parts, head in rows:
            self._add(Known(*parts), head)
        self._seen: dict[str, tuple[Stamp, int]] = {}
        self._by_inode: dict[int, int] = {}
        for path, size, mtime_ns, inode, file_id in engine.rows("SELECT * FROM store.seen"):
            self._seen[path] = ((size, mtime_ns, inode), file_id)
            self._by_inode[inode] = file_id
        self._new_places: dict[str, tuple[int, int, int, int]] = {}
        self.next_id = max(self._by_id, default=0) + 1

    def _add(self, known: Known, head: str | None) -> None:
        self._by_id[known.file_id] = known
        self._by_sha[known.sha256] = known
        if known.format is not None:
            self._sizes.add(known.bytes)
            if head is not None:
                self._by_head.setdefault(head, []).append(known)

    def at(self, place: Place, now: Stamp) -> Known | None:
        """What was read from a place that has not changed since."""
        stamp, file_id = self._seen.get(text_of(place), (None, 0))
        known = self._by_id.get(file_id)
        return known if stamp == now and known is not None and _counts(known) else None

    def was_at(self, place: Place) -> Known | None:
        """What was last read from a place, whatever lies there now."""
        return self._by_id.get(self._seen.get(text_of(place), (None, 0))[1])

    def of(self, content: Content) -> Known | None:
        """The same content, read before from wherever."""
        known = self._by_sha.get(content.sha256)
        return known if known is not None and _counts(known) else None

    def may_know(self, size: int | None) -> bool:
        """Whether a content of so many bytes was read; of an unknown length, whether any was."""
        return bool(self._sizes) if size is None else size in self._sizes or size == 0

    def beginnings(self, place: Place, now: Stamp | None, head: str | None) -> list[Known]:
        """What a log may have grown from: what was read at its place, from the same node, or with the same head."""
        found = [self.was_at(place), self._by_id.get(self._by_inode.get(now[2], 0)) if now else None]
        found += self._by_head.get(head, []) if head is not None else []
        return [known for known in found if known is not None and known.format is not None and known.bytes > 0]

    def note_place(self, place: Place, stamp: Stamp, file_id: int) -> None:
        """Keep in mind where a content was seen; written by :meth:`flush`."""
        self._seen[text_of(place)] = (stamp, file_id)
        self._by_inode[stamp[2]] = file_id
        self._new_places[text_of(place)] = (*stamp, file_id)

    def note(self, place: Place, stamp: Stamp, content: Content, form: str) -> None:
        """Keep in mind that a wrapping of other files was read."""
        known = self.of(content)
        if known is None:
            entry = Entry(self.next_id, place, content, None, form, "", 0, 0)
            with self._engine.transaction():
                self.enter([entry])
            self.entered([entry])
            self.next_id += 1
        self.note_place(place, stamp, known.file_id if known is not None else entry.file_id)

    def flush(self) -> None:
        """Write the places. One that is lost only costs that its file is looked into again."""
        if not self._new_places:
            return
        places = list(self._new_places.items())
        self._engine.run(
            "CREATE OR REPLACE TEMP TABLE place AS SELECT unnest($path) AS path, unnest($bytes)::BIGINT AS bytes, "
            "unnest($mtime)::BIGINT AS mtime_ns, unnest($inode)::BIGINT AS inode, unnest($file)::INTEGER AS file_id",
            {
                "path": [path for path, _ in places],
                **{name: [at[n] for _, at in places] for n, name in enumerate(("bytes", "mtime", "inode", "file"))},
            },
        )
        with self._engine.transaction():
            self._engine.run("DELETE FROM store.seen WHERE path IN (SELECT path FROM place)")
            self._engine.run("INSERT INTO store.seen SELECT * FROM place")
        self._new_places.clear()

    def enter(self, entries: Sequence[Entry]) -> None:
        """Write files' own rows: with it a file counts as read. Belongs into the transaction that settles its calls."""
        engine, entries = self._engine, list(entries)
        engine.run(
            "CREATE OR REPLACE TEMP TABLE entry AS SELECT unnest($id)::INTEGER AS file_id, unnest($path) AS path, "
            "unnest($sha) AS sha256, unnest($bytes)::BIGINT AS bytes, unnest($head)::VARCHAR AS head, "
            "unnest($format)::VARCHAR AS format, unnest($reason) AS reason, unnest($calls)::BIGINT AS calls, "
            "unnest($rejected)::BIGINT AS rejected",
            {
                "id": [entry.file_id for entry in entries],
                "path": [text_of(entry.path) for entry in entries],
                "sha": [entry.content.sha256 for entry in entries],
                "bytes": [entry.content.bytes for entry in entries],
                "head": [entry.head for entry in entries],
                "format": [entry.format for entry in entries],
                "reason": [entry.reason for entry in entries],
                "calls": [entry.calls for entry in entries],
                "rejected": [entry.rejected for entry in entries],
            },
        )
        engine.run(
            "DELETE FROM store.files WHERE (format IS NULL AND path IN (SELECT path FROM entry)) "
            "OR sha256 IN (SELECT sha256 FROM entry)"
        )
        instant, table = ("started_at", "calls") if entries[0].table == "calls" else ("period_start", "bills")
        engine.run(
            "INSERT INTO store.files SELECT e.*, c.first_call, c.last_call FROM entry e LEFT JOIN ("
            f"SELECT file_id, min({instant}) AS first_call, max({instant}) AS last_call FROM store.{table} "
            "WHERE file_id IN (SELECT file_id FROM entry) GROUP BY file_id) c USING (file_id)"
        )

    def entered(self, entries: Sequence[Entry]) -> None:
        """Remember what was written, once it is there for good."""
        for entry in entries:
            content = entry.content
            known = Known(entry.file_id, text_of(entry.path), content.sha256, content.bytes, entry.format)
            self._add(known, entry.head)

    def unread(self, path: Place, reason: str) -> None:
        """Keep in mind what was not read and why, until it is read or gone: the month's report must say so."""
        mark = {"path": text_of(path), "mark": f"unread {text_of(path)}"}
        with self._engine.transaction():
            self._engine.run("DELETE FROM store.files WHERE format IS NULL AND path = $path", {"path": mark["path"]})
            self._engine.run(
                "INSERT INTO store.files SELECT $id, $path, $mark, NULL, NULL, NULL, $reason, 0, 0, NULL, NULL",
                {**mark, "id": self.next_id, "reason": reason},
            )
        self.next_id += 1

    def known_again(self, path: Place, known: Known, stamp: Stamp | None) -> None:
        """A content that was read lies at this place now, too."""
        self._engine.run("DELETE FROM store.files WHERE sha256 = $mark", {"mark": f"unread {text_of(path)}"})
        if stamp is not None:
            self.note_place(path, stamp, known.file_id)

    def forget_half_read(self) -> None:
        """Drop the rows of files that have none: whoever read them was killed before they were done."""
        for table in ("calls", "bills"):
            self._engine.run(f"DELETE FROM store.{table} WHERE file_id NOT IN (SELECT file_id FROM store.files)")

    def forget_vanished(self) -> None:
        """A file that gave no call and is gone need not be spoken of for ever.

        An object that could not be read is asked for again, or by nobody any more.
        """
        rows = self._engine.rows(
            "SELECT file_id, path, format FROM store.files WHERE calls = 0 AND NOT starts_with(sha256, 'table ')"
        )
        gone = [file_id for file_id, path, form in rows if (form is None if "://" in path else not Path(path).exists())]
        if not gone:
            return
        with self._engine.transaction():
            for table in ("rejects", "files"):
                self._engine.run(f"DELETE FROM store.{table} WHERE list_contains($gone, file_id)", {"gone": gone})
        for file_id in gone:
            if (known := self._by_id.pop(file_id, None)) is not None:
                self._by_sha.pop(known.sha256, None)


def text_of(place: Place) -> str:
    """A place for people and for the store; a byte of a path that is no UTF-8 is replaced."""
    return place if isinstance(place, str) else os.fsencode(place).decode("utf-8", "replace")


def stamp_of(at: os.stat_result) -> Stamp:
    """A file's stamp."""
    return at.st_size, at.st_mtime_ns, at.st_ino % 2**63


def _counts(known: Known) -> bool:
    """Whether a content counts as read; one that no format knew is tried again, for it may be known now."""
    return known.format is not None or known.bytes == 0
