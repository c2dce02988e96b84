"""Laws of the comparison: the parts make up the difference to the last digit, whatever was billed and logged."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import places
from audit.reconcile import rows, sentences
from audit.reconcile.cells import Billed, Cell, Logged
from audit.reconcile.claims import Comparison, Fee, runs
from audit.reconcile.classes import Tolerance, usage_kind
from audit.reconcile.reasons import explain

if TYPE_CHECKING:
    from audit.reconcile.result import Dimension

FIRST = date(2026, 10, 1)
ALL: tuple[Dimension, ...] = ("day", "model", "project", "api_key", "service_tier")
NINE = Decimal("1e-9")


def money(least: int = 0) -> st.SearchStrategy[Decimal]:
    return st.integers(least, 10**13).map(lambda digits: digits * NINE)


counts = st.integers(0, 10**7)
maybe = st.none() | counts
BILLED = st.builds(
    Billed, money=money(-(10**11)), lines=st.integers(0, 5), requests=maybe, input_tokens=maybe, output_tokens=maybe
)
LOGGED = st.builds(
    Logged,
    cost=money(),
    calls=st.integers(1, 1000),
    charged=st.integers(0, 1000),
    unpriced=st.integers(0, 3),
    silent=st.integers(0, 3),
    input_tokens=counts,
    output_tokens=counts,
    uncached=money(),
    batch=money(),
)
# One side is a multiple of the other often enough for factors, cache and batch prices to be found.
FACTORS = st.sampled_from([None, Decimal(1), Decimal(2), Decimal("0.85")])


@st.composite
def cells(draw: st.DrawFn) -> tuple[tuple[Dimension, ...], tuple[Cell, ...]]:
    used = tuple(name for name in ALL if draw(st.booleans()))
    values: dict[str, list[Any]] = {
        "day": [FIRST + timedelta(days=day) for day in range(6)],
        "model": ["a", "b", None],
        "project": ["search", "shop"],
        "api_key": ["k1", "k2"],
        "service_tier": ["standard", "batch"],
    }
    keys = draw(st.lists(st.tuples(*(st.sampled_from(values[name]) for name in used)), unique=True, max_size=25))
    factor = draw(FACTORS)
    found = []
    for key in keys:
        billed, logged = draw(st.none() | BILLED), draw(st.none() | LOGGED)
        if factor is not None and logged is not None:
            billed = Billed(logged.cost * factor)
        found.append(Cell(**dict(zip(used, key, strict=True)), billed=billed, logged=logged))
    return used, tuple(found)


def compared(used: tuple[Dimension, ...], found: tuple[Cell, ...], fees: tuple[Fee, ...], *, cents: bool) -> Comparison:
    tolerance = Tolerance(cents)
    quarters = {int(number): Decimal(number) for number in range(1_790_812_800, 1_791_331_200, 90_000)}
    return Comparison(found, {cell.key: tolerance.kind(cell) for cell in found}, used, tolerance, fees, quarters)


FEES = st.lists(st.builds(Fee, item=st.sampled_from(["tax", "storage"]), money=money(), lines=st.just(1)), max_size=2)


@given(drawn=cells(), fees=FEES, cents=st.booleans())
def test_parts_and_reasons_make_up_the_difference_to_the_last_digit(
    drawn: tuple[tuple[Dimension, ...], tuple[Cell, ...]], fees: list[Fee], *, cents: bool
) -> None:
    used, found = drawn
    comparison = compared(used, found, tuple(fees), cents=cents)
    billed = sum((cell.paid for cell in found), sum((fee.money for fee in fees), Decimal(0)))
    computed = sum((cell.cost for cell in found), Decimal(0))
    parts = rows.parts(comparison)
    assert sum((part.billed for part in parts), Decimal(0)) == billed
    assert sum((part.computed for part in parts), Decimal(0)) == computed
    assert sum((part.money for part in parts), Decimal(0)) == billed - computed
    claims = explain(comparison)
    if claims:
        assert sum((claim.money for claim in claims), Decimal(0)) == billed - computed
    else:
        assert all(part.kind == "matched" for part in parts)
    told = [cell.key for claim in claims for cell in claim.cells]
    assert len(told) == len(set(told))
    assert {cell.key for cell in comparison.apart} <= set(told)


@given(cells(), st.sampled_from(["en", "zh"]))
def test_every_reason_has_its_sentence_in_both_languages(
    drawn: tuple[tuple[Dimension, ...], tuple[Cell, ...]], language: str
) -> None:
    words = sentences.load(places.templates(), language, "USD")
    for claim in explain(compared(*drawn, (Fee("tax", Decimal(1), 1),), cents=False)):
        assert words.claim(claim)


@given(cells())
def test_a_report_of_usage_alone_has_no_money_in_its_parts(
    drawn: tuple[tuple[Dimension, ...], tuple[Cell, ...]],
) -> None:
    used, found = drawn
    comparison = Comparison(found, {cell.key: usage_kind(cell) for cell in found}, used, Tolerance(cents=False))
    claims = explain(comparison)
    told = [cell.key for claim in claims for cell in claim.cells]
    assert len(told) == len(set(told))


def shape(entry: Any) -> Any:
    """The keys of words; one sentence and its plural forms are the same thing."""
    if isinstance(entry, dict) and "other" not in entry:
        return {key: shape(value) for key, value in entry.items()}
    return "sentence"


def test_both_languages_have_the_same_sentences() -> None:
    english, chinese = (sentences.load(places.templates(), language, "USD").words for language in ("en", "zh"))
    assert shape(english) == shape(chinese)


@pytest.mark.parametrize(
    ("value", "said"),
    [("2", "2.00"), ("2.0000", "2.00"), ("0.85", "0.85"), ("1.0625", "1.0625"), ("10", "10.00"), ("0.5", "0.50")],
)
def test_a_factor_has_two_digits_and_more_where_it_needs_them(value: str, said: str) -> None:
    assert sentences.load(places.templates(), "en", "USD").factor(Decimal(value)) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [("123.445", "+$123.45"), ("-0.004", "−<$0.01"), ("0", "$0.00"), ("-1234.5", "−$1,234.50")],
)
def test_money_is_said_to_the_cent_with_its_sign(value: str, said: str) -> None:
    assert sentences.load(places.templates(), "en", "USD").signed(Decimal(value)) == said


def test_days_that_follow_on_each_other_are_one_run() -> None:
    days = [FIRST, FIRST + timedelta(days=1), FIRST + timedelta(days=3)]
    assert runs(reversed(days)) == [days[:2], days[2:]]
