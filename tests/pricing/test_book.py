"""The engine's cost of a call against the plain way of working it out, for contracts of every kind."""

from __future__ import annotations

import random
import tempfile
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from audit.pricing import join
from audit.records import UsageError
from audit.settings import Settings
from audit.settings_file import load
from tests.pricing import byhand, contracts
from tests.pricing.priced import END, START, costs, store, utc

if TYPE_CHECKING:
    from tests.pricing.byhand import Call, Row

RATES = [
    (f"2026-{month:02d}", currency, f"{base}.{month:02d}1") for currency, base in (("USD", 7), ("EUR", 8))
    for month in range(1, 13)
]  # fmt: skip


def engine_costs(rows: list[Row], calls: list[Call], zone: str) -> list[tuple[Any, ...]]:
    """Of each call: how many rows price it, its list's cost and currency, its cost, and its list."""
    with tempfile.TemporaryDirectory() as folder:
        settings = load(contracts.settings_file(Path(folder), rows, zone, RATES))
        with store(calls, settings) as engine:
            join.load_prices(engine, settings, START, END)
            found = engine.rows(
                "SELECT call_id, count(listed_model), min(native_cost), min(native_currency), min(cost), "
                "regexp_extract(min(price_source), '(.*) ', 1) FROM costed GROUP BY call_id"
            )
    by_id = {int(row[0]): row[1:] for row in found}
    assert len(found) == len(calls)
    return [by_id[number] for number in range(len(calls))]


def expected(rows: list[Row], call: Call, zone: str) -> tuple[Any, ...]:
    """The same, the plain way."""
    found, native = byhand.row_of(rows, call), byhand.native(rows, call)
    if found is None:
        return 0, native, None, native, None
    currency = found[0]["currency"]
    rates = {(month, name): Decimal(rate) for month, name, rate in RATES}
    rate = rates.get((byhand.month_of(call["started_at"], zone), currency), Decimal(1))
    cost = None if native is None else (native * rate).quantize(byhand.NINE, ROUND_HALF_UP)
    return 1, native, currency, cost, "contract acme.toml"


@given(st.integers(0, 2**64))
@hypothesis_settings(max_examples=25, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
def test_a_call_costs_what_its_row_makes_of_it_and_one_row_alone(seed: int) -> None:
    chance = random.Random(seed)
    rows = contracts.contract(chance)
    calls, zone = contracts.calls(chance, rows), chance.choice(contracts.ZONES)
    for call, engine in zip(calls, engine_costs(rows, calls, zone), strict=True):
        assert engine == expected(rows, call, zone), f"{call}\n{contracts.written(rows)}"


def priced_by(text: str, *calls: Call, **settings: Any) -> list[tuple[Decimal | None, str | None]]:
    """The cost of each call and its list, by one contract's text."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "acme.toml"
        path.write_text(text, encoding="utf-8")
        found = costs(calls, Settings.model_validate({"prices": {"contracts": [path]}, **settings}))
    return [(found[str(number)].cost, found[str(number)].source) for number in range(len(calls))]


GPT: Call = {"provider": "openai", "model": "gpt-4o", "started_at": utc("2026-09-16 12:00"), "input_tokens": 1_000_000}
GPT |= {"output_tokens": 0}  # 2.50 dollars, a batch half of it
OFF = '[[price]]\nprovider = "openai"\nmodel = "gpt-4o*"\ndiscount = "0.1"\n'


def test_a_discount_is_taken_off_the_next_list_s_price_once_and_from_its_day_on() -> None:
    dated = {**GPT, "model": "gpt-4o-2024-08-06"}  # the row fits this name and the one it is read as
    text = OFF + "valid_from = 2026-09-01\n" + OFF.replace("0.1", "0.2") + "valid_from = 2026-10-01\n"
    calls = [{**call, "started_at": utc(day)} for call in (GPT, dated) for day in ("2026-08-31", "2026-09-30 23:59")]
    found = priced_by(text, *calls, {**GPT, "started_at": utc("2026-10-01")})
    assert [cost for cost, _ in found] == [Decimal(text) for text in ("2.5", "2.25", "2.5", "2.25", "2")]
    assert all((source or "").count("acme.toml") == (cost != Decimal("2.5")) for cost, source in found)
    assert found[1][1] is not None
    assert " on genai-prices " in found[1][1]


def test_a_tier_s_own_discount_goes_before_the_one_for_all() -> None:
    text = OFF + OFF.replace("0.1", "0.5") + 'service_tier = "batch"\n'
    found = priced_by(text, GPT, {**GPT, "service_tier": "batch"})
    assert [cost for cost, _ in found] == [Decimal("2.25"), Decimal("0.625")]
    assert [cost for cost, _ in priced_by(OFF, {**GPT, "service_tier": "batch"})] == [Decimal("1.125")]


def test_a_tier_that_a_contract_s_prices_leave_out_is_looked_for_further_on() -> None:
    text = OFF.replace('discount = "0.1"', 'input_mtok = "2"\noutput_mtok = "8"')
    found = priced_by(text, GPT, {**GPT, "service_tier": "batch"})
    assert [cost for cost, _ in found] == [Decimal(2), Decimal("1.25")]
    both = text + OFF.replace("0.1", "0.6") + 'service_tier = "batch"\n'
    assert priced_by(both, {**GPT, "service_tier": "batch"})[0][0] == Decimal("0.5")


def test_a_contract_s_row_of_no_region_holds_where_another_model_s_does_not() -> None:
    text = OFF.replace('discount = "0.1"', 'input_mtok = "2"') + OFF.replace("gpt-4o*", "gpt-5*") + 'region = "eu"\n'
    assert priced_by(text, {**GPT, "region": "eu"})[0][0] == Decimal(2)


def test_two_contracts_that_price_a_model_at_once_are_an_error(tmp_path: Path) -> None:
    paths = []
    for name, digits in (("one.toml", "1"), ("two.toml", "2")):
        paths.append(tmp_path / name)
        paths[-1].write_text(OFF.replace('discount = "0.1"', f'input_mtok = "{digits}"'))
    for order in (paths, paths[::-1]):
        settings = Settings.model_validate({"prices": {"contracts": order}})
        with pytest.raises(UsageError, match="has two prices at once"):
            costs([GPT], settings)


def test_cached_sound_costs_the_same_whatever_else_is_in_the_store() -> None:
    plain: Call = {**GPT, "model": "zz-plain", "cache_read_tokens": 400_000, "input_audio_tokens": 500_000}
    plain |= {"cache_read_audio_tokens": 300_000}
    text = '[[price]]\nprovider = "openai"\nmodel = "zz-plain"\ninput_mtok = "3"\ncache_read_mtok = "1"\n'
    sound = text.replace("zz-plain", "zz-sound") + 'input_audio_mtok = "30"\n'
    alone = priced_by(text, plain)[0][0]
    assert alone == Decimal("2.2")  # 600,000 at 3, 400,000 at 1
    assert priced_by(text + sound, plain, {**plain, "model": "zz-sound"})[0][0] == alone


def test_what_nobody_bills_costs_nothing_in_any_currency() -> None:
    text = '[[price]]\nprovider = "openai"\nmodel = "zz"\ninput_mtok = "3"\ncurrency = "CNY"\n'
    free = [{**GPT, "model": "nobody-knows", "gateway_cache_hit": True}]
    free += [{"provider": "x", "model": "y", "started_at": GPT["started_at"], "status": "error"}]
    found = priced_by(
        text, {**GPT, "model": "zz"}, *free, exchange_rates=[{"month": "2026-01", "currency": "CNY", "rate": "0.14"}]
    )
    assert [cost for cost, _ in found] == [Decimal("0.42"), Decimal(0), Decimal(0)]
