"""What a call used and cost: whether a log counts the cache and the reasoning in is told by its numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

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
_SCALES = {"cents": "0.01", "分": "0.01", "micros": "0.000001", "nanos": "0.000000001"}


@dataclass(frozen=True, slots=True)
class _Total:
    """A whole count's SQL, what is said of it, and what is asked."""

    sql: str
    said: str = ""
    asked: tuple[str, ...] = ()


def state(draft: Draft) -> None:
    """Give the token counts, their quality and the stated cost as far as the sample has them."""
    roles = ("input", "cached", "written", "written_1h", "output", "thought")
    sql = {role: draft.typed(role, "whole") for role in roles if draft.has(role)}
    counted = [sql[role] for role in ("input", "output") if role in sql]
    # 0 and 0 is what a log writes where it was told nothing.
    test = f"greatest({', '.join(counted)}) > 0" if len(counted) > 1 else f"{counted[0]} > 0" if counted else ""
    if "input" in sql:
        total = _with_cache(draft, sql)
        whole = f"CASE WHEN {test} THEN {total.sql} END"
        draft.give("input_tokens", whole, of="input", said=total.said, asked=total.asked)
    for role, column in _PARTS.items():
        if role in sql:
            draft.give(column, sql[role])
    if "output" in sql:
        total = _with_reasoning(draft, sql)
        whole = f"CASE WHEN {test} THEN {total.sql} END"
        draft.give("output_tokens", whole, of="output", said=total.said, asked=total.asked)
    if counted:
        known = "reported" if len(counted) > 1 else "partial"
        draft.give("usage_quality", f"CASE WHEN {test} THEN '{known}' ELSE 'missing' END")
    elif draft.has("total"):
        test = f"{draft.typed('total', 'whole')} > 0"
        draft.give("usage_quality", f"CASE WHEN {test} THEN 'partial' ELSE 'missing' END", asked=(
            "the sample has only the sum of the tokens; without input and output a call cannot be priced",
        ))  # fmt: skip
    _state_cost(draft)


def _with_cache(draft: Draft, sql: Mapping[str, str]) -> _Total:
    """All input, whether the log counts the cache in or not."""
    roles, plain = [role for role in ("cached", "written") if role in sql], sql["input"]
    if not roles:
        return _Total(plain)
    added = " + ".join([plain, *(f"coalesce({sql[role]}, 0)" for role in roles)])
    within = _counted_in(draft, "input", roles, "output")
    if within is not None:
        told = "the log's total is input + output" if within else "the log's own numbers leave the cache out"
        return _Total(plain if within else added, f"{told}: it is {'part of the input' if within else 'added'}")
    words = draft.parts[roles[0]].words
    if any("details" in word for word in words):
        return _Total(plain)
    if words[-1].endswith(("cache read input tokens", "cache creation input tokens")):
        said = "does the input hold what was read from and written to the cache? Taken as not, as Anthropic names its "
        return _Total(added, asked=(f"{said}fields. If it does, {plain} alone is the total",))
    return _Total(plain, asked=(f"does the input hold the cached tokens? Taken as yes. If not, write {added}",))


def _with_reasoning(draft: Draft, sql: Mapping[str, str]) -> _Total:
    """All output, whether the log counts the reasoning in or not."""
    plain = sql["output"]
    if "thought" not in sql:
        return _Total(plain)
    added = f"{plain} + coalesce({sql['thought']}, 0)"
    within = _counted_in(draft, "output", ["thought"], "input")
    words = draft.parts["thought"].words
    if within is False:
        return _Total(added, "the log's own numbers leave the reasoning out of the output: it is added")
    if "thoughts" in words[-1]:
        return _Total(added, "Gemini counts the thoughts beside the candidates: they are added")
    if within or any("details" in word for word in words):
        return _Total(plain)
    return _Total(plain, asked=(f"does the output hold the reasoning? Taken as yes. If not, write {added}",))


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
