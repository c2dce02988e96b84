"""The hardest to tell apart: steps an agent repeats by design, ids that are none, second tries for a reason."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.accuracy import traffic
from tests.accuracy.days import NIGHT
from tests.accuracy.heads import moment
from tests.accuracy.lanes import Lane
from tests.accuracy.quiet import is_chat
from tests.accuracy.traffic import NO_HEAD, copied, single
from tests.accuracy.world import end, well_inside

if TYPE_CHECKING:
    from tests.accuracy.world import Call, World


def steps(world: World, lane: Lane, count: int) -> None:
    """An agent looks at its list after each piece of work: one request, asked anew because the list has changed."""
    for _ in world.times(count):
        at, session, trace, list_prompt = moment(world), world.hash()[:12], world.hash()[:16], world.hash()
        looks: list[Call] = []
        for _ in range(world.rng.randint(3, 6)):
            look, work = single(world, replace(lane, head=0), at, 1800), single(world, replace(lane, head=0), at, 4000)
            look |= {"prompt_hash": list_prompt, "input_tokens": 1800, "tool_calls": 1, "finish_reason": "tool_calls"}
            work["started_ms"] = end(look) + world.rng.randint(500, 3000)
            for call in (look, work):
                call |= {"session_id": session, "trace_id": trace, **NO_HEAD}
            world.calls += [look, work]
            looks.append(look)
            at = end(work) + world.rng.randint(30_000, 200_000)
        world.no_waste("step_repeated_by_design", *looks)


def constant_session(world: World, lane: Lane) -> None:
    """One client writes the same word for every session: no session runs away."""
    for _ in world.times(120):
        call = world.take(lanes=f"{lane.project}/{lane.task}")
        call["session_id"] = "default"
        world.no_waste("session_id_that_is_none", call)


def nightly_agent(world: World, project: str) -> None:
    """Work at night in turns that each need the answer before: no batch could do it."""
    lane = Lane(
        project,
        "night-agent",
        "gpt-5",
        4,
        (5, 9),
        fresh=2500,
        output=500,
        hours=NIGHT,
        weekend=1.0,
        stream=0.0,
        environment="batch",
        users=1,
        pool=False,
    )
    known = len(world.calls)
    traffic.generate(world, [lane])
    for call in world.calls[known:]:
        call |= {"trace_id": call["session_id"], "tool_calls": 1}
    world.no_waste("turns_of_a_nightly_agent", *world.calls[known:])


def second_tries(world: World, count: int) -> None:
    """Asked again after a refusal; a repeat that fails with its tokens billed; one answer under two ids."""
    for _ in world.times(count):
        first = world.take(is_chat)
        first |= {"status": "filtered", "finish_reason": "content_filter", **NO_HEAD}
        again = world.again(first, world.later(first, 70, 900), status="ok", finish_reason="stop")
        world.waste("filtered_output", first)
        world.no_waste("asked_again_after_a_filter", again)
        first = world.take(is_chat)
        broken = world.again(
            first,
            world.later(first, 70, 9000),
            status="error",
            http_status=500,
            finish_reason=None,
            error_type="stream_interrupted",
            **(copied(first) | NO_HEAD),
        )
        world.waste("duplicate_call", broken)
        world.waste("failed_billed", broken)
        first = world.take(is_chat)
        first["response_id"] = f"resp_{world.hash()[:20]}"
        echo = world.again(first, end(first) + 5, **copied(first))
        echo |= {
            name: first[name] for name in ("output_tokens", "reasoning_tokens", "trace_id", "session_id", "latency_ms")
        }
        world.no_waste("one_answer_under_two_ids", echo)


def job_run_twice(world: World, lane: Lane, count: int) -> None:
    """Somebody started last night's batch again: every answer was there."""
    calls = [c for c in world.calls if c["_lane"] is lane and not c.get("_gone")]
    for call in world.rng.sample(calls, len(world.times(count))):
        if not well_inside(call):
            continue
        call["latency_ms"] = world.rng.randint(1_200_000, 5_000_000)
        world.waste("duplicate_call", world.again(call, world.later(call, 3600, 9 * 3600)))
