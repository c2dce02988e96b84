"""The sample logs hold what truth.yml says, no more and no less, and a seed writes them byte for byte."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from genai_prices import Usage, calc_price

from audit.settings_file import load
from tests.simulator.__main__ import SAMPLE_LOGS, simulate, write
from tests.simulator.readback import Read, calls, content, native_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

TRUTH: dict[str, Any] = yaml.safe_load((SAMPLE_LOGS / "truth.yml").read_text())
SETTINGS = load(SAMPLE_LOGS / "audit.toml")
MONTHS = list(TRUTH["months"])
DAY = timedelta(hours=24)


@pytest.fixture(scope="module")
def logged() -> list[Read]:
    return calls(SAMPLE_LOGS, SETTINGS)[0]


@pytest.fixture(scope="module")
def by_id(logged: list[Read]) -> dict[str, Read]:
    return {call.call_id: call for call in logged}


def counts(found: list[Read]) -> dict[str, int]:
    return {
        "calls": len(found),
        "input_tokens": sum(call.input or 0 for call in found),
        "cache_read_tokens": sum(call.read for call in found),
        "cache_write_tokens": sum(call.write for call in found),
        "output_tokens": sum(call.output or 0 for call in found),
    }


@pytest.mark.parametrize("month", MONTHS)
def test_calls_and_tokens_are_those_of_the_truth(month: str, logged: list[Read]) -> None:
    found, truth = [call for call in logged if call.month == month], TRUTH["months"][month]
    assert counts(found) == truth["total"]
    for family in truth["by_family"]:
        assert counts([c for c in found if c.family == family]) == truth["by_family"][family]
    assert Counter(call.project or "(none)" for call in found) == truth["calls_by_project"]


def test_no_call_lies_outside_the_four_months(logged: list[Read]) -> None:
    assert sorted({call.month for call in logged}) == MONTHS


def test_the_lines_that_cannot_be_read_are_the_planted_ones() -> None:
    _, rejected = calls(SAMPLE_LOGS, SETTINGS)
    assert rejected == [(line["file"], line["line"]) for line in TRUTH["rejected"]]


def test_lines_are_repeated_within_a_file_and_a_day_between_two() -> None:
    august = content(SAMPLE_LOGS / "gateway/litellm-2026-08.jsonl.gz").splitlines()
    assert len(august) == len(set(august)) + 1
    parquet = {row["call_id"] for _, row in native_rows(SAMPLE_LOGS / "native/calls-2026-08.parquet")}
    september = {row["call_id"] for _, row in native_rows(SAMPLE_LOGS / "native/calls-2026-09.jsonl.gz")}
    assert len(parquet & september) > 20


def test_every_rule_has_something_to_find_each_month_and_more_in_october() -> None:
    for rule in TRUTH["months"]["2026-10"]["planted"]:
        found = [len(TRUTH["months"][month]["planted"][rule]) for month in MONTHS]
        assert all(found), rule
        assert found[-1] > max(found[:-1]) or rule == "missing_usage", rule


def billed(call: Read) -> bool:
    return call.input is not None and not call.cache_hit


def repeats(logged: list[Read], *, embedding: bool, within: timedelta) -> Iterator[Read]:
    """Billed calls whose prompt an ok call of the project and model had answered before they began."""
    asked: dict[tuple[str | None, str, str], list[Read]] = defaultdict(list)
    for call in logged:
        key = (call.project, call.model, call.prompt)
        earlier = [c for c in asked[key] if c.ended <= call.started <= c.started + within]
        if call.embedding == embedding and billed(call) and any(c.status == "ok" for c in earlier):
            yield call
        asked[key].append(call)


def asked_again(logged: list[Read]) -> Iterator[Read]:
    for call in logged:
        soon = call.ended + timedelta(seconds=120)
        if call.status == "truncated" and any(
            call.ended <= other.started <= soon
            and (other.session == call.session or (other.prompt, other.project) == (call.prompt, call.project))
            for other in logged
        ):
            yield call


def warm_but_paid(logged: list[Read]) -> Iterator[Read]:
    heads = defaultdict(list)
    for call in logged:
        if call.prefix and call.prefix_tokens >= 4096:
            heads[call.project, call.model, call.prefix].append(call)
    for members in heads.values():
        for before, call in pairwise(members):
            warm = call.started - before.started <= timedelta(minutes=5)
            if warm and billed(call) and not call.read and not call.write:
                yield call


def is_empty(call: Read) -> bool:
    return call.status == "ok" and billed(call) and not call.output and not call.embedding


# What a rule finds, straight from its definition.
FINDS: dict[str, Callable[[list[Read]], Iterable[Read]]] = {
    "duplicate_call": lambda logged: repeats(logged, embedding=False, within=DAY),
    "reembedded_input": lambda logged: repeats(logged, embedding=True, within=35 * DAY),
    "failed_billed": lambda logged: [c for c in logged if c.status in ("error", "cancelled") and billed(c)],
    "empty_output": lambda logged: filter(is_empty, logged),
    "truncated_output": asked_again,
    "missed_prompt_cache": warm_but_paid,
    "oversized_model": lambda logged: [c for c in logged if c.task == "label-ticket"],
    "unattributed": lambda logged: [c for c in logged if c.project is None],
    "unpriced": lambda logged: [c for c in logged if c.model == "house-7b"],
    "missing_usage": lambda logged: [c for c in logged if c.input is None and c.status == "ok"],
}


@pytest.mark.parametrize("rule", TRUTH["months"]["2026-10"]["planted"])
def test_a_rule_taken_at_its_word_finds_what_was_planted_and_nothing_else(rule: str, logged: list[Read]) -> None:
    found = list(FINDS[rule](logged))
    for month in MONTHS:
        ids = sorted(call.call_id for call in found if call.month == month)
        assert ids == TRUTH["months"][month]["planted"][rule], month


@pytest.mark.parametrize("kind", TRUTH["left_alone_by"])
def test_a_hard_negative_is_in_the_logs_and_planted_for_none_of_its_rules(kind: str, by_id: dict[str, Read]) -> None:
    for month in MONTHS:
        truth = TRUTH["months"][month]
        assert truth["hard_negatives"][kind]
        assert all(by_id[call_id].month == month for call_id in truth["hard_negatives"][kind])
        for rule in TRUTH["left_alone_by"][kind]:
            assert not set(truth["hard_negatives"][kind]) & set(truth["planted"][rule])


@pytest.mark.parametrize("kind", ["side_by_side", "other_project", "after_24_hours", "gateway_cache_hit"])
def test_a_hard_negative_of_duplicates_repeats_an_earlier_prompt(kind: str, logged: list[Read]) -> None:
    asked = defaultdict(list)
    for call in logged:
        asked[call.model, call.prompt].append(call)
    ids = {call_id for month in MONTHS for call_id in TRUTH["months"][month]["hard_negatives"][kind]}
    for call in (call for call in logged if call.call_id in ids):
        first = asked[call.model, call.prompt][0]
        assert first.call_id != call.call_id
        assert (first.ended > call.started) == (kind == "side_by_side")
        assert (first.project != call.project) == (kind == "other_project")
        assert (first.ended + DAY < call.started) == (kind == "after_24_hours")
        assert call.cache_hit == (kind == "gateway_cache_hit")


def test_the_oversized_lane_is_short_uniform_and_large_enough(logged: list[Read]) -> None:
    lane = [call for call in logged if call.task == "label-ticket"]
    assert min(Counter(call.month for call in lane).values()) >= 200
    assert max(call.input or 0 for call in lane) < 1500
    assert max(call.output or 0 for call in lane) < 64


def cost(call: Read) -> Decimal:
    if not billed(call) or call.provider == "inhouse":
        return Decimal(0)
    usage = Usage(
        input_tokens=call.input,
        cache_read_tokens=call.read,
        cache_write_tokens=call.write,
        output_tokens=call.output,
    )
    price = calc_price(usage, call.model, provider_id=call.provider, genai_request_timestamp=call.started)
    return price.total_price


def test_the_projects_stand_to_their_lines_as_the_demonstration_needs(logged: list[Read]) -> None:
    revenue = {(project.name, row.since): row.amount for project in SETTINGS.projects for row in project.revenue}
    with (SAMPLE_LOGS / "revenue.csv").open(newline="") as file:
        rates = {"USD": Decimal(1), "CNY": SETTINGS.exchange_rates[0].rate}
        revenue |= {
            (r["project"], r["from"]): Decimal(r["amount"]) * rates[r["currency"]] for r in csv.DictReader(file)
        }
    spend: dict[tuple[str | None, str], Decimal] = defaultdict(Decimal)
    for call in logged:
        spend[call.project, call.month] += cost(call)

    def share(project: str, month: str) -> Decimal:
        since = max(start for name, start in revenue if name == project and start <= month)
        return spend[project, month] / revenue[project, since]

    assert share("support-bot", "2026-10") > Decimal("0.25")
    assert all(share("support-bot", month) < Decimal("0.19") for month in MONTHS[:-1])
    assert Decimal("0.165") < share("contract-review", "2026-10") < Decimal("0.195")
    assert all(share("search", month) < Decimal("0.10") for month in MONTHS)
    assert not any(name == "internal-tools" for name, _ in revenue)


def test_one_seed_writes_the_same_bytes_and_they_fit_the_repository(tmp_path: Path) -> None:
    for name in ("first", "second"):
        write(simulate(7), tmp_path / name)
    first, second = (files(tmp_path / name) for name in ("first", "second"))
    assert {name: path.read_bytes() for name, path in first.items()} == {
        name: path.read_bytes() for name, path in second.items()
    }
    assert sum(path.stat().st_size for path in first.values()) < 3_000_000


def test_the_checked_in_logs_are_the_seeds(tmp_path: Path) -> None:
    # Packed bytes are the packer's affair, and stated costs the price list's: the calls must be the same.
    write(simulate(7), tmp_path)
    assert set(files(tmp_path)) == {name for name in files(SAMPLE_LOGS) if name != ".gitignore"}
    assert calls(tmp_path, SETTINGS) == calls(SAMPLE_LOGS, SETTINGS)
    assert (tmp_path / "truth.yml").read_text() == (SAMPLE_LOGS / "truth.yml").read_text()


def files(folder: Path) -> dict[str, Path]:
    """The files the simulator answers for; an audit may have left its store and reports beside them."""
    found = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    return {name: path for name, path in found.items() if not name.startswith(("audit.duckdb", "reports"))}
