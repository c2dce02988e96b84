"""Names with ``*`` for what varies: whether a name fits one, and whether two could mean one name."""

from __future__ import annotations

import re


def fits(pattern: str, name: str) -> bool:
    """Whether a name is one that a pattern means; ``*`` stands for any signs or none, all else for itself."""
    shape = ".*".join(re.escape(part) for part in pattern.split("*"))
    return re.fullmatch(shape, name, re.DOTALL) is not None


def overlap(one: str, other: str) -> bool:
    """Whether any name fits both patterns."""
    # reached[n]: the part of `one` read so far and the first n signs of `other` can stand for the same text.
    reached = [not other[:n].strip("*") for n in range(len(other) + 1)]
    for sign in one:
        before, reached = reached, [sign == "*" and reached[0]]
        for n, across in enumerate(other):
            if sign == "*" or across == "*":
                reached.append(before[n + 1] or reached[n])
            else:
                reached.append(before[n] and sign == across)
    return reached[-1]
