"""The world: its chance, its calls, and the truth about each of them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.accuracy.days import DAY_MS, MONTH_END, MONTH_START

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from tests.accuracy.lanes import Lane

# A call is a line of the native log with its start in milliseconds; names that begin with _ are not written.
Call = dict[str, Any]
# A truth without a sum of its own: the whole cost of the call.
WHOLE = None


@dataclass(frozen=True, slots=True)
class Event:
    """Something that a rule of subjects must tell: where, and a word that its finding must hold."""

    rule: str
    project: str | None
    word: str = ""


@dataclass(slots=True)
class World:
    """All chance comes from one seeded generator, so a mix and a seed are a world."""

    rng: Random
    scale: float = 1.0
    calls: list[Call] = field(default_factory=list)
    free: dict[str, list[Call]] = field(default_factory=lambda: defaultdict(list))
    truth: dict[str, dict[str, Decimal | None]] = field(default_factory=lambda: defaultdict(dict))
    # Calls of which a rule may think what it likes: the definition leaves them open.
    open: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    negatives: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    events: list[Event] = field(default_factory=list)
    # What may be told and need not be: a day on which planted waste makes a spike, say.
    open_events: list[Event] = field(default_factory=list)
    written_twice: list[Call] = field(default_factory=list)
    revenue: dict[str, int] = field(default_factory=dict)
    settings: list[str] = field(default_factory=list)
    contract: list[str] = field(default_factory=list)
    serial: int = 0

    def new_id(self) -> str:
        """A call's identity."""
        self.serial += 1
        return f"c{self.serial:07d}"

    def hash(self) -> str:
        """A fingerprint that nothing else has."""
        return f"{self.rng.getrandbits(128):032x}"

    def about(self, median: float, sigma: float = 0.3) -> int:
        """A lognormal whole number around a median."""
        return max(1, round(median * self.rng.lognormvariate(0, sigma)))

    def times(self, count: float) -> range:
        """How often something is planted, at the world's scale; at least once."""
        return range(max(1, round(count * self.scale)))

    def waste(self, rule: str, call: Call, saving: Decimal | None = WHOLE) -> None:
        """A call that a rule must flag."""
        self.truth[rule][call["call_id"]] = saving

    def no_waste(self, kind: str, *calls: Call) -> None:
        """Calls that look like waste and are none."""
        self.negatives[kind] += [call["call_id"] for call in calls]

    def take(self, wanted: Callable[[Call], bool] = lambda _: True, lanes: str = "") -> Call:
        """An ordinary call of the month, away from its edges, that nothing else will be planted on."""
        names = [name for name in sorted(self.free) if lanes in name and self.free[name]]
        self.rng.shuffle(names)
        for name in names:
            pool = self.free[name]
            for _ in range(20):
                index = self.rng.randrange(len(pool))
                if wanted(pool[index]):
                    pool[index], pool[-1] = pool[-1], pool[index]
                    return pool.pop()
        raise LookupError(f"no call left for it in {lanes or 'any lane'}")

    def again(self, call: Call, at: int, **changes: Any) -> Call:
        """The same request sent once more, as a call and a session of its own."""
        twin = call | {"call_id": self.new_id(), "started_ms": at, "session_id": self.hash()[:12]}
        twin["latency_ms"] = self.about(call["latency_ms"], 0.2)
        if call["output_tokens"]:
            twin["output_tokens"] = max(
                1, min(self.about(call["output_tokens"], 0.1), (call["max_output_tokens"] or 9**9) - 1)
            )
            twin["reasoning_tokens"] = min(call["reasoning_tokens"] or 0, twin["output_tokens"])
        twin |= changes
        self.calls.append(twin)
        return twin

    def later(self, call: Call, low_s: float, high_s: float) -> int:
        """An instant so many seconds after a call ended."""
        return end(call) + int(self.rng.uniform(low_s, high_s) * 1000)


def end(call: Call) -> int:
    """When the last token came."""
    return int(call["started_ms"] + call["latency_ms"])


def of_month(call: Call) -> bool:
    """Whether it belongs to the month that is audited."""
    return bool(MONTH_START <= call["started_ms"] < MONTH_END)


def well_inside(call: Call) -> bool:
    """Whether what is planted around it still lies in the month."""
    return bool(MONTH_START + DAY_MS <= call["started_ms"] < MONTH_END - 3 * DAY_MS)


def lane_of(call: Call) -> Lane:
    """The lane a call runs in."""
    lane: Lane = call["_lane"]
    return lane
