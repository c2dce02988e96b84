"""Some of a table's rows on their way into the store: there with the note of how far they reach, or not at all."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from audit.ingest.content import Content
from audit.ingest.fields import name, quoted
from audit.ingest.layout import Layout
from audit.ingest.masking import RAW_KEY, VALUE_LIMIT
from audit.ingest.merge import one_call_once
from audit.ingest.reading import Reading
from audit.ingest.registry import Entry, Registry
from audit.ingest.values import UNREADABLE
from audit.records import CALL_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

    from audit.engine.duckdb import Engine
    from audit.formatbook import Format

_LAYOUT = Layout("plain", "", "table", clean=True)
_IN_HAND = "rows_in_hand"
_SAME = " AND ".join(f"n.{column.name} IS NOT DISTINCT FROM o.{column.name}" for column in CALL_COLUMNS)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a table's rows go to, and as what they are read.

    ``columns`` are the rows' own, in order; the first tells a row from the others. ``again`` says that some of the
    rows may have been read before.
    """

    engine: Engine
    registry: Registry
    place: str
    form: Format
    columns: tuple[str, ...]
    again: bool
    keep_prompts: bool


@dataclass
class Chunk:
    """Rows that are committed together; until then they count as half read."""

    target: Target
    rows: int = 0
    _rejects: list[tuple[str, str]] = field(default_factory=list)

    def add(self, frame: pl.DataFrame) -> None:
        """Store some rows, and lay the unreadable ones by."""
        target, engine, file = self.target, self.target.engine, self._file
        self.rows += frame.height
        reading = Reading(
            target.form, Path(target.place), _LAYOUT, target.columns, file_id=file["id"],
            keep_prompts=target.keep_prompts, relation=_IN_HAND,
        )  # fmt: skip
        bad = "FROM store.calls WHERE file_id = $id AND problem IS NOT NULL"
        found: list[tuple[str, str]] = []
        with engine.scanning(_IN_HAND, frame):
            engine.run(f"INSERT INTO store.calls {reading.stored}")
            if engine.row(f"SELECT count(*) {bad}", file)[0]:
                found = [(str(reason), str(place)) for reason, place in engine.rows(self._problems(reading))]
                engine.run(f"DELETE {bad}", file)
            self._rejects += self._not_told(found) if target.again else found

    def commit(self, note: Callable[[], None]) -> tuple[int, int]:
        """Settle what was stored, and note how far it reaches; returns the calls gained and the rows rejected."""
        target, engine, file = self.target, self.target.engine, self._file
        if target.again:
            engine.run(
                "DELETE FROM store.calls WHERE file_id = $id AND rowid IN (SELECT n.rowid FROM store.calls n "
                "JOIN store.calls o ON n.source = o.source AND n.call_id = o.call_id "
                f"WHERE n.file_id = $id AND o.file_id <> $id AND {_SAME})",
                file,
            )
        (stored,) = engine.row("SELECT count(*) FROM store.calls WHERE file_id = $id", file)
        calls, entries = 0, []
        with engine.transaction():
            if stored or self._rejects:
                calls = one_call_once(engine, file["id"], file["id"])[file["id"]]
                engine.run(
                    "INSERT INTO store.rejects SELECT $id, NULL, unnest($reasons), unnest($places)",
                    {
                        **file,
                        "reasons": [reason for reason, _ in self._rejects],
                        "places": [place for _, place in self._rejects],
                    },
                )
                content = Content(f"table {target.place} {file['id']}", 0, {})
                entry = Entry(file["id"], target.place, content, None, target.form.name, "", calls, len(self._rejects))
                entries.append(entry)
                target.registry.enter(entries)
            note()
        target.registry.entered(entries)
        target.registry.next_id += len(entries)
        return calls, len(self._rejects)

    def drop(self) -> None:
        """Leave nothing of what was not committed."""
        self.target.engine.run("DELETE FROM store.calls WHERE file_id = $id", self._file)

    @property
    def _file(self) -> dict[str, int]:
        return {"id": self.target.registry.next_id}

    def _problems(self, reading: Reading) -> str:
        """What is wrong with which row, in words."""
        nothing = "'no column that the format reads holds anything'"
        return (
            f"SELECT CASE problem WHEN '{UNREADABLE}' THEN {nothing} ELSE problem END, place FROM ({reading.rows}) "
            f"JOIN (SELECT row_number() OVER () AS record, {self._place} AS place FROM {_IN_HAND}) USING (record) "
            "WHERE problem IS NOT NULL ORDER BY record"
        )

    @property
    def _place(self) -> str:
        """Which row it is, as the store may keep it."""
        key = self.target.columns[0]
        shown = f"regexp_replace({name(key)}, {quoted(RAW_KEY)}, '<secret>', 'g')"
        length = f"concat('<', length({name(key)}), ' characters>')"
        return (
            f"concat({quoted(f'{key} ')}, CASE WHEN length({name(key)}) > {VALUE_LIMIT} THEN {length} ELSE {shown} END)"
        )

    def _not_told(self, found: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """What was not said before. What was said of rows that are read again, and holds no longer, is forgotten."""
        engine, path = self.target.engine, {"path": self.target.place}
        told_of = "FROM store.rejects WHERE file_id IN (SELECT file_id FROM store.files WHERE path = $path)"
        here = f"{told_of} AND text IN (SELECT {self._place} FROM {_IN_HAND})"
        told = {(str(reason), str(place)) for reason, place in engine.rows(f"SELECT reason, text {here}", path)}
        if gone := told - set(found):
            engine.run(
                f"DELETE {told_of} AND list_contains($gone, concat(reason, chr(31), text))",
                {**path, "gone": [f"{reason}\x1f{place}" for reason, place in gone]},
            )
            engine.run(
                "UPDATE store.files AS f SET rejected = (SELECT count(*) FROM store.rejects r "
                "WHERE r.file_id = f.file_id) WHERE path = $path AND rejected > 0",
                path,
            )
        return [one for one in found if one not in told]
