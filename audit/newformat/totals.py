"""What a log's own total says of its counts: which stand beside input and output, and which are parts of them."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from typing import TYPE_CHECKING

from audit.newformat.draft import told

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from audit.newformat.draft import Draft

# The counts that some logs have as parts of input or output, and others beside them.
OPTIONAL = (
    "cached", "written", "thought", "input_audio", "input_image", "input_video", "output_audio", "output_image",
)  # fmt: skip
# Providers break their own rules now and then: of so many records the total must hold.
_MOST = 0.9


def beside(draft: Draft) -> Mapping[str, bool]:
    """Whether each count stands beside input and output, as far as the total of most records tells it."""
    rows = list(_rows(draft))
    roles = [role for role in OPTIONAL if any(parts.get(role) for _, parts in rows)]
    fitting: Counter[tuple[str, ...]] = Counter()
    for size in range(len(roles) + 1):
        for added in combinations(roles, size):
            fitting[added] = sum(_sum(added, parts) == rest for rest, parts in rows)
    if not rows:
        return {}
    most = max(fitting.values())
    if most < _MOST * len(rows):
        return {}
    best = [added for added, number in fitting.items() if number == most]
    told_by_all = [role for role in roles if len({role in added for added in best}) == 1]
    return {role: role in best[0] for role in told_by_all}


def doubt(draft: Draft, added: Collection[str]) -> str:
    """A question where the total is another than the counts as they were taken; ``added`` were added to them."""
    rows = list(_rows(draft))
    off = [(rest, parts) for rest, parts in rows if _sum(added, parts) != rest]
    if len(off) <= (1 - _MOST) * len(rows):
        return ""
    names = [told(draft.parts[role]) for role in ("input", "output", *added) if role in draft.parts]
    total = told(draft.parts["total"])
    gap = off[0][0] - _sum(added, off[0][1])
    said = f"{total} is not {' + '.join(names)} in {len(off):,} of {len(rows):,} records (the first: {gap:+,.0f})"
    other = _makes_up(draft, added)
    if other:
        return f"{said}, but it is with {other} added: is that a part of the input or of the output that is left out?"
    return f"{said}: is something left out, or counted twice?"


def _rows(draft: Draft) -> Iterator[tuple[float, dict[str, float]]]:
    """Of each record with a total: what is left of it after input and output, and the optional counts."""
    empty: list[float | None] = [None] * draft.rows
    totals, inputs, outputs = (draft.numbers(role) or empty for role in ("total", "input", "output"))
    optional = {role: draft.numbers(role) for role in OPTIONAL if role in draft.parts}
    for number, (total, read, made) in enumerate(zip(totals, inputs, outputs, strict=True)):
        if total and not (read is None and made is None):
            parts = {role: values[number] or 0 for role, values in optional.items()}
            yield total - (read or 0) - (made or 0), parts


def _sum(added: Collection[str], parts: Mapping[str, float]) -> float:
    return sum(parts.get(role, 0) for role in added)


def _makes_up(draft: Draft, added: Collection[str]) -> str:
    """A field of the sample that nothing is made of and that makes up the total's difference."""
    known = {seen.path for seen in draft.parts.values()}
    empty: list[float | None] = [None] * draft.rows
    columns = [draft.numbers(role) or empty for role in ("total", "input", "output", *added)]
    gaps = [total - sum(n or 0 for n in rest) if total else 0 for total, *rest in zip(*columns, strict=True)]
    for seen in draft.seen:
        if seen.path not in known and draft.values.are(seen, "whole"):
            numbers = [number or 0 for number in draft.numbers_of(seen)]
            if sum(one == gap for one, gap in zip(numbers, gaps, strict=True)) >= _MOST * draft.rows:
                return told(seen)
    return ""
