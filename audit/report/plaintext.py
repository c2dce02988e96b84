"""Text for a mail without HTML: lines folded and columns padded as a fixed-width screen shows them.

A Chinese character takes two cells, and a line may break after any of them, though not before a closing mark.
"""

from __future__ import annotations

import re
from unicodedata import combining, east_asian_width

from audit.report.speech import clean

WIDTH = 78
# A word with what closes it, or one wide character with the marks that may not begin a line.
WIDE = r"\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff"
CLOSING = "，。、；：！？）》」】”’"
PIECE = re.compile(rf" *(?:[{WIDE}“‘（《「【][{CLOSING}]*|[^\s{WIDE}\uff00-\uff60“‘]+[{CLOSING}]*|.)")


class Folded(str):
    """Text that is laid out already: nothing may join its lines again."""

    __slots__ = ()


def cells(text: str) -> int:
    """How many cells of a fixed-width screen the text takes."""
    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)


def fold(text: str, first: str = "", rest: str = "") -> Folded:
    """The text in lines of at most 78 cells where its words allow, the first and the rest indented."""
    lines, line = [], first
    start = True
    for piece in PIECE.findall(clean(text)):
        if start:
            line += piece.lstrip()
            start = False
        elif cells(line) + cells(piece) <= WIDTH:
            line += piece
        else:
            lines.append(line)
            line = rest + piece.lstrip()
    return Folded("\n".join([*lines, line]))


def pad(text: str, width: int, *, right: bool = False) -> Folded:
    """The text in a column of so many cells, cut with an ellipsis where it is longer."""
    text = clean(text)
    if cells(text) > width:
        while cells(text) > width - 1:
            text = text[:-1]
        text += "…"
    space = " " * (width - cells(text))
    return Folded(space + text if right else text + space)
