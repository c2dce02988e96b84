"""Rules of one's own as an analyst meets them: begun, tried on the month, listed; nothing is written to the store."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from audit import rulebook, rulecases
from audit.analyst import newrule, trying
from audit.records import UsageError
from tests.conftest import Audit

if TYPE_CHECKING:
    from pathlib import Path

CALL = (
    '{{"call_id": "c{0}", "started_at": "2026-10-05T10:{0:02d}:00Z", "provider": "openai", "model": "gpt-4.1", '
    '"input_tokens": {0}000, "output_tokens": 10, "status": "{2}", "project": "{1}"{3}}}\n'
)
HEADER = (
    'title = "Long reads"\nbecause = "{{calls:call|calls}} of {{project}}."\nfix = "Ask for less."\ngrade = "{0}"\n'
)
CLAIM = (
    "SELECT call_id, (input_tokens - $most) * input_price AS saving, input_tokens FROM calls WHERE input_tokens > $most"
)
STORE = "audit.duckdb"


def rule(header: str, sql: str) -> str:
    return f"/*\n{header}[params]\nmost = 8000\n*/\n{sql}\n"


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    """A folder with ten calls of two projects in October; two of them state a task, one answered nothing."""
    audit = Audit(tmp_path_factory.mktemp("held"))
    calls = [
        CALL.format(number, "search" if number % 2 else "chat", "ok", ', "task": "answer"' if number < 3 else "")
        for number in range(1, 11)
    ]
    calls[8] = calls[8].replace('"output_tokens": 10', '"output_tokens": 0')
    (audit.folder / "calls.jsonl").write_text("".join(calls), encoding="utf-8")
    audit.settings('[paths]\nlogs = ["calls.jsonl"]\n')
    assert audit("ingest").returncode == 0
    return audit


def written(held: Audit, text: str, name: str = "long_reads") -> Path:
    path = held.folder / f"{name}.sql"
    path.write_text(text, encoding="utf-8")
    path.with_suffix(".yml").unlink(missing_ok=True)
    return path


# --- new


@pytest.mark.parametrize("kind", ["call", "subject"])
def test_a_new_rule_of_either_kind_passes_its_cases_and_speaks_both_languages(
    kind: newrule.Kind, tmp_path: Path
) -> None:
    sql, _ = newrule.write("mine", tmp_path / "own", kind)
    results = rulecases.run_cases([sql])
    assert len(results) >= 3
    assert [result.difference for result in results] == [None] * len(results)
    made = rulebook.read(sql)
    assert set(made.texts["zh"]) == set(rulebook.TEXTS)
    assert made.family == "own"


def test_a_kind_that_there_is_not_is_refused(audit: Audit) -> None:
    done = audit("rules", "new", "mine", "--kind", "day")
    assert done.returncode == 2
    assert "'day' is neither call nor subject" in done.stderr
    assert not list(audit.folder.iterdir())


# --- try


def test_a_call_rules_money_first_rows_and_sentence_are_told(held: Audit) -> None:
    path = written(held, rule(HEADER.format("hypothesis"), CLAIM))
    before = hashlib.sha256((held.folder / STORE).read_bytes()).hexdigest()
    done = held("rules", "try", path.name, "--month", "2026-10")
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stderr
    assert lines[0] == f"long_reads: hypothesis, a call rule, family {held.folder.name}"
    assert lines[1].startswith("2026-10: 2 calls flagged among 10 calls, in ")
    assert lines[2] == "params: most = 8,000"
    at = lines.index("the rows, by money:")
    assert [line.split() for line in lines[at + 1 : at + 4]] == [
        ["call_id", "project", "cost", "saving", "input_tokens"],
        ["c10", "chat", "0.02008", "0.004", "10,000"],
        ["c9", "search", "0.01800", "0.002", "9,000"],
    ]
    assert "  1 call of chat." in lines
    assert lines[-1] == "cases: none yet; they stand beside it in long_reads.yml"
    assert hashlib.sha256((held.folder / STORE).read_bytes()).hexdigest() == before


def test_rows_and_parameters_are_the_askers(held: Audit) -> None:
    path = written(held, rule(HEADER.format("hypothesis"), CLAIM))
    done = held("rules", "try", path.name, "-m", "2026-10", "--rows", "1", "--params", "most=5000")
    assert "2026-10: 5 calls flagged" in done.stdout
    assert "the first 1 of 5 rows, by money:" in done.stdout
    assert "c9 " not in done.stdout


def test_the_settings_parameters_hold_unless_others_are_given(held: Audit) -> None:
    path = written(held, rule(HEADER.format("hypothesis"), CLAIM), "widened")
    own = held.settings('[paths]\nrules = ["none"]\n[rules.widened]\nmost = 3000\nenabled = false\n', "other.toml")
    assert "params: most = 3,000" in held("rules", "try", path.name, "-m", "2026-10", "-c", own.name).stdout
    given = held("rules", "try", path.name, "-m", "2026-10", "-c", own.name, "--params", "most=9500")
    assert "params: most = 9,500" in given.stdout


def test_a_subject_rules_amounts_are_told(held: Audit) -> None:
    sql = "SELECT project, 'all' AS subject, sum(cost) AS amount, count(*) + $most AS n FROM calls GROUP BY project"
    done = held("rules", "try", written(held, rule(HEADER.format("alert"), sql)).name, "-m", "2026-10")
    lines = done.stdout.splitlines()
    assert "a subject rule" in lines[0]
    assert lines[1].startswith("2026-10: 2 subjects among 10 calls")
    assert ["chat", "all", "0.06040", "8,005"] in [line.split() for line in lines]


def test_an_alert_shows_no_saving(held: Audit) -> None:
    sql = "SELECT call_id, input_tokens FROM calls WHERE input_tokens > $most"
    done = held("rules", "try", written(held, rule(HEADER.format("alert"), sql)).name, "-m", "2026-10")
    assert "saving" not in done.stdout
    assert "claimed" not in done.stdout
    assert "cost, USD" in done.stdout


def test_a_rule_that_finds_nothing_says_so(held: Audit) -> None:
    path = written(held, rule(HEADER.format("hypothesis"), CLAIM))
    done = held("rules", "try", path.name, "-m", "2026-10", "--params", "most=99000")
    assert done.returncode == 0
    assert "2026-10: 0 calls flagged among 10 calls" in done.stdout


def test_what_a_source_does_not_state_is_told(held: Audit) -> None:
    needy = HEADER.format("hypothesis") + 'needs = ["task"]\n'
    path = written(held, rule(needy, CLAIM.replace("WHERE", "WHERE task IS NOT NULL AND")))
    lines = held("rules", "try", path.name, "-m", "2026-10").stdout.splitlines()
    at = lines.index("what it could not judge, for the logs do not hold what it needs:")
    assert lines[at + 1].split() == ["source", "lacks", "calls", "of"]
    assert lines[at + 2].split()[1:] == ["task", "8", "10"]


def test_cases_beside_it_are_run_and_a_failed_one_is_named(held: Audit) -> None:
    path = written(held, rule(HEADER.format("hypothesis"), CLAIM))
    path.with_suffix(".yml").write_text(
        "cases:\n  - {name: a short one is not, calls: [{call_id: a}], found: []}\n"
        "  - {name: a long one is, calls: [{call_id: a}], found: [{call_id: a}]}\n",
        encoding="utf-8",
    )
    done = held("rules", "try", path.name, "-m", "2026-10")
    assert "cases: 1 passed, 1 failed\n  FAILED a long one is: not found: {call_id: a}; found: nothing" in done.stdout


def test_what_other_rules_have_taken_is_told_once_the_month_is_audited(held: Audit) -> None:
    path = written(held, rule(HEADER.format("hypothesis"), CLAIM))
    assert "left by other rules" not in held("rules", "try", path.name, "-m", "2026-10").stdout
    # empty_output is credited with all that call c9 cost.
    assert held("run", "-m", "2026-10").returncode in (0, 3)
    done = held("rules", "try", path.name, "-m", "2026-10", "--params", "most=0")
    table = {
        line.split()[0]: line.split()[1:] for line in done.stdout.splitlines() if line.startswith(("chat ", "search "))
    }
    assert done.stdout.count("left by other rules") == 1
    assert table["chat"] == ["5", "0.06", "0.06", "0.06"]
    assert table["search"] == ["5", "0.05", "0.05", "0.03"]


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("SELECT 1", 2, "bad.sql, line 1: the file must begin with a TOML header"),
        (rule(HEADER.format("sure"), CLAIM), 2, "bad.sql: grade is one of proven"),
        (rule(HEADER.format("alert"), "SELECT call_id\nFROM call"), 2, "bad.sql, line 10: no table 'call' for rules"),
        (rule(HEADER.format("alert"), "SELECT call_id,\n  colour\nFROM calls"), 1, "bad.sql, line 10: "),
        (rule(HEADER.format("proven"), "SELECT call_id FROM calls"), 1, "line 9: it returns call_id, but not saving"),
        (
            rule(HEADER.format("proven"), "SELECT call_id, cost * 2 AS saving FROM calls"),
            1,
            "a saving is 0 to the cost",
        ),
    ],
)
def test_a_rule_that_breaks_is_told_with_its_file_and_line(held: Audit, text: str, code: int, said: str) -> None:
    done = held("rules", "try", written(held, text, "bad").name, "-m", "2026-10")
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--params", "most"), "--params: 'most' is no parameter: write it as"),
        (("--params", "least=3"), "it has no parameter 'least'; its parameters are: most"),
        (("--params", "most=many"), "parameter 'most' is given as 'many'"),
        (("--month", "2025-01"), "no call lies in 2025-01"),
        (("--month", "October"), "'October' is not a month"),
    ],
)
def test_a_wrong_option_is_answered_with_what_to_write(held: Audit, arguments: tuple[str, ...], said: str) -> None:
    path = written(held, rule(HEADER.format("hypothesis"), CLAIM))
    done = held("rules", "try", path.name, *arguments)
    assert done.returncode == 2
    assert said in done.stderr


def test_a_parameter_is_a_number_a_word_or_a_truth() -> None:
    given = ["a=3", "b=0.5", "c=true", "d=batch", "e='two words'", "f = 2026-10-05", "g=x=y", "h="]
    assert trying.parameters(given) == {
        "a": 3, "b": 0.5, "c": True, "d": "batch", "e": "two words", "f": "2026-10-05", "g": "x=y", "h": "",
    }  # fmt: skip
    with pytest.raises(UsageError, match="is no parameter"):
        trying.parameters(["=3"])


# --- list


def test_rules_are_listed_with_where_they_come_from(held: Audit) -> None:
    assert held("rules", "new", "mine", "--in", "rules/own").returncode == 0
    own = held.settings('[paths]\nrules = ["rules/own"]\n', "own.toml")
    rows = {line.split()[0]: line.split()[1:4] for line in held("rules", "list", "-c", own.name).stdout.splitlines()}
    assert rows["rule"] == ["family", "grade", "from"]
    assert rows["mine"] == ["own", "alert", "rules/own"]
    assert rows["red_line"] == ["budget", "alert", "ships"]
