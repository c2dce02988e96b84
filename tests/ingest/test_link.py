"""One call in two logs is one call where both state the same id, and two calls where they only look alike."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING, Any

import pytest

from audit import intake
from audit.engine.store import open_store
from audit.settings import Settings
from tests.ingest.shop import ABSENT, DATA, Shop, line

if TYPE_CHECKING:
    from pathlib import Path

GATEWAY = {"source": "gateway", "response_id": "chatcmpl-71", "project": "search", "stated_cost": None}
SDK = {"source": "sdk", "response_id": "chatcmpl-71", "user_id": "u-017"}


def counted(shop: Shop, columns: str = "source, call_id") -> list[tuple[Any, ...]]:
    return shop.rows(f"SELECT {columns} FROM store.each_call ORDER BY ALL")


def both(shop: Shop, one: dict[str, Any], other: dict[str, Any]) -> int:
    shop.ingest(shop.log("one.jsonl", line("a", **one)), shop.log("other.jsonl", line("b", **other)))
    return len(counted(shop))


def test_two_logs_that_state_one_answer_are_one_call_with_what_each_of_them_knows(shop: Shop) -> None:
    assert both(shop, GATEWAY, {**SDK, "reasoning_tokens": 3, "started_at": "2026-10-05T09:59:59Z"}) == 1
    assert counted(shop, "project, user_id, output_tokens, reasoning_tokens, strftime(started_at, '%H:%M:%S')") == [
        ("search", "u-017", 5, 3, "09:59:59")
    ]
    assert shop.rows("SELECT sources FROM store.linked") == [("gateway + sdk",)]
    assert len(shop.calls) == 2, "what each log said is kept"


def test_the_gateways_request_id_links_too(shop: Shop) -> None:
    assert (
        both(shop, {"source": "gateway", "request_id": "req-000001"}, {"source": "sdk", "request_id": "req-000001"})
        == 1
    )


def test_counts_come_from_one_statement_and_never_mixed(shop: Shop) -> None:
    with_cache = {**GATEWAY, "input_tokens": 100, "cache_read_tokens": 90, "usage_quality": "reported"}
    assert both(shop, with_cache, {**SDK, "input_tokens": None, "output_tokens": None, "cache_read_tokens": 7}) == 1
    assert counted(shop, "input_tokens, cache_read_tokens, output_tokens") == [(100, 90, 5)]


def test_a_part_of_a_total_is_taken_from_whoever_knows_it_of_the_same_total(shop: Shop) -> None:
    fuller = {
        **GATEWAY,
        "input_tokens": 100,
        "cache_read_tokens": 90,
        "reasoning_tokens": 2,
        "usage_quality": "reported",
    }
    written = {**SDK, "input_tokens": 100, "output_tokens": 6, "cache_write_tokens": 10, "reasoning_tokens": 4}
    assert both(shop, fuller, written) == 1
    assert counted(shop, "input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens") == [
        (100, 90, 10, 5, 2)
    ]


SPAN = {"trace_id": "t1", "operation": "embeddings"}


def test_a_models_call_inside_a_models_call_is_the_same_call_told_by_another(shop: Shop) -> None:
    assert both(shop, {**SPAN, "source": "wrapper"}, {**SPAN, "source": "client", "parent_id": "a"}) == 1


def test_a_kind_that_neither_states_does_not_part_them(shop: Shop) -> None:
    outside = {**SPAN, "source": "wrapper", "operation": None}
    assert both(shop, outside, {**SPAN, "source": "client", "parent_id": "a", "operation": None}) == 1


@pytest.mark.parametrize(
    "inside",
    [
        pytest.param({"parent_id": "a", "source": "wrapper"}, id="of one source"),
        pytest.param({"parent_id": "a", "source": "client", "trace_id": "t2"}, id="of another trace"),
        pytest.param({"parent_id": "a", "source": "client", "operation": "chat"}, id="of another operation"),
        pytest.param({"parent_id": "z", "source": "client"}, id="beside it"),
        pytest.param(
            {"parent_id": "a", "source": "client", "input_tokens": 77, "output_tokens": 3}, id="of other counts"
        ),
    ],
)
def test_calls_of_one_trace_are_calls_each(shop: Shop, inside: dict[str, Any]) -> None:
    assert both(shop, {**SPAN, "source": "wrapper"}, SPAN | inside) == 2


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param({"source": "a"}, {"source": "b"}, id="they only look alike"),
        pytest.param({"source": "a", "trace_id": "t-00000001"}, {"source": "b", "trace_id": "t-00000001"}, id="trace"),
        pytest.param({"source": "a", "response_id": "17"}, {"source": "b", "response_id": "17"}, id="a counter"),
        pytest.param(GATEWAY, {**SDK, "gateway_cache_hit": True}, id="the second is the gateway's cached answer"),
        pytest.param(GATEWAY, {**SDK, "started_at": "2026-10-07T10:00:00Z"}, id="two days apart"),
        pytest.param(GATEWAY, {**SDK, "input_tokens": 99, "output_tokens": 98}, id="they contradict each other"),
        pytest.param(GATEWAY, {**SDK, "source": "gateway"}, id="one log states the id of two calls"),
    ],
)
def test_what_does_not_state_the_same_call_is_counted_twice(
    shop: Shop, one: dict[str, Any], other: dict[str, Any]
) -> None:
    assert both(shop, one, other) == 2


def test_an_id_that_a_log_gives_to_several_calls_links_none_of_them(shop: Shop) -> None:
    shop.ingest(
        shop.log("one.jsonl", line("a1", **GATEWAY) + line("a2", **GATEWAY)), shop.log("other.jsonl", line("b", **SDK))
    )
    assert len(counted(shop)) == 3


def test_three_logs_hang_together_by_two_ids_in_whatever_order_they_come(tmp_path: Path) -> None:
    logs = {
        "gateway": line("a", source="gateway", request_id="req-000001", project="search"),
        "proxy": line("b", source="proxy", request_id="req-000001", response_id="chatcmpl-71", team="t"),
        "sdk": line("c", source="sdk", response_id="chatcmpl-71", user_id="u-017"),
    }
    found = set()
    for number, order in enumerate(permutations(logs)):
        shop = Shop(tmp_path, store=f"{number}.duckdb")
        for name in order:
            shop.ingest(shop.log(f"{name}.jsonl", logs[name]))
        found.add(tuple(counted(shop, "source, call_id, project, team, user_id")))
        assert shop.rows("SELECT sources FROM store.linked") == [("gateway + proxy + sdk",)]
    assert len(found) == 1


def test_a_log_that_is_forgotten_leaves_the_other_to_count(shop: Shop) -> None:
    both(shop, GATEWAY, SDK)
    with open_store(shop.folder / shop.store, Settings()) as engine:
        intake.forget(engine, [shop.folder / "one.jsonl"])
    assert counted(shop) == [("sdk", "b")]
    shop.ingest(shop.folder / "one.jsonl")
    assert len(counted(shop)) == 1


def test_a_run_that_was_killed_before_it_linked_is_made_up_for(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("audit.ingest.load.link", lambda _: None)
        assert both(shop, GATEWAY, SDK) == 2
    shop.ingest(shop.log("none.jsonl", b""))
    assert len(counted(shop)) == 1


@pytest.mark.skipif(not DATA.exists(), reason=ABSENT)
def test_a_proxys_payloads_and_its_spend_logs_are_the_same_calls(shop: Shop) -> None:
    folder = DATA / "formats" / "litellm"
    shop.ingest(folder / "standard_logging_payload_generated.jsonl", folder / "spend_logs_generated.jsonl")
    payloads, rows, linked = (
        shop.rows(f"SELECT count(*) FROM store.{table}")[0][0]
        for table in ("calls WHERE source = 'litellm'", "calls WHERE source = 'litellm-spend-logs'", "linked")
    )
    assert linked == rows <= payloads
    assert len(counted(shop)) == payloads
    assert shop.rows("SELECT DISTINCT sources FROM store.linked") == [("litellm + litellm-spend-logs",)]
