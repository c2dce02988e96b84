"""What the join says a call cost is what genai-prices itself says, for every model of its list with token prices.

Where the two differ by design:
- Tokens of video are counted with all the others at the plain price, cached images at that of cached input, and
  citations as output: a call record does not tell them.
- A name that the list's patterns would take for another model is not asked of it (audit/pricing/names.toml).
- A model whose entry holds no price at all is free there and has no known price here.
- A batch of a model without a batch price of its own costs its standard price there, half of it here where
  tiers.toml says so, and has no known price where neither does.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from genai_prices import Usage, calc_price
from genai_prices.data import providers
from genai_prices.types import ConditionalPrice, ModelPrice, StartDateConstraint, TieredPrices, TimeOfDateConstraint

from audit.pricing import catalogue
from audit.pricing.book import Book
from audit.pricing.names import candidates
from audit.pricing.units import Case
from tests.pricing.priced import Cost, costs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from genai_prices.types import ModelInfo, Provider

TICK = timedelta(microseconds=1)
A_DAY = datetime(2026, 9, 16, 12, tzinfo=UTC)
TOKEN_PRICES = ("input_mtok", "output_mtok", "requests_kcount")
TIERS = {"batch": {"processing": "batch"}, "flex": {"service_tier": "flex"}, "priority": {"service_tier": "priority"}}
# Half the last digit of a unit price (DECIMAL(18,12)) and of a cost (DECIMAL(18,9)).
UNIT_ROUNDING, COST_ROUNDING = Decimal("5e-13"), Decimal("5e-10")

Call = dict[str, Any]


@dataclass(frozen=True)
class Priced:
    """A call with the price the list itself works out for it; None where it has none for the call's tier yet."""

    call: Call
    expected: Decimal | None


def rows(model: ModelInfo) -> list[ConditionalPrice]:
    prices = model.prices
    return [ConditionalPrice(prices=prices)] if isinstance(prices, ModelPrice) else list(prices)


def has_token_price(price: ModelPrice) -> bool:
    return any(getattr(price, key) is not None for key in TOKEN_PRICES)


def known_by_its_id(provider: Provider, model: ModelInfo) -> bool:
    """Whether a model's id leads to the model: the patterns of some let another come first, or do not know it."""
    found = provider.find_model(model.id)
    return found is model


MODELS = [
    (provider.id, model)
    for provider in providers
    for model in provider.models
    if any(has_token_price(row.prices) for row in rows(model))
    and known_by_its_id(provider, model)
    # What the project's own lists price goes by them.
    and candidates(provider.id, model.id)[0].listed
    and not any(found.rows for found in Book().found(Case(provider.id, model.id, "standard", A_DAY, A_DAY)))
]


EXTRAS: dict[str, Call] = {
    "input_audio_mtok": {"input_tokens": 9_001, "output_tokens": 7, "input_audio_tokens": 4_003},
    "cache_audio_read_mtok": {
        "input_tokens": 9_001,
        "output_tokens": 7,
        "input_audio_tokens": 4_003,
        "cache_read_tokens": 3_000,
        "cache_read_audio_tokens": 1_001,
    },
    "output_audio_mtok": {"input_tokens": 900, "output_tokens": 700, "output_audio_tokens": 333},
    "input_image_mtok": {"input_tokens": 9_001, "output_tokens": 7, "input_image_tokens": 4_003},
    "output_image_mtok": {"input_tokens": 900, "output_tokens": 700, "output_image_tokens": 333},
    "output_reasoning_mtok": {"input_tokens": 900, "output_tokens": 700, "reasoning_tokens": 333},
    "web_searches_kcount": {"input_tokens": 900, "output_tokens": 700, "quantity": 3, "unit": "web_searches"},
}
# Where the list calls something by another name than the call record does.
THEIRS = {"cache_read_audio_tokens": "cache_audio_read_tokens", "reasoning_tokens": "output_reasoning_tokens"}


def edges(model: ModelInfo) -> list[int]:
    """The input lengths at which a price of the model changes."""
    prices = [value for row in rows(model) for value in vars(row.prices).values()]
    return sorted({tier.start for price in prices if isinstance(price, TieredPrices) for tier in price.tiers})


def usages(model: ModelInfo) -> Iterator[Call]:
    yield {"input_tokens": 1_000, "output_tokens": 200}
    yield {"input_tokens": 5_003, "output_tokens": 7, "cache_read_tokens": 4_001}
    yield {"input_tokens": 5_003, "output_tokens": 7, "cache_write_tokens": 3_001}
    yield {
        "input_tokens": 9_001,
        "output_tokens": 0,
        "cache_read_tokens": 4_001,
        "cache_write_tokens": 3_001,
        "cache_write_1h_tokens": 11,
    }
    yield {"input_tokens": 0, "output_tokens": 333}
    for edge in edges(model):
        for length in (edge, edge + 1):
            yield {"input_tokens": length, "output_tokens": 99, "cache_read_tokens": 55, "cache_write_tokens": 44}


def extras(model: ModelInfo, at: datetime) -> Iterator[Call]:
    """A usage of each other kind of token and fee that the model's price has at an instant."""
    price = model.get_prices(at)
    yield from (usage for key, usage in EXTRAS.items() if getattr(price, key, None) is not None)


def instants(model: ModelInfo, tier: str = "standard") -> list[datetime]:
    """A day of September, and both sides of every date and hour at which a price of the model changes."""
    variants = [] if tier == "standard" else model.price_variants or []
    found = {A_DAY}
    for constraint in (*(row.constraint for row in rows(model)), *(row.constraint for row in variants)):
        if isinstance(constraint, StartDateConstraint):
            midnight = datetime.combine(constraint.start_date, time(), UTC)
            found |= {midnight - TICK, midnight}
        elif isinstance(constraint, TimeOfDateConstraint):
            for edge, day in itertools.product((constraint.start_time, constraint.end_time), (0, 1)):
                at = datetime.combine(A_DAY.date() + timedelta(days=day), edge)
                found |= {at - TICK, at}
    return sorted(found)


def listed(provider: str, model: str, call: Call, context: dict[str, str] | None = None) -> Decimal:
    usage = {THEIRS.get(key, key): value for key, value in call.items() if key.endswith("_tokens")}
    if "unit" in call:
        usage[call["unit"]] = call["quantity"]
    at = call["started_at"]
    found = calc_price(
        Usage(**{"input_tokens": 0, **usage}),
        model,
        provider_id=provider,
        genai_request_timestamp=at,
        price_context=context,
    )
    return found.total_price


def tolerance(call: Call) -> Decimal:
    """1e-9, and for prices with more digits than a unit price keeps, what their rounding comes to."""
    tokens = (call.get("input_tokens") or 0) + (call.get("output_tokens") or 0)
    return COST_ROUNDING + UNIT_ROUNDING * tokens if tokens > 1_000 else Decimal("1e-9")


def differing(calls: list[Priced], found: dict[str, Cost]) -> list[str]:
    said = [(case, found[str(number)]) for number, case in enumerate(calls)]
    return [
        f"{case.call}: {cost.cost} here ({cost.rows} rows), {case.expected} there"
        for case, cost in said
        if case.expected is not None
        and (cost.rows != 1 or cost.cost is None or abs(cost.cost - case.expected) > tolerance(case.call))
    ]


def test_every_model_with_token_prices_costs_what_the_list_says() -> None:
    calls = []
    for provider, model in MODELS:
        for at in instants(model):
            for usage in (*usages(model), *extras(model, at)) if has_token_price(model.get_prices(at)) else ():
                call = {"provider": provider, "model": model.id, "started_at": at, **usage}
                calls.append(Priced(call, listed(provider, model.id, call)))
    kinds = {key for case in calls for key in case.call}
    assert {"input_audio_tokens", "cache_read_audio_tokens", "reasoning_tokens", "input_image_tokens", "unit"} <= kinds
    assert len({(case.call["provider"], case.call["model"]) for case in calls}) > 1_900
    assert differing(calls, costs(case.call for case in calls)) == []


@pytest.mark.parametrize("tier", TIERS)
def test_a_tier_with_prices_of_its_own_costs_them_from_the_day_they_hold(tier: str) -> None:
    calls = []
    for provider, model in MODELS:
        own = [variant for variant in model.price_variants or () if variant.when == TIERS[tier]]
        own = [variant for variant in own if has_token_price(variant.prices)]
        for at, usage in itertools.product(instants(model, tier), usages(model) if own else ()):
            call = {"provider": provider, "model": model.id, "service_tier": tier, "started_at": at, **usage}
            holds = any(variant.constraint is None or variant.constraint.active(at) for variant in own)
            calls.append(Priced(call, listed(provider, model.id, call, TIERS[tier]) if holds else None))
    assert len({case.call["model"] for case in calls if case.expected is not None}) > 20
    assert differing(calls, costs(case.call for case in calls)) == []


@pytest.mark.parametrize("model", ["deepseek-chat", "deepseek-reasoner", "deepseek-v4-pro"])
def test_hours_of_day_begin_and_end_to_the_second_as_the_list_has_them(model: str) -> None:
    case = Case("deepseek", model, "standard", A_DAY, A_DAY + timedelta(days=1))
    found = catalogue.unit_prices(case)
    edges = {row.second_from for row in found}
    assert len(edges) > 2
    midnight = A_DAY.replace(hour=0)
    for second in sorted({(edge + step) % 86_400 for edge in edges for step in (-1, 0, 1)}):
        at = midnight + timedelta(seconds=second)
        (row,) = [row for row in found if row.second_from <= second < row.second_to]
        theirs = listed("deepseek", model, {"started_at": at, "input_tokens": 1_000_000, "output_tokens": 0})
        assert row.units["input"] * 1_000_000 == theirs, at
