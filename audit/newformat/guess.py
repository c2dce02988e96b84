"""Which part in a call a field plays, guessed from what it is called and from the values it has."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from audit.newformat import sample
from audit.newformat.values import like_ids

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from audit.newformat.sample import Seen
    from audit.newformat.values import Values

Parts = dict[str, "Seen"]
# Without these a record is no call; they tell which of several lists holds the calls.
TELLING = ("started", "ended", "model", "answer_model", "input", "output", "took", "cost")
_IDS = ("id", "request", "response")
# Parts that a field plays by its name, and does not where no record has another's value.
_YIELDING = ("user_name", "key_name")
_FEWEST, _ENOUGH = 3, 10
_TIMES = ("ms", "millis", "milliseconds", "s", "sec", "secs", "seconds", "us", "ns", "毫秒", "秒")
CURRENCIES = {
    "usd": "USD", "dollars": "USD", "eur": "EUR", "gbp": "GBP", "jpy": "JPY", "cny": "CNY", "rmb": "CNY", "元": "CNY",
    "hkd": "HKD", "inr": "INR", "krw": "KRW", "chf": "CHF", "cad": "CAD", "aud": "AUD", "sgd": "SGD",
}  # fmt: skip
_UNITS = (*_TIMES, *CURRENCIES)
_EXACT, _WITHIN, _SUFFIX = 4.0, 3.0, 2.5
# What only fits at its end, or as a part of a word, is less like.
_BY_NAME = 3.1
_RUNNING = re.compile(r"\b(cumulative|cumulated|cum|running|accumulated|accum|so far|to date)\b|累计|累积")
_OF_AN_ID = re.compile(
    r"\b(id|ids|uuid|guid|ulid|req|request|reqid|rid|uid|cid|mid|msgid|msg|call|span|hash|key|no|nr|num|number|seq|ref"
    r"|sequence|correlation|transaction|txn|trans|invocation|completion|generation|event|record)$|编号|号$"
)
_NO_ID = re.compile(
    r"\b(tokens?|prompt|content|text|question|query|answer|input|output|url|uri|path|ip|addr|address|host|sha\d*|digest"
    r"|checksum|fingerprint|time|date|timestamp|ms|len|length|size|cost|price|parent|session|user|model|balance)\b"
)
_ELAPSED = 20
_BOTH = 2


@dataclass(frozen=True, slots=True)
class Part:
    """How fields that play a part are called and are not, and of what kind their values are."""

    kind: str
    names: tuple[str, ...]
    never: tuple[str, ...]
    outside: tuple[str, ...]


@cache
def parts() -> Mapping[str, Part]:
    """The parts that names.toml knows."""
    data = tomllib.loads(Path(__file__).with_name("names.toml").read_text(encoding="utf-8"))
    return {
        name: Part(entry["kind"], *(tuple(entry.get(key, ())) for key in ("names", "not", "outside")))
        for name, entry in data.items()
    }


def guessed(fields: Sequence[Seen], values: Values) -> Parts:
    """The field that plays each part, the surest first; no field plays two, but for ids."""
    ranked = sorted(
        (
            (score, role, seen)
            for role, part in parts().items()
            for seen in fields
            if (score := _likeness(seen, part)) and values.are(seen, part.kind)
        ),
        key=lambda one: (-one[0], one[1], one[2].path),
    )
    found: Parts = {}
    taken: set[str] = set()
    for _, role, seen in ranked:
        if role in found or role == "id" or (seen.path in taken and role not in _IDS):
            continue
        found[role] = seen
        if role not in _IDS:
            taken.add(seen.path)
    identity = _identity([(score, seen) for score, role, seen in ranked if role == "id"], fields, found, values)
    if identity is not None:
        found = {role: seen for role, seen in found.items() if role not in _YIELDING or seen.path != identity.path}
        found["id"] = identity
    if "total" in found and any(_beneath(found, role) for role in ("input", "output")):
        found.pop("total")  # it stands around the list of the calls: it is no call's
    if "input" not in found and "missed" in found:
        found["input"] = found.pop("missed")
    if "model" not in found and "answer_model" in found:
        found["model"] = found.pop("answer_model")
    _elapsed(found)
    return apart(found)


def by_value(found: Parts, fields: Sequence[Seen], values: Values) -> Parts:
    """The fields for what a call must have and no name told, by what their values are: a person must confirm them."""
    known = {seen.path for seen in found.values()}
    free = [seen for seen in fields if seen.given and seen.words and seen.path not in known]
    more: Parts = {}
    if "started" not in found and "ended" not in found:
        whole = (seen for seen in free if len(seen.given) == len(seen.values))
        _add(more, "started", (seen for seen in whole if values.date_formats(seen)))
    if "model" not in found:
        _add(more, "model", (seen for seen in free if values.are(seen, "model")))
    if "input" not in found and "output" not in found:
        rest = [*free, *(found[role] for role in ("total",) if role in found)]
        counts = [seen for seen in rest if "token" in seen.words[-1] and values.are(seen, "whole")]
        if len(counts) == _BOTH:
            # Of most calls the prompt is the longer part.
            counts.sort(key=lambda seen: -sum(map(float, seen.texts)))
            more |= dict(zip(("input", "output"), counts, strict=True))
            found.pop("total", None)
    return more


def _add(found: Parts, role: str, candidates: Iterable[Seen]) -> None:
    for seen in candidates:
        found.setdefault(role, seen)


def apart(found: Parts) -> Parts:
    """The fields without those that others lie in: a text here and an object there can be read as one of them only."""
    paths = {seen.path for seen in found.values()}
    return {role: seen for role, seen in found.items() if not any(path.startswith(f"{seen.path}.") for path in paths)}


def _elapsed(found: Parts) -> None:
    """A cost of whole numbers, none of them small, is what a call cost in milliseconds."""
    cost = found.get("cost")
    if cost is None or "took" in found or cost.words[-1] != "cost":
        return
    if all(isinstance(value, int) for value in cost.given) and median(cost.given) > _ELAPSED:
        found["took"] = found.pop("cost")


def telling(found: Parts) -> int:
    """How much a record tells of a call."""
    return sum(role in found for role in TELLING)


def list_of_calls(records: Sequence[Mapping[str, object]], values: Values) -> str:
    """The list in the records that holds the calls, as ``each`` has it; empty where a record is a call itself."""
    places = dict.fromkeys(place for record in records[:20] for place in sample.lists(record))
    if not places:
        return ""
    inside = tuple(f"{place.removesuffix('[]')}[0]" for place in places if "[]" not in place.removesuffix("[]"))
    own = [{path: leaf for path, leaf in row.items() if not path.startswith(inside)} for row in sample.rows(records)]
    best, most = "", telling(guessed(sample.fields(own), values))
    for place in places:
        rows = sample.rows(records, place)
        inner = [{path: leaf for path, leaf in row.items() if path.startswith("*")} for row in rows]
        found = telling(guessed(sample.fields(inner), values)) if inner else 0
        if found > most:
            best, most = place, found
    return best


def _beneath(found: Parts, role: str) -> bool:
    """Whether a part stands in the elements of the list that is unfolded, and the total around it."""
    return role in found and found[role].path.startswith("*") and not found["total"].path.startswith("*")


def _identity(named: Sequence[tuple[float, Seen]], fields: Sequence[Seen], found: Parts, values: Values) -> Seen | None:
    """What tells calls apart: a field called so whose values are all there and differ, or one that looks so."""
    whole = [(score, seen) for score, seen in named if len(seen.given) == len(seen.values)]
    for _, seen in whole:
        if unique(seen):
            return seen
    other = _unnamed_id(fields, found, values)
    if other is not None:
        return other
    for score, seen in whole:
        apart = len(set(seen.texts))
        # One that is called an id counts even where each stands on several records: a person must say what that means.
        if apart * 2 > len(seen.values) or (score >= _BY_NAME and apart * 5 > len(seen.values)):
            return seen
    return None


def _unnamed_id(fields: Sequence[Seen], found: Parts, values: Values) -> Seen | None:
    """A field whose values all differ and look like ids: first by the end of its name, then by the values alone."""
    roles = {seen.path: role for role, seen in found.items()}
    free = [seen for seen in fields if seen.words and unique(seen) and len(seen.values) >= _FEWEST]
    free = [seen for seen in free if _may_be_id(seen, roles.get(seen.path), values)]
    for seen in free:
        if _OF_AN_ID.search(seen.words[-1]):
            return seen
    return next((seen for seen in free if like_ids(seen) and len(seen.values) >= _ENOUGH), None)


def _may_be_id(seen: Seen, role: str | None, values: Values) -> bool:
    """Whether a field is no instant, no count and no text, and plays no part of its own."""
    if role in _YIELDING and len(seen.values) < _ENOUGH:
        return False
    if role not in (None, *_YIELDING, *_IDS) or _NO_ID.search(" ".join(seen.words[-1:])):
        return False
    if not values.are(seen, "id"):
        return False
    numbers = all(text.isdigit() for text in seen.texts)
    return numbers or not values.date_formats(seen)


def unique(seen: Seen) -> bool:
    """Whether every record has a value, and none another's."""
    return len(seen.given) == len(seen.values) == len(set(seen.texts))


def called(seen: Seen, role: str) -> bool:
    """Whether a field's name is one of a part's."""
    return _likeness(seen, parts()[role]) > 0


def running(seen: Seen) -> bool:
    """Whether a field is called a sum over all calls so far."""
    return any(_RUNNING.search(word) for word in seen.words)


def _likeness(seen: Seen, part: Part) -> float:
    """How well a field's name fits a part; 0 where it does not."""
    if not seen.words or any(_has(seen.words[-1:], word) for word in part.never):
        return 0
    if any(_has(seen.words, word) for word in part.outside):
        return 0
    bare = _without_unit(seen.words[-1])
    for rank, name in enumerate(part.names):
        fit = _fit(seen.words, bare, name)
        if fit:
            share = len(seen.given) / max(len(seen.values), 1)
            inside = 0.01 if seen.path.endswith("{}") else 0
            return fit - 0.02 * rank - 0.1 * len(seen.words) + 0.5 * share + inside - _sum_of_several(seen, part)
    return 0


def _sum_of_several(seen: Seen, part: Part) -> float:
    """How much less a count is like one call's for being called a running or a total one."""
    if part.kind != "whole" or "total tokens" in part.names:
        return 0
    return 1.5 if running(seen) else 0.3 if _has(seen.words, "total") else 0


def _fit(words: Sequence[str], bare: str, name: str) -> float:
    before, dot, last = name.rpartition(".")
    if dot:
        matches = len(words) > 1 and last in (words[-1], bare) and words[-2].endswith(before)
        return _EXACT + 0.3 if matches else 0
    if name in (words[-1], bare):
        return _EXACT
    if name == " ".join(words[-2:]):
        return _EXACT - 0.05
    if not name.isascii():
        return _WITHIN if name.replace(" ", "") in words[-1].replace(" ", "") else 0
    return _SUFFIX if bare.endswith(f" {name}") else 0


def _has(words: Sequence[str], word: str) -> bool:
    return any(word in one.split() if word.isascii() else word in one for one in words)


def unit_of(seen: Seen) -> str:
    """The unit that stands at the end of a field's name; empty where there is none."""
    last = seen.words[-1] if seen.words else ""
    end = last.rsplit(" ", 1)[-1]
    if end in _UNITS:
        return end
    return next((unit for unit in _UNITS if not unit.isascii() and unit in last), "")


def _without_unit(last: str) -> str:
    head, _, end = last.rpartition(" ")
    return head if head and end in _UNITS else last
