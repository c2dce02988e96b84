"""Every format that ships gives the calls its cases ask for, and the runner tells what is wrong with others."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import pytest

from audit import formatbook, formatcases, places

if TYPE_CHECKING:
    from pathlib import Path

FORMATS = sorted(places.formats().glob("*.sql"))
CASES = [
    pytest.param(path, case, id=f"{path.stem}-{case['name']}")
    for path in FORMATS
    for case in formatcases._cases(path.with_suffix(".yml"))  # noqa: SLF001  # each case is a test of its own
]


read = functools.cache(formatbook.read)


@pytest.mark.parametrize(("path", "case"), CASES)
def test_a_format_gives_what_its_case_asks_for(path: Path, case: dict[str, Any]) -> None:
    assert formatcases.difference(read(path), case) is None


OWN = """/*
title = "Own"
[recognise]
any = [["id", "when"]]
[record]
id = "id"
at = "when: instant"
input = "usage.in: whole"
*/
SELECT id AS call_id, at AS started_at, input AS input_tokens FROM records
"""


def own(folder: Path, cases: str) -> list[str | None]:
    (folder / "own.sql").write_text(OWN, encoding="utf-8")
    (folder / "own.yml").write_text(cases, encoding="utf-8")
    return [result.difference for result in formatcases.run_cases([folder / "own.sql"])]


@pytest.mark.parametrize(
    ("asked", "difference"),
    [
        ("[{call_id: a, input_tokens: 3}]", None),
        ("[{call_id: a, input_tokens: 4}]", "a: input_tokens is 3, not 4"),
        ("[{call_id: b}]", "b: call_id is 'a', not 'b'"),
        ("[{call_id: a}, {call_id: b}]", "not given: {'call_id': 'b'}"),
        ("[{call_id: a, tokens: 3}]", "a case's row has 'tokens', which is no column of calls"),
    ],
)
def test_a_users_own_format_is_held_to_its_cases(tmp_path: Path, asked: str, difference: str | None) -> None:
    case = f"cases: [{{name: n, records: [{{id: a, when: 2026-10-05, usage: {{in: 3}}}}], calls: {asked}}}]"
    assert own(tmp_path, case) == [difference]


def test_rejects_that_a_case_does_not_expect_are_told_with_their_reason(tmp_path: Path) -> None:
    case = "cases: [{name: n, records: [{id: a, when: never}], calls: []}]"
    assert own(tmp_path, case) == [
        "1 records rejected: when: not an instant: ISO 8601, or seconds or milliseconds since 1970"
    ]


def test_a_format_that_does_not_know_its_case_says_so(tmp_path: Path) -> None:
    (found,) = own(tmp_path, "cases: [{name: n, records: [{other: 1}], calls: []}]")
    assert found == "the format does not know its own case: no known log format; its first record has other"


@pytest.mark.parametrize("cases", ["", "cases: []", "cases: [{name: n}]", "cases: ["])
def test_cases_that_cannot_be_read_are_a_failed_case(tmp_path: Path, cases: str) -> None:
    (found,) = own(tmp_path, cases)
    assert "own.yml" in str(found)


def test_a_format_without_cases_fails(tmp_path: Path) -> None:
    (tmp_path / "own.sql").write_text(OWN, encoding="utf-8")
    (result,) = formatcases.run_cases([tmp_path / "own.sql"])
    assert str(result.difference).endswith("own.yml: missing; the cases of own.sql stand beside it")


def test_a_field_is_read_whole_and_gone_into(tmp_path: Path) -> None:
    """As where a log states the model as a text, or as an object with its name."""
    both = OWN.replace('input = "usage.in', 'model = "model"\ntold = "model.name"\ninput = "usage.in')
    both = both.replace("SELECT id AS call_id,", "SELECT id AS call_id, coalesce(told, model) AS model,")
    (tmp_path / "own.sql").write_text(both, encoding="utf-8")
    (tmp_path / "own.yml").write_text(
        "cases: [{name: n, record: {when: 2026-10-05}, records: [{id: a, model: x}, {id: b, model: {name: y}}], "
        "calls: [{call_id: a, model: x}, {call_id: b, model: y}]}]",
        encoding="utf-8",
    )
    assert [result.difference for result in formatcases.run_cases([tmp_path / "own.sql"])] == [None]
