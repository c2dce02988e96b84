"""Gateways one runs oneself, whose access logs tell of models: Envoy AI Gateway, Higress and Kong."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.simulator.writers import bodies
from tests.simulator.writers.observers import tier
from tests.simulator.writers.writer import INPUT, PROMPT, SPLIT, Writer, of, one_file

if TYPE_CHECKING:
    from tests.simulator.writers.sent import Row, Sent

BACKENDS = {"aws": "aws-bedrock", "google": "gcp-vertexai", "azure": "azure-openai"}
NAMES = {"aws": "bedrock", "google": "gemini"}
PATHS = {"embeddings": "/v1/embeddings", "chat": "/v1/chat/completions"}


def start(call: Sent) -> str:
    """The start as Envoy prints it."""
    return call.started.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def access(call: Sent) -> Row:
    """What every line of Envoy has."""
    return {
        "start_time": start(call),
        "method": "POST",
        "protocol": "HTTP/1.1",
        "response_flags": "DC" if call.status == "cancelled" else "-",
        "response_code_details": "via_upstream",
        "bytes_received": 105,
        "bytes_sent": 432,
        "downstream_remote_address": "192.0.2.7:64484",
    }


def envoy(call: Sent) -> Row:
    """Flat keys; input holds the cache for every provider."""
    return access(call) | {
        "x-envoy-origin-path": PATHS[call.operation],
        "response_code": call.http_status,
        "duration": call.latency_ms,
        "x-request-id": call.uuid,
        "session.id": call.session,
        "x-project-id": call.project or "-",
        "x-user-id": call.user or "-",
        "gen_ai.request.model": call.model,
        "gen_ai.response.model": "-" if call.status == "error" else call.response_model,
        "gen_ai.provider.name": f"default/{BACKENDS.get(call.provider, call.provider)}/route/ai/rule/0/ref/0",
        "gen_ai.usage.input_tokens": call.input,
        "gen_ai.usage.output_tokens": call.output,
        "gen_ai.usage.cached_input_tokens": call.read,
        "gen_ai.usage.cache_creation_input_tokens": call.write,
        "gen_ai.usage.reasoning_tokens": call.reasoning,
    }


def ended(call: Sent) -> Row:
    """How an answer ended is told by its HTTP status alone."""
    return {"status": call.status if call.status in ("error", "cancelled") else "ok"}


def came(call: Sent) -> Row:
    """That an answer came is not that it came whole."""
    return {"status": call.status if call.status in ("error", "cancelled") else "unknown"}


def higress(call: Sent) -> Row:
    """Everything is text, and what the plugins know is JSON in one. Claude's input leaves its cache out."""
    ai: Row = {"api": "-", "chat_id": f"chatcmpl-{call.hex}", "consumer": call.project or "none"}
    ai |= {"request_model": call.model, "session_id": call.session, "user_id": call.user}
    ai |= {"response_type": "stream" if call.stream else "normal", "llm_service_duration": str(call.latency_ms)}
    ai |= {} if call.status == "error" else {"model": call.response_model}
    if call.first_token_ms is not None:
        ai |= {"llm_first_token_duration": str(call.first_token_ms)}
    if call.known:
        ai |= {name: json.dumps(value) if isinstance(value, dict) else str(value) for name, value in told(call).items()}
    if bodies.claude(call) and call.prefix:
        ai |= {"system": call.system}
    head = bodies.openai_messages(call)
    if call.operation == "chat":
        ai |= {"messages": head[-1:] if bodies.claude(call) else head}
    return access(call) | {
        "ai_log": json.dumps(ai),
        "authority": "ai.example.com",
        "path": "/v1/messages" if bodies.claude(call) else PATHS[call.operation],
        "request_id": call.uuid,
        "route_name": call.task,
        "trace_id": "-",
        "response_code": str(call.http_status),
        "duration": str(call.latency_ms),
        "upstream_cluster": f"outbound|443||llm-{NAMES.get(call.provider, call.provider)}.internal.dns",
    }


def told(call: Sent) -> Row:
    """The counts as the provider gave them."""
    read, write, thought = call.read or 0, call.write or 0, call.reasoning or 0
    whole = (call.input or 0) + (call.output or 0)
    if bodies.claude(call):
        details = {"cache_creation_input_tokens": write, "cache_read_input_tokens": read}
        fresh = (call.input or 0) - read - write
        return {"input_token": fresh, "output_token": call.output, "total_token": whole, "input_token_details": details}
    if call.provider == "google":
        return {
            "input_token": call.input, "output_token": (call.output or 0) - thought, "total_token": whole,
            "input_token_details": {"cached_content_token_count": read},
            "output_token_details": {"thoughts_token_count": thought},
        }  # fmt: skip
    if call.operation == "embeddings":
        return {"input_token": call.input, "output_token": 0, "total_token": whole}
    return {
        "input_token": call.input, "output_token": call.output, "total_token": whole, "cached_tokens": read,
        "reasoning_tokens": thought, "input_token_details": {"cached_tokens": read},
        "output_token_details": {"reasoning_tokens": thought},
    }  # fmt: skip


def higress_reads(call: Sent) -> Row:
    """What was embedded is not logged."""
    return came(call) | ({"prompt_hash": None} if call.operation == "embeddings" else {})


def kong(call: Sent) -> Row:
    """A line with its payloads, in OpenAI's words for every provider; the cost is the gateway's own."""
    usage: Row = {"prompt_tokens": call.input or 0, "completion_tokens": call.output or 0}
    usage |= {"total_tokens": (call.input or 0) + (call.output or 0), "cost": float(call.stated or 0)}
    if call.known and call.operation == "chat":
        usage |= {"prompt_tokens_details": {"cached_tokens": call.read}}
        usage |= {"completion_tokens_details": {"reasoning_tokens": call.reasoning}}
    if call.first_token_ms is not None:
        usage |= {"time_to_first_token": call.first_token_ms}
    meta = {
        "plugin_id": "p-1", "provider_name": NAMES.get(call.provider, call.provider), "request_model": call.model,
        "response_model": "UNSPECIFIED" if call.status == "error" else call.response_model,
        "request_mode": "stream" if call.stream else "oneshot", "llm_latency": call.latency_ms - 10,
    }  # fmt: skip
    asked = bodies.openai_request(call) | {"user": call.user}
    payload = {"request": json.dumps(asked), "response": json.dumps(bodies.openai_answer(call))}
    cache = {"cache_status": "Hit" if call.gateway_hit else "Miss"}
    return {
        "started_at": int(call.started.timestamp()) * 1000 + call.started.microsecond // 1000,
        "client_ip": "192.0.2.7",
        "request": {"id": call.hex, "uri": "/ask", "method": "POST", "size": 536},
        "response": {"status": call.http_status, "size": 1604},
        "upstream_uri": PATHS[call.operation],
        "latencies": {"request": call.latency_ms, "proxy": call.latency_ms, "kong": 12},
        "route": {"id": "r-1", "name": call.task},
        "workspace_name": "default",
        **({"consumer": {"id": "c-1", "username": call.project}} if call.project else {}),
        "ai": {"proxy": {"usage": usage, "meta": meta, "payload": payload, "cache": cache}},
    }


def kong_reads(call: Sent) -> Row:
    """Its own cache's answers cost nothing that is stated; the tier stands in the payload."""
    read: Row = {} if call.provider in bodies.TIERED else {"service_tier": None}
    read |= tier(call) if call.provider in bodies.TIERED else {}
    read |= {"prompt_hash": None} if call.operation == "embeddings" else {}
    return read | ({"stated_cost": None} if call.gateway_hit else {})


_TOLD = INPUT | {"reasoning_tokens", "operation", "provider", "response_model", "status", "http_status", "latency_ms"}
_TOLD |= {"project", "user_id"}
_CACHE = SPLIT - {"cache_write_1h_tokens"}
_EVERYBODY = of("openai", "anthropic", "aws", "google", "azure")
_MAKERS = of("openai", "anthropic", "google")

WRITERS = (
    Writer(
        "envoy_ai_gateway", "envoy_ai_gateway", one_file("access.jsonl", envoy),
        lambda call: f"{call.uuid}/{start(call)}", lambda call: _EVERYBODY(call) and not call.gateway_hit,
        _TOLD | _CACHE | {"session_id"}, ended,
    ),
    Writer(
        "higress", "higress", one_file("access.jsonl", higress), lambda call: f"{call.uuid}/{start(call)}",
        lambda call: _MAKERS(call) and not call.gateway_hit,
        _TOLD | _CACHE | PROMPT | {"session_id", "first_token_ms", "stream", "task"}, higress_reads,
    ),
    Writer(
        "kong", "kong", one_file("http.jsonl", kong), lambda call: call.hex, _EVERYBODY,
        _TOLD | PROMPT | {"cache_read_tokens", "first_token_ms", "stream", "task", "stated_cost", "gateway_cache_hit"}
        | {"max_output_tokens", "finish_reason", "service_tier"},
        kong_reads,
    ),
)  # fmt: skip
