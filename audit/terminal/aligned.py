"""Plain text in columns that line up on a terminal, Chinese and hostile signs included."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_WIDE = ("W", "F")
GAP = "  "


def shown(text: str) -> str:
    """A text on one line, without what a terminal would take for a command."""
    return "".join(sign if sign.isprintable() else " " if sign.isspace() else "?" for sign in text)


def width(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum((unicodedata.east_asian_width(sign) in _WIDE) + (not unicodedata.combining(sign)) for sign in text)


def clipped(text: str, most: int) -> str:
    """As much of a text as goes into so many columns."""
    if width(text) <= most:
        return text
    kept = ""
    for sign in text:
        if width(kept + sign) > most - 1:
            break
        kept += sign
    return kept + "…"


def padded(text: str, columns: int) -> str:
    """A text with the blanks that make it so wide."""
    return text + " " * (columns - width(text))


def table(rows: Iterable[Sequence[str]], most: int) -> list[str]:
    """Lines of rows that line up; the first column stands whole, the others share what is left of ``most`` columns."""
    cells = [[shown(cell) for cell in row] for row in rows]
    if not cells:
        return []
    first = max(width(row[0]) for row in cells)
    others = len(cells[0]) - 1
    share = max(8, (most - first - len(GAP) * others) // max(others, 1))
    cells = [[row[0], *(clipped(cell, share) for cell in row[1:])] for row in cells]
    wide = [max(width(row[number]) for row in cells) for number in range(others + 1)]
    return [GAP.join(padded(cell, columns) for cell, columns in zip(row, wide, strict=True)).rstrip() for row in cells]


def wrapped(words: Iterable[str], most: int, *, between: str = ", ", indent: str = "") -> list[str]:
    """Words one after another on lines of at most ``most`` columns."""
    lines: list[str] = []
    room = most - len(between.rstrip())
    for word in words:
        if lines and width(lines[-1] + between + word) <= room:
            lines[-1] += between + word
        else:
            if lines:
                lines[-1] += between.rstrip()
            lines.append(indent + word)
    return lines
