"""one-api and new-api: gateways that sell quota. Their rows are written when an answer is done."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.simulator.writers import bodies
from tests.simulator.writers.writer import INPUT, SPLIT, Writer, of, one_file

if TYPE_CHECKING:
    from tests.simulator.writers.sent import Row, Sent

_OF = of("openai", "anthropic", "google")
PATHS = {"embeddings": "/v1/embeddings"}


def ended(call: Sent) -> int:
    """The second in which the row was written."""
    return int(call.ended.timestamp())


def row(call: Sent) -> Row:
    """What both of them write."""
    return {
        "id": int(call.hex[:7], 16),
        "user_id": 3,
        "created_at": ended(call),
        "type": 2,
        "content": "",
        "username": call.user or "",
        "token_name": call.key,
        "model_name": call.model,
        "quota": call.quota if call.known else 0,
        "prompt_tokens": call.input or 0,
        "completion_tokens": call.output or 0,
        "channel": 12,
        "request_id": call.hex,
        "is_stream": call.stream,
    }


def one_api(call: Sent) -> Row:
    """Milliseconds, and nothing of the cache."""
    return row(call) | {"elapsed_time": call.latency_ms, "system_prompt_reset": False}


def new_api(call: Sent) -> Row:
    """Whole seconds; the rest lies in a text of JSON. Claude's prompt tokens leave its cache out."""
    refused = call.status == "error" and not call.known
    other: Row = {"model_ratio": 1.25, "group_ratio": 1, "request_path": PATHS.get(call.operation, path(call))}
    other |= {"frt": call.first_token_ms if call.first_token_ms is not None else -1000}
    other |= {"admin_info": {"use_channel": ["12"]}}
    if refused:
        other |= {"status_code": call.http_status, "error_code": call.error_type, "error_type": "openai_error"}
    elif call.status in ("error", "cancelled"):
        gone = call.status == "cancelled"
        other |= {"stream_status": {"status": "error", "end_reason": "client_gone" if gone else "scanner_error"}}
    told = row(call) | {"use_time": call.latency_ms // 1000, "token_id": 9, "group": "default", "channel_name": "main"}
    told |= {"type": 5 if refused else 2, "ip": ""}
    if call.known:
        other |= {"cache_tokens": call.read or 0, "cache_ratio": 0.1}
        if bodies.claude(call):
            counts = bodies.anthropic_usage(call)
            told |= {"prompt_tokens": counts["input_tokens"]}
            other |= {"claude": True, "usage_semantic": "anthropic", "cache_write_tokens": call.write or 0}
            other |= {"cache_creation_tokens": call.write or 0, "cache_creation_ratio": 1.25}
            if call.write:
                other |= {"cache_creation_tokens_5m": counts["cache_creation"]["ephemeral_5m_input_tokens"]}
                other |= {"cache_creation_tokens_1h": call.write_1h}
    return told | {"other": json.dumps(other)}


def path(call: Sent) -> str:
    """Where the client sent it."""
    return "/v1/messages" if bodies.claude(call) else "/v1/chat/completions"


def new_api_reads(call: Sent) -> Row:
    """Why an answer ended is not told, its HTTP status only where it was refused."""
    refused = call.status == "error" and not call.known
    return {
        "status": call.status if call.status in ("error", "cancelled") else "ok",
        "http_status": call.http_status if refused else None,
        "latency_ms": call.latency_ms // 1000 * 1000,
    } | ({"stated_cost": Decimal(0)} if refused else {})


_CARRIED = INPUT | {"stream", "user_id", "stated_cost"}

WRITERS = (
    Writer(
        "one_api", "one_api", one_file("one.jsonl", one_api), lambda call: call.hex,
        # What failed is not written.
        lambda call: _OF(call) and not call.gateway_hit and call.status not in ("error", "cancelled"),
        _CARRIED | {"latency_ms"}, lambda _: {"status": "unknown"}, clock_ms=1000,
    ),
    Writer(
        "new_api", "new_api", one_file("new.jsonl", new_api),
        lambda call: f"{call.hex}/error/{ended(call)}000/12" if call.status == "error" and not call.known else call.hex,
        lambda call: _OF(call) and not call.gateway_hit,
        _CARRIED | SPLIT | {"operation", "first_token_ms"}, new_api_reads, clock_ms=2000,
    ),
)  # fmt: skip
