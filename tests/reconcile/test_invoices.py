"""Planted invoices: what is wrong with each is named in words a finance person reads, to the cent."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

import pytest

from tests.reconcile import layouts
from tests.reconcile.invoices import CENT, Line, Office, billed, dollars, month, said, times, total

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

OPENAI = ("gpt-4o", "gpt-4o-mini")
Layout = tuple[str, "Callable[[Iterable[Line]], str]", str]
LAYOUTS: dict[str, tuple[Callable[[Iterable[Line]], str], str]] = {
    "openai_costs": (layouts.openai_costs, "costs.json"),
    "focus": (layouts.focus, "focus.csv"),
    "bill_csv": (layouts.plain, "invoice.csv"),
}
GONE = date(2026, 10, 17)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


@pytest.fixture(params=LAYOUTS)
def layout(request: pytest.FixtureRequest) -> Layout:
    return (request.param, *LAYOUTS[request.param])


def put(office: Office, layout: Layout, found: Iterable[Line]) -> None:
    form, write, name = layout
    assert office.read(name, write(found)) == form


def paid(line: Line, layout: Layout) -> Decimal:
    """What a line charges: a finance person's table is in whole cents."""
    return line.money.quantize(CENT, ROUND_HALF_UP) if layout[0] == "bill_csv" else line.money


def test_a_clean_invoice_agrees_and_needs_no_reason(office: Office, layout: Layout) -> None:
    calls = month(*OPENAI)
    office.log(calls)
    put(office, layout, billed(calls))
    (one,) = office.reconciled()
    assert one.agrees
    assert one.reasons == ()
    assert one.says.startswith("The bill and the logs agree")
    assert one.dimensions[:3] == ("day", "model", "project")
    assert (one.provider, one.currency, one.calls) == ("openai", "USD", len(calls))


def test_a_model_at_double_price_is_named(office: Office, layout: Layout) -> None:
    calls = month(*OPENAI)
    office.log(calls)
    put(office, layout, times(billed(calls), "gpt-4o", 2))
    (one,) = office.reconciled()
    more = sum((call.cost for call in calls if call.model == "gpt-4o"), Decimal(0))
    assert said(one) == [f"gpt-4o was billed at 2.00 times the price list: +{dollars(more)}"]
    assert not one.agrees


def test_a_day_that_no_log_knows_is_named(office: Office, layout: Layout) -> None:
    calls = month(*OPENAI)
    office.log([call for call in calls if call.day != GONE])
    bill = billed(calls)
    put(office, layout, bill)
    (one,) = office.reconciled()
    gone = sum((paid(line, layout) for line in bill if line.day == GONE), Decimal(0))
    assert said(one) == [f"nothing was logged on 2026-10-17, but billed: {dollars(gone)}"]
    assert one.reasons[0].certain


def test_a_day_that_was_not_billed_is_named(office: Office, layout: Layout) -> None:
    calls = month(*OPENAI)
    office.log(calls)
    bill = billed(calls)
    put(office, layout, [line for line in bill if line.day != GONE])
    (one,) = office.reconciled()
    gone = total(line for line in bill if line.day == GONE)
    assert said(one) == [f"nothing was billed for 2026-10-17, but logged: {dollars(gone)}"]


def test_a_key_that_no_log_knows_is_named(office: Office) -> None:
    calls = month(*OPENAI)
    office.log(calls)
    strange = Line(date(2026, 10, 5), "gpt-4o", "search", "billing-x", Decimal("12.34"))
    office.read("costs.json", layouts.openai_costs([*billed(calls), strange]))
    (one,) = office.reconciled()
    assert said(one) == ["key billing-x is billed, and no log knows it: $12.34"]


def test_several_mistakes_at_once_are_told_apart(office: Office) -> None:
    calls = month(*OPENAI)
    office.log([call for call in calls if call.day != GONE])
    bill = times(billed(calls), "gpt-4o", 2)
    strange = Line(date(2026, 10, 5), "gpt-4o-mini", "search", "billing-x", Decimal("12.34"))
    fee = Line(date(2026, 10, 6), None, "shop", "svc-shop", Decimal(3), item="code interpreter sessions")
    office.read("costs.json", layouts.openai_costs([*bill, strange, fee]))
    (one,) = office.reconciled()
    double = sum((call.cost for call in calls if call.model == "gpt-4o" and call.day != GONE), Decimal(0))
    gone = total(line for line in bill if line.day == GONE)
    assert set(said(one)) == {
        f"gpt-4o was billed at 2.00 times the price list: +{dollars(double)}",
        f"nothing was logged on 2026-10-17, but billed: {dollars(gone)}",
        "key billing-x is billed, and no log knows it: $12.34",
        "not for calls: code interpreter sessions, +$3.00",
    }


def test_claude_in_cents_and_by_its_name_for_people(office: Office) -> None:
    calls = month("claude-sonnet-4-5")
    office.log(calls, model=lambda _: "claude-sonnet-4-5-20250929")
    search = Line(date(2026, 10, 9), None, "search", "", Decimal("0.1"), item="Code Execution Usage")
    bill = [replace(line, model="claude-sonnet-4-5") for line in billed(calls)]
    assert office.read("cost.json", layouts.anthropic_cost([*times(bill, "claude-sonnet-4-5", 2), search]))
    (one,) = office.reconciled()
    assert one.dimensions == ("day", "model", "project")
    assert said(one) == [
        f"claude-sonnet-4-5-20250929 was billed at 2.00 times the price list: +{dollars(total(bill))}",
        "not for calls: Code Execution Usage, +$0.10",
    ]


def test_deepseek_is_compared_in_its_own_currency(office: Office) -> None:
    calls = month("deepseek-chat")
    office.log([call for call in calls if call.day != GONE])
    bill = billed(calls)
    assert office.read("cost.csv", layouts.deepseek_cost(bill)) == "deepseek_cost"
    (one,) = office.reconciled()
    gone = total(line for line in bill if line.day == GONE)
    assert (one.currency, one.dimensions) == ("CNY", ("day", "model"))
    assert said(one) == [f"nothing was logged on 2026-10-17, but billed: CN¥{gone:.2f}"]
    assert not [note for note in one.notes if "translated" in note]


def test_a_bill_in_another_currency_than_the_list_is_translated_and_says_so(office: Office) -> None:
    calls = month("deepseek-chat")
    office.log(calls)
    rows = [replace(line, money=line.money * Decimal("0.14")) for line in billed(calls)]
    office.read("invoice.csv", layouts.plain(rows, "deepseek", cents=False))
    (one,) = office.reconciled()
    assert one.agrees
    assert "What is priced in CNY was translated at the month's rate: 1 CNY is 0.14 USD." in one.notes


def test_a_discount_on_everything_is_one_sentence(office: Office) -> None:
    calls = month(*OPENAI)
    office.log(calls)
    bill = [replace(line, money=line.money * Decimal("0.85")) for line in billed(calls)]
    office.read("costs.json", layouts.openai_costs(bill))
    (one,) = office.reconciled()
    less = sum((call.cost for call in calls), Decimal(0)) * Decimal("0.15")
    sentence = f"all of it was billed at 0.85 times the price list: a discount of 15 %? −{dollars(less)}"
    assert said(one) == [sentence]
    assert not one.reasons[0].certain


def test_a_discount_shows_in_whole_cents_too_where_one_model_costs_a_cent_or_two(office: Office) -> None:
    calls = month(*OPENAI)
    office.log(calls)
    bill = [replace(line, money=line.money * Decimal("0.85")) for line in billed(calls)]
    office.read("invoice.csv", layouts.plain(bill))
    (one,) = office.reconciled()
    assert [reason.kind for reason in one.reasons if reason.kind != "rounding"] == ["factor_all_less"]
    assert one.reasons[0].says.startswith("all of it was billed at 0.85 times the price list: a discount of 15 %?")


def test_a_double_price_is_not_put_on_the_model_that_costs_nearly_nothing(office: Office) -> None:
    calls = [
        replace(call, input_tokens=800, output_tokens=160) if call.model == "gpt-4o-mini" else call
        for call in month(*OPENAI)
    ]
    office.log(calls)
    office.read("invoice.csv", layouts.plain(times(billed(calls), "gpt-4o", 2)))
    (one,) = office.reconciled()
    assert [reason.kind for reason in one.reasons if reason.kind != "rounding"] == ["factor_model"]


def test_a_price_that_changed_within_the_month_is_named_with_its_days(office: Office) -> None:
    calls = month(*OPENAI)
    office.log(calls)
    bill = [
        replace(line, money=line.money * 2) if line.model == "gpt-4o" and line.day >= GONE else line
        for line in billed(calls)
    ]
    office.read("costs.json", layouts.openai_costs(bill))
    (one,) = office.reconciled()
    more = sum((call.cost for call in calls if call.model == "gpt-4o" and call.day >= GONE), Decimal(0))
    days = "2026-10-17 to 2026-10-31"
    assert said(one) == [f"gpt-4o was billed at 2.00 times the price list on {days}: +{dollars(more)}"]


def test_cache_reads_billed_as_plain_input_are_named(office: Office) -> None:
    calls = month(*OPENAI, cached=1)
    office.log(calls)
    bill = billed([replace(call, cache_read_tokens=0) if call.model == "gpt-4o" else call for call in calls])
    office.read("costs.json", layouts.openai_costs(bill))
    (one,) = office.reconciled()
    more = total(bill) - sum((call.cost for call in calls), Decimal(0))
    sentence = f"gpt-4o was billed as if nothing had been read from the prompt cache: +{dollars(more)}"
    assert said(one) == [sentence]


def test_a_batch_billed_at_the_standard_price_is_named(office: Office) -> None:
    calls = [
        replace(call, tier="batch") if call.model == "gpt-4o" and call.project == "shop" else call
        for call in month(*OPENAI)
    ]
    office.log(calls)
    bill = billed([replace(call, tier="standard") for call in calls])
    office.read("costs.json", layouts.openai_costs([replace(line, api_key="") for line in bill]))
    (one,) = office.reconciled()
    more = sum((call.cost for call in calls if call.tier == "batch"), Decimal(0))
    assert said(one) == [f"gpt-4o's batch calls were billed at the standard price: +{dollars(more)}"]


def test_usage_comes_from_the_report_that_has_it_and_nothing_is_added_twice(office: Office) -> None:
    calls = month(*OPENAI)
    office.log(calls)
    bill = billed(calls)
    lost = [
        replace(line, money=line.money * 3, input_tokens=line.input_tokens * 3, output_tokens=line.output_tokens * 3)
        if line.model == "gpt-4o"
        else line
        for line in bill
    ]
    office.read("costs.json", layouts.openai_costs(lost))
    office.read("usage.json", layouts.openai_usage(lost))
    (one,) = office.reconciled()
    assert (one.source, one.usage_source) == ("openai_costs", "openai_usage")
    assert one.billed == total(lost)
    (sentence,) = said(one)
    assert sentence.startswith("gpt-4o: as many requests as calls, but the bill counts ")
    assert sentence.endswith(f"+{dollars(total(lost) - total(bill))}")


def test_with_usage_that_agrees_a_wrong_price_is_proven(office: Office) -> None:
    calls = month(*OPENAI)
    office.log(calls)
    bill = times(billed(calls), "gpt-4o", 2)
    office.read("costs.json", layouts.openai_costs(bill))
    office.read("usage.json", layouts.openai_usage(bill))
    (one,) = office.reconciled()
    assert [(reason.kind, reason.certain) for reason in one.reasons] == [("factor_model", True)]
    assert {part.kind for part in one.parts} == {"matched", "price_apart"}


def test_calls_that_never_reached_a_log_are_counted(office: Office) -> None:
    calls = month(*OPENAI)
    office.log([call for number, call in enumerate(calls) if number % 5])
    bill = billed(calls)
    office.read("costs.json", layouts.openai_costs(bill))
    office.read("usage.json", layouts.openai_usage(bill))
    (one,) = office.reconciled()
    assert {reason.kind for reason in one.reasons} <= {"requests_more_of", "some_not_logged_of", "rounding"}
    assert sum(reason.money for reason in one.reasons) == one.difference


def test_two_bills_of_one_provider_are_compared_each_by_itself(office: Office) -> None:
    calls = month(*OPENAI)
    office.log(calls)
    bill = billed(calls)
    office.read("costs.json", layouts.openai_costs(bill))
    office.read("focus.csv", layouts.focus(bill))
    found = office.reconciled()
    assert [(one.source, one.beside, one.agrees) for one in found] == [
        ("focus", ("openai_costs",), True),
        ("openai_costs", ("focus",), True),
    ]


def test_a_clouds_other_services_are_left_out(office: Office) -> None:
    calls = month(*OPENAI)
    office.log(calls)
    disk = Line(date(2026, 10, 3), None, "search", "", Decimal(500), item="Disk")
    office.read("focus.csv", layouts.focus([*billed(calls), disk]))
    (one,) = office.reconciled()
    assert one.agrees
    assert "$500.00 more on this bill is for services that are no models, and is not compared." in one.notes


def test_a_bill_of_days_in_another_zone_is_known_for_one(office: Office) -> None:
    calls = month(*OPENAI, a_day=20, first_hour=1)
    office.log(calls)
    office.read("invoice.csv", layouts.plain(billed(calls, zone_hours=8), cents=False))
    (one,) = office.reconciled()
    (sentence,) = said(one)
    assert sentence.startswith("the days of the bill and of the logs lie 8 hours beside each other: if the bill's days")
    assert "began that much earlier" in sentence


def test_a_bill_that_knows_only_the_month_is_compared_in_sum(office: Office) -> None:
    calls = month(*OPENAI)
    office.log(calls)
    whole = total(billed(calls))
    invoice = (whole * 2).quantize(CENT)
    office.read("invoice.csv", f"provider,month,amount\nopenai,2026-10,{invoice}\n")
    (one,) = office.reconciled()
    assert one.dimensions == ()
    assert said(one) == [
        f"all of it was billed at 2.00 times the price list: a tax or a surcharge of 100 %? +{dollars(invoice - whole)}"
    ]


def test_the_companys_month_may_begin_at_another_hour_than_the_bills(tmp_path: Path) -> None:
    office = Office(tmp_path, company={"timezone": "Asia/Shanghai"})
    calls = month(*OPENAI, first_hour=14)
    office.log(calls)
    office.read("costs.json", layouts.openai_costs(billed(calls)))
    (one,) = office.reconciled()
    assert one.agrees
    assert any(
        note.startswith("The bill's month lasts from 2026-10-01 00:00 to 2026-11-01 00:00 UTC") for note in one.notes
    )


def test_a_bill_that_ends_early_says_from_when_on_nothing_was_billed(office: Office) -> None:
    calls = month(*OPENAI)
    office.log(calls)
    bill = billed(calls)
    late = total(line for line in bill if line.day > GONE)
    office.read("costs.json", layouts.openai_costs(line for line in bill if line.day <= GONE))
    (one,) = office.reconciled()
    assert said(one) == [f"the bill ends before 2026-10-18; logged from 2026-10-18 to 2026-10-31: {dollars(late)}"]


def test_what_we_cannot_price_is_said_to_be_that(office: Office) -> None:
    calls = month("gpt-4o")
    unpriced = [replace(call, at=call.at + timedelta(minutes=1)) for call in month("gpt-4o-mini")]
    office.log(calls)
    office.log(unpriced, "house.jsonl", model=lambda _: "house-model-9")
    bill = billed(calls) + [replace(line, model="house-model-9") for line in billed(unpriced)]
    office.read("invoice.csv", layouts.plain(bill))
    (one,) = office.reconciled()
    (sentence,) = said(one)
    assert sentence.startswith(f"house-model-9: {len(unpriced)} calls have no known price, so that part of +$")


def test_projects_are_known_by_the_bills_own_ids(tmp_path: Path) -> None:
    projects = [{"name": "search", "bill_ids": ["proj_1"]}, {"name": "shop", "bill_ids": ["proj_2"]}]
    office = Office(tmp_path, more={"projects": projects})
    calls = month(*OPENAI)
    office.log(calls)
    ids = {"search": "proj_1", "shop": "proj_2"}
    office.read("costs.json", layouts.openai_costs(replace(line, project=ids[line.project]) for line in billed(calls)))
    (one,) = office.reconciled()
    assert one.agrees
    assert "project" in one.dimensions


def test_names_that_never_meet_are_said_not_compared(office: Office) -> None:
    calls = month(*OPENAI)
    office.log(calls)
    office.read("costs.json", layouts.openai_costs(replace(line, project="proj_1") for line in billed(calls)))
    (one,) = office.reconciled()
    assert one.agrees
    assert "project" not in one.dimensions
    assert any(
        note.startswith("Not compared by project: the bill writes proj_1 where the logs write search")
        for note in one.notes
    )


def test_without_a_bill_there_is_nothing_to_say(office: Office) -> None:
    office.log(month("gpt-4o"))
    assert office.reconciled() == ()
    assert office.printed() == [
        "No bill was read for 2026-10: ingest the provider's cost report or invoice, then look again."
    ]


def test_the_command_prints_a_table_and_the_sentences(office: Office) -> None:
    calls = month(*OPENAI)
    office.log([*calls, *month("claude-sonnet-4-5", a_day=1)])
    office.read("costs.json", layouts.openai_costs(times(billed(calls), "gpt-4o", 2)))
    text = office.printed()
    more = sum((call.cost for call in calls if call.model == "gpt-4o"), Decimal(0))
    assert text[0] == "openai_costs, openai, USD: 2026-10-01 to 2026-10-31, compared by day, model, project, key"
    assert f"- likely: gpt-4o was billed at 2.00 times the price list: +{dollars(more)}" in text
    assert text[-1].startswith("No bill was read for anthropic: nothing confirms its 31 calls ($")
    assert all(len(line) <= 100 for line in text)


def test_it_speaks_chinese(tmp_path: Path) -> None:
    office = Office(tmp_path, company={"language": "zh"})
    calls = month(*OPENAI)
    office.log([call for call in calls if call.day != GONE])
    bill = billed(calls)
    office.read("costs.json", layouts.openai_costs(bill))
    (one,) = office.reconciled()
    gone = total(line for line in bill if line.day == GONE)
    assert said(one) == [f"2026-10-17 没有任何日志，账单却有 US{dollars(gone)}"]
