"""Gateways in the cloud that keep a log: Helicone, Portkey and OpenRouter."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from tests.simulator.writers import bodies
from tests.simulator.writers.writer import INPUT, PROMPT, SPLIT, Writer, of, one_file

if TYPE_CHECKING:
    from tests.simulator.writers.sent import Row, Sent

NOBODY = "00000000-0000-0000-0000-000000000000"
HELICONE = {"aws": "BEDROCK"}
PORTKEY = {"aws": "bedrock", "google": "vertex-ai", "azure": "azure-openai"}
URLS = {"embeddings": "/v1/embeddings", "chat": "/v1/chat/completions"}


def url(call: Sent) -> str:
    """Where it went."""
    return f"https://api.example.com{'/v1/messages' if bodies.claude(call) else URLS[call.operation]}"


def helicone(call: Sent) -> Row:
    """The prompt's tokens leave the cache out, and the answer's the reasoning, for everybody."""
    known = call.known and not call.gateway_hit
    read, write, thought = call.read or 0, call.write or 0, call.reasoning or 0
    labels = {"Helicone-Session-Id": call.session, "project": call.project, "environment": call.environment}
    labels |= {"task": call.task}
    return {
        "request_id": call.uuid,
        "response_id": f"{call.uuid}-answer",
        "request_created_at": call.started.isoformat().replace("+00:00", "Z"),
        "response_created_at": call.ended.isoformat().replace("+00:00", "Z"),
        "response_status": call.http_status if call.status != "cancelled" else -3,
        "delay_ms": call.latency_ms,
        "time_to_first_token": call.first_token_ms,
        "provider": HELICONE.get(call.provider, call.provider.upper()),
        "request_model": call.model,
        "response_model": None if call.status == "error" else call.response_model,
        "model": call.model,
        "request_path": url(call),
        "request_user_id": call.user,
        "request_properties": {name: value for name, value in labels.items() if value is not None},
        "prompt_tokens": (call.input or 0) - read - write if known else 0,
        "prompt_cache_read_tokens": read if known else 0,
        "prompt_cache_write_tokens": write if known else 0,
        "completion_tokens": (call.output or 0) - thought if known else 0,
        "reasoning_tokens": thought if known else 0,
        "cost": float(call.stated or 0) if known else 0,
        "cache_reference_id": call.uuid if call.gateway_hit else NOBODY,
        "request_body": bodies.request(call),
        "response_body": bodies.answer(call),
    }


def tier(call: Sent) -> Row:
    """Only an answer that counted something says what it was served as."""
    refused = call.status == "error" and not call.known
    told = call.provider in bodies.TIERED and call.operation == "chat" and not refused
    told = told or (call.provider == "anthropic" and call.known)
    return {"service_tier": call.tier if told else None}


def embedding(call: Sent) -> Row:
    """The request of an embedding names neither stream nor cap."""
    return {"stream": None} if call.operation == "embeddings" else {}


def helicone_reads(call: Sent) -> Row:
    """Its own cache's answer counts nothing, and given-up calls have no status of HTTP's."""
    told = tier(call) | embedding(call)
    if call.status == "cancelled":
        told |= {"http_status": None}
    if call.gateway_hit:
        told |= {"input_tokens": 0, "output_tokens": 0, "stated_cost": Decimal(0)}
        told |= dict.fromkeys(("cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens", "reasoning_tokens"))
        told |= {"prefix_tokens": None}
    return told


def portkey(call: Sent) -> Row:
    """The cost is in cents, and the cache stands in the answer."""
    cents = None if call.stated is None else float(call.stated * 100)
    metadata = {"_user": call.user, "project": call.project, "_environment": call.environment, "task": call.task}
    return {
        "id": call.uuid,
        "trace_id": call.hex,
        "created_at": call.started.isoformat().replace("+00:00", "Z"),
        "is_success": int(call.http_status < 400),
        "ai_org": PORTKEY.get(call.provider, call.provider),
        "ai_model": call.model,
        "req_units": call.input or 0,
        "res_units": call.output or 0,
        "total_units": (call.input or 0) + (call.output or 0),
        "request_url": url(call),
        "cost": 0 if call.gateway_hit else cents or 0,
        "cost_currency": "USD",
        "response_time": call.latency_ms,
        "response_status_code": call.http_status,
        "cache_status": "HIT" if call.gateway_hit else "MISS",
        "stream_mode": str(call.stream).upper(),
        "metadata": {name: value for name, value in metadata.items() if value is not None},
        "request": bodies.request(call),
        "response": bodies.answer(call),
    }


def portkey_reads(call: Sent) -> Row:
    """An answer from its own cache was for nothing."""
    told = tier(call)
    if call.status == "error" and call.known:
        told |= {"response_model": call.response_model}
    return told | ({"stated_cost": Decimal(0)} if call.gateway_hit else {})


def openrouter(call: Sent) -> Row:
    """A generation; the counts that are not native are another tokenizer's."""
    ends = {"cancelled": None, "error": "error"}
    return {
        "id": f"gen-{call.hex}",
        "upstream_id": f"chatcmpl-{call.hex}",
        "total_cost": float(call.stated or 0),
        "upstream_inference_cost": 0,
        "created_at": call.started.isoformat(),
        "model": call.model,
        "streamed": call.stream,
        "cancelled": call.status == "cancelled",
        "provider_name": "Anthropic" if bodies.claude(call) else "OpenAI",
        "latency": call.first_token_ms if call.stream else call.latency_ms,
        "generation_time": call.latency_ms,
        "finish_reason": ends.get(call.status, call.finish),
        "tokens_prompt": (call.input or 0) // 2,
        "tokens_completion": (call.output or 0) // 2,
        "native_tokens_prompt": call.input or 0,
        "native_tokens_completion": call.output or 0,
        "native_tokens_reasoning": call.reasoning or 0,
        "native_tokens_cached": call.read or 0,
        "is_byok": False,
        "external_user": call.user,
        "api_type": "completions",
        "service_tier": None if bodies.claude(call) else bodies.OPENAI_TIERS.get(call.tier, call.tier),
        "session_id": call.session,
    }


def openrouter_reads(call: Sent) -> Row:
    """What is not known is nought; an error says so by how it ended."""
    told: Row = {"service_tier": None if bodies.claude(call) else call.tier}
    if call.status == "error":
        told |= {"finish_reason": "error"}
    return told | ({"stated_cost": Decimal(0)} if not call.known else {})


_TOLD = INPUT | SPLIT | PROMPT
_TOLD |= {"reasoning_tokens", "operation", "provider", "response_model", "stream", "status", "http_status"}
_TOLD |= {"max_output_tokens", "latency_ms", "gateway_cache_hit", "service_tier", "finish_reason", "user_id"}
_TOLD |= {"project", "environment", "task", "stated_cost"}
_OF = of("openai", "anthropic", "aws", "google", "azure")

WRITERS = (
    Writer(
        "helicone", "helicone", one_file("requests.jsonl", helicone), lambda call: f"{call.uuid}-answer", _OF,
        _TOLD | {"first_token_ms", "session_id"}, helicone_reads,
    ),
    Writer(
        "portkey", "portkey", one_file("export.jsonl", portkey), lambda call: call.uuid, _OF, _TOLD, portkey_reads,
    ),
    Writer(
        "openrouter", "openrouter", one_file("generations.jsonl", openrouter), lambda call: f"gen-{call.hex}",
        of("openrouter"),
        INPUT | {"cache_read_tokens", "reasoning_tokens", "operation", "provider", "service_tier", "stream", "status"}
        | {"latency_ms", "first_token_ms", "session_id", "user_id", "stated_cost", "finish_reason"},
        openrouter_reads,
    ),
)  # fmt: skip
