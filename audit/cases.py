"""Cases beside a file of knowledge: what goes in and what must come out, in ``<name>.yml``."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import yaml

from audit.records import UsageError

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Result:
    """How one case of a rule or a format ended; ``difference`` is None where just what it asks for came out."""

    of: str
    case: str
    difference: str | None


def beside(path: Path) -> tuple[dict[str, Any], list[Any]]:
    """What stands beside a file: all of it, and its cases. Raises UsageError that names the file of the cases."""
    file = path.with_suffix(".yml")
    try:
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"{file}: missing; the cases of {path.name} stand beside it") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError(f"{file}: {error}") from None
    found = data.get("cases") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(found, list) or not found:
        raise UsageError(f"{file}: holds no list 'cases' whose entries have a name and what is found")
    return data, found


def same(got: Any, wanted: Any) -> bool:
    """Whether two values are the same: numbers by their value, anything else as it is written."""
    if got is None or wanted is None or isinstance(got, bool | list) or isinstance(wanted, bool | list):
        return bool(got == wanted)
    try:
        return Decimal(str(got)) == Decimal(str(wanted))
    except InvalidOperation:
        return str(got) == str(wanted)
