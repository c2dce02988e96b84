"""Records that could not be read: out of the calls, into the rejects, each with its line, its reason and its text."""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.ingest import lines, torn
from audit.ingest.layout import cut_off
from audit.ingest.masking import masked
from audit.ingest.values import UNREADABLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audit.engine.duckdb import Engine
    from audit.ingest.reading import Reading

TEXTS_KEPT = 1_000
# Python's own reader gives up somewhat above, where exactly hangs on who calls it.
TOO_DEEP = 500
_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[{]|[\]}]', re.DOTALL)
CUT_OFF = "the archive is cut off or damaged: what came before its end was read"


class TornError(Exception):
    """A record holds whole ones: the file is to be read again with its torn lines taken apart."""


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that could not be read; ``line`` is None where the file's end is meant."""

    line: int | None
    reason: str
    text: str | None


def taken_out(
    engine: Engine, reading: Reading, original: Reading, file_id: int, *, lines_before: int = 0
) -> list[Reject]:
    """Take the rows with a problem out of the store. Raises TornError where good records would go with them.

    ``lines_before`` is how many lines of the file come before what is read.
    """
    found: list[Reject] = []
    bad_rows = f"FROM store.{reading.format.kind} WHERE file_id = $id AND problem IS NOT NULL"
    (bad,) = engine.row(f"SELECT count(*) {bad_rows}", {"id": file_id})
    if bad:
        engine.run(f"DELETE {bad_rows}", {"id": file_id})
        # A record that is unfolded may have several: one is told, always the same, and what says most.
        problems = dict(
            engine.rows(
                "SELECT record, coalesce(min(problem) FILTER (problem <> $unreadable), $unreadable) "
                f"FROM ({reading.rows}) WHERE problem IS NOT NULL GROUP BY record ORDER BY record",
                {"unreadable": UNREADABLE},
            )
        )
        # A table that is read on from a mark has its header above it again.
        above = lines_before - (1 if lines_before and original.layout.container == "csv" else 0)
        found += [
            Reject(reject.line + above if reject.line else None, reject.reason, reject.text)
            for reject in _placed(problems, reading, original)
        ]
    # The engine raises at a cut in gzip, and reads on past one in zstd.
    doubtful = reading is not original or original.layout.packing == "zst"
    if doubtful and cut_off(original.path, original.layout.packing):
        found.append(Reject(None, CUT_OFF, None))
    return found


def _placed(problems: Mapping[int, str], reading: Reading, original: Reading) -> list[Reject]:
    """The bad records with line and text, found again in the file by their number."""
    layout, form = original.layout, original.format
    if layout.container == "parquet":
        return [Reject(number, reason, None) for number, reason in problems.items()]
    if layout.container == "csv" and reading.layout is original.layout:
        raise TornError
    placed: list[Reject] = []
    knows = form.knows if reading.apart else None
    for number, (line, text) in enumerate(lines.records(original.path, layout, knows), start=1):
        problem = problems.get(number)
        if problem is None:
            continue
        if problem == UNREADABLE:
            if not reading.apart and torn.parts(text, form.knows) != [(0, text)]:
                raise TornError
            problem = _why(text, layout.container, reading.object_bytes)
        kept = masked(text, form.told, keep_prompts=reading.keep_prompts) if len(placed) < TEXTS_KEPT else None
        placed.append(Reject(line, problem, kept))
    return placed


def _why(text: str, container: str, most: int) -> str:
    """Why the engine saw nothing in a record."""
    if len(text) >= most:
        return f"longer than {most:,} bytes"
    if any("\udc80" <= sign <= "\udcff" for sign in text):
        return "not valid UTF-8"
    if container == "csv":
        return "not a row of this table: it has more or fewer columns than the header, or an open quote"
    reason = "no field of this format, or one of another shape than the format states"
    if _depth(text) > TOO_DEEP:
        return "not valid JSON: nested too deep"
    try:
        if not isinstance(json.loads(text), dict):
            reason = "a JSON value where an object was expected"
    except ValueError as error:
        reason = f"not valid JSON: {str(error).split(': line', 1)[0].split(' (char', 1)[0]}"
    return reason


def _depth(text: str) -> int:
    """How many brackets are open at once, at most; those in texts are none."""
    steps = (1 if mark[0] in "{[" else -1 for mark in _BRACKET.finditer(text) if mark[0][0] != '"')
    return max(itertools.accumulate(steps), default=0)


def forget_repeated(engine: Engine, path: str) -> None:
    """The same log, longer or mended: what it told before counts no more, it tells it again where it still holds."""
    before = "SELECT f.file_id FROM store.files f JOIN met ON met.old_file = f.file_id WHERE f.path = $path"
    engine.run(f"DELETE FROM store.rejects WHERE file_id IN ({before})", {"path": path})
    engine.run(f"UPDATE store.files SET rejected = 0 WHERE rejected > 0 AND file_id IN ({before})", {"path": path})


def forget_from(engine: Engine, file_id: int, line: int) -> None:
    """A line that was half written when its file was read is read again: what was said of it counts no more."""
    gone = engine.run(
        "DELETE FROM store.rejects WHERE file_id = $id AND coalesce(line, $line) >= $line",
        {"id": file_id, "line": line},
    )
    if gone:
        engine.run(
            "UPDATE store.files SET rejected = rejected - $gone WHERE file_id = $id", {"gone": gone, "id": file_id}
        )


def told(engine: Engine, found: list[Reject], file_id: int, path: str) -> int:
    """Write the rejects that were not told before; returns how many they are.

    A file that has grown, was rotated or packed anew repeats its lines: a reject is known if a file of the same
    path, or one that states a call of this file too, told the same line, reason and text.
    """
    if not found:
        return 0
    engine.run(
        "CREATE OR REPLACE TEMP TABLE reject AS SELECT unnest($line)::BIGINT AS line, "
        "unnest($reason)::VARCHAR AS reason, unnest($text)::VARCHAR AS text",
        {
            "line": [reject.line for reject in found],
            "reason": [reject.reason for reject in found],
            "text": [reject.text for reject in found],
        },
    )
    return engine.run(
        "INSERT INTO store.rejects SELECT $id, line, reason, text FROM reject n WHERE NOT EXISTS ("
        "SELECT 1 FROM store.rejects o WHERE o.line IS NOT DISTINCT FROM n.line AND o.reason = n.reason "
        "AND o.text IS NOT DISTINCT FROM n.text AND o.file_id IN ("
        "SELECT old_file FROM met UNION ALL SELECT file_id FROM store.files WHERE path = $path))",
        {"id": file_id, "path": path},
    )
