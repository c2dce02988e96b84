"""The sample logs read back from their files, by nothing that wrote them and nothing of the audit's."""

from __future__ import annotations

import csv
import gzip
import io
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from audit.settings import Settings


@dataclass(frozen=True, slots=True)
class Read:
    """What a rule would see of a call."""

    family: str
    call_id: str
    started: datetime
    ended: datetime
    project: str | None
    provider: str
    model: str
    task: str | None
    session: str
    prompt: str
    input: int | None
    read: int
    write: int
    output: int | None
    status: str
    embedding: bool = False
    cache_hit: bool = False
    prefix: str | None = None
    prefix_tokens: int = 0

    @property
    def month(self) -> str:
        """The month in the company's time zone."""
        return self.started.astimezone(ZoneInfo("Asia/Shanghai")).strftime("%Y-%m")


def content(path: Path) -> bytes:
    """A file's bytes, unpacked."""
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def calls(folder: Path, settings: Settings) -> tuple[list[Read], list[tuple[str, int]]]:
    """Every call once, in the order of time, and the lines that are none."""
    found: dict[str, Read] = {}
    rejected: list[tuple[str, int]] = []
    for path in sorted(folder.glob("gateway/*")):
        for line in content(path).splitlines():
            call = of_gateway(json.loads(line), settings)
            found[call.call_id] = call
    for path in sorted(folder.glob("native/*")):
        for number, values in native_rows(path):
            try:
                call = of_native(values)
            except (TypeError, ValueError):
                rejected.append((str(path.relative_to(folder)), number))
            else:
                found[call.call_id] = call
    for path in sorted(folder.glob("claude-code/*/*.jsonl")):
        for line in content(path).splitlines():
            values = json.loads(line)
            if values["type"] == "assistant":
                call = of_claude_code(values)
                found[call.call_id] = call
    return sorted(found.values(), key=lambda call: (call.started, call.call_id)), rejected


def of_gateway(values: dict[str, Any], settings: Settings) -> Read:
    """A LiteLLM payload; the project by its alias, or by the team or the key that audit.toml names."""
    owner, failed = values["metadata"], values["status"] == "failure"
    mapped = [
        project.name
        for project in settings.projects
        if owner["user_api_key_team_alias"] in project.teams or owner["user_api_key_alias"] in project.api_keys
    ]
    details = owner["usage_object"].get("prompt_tokens_details") or {}
    told = values["total_tokens"] > 0
    choices = values["response"].get("choices") or [{"finish_reason": None}]
    cut = choices[0]["finish_reason"] == "length"
    return Read(
        family="gateway",
        call_id=f"{values['id']}/{values['startTime']!r}" if failed else values["id"],
        started=datetime.fromtimestamp(values["startTime"], UTC),
        ended=datetime.fromtimestamp(values["endTime"], UTC),
        project=owner["user_api_key_project_alias"] or next(iter(mapped), None),
        provider=values["custom_llm_provider"],
        model=values["model"],
        task=values["request_tags"][1],
        session=values["trace_id"],
        prompt=json.dumps(values["messages"]),
        input=values["prompt_tokens"] if told else None,
        read=details.get("cached_tokens") or 0,
        write=details.get("cache_creation_tokens") or 0,
        output=values["completion_tokens"] if told else None,
        status="error" if failed else "truncated" if cut else "ok",
        embedding=values["call_type"] == "aembedding",
        cache_hit=values["cache_hit"] is True,
    )


def native_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """A native file's rows with their line numbers; an empty row where a line is no JSON."""
    if path.suffix == ".parquet":
        yield from enumerate(pl.read_parquet(path).to_dicts(), start=1)
    elif ".csv" in path.name:
        rows = csv.DictReader(io.StringIO(content(path).decode()))
        for number, row in enumerate(rows, start=2):
            yield number, {name: value or None for name, value in row.items()}
    else:
        for number, line in enumerate(content(path).splitlines(), start=1):
            try:
                yield number, json.loads(line)
            except json.JSONDecodeError:
                yield number, {}


def of_native(values: dict[str, Any]) -> Read:
    """A native row; raises ValueError or TypeError where it is none."""
    started = datetime.fromisoformat(str(values.get("started_at")))
    counts = {
        name: None if values.get(f"{name}_tokens") is None else int(values[f"{name}_tokens"])
        for name in ("input", "cache_read", "cache_write", "output", "prefix")
    }
    return Read(
        family="native",
        call_id=values["call_id"],
        started=started.astimezone(UTC),
        ended=started.astimezone(UTC) + timedelta(milliseconds=int(values["latency_ms"])),
        project=values.get("project"),
        provider=values["provider"],
        model=values["model"],
        task=values["task"],
        session=values["session_id"],
        prompt=values["prompt_hash"],
        input=counts["input"],
        read=counts["cache_read"] or 0,
        write=counts["cache_write"] or 0,
        output=counts["output"],
        status=values["status"],
        cache_hit=str(values["gateway_cache_hit"]).lower() == "true",
        prefix=values.get("prefix_hash"),
        prefix_tokens=counts["prefix"] or 0,
    )


def of_claude_code(values: dict[str, Any]) -> Read:
    """An assistant line; the lines of one call say the same."""
    message, at = values["message"], datetime.fromisoformat(values["timestamp"]).astimezone(UTC)
    usage = message["usage"]
    read, write = usage["cache_read_input_tokens"], usage["cache_creation_input_tokens"]
    call_id = f"{message['id']}:{values['requestId']}"
    return Read(
        family="claude-code",
        call_id=call_id,
        started=at,
        ended=at,
        project=values["cwd"].rpartition("/")[2],
        provider="anthropic",
        model=message["model"],
        task=None,
        session=values["sessionId"],
        prompt=call_id,
        input=usage["input_tokens"] + read + write,
        read=read,
        write=write,
        output=usage["output_tokens"],
        status="ok",
    )
