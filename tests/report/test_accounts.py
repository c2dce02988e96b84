"""What stands behind the money is on the page and in the mail, block by block, and nothing where there is nothing."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from decimal import Decimal

import pytest

from audit.report import files
from audit.report.accounts import CurrencyLine, StatedLine
from audit.report.render import Pages, render
from tests.report import bills, examples
from tests.report.examples import TEMPLATES
from tests.report.printed import Table, Tables
from tests.report.test_render import Page

BLOCKS = {
    "en": (
        "Against the invoice", "What priced it", "Currencies", "What sources say themselves", "Pools of your own",
        "Who is charged what",
    ),
    "zh": ("与账单核对", "价格来自哪些价目表", "币种", "来源自报的成本", "自有算力池", "谁承担多少"),
}  # fmt: skip
ZERO = Decimal(0)


def pages(name: str, language: str = "en") -> Pages:
    return render(examples.EXAMPLES[name](language, "CNY" if language == "zh" else "USD"), TEMPLATES)


def section(page: str, name: str = "accounts") -> str:
    """One section of the report, its markup and all."""
    return page.split(f'<section aria-labelledby="{name}">')[1].partition("</section>")[0]


def table(page: str, heading: str) -> Table:
    return next(found for found in Tables(section(page)).found if heading in found.headings)


def said(page: str) -> str:
    return Page(page).plain


@pytest.mark.parametrize("language", ["en", "zh"])
def test_all_of_it_stands_between_the_spend_and_the_quality(language: str) -> None:
    page = pages("everything", language).report_html
    places = [page.index(f'<h2 id="{name}">') for name in ("alerts", "trend", "accounts", "quality")]
    assert places == sorted(places)
    assert tuple(re.findall(r"<h3>(.*?)</h3>", section(page))) == BLOCKS[language]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_does_not_apply_shows_nothing(language: str) -> None:
    assert re.findall(r"<h3>(.*?)</h3>", section(pages("calm", language).report_html)) == [BLOCKS[language][1]]
    assert 'id="accounts"' not in pages("empty", language).report_html
    for name in ("calm", "empty"):
        mail = pages(name, language)
        for words in (BLOCKS[language][0], "The money behind the figures", "金额从何而来", "Restatement", "重述："):
            assert words not in said(mail.mail_html)
            assert words not in mail.mail_txt


def test_a_bill_leads_with_its_verdict_and_ends_with_why() -> None:
    text = said(section(pages("everything").report_html))
    verdict = text.index("Billed $12,793.57, computed $13,047.80 from 108,364 calls: −$254.23.")
    assert verdict < text.index("Same usage, other price") < text.index("certain: claude-opus-4-5 was billed at 0.85")
    assert "likely: key svc-old is billed, and no log knows it: $212.07" in text
    assert "Not compared by project: no log states it." in text
    assert "rounding" not in text
    assert "≠ Billed" in text
    assert "✓ The bill and the logs agree" in text
    assert "✓ The usage report and the logs count alike" in text


def test_a_bills_parts_are_printed_to_the_coin_of_its_own_currency() -> None:
    report = replace(examples.calm(), reconciled=(bills.apart("en", "JPY"), bills.agreeing("en")))
    found = [one for one in Tables(section(render(report, TEMPLATES).report_html)).found if "Billed" in one.headings]
    assert found[0].rows[0].cells[0] == "¥9,121"
    assert found[0].rows[-1].cells == ["¥12,794", "¥13,048", "−¥254", "59", "108,364"]
    assert found[-1].rows[0].cells[0] == "CN¥41,200.18"


def test_models_and_days_of_a_bill_are_folded_and_only_where_it_does_not_agree() -> None:
    text = section(pages("everything").report_html)
    assert text.count("<details>") == 2
    for part in text.split("<details>")[1:]:
        (detail,) = Tables(part.split("</details>")[0]).found
        assert detail.rows[-1].cells[:3] == ["$12,793.57", "$13,047.80", "−$254.23"]


def test_calls_without_a_known_cost_stand_in_their_own_row_and_the_total_is_the_spend() -> None:
    report = examples.everything()
    priced = table(render(report, TEMPLATES).report_html, "Price list")
    rows = {row.name: row.cells for row in priced.rows}
    assert rows["!No known cost"] == ["320", "unknown"]
    assert rows["Nothing to price"] == ["41", "–"]
    assert rows["Total"] == ["5,000", "$31,032.23"]
    assert report.spend.quantize(Decimal("0.01")) == Decimal("31032.23")


def test_lists_are_named_in_the_readers_language() -> None:
    text = said(section(pages("everything", "zh").report_html))
    assert "合同 northwind-2026.toml，基于本项目价目表 2026-11-23" in text
    assert "自有算力池 h20-shanghai" in text
    assert "own list" not in text


def test_a_rate_tells_its_month_and_where_it_is_from() -> None:
    page = pages("everything").report_html
    foreign = table(page, "Rate").rows[1]
    assert (foreign.name, foreign.cells[1:]) == ("CNY", ["CN¥73,554.22", "0.140632", "$10,344.08"])
    assert "rate of October 2026, github.com/datasets/exchange-rates" in said(page)
    assert "2026年10月汇率，结账后保持不变" in said(pages("two_currencies", "zh").report_html)


def test_a_spend_that_is_not_the_sum_of_currencies_says_why() -> None:
    report = examples.calm()
    lines = (CurrencyLine("CNY", 9, Decimal(90), Decimal("0.1406"), "rates.csv line 3", Decimal("12.654")),)
    text = said(render(replace(report, accounts=replace(report.accounts, currencies=lines)), TEMPLATES).report_html)
    assert "The spend is $1,022.39: where a source's own cost counts" in text


def test_a_source_that_states_its_cost_says_which_of_the_two_counts() -> None:
    page = pages("everything").report_html
    rows = {row.name: row.cells for row in table(page, "Stated").rows}
    assert rows["openrouter"] == ["41,020", "$1,204.12", "$1,189.55", "+$14.57"]
    assert rows["helicone"] == ["0", "–", "–", "–"]
    text = section(page)
    assert "<bdi>openrouter</bdi><small>its own cost counts</small><small>12 calls left out" in text
    assert "<bdi>litellm</bdi><small>the price list counts</small>" in text


def test_the_check_of_stated_costs_goes_by_what_can_be_compared() -> None:
    report = examples.incomplete()

    def check(stated: tuple[StatedLine, ...]) -> str:
        return said(render(replace(report, accounts=replace(report.accounts, stated=stated)), TEMPLATES).report_html)

    assert "They agree within 1%." in check(bills.one_stated("31877.10"))
    assert "No log states what its calls cost" in check(())
    # Costs in a currency without a rate are stated all the same.
    assert "No log states what its calls cost" not in check(bills.stated()[2:])
    assert "77 calls state costs; they have no price of ours, or their currency no rate" in check(bills.stated()[2:])


def test_the_check_of_stated_costs_does_not_say_ours_counts_where_theirs_does() -> None:
    report = examples.incomplete()
    assert "This report uses ours." in said(render(report, TEMPLATES).report_html)
    (line,) = bills.one_stated("29877.10")
    stated = (replace(line, counted="stated"),)
    theirs = replace(report, accounts=replace(report.accounts, stated=stated))
    text = said(render(theirs, TEMPLATES).report_html)
    assert "This report uses ours." not in text
    assert "Which of the two counts stands under The money behind the figures." in text


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "The pool a100-spare served no call in October 2026: the $607.53 it cost is in no project"),
        ("zh", "算力池“a100-spare”在2026年10月没有服务任何调用，¥4,320 的成本未计入任何项目，也未计入总支出"),
    ],
)
def test_a_pool_that_served_nothing_is_told_before_any_number(language: str, sentence: str) -> None:
    told = pages("everything", language)
    for text in (said(told.report_html), said(told.mail_html)):
        assert f"! {sentence}" in text
    assert "".join(sentence.split()) in "".join(told.mail_txt.split())
    heading = {"en": "Proven waste", "zh": "已证实的浪费"}[language]
    assert said(told.report_html).index(sentence) < said(told.report_html).index(heading)
    assert "a100-spare" not in said(pages("two_currencies", language).report_html)


def test_a_pools_million_tokens_have_more_digits_than_a_coin() -> None:
    row = table(pages("two_currencies").report_html, "A million tokens").rows[0]
    assert row.cells == ["402,118", "6.12 B", "$4,050.23", "$0.6618"]


@pytest.mark.parametrize(
    ("language", "note", "stayed"),
    [
        ("en", "Cost here is what a project is charged", "eval-runs keeps the cost that it was to share"),
        ("zh", "此处的成本是项目应承担的金额", "“eval-runs”的共享成本留在原处：2026年10月应分摊的项目都没有调用次数"),
    ],
)
def test_where_projects_are_charged_the_line_says_so(language: str, note: str, stayed: str) -> None:
    told = pages("everything", language)
    for text in (said(told.report_html), said(told.mail_html), " ".join(told.mail_txt.split())):
        assert "".join(note.split()) in "".join(text.split())
        assert "".join(stayed.split()) in "".join(text.split())
    assert said(told.report_html).count(note) == 1
    assert note not in said(pages("breached", language).report_html)


def test_columns_that_nobody_has_anything_in_are_left_out() -> None:
    report = examples.everything()
    alone = tuple(
        replace(line, direct=line.charged, received=ZERO, received_from=(), handed_out=ZERO, margin=ZERO)
        for line in report.accounts.charged
    )
    page = render(replace(report, accounts=replace(report.accounts, charged=alone)), TEMPLATES).report_html
    assert table(page, "Charged").headings == ["Project", "Own calls", "Charged"]


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        (
            "en",
            "1: October 2026 was reported before as $31,000.24 with 4,760 calls; it now comes to $31,032.23",
        ),
        (
            "zh",
            "¥31,000.24、4,760 次调用，现为 ¥31,032.23、5,000 次调用。原因：日志中的调用有了变化。",
        ),
    ],
)
def test_a_restatement_stands_under_the_verdict(language: str, sentence: str) -> None:
    told = pages("everything", language)
    for page in (told.report_html, told.mail_html):
        text = said(page)
        under = text.index(sentence)
        assert text.index("¥8,301" if language == "zh" else "$8,301") < under < text.index("a100-spare")
    assert "".join(sentence.split()) in "".join(told.mail_txt.split())


@pytest.mark.parametrize("language", ["en", "zh"])
def test_calls_without_a_price_come_first_with_their_names_and_what_to_do(language: str) -> None:
    told = pages("incomplete", language)
    quality = said(section(told.report_html, "quality"))
    first = quality.index("doubao-seed-1-6")
    rejected = {"en": "Lines that could not be read", "zh": "无法读取的行"}[language]
    assert first < quality.index(rejected)
    assert quality.index("audit prices explain NAME") < quality.index("audit prices add") < first
    line = {"en": "Data quality: 4,120 calls have no known price", "zh": "数据质量：4,120 次调用查不到单价"}[language]
    assert line in said(told.mail_html)
    assert "audit prices" not in pages("breached", language).report_html


def test_the_method_names_the_lists_in_their_order_and_what_stays() -> None:
    text = said(section(pages("everything").report_html, "method"))
    order = [text.index(name) for name in ("your own contracts", "this project's own list", "then genai-prices")]
    assert order == sorted(order)
    assert "This month: contract northwind-2026.toml, genai-prices 0.2.4, own list 2026-11-23" in text
    assert "A month that is closed keeps its prices and its exchange rates" in text
    assert "What counts is what the project is charged" in text


def test_money_of_the_accounts_is_text_in_the_data() -> None:
    report = examples.everything()
    data = json.loads(files.as_json(report, "subject"))
    assert data["accounts"]["charged"][0]["charged"] == f"{report.accounts.charged[0].charged:f}"
    assert data["reconciled"][0]["parts"][0]["computed"] == "9120.398100004"
    assert data["reconciled"][0]["period_start"] == "2026-10-01T00:00:00+00:00"
    assert data["restated"]["spend_before"] == f"{report.restated.spend_before:f}" if report.restated else False

    def floats(value: object) -> list[float]:
        if isinstance(value, dict):
            return [found for one in value.values() for found in floats(one)]
        if isinstance(value, list):
            return [found for one in value for found in floats(one)]
        return [value] if isinstance(value, float) else []

    assert floats(data) == []
