"""Rule files with a broken header, settings that do not fit them, and a whole audit that goes on without them."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from audit import places, rulebook
from audit.engine.duckdb import Engine
from audit.records import UsageError
from tests.rules.conftest import CALLS, Audited, audited, files_in, rule_text

if TYPE_CHECKING:
    from collections.abc import Callable

GOOD = "SELECT call_id, cost AS saving FROM calls"
PARAMETER = f"{GOOD} WHERE cost > $least"
HEADER = 'title = "t"\ngrade = "proven"\nbecause = "b"\nfix = "f"\n'


def headed(header: str, sql: str = GOOD) -> str:
    return f"/*\n{header}*/\n{sql}\n"


BROKEN: dict[str, tuple[str | bytes, str]] = {
    "nothing": ("", "line 1: the file must begin with a TOML header"),
    "no_header": (GOOD, "line 1: the file must begin with a TOML header"),
    "line_comments": ("-- title = 't'\n" + GOOD, "line 1: the file must begin with a TOML header"),
    "open_header": ("/*\n" + HEADER + GOOD, "line 1: the file must begin with a TOML header"),
    "bad_toml": (headed(HEADER + "precedence = = 3\n"), "line 6: the header is not valid TOML"),
    "twice_in_toml": (headed(HEADER + 'fix = "g"\n'), "line 6: the header is not valid TOML"),
    "no_text": (headed('title = "t"\ngrade = "proven"\nfix = "f"\n'), "the header needs a text 'because'"),
    "blank_text": (headed(HEADER.replace('"f"', '" "')), "the header needs a text 'fix'"),
    "number_for_text": (headed(HEADER.replace('"t"', "3")), "the header needs a text 'title'"),
    "open_brace": (headed(HEADER.replace('"b"', '"{model"')), "'because': "),
    "no_grade": (headed(HEADER.replace('grade = "proven"\n', "")), "grade is one of proven, avoidable"),
    "other_grade": (headed(HEADER.replace('"proven"', '"sure"')), "grade is one of proven, avoidable"),
    "list_for_grade": (headed(HEADER.replace('"proven"', '["proven"]')), "grade is one of proven, avoidable"),
    "unknown_key": (headed(HEADER + "weight = 3\n"), "unknown key 'weight' in the header"),
    "precedence_in_words": (headed(HEADER + 'precedence = "first"\n'), "'precedence' is a whole number"),
    "long_look_back": (headed(HEADER + "look_back_days = 400\n"), "'look_back_days' is a whole number from 0 to"),
    "text_for_needs": (headed(HEADER + 'needs = "prompt_hash"\n'), "'needs' is a list of columns"),
    "number_in_needs": (headed(HEADER + "needs = [3]\n"), "'needs' is a list of columns"),
    "needs_no_column": (headed(HEADER + 'needs = ["promt_hash"]\n'), "'needs' names 'promt_hash', which is no column"),
    "needs_half_a_choice": (headed(HEADER + 'needs = ["cost |"]\n'), "'needs' names 'cost', which is no column"),
    "needs_unused": (headed(HEADER + 'needs = ["call_id", "task"]\n'), "'needs' names 'task', which its SQL does not"),
    "text_for_params": (headed(HEADER + 'params = "none"\n'), "'params' in the header is a table"),
    "text_for_shared": (headed(HEADER + 'shared = "meant_names"\n'), "'shared' is a list of parameters"),
    "shared_of_none": (
        headed(HEADER + 'shared = ["meant_names"]\n'),
        "shared.toml, which is missing: copy it there too",
    ),
    "text_for_zh": (headed(HEADER + 'zh = "title"\n'), "'zh' in the header is a table"),
    "zh_is_no_text": (headed(HEADER + "[zh]\ntitle = 3\n"), "the header needs a text 'title'"),
    "no_column": (headed(HEADER.replace('"b"', '"{colour} of {project}"')), "its texts name {colour}"),
    "no_column_in_zh": (headed(HEADER + '[zh]\nbecause = "{colour}"\n'), "its texts name {colour}"),
    "no_name": (headed(HEADER.replace('"b"', '"{0}"')), "its texts name {0}"),
    "not_utf8": (b"/*\ntitle = \xff\n*/", "cannot be read"),
}


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Audited:
    own = tmp_path_factory.mktemp("broken") / "own"
    (own / "folder.sql").mkdir(parents=True)
    for name, (content, _) in BROKEN.items():
        path = own / f"{name}.sql"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return audited(own.parent / "store", own)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_named_with_what_to_mend(name: str, broken: Audited) -> None:
    assert BROKEN[name][1] in broken.failures[name]
    assert f"own/{name}.sql" in broken.failures[name]


def test_the_other_rules_find_what_they_find_without_them(broken: Audited, clean: Audited) -> None:
    assert broken.findings == clean.findings
    assert broken.calls == clean.calls
    assert set(broken.failures) == {*BROKEN, "folder"}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("ten", "parameter 'least' is given as 'ten', but its default 1 is of another kind"),
        (True, "parameter 'least' is given as True"),
        ([1], "parameter 'least' is given as [1]"),
        ("0) OR (SELECT 1 FROM store.calls) > (0", "of another kind"),
    ],
)
def test_a_parameter_of_another_kind_is_a_mistake_in_the_settings(
    value: Any, reason: str, write_rule: Callable[..., Path]
) -> None:
    path = write_rule("", "mine")
    path.write_text(headed(HEADER + "[params]\nleast = 1\n", PARAMETER), encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        rulebook.load([path.parent], {"mine": {"least": value}})
    assert reason in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_text_parameter_is_a_value_and_never_sql(write_rule: Callable[..., Path], tmp_path: Path) -> None:
    path = write_rule("", "mine")
    path.write_text(headed(HEADER + '[params]\nname = "x"\n', f"{GOOD} WHERE model = $name"), encoding="utf-8")
    attack = "x' OR (SELECT count(*) FROM store.calls) > 0 OR 'x' = '"
    audit = audited(tmp_path / "store", path.parent, {"mine": {"name": attack}})
    assert audit.failures == {}
    assert "mine" not in audit.findings


def test_a_shared_parameter_stands_beside_the_families(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    rule, shared = tmp_path / "own" / "a.sql", tmp_path / "shared.toml"
    rule.write_text(headed(HEADER + 'shared = ["least"]\n', PARAMETER), encoding="utf-8")
    shared.write_text("least = 3\nmost = 5\n", encoding="utf-8")
    assert rulebook.read(rule).params == {"least": 3}
    assert rulebook.read(rule, {"least": 4}).params == {"least": 4}
    shared.write_text(f"least = '{'pattern' * 100}'\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"'least' is given as 4, but its default 'pattern.{3,40}' is of another kind"):
        rulebook.read(rule, {"least": 4})
    shared.write_text("most = 5\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"'shared' names 'least', which .*shared\.toml does not hold: most"):
        rulebook.read(rule)
    shared.write_text("least = = 3\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"shared\.toml: cannot be read: Invalid value"):
        rulebook.read(rule)


def test_a_parameter_the_rule_does_not_have_is_named(write_rule: Callable[..., Path]) -> None:
    path = write_rule(GOOD, "mine")
    with pytest.raises(UsageError, match=r"\[rules\.mine\]: .*it has no parameter 'colour'; its parameters are: none"):
        rulebook.load([path.parent], {"mine": {"colour": 1}})


def test_a_settings_table_that_names_no_rule_is_a_mistake_in_the_settings() -> None:
    with pytest.raises(UsageError, match=r"\[rules\.duplicate_cal\] names no rule"):
        rulebook.load([places.rules()], {"duplicate_cal": {"window_hours": 1}})


def test_a_rule_is_switched_off_by_false_and_by_nothing_else() -> None:
    rules, failed = rulebook.load([places.rules()], {"duplicate_call": {"enabled": False}})
    assert "duplicate_call" not in {rule.id for rule in rules}
    assert failed == []
    with pytest.raises(UsageError, match=r"\[rules\.duplicate_call\] enabled is 'no', not true or false"):
        rulebook.load([places.rules()], {"duplicate_call": {"enabled": "no"}})


def test_a_folder_of_rules_that_is_not_there_is_a_mistake_in_the_settings(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such folder of rules"):
        rulebook.load([tmp_path / "none"], {})


def run_audit(folder: Path, *, own: bool) -> subprocess.CompletedProcess[str]:
    """`audit run` as a person runs it, over a small native log."""
    folder.mkdir()
    lines = [json.dumps(call | {"started_at": f"{call['started_at']}Z"}) for call in CALLS]
    (folder / "calls.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    rules = ""
    if own:
        (folder / "own").mkdir()
        attack = (
            'SELECT call_id, 0 AS saving, 1 AS "x\': 1})::VARCHAR AS evidence FROM calls; DROP TABLE store.calls; --"'
        )
        for name, text in {
            "writes": rule_text(f"COPY calls TO '{(folder / 'stolen.csv').as_posix()}'"),
            "reads": rule_text(f"SELECT call_id, 0 AS saving\nFROM '{(folder / 'calls.jsonl').as_posix()}'"),
            "greedy": rule_text("SELECT call_id, cost * 2 AS saving FROM calls"),
            "endless": rule_text("SELECT range::VARCHAR AS call_id, 0 AS saving FROM range(1000000000000)"),
            "headless": "SELECT 1",
            "injects": rule_text(f"{attack} FROM calls", grade="alert"),
        }.items():
            (folder / "own" / f"{name}.sql").write_text(text, encoding="utf-8")
        rules = 'rules = ["own"]\n'
    settings = f'[company]\ntimezone = "UTC"\n[paths]\nlogs = ["calls.jsonl"]\n{rules}[limits]\nrule_seconds = 1\n'
    (folder / "audit.toml").write_text(settings, encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-m", "audit", "run", "--month", "2026-10", "-c", str(folder / "audit.toml"), "--quiet"],
        capture_output=True, text=True, check=False, timeout=300, cwd=Path(__file__).parents[2],
    )  # fmt: skip


def told(folder: Path) -> list[dict[str, str]]:
    """The month's findings as the report's own file states them, apart from the one hostile rule that ran."""
    (path,) = folder.rglob("findings.csv")
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return [row for row in csv.DictReader(stream) if "injects" not in row.values()]


@pytest.mark.slow
def test_an_audit_goes_on_without_the_bad_rules_and_says_so(tmp_path: Path) -> None:
    without, with_them = tmp_path / "without", tmp_path / "with"
    assert run_audit(without, own=False).returncode == 0
    ended = run_audit(with_them, own=True)
    assert ended.returncode == 4, ended.stderr
    assert "Traceback" not in ended.stderr
    for name, where in {
        "writes": ", line 7: a rule is one SELECT",
        "reads": ", line 8: no table",
        "greedy": ", line 7: it claims",
        "endless": ", line 7: it ran longer than 1 s and was stopped",
        "headless": ", line 1: the file must begin with a TOML header",
    }.items():
        assert f"{name}.sql{where}" in ended.stderr
    assert "injects.sql" not in ended.stderr
    assert told(with_them)
    assert told(with_them) == told(without)
    assert not (with_them / "stolen.csv").exists()
    (page,) = with_them.rglob("report.html")
    assert "greedy" in page.read_text(encoding="utf-8")
    made = {Path(name).name for name in files_in(with_them)} - {Path(name).name for name in files_in(without)}
    assert made == {f"{name}.sql" for name in ("writes", "reads", "greedy", "endless", "headless", "injects")}
    (store,) = with_them.rglob("*.duckdb")
    with Engine(store) as engine:
        assert engine.rows("SELECT call_id FROM store.calls ORDER BY call_id") == [(call["call_id"],) for call in CALLS]
