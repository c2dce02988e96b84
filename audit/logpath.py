"""Where a field lies in a record: ``usage.details[0]``, ``metadata{}.team``, ``attributes[gen_ai.system]``.

Steps of a path:

- ``name`` goes into an object; a name with dots or brackets of its own stands in double quotes
- ``[0]`` takes an entry of a list
- ``{}`` goes on inside a text that holds JSON
- ``[key]`` takes the value of that key from a list of pairs ``{"key": ..., "value": ...}``
- ``[]`` stands for the element at hand of a list that the format unfolds; a leading ``*`` for the innermost one
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["name", "index", "inside", "key", "each", "element"]
_STEP = re.compile(
    r"""(?P<dot>\.)?(?: "(?P<quoted>[^"]+)" | (?P<plain>[^.\[\]{}"]+) )
      | (?P<each>\[\]) | \[(?P<index>\d+)\] | \[(?P<key>[^\[\]]+)\] | (?P<inside>\{\})""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a path; ``text`` is the name, the key or the index."""

    kind: Kind
    text: str = ""


def parse(path: str) -> tuple[Step, ...]:
    """A path's steps. Raises ValueError with the place that cannot be read."""
    steps: list[Step] = []
    at = 0
    while at < len(path):
        match = _STEP.match(path, at)
        if match is None or (match["dot"] is None) == (bool(steps) and bool(match["quoted"] or match["plain"])):
            raise ValueError(f"'{path}' is no path: it cannot be read from '{path[at:]}' on")
        at = match.end()
        if match["quoted"] or match["plain"]:
            name = match["quoted"] or match["plain"]
            steps.append(Step("element") if name == "*" and not match["quoted"] else Step("name", name))
        elif match["each"]:
            steps.append(Step("each"))
        elif match["inside"]:
            steps.append(Step("inside"))
        else:
            steps.append(Step("index", match["index"]) if match["index"] else Step("key", match["key"]))
    if not steps or steps[0].kind not in ("name", "element"):
        raise ValueError(f"'{path}' is no path: it begins with a name")
    if any(step.kind == "element" for step in steps[1:]):
        raise ValueError(f"'{path}' is no path: '*' stands only at its beginning")
    return tuple(steps)


def has(record: Any, steps: tuple[Step, ...]) -> bool:
    """Whether a parsed record carries a path, be its value null; of a list any element will do."""
    for number, step in enumerate(steps):
        rest = steps[number + 1 :]
        match step.kind:
            case "element":
                continue
            case "name":
                if not isinstance(record, dict) or step.text not in record:
                    return False
                record = record[step.text]
            case "each":
                return isinstance(record, list) and any(has(entry, rest) for entry in record)
            case "index":
                if not isinstance(record, list) or int(step.text) >= len(record):
                    return False
                record = record[int(step.text)]
            case "key":
                pairs = record if isinstance(record, list) else []
                found = [pair for pair in pairs if isinstance(pair, dict) and pair.get("key") == step.text]
                return any(has(pair.get("value"), rest) for pair in found)
            case "inside":
                record = _inside(record)
    return True


def _inside(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None
