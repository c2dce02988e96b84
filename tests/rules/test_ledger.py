"""The ledger's laws: what is credited never adds up to more than was paid, and the surest takes first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from audit.engine.duckdb import Engine
from audit.inspection import LEDGER
from audit.records import Grade

if TYPE_CHECKING:
    from collections.abc import Sequence

GRADES = list(Grade)
SHAPE = {
    "rule": "VARCHAR", "family": "VARCHAR", "grade": "VARCHAR", "rank": "INTEGER", "precedence": "INTEGER",
    "project": "VARCHAR", "subject": "VARCHAR", "call_id": "VARCHAR", "number": "BIGINT", "cost": "DECIMAL(18,9)",
    "saving": "DECIMAL(18,9)", "evidence": "VARCHAR",
}  # fmt: skip


@dataclass(frozen=True)
class Flag:
    """A rule's claim on a call, as the inspection writes it: 0 to the call's cost, or NULL where none is made."""

    rule: str
    grade: Grade
    precedence: int
    call_id: str
    cost: Decimal | None
    saving: Decimal | None

    def row(self) -> dict[str, Any]:
        rank = GRADES.index(self.grade)
        return {name: getattr(self, name, None) for name in SHAPE} | {"grade": str(self.grade), "rank": rank}

    def order(self) -> tuple[int, int, str]:
        return GRADES.index(self.grade), self.precedence, self.rule


def money(most: Decimal) -> st.SearchStrategy[Decimal]:
    return st.decimals(min_value=0, max_value=most, places=9, allow_nan=False, allow_infinity=False)


@st.composite
def flags(draw: st.DrawFn) -> list[Flag]:
    """Flags on a few calls, each rule at most once a call, each rule with one grade and precedence."""
    rules = [
        Flag(f"rule_{name}", draw(st.sampled_from(GRADES)), draw(st.integers(0, 3)), "", None, None)
        for name in "abcdef"[: draw(st.integers(1, 6))]
    ]
    drawn = []
    for number in range(draw(st.integers(1, 4))):
        cost = draw(st.none() | money(Decimal(1000)))
        for rule in draw(st.permutations(rules))[: draw(st.integers(0, len(rules)))]:
            saving = draw(st.none() | money(cost or Decimal(0)))
            saving = None if rule.grade is Grade.ALERT else saving
            drawn.append(replace(rule, call_id=f"call_{number}", cost=cost, saving=saving))
    return drawn


@cache
def engine() -> Engine:
    return Engine()


def credited(given_flags: Sequence[Flag]) -> dict[tuple[str, str], Decimal | None]:
    """What the real ledger credits to each call and rule."""
    places = {call_id: place for place, call_id in enumerate(sorted({flag.call_id for flag in given_flags}))}
    engine().load("flags", SHAPE, [flag.row() | {"number": places[flag.call_id]} for flag in given_flags])
    engine().run(LEDGER)
    rows = engine().rows("SELECT call_id, rule, credited FROM credited")
    assert len(rows) == len(given_flags)
    assert all(value is None or isinstance(value, Decimal) for _, _, value in rows)
    return {(call_id, rule): value for call_id, rule, value in rows}


@settings(deadline=None, max_examples=60)
@given(flags())
def test_what_is_credited_never_adds_up_to_more_than_was_paid(given_flags: list[Flag]) -> None:
    credits_given = credited(given_flags)
    for call_id, cost in {(flag.call_id, flag.cost) for flag in given_flags}:
        total = sum((value or Decimal(0) for (on, _), value in credits_given.items() if on == call_id), Decimal(0))
        assert total <= (cost or Decimal(0))


@settings(deadline=None, max_examples=60)
@given(flags())
def test_a_credit_is_between_nothing_and_what_the_rule_claimed(given_flags: list[Flag]) -> None:
    credits_given = credited(given_flags)
    for flag in given_flags:
        value = credits_given[flag.call_id, flag.rule]
        if flag.saving is None:
            assert value is None
        else:
            assert value is not None
            assert 0 <= value <= flag.saving


@settings(deadline=None, max_examples=60)
@given(flags())
def test_the_surest_take_first_each_what_the_former_left(given_flags: list[Flag]) -> None:
    credits_given = credited(given_flags)
    for call_id in {flag.call_id for flag in given_flags}:
        on_call = sorted((flag for flag in given_flags if flag.call_id == call_id), key=Flag.order)
        left = on_call[0].cost or Decimal(0)
        for flag in on_call:
            if flag.saving is not None:
                taken = min(flag.saving, left)
                assert credits_given[call_id, flag.rule] == taken
                left -= taken
        cost = on_call[0].cost or Decimal(0)
        total = sum((credits_given[call_id, flag.rule] or Decimal(0) for flag in on_call), Decimal(0))
        assert total + left == cost
        assert left >= 0


@settings(deadline=None, max_examples=40)
@given(flags(), st.randoms(use_true_random=False))
def test_the_order_of_the_flags_does_not_matter(given_flags: list[Flag], chance: Any) -> None:
    before = credited(given_flags)
    shuffled = list(given_flags)
    chance.shuffle(shuffled)
    assert credited(shuffled) == before


@settings(deadline=None, max_examples=40)
@given(flags())
def test_one_call_s_flags_do_not_touch_another_s(given_flags: list[Flag]) -> None:
    together = credited(given_flags)
    for call_id in {flag.call_id for flag in given_flags}:
        alone = credited([flag for flag in given_flags if flag.call_id == call_id])
        assert alone == {key: value for key, value in together.items() if key[0] == call_id}


def test_a_proven_claim_on_the_whole_cost_leaves_nothing_to_the_less_sure() -> None:
    cost = Decimal("0.004500000")
    claims = [
        Flag("oversized", Grade.HYPOTHESIS, 1, "a", cost, Decimal("0.003")),
        Flag("cache", Grade.AVOIDABLE, 1, "a", cost, Decimal("0.002")),
        Flag("duplicate", Grade.PROVEN, 99, "a", cost, cost),
        Flag("storm", Grade.ALERT, 1, "a", cost, None),
    ]
    nothing = Decimal(0)
    assert credited(claims) == {
        ("a", "duplicate"): cost, ("a", "cache"): nothing, ("a", "oversized"): nothing, ("a", "storm"): None,
    }  # fmt: skip


def test_a_tenth_and_two_tenths_are_three_tenths_exactly() -> None:
    cost = Decimal("0.300000000")
    claims = [
        Flag("a", Grade.PROVEN, 1, "c", cost, Decimal("0.1")),
        Flag("b", Grade.PROVEN, 2, "c", cost, Decimal("0.2")),
        Flag("c", Grade.PROVEN, 3, "c", cost, Decimal("0.3")),
    ]
    assert credited(claims) == {("c", "a"): Decimal("0.1"), ("c", "b"): Decimal("0.2"), ("c", "c"): Decimal(0)}
