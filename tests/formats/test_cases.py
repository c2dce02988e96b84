"""Every format that ships gives the calls its cases ask for, and the runner tells what is wrong with others."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import pytest

from audit import formatbook, formatcases, places
from audit.records import UsageError

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


def stepped(folder: Path, select: str) -> Path:
    path = folder / "own.sql"
    path.write_text(OWN[: OWN.index("SELECT")] + select, encoding="utf-8")
    return path


def test_a_step_on_the_way_is_no_column_and_may_be_named_below_and_in_where_and_qualify(tmp_path: Path) -> None:
    """Whatever stands beside it: a step is put in as a whole."""
    path = stepped(
        tmp_path,
        """SELECT
            id = 'a' OR id = 'b' AS _is_ours,
            coalesce(input, 0) + 1 AS _one_more,
            _one_more * 2 AS _twice,
            count(*) OVER (PARTITION BY id) AS _lines,
            id AS call_id, at AS started_at, _twice AS input_tokens,
            CASE WHEN _is_ours AND input > 3 THEN 'derived' ELSE 'reported' END AS usage_quality
        FROM records WHERE _is_ours QUALIFY _lines = 1
        """,
    )
    assert formatbook.read(path).columns == ("call_id", "started_at", "input_tokens", "usage_quality")
    path.with_suffix(".yml").write_text(
        "cases: [{name: n, record: {when: 2026-10-05}, records: [{id: a, usage: {in: 3}}, {id: b, usage: {in: 4}}, "
        "{id: c}, {id: d}, {id: d}], calls: [{call_id: a, input_tokens: 8, usage_quality: reported}, "
        "{call_id: b, input_tokens: 10, usage_quality: derived}]}]",
        encoding="utf-8",
    )
    assert [result.difference for result in formatcases.run_cases([path])] == [None]


@pytest.mark.parametrize(
    ("select", "told"),
    [
        (
            "SELECT\n  input AS _input,\n  id AS call_id,\n  _inptu + _input AS input_tokens\nFROM records",
            "line 13: no step '_inptu' above; did you mean '_input'?",
        ),
        (
            "SELECT\n  _input AS input_tokens,\n  id AS call_id,\n  input AS _input\nFROM records WHERE _input > 0",
            "line 11: the step '_input' is named above the line that states it",
        ),
        (
            "SELECT\n  id AS call_id,\n  input AS _input_tokens\nFROM records",
            "line 12: the step '_input_tokens' is named nowhere below it",
        ),
        ("SELECT id AS call_id\nFROM records\nWHERE _is_ours", "line 12: no step '_is_ours' above"),
    ],
)
def test_a_step_that_cannot_be_put_in_is_told_with_its_file_and_line(tmp_path: Path, select: str, told: str) -> None:
    path = stepped(tmp_path, select)
    with pytest.raises(UsageError) as error:
        formatbook.read(path)
    assert str(error.value) == f"{path}, {told}"
