"""Agents' sessions: those that run away, those that are long because the work is, steps that repeat by design."""

from __future__ import annotations

from collections import Counter, defaultdict
from statistics import median
from typing import TYPE_CHECKING

from tests.accuracy.heads import moment
from tests.accuracy.lanes import HEAD, TURNS
from tests.accuracy.traffic import session, single
from tests.accuracy.world import Event, end, of_month

if TYPE_CHECKING:
    from tests.accuracy.lanes import Lane
    from tests.accuracy.world import World

USUAL, LEAST = 5, 50


def runaways(world: World, lane: Lane, count: int) -> None:
    """An agent that goes round in circles: small steps, the context all but still, hundreds of calls."""
    world.open_events += [Event(rule, lane.project) for rule in ("spend_spike", "unit_cost_drift")]
    usual = median(range(lane.turns[0], lane.turns[1] + 1))
    allowed = max(USUAL * usual, LEAST)
    for _ in world.times(count):
        at, name, tokens, user = (
            moment(world),
            world.hash()[:12],
            world.about(18_000, 0.2),
            f"u{world.rng.randrange(20):03d}",
        )
        for number in range(world.rng.randint(round(allowed * 1.6), round(allowed * 4))):
            call = single(world, lane, at, tokens)
            call |= {
                "session_id": name,
                "user_id": user,
                "output_tokens": world.rng.randint(15, 60),
                "reasoning_tokens": 0,
                "_context": tokens,
                "tool_calls": 1,
                "_loop": number,
            }
            call["latency_ms"] = world.rng.randint(900, 3000)
            tokens += world.rng.randint(10, 60)
            world.calls.append(call)
            at = end(call) + world.rng.randint(500, 4000)


def settle(world: World) -> None:
    """What lies beyond five times the usual length, once every session of the lanes is known."""
    lengths: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for call in world.calls:
        if of_month(call):
            lengths[call["project"], call["task"]][call["session_id"]] += 1
    for call in world.calls:
        if "_loop" in call:
            usual = median(lengths[call["project"], call["task"]].values())
            if call["_loop"] >= max(USUAL * usual, LEAST):
                world.waste("runaway_session", call)


def long_work(world: World, lane: Lane, count: int) -> None:
    """A long session that gets somewhere: each step reads and writes as much as any."""
    for _ in world.times(count):
        calls = session(world, lane, moment(world), turns=world.rng.randint(90, 130))
        world.free[f"{lane.project}/{lane.task}"] = [
            call for call in world.free[f"{lane.project}/{lane.task}"] if call is not calls[-1]
        ]
        # An agent compacts its context: it does not grow for ever.
        for number, call in enumerate(calls):
            fresh = lane.fresh + world.rng.randint(0, lane.fresh)
            call["input_tokens"] = lane.head + 4000 + (number % 15 + 1) * (fresh + 400)
            call["output_tokens"] = world.about(lane.output * 1.5, 0.3)
            call["_cache"] = HEAD if lane.cache == TURNS else call["_cache"]
        world.no_waste("long_session_that_gets_somewhere", *calls)


def parallel_tools(world: World, lane: Lane, count: int) -> None:
    """Steps that repeat by design: three tools read at once, the same template with other contents."""
    for _ in world.times(count):
        at, name, trace = moment(world), world.hash()[:12], world.hash()[:16]
        for _ in range(4):
            calls = [single(world, lane, at + world.rng.randint(0, 300), world.about(3000)) for _ in range(3)]
            for call in calls:
                call |= {"session_id": name, "trace_id": trace, "_cache": HEAD, "tool_calls": 1}
            world.calls += calls
            world.no_waste("tools_called_side_by_side", *calls)
            at = max(map(end, calls)) + world.rng.randint(500, 3000)
