"""The scene: a month's calls of every kind, few enough to be read in every format.

The calls are the simulator's own. Some are told a second time as another cloud's, so that each provider has repeats,
cut-off answers, warm heads and failures of its own.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from tests.simulator.__main__ import simulate
from tests.simulator.calls import ZONE, Call
from tests.simulator.lanes import LANES
from tests.simulator.writers.sent import Sent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.simulator.calls import World

MONTH = "2026-10"
# A kind's first calls of the month, however many were planted.
OF_EACH_KIND = 5
ORDINARY = 40
CLOUDS = {
    "aws": {
        "claude-opus-4-5": "anthropic.claude-opus-4-5-20251101-v1:0",
        "claude-sonnet-4-5": "anthropic.claude-sonnet-4-5-20250929-v1:0",
    },
    "google": {"gpt-4.1": "gemini-2.5-flash", "gpt-5": "gemini-2.5-pro"},
    "azure": {"gpt-4.1": "gpt-4.1", "gpt-4.1-mini": "gpt-4.1-mini"},
    "openrouter": {"gpt-4.1": "openai/gpt-4.1", "claude-sonnet-4-5": "anthropic/claude-sonnet-4.5"},
}


def scene(seed: int = 7) -> list[Sent]:
    """Some hundred calls of one month, in the order of time."""
    chosen = [shaped(number, call) for number, call in enumerate(picked(simulate(seed)))]
    batch = [elsewhere(call, "batch", tier="batch", stream=False) for call in chosen if may_wait(call)]
    clouds = [
        elsewhere(call, cloud, provider=cloud, model=models[call.model], response_model=models[call.model])
        for cloud, models in CLOUDS.items()
        for call in chosen
        if call.model in models and call.tier == "standard" and not call.gateway_hit
    ]
    return sorted([*chosen, *batch, *clouds], key=lambda call: (call.started, call.origin))


def picked(world: World) -> Iterator[Call]:
    """Calls of every kind, with those that share their prompt, their burst or, where cut off, their session."""
    month = [call for call in world.calls if call.month == MONTH and 1 < call.started.astimezone(ZONE).day < 28]
    ids = {id(call) for call in month}
    seeds = [
        call
        for kinds in (world.planted, world.negatives)
        for calls in kinds.values()
        for family in ("gateway", "native")
        for call in [call for call in calls if id(call) in ids and call.family == family][:OF_EACH_KIND]
    ]
    prompts = {(call.task, call.prompt) for call in seeds}
    bursts = {call.prefix for call in seeds if call.task == "clause-check"}
    sessions = {call.session for call in seeds if call.status == "truncated"}
    rest = world.rng.sample(month, ORDINARY)
    wanted = {id(call) for call in [*seeds, *rest]}
    for call in month:
        if (
            id(call) in wanted
            or (call.task, call.prompt) in prompts
            or (call.prefix in bursts and call.task == "clause-check")
            or call.session in sessions
        ):
            yield call


def shaped(number: int, call: Call) -> Sent:
    """The call with whole milliseconds and ids that are no log's, and some of them with what is rarer still."""
    values = {field.name: getattr(call, field.name) for field in fields(Call)}
    anthropic = call.provider == "anthropic"
    lane = next((lane for lane in LANES if lane.task == call.task), None)
    if call.prefix is None and lane is not None and lane.prefix:
        values |= {"prefix": lane.task, "prefix_tokens": lane.prefix}
    values |= {
        "call_id": f"call-{number}",
        "origin": f"call-{number}",
        "started": call.started.replace(microsecond=call.started.microsecond // 1000 * 1000),
        "write": call.write if anthropic else None,
        "reasoning": None if anthropic or call.operation == "embeddings" else call.reasoning,
    }
    sent = Sent(**values)
    if anthropic and call.input is not None:
        sent.write_1h = (call.write or 0) // 2 if number % 3 == 0 else 0
    if call.input is None:
        sent.write_1h = None
    if call.status == "error" and call.input is None and number % 3 == 0:
        sent.http_status, sent.error_type = 400, "BadRequestError"
    if call.status == "ok" and call.output and call.finish == "stop" and number % 29 == 0:
        sent.status, sent.finish = "filtered", "content_filter"
    if call.provider == "openai" and call.operation == "chat" and call.input is not None:
        sent.tier = "flex" if call.environment == "batch" and number % 2 else "standard"
        sent.tier = "priority" if call.task == "answer" and number % 11 == 0 else sent.tier
    return sent


def may_wait(call: Sent) -> bool:
    """Whether a call could as well have been sent in a batch."""
    return (
        call.provider == "openai" and call.task in ("nightly-extract", "embed") and call.status in ("ok", "truncated")
    )


def elsewhere(call: Sent, where: str, **changes: Any) -> Sent:
    """The same request as another call, sent to another place."""
    return replace(
        call,
        call_id=f"{call.call_id}-{where}",
        origin=f"{call.origin}-{where}",
        prompt=f"{call.prompt} ({where})",
        session=f"{call.session}-{where}",
        prefix=None if call.prefix is None else f"{call.prefix} ({where})",
        write=None if where == "google" else call.write,
        trail={},
        **changes,
    )
