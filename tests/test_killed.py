"""Killed at random moments and run again, the result is that of a run nobody disturbed."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from typing import TYPE_CHECKING

from tests.conftest import Audit, sample_settings

if TYPE_CHECKING:
    from pathlib import Path

KILLS = 20


def prepared(folder: Path) -> Audit:
    folder.mkdir()
    audit = Audit(folder)
    audit.settings(sample_settings())
    return audit


def test_twenty_kills_leave_no_trace(tmp_path: Path) -> None:
    calm, killed = prepared(tmp_path / "calm"), prepared(tmp_path / "killed")
    begin = time.monotonic()
    assert calm("run", "--month", "2026-10").returncode == 3
    whole = time.monotonic() - begin
    chance = random.Random(7)
    stopped = 0
    for _ in range(KILLS):
        begin = time.monotonic()
        run = subprocess.Popen(
            killed.command("run", "--month", "2026-10", "--quiet"),
            cwd=killed.folder,
            env=killed.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            run.wait(timeout=chance.uniform(0.2, 1.0) * whole)
            whole = min(whole, time.monotonic() - begin)  # a machine that is less busy by now
        except subprocess.TimeoutExpired:
            run.kill()
            stopped += run.wait() == -signal.SIGKILL
        if chance.random() < 0.3:  # now and then the store is begun anew, so that kills hit every part of a first run
            for file in killed.folder.glob("audit.duckdb*"):
                file.unlink()
    assert stopped >= KILLS // 2
    assert killed("run", "--month", "2026-10").returncode == 3
    assert killed.files() == calm.files()
    assert [path.name for path in (killed.folder / "reports").iterdir()] == ["2026-10"]
