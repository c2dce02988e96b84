"""What a call used and cost: whether a log counts the cache and the reasoning in is told by its numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from audit.newformat import totals
from audit.newformat.draft import told
from audit.newformat.guess import CURRENCIES, unit_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from audit.newformat.draft import Draft

_TENTH = 0.1
_PARTS = {
    "cached": "cache_read_tokens", "written": "cache_write_tokens", "written_1h": "cache_write_1h_tokens",
    "thought": "reasoning_tokens",
}  # fmt: skip
_SCALES = {
    "cents": "0.01", "分": "0.01", "millis": "0.001", "milli": "0.001", "micros": "0.000001", "micro": "0.000001",
    "nanos": "0.000000001", "nano": "0.000000001",
}  # fmt: skip
# What an input is called that leaves out what was read from the cache, and a count of one kind of content.
_WITHOUT_CACHE, _OF_TEXT = ("miss", "missed", "uncached", "fresh", "未命中"), ("text",)
_KINDS = {"input": ("input_audio", "input_image", "input_video"), "output": ("output_audio", "output_image")}


@dataclass(frozen=True, slots=True)
class _Total:
    """A whole count's SQL, what is said of it, what is asked, and the parts that are added."""

    sql: str
    said: str = ""
    asked: tuple[str, ...] = ()
    added: tuple[str, ...] = ()


def state(draft: Draft) -> None:
    """Give the token counts, their quality and the stated cost as far as the sample has them."""
    roles = ("input", "cached", "written", "written_1h", "output", "thought")
    sql = {role: draft.typed(role, "whole") for role in roles if draft.has(role)}
    counted = [sql[role] for role in ("input", "output") if role in sql]
    # 0 and 0 is what a log writes where it was told nothing.
    test = f"greatest({', '.join(counted)}) > 0" if len(counted) > 1 else f"{counted[0]} > 0" if counted else ""
    beside = totals.beside(draft)
    added: tuple[str, ...] = ()
    if "input" in sql:
        added += _give_total(draft, "input", _with_cache(draft, sql, beside), beside, test)
    for role, column in _PARTS.items():
        if role in sql:
            draft.give(column, sql[role])
    if "output" in sql:
        added += _give_total(draft, "output", _with_reasoning(draft, sql, beside), beside, test)
    if counted:
        known = "reported" if len(counted) > 1 else "partial"
        draft.give("usage_quality", f"CASE WHEN {test} THEN '{known}' ELSE 'missing' END")
    elif draft.has("total"):
        test = f"{draft.typed('total', 'whole')} > 0"
        draft.give("usage_quality", f"CASE WHEN {test} THEN 'partial' ELSE 'missing' END", asked=(
            "the sample has only the sum of the tokens; without input and output a call cannot be priced",
        ))  # fmt: skip
    if counted and draft.has("total"):
        _compare(draft, added)
    _state_cost(draft)


def _compare(draft: Draft, added: tuple[str, ...]) -> None:
    """Ask where the log's total is another than what was taken for input and output."""
    question = totals.doubt(draft, added)
    if question:
        draft.ask("input_tokens" if draft.has("input") else "output_tokens", question)
    else:
        draft.weighed.add(draft.parts["total"].path)


def _give_total(draft: Draft, role: str, total: _Total, beside: Mapping[str, bool], test: str) -> tuple[str, ...]:
    """State all input or all output; returns the parts that were added to the log's own count."""
    total = _with_kinds(draft, role, total, beside)
    whole = f"CASE WHEN {test} THEN {total.sql} END"
    draft.give(f"{role}_tokens", whole, of=(role, *total.added), said=total.said, asked=total.asked)
    return total.added


def _with_kinds(draft: Draft, role: str, total: _Total, beside: Mapping[str, bool]) -> _Total:
    """A count with those of audio, images and video that the log states beside it."""
    words = draft.parts[role].words[-1].split()
    kinds = [kind for kind in _KINDS[role] if draft.has(kind)]
    within = [kind for kind in kinds if any("details" in word for word in draft.parts[kind].words)]
    draft.weighed |= {draft.parts[kind].path for kind in kinds}
    added = [kind for kind in kinds if beside.get(kind, kind not in within and any(w in words for w in _OF_TEXT))]
    unsure = [kind for kind in kinds if kind not in (*added, *within) and kind not in beside]
    sums = " + ".join([total.sql, *(f"coalesce({draft.typed(kind, 'whole')}, 0)" for kind in added)])
    asked, said = total.asked, total.said
    if unsure:
        names = " and ".join(told(draft.parts[kind]) for kind in unsure)
        asked += (f"does {told(draft.parts[role])} hold {names}? Taken as yes. If not, add them",)
    if added:
        names = " and ".join(told(draft.parts[kind]) for kind in added)
        said = "; ".join(filter(None, (said, f"{names} stand beside it: they are added")))
    return _Total(sums, said, asked, (*total.added, *added))


def _with_cache(draft: Draft, sql: Mapping[str, str], beside: Mapping[str, bool]) -> _Total:
    """All input, whether the log counts the cache in or not."""
    roles, plain = tuple(role for role in ("cached", "written") if role in sql), sql["input"]
    if not roles:
        asked = f"{told(draft.parts['input'])} leaves out what was read from the cache, of which there is no field"
        return _Total(plain, asked=(f"{asked}: is there none?",) if _leaves_cache_out(draft) else ())
    added = _Total(_added(plain, sql, roles), added=roles)
    if len({beside[role] for role in roles if role in beside}) > 1:  # the one is part of the input, the other is not
        chosen = tuple(role for role in roles if beside.get(role))
        return _Total(_added(plain, sql, chosen), "the log's total tells which part is added", added=chosen)
    within = _holds_cache(draft, roles, beside)
    if within:
        return _Total(plain, "the log's own numbers count the cache in: it is part of the input")
    if within is False:
        return replace(added, said="the log's own numbers leave the cache out: it is added")
    return _with_cache_by_name(draft, roles, plain, added)


def _holds_cache(draft: Draft, roles: Sequence[str], beside: Mapping[str, bool]) -> bool | None:
    """Whether the input holds the cache as the log's numbers tell; None where they do not."""
    by_total = next((not beside[role] for role in roles if role in beside), None)
    if by_total is not None:
        return by_total
    return _misses(draft) or _counted_in(draft, "input", roles, "output")


def _with_cache_by_name(draft: Draft, roles: Sequence[str], plain: str, added: _Total) -> _Total:
    """All input where only the fields' names tell whether it holds the cache."""
    if _leaves_cache_out(draft):
        return replace(added, said="the input is called one without the cache, which is added")
    words = draft.parts[roles[0]].words
    if any("details" in word for word in words):
        return _Total(plain)
    if words[-1].endswith(("cache read input tokens", "cache creation input tokens")):
        said = "does the input hold what was read from and written to the cache? Taken as not, as Anthropic names its "
        return replace(added, asked=(f"{said}fields. If it does, {plain} alone is the total",))
    return _Total(plain, asked=(f"does the input hold the cached tokens? Taken as yes. If not, write {added.sql}",))


def _added(plain: str, sql: Mapping[str, str], roles: Sequence[str]) -> str:
    return " + ".join([plain, *(f"coalesce({sql[role]}, 0)" for role in roles)])


def _leaves_cache_out(draft: Draft) -> bool:
    last = draft.parts["input"].words[-1]
    return any(word in (last.split() if word.isascii() else last) for word in _WITHOUT_CACHE)


def _misses(draft: Draft) -> bool | None:
    """Whether the input is the sum of what was in the cache and what was not; None where the log does not say that."""
    if not draft.has("missed"):
        return None
    rows = zip(*(draft.numbers(role) for role in ("input", "cached", "missed") if draft.has(role)), strict=True)
    fits = [read == sum(n or 0 for n in parts) for read, *parts in rows if read]
    if not draft.has("cached") or sum(fits) < (1 - _TENTH) * len(fits):
        return None
    draft.weighed.add(draft.parts["missed"].path)
    return True


def _with_reasoning(draft: Draft, sql: Mapping[str, str], beside: Mapping[str, bool]) -> _Total:
    """All output, whether the log counts the reasoning in or not."""
    plain = sql["output"]
    if "thought" not in sql:
        return _Total(plain)
    added = _Total(_added(plain, sql, ["thought"]), added=("thought",))
    by_total = beside.get("thought")
    within = _counted_in(draft, "output", ["thought"], "input") if by_total is None else not by_total
    words = draft.parts["thought"].words
    if within is False:
        return replace(added, said="the log's own numbers leave the reasoning out of the output: it is added")
    if "thoughts" in words[-1]:
        return replace(added, said="Gemini counts the thoughts beside the candidates: they are added")
    if within or any("details" in word for word in words):
        return _Total(plain)
    return _Total(plain, asked=(f"does the output hold the reasoning? Taken as yes. If not, write {added.sql}",))


def _counted_in(draft: Draft, whole: str, parts: Sequence[str], other: str) -> bool | None:
    """Whether a count holds some parts, as the sample's numbers tell; None where they do not."""
    empty: list[float | None] = [None] * draft.rows
    columns = [draft.numbers(role) or empty for role in (whole, other, "total")]
    each = zip(*columns, *(draft.numbers(role) for role in parts), strict=True)
    rows = [(counted, (beside or 0), total, sum(n or 0 for n in part)) for counted, beside, total, *part in each]
    telling = [(counted, beside, total, part) for counted, beside, total, part in rows if counted is not None and part]
    outside = sum(part > counted or total == counted + beside + part for counted, beside, total, part in telling)
    inside = sum(total == counted + beside for counted, beside, total, _ in telling)
    # Providers break their own rules now and then: one record proves nothing.
    if outside > _TENTH * len(telling):
        return False
    return True if inside > _TENTH * len(telling) else None


def _state_cost(draft: Draft) -> None:
    if draft.has("cost"):
        seen = draft.parts["cost"]
        amount = draft.typed("cost", "money")
        last = seen.words[-1]
        scale = next((factor for unit, factor in _SCALES.items() if unit in last.split() or last.endswith(unit)), "")
        amount = f"{amount} * {scale}" if scale else amount
    elif draft.has("input_cost") and draft.has("output_cost"):
        seen = draft.parts["input_cost"]
        amount = f"{draft.typed('input_cost', 'money')} + {draft.typed('output_cost', 'money')}"
    else:
        return
    draft.give("stated_cost", amount)
    unit = unit_of(seen)
    if draft.has("currency"):
        draft.give("stated_currency", f"CASE WHEN {amount} IS NOT NULL THEN upper({draft.use('currency')}) END")
    elif unit in CURRENCIES:
        draft.give("stated_currency", f"CASE WHEN {amount} IS NOT NULL THEN '{CURRENCIES[unit]}' END")
    else:
        draft.params["stated_currency"] = "USD" if seen.words[-1].isascii() else "CNY"
        draft.give(
            "stated_currency", f"CASE WHEN {amount} IS NOT NULL THEN $stated_currency END",
            asked=(f"in which currency is {told(seen)}? The header's [params] says {draft.params['stated_currency']}",),
        )  # fmt: skip
