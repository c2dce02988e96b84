"""Langfuse's observations, three ways: a page of its API, the lines of a blob export, and the application's table.

Every telling also holds the span around each call, which is none. Parts of the usage are disjoint.
"""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

from tests.simulator.writers import bodies
from tests.simulator.writers.writer import INPUT, PROMPT, SPLIT, Writer, lines, of

if TYPE_CHECKING:
    from datetime import datetime

    from tests.simulator.writers.sent import Row, Sent

SPOKEN = {"aws": "amazon_bedrock", "google": "google_vertexai", "azure": "azure"}


def usage(call: Sent) -> dict[str, int]:
    """The parts and their sum; nothing where nothing was told."""
    if call.input is None:
        return {}
    read, write, hour, thought = call.read or 0, call.write or 0, call.write_1h or 0, call.reasoning or 0
    parts = {"input": call.input - read - write}
    if bodies.claude(call):
        parts |= {"cache_read_input_tokens": read, "input_cache_creation_5m": write - hour}
        parts |= {"input_cache_creation_1h": hour, "output": call.output or 0}
    elif call.operation == "chat":
        parts |= {"input_cached_tokens": read, "output": (call.output or 0) - thought}
        parts |= {"output_reasoning_tokens": thought}
    return parts | {"total": sum(parts.values())}


def api(call: Sent) -> Row:
    """An observation as the API names its fields."""
    cost = None if call.stated is None else float(call.stated)
    embedding = call.operation == "embeddings"
    return {
        "id": call.uuid,
        "traceId": call.hex,
        "type": "EMBEDDING" if embedding else "GENERATION",
        "name": call.task,
        "startTime": zulu(call.started),
        "endTime": zulu(call.ended),
        "completionStartTime": None if call.first_token_ms is None else zulu(first_token(call)),
        "projectId": call.project,
        "parentObservationId": f"{call.uuid}-span",
        "environment": call.environment,
        "level": "ERROR" if call.status in ("error", "cancelled") else "DEFAULT",
        "statusMessage": call.error_type,
        "model": call.model,
        "modelParameters": {"max_tokens": call.max_output} if call.max_output else {},
        "usageDetails": usage(call),
        "costDetails": {} if cost is None else {"total": cost},
        "totalCost": cost or 0,
        "latency": call.latency_ms / 1000,
        "input": [call.text] if embedding else bodies.openai_messages(call),
        "output": {"role": "assistant", "content": "Done." if call.output else ""},
        "metadata": {"ls_provider": SPOKEN.get(call.provider, call.provider)},
    }


def span(call: Sent) -> Row:
    """The application's own step around the call."""
    told = api(call) | {"id": f"{call.uuid}-span", "type": "SPAN", "parentObservationId": None, "model": None}
    return told | {"usageDetails": {}, "costDetails": {}, "totalCost": 0, "completionStartTime": None}


def first_token(call: Sent) -> datetime:
    """When the first word came."""
    return call.started + (call.ended - call.started) * (call.first_token_ms or 0) / call.latency_ms


def zulu(at: datetime) -> str:
    """A time as the API prints it."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def page(calls: list[Sent]) -> dict[str, bytes]:
    """Pages of fifty observations, one a line."""
    told = [observation for call in calls for observation in (span(call), api(call))]
    pages = [told[at : at + 50] for at in range(0, len(told), 50)]
    meta = {"limit": 50, "totalItems": len(told), "totalPages": len(pages)}
    return {"observations.json": lines({"data": page, "meta": meta | {"page": n}} for n, page in enumerate(pages, 1))}


BLOB = {
    "traceId": "trace_id", "startTime": "start_time", "endTime": "end_time", "projectId": "project_id",
    "completionStartTime": "completion_start_time", "parentObservationId": "parent_observation_id",
    "statusMessage": "status_message", "model": "provided_model_name", "modelParameters": "model_parameters",
    "usageDetails": "usage_details", "costDetails": "cost_details", "totalCost": "total_cost",
}  # fmt: skip


def blob(call: Sent, told: Row) -> Row:
    """A line of a blob export: other names, times without a zone, and whose conversation it was."""
    renamed = {BLOB.get(name, name): value for name, value in told.items()}
    for name in ("start_time", "end_time", "completion_start_time"):
        at = renamed[name]
        renamed[name] = None if at is None else f"{at[:10]} {at[11:-1]}000"
    texts = {name: json.dumps(renamed[name]) for name in ("model_parameters", "input", "output")}
    whose: Row = {
        "user_id": call.user,
        "session_id": call.session,
        "trace_name": call.task,
        "tags": [],
        "latency": 1000,
    }
    return renamed | texts | whose


def blobs(calls: list[Sent]) -> dict[str, bytes]:
    """The lines of an export."""
    return {"observations.jsonl": lines(blob(call, told) for call in calls for told in (span(call), api(call)))}


def table(calls: list[Sent]) -> dict[str, bytes]:
    """The application's table as CSV: objects are texts of JSON, nothing is an empty text."""
    text = io.StringIO()
    rows = [
        told | {"traceName": call.task, "traceTags": [], "userId": call.user}
        for call in calls
        for told in (span(call), api(call))
    ]
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(
        {name: json.dumps(value) if isinstance(value, dict | list) else value for name, value in row.items()}
        for row in rows
    )
    return {"observations.csv": text.getvalue().encode()}


def reads(call: Sent) -> Row:
    """A level is an error or none; an end is known by the cap alone, a stream by its first word."""
    failed = call.status in ("error", "cancelled")
    capped = call.max_output is not None and (call.output or 0) >= call.max_output
    return {
        "status": "error" if failed else "truncated" if capped else "ok",
        "stream": True if call.first_token_ms is not None else None,
    }


_CARRIED = INPUT | SPLIT | PROMPT
_CARRIED |= {"reasoning_tokens", "operation", "provider", "latency_ms", "first_token_ms", "max_output_tokens"}
_CARRIED |= {"project", "environment", "task", "stated_cost"}
_OF = of("openai", "anthropic", "aws", "google", "azure")

WRITERS = tuple(
    Writer(
        name, "langfuse", files, lambda call: call.uuid,
        lambda call: _OF(call) and not call.gateway_hit, _CARRIED | more, reads,
    )
    for name, files, more in (
        ("langfuse_api", page, frozenset[str]()),
        ("langfuse_blob", blobs, frozenset({"user_id", "session_id"})),
        ("langfuse_csv", table, frozenset({"user_id"})),
    )
)  # fmt: skip
