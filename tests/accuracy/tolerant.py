"""Work that can wait, at the interactive price; and night work that cannot, or that has the batch price already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.accuracy import prices, traffic
from tests.accuracy.days import CONSUMERS, NIGHT
from tests.accuracy.lanes import Lane
from tests.accuracy.world import of_month

if TYPE_CHECKING:
    from tests.accuracy.world import Call, World


def lanes(project: str) -> tuple[dict[str, Lane], dict[str, Lane]]:
    """What should have gone through the batch interface, by what says so; and what only looks like it."""

    def lane(task: str, model: str, per_day: float, **kept: object) -> Lane:
        given: dict[str, object] = {
            "fresh": 5000,
            "output": 500,
            "hours": NIGHT,
            "weekend": 1.0,
            "stream": 0.0,
            "users": 1,
        }
        return Lane(project, task, model, per_day, **(given | {"pool": False} | kept))  # type: ignore[arg-type]

    waits = {
        "environment": lane("extract", "gpt-5", 24, environment="batch"),
        "task": lane("nightly-tagging", "gpt-4.1", 24),
        "schedule": lane("enrich", "claude-haiku-4-5", 40, hours=(0, 0, 1, *(0,) * 21)),
    }
    cannot = {
        "batch_price_already_taken": lane("extract-batch", "gpt-5", 24, environment="batch", tier="batch"),
        "no_batch_price_sold": lane("nightly-sort", "deepseek-v4-flash", 24, environment="batch"),
        "flex_price_already_taken": lane("nightly-flex", "gemini-2.5-pro", 8, environment="batch", tier="flex"),
        "people_at_night": lane("night-help", "gpt-4.1-mini", 40, hours=CONSUMERS, users=60),
    }
    return waits, cannot


def plant(world: World, project: str, *, waste: bool = True) -> None:
    """All lanes; without waste those alone that only look like it."""
    waits, cannot = lanes(project)
    if waste:
        for lane in waits.values():
            for call in lived(world, lane):
                full = prices.cost(call)
                if full:
                    world.waste("missed_batch", call, full / 2)
    for kind, lane in cannot.items():
        world.no_waste(kind, *lived(world, lane))


def lived(world: World, lane: Lane) -> list[Call]:
    """A lane's calls of the month."""
    known = len(world.calls)
    traffic.generate(world, [lane])
    return [call for call in world.calls[known:] if of_month(call)]
