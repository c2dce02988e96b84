"""The shapes that reports come in: split lines, tiers, hours, other midnights, every case of every format."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from audit import formatbook, formatcases, intake, places
from audit.engine.store import open_store
from audit.reconcile.reconciliation import reconcile
from audit.records import Month
from tests.reconcile import layouts
from tests.reconcile.invoices import PRICES, Call, Office, billed, dollars, month, said, times, total

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Audit

OPENAI = ("gpt-4o", "gpt-4o-mini")
BILLS = [form for form in formatbook.load([places.formats()]).values() if form.kind == "bills"]


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def split(calls: list[Call], *, factor: int = 1) -> str:
    """OpenAI costs grouped by line item: input, cached input and output each with their tokens."""
    days: dict[date, list[dict[str, Any]]] = defaultdict(list)
    for line in billed(calls):
        assert line.model is not None
        _, _, put, read, out = PRICES[line.model]
        tokens = {
            "input": (line.input_tokens - line.cache_read_tokens, put),
            "cached input": (line.cache_read_tokens, read),
            "output": (line.output_tokens, out),
        }
        for what, (number, price) in tokens.items():
            days[line.day].append(
                {
                    "object": "organization.costs.result",
                    "amount": {"value": float(number * price * factor / 1_000_000), "currency": "usd"},
                    "line_item": f"{line.model}-2024-08-06, {what}",
                    "quantity": number,
                    "quantity_unit": "tokens",
                    "project_id": line.project,
                    "api_key_id": line.api_key,
                }
            )
    data = [{"object": "bucket", **layouts.seconds(day), "results": results} for day, results in sorted(days.items())]
    return json.dumps({"object": "page", "data": data, "has_more": False, "next_page": None})


def test_line_items_of_a_model_add_up_to_the_model(office: Office) -> None:
    calls = month(*OPENAI, cached=1)
    office.log(calls)
    office.read("costs.json", split(calls))
    (one,) = office.reconciled()
    assert one.agrees
    assert one.lines == 3 * len(billed(calls))


def test_line_items_that_state_their_tokens_prove_a_wrong_price(office: Office) -> None:
    calls = month(*OPENAI, cached=1)
    office.log(calls)
    office.read("costs.json", split(calls, factor=2))
    (one,) = office.reconciled()
    assert {part.kind for part in one.parts} == {"price_apart"}
    assert [reason.kind for reason in one.reasons] == ["factor_all_more"]


def test_a_day_of_beijing_is_a_day_of_beijing(office: Office) -> None:
    calls = month("deepseek-chat", a_day=20, first_hour=1)
    office.log(calls)
    rows = [
        (
            "acc",
            f"{day}T00:00:00+08:00",
            f"{day + timedelta(days=1)}T00:00:00+08:00",
            model,
            "Paid",
            f"{money:f}",
            "CNY",
        )
        for (day, model), money in by_day(calls, 8).items()
    ]
    columns = ("user_id", "start_time_iso", "end_time_iso", "model", "wallet_type", "cost", "currency")
    assert office.read("cost.csv", layouts.table(columns, rows)) == "deepseek_cost"
    (one,) = office.reconciled()
    assert (one.period_start.isoformat(), one.first_day) == ("2026-09-30T16:00:00", date(2026, 10, 1))
    gone = [reason for reason in one.reasons if reason.kind != "rounding"]
    assert gone == []


def by_day(calls: list[Call], zone_hours: int) -> dict[tuple[date, str | None], Decimal]:
    """What October's days of a zone cost; November's first is not on October's bill, and no call lies there."""
    days: dict[tuple[date, str | None], Decimal] = defaultdict(Decimal)
    for line in billed([call for call in calls if (call.at + timedelta(hours=zone_hours)).month == 10], zone_hours):
        days[line.day, line.model] += line.money
    return days


def test_hours_of_a_cloud_bill_are_added_up_to_days(office: Office) -> None:
    calls = month(*OPENAI)
    office.log(calls)
    rows = [
        (
            f"{call.cost:f}",
            "USD",
            f"{call.at:%Y-%m-%d %H}:00:00",
            f"{call.at + timedelta(hours=1):%Y-%m-%d %H}:00:00",
            "OpenAI",
            "AI and Machine Learning",
            "Models",
            json.dumps({"project": call.project, "model": call.model}),
        )
        for call in calls
    ]
    columns = (
        "BilledCost", "BillingCurrency", "ChargePeriodStart", "ChargePeriodEnd", "ProviderName", "ServiceCategory",
        "ServiceName", "Tags",
    )  # fmt: skip
    office.read("focus.csv", layouts.table(columns, rows))
    (one,) = office.reconciled()
    assert one.agrees
    assert (one.lines, one.dimensions) == (len(calls), ("day", "model", "project"))


def test_tiers_are_told_apart_where_both_sides_tell_them(office: Office) -> None:
    calls = [replace(call, tier="batch") if call.project == "shop" else call for call in month("gpt-4o")]
    office.log(calls)
    rows = [
        ("openai", call.day, call.model, "" if call.tier == "standard" else call.tier, f"{call.cost:f}")
        for call in calls
    ]
    rows = [(*row[:4], f"{Decimal(row[4]) * (2 if row[3] else 1):f}") for row in rows]
    office.read("invoice.csv", layouts.table(("provider", "date", "model", "service_tier", "amount"), rows))
    (one,) = office.reconciled()
    more = sum((call.cost for call in calls if call.tier == "batch"), Decimal(0))
    assert one.dimensions == ("day", "model", "service_tier")
    assert said(one) == [f"gpt-4o's batch calls were billed at the standard price: +{dollars(more)}"]


def test_claudes_cost_takes_its_tokens_from_the_usage_report(office: Office) -> None:
    calls = month("claude-sonnet-4-5", cached=1)
    office.log(calls)
    bill = times(billed(calls), "claude-sonnet-4-5", 2)
    usage = [
        {
            "starting_at": f"{line.day}T00:00:00Z",
            "ending_at": f"{line.day + timedelta(days=1)}T00:00:00Z",
            "results": [
                {
                    "uncached_input_tokens": line.input_tokens - line.cache_read_tokens,
                    "cache_read_input_tokens": line.cache_read_tokens,
                    "output_tokens": line.output_tokens,
                    "model": f"{line.model}-20250929",
                    "workspace_id": line.project,
                }
            ],
        }
        for line in bill
    ]
    office.read("cost.json", layouts.anthropic_cost(bill))
    assert office.read("usage.json", json.dumps({"data": usage, "has_more": False})) == "anthropic_usage"
    (one,) = office.reconciled()
    assert one.usage_source == "anthropic_usage"
    assert [(reason.kind, reason.certain) for reason in one.reasons] == [("factor_model", True)]
    assert said(one) == [f"claude-sonnet-4-5 was billed at 2.00 times the price list: +{dollars(total(bill) / 2)}"]


@pytest.mark.parametrize("form", BILLS, ids=lambda form: form.name)
def test_every_case_of_every_bill_can_be_held_against_calls(office: Office, form: formatbook.Format) -> None:
    office.log(month("gpt-4o", a_day=1))
    settings = office.settings
    with open_store(settings.paths.store, settings) as engine:
        for number, case in enumerate(formatcases._cases(form.path.with_suffix(".yml"))):  # noqa: SLF001  # fixtures
            path = office.folder / f"{number}.log"
            path.write_text(formatcases._text(case), encoding="utf-8")  # noqa: SLF001  # as above
            intake.take_in(engine, settings, [path], intake.Silence())
        for asked in (Month(2024, 12), Month(2026, 9), Month(2026, 10)):
            for one in reconcile(engine, settings, asked):
                if one.difference is not None:
                    assert sum(part.money for part in one.parts) == one.difference
                    assert not one.reasons or sum(reason.money for reason in one.reasons) == one.difference


def test_the_commands_read_a_bill_and_print_what_is_wrong_with_it(audit: Audit) -> None:
    office = Office(audit.folder)
    calls = month(*OPENAI)
    _ = office.settings
    audit.settings('[prices]\ncontracts = ["contract.toml"]\n')
    office.log(calls)
    (audit.folder / "costs.json").write_text(layouts.openai_costs(times(billed(calls), "gpt-4o", 2)), encoding="utf-8")
    assert audit("ingest", "calls.jsonl", "costs.json").returncode == 0
    done = audit("reconcile", "--month", "2026-10")
    more = sum((call.cost for call in calls if call.model == "gpt-4o"), Decimal(0))
    assert done.returncode == 0, done.stderr
    assert f"gpt-4o was billed at 2.00 times the price list: +{dollars(more)}" in done.stdout
