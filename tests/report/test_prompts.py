"""Spend by prompt template: what the engine groups, and what the page says of it."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from audit import redline, window
from audit.records import Month
from audit.report import prompts as by_template
from audit.report.prompts import PromptLine, Prompts, prompts
from audit.report.render import render
from audit.settings import Settings
from tests.pricing.priced import store, utc
from tests.report import examples, moved
from tests.report.examples import TEMPLATES
from tests.report.printed import Table, Tables, number
from tests.report.test_render import Page
from tests.report.test_sums import CURRENCIES, add_up

if TYPE_CHECKING:
    from collections.abc import Iterator

OCTOBER = Month(2026, 10)
ZERO = Decimal(0)
EACH = Decimal("0.0075")
A, B, C = (UUID(int=number) for number in (10, 11, 12))
OPUS = {"provider": "anthropic", "model": "claude-opus-4-5", "input_tokens": 1_000, "output_tokens": 100}


def calls(count: int = 1, /, **call: Any) -> list[dict[str, Any]]:
    return [{**OPUS, "project": "search", "started_at": utc("2026-10-10"), "template_hash": A, **call}] * count


@contextmanager
def grouped(logged: list[dict[str, Any]], **settings: Any) -> Iterator[Prompts]:
    read = Settings.model_validate(settings)
    with store(logged, read) as engine:
        span = window.build(engine, read, OCTOBER, redline.owners(read, OCTOBER), 20)
        yield prompts(engine, read, span)


def found(logged: list[dict[str, Any]], **settings: Any) -> Prompts:
    with grouped(logged, **settings) as made:
        return made


def only(logged: list[dict[str, Any]], **settings: Any) -> PromptLine:
    (line,) = found(logged, **settings).lines
    return line


def test_a_template_has_its_calls_its_cost_and_what_one_call_costs() -> None:
    line = only(calls(3))
    assert (line.project, line.template) == ("search", A.hex)
    assert (line.calls, line.cost, line.per_call) == (3, 3 * EACH, EACH)


def test_templates_of_two_projects_are_two_and_the_dearest_comes_first() -> None:
    made = found(
        calls() + calls(2, project="docs") + calls(3, project=None) + calls(1, template_hash=B, input_tokens=9)
    )
    assert [(line.project, line.template) for line in made.lines] == [
        (None, A.hex), ("docs", A.hex), ("search", A.hex), ("search", B.hex),
    ]  # fmt: skip
    assert made.templates == 4


def test_calls_whose_log_states_no_prompt_are_told_apart() -> None:
    made = found(calls() + calls(4, template_hash=None))
    assert (made.unstated_calls, made.unstated_cost) == (4, 4 * EACH)
    assert sum(line.cost for line in made.lines) == EACH
    nothing = found(calls(2, template_hash=None))
    assert (nothing.lines, nothing.templates, nothing.unstated_calls) == ((), 0, 2)


def test_medians_are_of_the_calls_that_state_their_tokens() -> None:
    line = only([call for tokens in (10, 20, 900) for call in calls(input_tokens=tokens, output_tokens=tokens + 1)])
    assert (line.input_median, line.output_median) == (20, 21)
    silent = only(calls(input_tokens=None, output_tokens=None))
    assert (silent.input_median, silent.output_median, silent.per_call, silent.unpriced_calls) == (None, None, None, 1)


def test_what_no_call_states_is_unknown_not_nothing() -> None:
    assert (only(calls()).cache_share, only(calls(status="unknown")).failed_share) == (None, None)
    half = only(calls(cache_read_tokens=500) + calls(cache_read_tokens=None, input_tokens=9_000))
    assert half.cache_share == Decimal("0.5")
    assert only(calls(3) + calls(status="error") + calls(9, status="unknown")).failed_share == Decimal("0.25")


def test_a_call_without_a_price_is_in_no_cost_and_in_no_cost_per_call() -> None:
    line = only(calls(2) + calls(3, model="nobody-knows-9"))
    assert (line.calls, line.unpriced_calls, line.cost, line.per_call) == (5, 3, 2 * EACH, EACH)


def test_the_task_is_that_of_most_calls_and_the_models_those_of_most_money() -> None:
    line = only(
        calls(3, task="rank", model="claude-haiku-4-5")
        + calls(2, task="sum", model="claude-opus-4-5")
        + calls(1, task=None, model="claude-sonnet-4-5")
        + calls(1, task="sum", model="claude-3-haiku-20240307")
    )
    assert (line.task, line.tasks) == ("rank", 2)
    assert line.models == ("claude-opus-4-5", "claude-haiku-4-5", "claude-sonnet-4-5")
    assert line.models_in_all == 4


def test_the_month_before_is_not_in_it() -> None:
    assert only(calls() + calls(5, started_at=utc("2026-09-28"))).calls == 1


def test_beyond_the_first_thousand_there_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_template, "MOST", 2)
    made = found([call for number in range(5) for call in calls(number + 1, template_hash=UUID(int=number))])
    assert [line.calls for line in made.lines] == [5, 4]
    assert (made.templates, made.other_calls, made.other_cost) == (5, 6, 6 * EACH)


def test_a_month_without_a_call_has_no_template() -> None:
    assert found([]) == Prompts()


REQUESTS = {
    "system first": {"system": "You rank {n}.\nMore", "messages": [{"role": "user", "content": "hi"}]},
    "messages": {"messages": [{"role": "system", "content": [{"type": "text", "text": "\nYou rank {n}."}]}]},
    "text": {"messages": "You rank {n}."},
}


@pytest.mark.parametrize("request_of", REQUESTS.values(), ids=REQUESTS)
def test_a_kept_prompt_shows_how_it_begins_without_what_fills_it(request_of: dict[str, Any]) -> None:
    text = json.dumps(request_of).replace("{n}", "order 7731 of 2026-10-03 for anna@example.com now")
    line = only(calls(prompt=text), logs={"keep_prompts": True})
    assert line.head == "You rank order … of … for … now."


def test_no_prompt_is_read_unless_prompts_are_kept() -> None:
    logged = calls(prompt=json.dumps(REQUESTS["text"]))
    assert only(logged).head == ""
    assert only(calls(prompt="no JSON at all"), logs={"keep_prompts": True}).head == ""


def section(page: str) -> str:
    return page.split('<section aria-labelledby="prompts">')[1].partition("</section>")[0]


def table(name: str, language: str = "en", currency: str = "USD") -> Table:
    page = render(examples.EXAMPLES[name](language, currency), TEMPLATES).report_html
    (made,) = Tables(section(page)).found
    return made


@pytest.mark.parametrize("currency", CURRENCIES)
@pytest.mark.parametrize("name", ["breached", "everything", "two_currencies", "many", "hostile", "extremes"])
def test_the_templates_add_up_to_the_spend(name: str, currency: str) -> None:
    made = table(name, currency=currency)
    assert made.total
    assert add_up(made) == []
    report = examples.EXAMPLES[name]("en", currency)
    assert number(made.total.cells[0]) == report.calls
    assert abs((number(made.total.cells[1]) or ZERO) - report.spend) <= Decimal("0.5")


def test_ten_stand_by_themselves_the_others_in_one_row_and_the_silent_in_another() -> None:
    made = table("breached")
    assert len(made.rows) == 10 + 3
    assert [row.name for row in made.rows[-3:]] == ["4 more templates", "No prompt in the log", "Total"]
    assert made.rows[0].name.startswith("triage · cfcd2084")
    assert made.rows[2].name.startswith("c81e728d")
    said = Page(section(render(examples.breached(), TEMPLATES).report_html)).plain
    assert "The 10 dearest of 14 templates make up 89.9% of the spend." in said
    assert "summary and 2 more · c4ca4238" in said


def test_what_is_unknown_of_a_template_is_a_dash() -> None:
    line = moved.template(0, None, 4, ZERO, per_call=None, unpriced_calls=4, cache_share=None, input_median=None)
    report = replace(examples.calm(), prompts=moved.listed(examples.calm(), [line]))
    row = Tables(section(render(report, TEMPLATES).report_html)).found[0].rows[0]
    assert row.cells == ["4", "no price known", "–", "–", "–", "211", "–", "<0.1%"]


def test_where_no_log_states_a_prompt_one_sentence_says_so() -> None:
    page = section(render(examples.calm(), TEMPLATES).report_html)
    assert "No log states a prompt" in Page(page).plain
    assert "<table" not in page
    assert 'id="prompts"' not in render(examples.empty(), TEMPLATES).report_html


def test_no_prompt_leaves_the_report_as_markup() -> None:
    page = section(render(examples.hostile(), TEMPLATES).report_html)
    assert not re.search(r"<script|<img|<b>x", page)
    assert "&lt;img src=http://evil.example/x.png&gt;" in page
