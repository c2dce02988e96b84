"""A file's records as text with their line numbers: for lines that could not be read, and for odd layouts.

The engine reads the calls; this walks a file in Python only where a line must be shown, or where the file is
pretty-printed, an array with a fault in it, UTF-16 or cut off.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from audit.ingest.layout import Layout, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MARKS = re.compile(r'["{}\[\]\n\\]')


def records(path: Path, layout: Layout) -> Iterator[tuple[int, str]]:
    """Line number (from 1) and text of each record, in file order; blank lines are none."""
    if layout.container in ("array", "objects"):
        yield from _objects(path, layout)
        return
    with text_of(path, layout) as stream:
        for number, line in enumerate(stream, start=1):
            if line.strip(" \t\r\n"):
                yield number, line.rstrip("\r\n")


def _objects(path: Path, layout: Layout) -> Iterator[tuple[int, str]]:
    """Objects of an array or one after another, found by their brackets.

    A raw line end inside a string is no JSON: it ends the string, so that one broken record does not swallow
    those after it. So does an object that begins in the first column while another is still open.
    """
    depth, line, start_line, in_string, skip = 0, 1, 1, False, -1
    inside: list[str] = []
    with text_of(path, layout) as stream:
        for text in stream:
            if layout.container == "objects" and depth and text.startswith("{"):
                yield start_line, "".join(inside)
                inside, depth, in_string = [], 0, False
            begin = 0 if depth else -1
            skip = -1
            for mark in _MARKS.finditer(text):
                at, sign = mark.start(), mark[0]
                if at == skip:
                    continue
                if in_string:
                    if sign == "\\":
                        skip = at + 1
                    elif sign in '"\n':
                        in_string = False
                elif sign == '"':
                    in_string = True
                elif sign == "{":
                    if depth == 0:
                        begin, start_line = at, line
                    depth += 1
                elif sign == "}" and depth:
                    depth -= 1
                    if depth == 0:
                        inside.append(text[begin : at + 1])
                        yield start_line, "".join(inside)
                        inside, begin = [], -1
            if begin >= 0:
                inside.append(text[begin:])
            line += 1
    if depth and "".join(inside).strip():
        yield start_line, "".join(inside)


def rewrite(path: Path, layout: Layout, target: Path) -> None:
    """Write the records one a line in UTF-8: the n-th line is the n-th of :func:`records`."""
    with target.open("w", encoding="utf-8", newline="\n") as out:
        if layout.container == "csv":
            with text_of(path, layout) as stream:
                for text in stream:
                    out.write(text)
            return
        for _, text in records(path, layout):
            out.write(text.replace("\n", " "))
            out.write("\n")
