"""Exchange rates: dated rows of the settings, each valid from its month until a later row replaces it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from audit.records import Month, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.settings import ExchangeRate


def rate(rates: Sequence[ExchangeRate], currency: str, into: str, month: Month) -> Decimal:
    """What one unit of ``currency`` is worth in ``into`` in a month. Raises UsageError naming month and pair."""
    if currency == into:
        return Decimal(1)
    dated = [row for row in rates if row.currency == currency and Month.parse(row.month) <= month]
    if not dated:
        raise UsageError(
            f"no exchange rate from {currency} to {into} for {month}: add [[exchange_rates]] with "
            f'month = "{month}", currency = "{currency}" and rate to the settings'
        )
    return max(dated, key=lambda row: row.month).rate
