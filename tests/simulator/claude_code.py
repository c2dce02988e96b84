"""Claude Code's sessions: a call's usage stands on one line for each block of its answer."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

from tests.simulator.calls import digest
from tests.simulator.files import saved

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from tests.simulator.calls import Call

Line: TypeAlias = dict[str, Any]
VERSION = "2.1.157"
STEPS = (
    ("Read", {"file_path": "/workspace/code-assistant/parser.py"}, "def parse(text): ..."),
    ("Edit", {"file_path": "/workspace/code-assistant/parser.py"}, "The file has been updated."),
    ("Bash", {"command": "pytest -q"}, "12 passed in 0.84s"),
)


def write(folder: Path, calls: list[Call]) -> None:
    """One file a session, in a folder named for the project."""
    sessions: dict[str, list[Call]] = {}
    for call in calls:
        sessions.setdefault(call.session, []).append(call)
    for name, members in sessions.items():
        lines = session(name, members)
        text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)
        saved(folder / str(members[0].project) / f"{name}.jsonl", text.encode())


def session(name: str, calls: list[Call]) -> list[Line]:
    """The lines of a session: its mode, the question, then answers and what tools gave back."""
    base: Line = {
        "userType": "external",
        "entrypoint": "cli",
        "cwd": f"/workspace/{calls[0].project}",
        "sessionId": name,
        "version": VERSION,
        "gitBranch": "main",
    }
    lines: list[Line] = [
        {"type": "mode", "mode": "normal", "sessionId": name},
        {"type": "permission-mode", "permissionMode": "default", "sessionId": name},
    ]
    parent: str | None = None
    for turn, call in enumerate(calls):
        last = turn == len(calls) - 1
        asked = call.prompt if turn == 0 else tool_result(call, STEPS[(turn - 1) % 3][2])
        question = message_line(base, parent, call, 0, call.started)
        question |= {"type": "user", "message": {"role": "user", "content": asked}}
        lines.append(question)
        parent = question["uuid"]
        if turn == 0:
            lines.append({"type": "ai-title", "aiTitle": "Change the parser", "sessionId": name})
        for line in answer(base, parent, call, turn, last=last):
            lines.append(line)
            parent = line["uuid"]
    done = message_line(base, parent, calls[-1], 9, calls[-1].ended + timedelta(seconds=1))
    lines.append(done | {"type": "system", "subtype": "turn_duration", "messageCount": len(calls)})
    return lines


def answer(base: Line, parent: str | None, call: Call, turn: int, *, last: bool) -> list[Line]:
    """One line for each content block, all with the same message id, request id and usage."""
    tool, given, _ = STEPS[turn % 3]
    blocks: list[Line] = []
    if turn % 2:
        blocks.append({"type": "thinking", "thinking": "", "signature": digest(call.prompt)})
    blocks.append({"type": "text", "text": "Done: all tests pass." if last else "Next step."})
    if not last:
        use = f"toolu_{digest(call.call_id)[:22]}"
        blocks.append({"type": "tool_use", "id": use, "name": tool, "input": given})
    message_id, request_id = call.call_id.split(":")
    lines: list[Line] = []
    for number, block in enumerate(blocks, start=1):
        at = call.ended - timedelta(milliseconds=300 * (len(blocks) - number))
        line = message_line(base, parent, call, number, at)
        line |= {
            "type": "assistant",
            "requestId": request_id,
            "message": {
                "model": call.response_model,
                "id": message_id,
                "type": "message",
                "role": "assistant",
                "content": [block],
                "stop_reason": "end_turn" if last else "tool_use",
                "stop_sequence": None,
                "usage": usage(call),
            },
        }
        lines.append(line)
        parent = line["uuid"]
    return lines


def message_line(base: Line, parent: str | None, call: Call, number: int, at: datetime) -> Line:
    """What every line of a conversation carries."""
    text = digest(f"{call.call_id} {number}")
    return {
        "parentUuid": parent,
        "isSidechain": call.side_chain,
        "uuid": f"{text[:8]}-{text[8:12]}-5{text[13:16]}-9{text[17:20]}-{text[20:]}",
        "timestamp": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        **base,
    }


def tool_result(call: Call, content: str) -> list[Line]:
    """What a tool gave back."""
    return [{"type": "tool_result", "tool_use_id": f"toolu_{digest(call.prompt)[:22]}", "content": content}]


def usage(call: Call) -> Line:
    """Anthropic's usage: input without the cache; all writes with the five-minute lifetime."""
    read, write = call.read or 0, call.write or 0
    return {
        "input_tokens": (call.input or 0) - read - write,
        "cache_creation_input_tokens": write,
        "cache_read_input_tokens": read,
        "output_tokens": call.output,
        "cache_creation": {"ephemeral_1h_input_tokens": 0, "ephemeral_5m_input_tokens": write},
        "service_tier": "standard",
    }
