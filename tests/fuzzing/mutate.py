"""What can become of a line: bytes turned, cut out, doubled or put in; values of another make; texts without an end.

A mutated line never holds a line end, that would make two of it. ``SECRET`` is planted as keys and tokens are logged.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

SECRET = "Fz7kQxSECRETw9"  # noqa: S105 a word to be looked for, and no key
_SECRETS = (f"sk-{SECRET}0123456789ab", f"sk-ant-api03-{SECRET}-AbCd_0123", f"Bearer {SECRET}0123456789")
# What a mutation has spoilt in front of the word is no key any more, and nothing could tell that it was one.
LEAKED = rf"(?:^|[^A-Za-z0-9_])(?:sk-(?:ant-api03-)?|(?:Bearer )+){SECRET}"
LONG, VERY_LONG, DEEP = 5_000, 300_000, 3_000
_NUMBER = re.compile(rb"(?<=[:\[, ,])-?\d+(?:\.\d+)?")
_NUMBERS = (
    b"1e999", b"-1e999", b"NaN", b"Infinity", b"-Infinity", b"9223372036854775808", b"-1", b"-0", b"1e-400", b"0x1F",
    b"007", b"1_000", b"18446744073709551616", b"4294967296", b"2147483648", b"1.5", b"1e3", b".5", b"5.", b"+5",
    b"--5", b"1" * 400, b"0." + b"1" * 400, b"true", b"null", b'""', b'"12"', b'" 12"', b'"-"', b'"NaN"', b'"1e400"',
)  # fmt: skip
_MARKS = b"\"'{}[]:,\\"
_JUNK = (
    b"\x00", b"\x00\x00\x00", b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"\xed\xa0\xbd", b"\xf0\x9f\x98", b"\xc0\xaf",
    b"\\ud83d", b"\\ude00", b"\\ud83d\\ud83d", b"\\u0000", b"\\x41", b"\\", b"\x1e", b"\x7f", b"\xe2\x80\xa8", b"\r",
    b"\x0b", b"\x0c", b"\xc2\x85", b"//", b"/*", b"#", b"<html>", b"\x1b[31m", "中文".encode(), b"{}", b"[]", b"{",
    b'"',
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 1.5, 2**31, 2**63, 2**64, 10**30, 1e300, -0.0, "", " ", "x", "null", "NaN", "-1",
    "1e5", "12", "true", "[]", "{}", '{"a"', '[{"a": 1}, ', "2026-10-05T10:00:00Z", "2026-13-45T99:99:99Z",
    "9999-12-31", "0001-01-01T00:00:00Z", "\x00", "\ud83d", "\u2028", "ü" * 300, [], {}, [None], [[]], [[[]]],
    {"a": {"b": "c"}},
    [{"a": [1, None]}], {"": ""}, ["x", 1, None, {}], {"key": "a", "value": {"stringValue": "b"}}, {"stringValue": 1},
    "'; DROP TABLE store.calls; --", "=1+1",
)  # fmt: skip


def mutated(chance: Random, record: dict[str, Any], line: Callable[[dict[str, Any]], bytes], *, table: bool) -> bytes:
    """One line made of a record: its values first, then its bytes; about one in twelve is left as it is."""
    kind = chance.random()
    if kind < 0.55:
        for _ in range(chance.choice((1, 1, 1, 2, 3))):
            record = _other_value(chance, record)
    text = line(record)
    if chance.random() < 0.08:
        text = _with_secret(chance, text, table=table)
    if kind > 0.5:
        for _ in range(chance.choice((1, 1, 1, 1, 2, 2, 4))):
            text = chance.choice(_WAYS)(chance, text)
    return text.replace(b"\n", b" ")


def _other_value(chance: Random, record: dict[str, Any]) -> dict[str, Any]:
    """The record with a value, anywhere in it, gone, renamed or of another make."""
    places: list[tuple[str | int, ...]] = []
    _places(record, (), places)
    if not places:
        return record
    changed: dict[str, Any] = _changed(chance, record, chance.choice(places))
    return changed


def _places(value: Any, here: tuple[str | int, ...], found: list[tuple[str | int, ...]]) -> None:
    inner: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, below in inner:
        found.append((*here, name))
        _places(below, (*here, name), found)


def _changed(chance: Random, value: Any, place: tuple[str | int, ...]) -> Any:
    """A copy of a value that differs at one place."""
    name, rest = place[0], place[1:]
    if isinstance(value, list):
        assert isinstance(name, int)
        entries: list[Any] = list(value)
        entries[name] = _changed(chance, entries[name], rest) if rest else _another(chance, entries[name])
        return entries
    members = dict(value)
    if rest:
        members[name] = _changed(chance, members[name], rest)
    elif chance.random() < 0.2:
        del members[name]
    elif chance.random() < 0.05:
        members[f"{name}\u0000"] = members.pop(name)
    else:
        members[name] = _another(chance, members[name])
    return members


def _another(chance: Random, value: Any) -> Any:
    way = chance.random()
    if way < 0.08:
        return [value]
    if way < 0.12:
        return {"value": value}
    if way < 0.16:
        return json.dumps(value)
    if isinstance(value, str) and way < 0.3:
        return value[: chance.randrange(len(value) + 1)]  # a JSON text in it is cut off
    if way < 0.31:
        return "x" * chance.choice((257, LONG, LONG, VERY_LONG))
    return chance.choice(VALUES)


def _with_secret(chance: Random, text: bytes, *, table: bool) -> bytes:
    """A secret where a text begins, so that the mark before it is no letter."""
    secret = chance.choice(_SECRETS).encode()
    begins = [match.end() for match in re.finditer(rb"," if table else rb'[:\[,] ?"', text)]
    at = chance.choice(begins) if begins else 0
    return text[:at] + secret + chance.choice((b"", b" ", b"/")) + text[at:]


def _span(chance: Random, text: bytes) -> tuple[int, int]:
    at = chance.randrange(len(text) + 1)
    return at, min(len(text), at + chance.choice((1, 1, 2, 5, 20, 100)))


def _flip(chance: Random, text: bytes) -> bytes:
    out = bytearray(text)
    for _ in range(chance.choice((1, 1, 2, 8))):
        if out:
            out[chance.randrange(len(out))] ^= 1 << chance.randrange(8)
    return bytes(out)


def _cut_out(chance: Random, text: bytes) -> bytes:
    at, until = _span(chance, text)
    return text[:at] + text[until:]


def _put_in(chance: Random, text: bytes) -> bytes:
    at = chance.randrange(len(text) + 1)
    return text[:at] + (chance.choice(_JUNK) if chance.random() < 0.8 else chance.randbytes(6)) + text[at:]


def _cut_short(chance: Random, text: bytes) -> bytes:
    at = chance.randrange(len(text) + 1)
    return text[:at] if chance.random() < 0.7 else text[at:]


def _doubled(chance: Random, text: bytes) -> bytes:
    if chance.random() < 0.3:
        return text + chance.choice((b"", b" ", b",")) + text[: chance.randrange(len(text) + 1)]
    at, until = _span(chance, text)
    return text[:until] + text[at:]


def _marks(chance: Random, text: bytes) -> bytes:
    """Quotes and brackets turned into others, one of them or all of a kind."""
    old, new = bytes([chance.choice(_MARKS)]), bytes([chance.choice(_MARKS)])
    if chance.random() < 0.2:
        return text.replace(old, new)
    ats = [at for at, sign in enumerate(text) if sign == old[0]]
    if not ats:
        return text + new
    at = chance.choice(ats)
    return text[:at] + chance.choice((new, b"", old + old)) + text[at + 1 :]


def _number(chance: Random, text: bytes) -> bytes:
    found = list(_NUMBER.finditer(text))
    if not found:
        return text
    one = chance.choice(found)
    return text[: one.start()] + chance.choice(_NUMBERS) + text[one.end() :]


def _deep(chance: Random, text: bytes) -> bytes:
    depth = chance.choice((20, 100, DEEP))
    open_, close = chance.choice(((b"[", b"]"), (b'{"a":', b"}")))
    inner = open_ * depth + (b"1" + close * depth if chance.random() < 0.5 else b"")
    at = text.rfind(b"}")
    return text[:at] + b', "deep": ' + inner + text[at:] if at >= 0 and chance.random() < 0.8 else inner


def _long(chance: Random, text: bytes) -> bytes:
    at = chance.randrange(len(text) + 1)
    return (
        text[:at] + chance.choice((b"a", b'\\"', b" ", b"\x00", b"\xc3\xa4")) * chance.choice((300, LONG)) + text[at:]
    )


def _nothing(chance: Random, _: bytes) -> bytes:
    return chance.choice((b"", b" ", b"\t", b"\r", b"null", b"{}", b"[]", b"1", b'""', b"\x00" * 20, b"\xef\xbb\xbf"))


_COMMON: tuple[Callable[[Random, bytes], bytes], ...] = (
    _flip, _cut_out, _put_in, _cut_short, _doubled, _marks, _number,
)  # fmt: skip
_WAYS = (*_COMMON * 4, _deep, _long, _nothing)
