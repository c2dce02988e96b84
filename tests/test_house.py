"""The house's own rules, read off its files: one driver one file, nothing at import, nothing of a machine."""

from __future__ import annotations

import ast
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from audit import rulebook
from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PACKAGE = ROOT / "audit"
SOURCES = sorted(PACKAGE.rglob("*.py"))
DRIVERS = {
    "duckdb": {"engine/duckdb.py"},
    "smtplib": {"delivery/smtp.py"},
    "apscheduler": {"schedule.py"},
    "genai_prices": {"pricing/catalogue.py"},
    "typer": {
        "cli.py",
        *(f"commands/{name}.py" for name in ("findings", "formats", "options", "prices", "rules", "sql")),
    },
    "rich": {"progress.py", "terminal/tabular.py"},
    "zstandard": {"ingest/layout.py"},
    "jinja2": {"report/render.py"},
    "yaml": {"cases.py"},
    "fsspec": {"ingest/objects.py"},
    "pymysql": {"ingest/databases/mysql.py"},
    "adbc_driver_postgresql": {"ingest/databases/postgresql.py"},
    "sqlite3": {"ingest/databases/sqlite.py"},
    "sqlglot": {"sandbox.py", "formatsql.py"},
}


def imported(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    return {name.split(".")[0] for name in names}


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_driver_is_known_to_its_own_files_alone(driver: str) -> None:
    users = {str(path.relative_to(PACKAGE)) for path in SOURCES if driver in imported(path)}
    assert users == DRIVERS[driver]


def test_help_loads_none_of_the_heavy_libraries() -> None:
    heavy = {"duckdb", "polars", "pydantic", "sqlglot", "genai_prices", "apscheduler", "jinja2", "babel"}
    code = "import sys, audit.cli; print(' '.join(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split()
    assert not heavy & set(loaded)


def test_every_rule_and_format_is_a_pair_of_files() -> None:
    common = {ROOT / "rules" / rulebook.SHARED}
    for folder in (ROOT / "rules", PACKAGE / "formats"):
        files = {path for path in folder.rglob("*") if path.is_file()} - common
        assert {path.with_suffix(".sql") for path in files} == {path for path in files if path.suffix == ".sql"}
        assert {path.with_suffix(".yml") for path in files} <= files


def test_a_rules_id_is_used_once() -> None:
    names = [path.stem for path in (ROOT / "rules").rglob("*.sql")]
    assert len(names) == len(set(names))


def test_no_float_holds_money() -> None:
    for column in ("cost", "saving", "credited", "amount", "price"):
        for path in SOURCES:
            text = path.read_text(encoding="utf-8")
            assert f"{column}: float" not in text, path.name
            assert f"{column} DOUBLE" not in text, path.name
