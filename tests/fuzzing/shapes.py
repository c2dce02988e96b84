"""Records built from nothing but a format's own header: any value at any of the places that it reads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.fuzzing.mutate import VALUES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random

    from audit.formatbook import Format
    from audit.logpath import Step


def built(form: Format, values: Iterable[tuple[tuple[Step, ...], Any]], each: tuple[Step, ...] = ()) -> dict[str, Any]:
    """A record with values at paths; ``each`` are the steps to the list whose element is at hand."""
    record: Any = {}
    for steps, value in values:
        record = _put(record, (*each, *steps[1:]) if steps[0].kind == "element" else steps, value)
    return record if isinstance(record, dict) else {}


def any_record(chance: Random, form: Format) -> dict[str, Any]:
    """One that the format knows, with values of any make in some of its fields."""
    signature = chance.choice(form.signatures)
    fields = chance.sample(form.fields, chance.randrange(min(12, len(form.fields)) + 1))
    values: list[tuple[tuple[Step, ...], Any]] = [(steps, chance.choice(VALUES)) for steps in signature]
    values += [(field.steps, chance.choice(VALUES)) for field in fields]
    return built(form, values, chance.choice(form.each) if form.each else ())


def _put(value: Any, steps: tuple[Step, ...], leaf: Any) -> Any:
    """The value with a leaf at the end of some steps; what is in the way is replaced."""
    if not steps:
        return leaf
    step, rest = steps[0], steps[1:]
    match step.kind:
        case "name":
            members = value if isinstance(value, dict) else {}
            return members | {step.text: _put(members.get(step.text), rest, leaf)}
        case "index" | "each":
            at = int(step.text or 0)
            entries = [*(value if isinstance(value, list) else []), *[None] * (at + 1)]
            entries[at] = _put(entries[at], rest, leaf)
            return entries[: max(at + 1, len(entries) - at - 1)]
        case "key":
            others = [pair for pair in value if pair["key"] != step.text] if _are_pairs(value) else []
            return [*others, {"key": step.text, "value": _put(None, rest, leaf)}]
        case "inside":
            return json.dumps(_put(_parsed(value), rest, leaf))
        case _:
            return _put(value, rest, leaf)


def _are_pairs(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(pair, dict) and "key" in pair for pair in value)


def _parsed(value: Any) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return None
