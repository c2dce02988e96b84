"""When a call began and how long it took, out of the instants and durations that a log has."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from audit.newformat.draft import told
from audit.newformat.guess import unit_of
from audit.newformat.values import SPAN, days_only, decimal_commas

if TYPE_CHECKING:
    from audit.newformat.draft import Draft

_FACTORS = {"ms": 1, "millis": 1, "milliseconds": 1, "毫秒": 1, "s": 1000, "sec": 1000, "secs": 1000, "seconds": 1000,
            "秒": 1000, "us": 0.001, "ns": 0.000001}  # fmt: skip
_IN_SECONDS = ("request time", "upstream response time", "upstream header time", "use time")
_WRITTEN_AT_THE_END = ("time local", "time iso8601", "msec")
_NEUTRAL = ("timestamp", "ts", "time", "event time", "log time", "logged at", "date", "记录时间", "时间")
# So long a call takes in milliseconds at the least, and in seconds at the most.
_LEAST_MS, _MOST_S = 60, 1000


def state(draft: Draft) -> None:
    """Give started_at, latency_ms and first_token_ms as far as the sample has them."""
    started, ended = _instant(draft, "started"), _instant(draft, "ended")
    took, took_asks = _span(draft, "took")
    _state_start(draft, started, ended, took)
    if took:
        draft.give("latency_ms", took, asked=took_asks)
    elif started and ended:
        draft.give("latency_ms", f"date_diff('millisecond', {started}, {ended})")
    first, first_asks = _span(draft, "first_token")
    first_at = _instant(draft, "first_token_at")
    if first:
        draft.give("first_token_ms", first, asked=first_asks)
    elif first_at and started:
        draft.give("first_token_ms", f"date_diff('millisecond', {started}, {first_at})")


def _state_start(draft: Draft, started: str, ended: str, took: str) -> None:
    asked = _ambiguous(draft, "started" if started else "ended")
    if not started and not ended:
        nothing = "MAP THIS: no field of the sample holds an instant. Name it in [record] as started = '...: instant'"
        draft.give("started_at", "NULL::TIMESTAMP", asked=[f"{nothing}, and write started here"])
    elif started and _at_the_end(draft) and took:
        said = "the line is written when the answer is done: the call began that much earlier"
        draft.give("started_at", _earlier(started, took), said=said, asked=asked)
    elif started:
        if took and not ended and draft.parts["started"].words[-1] in _NEUTRAL:
            begun = "is this when the call began? If the log writes it when the call is over, write"
            asked.append(f"{begun} {_earlier(started, took)}")
        draft.give("started_at", started, asked=asked)
    elif took:
        draft.give("started_at", _earlier(ended, took), asked=asked)
    else:
        asked.append(f"{told(draft.parts['ended'])} says when the call ended, nothing when it began: taken for that")
        draft.give("started_at", ended, asked=asked)


def _earlier(ended: str, took: str) -> str:
    return f"{ended} - to_milliseconds(coalesce({took}, 0))"


def _at_the_end(draft: Draft) -> bool:
    names = [draft.parts[role].words[-1] for role in ("started", "took") if role in draft.parts]
    return any(name in (*_WRITTEN_AT_THE_END, *_IN_SECONDS[:2]) for name in names)


def _instant(draft: Draft, role: str) -> str:
    """The SQL of an instant, empty where the sample has none."""
    if role not in draft.parts:
        return ""
    seen = draft.parts[role]
    if role == "started" and "clock" in draft.parts and days_only(seen):
        both = f"concat({draft.use(role)}, ' ', {draft.use('clock')})"
        return f"make_timestamp(epoch_us(try_cast({both} AS TIMESTAMPTZ)))"
    way = draft.values.date_formats(seen)[0]
    if not way:
        return draft.use(role, "instant")
    return f"make_timestamp(epoch_us(try_strptime({draft.use(role)}, '{way}')::TIMESTAMPTZ))"


def _ambiguous(draft: Draft, role: str) -> list[str]:
    if role not in draft.parts:
        return []
    seen = draft.parts[role]
    ways = draft.values.date_formats(seen)
    asked = []
    if len(ways) > 1:
        asked.append(f"the dates can also be read as {' or '.join(ways[1:])}: which is it?")
    if "clock" not in draft.parts and days_only(seen):
        asked.append("the field holds days only: rules that look at minutes cannot judge this log")
    return asked


def _span(draft: Draft, role: str) -> tuple[str, tuple[str, ...]]:
    """The SQL of a duration in whole milliseconds, and what must be asked about its unit."""
    if role not in draft.parts:
        return "", ()
    seen = draft.parts[role]
    asked: tuple[str, ...] = ()
    matches = [SPAN.fullmatch(text) for text in seen.texts]
    number = draft.use(role)  # a text: an odd duration must not cost the call
    if all(matches):
        units = {match[2].lower() for match in matches if match}
        number = f"regexp_extract({number}, '[0-9.]+')"
        factor = _FACTORS[min(units)]
        asked = ("the sample has several units here: only one is read",) if len(units) > 1 else ()
    else:
        factor = _FACTORS.get(unit_of(seen), 0) or (1000 if seen.words[-1] in _IN_SECONDS else 0)
        if not factor:
            factor = _by_size(draft, role)
            unit = "milliseconds" if factor == 1 else "seconds"
            asked = (f"taken for {unit}, by the size of the numbers: is that so?",)
            if seen.words[-1] == "cost":
                asked = (f"a cost of whole numbers only: taken for the {unit} that the call took. Is it money?",)
    if decimal_commas(seen):
        number = f"replace({number}, ',', '.')"
    scaled = f"try_cast({number} AS DOUBLE)" + ("" if factor == 1 else f" * {factor}")
    return f"try_cast(round({scaled}) AS BIGINT)", asked


def _by_size(draft: Draft, role: str) -> int:
    if decimal_commas(draft.parts[role]):
        return 1000
    numbers = [number for number in draft.numbers(role) if number is not None]
    fractions = any(number % 1 for number in numbers)
    if not numbers or (fractions and max(numbers) < _MOST_S):
        return 1000
    return 1 if median(numbers) >= _LEAST_MS else 1000
