"""What every month holds and no rule may call waste: calls that look like it. A clean month has these alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.accuracy.days import HOUR_MS, MINUTE_MS, every, midnight
from tests.accuracy.lanes import PROVIDERS, Lane
from tests.accuracy.traffic import NO_HEAD, copied, single
from tests.accuracy.world import Event

if TYPE_CHECKING:
    from tests.accuracy.world import Call, World

NO_USAGE: dict[str, Any] = dict.fromkeys(
    ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens")
)
PASSING = (
    (429, "rate_limit_error"),
    (503, "overloaded_error"),
    (500, "api_error"),
    (None, "timeout"),
    (408, "timeout"),
)
UNSTATED = Event("missing_usage", None, "native")
OTHER = {
    "claude": "gpt-4.1",
    "gpt": "gemini-2.5-flash",
    "gemini": "gpt-5-mini",
    "deepseek": "gpt-5-mini",
    "qwen": "gpt-5-mini",
    "glm": "gpt-5-mini",
}


def is_chat(call: Call) -> bool:
    """A call that answers in words."""
    return call["operation"] == "chat" and call["model"].split("-")[0] in OTHER


def other_model(call: Call) -> dict[str, Any]:
    """What sending a call to another model changes of it."""
    model = OTHER[call["model"].split("-")[0]]
    return {"model": model, "provider": PROVIDERS[model.split("-")[0]], **NO_HEAD}


def failed(world: World, call: Call, before_s: float, **changes: Any) -> Call:
    """A try of a call that failed before it was answered, and was not billed."""
    fault = world.again(call, call["started_ms"] - int(before_s * 1000), **NO_USAGE, **NO_HEAD)
    code, kind = world.rng.choice(PASSING)
    fault |= {
        "latency_ms": world.about(400),
        "status": "error",
        "http_status": code,
        "error_type": kind,
        "finish_reason": None,
        "trace_id": call["trace_id"],
        "session_id": call["session_id"],
    }
    fault |= changes
    return fault


def plant(world: World, projects: list[str]) -> None:
    """Every kind a few times."""
    for _ in world.times(8):
        repeats(world, projects)
        failures(world)
        models(world)
        ends(world)
    for call in (world.take() for _ in world.times(12)):
        world.written_twice.append(call)
        world.no_waste("line_written_twice", call)


def repeats(world: World, projects: list[str]) -> None:
    """The same prompt, and no duplicate."""
    first = world.take(is_chat)
    first["latency_ms"] = max(first["latency_ms"], 4000)
    for _ in range(world.rng.randint(1, 4)):
        at = first["started_ms"] + int(world.rng.uniform(0.0, 0.4) * first["latency_ms"])
        world.no_waste("sampled_side_by_side", world.again(first, at, latency_ms=first["latency_ms"], **copied(first)))
    first = world.take(is_chat)
    other = world.rng.choice([name for name in projects if name != first["project"]])
    change = {"project": other, "api_key": f"svc-{other}", **NO_HEAD}
    world.no_waste("other_project", world.again(first, world.later(first, 60, 7200), **change))
    first = world.take(is_chat)
    hour = 3600
    world.no_waste("after_a_day", world.again(first, world.later(first, 24.1 * hour, 60 * hour), **copied(first)))
    first = world.take(is_chat)
    hit = world.again(first, world.later(first, 20, 7200), gateway_cache_hit=True, **copied(first))
    hit |= {"latency_ms": world.about(30), "output_tokens": first["output_tokens"], "cache_read_tokens": 0}
    world.no_waste("gateway_cache_hit", hit)
    # Two at once, of which the log does not say how long they took.
    first = world.take(is_chat)
    first["_untimed"] = True
    beside = world.again(first, first["started_ms"] + world.rng.randint(0, 900), _untimed=True, **copied(first))
    world.no_waste("side_by_side_and_untimed", beside, first)


def failures(world: World) -> None:
    """Tries that failed and were not billed, and what was sent again after them."""
    answered = world.take(is_chat)
    tries = [failed(world, answered, 6 + 150 * number) for number in range(world.rng.randint(1, 2))]
    world.no_waste("unbilled_failure", *tries)
    world.no_waste("retry_after_failure", answered)
    lost = failed(world, world.take(is_chat), 600, prompt_hash=world.hash())
    world.no_waste("unbilled_failure", lost)
    gone = failed(world, world.take(is_chat), 900, prompt_hash=world.hash(), status="cancelled", http_status=499)
    world.no_waste("cancelled_before_it_began", gone)
    # The same prompt refused twice for the rate; and two prompts refused once each by what no retry mends.
    base, prompt = world.take(is_chat), world.hash()
    limit: dict[str, Any] = {"prompt_hash": prompt, "http_status": 429, "error_type": "rate_limit_error"}
    world.no_waste("rate_limited_twice", failed(world, base, 300, **limit), failed(world, base, 200, **limit))
    for code in (400, 413):
        refused = failed(
            world, base, 100, prompt_hash=world.hash(), http_status=code, error_type="invalid_request_error"
        )
        world.no_waste("refused_once", refused)
    filtered = failed(
        world,
        base,
        60,
        prompt_hash=world.hash(),
        status="filtered",
        http_status=400,
        error_type="content_filter",
        finish_reason="content_filter",
    )
    world.no_waste("filtered_and_not_billed", filtered)


def models(world: World) -> None:
    """Two models that answer one prompt for a reason."""
    slow = world.take(is_chat)
    slow["latency_ms"] = max(slow["latency_ms"], 9000)
    hedge = world.again(slow, slow["started_ms"] + 4000, trace_id=slow["trace_id"], **other_model(slow))
    world.no_waste("hedged", hedge, slow)
    primary = world.take(is_chat)
    fallback = world.again(primary, primary["started_ms"], trace_id=primary["trace_id"], **other_model(primary))
    fault = failed(world, primary, 3)
    primary["_gone"] = True
    world.no_waste("fallback_after_failure", fault, fallback)
    judged = world.take(is_chat)
    world.no_waste(
        "models_compared",
        world.again(judged, world.later(judged, 5, 90), trace_id=world.hash()[:16], **other_model(judged)),
    )
    late = world.take(is_chat)
    world.no_waste(
        "other_model_much_later",
        world.again(late, world.later(late, 400, 3000), trace_id=late["trace_id"], **other_model(late)),
    )


def ends(world: World) -> None:
    """Answers that were cut off and were good enough, or asked for again only after a while."""
    left = world.take(lambda call: is_chat(call) and call["output_tokens"] > 16)
    cut(left)
    world.no_waste("cut_off_and_left", left)
    slow = world.take(lambda call: is_chat(call) and call["output_tokens"] > 16)
    cut(slow)
    again = world.again(
        slow,
        world.later(slow, 240, 3000),
        session_id=slow["session_id"],
        max_output_tokens=8192,
        status="ok",
        finish_reason="stop",
        **copied(slow),
    )
    world.no_waste("asked_again_late_after_a_cut", slow, again)
    long = world.take(lambda call: is_chat(call) and call["output_tokens"] > 16)
    cut(long)
    long["latency_ms"] = max(long["latency_ms"], 6000)
    beside = world.again(
        long,
        long["started_ms"] + 2000,
        session_id=long["session_id"],
        prompt_hash=world.hash(),
        status="ok",
        finish_reason="stop",
        max_output_tokens=8192,
        **copied(long),
    )
    world.no_waste("asked_beside_a_cut", long, beside)
    unknown = world.take(is_chat)
    unknown |= {"output_tokens": None, "reasoning_tokens": None, **NO_HEAD}
    world.no_waste("output_unknown", unknown)
    world.events = [*world.events, *([] if any(e.rule == "missing_usage" for e in world.events) else [UNSTATED])]
    for operation in ("moderation", "rerank"):
        judge = world.take(is_chat)
        judge |= {"operation": operation, "output_tokens": 0, "reasoning_tokens": 0, "finish_reason": None, **NO_HEAD}
        world.no_waste(f"{operation}_without_output", judge)


def cut(call: Call) -> None:
    """End a call at its cap, which is lowered to what came."""
    call |= {"max_output_tokens": call["output_tokens"], "status": "truncated", "finish_reason": "length"}


def small_talk(world: World, project: str) -> None:
    """Small prompts that are no probes: people's greetings, a sensor's readings, a beat too slow, a free model's."""

    def lane(task: str, model: str = "gpt-5-mini") -> Lane:
        return Lane(project, task, model, 0, fresh=12, output=8, spread=0.1, output_spread=0.2, cap=64, users=1)

    kinds = (
        ("greeting", lane("greet"), 40, None),
        ("sensor_on_a_beat", lane("sensor"), 96, 15 * MINUTE_MS),
        ("beat_too_slow", lane("status"), 12, 2 * HOUR_MS),
        ("probe_of_a_free_model", lane("probe-free", "glm-4.7-flash"), 96, 15 * MINUTE_MS),
    )
    for kind, small, per_day, beat in kinds:
        one_prompt = world.hash()
        for day in every()[-40:]:
            for number in range(per_day):
                offset = (
                    number * beat + world.rng.randrange(1500)
                    if beat
                    else world.rng.randrange(8 * HOUR_MS, 20 * HOUR_MS)
                )
                call = single(world, small, midnight(day) + offset, 0)
                call |= {"input_tokens": world.rng.randint(9, 18), "output_tokens": world.rng.randint(2, 15)}
                if kind == "probe_of_a_free_model":
                    call["prompt_hash"] = one_prompt
                world.calls.append(call)
                if midnight(day) >= midnight(every()[-31]):
                    world.no_waste(kind, call)


def no_usage(world: World, project: str) -> None:
    """Streams whose usage nobody asked for: unknown, not free and not empty."""
    for _ in world.times(10):
        call = world.take(lambda call: is_chat(call) and call["project"] == project)
        call |= {**NO_USAGE, **NO_HEAD, "stream": True}
        world.no_waste("stream_without_usage", call)
