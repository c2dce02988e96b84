"""The sessions of agents: Claude Code repeats a call's usage on each line of its answer, Codex adds up."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.simulator.calls import digest
from tests.simulator.writers import bodies
from tests.simulator.writers.writer import INPUT, SPLIT, Writer, asked_in_chat, lines, of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tests.simulator.writers.sent import Row, Sent

CODEX_COUNTS = ("input_tokens", "cached_input_tokens", "output_tokens", "reasoning_output_tokens")


def zulu(at: datetime) -> str:
    """A time in milliseconds."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def replayed(call: Sent) -> bool:
    """Whether a side chain begins with a copy of the message."""
    return int(call.hex[:2], 16) % 5 == 0


def by_session(calls: list[Sent], told: Callable[[str, list[Sent]], list[Row]]) -> dict[str, bytes]:
    """One file a session."""
    sessions: dict[str, list[Sent]] = {}
    for call in calls:
        sessions.setdefault(call.session, []).append(call)
    return {f"{name}.jsonl": lines(told(name, members)) for name, members in sessions.items()}


def claude_session(name: str, calls: list[Sent]) -> list[Row]:
    """The mode, then for each call the question and two or three lines of the answer, all with the whole usage."""
    told: list[Row] = [{"type": "mode", "mode": "normal", "sessionId": name}]
    for call in calls:
        cwd = f"/workspace/{call.project or 'scratch'}"
        base = {"sessionId": name, "cwd": cwd, "version": "2.1.157", "userType": "external", "isSidechain": False}
        asked = {"role": "user", "content": call.text}
        told.append(line(base, call, 0, call.started) | {"type": "user", "message": asked})
        blocks = [{"type": "thinking", "thinking": ""}, {"type": "text", "text": "Next."}, {"type": "tool_use"}]
        for number, block in enumerate(blocks, start=1):
            at = call.ended - timedelta(milliseconds=3 * (len(blocks) - number))
            said = bodies.anthropic_answer(call) | {"content": [block]}
            answer = {"type": "assistant", "requestId": f"req_{call.hex[:22]}", "message": said}
            told.append(line(base, call, number, at) | answer)
        if replayed(call):
            copy = {"uuid": digest(f"{call.hex} copy"), "requestId": f"req_{call.hex[8:30]}", "isSidechain": True}
            told.append(told[-1] | copy)
    return told


def line(base: Row, call: Sent, number: int, at: datetime) -> Row:
    """What every line of a conversation has."""
    return {"parentUuid": None, "uuid": digest(f"{call.hex} {number}"), "timestamp": zulu(at)} | base


def claude_reads(call: Sent) -> Row:
    """The time of the answer's first line is all there is; an agent always streams. A replay changes nothing."""
    at = (call.ended - timedelta(milliseconds=6)).replace(tzinfo=None)
    told = {"started_at": at, "stream": True, "project": call.project or "scratch", "task": "agent"}
    return told | {"model": call.response_model}


def codex_session(name: str, calls: list[Sent]) -> list[Row]:
    """Who and where, then for each answer the total so far and what it added, said twice."""
    meta = {"id": name, "cwd": "/workspace/scratch", "originator": "codex_cli_rs", "cli_version": "0.98.0"}
    told = [event(calls[0].started, "session_meta", meta | {"source": "cli", "model_provider": "openai"})]
    for call, total in running(calls):
        turn = {"cwd": f"/workspace/{call.project or 'scratch'}", "model": call.model, "effort": "high"}
        said = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Go on."}]}
        info = {"total_token_usage": total, "last_token_usage": counts(call), "model_context_window": 272_000}
        told += [
            event(call.started, "turn_context", turn),
            event(call.started, "response_item", said),
            event(call.ended, "event_msg", {"type": "token_count", "info": None, "rate_limits": None}),
            event(call.ended, "event_msg", {"type": "token_count", "info": info, "rate_limits": None}),
            event(call.ended, "event_msg", {"type": "token_count", "info": info, "rate_limits": {"primary": None}}),
        ]
    return told


def event(at: datetime, kind: str, payload: Row) -> Row:
    """A line."""
    return {"timestamp": zulu(at), "type": kind, "payload": payload}


def counts(call: Sent) -> Row:
    """What one answer added."""
    added = (call.input or 0, call.read or 0, call.output or 0, call.reasoning or 0)
    return dict(zip(CODEX_COUNTS, added, strict=True)) | {"total_tokens": (call.input or 0) + (call.output or 0)}


def running(calls: list[Sent]) -> list[tuple[Sent, Row]]:
    """Each call of a session with the session's total after it."""
    total = dict.fromkeys((*CODEX_COUNTS, "total_tokens"), 0)
    told = []
    for call in calls:
        total = {name: total[name] + count for name, count in counts(call).items()}
        told.append((call, total))
    return told


def codex_files(calls: list[Sent]) -> dict[str, bytes]:
    """The sessions, with each call's name left on it: the log names a call by the session and its totals."""
    sessions: dict[str, list[Sent]] = {}
    for call in calls:
        sessions.setdefault(call.session, []).append(call)
    for members in sessions.values():
        for call, total in running(members):
            call.trail["codex"] = "/".join(str(total[name]) for name in CODEX_COUNTS)
    return by_session(calls, codex_session)


def codex_id(call: Sent) -> str:
    """The session and a digest of the totals and of what was added."""
    added = "/".join(str(counts(call)[name]) for name in CODEX_COUNTS[:3])
    content = f"{call.trail['codex']}/{added}".encode()
    return f"{call.session}/{hashlib.md5(content, usedforsecurity=False).hexdigest()}"


def codex_reads(call: Sent) -> Row:
    """A call is told when it is done."""
    at = call.ended.replace(tzinfo=None)
    return {"started_at": at, "stream": True, "project": call.project or "scratch", "task": "agent"}


_TOLD = INPUT | {"operation", "provider", "status", "session_id", "project", "task", "stream"}
_OPENAI, _ANTHROPIC = of("openai"), of("anthropic")

WRITERS = (
    Writer(
        "claude_code", "claude_code", lambda calls: by_session(calls, claude_session),
        lambda call: f"msg_{call.hex[:24]}",
        lambda call: _ANTHROPIC(call) and asked_in_chat(call) and call.known
        and call.status in ("ok", "truncated", "filtered"),
        _TOLD | SPLIT | {"response_model", "service_tier", "finish_reason"}, claude_reads,
    ),
    Writer(
        "codex", "codex", codex_files, codex_id,
        lambda call: _OPENAI(call) and asked_in_chat(call) and call.known and call.status == "ok"
        and call.tier == "standard",
        _TOLD | {"cache_read_tokens", "reasoning_tokens"}, codex_reads,
    ),
)  # fmt: skip
