"""What a month's alerts must tell: a day that spiked, a newcomer, a key awake at night, a cost that drifts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.accuracy import days, traffic
from tests.accuracy.days import HOUR_MS
from tests.accuracy.heads import moment
from tests.accuracy.lanes import Lane
from tests.accuracy.tolerant import lived
from tests.accuracy.traffic import NO_HEAD, single
from tests.accuracy.world import Event

if TYPE_CHECKING:
    from tests.accuracy.world import World

HOURLY = Decimal("0.2")
# Days that are neither a holiday nor beside one.
SPIKE_DAYS = (date(2026, 10, 14), date(2026, 10, 20), date(2026, 10, 22), date(2026, 10, 27))


def spike(world: World, project: str, times: float) -> None:
    """A day on which one lane runs several times as often as on such a weekday."""
    day = world.rng.choice(SPIKE_DAYS)
    lane = Lane(project, "render", "gemini-2.5-pro", 40, fresh=100_000, output=7500, pool=False, spread=0.2)
    traffic.generate(world, [lane], lambda _, on: times if on == day else 1.0)
    world.events.append(Event("spend_spike", project, str(day)))


def newcomer(world: World, project: str) -> None:
    """A key nobody had seen before begins to spend; beside it a new colleague who tries a few calls."""
    first = days.midnight(date(2026, 10, world.rng.randint(11, 20)))
    lane = Lane(project, "prototype", "gpt-5", 30, fresh=60_000, output=6000, weekend=1.0, pool=False)
    traffic.generate(world, [lane], lambda _, on: float(days.midnight(on) >= first))
    world.events.append(Event("new_spender", project, lane.key))
    also(world, project, "spend_spike")
    for _ in world.times(6):
        call = world.take(lambda call: bool(call["project"] == project))
        call["user_id"] = "u-new-colleague"
        world.no_waste("new_colleague", call)


def night_key(world: World, project: str) -> None:
    """A key that worked at office hours for two months is used at three in the morning."""
    lane = Lane(project, "desk", "gpt-4.1", 25, fresh=4000, output=500, weekend=0.0, pool=False, users=5)
    lane = replace(lane, hours=tuple(weight if 9 <= hour < 18 else 0 for hour, weight in enumerate(lane.hours)))
    traffic.generate(world, [lane])
    for day in (15, 16, 17, 18):
        for _ in world.times(60):
            at = days.midnight(date(2026, 10, day)) + 2 * HOUR_MS + world.rng.randrange(3 * HOUR_MS)
            world.calls.append(single(world, lane, at, world.about(60_000)))
    world.events.append(Event("off_hours_key", project, lane.key))
    also(world, project, "spend_spike", "unit_cost_drift")


def drift(world: World, project: str) -> None:
    """A task whose calls cost more and more for what they bring; one that is only asked more often."""
    lane = Lane(project, "quote", "gpt-4.1", 20, fresh=20_000, output=2500, weekend=0.5, pool=False)
    for call in lived(world, lane):
        call["input_tokens"] *= 3
        call["output_tokens"] *= 3
    world.events.append(Event("unit_cost_drift", project, "quote"))
    also(world, project, "spend_spike")
    busy = replace(lane, task="quote-more")
    traffic.generate(world, [busy], lambda _, on: 2.0 if on >= days.MONTH_FIRST else 1.0)


def unowned(world: World, count: int) -> None:
    """Calls that carry no project and nobody's key."""
    for _ in world.times(count):
        call = world.take(lambda call: call["operation"] == "chat")
        call |= {"project": None, "user_id": None, "api_key": f"key-{world.rng.randrange(3)}", **NO_HEAD}
        world.waste("unattributed", call)
    world.events.append(Event("unattributed", None))


def unpriced(world: World, project: str, count: int) -> None:
    """A model that no list has."""
    lane = replace(Lane(project, "presort", "gpt-5-mini", 0, fresh=900, output=40), model="house-13b")
    for _ in world.times(count):
        call = single(world, lane, moment(world), world.about(900))
        world.calls.append(call)
        world.waste("unpriced", call)
    world.events.append(Event("unpriced", None, "house-13b"))


def over_the_line(world: World, project: str) -> None:
    """A project that is to earn next to nothing."""
    world.revenue[project] = 5
    world.events.append(Event("red_line", project))


def pool(world: World, project: str, *, idle: bool) -> None:
    """GPUs of one's own: busier by day than by night, or paid for all month and used for an hour a day."""
    hours = (0,) * 10 + (1,) + (0,) * 13 if idle else (1,) * 8 + (4,) * 12 + (2,) * 4
    lane = Lane(
        project, "local", "house-7b", 20 if idle else 90, fresh=900, output=250, hours=hours, weekend=1.0, pool=False
    )
    calls = lived(world, lane)
    name = "idle-pool" if idle else "busy-pool"
    world.settings.append(
        f'[[pools]]\nname = "{name}"\nmodels = ["house-7b"]\nproviders = ["vllm"]\ngpus = 1\nhourly_rate = {HOURLY}'
    )
    if not idle:
        world.no_waste("calls_of_a_busy_pool", *calls)
        return
    world.events.append(Event("idle_capacity", None, name))
    tokens = sum(call["input_tokens"] + call["output_tokens"] for call in calls)
    for call in calls:
        part = Decimal(call["input_tokens"] + call["output_tokens"]) / tokens
        world.waste("idle_capacity", call, part * HOURLY * 24 * 31 * 23 / 24)


def slow_peaks(world: World, project: str) -> None:
    """A model that is slow when everybody asks; beside it one that takes its time at any hour."""
    lane = Lane(project, "live", "gpt-4.1-mini", 40, fresh=1200, output=200, cap=1024, pool=False)
    peak = [hour for hour, weight in enumerate(lane.hours) if weight == max(lane.hours)]
    for call in lived(world, lane):
        hour = (call["started_ms"] + days.AHEAD_MS) % days.DAY_MS // HOUR_MS
        if hour in peak and world.rng.random() < 0.35:
            call["latency_ms"] += 60_000
    world.events.append(Event("peak_latency", project))
    slow = replace(lane, task="slow", model="gemini-2.5-flash")
    for call in lived(world, slow):
        call["latency_ms"] += 60_000
        world.no_waste("slow_at_any_hour", call)


def price_rise(world: World, project: str) -> None:
    """A contract's price that rises by half in the middle of the month."""
    lane = Lane(project, "caption", "glm-contract", 20, fresh=100_000, output=300, pool=False)
    traffic.generate(world, [lane])
    for since, price, output in (("2026-08-01", "1", "4"), ("2026-10-15", "1.5", "6")):
        world.contract.append(
            f'[[price]]\nprovider = "zhipuai"\nmodel = "{lane.model}"\ncurrency = "USD"\nvalid_from = "{since}"\n'
            f'input_mtok = "{price}"\noutput_mtok = "{output}"\n'
        )
    world.events.append(Event("price_change", None, "glm-contract"))
    also(world, project, "spend_spike", "unit_cost_drift")


def also(world: World, project: str, *rules: str) -> None:
    """What the same cause may make other rules tell."""
    world.open_events += [Event(rule, project) for rule in rules]
