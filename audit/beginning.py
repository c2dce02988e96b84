"""The first whole records of a log as a file of their own: a log of any length is looked at in a moment."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from audit.engine.duckdb import Engine
from audit.ingest import lines
from audit.ingest.fields import quoted
from audit.ingest.layout import Layout, head, sniff
from audit.ingest.recognise import HEAD_RECORDS
from audit.records import AuditError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

# A record may be longer than a beginning should be: the next size is for that alone.
SIZES = (2 << 20, 32 << 20, lines.LINE_CHARS)
TABLE_ROWS = 2_000
# A quoted value of a table may run over so many lines.
_QUOTED_LINES = 200
_LINES_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Beginning:
    """Where the beginning lies: the log itself where it is short, else a copy. ``bytes`` are without packing."""

    path: Path
    bytes: int
    whole: bool


def beginning(path: Path, work: Path) -> Beginning:
    """A log's beginning; a copy goes to the work folder. Raises AuditError where the log cannot be opened."""
    layout = sniff(path)
    if layout.container == "parquet":
        return _of_parquet(path, work)
    for size in SIZES:
        start = head(path, layout.packing, size + 1)
        if len(start) <= size:
            return Beginning(path, len(start), whole=True)
        kept = _whole_records(start[:size], layout, work)
        if kept:
            copy = work / "beginning"
            copy.write_bytes(kept)
            return Beginning(copy, len(kept), whole=False)
    raise AuditError(f"{path}: its first record is longer than {SIZES[-1]:,} bytes, more than is read of one")


def _of_parquet(path: Path, work: Path) -> Beginning:
    size = path.stat().st_size
    if size <= SIZES[0]:
        return Beginning(path, size, whole=True)
    # The engine takes a path for a pattern.
    link, copy = work / "table", work / "beginning"
    link.unlink(missing_ok=True)
    link.symlink_to(path.resolve())
    with Engine() as engine:
        engine.run(
            f"COPY (SELECT * FROM read_parquet({quoted(str(link))}) LIMIT {TABLE_ROWS}) "
            f"TO {quoted(str(copy))} (FORMAT parquet)"
        )
    return Beginning(copy, copy.stat().st_size, whole=False)


def _whole_records(start: bytes, layout: Layout, work: Path) -> bytes:
    """What comes before the record that the cut may have torn; nothing where that is the first."""
    errors = "surrogateescape" if layout.encoding.startswith("utf-8") else "ignore"
    text = start.decode(layout.encoding, errors)
    end = "\n" if layout.newline else "\r"
    close = ""
    if layout.container in ("array", "objects"):
        at = _last_begins(start, layout, work, text)
        text, close = text[:at].rstrip(), "\n"
        if layout.container == "array" and text:
            text, close = text.removesuffix(","), "\n]\n"
    else:
        at = text.rfind(end)
        for _ in range(_QUOTED_LINES if layout.container == "csv" else 0):
            if text.count('"', 0, at) % 2 == 0:
                break
            at = text.rfind(end, 0, at)
        text = text[: at + 1]
    return (text + close).encode(layout.encoding, errors) if text else b""


def _last_begins(start: bytes, layout: Layout, work: Path, text: str) -> int:
    """Where the last object begins; 0 where it is the only one."""
    cut = work / "cut"
    cut.write_bytes(start)
    unpacked = Layout("plain", layout.encoding, layout.container, layout.clean, layout.newline, layout.delimiter)
    found = [record for _, record in lines.records(cut, unpacked)]
    return max(text.rfind(found[-1]), 0) if len(found) > 1 else 0


def first_records(path: Path, engine: Engine) -> list[dict[str, Any]]:
    """The first records of a log, parsed; of a table its rows by their columns' names."""
    layout = sniff(path)
    if layout.container == "parquet":
        frame = engine.frame("SELECT * FROM read_parquet($path) LIMIT $rows", {"path": str(path), "rows": HEAD_RECORDS})
        return list(frame.to_dicts())
    if layout.container in ("empty", "other"):
        return []
    return list(islice(_parsed(lines.records(path, layout, _anything)), HEAD_RECORDS))


def _anything(_: dict[str, Any]) -> bool:
    return True


def _parsed(records: Iterable[tuple[int, str]]) -> Iterator[dict[str, Any]]:
    for _, text in records:
        try:
            record = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict):
            yield record


def before_json(path: Path) -> str | None:
    """What stands before the JSON of a log's first line, where most of its lines are text with JSON behind it."""
    layout = sniff(path)
    if layout.container not in ("csv", "other"):
        return None
    text = head(path, layout.packing, _LINES_BYTES).decode(layout.encoding or "utf-8", "replace")
    found = text.splitlines()[:-1] or text.splitlines()
    behind = [line for line in found if line.find("{") > 0 and any(_parsed([(0, line[line.find("{") :].rstrip())]))]
    return behind[0].partition("{")[0] if len(behind) * 2 > len(found) else None
