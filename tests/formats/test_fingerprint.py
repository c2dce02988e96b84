"""The same request is the same words, asked in the same way; who pays and how it is delivered make no other."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from audit import places
from tests.ingest.shop import Shop

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WORDS = [{"role": "user", "content": "How tall is it?"}]
CUT = "data:image/jpeg;base64,[base64_data truncated: 1.25MB]"
TOOL = {"type": "function", "function": {"name": "measure"}}
USAGE = {"prompt_tokens": 10, "completion_tokens": 1, "total_tokens": 11}


@dataclass(frozen=True)
class Interface:
    """A plain request; ``asked``: what makes another of it; ``carried``: what does not; ``moving``: what has no answer
    that would hold for long."""

    plain: dict[str, Any]
    asked: tuple[dict[str, Any], ...]
    carried: tuple[dict[str, Any], ...] = ()
    moving: tuple[dict[str, Any], ...] = ()


CHAT = Interface(
    {"model": "gpt-5", "messages": WORDS},
    asked=(
        {"messages": [{"role": "user", "content": "How wide is it?"}]},
        {"tools": [TOOL]},
        {"tools": [TOOL], "tool_choice": "required"},
        {"response_format": {"type": "json_object"}},
        {"temperature": 0.7},
        {"top_p": 0.5},
        {"seed": 1},
        {"seed": 2},
        {"n": 3},
        {"stop": ["."]},
        {"reasoning_effort": "low"},
        {"reasoning_effort": "high"},
        {"verbosity": "low"},
        {"logit_bias": {"50256": -100}},
        {"presence_penalty": 0.5},
        {"frequency_penalty": 0.5},
        {"modalities": ["text", "audio"]},
        {"thinking": {"type": "enabled", "budget_tokens": 1024}},
        {"a_parameter_of_tomorrow": True},
        {"extra_body": {"top_k": 5}},
        {"tools": [{"type": "function", "function": {"name": "web_search"}}]},
        {
            "tools": [
                {"type": "function", "function": {"name": "f", "parameters": {"properties": {"google_search": {}}}}}
            ]
        },
    ),
    carried=(
        {"max_tokens": 99},
        {"max_completion_tokens": 99},
        {"stream": True, "stream_options": {"include_usage": True}},
        {"user": "u-2"},
        {"metadata": {"run": "17"}},
        {"service_tier": "flex"},
        {"prompt_cache_key": "shop"},
        {"store": True},
        {"extra_body": {"metadata": {"run": "17"}, "user": "u-2"}},
        {"request_id": "r-17"},
    ),
    moving=(
        {"web_search_options": {}},
        {"search_parameters": {"mode": "on"}},
        {"data_sources": [{"type": "azure_search", "parameters": {"index_name": "shop"}}]},
        {"tools": [{"type": "web_search", "search_context_size": "low"}]},
        {"tools": [TOOL, {"type": "openrouter:web_search"}]},
        {"tools": [{"type": "builtin_function", "function": {"name": "$web_search"}}]},
        {"plugins": [{"id": "web"}]},
        {"enable_search": True},
        {"tools": [TOOL], "extra_body": {"enable_search": True}},
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": CUT}}]}]},
    ),
)
MESSAGES = Interface(
    {"model": "claude-sonnet-4-5", "max_tokens": 400, "messages": WORDS},
    asked=(
        {"system": "Be brief."},
        {"tools": [{"name": "measure", "input_schema": {"type": "object"}}]},
        {"tool_choice": {"type": "any"}},
        {"temperature": 0.7},
        {"top_p": 0.5},
        {"top_k": 5},
        {"stop_sequences": ["."]},
        {"thinking": {"type": "enabled", "budget_tokens": 1024}},
        {"thinking": {"type": "enabled", "budget_tokens": 4096}},
        {"output_config": {"effort": "low"}},
        {"output_format": {"type": "json_schema", "schema": {"type": "object"}}},
    ),
    carried=({"max_tokens": 99}, {"stream": True}, {"metadata": {"user_id": "u-2"}}, {"service_tier": "auto"}),
    moving=(
        {"tools": [{"type": "web_search_20250305", "name": "web_search"}]},
        {"tools": [{"type": "web_fetch_20250910", "name": "web_fetch"}]},
        {"tools": [{"type": "code_execution_20250825", "name": "code_execution"}]},
        {"mcp_servers": [{"type": "url", "url": "https://mcp.example.com", "name": "shop"}]},
    ),
)
RESPONSES = Interface(
    {"model": "gpt-5", "input": "How tall is it?"},
    asked=(
        {"input": "How wide is it?"},
        {"instructions": "Be brief."},
        {"reasoning": {"effort": "low"}},
        {"reasoning": {"effort": "high"}},
        {"tools": [{"type": "function", "name": "measure"}]},
        {"tool_choice": "required"},
        {"previous_response_id": "resp_0"},
        {"prompt": {"id": "pmpt_1", "variables": {"city": "Turin"}}},
        {"prompt": {"id": "pmpt_1", "variables": {"city": "Bonn"}}},
        {"text": {"format": {"type": "json_object"}}},
        {"text": {"verbosity": "low"}},
        {"temperature": 0.7},
        {"top_p": 0.5},
    ),
    carried=({"max_output_tokens": 99}, {"stream": True}, {"user": "u-2"}, {"store": False}, {"background": True}),
    moving=(
        {"tools": [{"type": "web_search"}]},
        {"tools": [{"type": "web_search_preview_2025_03_11"}]},
        {"tools": [{"type": "file_search", "vector_store_ids": ["vs_1"]}]},
        {"tools": [{"type": "mcp", "server_label": "shop"}]},
        {"conversation": "conv_1"},
        {"conversation": {"id": "conv_1"}},
    ),
)
GEMINI = Interface(
    {"contents": [{"role": "user", "parts": [{"text": "How tall is it?"}]}]},
    asked=(
        {"contents": [{"role": "user", "parts": [{"text": "How wide is it?"}]}]},
        {"systemInstruction": {"parts": [{"text": "Be brief."}]}},
        {"tools": [{"functionDeclarations": [{"name": "measure"}]}]},
        {"toolConfig": {"functionCallingConfig": {"mode": "ANY"}}},
        {"generationConfig": {"temperature": 0.7}},
        {"generationConfig": {"topP": 0.5}},
        {"generationConfig": {"topK": 5}},
        {"generationConfig": {"seed": 1}},
        {"generationConfig": {"candidateCount": 3}},
        {"generationConfig": {"thinkingConfig": {"thinkingBudget": 1024}}},
        {"generationConfig": {"responseSchema": {"type": "OBJECT"}}},
        {"generationConfig": {"stopSequences": ["."]}},
        {"safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}]},
        {"cachedContent": "projects/shop/cachedContents/1"},
    ),
    carried=({"generationConfig": {"maxOutputTokens": 99}}, {"labels": {"run": "17"}}),
    moving=(
        {"tools": [{"googleSearch": {}}]},
        {"tools": [{"google_search_retrieval": {"dynamic_retrieval_config": {"mode": "MODE_DYNAMIC"}}}]},
        {"tools": [{"functionDeclarations": [{"name": "measure"}]}, {"urlContext": {}}]},
        {"tools": [{"functionDeclarations": [{"name": "measure"}], "codeExecution": {}}]},
        {"tools": [{"retrieval": {"vertexRagStore": {"ragResources": [{"ragCorpus": "shop"}]}}}]},
    ),
)
CONVERSE = Interface(
    {"messages": [{"role": "user", "content": [{"text": "How tall is it?"}]}]},
    asked=(
        {"system": [{"text": "Be brief."}]},
        {"toolConfig": {"tools": [{"toolSpec": {"name": "measure"}}]}},
        {"inferenceConfig": {"temperature": 0.7}},
        {"inferenceConfig": {"topP": 0.5}},
        {"inferenceConfig": {"stopSequences": ["."]}},
        {"additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 1024}}},
        {"additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 4096}}},
        {"guardrailConfig": {"guardrailIdentifier": "g-1", "guardrailVersion": "1"}},
    ),
    carried=(
        {"inferenceConfig": {"maxTokens": 99}},
        {"requestMetadata": {"run": "17"}},
        {"serviceTier": {"type": "flex"}},
        {"performanceConfig": {"latency": "optimized"}},
    ),
    moving=({"toolConfig": {"tools": [{"systemTool": {"name": "nova_grounding"}}]}},),
)
EMBED = Interface(
    {"model": "embed-v4.0", "texts": ["How tall is it?"], "input_type": "search_document"},
    asked=(
        {"texts": ["How wide is it?"]},
        {"input_type": "search_query"},
        {"output_dimension": 256},
        {"embedding_types": ["int8"]},
        {"truncate": "NONE"},
    ),
)
EMBEDDINGS = Interface(
    {"model": "text-embedding-3-large", "input": ["How tall is it?"]},
    asked=({"input": ["How wide is it?"]}, {"dimensions": 256}, {"encoding_format": "base64"}),
    carried=({"user": "u-2"},),
)
SAMPLING = Interface(
    {"temperature": 0.7},
    asked=({"temperature": 0.8}, {"top_p": 0.5}, {"json_schema": "{}"}, {"sampling_seed": 1}, {"n": 3}),
    carried=({"max_new_tokens": 99},),
)
SPAN = Interface(
    {"gen_ai.request.model": "gpt-5", "gen_ai.input.messages": json.dumps(WORDS)},
    asked=(
        {"gen_ai.request.temperature": 0.7},
        {"gen_ai.request.top_p": 0.5},
        {"gen_ai.request.seed": 1},
        {"gen_ai.request.choice.count": 3},
        {"gen_ai.request.stop_sequences": "."},
        {"gen_ai.output.type": "json"},
        {"gen_ai.tool.definitions": json.dumps([TOOL])},
        {"gen_ai.openai.request.seed": 1},
        {"llm.invocation_parameters": '{"reasoning_effort": "low"}'},
        {"llm.invocation_parameters": '{"reasoning_effort": "high"}'},
        {"llm.request.functions.0.name": "measure"},
        {"ai.settings.temperature": 0.7},
        {"model_request_parameters": '{"output_mode": "text"}'},
        {"azure.ai.inference.request.seed": 1},
        {"llm.temperature": 0.7},
    ),
    carried=(
        {"gen_ai.request.max_tokens": 99},
        {"gen_ai.request.stream": "true"},
        {"openai.request.service_tier": "flex"},
        {"llm.invocation_parameters": '{"max_tokens": 99}'},
        {"llm.token_count.prompt": 1000},
        {"ai.settings.maxRetries": 2},
        {"gen_ai.output.messages": '[{"role": "assistant"}]'},
        {"request_id": "r-17"},
        {"gen_ai.request.id": "r-17"},
    ),
    moving=(
        {"llm.invocation_parameters": '{"web_search_options": {}}', "gen_ai.request.temperature": 0.7},
        {"llm.tools.0.tool.json_schema": '{"type": "web_search"}'},
        {"model_request_parameters": '{"builtin_tools": [{"kind": "web_search"}]}'},
        {"gen_ai.data_source.id": "shop"},
        {"gen_ai.input.messages": '[{"role": "user", "content": "How ta'},
    ),
)


def openai_chat(record: dict[str, Any], at: str, request: dict[str, Any]) -> dict[str, Any]:
    return {"started_at": "2026-10-05T10:00:00Z", "request": request, "response": record | {"id": at}}


def embeddings(_: dict[str, Any], at: str, request: dict[str, Any]) -> dict[str, Any]:
    answer = {"object": "list", "data": [], "model": request["model"], "usage": {"prompt_tokens": 10}}
    return {"request_id": at, "started_at": "2026-10-05T10:00:00Z", "request": request, "response": answer}


def anthropic(record: dict[str, Any], at: str, request: dict[str, Any]) -> dict[str, Any]:
    answer = {key: record[key] for key in ("type", "role", "model", "content", "stop_reason", "usage")}
    return {"started_at": "2026-10-05T10:00:00Z", "request": request, "response": answer | {"id": at}}


def vertex(record: dict[str, Any], at: str, request: dict[str, Any]) -> dict[str, Any]:
    return record | {
        "request_id": at,
        "full_request": request,
        "full_response": record["full_response"] | {"responseId": at},
    }


def bedrock(record: dict[str, Any], at: str, request: dict[str, Any]) -> dict[str, Any]:
    return record | {"requestId": at, "input": record["input"] | {"inputBodyJson": request}}


def cohere(_: dict[str, Any], at: str, request: dict[str, Any]) -> dict[str, Any]:
    answer = {"id": at, "embeddings": {"float": []}, "meta": {"billed_units": {"input_tokens": 5}}}
    return {"timestamp": "2026-10-05T10:00:00Z", "request": request, "response": answer}


def litellm(_: dict[str, Any], at: str, request: dict[str, Any]) -> dict[str, Any]:
    asked = {key: value for key, value in request.items() if key not in ("model", "messages")}
    return {
        "id": at, "call_type": "acompletion", "startTime": 1791190800.0, "status": "success", "response_cost": 0.01,
        "model": request["model"], "messages": request["messages"], "model_parameters": asked,
    } | USAGE  # fmt: skip


def spend_logs(record: dict[str, Any], at: str, request: dict[str, Any]) -> dict[str, Any]:
    return record | {"request_id": at, "litellm_call_id": at, "proxy_server_request": json.dumps(request)}


def helicone(record: dict[str, Any], at: str, request: dict[str, Any]) -> dict[str, Any]:
    answer = record["response_body"] | {"id": at}
    return record | {"request_id": at, "response_id": at, "request_body": request, "response_body": answer}


def portkey(record: dict[str, Any], at: str, request: dict[str, Any]) -> dict[str, Any]:
    return record | {"id": at, "request": request, "response": {"id": at, "usage": USAGE}}


def kong(record: dict[str, Any], at: str, request: dict[str, Any]) -> dict[str, Any]:
    proxy = record["ai"]["proxy"] | {"payload": {"request": json.dumps(request)}}
    return record | {"request": record["request"] | {"id": at}, "ai": {"proxy": proxy}}


def azure_apim(_: dict[str, Any], at: str, request: dict[str, Any]) -> dict[str, Any]:
    answer = {"choices": [{"finish_reason": "stop"}], "id": at, "model": "gpt-5", "usage": USAGE}
    told = {
        "apiId": "azure-openai",
        "backendRequestBody": json.dumps(request),
        "backendResponseBody": json.dumps(answer),
        "backendUrl": "https://a.openai.azure.com/openai/deployments/shop/chat/completions",
        "responseCode": 200,
    }
    row = {"category": "GatewayLogs", "durationMs": 176, "isRequestSuccess": True, "time": "2026-10-05T10:00:00Z"}
    return row | {"correlationId": at, "properties": told}


def langfuse(record: dict[str, Any], at: str, request: dict[str, Any]) -> dict[str, Any]:
    said = {key: request[key] for key in ("messages", "tools") if key in request}
    asked = {key: value for key, value in request.items() if key not in ("model", *said)}
    return record | {"id": at, "input": said, "modelParameters": asked}


def sglang(record: dict[str, Any], at: str, request: dict[str, Any]) -> dict[str, Any]:
    return record | {"rid": at, "obj": {"rid": at, "text": "How tall is it?", "sampling_params": request}}


def otel(record: dict[str, Any], at: str, request: dict[str, Any]) -> dict[str, Any]:
    resource = record["resourceSpans"][0]
    span = resource["scopeSpans"][0]["spans"][0]
    asked = [
        pair for pair in span["attributes"] if not pair["key"].startswith(("gen_ai.request", "gen_ai.response.id"))
    ]
    asked += [
        {"key": key, "value": {"stringValue" if isinstance(value, str) else "doubleValue": value}}
        for key, value in request.items()
    ]
    spans = [span | {"spanId": at.rpartition("-")[2].rjust(16, "0"), "attributes": asked}]
    return {"resourceSpans": [resource | {"scopeSpans": [resource["scopeSpans"][0] | {"spans": spans}]}]}


LOGS: list[tuple[str, Callable[[dict[str, Any], str, dict[str, Any]], dict[str, Any]], Interface]] = [
    ("openai_chat", openai_chat, CHAT),
    ("openai_chat", embeddings, EMBEDDINGS),
    ("anthropic_messages", anthropic, MESSAGES),
    ("openai_responses", openai_chat, RESPONSES),
    ("vertex", vertex, GEMINI),
    ("bedrock", bedrock, CONVERSE),
    ("bedrock", bedrock, MESSAGES),
    ("cohere", cohere, EMBED),
    ("litellm", litellm, CHAT),
    ("litellm_spend_logs", spend_logs, CHAT),
    ("litellm_spend_logs", spend_logs, MESSAGES),
    ("helicone", helicone, CHAT),
    ("helicone", helicone, GEMINI),
    ("portkey", portkey, CHAT),
    ("portkey", portkey, RESPONSES),
    ("kong", kong, CHAT),
    ("kong", kong, MESSAGES),
    ("azure_apim", azure_apim, CHAT),
    ("langfuse", langfuse, CHAT),
    ("sglang", sglang, SAMPLING),
    ("otel_genai", otel, SPAN),
]


def fingerprints(shop: Shop, form: str, built: list[dict[str, Any]]) -> list[Any]:
    receipt = shop.read("".join(json.dumps(record) + "\n" for record in built).encode())
    found = [value for (value,) in shop.rows("SELECT prompt_hash FROM store.calls ORDER BY call_id")]
    assert (receipt.format, len(found)) == (form, len(built))
    return found


def plain_record(form: str) -> dict[str, Any]:
    cases = (places.formats() / f"{form}.yml").read_text(encoding="utf-8")
    record: dict[str, Any] = yaml.safe_load(cases).get("record", {})
    return record


@pytest.mark.parametrize(
    ("form", "build", "interface"), LOGS, ids=[f"{form}-{at}" for at, (form, _, _) in enumerate(LOGS)]
)
def test_a_request_that_differs_in_what_makes_the_answer_is_another_one(
    tmp_path: Path, form: str, build: Callable[..., dict[str, Any]], interface: Interface
) -> None:
    parts = (({}, *interface.asked), ({}, *interface.carried), interface.moving)
    requests = [interface.plain | more for part in parts for more in part]
    record = plain_record(form)
    found = fingerprints(
        Shop(tmp_path), form, [build(record, f"call-{at:03}", request) for at, request in enumerate(requests)]
    )
    asked = found[: len(parts[0])]
    assert None not in asked
    assert {parts[0].count(more) for more in parts[0]} == {1}
    assert [more for more, one in zip(parts[0], asked, strict=True) if asked.count(one) > 1] == []
    carried = found[len(asked) : len(asked) + len(parts[1])]
    assert [more for more, one in zip(parts[1], carried, strict=True) if one != asked[0]] == []
    moving = found[len(asked) + len(carried) :]
    assert [more for more, one in zip(parts[2], moving, strict=True) if one is not None] == []


@pytest.mark.parametrize(
    ("form", "build", "request_of"),
    [
        ("openai_chat", openai_chat, CHAT.plain | {"max_completion_tokens": 99}),
        ("portkey", portkey, GEMINI.plain | {"generationConfig": {"maxOutputTokens": 99}}),
        ("portkey", portkey, RESPONSES.plain | {"max_output_tokens": 99}),
        ("helicone", helicone, GEMINI.plain | {"generationConfig": {"maxOutputTokens": 99}}),
        ("helicone", helicone, RESPONSES.plain | {"max_output_tokens": 99}),
        ("kong", kong, CONVERSE.plain | {"inferenceConfig": {"maxTokens": 99}}),
        ("kong", kong, GEMINI.plain | {"generationConfig": {"maxOutputTokens": 99}}),
        ("litellm_spend_logs", spend_logs, RESPONSES.plain | {"max_output_tokens": 99}),
        ("langfuse", langfuse, CHAT.plain | {"max_output_tokens": 99}),
        ("azure_apim", azure_apim, CHAT.plain | {"max_completion_tokens": 99}),
        ("bedrock", bedrock, CHAT.plain | {"max_completion_tokens": 99}),
        ("vertex", vertex, GEMINI.plain | {"generationConfig": {"maxOutputTokens": 99}}),
        ("sglang", sglang, SAMPLING.plain | {"max_new_tokens": 99}),
        ("otel_genai", otel, SPAN.plain | {"llm.invocation_parameters": '{"max_tokens": 99}'}),
        ("otel_genai", otel, SPAN.plain | {"ai.settings.maxOutputTokens": 99}),
    ],
)
def test_a_cap_that_is_no_part_of_the_request_is_a_column_of_its_own(
    tmp_path: Path, form: str, build: Callable[..., dict[str, Any]], request_of: dict[str, Any]
) -> None:
    shop = Shop(tmp_path)
    shop.read(json.dumps(build(plain_record(form), "call-1", request_of)).encode() + b"\n")
    assert shop.rows("SELECT max_output_tokens FROM store.calls") == [(99,)]


@pytest.mark.parametrize("part", ["image_data", "session_params"])
def test_what_a_log_does_not_hold_as_a_whole_has_no_fingerprint(tmp_path: Path, part: str) -> None:
    record = sglang(plain_record("sglang"), "call-1", SAMPLING.plain)
    record["obj"][part] = {"id": "s-1", "rid": "r-0"} if part == "session_params" else ["https://example.com/a.png"]
    assert fingerprints(Shop(tmp_path), "sglang", [record]) == [None]


def test_a_body_that_was_cut_gives_no_fingerprint(tmp_path: Path) -> None:
    record = azure_apim({}, "call-1", CHAT.plain)
    body = record["properties"]["backendRequestBody"]
    whole = {"CorrelationId": "call-1", "PromptTokens": 5, "CompletionTokens": 1, "ModelName": "gpt-5"}
    whole |= {"Type": "ApiManagementGatewayLlmLog", "TimeGenerated": "2026-10-05T10:00:00Z"}
    told = whole | {"RequestMessages": json.dumps(WORDS), "BackendRequestBody": body}
    (known,) = fingerprints(Shop(tmp_path), "azure_apim", [told])
    assert known is not None
    (tmp_path / "cut").mkdir()
    assert fingerprints(Shop(tmp_path / "cut"), "azure_apim", [told | {"BackendRequestBody": body[:40]}]) == [None]


def test_without_words_there_is_no_fingerprint(tmp_path: Path) -> None:
    asked = CHAT.plain | {"messages": None, "temperature": 0.7}
    assert fingerprints(Shop(tmp_path), "litellm", [litellm({}, "call-1", asked)]) == [None]
