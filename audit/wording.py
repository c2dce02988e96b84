"""A rule's texts filled with a finding's values, each said in the reader's language by what its name ends in."""

from __future__ import annotations

import string
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from babel.dates import format_timedelta
from babel.numbers import format_decimal, format_percent

if TYPE_CHECKING:
    from collections.abc import Mapping

_LOCALES = {"en": "en", "zh": "zh_Hans_CN"}
_NOBODY = {"en": "nobody's project", "zh": "无归属项目"}
_UNKNOWN = "-"
SECOND = 1000
_MILLISECONDS = {"en": " ms", "zh": "毫秒"}
# Numbers beyond it say nothing to a person, and some do not fit a duration.
_BIGGEST = Decimal(10) ** 15


def filled(text: str, values: Mapping[str, Any], language: str) -> str:
    """The text with ``{name}`` replaced: ``_ms`` as a duration, ``_share`` as a percentage, numbers grouped."""
    parts = []
    for literal, name, _, _ in string.Formatter().parse(text):
        parts.append(literal)
        if name:
            parts.append(_said(name, values.get(name), language))
    return "".join(parts)


def _said(name: str, value: Any, language: str) -> str:
    locale = _LOCALES.get(language, "en")
    if value is None:
        return _NOBODY[language] if name == "project" else _UNKNOWN
    number = _number(name, value)
    if number is None:
        return str(value)
    if not number.is_finite() or abs(number) >= _BIGGEST:
        return _UNKNOWN
    if name.endswith("_ms"):
        return _duration(number, language, locale)
    if name.endswith("_share"):
        return str(format_percent(number, format="#,##0.0%", locale=locale))
    return str(format_decimal(number, locale=locale))


def _duration(milliseconds: Decimal, language: str, locale: str) -> str:
    if 0 < abs(milliseconds) < SECOND:
        return f"{milliseconds:f}{_MILLISECONDS[language]}"
    return str(format_timedelta(timedelta(milliseconds=float(milliseconds)), threshold=1.5, locale=locale))


def _number(name: str, value: Any) -> Decimal | None:
    """The value as a number; None where it is a text, which is said as it stands."""
    if isinstance(value, str) and not name.endswith(("_ms", "_share")):
        return None
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None
