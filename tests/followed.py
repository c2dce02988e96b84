"""A small company whose calls are priced in every way and flagged by several rules at once, for following figures."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from typer.testing import CliRunner

from audit import cli
from audit.records import AuditError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.conftest import Audit

SETTINGS = """[company]
currency = "USD"
timezone = "Asia/Shanghai"

[paths]
logs = ["logs"]
rules = ["mine"]

[prices]
stated = ["agent"]

[[exchange_rates]]
month = "2026-07"
currency = "CNY"
rate = "0.141"

[[pools]]
name = "h100"
models = ["house-*"]
gpus = 1
hourly_rate = "0.01"
from = "2026-07"

[[projects]]
name = "assistants"
teams = ["agents"]
"""
# name: grade, precedence, the rest of its SQL
RULES = {
    "first_half": ("proven", 1, "SELECT call_id, cost * 0.6 AS saving, model FROM calls WHERE task = 'x' AND cost > 0"),
    "second_half": ("proven", 2, "SELECT call_id, cost * 0.7 AS saving FROM calls WHERE task = 'x' AND cost > 0"),
    "at_length": (
        "avoidable",
        1,
        """SELECT call_id, cost * 0.5 AS saving, model AS subject, input_tokens FROM calls
        WHERE input_tokens > 500 AND gateway_cache_hit IS NOT TRUE""",
    ),
    "maybe": (
        "hypothesis",
        1,
        "SELECT call_id, cost AS saving FROM calls WHERE input_tokens > 900 AND gateway_cache_hit IS NOT TRUE",
    ),
    "seen": ("alert", 1, "SELECT call_id, model AS subject FROM calls WHERE status = 'error'"),
    "whole": ("alert", 1, "SELECT project, 'all / of it' AS subject, sum(cost) AS amount FROM calls GROUP BY project"),
}
CALL = {
    "started_at": "2026-10-05T10:00:00Z", "provider": "openai", "model": "gpt-4.1", "input_tokens": 1000,
    "output_tokens": 10, "status": "ok", "project": "search", "task": "x",
}  # fmt: skip
# Each way a call comes to its cost, or to none.
CALLS: list[dict[str, Any]] = [
    {"call_id": "plain"},
    {"call_id": "cached", "input_tokens": 1_777, "cache_read_tokens": 1_024, "output_tokens": 3},
    {"call_id": "short", "input_tokens": 7, "task": "y"},
    {
        "call_id": "written", "provider": "anthropic", "model": "claude-opus-4-5", "input_tokens": 5_003,
        "cache_write_tokens": 3_001, "cache_write_1h_tokens": 1_001, "cache_read_tokens": 17,
    },
    {"call_id": "batch", "service_tier": "batch"},
    {"call_id": "yuan", "provider": "dashscope", "model": "qwen-plus", "input_tokens": 12_347, "output_tokens": 331},
    {"call_id": "pool-1", "provider": "inhouse", "model": "house-7b", "input_tokens": 997, "output_tokens": 31},
    {"call_id": "pool-2", "provider": "inhouse", "model": "house-7b", "input_tokens": 3, "output_tokens": 1},
    {"call_id": "own", "source": "agent", "team": "agents", "cost": 0.0123, "currency": "USD"},
    {"call_id": "own-silent", "source": "agent", "team": "agents"},
    {"call_id": "own-yuan", "source": "agent", "team": "agents", "cost": 0.0333, "currency": "CNY"},
    {"call_id": "hit", "gateway_cache_hit": True},
    {"call_id": "refused", "status": "error", "input_tokens": None, "output_tokens": None, "http_status": 429},
    {"call_id": "broke", "status": "error", "input_tokens": 901, "output_tokens": 0},
    {"call_id": "silent", "input_tokens": None, "output_tokens": None},
    {"call_id": "stranger", "provider": "nobody", "model": "no-such-model"},
    {"call_id": "a/b/c", "source": "edge/gate"},
    {"call_id": "same", "source": "left"},
    {"call_id": "same", "source": "right", "input_tokens": 2_000},
    {"call_id": "told-1", "source": "gateway", "response_id": "resp-0123456789", "api_key": "svc"},
    {"call_id": "told-2", "source": "sdk", "response_id": "resp-0123456789", "session_id": "s"},
]  # fmt: skip


def write_calls(folder: Path, calls: Iterable[dict[str, Any]], name: str = "calls") -> None:
    (folder / "logs").mkdir(exist_ok=True)
    by_source: dict[str, list[dict[str, Any]]] = {}
    for call in calls:
        by_source.setdefault(str(call.get("source", "native")), []).append(CALL | call)
    for number, told in enumerate(by_source.values()):
        lines = "".join(json.dumps(call) + "\n" for call in told)
        (folder / "logs" / f"{name}-{number}.jsonl").write_text(lines, encoding="utf-8")


def write_rules(folder: Path) -> None:
    (folder / "mine").mkdir()
    for name, (grade, precedence, sql) in RULES.items():
        header = (
            f'/*\ntitle = "Title of {name}"\ngrade = "{grade}"\nprecedence = {precedence}\n'
            f'because = "Because, {{project}}."\nfix = "Mend {name}."\nnote = "Note of {name}."\n*/\n'
        )
        (folder / "mine" / f"{name}.sql").write_text(header + sql, encoding="utf-8")


def company(audit: Audit) -> Audit:
    """Its folder, not audited yet."""
    audit.settings(SETTINGS)
    write_rules(audit.folder)
    write_calls(audit.folder, CALLS)
    return audit


def asked(audit: Audit, *arguments: object) -> str:
    """What a command prints, asked in this process; an error of ours is raised."""
    run = CliRunner().invoke(cli.app, [*map(str, arguments), "--settings", str(audit.folder / "audit.toml")])
    if isinstance(run.exception, AuditError):
        raise run.exception
    assert run.exit_code == 0, run.output
    return run.stdout


def told(audit: Audit, *arguments: object) -> Any:
    """What a command says as JSON."""
    return json.loads(asked(audit, *arguments, "--json"))


def report(audit: Audit, month: str = "2026-10") -> dict[str, Any]:
    data: dict[str, Any] = json.loads((audit.folder / "reports" / month / "report.json").read_text(encoding="utf-8"))
    return data
