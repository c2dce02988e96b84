"""Hard negatives: calls that look like waste and are none. A rule that flags one of them is wrong."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.simulator.calls import GATEWAY, MONTHS, NATIVE
from tests.simulator.lanes import OWNERS
from tests.simulator.waste import burst, cut, later, settle

if TYPE_CHECKING:
    from tests.simulator.calls import Call, World

# Which rules must leave a kind alone.
LEFT_ALONE_BY = {
    "side_by_side": ["duplicate_call"],
    "other_project": ["duplicate_call"],
    "after_24_hours": ["duplicate_call"],
    "gateway_cache_hit": ["duplicate_call", "empty_output", "failed_billed"],
    "unbilled_failure": ["duplicate_call", "failed_billed", "empty_output", "missed_prompt_cache"],
    "retry_after_failure": ["duplicate_call"],
    "stream_without_usage": ["duplicate_call", "empty_output", "failed_billed"],
    "embedding_repeated": ["duplicate_call", "empty_output"],
    "truncated_and_left": ["truncated_output"],
    "asked_again_after_truncation": ["duplicate_call", "truncated_output"],
    "cached_prefix_read": ["missed_prompt_cache"],
    "first_of_a_cold_prefix": ["missed_prompt_cache"],
    "cold_prefix": ["missed_prompt_cache"],
    "prefix_below_minimum": ["missed_prompt_cache"],
    "top_tier_long_or_varied": ["oversized_model"],
}

FAILURES = ((429, "RateLimitError"), (503, "ServiceUnavailableError"), (500, "InternalServerError"))


def plant(world: World) -> None:
    """Plant every kind in every month."""
    for month in MONTHS:
        for family, times in ((GATEWAY, 5), (NATIVE, 5)):
            for turn in range(times):
                twins(world, month, family)
                cache_hit(world, month, family)
                truncated_and_left(world, month, family)
                no_usage(world, month, family)
                failure(world, month, family, turn)
                failure(world, month, family, turn + times)
        prefixes(world, month)
    lanes = {"review", "nightly-extract"}
    top = [call for call in world.calls if call.task in lanes]
    world.negatives["top_tier_long_or_varied"] = world.rng.sample(top, 240)
    reads = [c for c in world.calls if c.family == NATIVE and c.read and c.prefix and c.status == "ok"]
    world.negatives["cached_prefix_read"] = world.rng.sample(reads, 160)


def twins(world: World, month: str, family: str) -> None:
    """The same prompt, but side by side, from another project, or more than a day later."""
    first = world.take(month, family)
    first.latency_ms = max(first.latency_ms, 4000)
    middle = first.started + timedelta(milliseconds=first.latency_ms * world.rng.uniform(0.1, 0.6))
    world.negatives["side_by_side"].append(world.again(first, middle))

    first = world.take(month, family)
    other = "internal-tools" if first.project != "internal-tools" else "search"
    owner = OWNERS[other]
    changes: dict[str, object] = {"project": other, "team": owner.team, "key": owner.key, "user": "u-000"}
    changes |= {"prefix": None, "prefix_tokens": None}
    world.negatives["other_project"].append(world.again(first, later(world, first, 60, 7200), **changes))

    first = world.take(month, family)
    hour = 3600
    world.negatives["after_24_hours"].append(world.again(first, later(world, first, 26 * hour, 50 * hour)))


def cache_hit(world: World, month: str, family: str) -> None:
    """The gateway answers from its own cache, at no cost; LiteLLM names it after the first answer."""
    first = world.take(month, family, operation="chat")
    hit = world.again(first, later(world, first, 30, 7200), gateway_hit=True, latency_ms=world.about(40))
    hit.output, hit.reasoning = first.output, first.reasoning
    if family == GATEWAY:
        hit.trail["first"] = first.call_id
        hit.call_id = f"{first.call_id}_cache_hit{round(hit.ended.timestamp(), 6)!r}"
    world.negatives["gateway_cache_hit"].append(hit)


def truncated_and_left(world: World, month: str, family: str) -> None:
    """Cut off, and nobody asked again: the answer was good enough."""
    call = world.take(month, family, last_in_session=True)
    cut(call)
    world.negatives["truncated_and_left"].append(call)


def no_usage(world: World, month: str, family: str) -> None:
    """A stream whose usage was never reported: unknown, not free."""
    call = world.take(month, family)
    call.stream = True
    forget(call)
    world.negatives["stream_without_usage"].append(call)
    world.planted["missing_usage"].append(call)


def forget(call: Call) -> None:
    """Take the usage out of a call."""
    call.input = call.read = call.write = call.output = call.reasoning = None


def failure(world: World, month: str, family: str, turn: int) -> None:
    """Refused or broken before anything was billed; half of them are sent again, and then answered."""
    retry = world.take(month, family)
    code, kind = FAILURES[turn % 3]
    wait = timedelta(seconds=world.rng.uniform(3, 12))
    # It is logged as an error of its own, before the call that was answered.
    fault = world.again(
        retry, retry.started - wait, latency_ms=world.about(350), status="error", http_status=code,
        error_type=kind, finish=None, session=retry.session,
    )  # fmt: skip
    forget(fault)
    settle(fault)
    world.negatives["unbilled_failure"].append(fault)
    if turn % 2:
        retry.attempt = 2
        world.negatives["retry_after_failure"].append(retry)
    else:
        fault.prompt = re.sub(r"\d+", str(world.number()), fault.prompt)


def prefixes(world: World, month: str) -> None:
    """Heads that no cache could have served: gone cold, or too short to be cached."""
    for turn in range(3):
        cold = burst(world, month, f"clause-check/cold/{month}/{turn}", world.about(15_000), 4, pause=480)
        world.negatives["cold_prefix"] += cold
        short = burst(world, month, f"clause-check/short/{month}/{turn}", 700, 5)
        world.negatives["prefix_below_minimum"] += short
