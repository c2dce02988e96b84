"""The case that stands beside a new format: a record of the sample without what people wrote, and what it gives."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from audit.ingest.masking import RAW_KEY, VALUE_LIMIT, named
from audit.newformat import sample
from audit.terminal import aligned

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

LIST_ENTRIES = 3
_WIDTH = 116
_INDENT = " " * 9
# Parts whose texts may hold anything; those of the others are ids, instants and names of things.
_UNTOLD = ("messages", "system", "tools", "error", "tags")
# What names a person or a key gets another name.
_OTHERS = {"user_name": "u-1", "key_name": "key-1"}
_OWNERS = ("project", "team", "environment", "task", "provider", "status_word", "finish", "cache_hit")
_NAMES_IN_MESSAGES = ("role", "type")
# What YAML does not take as it is inside quotation marks.
_UNPRINTABLE = re.compile(
    "[^\\x20-\\x7e\\n\\u00a0-\\u2027\\u202a-\\ud7ff\\ue000-\\ufefe\\uff00-\\ufffd\\U00010000-\\U0010ffff]"
)


class Mask:
    """Takes out of a record what people wrote.

    ``paths`` are the fields that the format reads, by the part they play, ``marks`` those that it knows a record by;
    ``each`` is the list that it unfolds.
    """

    def __init__(self, paths: Mapping[str, str], marks: Iterable[str], each: str = "") -> None:
        self._part = {
            path: role for role, path in paths.items() if role not in _UNTOLD and not role.startswith("asked")
        }
        self._paths = (*paths.values(), *marks, each)
        self._messages = paths.get("messages")
        self._each = each

    def masked(self, value: Any, path: str = "") -> Any:
        """A value as it may be shown: its shape, the labels and numbers that the format reads, the lengths of texts."""
        if isinstance(value, dict):
            return dict(self._named(name, inner, path) for name, inner in value.items())
        if isinstance(value, list) and sample.is_pairs(value):
            return [self._pair(pair, f"{path}[{pair['key']}]") for pair in value]
        if isinstance(value, list):
            return self._listed(value, path)
        if isinstance(value, str) and (inner := sample.parsed(value)) is not None:
            return json.dumps(self.masked(inner, f"{path}{{}}"), ensure_ascii=False)
        return self._scalar(value, path)

    def _named(self, name: str, inner: Any, path: str) -> tuple[str, Any]:
        place = sample.step(name, path)
        if name in _NAMES_IN_MESSAGES and isinstance(inner, str) and self._in_messages(path):
            return name, _short(inner)
        # A name that leads nowhere may be a text as well.
        leads = any(
            known == place or known.startswith((f"{place}.", f"{place}[", f"{place}{{")) for known in self._paths
        )
        told = f"<{len(name)} characters>" if sample.like_a_key(name) else named([name])
        return name if leads else told, self.masked(inner, place)

    def _in_messages(self, path: str) -> bool:
        return self._messages is not None and path.startswith(self._messages)

    def _listed(self, value: list[Any], path: str) -> list[Any]:
        here = f"{path}[]"
        if self._each == here:
            return [self.masked(max(value, key=self._fullness), "*")] if value else []
        if self._each.startswith(f"{here}."):
            return [self.masked(entry, here) for entry in value[:1]]
        return [self.masked(entry, f"{path}[{number}]") for number, entry in enumerate(value[:LIST_ENTRIES])]

    def _fullness(self, element: Any) -> int:
        """How much of what the format reads an element of the unfolded list has."""
        row = dict(sample.leaves(element, "*"))
        return sum(path in row for path in self._paths)

    def _pair(self, pair: Mapping[str, Any], place: str) -> dict[str, Any]:
        value = pair.get("value")
        key = f"<{len(pair['key'])} characters>" if sample.like_a_key(str(pair["key"])) else pair["key"]
        if isinstance(value, dict) and len(value) == 1:
            ((kind, inner),) = value.items()
            return {"key": key, "value": {kind: self.masked(inner, place)}}
        return {"key": key, "value": self.masked(value, place)}

    def _scalar(self, value: Any, path: str) -> Any:
        role = self._part.get(path)
        if value is None or isinstance(value, bool) or value == "":
            return value
        if role in _OTHERS:
            return _OTHERS[role]
        if isinstance(value, int | float | Decimal):
            return value if role else 0
        if role is None:
            return f"<{len(str(value))} characters>"
        said = str(value).split("?", 1)[0]  # an address's query may hold a key
        # The value of a field that names who pays may be the key that paid; that of an id is one word, too.
        return "<secret>" if role in _OWNERS and sample.like_a_key(said) else _short(said)


def _short(text: str) -> str:
    text = re.sub(RAW_KEY, "<secret>", text)
    return text if len(text) <= VALUE_LIMIT else f"<{len(text)} characters>"


def table_text(header: Sequence[str], row: Mapping[str, Any], delimiter: str) -> str:
    """A table of one row."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow(header)
    writer.writerow([row.get(name, "") for name in header])
    return out.getvalue()


def written(given: str, rows: Iterable[Mapping[str, Any]], rejected: int) -> str:
    """The file's text; ``given`` is the case's input as YAML has it."""
    calls = [line for row in rows for line in _row(row)]
    lines = [
        "cases:",
        "  - name: a record of the sample, without what people wrote",
        given,
        "    calls:" if calls else "    calls: []",
        *calls,
        *([f"    rejected: {rejected}"] if rejected else []),
    ]
    return "\n".join(lines) + "\n"


def _row(row: Mapping[str, Any]) -> list[str]:
    lines = aligned.wrapped((f"{name}: {_value(value)}" for name, value in row.items()), _WIDTH, indent=_INDENT)
    lines[0] = f"      - {{{lines[0].lstrip()}"
    lines[-1] += "}"
    return lines


def as_records(record: Mapping[str, Any]) -> str:
    """A record as a case's input."""
    text = _quoted(record, indent=2).replace("\n", "\n        ")
    return f"    records:\n      - {text}"


def as_text(text: str) -> str:
    """A file's text as a case's input."""
    return f"    text: {_quoted(text)}"


def _quoted(value: Any, indent: int | None = None) -> str:
    """A value as JSON that YAML reads alike."""
    text = json.dumps(value, ensure_ascii=False, indent=indent, default=str)
    return _UNPRINTABLE.sub(lambda sign: f"\\u{ord(sign[0]):04x}", text)


def _value(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}" + (f".{value.microsecond:06d}" if value.microsecond else "")
    if isinstance(value, Decimal):
        return f'"{value.normalize():f}"'
    return _quoted(value)
