"""Ordinary traffic: days and their hours, sessions whose context grows, single calls, nightly jobs."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from tests.accuracy import days
from tests.accuracy.days import HOUR_MS
from tests.accuracy.lanes import TURNS, Lane
from tests.accuracy.world import Call, World, end, well_inside

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

NO_HEAD: Call = {"_head": None, "prefix_hash": None, "prefix_tokens": None}


def generate(world: World, lanes: Sequence[Lane], level: Callable[[Lane, date], float] = lambda *_: 1.0) -> None:
    """All days of all lanes. ``level`` is a lane's volume on a day against its usual one."""
    for lane in lanes:
        for day in days.every():
            usual = lane.per_day * world.scale * level(lane, day) * (lane.weekend if days.off(day) else 1.0)
            count = round(usual * world.rng.lognormvariate(0, 0.06) + world.rng.uniform(-0.4, 0.4))
            for hour in world.rng.choices(range(24), lane.hours, k=max(count, 0)):
                session(world, lane, days.midnight(day) + hour * HOUR_MS + world.rng.randrange(HOUR_MS))


def session(world: World, lane: Lane, at: int, turns: int = 0) -> list[Call]:
    """The calls of one session, each sent some seconds after the answer before."""
    rng, context, calls = world.rng, 0, list[Call]()
    name, user = world.hash()[:12], f"u{rng.randrange(lane.users):03d}"
    head = rng.randrange(lane.heads)
    for turn in range(turns or rng.randint(*lane.turns)):
        fresh = world.about(lane.fresh, lane.spread)
        call = single(world, lane, at, context + fresh, head)
        call |= {"session_id": name, "user_id": user, "message_count": 2 * turn + 2, "_context": context}
        calls.append(call)
        context += fresh + (call["output_tokens"] or 0)
        at = end(call) + rng.randint(*lane.pause_ms)
    world.calls += calls
    if lane.pool and well_inside(calls[-1]):
        world.free[f"{lane.project}/{lane.task}"].append(calls[-1])
    return calls


def single(world: World, lane: Lane, at: int, beyond_head: int, head: int = 0) -> Call:
    """One call, alone in its session; what of it was cached is settled when all calls are known."""
    rng = world.rng
    output = (
        0
        if lane.operation == "embeddings"
        else min(world.about(lane.output, lane.output_spread), (lane.cap or 10**6) - 1)
    )
    reasoning = min(output - 1, round(output * lane.reasoning * rng.uniform(0.8, 1.2))) if lane.reasoning else 0
    tokens = lane.head + beyond_head
    latency = min(world.about(lane.latency_ms + tokens // 60 + output * 9, 0.2), 170_000)
    stream = rng.random() < lane.stream
    return {
        "call_id": world.new_id(),
        "started_ms": at,
        "latency_ms": latency,
        "first_token_ms": min(900, latency // 3) if stream else None,
        "operation": lane.operation,
        "provider": lane.provider,
        "model": lane.model,
        "service_tier": lane.tier,
        "stream": stream,
        "max_output_tokens": lane.cap if lane.operation == "chat" else None,
        "input_tokens": tokens,
        "cache_read_tokens": 0,
        "cache_write_tokens": 0,
        "output_tokens": output,
        "reasoning_tokens": reasoning,
        "status": "ok",
        "http_status": 200,
        "finish_reason": "stop" if lane.operation == "chat" else None,
        "project": lane.project,
        "api_key": lane.key,
        "user_id": f"u{rng.randrange(lane.users):03d}",
        "environment": lane.environment,
        "task": lane.task,
        "session_id": world.hash()[:12],
        "trace_id": world.hash()[:16],
        "prompt_hash": world.hash(),
        "template_hash": fingerprint(f"{lane.project}/{lane.task}"),
        "prefix_hash": fingerprint(f"{lane.project}/{lane.task}/{head}") if lane.head and lane.fingerprints else None,
        "prefix_tokens": lane.head if lane.head and lane.fingerprints else None,
        "_lane": lane,
        "_cache": lane.cache,
        "_head": f"{lane.project}/{lane.task}/{head}",
        "_context": 0,
    }


def fingerprint(name: str) -> str:
    """A name's fingerprint, the same in every world."""
    return f"{hash_of(name):032x}"


def hash_of(name: str) -> int:
    """A number of 128 bits; Python's own hash differs from run to run."""
    value = 0xCBF29CE484222325CBF29CE484222325
    for byte in name.encode():
        value = (value ^ byte) * 0x100000001B3 % (1 << 128)
    return value


def copied(call: Call) -> Call:
    """What a copy of a call changes of its caching: out of its session it cannot read what that had written."""
    return dict(NO_HEAD) if call["_cache"] == TURNS else {}
