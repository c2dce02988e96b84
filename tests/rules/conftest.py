"""A small store in a file, and the audit's own way from rule files to findings over it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from audit import inspection, places, rulebook, window
from audit.engine.store import open_store
from audit.records import CALL_COLUMNS, Month
from audit.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.records import Finding

OCTOBER = Month(2026, 10)
SHAPE = {column.name: column.type for column in CALL_COLUMNS}
PROMPT = hashlib.md5(b"prompt", usedforsecurity=False).hexdigest()
CALLS: list[dict[str, Any]] = [
    {
        "call_id": f"call-{number}",
        "source": "secret-source",
        "started_at": datetime(2026, 10, 5, 10 + number),  # noqa: DTZ001  # tables hold UTC without a zone
        "latency_ms": 1000,
        "operation": "chat",
        "provider": "anthropic",
        "model": "claude-sonnet-4-5",
        "input_tokens": 1000,
        "output_tokens": 0 if number == 4 else 100,
        "status": "ok",
        "project": "search",
        "prompt_hash": PROMPT if number < 3 else None,
    }
    for number in range(6)
]


@dataclass(frozen=True)
class Audited:
    """What one audit found, which rules failed and why, and what the store and the folder hold after it."""

    findings: dict[str, list[Finding]]
    failures: dict[str, str]
    calls: list[tuple[Any, ...]]
    tables: list[tuple[Any, ...]]
    files: dict[str, str]


def audited(
    folder: Path, own: Path | None = None, overrides: dict[str, Any] | None = None, *, seconds: float = 20
) -> Audited:
    """Audit October over the small store with the shipped rules and a folder of one's own."""
    folder.mkdir(parents=True, exist_ok=True)
    store = folder / "audit.duckdb"
    settings = Settings()
    with open_store(store, settings) as engine:
        engine.load("new", SHAPE, CALLS)
        engine.run("INSERT INTO store.calls BY NAME SELECT * FROM new")
        engine.run("DROP TABLE new")
        rules, broken = rulebook.load([places.rules(), *([own] if own else [])], overrides or {})
        span = window.build(engine, settings, OCTOBER, [], max(rule.look_back_days for rule in rules))
        engine.seal()
        found = inspection.inspect(engine, rules, broken, span, seconds=seconds, language="en")
        calls = engine.rows("SELECT * FROM store.calls ORDER BY call_id")
        tables = engine.rows("SELECT schema_name, table_name FROM duckdb_tables() WHERE NOT temporary ORDER BY ALL")
    findings: dict[str, list[Finding]] = {}
    for finding in found.findings:
        findings.setdefault(finding.rule, []).append(finding)
    failures = {failed.id: failed.reason for failed in found.failures}
    return Audited(findings, failures, calls, tables, files_in(folder, store))


def files_in(folder: Path, *but: Path) -> dict[str, str]:
    """Every file below a folder with the digest of what it holds."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path not in but
    }


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Audited:
    """The audit without any rule of one's own."""
    return audited(tmp_path_factory.mktemp("clean"))


@pytest.fixture
def write_rule(tmp_path: Path) -> Callable[..., Path]:
    """Writes a rule file below ``own``; its SQL starts on line 7."""

    def write(sql: str, name: str = "hostile", *, grade: str = "proven", because: str = "b") -> Path:
        path = tmp_path / "own" / f"{name}.sql"
        path.parent.mkdir(exist_ok=True)
        path.write_text(rule_text(sql, grade=grade, because=because), encoding="utf-8")
        return path

    return write


def rule_text(sql: str, *, grade: str = "proven", because: str = "b") -> str:
    """A whole rule around one SELECT, which starts on line 7."""
    return f'/*\ntitle = "t"\ngrade = "{grade}"\nbecause = "{because}"\nfix = "f"\n*/\n{sql}\n'
