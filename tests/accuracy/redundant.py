"""Waste that was paid for twice: repeats, re-embeddings, fallbacks after an answer, probes, storms of tries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.accuracy.days import DAY_MS, MINUTE_MS, MONTH_START, every, midnight
from tests.accuracy.lanes import Lane
from tests.accuracy.prices import PRICES
from tests.accuracy.quiet import cut, failed, is_chat, other_model
from tests.accuracy.traffic import NO_HEAD, copied, single
from tests.accuracy.world import end

if TYPE_CHECKING:
    from tests.accuracy.world import Call, World

HOUR_S = 3600


def duplicates(world: World, count: int) -> None:
    """The same request minutes or hours after it had been answered; some a third time, some failing again."""
    for number in world.times(count):
        first = world.take(is_chat)
        wait = ((5, 900), (900, 6 * HOUR_S), (6 * HOUR_S, 23.5 * HOUR_S))[number % 3]
        if number % 7 == 2:
            # Of an answer whose length no log states nobody can say at once that it had ended.
            wait = (1200, 20 * HOUR_S)
            first["_untimed"] = True
        twin = world.again(first, world.later(first, *wait), **copied(first))
        if number % 4 == 0:
            twin |= {"user_id": "u-another", "api_key": f"{first['api_key']}-2"}
        world.waste("duplicate_call", twin)
        if number % 5 == 0:
            third = world.again(first, world.later(twin, 30, 20 * HOUR_S), **copied(first))
            world.waste("duplicate_call", third)
    # Across the month's first midnight: the answer lies in the month before.
    for _ in world.times(3):
        old = world.take(is_chat) | {
            "call_id": world.new_id(),
            "prompt_hash": world.hash(),
            "_cache": "",
            "_head": None,
        }
        old |= {"started_ms": MONTH_START - world.rng.randint(600_000, 8_000_000), **NO_HEAD}
        world.calls.append(old)
        world.waste("duplicate_call", world.again(old, MONTH_START + world.rng.randint(60_000, 4_000_000)))


def not_quite_duplicates(world: World, count: int) -> None:
    """The answer before was none: cut off, empty, or failed with its tokens billed."""
    for _ in world.times(count):
        first = world.take(is_chat)
        first |= {
            "status": "error",
            "http_status": 500,
            "error_type": "stream_interrupted",
            "finish_reason": None,
            **NO_HEAD,
        }
        again = world.again(
            first, world.later(first, 90, 900), status="ok", http_status=200, error_type=None, finish_reason="stop"
        )
        world.waste("failed_billed", first)
        world.no_waste("retry_after_a_billed_failure", again)
        first = world.take(is_chat)
        first |= {"output_tokens": 0, "reasoning_tokens": 0}
        world.waste("empty_output", first)
        again = world.again(first, world.later(first, 90, 900), output_tokens=world.about(200), **copied(first))
        world.no_waste("asked_again_after_an_empty_answer", again)


def reembeddings(world: World, count: int) -> None:
    """An index built anew from pages that had not changed; beside it pages that had, and projects of their own."""
    month = [
        c
        for c in world.calls
        if c["operation"] == "embeddings" and not c.get("_twin") and c["started_ms"] > MONTH_START
    ]
    earlier = [c for c in world.calls if c["operation"] == "embeddings" and c["started_ms"] < MONTH_START]
    for number in world.times(count):
        base = world.rng.choice(month if number % 2 else earlier)
        wait = world.rng.uniform(0.05, 20 if number % 2 else 33) * DAY_MS
        at = end(base) + int(wait)
        if not MONTH_START <= at < midnight(every()[-1]) or base.get("_twin"):
            continue
        base["_twin"] = True
        page = world.again(base, at)
        world.waste("reembedded_input", page)
        if number % 3 == 0:
            beside = world.again(base, base["started_ms"] + 1, latency_ms=base["latency_ms"])
            world.no_waste("embedded_side_by_side", beside)
            lost = failed(world, beside, 30, prompt_hash=world.hash())
            again = world.again(
                lost,
                lost["started_ms"] + 9000,
                **{
                    n: base[n]
                    for n in (
                        "input_tokens",
                        "output_tokens",
                        "cache_read_tokens",
                        "cache_write_tokens",
                        "reasoning_tokens",
                        "status",
                        "http_status",
                    )
                },
            )
            again["error_type"] = None
            world.no_waste("embedded_after_a_failure", again)
        world.no_waste("page_that_changed", world.again(base, at + 500, prompt_hash=world.hash()))
        if number % 4 == 0:
            other = {"project": f"{base['project']}-two", "api_key": "svc-two"}
            world.no_waste("page_of_another_project", world.again(base, at + 900, **other))
            world.no_waste("page_of_another_model", world.again(base, at + 1300, model="text-embedding-3-large"))
    for _ in world.times(count // 8):
        base = world.rng.choice(
            [c for c in earlier if not c.get("_twin") and c["started_ms"] < MONTH_START - 25 * DAY_MS]
        )
        base["_twin"] = True
        at = max(end(base) + int(world.rng.uniform(35.2, 50) * DAY_MS), MONTH_START + 1000)
        world.no_waste("page_after_35_days", world.again(base, at))


def fallbacks(world: World, count: int) -> None:
    """The gateway asked a second model although the first had answered; a dearer one is wanted."""
    for _ in world.times(count):
        first = world.take(lambda call: is_chat(call) and call["model"] in PRICES)
        twin = world.again(first, world.later(first, 0.1, 100), trace_id=first["trace_id"], **other_model(first))
        if PRICES[twin["model"]].output > PRICES[first["model"]].output:
            world.no_waste("escalated_to_a_dearer_model", twin)
        else:
            world.waste("fallback_paid_twice", twin)
    for _ in world.times(count / 3):
        first = world.take(lambda call: is_chat(call) and call["output_tokens"] > 16)
        cut(first)
        twin = world.again(
            first,
            world.later(first, 1, 60),
            trace_id=first["trace_id"],
            session_id=world.hash()[:12],
            status="ok",
            finish_reason="stop",
            max_output_tokens=8192,
            **other_model(first),
        )
        world.waste("truncated_output", first)
        world.no_waste("fallback_after_a_cut", twin)
        first = world.take(is_chat)
        first |= {"output_tokens": 0, "reasoning_tokens": 0}
        twin = world.again(
            first,
            world.later(first, 1, 60),
            trace_id=first["trace_id"],
            output_tokens=world.about(150),
            **other_model(first),
        )
        world.waste("empty_output", first)
        world.no_waste("fallback_after_an_empty_answer", twin)


def probes(world: World, project: str) -> None:
    """A monitor that asks a paid model the same small thing every few minutes."""
    for number, minutes in enumerate((5, 15, 30)):
        lane = Lane(
            project,
            f"health-{number}",
            ("gpt-5-mini", "claude-haiku-4-5", "gemini-2.5-flash")[number],
            0,
            fresh=9,
            output=3,
            users=1,
            cap=16,
        )
        prompt, tokens = world.hash(), world.rng.randint(6, 15)
        first = world.rng.randint(2, 12)
        for day in every()[-31:][first : first + (2 if number == 0 else 4)]:
            for beat in range(24 * 60 // minutes):
                if beat and world.rng.random() < 0.02:
                    continue
                at = midnight(day) + beat * minutes * MINUTE_MS + world.rng.randint(1000, 3000)
                call = single(world, lane, at, 0)
                call |= {
                    "input_tokens": tokens,
                    "output_tokens": world.rng.randint(1, 6),
                    "prompt_hash": prompt,
                    "reasoning_tokens": 0,
                    "latency_ms": world.rng.randint(200, 900),
                }
                world.calls.append(call)
                world.waste("health_probe", call)
                if (day, beat) != (every()[-31:][first], 0):
                    world.waste("duplicate_call", call)


def storms(world: World, count: int) -> None:
    """A client that hammers: many tries of one prompt, each some seconds after the last had failed."""
    for _ in world.times(count):
        answered = world.take(is_chat)
        tries: list[Call] = [
            failed(world, answered, 4 + 6 * number, http_status=503, error_type="overloaded_error")
            for number in range(world.rng.randint(3, 8))
        ]
        world.no_waste("storm", *tries)
