"""A call as every format must be able to tell it, and what must be read of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, TypeAlias

from tests.simulator.calls import Call, digest
from tests.simulator.lanes import LANES

Row: TypeAlias = dict[str, Any]
TOKENS_A_BYTE = 16


@dataclass(slots=True, kw_only=True)
class Sent(Call):
    """A call with what the sample logs leave out: the hour's part of a write, the tier, the words of its head.

    ``origin`` is what all tellings of the call share; every log gives it ids of its own.
    """

    origin: str
    write_1h: int | None = 0
    tier: str = "standard"

    @property
    def known(self) -> bool:
        """Whether its usage was told."""
        return self.input is not None

    @property
    def hex(self) -> str:
        """32 digits that stand for this telling of the call."""
        return digest(self.call_id)

    @property
    def uuid(self) -> str:
        """The same digits as an id."""
        text = self.hex
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"

    @property
    def system(self) -> str:
        """The head that the calls of a prefix share, as long as its tokens ask for."""
        return filled(f"Rules of {self.prefix}. ", self.prefix_tokens or 0) if self.prefix else ""

    @property
    def text(self) -> str:
        """What was asked: alike for calls of one prompt, and as long as its task's questions are."""
        fresh = {lane.task: lane.fresh for lane in LANES}.get(self.task, 900)
        return filled(f"{self.prompt} ", fresh)

    @property
    def stated(self) -> Decimal | None:
        """What a gateway says it cost: its own list, in whole millionths of two dollars."""
        return None if self.input is None else self.quota * Decimal("0.000002")

    @property
    def quota(self) -> int:
        """The same in the units of one-api."""
        return (self.input or 0) + 4 * (self.output or 0)


def filled(start: str, tokens: int) -> str:
    """A text about as long as so many tokens would be, in a sixteenth of the size."""
    size = max(len(start), tokens // TOKENS_A_BYTE)
    return (start + "Keep to the handbook, and name the page. " * (size // 40 + 1))[:size]


def in_log(call: Sent, name: str) -> Sent:
    """The call as one log's own: nothing in it is in another log, so nothing of it can be linked or repeated there."""
    return replace(
        call,
        call_id=f"{name}-{call.origin}",
        prompt=f"{call.prompt} [{name}]",
        session=digest(f"{name} {call.session}"),
        prefix=None if call.prefix is None else f"{call.prefix} [{name}]",
        trail={},
    )


def truth(call: Sent) -> Row:
    """The call under the record's names."""
    return {
        "started_at": call.started.replace(tzinfo=None),
        "latency_ms": call.latency_ms,
        "first_token_ms": call.first_token_ms,
        "operation": call.operation,
        "provider": call.provider,
        "model": call.model,
        "response_model": None if call.status == "error" else call.response_model,
        "service_tier": call.tier,
        "stream": call.stream,
        "max_output_tokens": call.max_output,
        "input_tokens": call.input,
        "cache_read_tokens": call.read,
        "cache_write_tokens": call.write,
        "cache_write_1h_tokens": call.write_1h,
        "output_tokens": call.output,
        "reasoning_tokens": call.reasoning,
        "usage_quality": "reported" if call.known else "missing",
        "status": call.status,
        "http_status": call.http_status,
        "gateway_cache_hit": call.gateway_hit,
        "session_id": call.session,
        "project": call.project,
        "user_id": call.user,
        "environment": call.environment,
        "task": call.task,
        "stated_cost": call.stated,
        "finish_reason": call.finish,
        "prompt_hash": f"{call.task} {call.prefix} {call.prompt}",
        "prefix_hash": call.prefix,
        "prefix_tokens": call.prefix_tokens if call.known else None,
    }
