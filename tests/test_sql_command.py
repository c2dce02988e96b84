"""`audit sql` as an analyst meets it: queries, forms, refusals, and the prompt on a real terminal."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import pty
import re
import select
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from audit.analyst import prompt as asking
from audit.engine.duckdb import Engine
from tests.conftest import Audit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CALL = (
    '{{"call_id": "c{0}", "started_at": "2026-10-05T10:00:0{0}Z", "provider": "openai", "model": "gpt-4.1", '
    '"input_tokens": {0}000, "output_tokens": 10, "status": "ok", "project": "search"}}\n'
)
PATIENCE = 60.0


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    """A folder with a store that holds four calls of October and one of September."""
    audit = Audit(tmp_path_factory.mktemp("held"))
    text = "".join(CALL.format(number) for number in range(1, 5)) + CALL.format(5).replace("2026-10-05", "2026-09-28")
    (audit.folder / "calls.jsonl").write_text(text, encoding="utf-8")
    audit.settings('[paths]\nlogs = ["calls.jsonl"]\n')
    assert audit("ingest").returncode == 0
    return audit


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_query_into_a_pipe_is_answered_as_csv_with_every_digit(held: Audit) -> None:
    done = held("sql", "-m", "2026-10", "SELECT call_id, cost, task FROM calls ORDER BY call_id LIMIT 2")
    assert list(csv.reader(done.stdout.splitlines())) == [
        ["call_id", "cost", "task"],
        ["c1", "0.002080000", ""],
        ["c2", "0.004080000", ""],
    ]


def test_the_forms_are_chosen(held: Audit) -> None:
    query = "SELECT call_id, cost, day, tags, true AS yes FROM calls ORDER BY call_id DESC LIMIT 1"
    as_json = held("sql", "-m", "2026-10", "--format", "json", query)
    assert json.loads(as_json.stdout) == [
        {"call_id": "c4", "cost": "0.008080000", "day": "2026-10-05", "tags": None, "yes": True}
    ]
    as_table = held("sql", "-m", "2026-10", "--format", "table", query)
    assert as_table.stdout.splitlines() == [
        "call_id     cost  day         tags  yes",
        "c4       0.00808  2026-10-05  NULL  true",
        "(1 row)",
    ]
    wrong = held("sql", "--format", "xml", query)
    assert wrong.returncode == 2
    assert "'xml' is none of table, csv, json" in wrong.stderr


def test_a_name_that_comes_twice_gets_a_number_in_json(held: Audit) -> None:
    done = held("sql", "-m", "2026-10", "--format", "json", "SELECT 1 AS a, 2 AS a")
    assert json.loads(done.stdout) == [{"a": 1, "a_2": 2}]


def test_standard_input_is_the_query_where_none_is_given(held: Audit) -> None:
    done = subprocess.run(
        held.command("sql", "-m", "2026-10"),
        input="SELECT count(*) AS n\nFROM calls;\n",
        check=True, capture_output=True, text=True, cwd=held.folder, env=held.environment,
    )  # fmt: skip
    assert done.stdout == "n\n4\n"


def test_describe_and_summarize_are_answered(held: Audit) -> None:
    assert "workday,BOOLEAN" in held("sql", "-m", "2026-10", "DESCRIBE days").stdout
    assert "input_tokens,BIGINT,1000,4000" in held("sql", "-m", "2026-10", "SUMMARIZE calls").stdout


def test_the_tables_are_those_of_the_rules_and_none_they_are_made_of(held: Audit) -> None:
    listed = list(csv.reader(held("sql", "-m", "2026-09", "show tables;").stdout.splitlines()))
    assert listed[0] == ["table", "what it holds"]
    assert [name for name, _ in listed[1:]] == [
        "calls", "prices", "daily_spend", "days", "first_seen", "pools", "projects",
    ]  # fmt: skip
    assert all(said for _, said in listed)


def test_the_days_before_the_month_are_shown_where_asked_for(held: Audit) -> None:
    query = "SELECT count(*) AS n FROM calls"
    assert held("sql", "-m", "2026-10", query).stdout == "n\n4\n"
    assert held("sql", "-m", "2026-10", "--look-back-days", "7", query).stdout == "n\n5\n"


def test_without_a_month_it_is_the_one_an_audit_would_take(held: Audit) -> None:
    done = held("sql", "SELECT max(day) AS day FROM calls")
    assert done.stdout == "day\n2026-10-05\n"


def test_what_was_cut_is_said(held: Audit) -> None:
    done = held("sql", "-m", "2026-10", "--rows", "3", "SELECT day FROM days")
    assert len(done.stdout.splitlines()) == 4
    assert done.stderr == "audit: the first 3 rows; --rows shows more\n"
    assert not held("sql", "-m", "2026-10", "--rows", "4", "SELECT call_id FROM calls").stderr


def test_rows_too_wide_for_a_line_are_few_and_upright(held: Audit) -> None:
    done = held("sql", "-m", "2026-10", "--format", "table", "FROM calls UNION ALL FROM calls")
    assert done.stdout.startswith("row 1\n  call_id ")
    assert "row 5" in done.stdout
    assert done.stderr == "audit: the first 5 rows: name fewer columns to see more\n"


@pytest.mark.parametrize(
    ("query", "code", "said"),
    [
        ("SELECT nope FROM calls", 1, 'Referenced column "nope" not found'),
        ("SELECT 1; SELECT 2", 2, "these are 2 statements; one query at a time"),
        ("", 2, "no query: write one, as SELECT"),
        ("DELETE FROM calls", 2, "DELETE is not answered here, only what reads"),
        ("CREATE TABLE x AS SELECT 1", 2, "CREATE is not answered here"),
        ("COPY calls TO 'calls.csv'", 2, "COPY is not answered here"),
        ("ATTACH 'audit.duckdb'", 2, "ATTACH is not answered here"),
        ("SET memory_limit = '1GB'", 2, "SET is not answered here"),
        ("PIVOT calls ON model USING count(*)", 2, "a PIVOT stands within a SELECT"),
        ("SELECT * FROM read_text('audit.toml')", 1, "file system operations are disabled"),
        ("SELECT * FROM 'calls.jsonl'", 1, "file system operations are disabled"),
        ("SELECT * FROM store.calls", 1, "store.calls"),
    ],
)
def test_what_is_no_reading_query_is_refused_in_a_sentence(held: Audit, query: str, code: int, said: str) -> None:
    before = digest(held.folder / "audit.duckdb")
    done = held("sql", "-m", "2026-10", query)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert digest(held.folder / "audit.duckdb") == before


def test_a_store_that_is_not_there_is_not_made(audit: Audit) -> None:
    done = audit("sql", "SELECT 1")
    assert done.returncode == 2
    assert "audit.duckdb: no store there yet; `audit ingest` makes it" in done.stderr
    assert not list(audit.folder.iterdir())


def test_a_month_without_a_call_is_answered_with_those_there_are(held: Audit) -> None:
    done = held("sql", "-m", "2027-01", "SELECT 1")
    assert done.returncode == 2
    assert "no call lies in 2027-01; those of the store lie in 2026-09 to 2026-10" in done.stderr


def test_what_the_last_audit_kept_can_be_asked(held: Audit) -> None:
    assert held("run", "-m", "2026-10", "--out", "reports").returncode == 0
    done = held("sql", "-m", "2026-10", "SELECT count(*) AS n FROM flags JOIN findings USING (rule)")
    assert done.stdout.startswith("n\n"), done.stderr
    assert "does not exist" in held("sql", "-m", "2026-09", "FROM findings").stderr


# --- the prompt


class Terminal:
    """A real terminal with the prompt on it."""

    def __init__(self, process: subprocess.Popen[bytes], screen: int) -> None:
        self.process = process
        self._screen = screen
        self._text = ""

    def until(self, wanted: str) -> str:
        """What was shown since the last look, up to something wanted."""
        end = time.monotonic() + PATIENCE
        while wanted not in self._text:
            assert time.monotonic() < end, self._text
            if select.select([self._screen], [], [], 1)[0]:
                self._text += os.read(self._screen, 1 << 16).decode().replace("\r", "")
        seen, _, self._text = self._text.partition(wanted)
        return seen

    def type(self, text: str) -> None:
        """Type a line."""
        os.write(self._screen, f"{text}\n".encode())

    def ask(self, text: str) -> str:
        """Type a line; what is shown before the next prompt."""
        self.type(text)
        return self.until("audit> ")


@contextmanager
def prompt(held: Audit) -> Iterator[Terminal]:
    screen, its_end = pty.openpty()
    environment = held.environment | {"TERM": "dumb", "COLUMNS": "200", "XDG_STATE_HOME": str(held.folder / "state")}
    with subprocess.Popen(
        held.command("sql", "-m", "2026-10"), stdin=its_end, stdout=its_end, stderr=its_end, cwd=held.folder,
        env=environment, start_new_session=True,
    ) as process:  # fmt: skip
        os.close(its_end)
        terminal = Terminal(process, screen)
        try:
            yield terminal
        finally:
            process.kill()
            os.close(screen)


def test_the_prompt_answers_until_it_is_told_to_stop(held: Audit) -> None:
    with prompt(held) as terminal:
        assert "2026-10: 4 calls, read only." in terminal.until("audit> ")
        terminal.type("SELECT count(*) AS n")
        terminal.until("   ..> ")
        assert re.search(r"n\n4\n\(1 row\)", terminal.ask("FROM calls;"))
        assert "the month's calls with their price" in terminal.ask(".tables")
        assert "VARCHAR  the public holiday's name" in terminal.ask(".columns days")
        assert "no table 'dais'; did you mean 'days'?" in terminal.ask(".columns dais")
        assert "no command '.nope'" in terminal.ask(".nope")
        assert "DELETE is not answered here" in terminal.ask("DELETE FROM calls;")
        assert "nope" in terminal.ask("SELECT nope FROM calls;")
        # Data changed within a query is as it was after it.
        terminal.ask("WITH gone AS (DELETE FROM priced_rows RETURNING *) SELECT count(*) FROM gone;")
        assert "\n4\n" in terminal.ask("SELECT count(*) AS n FROM calls;")
        terminal.type(".quit")
        assert terminal.process.wait(PATIENCE) == 0
    assert "FROM calls;" in (held.folder / "state/compute-spend-audit/sql_history").read_text(encoding="utf-8")


def test_a_prompt_that_stays_open_is_in_nobodys_way(held: Audit) -> None:
    with prompt(held) as terminal:
        terminal.until("audit> ")
        assert held("ingest").returncode == 0


def test_an_interrupt_stops_the_query_and_not_the_prompt(held: Audit) -> None:
    endless = (
        "SELECT sum(a.range * b.range) FROM range(1000000000) a, range(1000000) b WHERE a.range % 7 = b.range % 5;"
    )
    with prompt(held) as terminal:
        terminal.until("audit> ")
        said = ""
        while "stopped" not in said:
            # An interrupt that comes before the query has begun drops what was typed: then it is typed again.
            terminal.type(endless)
            terminal.until("b.range % 5;\n")
            time.sleep(1)
            terminal.process.send_signal(signal.SIGINT)
            said = terminal.until("audit> ")
        assert "\n42\n" in terminal.ask("SELECT 6 * 7 AS n;")


def test_interrupts_pressed_in_haste_end_nothing(held: Audit) -> None:
    with prompt(held) as terminal:
        terminal.until("audit> ")
        for _ in range(200):
            terminal.process.send_signal(signal.SIGINT)
        # Each may have left a prompt behind, and dropped what was typed.
        assert any("\n42\n" in terminal.ask("SELECT 6 * 7 AS n;") for _ in range(202))


def test_an_interrupt_while_the_line_is_dropped_is_the_same_interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(cause: BaseException) -> None:
        def read(_prompt: str) -> str:
            raise SystemError("a result with an exception set") from cause

        monkeypatch.setattr("builtins.input", read)

    fails(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        asking.typed_line("audit> ")
    fails(ValueError())
    with pytest.raises(SystemError):
        asking.typed_line("audit> ")


def test_an_interrupt_while_the_work_is_handed_over_begins_none(monkeypatch: pytest.MonkeyPatch) -> None:
    done = []
    real = ThreadPoolExecutor.submit

    def interrupted(self: ThreadPoolExecutor, work: Callable[[], object]) -> None:
        real(self, work)
        raise KeyboardInterrupt

    with Engine() as engine, monkeypatch.context() as patched:
        patched.setattr(ThreadPoolExecutor, "submit", interrupted)
        with pytest.raises(KeyboardInterrupt):
            engine.stoppable(lambda: done.append(1))
    assert done == []
