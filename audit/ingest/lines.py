"""A file's records as text with their line numbers: for lines that could not be read, and for odd layouts.

The engine reads the calls; this walks a file in Python only where a line must be shown, or where the file is
pretty-printed, an array with a fault in it, UTF-16 or cut off.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from audit.ingest import table, torn
from audit.ingest.layout import Layout, text_of

if TYPE_CHECKING:
    import io
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Any

LINE_CHARS = 1 << 27
# What the engine takes for white space: a line of nothing else is no record.
BETWEEN = " \t\r\n\x0b\x0c"
# An escaped sign is taken together with its backslash, so that it marks nothing.
_MARKS = re.compile(r'\\.|["{}\n]')


def records(
    path: Path, layout: Layout, knows: Callable[[dict[str, Any]], bool] | None = None
) -> Iterator[tuple[int, str]]:
    """Line number (from 1) and text of each record, in file order; blank lines are none.

    ``knows`` tells a record of the format: with it a torn record gives the whole ones that it holds.
    """
    with text_of(path, layout) as stream:
        if layout.container == "csv":
            found = table.records(_physical(stream), layout.delimiter)
        elif layout.container in ("array", "objects"):
            found = _objects(_physical(stream), layout)
        else:
            found = ((number, line.rstrip("\r\n")) for number, line in _physical(stream) if line.strip(BETWEEN))
        if knows is None or layout.container == "csv":
            yield from found
            return
        for number, text in found:
            for offset, part in torn.parts(text, knows):
                yield number + text.count("\n", 0, offset), part


def _physical(stream: io.TextIOWrapper) -> Iterator[tuple[int, str]]:
    """Lines with their numbers; of one that is longer than any log's the rest is left out."""
    number = 0
    while line := stream.readline(LINE_CHARS):
        number += 1
        yield number, line
        while len(line) == LINE_CHARS and not line.endswith(("\n", "\r")):
            line = stream.readline(LINE_CHARS)


class _Open:
    """An object that is being gathered, and where in it we are."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.line, self.depth, self.chars = 1, 0, 0
        self.in_string = False

    def take(self) -> tuple[int, str]:
        """The text so far; the next object starts anew."""
        whole = self.line, "".join(self.parts)
        self.parts, self.depth, self.chars, self.in_string = [], 0, 0, False
        return whole

    def add(self, text: str) -> None:
        """Gather, up to a length that no record has."""
        self.chars += len(text)
        if self.chars <= LINE_CHARS:
            self.parts.append(text)


def _objects(lines: Iterator[tuple[int, str]], layout: Layout) -> Iterator[tuple[int, str]]:
    """Objects of an array or one after another, found by their brackets; what stands between them is told too.

    A raw line end inside a string is no JSON: it ends the string, so that one broken record does not swallow
    those after it. So does an object that begins in the first column while another is still open.
    """
    here = _Open()
    for number, text in lines:
        if layout.container == "objects" and here.depth and text.startswith("{"):
            yield here.take()
        yield from _in_line(here, number, text)
    if here.depth and "".join(here.parts).strip():
        yield here.take()


def _in_line(here: _Open, number: int, text: str) -> Iterator[tuple[int, str]]:
    begin = 0
    for mark in _MARKS.finditer(text):
        at, sign = mark.start(), mark[0]
        if here.in_string:
            here.in_string = sign not in '"\n'
        elif sign == '"':
            here.in_string = here.depth > 0
        elif sign == "{":
            if here.depth == 0:
                yield from _between(number, text[begin:at])
                begin, here.line = at, number
            here.depth += 1
        elif sign == "}" and here.depth:
            here.depth -= 1
            if here.depth == 0:
                here.add(text[begin : at + 1])
                yield here.take()
                begin = at + 1
    if here.depth:
        here.add(text[begin:])
    else:
        yield from _between(number, text[begin:])


def _between(number: int, text: str) -> Iterator[tuple[int, str]]:
    """What stands between objects and is neither a bracket nor a comma is a record that cannot be read."""
    rest = text.strip(" \t\r\n,[]\ufeff\x00")
    if rest:
        yield number, rest


def rewrite(path: Path, layout: Layout, target: Path, knows: Callable[[dict[str, Any]], bool] | None) -> None:
    """Write the records one a line in UTF-8: the n-th line is the n-th of :func:`records`."""
    with target.open("w", encoding="utf-8", errors="surrogateescape", newline="\n") as out:
        for _, text in records(path, layout, knows):
            out.write(text.replace("\n", " ").replace("\r", " ").strip() or "\x00")
            out.write("\n")
