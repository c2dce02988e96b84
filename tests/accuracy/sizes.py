"""Lanes whose model, thinking or prompt is larger than the work: hypotheses; and lanes that look like them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.accuracy import days, traffic
from tests.accuracy.lanes import Lane
from tests.accuracy.prices import MILLION, PRICES
from tests.accuracy.tolerant import lived
from tests.accuracy.world import Event

if TYPE_CHECKING:
    from tests.accuracy.world import World

STEP_DAY = date(2026, 10, 13)
SMALLER = {"claude-opus-4-5": "claude-haiku-4-5", "gpt-5": "gpt-5-mini", "gpt-4.1": "gpt-4.1-mini"}


def oversized(world: World, project: str, *, waste: bool = True) -> None:
    """Small, uniform work on a top model; beside it long work, varied work, and small work on a small model."""
    small = Lane(
        project,
        "label",
        "claude-opus-4-5",
        30,
        fresh=500,
        output=24,
        spread=0.08,
        output_spread=0.15,
        cap=64,
        weekend=0.5,
        pool=False,
    )
    if waste:
        for call in lived(world, small):
            from_price, to = PRICES[small.model], PRICES[SMALLER[small.model]]
            saving = call["input_tokens"] * (from_price.input - to.input) / MILLION
            world.waste(
                "oversized_model", call, saving + call["output_tokens"] * (from_price.output - to.output) / MILLION
            )
    alike = {
        "small_work_on_a_small_model": Lane(
            project,
            "label-small",
            "gpt-5-mini",
            20,
            fresh=500,
            output=24,
            spread=0.08,
            output_spread=0.15,
            cap=64,
            pool=False,
        ),
        "long_work_on_a_top_model": Lane(project, "draft", "claude-opus-4-5", 12, fresh=9000, output=1500, pool=False),
        "varied_work_on_a_top_model": Lane(
            project, "advise", "gpt-5", 20, fresh=900, output=500, spread=1.3, output_spread=1.3, pool=False
        ),
    }
    for kind, lane in alike.items():
        world.no_waste(kind, *lived(world, lane))


def overthought(world: World, project: str, *, waste: bool = True) -> None:
    """Thoughts of two thousand tokens for an answer of forty; and long thoughts for long answers."""
    if waste:
        lane = Lane(
            project, "route", "gpt-5", 16, fresh=2500, output=2200, output_spread=0.3, reasoning=0.975, pool=False
        )
        for call in lived(world, lane):
            world.waste("excess_reasoning", call, Decimal(call["reasoning_tokens"]) * PRICES["gpt-5"].output / MILLION)
    for kind, part, output in (("thought_for_a_long_answer", 0.5, 3000), ("little_thought", 0.15, 400)):
        task = kind.replace("_", "-")
        lane = Lane(
            project, task, "gpt-5", 10, fresh=3000, output=output, output_spread=0.3, reasoning=part, pool=False
        )
        world.no_waste(kind, *lived(world, lane))


def bloated(world: World, project: str, *, waste: bool = True) -> None:
    """From one release on the prompt is twice as long, and the answers are what they were; elsewhere they grow too."""
    step_ms = days.midnight(STEP_DAY)
    world.open_events += [Event("unit_cost_drift", project), Event("spend_spike", project)]
    kinds = (("bloat", 2.2, 1.0), ("longer_prompts_for_longer_answers", 2.2, 2.0), ("a_little_more", 1.15, 1.0))
    for kind, more_in, more_out in kinds if waste else kinds[1:]:
        lane = Lane(project, kind.replace("_", "-"), "gpt-4.1", 22, fresh=3000, output=350, weekend=0.5, pool=False)
        for call in lived(world, lane):
            if call["started_ms"] < step_ms:
                continue
            before = call["input_tokens"]
            call["input_tokens"] = round(before * more_in)
            call["output_tokens"] = round(call["output_tokens"] * more_out)
            if kind == "bloat":
                added = call["input_tokens"] - before
                world.waste("prompt_bloat", call, added * PRICES["gpt-4.1"].input / MILLION)
            else:
                world.no_waste(kind, call)


def uncapped(world: World, project: str) -> None:
    """No cap, and a few answers that run on; beside it the same without a tail, and the tail under a cap."""
    lane = Lane(project, "essay", "gemini-2.5-pro", 14, fresh=1500, output=350, output_spread=1.5, cap=None, pool=False)
    traffic.generate(world, [lane])
    world.events.append(Event("uncapped_output", project, "essay"))
    even = Lane(project, "note", "gemini-2.5-pro", 14, fresh=1500, output=350, output_spread=0.2, cap=None, pool=False)
    world.no_waste("uncapped_and_even", *lived(world, even))
