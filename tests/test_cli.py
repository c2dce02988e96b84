"""The commands as an operator meets them, mistakes included."""

from __future__ import annotations

import gzip
import json
import re
import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT, SAMPLES, Audit

if TYPE_CHECKING:
    from pathlib import Path

COMMANDS = {
    "init", "ingest", "run", "send", "schedule", "formats", "rules", "prices", "reconcile", "reprice", "sql", "version",
    "findings", "show", "call", "accept",
}  # fmt: skip
CALL = (
    '{{"call_id": "{0}", "started_at": "2026-10-05T10:00:00Z", "provider": "openai", "model": "gpt-4.1", '
    '"input_tokens": 1000, "output_tokens": 10, "status": "ok", "project": "search"}}\n'
)


@pytest.fixture
def logs(audit: Audit) -> Path:
    folder = audit.folder / "logs"
    folder.mkdir()
    (folder / "calls.jsonl").write_text("".join(CALL.format(n) for n in range(3)), encoding="utf-8")
    return folder


def sentence(text: str) -> str:
    """What a user reads: one or more sentences of ours, no traceback."""
    assert "Traceback" not in text
    return text


def test_help_names_every_command(audit: Audit) -> None:
    shown = audit("--help").stdout
    for command in COMMANDS:
        assert re.search(rf"^\s+{command}\s", shown, re.MULTILINE)
        assert audit(command, "--help").returncode == 0


def test_the_readme_and_the_pages_name_only_commands_that_exist() -> None:
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        used = set(re.findall(r"(?:^|[`/])audit ([a-z]+)", page.read_text(encoding="utf-8"), re.MULTILINE))
        assert used <= COMMANDS, page.name


def test_settings_that_init_writes_work_as_they_are(audit: Audit, logs: Path) -> None:
    assert audit("init").returncode == 0
    assert audit("run", "--month", "2026-10", "--logs", logs).returncode == 0
    again = audit("init")
    assert again.returncode == 2
    assert "audit.toml: there already" in again.stderr


def test_logs_are_audited_without_any_settings(audit: Audit, logs: Path) -> None:
    done = audit("run", "--logs", logs)
    assert done.returncode == 0, done.stderr
    assert json.loads((audit.folder / "reports/2026-10/report.json").read_text(encoding="utf-8"))["calls"] == 3


def test_cron_gets_quiet_success(audit: Audit, logs: Path) -> None:
    audit.settings('[paths]\nlogs = ["logs"]\n')
    for arguments in (("ingest", "--quiet"), ("run", "--quiet", "--month", "2026-10")):
        done = audit(*arguments)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_ingest_says_what_it_did_and_skips_what_it_knows(audit: Audit, logs: Path) -> None:
    assert audit("ingest", logs).stdout.startswith("1 file read: 3 calls")
    assert audit("ingest", logs).stdout == "0 files read: 0 calls, 0 lines rejected; 1 file read before\n"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("run", "--logs", "nowhere"), 2, "nowhere: no log file there"),
        (("run", "--month", "2026-13", "--logs", "logs"), 2, "'2026-13' is not a month"),
        (("run",), 2, "no call to audit"),
        (("ingest",), 2, "no logs named"),
        (("run", "--settings", "missing.toml"), 2, "missing.toml: no such settings file"),
        (("send",), 2, "audit.toml: no such settings file"),
        (("rules", "show", "duplicate_cal"), 2, "did you mean 'duplicate_call'?"),
        (("rules", "new", "Not An Id"), 2, "is no id for a rule"),
        (("rules", "test", "logs"), 2, "no rule there"),
        (("rum",), 2, "rum"),
        (("run", "--mouth", "2026-10"), 2, "--mouth"),
    ],
)
def test_a_mistake_gets_a_sentence_and_its_code(
    audit: Audit, logs: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    done = audit(*arguments)
    assert done.returncode == code
    assert said in sentence(done.stderr)
    assert not (audit.folder / "reports").exists()


def test_a_misspelt_key_is_named_with_its_line_and_the_right_one(audit: Audit, logs: Path) -> None:
    audit.settings('[paths]\nlogs = ["logs"]\n\n[red_line]\nshrae = 0.2\n')
    done = audit("run")
    assert done.returncode == 2
    assert "audit.toml, line 5: unknown key 'red_line.shrae'; did you mean 'share'?" in sentence(done.stderr)


def test_a_store_that_is_no_database_is_said_to_be_none(audit: Audit, logs: Path) -> None:
    audit.settings('[paths]\nlogs = ["logs"]\n')
    (audit.folder / "audit.duckdb").write_bytes(b"this is no database" * 1000)
    done = audit("run")
    assert done.returncode == 1
    assert "audit.duckdb: the store cannot be opened" in sentence(done.stderr)


def test_a_folder_that_cannot_be_written_is_named(audit: Audit, logs: Path) -> None:
    (audit.folder / "reports").write_text("a file where a folder should be", encoding="utf-8")
    done = audit("run", "--month", "2026-10", "--logs", logs)
    assert done.returncode == 1
    assert "the report cannot be written" in sentence(done.stderr)


def test_a_hostile_log_line_is_shown_as_text(audit: Audit, logs: Path) -> None:
    line = CALL.format("x").replace('"search"', '"搜索 <b>bold</b><script>alert(1)</script>"')
    (logs / "hostile.jsonl").write_text(line, encoding="utf-8")
    assert audit("run", "--month", "2026-10", "--logs", logs).returncode == 0
    page = (audit.folder / "reports/2026-10/report.html").read_text(encoding="utf-8")
    assert "搜索 &lt;b&gt;bold&lt;/b&gt;" in page
    assert "<script" not in page


def test_a_rule_of_ones_own_stands_in_the_report(audit: Audit, logs: Path) -> None:
    assert audit("rules", "new", "long_reads", "--in", "mine").returncode == 0
    assert "4 cases passed, 0 failed" in audit("rules", "test", "mine").stdout
    audit.settings('[paths]\nlogs = ["logs"]\nrules = ["mine"]\n\n[rules.long_reads]\nmost_tokens = 999\n')
    assert "long_reads" in audit("rules", "list").stdout
    assert audit("run", "--month", "2026-10").returncode == 0
    data = json.loads((audit.folder / "reports/2026-10/report.json").read_text(encoding="utf-8"))
    found = [finding for finding in data["alerts"] if finding["rule"] == "long_reads"]
    assert [(finding["project"], finding["calls"]) for finding in found] == [("search", 3)]


def test_a_broken_rule_is_named_and_the_audit_goes_on(audit: Audit, logs: Path) -> None:
    mine = audit.folder / "mine"
    mine.mkdir()
    header = '/*\ntitle = "t"\ngrade = "proven"\nbecause = "b"\nfix = "f"\n*/\n'
    (mine / "broken.sql").write_text(header + "SELECT call_id, cost * 2 AS saving FROM calls", encoding="utf-8")
    audit.settings('[paths]\nlogs = ["logs"]\nrules = ["mine"]\n')
    done = audit("run", "--month", "2026-10")
    assert done.returncode == 4
    assert "incomplete: rule broken could not be run" in sentence(done.stderr)
    assert f"{mine / 'broken.sql'}, line 7" in done.stderr
    assert "broken" in (audit.folder / "reports/2026-10/report.html").read_text(encoding="utf-8")


def test_a_rule_of_ones_own_does_not_take_the_place_of_one_that_ships(audit: Audit, logs: Path) -> None:
    assert audit("rules", "new", "duplicate_call", "--in", "mine").returncode == 0
    audit.settings('[paths]\nlogs = ["logs"]\nrules = ["mine"]\n')
    done = audit("run", "--month", "2026-10")
    assert done.returncode == 2
    assert "the id 'duplicate_call' is taken by" in sentence(done.stderr)


def test_a_misspelt_parameter_is_a_mistake_in_the_settings(audit: Audit, logs: Path) -> None:
    audit.settings('[paths]\nlogs = ["logs"]\n[rules.duplicate_call]\nwindow_hour = 3\n')
    done = audit("run", "--month", "2026-10")
    assert done.returncode == 2
    assert "did you mean 'window_hours'?" in sentence(done.stderr)


def test_logs_of_which_nothing_can_be_read_say_why(audit: Audit, logs: Path) -> None:
    for file in logs.iterdir():
        file.write_text(CALL.format("a").replace("1000", '"many"'), encoding="utf-8")
    done = audit("run", "--logs", logs)
    assert done.returncode == 2
    assert "1 line could not be read; line 1: input_tokens: not a whole number" in sentence(done.stderr)
    ingested = audit("ingest", "--quiet", logs)
    assert ingested.returncode == 4
    assert "line 1: input_tokens" in ingested.stderr


def test_a_month_without_calls_names_those_with_some(audit: Audit, logs: Path) -> None:
    (logs / "may.jsonl").write_text(CALL.format("may").replace("2026-10", "2026-05"), encoding="utf-8")
    for month in ("2026-07", "2206-10"):
        done = audit("run", "--month", month, "--logs", logs)
        assert done.returncode == 2
        assert sentence(done.stderr) == (
            f"audit: no call lies in {month}; those there are lie in 2026-05, 2026-10: name one with --month\n"
        )
    assert not (audit.folder / "reports").exists()


def test_a_month_that_still_runs_may_have_no_call_yet(audit: Audit, logs: Path) -> None:
    month = f"{datetime.now(UTC):%Y-%m}"
    done = audit("run", "--month", month, "--logs", logs)
    assert done.returncode == 4, done.stderr
    assert f"no call lies in {month} so far; those there are lie in 2026-10" in done.stderr
    assert (audit.folder / "reports" / month / "mail.html").exists()


@pytest.mark.parametrize("command", [("run",), ("ingest",), ("findings",), ("sql", "SELECT 1")])
def test_a_folder_without_settings_is_told_what_would_help(audit: Audit, command: tuple[str, ...]) -> None:
    hint = "no audit.toml in this folder: name yours with --settings FILE, or let `audit init` write one"
    done = audit(*command)
    assert done.returncode == 2
    assert done.stderr.splitlines()[1:] == [hint]
    elsewhere = audit.settings('[paths]\nstore = "other.duckdb"\n', "other.toml")
    assert hint not in audit(*command, "--settings", elsewhere).stderr


def test_a_file_is_read_anew_when_asked(audit: Audit, logs: Path) -> None:
    audit("ingest", logs)
    assert audit("ingest", "--again", logs).stdout.startswith("1 file read: 3 calls")


def test_the_rules_that_ship_pass_their_cases(audit: Audit) -> None:
    done = audit("rules", "test")
    assert done.returncode == 0, done.stdout
    assert done.stdout.endswith(" cases passed, 0 failed\n")


def test_the_mail_is_written_as_a_file(audit: Audit, logs: Path) -> None:
    audit.settings('[paths]\nlogs = ["logs"]\n[mail]\nsender = "audit@example.com"\nto = ["finance@example.com"]\n')
    early = audit("send", "--dry-run", "--month", "2026-10")
    assert early.returncode == 1
    assert "audit run --month 2026-10" in sentence(early.stderr)
    assert audit("run", "--month", "2026-10").returncode == 0
    done = audit("send", "--dry-run", "--month", "2026-10")
    assert done.returncode == 0, done.stderr
    mail = (audit.folder / "reports/2026-10/mail.eml").read_text(encoding="utf-8")
    assert "To: finance@example.com" in mail


def test_a_mail_server_that_is_down_is_named_and_nothing_counts_as_sent(audit: Audit, logs: Path) -> None:
    audit.settings(
        '[paths]\nlogs = ["logs"]\n[mail]\nhost = "127.0.0.1"\nport = 9\nsecurity = "none"\n'
        'sender = "audit@example.com"\nto = ["finance@example.com"]\n'
    )
    assert audit("run", "--month", "2026-10").returncode == 0
    for _ in range(2):
        done = audit("send", "--month", "2026-10")
        assert done.returncode == 1
        assert "127.0.0.1:9" in sentence(done.stderr)


def test_the_samples_settings_are_read_where_they_lie(audit: Audit) -> None:
    """The demo's own command, on a copy."""
    copy = audit.folder / "sample_logs"
    shutil.copytree(SAMPLES, copy)
    done = audit("run", "--settings", copy / "audit.toml", "--month", "2026-10")
    assert done.returncode == 3, done.stderr
    assert done.stdout.splitlines()[0].startswith("Over the red line: support-bot")
    assert (copy / "reports/2026-10/report.html").exists()


def test_files_of_a_folder_that_are_no_logs_are_counted(audit: Audit) -> None:
    folder = audit.folder / "logs"
    folder.mkdir()
    (folder / "a.jsonl.1").write_text(CALL.format("a"), encoding="utf-8")
    (folder / "notes.txt").write_text("not a log", encoding="utf-8")
    done = audit("ingest", "logs")
    assert done.returncode == 0
    assert "1 file read: 1 call" in done.stdout
    assert "1 file passed over, whose names do not end as a log's does (.json, .jsonl" in done.stdout


def test_an_archive_that_is_cut_off_is_no_quiet_success(audit: Audit) -> None:
    """However few lines its end leaves behind: what was beyond it nobody knows."""
    packed = gzip.compress("".join(CALL.format(n) for n in range(2_000)).encode())
    (audit.folder / "a.jsonl.gz").write_bytes(packed[: len(packed) // 2])
    done = audit("ingest", "--quiet", "a.jsonl.gz")
    assert done.returncode == 4
    assert "could not be read; the archive is cut off or damaged: what came before its end was read" in done.stderr
    assert audit("ingest", "--quiet", "a.jsonl.gz").returncode == 0, "it was said"
    run = audit("run", "--month", "2026-10", "--quiet")
    assert run.returncode == 4
    page = (audit.folder / "reports" / "2026-10" / "report.html").read_text(encoding="utf-8")
    assert re.search(r"The end of \S*a\.jsonl\.gz is missing", page)
    (audit.folder / "a.jsonl.gz").write_bytes(packed)
    assert audit("ingest", "--quiet", "a.jsonl.gz").returncode == 0
    assert audit("run", "--month", "2026-10", "--quiet").returncode == 0


def test_what_no_call_states_is_unknown_and_not_none(audit: Audit) -> None:
    (audit.folder / "a.jsonl").write_text(CALL.format("a").replace('"input_tokens": 1000, ', ""), encoding="utf-8")
    audit("run", "--month", "2026-10", "--quiet", "--logs", "a.jsonl")
    folder = audit.folder / "reports" / "2026-10"
    assert "unknown tokens in · 10 tokens out" in (folder / "report.html").read_text(encoding="utf-8")
    assert "unknown tokens in · 10 tokens out" in " ".join((folder / "mail.txt").read_text(encoding="utf-8").split())
    told = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert (told["input_tokens"], told["cache_read_tokens"], told["output_tokens"]) == (None, None, 10)
