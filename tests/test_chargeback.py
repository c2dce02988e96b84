from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.chargeback import Chargeback, Line, Spent, Stayed, charge, split
from audit.records import Month, UsageError
from audit.settings_money import Margin, Shared

if TYPE_CHECKING:
    from collections.abc import Sequence

OCTOBER = Month(2026, 10)
LEAST = Decimal("0.000000001")


def spent(project: str | None, cost: str, calls: int = 1, tokens: int = 100, team: str | None = None) -> Spent:
    return Spent(project, team, calls, tokens, Decimal(cost))


def shared(project: str, since: str = "2026-01", **keys: Any) -> Shared:
    return Shared.model_validate({"project": project, "from": since, **keys})


def margin(factor: str, since: str = "2026-01", **who: str) -> Margin:
    return Margin.model_validate({"factor": factor, "from": since, **who})


def charged(found: Chargeback) -> dict[str | None, str]:
    return {line.project: f"{line.charged.normalize():f}" for line in found.lines}


ROWS = [
    spent("a", "100", calls=1, tokens=900),
    spent("b", "300", calls=3, tokens=100),
    spent("gateway", "40", calls=9, tokens=50),
]


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"by": "calls"}, {"a": "110", "b": "330", "gateway": "0"}),
        ({"by": "tokens"}, {"a": "136", "b": "304", "gateway": "0"}),
        ({"by": "cost"}, {"a": "110", "b": "330", "gateway": "0"}),
        ({"by": "calls", "to": ["b"]}, {"a": "100", "b": "340", "gateway": "0"}),
        ({"by": "fixed", "shares": {"a": "0.5", "b": "0.5"}}, {"a": "120", "b": "320", "gateway": "0"}),
        (
            {"by": "fixed", "shares": {"b": "0.25", "new": "0.75"}},
            {"a": "100", "b": "310", "gateway": "0", "new": "30"},
        ),
        ({"by": "none"}, {"a": "100", "b": "300", "gateway": "40"}),
    ],
)
def test_a_shared_project_hands_out_its_whole_cost(keys: dict[str, Any], said: dict[str, str]) -> None:
    found = charge(ROWS, [shared("gateway", **keys)], [], OCTOBER)
    assert charged(found) == said
    assert not found.stayed


def test_a_line_says_where_its_parts_come_from() -> None:
    rules = [shared("gateway", by="calls"), shared("search", by="cost", to=["a"])]
    found = charge([*ROWS, spent("search", "7")], rules, [margin("1.10", project="a")], OCTOBER)
    assert found.lines == (
        Line(
            "a",
            Decimal(100),
            (("gateway", Decimal(10)), ("search", Decimal(7))),
            Decimal(0),
            Decimal("11.7"),
            Decimal("128.7"),
        ),
        Line("b", Decimal(300), (("gateway", Decimal(30)),), Decimal(0), Decimal(0), Decimal(330)),
        Line("gateway", Decimal(40), (), Decimal(40), Decimal(0), Decimal(0)),
        Line("search", Decimal(7), (), Decimal(7), Decimal(0), Decimal(0)),
    )
    assert found.lines[0].borne == 117


def test_a_chain_is_worked_off_in_order_whatever_the_names() -> None:
    rows = [spent("a", "10"), spent("shop", "5"), spent("z", "100")]
    rules = [shared("a", by="cost", to=["shop"]), shared("z", by="fixed", shares={"a": "0.3", "shop": "0.7"})]
    found = charge(rows, rules, [], OCTOBER)
    assert charged(found) == {"a": "0", "shop": "115", "z": "0"}
    (first, shop, _) = found.lines
    assert (first.received, first.handed_out) == ((("z", Decimal(30)),), Decimal(40))
    assert shop.received == (("a", Decimal(40)), ("z", Decimal(70)))


def test_shared_projects_in_a_circle_are_named() -> None:
    rules = [shared("c", to=["a"]), shared("a", to=["x", "b"]), shared("b", by="fixed", shares={"c": "1"})]
    with pytest.raises(UsageError, match="would go round in a circle: 'a' -> 'b' -> 'c' -> 'a'; take one of them"):
        charge(ROWS, rules, [], OCTOBER)
    with pytest.raises(UsageError, match="'a' -> 'a'"):
        charge(ROWS, [shared("a", to=["a", "b"])], [], OCTOBER)
    # Where `to` is left out, shared projects take no part of each other: no circle.
    assert charged(charge(ROWS, [shared("gateway"), shared("a")], [], OCTOBER)) == {
        "a": "0",
        "b": "440",
        "gateway": "0",
    }


def test_what_nobody_used_stays_where_it_is_and_a_sentence_says_so() -> None:
    rows = [spent("gateway", "40"), spent("a", "0", calls=0, tokens=0)]
    found = charge(rows, [shared("gateway", by="calls")], [margin("2", project="gateway")], OCTOBER)
    assert found.stayed == (Stayed("gateway", Decimal(40), "calls"),)
    assert (
        found.stayed[0].sentence == "'gateway' keeps its cost: no project that shares it has any calls in this month."
    )
    # What stays is its own, and so is its factor.
    assert charged(found) == {"a": "0", "gateway": "80"}


def test_a_cost_is_marked_up_once_by_who_bears_it_in_the_end() -> None:
    margins = [margin("1.10", project="gateway"), margin("0.90", project="a")]
    found = charge(ROWS, [shared("gateway", to=["a"])], margins, OCTOBER)
    assert charged(found) == {"a": "126", "b": "300", "gateway": "0"}
    assert [line.margin for line in found.lines] == [-14, 0, 0]


def test_a_team_s_factor_holds_for_its_part_of_a_project_without_one() -> None:
    rows = [
        spent("a", "30", team="x"),
        spent("a", "10", team="y"),
        spent("b", "50", team="x"),
        spent("c", "0", team="x", calls=1),
        spent("c", "0", team=None, calls=3),
        spent("gateway", "8", team="x"),
    ]
    rules = [shared("gateway", by="fixed", shares={"a": "0.5", "c": "0.5"})]
    margins = [margin("2", team="x"), margin("1.5", project="b")]
    # a bears 44, 33 of it x's; c's calls cost nothing of their own, so that one of four calls is x's.
    assert charged(charge(rows, rules, margins, OCTOBER)) == {"a": "77", "b": "75", "c": "5", "gateway": "0"}


def test_rows_hold_from_their_month_until_a_later_one() -> None:
    margins = [margin("1.10", project="a"), margin("1", "2026-10", project="a"), margin("3", "2026-11", project="b")]
    rules = [shared("gateway", "2026-03", to=["a"]), shared("gateway", "2026-10", to=["b"])]
    months = [charged(charge(ROWS, rules, margins, Month(2026, number))) for number in (2, 9, 10, 11)]
    assert [[found["a"], found["b"]] for found in months] == [
        ["110", "300"],
        ["154", "300"],
        ["100", "340"],
        ["100", "1020"],
    ]


def test_calls_without_a_project_are_charged_to_nobody_and_take_no_part() -> None:
    rows = [*ROWS, spent(None, "5", calls=50, team="x"), spent(None, "6")]
    found = charge(rows, [shared("gateway", by="calls")], [margin("2", team="x")], OCTOBER)
    assert charged(found) == {"a": "110", "b": "330", "gateway": "0", None: "11"}
    assert found.lines[-1].project is None


def test_the_last_digit_goes_to_the_largest_remainder_then_by_name() -> None:
    assert split(Decimal("0.000000001"), {"b": 1, "a": 1}) == {"b": Decimal(0), "a": LEAST}
    assert split(10 * LEAST, {"a": 1, "b": 1, "c": 2}) == {"a": 3 * LEAST, "b": 2 * LEAST, "c": 5 * LEAST}
    assert split(Decimal(1), {"a": 0, "b": 0}) == {}
    with pytest.raises(ValueError, match="more than 9 decimal digits"):
        split(Decimal("1e-10"), {"a": 1})


NAMES = st.sampled_from(["a", "b", "c", "d", "客服"])
COSTS = st.one_of(
    st.decimals(0, 10**10, places=0),
    st.decimals(0, 10**10, places=2),
    st.decimals(0, 1000, places=9),
    st.integers(0, 10**36).map(lambda units: Decimal(units).scaleb(-9)),
)
SPENT = st.lists(
    st.builds(
        Spent,
        st.one_of(st.none(), NAMES),
        st.sampled_from([None, "x", "y"]),
        st.integers(0, 5),
        st.integers(0, 10**15),
        COSTS,
    ),
    max_size=12,
)
# A project hands out to later letters alone: no circle.
RULES = st.lists(
    st.one_of(
        st.builds(
            lambda at, by, more: shared("abc"[at], by=by, to=list("bcd")[at : at + more]),
            st.integers(0, 2),
            st.sampled_from(["calls", "tokens", "cost"]),
            st.integers(0, 3),
        ),
        st.builds(
            lambda at, share: shared("abc"[at], by="fixed", shares={"abcd"[at + 1]: share, "shop": 1 - share}),
            st.integers(0, 2),
            st.decimals("0", "1", places=5),
        ),
    ),
    max_size=3,
    unique_by=lambda rule: rule.project,
)
FACTORS = st.decimals("0", "9", places=4).map(str)
MARGINS = st.lists(
    st.builds(
        lambda key, name, factor: margin(factor, **{key: name}),
        st.sampled_from(["project", "team"]),
        st.sampled_from(["a", "b", "x", "y", "shop"]),
        FACTORS,
    ),
    max_size=4,
    unique_by=lambda row: (row.project, row.team),
)


def exact(values: Sequence[Decimal]) -> int:
    """A sum in thousand-millionths: no context rounds it."""
    for value in values:
        _, _, exponent = value.as_tuple()
        assert isinstance(exponent, int)
        assert exponent >= -9
    return sum(int(f"{value:.9f}".replace(".", "")) for value in values)


@given(SPENT, RULES, MARGINS, st.randoms())
def test_nothing_is_lost_and_the_order_of_rows_does_not_matter(
    rows: list[Spent], rules: list[Shared], margins: list[Margin], chance: Any
) -> None:
    found = charge(rows, rules, margins, OCTOBER)
    direct = [line.direct for line in found.lines]
    received = [part for line in found.lines for _, part in line.received]
    margin = [line.margin for line in found.lines]
    assert exact(direct) == exact([row.cost for row in rows])
    assert exact(received) == exact([line.handed_out for line in found.lines])
    assert exact([line.charged for line in found.lines]) == exact(direct) + exact(margin)
    for line in found.lines:
        parts = [line.direct, *(part for _, part in line.received), line.margin]
        assert exact([line.charged]) == exact(parts) - exact([line.handed_out])
    kept = {one.project for one in found.stayed}
    for rule in rules:
        for line in found.lines:
            if line.project == rule.project and rule.project not in kept:
                assert not line.borne
    for jumbled in (rows, rules, margins):
        chance.shuffle(jumbled)
    assert charge(rows, rules, margins, OCTOBER) == found


@given(
    st.integers(-(10**36), 10**36).map(lambda units: Decimal(units).scaleb(-9)),
    st.dictionaries(st.text(max_size=3), st.one_of(st.integers(0, 10**18), COSTS), max_size=9),
)
def test_a_split_adds_up_and_nobody_is_a_digit_away_from_the_fair_part(
    total: Decimal, weights: dict[str, Decimal | int]
) -> None:
    parts = split(total, weights)
    assert set(parts) == {name for name, weight in weights.items() if weight > 0}
    if parts:
        assert exact(list(parts.values())) == exact([total])
        whole = sum(map(Fraction, weights.values()))
        for name, part in parts.items():
            fair = exact([total]) * Fraction(weights[name])
            assert abs(exact([part]) * whole - fair) < whole
