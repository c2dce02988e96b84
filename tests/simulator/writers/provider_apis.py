"""The providers' own interfaces, as programs log them: the answer with its request beside it, or a batch's results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulator.writers import bodies
from tests.simulator.writers.writer import (
    INPUT,
    PROMPT,
    SPLIT,
    Writer,
    asked_in_chat,
    billed_failure,
    of,
    one_file,
)  # fmt: skip

if TYPE_CHECKING:
    from tests.simulator.writers.sent import Row, Sent


def beside(call: Sent) -> Row:
    """What the program knows itself."""
    return {
        "request_id": call.uuid,
        "started_at": call.started.isoformat(),
        "latency_ms": call.latency_ms,
        "status_code": call.http_status,
        "session_id": call.session,
        "user_id": call.user,
        "project": call.project,
        "environment": call.environment,
    }


def chat(call: Sent) -> Row:
    """A chat completion and its request."""
    return beside(call) | {"request": bodies.openai_request(call), "response": bodies.openai_answer(call)}


def refused(call: Sent) -> bool:
    """Whether nothing was answered."""
    return call.status == "error" and not call.known


def chat_id(call: Sent) -> str:
    """The answer's id; where there is none, the program's."""
    return call.uuid if refused(call) or call.operation == "embeddings" else f"chatcmpl-{call.hex}"


def chat_reads(call: Sent) -> Row:
    """An embedding says nothing of its cache, its tier or the stream; an error not of its tier."""
    if call.operation == "embeddings":
        return {"service_tier": None, "cache_read_tokens": None, "stream": None}
    return {"service_tier": None} if refused(call) else {}


def response(call: Sent) -> Row:
    """An answer of the responses interface, which ends for other reasons."""
    cut = {"length": "max_output_tokens", "content_filter": "content_filter"}.get(call.finish or "")
    said = [{"type": "message", "id": f"msg_{call.hex}", "role": "assistant", "content": []}] if call.output else []
    counts = {
        "input_tokens": call.input,
        "input_tokens_details": {"cached_tokens": call.read},
        "output_tokens": call.output,
        "output_tokens_details": {"reasoning_tokens": call.reasoning},
        "total_tokens": (call.input or 0) + (call.output or 0),
    }
    answer = {
        "id": f"resp_{call.hex}",
        "object": "response",
        "created_at": int(call.started.timestamp()),
        "status": "incomplete" if cut else "completed",
        "error": None,
        "incomplete_details": {"reason": cut} if cut else None,
        "instructions": call.system or None,
        "max_output_tokens": call.max_output,
        "model": call.response_model,
        "output": said,
        "service_tier": bodies.OPENAI_TIERS.get(call.tier, call.tier),
        "tools": [],
        "usage": counts if call.known else None,
    }
    asked = {"model": call.model, "stream": call.stream, "input": [{"role": "user", "content": call.text}]}
    asked |= {"instructions": call.system} if call.prefix else {}
    return beside(call) | {"request": asked, "response": answer}


def batched(call: Sent) -> Row:
    """A line of a batch's output file; the only time is the answer's."""
    body = bodies.openai_answer(call, created=int(call.started.timestamp()))
    told = {"status_code": 200, "request_id": call.uuid, "body": body}
    return {"id": f"batch_req_{call.hex}", "custom_id": f"request-{call.hex[:3]}", "response": told, "error": None}


def message(call: Sent) -> Row:
    """A message of Anthropic's and its request."""
    return beside(call) | {"request": bodies.anthropic_request(call), "response": bodies.anthropic_answer(call)}


def cohere(call: Sent) -> Row:
    """A chat's answer as Cohere gives it: counts under what is billed, and no model."""
    ends = {"stop": "COMPLETE", "length": "MAX_TOKENS", "content_filter": "ERROR_TOXIC"}
    counts = {
        "billed_units": {"input_tokens": call.input, "output_tokens": call.output},
        "tokens": {"input_tokens": (call.input or 0) + 66, "output_tokens": call.output},
        "cached_tokens": call.read,
    }
    answer = {
        "id": call.uuid,
        "finish_reason": ends.get(call.finish or ""),
        "message": {"role": "assistant", "content": [{"type": "text", "text": "Done."}] if call.output else []},
        "usage": counts if call.known else None,
    }
    asked = {"model": call.model, "messages": bodies.openai_messages(call), "stream": call.stream}
    asked |= {"max_tokens": call.max_output} if call.max_output else {}
    return beside(call) | {"request_id": f"req_{call.hex}", "request": asked, "response": answer}


def heard(call: Sent) -> Row:
    """A transcription's answer, which has no id; what was asked of it was sound."""
    counts = {
        "type": "tokens",
        "input_tokens": call.input,
        "input_token_details": {"text_tokens": 0, "audio_tokens": call.input},
        "output_tokens": call.output,
        "total_tokens": (call.input or 0) + (call.output or 0),
    }
    answer = {"text": "Done." if call.output else "", "usage": counts if call.known else None}
    return beside(call) | {"request": {"model": call.model}, "response": answer}


_BESIDE = INPUT | PROMPT
_BESIDE |= {"operation", "provider", "response_model", "service_tier", "stream", "status", "http_status", "latency_ms"}
_BESIDE |= {"max_output_tokens", "session_id", "user_id", "project", "environment", "finish_reason"}
_OPENAI, _ANTHROPIC = of("openai"), of("anthropic")
_ANSWERED = ("ok", "truncated", "filtered")

WRITERS = (
    Writer(
        "openai_chat", "openai_chat", one_file("chat.jsonl", chat), chat_id,
        lambda call: _OPENAI(call) and not call.gateway_hit and not billed_failure(call),
        _BESIDE | {"cache_read_tokens", "reasoning_tokens"}, chat_reads,
    ),
    Writer(
        "openai_responses", "openai_responses", one_file("responses.jsonl", response),
        lambda call: f"resp_{call.hex}",
        lambda call: _OPENAI(call) and asked_in_chat(call) and call.status not in ("error", "cancelled"),
        _BESIDE | {"cache_read_tokens", "reasoning_tokens"},
    ),
    Writer(
        "openai_batch", "openai_batch", one_file("output.jsonl", batched), lambda call: f"batch_req_{call.hex}",
        lambda call: call.provider == "openai" and call.tier == "batch" and call.operation == "chat",
        INPUT | {"operation", "provider", "service_tier", "stream", "status", "http_status", "response_model"}
        | {"cache_read_tokens", "reasoning_tokens", "finish_reason"},
        # The model that answered is all the file tells of the one that was asked.
        lambda call: {"model": call.response_model}, clock_ms=1000,
    ),
    Writer(
        "anthropic_messages", "anthropic_messages", one_file("messages.jsonl", message),
        lambda call: call.uuid if refused(call) else f"msg_{call.hex[:24]}",
        lambda call: _ANTHROPIC(call) and asked_in_chat(call) and not billed_failure(call),
        _BESIDE | SPLIT, lambda call: {} if call.known else {"service_tier": None},
    ),
    Writer(
        "cohere", "cohere", one_file("cohere.jsonl", cohere), lambda call: call.uuid,
        lambda call: (
            _OPENAI(call) and call.tier in ("standard", "flex") and asked_in_chat(call) and call.status in _ANSWERED
        ),
        (_BESIDE | {"cache_read_tokens"}) - {"provider", "response_model", "service_tier"},
    ),
    Writer(
        "openai_media", "openai_media", one_file("media.jsonl", heard), lambda call: call.uuid,
        lambda call: _OPENAI(call) and asked_in_chat(call) and call.status == "ok" and bool(call.output),
        INPUT | {"status", "http_status", "latency_ms", "session_id", "user_id", "project", "environment"},
        lambda _: {"operation": "audio"},
    ),
)  # fmt: skip
