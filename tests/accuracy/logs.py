"""A world on disk: a native log a month, and the settings beside it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.accuracy.days import ZONE, day_of, written
from tests.accuracy.world import end

if TYPE_CHECKING:
    from pathlib import Path

    from tests.accuracy.world import Call, World

SETTINGS = """revenue_csv = "revenue.csv"
[company]
name = "Example Ltd"
currency = "USD"
timezone = "{zone}"
country = "CN"
[paths]
logs = ["logs"]
[limits]
threads = 1
memory = "1GB"
[prices]
contracts = [{contracts}]
[[exchange_rates]]
month = "2026-07"
currency = "CNY"
rate = 0.14
"""
COLUMNS = (
    "call_id", "response_id", "latency_ms", "first_token_ms", "operation", "provider", "model", "service_tier",
    "stream", "max_output_tokens", "input_tokens", "cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens",
    "output_tokens", "reasoning_tokens", "status", "http_status", "error_type", "finish_reason", "gateway_cache_hit",
    "project", "user_id", "api_key", "environment", "task", "session_id", "trace_id", "prompt_hash", "template_hash",
    "prefix_hash", "prefix_tokens", "message_count", "tool_calls",
)  # fmt: skip
PLENTY = 1_000_000


def write(world: World, folder: Path) -> None:
    """``logs/``, ``audit.toml``, ``revenue.csv`` and, where prices are agreed, ``contract.toml``."""
    logs = folder / "logs"
    logs.mkdir(parents=True)
    twice = {call["call_id"] for call in world.written_twice}
    months: dict[str, list[str]] = {}
    for call in sorted(world.calls, key=end):
        lines = months.setdefault(f"{day_of(call['started_ms']):%Y-%m}", [])
        lines += [line(call)] * (2 if call["call_id"] in twice else 1)
    for month, lines in months.items():
        (logs / f"{month}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    projects = sorted({call["project"] for call in world.calls if call["project"]})
    rows = [f"{name},2026-08,{world.revenue.get(name, PLENTY)}" for name in projects]
    (folder / "revenue.csv").write_text("\n".join(["project,from,amount", *rows]) + "\n", encoding="utf-8")
    if world.contract:
        (folder / "contract.toml").write_text("\n".join(world.contract), encoding="utf-8")
    head = SETTINGS.format(zone=ZONE, contracts='"contract.toml"' if world.contract else "")
    (folder / "audit.toml").write_text("\n".join([head, *world.settings]) + "\n", encoding="utf-8")


def line(call: Call) -> str:
    """A call as a line of the native log: what is not known is left out."""
    if call.get("_untimed"):
        call = call | {"latency_ms": None, "first_token_ms": None}
    told = {name: call[name] for name in COLUMNS if call.get(name) is not None}
    return json.dumps({"started_at": written(call["started_ms"]), **told}, separators=(",", ":"))
