"""What a key of the settings may hold: zones, months, currencies, amounts, shares; each says what to write instead."""

from __future__ import annotations

import difflib
from decimal import Decimal
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from babel.numbers import is_currency
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from audit import workdays
from audit.records import Month


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        near = difflib.get_close_matches(name, available_timezones(), n=1)
        raise ValueError(f"'{name}' is no time zone" + (f"; did you mean '{near[0]}'?" if near else "")) from None
    return name


def _month(text: object) -> str:
    return str(Month.parse(str(text)))


def currency_code(code: str) -> str:
    """An ISO 4217 code as it is; raises ValueError with the remedy in its words."""
    if not is_currency(code):
        known = {"RMB": "CNY", "CNH": "CNY"}.get(code.upper(), code.upper())
        remedy = (
            f"did you mean '{known}'?" if is_currency(known) else "write its three-letter ISO 4217 code, as USD or CNY"
        )
        raise ValueError(f"'{code}' is no currency: {remedy}")
    return code


def _country(code: str) -> str:
    if code and not workdays.knows(code):
        raise ValueError(f"'{code}' is no country whose holidays are known: write it as CN, US or DE-BY (ISO 3166)")
    return code


def _exact(value: object) -> object:
    """A float handed over by a program stands for the digits it prints as; the file's are read exactly."""
    return str(value) if isinstance(value, float) else value


def _share(value: Decimal) -> Decimal:
    if value > 1:
        raise ValueError(f"{value} is more than the whole: a share of 20 % is written 0.20")
    return value


def _or_none(value: object) -> object:
    """An empty text says what leaving the key out says."""
    return None if value == "" else value


Zone = Annotated[str, AfterValidator(_zone)]
Country = Annotated[str, AfterValidator(_country)]
MonthText = Annotated[str, BeforeValidator(_month)]
Currency = Annotated[str, AfterValidator(currency_code)]
Amount = Annotated[Decimal, BeforeValidator(_exact), Field(ge=0)]
Positive = Annotated[Decimal, BeforeValidator(_exact), Field(gt=0)]
Share = Annotated[Decimal, BeforeValidator(_exact), Field(ge=0), AfterValidator(_share)]
OrNone = BeforeValidator(_or_none)


class Section(BaseModel):
    """A table of the file. Unknown keys are errors, and a section never changes once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
