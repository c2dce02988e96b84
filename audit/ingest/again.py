"""What of the store a file holds now, so that it can be read again without losing what it held before."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from audit.ingest import archive, content
from audit.ingest.layout import sniff
from audit.ingest.registry import text_of
from audit.records import AuditError

if TYPE_CHECKING:
    from audit.engine.duckdb import Engine
    from audit.ingest.objects import Object


def held(engine: Engine, place: Path | Object) -> list[int]:
    """The files of the store whose content lies at a place: its own, and those that it has grown from."""
    name = text_of(place) if isinstance(place, Path) else place.url
    rows = engine.rows(
        "SELECT DISTINCT f.file_id, f.sha256, f.bytes, s.bytes, s.mtime_ns, s.inode FROM store.files f "
        "LEFT JOIN store.seen s ON s.file_id = f.file_id AND s.path = $path "
        "WHERE f.path = $path OR s.path = $path OR starts_with(f.path, $path || '!')",
        {"path": name},
    )
    if not isinstance(place, Path):
        return [file_id for file_id, _, _, *stamp in rows if tuple(stamp) == place.stamp]
    if archive.is_zip(place):
        return [file_id for file_id, *_ in rows]
    try:
        layout = sniff(place)
        size = place.stat().st_size
        now = content.examine(place, layout.packing, size, {length for _, _, length, *_ in rows if length})
    except (AuditError, OSError):
        return []
    digests = {now.sha256, *(mark.sha256 for mark in now.marks.values())}
    return [file_id for file_id, sha256, *_ in rows if sha256 in digests]
