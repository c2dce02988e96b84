"""Which format a file is in, told from its first records."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from audit.ingest import table
from audit.ingest.layout import HEAD_BYTES, Layout, head
from audit.ingest.lines import records
from audit.ingest.masking import named

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from audit.engine.duckdb import Engine
    from audit.formatbook import Format

HEAD_RECORDS = 200
# So many records that one format knows, and no other does, are enough.
SURE_RECORDS = 8
SEARCH_CHARS = 1 << 26
EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Recognition:
    """The format, or the fields that were found where none fits; ``columns`` are a table's own, in order."""

    format: Format | None
    reason: str
    columns: tuple[str, ...] = ()


def recognise(path: Path, layout: Layout, formats: Mapping[str, Format], engine: Engine) -> Recognition:
    """Tell a file's format by content, never by name."""
    if layout.container == "empty":
        return Recognition(None, EMPTY)
    if layout.container in ("csv", "parquet"):
        return _by_columns(_columns(path, layout, engine), layout.container, formats)
    json_formats = [form for form in formats.values() if "json" in form.holds]
    seen: list[dict[str, Any]] = []
    hits = dict.fromkeys(formats, 0)
    likeness = dict.fromkeys(formats, 0)
    for record in _head_records(path, layout):
        seen.append(record)
        for form in json_formats:
            paths = form.likeness(record)
            hits[form.name] += paths > 0
            likeness[form.name] += paths
        if len(seen) >= SURE_RECORDS and sorted(hits.values())[-2:] == [0, len(seen)]:
            break
    if not seen:
        return Recognition(None, "no JSON object, table header or Parquet file was found in it")
    # The one that asks for more paths knows the records better, though a damaged one may pass for another's.
    best = max(json_formats, key=lambda form: (likeness[form.name], hits[form.name]), default=None)
    if best is None or hits[best.name] == 0:
        return Recognition(None, f"no known log format; its first record has {named(seen[0])}")
    return Recognition(best, f"{hits[best.name]} of its first {len(seen)} records are {best.title}")


def _head_records(path: Path, layout: Layout) -> Iterable[dict[str, Any]]:
    """The first records that can be parsed; where none can, the search ends after some megabytes."""
    found = walked = 0
    for _, text in records(path, layout, _anything):
        walked += len(text)
        try:
            record = json.loads(text)
        except (ValueError, RecursionError):
            record = None
        if isinstance(record, dict):
            yield record
            found += 1
        if found == HEAD_RECORDS or walked > (HEAD_BYTES if found else SEARCH_CHARS):
            return


def _anything(_: dict[str, Any]) -> bool:
    return True


def _columns(path: Path, layout: Layout, engine: Engine) -> tuple[str, ...]:
    if layout.container == "parquet":
        return tuple(engine.columns("SELECT * FROM read_parquet($path)", {"path": str(path)}))
    text = head(path, layout.packing, 1 << 16).decode(layout.encoding, "replace")
    return table.header(text, layout.delimiter)


def _by_columns(columns: tuple[str, ...], container: str, formats: Mapping[str, Format]) -> Recognition:
    row = dict.fromkeys(columns)
    holding = [form for form in formats.values() if container in form.holds]
    best = max(holding, key=lambda form: form.likeness(row), default=None)
    if best is not None and best.knows(row):
        return Recognition(best, f"its columns are those of {best.title}", columns)
    return Recognition(None, f"no known log format; it has the columns {named(row)}", columns)
