"""The change between two months of calls: what the engine sums, and what the page says of it."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from audit import redline, window
from audit.pricing.money import Rates
from audit.records import Month
from audit.report import spent
from audit.report.change import explain
from audit.report.effects import NAMES, Change, Parts
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
    from pathlib import Path

    from tests.conftest import Audit

ZERO = Decimal(0)
OCTOBER = Month(2026, 10)
SEPTEMBER_CALL, OCTOBER_CALL = utc("2026-09-10"), utc("2026-10-10")
# 1,000 in and 100 out of Claude Opus 4.5: 0.005 + 0.0025 dollars.
OPUS = {
    "project": "search", "operation": "chat", "task": "rank", "provider": "anthropic", "model": "claude-opus-4-5",
    "input_tokens": 1_000, "output_tokens": 100,
}  # fmt: skip
EACH = Decimal("0.0075")


def then(count: int = 1, /, **call: Any) -> list[dict[str, Any]]:
    return [{**OPUS, "started_at": SEPTEMBER_CALL, **call}] * count


def now(count: int = 1, /, **call: Any) -> list[dict[str, Any]]:
    return [{**OPUS, "started_at": OCTOBER_CALL, **call}] * count


@contextmanager
def built(calls: list[dict[str, Any]], look_back: int = 7, **settings: Any) -> Iterator[Change | None]:
    read = Settings.model_validate(settings)
    with store(calls, read) as engine:
        rates = Rates.of(engine, read)
        span = window.build(engine, read, OCTOBER, redline.owners(read, OCTOBER), look_back, rates=rates)
        engine.run("CREATE TEMP TABLE credited (call_id VARCHAR, grade VARCHAR, credited DECIMAL(18,9))")
        yield explain(engine, read, OCTOBER, span, rates)


def change(calls: list[dict[str, Any]], **settings: Any) -> Change:
    with built(calls, **settings) as found:
        assert found
        assert found.parts.total == found.after - found.before
        assert not found.waste_known
        return found


def test_what_two_months_cost_is_what_their_calls_cost() -> None:
    found = change(then(3) + now(5))
    assert (found.month, found.before, found.after) == ("2026-09", 3 * EACH, 5 * EACH)
    assert found.parts == Parts(volume=2 * EACH)
    (line,) = found.projects
    assert (line.project, line.calls_before, line.calls_after) == ("search", 3, 5)


def test_longer_prompts_are_tokens_and_what_the_cache_answers_is_cache() -> None:
    assert change(then() + now(input_tokens=3_000)).parts == Parts(tokens=Decimal("0.01"))
    assert change(then() + now(cache_read_tokens=1_000)).parts == Parts(cache=Decimal("-0.0045"))


def test_writing_to_the_cache_for_an_hour_is_cache() -> None:
    """Six cents a thousand for five minutes, ten for an hour; five for what is not written."""
    five = {"cache_write_tokens": 1_000}
    assert change(then() + now(**five)).parts == Parts(cache=Decimal("0.00125"))
    hour = change(then(**five) + now(**five, cache_write_1h_tokens=1_000))
    assert hour.parts == Parts(cache=Decimal("0.00375"))


def test_another_model_or_tier_for_the_same_task_is_mix() -> None:
    haiku = change(then() + now(model="claude-haiku-4-5"))
    assert haiku.parts == Parts(mix=Decimal("0.0015") - EACH)
    assert change(then() + now(service_tier="batch")).parts == Parts(mix=-EACH / 2)


def test_embeddings_beside_the_chat_are_counted_at_their_own_cost() -> None:
    embeddings: dict[str, Any] = {
        "operation": "embeddings", "task": None, "provider": "openai", "model": "text-embedding-3-small",
        "output_tokens": None, "input_tokens": 1_000,
    }  # fmt: skip
    found = change(then() + then(**embeddings) + now() + now(11, **embeddings))
    assert found.parts == Parts(volume=Decimal("0.0002"))


@pytest.fixture
def contract(tmp_path: Path) -> Path:
    """Opus at its own price, at twice that from the middle of October; longer prompts are dearer from the start."""
    row = 'provider = "anthropic"\nmodel = "claude-opus-4-5"\ncurrency = "USD"\n'
    path = tmp_path / "contract.toml"
    path.write_text(
        f'[[price]]\n{row}valid_from = 2026-01-01\nvalid_to = 2026-10-15\ninput_mtok = "5"\noutput_mtok = "25"\n'
        f'[[price]]\n{row}valid_from = 2026-10-15\ninput_mtok = "10"\noutput_mtok = "50"\n',
        encoding="utf-8",
    )
    return path


def test_a_price_that_rises_within_the_month_is_price_alone(contract: Path) -> None:
    calls = then(4) + now(2) + now(2, started_at=utc("2026-10-20"))
    assert change(calls, prices={"contracts": [contract]}).parts == Parts(price=2 * EACH)


def test_a_stronger_currency_is_no_higher_price() -> None:
    rates = [
        {"month": "2026-09", "currency": "CNY", "rate": "0.14"},
        {"month": "2026-10", "currency": "CNY", "rate": "0.15"},
    ]
    kimi: dict[str, Any] = {
        "provider": "moonshotai",
        "model": "kimi-k2.5",
        "input_tokens": 1_000_000,
        "output_tokens": 0,
    }
    found = change(then(**kimi) + now(**kimi), exchange_rates=rates)
    assert found.before == Decimal("0.56")
    assert found.parts == Parts(currency=Decimal("0.04"))


def test_a_band_of_longer_prompts_is_no_higher_price() -> None:
    """Beyond 200,000 tokens in, Gemini's list has a price of its own; both months have calls on both sides of it."""
    gemini: dict[str, Any] = {"provider": "google", "model": "gemini-2.5-pro", "output_tokens": 0}
    short, long = gemini | {"input_tokens": 100_000}, gemini | {"input_tokens": 300_000}
    found = change(then(2, **short) + then(**long) + now(**short) + now(2, **long))
    assert found.parts.price == 0
    assert found.parts.mix == found.after - found.before > 0


def test_what_a_source_states_itself_is_price_where_its_discount_changes() -> None:
    stated: dict[str, Any] = {"source": "gw", "stated_currency": "USD"}
    calls = then(stated_cost="0.006", **stated) + now(stated_cost="0.003", **stated)
    assert change(calls, prices={"stated": ["gw"]}).parts == Parts(price=Decimal("-0.003"))


def test_projects_that_came_and_went_and_calls_that_nobody_owns() -> None:
    found = change(
        then(project="gone") + then(2, project=None) + now(3, project=None) + now(7, project="came"),
    )
    assert found.parts == Parts(new=7 * EACH, gone=-EACH, volume=EACH)
    assert [line.project for line in found.projects] == ["came", None, "gone"]


def test_a_project_is_who_the_settings_say_in_both_months() -> None:
    projects = [{"name": "ours", "teams": ["blue"]}]
    found = change(then(team="blue") + now(2, team="blue", project="elsewhere"), projects=projects)
    assert found.parts == Parts(volume=EACH)
    assert [line.project for line in found.projects] == ["ours"]


def test_calls_without_a_price_are_in_no_part_and_are_counted() -> None:
    nameless = {"model": "nobody-knows-9"}
    found = change(then() + then(2, **nameless) + now() + now(5, **nameless))
    assert (found.parts, found.unpriced_before, found.unpriced_after) == (Parts(), 2, 5)


def test_answers_of_the_gateway_and_failures_that_nobody_bills_are_no_calls() -> None:
    free = now(50, gateway_cache_hit=True) + now(50, status="error", input_tokens=None, output_tokens=None)
    found = change(then(2) + now(2) + free)
    assert (found.parts, found.projects[0].calls_after) == (Parts(), 2)


def test_tasks_without_number_are_compared_without_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spent, "MOST_CELLS", 3)
    calls = [call for n in range(5) for call in (*then(task=f"t-{n}"), *now(task=f"u-{n}", input_tokens=2_000))]
    assert change(calls).parts == Parts(tokens=Decimal("0.025"))


def test_the_first_day_of_the_former_month_is_told_where_its_logs_begin_later() -> None:
    assert change(then() + now()).logged_from == date(2026, 9, 10)
    assert change(then() + then(started_at=utc("2026-08-30")) + now()).logged_from is None


@pytest.mark.parametrize("before", [[], [{**OPUS, "started_at": utc("2026-08-30")}], then(model="nobody-knows-9")])
def test_without_a_month_before_there_is_no_change(before: list[dict[str, Any]]) -> None:
    with built(before + now(), look_back=40) as found:
        assert found is None


def test_a_look_back_into_the_former_month_counts_nothing_twice() -> None:
    calls = then(3) + then(started_at=utc("2026-09-30")) + now(4)
    with built(calls, look_back=35) as found:
        assert found
        assert (found.before, found.parts) == (4 * EACH, Parts())


Flag = tuple[str, str, str, str]


@contextmanager
def kept(
    calls: list[dict[str, Any]], flags: list[Flag], credited: list[tuple[str, str, str]], audited: str = "2026-10-02"
) -> Iterator[Change]:
    """Flags that the former month's audit left, (rule's grade, source, call, credit), and this month's own."""
    read = Settings()
    with store(calls, read) as engine:
        rates = Rates.of(engine, read)
        span = window.build(engine, read, OCTOBER, redline.owners(read, OCTOBER), 0, rates=rates)
        engine.run("CREATE TEMP TABLE credited (grade VARCHAR, call_id VARCHAR, credited DECIMAL(18,9))")
        for row in credited:
            engine.run("INSERT INTO credited VALUES ($1, $2, $3)", dict(zip("123", row, strict=True)))
        for grade in ("proven", "avoidable"):
            engine.run(
                "INSERT INTO store.rules BY NAME SELECT '2026-09' AS month, $grade AS rule, $grade AS grade",
                {"grade": grade},
            )
        for rule, source, call, credit in flags:
            engine.run(
                "INSERT INTO store.flags BY NAME SELECT '2026-09' AS month, $rule AS rule, $source AS source, "
                "$call AS call_id, $credit::DECIMAL(18,9) AS credited",
                {"rule": rule, "source": source, "call": call, "credit": credit},
            )
        engine.run("INSERT INTO store.months VALUES ('2026-09', $at::TIMESTAMP, 0, NULL)", {"at": audited})
        found = explain(engine, read, OCTOBER, span, rates)
        assert found
        assert found.parts.total == found.after - found.before
        yield found


def test_a_part_of_a_call_that_was_wasted_takes_that_part_of_its_tokens_along() -> None:
    """A third of one of four calls in September, two thirds of one in October: the rest are calls as ever."""
    calls = then(4) + now(4)
    with kept(calls, [("proven", "log", "0", "0.0025")], [("proven", "4", "0.003"), ("proven", "4", "0.002")]) as found:
        assert found.waste_known
        assert found.parts.waste == Decimal("0.0025")
        assert abs(found.parts.volume + Decimal("0.0025")) < Decimal("1e-8")
        assert all(abs(getattr(found.parts, name)) < Decimal("1e-8") for name in ("mix", "tokens", "cache", "price"))


def test_only_what_is_proven_is_waste() -> None:
    with kept(then(2) + now(3), [("avoidable", "log", "0", "0.007")], [("hypothesis", "2", "0.007")]) as found:
        assert found.waste_known
        assert found.parts == Parts(volume=EACH)


def test_flags_of_sources_that_share_ids_find_their_calls() -> None:
    """An id that two sources use was kept with its source before it."""
    a, b = {"source": "a", "call_id": "x"}, {"source": "b", "call_id": "x"}
    calls = then(**a) + then(**b, input_tokens=9_000) + now(2)
    with kept(calls, [("proven", "a", "a/x", "0.0075")], []) as found:
        assert found.parts.waste == -EACH
        assert found.parts.tokens < 0
        assert found.parts.volume == found.parts.total - found.parts.waste - found.parts.tokens


def test_a_look_at_a_month_that_had_not_ended_tells_no_waste() -> None:
    with kept(then() + now(), [("proven", "log", "0", "0.0075")], [], audited="2026-09-20") as found:
        assert not found.waste_known
        assert found.parts == Parts()


LOG = """{{"call_id": "{id}", "started_at": "{at}", "latency_ms": 500, "provider": "anthropic", "status": "ok",
"model": "claude-opus-4-5", "operation": "chat", "input_tokens": 1000, "output_tokens": 100, "project": "search",
"task": "rank", "prompt_hash": "{prompt}"}}"""


def log(audit: Audit, name: str, month: str, prompts: list[int]) -> None:
    lines = []
    for place, prompt in enumerate(prompts):
        at = datetime(2026, int(month), 5, place // 60, place % 60, tzinfo=UTC).isoformat()
        text = LOG.format(id=f"{month}-{place}", at=at, prompt=f"{prompt:032x}")
        lines.append(json.dumps(json.loads(text)))
    folder = audit.folder / "logs"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def told(audit: Audit, month: str) -> dict[str, Any]:
    done = audit("run", "--month", month)
    assert done.returncode == 0, done.stderr
    data: dict[str, Any] = json.loads((audit.folder / "reports" / month / "report.json").read_text(encoding="utf-8"))
    return data


@pytest.mark.slow
def test_waste_is_told_apart_once_the_month_before_was_audited(audit: Audit) -> None:
    """September asks one thing twice, October one thing five times; 10 and 12 calls that are no repetition."""
    audit.settings('[paths]\nlogs = ["logs"]\n')
    log(audit, "september.jsonl", "09", [*range(10), 0])
    log(audit, "october.jsonl", "10", [*range(100, 112), *[100] * 4])
    alone = told(audit, "2026-10")["change"]
    assert alone["waste_known"] is False
    assert {name: Decimal(value) for name, value in alone["parts"].items()} == Parts(volume=5 * EACH).each()
    assert Decimal(told(audit, "2026-09")["waste"]) == EACH
    report = told(audit, "2026-10")
    assert Decimal(report["waste"]) == 4 * EACH
    assert report["change"]["waste_known"] is True
    parts = {name: Decimal(value) for name, value in report["change"]["parts"].items()}
    assert parts == Parts(waste=3 * EACH, volume=2 * EACH).each()
    assert Decimal(report["change"]["after"]) == Decimal(report["spend"])
    assert Decimal(report["change"]["before"]) == Decimal(report["previous_spend"])


def section(page: str) -> str:
    return page.split('<section aria-labelledby="change">')[1].partition("</section>")[0]


def tables(name: str, currency: str = "USD") -> list[Table]:
    return Tables(section(render(examples.EXAMPLES[name]("en", currency), TEMPLATES).report_html)).found


CHANGED = ("breached", "incomplete", "everything", "two_currencies", "many", "hostile", "extremes")


@pytest.mark.parametrize("currency", CURRENCIES)
@pytest.mark.parametrize("name", CHANGED)
def test_each_project_s_parts_add_up_across_to_its_change(name: str, currency: str) -> None:
    figures, projects = tables(name, currency)
    assert add_up(figures) == add_up(projects) == []
    for row in projects.rows:
        *parts, result = [number(cell) or ZERO for cell in row.cells]
        assert sum(parts, ZERO) == result
    assert projects.total
    before, after = (number(figures.rows[at].cells[0]) or ZERO for at in (0, -1))
    assert number(projects.total.cells[-1]) == after - before


@pytest.mark.parametrize("name", CHANGED)
def test_what_did_not_move_is_printed_as_nothing(name: str) -> None:
    report = examples.EXAMPLES[name]("en", "USD")
    assert report.change
    lines = {line.project: line.parts.each() for line in report.change.projects}
    _, projects = tables(name)
    columns = {"Proven waste": "waste", "Models": "mix", "Prices": "price", "Currency": "currency", "Cache": "cache"}
    for row in projects.rows:
        exact = next((parts for project, parts in lines.items() if project and row.name.startswith(project)), None)
        for heading, cell in zip(projects.headings[1:], row.cells, strict=True):
            if exact and heading in columns and not exact[columns[heading]]:
                assert cell == "–"


def test_the_figure_says_what_the_table_says() -> None:
    page = section(render(examples.breached(), TEMPLATES).report_html)
    figures = Tables(page).found[0]
    drawn = [text.strip() for text in Page(page.partition("<details")[0]).text.splitlines() if text.strip()]
    for row in figures.rows:
        (label,) = [text for text in drawn if row.name.startswith(text)]
        assert drawn[drawn.index(label) + 1] == row.cells[0]


def test_the_sentence_names_what_moved_most_with_the_table_s_own_figures() -> None:
    pages = render(examples.breached(), TEMPLATES)
    said = Page(section(pages.report_html)).plain
    verdict = (
        "The spend rose by $6,216 (22.8%) against September 2026. What moved it most: more calls of Support assistant "
        "(+$4,139), more tokens per call in Support assistant (+$2,137), and cheaper models in Support assistant "
    )
    assert verdict in said
    assert verdict in Page(pages.mail_html).plain
    assert verdict in " ".join(pages.mail_txt.split())
    support = next(row for row in Tables(section(pages.report_html)).found[1].rows if row.name == "Support assistant")
    assert {"+$4,139", "+$2,137"} <= set(support.cells)


def test_a_month_without_one_before_says_so_and_the_mail_says_nothing() -> None:
    pages = render(examples.calm(), TEMPLATES)
    said = "October 2026 is compared with no month before"
    assert said in Page(section(pages.report_html)).plain
    assert "<svg" not in section(pages.report_html)
    assert said not in Page(pages.mail_html).plain
    assert 'id="change"' not in render(examples.empty(), TEMPLATES).report_html


def test_what_makes_the_split_doubtful_is_said_below_it() -> None:
    said = Page(section(render(examples.incomplete(), TEMPLATES).report_html)).plain
    assert "Proven waste is not told apart: the store keeps no findings of September 2026." in said
    assert "4,420 calls of September 2026 and October 2026 have no known cost" in said
    assert "The logs of September 2026 begin on Sep 12" in said
    assert "More proven waste" not in said


def test_a_month_that_cost_as_much_says_what_cancels_out() -> None:
    costs = [("a", Decimal(100), Decimal(150)), ("b", Decimal(150), Decimal(100))]
    report = replace(examples.near(), change=moved.between(costs))
    said = Page(section(render(report, TEMPLATES).report_html)).plain
    assert "The spend is what it was in September 2026. What moved it most:" in said


def test_the_page_on_the_change_names_every_part() -> None:
    page = (TEMPLATES.parent / "docs" / "change.md").read_text(encoding="utf-8")
    assert [name for name in NAMES if f"| `{name}` |" not in page] == []
