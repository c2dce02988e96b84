"""The store's tables: calls, the files they came from, the lines that could not be read, the months done.

A table that came later is made in an older store as it is opened; only a changed table is another version.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.engine.duckdb import Engine
from audit.records import BILL_COLUMNS, CALL_COLUMNS, AuditError, UsageError
from audit.settings_file import remedy

if TYPE_CHECKING:
    from pathlib import Path

    from audit.settings import Settings

SCHEMA_VERSION = 3
OLDEST_VERSION = 2
# What each version added to the record of a call; a store of the version before is brought up to it as it is opened.
_ADDED = {
    3: (
        "region", "input_audio_tokens", "cache_read_audio_tokens", "output_audio_tokens", "input_image_tokens",
        "output_image_tokens", "quantity", "unit",
    ),
}  # fmt: skip

_CALLS, _BILLS = (
    ",\n  ".join(f"{column.name} {column.type}" for column in columns) for columns in (CALL_COLUMNS, BILL_COLUMNS)
)

_NAMES = ", ".join(column.name for column in CALL_COLUMNS)

# `calls` are what each source says; `each_call` are the calls, those that two sources state once.
# A file is its content: `sha256`, `bytes` and `head` are of what is in it, unpacked; `seen` are the places it was at.
# `rules`, `findings` and `flags` are those of each month's last audit: a rule's `place` is its turn in the ledger, a
# finding's its turn in the report; a flag's `call_id` is that of flags.parquet.
# `problem` is set only inside the transaction that reads a file: such rows leave for `rejects` before it ends.
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS store.files (
  file_id INTEGER, path VARCHAR, sha256 VARCHAR UNIQUE, bytes BIGINT, head VARCHAR, format VARCHAR, reason VARCHAR,
  calls BIGINT, rejected BIGINT, first_call TIMESTAMP, last_call TIMESTAMP
);
CREATE TABLE IF NOT EXISTS store.seen (
  path VARCHAR, bytes BIGINT, mtime_ns BIGINT, inode BIGINT, file_id INTEGER
);
CREATE TABLE IF NOT EXISTS store.sources (
  name VARCHAR, table_name VARCHAR, origin VARCHAR, cursor VARCHAR, mark VARCHAR, read_at TIMESTAMP
);
CREATE TABLE IF NOT EXISTS store.calls (
  {_CALLS},
  file_id INTEGER, problem VARCHAR
);
CREATE TABLE IF NOT EXISTS store.bills (
  {_BILLS},
  file_id INTEGER, problem VARCHAR
);
CREATE TABLE IF NOT EXISTS store.statements (
  source VARCHAR, call_id VARCHAR, of_source VARCHAR, of_call_id VARCHAR
);
CREATE TABLE IF NOT EXISTS store.linked (
  {_CALLS},
  sources VARCHAR
);
CREATE TABLE IF NOT EXISTS store.linking (up_to INTEGER);
CREATE VIEW IF NOT EXISTS store.each_call AS
  SELECT {_NAMES} FROM store.calls AS c WHERE NOT EXISTS (
    SELECT 1 FROM store.statements AS s WHERE s.source = c.source AND s.call_id = c.call_id
  )
  UNION ALL SELECT {_NAMES} FROM store.linked;
CREATE TABLE IF NOT EXISTS store.rejects (file_id INTEGER, line BIGINT, reason VARCHAR, text VARCHAR);
CREATE TABLE IF NOT EXISTS store.months (
  month VARCHAR PRIMARY KEY, audited_at TIMESTAMP, exit_code INTEGER, sent_at TIMESTAMP
);
CREATE TABLE IF NOT EXISTS store.rules (
  month VARCHAR, rule VARCHAR, family VARCHAR, grade VARCHAR, place INTEGER, title VARCHAR, note VARCHAR, params VARCHAR
);
CREATE TABLE IF NOT EXISTS store.findings (
  month VARCHAR, place INTEGER, id VARCHAR, rule VARCHAR, family VARCHAR, grade VARCHAR, project VARCHAR,
  subject VARCHAR, title VARCHAR, because VARCHAR, fix VARCHAR, calls BIGINT, saving DECIMAL(38,9),
  credited DECIMAL(38,9), amount DECIMAL(38,9), currency VARCHAR, evidence VARCHAR
);
CREATE TABLE IF NOT EXISTS store.flags (
  month VARCHAR, rule VARCHAR, project VARCHAR, subject VARCHAR, source VARCHAR, call_id VARCHAR, cost DECIMAL(18,9),
  saving DECIMAL(18,9), credited DECIMAL(18,9), evidence VARCHAR
);
"""


def open_store(path: Path, settings: Settings) -> Engine:
    """Open the store, making it where there is none; one of an earlier version is brought up to this one.

    Raises StoreBusyError while another run holds it.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AuditError(f"{path.parent}: the store's folder cannot be made: {error.strerror}") from None
    engine = Engine(path, memory=settings.limits.memory, threads=settings.limits.threads, zone=settings.logs.timezone)
    try:
        with engine.transaction():
            engine.run("CREATE SCHEMA IF NOT EXISTS store; CREATE TABLE IF NOT EXISTS store.version (version INTEGER)")
            _bring_up(engine, path)
            engine.run(_SCHEMA)
    except BaseException:
        engine.close()
        raise
    return engine


def borrow_store(path: Path, settings: Settings) -> Engine:
    """An engine in memory that reads the store and cannot change it, until ``Engine.give_back``.

    Raises UsageError where there is no store yet, StoreBusyError while a run writes to it.
    """
    if not path.exists():
        raise UsageError(
            f"{path}: no store there yet; `audit ingest` makes it from the logs, `audit run --logs` leaves none"
            f"{remedy(settings)}"
        )
    limits = settings.limits
    engine = Engine(memory=limits.memory, threads=limits.threads, zone=settings.logs.timezone)
    try:
        engine.borrow(path)
        _check_version(engine, path)
    except BaseException:
        engine.close()
        raise
    return engine


def _check_version(engine: Engine, path: Path) -> None:
    if engine.rows("SELECT version FROM store.version") != [(SCHEMA_VERSION,)]:
        raise UsageError(f"{path}: the store is another version's; `audit ingest` brings it up to this one")


def _bring_up(engine: Engine, path: Path) -> None:
    """Note a new store's version; give an older store's calls the columns that came since, which nobody has stated."""
    found = engine.rows("SELECT version FROM store.version")
    if not found:
        engine.run(f"INSERT INTO store.version VALUES ({SCHEMA_VERSION})")
        return
    (version,) = found[0]
    if not OLDEST_VERSION <= version <= SCHEMA_VERSION:
        raise AuditError(
            f"{path}: the store was made by another version (schema {version}, this one reads "
            f"{SCHEMA_VERSION}); move it away and ingest the logs again"
        )
    if version == SCHEMA_VERSION:
        return
    kinds = {column.name: column.type for column in CALL_COLUMNS}
    for name in (name for later in range(version + 1, SCHEMA_VERSION + 1) for name in _ADDED[later]):
        engine.run(f"ALTER TABLE store.calls ADD COLUMN {name} {kinds[name]}")
        engine.run(f"ALTER TABLE store.linked ADD COLUMN {name} {kinds[name]}")
    engine.run("DROP VIEW store.each_call")
    engine.run(f"UPDATE store.version SET version = {SCHEMA_VERSION}")
