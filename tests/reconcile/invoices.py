"""A month of calls at contract prices, and what providers bill for them; a place to read both in."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from audit import intake
from audit.engine.store import open_store
from audit.reconcile.command import lines
from audit.reconcile.reconciliation import reconcile
from audit.records import Month
from audit.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from audit.reconcile.result import Reconciled

OCTOBER = Month(2026, 10)
CENT = Decimal("0.01")
# Prices a million tokens: input, cache read, output.
PRICES = {
    "gpt-4o": ("openai", "USD", Decimal("2.50"), Decimal("1.25"), Decimal(10)),
    "gpt-4o-mini": ("openai", "USD", Decimal("0.15"), Decimal("0.075"), Decimal("0.60")),
    "claude-sonnet-4-5": ("anthropic", "USD", Decimal(3), Decimal("0.30"), Decimal(15)),
    "deepseek-chat": ("deepseek", "CNY", Decimal(2), Decimal("0.2"), Decimal(3)),
}
CONTRACT = "".join(
    f'[[price]]\nprovider = "{provider}"\nmodel = "{model}*"\ncurrency = "{currency}"\ninput_mtok = "{put}"\n'
    f'cache_read_mtok = "{read}"\noutput_mtok = "{out}"\nbatch_factor = "0.5"\nsource = "the contract"\n\n'
    for model, (provider, currency, put, read, out) in PRICES.items()
)


@dataclass(frozen=True)
class Call:
    """One call; its cost is this file's own arithmetic."""

    at: datetime
    model: str
    project: str = "search"
    api_key: str = "svc-search"
    input_tokens: int = 200_000
    cache_read_tokens: int = 0
    output_tokens: int = 40_000
    tier: str = "standard"

    @property
    def day(self) -> date:
        return self.at.date()

    @property
    def cost(self) -> Decimal:
        _, _, put, read, out = PRICES[self.model]
        plain = self.input_tokens - self.cache_read_tokens
        whole = put * plain + read * self.cache_read_tokens + out * self.output_tokens
        return whole / 1_000_000 / (2 if self.tier == "batch" else 1)


def month(*models: str, a_day: int = 4, first_hour: int = 9, cached: int = 0) -> list[Call]:
    """Calls of two projects with their keys on every day of October, more on some days than on others."""
    calls = []
    for day in range(31):
        for place, model in enumerate(models):
            for number in range(a_day):
                size = 50_000 + 10_000 * ((day * 7 + number * 3 + place) % 11)
                project, key = [("search", "svc-search"), ("shop", "svc-shop")][number % 2]
                at = datetime(2026, 10, 1, first_hour, 7, tzinfo=UTC) + timedelta(days=day, hours=number)
                calls.append(Call(at, model, project, key, size, cached and size // 2, size // 5))
    return calls


@dataclass(frozen=True)
class Line:
    """One line of a bill. ``start`` is when its day begins, for a bill whose days are not those of UTC."""

    day: date
    model: str | None
    project: str
    api_key: str
    money: Decimal
    requests: int = 0
    input_tokens: int = 0
    cache_read_tokens: int = 0
    output_tokens: int = 0
    item: str = ""


def billed(calls: Iterable[Call], zone_hours: int = 0) -> list[Line]:
    """What a provider that makes no mistake bills, a line a day, model, project and key."""
    groups: dict[tuple[Any, ...], list[Call]] = defaultdict(list)
    for call in calls:
        groups[(call.at + timedelta(hours=zone_hours)).date(), call.model, call.project, call.api_key].append(call)
    return [
        Line(
            day=day,
            model=model,
            project=project,
            api_key=api_key,
            money=sum((call.cost for call in group), Decimal(0)),
            requests=len(group),
            input_tokens=sum(call.input_tokens for call in group),
            cache_read_tokens=sum(call.cache_read_tokens for call in group),
            output_tokens=sum(call.output_tokens for call in group),
        )
        for (day, model, project, api_key), group in sorted(groups.items())
    ]


def times(found: Iterable[Line], model: str, factor: Decimal | int) -> list[Line]:
    """The same lines with one model's money multiplied."""
    return [replace(line, money=line.money * factor) if line.model == model else line for line in found]


def total(found: Iterable[Line]) -> Decimal:
    return sum((line.money for line in found), Decimal(0))


@dataclass
class Office:
    """A folder with a store, logs and bills, and the settings that read them."""

    folder: Path
    company: dict[str, Any] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        contract = self.folder / "contract.toml"
        contract.write_text(CONTRACT, encoding="utf-8")
        return Settings.model_validate(
            {
                "company": self.company,
                "paths": {"store": self.folder / "audit.duckdb"},
                "prices": {"contracts": [contract]},
                "exchange_rates": [{"month": "2026-01", "currency": "CNY", "rate": "0.14"}],
                **self.more,
            }
        )

    def log(self, calls: Iterable[Call], name: str = "calls.jsonl", **columns: Callable[[Call], Any]) -> None:
        """Write calls as a native log and read it; ``columns`` are others than a call's own."""
        rows = []
        for number, call in enumerate(calls):
            row = {
                "call_id": f"{name}-{number}",
                "started_at": call.at.isoformat(),
                "provider": PRICES[call.model][0],
                "model": call.model,
                "service_tier": call.tier,
                "project": call.project,
                "api_key": call.api_key,
                "input_tokens": call.input_tokens,
                "cache_read_tokens": call.cache_read_tokens,
                "output_tokens": call.output_tokens,
                "status": "ok",
            }
            rows.append(json.dumps(row | {key: value(call) for key, value in columns.items()}))
        self.read(name, "\n".join(rows) + "\n")

    def read(self, name: str, text: str) -> str | None:
        """Write a file and read it into the store, as `audit ingest` does; the format it was known for."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        settings = self.settings
        with open_store(settings.paths.store, settings) as engine:
            (receipt,) = intake.take_in(engine, settings, [path], intake.Silence())
        assert receipt.rejected == 0
        return receipt.format

    def reconciled(self, asked: Month = OCTOBER) -> tuple[Reconciled, ...]:
        settings = self.settings
        with open_store(settings.paths.store, settings) as engine:
            found = reconcile(engine, settings, asked)
        for one in found:
            if one.difference is not None:
                assert sum(part.money for part in one.parts) == one.difference
                assert not one.reasons or sum(reason.money for reason in one.reasons) == one.difference
        return found

    def printed(self, asked: Month = OCTOBER, columns: int = 100) -> list[str]:
        settings = self.settings
        with open_store(settings.paths.store, settings) as engine:
            return lines(engine, settings, asked, columns)


def said(one: Reconciled) -> list[str]:
    """The reasons' sentences; what rounding makes up is no mistake of anybody's."""
    return [reason.says for reason in one.reasons if reason.kind != "rounding"]


def dollars(money: Decimal) -> str:
    return f"${abs(money).quantize(CENT, ROUND_HALF_UP):,}"
