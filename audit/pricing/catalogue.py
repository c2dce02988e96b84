"""Unit prices from genai-prices: the only file that knows that package.

Prices are looked up once for each distinct case a month holds, never for each call, and joined in the engine.
"""

from __future__ import annotations

import functools
import itertools
import re
import tomllib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genai_prices import Usage, calc_price
from genai_prices.data import providers
from genai_prices.types import ModelPrice, StartDateConstraint, TieredPrices, TimeOfDateConstraint

from audit.pricing.units import DAY_SECONDS, NO_LIMIT, Case, UnitPrices, units_of, utc

if TYPE_CHECKING:
    from collections.abc import Iterator

    from genai_prices.types import PriceCalculation, PriceVariant

_HERE = Path(__file__).resolve().parent
LIST_CURRENCY = "USD"
_LIVE_TIERS = ("flex", "priority")
# The keys of a price row, as the package calls them. A search fee of a tool and one of a rerank are one word there.
_KEYS = {
    "input_mtok": "input_mtok",
    "cache_read_mtok": "cache_read_mtok",
    "cache_write_mtok": "cache_write_mtok",
    "cache_write_1h_mtok": "cache_write_1h_mtok",
    "output_mtok": "output_mtok",
    "output_reasoning_mtok": "output_reasoning_mtok",
    "input_audio_mtok": "input_audio_mtok",
    "cache_read_audio_mtok": "cache_audio_read_mtok",
    "output_audio_mtok": "output_audio_mtok",
    "input_image_mtok": "input_image_mtok",
    "output_image_mtok": "output_image_mtok",
    "requests_kcount": "requests_kcount",
    "web_searches_kcount": "web_searches_kcount",
    "audio_hours": "audio_hours",
    "characters_mcount": "input_mchars",
    "pages_kcount": "input_document_kpages",
}


@dataclass(frozen=True, slots=True)
class Factors:
    """What a tier and a region cost as a part of the listed prices: all but cached input, and cached input."""

    all: Decimal
    cache_read: Decimal


@functools.cache
def source() -> str:
    """The list's name and version."""
    return f"genai-prices {metadata.version('genai-prices')}"


def unit_prices(case: Case) -> list[UnitPrices]:
    """The rows that price a case whose provider and model are the list's own names; none where no price is known."""
    model = _standard(case, utc(case.first))
    if model is None:
        return []
    found = []
    for (start, end), (second_from, second_to) in itertools.product(_days(case, model), _hours(case, model)):
        at = datetime.combine(start.date(), time(), UTC) + timedelta(seconds=second_from)
        looked_up = _look_up(case, at)
        if looked_up is not None:
            rows = _rows(*looked_up, start, end)
            found += [replace(row, second_from=second_from, second_to=second_to) for row in rows]
    return found


def knows(case: Case) -> bool:
    """Whether the list has a model of this name."""
    return _standard(case, utc(case.first)) is not None


def listed_names() -> list[tuple[str, str]]:
    """Every provider and model of the list, by its ids."""
    return [(provider.id, model.id) for provider in providers for model in provider.models]


def has_other_tiers(case: Case) -> bool:
    """Whether a call could have gone through at another price than the standard one, as the list has it.

    A batch's log states that it is one; flex and priority are asked for call by call.
    """
    found = _standard(case, utc(case.first))
    asked = [context for tier in _LIVE_TIERS for context in _contexts(tier)]
    return found is not None and any(variant.when in asked for variant in _variants(found))


def _standard(case: Case, at: datetime) -> PriceCalculation | None:
    """The list's standard prices at an instant; None where it does not know the model."""
    try:
        return _calculated(case.provider, case.model, at, None)
    except LookupError:
        return None


def _look_up(case: Case, at: datetime) -> tuple[PriceCalculation, Factors] | None:
    """The list's prices at an instant and the factor of tier and region; None where price or tier is unknown."""
    standard = _standard(case, at)
    if standard is None:
        return None
    there = _region_factor(standard.provider.id, standard.model.id, case.region)
    if case.service_tier == "standard":
        return standard, Factors(there, there)
    for variant in _variants(standard):
        if variant.when in _contexts(case.service_tier) and _active(variant, at):
            # An entry that is there and empty says that the tier costs what the standard one does.
            return _calculated(case.provider, case.model, at, variant.when), Factors(there, there)
    factors = _tier_factors(standard.provider.id, case.service_tier)
    return None if factors is None else (standard, Factors(factors.all * there, factors.cache_read * there))


def _contexts(service_tier: str) -> tuple[dict[str, str], ...]:
    """How the list asks for a tier's own prices, in order of preference."""
    return {"processing": service_tier}, {"service_tier": service_tier}, {"speed": service_tier}


def _variants(calculation: PriceCalculation) -> list[PriceVariant]:
    """A model's prices for other tiers; none where another provider's model stands in, as the list has it."""
    own = any(calculation.model is model for model in calculation.provider.models)
    return list(calculation.model.price_variants or ()) if own else []


def _active(variant: PriceVariant, at: datetime) -> bool:
    """Whether a variant holds at an instant."""
    return variant.constraint is None or variant.constraint.active(at)


def _calculated(provider: str | None, model: str, at: datetime, context: dict[str, str] | None) -> PriceCalculation:
    return calc_price(
        Usage(input_tokens=0, output_tokens=0),
        model,
        provider_id=provider,
        genai_request_timestamp=at,
        price_context=context,
    )


def _constraints(case: Case, model: PriceCalculation) -> list[object]:
    prices = model.model.prices
    dated = [] if isinstance(prices, ModelPrice) else prices
    variants = [] if case.service_tier == "standard" else _variants(model)
    return [*(row.constraint for row in dated), *(row.constraint for row in variants)]


def _days(case: Case, model: PriceCalculation) -> list[tuple[datetime, datetime]]:
    """The case's time cut at the days from which another price holds; they begin at midnight UTC."""
    first, last = utc(case.first), utc(case.last) + timedelta(microseconds=1)
    cuts = {first, last}
    for constraint in _constraints(case, model):
        if isinstance(constraint, StartDateConstraint):
            cuts.add(datetime.combine(constraint.start_date, time(), UTC))
    return list(itertools.pairwise(sorted(cut for cut in cuts if first <= cut <= last)))


def _hours(case: Case, model: PriceCalculation) -> list[tuple[int, int]]:
    """The seconds of the UTC day between which one price holds."""
    cuts = {0, DAY_SECONDS}
    for constraint in _constraints(case, model):
        if isinstance(constraint, TimeOfDateConstraint):
            for edge in (constraint.start_time, constraint.end_time):
                at = datetime.combine(
                    datetime(1970, 1, 2, tzinfo=UTC), edge if edge.tzinfo else edge.replace(tzinfo=UTC)
                )
                at = at.astimezone(UTC)
                cuts.add(at.hour * 3600 + at.minute * 60 + at.second)
    return list(itertools.pairwise(sorted(cuts)))


def _rows(calculation: PriceCalculation, factors: Factors, start: datetime, end: datetime) -> Iterator[UnitPrices]:
    """One row for each band of input lengths: above a tier's start, its price holds for all of the call's tokens."""
    price = calculation.model_price
    listed = {ours: getattr(price, theirs) for ours, theirs in _KEYS.items()}
    listed = {key: value for key, value in listed.items() if value is not None}
    if not listed:
        return
    starts = sorted({tier.start for unit in listed.values() if isinstance(unit, TieredPrices) for tier in unit.tiers})
    for low, high in itertools.pairwise([0, *(start + 1 for start in starts), NO_LIMIT]):
        cache = cache_of(calculation.provider.id, calculation.model.id) or {}
        yield UnitPrices(
            valid_from=start,
            valid_to=end,
            currency=LIST_CURRENCY,
            units=_units({key: _at(unit, low) for key, unit in listed.items()}, factors),
            input_from=low,
            input_to=high,
            listed_provider=calculation.provider.id,
            listed_model=calculation.model.id,
            price_source=source(),
            cache_kind=cache.get("kind"),
            cache_min_tokens=cache.get("min_tokens"),
            cache_lifetime_ms=cache.get("lifetime_ms"),
        )


def _units(listed: dict[str, Decimal], factors: Factors) -> dict[str, Decimal]:
    units = units_of(listed, factors.all)
    return units | {"cache_read": units_of(listed, factors.cache_read)["cache_read"]}


def _at(unit: Decimal | TieredPrices, input_tokens: int) -> Decimal:
    if not isinstance(unit, TieredPrices):
        return unit
    reached = [tier.price for tier in unit.tiers if input_tokens > tier.start]
    return reached[-1] if reached else unit.base


@functools.cache
def _table(name: str, key: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = tomllib.loads((_HERE / f"{name}.toml").read_text(encoding="utf-8"))[key]
    return rows


def _tier_factors(provider: str, tier: str) -> Factors | None:
    for row in _table("tiers", "tier"):
        if (row["provider"], row["tier"]) == (provider, tier):
            return Factors(Decimal(row["factor"]), Decimal(row.get("cache_read_factor", row["factor"])))
    return None


def _region_factor(provider: str, model: str, region: str | None) -> Decimal:
    """What a region's calls cost as a part of the listed price."""
    for row in _table("tiers", "region"):
        if (row["provider"], row["region"]) == (provider, region) and re.fullmatch(row["model"], model):
            return Decimal(row["factor"])
    return Decimal(1)


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
