"""The wheel, built and installed in an empty environment elsewhere, audits the sample logs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT, SAMPLE_LOGS

if TYPE_CHECKING:
    from pathlib import Path


def run(*command: object, cwd: Path, may_fail: tuple[int, ...] = ()) -> str:
    bare = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(list(map(str, command)), check=False, capture_output=True, text=True, cwd=cwd, env=bare)
    assert done.returncode in (0, *may_fail), done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", out, ROOT, cwd=out)
    (made,) = out.glob("compute_spend_audit-*.whl")
    return made


def test_the_wheel_carries_rules_formats_templates_and_prices(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    for folder, inside in (("rules", "audit/rules"), ("templates", "audit/templates"), ("audit", "audit")):
        for file in (ROOT / folder).rglob("*"):
            if file.is_file() and "__pycache__" not in file.parts:
                assert f"{inside}/{file.relative_to(ROOT / folder).as_posix()}" in held
    assert not any(name.startswith(("tests/", "sample_logs/")) for name in held)


@pytest.mark.slow
def test_an_installed_copy_works_outside_a_checkout(wheel: Path, tmp_path: Path) -> None:
    run(sys.executable, "-m", "venv", tmp_path / "venv", cwd=tmp_path)
    run(tmp_path / "venv/bin/python", "-m", "pip", "install", "--quiet", wheel, cwd=tmp_path)
    audit = tmp_path / "venv/bin/audit"
    logs = [argument for folder in SAMPLE_LOGS for argument in ("--logs", folder)]
    said = run(audit, "run", "--month", "2026-10", *logs, cwd=tmp_path)
    assert str(tmp_path / "reports/2026-10/report.html") in said
    report = json.loads((tmp_path / "reports/2026-10/report.json").read_text(encoding="utf-8"))
    assert report["calls"] > 4000
    assert {line["rule"] for line in report["rules"]} >= {"duplicate_call", "red_line"}
    assert "cases passed, 0 failed" in run(audit, "rules", "test", cwd=tmp_path)
