"""The bodies a provider answers with, as they go over the wire."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.programs.answers import ANSWER, Tokens

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.programs.answers import Case

CREATED = 1_791_194_400
PREFIXES = {"chat": "chatcmpl", "responses": "resp", "messages": "msg", "embeddings": "emb"}
TOOL = "find_nurse"


def answer_id(case: Case, number: int) -> str:
    """The id of an answer."""
    return f"{PREFIXES[case.api]}{'_' if case.api != 'chat' else '-'}{number:04}{case.name.replace('_', '')}"


def chat(case: Case, ident: str) -> dict[str, Any]:
    """A chat completion."""
    message: dict[str, Any] = {"role": "assistant", "content": ANSWER, "refusal": None}
    if case.finish == "tool_calls":
        function = {"name": TOOL, "arguments": '{"ward": 4}'}
        message |= {"content": None, "tool_calls": [{"id": "call_1", "type": "function", "function": function}]}
    choice = {"index": 0, "message": message, "finish_reason": case.finish, "logprobs": None}
    head = _chat_head(case, ident, "chat.completion")
    return head | {"service_tier": case.tier, "choices": [choice], "usage": chat_usage(case)}


def chat_events(case: Case, ident: str, *, usage: bool) -> str:
    """The same as a stream; the tokens come last, and only where they were asked for."""
    head = _chat_head(case, ident, "chat.completion.chunk")
    words: list[dict[str, Any]] = [{"content": f"{word} "} for word in ANSWER.split()]
    deltas = [*((delta, None) for delta in ({"role": "assistant", "content": ""}, *words)), ({}, case.finish)]
    chunks = [head | {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]} for delta, finish in deltas]
    if usage:
        chunks.append(head | {"choices": [], "usage": chat_usage(case)})
    return "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"


def _chat_head(case: Case, ident: str, kind: str) -> dict[str, Any]:
    return {"id": ident, "object": kind, "created": CREATED, "model": case.answered_model}


def chat_usage(case: Case) -> dict[str, Any]:
    """Tokens as a chat completion states them: what was cached and reasoned is within the totals."""
    tokens = _billed(case)
    details: dict[str, int] = {"cached_tokens": tokens.read, "audio_tokens": 0}
    if tokens.write:
        details["cache_write_tokens"] = tokens.write
    return {
        "prompt_tokens": tokens.input,
        "completion_tokens": tokens.output,
        "total_tokens": tokens.input + tokens.output,
        "prompt_tokens_details": details,
        "completion_tokens_details": {"reasoning_tokens": tokens.reasoning, "audio_tokens": 0},
    }


def embeddings(case: Case, _ident: str) -> dict[str, Any]:
    """An embedding; it has no id."""
    count = _billed(case).input
    return {
        "object": "list",
        "data": [{"object": "embedding", "index": 0, "embedding": [0.25, -0.5]}],
        "model": case.answered_model,
        "usage": {"prompt_tokens": count, "total_tokens": count},
    }


def responses(case: Case, ident: str) -> dict[str, Any]:
    """An answer of the responses interface."""
    tokens = _billed(case)
    part = {"type": "output_text", "text": ANSWER, "annotations": []}
    item = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [part]}
    return {
        "id": ident,
        "object": "response",
        "created_at": CREATED,
        "status": case.finish,
        "incomplete_details": {"reason": "max_output_tokens"} if case.finish == "incomplete" else None,
        "error": None,
        "model": case.answered_model,
        "output": [item],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "service_tier": case.tier,
        "usage": {
            "input_tokens": tokens.input,
            "input_tokens_details": {"cached_tokens": tokens.read, "cache_write_tokens": tokens.write},
            "output_tokens": tokens.output,
            "output_tokens_details": {"reasoning_tokens": tokens.reasoning},
            "total_tokens": tokens.input + tokens.output,
        },
    }


def responses_events(case: Case, ident: str, *, usage: bool) -> str:
    """The same as a stream, whose last event holds the whole answer."""
    whole = responses(case, ident)
    begun = whole | {"status": "in_progress", "output": [], "usage": None}
    delta = {"item_id": "msg_1", "output_index": 0, "content_index": 0, "delta": ANSWER, "logprobs": []}
    steps: list[tuple[str, dict[str, Any]]] = [
        ("response.created", {"response": begun}),
        ("response.output_text.delta", delta),
        ("response.completed", {"response": whole if usage else whole | {"usage": None}}),
    ]
    return _events((kind, body | {"sequence_number": number}) for number, (kind, body) in enumerate(steps))


def messages(case: Case, ident: str) -> dict[str, Any]:
    """An answer of Anthropic's interface."""
    content: list[dict[str, Any]] = [{"type": "text", "text": ANSWER}]
    if case.finish == "tool_use":
        content.append({"type": "tool_use", "id": "toolu_1", "name": TOOL, "input": {"ward": 4}})
    head = {"id": ident, "type": "message", "role": "assistant", "model": case.answered_model, "content": content}
    return head | {"stop_reason": case.finish, "stop_sequence": None, "usage": messages_usage(_billed(case))}


def messages_events(case: Case, ident: str, *, usage: bool) -> str:
    """The same as a stream: the input's tokens come first, the output's grow."""
    tokens = _billed(case)
    whole = messages(case, ident)
    first = messages_usage(tokens) | {"output_tokens": 1}
    delta = {"stop_reason": case.finish, "stop_sequence": None}
    last = {"output_tokens": tokens.output} if usage else {}
    return _events([
        ("message_start", {"message": whole | {"content": [], "stop_reason": None, "usage": first}}),
        ("content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}}),
        ("content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": ANSWER}}),
        ("content_block_stop", {"index": 0}),
        ("message_delta", {"delta": delta, "usage": last}),
        ("message_stop", {}),
    ])  # fmt: skip


def messages_usage(tokens: Tokens) -> dict[str, Any]:
    """Tokens as Anthropic states them: the input is what the cache had no part in."""
    return {
        "input_tokens": tokens.input - tokens.read - tokens.write,
        "cache_read_input_tokens": tokens.read,
        "cache_creation_input_tokens": tokens.write,
        "cache_creation": {
            "ephemeral_5m_input_tokens": tokens.write - tokens.write_1h,
            "ephemeral_1h_input_tokens": tokens.write_1h,
        },
        "output_tokens": tokens.output,
        "service_tier": "standard",
    }


def error(case: Case, message: str) -> dict[str, Any]:
    """What a refusal of the request looks like."""
    if case.api == "messages":
        return {"type": "error", "error": {"type": case.error, "message": message}, "request_id": "req_0123456789"}
    return {"error": {"message": message, "type": case.error, "param": None, "code": case.error}}


def _billed(case: Case) -> Tokens:
    return case.tokens or Tokens(0)


def _events(steps: Iterable[tuple[str, dict[str, Any]]]) -> str:
    return "".join(f"event: {kind}\ndata: {json.dumps({'type': kind} | body)}\n\n" for kind, body in steps)
