"""A log that grew: what of it was read before, and where the rest begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.ingest.content import FROM_START

if TYPE_CHECKING:
    from collections.abc import Iterable

    from audit.formatbook import Format
    from audit.ingest.content import Content, Mark
    from audit.ingest.layout import Layout
    from audit.ingest.registry import Known


@dataclass(frozen=True, slots=True)
class Rest:
    """What a log has grown by: read from a mark on, after the file that was read up to there.

    ``parts`` are all files that were read of the log so far.
    """

    file_id: int
    mark: Mark
    parts: tuple[int, ...]


def rest_of(layout: Layout, form: Format, known_as: Iterable[Known], now: Content) -> Rest | None:
    """What is new in a log that begins with what was read, and None for a log that begins otherwise.

    It is read from the last line end on; from its start where a record hangs together with those before.
    """
    marked = [(known, now.marks.get(known.bytes)) for known in known_as if known.format == form.name]
    begun = [(known, mark) for known, mark in marked if mark is not None and mark.sha256 == known.sha256]
    if not begun:
        return None
    longest, mark = max(begun, key=lambda one: one[0].bytes)
    apart = layout.clean and layout.container in ("lines", "csv") and not form.looks_back
    if layout.container == "csv" and (mark.in_quotes or mark.line_end != longest.bytes):
        apart = False
    return Rest(longest.file_id, mark if apart else FROM_START, tuple(known.file_id for known, _ in begun))
