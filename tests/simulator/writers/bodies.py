"""The bodies that providers speak: what was asked and answered, and how each of them counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.simulator.writers.sent import Row, Sent

ANTHROPIC_ENDS = {"stop": "end_turn", "length": "max_tokens", "content_filter": "refusal"}
GEMINI_ENDS = {"stop": "STOP", "length": "MAX_TOKENS", "content_filter": "SAFETY"}
OPENAI_TIERS = {"standard": "default"}
# Who says in an answer what it was served as; Anthropic says it beside the counts.
TIERED = ("openai", "azure")


def claude(call: Sent) -> bool:
    """Whether the answer is counted as Anthropic counts, wherever its model runs."""
    return "claude" in call.model


def openai_messages(call: Sent) -> list[Row]:
    """System and user, each with a role."""
    head = [{"role": "system", "content": call.system}] if call.prefix else []
    return [*head, {"role": "user", "content": call.text}]


def openai_usage(call: Sent) -> Row:
    """Totals that hold their parts."""
    total = (call.input or 0) + (call.output or 0)
    if call.operation == "embeddings":
        return {"prompt_tokens": call.input, "total_tokens": total}
    return {
        "prompt_tokens": call.input,
        "completion_tokens": call.output,
        "total_tokens": total,
        "prompt_tokens_details": {"cached_tokens": call.read, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": call.reasoning, "audio_tokens": 0},
    }


def openai_request(call: Sent) -> Row:
    """What the client sent."""
    if call.operation == "embeddings":
        return {"model": call.model, "input": [call.text]}
    asked: Row = {"model": call.model, "messages": openai_messages(call), "stream": call.stream}
    return asked | ({"max_completion_tokens": call.max_output} if call.max_output else {})


def openai_answer(call: Sent, *, created: int | None = None) -> Row:
    """A chat completion, a list of embeddings, or an error."""
    if call.status == "error" and not call.known:
        return {"error": {"message": "no", "type": "requests", "param": None, "code": call.error_type}}
    usage = {"usage": openai_usage(call)} if call.known else {"usage": None}
    if call.operation == "embeddings":
        vectors = [{"object": "embedding", "index": 0, "embedding": []}]
        return {"object": "list", "data": vectors, "model": call.response_model} | usage
    said = {"role": "assistant", "content": "Done." if call.output else "", "refusal": None}
    return {
        "id": f"chatcmpl-{call.hex}",
        "object": "chat.completion",
        "created": int(call.ended.timestamp()) if created is None else created,
        "model": call.response_model,
        "choices": [{"index": 0, "message": said, "logprobs": None, "finish_reason": call.finish}],
        **({"service_tier": OPENAI_TIERS.get(call.tier, call.tier)} if call.provider in TIERED else {}),
        **usage,
    }


def anthropic_usage(call: Sent) -> Row:
    """What is fresh stands beside what was read and what was written."""
    read, write, hour = call.read or 0, call.write or 0, call.write_1h or 0
    return {
        "input_tokens": (call.input or 0) - read - write,
        "cache_creation_input_tokens": write,
        "cache_read_input_tokens": read,
        "cache_creation": {"ephemeral_5m_input_tokens": write - hour, "ephemeral_1h_input_tokens": hour},
        "output_tokens": call.output,
        **({"service_tier": call.tier} if call.provider == "anthropic" else {}),
    }


def anthropic_request(call: Sent) -> Row:
    """What the client sent; the system prompt has a place of its own."""
    asked: Row = {"model": call.model, "max_tokens": call.max_output, "stream": call.stream}
    head = {"system": call.system} if call.prefix else {}
    return asked | head | {"messages": [{"role": "user", "content": call.text}]}


def anthropic_answer(call: Sent) -> Row:
    """A message or an error."""
    if call.status == "error" and not call.known:
        kinds = {400: "invalid_request_error", 429: "rate_limit_error", 500: "api_error", 503: "overloaded_error"}
        told = {"type": kinds[call.http_status], "message": "no"}
        return {"type": "error", "error": told, "request_id": f"req_{call.hex[:24]}"}
    return {
        "id": f"msg_{call.hex[:24]}",
        "type": "message",
        "role": "assistant",
        "model": call.response_model,
        "content": [{"type": "text", "text": "Done."}] if call.output else [],
        "stop_reason": ANTHROPIC_ENDS.get(call.finish or ""),
        "stop_sequence": None,
        "usage": anthropic_usage(call) if call.known else {},
    }


def request(call: Sent) -> Row:
    """What the client sent, as its model's maker wants it."""
    return anthropic_request(call) if claude(call) else openai_request(call)


def answer(call: Sent) -> Row:
    """What came back, as the model's maker says it."""
    return anthropic_answer(call) if claude(call) else openai_answer(call)
