"""Our prices against litellm's own calculation, call by call.

Why the two differ stands in litellm_differences.toml: an entry names a provider, patterns of model names, the shapes of
calls where it does not hold for all, which of the two is right, why, and where that can be read.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Any

from audit.settings import Settings
from audit.settings_money import ExchangeRate
from tests.conftest import ROOT
from tests.pricing.priced import costs

DIFFERENCES = Path(__file__).with_name("litellm_differences.toml")
PAGE = "docs/prices_against_litellm.md"
VERDICTS = {
    "theirs is older": "LiteLLM's list is older",
    "theirs is wrong": "LiteLLM's list or calculation is wrong",
    "ours is older": "Our list is older",
    "ours is wrong": "Our list is wrong, or leaves a price out",
    "both hold": "Both figures hold, for different cases",
    "not decided": "Not decided: it cannot be told from what is public",
}
# litellm reckons in floats; a unit price here keeps twelve digits, a cost nine.
RELATIVE, COST_ROUNDING, UNIT_ROUNDING = Decimal("1e-9"), Decimal("1e-9"), Decimal("5e-13")
# litellm's list has no dates. A Wednesday, at an hour of DeepSeek's peak.
AT = datetime(2026, 10, 28, 8, tzinfo=UTC)
# Where litellm sends a call unless it is told otherwise: these providers' sites outside China.
SITES = dict.fromkeys(("dashscope", "minimax", "moonshot", "zai"), "intl")
YUAN = ExchangeRate(month="2026-10", currency="CNY", rate=Decimal("0.14"))
OURS = ("LITELLM", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


@dataclass(frozen=True, slots=True)
class Call:
    """One call with what each side says it costs, in US dollars; None where there is no price for it here."""

    provider: str
    model: str
    shape: str
    units: int
    theirs: Decimal
    ours: Decimal | None

    @property
    def agrees(self) -> bool:
        allowed = COST_ROUNDING + RELATIVE * abs(self.theirs) + UNIT_ROUNDING * self.units
        return self.ours is not None and abs(self.ours - self.theirs) <= allowed

    @property
    def differs(self) -> bool:
        return self.ours is not None and not self.agrees

    @property
    def name(self) -> tuple[str, str]:
        return self.provider, self.model


@dataclass(frozen=True, slots=True)
class Difference:
    """An entry of the data file."""

    provider: str
    models: tuple[str, ...]
    verdict: str
    why: str
    source: tuple[str, ...] = ()
    shapes: tuple[str, ...] = ()

    def pattern(self, call: Call) -> str | None:
        """The pattern that a call's model fits, where the entry speaks of the call."""
        if call.provider != self.provider or (self.shapes and call.shape not in self.shapes):
            return None
        return next((pattern for pattern in self.models if fnmatchcase(call.model, pattern)), None)


def differences() -> list[Difference]:
    """What is known of differences."""
    entries: list[dict[str, Any]] = tomllib.loads(DIFFERENCES.read_text(encoding="utf-8"))["difference"]
    lists = ("models", "source", "shapes")
    return [Difference(**{**entry, **{name: tuple(entry.get(name, ())) for name in lists}}) for entry in entries]


def said() -> list[Call]:
    """What litellm says in a process of its own, and what the audit's own join says of the same calls."""
    plain = {name: value for name, value in os.environ.items() if not name.upper().startswith(OURS)}
    told = subprocess.run(
        [sys.executable, "-m", "tests.pricing.litellm_costs", AT.isoformat()],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=plain | {"PYTHONPATH": str(ROOT), "LITELLM_LOCAL_MODEL_COST_MAP": "True"},
        timeout=120,
    )
    lines: list[dict[str, Any]] = [json.loads(line, parse_float=Decimal) for line in told.stdout.splitlines()]
    calls = [
        {"provider": line["provider"], "model": line["model"], "region": SITES.get(line["provider"]), **line["call"]}
        for line in lines
    ]
    here = costs(calls, Settings(exchange_rates=[YUAN]))
    return [
        Call(
            line["provider"],
            line["model"],
            line["shape"],
            sum(line["call"].get(name, 0) for name in ("input_tokens", "output_tokens", "quantity")),
            line["cost"],
            here[str(number)].cost,
        )
        for number, line in enumerate(lines)
    ]


@dataclass(frozen=True)
class Comparison:
    """All calls, and the entries that explain where they differ."""

    calls: list[Call]
    known: list[Difference] = field(default_factory=differences)

    @cached_property
    def compared(self) -> list[Call]:
        return [call for call in self.calls if call.ours is not None]

    @cached_property
    def disagreements(self) -> list[Call]:
        return [call for call in self.calls if call.differs]

    def explained(self, call: Call) -> Difference | None:
        """The first entry that speaks of a call."""
        return next((entry for entry in self.known if entry.pattern(call)), None)

    @property
    def unexplained(self) -> list[str]:
        return [
            f"{call.provider} {call.model}, {call.shape}: {call.theirs} there, {call.ours} here"
            for call in self.disagreements
            if self.explained(call) is None
        ]

    @property
    def no_longer(self) -> list[str]:
        """Patterns and shapes of entries that no disagreement needs."""
        needed = set()
        for call in self.disagreements:
            entry = self.explained(call)
            if entry is not None:
                needed |= {(id(entry), entry.pattern(call)), (id(entry), call.shape)}
        return [
            f"{entry.provider}: {name}"
            for entry in self.known
            for name in (*entry.models, *entry.shapes)
            if (id(entry), name) not in needed
        ]

    @property
    def line(self) -> str:
        """The agreement in one line."""
        models, differ = ({call.name for call in calls} for calls in (self.compared, self.disagreements))
        agree = len(self.compared) - len(self.disagreements)
        end = ", all explained in" if not self.unexplained else ", not all explained in"
        return (
            f"agreement with litellm: {len(models - differ):,} of {len(models):,} models "
            f"({agree:,} of {len(self.compared):,} calls); {len(differ):,} differ{end} {PAGE}"
        )
