"""Bedrock's invocation log and Vertex's request-response log: a row when an answer is done, bodies in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulator.writers import bodies
from tests.simulator.writers.writer import INPUT, PROMPT, SPLIT, Writer, billed_failure, of, one_file

if TYPE_CHECKING:
    from tests.simulator.writers.sent import Row, Sent

BEDROCK_ERRORS = {
    400: "ValidationException", 429: "ThrottlingException", 500: "InternalServerException",
    503: "ServiceUnavailableException",
}  # fmt: skip
VERTEX_ERRORS = {400: "INVALID_ARGUMENT", 429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE"}
CONVERSE_ENDS = bodies.ANTHROPIC_ENDS | {"content_filter": "content_filtered"}


def labels(call: Sent) -> Row:
    """Who says that he pays."""
    told = {"project": call.project, "user": call.user, "environment": call.environment, "task": call.task}
    return {name: value for name, value in told.items() if value is not None}


def converse(call: Sent) -> Row:
    """Converse's answer, which sums up everything and tells the writes apart by their lifetime."""
    read, write, hour = call.read or 0, call.write or 0, call.write_1h or 0
    usage = {"inputTokens": (call.input or 0) - read - write, "outputTokens": call.output}
    usage |= {"totalTokens": (call.input or 0) + (call.output or 0)}
    usage |= {"cacheReadInputTokens": read, "cacheWriteInputTokens": write}
    split = [{"ttl": "5m", "inputTokens": write - hour}, {"ttl": "1h", "inputTokens": hour}]
    return {
        "output": {"message": {"role": "assistant", "content": [{"text": "Done."}] if call.output else []}},
        "stopReason": CONVERSE_ENDS.get(call.finish or ""),
        "metrics": {"latencyMs": call.latency_ms},
        "serviceTier": {"type": "default"},
        "usage": usage | ({"cacheDetails": split} if hour else {}),
    }


def streamed(call: Sent) -> list[Row]:
    """A stream's events; the first counts the input, the last has the times."""
    usage = bodies.anthropic_usage(call) | {"output_tokens": 1}
    message = {"id": f"msg_bdrk_{call.hex[:24]}", "type": "message", "model": call.response_model, "usage": usage}
    ends = {"stop_reason": bodies.ANTHROPIC_ENDS.get(call.finish or ""), "stop_sequence": None}
    times = {"invocationLatency": call.latency_ms, "firstByteLatency": call.first_token_ms}
    return [
        {"type": "message_start", "message": message},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Done."}},
        {"type": "message_delta", "delta": ends, "usage": {"output_tokens": call.output}},
        {"type": "message_stop", "amazon-bedrock-invocationMetrics": times},
    ]


def bedrock(call: Sent) -> Row:
    """A line; its input count leaves the cache out."""
    read, write = call.read or 0, call.write or 0
    if call.stream:
        asked = bodies.anthropic_request(call) | {"anthropic_version": "bedrock-2023-05-31"}
    else:
        asked = {"messages": [{"role": "user", "content": [{"text": call.text}]}]}
        asked |= {"inferenceConfig": {"maxTokens": call.max_output}}
        asked |= {"system": [{"text": call.system}]} if call.prefix else {}
    told: Row = {
        "schemaType": "ModelInvocationLog",
        "schemaVersion": "1.0",
        "timestamp": call.started.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "accountId": "123456789012",
        "region": "us-east-1",
        "identity": {"arn": "arn:aws:sts::123456789012:assumed-role/Agents/i-0abc"},
        "requestMetadata": labels(call),
        "requestId": call.uuid,
        "operation": "InvokeModelWithResponseStream" if call.stream else "Converse",
        "modelId": call.model,
        "input": {"inputContentType": "application/json", "inputBodyJson": asked},
    }
    if call.status == "error":
        return told | {"errorCode": BEDROCK_ERRORS[call.http_status]}
    counts = {"inputTokenCount": (call.input or 0) - read - write}
    counts |= {"cacheReadInputTokenCount": read, "cacheWriteInputTokenCount": write}
    body = streamed(call) if call.stream else converse(call)
    answer = {"outputContentType": "application/json", "outputBodyJson": body, "outputTokenCount": call.output}
    return told | {"input": told["input"] | counts, "output": answer}


def bedrock_reads(call: Sent) -> Row:
    """A stream names its model and its first byte, Converse the tier; a failure neither, nor how long it took."""
    failed = call.status == "error"
    return {
        "response_model": call.response_model if call.stream and not failed else None,
        "service_tier": None if call.stream or failed else call.tier,
    } | ({"latency_ms": None, "first_token_ms": None} if failed else {})


def vertex(call: Sent) -> Row:
    """A row of the table; candidates leave the thoughts out."""
    asked: Row = {"contents": [{"role": "user", "parts": [{"text": call.text}]}], "labels": labels(call)}
    asked |= {"model": f"projects/shop/locations/global/publishers/google/models/{call.model}"}
    asked |= {"generationConfig": {"maxOutputTokens": call.max_output}}
    asked |= {"systemInstruction": {"parts": [{"text": call.system}]}} if call.prefix else {}
    usage = {
        "promptTokenCount": call.input,
        "cachedContentTokenCount": call.read or None,
        "candidatesTokenCount": (call.output or 0) - (call.reasoning or 0),
        "thoughtsTokenCount": call.reasoning or None,
        "totalTokenCount": (call.input or 0) + (call.output or 0),
        "trafficType": "ON_DEMAND",
    }
    said = {"role": "model", "parts": [{"text": "Done."}]}
    answer: Row = {
        "candidates": [{"finishReason": bodies.GEMINI_ENDS.get(call.finish or ""), "content": said}],
        "modelVersion": call.response_model,
        "responseId": call.hex[:22],
    }
    if call.status == "error":
        answer = {"error": {"code": call.http_status, "message": "no", "status": VERTEX_ERRORS[call.http_status]}}
    elif call.known:
        answer |= {"usageMetadata": {name: count for name, count in usage.items() if count is not None}}
    return {
        "endpoint": f"projects/shop/locations/global/publishers/google/models/{call.model}",
        "deployed_model_id": "",
        "logging_time": f"{call.ended.replace(tzinfo=None)} UTC",
        "request_id": str(int(call.hex[:15], 16)),
        "model": f"publishers/google/models/{call.model}",
        "api_method": "StreamGenerateContent" if call.stream else "GenerateContent",
        "full_request": asked,
        "full_response": answer,
        "metadata": {"request_latency": float(call.latency_ms)},
    }


def vertex_reads(call: Sent) -> Row:
    """Who has no label is the cloud project's; the tier is told with the usage."""
    return {"project": call.project or "shop"} | ({} if call.known else {"service_tier": None})


_TOLD = INPUT | PROMPT
_TOLD |= {"operation", "provider", "response_model", "service_tier", "stream", "status", "http_status", "latency_ms"}
_TOLD |= {"max_output_tokens", "project", "user_id", "environment", "task", "finish_reason"}
_AWS, _GOOGLE = of("aws"), of("google")

WRITERS = (
    Writer(
        "bedrock", "bedrock", one_file("invocations.jsonl", bedrock), lambda call: call.uuid,
        lambda call: _AWS(call) and not billed_failure(call) and (call.known or call.status == "error"),
        _TOLD | SPLIT | {"first_token_ms"}, bedrock_reads, clock_ms=1000,
    ),
    Writer(
        "vertex", "vertex", one_file("rows.jsonl", vertex), lambda call: str(int(call.hex[:15], 16)),
        lambda call: _GOOGLE(call) and not billed_failure(call), _TOLD | {"cache_read_tokens", "reasoning_tokens"},
        vertex_reads,
    ),
)  # fmt: skip
