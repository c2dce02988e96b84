"""The native format: one file a month, as CSV, Parquet, and JSON lines plain and packed."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any, TypeAlias

import polars as pl

from audit.records import CALL_COLUMNS
from tests.simulator import stated
from tests.simulator.calls import ZONE, digest
from tests.simulator.files import packed, saved

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from tests.simulator.calls import Call

TYPES: dict[str, pl.DataType | type[pl.DataType]] = {
    "BIGINT": pl.Int64,
    "BOOLEAN": pl.Boolean,
    "DECIMAL(18,9)": pl.Float64,
    "VARCHAR[]": pl.List(pl.String),
}
RENAMED = {"stated_cost": "cost", "stated_currency": "currency"}
COLUMNS = {RENAMED.get(column.name, column.name): TYPES.get(column.type, pl.String) for column in CALL_COLUMNS}
UNPACKED_FROM = 28

Row: TypeAlias = dict[str, Any]


def write(folder: Path, calls: list[Call]) -> list[tuple[str, int, str]]:
    """Write the months; returns the lines that cannot be read: file, line from 1, what is wrong with it."""
    months: dict[str, list[Call]] = {}
    for call in calls:
        months.setdefault(call.month, []).append(call)
    july, august, september, october = (months[month] for month in sorted(months))
    early, late = split(july)
    saved(folder / "calls-2026-07-a.csv.gz", packed(as_csv([row(call, local=True) for call in early])))
    saved(folder / "calls-2026-07-b.csv", as_csv([row(call, local=True) for call in late]))
    saved(folder / "calls-2026-08.parquet", as_parquet([row(call) for call in august]))
    # The export of September was started a day early: it repeats August's last day.
    overlap = [call for call in august if call.started.astimezone(ZONE).day == 31]
    saved(folder / "calls-2026-09.jsonl.gz", packed(as_lines([row(call) for call in overlap + september])))
    early, late = split(october)
    saved(folder / "calls-2026-10-a.jsonl.gz", packed(as_lines([row(call) for call in early])))
    content, broken = spoiled([row(call, local=True) for call in late])
    saved(folder / "calls-2026-10-b.jsonl", content)
    return [("native/calls-2026-10-b.jsonl", number, reason) for number, reason in broken]


def split(calls: list[Call]) -> tuple[list[Call], list[Call]]:
    """A month's older days, which are packed, and the last ones, which are not yet."""
    packed_days = [call for call in calls if call.started.astimezone(ZONE).day < UNPACKED_FROM]
    return packed_days, calls[len(packed_days) :]


def spoiled(rows: list[Row]) -> tuple[bytes, list[tuple[int, str]]]:
    """One line said twice; and two more that cannot be read: one cut off, one with words for a count."""
    lines = as_lines(rows).splitlines(keepends=True)
    lines.insert(40, lines[39])
    lines.insert(80, lines[70][:150] + b"\n")
    wordy = rows[100] | {"call_id": "c-words-for-a-count", "input_tokens": "about 900"}
    lines.insert(120, as_lines([wordy]))
    return b"".join(lines), [(81, "cut-off JSON"), (121, "input_tokens is not a number")]


def row(call: Call, *, local: bool = False) -> Row:
    """A call under the native names; what is unknown is left out."""
    anthropic = call.provider == "anthropic"
    states = call.gateway_hit or (call.states_cost and call.input is not None)
    values: Row = {
        "call_id": call.call_id,
        "source": "sdk",
        "session_id": call.session[:8],
        "attempt": call.attempt if call.attempt > 1 else None,
        "started_at": instant(call.started, local=local),
        "latency_ms": call.latency_ms,
        "first_token_ms": call.first_token_ms,
        "operation": call.operation,
        "provider": call.provider,
        "model": call.model,
        "response_model": None if call.status == "error" else call.response_model,
        "service_tier": None if call.provider == "inhouse" else "standard",
        "stream": call.stream,
        "max_output_tokens": call.max_output,
        "input_tokens": call.input,
        "cache_read_tokens": call.read,
        "cache_write_tokens": call.write if anthropic else None,
        "output_tokens": call.output,
        "reasoning_tokens": None if anthropic else call.reasoning,
        "usage_quality": "missing" if call.input is None else "reported",
        "status": call.status,
        "http_status": call.http_status,
        "error_type": call.error_type,
        "finish_reason": call.finish,
        "gateway_cache_hit": call.gateway_hit,
        "project": call.project,
        "team": call.team,
        "user_id": call.user,
        "api_key": call.key,
        "environment": call.environment,
        "task": call.task,
        "prompt_hash": digest(f"{call.task} {call.prompt}"),
        "template_hash": digest(call.task),
        "prefix_hash": digest(call.prefix) if call.prefix else None,
        "prefix_tokens": call.prefix_tokens,
        "message_count": 2,
        "cost": float(stated.cost(call) or 0) if states else None,
        "currency": "USD" if states else None,
    }
    return {name: value for name, value in values.items() if value is not None}


def instant(moment: datetime, *, local: bool) -> str:
    """ISO 8601 in milliseconds, with Z or the company's offset."""
    text = (moment.astimezone(ZONE) if local else moment).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def as_lines(rows: list[Row]) -> bytes:
    """JSON lines."""
    return "".join(json.dumps(values, separators=(",", ":")) + "\n" for values in rows).encode()


def as_csv(rows: list[Row]) -> bytes:
    """CSV with the columns that any row has."""
    names = [name for name in COLUMNS if any(name in values for values in rows)]
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(
        {name: str(value).lower() if isinstance(value, bool) else value for name, value in values.items()}
        for values in rows
    )
    return text.getvalue().encode()


def as_parquet(rows: list[Row]) -> bytes:
    """Parquet with every column of the record, typed."""
    target = io.BytesIO()
    full = [{name: values.get(name) for name in COLUMNS} for values in rows]
    pl.DataFrame(full, schema=COLUMNS).write_parquet(target, compression="zstd", compression_level=19)
    return target.getvalue()
