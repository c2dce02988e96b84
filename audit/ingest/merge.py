"""A call that is stated twice is one call, whatever the order the files come in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.records import CALL_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from audit.engine.duckdb import Engine

# What makes one statement of a call fuller than another. The last resort is the row's own text, so that two
# different statements are ordered the same way whichever came first.
_TOLD = [f"c.{column.name}" for column in CALL_COLUMNS if column.name != "started_at"]
_FULLNESS = (
    f"coalesce(c.output_tokens, -1) DESC, coalesce(c.input_tokens, -1) DESC, "
    f"{' + '.join(f'({name} IS NOT NULL)::TINYINT' for name in _TOLD)} DESC, md5(ROW({', '.join(_TOLD)})::VARCHAR) DESC"
)
_NEW = "file_id BETWEEN $low AND $high"


def one_call_once(
    engine: Engine, low: int, high: int, parts: Mapping[int, Sequence[int]] | None = None
) -> dict[int, int]:
    """Leave one row of each call that some files state; returns the calls that the store gained, by file.

    Within a file its last statement holds; between files the fuller one. The call started at the earliest
    instant that any statement gives. The temporary table ``met`` keeps which other files had stated some before.

    ``parts`` are the earlier parts of a log that grew, by the file that is its rest: together they are one file.
    """
    files = {"low": low, "high": high}
    _within(engine, files)
    engine.run("CREATE OR REPLACE TEMP TABLE met (old_file INTEGER)")
    _in_grown(engine, parts or {})
    gained = dict(
        engine.rows(
            f"SELECT file_id, count(*) FROM store.calls WHERE {_NEW} AND rowid NOT IN (SELECT row FROM again) "
            "GROUP BY file_id",
            files,
        )
    )
    if _meets(engine, files):
        _between(engine, files)
        gained = dict(
            engine.rows(
                "SELECT c.file_id, count(*) FILTER ((s.row IS NULL OR NOT s.old) "
                "AND c.rowid NOT IN (SELECT row FROM again)) FROM store.calls c LEFT JOIN "
                f"(SELECT * FROM stated WHERE place = 1) s ON s.row = c.rowid WHERE c.{_NEW} GROUP BY c.file_id",
                files,
            )
        )
    return {file_id: int(gained.get(file_id, 0)) for file_id in range(low, high + 1)}


def _within(engine: Engine, files: dict[str, int]) -> None:
    # Nearly every file states each call once, which is told in a third of the time it takes to say which ones.
    (over,) = engine.row(
        f"SELECT count(*) - count(DISTINCT hash(file_id, source, call_id)) FROM store.calls WHERE {_NEW}", files
    )
    if not over:
        return
    engine.run(
        "CREATE OR REPLACE TEMP TABLE repeated AS SELECT file_id, source, call_id, max(rowid) AS kept, "
        f"min(started_at) AS started_at FROM store.calls WHERE {_NEW} "
        "GROUP BY file_id, source, call_id HAVING count(*) > 1",
        files,
    )
    engine.run(
        f"DELETE FROM store.calls WHERE {_NEW} AND rowid IN (SELECT c.rowid FROM store.calls c "
        f"JOIN repeated r USING (file_id, source, call_id) WHERE c.{_NEW} AND c.rowid <> r.kept)",
        files,
    )
    engine.run(
        "UPDATE store.calls AS c SET started_at = r.started_at FROM repeated r WHERE c.file_id = r.file_id "
        "AND c.source = r.source AND c.call_id = r.call_id AND c.started_at <> r.started_at"
    )


def _in_grown(engine: Engine, parts: Mapping[int, Sequence[int]]) -> None:
    """The rest of a log states some calls again: it does so later. The table ``again`` keeps which rows these are."""
    engine.run(
        "CREATE OR REPLACE TEMP TABLE again (row BIGINT, old_row BIGINT, old_file INTEGER, started_at TIMESTAMP)"
    )
    for file_id, earlier in parts.items():
        engine.run(
            "INSERT INTO again SELECT n.rowid, o.rowid, o.file_id, o.started_at FROM store.calls n JOIN store.calls o "
            "USING (source, call_id) WHERE n.file_id = $file AND list_contains($earlier, o.file_id)",
            {"file": file_id, "earlier": list(earlier)},
        )
    if not engine.rows("SELECT 1 FROM again LIMIT 1"):
        return
    engine.run("INSERT INTO met SELECT DISTINCT old_file FROM again")
    engine.run(
        "UPDATE store.calls AS c SET started_at = a.started_at FROM again a "
        "WHERE c.rowid = a.row AND a.started_at < c.started_at"
    )
    engine.run("DELETE FROM store.calls WHERE rowid IN (SELECT old_row FROM again)")


def _meets(engine: Engine, files: dict[str, int]) -> bool:
    """Whether a call is stated by several of the files, or by one of them and one that was read before."""
    if files["low"] < files["high"]:
        (over,) = engine.row(
            f"SELECT count(*) - count(DISTINCT hash(source, call_id)) FROM store.calls WHERE {_NEW}", files
        )
        if over:
            return True
    both = (
        f"SELECT 1 FROM store.calls n JOIN store.calls o USING (source, call_id) WHERE n.{_NEW} "
        "AND o.file_id NOT BETWEEN $low AND $high LIMIT 1"
    )
    return bool(engine.rows(both, files))


def _between(engine: Engine, files: dict[str, int]) -> None:
    engine.run(
        f"CREATE OR REPLACE TEMP TABLE shared AS SELECT source, call_id, bool_or(NOT ({_NEW})) AS old "
        f"FROM store.calls WHERE (source, call_id) IN (SELECT (source, call_id) FROM store.calls WHERE {_NEW}) "
        "GROUP BY source, call_id HAVING count(*) > 1",
        files,
    )
    engine.run(
        "CREATE OR REPLACE TEMP TABLE stated AS SELECT c.rowid AS row, c.file_id, s.old, "
        f"row_number() OVER (PARTITION BY c.source, c.call_id ORDER BY {_FULLNESS}) AS place, "
        "min(c.started_at) OVER (PARTITION BY c.source, c.call_id) AS started_at "
        "FROM store.calls c JOIN shared s USING (source, call_id)"
    )
    engine.run("INSERT INTO met SELECT DISTINCT file_id FROM stated WHERE file_id NOT BETWEEN $low AND $high", files)
    engine.run("DELETE FROM store.calls WHERE rowid IN (SELECT row FROM stated WHERE place > 1)")
    engine.run(
        "UPDATE store.calls AS c SET started_at = s.started_at FROM stated s "
        "WHERE s.place = 1 AND c.rowid = s.row AND c.started_at <> s.started_at"
    )


def newest_bill(engine: Engine, file_id: int) -> int:
    """A later report of the same thing replaces the earlier one; returns the lines that the file states.

    Lines of one file stand side by side, however alike: a bill may charge the same thing twice.
    """
    engine.run("CREATE OR REPLACE TEMP TABLE met (old_file INTEGER)")
    engine.run(
        "DELETE FROM store.bills WHERE file_id <> $id AND (source, bill_id) IN "
        "(SELECT (source, bill_id) FROM store.bills WHERE file_id = $id)",
        {"id": file_id},
    )
    return int(engine.row("SELECT count(*) FROM store.bills WHERE file_id = $id", {"id": file_id})[0])
