"""Ordinary traffic: working days, nights, sessions whose context grows, and prompt caches used well."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from tests.simulator.calls import CLAUDE_CODE, MONTHS, NATIVE, ZONE, Call, ticked
from tests.simulator.lanes import LANES, OWNERS, RESPONSE_MODELS

if TYPE_CHECKING:
    from tests.simulator.calls import World
    from tests.simulator.lanes import Lane

GROWTH = dict(zip(MONTHS, (1.0, 1.07, 1.15, 1.25), strict=True))
HOLIDAYS = {date(2026, 9, 25), *(date(2026, 10, day) for day in range(1, 8))}
# The support bot's release of this day sends far more history with every reply.
BLOATED_FROM = date(2026, 10, 12)
WORKDAY = (1, 1, 0, 0, 0, 0, 1, 3, 14, 40, 52, 48, 20, 30, 50, 52, 48, 40, 22, 14, 10, 7, 4, 2)
SIDE_CHAIN_TURNS = (3, 4)
NIGHT = (0, 20, 30, 30, 15, *(0,) * 19)


def generate(world: World) -> None:
    """All months of all lanes; the calls that waste may be planted on go to the pool."""
    for month in MONTHS:
        for lane in LANES:
            for _ in range(round(lane.sessions * GROWTH[month])):
                calls = session(world, lane, moment(world, lane, month))
                world.calls += calls
                world.pool += [] if lane.special else calls
    world.rng.shuffle(world.pool)


def days(month: str) -> list[date]:
    """The days of a month."""
    year, number = map(int, month.split("-"))
    return [date(year, number, day + 1) for day in range(calendar.monthrange(year, number)[1])]


def moment(world: World, lane: Lane, month: str) -> datetime:
    """When a session begins: by the lane's week and the hour's weight, in the company's time zone."""
    rng, all_days = world.rng, days(month)
    weights = [lane.weekend if off(day) else 1.0 for day in all_days]
    day = rng.choices(all_days, weights)[0]
    hour = rng.choices(range(24), NIGHT if lane.nightly else WORKDAY)[0]
    if day == all_days[-1]:
        hour = min(hour, 21)
    local = datetime(day.year, day.month, day.day, hour, tzinfo=ZONE)
    return local.astimezone(UTC) + timedelta(milliseconds=rng.randrange(3_600_000))


def off(day: date) -> bool:
    """Whether nobody is at work."""
    return day.weekday() >= calendar.SATURDAY or day in HOLIDAYS


def session(world: World, lane: Lane, at: datetime) -> list[Call]:
    """The calls of one session, each sent some seconds after the answer before."""
    rng = world.rng
    name, user = world.uuid(), f"u-{rng.randrange(OWNERS[lane.project].users):03d}"
    bloat = lane.bloated if at.astimezone(ZONE).date() >= BLOATED_FROM else 1.0
    head = world.about(lane.prefix, lane.prefix_spread) if lane.prefix else 0
    context, calls = 0, list[Call]()
    for turn in range(rng.randint(*lane.turns)):
        fresh = world.about(lane.fresh * bloat, lane.spread)
        call = lane_call(world, lane, at, head + context + fresh)
        call.session, call.user = name, user
        call.side_chain = lane.family == CLAUDE_CODE and turn in SIDE_CHAIN_TURNS
        cache(world, lane, call, head, turn)
        calls.append(call)
        context += (fresh // 2 + (call.output or 0)) if lane.grows else 0
        at = call.ended + timedelta(milliseconds=rng.randint(6_000, 80_000))
    calls[-1].last_in_session = True
    return calls


def lane_call(world: World, lane: Lane, at: datetime, tokens: int) -> Call:
    """One call of a lane, not yet in a session and with nothing cached."""
    owner = OWNERS[lane.project]
    output = world.about(lane.output, lane.output_spread) if lane.output else 0
    output = min(output, (lane.max_output or 1_000_000) - 1)
    embedding = lane.operation == "embeddings"
    return Call(
        family=lane.family,
        call_id=world.new_id(lane.family),
        started=ticked(world.rng, at),
        latency_ms=min(world.about(400 + tokens // 40 + output * 11, 0.25), 110_000),
        provider=lane.provider,
        model=lane.model,
        response_model=RESPONSE_MODELS.get(lane.model, lane.model),
        task=lane.task,
        prompt=lane.prompt.format(world.number()),
        project=lane.project,
        team=owner.team,
        key=owner.key,
        session=world.uuid(),
        environment=lane.environment,
        operation=lane.operation,
        stream=world.rng.random() < lane.stream,
        max_output=lane.max_output,
        input=tokens,
        output=output,
        reasoning=round(output * lane.reasoning * world.rng.uniform(0.7, 1.3)),
        finish=None if embedding else "stop",
        states_cost=lane.states_cost,
    )


def cache(world: World, lane: Lane, call: Call, head: int, turn: int) -> None:
    """Use the provider's prompt cache as a careful client does: written once, read from then on."""
    if lane.provider == "openai":
        warm = head >= 1024 and (turn > 0 or world.rng.random() < 0.5)
        call.read = head // 128 * 128 if warm else 0
        return
    if call.family == NATIVE:
        call.prefix, call.prefix_tokens = prefix_name(lane, call), head
    if head >= 4096:
        call.read, call.write = (head, 0) if turn else (0, head)
    if call.family == CLAUDE_CODE:
        # Claude Code writes each turn's news to the cache and reads the rest.
        news = min(call.input or 0, world.about(6000))
        call.write = news if turn else (call.input or 0) - 3
        call.read = (call.input or 0) - news - 3 if turn else 0


def prefix_name(lane: Lane, call: Call) -> str:
    """What a prefix is: the session's document or tools; a lane below the minimum shares one instruction."""
    return lane.task if lane.special else f"{lane.task}/{call.session}"
