"""The SQL that reads files of one format: the log's fields as text, typed with a named problem, then the SELECT."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.formatsql import COLUMNS
from audit.ingest.fields import Finder, name, quoted
from audit.ingest.values import ASKS, kept, present, problems, typed
from audit.records import HASH, MONEY, TEXT, TEXTS, Column

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from audit.formatbook import Format
    from audit.ingest.layout import Layout

# The largest line that is read; a longer one is rejected with its place. The engine keeps buffers of twice that, and is
# the faster for it; where the settings grant it little memory, it must do with less.
OBJECT_BYTES = 1 << 27
THRIFTY_BYTES = 1 << 24
TABLE_LINE_BYTES = 1 << 24
TOGETHER = "together"

UNITS = ("web_searches", "images", "audio_ms", "characters", "pages", "search_units")
_UNFIT = {
    "calls": """CASE
  WHEN call_id IS NULL THEN 'the call has no id'
  WHEN started_at IS NULL THEN 'the call has no start'
  WHEN year(started_at) NOT BETWEEN 2015 AND 2100 THEN 'its start lies outside 2015 to 2100'
END""",
    "bills": """CASE
  WHEN period_start IS NULL THEN 'the line has no period'
  WHEN year(period_start) NOT BETWEEN 2015 AND 2100 THEN 'its period lies outside 2015 to 2100'
END""",
}
# A bill's line is known by what it is about: a later report of the same period replaces what it says.
_ABOUT = (
    "source, provider, period_start, period_end, operation, model, service_tier, project, sub_account, user_id, "
    "api_key, line_item, unit"
)


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file is read, or many files of one layout: the format, where the bytes lie, and as what.

    ``path`` of many files is a pattern of links that are named by the files' ids, and ``file_id`` is None then. The
    rows of a database are a ``relation`` of the engine's. ``apart`` says that torn lines were taken apart in the
    copy that is read.
    """

    format: Format
    path: Path
    layout: Layout
    columns: tuple[str, ...] = ()
    file_id: int | None = 0
    apart: bool = False
    object_bytes: int = OBJECT_BYTES
    keep_prompts: bool = False
    relation: str = ""

    @property
    def stored(self) -> str:
        """What follows INSERT INTO a store's table: columns go by name, since one that was brought up has them last."""
        names = ", ".join(column.name for column in COLUMNS[self.format.kind])
        return f"({names}, file_id, problem) SELECT {names}, file, problem FROM ({self.rows})"

    @property
    def rows(self) -> str:
        """One row a statement of a call or a bill, with every column, ``record``, ``file`` and ``problem``."""
        given = set(self.format.columns)
        columns = ",\n".join(f"{self._cast(column, given)} AS {column.name}" for column in COLUMNS[self.format.kind])
        tests = " ".join((*self._too_large(given), *self._no_unit(given)))
        unfit = _UNFIT[self.format.kind].replace("CASE", f"CASE {tests}", 1)
        # Of a call that is stated again the last statement holds: a window gives the rows back in its own order.
        order = "\nORDER BY file, record" if self.format.looks_back else ""
        return (
            f"WITH records AS ({self._records}), shaped AS ({self.format.select})\n"
            f"SELECT {columns},\nrecord, file, coalesce(problem, {unfit}) AS problem\nFROM shaped{order}"
        )

    def _cast(self, column: Column, given: set[str]) -> str:
        named, kind, composed = column.name, column.type, column.name in self.format.composed
        if named == "source":
            source = quoted(self.format.source)
            return f"coalesce({kept(named, kind, composed=composed)}, {source})" if named in given else source
        if named == "bill_id" and named not in given:
            about = ", ".join(part for part in _ABOUT.split(", ") if part in given)
            return f"md5(ROW({about})::VARCHAR)"
        if named not in given or (named == "prompt" and not self.keep_prompts):
            return f"NULL::{kind}"
        if kind == HASH:
            # A fingerprint of 32 hexadecimal digits is kept as it is; any other text is fingerprinted again.
            return f"coalesce(try_cast({named} AS UUID), md5({named})::UUID)"
        if kind in (TEXT, TEXTS):
            return kept(named, kind, composed=composed)
        return f"try_cast({named} AS {kind})"

    def _too_large(self, given: set[str]) -> Iterator[str]:
        """Money beyond what is ever paid for a call is no money."""
        for column in COLUMNS[self.format.kind]:
            if column.type == MONEY and column.name in given:
                beyond = f"{column.name} IS NOT NULL AND try_cast({column.name} AS {MONEY}) IS NULL"
                yield f"WHEN {beyond} THEN '{column.name}: not an amount of money'"

    def _no_unit(self, given: set[str]) -> Iterator[str]:
        """A call's quantity in a unit that nothing is sold by could never be priced."""
        if self.format.kind == "calls" and "unit" in given:
            reason = f"unit: none of {', '.join(UNITS)}"
            yield f"WHEN unit NOT IN ({', '.join(map(quoted, UNITS))}) THEN {quoted(reason)}"

    @property
    def _records(self) -> str:
        """The log's fields, typed. Three steps, so that the engine casts each field once: text, value, verdict."""
        fields = self.format.fields
        finder = Finder(self.format, self.layout.container, self.columns)
        text = ", ".join(f"{present(finder.text(one), one)} AS r_{one.name}" for one in fields)
        value = ", ".join(f"{typed(one)} AS {name(one.name)}" for one in fields)
        raw = "".join(f"r_{one.name}, " for one in fields if one.type in ASKS)
        names = ", ".join(name(one.name) for one in fields)
        if self.file_id is None:
            source = f"SELECT *, row_number() OVER () AS record FROM {TOGETHER}"
        else:
            source = (
                f"SELECT *, row_number() OVER () AS record, {self.file_id}::INTEGER AS file FROM {self._source(finder)}"
            )
        if finder.whole:
            source = finder.unfolded(source)
        return (
            f"SELECT {names}, record, file, {problems(fields)} AS problem\n"
            f"FROM (SELECT {value}, {raw}record, file\n"
            f"FROM (SELECT {text}, record, file\nFROM ({finder.prepared(source)})))"
        )

    @property
    def gathered(self) -> str:
        """Many files' fields as they lie, in one table: typed a file at a time they would cost ten times as much."""
        source = self._source(Finder(self.format, self.layout.container, self.columns))
        return (
            f"CREATE OR REPLACE TEMP TABLE {TOGETHER} AS "
            f"SELECT * EXCLUDE (filename), parse_filename(filename)::INTEGER AS file FROM {source}"
        )

    def _source(self, finder: Finder) -> str:
        container, path = self.layout.container, quoted(str(self.path))
        if container == "table":
            return self.relation
        if container == "parquet":
            return f"read_parquet({path})"
        packing = {"plain": "none", "gz": "gzip", "zst": "zstd"}[self.layout.packing]
        shared = f"compression='{packing}', filename={'true' if self.file_id is None else 'false'}"
        if container == "csv":
            # Columns go by their number: two may share a name. The table's first fault ends the reading.
            columns = ", ".join(f"c{number}: 'VARCHAR'" for number in range(len(self.columns)))
            return (
                f"read_csv({path}, header=true, auto_detect=false, columns={{{columns}}}, "
                f"delim={quoted(self.layout.delimiter)}, quote='\"', escape='\"', {shared}, "
                f"null_padding=false, max_line_size={TABLE_LINE_BYTES})"
            )
        layout = {"array": "array", "objects": "unstructured"}.get(container, "newline_delimited")
        shared += (
            f", format='{layout}', ignore_errors={'true' if layout == 'newline_delimited' else 'false'}, "
            f"maximum_object_size={self.object_bytes}"
        )
        if finder.whole:
            return f"read_json_objects({path}, {shared})"
        shape = ", ".join(f"{name(top)}: {quoted(kind)}" for top, kind in finder.shape.items())
        return f"read_json({path}, records=true, {shared}, columns={{{shape}}})"
