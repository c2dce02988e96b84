"""Answers of many providers, priced to the last digit of what a person works out from the lists: usage_objects.yml."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from audit import intake
from audit.engine.store import open_store
from audit.pricing import join
from audit.settings import Settings
from tests.pricing.priced import END, START, cost, utc

TABLE: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("usage_objects.yml").read_text(encoding="utf-8"))
CASES: list[dict[str, Any]] = TABLE["cases"]
# A price is of so many units; sound is counted in milliseconds and sold by the hour.
PER = {"M": 1_000_000, "K": 1_000, "h": 3_600_000}
NINE_DIGITS = Decimal("0.000000001")
YUAN = {"month": "2024-01", "currency": "CNY", "rate": "0.14"}
# What the table must hold, whatever else it does, and in how many cases at least: an edge has two sides.
ASKED = {
    "cache read": 1,
    "5 min write": 1,
    "1 h write": 1,
    "batch": 1,
    "context tier": 2,
    "price change at midnight": 2,
    "off-peak hour": 4,
    "reasoning inside output": 1,
    "embedding": 1,
}
PROVIDERS = 15


@dataclass(frozen=True, slots=True)
class Call:
    """What the audit made of one case's line."""

    format: str | None
    rejected: int
    providers: frozenset[str | None]
    sent: datetime
    cost: Decimal | None
    currency: str | None
    source: str | None


def known(case: dict[str, Any]) -> Any:
    """A case as a parameter; one that is known to be wrong must fail, so that its mending is noticed."""
    marks = pytest.mark.xfail(strict=True, reason=case["wrong"]) if "wrong" in case else ()
    return pytest.param(case, id=case["name"], marks=marks)


def log(case: dict[str, Any]) -> str:
    """A case's line, with the time at which it was sent."""
    return str(case["log"]).replace("SENT", str(int(case["sent"].timestamp())))


def summed(arithmetic: str) -> Decimal:
    """What a sum comes to, to the nine digits that a cost has: ``8,000 read x 1.25/M + 400 out x 10/M``."""
    exact = Decimal(0)
    for term in arithmetic.split(" + "):
        match = re.fullmatch(r"([\d,]+)(?: [a-z ]+)? x ([\d.]+)/([MKh])", term)
        assert match, f"no product: {term}"
        exact += int(match[1].replace(",", "")) * Decimal(match[2]) / PER[match[3]]
    return exact.quantize(NINE_DIGITS, ROUND_HALF_UP)


@pytest.fixture(scope="module")
def priced(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Call]]:
    """Every case's calls, by the case's name: each line a log of its own, taken in together and priced at once."""
    folder = tmp_path_factory.mktemp("usage")
    (folder / "contract.toml").write_text(TABLE["contracts"], encoding="utf-8")
    settings = Settings.model_validate(
        {
            "prices": {"contracts": [folder / "contract.toml"], "deployments": TABLE["deployments"]},
            "exchange_rates": [YUAN],
            "paths": {"store": folder / "audit.duckdb"},
        }
    )
    logs = {folder / f"{number}.jsonl": case for number, case in enumerate(CASES)}
    for path, case in logs.items():
        path.write_text(log(case) + "\n", encoding="utf-8")
    with open_store(settings.paths.store, settings) as engine:
        receipts = intake.take_in(engine, settings, list(logs), intake.Silence())
        join.load_prices(engine, settings, START, END)
        rows = engine.rows(
            "SELECT f.path, k.provider, k.listed_provider, k.started_at, k.native_cost, k.native_currency, "
            "k.price_source FROM costed k JOIN store.calls c USING (source, call_id) JOIN store.files f USING (file_id)"
        )
    read = {str(receipt.path): (receipt.format, receipt.rejected) for receipt in receipts}
    found: dict[str, list[Call]] = {case["name"]: [] for case in CASES}
    for path, logged, listed, sent, *rest in rows:
        call = Call(*read[path], frozenset({logged, listed}), sent.replace(tzinfo=UTC), *rest)
        found[logs[Path(path)]["name"]].append(call)
    return found


@pytest.mark.parametrize("case", [known(case) for case in CASES])
def test_an_answer_costs_what_its_list_says(case: dict[str, Any], priced: dict[str, list[Call]]) -> None:
    (call,) = priced[case["name"]]
    assert (call.format, call.rejected, call.sent) == (case["format"], 0, case["sent"])
    assert case["provider"] in call.providers  # some lines tell it by the model's name alone
    assert (call.cost, call.currency) == (case["cost"] and Decimal(case["cost"]), case["currency"])
    assert (call.source or "").startswith(case["list"] or "")
    assert (call.source is None) is (case["list"] is None)


@pytest.mark.parametrize("case", [case for case in CASES if case["cost"]], ids=lambda case: case["name"])
def test_the_arithmetic_is_right(case: dict[str, Any]) -> None:
    assert summed(case["sum"]) == Decimal(case["cost"])


def test_a_line_is_json_and_every_case_has_a_name_of_its_own() -> None:
    assert all(isinstance(json.loads(log(case)), dict) for case in CASES)
    assert len({case["name"] for case in CASES}) == len(CASES)
    assert all(case["cited"] and ("sum" in case or case["cost"] is None) for case in CASES)


def test_the_table_holds_what_it_has_to() -> None:
    assert len({case["provider"] for case in CASES}) >= PROVIDERS
    held = Counter(tag for case in CASES for tag in case["tags"])
    assert {tag: held[tag] for tag, least in ASKED.items() if held[tag] < least} == {}


def test_a_tier_that_no_list_knows_has_no_price() -> None:
    call = {"provider": "volcengine", "model": "doubao-seed-1-6-250615", "started_at": utc("2026-10-20 10:00")}
    assert cost({**call, "service_tier": "scale", "input_tokens": 1_000, "output_tokens": 100}) is None
