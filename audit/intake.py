"""Logs into the store, as the settings say where and how."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from audit import formatbook, places
from audit.ingest import again, objects
from audit.ingest.find import ENDINGS, files
from audit.ingest.link import link, unlink_gone
from audit.ingest.load import ingest
from audit.ingest.registry import text_of
from audit.ingest.rejects import CUT_OFF

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from audit.engine.duckdb import Engine
    from audit.ingest.objects import Object
    from audit.ingest.receipt import Receipt
    from audit.ingest.registry import Place
    from audit.rulebook import Rule
    from audit.settings import Settings


class Told(Protocol):
    """Who hears of a run's progress."""

    def file(self, receipt: Receipt) -> None:
        """A file has been read, or not."""

    def files(self, size: int) -> None:
        """So many bytes will be read."""

    def begins(self, size: int, share: Callable[[], float]) -> None:
        """A file of so many bytes is read now; ``share`` tells how far it is, from 0 to 1."""

    def rule(self, rule: Rule) -> None:
        """A rule begins."""


class Silence:
    """Hears nothing, as cron wants it."""

    def file(self, receipt: Receipt) -> None:
        """Nothing."""

    def files(self, size: int) -> None:
        """Nothing."""

    def begins(self, size: int, share: Callable[[], float]) -> None:
        """Nothing."""

    def rule(self, rule: Rule) -> None:
        """Nothing."""


def take_in(engine: Engine, settings: Settings, logs: list[Place], told: Told) -> list[Receipt]:
    """logs --formats--> calls: read what was not read before into the store."""
    formats = formatbook.load([places.formats(), *settings.paths.formats], settings.formats)
    found = _meant(logs, apart_from=[settings.paths.store, *([settings.revenue_csv] if settings.revenue_csv else [])])
    told.files(sum(place.stat().st_size if isinstance(place, Path) else place.bytes for place in found))
    receipts = ingest(
        engine, found, formats, keep_prompts=settings.logs.keep_prompts, told=told.file, begins=told.begins
    )
    if settings.databases:
        from audit.ingest.tables import read_tables  # noqa: PLC0415  # Polars, which only those pay for who need it

        receipts += read_tables(
            engine, settings.databases, formats, keep_prompts=settings.logs.keep_prompts, told=told.file
        )
    link(engine)
    return receipts


def _meant(logs: list[Place], apart_from: list[Path]) -> list[Path | Object]:
    """The files and objects that some places mean."""
    found: list[Path | Object] = [*files([place for place in logs if isinstance(place, Path)], apart_from=apart_from)]
    for place in logs:
        if isinstance(place, str):
            found += objects.find(place)
    return found


def summary(receipts: list[Receipt], passed_over: int = 0) -> str:
    """What an ingest did, in a sentence; ``passed_over`` are files of a folder that were not looked at."""
    read = [receipt for receipt in receipts if receipt.format and not receipt.known]
    lines = [sum(receipt.calls for receipt in read if receipt.kind == kind) for kind in ("calls", "bills")]
    said = [
        f"{_some(len(read), 'file')} read: {_some(lines[0], 'call')}"
        + (f", {_some(lines[1], 'line')} of bills" if lines[1] else "")
        + f", {_some(sum(receipt.rejected for receipt in read), 'line')} rejected",
        f"{_some(sum(receipt.known for receipt in receipts), 'file')} read before",
    ]
    if passed_over:
        passed = _some(passed_over, "file")
        said.append(f"{passed} passed over, whose names do not end as a log's does ({', '.join(ENDINGS)})")
    anew = sum(receipt.rewritten for receipt in receipts)
    if anew:
        said.append(f"{_some(anew, 'file')} held something else before and {'was' if anew == 1 else 'were'} read anew")
    return "; ".join(said)


def _some(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def why_nothing(engine: Engine, receipts: list[Receipt]) -> str:
    """Why no call came of the logs that were named, and what to do."""
    if not receipts:
        return "name logs with --logs, or under [paths] logs or [[databases]] in the settings"
    said = [receipt.complaint for receipt in receipts if receipt.unread]
    said += complaints(engine, [receipt for receipt in receipts if receipt.rejected])
    return "\n".join(["the logs that were read hold none", *said])


def doubtful(engine: Engine, receipts: list[Receipt], share: Decimal) -> list[Receipt]:
    """The files read now of which more lines than a share could not be read, or whose end is missing."""
    rows = engine.rows(
        "SELECT DISTINCT f.path FROM store.rejects JOIN store.files f USING (file_id) WHERE rejects.reason = $reason",
        {"reason": CUT_OFF},
    )
    cut = {path for (path,) in rows}
    return [
        receipt
        for receipt in receipts
        if receipt.rejected > share * (receipt.calls + receipt.rejected)
        or (receipt.rejected and text_of(receipt.path) in cut)
    ]


def complaints(engine: Engine, receipts: list[Receipt]) -> list[str]:
    """A sentence a file that had lines nobody could read, with the first of them."""
    said = []
    for receipt in receipts:
        first = engine.rows(
            "SELECT r.line, r.reason FROM store.rejects r JOIN store.files f USING (file_id) WHERE f.path = $path "
            "ORDER BY f.file_id DESC, r.line NULLS FIRST LIMIT 1",
            {"path": str(receipt.path)},
        )
        line = f"line {first[0][0]}: " if first and first[0][0] else ""
        place = f"; {line}{first[0][1]}" if first else ""
        said.append(f"{receipt.path}: {_some(receipt.rejected, 'line')} could not be read{place}")
    return said


def forget(engine: Engine, logs: list[Place]) -> None:
    """Let the store forget what some files hold, so that it is read again, by a mended format for one.

    What a file held before, and holds no more, could not be read again: it stays.
    """
    for found in _meant(logs, apart_from=[]):
        held = again.held(engine, found)
        with engine.transaction():
            for table in ("calls", "bills", "rejects", "files", "seen"):
                engine.run(f"DELETE FROM store.{table} WHERE list_contains($held, file_id)", {"held": held})
    unlink_gone(engine)
