"""Random rules over random calls: credited and left are what was paid, for each call, project and month."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from audit import intake, month
from audit.engine.store import open_store
from audit.pricing.money import Rates
from audit.records import Grade, Month
from audit.settings_file import load

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from audit.report.content import Report

OCTOBER = Month(2026, 10)
NOTHING = Decimal(0)
MODELS = (
    ("openai", "gpt-4.1"),
    ("anthropic", "claude-sonnet-4-5"),
    ("google", "gemini-2.5-flash"),
    ("nobody", "none-9b"),
)
PARTS = (
    "cost",
    "cost * 0.333333333",
    "least(coalesce(cost, 0), 0.0001)",
    "cost * (hash(concat(call_id, '{name}')) % 1001 * 0.001)",
    "CASE WHEN hash(call_id) % 3 > 0 THEN cost END",
    "0",
)
SETTINGS = """[company]
timezone = "Asia/Shanghai"
[limits]
threads = {threads}
[paths]
rules = ["own"]
"""


@dataclass(frozen=True)
class Outcome:
    """What one audit left: what each call cost, what was claimed and credited, and the report."""

    costs: dict[str, tuple[str | None, Decimal | None]]
    flags: list[tuple[Any, ...]]
    order: dict[str, tuple[int, int, str]]
    report: Report


def calls_of(chance: Random, count: int) -> list[str]:
    """Lines of a native log: ordinary calls, failures, repeats, calls without a price, without usage, at no cost."""
    lines = []
    for number in range(count):
        provider, model = chance.choice(MODELS)
        day, hour, second = chance.randint(2, 30), chance.randrange(24), chance.randrange(60)
        call: dict[str, Any] = {
            "call_id": f"c{number:04d}",
            "started_at": f"2026-10-{day:02d}T{hour:02d}:00:{second:02d}Z",
            "provider": provider,
            "model": model,
            "latency_ms": chance.randint(0, 90_000),
            "status": chance.choice(("ok", "ok", "ok", "error", "truncated", "filtered", "cancelled")),
            "finish_reason": "stop",
            "prompt_hash": f"{chance.randrange(count // 2):032x}",
            "session_id": f"s{chance.randrange(count // 4)}",
            "gateway_cache_hit": chance.random() < 0.05,
        }
        if chance.random() < 0.9:
            call |= {"input_tokens": chance.randint(0, 90_000), "output_tokens": chance.choice((0, 7, 333, 12_345))}
        if chance.random() < 0.9:
            call["project"] = f"p{chance.randrange(4)}"
        lines.append(json.dumps(call))
    return lines


def rules_of(chance: Random, count: int) -> dict[str, str]:
    """Rules that claim by chance: any grade and precedence, any calls, any part of their cost."""
    rules = {}
    for number in range(count):
        name, grade = f"random_{number}", chance.choice(list(Grade))
        head = f'title = "t"\ngrade = "{grade}"\nbecause = "b"\nfix = "f"\nprecedence = {chance.randint(1, 4)}'
        saving = chance.choice(PARTS).format(name=name)
        subject = chance.choice(("", ", model AS subject"))
        met = f"hash(concat('{name}', call_id)) % 10 < {chance.randint(1, 9)}"
        rules[name] = f"/*\n{head}\n*/\nSELECT call_id, {saving} AS saving{subject} FROM calls WHERE {met}\n"
    return rules


def audited(folder: Path, lines: Iterable[str], rules: dict[str, str], *, threads: int = 1, files: int = 1) -> Outcome:
    """Lines, in their order and in so many files, through the real audit with the shipped rules and those of chance."""
    for name in ("own", "logs"):
        (folder / name).mkdir(parents=True)
    for name, text in rules.items():
        (folder / "own" / f"{name}.sql").write_text(text, encoding="utf-8")
    given_lines = list(lines)
    for number in range(files):
        text = "".join(f"{line}\n" for line in given_lines[number::files])
        (folder / "logs" / f"{number}.jsonl").write_text(text, encoding="utf-8")
    path = folder / "audit.toml"
    path.write_text(SETTINGS.format(threads=threads), encoding="utf-8")
    with open_store(folder / "audit.duckdb", given_settings := load(path)) as engine:
        intake.take_in(engine, given_settings, [folder / "logs"], intake.Silence())
        rates = Rates.of(engine, given_settings, anew=None)
        done = month.audit_month(
            engine, given_settings, OCTOBER, intake.Silence(), rates=rates, rules=month.rules_of(given_settings)
        )
        costs = {row[0]: (row[1], row[2]) for row in engine.rows("SELECT call_id, project, cost FROM priced")}
        flags = engine.rows("SELECT rule, grade, project, call_id, saving, credited FROM credited ORDER BY ALL")
        ranks = engine.rows("SELECT DISTINCT rule, rank, precedence FROM flags")
    broken = [gap for gap in done.report.quality.incomplete if gap.name in rules]
    assert not broken
    return Outcome(costs, flags, {rule: (rank, precedence, rule) for rule, rank, precedence in ranks}, done.report)


def left_over(outcome: Outcome) -> dict[str, Decimal]:
    """What each call's cost leaves once every claim took its turn: worked out anew, in the grades' order."""
    left = {call_id: cost or NOTHING for call_id, (_, cost) in outcome.costs.items()}
    for rule, _, _, call_id, saving, credited in sorted(outcome.flags, key=lambda flag: outcome.order[flag[0]]):
        if saving is None:
            assert credited is None, rule
            continue
        taken = min(saving, left[call_id])
        assert credited == taken, (rule, call_id)
        left[call_id] -= taken
    return left


@settings(deadline=None, max_examples=8, phases=(Phase.explicit, Phase.generate))
@given(st.integers(0, 10**9))
def test_credited_and_left_are_what_was_paid_for_each_call_project_and_month(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    chance = Random(seed)
    lines, rules = calls_of(chance, chance.randint(20, 400)), rules_of(chance, chance.randint(1, 9))
    outcome = audited(tmp_path_factory.mktemp("credits"), lines, rules)
    left, report = left_over(outcome), outcome.report
    assert all(value >= 0 for value in left.values())
    credited: dict[tuple[str | None, str], Decimal] = defaultdict(Decimal)
    paid: dict[str | None, Decimal] = defaultdict(Decimal)
    kept: dict[str | None, Decimal] = defaultdict(Decimal)
    for _, grade, project, call_id, _, amount in outcome.flags:
        assert outcome.costs[call_id][0] == project
        credited[project, grade] += amount or NOTHING
    for call_id, (project, cost) in outcome.costs.items():
        paid[project] += cost or NOTHING
        kept[project] += left[call_id]
    for line in report.projects:
        name = line.project
        assert line.cost == paid[name]
        assert (line.waste, line.avoidable) == (credited[name, "proven"], credited[name, "avoidable"])
        assert sum((credited[name, grade] for grade in Grade), NOTHING) + kept[name] == line.cost
    assert report.spend == sum(paid.values())
    assert {line.project for line in report.projects} == {project for project, _ in outcome.costs.values()}
    findings = [*report.findings, *report.alerts]
    for total in report.grades:
        of_grade = [finding.credited or NOTHING for finding in findings if finding.grade is total.grade]
        assert sum(of_grade, NOTHING) == total.credited
        assert total.credited == sum((credited[name, total.grade] for name in paid), NOTHING)
    assert sum(total.credited for total in report.grades) + sum(kept.values()) == report.spend


@pytest.mark.parametrize("seed", [1, 2])
def test_neither_the_order_of_lines_nor_files_nor_threads_nor_a_second_run_changes_a_digit(
    tmp_path: Path, seed: int
) -> None:
    chance = Random(seed)
    lines, rules = calls_of(chance, 1500), rules_of(chance, 8)
    first = audited(tmp_path / "first", lines, rules)
    ways: dict[str, dict[str, int]] = {
        "again": {}, "two threads": {"threads": 2}, "four threads": {"threads": 4}, "files": {"files": 5, "threads": 2},
    }  # fmt: skip
    for name, how in ways.items():
        if name != "again":
            chance.shuffle(lines)
        other = audited(tmp_path / name, lines, rules, **how)
        assert other.flags == first.flags, name
        assert other.report.findings == first.report.findings, name
        assert other.report.alerts == first.report.alerts, name
        assert other.report.projects == first.report.projects, name
        assert other.report.rules == first.report.rules, name
