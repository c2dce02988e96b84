"""A rule's texts filled with a finding's values, each said in the reader's language by what its name ends in."""

from __future__ import annotations

import re
import string
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from babel.dates import format_date, format_timedelta
from babel.numbers import format_currency, format_decimal, format_percent, get_currency_precision

from audit.rounding import WHOLE_FROM, rounded

if TYPE_CHECKING:
    from collections.abc import Mapping

_LOCALES = {"en": "en", "zh": "zh_Hans_CN"}
_NOBODY = {"en": "nobody's project", "zh": "无归属项目"}
_DAY = {"en": "MMM d", "zh": "M月d日"}
_UNKNOWN = "-"
SECOND = 1000
_MILLISECONDS = {"en": " ms", "zh": " 毫秒"}
# Numbers beyond it say nothing to a person, and some do not fit a duration.
_BIGGEST = Decimal(10) ** 15
MONEY_NAMES = ("amount", "saving")
_NUMBER = re.compile(r"(\d)(?=[^\d,.\s])")
_CLAUSE = re.compile(r"\[\?(.*?)\?\]")


@dataclass(frozen=True, slots=True)
class Voice:
    """The language findings are told in, and the currency of their money, ISO 4217; without one it is a number."""

    language: str = "en"
    currency: str = ""

    @property
    def locale(self) -> str:
        """The language as the locale data know it."""
        return _LOCALES.get(self.language, "en")


ENGLISH = Voice()


def filled(text: str, values: Mapping[str, Any], voice: Voice | str = ENGLISH) -> str:
    """The text with ``{name}`` replaced, each value said by what its name ends in.

    ``_ms`` is a duration, ``_share`` a percentage, ``_day`` a date, ``_cost`` (and ``amount``, ``saving``) money; other
    numbers are grouped. ``{calls:call|calls}`` is the number with the word that fits it. A clause in ``[? ?]`` is left
    out where a value that it names is missing.
    """
    voice = Voice(voice) if isinstance(voice, str) else voice
    text = _CLAUSE.sub(lambda clause: _kept(clause[1], values), text)
    parts = []
    for literal, name, forms, _ in string.Formatter().parse(text):
        parts.append(literal)
        if name:
            value = values.get(name)
            parts.append(_said(name, value, voice))
            if forms:
                one, _, many = forms.partition("|")
                parts.append(f" {one if value == 1 else many or one}")
    return "".join(parts)


def _kept(clause: str, values: Mapping[str, Any]) -> str:
    named = [name for _, name, _, _ in string.Formatter().parse(clause) if name]
    return "" if any(values.get(name) in (None, "", _UNKNOWN) for name in named) else clause


def _said(name: str, value: Any, voice: Voice) -> str:
    if value is None:
        return _NOBODY.get(voice.language, _NOBODY["en"]) if name == "project" else _UNKNOWN
    if name.endswith("_day"):
        return _date(value, voice)
    number = _number(name, value)
    if number is None:
        return str(value)
    return _figure(name, number, voice) if number.is_finite() and abs(number) < _BIGGEST else _UNKNOWN


def _figure(name: str, number: Decimal, voice: Voice) -> str:
    if name.endswith("_ms"):
        return _duration(number, voice)
    if name.endswith("_share"):
        return str(format_percent(number, format="#,##0.0%", locale=voice.locale))
    if voice.currency and (name in MONEY_NAMES or name.endswith("_cost")):
        return _money(number, voice)
    return str(format_decimal(number, locale=voice.locale))


def _money(value: Decimal, voice: Voice) -> str:
    """To the coin below a thousand, to the unit above; what no coin is small enough for keeps two figures."""
    digits = 0 if abs(value) >= WHOLE_FROM else get_currency_precision(voice.currency)
    if value and not rounded(value, digits):
        digits = 1 - value.adjusted()
    pattern = f"¤#,##0.{'0' * digits}" if digits else "¤#,##0"
    text: str = format_currency(
        rounded(value, digits), voice.currency, format=pattern, locale=voice.locale, currency_digits=False
    )
    return text.replace("-", "−")


def _date(value: Any, voice: Voice) -> str:
    try:
        day = value if isinstance(value, date) else date.fromisoformat(str(value)[:10])
    except ValueError:
        return str(value)
    return str(format_date(day, _DAY.get(voice.language, _DAY["en"]), locale=voice.locale))


def _duration(milliseconds: Decimal, voice: Voice) -> str:
    if 0 < abs(milliseconds) < SECOND:
        return f"{milliseconds:f}{_MILLISECONDS.get(voice.language, _MILLISECONDS['en'])}"
    said = str(format_timedelta(timedelta(milliseconds=float(milliseconds)), threshold=1.5, locale=voice.locale))
    # A blank after the number, as in all Chinese texts; and a span of seconds in its short form.
    return _NUMBER.sub(r"\1 ", said).replace("秒钟", "秒") if voice.language == "zh" else said


def _number(name: str, value: Any) -> Decimal | None:
    """The value as a number; None where it is a text, which is said as it stands."""
    if isinstance(value, str) and not name.endswith(("_ms", "_share", "_cost")):
        return None
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None
