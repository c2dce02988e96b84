"""Killed while it reads, the next run ends where a run nobody disturbed ends; two runs never hold one store."""

from __future__ import annotations

import gzip
import random
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Any

from audit.engine.store import open_store
from audit.settings import Settings
from tests.conftest import Audit
from tests.ingest.shop import COLUMNS, line, lines

if TYPE_CHECKING:
    from pathlib import Path

KILLS = 6
FILES, CALLS = 5, 1500


def prepared(folder: Path) -> Audit:
    """Files that overlap in their calls, some packed, each with a broken line."""
    (folder / "logs").mkdir(parents=True)
    for number in range(FILES):
        first = number * CALLS * 2 // 3
        content = b"".join(line(f"{call_id:06}", output_tokens=number) for call_id in range(first, first + CALLS))
        content += b"{bad %d\n" % number + line("torn").strip() + lines(f"after{number}")
        packed = gzip.compress(content, mtime=0) if number % 2 else content
        (folder / "logs" / f"{number}.jsonl").write_bytes(packed)
    (folder / "audit.toml").write_text('[paths]\nlogs = ["logs"]\n', encoding="utf-8")
    return Audit(folder)


def held(audit: Audit) -> dict[str, list[tuple[Any, ...]]]:
    with open_store(audit.folder / "audit.duckdb", Settings()) as engine:
        return {
            "calls": engine.rows(f"SELECT {COLUMNS} FROM store.calls ORDER BY call_id"),
            "rejects": engine.rows(
                "SELECT parse_filename(path), line, r.reason, text "
                "FROM store.rejects r JOIN store.files USING (file_id) "
                "ORDER BY ALL"
            ),
            "files": engine.rows(
                "SELECT parse_filename(path), sha256, bytes, format, calls, rejected FROM store.files ORDER BY ALL"
            ),
        }


def test_kills_leave_the_store_as_an_undisturbed_run_would(tmp_path: Path) -> None:
    calm, killed = prepared(tmp_path / "calm"), prepared(tmp_path / "killed")
    begin = time.monotonic()
    assert calm("ingest").returncode == 0
    whole = time.monotonic() - begin
    chance, stopped = random.Random(5), 0
    for number in range(5 * KILLS):
        if stopped == KILLS // 2:
            break
        begin = time.monotonic()
        if number % 2 == 0:  # else the early kills leave the later ones nothing to do
            for file in killed.folder.glob("audit.duckdb*"):
                file.unlink()
        run = subprocess.Popen(
            killed.command("ingest", "--quiet"), cwd=killed.folder, env=killed.environment, stderr=subprocess.PIPE
        )
        try:
            run.communicate(timeout=chance.uniform(0.2, 0.9) * whole)
            whole = min(whole, time.monotonic() - begin)  # a machine that is less busy by now
        except subprocess.TimeoutExpired:
            run.kill()
            run.communicate()
            stopped += run.returncode == -signal.SIGKILL
    assert stopped >= 2
    assert killed("ingest").returncode == 0
    assert held(killed) == held(calm)


def test_a_second_run_is_refused_while_one_holds_the_store(tmp_path: Path) -> None:
    audit = prepared(tmp_path)
    store = audit.folder / "audit.duckdb"
    with open_store(store, Settings()):
        second = audit("ingest")
    assert second.returncode == 5
    assert second.stderr == (f"audit: {store}: another run holds the store; wait until it has ended, or stop it\n")
    assert audit("ingest").returncode == 0


def test_the_calls_of_a_file_that_was_read_half_are_forgotten(tmp_path: Path) -> None:
    """A file's calls are written before its row is; whoever is killed between the two leaves calls without a file."""
    audit = prepared(tmp_path)
    assert audit("ingest").returncode == 0
    before = held(audit)
    with open_store(audit.folder / "audit.duckdb", Settings()) as engine:
        engine.run("INSERT INTO store.calls SELECT * REPLACE ('half' AS source, 99 AS file_id) FROM store.calls")
    assert audit("ingest").returncode == 0
    assert held(audit) == before
