"""What the models cost, copied by hand from the providers' pages: dollars a million tokens.

The truth's savings are worked out from these, never from what the program says a call cost.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

MILLION = Decimal(1_000_000)
# Above this many input tokens two models cost twice as much to read with, and half as much again to write with.
LONG, LONG_FROM = ("claude-sonnet-4-5", "gemini-2.5-pro"), 200_000


@dataclass(frozen=True, slots=True)
class Price:
    """One model's prices, and from what length on its cache holds a prefix (None: no cache to ask for)."""

    input: Decimal
    read: Decimal
    write: Decimal
    write_1h: Decimal
    output: Decimal
    min_prefix: int | None = None

    @property
    def gap(self) -> Decimal:
        """What a token read from the cache costs less."""
        return (self.input - self.read) / MILLION

    @property
    def surcharge(self) -> Decimal:
        """What a token written to the cache costs more."""
        return (self.write - self.input) / MILLION


def _price(*figures: str, min_prefix: int | None = None) -> Price:
    plain, read, write, write_1h, output = map(Decimal, figures)
    return Price(plain, read, write, write_1h, output, min_prefix)


PRICES = {
    "claude-opus-4-5": _price("5", "0.5", "6.25", "10", "25", min_prefix=4096),
    "claude-sonnet-4-5": _price("3", "0.3", "3.75", "6", "15", min_prefix=1024),
    "claude-haiku-4-5": _price("1", "0.1", "1.25", "2", "5", min_prefix=4096),
    "gpt-4.1": _price("2", "0.5", "2", "2", "8"),
    "gpt-4.1-mini": _price("0.4", "0.1", "0.4", "0.4", "1.6"),
    "gpt-5": _price("1.25", "0.125", "1.25", "1.25", "10"),
    "gpt-5-mini": _price("0.25", "0.025", "0.25", "0.25", "2"),
    "gemini-2.5-flash": _price("0.3", "0.03", "0.3", "0.3", "2.5"),
    "gemini-2.5-pro": _price("1.25", "0.125", "1.25", "1.25", "10"),
    "text-embedding-3-small": _price("0.02", "0.02", "0.02", "0.02", "0"),
}


def cost(call: dict[str, Any]) -> Decimal | None:
    """What a call cost; None for a model that does not stand here."""
    price = PRICES.get(call["model"])
    if price is None or call.get("input_tokens") is None or call.get("output_tokens") is None:
        return None
    if call.get("gateway_cache_hit"):
        return Decimal(0)
    read, write = call.get("cache_read_tokens") or 0, call.get("cache_write_tokens") or 0
    hour = call.get("cache_write_1h_tokens") or 0
    plain = call["input_tokens"] - read - write
    whole: Decimal = plain * price.input + read * price.read + (write - hour) * price.write + hour * price.write_1h
    output: Decimal = call["output_tokens"] * price.output
    if call["model"] in LONG and call["input_tokens"] > LONG_FROM:
        whole, output = whole * 2, output * 3 / 2
    return (whole + output) / MILLION / (2 if call.get("service_tier") in ("batch", "flex") else 1)
