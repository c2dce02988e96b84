from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "sample_logs"
SAMPLE_LOGS = (SAMPLES / "gateway", SAMPLES / "native", SAMPLES / "claude-code")
DATA_FILES = ("report.json", "findings.csv", "flags.parquet", "report.html", "mail.html", "mail.txt")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests found out and want to have read: their property `summary`."""
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            if report.when == "call":
                for name, said in report.user_properties:
                    if name == "summary":
                        terminalreporter.write_line(str(said))


@dataclass(frozen=True)
class Audit:
    """The real command in a folder of its own."""

    folder: Path

    def command(self, *arguments: object) -> list[str]:
        return [sys.executable, "-m", "audit", *map(str, arguments)]

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}

    def __call__(self, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            check=False,
            capture_output=True,
            text=True,
            cwd=self.folder,
            env=self.environment | environment,
            timeout=300,
        )

    def settings(self, text: str, name: str = "audit.toml") -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def files(self, month: str = "2026-10", folder: str = "reports") -> dict[str, bytes]:
        return {name: (self.folder / folder / month / name).read_bytes() for name in DATA_FILES}


@pytest.fixture
def audit(tmp_path: Path) -> Audit:
    return Audit(tmp_path)


def sample_settings() -> str:
    """The sample settings with their logs where they lie, for a store and reports beside the settings file."""
    text = (SAMPLES / "audit.toml").read_text(encoding="utf-8")
    logs = ", ".join(f'"{path}"' for path in SAMPLE_LOGS)
    text = text.replace('logs = ["gateway", "native", "claude-code"]', f"logs = [{logs}]")
    assert str(SAMPLES) in text
    return text.replace('revenue_csv = "revenue.csv"', f'revenue_csv = "{SAMPLES / "revenue.csv"}"')
