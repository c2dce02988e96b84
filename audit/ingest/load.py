"""Logs into the store: each file wholly or not at all, each call once, each unreadable line with its place."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from audit.engine.duckdb import EngineError
from audit.ingest import lines, rejects
from audit.ingest.layout import Layout, sniff
from audit.ingest.merge import one_call_once
from audit.ingest.reading import THRIFTY_BYTES, Reading
from audit.ingest.recognise import EMPTY, recognise
from audit.ingest.rejects import TornError
from audit.records import CALL_COLUMNS, AuditError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from audit.engine.duckdb import Engine
    from audit.formatbook import Format

_NAMES = ", ".join(column.name for column in CALL_COLUMNS)
# The engine takes a path for a pattern: any other than a plain one is read through a link with a plain name.
_PLAIN_PATH = re.compile(r"/[A-Za-z0-9_./+@=-]*")


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
    """Read files into the store, each wholly or not at all; ``told`` hears of each as it is done."""
    receipts = []
    _forget_half_read(engine)
    _forget_vanished(engine)
    with tempfile.TemporaryDirectory(prefix="audit-") as work:
        for path in files:
            try:
                receipt = _ingest_one(engine, path, formats, Path(work), keep_prompts=keep_prompts)
            except AuditError as error:  # one file that cannot be read must not keep the others out
                receipt = Receipt(path, None, 0, 0, str(error))
            except OSError as error:
                receipt = Receipt(path, None, 0, 0, f"{path}: cannot be read: {error.strerror or error}")
            if receipt.unread:
                _note_unread(engine, receipt)
            told(receipt)
            receipts.append(receipt)
    return receipts


def _unread_mark(path: Path) -> str:
    """What stands for the digest of a file whose content nobody could read."""
    return f"unread {_text(path)}"


def _note_unread(engine: Engine, receipt: Receipt) -> None:
    """Keep in mind what was not read and why, until it is read or gone: the month's report must say so."""
    path = _text(receipt.path)
    with engine.transaction():
        engine.run("DELETE FROM store.files WHERE format IS NULL AND path = $path", {"path": path})
        engine.run(
            "INSERT INTO store.files SELECT coalesce(max(file_id), 0) + 1, $path, $mark, NULL, NULL, $reason, 0, 0, "
            "NULL, NULL FROM store.files",
            {"path": path, "mark": _unread_mark(receipt.path), "reason": receipt.reason},
        )


def _forget_half_read(engine: Engine) -> None:
    """Calls of a file that has no row: whoever read it was killed before it was done."""
    engine.run("DELETE FROM store.calls WHERE file_id NOT IN (SELECT file_id FROM store.files)")


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
    before = path.stat()
    with ThreadPoolExecutor(1) as beside:
        digest = beside.submit(_sha256, path, before.st_size)
        # Only a file of a size seen before can be one read before: only then must the digest be waited for.
        if engine.rows("SELECT 1 FROM store.files WHERE bytes = $size LIMIT 1", {"size": before.st_size}):
            seen = engine.rows(
                "SELECT format FROM store.files WHERE sha256 = $sha AND (format IS NOT NULL OR bytes = 0)",
                {"sha": digest.result()},
            )
            if seen:
                engine.run("DELETE FROM store.files WHERE sha256 = $mark", {"mark": _unread_mark(path)})
                return Receipt(path, seen[0][0], 0, 0, "already read", known=True)
        readable = _plainly_named(path, work)
        recognition = recognise(readable, layout, formats, engine)
        original = None
        if recognition.format is not None:
            original = Reading(recognition.format, readable, layout, recognition.columns)
        step = _Step(engine, path, before, recognition.reason, original, digest.result, keep_prompts=keep_prompts)
        return step.enter(None) if original is None else _entered(step, original, work)


def _entered(step: _Step, original: Reading, work: Path) -> Receipt:
    """Read the file as it lies where the engine can; else, or where that would lose records, a copy in order."""
    try:
        return step.enter(original if original.layout.clean else _rewritten(original, work))
    except TornError:
        return step.enter(_rewritten(original, work, apart=True))
    except EngineError as first:
        if "Out of Memory" in str(first) and original.object_bytes > THRIFTY_BYTES:
            thrifty = replace(original, object_bytes=THRIFTY_BYTES)
            return _entered(replace(step, original=thrifty), thrifty, work)
        # The engine gives up on a whole file for one fault in an array or an archive: the good records are kept.
        if original.layout.container != "parquet":
            with suppress(EngineError):
                return step.enter(_rewritten(original, work, apart=True))
        # After its first sentence the engine may quote the file.
        said = re.split(r"Original Line|Possible fixes|LINE \d", str(first))[0][:300].strip()
        raise AuditError(f"{step.path}: cannot be read: {said}") from None


@dataclass(frozen=True, slots=True)
class _Step:
    """One file's way into the store: one transaction, with the file's own row in it."""

    engine: Engine
    path: Path
    before: os.stat_result
    reason: str
    original: Reading | None
    digest: Callable[[], str]
    keep_prompts: bool

    def enter(self, reading: Reading | None) -> Receipt:
        """Read the file and write its row, by which it counts as read."""
        engine = self.engine
        (file_id,) = engine.row("SELECT coalesce(max(file_id), 0) + 1 FROM store.files")
        try:
            if reading is not None:
                # Written for good first: rows of a transaction's own are no ground for the deletes that follow, which
                # have crashed DuckDB 2.0 and spoilt columns. Until the file has its row, its calls are half_read.
                engine.run(f"INSERT INTO store.calls SELECT {_NAMES}, {file_id}, problem FROM ({reading.calls})")
            with engine.transaction():
                receipt = self._settled(reading, file_id)
                self._check_unchanged()
                _enter(engine, receipt, file_id, self.digest(), self.before.st_size)
        except BaseException:
            engine.run("DELETE FROM store.calls WHERE file_id = $id", {"id": file_id})
            raise
        return receipt

    def _settled(self, reading: Reading | None, file_id: int) -> Receipt:
        """The file's calls, each once, and its rejects, each in its place."""
        if reading is None or self.original is None:
            return Receipt(self.path, None, 0, 0, self.reason)
        found = rejects.taken_out(self.engine, reading, self.original, file_id, keep_prompts=self.keep_prompts)
        calls = one_call_once(self.engine, file_id)
        rejected = rejects.told(self.engine, found, file_id, _text(self.path))
        return Receipt(self.path, reading.format.name, calls, rejected)

    def _check_unchanged(self) -> None:
        """A file that grew counts as read up to where it ended before; any other change spoils what was read."""
        now = self.path.stat()
        same = (now.st_dev, now.st_ino) == (self.before.st_dev, self.before.st_ino)
        grew = now.st_size > self.before.st_size
        if not same or not (grew or (now.st_size, now.st_mtime_ns) == (self.before.st_size, self.before.st_mtime_ns)):
            raise AuditError(f"{self.path}: it changed while it was read; run again to read it")


def _enter(engine: Engine, receipt: Receipt, file_id: int, sha256: str, size: int) -> None:
    """The file's own row: with it the file counts as read."""
    engine.run(
        "DELETE FROM store.files WHERE sha256 = $sha OR (format IS NULL AND path = $path)",
        {"sha": sha256, "path": _text(receipt.path)},
    )
    engine.run(
        "INSERT INTO store.files SELECT $id, $path, $sha, $size, $format, $reason, $calls, $rejected, "
        "min(started_at), max(started_at) FROM store.calls WHERE file_id = $id",
        {
            "id": file_id,
            "path": _text(receipt.path),
            "sha": sha256,
            "size": size,
            "format": receipt.format,
            "reason": receipt.reason,
            "calls": receipt.calls,
            "rejected": receipt.rejected,
        },
    )


def _text(path: Path) -> str:
    """A path for people and for the store; a byte of it that is no UTF-8 is replaced."""
    return os.fsencode(path).decode("utf-8", "replace")


def _sha256(path: Path, size: int) -> str:
    """The digest of a file's first bytes: what is appended while it is read belongs to the next time."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while size > 0 and (block := stream.read(min(1 << 20, size))):
            digest.update(block)
            size -= len(block)
    return digest.hexdigest()


def _plainly_named(path: Path, work: Path) -> Path:
    if _PLAIN_PATH.fullmatch(str(path)):
        return path
    link = work / "log"
    link.unlink(missing_ok=True)
    link.symlink_to(path)
    return link


def _rewritten(reading: Reading, work: Path, *, apart: bool = False) -> Reading:
    """The same records one a line in UTF-8, in a copy that lasts as long as the ingest."""
    target = work / "records"
    lines.rewrite(reading.path, reading.layout, target, reading.format.knows if apart else None)
    layout = Layout("plain", "utf-8", "lines", clean=True)
    return replace(reading, path=target, layout=layout, apart=apart)
