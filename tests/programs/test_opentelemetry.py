"""Spans of the providers' clients are read as what the provider answered, whoever wrote them."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import pytest

from tests.programs.answers import BADGE, BY_NAME, CASES, KEY, PROMPT, REFUSED, Tokens
from tests.programs.conftest import Read, Run, billed, read

OFFICIAL = "opentelemetry.instrumentation.genai."
OPENLLMETRY = "opentelemetry.instrumentation."
SDK = "com.anthropic.sdk.python"  # Anthropic's client writes spans itself wherever a tracer is set up
SCOPES = {
    "openai": (f"{OFFICIAL}openai", f"{OPENLLMETRY}openai.v1"),
    "anthropic": (f"{OFFICIAL}anthropic", f"{OPENLLMETRY}anthropic", SDK),
}
# What openllmetry itself gets wrong: a span that it does not end, a count that it drops, one that it adds up twice.
UNSPANNED = ("responded_cut_off", f"{OPENLLMETRY}openai.v1")
MISTOLD = {
    ("cache_written", f"{OPENLLMETRY}openai.v1"): {"write": 0},
    ("told_streamed", f"{OPENLLMETRY}anthropic"): {"output": 78},
}


@dataclass(frozen=True)
class Traced:
    """A program's spans and the calls that they were read as."""

    run: Run
    found: Read

    @cached_property
    def scopes(self) -> dict[tuple[str, str], str]:
        """The scope of each span, by the ids of its trace and its own."""
        return {(span["traceId"], span["spanId"]): scope for scope, span in self.spans}

    @property
    def spans(self) -> list[tuple[str, dict[str, Any]]]:
        lines = self.run.log("spans.jsonl").read_text(encoding="utf-8").splitlines()
        scopes = [scope for line in lines for part in json.loads(line)["resourceSpans"] for scope in part["scopeSpans"]]
        return [(scope["scope"]["name"], span) for scope in scopes for span in scope["spans"]]

    @cached_property
    def calls(self) -> dict[tuple[str, str], dict[str, Any]]:
        """The calls by their case and the scope of the span that each was read from."""
        cases = {span["traceId"]: span["name"] for scope, span in self.spans if scope == "rota"}
        ids = {span["spanId"]: (cases[span["traceId"]], scope) for scope, span in self.spans}
        calls = {ids[next(part for part in ids if part in call["call_id"])]: call for call in self.found.calls}
        assert len(calls) == len(self.found.calls)
        return calls

    def told(self, *columns: str) -> dict[tuple[str, str], Any]:
        """Some columns of the calls."""
        return {key: tuple(call[column] for column in columns) for key, call in self.calls.items()}


@pytest.fixture(scope="session")
def twice(traced_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Traced:
    return Traced(traced_run, read(tmp_path_factory.mktemp("store"), traced_run.log("spans.jsonl")))


def wanted(scopes: dict[str, tuple[str, ...]] = SCOPES) -> set[tuple[str, str]]:
    return {(case.name, scope) for case in CASES for scope in scopes[case.provider]} - {UNSPANNED}


def test_every_span_of_a_call_is_a_call_and_the_applications_own_are_passed_over(twice: Traced) -> None:
    (receipt,) = twice.found.receipts
    assert (receipt.format, receipt.rejected) == ("otel_genai", 0)
    assert set(twice.calls) == wanted()
    assert len(twice.run.exchanges) == len(CASES)


def test_the_tokens_are_those_that_the_provider_stated(twice: Traced) -> None:
    told = {key: billed(call) for key, call in twice.calls.items() if call["usage_quality"] == "reported"}
    truth: dict[tuple[str, str], Tokens] = {}
    for case, scope in wanted():
        tokens = BY_NAME[case].tokens
        if tokens and case != "streamed_untold":
            part = {"write_1h": 0} if scope != SDK else {}  # nobody but the client itself tells the hour's writes
            truth[case, scope] = replace(tokens, **(part | MISTOLD.get((case, scope), {})))
    assert told == truth


def test_a_stream_that_was_not_asked_for_its_usage_has_none(twice: Traced) -> None:
    quiet = {key: value for key, value in twice.told("input_tokens", "output_tokens", "usage_quality", "status").items()
             if key[0] == "streamed_untold"}  # fmt: skip
    assert len(quiet) == len(SCOPES["openai"])
    assert set(quiet.values()) == {(None, None, "missing", "ok")}


def test_the_answers_end_is_the_calls_status(twice: Traced) -> None:
    assert twice.told("status") == {(case, scope): (BY_NAME[case].status,) for case, scope in wanted()}


def test_a_refused_request_cost_nothing_and_says_why_in_a_word(twice: Traced) -> None:
    refused = {case.name for case in REFUSED}
    calls = {key: call for key, call in twice.calls.items() if key[0] in refused}
    assert {(call["input_tokens"], call["output_tokens"], call["usage_quality"]) for call in calls.values()} == {
        (None, None, "missing")
    }
    assert all(call["error_type"] and " " not in call["error_type"] for call in calls.values())
    codes = {case: call["http_status"] for (case, scope), call in calls.items() if scope == SDK}
    assert codes == {"told_to_wait": 429, "told_overloaded": 529}


def test_whom_was_asked_for_what(twice: Traced) -> None:
    asked = twice.told("provider", "model", "operation", "project", "environment")
    assert asked == {
        (case, scope): (BY_NAME[case].provider, BY_NAME[case].model, BY_NAME[case].operation, "rota", "production")
        for case, scope in wanted()
    }
    models = {key: call["response_model"] for key, call in twice.calls.items() if BY_NAME[key[0]].tokens}
    assert models == {key: BY_NAME[key[0]].answered_model for key in models}
    caps = {key: call["max_output_tokens"] for key, call in twice.calls.items()}
    stated = {key: None if BY_NAME[key[0]].api == "embeddings" else BY_NAME[key[0]].max_tokens for key in caps}
    assert caps == stated


def test_the_tier_is_the_one_that_was_served(twice: Traced) -> None:
    tiers = {call["service_tier"] for (case, _), call in twice.calls.items() if case == "flex"}
    others = {call["service_tier"] for (case, _), call in twice.calls.items() if case != "flex"}
    assert (tiers, others - {None}) == ({"flex"}, {"standard"})


def test_two_spans_of_one_call_share_the_answers_id_and_differ_in_source(twice: Traced) -> None:
    sources: defaultdict[str, list[str]] = defaultdict(list)
    for call in twice.found.calls:
        if call["response_id"]:
            sources[call["response_id"]].append(call["source"])
    written = Counter(exchange.response_id for exchange in twice.run.exchanges if exchange.case.api != "embeddings")
    assert set(sources) == set(written) - {None}
    for exchange in twice.run.exchanges:
        if exchange.response_id and exchange.response_id in sources:
            of_it = sources[exchange.response_id]
            expected = len(SCOPES[exchange.case.provider]) - (exchange.case.name == UNSPANNED[0])
            assert (len(of_it), len(set(of_it))) == (expected, expected)


def test_a_call_that_several_spans_tell_of_is_counted_once_with_all_that_they_know(twice: Traced) -> None:
    told = Counter(call["response_id"] for call in twice.found.counted if call["response_id"])
    assert set(told.values()) == {1}
    truth = {each.response_id: each.case.tokens for each in twice.run.exchanges if each.told_usage and each.case.finish}
    counted = {call["response_id"]: billed(call) for call in twice.found.counted if call["response_id"] in truth}
    assert counted == truth


def test_so_is_one_without_an_answers_id_whose_spans_lie_in_each_other(twice: Traced) -> None:
    """Two of the three spans of an error of Anthropic's stand side by side, and nothing but their looks ties them."""
    nameless = [call for call in twice.found.counted if call["response_id"] is None]
    cases = [case for case in CASES if case in REFUSED or case.api == "embeddings"]
    expected = Counter((case.model, case.status) for case in cases for _ in range(1 + (case.provider == "anthropic")))
    assert Counter((call["model"], call["status"]) for call in nameless) == expected
    assert all(call["input_tokens"] is None for call in nameless if call["status"] == "error"), "none of them costs"


def test_the_times_are_those_of_the_span(twice: Traced) -> None:
    spans = {span["spanId"]: span for _, span in twice.spans}
    for call in twice.found.calls:
        span = next(span for ident, span in spans.items() if ident in call["call_id"])
        took = (int(span["endTimeUnixNano"]) - int(span["startTimeUnixNano"])) / 1e6
        assert abs(call["latency_ms"] - took) <= 1
        assert call["trace_id"] == span["traceId"]


def test_what_keys_and_prompts_stand_in_the_spans_is_not_kept(twice: Traced) -> None:
    text = twice.run.log("spans.jsonl").read_text(encoding="utf-8")
    assert KEY in text  # in the message of an error
    assert BADGE in text  # in a header that openllmetry writes down
    assert PROMPT in text
    assert twice.found.kept_secrets == []


def test_prompts_give_each_request_its_fingerprint_in_the_words_of_each_instrumentation(twice: Traced) -> None:
    for place in (0, 1):
        keys = {(case.name, SCOPES[case.provider][place]) for case in CASES if case.api != "embeddings"} & wanted()
        told = [twice.calls[key] for key in keys]
        hashes = Counter(call["prompt_hash"] for call in told)
        assert (None in hashes, set(hashes.values())) == (False, {1})
        # One system prompt, with and without the tool, in two providers' words.
        assert 1 <= len({call["prefix_hash"] for call in told}) <= 4
        assert {call["message_count"] for call in told} <= {1, 2}
    assert {call["prompt_hash"] for (_, scope), call in twice.calls.items() if scope == SDK} == {None}
