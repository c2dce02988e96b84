"""What real bills have besides: usage alone, hours, wallets, fees, other names, no logs at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from audit.engine.store import open_store
from audit.pricing import kept
from audit.reconcile.reconciliation import reconcile
from audit.records import Month
from tests.ingest.shop import ABSENT, DATA
from tests.reconcile import invoices, layouts
from tests.reconcile.invoices import OCTOBER, Line, Office, billed, dollars, month, said, times, total

if TYPE_CHECKING:
    from pathlib import Path

FOCUS = DATA / "formats" / "focus_sample_data" / "focus_sample.csv"
OPENAI = ("gpt-4o", "gpt-4o-mini")


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def test_usage_alone_is_counted_and_has_no_money(office: Office) -> None:
    calls = month(*OPENAI)
    office.log(calls)
    office.read("usage.json", layouts.openai_usage(billed(calls)))
    (one,) = office.reconciled()
    assert (one.billed, one.computed, one.difference, one.currency) == (None, None, None, None)
    assert one.agrees
    assert one.says == f"The usage report and the logs count alike, in {len(calls)} calls. It states no money."


def test_usage_alone_names_what_it_counts_more(office: Office) -> None:
    calls = month(*OPENAI)
    office.log(calls)
    more = [replace(line, requests=line.requests, input_tokens=line.input_tokens * 2) for line in billed(calls)]
    office.read("usage.json", layouts.openai_usage(more))
    (one,) = office.reconciled()
    assert {reason.kind for reason in one.reasons} == {"tokens_apart_of"}
    assert all(not reason.money for reason in one.reasons)
    assert all("$" not in reason.says and "tokens or requests" in reason.says for reason in one.reasons)


def test_a_bill_without_any_log_says_that(office: Office) -> None:
    bill = billed(month(*OPENAI))
    office.read("costs.json", layouts.openai_costs(bill))
    (one,) = office.reconciled()
    assert said(one) == [f"no log holds a call of this provider and time, but billed: {dollars(total(bill))}"]


def test_calls_of_another_provider_are_not_the_bills(office: Office) -> None:
    calls = month(*OPENAI)
    office.log([*calls, *month("claude-sonnet-4-5")])
    office.read("costs.json", layouts.openai_costs(billed(calls)))
    (one,) = office.reconciled()
    assert one.agrees
    assert one.calls == len(calls)


def test_another_months_bill_is_not_this_months(office: Office) -> None:
    calls = month(*OPENAI)
    office.log(calls)
    office.read("costs.json", layouts.openai_costs(billed(calls)))
    assert office.reconciled(Month(2026, 9)) == ()
    assert office.reconciled(Month(2026, 11)) == ()


def test_a_model_under_another_name_is_recognised_by_its_money(office: Office) -> None:
    calls = month(*OPENAI)
    office.log(calls, model=lambda call: "gpt-4o" if call.model == "gpt-4o" else "our-small-one")
    office.read("invoice.csv", layouts.plain(billed(calls), cents=False))
    (one,) = office.reconciled()
    assert {reason.kind for reason in one.reasons} <= {"unknown_model", "unbilled_model", "renamed_model", "rounding"}
    assert one.difference == sum((reason.money for reason in one.reasons), Decimal(0))


def test_a_project_under_another_name_is_recognised_by_its_money(office: Office) -> None:
    calls = month(*OPENAI)
    office.log(calls)
    bill = [replace(line, project="proj_shop" if line.project == "shop" else line.project) for line in billed(calls)]
    office.read("focus.csv", layouts.focus(bill))
    (one,) = office.reconciled()
    (sentence,) = said(one)
    assert sentence.startswith(
        "project proj_shop on the bill may be shop in the logs: they cost the same but for $0.00"
    )


def test_a_project_and_a_model_that_one_side_lacks_are_named(office: Office) -> None:
    calls = month(*OPENAI)
    office.log([call for call in calls if call.project == "search"])
    bill = billed(calls)
    office.read("focus.csv", layouts.focus(line for line in bill if line.model == "gpt-4o"))
    (one,) = office.reconciled()
    shop = total(line for line in bill if line.project == "shop" and line.model == "gpt-4o")
    mini = total(line for line in bill if line.project == "search" and line.model == "gpt-4o-mini")
    assert set(said(one)) == {
        f"project shop is billed, and no log knows it: {dollars(shop)}",
        f"model gpt-4o-mini is logged, and not billed: {dollars(mini)}",
    }


def test_calls_without_usage_are_what_we_cannot_know(office: Office) -> None:
    calls = month("gpt-4o")
    silent = {call.at for call in calls if call.day.day == 5}
    office.log(
        calls,
        input_tokens=lambda call: None if call.at in silent else call.input_tokens,
        output_tokens=lambda call: None if call.at in silent else call.output_tokens,
        cache_read_tokens=lambda _: None,
    )
    office.read("costs.json", layouts.openai_costs(billed(calls)))
    (one,) = office.reconciled()
    lost = sum((call.cost for call in calls if call.at in silent), Decimal(0))
    assert said(one) == [
        f"gpt-4o: 4 calls state no usage, so that we cannot know their part of +{dollars(lost)}",
    ]


def test_calls_at_midnight_are_billed_a_day_later_and_nobody_is_wrong(office: Office) -> None:
    calls = month("gpt-4o")
    office.log(calls)
    moved = [
        replace(call, at=call.at.replace(day=call.at.day + 1))
        if call.day.day in (3, 11) and call.at.hour == 9
        else call
        for call in calls
    ]
    office.read("costs.json", layouts.openai_costs(billed(moved)))
    (one,) = office.reconciled()
    assert [reason.kind for reason in one.reasons if reason.kind != "rounding"] == ["straddling"]
    assert one.difference == 0


def test_a_key_that_no_log_knows_is_noted_where_some_calls_state_none(office: Office) -> None:
    calls = month("gpt-4o")
    office.log(calls, api_key=lambda call: call.api_key if call.project == "search" else None)
    strange = Line(date(2026, 10, 5), "gpt-4o", "search", "billing-x", Decimal("12.34"))
    bill = [line for line in billed(calls) if line.project == "search"]
    shop = [replace(line, api_key="svc-search") for line in billed(calls) if line.project == "shop"]
    office.read("costs.json", layouts.openai_costs([*bill, *shop, strange]))
    (one,) = office.reconciled()
    assert "Not compared by key: 62 calls do not state it." in one.notes
    assert (
        "On the bill is a key that no log knows: billing-x ($12.34). Calls that state none may be its own." in one.notes
    )


def test_nobody_sends_a_bill_for_the_companys_own_machines(office: Office) -> None:
    calls = month("gpt-4o")
    office.log(calls)
    office.log(calls[:3], "own.jsonl", provider=lambda _: "vllm", model=lambda _: "house-7b")
    office.read("costs.json", layouts.openai_costs(billed(calls)))
    assert not [line for line in office.printed() if line.startswith("No bill was read")]


def test_a_granted_balance_is_used_and_not_invoiced(office: Office) -> None:
    calls = month("deepseek-chat")
    office.log(calls)
    text = layouts.deepseek_cost(billed(calls)).replace(
        ",2026-10-05,deepseek-chat,Paid,", ",2026-10-05,deepseek-chat,Granted,"
    )
    office.read("cost.csv", text)
    (one,) = office.reconciled()
    day = total(line for line in billed(calls) if line.day == date(2026, 10, 5))
    assert one.agrees
    assert f"CN¥{day:.2f} of it was paid from a granted balance: used, but not invoiced." in one.notes


def test_web_searches_are_held_against_what_the_logs_searched(office: Office) -> None:
    text = '[[price]]\nprovider = "openai"\nmodel = "gpt-4o*"\ninput_mtok = "2.50"\noutput_mtok = "10"\n'
    office.folder.joinpath("searches.toml").write_text(text + 'web_searches_kcount = "10"\n', encoding="utf-8")
    office.more["prices"] = {"contracts": [office.folder / "searches.toml"]}
    calls = month("gpt-4o")
    office.log(calls, quantity=lambda _: 3, unit=lambda _: "web_searches")
    bill = billed(calls)
    searches = [
        Line(line.day, None, line.project, line.api_key, Decimal("0.03") * line.requests, item="web search tool calls")
        for line in bill
    ]
    office.read("costs.json", layouts.openai_costs([*bill, *searches]))
    (one,) = office.reconciled()
    assert one.agrees
    assert {line.name for line in one.models} == {"gpt-4o", "web search"}


def test_a_bill_in_two_currencies_takes_each_call_once(office: Office) -> None:
    yuan, dollar = month("deepseek-chat"), month("gpt-4o")
    office.log([*yuan, *dollar], provider=lambda _: "some vendor")
    rows = [("some vendor", line.day, line.model, f"{line.money:f}", "CNY") for line in billed(yuan)]
    rows += [("some vendor", line.day, line.model, f"{line.money:f}", "USD") for line in billed(dollar)]
    contract = invoices.CONTRACT.replace('"deepseek"', '"some vendor"').replace('"openai"', '"some vendor"')
    office.folder.joinpath("vendor.toml").write_text(contract, encoding="utf-8")
    office.more["prices"] = {"contracts": [office.folder / "vendor.toml"]}
    office.read("invoice.csv", layouts.table(("provider", "date", "model", "amount", "currency"), rows))
    found = office.reconciled()
    assert [(one.currency, one.agrees) for one in found] == [("CNY", True), ("USD", True)]


def test_what_another_currency_of_the_bill_may_hold_is_not_proven_to_be_unlogged(office: Office) -> None:
    yuan = month("deepseek-chat")
    office.log(yuan)
    rows = [("deepseek", line.day, f"{line.money:f}", currency) for line in billed(yuan) for currency in ("CNY", "USD")]
    office.read("invoice.csv", layouts.table(("provider", "date", "amount", "currency"), rows))
    (other,) = [one for one in office.reconciled() if one.currency == "USD"]
    assert [(reason.kind, reason.certain) for reason in other.reasons] == [("nothing_logged", False)]


def test_calls_without_a_price_and_without_a_bill_do_not_agree(office: Office) -> None:
    calls = month("gpt-4o")
    office.log(calls)
    office.log(calls, "more.jsonl", model=lambda _: "mystery-9")
    office.read("invoice.csv", layouts.plain(billed(calls), cents=False))
    (one,) = office.reconciled()
    assert not one.agrees
    assert "agree" not in one.says
    assert said(one) == ["model mystery-9 is logged, and not billed: no known price"]


@pytest.mark.parametrize(("priced", "money"), [((), "no known price"), (("claude-sonnet-4-5",), "at least $")])
def test_unconfirmed_calls_without_a_price_cost_no_nought(office: Office, priced: tuple[str, ...], money: str) -> None:
    calls = month("gpt-4o")
    office.log(calls)
    office.log(calls, "more.jsonl", provider=lambda _: "anthropic", model=lambda _: "mystery-9")
    office.log(month(*priced), "priced.jsonl") if priced else None
    office.read("invoice.csv", layouts.plain(billed(calls), cents=False))
    assert f"({money}" in " ".join(office.printed())


def test_one_call_is_a_call(office: Office) -> None:
    calls = month("gpt-4o")[:1]
    office.log(calls)
    office.read("invoice.csv", layouts.plain(billed(calls), cents=False))
    (one,) = office.reconciled()
    assert one.says.endswith("from 1 call.")


def test_a_closed_month_is_translated_at_the_rate_it_was_closed_with(office: Office) -> None:
    calls = month("deepseek-chat")
    office.log(calls)
    rows = [replace(line, money=line.money * Decimal("0.2")) for line in billed(calls)]
    office.read("invoice.csv", layouts.plain(rows, "deepseek", cents=False))
    settings = office.settings
    with open_store(settings.paths.store, settings) as engine:
        kept.keep_rates(engine, OCTOBER, "USD", {(OCTOBER, "CNY"): Decimal("0.2")})
        (one,) = reconcile(engine, settings, OCTOBER)
        (anew,) = reconcile(engine, settings, OCTOBER, anew=True)
    assert one.agrees
    assert "1 CNY is 0.2" in " ".join(one.notes)
    assert "1 CNY is 0.14 USD." in " ".join(anew.notes)
    assert not anew.agrees


def test_a_missing_exchange_rate_is_said_and_breaks_nothing(office: Office) -> None:
    calls = month("deepseek-chat")
    office.log(calls)
    rows = [("deepseek", line.day, f"{line.money:f}", "KRW") for line in billed(calls)]
    office.read("invoice.csv", layouts.table(("provider", "date", "amount", "currency"), rows))
    (one,) = office.reconciled()
    assert any(note.startswith("Some calls could not be translated") and "KRW" in note for note in one.notes)
    assert {reason.kind for reason in one.reasons} == {"no_rate"}


def test_it_reads_no_file_of_the_engines_once_that_is_sealed(office: Office) -> None:
    calls = month("gpt-4o")
    office.log(calls)
    office.read("costs.json", layouts.openai_costs(times(billed(calls), "gpt-4o", 2)))
    settings = office.settings
    with open_store(settings.paths.store, settings) as engine:
        engine.seal()
        (one,) = reconcile(engine, settings, OCTOBER)
    assert [reason.kind for reason in one.reasons] == ["factor_model"]


@pytest.mark.skipif(not FOCUS.exists(), reason=ABSENT)
def test_a_real_cloud_bill_without_ai_is_no_bill_of_calls(office: Office) -> None:
    office.read("focus.csv", FOCUS.read_text(encoding="utf-8-sig"))
    assert all(one.provider != "oracle" for one in office.reconciled(Month(2024, 9)))
