"""How figures are written where they are added up: with every digit, and nothing where nothing is known."""

from __future__ import annotations

import json
from datetime import UTC, date
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from audit.wording import Voice, filled

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo


def exact(value: Decimal | None) -> str:
    """Money with all its digits."""
    return "-" if value is None else f"{value:,f}"


def trimmed(value: Decimal) -> str:
    """A number without the zeros at its end."""
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def count(value: int | None) -> str:
    """How many, with groups."""
    return "-" if value is None else f"{value:,}"


def calls(number: int) -> str:
    """So many calls."""
    return f"{number:,} call{'' if number == 1 else 's'}"


def time(at: datetime | None, zone: ZoneInfo) -> str:
    """An instant (UTC) in a zone, to the second."""
    return "-" if at is None else f"{at.replace(tzinfo=UTC).astimezone(zone):%Y-%m-%d %H:%M:%S}"


def evidence(values: dict[str, Any], voice: Voice) -> str:
    """Evidence as names and values, each said by what its name ends in; a duration names its unit itself."""
    return ", ".join(
        f"{name.removesuffix('_ms').replace('_', ' ')} {filled('{' + name + '}', values, voice)}"
        for name in values
        if values[name] is not None
    )


def as_json(data: Any) -> str:
    """Data as JSON; money as text, so that no digit is lost."""
    return json.dumps(data, default=_plain, ensure_ascii=False, indent=1)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(type(value).__name__)
