"""What is planted: waste that an audit must find, every month, and more of it in October."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tests.simulator.calls import GATEWAY, MONTHS, NATIVE, Call
from tests.simulator.lanes import LANES, Lane
from tests.simulator.traffic import lane_call, moment

if TYPE_CHECKING:
    from datetime import datetime

    from tests.simulator.calls import World

# How many, month by month, in the gateway's log and in the native one.
COUNTS: dict[str, dict[str, tuple[int, int, int, int]]] = {
    "duplicate_call": {GATEWAY: (14, 16, 18, 48), NATIVE: (12, 12, 14, 26)},
    "failed_billed": {GATEWAY: (3, 3, 3, 7), NATIVE: (5, 5, 6, 12)},
    "empty_output": {GATEWAY: (4, 5, 5, 10), NATIVE: (4, 4, 5, 9)},
    "truncated_output": {GATEWAY: (5, 5, 6, 12), NATIVE: (6, 6, 6, 10)},
    "reembedded_input": {GATEWAY: (15, 15, 18, 32)},
    "missed_prompt_cache": {NATIVE: (6, 7, 8, 14)},
    "unattributed": {GATEWAY: (12, 12, 14, 30), NATIVE: (8, 8, 9, 16)},
    "unpriced": {NATIVE: (30, 32, 35, 60)},
}


def plant(world: World) -> None:
    """Plant every kind in every month."""
    plants = {
        "duplicate_call": duplicate,
        "failed_billed": failed,
        "empty_output": empty,
        "truncated_output": truncated,
        "reembedded_input": reembedded,
        "missed_prompt_cache": missed_cache,
        "unattributed": unattributed,
        "unpriced": unpriced,
    }
    for rule, families in COUNTS.items():
        for family, counts in families.items():
            for month, count in zip(MONTHS, counts, strict=True):
                for turn in range(count):
                    plants[rule](world, month, family, turn)
    world.planted["oversized_model"] = [call for call in world.calls if call.task == "label-ticket"]


def later(world: World, call: Call, low: float, high: float) -> datetime:
    """An instant some seconds after a call ended."""
    return call.ended + timedelta(seconds=world.rng.uniform(low, high))


def duplicate(world: World, month: str, family: str, turn: int) -> None:
    """The same request again: mostly minutes later, sometimes hours; one in five is sent a third time."""
    # Clients that retry what took long repeat the dear calls first: long replies, whole contracts.
    task = "reply" if family == GATEWAY else "review"
    first = world.take(month, family, **({"task": task} if turn % 3 else {}))
    wait = (30, 900) if turn % 4 else (3600, 18 * 3600)
    twin = world.again(first, later(world, first, *wait))
    world.planted["duplicate_call"].append(twin)
    if turn % 5 == 0:
        world.planted["duplicate_call"].append(world.again(first, later(world, twin, 30, 3600)))


def failed(world: World, month: str, family: str, turn: int) -> None:
    """It broke off or was given up after tokens had been billed."""
    call = world.take(month, family)
    call.output = max(1, (call.output or 0) // 2)
    call.reasoning = min(call.reasoning or 0, call.output)
    call.finish = None
    if family == NATIVE and turn % 2:
        call.status, call.http_status, call.error_type = "cancelled", 499, "client_disconnected"
    else:
        call.status, call.http_status, call.error_type = "error", 500, "stream_interrupted"
    settle(call)
    world.planted["failed_billed"].append(call)


def settle(call: Call) -> None:
    """A failure in LiteLLM's log is known by its id and its start."""
    if call.family == GATEWAY:
        call.call_id = f"{call.call_id.removeprefix('chatcmpl-').split('/')[0]}/{call.epoch!r}"


def empty(world: World, month: str, family: str, _turn: int) -> None:
    """Ok, billed, and nothing in it."""
    call = world.take(month, family)
    call.output = call.reasoning = 0
    world.planted["empty_output"].append(call)


def truncated(world: World, month: str, family: str, turn: int) -> None:
    """Cut off by its cap and asked again at once, in the same session or another."""
    call = world.take(month, family, last_in_session=True)
    cut(call)
    answer = call.output or 0
    changes: dict[str, object] = {"max_output": 4 * answer, "output": 2 * answer}
    if family == NATIVE and turn % 2:
        changes |= {"session": call.session}
    again = world.again(call, later(world, call, 4, 60), status="ok", finish="stop", **changes)
    world.planted["truncated_output"].append(call)
    world.negatives["asked_again_after_truncation"].append(again)


def cut(call: Call) -> None:
    """End a call at its output cap; the cap is lowered to what fits the answer."""
    call.max_output = 128 if (call.output or 0) < 256 else (call.output or 0) // 128 * 128
    call.output, call.status, call.finish = call.max_output, "truncated", "length"
    call.reasoning = min(call.reasoning or 0, call.output // 2)


def reembedded(world: World, month: str, _family: str, _turn: int) -> None:
    """An input that is embedded once more, days later; no rule but this one may call it a duplicate."""
    pages = [c for c in world.calls if c.task == "embed" and c.month == month and c.started.day < 20]
    fresh = [page for page in pages if "again" not in page.trail]
    first = world.rng.choice(fresh)
    first.trail["again"] = "yes"
    wait = world.rng.choice([3600, 86_400, 6 * 86_400])
    twin = world.again(first, later(world, first, wait, wait * 1.3))
    twin.trail["again"] = "yes"
    world.planted["reembedded_input"].append(twin)
    world.negatives["embedding_repeated"].append(twin)


def clause_lane(prefix: int, tokens: int) -> Lane:
    """Contract review's quick check, whose client never asks for the cache."""
    lane = next(lane for lane in LANES if lane.task == "review")
    return Lane(
        NATIVE, lane.project, "clause-check", "claude-sonnet-4-5", 0, (1, 1), prefix, tokens, 300,
        "Check clause {}.",
    )  # fmt: skip


def missed_cache(world: World, month: str, _family: str, turn: int) -> None:
    """A burst of calls with one long head, all paid in full: all but the first could have read it."""
    calls = burst(world, month, f"clause-check/{month}/{turn}", world.about(30_000), world.rng.randint(5, 9))
    world.planted["missed_prompt_cache"] += calls[1:]
    world.negatives["first_of_a_cold_prefix"].append(calls[0])


def burst(world: World, month: str, prefix: str, head: int, count: int, *, pause: float = 0) -> list[Call]:
    """Calls of one head, half a minute to three minutes apart, or further where a pause is asked for."""
    lane = clause_lane(head, 900)
    head = max(head, 4200) if head > 2000 else head
    at, calls = moment(world, lane, month), list[Call]()
    for _ in range(count):
        call = lane_call(world, lane, at, head + world.about(900))
        call.latency_ms = min(call.latency_ms, 20_000)
        call.prefix, call.prefix_tokens = prefix, head
        calls.append(call)
        at = later(world, call, 20 + pause, 160 + pause)
    world.calls += calls
    return calls


def unattributed(world: World, month: str, family: str, _turn: int) -> None:
    """A call that carries no project, no team and nobody's key."""
    task = "answer" if family == GATEWAY else "notes"
    call = world.take(month, family, task=task, last_in_session=True)
    call.project = call.team = call.user = None
    call.key = f"key-{world.rng.randrange(3)}-untitled"
    call.session = world.uuid()
    world.planted["unattributed"].append(call)


def unpriced(world: World, month: str, _family: str, _turn: int) -> None:
    """A model of the company's own, which no list prices."""
    lane = next(lane for lane in LANES if lane.task == "nightly-extract")
    call = lane_call(world, lane, moment(world, lane, month), world.about(3000))
    call.provider, call.model, call.response_model, call.task = "inhouse", "house-7b", "house-7b", "pre-sort"
    call.output, call.reasoning = world.about(60), 0
    world.calls.append(call)
    world.planted["unpriced"].append(call)
