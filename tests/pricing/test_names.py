"""What a logged name stands for, and what genai-prices then says it is; names.csv holds names as logs have them."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from genai_prices.data import providers as listed_providers
from hypothesis import given
from hypothesis import strategies as st

from audit.pricing.names import LOGGED, NOBODY_SAYS, candidates, nearest
from tests.pricing.logged import LOGS, NO_DEPLOYMENTS, found, listed

if TYPE_CHECKING:
    from collections.abc import Mapping

PROFILE = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123"
NOVA = "amazon.nova-pro-v1:0"


def pairs(
    provider: str | None, model: str, deployments: Mapping[str, str] = NO_DEPLOYMENTS
) -> list[tuple[str | None, str]]:
    return [(name.provider, name.model) for name in candidates(provider, model, deployments)]


def test_the_table_is_long_enough_to_mean_something() -> None:
    assert len(LOGS) >= 120


@pytest.mark.parametrize(("provider", "model", "row"), LOGS, ids=[f"{row[0]} {row[1]}" for row in LOGS])
def test_a_name_of_a_log_is_the_listed_model_or_nothing(provider: str | None, model: str, row: dict[str, str]) -> None:
    assert (listed(provider, model) or ("", "")) == (row["listed_provider"], row["listed_model"])


@pytest.mark.parametrize("provider", [provider for provider in listed_providers if provider.id != "zai"])
def test_a_listed_name_is_itself(provider: Any) -> None:
    for model in provider.models:
        if provider.find_model(model.id) is model:
            assert listed(provider.id, model.id) in {(provider.id, model.id), None}, model.id


def test_few_listed_names_are_kept_from_the_list() -> None:
    kept = {
        (provider.id, model.id)
        for provider in listed_providers
        for model in provider.models
        if provider.find_model(model.id) is model and listed(provider.id, model.id) is None
    }
    assert kept == {
        ("google", "gemma-2-27b-it"),
        ("openai", "gpt-oss-120b"),
        ("openai", "gpt-oss-20b"),
        ("openai", "gpt-oss-safeguard-20b"),
    }


@given(st.none() | st.text(max_size=12), st.text(min_size=1, max_size=30))
def test_the_first_is_what_was_logged_and_nothing_comes_twice(provider: str | None, model: str) -> None:
    names = candidates(provider, model)
    assert (names[0].model, names[0].why) == (model, LOGGED)
    assert len({(name.provider, name.model) for name in names}) == len(names)


@pytest.mark.parametrize("row", LOGS, ids=[f"{row[0]} {row[1]}" for row in LOGS])
def test_a_name_with_more_behind_it_is_another_model(row: tuple[str | None, str, dict[str, str]]) -> None:
    provider, model, _ = row
    more = found(provider, f"{model}x7")
    # The list's own patterns may take the longer name; nothing is peeled off here to make it fit.
    assert more is None or more[0].model.lower().endswith("x7")


@pytest.mark.parametrize(
    ("deployments", "provider", "model", "expected"),
    [
        ({"prod-4o": "gpt-4o"}, "azure", "prod-4o", ("azure", "gpt-4o")),
        ({"prod-4o": "gpt-4o"}, "azure", "Prod-4o", ("azure", "gpt-4o")),
        ({"prod-4o": "gpt-4o"}, None, "azure/prod-4o", ("azure", "gpt-4o")),
        ({"prod-4o": "gpt-4o"}, "azure", "acme-eu/prod-4o", ("azure", "gpt-4o")),
        ({"acme-eu/prod-4o": "gpt-4.1"}, "azure", "acme-eu/prod-4o", ("azure", "gpt-4.1")),
        ({"acme-eu/prod-4o": "gpt-4.1"}, "azure", "prod-4o", ("azure", "gpt-4.1")),
        ({"eu/chat": "gpt-4.1", "us/chat": "gpt-4o"}, "azure", "chat", None),
        ({"prod-4o": "openai/gpt-4o"}, "azure", "prod-4o", ("azure", "gpt-4o")),
        ({"gpt-4o": "gpt-4o-mini"}, "azure", "gpt-4o", ("azure", "gpt-4o-mini")),
        ({"gpt-4o": "gpt-4o"}, "azure", "gpt-4o", ("azure", "gpt-4o")),
        ({"gpt-4o": "openai/gpt-4o"}, "azure", "gpt-4o", ("azure", "gpt-4o")),
        ({"prod-4o": "gpt-4o"}, "azure", "prod-4o-mini", None),
        ({PROFILE: "us.amazon.nova-pro-v1:0"}, None, PROFILE, ("aws", NOVA)),
        ({"application-inference-profile/abc123": NOVA}, "aws", PROFILE, ("aws", NOVA)),
        ({"abc123": NOVA}, "aws", PROFILE, ("aws", NOVA)),
        ({"abc123": NOVA}, "aws", "abc123", ("aws", NOVA)),
        ({"123": "gemini-2.5-pro"}, "google", "projects/p/locations/l/endpoints/123", ("google", "gemini-2.5-pro")),
        ({"fast": "openai/gpt-4o-mini"}, None, "fast", ("openai", "gpt-4o-mini")),
        ({"fast": "kimi-k2.6"}, "litellm", "fast", ("moonshotai", "kimi-k2.6")),
    ],
)  # fmt: skip
def test_the_settings_say_what_a_deployment_serves(
    deployments: dict[str, str], provider: str | None, model: str, expected: tuple[str, str] | None
) -> None:
    assert listed(provider, model, deployments) == expected
    names = candidates(provider, model, deployments)
    assert (names[0].model, names[0].why) == (model, LOGGED)
    assert len(set(pairs(provider, model, deployments))) == len(names)


def test_a_deployment_named_like_a_model_is_not_priced_as_that_model() -> None:
    first, second, *_ = candidates("azure", "gpt-4o", {"gpt-4o": "gpt-4.1"})
    assert not first.listed
    assert (second.model, second.why) == ("gpt-4.1", "the settings say what 'gpt-4o' serves")


@pytest.mark.parametrize(
    ("provider", "model", "within"),
    [
        ("volcengine", "doubao-1-5-pro-32k-250115", ("volcengine", "doubao-1-5-pro-32k")),
        (None, "Doubao-pro-32k", ("volcengine", "doubao-pro-32k")),
        (None, "qwen-plus-latest", ("dashscope", "qwen-plus-latest")),
        ("openai", "qwen-max", ("dashscope", "qwen-max")),
        (None, "ernie-4.0-8k", ("qianfan", "ernie-4.0-8k")),
        (None, "hunyuan-turbos-latest", ("hunyuan", "hunyuan-turbos-latest")),
        (None, "step-2-16k", ("stepfun", "step-2-16k")),
        (None, "Baichuan4-Turbo", ("baichuan", "Baichuan4-Turbo")),
        ("通义千问", "Qwen/Qwen3-32B", ("dashscope", "qwen3-32b")),
        ("dashscope", "qwen-plus-2025-07-28", ("dashscope", "qwen-plus")),
    ],
)
def test_a_name_is_looked_up_on_the_lists_of_our_own(provider: str | None, model: str, within: tuple[str, str]) -> None:
    assert within in pairs(provider, model)


def test_an_open_model_that_nobody_is_said_to_bill_is_tried_at_its_makers_last() -> None:
    last = candidates(None, "Qwen/Qwen3-32B")[-1]
    assert (last.provider, last.model, last.why) == ("dashscope", "qwen3-32b", NOBODY_SAYS)
    assert [name.provider for name in candidates(None, "glm-4.6")] == [None, "zhipuai"]
    assert [name.provider for name in candidates(None, "kimi-k2.6")] == [None, "moonshotai"]


@pytest.mark.parametrize("provider", ["openai", "vllm", "ollama", "siliconflow", "acme", "together"])
def test_an_open_model_of_a_host_or_of_ones_own_is_never_its_makers(provider: str) -> None:
    for model in ("qwen3-32b", "glm-4.6", "kimi-k2.6", "deepseek-r1", "mistral-7b"):
        assert {name.provider for name in candidates(provider, model)} == {provider}


def test_a_name_without_its_date_is_tried_last_and_says_so() -> None:
    *exact, _, undated = candidates("openai", "openai/gpt-4.1-2026-01-01")
    assert [name.model for name in exact] == ["openai/gpt-4.1-2026-01-01", "gpt-4.1-2026-01-01"]
    assert undated.model == "gpt-4.1"
    assert undated.why == "without 'openai/'; without the date of the version"


@pytest.mark.parametrize("model", ["gpt-4-0613", "gpt-35-turbo-0613", "mistral-large-2407", "kimi-k2-0711-preview"])
def test_a_short_date_makes_a_model_of_its_own(model: str) -> None:
    assert all(re.search("-[0-9]{4}", name.model) for name in candidates("azure", model))


@pytest.mark.parametrize(
    "model", ["ft:gpt-4.1-2025-04-14:acme::b2", "ft:gpt-4-0613:acme::c3", "ft:o4-mini-2025-04-16:a::b"]
)
def test_a_fine_tune_is_never_its_base(model: str) -> None:
    assert all(name.model.startswith("ft:") for name in candidates("openai", model))
    assert listed("openai", model) is None


@pytest.mark.parametrize("model", ["deepseek/deepseek-r1-0528:free", "x-ai/grok-4.1-fast:free", "qwen/qwen3-32b:free"])
def test_what_is_free_is_never_the_paid_model(model: str) -> None:
    assert all(name.model.endswith(":free") for name in candidates("openrouter", model))


@pytest.mark.parametrize("model", ["claude-sonnet-4-5-20250929-v1:0", "claude-opus-4-8", "claude-opus-5-5"])
def test_a_global_profile_costs_less_than_one_of_a_region(model: str) -> None:
    prices: dict[str, Decimal] = {}
    for geography in ("global.", "us.", "eu.", "jp.", ""):
        answer = found("aws", f"{geography}anthropic.{model}")
        assert answer
        price = answer[1].model_price.input_mtok
        assert isinstance(price, Decimal)
        prices[geography] = price
    cheaper = prices.pop("global.")
    assert {price / cheaper for price in prices.values()} == {Decimal("1.1")}


def test_where_a_region_is_told_it_goes_along() -> None:
    arn = "arn:aws:bedrock:eu-central-1::foundation-model/anthropic.claude-sonnet-4-20250514-v1:0"
    assert candidates(None, arn)[1].region == "eu-central-1"
    path = "projects/p/locations/europe-west1/publishers/anthropic/models/claude-opus-4-5@20251101"
    assert candidates("google", path)[1].region == "europe-west1"


KNOWN = ["gpt-4o", "gpt-4o-mini", "gpt-4.1", "claude-sonnet-4-5", "claude-opus-4-5", "openai/gpt-4o", "qwen-max"]


def test_the_nearest_names_come_first_and_always_in_one_order() -> None:
    assert nearest("gpt4o-mni", KNOWN, 2) == ["gpt-4o-mini", "gpt-4o"]
    assert (
        nearest("azure/GPT-4O", KNOWN)
        == nearest("azure/GPT-4O", reversed(KNOWN))
        == [
            "gpt-4o",
            "openai/gpt-4o",
            "gpt-4.1",
            "gpt-4o-mini",
        ]
    )
    assert nearest("claude-sonet-45", KNOWN, 1) == ["claude-sonnet-4-5"]
    assert nearest("zzz", KNOWN) == []
    assert nearest("gpt-4o", []) == []
