"""LiteLLM's own logs of calls it made are read as what the provider answered.

It writes a payload for each call; its proxy keeps a row, which does not hold the answer.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from tests.programs.answers import ANSWERED, CASES, PROMPT, REFUSED
from tests.programs.conftest import Read, Run, billed, read

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.programs.answers import Case

PAYLOADS, ROWS = "payloads.jsonl", "spend_logs.jsonl"
FORMATS = {PAYLOADS: "litellm", ROWS: "litellm_spend_logs"}
COUNTED_BY_LITELLM = "streamed_untold"
# LiteLLM makes one status of all failures of a provider's own.
TOLD_STATUS = {529: 500}


@pytest.fixture(scope="session", params=FORMATS)
def log(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def found(log: str, litellm_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Read:
    return read(tmp_path_factory.mktemp("store"), litellm_run.log(log))


def of(found: Read, tag: str) -> dict[str, Any]:
    """The call that was made with a tag."""
    (call,) = (call for call in found.calls if call["tags"][0] == tag)
    return call


def told(found: Read, cases: Iterable[Case], *columns: str) -> dict[str, Any]:
    """Some columns of the calls of some cases, by the cases' names."""
    return {case.name: tuple(of(found, case.name)[column] for column in columns) for case in cases}


def test_every_request_is_one_call(log: str, found: Read, litellm_run: Run) -> None:
    (receipt,) = found.receipts
    assert (receipt.format, receipt.rejected) == (FORMATS[log], 0)
    made = Counter({case.name: 1 for case in CASES} | {"as_anthropic": 2, "twice": 2})
    assert Counter(call["tags"][0] for call in found.calls) == made
    assert len(found.calls) == len(litellm_run.exchanges) + 1  # one was answered from LiteLLM's own cache


def test_the_tokens_are_those_that_the_provider_stated(found: Read) -> None:
    cases = [case for case in ANSWERED if case.name != COUNTED_BY_LITELLM]
    assert {case.name: billed(of(found, case.name)) for case in cases} == {case.name: case.tokens for case in cases}
    assert set(told(found, cases, "usage_quality").values()) == {("reported",)}


def test_so_are_those_of_a_coding_agents_calls(found: Read, litellm_run: Run) -> None:
    passed_on = {exchange.response_id: exchange.case.tokens for exchange in litellm_run.exchanges[len(CASES) :][:2]}
    calls = [call for call in found.calls if call["tags"][0] == "as_anthropic"]
    assert {call["response_id"] or call["request_id"]: billed(call) for call in calls} == passed_on


def test_tokens_that_litellm_counted_itself_are_not_said_to_be_reported(found: Read, litellm_run: Run) -> None:
    (exchange,) = (exchange for exchange in litellm_run.exchanges if exchange.case.name == COUNTED_BY_LITELLM)
    call = of(found, COUNTED_BY_LITELLM)
    assert not exchange.told_usage
    assert billed(call) != exchange.case.tokens
    assert (call["status"], call["usage_quality"]) == ("ok", "derived")


def test_the_answers_end_is_the_calls_status(log: str, found: Read) -> None:
    known = {case.name: case.status if log == PAYLOADS or case in REFUSED else "ok" for case in CASES}
    http = {case.name: TOLD_STATUS.get(case.http_status, case.http_status) for case in CASES}
    assert told(found, CASES, "status", "http_status") == {name: (known[name], http[name]) for name in known}


def test_a_refused_request_cost_nothing_and_says_why_in_a_word(found: Read) -> None:
    nothing = (None, None, None, "missing")
    costs = told(found, REFUSED, "input_tokens", "output_tokens", "stated_cost", "usage_quality")
    assert set(costs.values()) == {nothing}
    assert {case: word for case, (word,) in told(found, REFUSED, "error_type").items()} == {
        "rate_limited": "RateLimitError",
        "bad_request": "BadRequestError",
        "bad_key": "AuthenticationError",
        "told_to_wait": "RateLimitError",
        "told_overloaded": "InternalServerError",
    }


def test_whom_was_asked_for_what(log: str, found: Read) -> None:
    asked = told(found, CASES, "provider", "model")
    assert asked == {case.name: (case.provider, case.model) for case in CASES}
    tiers: dict[str, Any] = {case.name: (case.tier.replace("default", "standard"),) for case in ANSWERED}
    if log == ROWS:  # of a stream and of an embedding the row names no tier, but of a stream of responses
        untold = [case for case in ANSWERED if case.api == "embeddings" or (case.stream and case.api != "responses")]
        tiers |= {case.name: (None,) for case in untold}
    assert told(found, ANSWERED, "service_tier") == tiers
    if log == PAYLOADS:
        how = told(found, CASES, "operation", "stream", "max_output_tokens")
        caps = {case.name: None if case.api == "embeddings" else case.max_tokens for case in CASES}
        assert how == {case.name: (case.operation, case.stream, caps[case.name]) for case in CASES}
        whole = [case for case in ANSWERED if not case.stream]
        assert told(found, whole, "response_model") == {case.name: (case.answered_model,) for case in whole}


def test_who_pays(found: Read) -> None:
    owners = {(call["api_key"], call["team"], call["user_id"], call["tags"][1]) for call in found.calls}
    assert owners == {("svc-rota", "planning", "u-017", "nightly")}


def test_an_answers_id_is_the_providers_where_litellm_hands_it_on(found: Read, litellm_run: Run) -> None:
    ids = {exchange.response_id for exchange in litellm_run.exchanges if exchange.case.api == "chat"} - {None}
    assert ids <= {call["response_id"] or call["request_id"] for call in found.calls}


def test_an_answer_from_litellms_cache_is_a_call_that_no_provider_billed(found: Read) -> None:
    paid, free = sorted((call for call in found.calls if call["tags"][0] == "twice"), key=lambda row: row["started_at"])
    assert (bool(paid["gateway_cache_hit"]), free["gateway_cache_hit"]) == (False, True)
    assert (paid["stated_cost"] > 0, free["stated_cost"]) == (True, 0)
    assert free["response_id"] is None  # the answer's id is the first call's


def test_the_stated_cost_is_what_the_log_says(log: str, found: Read, litellm_run: Run) -> None:
    lines = [json.loads(line) for line in litellm_run.log(log).read_text(encoding="utf-8").splitlines()]
    costs = sum(line["response_cost" if log == PAYLOADS else "spend"] for line in lines)
    assert sum(float(call["stated_cost"] or 0) for call in found.calls) == pytest.approx(costs, abs=1e-6)
    assert {call["stated_currency"] for call in found.calls if call["stated_cost"]} == {"USD"}


def test_neither_prompts_nor_answers_are_kept(log: str, found: Read, litellm_run: Run) -> None:
    assert PROMPT in litellm_run.log(log).read_text(encoding="utf-8")
    assert found.kept_secrets == []


def test_requests_are_told_apart_by_their_fingerprints(log: str, found: Read) -> None:
    hashes = {case: value for case, (value,) in told(found, CASES, "prompt_hash").items()}
    assert len(set(hashes.values())) == (len(CASES) if log == PAYLOADS else 1)
    assert (None in hashes.values()) == (log == ROWS)
    assert len({call["prompt_hash"] for call in found.calls if call["tags"][0] == "twice"}) == 1
    assert of(found, "plain")["message_count"] == (2 if log == PAYLOADS else None)


@pytest.fixture(scope="session")
def both(litellm_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Read:
    return read(tmp_path_factory.mktemp("store"), litellm_run.log(PAYLOADS), litellm_run.log(ROWS))


def test_a_call_in_both_logs_shares_an_id_there_and_with_no_other(both: Read) -> None:
    sources = sorted({call["source"] for call in both.calls})
    ids = {name: [call for call in both.calls if call["source"] == name] for name in sources}
    linked = [
        (one["tags"][0], other["tags"][0], one["gateway_cache_hit"], other["gateway_cache_hit"])
        for one in ids[sources[0]]
        for other in ids[sources[-1]]
        if {one["response_id"], one["request_id"]} & {other["response_id"], other["request_id"]} - {None}
    ]
    assert len(sources) == len(FORMATS)
    assert [link for link in linked if link[0] != link[1] or bool(link[2]) != bool(link[3])] == []
    assert {one for one, _, hit, _ in linked if not hit} == {call["tags"][0] for call in both.calls}


def test_a_call_in_both_logs_is_counted_once(both: Read, litellm_run: Run) -> None:
    counted = Counter(call["tags"][0] for call in both.counted if not call["gateway_cache_hit"])
    assert counted == Counter(
        "twice" if number == len(litellm_run.exchanges) else "as_anthropic" if number > len(CASES) else each.case.name
        for number, each in enumerate(litellm_run.exchanges, start=1)
    )
    known = {case.name: case.tokens for case in ANSWERED if case.name != COUNTED_BY_LITELLM}
    assert {call["tags"][0]: billed(call) for call in both.counted if call["tags"][0] in known} == known
