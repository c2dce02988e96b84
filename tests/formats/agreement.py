"""The same calls in every format, read into one store together, priced and judged as a month's audit does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from audit import formatbook, inspection, places, redline, rulebook, window
from audit.engine.store import open_store
from audit.ingest.load import ingest
from audit.records import CALL_COLUMNS, Month
from audit.report import coverage, quality
from audit.settings import Settings
from tests.simulator.writers.native_logs import BASE
from tests.simulator.writers.scene import scene
from tests.simulator.writers.sent import in_log

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from decimal import Decimal
    from pathlib import Path

    from audit.report.content import Quality
    from audit.rulebook import Rule
    from tests.simulator.writers.sent import Row, Sent
    from tests.simulator.writers.writer import Writer

OCTOBER = Month(2026, 10)
# What a server that names no model serves is for the settings to say.
SETTINGS: dict[str, Any] = {
    "company": {"timezone": "UTC"},
    "formats": {"sglang": {"model": "house-7b", "served_by": "inhouse"}},
}


@dataclass(frozen=True)
class Log:
    """What one writer wrote and the audit read: the calls by their origin, in the log's own words and as read."""

    writer: Writer
    sent: dict[str, Sent]
    formats: frozenset[str | None]
    rejected: int
    read: dict[str, Row]
    strangers: tuple[str, ...]
    costs: dict[str, Decimal | None]
    flags: dict[str, frozenset[str]]
    sources: frozenset[str]


@dataclass(frozen=True)
class Audited:
    """All logs of one month."""

    logs: dict[str, Log]
    rules: tuple[Rule, ...]
    gaps: frozenset[tuple[str, str]]
    quality: Quality
    linked: int

    @property
    def base(self) -> Log:
        """The native log."""
        return self.logs[BASE]


def audited(folder: Path, writers: Iterable[Writer]) -> Audited:
    """Write the scene in every format, read all of it with all formats at once, and audit it."""
    calls = scene()
    sent = {writer.name: [in_log(call, writer.name) for call in calls if writer.takes(call)] for writer in writers}
    paths: dict[Path, str] = {}
    for writer in writers:
        for name, content in writer.files(sent[writer.name]).items():
            path = folder / writer.name / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            paths[path] = writer.name
    settings = Settings.model_validate(SETTINGS)
    rules, _ = rulebook.load([places.rules()], {})
    formats = formatbook.load([places.formats()], settings.formats)
    with open_store(folder / "audit.duckdb", settings) as engine:
        receipts = ingest(engine, list(paths), formats)
        owners = redline.owners(settings, OCTOBER)
        span = window.build(engine, settings, OCTOBER, owners, 7)
        seen = inspection.inspect(engine, rules, [], span, seconds=60, language="en")
        assert not seen.failures
        measured = coverage.measure(engine, span, rules)
        told = quality.assess(engine, settings, span, (), not_assessed=measured.not_assessed)
        names = ", ".join(f"c.{column.name}" for column in CALL_COLUMNS)
        rows = engine.frame(
            f"SELECT {names}, f.path, p.cost FROM store.calls c JOIN store.files f USING (file_id) "
            "LEFT JOIN priced p USING (source, call_id)"
        ).to_dicts()
        flags = engine.rows("SELECT rule, call_id FROM credited")
        (linked,) = engine.row("SELECT count(*) FROM store.statements")
    by_writer: dict[str, list[Row]] = {writer.name: [] for writer in writers}
    for row in rows:
        by_writer[next(name for path, name in paths.items() if str(path) == row["path"])].append(row)
    logs = {
        writer.name: _log(
            writer,
            sent[writer.name],
            by_writer[writer.name],
            flags,
            [receipt for receipt in receipts if paths[receipt.path] == writer.name],  # type: ignore[index]
        )
        for writer in writers
    }
    gaps = frozenset((gap.rule, gap.source) for gap in measured.not_assessed)
    return Audited(logs, tuple(rules), gaps, told, linked)


def _log(writer: Writer, sent: list[Sent], rows: list[Row], flags: list[tuple[Any, ...]], receipts: list[Any]) -> Log:
    origins = {writer.call_id(call): call.origin for call in sent}
    return Log(
        writer=writer,
        sent={call.origin: call for call in sent},
        formats=frozenset(receipt.format for receipt in receipts),
        rejected=sum(receipt.rejected for receipt in receipts),
        read={origins[row["call_id"]]: row for row in rows if row["call_id"] in origins},
        strangers=tuple(row["call_id"] for row in rows if row["call_id"] not in origins),
        costs={origins[row["call_id"]]: row["cost"] for row in rows if row["call_id"] in origins},
        flags=_flags(origins, flags),
        sources=frozenset(row["source"] for row in rows),
    )


def _flags(origins: Mapping[str, str], flags: list[tuple[Any, ...]]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for rule, call_id in flags:
        if call_id in origins:
            found.setdefault(rule, set()).add(origins[call_id])
    return {rule: frozenset(calls) for rule, calls in found.items()}
