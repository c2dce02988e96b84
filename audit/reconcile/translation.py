"""Costs of price lists' currencies in a bill's."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from audit.records import UsageError

if TYPE_CHECKING:
    from audit.pricing.money import Rates
    from audit.records import Month
    from audit.settings import Settings

_DIGITS = Decimal("1e-9")


@dataclass
class Translator:
    """Costs of price lists' currencies in a bill's, at the month's rates: a closed month's as it was closed.

    ``told`` are the rates that some cost was translated at; ``missing`` are those that nobody states, and why.
    """

    rates: Rates
    month: Month
    into: str
    told: dict[str, Decimal] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    _known: dict[str, Decimal] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        """The settings whose rates these are."""
        return self.rates.settings

    def __call__(self, value: Decimal, currency: str) -> Decimal | None:
        """The value to nine digits; None where there is no rate."""
        if currency == self.into or not value:
            return value
        factor = self._rate(currency)
        return None if factor is None else (value * factor).quantize(_DIGITS)

    def cost(self, value: Decimal, currency: str) -> Decimal | None:
        """A cost, whose rate the reader is told."""
        found = self(value, currency)
        if currency in self._known and value:
            self.told[currency] = self._known[currency]
        return found

    def _rate(self, currency: str) -> Decimal | None:
        if currency not in self._known and currency not in self.missing:
            try:
                worth = [self.rates.of_month(one, self.month) for one in (currency, self.into)]
                self._known[currency] = worth[0] / worth[1]
            except UsageError as error:
                self.missing[currency] = str(error)
        return self._known.get(currency)
