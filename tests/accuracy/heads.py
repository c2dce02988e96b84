"""Prompt heads: caches that were not asked for, and writes that nobody read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.accuracy import traffic
from tests.accuracy.days import DAY_MS, HOUR_MS, MINUTE_MS, MONTH_START, MORNING
from tests.accuracy.lanes import HEAD, UNUSED, Lane
from tests.accuracy.traffic import fingerprint, single
from tests.accuracy.world import Call, end

if TYPE_CHECKING:
    from tests.accuracy.world import World


SOON_S = (5, 150)


def moment(world: World) -> int:
    """An instant of the month's working hours, away from its edges."""
    day = world.rng.randrange(1, 28)
    return MONTH_START + day * DAY_MS + world.rng.randrange(9 * HOUR_MS, 18 * HOUR_MS)


def headed(world: World, lane: Lane, at: int, name: str) -> Call:
    """A call of a lane with a head of its own name."""
    call = single(world, lane, at, world.about(lane.fresh))
    call |= {"_head": name, "prefix_hash": fingerprint(name)}
    call["latency_ms"] = min(call["latency_ms"], 20_000)
    world.calls.append(call)
    return call


def never_marked(world: World, project: str, count: int) -> None:
    """Bursts with one long head, all paid in full; and bursts that no cache could have served."""
    for number in world.times(count):
        model = ("claude-sonnet-4-5", "claude-opus-4-5", "claude-haiku-4-5")[number % 3]
        lane = Lane(
            project, "check", model, 0, head=world.about(12_000, 0.3) + 4200, fresh=700, output=250, cache=UNUSED
        )
        burst(world, lane, f"check/{number}", world.rng.randint(4, 9), SOON_S)
        if number % 2:
            continue
        burst(world, lane, f"check/cold/{number}", 4, (420, 900))
        short = replace(lane, head=900 if "sonnet" in model else 3000)
        for call in burst(world, short, f"check/short/{number}", 5, SOON_S):
            world.no_waste("prefix_below_the_minimum", call)
        at = moment(world)
        for _ in range(3):
            at += world.rng.randint(0, 200)
            call = headed(world, lane, at, f"check/parallel/{number}")
            call |= {"latency_ms": 15_000, "first_token_ms": None}
        automatic = replace(lane, model="gpt-4.1")
        for call in burst(world, automatic, f"check/automatic/{number}", 4, SOON_S):
            world.no_waste("automatic_cache_that_was_not_hit", call)


def burst(world: World, lane: Lane, name: str, count: int, wait: tuple[float, float]) -> list[Call]:
    """Calls with one head, each some seconds after the one before had ended."""
    at, calls = moment(world), list[Call]()
    for _ in range(count):
        calls.append(headed(world, lane, at, name))
        at = world.later(calls[-1], *wait)
    return calls


def sparse(world: World, project: str) -> None:
    """A head that is seldom warm: to write it each time would cost more than the few reads would save."""
    lane = Lane(project, "seldom", "claude-sonnet-4-5", 0, head=9000, fresh=600, cache=UNUSED)
    for day in range(31):
        at = MONTH_START + day * DAY_MS + 8 * HOUR_MS
        for _ in range(14):
            at += world.rng.randint(20 * MINUTE_MS, 40 * MINUTE_MS)
            first = headed(world, lane, at, f"{project}/seldom")
            if world.rng.random() < 0.08:
                at = end(first) + world.rng.randint(20_000, 120_000)
                headed(world, lane, at, f"{project}/seldom")


def dated_heads(world: World, project: str, per_day: float) -> None:
    """A client that marks its head and puts the time into it: every call writes, none can read."""
    lane = Lane(project, "dated", "claude-sonnet-4-5", 0, head=7000, fresh=500, cache=HEAD)
    for number in world.times(per_day * 31):
        headed(world, lane, moment(world), f"{project}/dated/{number}")


def unmarked(world: World, project: str, per_day: float) -> None:
    """A lane as it comes, now busy, now quiet, whose client never asks for the cache: its saving is what is left of the
    reads when every write, those of lone calls too, is paid.
    """
    lane = Lane(project, "faq", "claude-haiku-4-5", per_day, head=6000, fresh=700, cache=UNUSED, weekend=0.3)
    traffic.generate(world, [lane])


def forgetful(world: World, project: str, per_day: float) -> None:
    """A busy lane in which one call in ten comes from a client that does not mark the head that others keep warm."""
    lane = Lane(project, "desk", "claude-sonnet-4-5", per_day, head=9000, fresh=800, cache=HEAD, hours=MORNING)
    known = len(world.calls)
    traffic.generate(world, [lane])
    for call in world.calls[known:]:
        if world.rng.random() < 0.1:
            call["_forgets"] = True


def hour_long(world: World, project: str, count: int) -> None:
    """Writes that hold for an hour: some are read after half of it, some never; in another lane none is."""
    lane = Lane(project, "hourly", "claude-sonnet-4-5", 0, head=15_000, fresh=900, cache=HEAD)
    for number in world.times(count):
        dead = headed(world, replace(lane, task="hourly-dead"), moment(world), f"{project}/hourly-dead/{number}")
        dead["_lifetime"] = HOUR_MS
        name = f"{project}/hourly/{number}"
        first = headed(world, lane, moment(world), name)
        first["_lifetime"] = HOUR_MS
        if number % 3:
            again = headed(world, lane, end(first) + world.rng.randint(8 * MINUTE_MS, 50 * MINUTE_MS), name)
            again["_lifetime"] = HOUR_MS


def without_fingerprints(world: World, project: str, per_day: float) -> None:
    """A log that does not tell heads apart: what was written was read, by calls that nothing links to it."""
    lane = Lane(
        project,
        "unlinked",
        "claude-sonnet-4-5",
        per_day,
        hours=MORNING,
        head=8000,
        fresh=600,
        cache=HEAD,
        fingerprints=False,
        pool=False,
    )
    traffic.generate(world, [lane])
