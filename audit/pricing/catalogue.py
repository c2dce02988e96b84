"""Unit prices from genai-prices: the only file that knows that package.

Prices are looked up once for each distinct case a month holds, never for each call, and joined in the engine.
"""

from __future__ import annotations

import functools
import itertools
import re
import tomllib
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genai_prices import Usage, calc_price
from genai_prices.types import ModelPrice, StartDateConstraint, TieredPrices, TimeOfDateConstraint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from genai_prices.types import PriceCalculation, PriceVariant

_HERE = Path(__file__).resolve().parent
LIST_CURRENCY = "USD"
NO_LIMIT = 1 << 62
_LIVE_TIERS = ("flex", "priority")


@dataclass(frozen=True, slots=True)
class Case:
    """What is priced: a model of a provider at a service tier, and the span of its calls (UTC)."""

    provider: str | None
    model: str
    service_tier: str
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class UnitPrices:
    """Prices a token in the list's currency that hold for a span of time and of input lengths.

    ``valid_to`` and ``input_to`` lie outside the span.
    """

    valid_from: datetime
    valid_to: datetime
    input_from: int
    input_to: int
    input: Decimal
    cache_read: Decimal
    cache_write: Decimal
    cache_write_1h: Decimal
    output: Decimal
    request: Decimal
    listed_provider: str
    listed_model: str


def source() -> str:
    """The list's name and version."""
    return f"genai-prices {metadata.version('genai-prices')}"


def unit_prices(case: Case) -> list[UnitPrices]:
    """The rows that price a case, in order of time and input length; none where no price is known."""
    spans: list[UnitPrices] = []
    for start, end in _spans(case):
        found = _look_up(case, start)
        if found is None:
            continue
        calculation, factor = found
        spans.extend(_rows(calculation, factor, start, end))
    return spans


def has_other_tiers(case: Case) -> bool:
    """Whether a call could have gone through at another price than the standard one, as the list has it.

    A batch's log states that it is one; flex and priority are asked for call by call.
    """
    found = _look_up(replace(case, service_tier="standard"), _utc(case.first))
    asked = [context for tier in _LIVE_TIERS for context in _contexts(tier)]
    return found is not None and any(variant.when in asked for variant in _variants(found[0]))


def _look_up(case: Case, at: datetime) -> tuple[PriceCalculation, Decimal] | None:
    """The list's prices at an instant and the factor of the service tier; None where either is unknown."""
    for provider, model in _names(case):
        try:
            standard = _calculated(provider, model, at, None)
        except LookupError:
            continue
        if case.service_tier == "standard":
            return standard, Decimal(1)
        for variant in _variants(standard):
            if variant.when in _contexts(case.service_tier) and _active(variant, at):
                return _calculated(provider, model, at, variant.when), Decimal(1)
        factor = _tier_factor(standard.provider.id, case.service_tier)
        return None if factor is None else (standard, factor)
    return None


def _contexts(service_tier: str) -> tuple[dict[str, str], ...]:
    """How the list asks for a tier's own prices, in order of preference."""
    return {"processing": service_tier}, {"service_tier": service_tier}


def _variants(calculation: PriceCalculation) -> list[PriceVariant]:
    """A model's prices for other tiers; none where another provider's model stands in, as the list has it."""
    own = any(calculation.model is model for model in calculation.provider.models)
    return list(calculation.model.price_variants or ()) if own else []


def _active(variant: PriceVariant, at: datetime) -> bool:
    """Whether a variant states a price of its own at an instant."""
    stated = any(price is not None for price in vars(variant.prices).values())
    return stated and (variant.constraint is None or variant.constraint.active(at))


def _names(case: Case) -> Iterator[tuple[str | None, str]]:
    """A model as it was logged, then without the provider some gateways put before it."""
    yield case.provider, case.model
    if "/" in case.model:
        provider, _, model = case.model.partition("/")
        yield provider, model


def _calculated(provider: str | None, model: str, at: datetime, context: dict[str, str] | None) -> PriceCalculation:
    return calc_price(
        Usage(input_tokens=0, output_tokens=0),
        model,
        provider_id=provider,
        genai_request_timestamp=at,
        price_context=context,
    )


def _spans(case: Case) -> list[tuple[datetime, datetime]]:
    """The case's time cut wherever the list's prices may change: at a dated row, at an hour of the day."""
    first, last = _utc(case.first), _utc(case.last) + timedelta(microseconds=1)
    cuts = {first, last}
    found = _look_up(replace(case, service_tier="standard"), first)
    if found is None:
        return []
    prices = found[0].model.prices
    dated = [] if isinstance(prices, ModelPrice) else prices
    variants = [] if case.service_tier == "standard" else _variants(found[0])
    for constraint in (*(row.constraint for row in dated), *(row.constraint for row in variants)):
        if isinstance(constraint, StartDateConstraint):
            cuts.add(datetime.combine(constraint.start_date, time(), UTC))
        elif isinstance(constraint, TimeOfDateConstraint):
            for day, edge in itertools.product(_days(first, last), (constraint.start_time, constraint.end_time)):
                cuts.add(datetime.combine(day, edge if edge.tzinfo else edge.replace(tzinfo=UTC)).astimezone(UTC))
    inside = sorted(cut for cut in cuts if first <= cut <= last)
    return list(itertools.pairwise(inside))


def _utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)


def _days(first: datetime, last: datetime) -> list[date]:
    return [first.date() + timedelta(days=n) for n in range(-1, (last - first).days + 2)]


def _rows(calculation: PriceCalculation, factor: Decimal, start: datetime, end: datetime) -> Iterator[UnitPrices]:
    """One row for each band of input lengths: above a tier's start, its price holds for all of the call's tokens."""
    price = calculation.model_price
    units = {name: getattr(price, f"{name}_mtok") for name in _TOKEN_UNITS}
    request = price.requests_kcount
    if units["input"] is None and units["output"] is None and request is None:
        return
    starts = sorted({tier.start for unit in units.values() if isinstance(unit, TieredPrices) for tier in unit.tiers})
    for low, high in itertools.pairwise([0, *(start + 1 for start in starts), NO_LIMIT]):
        at = {name: _at(unit, low) for name, unit in units.items()}
        plain = at["input"] or Decimal(0)
        write = plain if at["cache_write"] is None else at["cache_write"]
        by_token = {
            "input": plain,
            "cache_read": plain if at["cache_read"] is None else at["cache_read"],
            "cache_write": write,
            "cache_write_1h": write if at["cache_write_1h"] is None else at["cache_write_1h"],
            "output": at["output"] or Decimal(0),
        }
        yield UnitPrices(
            valid_from=start,
            valid_to=end,
            input_from=low,
            input_to=high,
            request=(_at(request, low) or Decimal(0)) * factor / 1000,
            listed_provider=calculation.provider.id,
            listed_model=calculation.model.id,
            **{name: value * factor / 1_000_000 for name, value in by_token.items()},
        )


_TOKEN_UNITS = ("input", "cache_read", "cache_write", "cache_write_1h", "output")


def _at(unit: Decimal | TieredPrices | None, input_tokens: int) -> Decimal | None:
    if not isinstance(unit, TieredPrices):
        return unit
    reached = [tier.price for tier in unit.tiers if input_tokens > tier.start]
    return reached[-1] if reached else unit.base


@functools.cache
def _table(name: str, key: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = tomllib.loads((_HERE / f"{name}.toml").read_text(encoding="utf-8"))[key]
    return rows


def _tier_factor(provider: str, tier: str) -> Decimal | None:
    for row in _table("tiers", "tier"):
        if (row["provider"], row["tier"]) == (provider, tier):
            return Decimal(row["factor"])
    return None


def cache_of(provider: str, model: str) -> dict[str, Any] | None:
    """What is known of a listed model's prompt cache: kind, min_tokens, lifetime_ms."""
    return _fitting("caches", "cache", provider, model)


def smaller_than(provider: str, model: str) -> list[str]:
    """The models down the provider's family, nearest first."""
    row = _fitting("ladder", "step", provider, model)
    return [] if row is None else [str(name) for name in row["smaller"]]


def _fitting(name: str, key: str, provider: str, model: str) -> dict[str, Any] | None:
    for row in _table(name, key):
        if row["provider"] == provider and re.search(row["model"], model):
            return row
    return None
