"""Bills and usage reports: read to their own totals, each line once, and never a call."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

import pytest

from audit import formatbook, formatcases, places
from tests.ingest.shop import ABSENT, DATA, Shop, lines

if TYPE_CHECKING:
    from pathlib import Path

SAMPLES = DATA / "formats"
FOCUS = SAMPLES / "focus_sample_data" / "focus_sample.csv"
STORED = Decimal("1e-9")  # what is finer than the store's money is rounded, row by row
samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason=ABSENT)

BILLS = [form for form in formatbook.load([places.formats()]).values() if form.kind == "bills"]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def costs(shop: Shop) -> dict[str, Decimal]:
    return dict(shop.rows("SELECT provider, sum(billed_cost) FROM store.bills GROUP BY provider"))


@samples
def test_a_clouds_bill_adds_up_to_the_sum_of_its_rows_by_provider(shop: Shop) -> None:
    names = {"AWS": "aws", "Microsoft": "azure", "Oracle": "Oracle"}
    exact: dict[str, Decimal] = defaultdict(Decimal)
    stored: dict[str, Decimal] = defaultdict(Decimal)
    with FOCUS.open(encoding="utf-8-sig", newline="") as stream:
        for row in csv.DictReader(stream):
            cost = Decimal(row["BilledCost"])
            exact[names[row["ProviderName"]]] += cost
            stored[names[row["ProviderName"]]] += cost.quantize(STORED, ROUND_HALF_UP)
    (receipt,) = shop.ingest(FOCUS)
    assert (receipt.format, receipt.rejected) == ("focus", 0)
    assert shop.rows("SELECT count(*), count(DISTINCT bill_id) FROM store.bills") == [(1000, 1000)]
    assert costs(shop) == stored
    assert all(abs(exact[name] - cost) < Decimal("0.000001") for name, cost in stored.items())


@samples
def test_a_bucket_of_usage_states_its_input_whole(shop: Shop) -> None:
    (receipt,) = shop.ingest(SAMPLES / "openai" / "usage_completions_0.json")
    assert (receipt.format, receipt.rejected) == ("openai_usage", 0)
    told = "input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, requests, model, project, billed_cost"
    assert shop.rows(f"SELECT {told} FROM store.bills") == [(1000, 400, 100, 500, 5, None, None, None)]


@samples
def test_a_bucket_of_costs_is_in_dollars(shop: Shop) -> None:
    (receipt,) = shop.ingest(SAMPLES / "openai" / "costs_0.json")
    assert (receipt.format, receipt.rejected) == ("openai_costs", 0)
    assert shop.rows("SELECT billed_cost, currency, line_item FROM store.bills") == [(Decimal("0.06"), "USD", None)]


@samples
def test_no_bill_is_a_call_and_no_call_is_a_bill(shop: Shop) -> None:
    shop.log("calls.jsonl", lines("a"))
    bills = [SAMPLES / "openai" / "usage_completions_0.json", SAMPLES / "openai" / "costs_0.json", FOCUS]
    shop.ingest(*bills, shop.folder / "calls.jsonl")
    assert shop.calls == ["a"]
    assert shop.rows("SELECT source, count(*) FROM store.bills GROUP BY source ORDER BY source") == [
        ("focus", 1000),
        ("openai_costs", 1),
        ("openai_usage", 1),
    ]


@samples
def test_a_bill_that_is_read_again_states_its_lines_once(shop: Shop) -> None:
    shop.ingest(FOCUS)
    shop.log("again.csv", FOCUS.read_bytes() + b"\n")
    shop.ingest(shop.folder / "again.csv")
    assert shop.rows("SELECT count(*) FROM store.bills") == [(1000,)]


@pytest.mark.parametrize("form", BILLS, ids=lambda form: form.name)
def test_among_all_formats_each_case_is_known_for_what_it_is(shop: Shop, form: formatbook.Format) -> None:
    cases = formatcases._cases(form.path.with_suffix(".yml"))  # noqa: SLF001  # the fixtures are the point
    paths = [
        shop.log(f"{number}", formatcases._text(case).encode())  # noqa: SLF001  # as above
        for number, case in enumerate(cases)
        if case["bills"]  # a report of nothing may be one of usage or of costs
    ]
    assert {receipt.format for receipt in shop.ingest(*paths)} == {form.name}
    assert shop.calls == []


def page(start: str, **result: Any) -> bytes:
    bucket = {"starting_at": start, "ending_at": "2026-10-09T00:00:00Z", "results": [result] if result else []}
    return json.dumps({"data": [bucket], "has_more": False, "next_page": None}).encode() + b"\n"


def test_a_day_that_was_not_over_is_replaced_when_it_is_fetched_again(shop: Shop) -> None:
    monday, tuesday = "2026-10-05T00:00:00Z", "2026-10-06T00:00:00Z"
    shop.read(page(monday, amount="100", currency="USD") + page(tuesday, amount="30", currency="USD"), "early.jsonl")
    shop.read(page(tuesday, amount="250", currency="USD"), "late.jsonl")
    assert costs(shop) == {"anthropic": Decimal("3.5")}


def test_days_without_costs_do_not_make_a_report_of_costs_one_of_usage(shop: Shop) -> None:
    days = [f"2026-10-0{day}T00:00:00Z" for day in range(1, 8)]
    content = b"".join(page(day) for day in days[:-1]) + page(days[-1], amount="5", currency="USD")
    assert shop.read(content).format == "anthropic_cost"
    assert costs(shop) == {"anthropic": Decimal("0.05")}


def openai_page(day: int, *results: dict[str, Any]) -> dict[str, Any]:
    start = 1_790_812_800 + day * 86_400
    bucket = {"object": "bucket", "start_time": start, "end_time": start + 86_400, "results": list(results)}
    return {"object": "page", "data": [bucket], "has_more": False, "next_page": None}


def test_neither_does_an_openai_page_without_a_result(shop: Shop) -> None:
    cost = {"object": "organization.costs.result", "amount": {"value": 1.25, "currency": "usd"}}
    pages = [openai_page(0), openai_page(1), openai_page(2, cost)]
    assert shop.read("".join(json.dumps(one) + "\n" for one in pages).encode()).format == "openai_costs"
    assert costs(shop) == {"openai": Decimal("1.25")}


def test_the_api_and_the_dashboard_state_one_cost_once(shop: Shop) -> None:
    cost = {"object": "organization.costs.result", "amount": {"value": 1.25, "currency": "usd"}, "project_id": "proj_a"}
    shop.read(json.dumps(openai_page(0, cost), indent=2).encode(), "costs.json")
    shop.read(
        b"start_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,line_item,project_id\n"
        b"1790812800,1790899200,2026-10-01T00:00:00,2026-10-02T00:00:00,1.250000000000000000000000000000,usd,,proj_a\n",
        "cost_2026-10-01_2026-10-02.csv",
    )
    assert costs(shop) == {"openai": Decimal("1.25")}


DEEPSEEK_KEY = "sk-0123456789abcdef0123456789abcdef"
DEEPSEEK = (
    b"user_id,utc_date,model,api_key_name,api_key,type,price,amount\n"
    b"acc-1,2026-10-01,deepseek-chat,,%(key)s,input_cache_hit_tokens,0.0000002,700\n"
    b"acc-1,2026-10-01,deepseek-chat,,%(key)s,input_cache_miss_tokens,0.000002,300\n"
    b"acc-1,2026-10-01,deepseek-chat,,%(key)s,output_tokens,0.000008,50\n"
    b"acc-1,2026-10-01,deepseek-chat,,%(key)s,request_count,,4\n"
    b"acc-1,2026-10-02,deepseek-chat,,%(key)s,request_count,,many\n"
) % {b"key": DEEPSEEK_KEY.encode()}


def test_the_kinds_of_a_long_export_add_up_to_its_totals(shop: Shop) -> None:
    assert shop.read(DEEPSEEK, "amount-2026-10.csv").rejected == 1
    sums = ", ".join(
        f"sum({name})::BIGINT" for name in ("input_tokens", "cache_read_tokens", "output_tokens", "requests")
    )
    assert shop.rows(f"SELECT {sums} FROM store.bills") == [(1000, 700, 50, 4)]


def test_a_raw_key_of_a_bill_is_nowhere_in_the_store(shop: Shop) -> None:
    shop.read(DEEPSEEK, "amount-2026-10.csv")
    everything = shop.everything + str(shop.rows("SELECT * FROM store.bills"))
    assert "key-18164f3170e8b94f" in everything
    assert DEEPSEEK_KEY not in everything


def test_days_of_a_report_are_utc_wherever_the_audit_is(shop: Shop) -> None:
    there = Shop(shop.folder, zone="Asia/Shanghai")
    there.read(DEEPSEEK, "amount.csv")
    there.read(b"utc_date,model,cost,currency\n20261001,deepseek-chat,1,CNY\n", "cost.csv")
    there.read(b"usage_date_utc,model,token_type,cost_usd\n2026-10-01,Claude Haiku 4.5,output,1\n", "claude_cost.csv")
    there.read(
        b"usage_date_utc,model_version,usage_input_tokens_no_cache,usage_output_tokens\n2026-10-01,claude-x,1,1\n",
        "claude_tokens.csv",
    )
    there.read(
        b"BilledCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd\n1,USD,2026-10-01 00:00:00,2026-10-02 00:00:00\n"
        b"1,USD,10/1/26,10/2/26\n",
        "focus.csv",
    )
    periods = "SELECT DISTINCT period_start::VARCHAR, period_end::VARCHAR FROM store.bills"
    assert there.rows(periods) == [("2026-10-01 00:00:00", "2026-10-02 00:00:00")]
    assert there.rows("SELECT count(DISTINCT source) FROM store.bills") == [(5,)]
