"""Whole records out of a torn line: two writers on one line, a writer killed and started again, bytes of nothing."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

FAULTS = 100
# What may stand around a record: white space, commas, brackets, marks and zero bytes that a crash leaves behind.
_AROUND = " \t\r\n\x00\x0b\x0c\x1e,[]\ufeff"
_HALF = r"\\u[dD][89abAB][0-9a-fA-F]{2}"
_OTHER_HALF = r"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_LONE = re.compile(rf"(\\\\|{_HALF}{_OTHER_HALF})|{_HALF}|{_OTHER_HALF}")
_DECODER = json.JSONDecoder()


def parts(text: str, knows: Callable[[dict[str, Any]], bool]) -> list[tuple[int, str]]:
    """Where each part of a record starts, and its text: those that ``knows`` takes, and what is left between them.

    A record that is whole comes back as it is, but for escapes of half a character.
    """
    try:
        whole = isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        whole = False
    return [(0, _mended(text))] if whole else _taken_apart(text, knows)


def _taken_apart(text: str, knows: Callable[[dict[str, Any]], bool]) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    rest_at = at = faults = 0
    while faults < FAULTS and (start := text.find("{", at)) >= 0:
        try:
            value, end = _DECODER.raw_decode(text, start)
        except (ValueError, RecursionError):
            faults, at = faults + 1, start + 1
            continue
        at = end
        if knows(value) and _stands_alone(text, start, end, rest_at):
            _add(found, rest_at, text[rest_at:start])
            found.append((start, _mended(text[start:end])))
            rest_at = end
    if not found:
        return [(0, text)]
    _add(found, rest_at, text[rest_at:])
    return found


def _stands_alone(text: str, start: int, end: int, rest_at: int) -> bool:
    """Whether an object is a record and no part of one: it begins or ends a line, or follows a record."""
    before, after = text[rest_at:start].rstrip(" \t\x00,[\ufeff"), text[end:].lstrip(" \t\x00,]\ufeff")
    return not before or before.endswith("\n") or not after or after[0] in "\r\n"


def _add(found: list[tuple[int, str]], at: int, rest: str) -> None:
    if rest.strip(_AROUND):
        found.append((at, rest))


def _mended(text: str) -> str:
    """Half a character, left where a text was cut through an emoji, is no Unicode: it becomes U+FFFD."""
    return _LONE.sub(lambda m: m[1] or "\\ufffd", text) if "\\u" in text else text
