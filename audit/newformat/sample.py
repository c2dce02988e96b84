"""A sample of a log taken apart: every field with its path, its name in plain words and the values it has."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from audit.ingest.masking import RAW_KEY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

Words = tuple[str, ...]
ROWS = 500
FIELDS = 400
_DEEPEST = 10
_LISTS_DEEP = 3
# A name of twenty letters and digits with so many digits among them names nothing: it is a key or an id.
_DIGITS = 4
_PLAIN = re.compile(r"[^\W\d][\w$@-]*")
# What makes a list a conversation rather than a list of records.
_OF_MESSAGES = {"role", "content", "parts"}


@dataclass(frozen=True, slots=True)
class Seen:
    """A field: its path as a format writes it, the names on the way in plain words, and a value a row."""

    path: str
    words: Words
    values: tuple[Any, ...]

    @property
    def given(self) -> tuple[Any, ...]:
        """The values there are."""
        return tuple(value for value in self.values if value is not None and value != "")

    @property
    def texts(self) -> list[str]:
        """The values there are as the engine will have them: texts."""
        return [as_text(value) for value in self.given]


def as_text(value: Any) -> str:
    """A value of a parsed record as the text that a format's field holds."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict | list | bool | float):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def step(name: str, before: str = "") -> str:
    """A path with one more name to it."""
    plain = name if _PLAIN.fullmatch(name) else f'"{name}"'
    return f"{before}.{plain}" if before else plain


def can_be_named(name: str) -> bool:
    """Whether a path can lead to a field of this name: the engine's paths know no escapes, and a key is no name."""
    return bool(name) and not re.search(r'["*\\\x00-\x1f]', name) and not like_a_key(name)


def like_a_key(text: str) -> bool:
    """Whether a text holds what looks like a raw key: one by its beginning, or a long word of letters and digits."""
    if re.search(RAW_KEY, text):
        return True
    return any(len(re.findall(r"\d", word)) >= _DIGITS for word in re.findall(r"[A-Za-z0-9]{20,}", text))


def in_words(name: str) -> Words:
    """A name in plain words; one with dots in it counts as several."""
    parted = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name)
    parts = (re.sub(r"[\W_]+", " ", part).strip().lower() for part in parted.split("."))
    return tuple(part for part in parts if part)


def fields(rows: Sequence[Mapping[str, Any]]) -> list[Seen]:
    """The fields of some rows, each a mapping of paths to what :func:`leaves` told."""
    found: dict[str, tuple[Words, list[Any]]] = {}
    for number, row in enumerate(rows):
        for path, (words, value) in row.items():
            if path not in found and len(found) >= FIELDS:
                continue
            known = found.setdefault(path, (words, [None] * len(rows)))
            known[1][number] = value
    return [Seen(path, words, tuple(values)) for path, (words, values) in found.items()]


def rows(records: Iterable[Mapping[str, Any]], each: str = "") -> list[dict[str, tuple[Words, Any]]]:
    """The sample's rows: its records, or with ``each`` the elements of the list that lies there."""
    made = (row for record in records for row in _unfolded(record, each.split("[].") if each else []))
    return list(islice(made, ROWS))


def _unfolded(record: Mapping[str, Any], levels: list[str]) -> Iterator[dict[str, tuple[Words, Any]]]:
    if not levels:
        yield dict(leaves(record))
        return
    names = [level.removesuffix("[]") for level in levels]
    yield from _elements(record, names, "", {})


def _elements(
    value: Any, names: list[str], place: str, above: dict[str, tuple[Words, Any]]
) -> Iterator[dict[str, tuple[Words, Any]]]:
    """One row an element of the innermost list, with what stands around it."""
    if not names:
        yield {**above, **dict(leaves(value, "*"))}
        return
    below = f"{place}.{names[0]}" if place else names[0]
    here = {**above, **dict(leaves(value, place, but=below))}
    for element in _at(value, names[0]):
        if isinstance(element, dict):
            yield from _elements(element, names[1:], f"{below}[]", here)


def _at(value: Any, place: str) -> list[Any]:
    for name in place.split("."):
        value = value.get(name.strip('"')) if isinstance(value, dict) else None
    return value if isinstance(value, list) else []


def lists(value: Any, place: str = "", depth: int = 0) -> Iterator[str]:
    """The places of lists of objects that could be records of their own, as ``each`` has them."""
    if not isinstance(value, dict) or depth > _DEEPEST:
        return
    for name, inner in value.items():
        if like_a_key(name):
            continue
        below = step(name, place)
        if isinstance(inner, dict):
            yield from lists(inner, below, depth + 1)
        elif isinstance(inner, list) and inner and isinstance(inner[0], dict) and not _OF_MESSAGES & inner[0].keys():
            yield f"{below}[]"
            if below.count("[]") < _LISTS_DEEP - 1:
                yield from lists(inner[0], f"{below}[]", depth + 1)


def leaves(
    value: Any, path: str = "", words: Words = (), *, but: str = "", depth: int = 0
) -> Iterator[tuple[str, tuple[Words, Any]]]:
    """Every field of a value that a path leads to, lists and texts of JSON whole as well as taken apart."""
    if path and path == but:
        return
    if isinstance(value, str) and value[:1] in ("{", "["):
        yield path, (words, value)
        inner = parsed(value)
        if inner is not None:
            yield from leaves(inner, f"{path}{{}}", words, but=but, depth=depth + 1)
    elif isinstance(value, dict) and depth < _DEEPEST:
        for name, inner in value.items():
            if can_be_named(name):
                yield from leaves(inner, step(name, path), words + in_words(name), but=but, depth=depth + 1)
    elif isinstance(value, list) and path and depth < _DEEPEST:
        yield from _in_list(value, path, words, depth)
    elif path:
        yield path, (words, value)


def _in_list(value: list[Any], path: str, words: Words, depth: int) -> Iterator[tuple[str, tuple[Words, Any]]]:
    first = value[0] if value else None
    if is_pairs(value):
        for pair in value:
            key = str(pair["key"])
            if key and not re.search(r"[\[\]]", key) and not key.isdigit() and not like_a_key(key):
                yield f"{path}[{key}]", (words + in_words(key), plain_value(pair.get("value")))
        return
    yield path, (words, value)
    if isinstance(first, dict) and not _OF_MESSAGES & first.keys():
        yield from leaves(first, f"{path}[0]", words, depth=depth + 1)


def is_pairs(value: Any) -> bool:
    """Whether a list is one of keys with their values."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(pair, dict) and {"key", "value"} >= pair.keys() and "key" in pair for pair in value)
    )


def plain_value(value: Any) -> Any:
    """A value that OpenTelemetry wrapped in an object of its type, without that."""
    if isinstance(value, dict) and len(value) == 1:
        ((kind, inner),) = value.items()
        if kind in ("stringValue", "intValue", "doubleValue", "boolValue"):
            return inner
        if kind == "arrayValue" and isinstance(inner, dict):
            return [plain_value(entry) for entry in inner.get("values", [])]
    return value


def parsed(text: str) -> Any:
    """An object or a list out of a text of JSON; None where it is none."""
    try:
        inner = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return inner if isinstance(inner, dict | list) else None
