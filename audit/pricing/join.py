"""Prices as a table in the engine, and the SQL that puts a cost on a call."""

from __future__ import annotations

import itertools
from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from audit.pricing import catalogue
from audit.pricing.rates import rate
from audit.records import Month

if TYPE_CHECKING:
    from audit.engine.duckdb import Engine
    from audit.settings import Settings

UNIT = "DECIMAL(18,12)"
PRICES_SHAPE = {
    "provider": "VARCHAR",
    "model": "VARCHAR",
    "service_tier": "VARCHAR",
    "valid_from": "TIMESTAMP",
    "valid_to": "TIMESTAMP",
    "input_from": "BIGINT",
    "input_to": "BIGINT",
    "input_price": UNIT,
    "cache_read_price": UNIT,
    "cache_write_price": UNIT,
    "cache_write_1h_price": UNIT,
    "output_price": UNIT,
    "request_price": UNIT,
    "listed_provider": "VARCHAR",
    "listed_model": "VARCHAR",
    "cache_kind": "VARCHAR",
    "cache_min_tokens": "BIGINT",
    "cache_lifetime_ms": "BIGINT",
    "smaller_model": "VARCHAR",
    "smaller_input_price": UNIT,
    "smaller_output_price": UNIT,
    "other_tiers": "BOOLEAN",
    "price_source": "VARCHAR",
}

# A gateway's own answer and a failure that states no usage were not billed. A call whose usage is unknown, or one half
# of it, has no known cost; of one that failed or was given up, what is stated is all there was. Where the cached parts
# exceed the input they are part of, no plain input is left, never less than none.
_EXACT = """(CASE
  WHEN {c}.gateway_cache_hit THEN 0
  WHEN {c}.status IN ('error', 'cancelled') AND coalesce({c}.input_tokens, 0) + coalesce({c}.output_tokens, 0) = 0
    THEN 0
  WHEN {c}.input_tokens IS NULL AND {c}.output_tokens IS NULL THEN NULL
  WHEN coalesce({c}.status, '') NOT IN ('error', 'cancelled')
    AND ({c}.input_tokens IS NULL OR {c}.output_tokens IS NULL AND {p}.output_price > 0) THEN NULL
  ELSE {p}.request_price + {p}.output_price * coalesce({c}.output_tokens, 0)
    + {p}.input_price * greatest(0, coalesce({c}.input_tokens, 0) - coalesce({c}.cache_read_tokens, 0)
      - coalesce({c}.cache_write_tokens, 0))
    + {p}.cache_read_price * coalesce({c}.cache_read_tokens, 0)
    + {p}.cache_write_price * greatest(0, coalesce({c}.cache_write_tokens, 0)
      - coalesce({c}.cache_write_1h_tokens, 0))
    + {p}.cache_write_1h_price * coalesce({c}.cache_write_1h_tokens, 0)
END)"""

# Rounded to nine digits. By way of a narrow decimal it takes a fifth of the time; what that cannot hold goes straight.
# A count that no money column can hold is a broken log's: its cost is unknown, and the audit goes on.
COST = f"coalesce(try_cast(try_cast({_EXACT} AS DECIMAL(18,12)) AS DECIMAL(18,9)), try_cast({_EXACT} AS DECIMAL(18,9)))"

MATCH = """{p}.provider IS NOT DISTINCT FROM {c}.provider
  AND {p}.model = {c}.model
  AND {p}.service_tier = coalesce({c}.service_tier, 'standard')
  AND {c}.started_at >= {p}.valid_from AND {c}.started_at < {p}.valid_to
  AND coalesce({c}.input_tokens, 0) >= {p}.input_from AND coalesce({c}.input_tokens, 0) < {p}.input_to"""


def load_prices(engine: Engine, settings: Settings, start: datetime, end: datetime) -> None:
    """Make the table ``prices`` for every case that the store's calls between two instants (UTC) hold."""
    cases = engine.rows(
        "SELECT provider, model, coalesce(service_tier, 'standard'), min(started_at), max(started_at) "
        "FROM store.calls WHERE started_at >= $start AND started_at < $end AND model IS NOT NULL "
        "GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
        {"start": _plain(start), "end": _plain(end)},
    )
    rows: list[dict[str, Any]] = []
    for provider, model, tier, first, last in cases:
        case = catalogue.Case(provider, model, tier, first, last)
        other_tiers = catalogue.has_other_tiers(case)
        for price in catalogue.unit_prices(case):
            rows += [row | {"other_tiers": other_tiers} for row in _rows(provider, model, tier, price, settings)]
    engine.load("prices", PRICES_SHAPE, rows)


def _rows(
    provider: str | None, model: str, tier: str, price: catalogue.UnitPrices, settings: Settings
) -> list[dict[str, Any]]:
    """One list row as table rows: one a month where the report's currency is not the list's."""
    into = settings.company.currency
    cuts = [price.valid_from, price.valid_to]
    if into != catalogue.LIST_CURRENCY:
        month = Month.of(price.valid_from.astimezone(settings.zone).date())
        while month.end(settings.zone) < price.valid_to:
            month = month.shift(1)
            cuts.insert(-1, month.start(settings.zone))
    return [_row((provider, model, tier), price, (start, end), settings) for start, end in itertools.pairwise(cuts)]


def _row(
    case: tuple[str | None, str, str],
    price: catalogue.UnitPrices,
    span: tuple[datetime, datetime],
    settings: Settings,
) -> dict[str, Any]:
    provider, model, tier = case
    start, end = span
    month = Month.of(start.astimezone(settings.zone).date())
    factor = rate(settings.exchange_rates, catalogue.LIST_CURRENCY, settings.company.currency, month)
    cache = catalogue.cache_of(price.listed_provider, price.listed_model) or {}
    step = _smaller(price, tier)
    units = {
        f"{field.name}_price": getattr(price, field.name)
        for field in fields(price)
        if f"{field.name}_price" in PRICES_SHAPE
    }
    units |= {
        "smaller_input_price": step.input if step else None,
        "smaller_output_price": step.output if step else None,
    }
    return {
        "provider": provider,
        "model": model,
        "service_tier": tier,
        "valid_from": _plain(start),
        "valid_to": _plain(end),
        "input_from": price.input_from,
        "input_to": price.input_to,
        **{name: None if value is None else _exact(value * factor) for name, value in units.items()},
        "listed_provider": price.listed_provider,
        "listed_model": price.listed_model,
        "cache_kind": cache.get("kind"),
        "cache_min_tokens": cache.get("min_tokens"),
        "cache_lifetime_ms": cache.get("lifetime_ms"),
        "smaller_model": step.listed_model if step else None,
        "price_source": catalogue.source(),
    }


def _smaller(price: catalogue.UnitPrices, tier: str) -> catalogue.UnitPrices | None:
    """The nearest model down the family at half the price or less, at the same time and input length."""
    for model in catalogue.smaller_than(price.listed_provider, price.listed_model):
        case = catalogue.Case(price.listed_provider, model, tier, price.valid_from, price.valid_from)
        for row in catalogue.unit_prices(case):
            fits = row.valid_from <= price.valid_from < row.valid_to
            fits = fits and row.input_from <= price.input_from < row.input_to
            if fits and row.input * 2 <= price.input and row.output * 2 <= price.output:
                return row
    return None


def _exact(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.000000000001"))


def _plain(instant: datetime) -> datetime:
    """A UTC instant as the engine's tables hold it, without a zone."""
    return instant.astimezone(UTC).replace(tzinfo=None) if instant.tzinfo else instant
