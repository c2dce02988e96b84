"""Traps of logs that show only beside the settings, beside another file, or in what the store must not hold."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from audit import formatbook, formatlist, settings_file
from audit.engine.store import open_store
from audit.ingest import load
from tests.ingest.shop import ABSENT, DATA, Shop

if TYPE_CHECKING:
    from pathlib import Path

SPANS = DATA / "formats" / "otel_genai" / "otlp_spans_openllmetry.json"
KEY = "sk-live0123456789abcdefghijkl"
FOLDER = "/srv/agents/secret-shop"


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def logged(*records: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def spend_row(**fields: Any) -> dict[str, Any]:
    plain = {"request_id": "a", "call_type": "acompletion", "api_key": "88dc", "spend": 0.003, "model": "gpt-4o"}
    return plain | {"prompt_tokens": 1000, "completion_tokens": 50, "metadata": "{}", "status": "success"} | fields


HELICONE = {"response_id": "a", "response_status": 200, "model": "gpt-4o", "prompt_tokens": 10, "completion_tokens": 5}
PORTKEY = {"id": "a", "ai_org": "openai", "ai_model": "gpt-4o", "req_units": 10, "res_units": 5}


@pytest.mark.parametrize(
    ("form", "record", "millisecond"),
    [
        ("litellm_spend_logs", spend_row(startTime="2026-10-05 10:00:00.5", endTime="2026-10-05 10:00:02"), 500),
        ("helicone", {**HELICONE, "request_created_at": "2026-10-05 10:00:00.250"}, 250),
        ("portkey", {**PORTKEY, "response_status_code": 200, "created_at": "2026-10-05 10:00:00"}, 0),
    ],
)
def test_a_time_that_is_utc_and_does_not_say_so_is_utc_whatever_the_settings_zone(
    tmp_path: Path, form: str, record: dict[str, Any], millisecond: int
) -> None:
    shop = Shop(tmp_path, zone="Asia/Shanghai")
    assert shop.read(logged(record)).format == form
    began = datetime(2026, 10, 5, 10, 0, 0, 1000 * millisecond)  # noqa: DTZ001  # UTC, as stored
    assert shop.value("started_at", "a") == began


@pytest.mark.parametrize(
    ("started", "first", "ended"),
    [
        ("2026-03-29 02:59:59", "2026-03-29 03:00:00", "2026-03-29 03:00:01"),
        ("2026-03-29 02:59:58.5", "2026-03-29 02:59:59.5", "2026-03-29 03:00:00.5"),
        ("2026-03-29 01:59:59", "2026-03-29 02:00:00", "2026-03-29 02:00:01"),
        ("2026-10-25 01:59:59", "2026-10-25 02:00:00", "2026-10-25 02:00:01"),
        ("2026-10-25 02:59:59", "2026-10-25 03:00:00", "2026-10-25 03:00:01"),
    ],
)
def test_a_call_across_a_change_of_the_settings_clock_took_what_it_took(
    tmp_path: Path, started: str, first: str, ended: str
) -> None:
    """The row's clock is UTC, which never changes."""
    shop = Shop(tmp_path, zone="Europe/Berlin")
    shop.read(logged(spend_row(startTime=started, completionStartTime=first, endTime=ended)))
    assert shop.rows("SELECT latency_ms, first_token_ms, stream FROM store.calls") == [(2000, 1000, True)]


@pytest.mark.parametrize(
    ("form", "more"), [("one_api", {"elapsed_time": 1500}), ("new_api", {"use_time": 3, "other": "{}"})]
)
def test_what_a_gateways_quota_is_worth_is_the_settings_matter(tmp_path: Path, form: str, more: dict[str, Any]) -> None:
    (tmp_path / "audit.toml").write_text(f'[formats.{form}]\nusd_per_quota = "0.00001"\n', encoding="utf-8")
    settings = settings_file.load(tmp_path / "audit.toml")
    row = {"id": 1, "created_at": 1791194400, "type": 2, "token_name": "svc-search", "model_name": "gpt-4o"}
    row |= {"quota": 8450, "prompt_tokens": 1000, "completion_tokens": 50, "request_id": "a"}
    shop = Shop(tmp_path)
    path = shop.log("a.jsonl", logged(row | more))
    with open_store(tmp_path / shop.store, settings) as engine:
        (receipt,) = load.ingest(engine, [path], formatbook.load(*formatlist.places_and_params(settings)))
    assert (receipt.format, shop.value("stated_cost", "a")) == (form, Decimal("0.0845"))


TRACEBACK = f'Traceback (most recent call last):\n  File "{FOLDER}/client.py", line 7, in ask\n    key="{KEY}"\n'
ERROR = f"{FOLDER}: {KEY}"
TOLD = {"traceback": TRACEBACK, "error_str": ERROR, "error_code": "429", "error_class": "RateLimitError"}


def payload(tokens: Any) -> dict[str, Any]:
    record: dict[str, Any] = {"id": "a", "error_information": TOLD, "error_str": ERROR, "call_type": "acompletion"}
    record |= {"startTime": 1791194400.5, "endTime": 1791194402.0, "status": "failure", "model": "gpt-4o"}
    return record | {"response_cost": 0, "model_parameters": {}, "prompt_tokens": tokens, "completion_tokens": 0}


def row(tokens: Any) -> dict[str, Any]:
    told = json.dumps({"error_information": TOLD, "error_str": ERROR})
    times = {"startTime": "2026-10-05 10:00:00", "endTime": "2026-10-05 10:00:01"}
    return {"metadata": told} | spend_row(**times, metadata=told, prompt_tokens=tokens, status="failure")


def span(tokens: Any) -> dict[str, Any]:
    event = {
        "exception.type": "RateLimitError",
        "exception.message": ERROR,
        "exception.stacktrace": TRACEBACK,
    }
    own = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o", "error.type": "RateLimitError"}
    own["gen_ai.usage.input_tokens"] = tokens
    told = {
        "events": [{"name": "exception", "attributes": pairs(event)}],
        "status": {"code": 2, "message": ERROR},
        "traceId": "aa",
        "spanId": "bb",
        "startTimeUnixNano": "1791194400500000000",
        "endTimeUnixNano": "1791194402000000000",
        "attributes": pairs(own),
    }
    return {"resourceSpans": [{"scopeSpans": [{"scope": {"name": "lib"}, "spans": [told]}]}]}


def pairs(attributes: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": {"stringValue": str(value)}} for key, value in attributes.items()]


@pytest.mark.parametrize(
    ("form", "record"),
    [("litellm", payload), ("litellm_spend_logs", row), ("otel_genai", span)],
)
@pytest.mark.parametrize(("tokens", "outcome"), [(10, (1, 0)), ("many", (0, 1))])
def test_a_traceback_is_kept_neither_with_a_call_nor_with_a_line_that_cannot_be_read(
    shop: Shop, form: str, record: Any, tokens: Any, outcome: tuple[int, int]
) -> None:
    receipt = shop.read(logged(record(tokens)))
    assert (receipt.format, receipt.calls, receipt.rejected) == (form, *outcome)
    assert shop.rows("SELECT error_type FROM store.calls") == [("RateLimitError",)] * receipt.calls
    assert FOLDER not in shop.everything
    assert KEY not in shop.everything


AMOUNT = f"""user_id,utc_date,model,api_key_name,api_key,type,price,amount
acc-1,2026-10-01,deepseek-chat,,{KEY},output_tokens,0.000006,1890
acc-1,2026-10-01,deepseek-chat,,{KEY},request_count,,5
"""
COST = """user_id,utc_date,model,wallet_type,cost,currency
acc-1,2026-10-01,deepseek-chat,Paid,0.01134,CNY
"""


def test_deepseeks_archive_is_two_bills_and_its_keys_are_hashed(shop: Shop) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("amount-2026-10.csv", AMOUNT)
        archive.writestr("cost-2026-10.csv", COST)
    receipts = shop.ingest(shop.log("usage.zip", packed.getvalue()))
    assert [(one.format, one.calls, one.rejected) for one in receipts] == [
        ("deepseek_usage", 2, 0),
        ("deepseek_cost", 1, 0),
    ]
    told = "source, output_tokens, requests, billed_cost, currency, left(api_key, 4)"
    assert shop.rows(f"SELECT {told} FROM store.bills ORDER BY ALL") == [
        ("deepseek_cost", None, None, Decimal("0.01134"), "CNY", None),
        ("deepseek_usage", 1890, None, None, None, "key-"),
        ("deepseek_usage", None, 5, None, None, "key-"),
    ]
    assert KEY not in shop.everything + str(shop.rows("SELECT * FROM store.bills"))
    assert shop.calls == []


@pytest.mark.skipif(not SPANS.is_file(), reason=ABSENT)
def test_a_call_that_two_instrumentations_tell_of_counts_once(shop: Shop) -> None:
    shop.ingest(SPANS)
    told = "count(*), count(DISTINCT response_id), sum(input_tokens) FILTER (response_id = 'msg_stub_6')"
    assert shop.rows(f"SELECT {told} FROM store.calls") == [(7, 5, 2 * 9339)]
    assert shop.rows(f"SELECT {told} FROM store.each_call") == [(6, 5, 9339)]


@pytest.mark.parametrize("together", [True, False], ids=["in one ingest", "one after the other"])
@pytest.mark.parametrize("order", [("parent", "side"), ("side", "parent")], ids=" before ".join)
def test_a_side_chains_log_takes_nothing_from_the_message_of_the_parents_log(
    shop: Shop, order: tuple[str, str], *, together: bool
) -> None:
    usage = {"input_tokens": 4, "cache_read_input_tokens": 1000, "output_tokens": 50}
    message = {"id": "msg-1", "model": "claude-sonnet-4-5", "stop_reason": "end_turn", "usage": usage}
    line = {"type": "assistant", "sessionId": "s-1", "cwd": "/srv/shop", "timestamp": "2026-10-05T10:00:00Z"}
    line["uuid"] = "u-1"
    own = {"requestId": "req-2", "isSidechain": True, "timestamp": "2026-10-05T10:00:05Z"}
    logs = {
        "parent": logged({**line, "requestId": "req-1", "isSidechain": False, "message": message}),
        "side": logged({**line, **own, "message": message}, {**line, **own, "message": {**message, "id": "msg-2"}}),
    }
    paths = [shop.log(f"{name}.jsonl", logs[name]) for name in order]
    for some in [paths] if together else [[path] for path in paths]:
        shop.ingest(*some)
    assert shop.rows("SELECT call_id, request_id, task, second(started_at) FROM store.calls ORDER BY call_id") == [
        ("msg-1", "req-1", "agent", 0),
        ("msg-2", None, "sub-agent", 5),
    ]


def test_of_many_messages_on_several_lines_each_ends_with_its_last(shop: Shop) -> None:
    """Also where the format looks at all lines of a message, in an order that is not the log's."""
    line = {"type": "assistant", "uuid": "u-1", "sessionId": "s-1", "requestId": "req-1", "cwd": "/srv/shop"}
    line["timestamp"] = "2026-10-05T10:00:00Z"
    said = [
        line | {"message": {"id": f"msg-{n}", "model": "claude-x", "usage": {"input_tokens": 3, "output_tokens": out}}}
        for n in range(3_000)
        for out in (1, 2, 90)
    ]
    shop.read(logged(*said))
    assert shop.rows("SELECT output_tokens, count(*) FROM store.calls GROUP BY ALL") == [(90, 3_000)]
