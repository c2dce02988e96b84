"""Public traces as native logs: `python -m tests.traces OUT` writes azure.jsonl, weka.jsonl and mooncake.jsonl.

A trace states lengths and offsets, not everything that a log does. What is assumed to make calls of it stands at each
function; nothing is random, and a file is written as its trace is read.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

TRACES = Path(__file__).resolve().parents[2] / "shared" / "data" / "traces"
START = datetime(2026, 10, 5, tzinfo=UTC)  # where offsets count from; any day of a month would do


def azure(folder: Path = TRACES) -> Iterator[dict[str, Any]]:
    """One hour of a chat service. Its times carry no zone and stay as they are; the model is not stated."""
    with (folder / "azure_2023_conv.csv").open(encoding="utf-8", newline="") as stream:
        for number, row in enumerate(csv.DictReader(stream)):
            yield {
                "call_id": f"azure-{number:05}",
                "started_at": row["TIMESTAMP"],
                "model": "unknown",
                "input_tokens": int(row["ContextTokens"]),
                "output_tokens": int(row["GeneratedTokens"]),
                "status": "ok",
            }


def weka(folder: Path = TRACES) -> Iterator[dict[str, Any]]:
    """Coding sessions. Each has its own clock and numbers its own blocks: a prompt's hash holds within its session.

    A call whose time is not stated has an unknown end, as in a log.
    """
    with gzip.open(folder / "weka_sessions_001_200.csv.gz", "rt", encoding="utf-8", newline="") as stream:
        for number, row in enumerate(csv.DictReader(stream)):
            yield {
                "call_id": f"weka-{number:05}",
                "started_at": _at(float(row["t_s"]) * 1000),
                "latency_ms": round(float(row["api_time_s"]) * 1000) if row["api_time_s"] else None,
                "provider": "anthropic",
                "model": row["model"],
                "session_id": row["trace_id"],
                "project": "coding",
                "input_tokens": int(row["input_tokens"]),
                "output_tokens": int(row["output_tokens"]),
                "finish_reason": row["stop"] or None,
                "status": "ok",
                "prompt_hash": _hash([row["trace_id"], row["prompt_hash"]]),
            }


def mooncake(folder: Path = TRACES, *, ms_per_output_token: int | None = None) -> Iterator[dict[str, Any]]:
    """A synthetic service. A prompt is its blocks and its length; a call's end is unknown unless a speed is assumed."""
    with (folder / "mooncake_synthetic.jsonl").open(encoding="utf-8") as stream:
        for number, text in enumerate(stream):
            row = json.loads(text)
            output = row["output_length"]
            yield {
                "call_id": f"mooncake-{number:05}",
                "started_at": _at(row["timestamp"]),
                "latency_ms": None if ms_per_output_token is None else output * ms_per_output_token,
                "provider": "openai",
                "model": "gpt-4o",
                "project": "service",
                "input_tokens": row["input_length"],
                "output_tokens": output,
                "status": "ok",
                "prompt_hash": _hash([row["input_length"], *row["hash_ids"]]),
            }


def write(path: Path, calls: Iterator[dict[str, Any]]) -> int:
    """Write calls as JSON lines; returns how many."""
    number = 0
    with path.open("w", encoding="utf-8", newline="\n") as out:
        for number, call in enumerate(calls, start=1):  # noqa: B007  # the count is what is wanted
            out.write(json.dumps({name: value for name, value in call.items() if value is not None}) + "\n")
    return number


def _at(offset_ms: float) -> str:
    return (START + timedelta(milliseconds=offset_ms)).isoformat()


def _hash(parts: list[Any]) -> str:
    return hashlib.md5(json.dumps(parts).encode(), usedforsecurity=False).hexdigest()


def main(out: Path) -> None:
    """Write all three."""
    out.mkdir(parents=True, exist_ok=True)
    for name, calls in (("azure", azure()), ("weka", weka()), ("mooncake", mooncake())):
        sys.stdout.write(f"{out / name}.jsonl: {write(out / f'{name}.jsonl', calls):,} calls\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
