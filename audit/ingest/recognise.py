"""Which format a file is in, told from its first records."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from audit.ingest.layout import Layout, head
from audit.ingest.lines import records

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from audit.engine.duckdb import Engine
    from audit.formatbook import Format

HEAD_RECORDS = 200
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
    seen = list(_head_records(path, layout))
    if not seen:
        return Recognition(None, "no JSON object, table header or Parquet file was found in it")
    json_formats = [form for form in formats.values() if "json" in form.holds]
    hits = {form.name: sum(form.knows(record) for record in seen) for form in json_formats}
    best = max(json_formats, key=lambda form: hits[form.name], default=None)
    if best is None or hits[best.name] == 0:
        return Recognition(None, f"no known log format; its first record has {_named(seen[0])}")
    return Recognition(best, f"{hits[best.name]} of its first {len(seen)} records are {best.title}")


def _head_records(path: Path, layout: Layout) -> Iterable[dict[str, Any]]:
    if layout.container == "lines" and layout.encoding == "utf-8":
        texts: Iterable[str] = head(path, layout.packing).decode("utf-8", "replace").splitlines()
    else:
        texts = (text for _, text in records(path, layout))
    found = 0
    for text in texts:
        try:
            record = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict):
            yield record
            found += 1
            if found == HEAD_RECORDS:
                return


def _columns(path: Path, layout: Layout, engine: Engine) -> tuple[str, ...]:
    if layout.container == "parquet":
        return tuple(engine.columns("SELECT * FROM read_parquet($path)", {"path": str(path)}))
    text = head(path, layout.packing, 1 << 16).decode(layout.encoding, "replace").lstrip("\ufeff")
    return tuple(name.strip() for name in next(csv.reader(io.StringIO(text))))


def _by_columns(columns: tuple[str, ...], container: str, formats: Mapping[str, Format]) -> Recognition:
    row = dict.fromkeys(columns)
    for form in formats.values():
        if container in form.holds and form.knows(row):
            return Recognition(form, f"its columns are those of {form.title}", columns)
    return Recognition(None, f"no known log format; it has the columns {_named(row)}", columns)


def _named(record: Mapping[str, Any]) -> str:
    names = [str(name) for name in record][:12]
    return ", ".join(names) + (", ..." if len(record) > len(names) else "")
