"""Logs into the store: each file wholly or not at all, each call once, each unreadable line with its place."""

from __future__ import annotations

import hashlib
import json
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from audit.engine.duckdb import EngineError
from audit.ingest import lines
from audit.ingest.layout import Layout, cut_off, sniff
from audit.ingest.masking import masked
from audit.ingest.merge import one_call_once
from audit.ingest.reading import UNREADABLE, Reading
from audit.ingest.recognise import EMPTY, recognise
from audit.records import CALL_COLUMNS, AuditError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from audit.engine.duckdb import Engine
    from audit.formatbook import Format

TEXTS_KEPT = 1_000
_NAMES = ", ".join(column.name for column in CALL_COLUMNS)
_REJECT_SHAPE = {"line": "BIGINT", "reason": "VARCHAR", "text": "VARCHAR"}


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one file. ``calls`` is what it added to the store; ``reason`` says why it was not read."""

    path: Path
    format: str | None
    calls: int
    rejected: int
    reason: str = ""
    known: bool = False

    @property
    def unread(self) -> bool:
        """Whether there was something in the file that nobody could read."""
        return self.format is None and not self.known and self.reason != EMPTY


def ingest(
    engine: Engine,
    files: Iterable[Path],
    formats: Mapping[str, Format],
    *,
    keep_prompts: bool = False,
    told: Callable[[Receipt], None] = lambda _: None,
) -> list[Receipt]:
    """Read files into the store, one transaction a file; ``told`` hears of each as it is done."""
    receipts = []
    _forget_vanished(engine)
    with tempfile.TemporaryDirectory(prefix="audit-") as work:
        for path in files:
            try:
                receipt = _ingest_one(engine, path, formats, Path(work), keep_prompts=keep_prompts)
            except AuditError as error:  # one file that cannot be read must not keep the others out
                receipt = Receipt(path, None, 0, 0, str(error))
            told(receipt)
            receipts.append(receipt)
    return receipts


def _forget_vanished(engine: Engine) -> None:
    """A file that gave no call and is gone need not be spoken of for ever."""
    for file_id, path in engine.rows("SELECT file_id, path FROM store.files WHERE calls = 0"):
        if not Path(path).exists():
            with engine.transaction():
                engine.run("DELETE FROM store.rejects WHERE file_id = $id", {"id": file_id})
                engine.run("DELETE FROM store.files WHERE file_id = $id", {"id": file_id})


def _ingest_one(
    engine: Engine, path: Path, formats: Mapping[str, Format], work: Path, *, keep_prompts: bool
) -> Receipt:
    layout = sniff(path)
    with ThreadPoolExecutor(1) as beside:
        digest = beside.submit(_sha256, path)
        size = path.stat().st_size
        # Only a file of a size seen before can be one read before: only then must the digest be waited for.
        if engine.rows("SELECT 1 FROM store.files WHERE bytes = $size LIMIT 1", {"size": size}):
            seen = engine.rows(
                "SELECT format FROM store.files WHERE sha256 = $sha AND (format IS NOT NULL OR bytes = 0)",
                {"sha": digest.result()},
            )
            if seen:
                return Receipt(path, seen[0][0], 0, 0, "already read", known=True)
        recognition = recognise(path, layout, formats, engine)
        original = None
        if recognition.format is not None:
            original = Reading(recognition.format, path, layout, recognition.columns)
        step = _Step(engine, path, recognition.reason, original, digest.result, size, keep_prompts=keep_prompts)
        if original is None:
            return step.enter(None)
        try:
            return step.enter(original if layout.clean else _rewritten(original, work))
        except EngineError as first:
            # The engine gives up on a whole file for one fault in an array or an archive: the good records are kept.
            if layout.container != "parquet":
                with suppress(EngineError):
                    return step.enter(_rewritten(original, work))
            raise AuditError(f"{path}: cannot be read: {first}") from None


@dataclass(frozen=True, slots=True)
class _Step:
    """One file's way into the store: one transaction, with the file's own row in it."""

    engine: Engine
    path: Path
    reason: str
    original: Reading | None
    digest: Callable[[], str]
    size: int
    keep_prompts: bool

    def enter(self, reading: Reading | None) -> Receipt:
        engine = self.engine
        with engine.transaction():
            (file_id,) = engine.row("SELECT coalesce(max(file_id), 0) + 1 FROM store.files")
            receipt = Receipt(self.path, None, 0, 0, self.reason)
            if reading is not None and self.original is not None:
                engine.run(
                    f"INSERT INTO store.calls SELECT {_NAMES}, {file_id}, problem FROM ({reading.calls})"
                )
                rejected = _rejects(engine, reading, self.original, file_id, keep_prompts=self.keep_prompts)
                calls = one_call_once(engine, file_id)
                receipt = Receipt(self.path, reading.format.name, calls, rejected)
            _enter(engine, receipt, file_id, self.digest(), self.size)
        return receipt


def _enter(engine: Engine, receipt: Receipt, file_id: int, sha256: str, size: int) -> None:
    """The file's own row: with it the file counts as read."""
    engine.run("DELETE FROM store.files WHERE sha256 = $sha", {"sha": sha256})
    engine.run(
        "INSERT INTO store.files SELECT $id, $path, $sha, $size, $format, $reason, $calls, $rejected, "
        "min(started_at), max(started_at) FROM store.calls WHERE file_id = $id",
        {
            "id": file_id,
            "path": str(receipt.path),
            "sha": sha256,
            "size": size,
            "format": receipt.format,
            "reason": receipt.reason,
            "calls": receipt.calls,
            "rejected": receipt.rejected,
        },
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _rewritten(reading: Reading, work: Path) -> Reading:
    """The same records one a line in UTF-8, in a copy that lasts as long as the ingest."""
    target = work / "records"
    lines.rewrite(reading.path, reading.layout, target)
    container = "csv" if reading.layout.container == "csv" else "lines"
    return replace(reading, path=target, layout=Layout("plain", "utf-8", container, clean=True))


def _rejects(engine: Engine, reading: Reading, original: Reading, file_id: int, *, keep_prompts: bool) -> int:
    """Move what could not be read to the rejects, with line, reason and text; returns how many there are."""
    found: list[dict[str, object]] = []
    (bad,) = engine.row(
        "SELECT count(*) FROM store.calls WHERE file_id = $id AND problem IS NOT NULL", {"id": file_id}
    )
    if bad:
        engine.run("DELETE FROM store.calls WHERE file_id = $id AND problem IS NOT NULL", {"id": file_id})
        problems = dict(
            engine.rows(f"SELECT record, problem FROM ({reading.calls}) WHERE problem IS NOT NULL ORDER BY record")
        )
        found += _placed(problems, original, keep_prompts=keep_prompts)
    if original.layout.container == "csv":
        found = _csv_rejects(engine, found, keep_prompts=keep_prompts)
    # The engine raises at a cut in gzip, and reads on past one in zstd.
    doubtful = reading is not original or original.layout.packing == "zst"
    if doubtful and cut_off(original.path, original.layout.packing):
        found.append({"line": None, "reason": "the archive is cut off: what came before its end was read"})
    if found:
        engine.load("reject", _REJECT_SHAPE, found)
        # A line is told once, however often its file has grown or been rotated since.
        engine.run(
            "INSERT INTO store.rejects SELECT $id, line, reason, text FROM reject ANTI JOIN store.rejects "
            "USING (line, reason, text)",
            {"id": file_id},
        )
    return len(found)


def _placed(problems: Mapping[int, str], original: Reading, *, keep_prompts: bool) -> list[dict[str, object]]:
    """The bad records with line and text, found again in the file by their number."""
    if original.layout.container in ("csv", "parquet"):
        return [{"line": number, "reason": reason, "text": None} for number, reason in problems.items()]
    placed: list[dict[str, object]] = []
    for number, (line, text) in enumerate(lines.records(original.path, original.layout), start=1):
        problem = problems.get(number)
        if problem is None:
            continue
        reason = _why(text) if problem == UNREADABLE else problem
        kept = masked(text, keep_prompts=keep_prompts) if len(placed) < TEXTS_KEPT else None
        placed.append({"line": line, "reason": reason, "text": kept})
    return placed


def _why(text: str) -> str:
    """Why the engine saw nothing in a record."""
    try:
        value = json.loads(text)
    except ValueError as error:
        return f"not valid JSON: {str(error).split(': line', 1)[0].split(' (char', 1)[0]}"
    except RecursionError:
        return "not valid JSON: nested too deep"
    if not isinstance(value, dict):
        return "a JSON value where an object was expected"
    return "no field of this format, or one of another shape than the format states"


def _csv_rejects(
    engine: Engine, found: list[dict[str, object]], *, keep_prompts: bool
) -> list[dict[str, object]]:
    """The table's own rejects with those found by row number, which is made a line number by them."""
    rows = engine.rows(
        "SELECT line, any_value(error_message), any_value(csv_line) FROM reject_errors GROUP BY line ORDER BY line"
    )
    for table in ("reject_errors", "reject_scans"):
        engine.run(f"DROP TABLE IF EXISTS {table}")
    for reject in found:
        line = int(str(reject["line"])) + 1
        for skipped, *_ in rows:
            line += skipped <= line
        reject["line"] = line
    return found + [
        {
            "line": line,
            "reason": f"not a row of this table: {message}",
            "text": masked(text or "", keep_prompts=keep_prompts),
        }
        for line, message, text in rows
    ]
