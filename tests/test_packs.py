"""Rules that come with an installed package: found, named with where they are from, refused, and told apart."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from audit import packs
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Audit

CALL = (
    '{{"call_id": "{0}", "started_at": "2026-10-05T10:00:0{0}Z", "provider": "openai", "model": "gpt-4.1", '
    '"input_tokens": {1}, "output_tokens": 10, "status": "ok", "project": "search"}}\n'
)
RULE = """/*
title = "Long reads"
grade = "alert"
because = "{calls} calls of {project}."
fix = "Ask for less."
[params]
most_tokens = 500
*/
SELECT call_id, input_tokens FROM calls WHERE input_tokens > $most_tokens
"""
CASES = "cases:\n  - {name: a short one is not, calls: [{call_id: a, input_tokens: 500}], found: []}\n"
RUNS_CODE = "raise SystemExit('a pack is looked up, not run')\n"


@pytest.fixture
def install(tmp_path: Path) -> Callable[..., str]:
    """Makes a wheel of some files, installs it with pip, and gives the path Python finds it by."""

    def installed(files: dict[str, str], value: str = "acme_rules", name: str = "acme-spend-rules") -> str:
        stem = name.replace("-", "_")
        info = f"{stem}-1.2.dist-info"
        held = files | {
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: a test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            f"{info}/entry_points.txt": f"[{packs.GROUP}]\nacme = {value}\n",
        }
        wheel = tmp_path / f"{stem}-1.2-py3-none-any.whl"
        record = "".join(f"{file},,\n" for file in [*held, f"{info}/RECORD"])
        with zipfile.ZipFile(wheel, "w") as archive:
            for file, text in (held | {f"{info}/RECORD": record}).items():
                archive.writestr(file, text)
        target = tmp_path / "site"
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--target"]
        subprocess.run([*command, str(target), str(wheel)], check=True, capture_output=True)
        return f"{ROOT}:{target}"

    return installed


PACK = {
    "acme_rules/__init__.py": RUNS_CODE,
    "acme_rules/reading/long_reads.sql": RULE,
    "acme_rules/reading/long_reads.yml": CASES,
}


def test_an_installed_packs_rule_is_listed_shown_tested_and_run(audit: Audit, install: Callable[..., str]) -> None:
    python = {"PYTHONPATH": install(PACK)}
    (audit.folder / "logs").mkdir()
    (audit.folder / "logs/calls.jsonl").write_text(CALL.format(1, 501) + CALL.format(2, 500), encoding="utf-8")
    (line,) = [line for line in audit("rules", "list", **python).stdout.splitlines() if "long_reads" in line]
    assert line.split() == ["long_reads", "reading", "alert", "acme-spend-rules==1.2", "Long", "reads"]
    assert "most_tokens = 500" in audit("rules", "show", "long_reads", **python).stdout
    assert audit("rules", "test", "acme-spend-rules", **python).stdout == "1 case passed, 0 failed\n"
    assert audit("run", "--month", "2026-10", "--logs", "logs", **python).returncode == 0
    found = (audit.folder / "reports/2026-10/findings.csv").read_text(encoding="utf-8")
    assert "long_reads/search,long_reads,reading,alert,search,,1," in found


def test_a_packs_rule_takes_parameters_and_can_be_left_out(audit: Audit, install: Callable[..., str]) -> None:
    python = {"PYTHONPATH": install(PACK)}
    audit.settings("[rules.long_reads]\nmost_tokens = 9\n")
    assert audit("rules", "list", **python).returncode == 0
    audit.settings("[rules.long_reads]\nenabled = false\n")
    assert "long_reads" not in audit("rules", "list", **python).stdout


def test_the_settings_can_refuse_packs(audit: Audit, install: Callable[..., str]) -> None:
    audit.settings("[paths]\nrule_packs = false\n")
    listed = audit("rules", "list", PYTHONPATH=install(PACK))
    assert listed.returncode == 0
    assert "long_reads" not in listed.stdout


def test_a_packs_id_that_is_taken_is_named_with_both_files(audit: Audit, install: Callable[..., str]) -> None:
    python = {"PYTHONPATH": install(PACK | {"acme_rules/red_line.sql": RULE})}
    done = audit("rules", "list", **python)
    assert done.returncode == 2
    assert "site/acme_rules/red_line.sql: the id 'red_line' is taken by " in done.stderr
    assert "rules/budget/red_line.sql; it came with acme-spend-rules==1.2: uninstall that, or set" in done.stderr


def test_an_own_rule_of_a_packs_id_is_told_to_be_renamed(audit: Audit, install: Callable[..., str]) -> None:
    python = {"PYTHONPATH": install(PACK)}
    assert audit("rules", "new", "long_reads", "--in", "own", **python).returncode == 0
    audit.settings('[paths]\nrules = ["own"]\n')
    done = audit("rules", "list", **python)
    assert done.returncode == 2
    assert "own/long_reads.sql: the id 'long_reads' is taken by " in done.stderr
    assert "; rename the file" in done.stderr


@pytest.mark.parametrize(
    ("files", "value", "said"),
    [
        ({}, "acme_rules", "its pack of rules 'acme_rules' is no package with a folder"),
        ({"acme_rules.py": RUNS_CODE}, "acme_rules", "its pack of rules 'acme_rules' is no package with a folder"),
        ({}, "acme.rules", "its pack of rules 'acme.rules' cannot be found: No module named 'acme'"),
        ({}, "acme rules", "its pack of rules 'acme rules' is no package with a folder"),
    ],
)
def test_a_pack_without_a_folder_is_named_with_the_way_out(
    files: dict[str, str], value: str, said: str, audit: Audit, install: Callable[..., str]
) -> None:
    python = {"PYTHONPATH": install(files, value)}
    done = audit("rules", "list", **python)
    assert done.returncode == 2
    assert f"acme-spend-rules: {said}" in done.stderr
    assert "rule_packs = false" in done.stderr
    audit.settings("[paths]\nrule_packs = false\n")
    assert audit("rules", "list", **python).returncode == 0


def test_a_broken_rule_of_a_pack_is_named_and_the_others_are_listed(audit: Audit, install: Callable[..., str]) -> None:
    broken = RULE.replace("FROM calls", "FROM call")
    python = {"PYTHONPATH": install(PACK | {"acme_rules/reading/worse.sql": broken})}
    done = audit("rules", "list", **python)
    assert done.returncode == 1
    assert "reading/worse.sql, line 9: no table 'call' for rules" in done.stderr
    assert "long_reads" in done.stdout
