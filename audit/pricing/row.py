"""A price row as people write it: one model's prices for a span of time, dated, sourced, in the list's own currency."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from decimal import Decimal
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from audit import patterns
from audit.settings_types import Currency, Zone

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# The keys of prices, and what each is the price of.
PRICE_KEYS = {
    "input_mtok": "a million input tokens",
    "cache_read_mtok": "a million input tokens read from the prompt cache",
    "cache_write_mtok": "a million input tokens written to it, for five minutes or as long as it holds them",
    "cache_write_1h_mtok": "a million input tokens written to it for an hour",
    "output_mtok": "a million output tokens",
    "output_reasoning_mtok": "a million output tokens of reasoning",
    "input_audio_mtok": "a million input tokens that are sound",
    "cache_read_audio_mtok": "a million input tokens of sound read from the prompt cache",
    "output_audio_mtok": "a million output tokens that are sound",
    "input_image_mtok": "a million input tokens that are images",
    "output_image_mtok": "a million output tokens that are images",
    "requests_kcount": "a thousand calls, besides their tokens",
    "web_searches_kcount": "a thousand searches of the web that the provider did for calls",
    "search_units_kcount": "a thousand search units of a rerank",
    "images_kcount": "a thousand images",
    "audio_hours": "an hour of sound",
    "characters_mcount": "a million characters",
    "pages_kcount": "a thousand pages",
}
# What costs as its direction's text where it is left out, and so needs that to be stated.
_PLAIN = {
    "cache_read_mtok": "input_mtok", "cache_write_mtok": "input_mtok", "cache_write_1h_mtok": "input_mtok",
    "output_mtok": "input_mtok", "output_reasoning_mtok": "output_mtok",
}  # fmt: skip
EXACTLY = 1_000_000


def _digits(value: Any) -> Any:
    """Digits as text: a float of the file would have lost some before anybody looked."""
    if isinstance(value, float):
        raise ValueError(f'{value} has no exact digits: write the price in quotes, as "{value}"')  # noqa: TRY004
    return value


Price = Annotated[Decimal, BeforeValidator(_digits), Field(ge=0, le=100_000_000)]
Factor = Annotated[Decimal, BeforeValidator(_digits), Field(gt=0, le=100)]
Part = Annotated[Decimal, BeforeValidator(_digits), Field(ge=0, lt=1)]


def _names(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _clock(value: Any) -> Any:
    """24:00 is the day's end; the zone stands in the row's own key."""
    read = time() if value == "24:00" else value
    if getattr(read, "tzinfo", None) or (isinstance(read, str) and re.search(r"[Zz+]|-\d", read)):
        raise ValueError(f"{value} names a zone of its own: write the time of day alone, and the zone under zone")
    return read


def _pattern(name: str) -> str:
    if not name.strip() or name.strip("*") == "":
        raise ValueError(f"'{name}' would be every model: name the model, with * for what varies")
    return name


class Prices(BaseModel):
    """Unit prices: `_mtok` for a million tokens, `_kcount` for a thousand, `_mcount` for a million, `_hours` an hour.

    What is left out costs what the plainer kind costs: cached and written input as input, a one-hour write as a
    five-minute one, reasoning, sound and images as their direction's text.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    input_mtok: Price | None = None
    cache_read_mtok: Price | None = None
    cache_write_mtok: Price | None = None
    cache_write_1h_mtok: Price | None = None
    output_mtok: Price | None = None
    output_reasoning_mtok: Price | None = None
    input_audio_mtok: Price | None = None
    cache_read_audio_mtok: Price | None = None
    output_audio_mtok: Price | None = None
    input_image_mtok: Price | None = None
    output_image_mtok: Price | None = None
    requests_kcount: Price | None = None
    web_searches_kcount: Price | None = None
    search_units_kcount: Price | None = None
    images_kcount: Price | None = None
    audio_hours: Price | None = None
    characters_mcount: Price | None = None
    pages_kcount: Price | None = None

    @property
    def stated(self) -> dict[str, Decimal]:
        """The prices that are stated."""
        return {key: value for key in PRICE_KEYS if (value := getattr(self, key)) is not None}


class Band(Prices):
    """Prices from a length on: of the input, of the output, or of both; ``_to`` lies outside.

    A band lists all that differs from the row's own prices, which stand for what it leaves out.
    """

    input_from: int = Field(0, ge=0)
    input_to: int | None = Field(None, gt=0)
    output_from: int = Field(0, ge=0)
    output_to: int | None = Field(None, gt=0)


class PriceRow(Prices):
    """One model's prices of one provider, for a span of time; its keys say what they mean."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    provider: str = Field(min_length=1, description="Who bills it, by any name that logs have for it.")
    models: Annotated[tuple[Annotated[str, AfterValidator(_pattern)], ...], BeforeValidator(_names)] = Field(
        min_length=1,
        alias="model",
        description="A name or several, `*` for what varies, in small letters or capitals. A whole name goes before a "
        "pattern, a pattern with more letters before one with fewer.",
    )
    region: str | None = Field(None, description="Only calls that were served there; any where left out.")
    currency: Currency = Field("USD", description="The currency of its prices.")
    valid_from: datetime | date | None = Field(None, description="The first day or instant, in `zone`.")
    valid_to: datetime | date | None = Field(
        None,
        description="The day or instant at which it no longer holds. Left out: it holds until a later row for the same "
        "calls begins, so that a new price is added and no row changed; where that one has ended, it holds again.",
    )
    zone: Zone = Field("UTC", description="The time zone of its days and hours.")
    service_tier: Literal["standard", "batch", "flex", "priority", "fast"] = Field(
        "standard", description="The tier whose prices these are."
    )
    batch_factor: Factor | None = Field(
        None, description="What a batch costs as a part of these prices, where it has no row of its own."
    )
    flex_factor: Factor | None = Field(None, description="The same of the flex tier.")
    priority_factor: Factor | None = Field(None, description="The same of the priority tier.")
    bands: tuple[Band, ...] = Field(
        (),
        alias="band",
        description="Tables with other prices by length: `input_from`, `input_to`, `output_from`, `output_to` (the "
        "last token lies before it) and the prices that differ.",
    )
    tiering: Literal["cliff", "marginal"] = Field(
        "cliff",
        description="cliff: the band that a call reaches prices all of it. marginal: each band prices the tokens in "
        "it; with plain input and output prices only.",
    )
    hours: tuple[Annotated[time, BeforeValidator(_clock)], Annotated[time, BeforeValidator(_clock)]] | None = Field(
        None,
        description='Two times of day in `zone` between which alone it holds, as ["00:30", "08:30"]. It goes before '
        "the row without hours, which holds for the rest of the day.",
    )
    weekdays: tuple[Weekday, ...] = Field(WEEKDAYS, description="The days of the week on which a row with hours holds.")
    not_on: tuple[date, ...] = Field((), description="Holidays on which a row with hours does not hold.")
    thinking: bool | None = Field(
        None,
        description="true: only calls with reasoning tokens; false: only calls without. Such a row goes before one "
        "that says nothing of it.",
    )
    cache_kind: Literal["explicit", "automatic"] | None = Field(
        None, description="Whether the request marks what to cache or the provider decides."
    )
    cache_min_tokens: int | None = Field(None, ge=0, description="The shortest prefix that is cached.")
    cache_lifetime_ms: int | None = Field(None, gt=0, description="How long a cached prefix holds after its last use.")
    discount: Part = Field(
        Decimal(0),
        description="A part taken off. A row with a discount and no price takes it off the next list's price, "
        "at every tier that has no such row of its own.",
    )
    source: str = Field("", description="Where it can be read: an address, or a contract's name.")
    checked: date | None = Field(None, description="The day it was read there.")
    note: str = Field("", description="What to know about it.")
    gap: str = Field(
        "", description="Why no price is known from `valid_to` until the next row; without it a gap is an error."
    )
    place: str = Field("", exclude=True)

    @model_validator(mode="after")
    def _of_its_prices(self) -> Self:
        named = {**self.stated, **self._of_bands}
        factors = (self.batch_factor, self.flex_factor, self.priority_factor)
        if not named and not self.discount:
            raise ValueError("it states neither a price nor a discount")
        if self.bands and not self.stated:
            raise ValueError("its bands need the row's own prices, for the shortest calls")
        if not named and (self.hours or self.thinking is not None or any(factors)):
            raise ValueError(
                "a discount on another list's price is for all hours, calls and tiers: state prices instead"
            )
        for key, plain in _PLAIN.items():
            if key in named and plain not in self.stated:
                raise ValueError(f'{key} needs {plain} beside it, which would cost nothing else: write "0" if so')
        apart = [key for key in named if key.endswith("_mtok") and key not in _PLAIN.values()]
        if self.tiering == "marginal" and apart:
            raise ValueError(f"marginal bands and {apart[0]} cannot stand together: in which band it lies is unknown")
        return self

    @model_validator(mode="after")
    def _of_its_time(self) -> Self:
        begin, end = self.begin, self.end
        if begin and end and begin >= end:
            raise ValueError(f"valid_to {self.valid_to} is not after valid_from {self.valid_from}")
        if self.hours and self.hours[0] == self.hours[1]:
            raise ValueError("its hours begin and end at one time: leave them out for the whole day")
        if not self.hours and (self.weekdays != WEEKDAYS or self.not_on):
            raise ValueError("weekdays and not_on are for a row with hours; the row without them holds on the others")
        return self

    @model_validator(mode="after")
    def _of_its_bands(self) -> Self:
        begun = set()
        for mine in self.bands:
            if mine.input_to is not None and mine.input_to <= mine.input_from:
                raise ValueError(f"the band from {mine.input_from} ends at {mine.input_to}")
            if mine.output_to is not None and mine.output_to <= mine.output_from:
                raise ValueError(f"the band from {mine.output_from} ends at {mine.output_to}")
            if (mine.input_from, mine.output_from) in begun:
                raise ValueError(f"two bands begin at {mine.input_from} input and {mine.output_from} output tokens")
            begun.add((mine.input_from, mine.output_from))
        return self

    def holds_on(self, day: date) -> bool:
        """Whether it holds on a day of its zone."""
        return WEEKDAYS[day.weekday()] in self.weekdays and day not in self.not_on

    @property
    def _of_bands(self) -> dict[str, Decimal]:
        return {key: value for band in self.bands for key, value in band.stated.items()}

    @property
    def begin(self) -> datetime | None:
        """The first instant it holds, with a zone; None where it always did."""
        return self._instant(self.valid_from)

    @property
    def end(self) -> datetime | None:
        """The first instant it no longer holds; None where that is open."""
        return self._instant(self.valid_to)

    def _instant(self, day: datetime | date | None) -> datetime | None:
        if day is None:
            return None
        if not isinstance(day, datetime):
            day = datetime.combine(day, time())
        return day if day.tzinfo else day.replace(tzinfo=ZoneInfo(self.zone))

    def fits(self, model: str) -> int:
        """How well a name fits: 0 not at all, EXACTLY, or by how many signs of a pattern stand."""
        called, names = model.casefold(), [name.casefold() for name in self.models]
        if called in names:
            return EXACTLY
        return max((len(name.replace("*", "")) for name in names if patterns.fits(name, called)), default=0)
