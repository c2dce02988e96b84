"""Answers that were paid for and were none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.accuracy.quiet import cut, failed, is_chat
from tests.accuracy.traffic import NO_HEAD, copied

if TYPE_CHECKING:
    from tests.accuracy.world import World


def failures(world: World, count: int) -> None:
    """Broken off or given up after tokens had been billed."""
    kinds: tuple[dict[str, Any], ...] = (
        {"status": "error", "http_status": 500, "error_type": "stream_interrupted"},
        {"status": "cancelled", "http_status": 499, "error_type": "client_disconnected"},
        {"status": "error", "http_status": 504, "error_type": "timeout"},
    )
    for number in world.times(count):
        call = world.take(is_chat)
        call |= {**kinds[number % 3], "finish_reason": None, **NO_HEAD}
        call["output_tokens"] = max(call["output_tokens"] // 2, number % 2)
        call["reasoning_tokens"] = min(call["reasoning_tokens"] or 0, call["output_tokens"])
        world.waste("failed_billed", call)


def empties(world: World, count: int) -> None:
    """Ok, billed, and nothing in it."""
    for _ in world.times(count):
        call = world.take(is_chat)
        call |= {"output_tokens": 0, "reasoning_tokens": 0}
        world.waste("empty_output", call)


def cuts(world: World, count: int) -> None:
    """Cut off by the cap and asked again at once: the same prompt, or as much of it in the same session."""
    for number in world.times(count):
        first = world.take(lambda call: is_chat(call) and call["output_tokens"] > 16)
        cut(first)
        world.waste("truncated_output", first)
        if number % 4 == 1:
            first = world.again(first, world.later(first, 1, 90), **copied(first))
            cut(first)
            world.waste("truncated_output", first)
        changes: dict[str, Any] = {"status": "ok", "finish_reason": "stop", "max_output_tokens": 8192, **copied(first)}
        changes["output_tokens"] = 2 * first["output_tokens"]
        if number % 3 == 0:  # the log states no prompt
            changes |= {"prompt_hash": None, "session_id": first["session_id"]}
        world.no_waste("asked_again_after_a_cut", world.again(first, world.later(first, 1, 110), **changes))


def filtered(world: World, count: int) -> None:
    """Stopped by the provider's filter, or refused, with all that was read and said billed."""
    for number in world.times(count):
        call = world.take(is_chat)
        reason = ("content_filter", "refusal")[number % 2]
        call |= {"status": "filtered", "finish_reason": reason, **NO_HEAD}
        call["output_tokens"] = number % 3 and call["output_tokens"] // 2
        call["reasoning_tokens"] = 0
        world.waste("filtered_output", call)


def client_errors(world: World, count: int) -> None:
    """The same request, refused again for what no retry mends; most refusals cost nothing."""
    kinds = (
        (400, "invalid_request_error"),
        (404, "not_found_error"),
        (413, "request_too_large"),
        (422, "unprocessable"),
        (401, "authentication_error"),
    )
    for number in world.times(count):
        code, kind = kinds[number % len(kinds)]
        base, prompt = world.take(is_chat), world.hash()
        refused = {"prompt_hash": prompt, "http_status": code, "error_type": kind, "session_id": base["session_id"]}
        billed = number % 4 == 0 and code == 400
        if billed:
            refused |= {"input_tokens": base["input_tokens"], "output_tokens": 0}
        first, *again = [failed(world, base, 4000 - 150 * turn, **refused) for turn in range(world.rng.randint(2, 5))]
        world.no_waste("first_refusal", first)
        for call in again:
            world.waste("repeated_client_error", call)
        for call in [first, *again]:
            if billed:
                world.waste("failed_billed", call)
