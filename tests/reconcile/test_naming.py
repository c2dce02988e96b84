"""One name for what a bill and a log call differently."""

from __future__ import annotations

import pytest

from audit.reconcile.naming import biller, item, one_name


@pytest.mark.parametrize(
    ("provider", "model", "who"),
    [
        ("OpenAI", None, "openai"),
        ("bedrock", "anthropic.claude-sonnet-4-5-20250929-v1:0", "aws"),
        ("Amazon Web Services", None, "aws"),
        ("azure_openai", "my-deployment", "azure"),
        ("vertex_ai", "gemini-2.5-pro", "google"),
        (None, "gpt-4o", "openai"),
        (None, "claude-sonnet-4-5", "anthropic"),
        ("litellm", "openai/gpt-4o", "openai"),
        ("Some Vendor", "gpt-4o", "some_vendor"),
        (None, "my-own-7b", None),
        (None, None, None),
    ],
)
def test_who_bills_goes_by_one_name(provider: str | None, model: str | None, who: str | None) -> None:
    assert biller(provider, model) == who


@pytest.mark.parametrize(
    ("model", "line_item", "named", "part"),
    [
        (None, "gpt-4o-mini-2024-07-18, cached input", "gpt-4o-mini-2024-07-18", "cache_read"),
        (None, "GPT-4o mini, input", "GPT-4o mini", "input"),
        ("GPT-4o", "GPT-4o mini, output", "GPT-4o mini", "output"),
        (None, "Claude Sonnet 4.5 Usage - Input Tokens", "Claude Sonnet 4.5", "input"),
        (None, "priority | gpt-5.6-sol, output, long context", "gpt-5.6-sol", "output"),
        ("claude-sonnet-4-5", "input_cache_read, 0-200k", "claude-sonnet-4-5", "cache_read"),
        ("deepseek-chat", "Paid", "deepseek-chat", None),
        (None, "AI and Machine Learning / Azure OpenAI", None, None),
        (None, None, None, None),
    ],
)
def test_a_line_item_names_its_model_and_its_kind_of_token(
    model: str | None, line_item: str | None, named: str | None, part: str | None
) -> None:
    found = item(model, line_item)
    assert (found.model, found.part, found.fee, found.outside) == (named, part, None, False)


@pytest.mark.parametrize(
    "line_item", ["code interpreter sessions", "Vector storage", "web search tool calls", "Support plan", "VAT 6 %"]
)
def test_what_is_no_call_is_a_fee(line_item: str) -> None:
    assert item(None, line_item).fee == line_item


def test_a_clouds_other_service_is_outside() -> None:
    assert item(None, "Compute / Amazon EC2").outside
    assert not item(None, "AI and Machine Learning / Amazon Bedrock").outside


def names(billed: list[str], logged: list[str], who: str = "openai", **deployments: str) -> list[set[str]]:
    """The names that both go by."""
    return [set(side.values()) for side in one_name(billed, logged, who, deployments)]


def test_a_name_for_people_meets_the_snapshot_it_stands_for() -> None:
    assert names(["Claude Sonnet 4.5"], ["claude-sonnet-4-5-20250929"], "anthropic") == [
        {"claude-sonnet-4-5-20250929"},
        {"claude-sonnet-4-5-20250929"},
    ]


def test_snapshots_that_both_sides_write_stay_apart() -> None:
    both = ["gpt-4o-2024-05-13", "gpt-4o-2024-08-06"]
    assert names(both, both) == [set(both), set(both)]


def test_an_alias_on_one_side_brings_the_snapshots_together() -> None:
    assert names(["gpt-4o-2024-08-06", "gpt-4o-mini"], ["gpt-4o", "gpt-4o-2024-08-06", "gpt-4o-mini"]) == [
        {"gpt-4o", "gpt-4o-mini"},
        {"gpt-4o", "gpt-4o-mini"},
    ]


def test_a_snapshot_that_one_side_never_wrote_stays_a_stranger() -> None:
    bill, log = names(["gpt-4o-2024-05-13", "gpt-4o-2024-08-06"], ["gpt-4o-2024-08-06"])
    assert bill - log == {"gpt-4o-2024-05-13"}


def test_versions_are_no_snapshots() -> None:
    assert names(["deepseek-v3"], ["deepseek-v3.1"], "deepseek") == [{"deepseek-v3"}, {"deepseek-v3.1"}]


def test_a_deployment_is_the_model_that_it_serves() -> None:
    assert names(["gpt-4o"], ["chat-prod"], "azure", **{"chat-prod": "gpt-4o"}) == [{"gpt-4o"}, {"gpt-4o"}]
