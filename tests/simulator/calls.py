"""One simulated call, and the world it happens in: the seeded chance, the calls, and what was planted."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from random import Random

ZONE = ZoneInfo("Asia/Shanghai")
MONTHS = ("2026-07", "2026-08", "2026-09", "2026-10")
GATEWAY, NATIVE, CLAUDE_CODE = "gateway", "native", "claude-code"


@dataclass(slots=True)
class Call:
    """What happened; a writer turns it into a line. Token counts that are None are unknown."""

    family: str
    call_id: str
    started: datetime
    latency_ms: int
    provider: str
    model: str
    response_model: str
    task: str
    prompt: str
    project: str | None = None
    team: str | None = None
    key: str | None = None
    user: str | None = None
    session: str = ""
    environment: str = "prod"
    operation: str = "chat"
    stream: bool = False
    max_output: int | None = None
    input: int | None = 0
    read: int | None = 0
    write: int | None = 0
    output: int | None = 0
    reasoning: int | None = 0
    status: str = "ok"
    http_status: int = 200
    error_type: str | None = None
    finish: str | None = "stop"
    gateway_hit: bool = False
    prefix: str | None = None
    prefix_tokens: int | None = None
    attempt: int = 1
    last_in_session: bool = False
    states_cost: bool = False
    side_chain: bool = False
    trail: dict[str, str] = field(default_factory=dict)

    @property
    def ended(self) -> datetime:
        """When the last token came."""
        return self.started + timedelta(milliseconds=self.latency_ms)

    @property
    def first_token_ms(self) -> int | None:
        """When a stream began to answer."""
        return min(900, self.latency_ms // 3) if self.stream and self.status != "error" else None

    @property
    def epoch(self) -> float:
        """The start as LiteLLM prints it."""
        return round(self.started.timestamp(), 6)

    @property
    def month(self) -> str:
        """The month in the company's time zone."""
        return self.started.astimezone(ZONE).strftime("%Y-%m")


@dataclass(slots=True)
class World:
    """The simulation's state. All chance comes from one seeded generator, so a seed is a world."""

    rng: Random
    calls: list[Call] = field(default_factory=list)
    pool: list[Call] = field(default_factory=list)
    planted: dict[str, list[Call]] = field(default_factory=lambda: defaultdict(list))
    negatives: dict[str, list[Call]] = field(default_factory=lambda: defaultdict(list))
    serial: int = 10_000

    def number(self) -> int:
        """A number that no other prompt carries."""
        self.serial += 1
        return self.serial

    def uuid(self) -> str:
        """A random UUID, from the seed."""
        return str(UUID(int=self.rng.getrandbits(128), version=4))

    def new_id(self, family: str) -> str:
        """A call's identity, in the habit of its log."""
        if family == GATEWAY:
            return f"chatcmpl-{self.uuid()}"
        if family == CLAUDE_CODE:
            return f"msg_01{self.rng.getrandbits(88):022x}:req_01{self.rng.getrandbits(80):020x}"
        return f"c-{self.rng.getrandbits(48):012x}"

    def about(self, median: float, sigma: float = 0.3) -> int:
        """A lognormal whole number around a median."""
        return max(1, round(median * self.rng.lognormvariate(0, sigma)))

    def again(self, call: Call, started: datetime, **changes: Any) -> Call:
        """The same prompt sent once more, as a call of its own in a session of its own."""
        twin = replace(
            call,
            call_id=self.new_id(call.family),
            started=ticked(self.rng, started),
            latency_ms=self.about(call.latency_ms, 0.2),
            session=self.uuid(),
            last_in_session=False,
            trail={},
        )
        if call.output:
            twin.output = self.about(call.output, 0.1)
            twin.reasoning = min(call.reasoning or 0, twin.output)
        twin = replace(twin, **changes)
        self.calls.append(twin)
        return twin

    def take(self, month: str, family: str, **wanted: object) -> Call:
        """An untouched ordinary call, away from the month's edges, that nothing else will be planted on."""
        for index, call in enumerate(self.pool):
            inside = 1 < call.started.astimezone(ZONE).day < 28
            if call.month == month and call.family == family and inside and fits(call, wanted):
                return self.pool.pop(index)
        raise LookupError(f"{month}: no {family} call left with {wanted}")


def fits(call: Call, wanted: dict[str, object]) -> bool:
    """Whether a call has all the wanted values."""
    return all(getattr(call, name) == value for name, value in wanted.items())


def ticked(rng: Random, moment: datetime) -> datetime:
    """An instant in UTC with microseconds that never print as a round number."""
    micro = moment.microsecond // 1000 * 1000 + rng.randrange(100) * 10 + rng.randint(1, 9)
    return moment.astimezone(UTC).replace(microsecond=micro)


def digest(text: str) -> str:
    """A fingerprint of 32 hexadecimal digits."""
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
