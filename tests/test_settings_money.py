from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from audit.settings_file import load
from tests.test_settings import wrong

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "audit.toml"


POOL = """[[pools]]
name = "{name}"
gpus = 8
hourly_rate = 2.5
currency = "CNY"
{more}
"""
SHARED = """[[shared]]
project = "{name}"
from = "2026-10"

{more}
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (POOL.format(name="a", more="models = []"), "line 6: 'pools.0.models': List should have at least 1 item"),
        (
            POOL.format(name="a", more="models = ['q', '**']"),
            "line 6: 'pools.0.models.1': '**' would be every model: name the model, with * for what varies",
        ),
        (
            POOL.format(name="a", more="models = ['q']\nhours = 1\nhours_csv = 'h.csv'"),
            "line 1: 'pools.0': hours and hours_csv cannot both hold: keep one of them",
        ),
        (
            POOL.format(name="a", more="models = ['q']\nfrom = '2026-10'\nto = '2026-09'"),
            "line 1: 'pools.0': it ends in 2026-09, before it begins in 2026-10",
        ),
        ("[[margins]]\nfactor = '1'\nfrom = '2026-10'\n", "line 1: 'margins.0': it names either a project or a team"),
        (
            "[[margins]]\nproject = 'a'\nfactor = 10\nfrom = '2026-10'\n",
            "line 3: 'margins.0.factor': 10 would charge 10 times the cost: a mark-up of 10 % is written 1.10",
        ),
        (
            SHARED.format(name="a", more="by = 'fixed'\nshares = { b = 0.5, c = '0.49' }"),
            "line 1: 'shared.0': the shares of 'a' add up to 0.99, not to 1",
        ),
        (
            SHARED.format(name="a", more="by = 'fixed'\nshares = { b = 50 }"),
            "line 6: 'shared.0.shares.b': 50 is more than the whole: a share of 20 % is written 0.20",
        ),
        (
            SHARED.format(name="a", more=f"by = 'fixed'\nshares = {{ b = 0.5, c = 0.5{'0' * 40}1 }}"),
            f"line 1: 'shared.0': the shares of 'a' add up to 1.0{'0' * 40}1, not to 1",
        ),
        (
            SHARED.format(name="a", more="by = 'fixed'\nto = ['b']\nshares = { b = 1 }"),
            "line 1: 'shared.0': fixed shares name the projects themselves: leave out to",
        ),
        (
            SHARED.format(name="a", more="by = 'calls'\nshares = { b = 1 }"),
            'line 1: \'shared.0\': shares stand where by = "fixed", not where by = "calls"',
        ),
    ],
)
def test_a_wrong_value_is_named_with_its_line(file: Path, text: str, said: str) -> None:
    (line,) = wrong(file, text)
    assert line.startswith(said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "[[margins]]\nteam = 'a'\nfactor = '1'\nfrom = '2026-10'\n" * 2,
            "line 8: the margin of the team 'a' from 2026-10 is stated twice",
        ),
        (
            SHARED.format(name="a", more="") + SHARED.format(name="a", more="by = 'none'"),
            "line 8: the sharing of 'a' from 2026-10 is stated twice",
        ),
        (
            POOL.format(name="a", more="models = ['q']")
            + POOL.format(name="a", more="models = ['r']\nfrom = '2026-10'"),
            "line 8: the pool 'a' is stated twice from 2026-10 on",
        ),
        (
            POOL.format(name="a", more="models = ['r', 'q*']") + POOL.format(name="b", more="models = ['s', 'q3-32b']"),
            "line 12: the pools 'a' and 'b' both serve names that are 'q*' and 'q3-32b': leave the model to one of",
        ),
        (
            POOL.format(name="a", more="models = ['q']\nfrom = '2026-09'\nproviders = ['vllm', 'tgi']")
            + POOL.format(name="b", more="models = ['q']\nfrom = '2026-10'\nproviders = ['vllm']"),
            "line 14: the pools 'a' and 'b' both serve 'q' from 2026-10 on: leave the model to one of",
        ),
        (
            SHARED.format(name="a", more="to = ['b']")
            + SHARED.format(name="b", more="by = 'fixed'\nshares = { c = 0.5, a = 0.5 }").replace("10", "11")
            + SHARED.format(name="d", more="").replace("10", "12"),
            "line 6: the shared cost would go round in a circle: 'a' -> 'b' -> 'a'; take one of",
        ),
    ],
)
def test_what_contradicts_itself_is_named_with_the_line_to_change(file: Path, text: str, said: str) -> None:
    (line,) = wrong(file, text)
    assert line.startswith(said)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("providers = ['vllm']", "providers = ['tgi']"),
        ("to = '2026-09'", "from = '2026-10'"),
        ("from = '2026-10'", "to = '2026-09'"),
    ],
)
def test_pools_of_one_model_are_told_apart_by_provider_or_month(file: Path, one: str, other: str) -> None:
    pools = [POOL.format(name=name, more=f"models = ['q']\n{keys}") for name, keys in (("a", one), ("b", other))]
    file.write_text("".join(pools))
    assert [pool.name for pool in load(file).pools] == ["a", "b"]
    file.write_text("".join(pools).replace('"b"', '"a"'))
    if "providers" not in one:
        assert [pool.name for pool in load(file).pools] == ["a", "a"]


def test_money_is_read_to_the_digit(file: Path) -> None:
    shared = "by = 'fixed'\nshares = { b = 0.3333333333333333333333, c = 0.6666666666666666666667 }"
    prices = '[prices]\ncontracts = ["acme.toml"]\nstated = ["gw"]\nregions = { gw = "intl" }\n'
    file.write_text(
        POOL.format(name="a", more="models = ['q']\nhours_csv = 'h.csv'")
        + SHARED.format(name="a", more=shared)
        + prices
        + '[prices.deployments]\n"gpt4-prod" = "gpt-4o"\n'
    )
    settings = load(file)
    assert sum(settings.shared[0].shares.values()) == 1
    assert (settings.pools[0].hourly_rate, settings.pools[0].currency) == (Decimal("2.5"), "CNY")
    assert settings.pools[0].hours_csv == file.parent / "h.csv"
    assert settings.prices.contracts == [file.parent / "acme.toml"]
    assert (settings.prices.deployments, settings.prices.regions) == ({"gpt4-prod": "gpt-4o"}, {"gw": "intl"})
