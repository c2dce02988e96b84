"""Who a provider's name means, and that what providers.toml and names.toml hold fits together."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from genai_prices.data import providers as listed_providers

from audit import pricing
from audit.pricing import providers
from audit.pricing.names import candidates
from tests.pricing.logged import LOGS, listed

FOLDER = Path(pricing.__file__).parent

NAMES = {
    "openai": ["OpenAI", "openai.chat", "openai.responses", "text-completion-openai", "OPENAI"],
    "anthropic": ["Anthropic", "anthropic.messages", "claude", "Anthropic Claude"],
    "azure": ["azure.ai.openai", "az.ai.openai", "azure.ai.inference", "azure_ai", "Azure OpenAI", "azure-openai"],
    "aws": ["aws.bedrock", "aws_bedrock", "bedrock_converse", "amazon-bedrock", "Amazon Bedrock", "amazon", "AWS"],
    "google": [
        "gcp.gemini", "gcp.vertex_ai", "gcp.gen_ai", "vertex_ai", "vertex-ai", "gemini", "google-gla", "google_genai",
        "google.generative-ai", "google.vertex.anthropic.messages", "Google Gemini", "VertexAI",
    ],
    "x-ai": ["x_ai", "xai", "X", "xAI", "xai.chat"],
    "mistral": ["mistral_ai", "MistralAI", "mistral-ai", "mistralai", "Mistral AI", "codestral"],
    "moonshotai": ["moonshot_ai", "moonshot", "Moonshot AI", "kimi", "月之暗面"],
    "perplexity": ["perplexity-ai", "Perplexity"],
    "together": ["together_ai", "together-ai", "TogetherAI", "together.ai"],
    "fireworks": ["fireworks_ai", "fireworks-ai", "FireWorks"],
    "cloudflare": ["workers-ai", "Cloudflare"],
    "voyageai": ["voyage", "voyage_ai"],
    "watsonx": ["ibm.watsonx.ai", "watsonx"],
    "dashscope": ["qwen", "aliyun", "bailian", "通义千问", "阿里云百炼", "阿里通义千问", "tongyi", "qwen_ai_platform"],
    "volcengine": ["豆包", "火山方舟", "火山方舟(豆包)", "字节跳动豆包", "doubao", "ark", "VolcEngine"],
    "qianfan": ["文心一言", "千帆", "百度文心千帆", "baidu", "ernie", "wenxin"],
    "hunyuan": ["混元", "腾讯混元", "tencent"],
    "zhipuai": ["智谱", "智谱 ChatGLM", "zhipu", "bigmodel", "ZhipuAI", "z.ai", "zai"],
    "deepseek": ["深度求索", "DeepSeek", "deepseek.chat"],
    "minimax": ["稀宇", "MiniMax"],
    "stepfun": ["阶跃星辰", "StepFun"],
    "baichuan": ["百川", "百川大模型", "Baichuan"],
    "siliconflow": ["硅基流动", "SiliconCloud"],
    "vllm": ["hosted_vllm", "vLLM"],
    "acme-proxy": ["Acme-Proxy "],
}  # fmt: skip


@pytest.mark.parametrize(("id_", "name"), [(id_, name) for id_, names in NAMES.items() for name in names])
def test_a_provider_has_one_id_by_whatever_name_it_goes(id_: str, name: str) -> None:
    assert candidates(name, "m")[0].provider == id_


@pytest.mark.parametrize(
    "name", ["litellm_proxy", "Portkey", "one-api", "New API", "custom", "unknown", "", None, "代理"]
)
def test_a_gateway_bills_nothing_itself(name: str | None) -> None:
    assert candidates(name, "gpt-4o")[0].provider is None
    assert listed(name, "gpt-4o") == ("openai", "gpt-4o")


@pytest.mark.parametrize("name", ["my-openai-proxy", "not-anthropic", "gemini-relay", "acme"])
def test_a_provider_that_nobody_knows_is_not_guessed_from_a_part_of_its_name(name: str) -> None:
    assert listed(name, "gpt-4o") is listed(name, "claude-sonnet-4-5") is listed(name, "gemini-2.5-flash") is None


@pytest.mark.parametrize(
    ("name", "id_"),
    [("z.ai", "zhipuai"), ("kimi-intl", "moonshotai"), ("dashscope-intl", "dashscope"), ("qwencloud", "dashscope")],
)
def test_an_international_site_has_prices_of_its_own(name: str, id_: str) -> None:
    first = candidates(name, "m")[0]
    assert (first.provider, first.region) == (id_, "intl")


def test_genai_prices_has_the_international_glm_under_another_name_and_never_answers_with_the_chinese_one() -> None:
    names = candidates("z.ai", "GLM-4.7")
    assert [(name.provider, name.model, name.region, name.listed) for name in names] == [
        ("zhipuai", "GLM-4.7", "intl", False),
        ("zhipuai", "glm-4.7", "intl", False),
        ("zai", "GLM-4.7", None, True),
        ("zai", "glm-4.7", None, True),
    ]


def test_a_name_is_one_providers() -> None:
    owners: dict[str, set[tuple[str, str | None]]] = {}
    for who in providers.all_providers():
        for name in (*(() if who.region else (who.id,)), *who.names, *who.orgs):
            owners.setdefault(providers.folded(name), set()).add((who.id, who.region))
    assert {name: ids for name, ids in owners.items() if len(ids) > 1} == {}


def test_every_provider_of_genai_prices_is_known_by_its_id() -> None:
    strange = {provider.id for provider in listed_providers if candidates(provider.id, "m")[0].provider != provider.id}
    assert strange == {"zai"}


def test_patterns_of_models_are_in_lower_case() -> None:
    patterns = [pattern for who in providers.all_providers() for pattern in (*who.own, *who.open)]
    assert [pattern for pattern in patterns if pattern != pattern.lower()] == []


def test_no_two_own_the_same_name() -> None:
    owned = [pattern for who in providers.all_providers() for pattern in who.own]
    assert len(owned) == len(set(owned))


@pytest.mark.parametrize("key", ["spelling", "unlike"])
def test_every_row_says_why_and_names_providers_that_exist(key: str) -> None:
    ids = {name for who in providers.all_providers() for name in (who.id, who.also)}
    for row in tomllib.loads((FOLDER / "names.toml").read_text(encoding="utf-8"))[key]:
        assert row["why"]
        assert set(row["provider"]) <= ids | {"*"}


def test_every_spelling_is_one_that_a_log_of_the_table_has() -> None:
    told = {
        part for provider, model, _ in LOGS for name in candidates(provider, model) for part in name.why.split("; ")
    }
    rows = tomllib.loads((FOLDER / "names.toml").read_text(encoding="utf-8"))["spelling"]
    assert {row["why"] for row in rows} <= told
