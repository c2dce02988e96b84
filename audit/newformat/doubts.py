"""What a sample gives reason to doubt: fields that are not read, sums taken for a call's counts, prices for a cost."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from audit.newformat import guess
from audit.newformat.draft import told
from audit.newformat.values import grouped, zoneless

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from audit.newformat.draft import Draft
    from audit.newformat.sample import Seen

_USAGE = ("input", "output")
_COUNTS = (*_USAGE, "cached", "written", "thought")
_OF_USAGE = re.compile(
    r"token|\bktok|cache|reason|think|thought|audio|image|cost|spend|price|billed|\busd\b|价|费|金额|令牌|缓存|推理|思考|kosten"
)
# A part of a count that is read, or one that no call is paid by.
_BREAKDOWN = ("details", "ephemeral")
# A number, whatever stands before it and behind it: $0.0042, 12k tokens.
_NUMBER = re.compile(r"[^\d\w]{0,4}\d[\d.,_ ']*\s?[^\d]{0,8}")
_THOUSANDS = re.compile(r"\b(k ?tokens?|kilo ?tokens?|thousand tokens?)\b")
_NAMED = 8
# So often a number must have grown, and never fallen, to be taken for a running total.
_STEPS = 8

_COLUMNS = {
    "input": "input_tokens", "output": "output_tokens", "cached": "cache_read_tokens",
    "written": "cache_write_tokens", "thought": "reasoning_tokens",
}  # fmt: skip


def state(draft: Draft) -> None:
    """Ask what the sample gives reason to ask once every column is stated."""
    for question in (*_unread(draft), *_missing(draft)):
        draft.ask_at(question, "usage_quality", "input_tokens", "output_tokens")
    for role in _USAGE:
        question = _running(draft, role)
        if question:
            draft.ask_at(question, f"{role}_tokens")
    if draft.has("cost") and "stated_cost" in draft.columns:
        question = _price(draft)
        if question:
            draft.ask("stated_cost", question)
    unused = _of_usage(draft)
    if unused:
        draft.ask_at(unused, "usage_quality", "input_tokens", "output_tokens")
    _note_zone(draft)


def left(draft: Draft) -> list[Seen]:
    """The fields of the sample that hold something and that nothing is made of."""
    used = {draft.path(role) for role in draft.fields}
    return [seen for seen in draft.seen if seen.given and not _within(seen.path, used)]


def left_told(draft: Draft) -> list[str]:
    """Their names; of those that tell what others hold it is said that they do only that."""
    return [told(seen) + (" (only compared)" if seen.path in draft.weighed else "") for seen in left(draft)]


def _within(path: str, used: set[str]) -> bool:
    """Whether a field is read, lies in one that is, or holds one that is."""
    return any(
        path == known or known.startswith((f"{path}{{", f"{path}[")) or path.startswith((f"{known}[", f"{known}{{"))
        for known in used
    )


def _of_usage(draft: Draft) -> str:
    """A question about unused fields whose names speak of tokens or of money."""
    known = draft.weighed | draft.asked_of
    names = [told(seen) for seen in left(draft) if seen.path not in known and _speaks_of_usage(seen)]
    if not names:
        return ""
    shown = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
    return f"nothing is made of {shown}: is that a part of what a call used or cost?"


def _speaks_of_usage(seen: Seen) -> bool:
    if any(word in name for word in _BREAKDOWN for name in seen.words) or not seen.words:
        return False
    numbers = [isinstance(value, int | float) or bool(_NUMBER.fullmatch(str(value))) for value in seen.given]
    flags = all(isinstance(value, bool) for value in seen.given)
    return not flags and sum(numbers) * 2 > len(numbers) and bool(_OF_USAGE.search(" ".join(seen.words)))


def _unread(draft: Draft) -> Iterator[str]:
    """Questions about counts that are no whole numbers."""
    for role in _COUNTS:
        if role in draft.parts:
            if grouped(draft.parts[role]):
                draft.notes.append(
                    f"{told(draft.parts[role])}: written with separators between its thousands, as in "
                    f"{next(text for text in draft.parts[role].texts if not text.isdigit())}, and read without them"
                )
            continue
        yield from _thousands(draft, role)


def _thousands(draft: Draft, role: str) -> Iterator[str]:
    """A question where a count has fractions."""
    for seen in left(draft):
        if not seen.words or seen.path in draft.asked_of:
            continue
        plain = replace(seen, words=(*seen.words[:-1], _THOUSANDS.sub("tokens", seen.words[-1])))
        if guess.called(plain, role) and draft.values.all_are(seen, "number"):
            draft.asked_of.add(seen.path)
            yield (
                f"{told(seen)} is not read: a count of tokens is whole, and this has fractions ({seen.texts[0]}). Is "
                f"it in thousands? Then in [record] {role} = '{told(seen)}: number', and "
                f"round({role} * 1000)::BIGINT AS {_COLUMNS[role]}"
            )
            return


def _missing(draft: Draft) -> Iterator[str]:
    """A question where the sample has no field for the input or the output."""
    lacking = [role for role in _USAGE if role not in draft.parts]
    if len(lacking) == len(_USAGE) and draft.has("total"):
        return  # it is said that there is only the sum
    if lacking:
        names = " and ".join(lacking)
        yield f"no field was found for the tokens of the {names}: without them a call is not priced. Which field is it?"


def _running(draft: Draft, role: str) -> str:
    """A question where a count looks like a sum over the session so far; empty where it does not."""
    if role not in draft.parts:
        return ""
    seen = draft.parts[role]
    within = "of its session " if draft.has("session") else ""
    if guess.running(seen):
        said = f"{told(seen)} is called a running total"
    elif _only_grows(draft):
        said = f"{told(seen)} never falls from one record {within}to the next: is it a running total?"
    else:
        return ""
    order = f"PARTITION BY {draft.use('session')} " if draft.has("session") else ""
    by = next((name for name in ("started", "ended") if name in draft.fields), "record")
    number = draft.typed(role, "whole")
    taken = f"{number} - coalesce(lag({number}) OVER ({order}ORDER BY {by}), 0)"
    return f"{said}: it is taken for a call's own tokens as it stands. If it is a sum, write {taken} for {number}"


def _only_grows(draft: Draft) -> bool:
    """Whether the output grows from record to record and never falls: a conversation's input grows of itself."""
    role = "output" if draft.has("output") else "input"
    sessions = draft.parts["session"].values if draft.has("session") else (None,) * draft.rows
    columns: dict[str, list[float]] = {}
    for session, number in zip(sessions, draft.numbers(role), strict=True):
        if number is not None:
            columns.setdefault(str(session), []).append(number)
    steps = [after - before for numbers in columns.values() for before, after in pairwise(numbers)]
    return len(steps) >= _STEPS and min(steps) >= 0 and sum(step > 0 for step in steps) * 2 > len(steps)


def _price(draft: Draft) -> str:
    """A question where what was taken for a call's cost is called a price."""
    seen = draft.parts["cost"]
    if not re.search(r"\bprice\b|价", seen.words[-1]):
        return ""
    same = len(set(seen.texts)) == 1 and draft.rows > 1
    said = f"is the same ({seen.texts[0]}) in all {draft.rows} records" if same else "is called a price"
    return f"{told(seen)} {said}: is it what the call cost, or a price per token? If that, take stated_cost out"


def _note_zone(draft: Draft) -> None:
    """Say which instants have no zone."""
    roles = [role for role in ("started", "ended", "first_token_at") if role in draft.fields]
    names = [told(draft.parts[role]) for role in roles if zoneless(draft.parts[role], _way(draft, draft.parts[role]))]
    if names:
        draft.zoneless = names


def _way(draft: Draft, seen: Seen) -> str:
    ways: Sequence[str] = draft.values.date_formats(seen)
    return ways[0] if ways else ""
