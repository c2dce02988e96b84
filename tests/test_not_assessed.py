"""What a source cannot tell is said to be not assessed, and is never taken for nothing found."""

from __future__ import annotations

import json
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from audit import inspection, places, redline, rulebook, window
from audit.records import Grade, Month
from audit.report import coverage
from audit.settings import Settings
from tests.conftest import Audit, sample_settings
from tests.pricing.priced import store, utc

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from audit.engine.duckdb import Engine
    from audit.report.coverage import Coverage
    from audit.rulebook import Rule

OCTOBER = Month(2026, 10)
PROMPT = "0123456789abcdef0123456789abcdef"
# 1,000 in and 100 out of Claude Opus 4.5: 0.005 + 0.0025 dollars.
CALL = {
    "started_at": utc("2026-10-05 10:00"),
    "provider": "anthropic",
    "model": "claude-opus-4-5",
    "input_tokens": 1000,
    "output_tokens": 100,
    "latency_ms": 1000,
    "finish_reason": "stop",
}
EACH = Decimal("0.0075")


def shipped() -> list[Rule]:
    rules, _ = rulebook.load([places.rules()], {})
    return rules


def called(rules: Sequence[Rule], name: str) -> Rule:
    return next(rule for rule in rules if rule.id == name)


@contextmanager
def built(calls: Sequence[dict[str, Any]], rules: Sequence[Rule]) -> Iterator[tuple[Engine, window.Span]]:
    settings = Settings.model_validate({"company": {"timezone": "UTC"}})
    with store([CALL | call for call in calls], settings) as engine:
        owners = redline.owners(settings, OCTOBER)
        yield engine, window.build(engine, settings, OCTOBER, owners, 7, asked=window.asked_by(list(rules)))


def measured(*calls: dict[str, Any]) -> Coverage:
    rules = shipped()
    with built(calls, rules) as (engine, span):
        return coverage.measure(engine, span, rules)


def gaps(covered: Coverage, rule: str) -> list[tuple[str, str, int, int, Decimal | None]]:
    return [(gap.source, gap.missing, gap.calls, gap.of, gap.cost) for gap in covered.not_assessed if gap.rule == rule]


def test_a_source_that_never_states_what_a_rule_needs_is_not_assessed_by_it() -> None:
    covered = measured({"source": "a"}, {"source": "a"}, {"source": "b", "prompt_hash": PROMPT})
    assert gaps(covered, "duplicate_call") == [("a", "prompt_hash", 2, 2, 2 * EACH)]
    rule = called(shipped(), "duplicate_call")
    assert covered.of_rule(rule) == "little"
    assert covered.share(rule) == Decimal("0.333333")


def test_a_rule_that_needs_nothing_judges_every_source() -> None:
    covered = measured({"source": "a"})
    for name in ("red_line", "unattributed", "unpriced"):
        rule = called(shipped(), name)
        assert rule.needs == ()
        assert covered.of_rule(rule) == "whole"


def test_a_column_that_half_of_the_calls_state_is_stated() -> None:
    assert gaps(measured({"prompt_hash": PROMPT}, {}), "duplicate_call") == []


def test_a_column_that_fewer_state_leaves_the_others_not_assessed() -> None:
    covered = measured({"prompt_hash": PROMPT}, {}, {})
    assert gaps(covered, "duplicate_call") == [("log", "prompt_hash", 2, 3, 2 * EACH)]


def test_a_column_that_only_cheap_calls_state_leaves_the_costly_not_assessed() -> None:
    covered = measured({"prompt_hash": PROMPT}, {"prompt_hash": PROMPT}, {"input_tokens": 100_000})
    assert [gap[:4] for gap in gaps(covered, "duplicate_call")] == [("log", "prompt_hash", 1, 3)]


def test_one_of_several_columns_suffices() -> None:
    assert gaps(measured({"session_id": "s"}), "truncated_output") == []
    assert gaps(measured({"prompt_hash": PROMPT}), "truncated_output") == []
    assert [gap[1] for gap in gaps(measured({}), "truncated_output")] == ["prompt_hash | session_id"]


def test_a_source_that_never_says_why_answers_ended_cannot_tell_cut_off_ones() -> None:
    ended = {"session_id": "s", "finish_reason": None}
    assert [gap[1] for gap in gaps(measured(ended), "truncated_output")] == ["finish_reason"]
    assert gaps(measured(ended | {"status": "truncated"}), "truncated_output") == []


def test_an_unknown_status_is_no_status() -> None:
    covered = measured({"status": "unknown", "prompt_hash": PROMPT})
    assert [gap[1] for gap in gaps(covered, "failed_billed")] == ["status"]


def test_the_cost_of_calls_without_a_price_stays_unknown() -> None:
    covered = measured({"model": "house-7b", "provider": "inhouse"})
    assert gaps(covered, "duplicate_call") == [("log", "prompt_hash", 1, 1, None)]


def test_each_project_is_judged_by_its_own_calls() -> None:
    covered = measured({"source": "a", "project": "p"}, {"source": "b", "project": "q", "prompt_hash": PROMPT})
    proven = [rule for rule in shipped() if rule.grade is Grade.PROVEN]
    assert covered.of_project(proven, "p") == "little"
    assert covered.of_project(proven, "q") == "partly"  # it says nothing of traces and keys
    assert covered.of_project([called(proven, "duplicate_call")], "q") == "whole"
    assert covered.of_project([called(proven, "duplicate_call")], "p") == "none"


def test_the_days_before_the_month_are_not_counted() -> None:
    earlier = {"started_at": utc("2026-09-30 10:00"), "source": "old"}
    covered = measured(earlier, {"source": "new", "prompt_hash": PROMPT})
    assert gaps(covered, "duplicate_call") == []


@pytest.mark.parametrize(
    ("states", "together"),
    [
        (["whole", "whole"], "whole"),
        (["whole", "partly"], "partly"),
        (["partly", "little"], "little"),
        (["whole", "none"], "little"),
        (["whole", "whole", "none"], "partly"),
        (["whole", "little", "none"], "little"),
        (["none", "none"], "none"),
        ([], "none"),
    ],
)
def test_rules_together_saw_little_where_half_of_them_did(states: Any, together: str) -> None:
    assert coverage.combined(states) == together


@pytest.mark.parametrize(
    ("needs", "found"), [("", 2), ('needs = ["task"]\n', 1), ('needs = ["task | session_id"]\n', 2)]
)
def test_a_call_that_does_not_state_what_a_rule_needs_is_never_flagged(tmp_path: Path, needs: str, found: int) -> None:
    path = tmp_path / "own" / "mine.sql"
    path.parent.mkdir()
    sql = "SELECT call_id, cost AS saving, task, session_id FROM calls"
    path.write_text(f'/*\ntitle = "t"\ngrade = "proven"\nbecause = "b"\nfix = "f"\n{needs}*/\n{sql}\n')
    rule = rulebook.read(path)
    with built([{"session_id": "s"}, {"task": "t"}], [rule]) as (engine, span):
        seen = inspection.inspect(engine, [rule], [], span, seconds=10, language="en")
    assert not seen.failures
    assert sum(finding.calls for finding in seen.findings) == found


def run(tmp_path: Path, *calls: dict[str, Any], language: str = "en") -> tuple[dict[str, Any], str, int]:
    """A month of native calls, audited by the command: report.json, mail.txt and the exit code."""
    audit = Audit(tmp_path)
    audit.settings(f'[company]\nlanguage = "{language}"\n[paths]\nlogs = ["calls.jsonl"]\n')
    lines = [
        json.dumps({"call_id": str(n)} | CALL | {"started_at": "2026-10-05T10:00:00Z"} | call)
        for n, call in enumerate(calls)
    ]
    (tmp_path / "calls.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = audit("run", "--month", "2026-10")
    assert "Traceback" not in done.stderr
    folder = tmp_path / "reports/2026-10"
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return report, (folder / "mail.txt").read_text(encoding="utf-8"), done.returncode


def test_a_month_that_no_rule_could_judge_reports_no_zero_waste(tmp_path: Path) -> None:
    report, mail, code = run(tmp_path, {"input_tokens": 100_000}, {"input_tokens": 100_000})
    assert code == 0
    assert {grade["assessed"] for grade in report["grades"]} == {"none"}
    assert "Proven waste: not assessed" in mail
    assert "Avoidable: not assessed" in mail
    assert "Nothing proven found" not in mail
    assert not any(word.startswith("$0") for word in mail.split())


def test_a_month_that_rules_judged_in_part_says_which_part(tmp_path: Path) -> None:
    blind = {"source": "new-api", "status": "ok", "input_tokens": 100_000}
    report, mail, code = run(tmp_path, blind, {"source": "sdk", "status": "ok", "prompt_hash": PROMPT})
    assert code == 0
    assert "Proven waste, where assessed: $0" in mail
    assert "could not be judged" in mail
    missing = {(gap["rule"], gap["source"]): gap["missing"] for gap in report["quality"]["not_assessed"]}
    assert missing["duplicate_call", "new-api"] == "prompt_hash"
    assert ("duplicate_call", "sdk") not in missing


def test_not_assessed_is_said_in_chinese(tmp_path: Path) -> None:
    _, mail, _ = run(tmp_path, {"input_tokens": 100_000}, language="zh")
    assert "已证实的浪费：未评估" in mail
    assert "未能评估全部来源" in "".join(mail.split())


def test_usage_that_contradicts_itself_is_counted_and_not_rejected(tmp_path: Path) -> None:
    report, mail, code = run(
        tmp_path,
        {"reasoning_tokens": 101},
        {"cache_read_tokens": 600, "cache_write_tokens": 401},
        {"cache_read_tokens": 600, "cache_write_tokens": 400, "reasoning_tokens": 100},
        {"started_at": "2026-09-05T10:00:00Z", "reasoning_tokens": 101},
    )
    assert code == 0
    assert report["quality"]["rejected_lines"] == 0
    assert report["calls"] == 3
    assert report["quality"]["contradicting_calls"] == 2
    assert "2 calls state usage that contradicts itself" in mail


def test_claude_code_states_no_prompt_and_the_sample_report_says_so(tmp_path: Path) -> None:
    audit = Audit(tmp_path)
    audit.settings(sample_settings())
    assert audit("run", "--month", "2026-10", "--quiet").returncode == 3
    report = json.loads((tmp_path / "reports/2026-10/report.json").read_text(encoding="utf-8"))
    blind = {gap["source"] for gap in report["quality"]["not_assessed"] if gap["rule"] == "duplicate_call"}
    assert blind == {"claude-code"}
    page = (tmp_path / "reports/2026-10/report.html").read_text(encoding="utf-8")
    assert "the fingerprint of the request" in page
