"""A delimited table's rows as JSON objects with their line numbers; the engine reads a table that has no fault."""

from __future__ import annotations

import csv
import json
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# A quoted value may run over so many lines; a quote that is left open longer is a fault of its line alone.
ROW_LINES = 200
_FIELD_CHARS = 1 << 28


def header(text: str, delimiter: str) -> tuple[str, ...]:
    """The column names of a table's first line; none where that line cannot be read."""
    for line in text.splitlines():
        if line.strip("\ufeff \t\x00"):
            return tuple(name.strip() for name in _cells(line.lstrip("\ufeff"), delimiter) or ())
    return ()


def records(lines: Iterator[tuple[int, str]], delimiter: str) -> Iterator[tuple[int, str]]:
    """Each row after the header as a JSON object; a row that does not fit the header as it stands."""
    waiting = _Lines(lines)
    names: tuple[str, ...] = ()
    while (row := waiting.row(delimiter, len(names))) is not None:
        number, text, cells = row
        if not names:
            names = tuple(cell.strip() for cell in cells or ())
        elif cells is None:
            yield number, text
        else:
            record: dict[str, str] = {}
            for name, cell in zip(names, cells, strict=True):
                record.setdefault(name, cell)
            yield number, json.dumps(record, ensure_ascii=False)


class _Lines:
    """Lines, of which some are put back once they turn out to be no part of a row."""

    def __init__(self, lines: Iterator[tuple[int, str]]) -> None:
        self._lines, self._back = lines, deque[tuple[int, str]]()

    def _next(self) -> tuple[int, str] | None:
        return self._back.popleft() if self._back else next(self._lines, None)

    def row(self, delimiter: str, width: int) -> tuple[int, str, list[str] | None] | None:
        """The next row's line number, its first line and its cells; None for cells where it is no row."""
        while (first := self._next()) is not None and not first[1].strip("\ufeff \t\r\n\x00"):
            pass
        if first is None:
            return None
        taken = [first]
        quotes = first[1].count('"')
        cells = _cells(first[1].lstrip("\ufeff"), delimiter)
        if cells is None and quotes % 2:
            while quotes % 2 and len(taken) < ROW_LINES and (more := self._next()) is not None:
                taken.append(more)
                quotes += more[1].count('"')
            cells = _cells("".join(text for _, text in taken), delimiter)
        if cells is not None and width and len(cells) == width + 1 and not cells[-1]:
            del cells[-1]  # the engine too lets a row end with a delimiter
        if cells is not None and width in (0, len(cells)):
            return *first, cells
        self._back.extendleft(reversed(taken[1:]))
        return first[0], first[1].rstrip("\r\n"), None


def _cells(text: str, delimiter: str) -> list[str] | None:
    usual = csv.field_size_limit(_FIELD_CHARS)  # the library keeps one limit for everybody
    try:
        rows = list(csv.reader([text.rstrip("\r\n")], delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    finally:
        csv.field_size_limit(usual)
    return rows[0] if len(rows) == 1 else None
