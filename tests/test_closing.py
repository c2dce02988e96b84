"""A closed month stays as it was closed; what is other than before is a numbered restatement, and is said."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from audit import intake, progress, repricing
from audit import month as months
from audit.engine.store import open_store
from audit.records import Month, UsageError
from audit.settings_file import load
from tests.conftest import Audit

if TYPE_CHECKING:
    from pathlib import Path

    from audit.month import Outcome
    from audit.report.content import Report

SEPTEMBER, OCTOBER = Month(2026, 9), Month(2026, 10)
SETTINGS = """[paths]
logs = ["logs"]
{paths}

[company]
currency = "{currency}"

[prices]
contracts = ["acme.toml"]

[[exchange_rates]]
month = "{since}"
currency = "CNY"
rate = "{rate}"

[[exchange_rates]]
month = "2026-01"
currency = "USD"
rate = "7"
"""
ROW = '[[price]]\nprovider = "openai"\nmodel = "{model}"\ncurrency = "{currency}"\ninput_mtok = "{price}"\n'


@dataclass
class Company:
    """A company's folder: its settings, its contract, its logs, its store."""

    folder: Path
    currency: str = "USD"
    rate: str = "0.14"
    prices: str = "house 2, house-cny 10 CNY"
    since: str = "2026-01"
    more: str = ""

    def write(self) -> None:
        own = [text.split() for text in self.prices.split(", ")]
        rows = [ROW.format(model=model, price=price, currency=(*rest, "USD")[0]) for model, price, *rest in own]
        (self.folder / "acme.toml").write_text("\n".join(rows))
        # A rate into itself cannot be stated.
        text = SETTINGS.format(currency=self.currency, rate=self.rate, since=self.since, paths="")
        blocks = text.split("[[exchange_rates]]")
        kept = [block for block in blocks if f'currency = "{self.currency}"\nrate' not in block]
        (self.folder / "audit.toml").write_text("[[exchange_rates]]".join(kept) + self.more)

    def log(self, name: str, *calls: tuple[str, str]) -> None:
        """A log of calls, each of a million input tokens: the day, the model."""
        (self.folder / "logs").mkdir(exist_ok=True)
        lines = [
            json.dumps(
                {"call_id": f"{name}-{n}", "started_at": f"{day}T10:00:00Z", "provider": "openai", "model": model,
                 "input_tokens": 1_000_000, "output_tokens": 0, "status": "ok", "project": "search"}
            )
            for n, (day, model) in enumerate(calls)
        ]  # fmt: skip
        (self.folder / "logs" / f"{name}.jsonl").write_text("\n".join(lines) + "\n")

    def run(self, month: Month = OCTOBER, restated: str | None = None) -> Outcome:
        self.write()
        settings = load(self.folder / "audit.toml")
        with progress.shown(quiet=True) as told:
            return months.run(settings, month, settings.paths.logs, told, restated=restated)

    def spend(self, month: Month = OCTOBER, restated: str | None = None) -> Decimal:
        return self.run(month, restated).report.spend

    def compare(self, month: Month = OCTOBER) -> list[str]:
        self.write()
        settings = load(self.folder / "audit.toml")
        return repricing.lines(repricing.compare(settings, month))

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        settings = load(self.folder / "audit.toml")
        with open_store(settings.paths.store, settings) as engine:
            return engine.rows(sql)


@pytest.fixture
def company(tmp_path: Path) -> Company:
    found = Company(tmp_path)
    found.log("first", ("2026-09-05", "house"), ("2026-10-05", "house"), ("2026-10-06", "house-cny"))
    return found


def told(report: Report) -> tuple[int, int, Decimal, str] | None:
    said = report.restated
    return None if said is None else (said.number, said.calls_before, said.spend_before, said.reason)


def test_prices_and_rates_of_a_closed_month_stay_and_late_calls_are_priced_by_them(company: Company) -> None:
    first = company.run().report
    assert (first.spend, first.restated) == (Decimal("3.4"), None)  # 2 dollars, and 10 yuan at 0.14
    company.prices, company.rate = "house 5, house-cny 50 CNY, house-new 8, house-cny2 1 CNY", "0.2"
    assert told(company.run().report) is None
    assert company.spend() == Decimal("3.4")
    # Late calls: of models that were priced by what they were priced with, of another by the list of today.
    company.log("late", ("2026-10-07", "house"), ("2026-10-08", "house-new"), ("2026-10-08", "house-cny2"))
    again = company.run().report
    assert again.spend == Decimal("3.4") + 2 + 8 + Decimal("0.14")
    assert told(again) == (1, 2, Decimal("3.4"), "other calls are in the logs now")
    assert told(company.run().report) == told(again)
    assert company.rows("SELECT number, calls, cost FROM store.closings ORDER BY number") == [
        (0, 2, Decimal("3.4")),
        (1, 5, Decimal("13.54")),
    ]


POOL = """
[[pools]]
name = "gpu"
models = ["llama"]
gpus = 1
hours = 10
hourly_rate = "{}"
"""


def test_what_a_pool_cost_stays_too_and_a_late_call_bears_its_part(company: Company) -> None:
    company.log("pool", ("2026-10-09", "llama"))
    company.more = POOL.format(2)
    assert company.spend() == Decimal("23.4")
    company.more = POOL.format(3)
    assert told(company.run().report) is None
    company.log("late", ("2026-10-10", "llama"))
    assert company.spend() == Decimal("23.4")
    assert company.spend(restated="the supplier's corrected invoice") == Decimal("33.4")


def test_the_comparison_says_what_the_month_was_closed_with(company: Company) -> None:
    assert company.spend() == Decimal("3.4")
    company.log("late", ("2026-10-07", "house"), ("2026-10-08", "house-new"))
    settings = load(company.folder / "audit.toml")
    with open_store(settings.paths.store, settings) as engine:
        intake.take_in(engine, settings, settings.paths.logs, intake.Silence())
    company.prices = "house 5, house-cny 10 CNY, house-new 8"
    assert "\n".join(company.compare()).splitlines()[0] == (
        "2026-10 was closed with 3.40 USD; by the same prices the calls and settings of today come to 5.40: "
        "the next audit run restates it"
    )
    assert company.compare()[-2:] == [
        "what had no price when the month was closed gets one by the next audit run, as a restatement",
        "what had one keeps it; to restate it: audit reprice --month 2026-10 --restate REASON",
    ]


def test_a_month_without_a_call_needs_no_rate(company: Company) -> None:
    # The table that ships has 2025; between its end and the company's own first rate nobody has any.
    company.since = "2026-09"
    company.log("early", ("2025-11-05", "house-cny"))
    assert company.run().report.spend == Decimal("3.4")
    company.log("between", ("2026-03-05", "house-cny"))
    with pytest.raises(UsageError, match="no exchange rate from CNY to USD for 2026-03"):
        company.run()


def test_a_restatement_is_shown_numbered_and_stays_and_other_months_stay_as_they_were(company: Company) -> None:
    assert company.spend(SEPTEMBER) == 2
    assert company.spend() == Decimal("3.4")
    company.prices, company.rate = "house 5, house-cny 10 CNY", "0.15"
    shown = company.compare()
    assert " ".join(shown[1].split()).startswith("openai/house 1 2.00 5.00 +3.00 contract acme.toml")
    assert shown[-2] == "2026-10: 3.40 USD as closed, 6.50 by today's lists: +3.10"
    assert company.spend() == Decimal("3.4")
    once = company.run(restated="the contract was misread").report
    assert (once.spend, told(once)) == (Decimal("6.5"), (1, 2, Decimal("3.4"), "the contract was misread"))
    assert company.compare() == ["2026-10: today's lists make of it the same, 6.50 USD"]
    company.prices = "house 1, house-cny 10 CNY"
    assert told(company.run().report) == told(once)
    twice = company.run(restated="and again").report
    assert (twice.spend, told(twice)) == (Decimal("2.5"), (2, 2, Decimal("6.5"), "and again"))
    assert {line.month: line.cost for line in twice.months}["2026-09"] == 2
    assert company.spend(SEPTEMBER) == 2
    assert told(company.run(SEPTEMBER).report) is None


def test_what_is_not_closed_cannot_be_repriced(company: Company) -> None:
    now = datetime.now(UTC)
    running = Month.of(now.date())
    company.log("now", (f"{now:%Y-%m-%d}", "house"))
    assert company.spend(running) in (Decimal(2), Decimal(0))
    assert not company.rows("SELECT 1 FROM duckdb_tables() WHERE schema_name = 'store' AND table_name = 'prices'")
    with pytest.raises(UsageError, match=f"{running} is not closed"):
        company.compare(running)
    company.prices = "house 3, house-cny 10 CNY"
    assert company.spend(running) in (Decimal(3), Decimal(0))
    with pytest.raises(UsageError, match="2026-10 is not closed: audit run prices it by the lists as they are"):
        company.compare()


def test_a_month_whose_calls_nobody_could_price_is_closed_all_the_same(company: Company) -> None:
    company.prices = "other 1"
    assert company.spend() == 0
    company.prices = "house 2, house-cny 10 CNY"
    assert "no price" in " ".join(company.compare())


def test_a_report_in_another_currency_has_its_own_closing(company: Company) -> None:
    assert company.spend() == Decimal("3.4")
    company.currency = "CNY"
    assert company.spend() == Decimal(24)  # 2 dollars at 7, and 10 yuan
    company.prices, company.currency = "house 9, house-cny 9 CNY", "USD"
    assert company.spend() == Decimal("3.4")
    company.currency = "CNY"
    assert company.spend() == Decimal(24)


def test_a_pool_that_is_named_later_serves_no_closed_month(company: Company) -> None:
    assert company.spend() == Decimal("3.4")
    write = company.write

    def with_pool() -> None:
        write()
        path = company.folder / "audit.toml"
        pool = '[[pools]]\nname = "p"\nmodels = ["house"]\ngpus = 1\nhourly_rate = "1"\n'
        path.write_text(path.read_text() + pool)

    company.write = with_pool  # type: ignore[method-assign]
    assert company.spend() == Decimal("3.4")
    assert company.rows("SELECT count(*) FROM store.prices") == [(2,)]
    assert company.spend(restated="the pool served it") == Decimal("745.4")


def test_killed_at_any_moment_a_month_is_closed_once_and_as_it_would_have_been(company: Company) -> None:
    company.write()
    audit = Audit(company.folder)
    for part in (0.15, 0.3, 0.5, 0.7, 0.9, 1.1):
        run = subprocess.Popen(
            audit.command("run", "--month", "2026-10", "--quiet"),
            cwd=audit.folder, env=audit.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(part * 1.5)
        run.send_signal(signal.SIGKILL)
        run.wait()
    assert company.spend() == Decimal("3.4")
    assert company.rows("SELECT month, number, cost FROM store.closings") == [("2026-10", 0, Decimal("3.4"))]
    assert company.rows("SELECT model, count(*) FROM store.prices GROUP BY 1 ORDER BY 1") == [
        ("house", 1),
        ("house-cny", 1),
    ]
    assert company.rows("SELECT month, currency, rate FROM store.rates") == [("2026-10", "CNY", Decimal("0.14"))]


def test_a_restatement_needs_its_reason(company: Company) -> None:
    company.run()
    done = Audit(company.folder)("reprice", "--month", "2026-10", "--restate", " ")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "audit: --restate: say why the month is priced anew; the reason stands in its report\n"
