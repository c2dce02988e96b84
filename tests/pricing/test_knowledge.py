"""What the pricing's data files state: where it was read and when, and that every model they name is on the list."""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from genai_prices.data import providers

from audit import pricing
from audit.pricing import catalogue, join
from audit.pricing.units import Case, UnitPrices
from audit.settings import Settings
from tests.pricing.priced import END, START, store, utc

FOLDER = Path(pricing.__file__).parent
SERVICE_TIERS = {"batch", "flex", "priority"}
MODELS = {provider.id: {model.id for model in provider.models} for provider in providers}

Row = dict[str, Any]


def table(name: str, key: str) -> list[Row]:
    (rows,) = (value for found, value in tomllib.loads((FOLDER / f"{name}.toml").read_text()).items() if found == key)
    assert rows
    return list(rows)


TIERS, CACHES, LADDER = table("tiers", "tier"), table("caches", "cache"), table("ladder", "step")


@pytest.mark.parametrize("row", [*TIERS, *CACHES], ids=lambda row: f"{row['provider']} {row.get('model', '')}")
def test_a_fact_says_where_it_was_read_and_when(row: Row) -> None:
    address = urlsplit(row["source"])
    assert (address.scheme, bool(address.netloc)) == ("https", True)
    assert type(row["checked"]) is date
    assert date(2025, 1, 1) <= row["checked"] <= datetime.now(UTC).date()


@pytest.mark.parametrize("row", [*TIERS, *CACHES, *LADDER], ids=lambda row: f"{row['provider']} {row.get('model', '')}")
def test_a_row_names_a_provider_of_the_list(row: Row) -> None:
    assert row["provider"] in MODELS


@pytest.mark.parametrize("row", TIERS, ids=lambda row: f"{row['provider']} {row['tier']}")
def test_a_tier_is_an_exact_part_of_the_standard_price(row: Row) -> None:
    assert row.keys() - {"cache_read_factor"} == {"provider", "tier", "factor", "source", "checked"}
    assert row["tier"] in SERVICE_TIERS
    assert type(row["factor"]) is str  # a float would not be exact
    assert 0 < Decimal(row["factor"]) < 10


@pytest.mark.parametrize("row", CACHES, ids=lambda row: f"{row['provider']} {row['model']}")
def test_a_cache_says_what_it_asks_for(row: Row) -> None:
    assert row.keys() == {"provider", "model", "kind", "min_tokens", "lifetime_ms", "source", "checked"}
    assert row["kind"] in {"explicit", "automatic"}
    assert 0 < row["min_tokens"] <= 8_192
    assert 60_000 <= row["lifetime_ms"] <= 86_400_000


@pytest.mark.parametrize("row", [*CACHES, *LADDER], ids=lambda row: f"{row['provider']} {row['model']}")
def test_each_alternative_of_a_pattern_fits_a_model_of_the_list(row: Row) -> None:
    for pattern in re.split(r"\|(?![^(]*\))", row["model"]):
        assert any(re.search(pattern, model) for model in MODELS[row["provider"]]), pattern


def test_one_row_a_tier_and_one_a_pattern() -> None:
    for rows, keys in ((TIERS, ("provider", "tier")), (CACHES, ("provider", "model")), (LADDER, ("provider", "model"))):
        named = [tuple(row[key] for key in keys) for row in rows]
        assert len(named) == len(set(named))


STEPS = [
    pytest.param(row["provider"], model, row["smaller"], id=f"{row['provider']} {model}")
    for row in LADDER
    for model in sorted(MODELS[row["provider"]])
    if catalogue.smaller_than(row["provider"], model) == row["smaller"] and re.search(row["model"], model)
]


def test_every_step_of_the_ladder_is_tried() -> None:
    assert {tuple(step.values[2]) for step in STEPS if isinstance(step.values[2], list)} == {
        tuple(row["smaller"]) for row in LADDER
    }


@pytest.mark.parametrize("row", LADDER, ids=lambda row: row["model"])
def test_each_smaller_model_has_a_price_and_comes_but_once(row: Row) -> None:
    assert row.keys() == {"provider", "model", "smaller"}
    assert len(set(row["smaller"])) == len(row["smaller"]) > 0
    for model in row["smaller"]:
        assert model in MODELS[row["provider"]]
        assert unit(row["provider"], model)


def unit(provider: str, model: str) -> UnitPrices | None:
    """A model's prices for a short call on a day of September."""
    at = utc("2026-09-16")
    rows = catalogue.unit_prices(Case(provider, model, "standard", at, at))
    return rows[0] if rows else None


def held(model: str, provider: str, tier: str = "standard") -> list[tuple[Any, ...]]:
    call = {"provider": provider, "model": model, "service_tier": tier, "started_at": utc("2026-09-16")}
    with store([call]) as engine:
        join.load_prices(engine, Settings(), START, END)
        return engine.rows(
            "SELECT smaller_model, smaller_input_price, smaller_output_price, input_price, output_price "
            "FROM prices ORDER BY input_from"
        )


@pytest.mark.parametrize(("provider", "model", "smaller"), STEPS)
def test_the_nearest_at_half_the_price_or_less_stands_beside_the_price(
    provider: str, model: str, smaller: list[str]
) -> None:
    own = unit(provider, model)
    if own is None:
        pytest.skip("no token price")
    priced = [(name, price) for name in smaller if (price := unit(provider, name))]
    near = [
        (n, p.units["input"], p.units["output"])
        for n, p in priced
        if p.units["input"] * 2 <= own.units["input"] and p.units["output"] * 2 <= own.units["output"]
    ]
    assert held(model, provider)[0][:3] == (near[0] if near else (None, None, None))


@pytest.mark.parametrize(
    ("provider", "model", "smaller"),
    [
        ("anthropic", "claude-opus-4-1", "claude-sonnet-4-5"),  # 15 and 75: Sonnet's 3 and 15 are less than half
        ("anthropic", "claude-opus-4-5", "claude-haiku-4-5"),  # 5 and 25: Sonnet's are more than half, Haiku's 1 and 5
        ("anthropic", "claude-haiku-4-5", None),
        ("openai", "gpt-4o", "gpt-4o-mini"),
        ("openai", "gpt-4o-mini", None),
        ("google", "gemini-2.5-pro", "gemini-2.5-flash"),
        ("mistral", "mistral-large-latest", None),
    ],
)
def test_steps_known_by_heart(provider: str, model: str, smaller: str | None) -> None:
    assert {row[0] for row in held(model, provider)} == {smaller}


def test_a_batch_is_compared_with_a_batch() -> None:
    (row,) = held("claude-opus-4-5", "anthropic", "batch")
    assert row == ("claude-haiku-4-5", *(Decimal(text) for text in ("5e-7", "25e-7", "25e-7", "125e-7")))


@pytest.mark.parametrize(
    ("provider", "model", "minimum"),
    [
        ("anthropic", "claude-opus-4-5", 4_096),
        ("anthropic", "claude-haiku-4-5", 4_096),
        ("anthropic", "claude-sonnet-4-5", 1_024),
        ("anthropic", "claude-3-5-haiku-20241022", 2_048),
        ("anthropic", "claude-sonnet-4-6", 1_024),
        ("anthropic", "claude-opus-4-7", 2_048),
        ("anthropic", "claude-opus-4-8", 1_024),
        ("anthropic", "claude-opus-5", 512),
        ("anthropic", "claude-sonnet-5", 1_024),
        ("anthropic", "claude-sonnet-5-5", 512),
        ("anthropic", "claude-haiku-5-5", None),
        ("aws", "global.anthropic.claude-opus-4-7-v1:0", 4_096),
        ("aws", "regional.anthropic.claude-sonnet-4-20250514-v1:0", 1_024),
        ("google", "claude-haiku-4-5", 4_096),
        ("openai", "gpt-4o-mini", 1_024),
        ("openai", "text-embedding-3-small", None),
        ("deepseek", "deepseek-chat", None),
    ],
)
def test_what_a_model_s_cache_asks_for(provider: str, model: str, minimum: int | None) -> None:
    found = catalogue.cache_of(provider, model)
    assert (found and found["min_tokens"]) == minimum


def test_the_models_that_bill_writing_keep_what_they_cached_for_half_an_hour() -> None:
    lifetimes = {model: catalogue.cache_of("openai", model) for model in ("gpt-5.5", "gpt-5.6-sol", "gpt-6-luna")}
    assert [found and found["lifetime_ms"] for found in lifetimes.values()] == [300_000, 1_800_000, 1_800_000]
