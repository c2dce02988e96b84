"""What is printed adds up to the total printed below it, in every currency."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.rounding import apportioned, balanced, digits_of, rounded

DIGITS = st.sampled_from([0, 2, 3])
AMOUNT = st.decimals(-(10**12), 10**12, allow_nan=False, allow_infinity=False, places=9)
SMALL = st.decimals(-3, 3, allow_nan=False, allow_infinity=False, places=9)
NIL = st.just(Decimal(0))
PARTS = st.lists(AMOUNT | SMALL | NIL, max_size=30)
ZERO = Decimal(0)


def unit(digits: int) -> Decimal:
    return Decimal(1).scaleb(-digits)


@given(PARTS, DIGITS)
def test_parts_add_up_to_the_rounded_total(parts: list[Decimal], digits: int) -> None:
    assert sum(apportioned(parts, digits), ZERO) == rounded(sum(parts, ZERO), digits)


@given(PARTS, DIGITS)
def test_no_part_is_moved_by_a_unit_and_none_changes_its_sign(parts: list[Decimal], digits: int) -> None:
    for exact, shown in zip(parts, apportioned(parts, digits), strict=True):
        assert abs(shown - exact) < unit(digits)
        assert shown == rounded(shown, digits)
        assert exact * shown >= 0
        assert exact or not shown


@given(PARTS, DIGITS)
def test_what_needs_no_rounding_is_not_rounded(parts: list[Decimal], digits: int) -> None:
    round_parts = [rounded(part, digits) for part in parts]
    assert list(apportioned(round_parts, digits)) == round_parts


@given(st.lists(AMOUNT, max_size=12, unique=True), DIGITS)
def test_the_order_of_the_parts_does_not_matter(parts: list[Decimal], digits: int) -> None:
    remainders = {(part.scaleb(digits) % 1, abs(part)) for part in parts}
    told = dict(zip(parts, apportioned(parts, digits), strict=True))
    turned = dict(zip(parts[::-1], apportioned(parts[::-1], digits), strict=True))
    assert turned == told or len(remainders) < len(parts)


@given(st.lists(st.tuples(AMOUNT | NIL, SMALL | NIL, AMOUNT | NIL), max_size=15), DIGITS)
def test_a_table_adds_up_down_and_across(rows: list[tuple[Decimal, ...]], digits: int) -> None:
    totals = [rounded(sum((row[at] for row in rows), ZERO), digits) for at in range(3)]
    shown = balanced(rows, digits, totals)
    assert len(shown) == len(rows)
    results = [sum(row, ZERO) for row in shown]
    for at in range(3):
        assert sum((row[at] for row in shown), ZERO) == (totals[at] if rows else ZERO)
    assert sum(results, ZERO) == (sum(totals, ZERO) if rows else ZERO)
    for exact, row in zip(rows, shown, strict=True):
        assert abs(sum(row, ZERO) - sum(exact, ZERO)) < 3 * unit(digits)
        assert all(abs(after - before) < 4 * unit(digits) for before, after in zip(exact, row, strict=True))


def test_three_thirds_of_a_cent_make_one() -> None:
    third = Decimal("0.003333333")
    assert apportioned([third] * 3, 2) == (Decimal("0.01"), ZERO, ZERO)
    assert apportioned([Decimal("10.005")] * 2 + [Decimal("-0.01")], 2) == (
        Decimal("10.01"),
        Decimal("10.00"),
        Decimal("-0.01"),
    )


def test_a_total_that_is_given_is_met() -> None:
    assert apportioned([Decimal("1.2"), Decimal("2.2")], 0, Decimal(5)) == (Decimal(2), Decimal(3))
    assert apportioned([Decimal("1.2"), Decimal("2.2"), ZERO], 0, Decimal(2)) == (Decimal(0), Decimal(2), ZERO)
    assert apportioned([], 2) == ()


@pytest.mark.parametrize(
    ("parts", "digits"),
    [
        (["999.99"], 2),
        (["900", "100"], 0),
        (["900", "99.99", "0.01"], 2),
        (["5000", "0", "-400"], 0),
        (["0"], 0),
        ([], 0),
    ],
)
def test_cents_are_left_out_where_nothing_is_lost_by_it(parts: list[str], digits: int) -> None:
    assert digits_of([Decimal(part) for part in parts], 2) == digits
