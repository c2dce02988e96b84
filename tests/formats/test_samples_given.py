"""Samples that providers, collectors and observers gave: each is known, and read to the figures it states itself."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.ingest.shop import ABSENT, DATA, Shop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SAMPLES = DATA / "formats"
TRACES = sorted((SAMPLES / "langfuse").glob("*.trace.json"))
COLUMNS = (
    "call_id, response_id, source, model, service_tier, status, usage_quality, started_at, latency_ms, "
    "input_tokens, cache_read_tokens, output_tokens, reasoning_tokens, stated_cost"
)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def sample(name: str) -> Path:
    if not SAMPLES.is_dir():
        pytest.skip(ABSENT)
    return SAMPLES / name


def read(shop: Shop, name: str, form: str) -> list[dict[str, Any]]:
    """The calls of a sample, which must be known as a format's and give no rejects."""
    (receipt,) = shop.ingest(sample(name))
    assert (receipt.format, receipt.rejected) == (form, 0)
    rows = shop.rows(f"SELECT {COLUMNS} FROM store.calls ORDER BY started_at, call_id")
    assert receipt.calls == len(rows)
    return [dict(zip(COLUMNS.split(", "), row, strict=True)) for row in rows]


def added(calls: list[dict[str, Any]], *columns: str) -> int:
    return sum(call[column] or 0 for call in calls for column in columns)


def parsed(name: str) -> Any:
    return json.loads(sample(name).read_text(encoding="utf-8"), parse_float=Decimal)


def parsed_lines(name: str) -> list[Any]:
    return [json.loads(line) for line in sample(name).read_text(encoding="utf-8").splitlines()]


def instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)


def test_a_chat_completion(shop: Shop) -> None:
    body = parsed("openai/chat_completion_0.json")
    (call,) = read(shop, "openai/chat_completion_0.json", "openai_chat")
    assert call["call_id"] == call["response_id"] == body["id"]
    assert added([call], "input_tokens", "output_tokens") == body["usage"]["total_tokens"]
    assert call["cache_read_tokens"] == body["usage"]["prompt_tokens_details"]["cached_tokens"]
    assert (call["service_tier"], call["status"], call["model"]) == ("standard", "ok", body["model"])
    assert call["started_at"] == instant(body["created"])


def test_a_page_of_stored_completions(shop: Shop) -> None:
    bodies = parsed("openai/stored_completions_list_0.json")["data"]
    calls = read(shop, "openai/stored_completions_list_0.json", "openai_chat")
    assert [call["response_id"] for call in calls] == [body["id"] for body in bodies]
    assert added(calls, "input_tokens") == sum(body["usage"]["prompt_tokens"] for body in bodies)
    assert added(calls, "output_tokens") == sum(body["usage"]["completion_tokens"] for body in bodies)


def test_a_response(shop: Shop) -> None:
    body = parsed("openai/responses_0.json")
    (call,) = read(shop, "openai/responses_0.json", "openai_responses")
    assert (call["input_tokens"], call["output_tokens"]) == (
        body["usage"]["input_tokens"],
        body["usage"]["output_tokens"],
    )
    assert call["latency_ms"] == 1000 * (body["completed_at"] - body["created_at"])
    assert (call["call_id"], call["status"], call["started_at"]) == (body["id"], "ok", instant(body["created_at"]))


def test_a_batchs_output_of_three_lines_is_two_calls_though_all_share_a_custom_id(shop: Shop) -> None:
    lines = parsed_lines("batch/openai_batch_output.jsonl")
    bodies = [line["response"]["body"] for line in lines if line["response"]]
    calls = read(shop, "batch/openai_batch_output.jsonl", "openai_batch")
    assert len({line["custom_id"] for line in lines}) == 1
    assert {call["call_id"] for call in calls} == {line["id"] for line in lines if line["response"]}
    assert added(calls, "input_tokens", "output_tokens") == sum(body["usage"]["total_tokens"] for body in bodies)
    assert [(call["service_tier"], call["status"]) for call in calls] == [("batch", "ok")] * len(bodies)


@pytest.mark.parametrize("name", ["openai/batch_retrieve_0.json", "openai/batches_list_0.json"])
def test_what_is_no_log_of_calls_is_named_as_unread(shop: Shop, name: str) -> None:
    (receipt,) = shop.ingest(sample(name))
    assert (receipt.unread, receipt.calls) == (True, 0)
    assert "request_counts" in receipt.reason or "completed" in receipt.reason


def test_a_codex_sessions_calls_add_up_to_its_running_total(shop: Shop) -> None:
    counts = [
        line["payload"] for line in parsed_lines("claude_code/ccusage_codex.jsonl") if line["type"] == "event_msg"
    ]
    total = counts[-1]["info"]["total_token_usage"]
    calls = read(shop, "claude_code/ccusage_codex.jsonl", "codex")
    assert len(calls) == len(counts)
    assert added(calls, "input_tokens") == total["input_tokens"]
    assert added(calls, "cache_read_tokens") == total["cached_input_tokens"]
    assert added(calls, "output_tokens") == total["output_tokens"]
    assert added(calls, "reasoning_tokens") == total["reasoning_output_tokens"]
    assert [call["model"] for call in calls] == [count["info"]["model"] for count in counts]


def spans(name: str) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """The scope of each span, the span, and its attributes as plain values."""
    for resource in parsed(name)["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                pairs = {pair["key"]: next(iter(pair["value"].values())) for pair in span["attributes"]}
                yield scope["scope"]["name"], span, pairs


@pytest.mark.parametrize("name", ["otel_genai/otlp_spans_openllmetry.json", "otel_genai/otlp_spans_v2.json"])
def test_spans_of_models_calls(shop: Shop, name: str) -> None:
    told = [(scope, span, pairs) for scope, span, pairs in spans(name) if pairs.get("gen_ai.operation.name") == "chat"]
    calls = read(shop, name, "otel_genai")
    assert Counter(call["source"] for call in calls) == Counter(f"otel/{scope}" for scope, _, _ in told)
    assert {call["call_id"] for call in calls} == {f"{span['traceId']}/{span['spanId']}" for _, span, _ in told}
    for column, key in (
        ("input_tokens", "gen_ai.usage.input_tokens"),
        ("output_tokens", "gen_ai.usage.output_tokens"),
        ("cache_read_tokens", "gen_ai.usage.cache_read.input_tokens"),
        ("reasoning_tokens", "gen_ai.usage.reasoning_tokens"),
    ):
        assert added(calls, column) == sum(int(pairs.get(key, 0)) for _, _, pairs in told), column
    without = [pairs for _, _, pairs in told if "gen_ai.usage.input_tokens" not in pairs]
    assert sum(call["usage_quality"] == "missing" for call in calls) == len(without)
    assert sum(call["status"] == "error" for call in calls) == sum("error.type" in pairs for _, _, pairs in told)
    assert sum(call["status"] == "truncated" for call in calls) == 1


def test_two_instrumentations_of_one_call_share_its_answers_id(shop: Shop) -> None:
    calls = read(shop, "otel_genai/otlp_spans_openllmetry.json", "otel_genai")
    (twice,) = [answer for answer, times in Counter(call["response_id"] for call in calls).items() if times > 1]
    sources = {call["source"] for call in calls if call["response_id"] == twice}
    assert sources == {"otel/com.anthropic.sdk.python", "otel/opentelemetry.instrumentation.anthropic"}


def test_spans_of_nothing_to_do_with_models_are_known_and_are_no_calls(shop: Shop) -> None:
    assert read(shop, "otel_genai/otlp_trace_example.json", "otel_genai") == []


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.name.split(".")[0])
def test_a_langfuse_traces_generations_give_its_own_totals(shop: Shop, path: Path) -> None:
    name = f"langfuse/{path.name}"
    told = [one for one in parsed(name)["observations"] if one["type"] in ("GENERATION", "EMBEDDING")]
    calls = read(shop, name, "langfuse")
    assert {call["call_id"] for call in calls} == {one["id"] for one in told}
    assert added(calls, "input_tokens", "output_tokens") == sum(one["usageDetails"].get("total", 0) for one in told)
    assert sum(call["usage_quality"] == "missing" for call in calls) == sum(not one["usageDetails"] for one in told)
    cost = sum((call["stated_cost"] or Decimal(0) for call in calls), Decimal(0))
    assert abs(cost - sum((Decimal(one["totalCost"]) for one in told), Decimal(0))) <= Decimal("1e-9") * len(told)
    took = {
        one["id"]: (datetime.fromisoformat(one["endTime"]) - datetime.fromisoformat(one["startTime"])) for one in told
    }
    assert all(timedelta(milliseconds=call["latency_ms"]) == took[call["call_id"]] for call in calls)


def test_ten_langfuse_traces_were_given() -> None:
    assert sample("langfuse").is_dir()
    assert len(TRACES) == 10


def test_a_blob_exports_times_are_utc_whatever_the_settings_zone(tmp_path: Path) -> None:
    shop = Shop(tmp_path, zone="Asia/Shanghai")
    usage = {"input": 41, "output": 3, "total": 44}
    line = {"id": "o-1", "trace_id": "t-1", "type": "GENERATION", "level": "DEFAULT", "usage_details": usage}
    line |= {"start_time": "2026-10-05 10:00:00.500000", "provided_model_name": "gpt-4o"}
    assert shop.read(json.dumps(line).encode()).calls == 1
    assert shop.value("started_at", "o-1") == datetime(2026, 10, 5, 10, 0, 0, 500_000)  # noqa: DTZ001  # UTC, as stored


def rollout(*payloads: tuple[str, dict[str, Any]], at: str) -> bytes:
    """A Codex log, all of it written at one time, as a fork's copy of its parent's history is."""
    stamp = f"2026-10-05T{at}Z"
    return b"".join(
        json.dumps({"timestamp": stamp, "type": kind, "payload": payload}).encode() + b"\n"
        for kind, payload in payloads
    )


def count(total: int, last: int) -> tuple[str, dict[str, Any]]:
    usage = [{"input_tokens": tokens, "output_tokens": 1} for tokens in (total, last)]
    info = {"total_token_usage": usage[0], "last_token_usage": usage[1]}
    return "event_msg", {"type": "token_count", "info": info}


def meta(ident: str, parent: str | None = None) -> tuple[str, dict[str, Any]]:
    return "session_meta", {"id": ident, "forked_from_id": parent, "cwd": "/srv/shop", "originator": "codex_cli_rs"}


@pytest.mark.parametrize("order", [("p", "f", "g"), ("g", "f", "p")])
def test_a_codex_session_a_fork_of_it_and_a_fork_of_the_fork_count_each_call_once(
    shop: Shop, order: tuple[str, ...]
) -> None:
    first, second, third = count(100, 100), count(300, 200), count(600, 300)
    logs = {
        "p": rollout(meta("p"), first, at="09:00:00"),
        "f": rollout(meta("f", "p"), meta("p"), first, second, at="10:00:00"),
        "g": rollout(meta("g", "f"), meta("f", "p"), meta("p"), first, second, third, at="11:00:00"),
    }
    shop.ingest(*(shop.log(f"{name}.jsonl", logs[name]) for name in order))
    rows = shop.rows("SELECT input_tokens, hour(started_at) FROM store.calls ORDER BY input_tokens")
    assert rows == [(100, 9), (200, 10), (300, 11)]


def test_a_codex_log_that_grows_knows_its_beginning(shop: Shop) -> None:
    begun = rollout(
        meta("p"), ("turn_context", {"cwd": "/srv/shop", "model": "gpt-5.5"}), count(100, 100), at="09:00:00"
    )
    shop.read(begun)
    shop.read(begun + rollout(count(100, 100), count(300, 200), at="09:10:00"))
    assert shop.rows("SELECT input_tokens, model, session_id, project FROM store.calls ORDER BY input_tokens") == [
        (100, "gpt-5.5", "p", "shop"),
        (200, "gpt-5.5", "p", "shop"),
    ]
