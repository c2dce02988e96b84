"""The native record in its three containers. The first of them is what every other log is held against."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulator.calls import digest
from tests.simulator.native import as_csv, as_lines, as_parquet
from tests.simulator.writers.sent import truth
from tests.simulator.writers.writer import INPUT, PROMPT, SPLIT, Writer

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulator.writers.sent import Row, Sent

BASE = "native"


def row(call: Sent, source: str) -> Row:
    """A call under the native names; what is unknown is left out."""
    told = truth(call)
    cost = told.pop("stated_cost")
    told |= {
        "call_id": call.call_id,
        "source": source,
        "started_at": call.started.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "error_type": call.error_type,
        "api_key": call.key,
        "prompt_hash": digest(told["prompt_hash"]),
        "prefix_hash": digest(call.prefix) if call.prefix else None,
        "cost": None if cost is None else float(cost),
        "currency": None if cost is None else "USD",
    }
    return {name: value for name, value in told.items() if value is not None}


def file(name: str, source: str, packed: Callable[[list[Row]], bytes]) -> Callable[[list[Sent]], dict[str, bytes]]:
    """The one file of a container."""
    return lambda calls: {name: packed([row(call, source) for call in calls])}


_ALL = INPUT | SPLIT | PROMPT
_ALL |= {"latency_ms", "first_token_ms", "operation", "provider", "response_model", "service_tier", "stream", "status"}
_ALL |= {"http_status", "max_output_tokens", "reasoning_tokens", "gateway_cache_hit", "session_id", "project"}
_ALL |= {"user_id", "environment", "task", "stated_cost", "finish_reason"}

WRITERS = tuple(
    Writer(source, "native", file(name, source, packed), lambda call: call.call_id, lambda _: True, _ALL)
    for source, name, packed in (
        (BASE, "calls.jsonl", as_lines),
        ("native_csv", "calls.csv", as_csv),
        ("native_parquet", "calls.parquet", as_parquet),
    )
)
