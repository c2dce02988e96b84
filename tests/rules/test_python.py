"""A rule in Python: off unless allowed, then held to the contract of any rule; its mistakes are told by their line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit import rulebook, rulecases
from audit.records import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Audit

RULE = '''"""
title = "Words said twice"
grade = "proven"
because = "{calls:call|calls} of {project} after {first}."
fix = "Ask once."
needs = ["task"]
tables = { calls = ["call_id", "task", "cost"] }

[params]
least = 0.001
"""

import polars as pl


def find(tables, params):
    calls = tables["calls"].sort("call_id").filter(pl.col("cost") >= params["least"])
    first = pl.col("call_id").first().over("task")
    return calls.filter(pl.col("call_id") != first).select("call_id", pl.col("cost").alias("saving"))
'''
RULE = RULE.replace('alias("saving"))', 'alias("saving"), pl.lit("a").alias("first"))')
CASES = """cases:
  - name: the second of a task is found
    calls: [{call_id: a, task: t}, {call_id: b, task: t}, {call_id: c, task: u}]
    found: [{call_id: b, saving: 0.0045}]
  - name: a cheap one is not
    params: {least: 1}
    calls: [{call_id: a, task: t}, {call_id: b, task: t}]
    found: []
  - name: one without a task is not judged
    calls: [{call_id: a}, {call_id: b}]
    found: []
"""
CALL = (
    '{{"call_id": "{0}", "started_at": "2026-10-05T10:00:0{0}Z", "provider": "openai", "model": "gpt-4.1", '
    '"input_tokens": 1000, "output_tokens": 10, "status": "ok", "project": "search", "task": "t"}}\n'
)


def written(folder: Path, text: str = RULE, cases: str = CASES) -> Path:
    path = folder / "own" / "said_twice.py"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.with_suffix(".yml").write_text(cases, encoding="utf-8")
    return path


def test_it_is_held_to_its_cases_as_any_rule(tmp_path: Path) -> None:
    assert [result.difference for result in rulecases.run_cases([written(tmp_path)])] == [None, None, None]


def test_it_does_not_run_unless_the_settings_allow_it(audit: Audit) -> None:
    path = written(audit.folder, RULE.replace("import polars", "raise SystemExit('it ran')\nimport polars"))
    (audit.folder / "calls.jsonl").write_text(CALL.format(1) + CALL.format(2), encoding="utf-8")
    audit.settings('[paths]\nlogs = ["calls.jsonl"]\nrules = ["own"]\n')
    done = audit("run", "--month", "2026-10")
    assert done.returncode == 4
    assert "own/said_twice.py: rules in Python are off: [limits] python_rules = true in the settings" in done.stderr
    for command in (("try", path, "-m", "2026-10"), ("test", path), ("list",)):
        done = audit("rules", *command)
        assert done.returncode in (1, 2)
        assert "rules in Python are off" in done.stderr
        assert "it ran" not in done.stdout + done.stderr


def test_allowed_it_is_tried_and_run_like_any_rule(audit: Audit) -> None:
    path = written(audit.folder)
    (audit.folder / "calls.jsonl").write_text("".join(map(CALL.format, range(1, 4))), encoding="utf-8")
    audit.settings('[paths]\nlogs = ["calls.jsonl"]\nrules = ["own"]\n[limits]\npython_rules = true\n')
    assert audit("run", "--month", "2026-10").returncode == 0
    found = (audit.folder / "reports/2026-10/findings.csv").read_text(encoding="utf-8")
    assert "said_twice/search,said_twice,own,proven,search,,2," in found
    assert "2 calls of search after a." in found
    tried = audit("rules", "try", path, "-m", "2026-10")
    assert "2026-10: 2 calls flagged among 3 calls" in tried.stdout
    assert tried.stdout.endswith("cases: 3 passed, 0 failed\n")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('params["least"]', 'params["most"]', "line 17: KeyError: 'most'"),
        ("import polars as pl", "import polar as pl", "line 13: ModuleNotFoundError: No module named 'polar'"),
        ("    return calls", "    return 3\n    return calls", "find returns int, not a Polars DataFrame"),
        ('alias("saving")', 'alias("savings")', "it returns call_id, savings, first, but not saving"),
        ('pl.col("cost").alias', '(pl.col("cost") * 2).alias', "a saving is 0 to the cost"),
        ('"call_id", "task", "cost"]', '"call_id", "colour"]\nneeds = []', "said_twice.py"),
    ],
)
def test_what_it_does_wrong_is_told_with_its_file_and_line(old: str, new: str, said: str, tmp_path: Path) -> None:
    assert old in RULE
    results = rulecases.run_cases([written(tmp_path, RULE.replace(old, new, 1))])
    assert said in (results[0].difference or "")
    assert "said_twice.py" in (results[0].difference or "")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("def find(", "def fnd(", "holds no function find"),
        ("def find(tables, params):", "def find(:", "said_twice.py, line 16: "),
        ('grade = "proven"', 'grade = "sure"', "grade is one of proven"),
        ('title = "', "title = ", "the header in its docstring is not valid TOML"),
        ("tables = {", "table = {", "the header says which columns the function gets, as tables = "),
        ("{ calls = ", "{ cals = ", "no table 'cals' for rules; there are calls"),
        ('"call_id", "task"', '"call_id; DROP TABLE calls", "task"', "'tables' names the columns of 'calls'"),
        ('needs = ["task"]', 'needs = ["task", "model"]', "'needs' names 'model', which its SQL does not"),
    ],
)
def test_a_header_that_is_wrong_is_told_before_anything_runs(old: str, new: str, said: str, tmp_path: Path) -> None:
    assert old in RULE
    with pytest.raises(UsageError, match="said_twice") as caught:
        rulebook.read(written(tmp_path, RULE.replace(old, new, 1)))
    assert said in str(caught.value)


def test_a_program_beside_rules_is_none_of_them(tmp_path: Path) -> None:
    written(tmp_path)
    (tmp_path / "own" / "make_charts.py").write_text("raise SystemExit\n", encoding="utf-8")
    assert set(rulebook.find([tmp_path / "own"])) == {"said_twice"}
