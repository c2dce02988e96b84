"""What is priced, and the unit prices that price it, whatever list they come from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

NO_LIMIT = 1 << 62
DAY_SECONDS = 86_400
ZERO = Decimal(0)
# A unit of the call record, the list's key for it, and how many units that key is the price of. What a list leaves out
# costs what the plainer kind costs, in this order; a fee that it leaves out is not known.
TOKENS = {
    "input": ("input_mtok", ()),
    "cache_read": ("cache_read_mtok", ("input",)),
    "cache_write": ("cache_write_mtok", ("input",)),
    "cache_write_1h": ("cache_write_1h_mtok", ("cache_write", "input")),
    "output": ("output_mtok", ()),
    "reasoning": ("output_reasoning_mtok", ("output",)),
    "input_audio": ("input_audio_mtok", ("input",)),
    "cache_read_audio": ("cache_read_audio_mtok", ("input_audio", "cache_read", "input")),
    "output_audio": ("output_audio_mtok", ("output",)),
    "input_image": ("input_image_mtok", ("input",)),
    "output_image": ("output_image_mtok", ("output",)),
}
# By the word that a call's ``unit`` holds.
FEES = {
    "web_searches": ("web_searches_kcount", 1_000),
    "search_units": ("search_units_kcount", 1_000),
    "images": ("images_kcount", 1_000),
    "audio_ms": ("audio_hours", 3_600_000),
    "characters": ("characters_mcount", 1_000_000),
    "pages": ("pages_kcount", 1_000),
}
UNITS = (*TOKENS, "request", *FEES)


@dataclass(frozen=True, slots=True)
class Case:
    """What is priced: a model of a provider at a service tier in a region, and the span of its calls (UTC).

    ``last`` is the last instant that counts.
    """

    provider: str | None
    model: str
    service_tier: str
    first: datetime
    last: datetime
    region: str | None = None


@dataclass(frozen=True, slots=True)
class UnitPrices:
    """Prices of one unit each, in the list's currency, that hold for a span of time, hours of day and lengths.

    ``valid_to``, ``second_to``, ``input_to`` and ``output_to`` lie outside; seconds are those of the UTC day.
    ``units`` are by the names of :data:`UNITS`: every kind of token has its price, a fee that is not known is left out.
    ``thinking`` limits them to calls with reasoning tokens, or without. ``assumed`` says what had to be assumed.
    """

    valid_from: datetime
    valid_to: datetime
    currency: str
    units: Mapping[str, Decimal]
    listed_provider: str
    listed_model: str
    price_source: str
    second_from: int = 0
    second_to: int = DAY_SECONDS
    input_from: int = 0
    input_to: int = NO_LIMIT
    output_from: int = 0
    output_to: int = NO_LIMIT
    thinking: bool | None = None
    cache_kind: str | None = None
    cache_min_tokens: int | None = None
    cache_lifetime_ms: int | None = None
    assumed: str | None = None

    @property
    def is_own(self) -> bool:
        """Whether the project's own list says so."""
        return self.price_source.startswith("own list")


def units_of(listed: Mapping[str, Decimal], factor: Decimal = Decimal(1)) -> dict[str, Decimal]:
    """A list's prices (keys as in a price row) as prices of one unit each, a factor on all of them."""
    found: dict[str, Decimal] = {}
    for name, (key, plainer) in TOKENS.items():
        stated = listed.get(key)
        if stated is not None:
            found[name] = stated * factor / 1_000_000
        elif plainer:
            # The nearest that is stated; where none is, the plainest.
            found[name] = found[next((kind for kind in plainer if TOKENS[kind][0] in listed), plainer[-1])]
        else:
            found[name] = ZERO
    found["request"] = listed.get("requests_kcount", ZERO) * factor / 1_000
    found |= {name: listed[key] * factor / per for name, (key, per) in FEES.items() if key in listed}
    return found


def utc(instant: datetime) -> datetime:
    """An instant in UTC; one without a zone is in UTC already."""
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
