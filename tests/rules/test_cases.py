"""Every shipped rule keeps its cases, and what `audit rules new` writes keeps its own."""

from __future__ import annotations

import shutil
import string
from typing import TYPE_CHECKING

import pytest
import yaml

from audit import places, rulebook, rulecases
from audit.analyst import newrule
from audit.records import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.rulebook import Rule

RULES = rulebook.find([places.rules()])
CASES = [
    pytest.param(path, number, id=f"{rule}: {case['name']}")
    for rule, path in RULES.items()
    if path.with_suffix(".yml").exists()
    for number, case in enumerate(yaml.safe_load(path.with_suffix(".yml").read_text(encoding="utf-8"))["cases"])
]


@pytest.mark.parametrize(("path", "number"), CASES)
def test_a_rule_finds_what_its_case_says_and_nothing_else(path: Path, number: int, tmp_path: Path) -> None:
    # The runner takes files: one case is written alone beside a copy of its rule.
    case = yaml.safe_load(path.with_suffix(".yml").read_text(encoding="utf-8"))["cases"][number]
    copy = tmp_path / path.parent.name / path.name
    copy.parent.mkdir()
    copy.write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    shutil.copy(places.rules() / rulebook.SHARED, tmp_path)
    copy.with_suffix(".yml").write_text(yaml.safe_dump({"cases": [case]}), encoding="utf-8")
    assert [result.difference for result in rulecases.run_cases([copy])] == [None]


@pytest.mark.parametrize("rule_id", RULES)
def test_every_shipped_rule_has_cases_of_what_is_flagged_and_what_is_not(rule_id: str) -> None:
    cases = yaml.safe_load(RULES[rule_id].with_suffix(".yml").read_text(encoding="utf-8"))["cases"]
    assert any(case["found"] for case in cases)
    assert any(not case["found"] for case in cases)
    names = [case["name"] for case in cases]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("path", RULES.values(), ids=RULES)
def test_every_shipped_rule_speaks_both_languages_and_names_the_same_figures(path: Path) -> None:
    rule = rulebook.read(path)
    assert set(rule.texts) == {"en", "zh"}
    for key in rulebook.TEXTS:
        assert rule.texts["zh"][key] != rule.texts["en"][key]
        assert _named(rule, key, "zh") == _named(rule, key, "en")


def _named(rule: Rule, key: str, language: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(rule.texts[language][key]) if name}


def test_every_case_file_belongs_to_a_rule() -> None:
    assert {path.stem for path in places.rules().rglob("*.yml")} == set(RULES)


def test_a_new_rule_and_its_cases_pass(tmp_path: Path) -> None:
    sql, cases = newrule.write("slow_embeddings", tmp_path / "own")
    assert cases == sql.with_suffix(".yml")
    results = rulecases.run_cases([sql])
    assert results
    assert [result.difference for result in results] == [None] * len(results)
    assert set(rulebook.read(sql).texts) == {"en", "zh"}


@pytest.mark.parametrize("name", ["", "Slow", "1st", "a-b", "../out", "a.b", "a b"])
def test_a_new_rule_needs_a_name_that_is_an_id(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no id for a rule"):
        newrule.write(name, tmp_path / "own")
    assert not list(tmp_path.iterdir())


def test_a_new_rule_never_replaces_a_file(tmp_path: Path) -> None:
    newrule.write("mine", tmp_path)
    with pytest.raises(UsageError, match=r"mine\.sql: there already"):
        newrule.write("mine", tmp_path)


@pytest.mark.parametrize(
    ("cases", "difference"),
    [
        (None, "missing"),
        ("cases: []", "holds no list 'cases'"),
        ("cases: [3]", "holds no list 'cases'"),
        ("cases: [{name: x}]", "holds no list 'cases'"),
        ("cases: [{name: x, found: 3}]", "holds no list 'cases'"),
        ("cases: [{name: x, calls: [3], found: []}]", "holds no list 'cases'"),
        ("cases: [{name: x, found: [], call: []}]", "case 'x' has 'call'"),
        ("cases: [{name: x, found: [}", "own"),
        ("cases: [{name: x, found: [], params: {other: 1}}]", "it has no parameter 'other'"),
        ("cases: [{name: x, found: [], calls: [{call_id: a, colour: red}]}]", "'colour', which is no column"),
        ("cases: [{name: x, found: [], calls: [{call_id: a, input_tokens: many}]}]", "many"),
        ("cases: [{name: x, found: [], calls: [{call_id: a}]}]", "found besides: {call_id: a"),
        ("cases: [{name: x, found: [{call_id: b}], calls: [{call_id: a}]}]", "not found: {call_id: b}"),
        ("cases: [{name: x, found: [{call_id: a, saving: 1}], calls: [{call_id: a}]}]", "saving is 0.0"),
        ("cases: [{name: x, found: [{call_id: a, age: 1}], calls: [{call_id: a}]}]", "it returns no 'age'"),
    ],
)
def test_a_case_that_is_wrong_says_what_differs(
    cases: str | None, difference: str, write_rule: Callable[..., Path]
) -> None:
    path = write_rule("SELECT call_id, cost AS saving FROM calls")
    if cases is not None:
        path.with_suffix(".yml").write_text(cases, encoding="utf-8")
    (result,) = rulecases.run_cases([path])
    assert difference in (result.difference or "")
