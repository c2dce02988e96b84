"""Logs that other programs really wrote, with the sums their own fields give."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.ingest.shop import ABSENT, DATA, Shop

if TYPE_CHECKING:
    from pathlib import Path

SAMPLES = DATA / "formats"
pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason=ABSENT)


def sums(shop: Shop) -> tuple[int, ...]:
    (found,) = shop.rows(
        "SELECT count(*), sum(input_tokens)::BIGINT, sum(output_tokens)::BIGINT, sum(cache_read_tokens)::BIGINT, "
        "count(*) FILTER (usage_quality = 'missing') FROM store.calls"
    )
    return tuple(int(value or 0) for value in found)


def test_a_claude_code_session_of_25_answer_lines_is_ten_calls(shop: Shop) -> None:
    path = SAMPLES / "claude_code" / "tracelab_claude_session.jsonl"
    (receipt,) = shop.ingest(path)
    usage = {}
    for text in path.read_text(encoding="utf-8").splitlines():
        message = json.loads(text).get("message") or {}
        if "usage" in message:
            usage[message["id"]] = message["usage"]
    keys = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
    total = sum(use[key] for use in usage.values() for key in keys)
    assert (receipt.format, receipt.rejected) == ("claude_code", 0)
    assert sums(shop) == (10, total, 9_423, 394_068, 0)


def test_the_ccusage_fixtures_are_five_calls(shop: Shop) -> None:
    folder = SAMPLES / "claude_code"
    receipts = shop.ingest(folder / "ccusage_claude_alpha.jsonl", folder / "ccusage_claude_beta.jsonl")
    assert [receipt.calls for receipt in receipts] == [3, 2]
    assert shop.rows("SELECT sum(stated_cost)::VARCHAR FROM store.calls") == [("1.090000000",)]
    assert sums(shop)[1:4] == (730 + 90 + 110, 310, 110)


def litellm(path: Path) -> list[dict[str, object]]:
    text = path.read_text(encoding="utf-8")
    return [json.loads(text)] if path.suffix == ".json" else [json.loads(line) for line in text.splitlines()]


def test_litellms_payloads_give_the_sums_of_their_own_fields_and_one_stream_without_usage(shop: Shop) -> None:
    paths = [
        SAMPLES / "litellm" / name
        for name in ("standard_logging_payload.json", "standard_logging_payload_generated.jsonl")
    ]
    receipts = shop.ingest(*paths)
    records = [record for path in paths for record in litellm(path)]
    prompt = sum(int(str(record["prompt_tokens"])) for record in records)
    completion = sum(int(str(record["completion_tokens"])) for record in records)
    assert [(receipt.format, receipt.rejected) for receipt in receipts] == [("litellm", 0)] * 2
    assert (len(records), sum(receipt.calls for receipt in receipts)) == (9, 9)
    calls, got_input, got_output, _, missing = sums(shop)
    assert (calls, got_input, got_output) == (9, prompt, completion)
    ok_without = shop.rows("SELECT count(*) FROM store.calls WHERE usage_quality = 'missing' AND status = 'ok'")
    assert ok_without == [(1,)]
    assert missing == sum(not record["prompt_tokens"] and not record["completion_tokens"] for record in records)


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("openai/batch_retrieve_0.json", "completed"),
        ("openai/batches_list_0.json", "completed"),
    ],
)
def test_a_log_no_format_knows_is_named_with_its_fields_and_not_guessed(shop: Shop, name: str, field: str) -> None:
    (receipt,) = shop.ingest(SAMPLES / name)
    assert (receipt.unread, receipt.calls, shop.calls) == (True, 0, [])
    assert receipt.reason.startswith("no known log format; ")
    assert field in receipt.reason
