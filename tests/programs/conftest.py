"""Programs that are run once each against the stub, and stores into which what they logged was read."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from audit.engine.store import open_store
from audit.ingest.load import ingest
from audit.records import CALL_COLUMNS
from audit.settings import Settings
from tests.conftest import ROOT
from tests.ingest.shop import COLUMNS, formats
from tests.programs.answers import ANSWER, BADGE, KEY, PROMPT, SYSTEM, Tokens
from tests.programs.stub import Stub

if TYPE_CHECKING:
    from pathlib import Path

    from audit.ingest.receipt import Receipt
    from tests.programs.stub import Exchange

SECRETS = (KEY, KEY[8:], BADGE, PROMPT, SYSTEM, ANSWER)
# A program finds no proxy, no settings and no key of the person who runs the tests.
OURS = ("OPENAI", "ANTHROPIC", "LITELLM", "OTEL", "TRACELOOP", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "PYTHONWARN")
CAPTURE = {
    "OTEL_SEMCONV_STABILITY_OPT_IN": "gen_ai_latest_experimental",
    "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "span_only",
}


@dataclass(frozen=True)
class Run:
    """What a program was answered, and the folder that it wrote its logs to."""

    out: Path
    exchanges: tuple[Exchange, ...]
    said: str

    def log(self, name: str) -> Path:
        """A file that the program wrote."""
        path = self.out / name
        assert path.is_file(), self.said
        return path


@dataclass(frozen=True)
class Read:
    """A store that holds the calls of some logs: what each log says, and each call once."""

    receipts: list[Receipt]
    calls: list[dict[str, Any]]
    counted: list[dict[str, Any]]
    everything: bytes

    @property
    def kept_secrets(self) -> list[str]:
        """What is in the store, in its file or its rows, and should be nowhere in it."""
        return [secret for secret in SECRETS if secret.encode() in self.everything]


def billed(call: dict[str, Any]) -> Tokens:
    """A call's tokens; where nothing was cached or reasoned, a log may say so or be silent."""
    parts = ("cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens", "reasoning_tokens")
    return Tokens(call["input_tokens"], call["output_tokens"] or 0, *(call[part] or 0 for part in parts))


def needs(*modules: str) -> None:
    """Skip where a package that the program is made of is not installed."""
    for module in modules:
        try:
            found = importlib.util.find_spec(module)
        except ModuleNotFoundError:
            found = None
        if found is None:
            pytest.skip(f"{module} is not installed")


def run(program: str, out: Path, *arguments: str, **environment: str) -> Run:
    """Run one of this folder's programs to its end, with nothing but the stub to talk to."""
    plain = {name: value for name, value in os.environ.items() if not name.upper().startswith(OURS)}
    with Stub() as stub:
        done = subprocess.run(
            [sys.executable, str(ROOT / "tests" / "programs" / f"{program}.py"), stub.url, str(out), *arguments],
            check=False,
            capture_output=True,
            text=True,
            env=plain | {"PYTHONPATH": str(ROOT), "NO_PROXY": "*"} | environment,
            timeout=120,
        )
    assert done.returncode == 0, done.stderr[-4000:]
    return Run(out, tuple(stub.exchanges), done.stderr)


def read(folder: Path, *logs: Path) -> Read:
    """Read logs into a store of their own, as any log is read."""
    names = [column.name for column in CALL_COLUMNS]
    store = folder / "audit.duckdb"
    with open_store(store, Settings()) as engine:
        receipts = ingest(engine, logs, formats())
        calls, counted = (
            [dict(zip(names, row, strict=True)) for row in engine.rows(f"SELECT {COLUMNS} FROM store.{table}")]
            for table in ("calls", "each_call")
        )
        tables = engine.rows("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'store'")
        dump = "\n".join(str(row) for (table,) in tables for row in engine.rows(f"SELECT * FROM store.{table}"))
    assert [receipt.reason for receipt in receipts if receipt.unread] == []
    return Read(receipts, calls, counted, store.read_bytes() + dump.encode())


@pytest.fixture(scope="session")
def litellm_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """LiteLLM with every case asked."""
    needs("litellm", "fastapi", "backoff", "redis", "orjson")  # the latter four for the rows of its proxy
    return run("write_litellm", tmp_path_factory.mktemp("litellm"), LITELLM_LOCAL_MODEL_COST_MAP="True")


@pytest.fixture(scope="session")
def traced_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The clients with every case asked, under two instrumentations that both write down what was said.

    A company has two that changed its vendor, or whose framework brings one of its own.
    """
    needs("openai", "anthropic", "opentelemetry.exporter.otlp.json.file")
    needs("opentelemetry.instrumentation.genai.openai", "opentelemetry.instrumentation.genai.anthropic")
    needs("opentelemetry.instrumentation.openai", "opentelemetry.instrumentation.anthropic")
    out = tmp_path_factory.mktemp("otel")
    return run("write_opentelemetry", out, "official", "openllmetry", **CAPTURE)
