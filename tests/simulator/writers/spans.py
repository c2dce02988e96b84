"""OpenTelemetry's spans as the collector's file exporter writes them: times are nanoseconds in texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.simulator.writers import bodies
from tests.simulator.writers.writer import INPUT, SPLIT, Writer, billed_failure, lines, of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tests.simulator.writers.sent import Row, Sent

SYSTEMS = {"azure": "azure.ai.openai"}
ERRORS = {400: "BadRequestError", 429: "RateLimitError", 500: "InternalServerError", 503: "ServiceUnavailableError"}


def attribute(key: str, value: Any) -> Row:
    """A pair with its value in a box that says what it is; whole numbers are texts."""
    if isinstance(value, bool):
        boxed: Row = {"boolValue": value}
    elif isinstance(value, int):
        boxed = {"intValue": str(value)}
    elif isinstance(value, float):
        boxed = {"doubleValue": value}
    elif isinstance(value, list):
        boxed = {"arrayValue": {"values": [{"stringValue": entry} for entry in value]}}
    else:
        boxed = {"stringValue": value}
    return {"key": key, "value": boxed}


def nanoseconds(at: datetime) -> str:
    """An instant as OTLP writes it."""
    return f"{int(at.timestamp())}{at.microsecond:06d}000"


def span(call: Sent, more: Row) -> Row:
    """A client's span; a count that is nought is left out."""
    counts = {
        "gen_ai.usage.cache_read.input_tokens": call.read or None,
        "gen_ai.usage.cache_write.input_tokens": call.write or None,
        "gen_ai.usage.reasoning.output_tokens": call.reasoning or None,
    }
    told = {
        "gen_ai.operation.name": call.operation,
        "gen_ai.provider.name": SYSTEMS.get(call.provider, call.provider),
        "gen_ai.request.model": call.model,
        "gen_ai.request.max_tokens": call.max_output,
        "gen_ai.response.model": None if call.status == "error" else call.response_model,
        "gen_ai.response.id": None if call.status == "error" or call.operation != "chat" else f"answer-{call.hex}",
        "gen_ai.usage.input_tokens": call.input,
        "gen_ai.usage.output_tokens": call.output if call.operation == "chat" else None,
        **counts,
        **more,
    }
    first = None if call.first_token_ms is None else call.first_token_ms / 1000
    told |= {"gen_ai.response.time_to_first_chunk": first, "gen_ai.conversation.id": call.session}
    return {
        "traceId": call.hex,
        "spanId": call.hex[:16],
        "parentSpanId": call.hex[16:],
        "name": f"{call.operation} {call.model}",
        "kind": 3,
        "startTimeUnixNano": nanoseconds(call.started),
        "endTimeUnixNano": nanoseconds(call.ended),
        "attributes": [attribute(key, value) for key, value in told.items() if value is not None],
        "status": {"code": 2, "message": "no"} if call.status == "error" else {},
    }


def openai_more(call: Sent) -> Row:
    """What OpenAI's instrumentation adds. A stream's tier is left out."""
    finish = {"gen_ai.response.finish_reasons": [call.finish]} if call.finish else {}
    asked = {"gen_ai.request.stream": call.stream} if call.operation == "chat" else {}
    if call.status == "error":
        return asked | {"error.type": f"openai.{ERRORS[call.http_status]}"}
    tier = bodies.OPENAI_TIERS.get(call.tier, call.tier)
    return asked | finish | ({"openai.response.service_tier": tier} if call.operation == "chat" else {})


def anthropic_more(call: Sent) -> Row:
    """What Anthropic's own client adds: how long writes are kept, the status, the end in its own words."""
    told: Row = {"gen_ai.request.stream": call.stream, "http.response.status_code": call.http_status}
    if call.status == "error":
        return told | {"error.type": ERRORS[call.http_status]}
    told |= {"anthropic.message.stop_reason": bodies.ANTHROPIC_ENDS.get(call.finish or "")}
    if call.known:
        told |= {"anthropic.usage.cache_creation.ephemeral_1h_input_tokens": call.write_1h or None}
        told |= {"anthropic.response.service_tier": call.tier}
    return told


def exported(scope: str, more: Callable[[Sent], Row]) -> Callable[[list[Sent]], dict[str, bytes]]:
    """Batches of twenty spans, each under its service, with the agent's span that holds the call."""
    return lambda calls: {
        "spans.jsonl": lines(batch(scope, calls[at : at + 20], more) for at in range(0, len(calls), 20))
    }


def batch(scope: str, calls: list[Sent], more: Callable[[Sent], Row]) -> Row:
    """One export: resource by resource."""
    resources: dict[tuple[str | None, str], list[Row]] = {}
    for call in calls:
        inner = span(call, more(call))
        outer = inner | {"spanId": call.hex[16:], "parentSpanId": "", "name": f"invoke_agent {call.task}"}
        outer |= {"attributes": [attribute("gen_ai.operation.name", "invoke_agent")]}
        resources.setdefault((call.project, call.environment), []).extend((outer, inner))
    return {
        "resourceSpans": [
            {
                "resource": {
                    "attributes": [
                        attribute("service.name", project or "unknown_service:python"),
                        attribute("deployment.environment.name", environment),
                        attribute("telemetry.sdk.name", "opentelemetry"),
                    ]
                },
                "scopeSpans": [{"scope": {"name": scope}, "spans": spans}],
            }
            for (project, environment), spans in resources.items()
        ]
    }


def openai_reads(call: Sent) -> Row:
    """An error and an embedding say less."""
    told = call.operation == "chat" and call.status != "error"
    return {"service_tier": call.tier if told else None} | ({"stream": None} if call.operation != "chat" else {})


_TOLD = INPUT | SPLIT
_TOLD |= {"reasoning_tokens", "operation", "provider", "response_model", "service_tier", "stream", "status"}
_TOLD |= {"latency_ms", "first_token_ms", "max_output_tokens", "session_id", "project", "environment", "finish_reason"}
_OPENAI, _ANTHROPIC = of("openai", "azure"), of("anthropic")

WRITERS = (
    Writer(
        "otel_openai", "otel_genai", exported("opentelemetry.instrumentation.genai.openai", openai_more),
        lambda call: f"{call.hex}/{call.hex[:16]}",
        lambda call: _OPENAI(call) and not call.gateway_hit and not billed_failure(call),
        _TOLD - {"cache_write_1h_tokens"}, openai_reads,
    ),
    Writer(
        "otel_anthropic", "otel_genai", exported("com.anthropic.sdk.python", anthropic_more),
        lambda call: f"{call.hex}/{call.hex[:16]}",
        lambda call: _ANTHROPIC(call) and not call.gateway_hit and not billed_failure(call),
        _TOLD | {"http_status"}, lambda call: {} if call.known else {"service_tier": None},
    ),
)  # fmt: skip
