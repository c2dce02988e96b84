"""A rule's texts, filled in the reader's language."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from audit.wording import Voice, filled


@pytest.mark.parametrize(
    ("milliseconds", "english", "chinese"),
    [
        (0, "0 seconds", "0 秒"),
        (1000, "1 second", "1 秒"),
        (89_000, "89 seconds", "89 秒"),
        (120_000, "2 minutes", "2 分钟"),
        (3_600_000, "60 minutes", "60 分钟"),
        (7_200_000, "2 hours", "2 小时"),
        (172_800_000, "2 days", "2 天"),
        (3_024_000_000, "5 weeks", "5 周"),
        (Decimal("120000.0"), "2 minutes", "2 分钟"),
        ("120000", "2 minutes", "2 分钟"),
    ],
)
def test_what_ends_in_ms_is_said_as_a_duration(milliseconds: Any, english: str, chinese: str) -> None:
    assert filled("{age_ms} before", {"age_ms": milliseconds}, "en") == f"{english} before"
    assert filled("{age_ms}前", {"age_ms": milliseconds}, "zh") == f"{chinese}前"


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (0, "0.0%"),
        (0.2, "20.0%"),
        (Decimal("0.2"), "20.0%"),
        (Decimal("0.200000"), "20.0%"),
        ("0.2", "20.0%"),
        (0.12345, "12.3%"),
        (1, "100.0%"),
        (12.5, "1,250.0%"),
        (Decimal("-0.05"), "-5.0%"),
    ],
)
def test_what_ends_in_share_is_said_as_a_percentage(share: Any, said: str) -> None:
    assert filled("{cost_share}", {"cost_share": share}, "en") == said
    assert filled("{cost_share}", {"cost_share": share}, "zh") == said


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "0"),
        (999, "999"),
        (1234567, "1,234,567"),
        (1234.5, "1,234.5"),
        (Decimal("1234.500"), "1,234.5"),
        (Decimal("0E-9"), "0"),
        (-1200, "-1,200"),
    ],
)
def test_numbers_are_grouped(number: Any, said: str) -> None:
    assert filled("{calls}", {"calls": number}, "en") == said
    assert filled("{calls}", {"calls": number}, "zh") == said


@pytest.mark.parametrize("text", ["1000000", "2026", "0042", "gpt-4o", "1e5", "NaN", "inf"])
def test_a_text_that_looks_like_a_number_stays_as_it_is(text: str) -> None:
    assert filled("{model}", {"model": text}, "en") == text


@pytest.mark.parametrize("text", ["{project}", "{", "}}", "100%", "%s %(x)d", "{0}", "a\\nb", "<b>&", "“引号”", ""])
def test_a_value_is_never_read_as_a_text_of_its_own(text: str) -> None:
    assert filled("<{model}> of {project}", {"model": text, "project": "search"}, "en") == f"<{text}> of search"


def test_percent_signs_and_doubled_braces_in_the_text_stand_for_themselves() -> None:
    assert filled("100% of {{x}} for {project}", {"project": "search"}, "en") == "100% of {x} for search"


def test_what_is_unknown_is_a_dash() -> None:
    values = {"age_ms": None, "cost_share": None, "model": None}
    assert filled("{age_ms} {cost_share} {model} {never_given}", values, "en") == "- - - -"


def test_a_project_that_is_unknown_is_said_in_words() -> None:
    assert filled("in front of {project}", {"project": None}, "en") == "in front of nobody's project"
    assert filled("在 {project} 前", {"project": None}, "zh") == "在 无归属项目 前"


@pytest.mark.parametrize("value", [True, [1, 2], {"a": 1}])
def test_what_is_neither_text_nor_number_is_said_as_it_prints(value: Any) -> None:
    assert filled("{x}", {"x": value}, "en") == str(value)


def test_a_duration_or_a_share_that_is_no_number_is_said_as_it_is() -> None:
    assert filled("{age_ms} {cost_share}", {"age_ms": "soon", "cost_share": "most"}, "en") == "soon most"


def test_a_text_without_names_stays_whole() -> None:
    assert filled("把缓存放在前面。", {}, "zh") == "把缓存放在前面。"


@pytest.mark.parametrize(
    ("number", "said"), [(1, "1 call was"), (0, "0 calls were"), (2, "2 calls were"), (1204, "1,204 calls were")]
)
def test_a_count_takes_the_word_that_fits_it(number: int, said: str) -> None:
    assert filled("{calls:call was|calls were} lost", {"calls": number}, "en") == f"{said} lost"


@pytest.mark.parametrize(
    ("value", "currency", "english", "chinese"),
    [
        ("12.345", "USD", "$12.35", "US$12.35"),
        ("1234.5", "USD", "$1,235", "US$1,235"),
        ("0.0004", "USD", "$0.00040", "US$0.00040"),
        ("-3.2", "CNY", "−CN¥3.20", "−¥3.20"),
        ("512.4", "JPY", "¥512", "JP¥512"),
        ("0", "USD", "$0.00", "US$0.00"),
    ],
)
def test_money_is_said_in_the_report_s_currency_and_the_reader_s_way(
    value: str, currency: str, english: str, chinese: str
) -> None:
    values = {"usual_cost": Decimal(value), "amount": Decimal(value)}
    assert filled("{usual_cost} {amount}", values, Voice("en", currency)) == f"{english} {english}"
    assert filled("{usual_cost} {amount}", values, Voice("zh", currency)) == f"{chinese} {chinese}"


def test_money_without_a_currency_is_a_number() -> None:
    assert filled("{usual_cost}", {"usual_cost": Decimal("1234.5")}, "en") == "1,234.5"


@pytest.mark.parametrize("day", ["2026-10-05", date(2026, 10, 5), "2026-10-05 00:00:00"])
def test_a_day_is_said_as_a_date(day: object) -> None:
    assert filled("{first_day}", {"first_day": day}, "en") == "Oct 5"
    assert filled("{first_day}", {"first_day": day}, "zh") == "10月5日"


def test_what_is_no_date_is_said_as_it_stands() -> None:
    assert filled("{first_day} {last_day}", {"first_day": "soon", "last_day": None}, "en") == "soon -"


@pytest.mark.parametrize(
    ("task", "said"),
    [("reply", "a call for reply costs"), (None, "a call costs"), ("-", "a call costs"), ("", "a call costs")],
)
def test_a_clause_about_what_is_missing_is_left_out(task: str | None, said: str) -> None:
    assert filled("a call[? for {task}?] costs", {"task": task}, "en") == said


def test_brackets_of_another_kind_stand_as_they_are() -> None:
    assert filled("under [[projects]] [a?]", {}, "en") == "under [[projects]] [a?]"
