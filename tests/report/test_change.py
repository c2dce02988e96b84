"""Why a month cost more or less: the parts add up to the last digit; what alone changed bears the change."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from audit.report.cells import KINDS, Cell
from audit.report.effects import NAMES, Change, Parts, Side, compared

ZERO = Decimal(0)
TASKS = st.sampled_from([("chat", "triage"), ("chat", None), ("embeddings", "index")])
MODELS = st.sampled_from([("openai", "gpt-5", "standard", "0"), ("openai", "gpt-5", "batch", "0"), ("x", "m", "", "1")])
TOKENS = st.integers(0, 10**9).map(Decimal)
PRICE = st.integers(0, 10**12).map(lambda units: Decimal(units).scaleb(-12))
MONEY = st.integers(0, 10**15).map(lambda units: Decimal(units).scaleb(-9))


@st.composite
def cells(draw: st.DrawFn) -> Cell:
    return Cell(
        lane=draw(TASKS),
        model=draw(MODELS),
        calls=Decimal(draw(st.integers(1, 10**7))) / draw(st.sampled_from([1, 1, 3])),
        used=tuple(draw(TOKENS) for _ in KINDS),
        prices=draw(st.tuples(*[PRICE] * len(KINDS)) | st.just((None,) * len(KINDS))),
        cost=draw(MONEY),
        currency=draw(st.sampled_from(["CNY", None])),
        rate=Decimal(draw(st.sampled_from(["0.14", "0.15"]))),
        is_stated=draw(st.booleans()),
    )


SIDES = st.builds(
    Side,
    st.lists(cells(), min_size=1, max_size=3, unique_by=lambda cell: cell.key).map(tuple),
    st.just(ZERO) | MONEY,
    st.integers(0, 3),
    st.integers(0, 9),
)
PROJECTS = st.sampled_from(["search", "support", "docs", None])
MONTHS = st.dictionaries(PROJECTS, SIDES, min_size=1, max_size=3)
UNHURRIED = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)


def change(then: dict[str | None, Side], now: dict[str | None, Side]) -> Change:
    found = compared(then, now, "2026-09")
    assert found
    return found


@UNHURRIED
@given(MONTHS, MONTHS)
def test_the_parts_add_up_to_the_difference_to_the_last_digit(
    then: dict[str | None, Side], now: dict[str | None, Side]
) -> None:
    found = compared(then, now, "2026-09")
    assume(found is not None)
    assert found
    assert found.parts.total == found.after - found.before
    assert found.before == sum((side.cost for side in then.values()), ZERO)
    assert found.after == sum((side.cost for side in now.values()), ZERO)
    for name in NAMES:
        assert sum((getattr(line.parts, name) for line in found.projects), ZERO) == getattr(found.parts, name)
    for line in found.projects:
        assert line.parts.total == line.after - line.before
        assert all(amount == amount.quantize(Decimal("1e-9")) for amount in line.parts.each().values())


@UNHURRIED
@given(MONTHS, MONTHS)
def test_the_other_way_round_the_total_is_the_opposite(
    then: dict[str | None, Side], now: dict[str | None, Side]
) -> None:
    there, back = compared(then, now, "2026-09"), compared(now, then, "2026-10")
    assume(there is not None and back is not None)
    assert there
    assert back
    assert there.parts.total == -back.parts.total
    assert (there.parts.waste, there.parts.unknown) == (-back.parts.waste, -back.parts.unknown)
    assert (there.parts.new, there.parts.gone) == (-back.parts.gone, -back.parts.new)


@UNHURRIED
@given(MONTHS)
def test_nothing_changed_is_no_change(month: dict[str | None, Side]) -> None:
    found = compared(month, month, "2026-09")
    assume(found is not None)
    assert found
    assert found.parts == Parts()


@st.composite
def priced(draw: st.DrawFn) -> Cell:
    """A cell whose cost is its tokens at its prices, to the last digit."""
    used = tuple(draw(st.integers(1, 10**6).map(lambda n: Decimal(n * 1000))) for _ in KINDS)
    prices = tuple(Decimal(draw(st.integers(1, 10**6))) / 10**12 for _ in KINDS)
    return costing(Cell(draw(TASKS), draw(MODELS), Decimal(draw(st.integers(1, 10**6))), used, prices, ZERO))


def costing(cell: Cell) -> Cell:
    """The cell with the cost that its tokens and prices make."""
    whole = sum((used * (price or ZERO) for used, price in zip(cell.used, cell.prices, strict=True)), ZERO)
    return replace(cell, cost=whole)


LISTED = st.lists(priced(), min_size=1, max_size=4, unique_by=lambda cell: cell.key)


def only(name: str, then: list[Cell], now: list[Cell]) -> Decimal:
    """All of the change is one part's; returns it."""
    before, after = (sum((cell.cost for cell in one), ZERO) for one in (then, now))
    found = change({"search": Side(tuple(then))}, {"search": Side(tuple(now))})
    assert found.parts == Parts(**{name: after - before})
    return after - before


@UNHURRIED
@given(LISTED, st.lists(st.integers(1, 5), min_size=4, max_size=4))
def test_prices_that_moved_alone_bear_the_change(then: list[Cell], times: list[int]) -> None:
    now = [
        costing(replace(cell, prices=tuple((price or ZERO) * factor for price in cell.prices)))
        for cell, factor in zip(then, times, strict=False)
    ]
    only("price", then, now)


@UNHURRIED
@given(LISTED, st.integers(1, 9))
def test_more_calls_of_the_same_kind_are_volume_alone(then: list[Cell], times: int) -> None:
    def more(cell: Cell) -> Cell:
        return replace(
            cell, calls=cell.calls * times, used=tuple(kind * times for kind in cell.used), cost=cell.cost * times
        )

    assert only("volume", then, [more(cell) for cell in then]) >= 0


@UNHURRIED
@given(LISTED, st.data())
def test_calls_that_move_between_models_at_the_same_tokens_are_mix_alone(then: list[Cell], data: st.DataObject) -> None:
    """Each call has the same tokens, whatever its model; how many each model answers of one task is drawn anew."""
    then = [replace(cell, lane=("chat", "triage")) for cell in {cell.model: cell for cell in then}.values()]
    tokens = [Decimal(n * 1000) for n in data.draw(st.tuples(*[st.integers(0, 10**4)] * len(KINDS)))]

    def answering(cell: Cell, calls: int) -> Cell:
        return costing(replace(cell, calls=Decimal(calls), used=tuple(kind * calls for kind in tokens)))

    before = [data.draw(st.integers(1, 9)) for _ in then]
    after = data.draw(st.permutations(before))
    only(
        "mix",
        [answering(cell, calls) for cell, calls in zip(then, before, strict=True)],
        [answering(cell, calls) for cell, calls in zip(then, after, strict=True)],
    )


@UNHURRIED
@given(LISTED, st.data())
def test_what_is_read_from_the_cache_alone_is_cache_alone(then: list[Cell], data: st.DataObject) -> None:
    def read(cell: Cell) -> Cell:
        whole = cell.used[0] + cell.used[1]
        part = 1000 * Decimal(data.draw(st.integers(0, int(whole) // 1000)))
        return costing(replace(cell, used=(whole - part, part, *cell.used[2:])))

    only("cache", then, [read(cell) for cell in then])


@UNHURRIED
@given(LISTED, st.lists(st.integers(1, 5), min_size=4, max_size=4), st.booleans())
def test_longer_prompts_and_answers_are_tokens_alone(then: list[Cell], times: list[int], answers: bool) -> None:  # noqa: FBT001
    def longer(cell: Cell, factor: int) -> Cell:
        *taken, given_out = cell.used
        longer_input = tuple(kind * factor for kind in taken)
        return costing(replace(cell, used=(*longer_input, given_out * factor if answers else given_out)))

    only("tokens", then, [longer(cell, factor) for cell, factor in zip(then, times, strict=False)])


@UNHURRIED
@given(LISTED, LISTED)
def test_a_project_that_came_or_went_is_new_or_gone_with_all_it_cost(held: list[Cell], other: list[Cell]) -> None:
    stays, moves = Side(tuple(held)), Side(tuple(other), Decimal("1.5"))
    came = change({"stays": stays}, {"stays": stays, "comes": moves})
    went = change({"stays": stays, "goes": moves}, {"stays": stays})
    assert came.parts == Parts(new=moves.cost)
    assert went.parts == Parts(gone=-moves.cost)


def one(**other: object) -> Cell:
    """1,000 calls of 500 tokens in and 100 out at $1 and $5 the million: a dollar."""
    million = Decimal(1) / 10**6
    cell = Cell(
        lane=("chat", "triage"),
        model=("openai", "gpt-5", "standard", "0"),
        calls=Decimal(1000),
        used=(Decimal(500_000), Decimal(0), Decimal(0), Decimal(0), Decimal(100_000)),
        prices=(million, million / 10, million, million * 2, million * 5),
        cost=Decimal(1),
    )
    return replace(cell, **other)  # type: ignore[arg-type]


def split(then: list[Cell], now: list[Cell], *, before: Decimal = ZERO, after: Decimal = ZERO) -> Parts:
    return change({"search": Side(tuple(then), before)}, {"search": Side(tuple(now), after)}).parts


def test_waste_is_taken_off_first_and_never_counted_as_volume() -> None:
    found = split([one()], [one()], before=Decimal("0.5"), after=Decimal("2.25"))
    assert found == Parts(waste=Decimal("1.75"))


def test_a_weaker_currency_is_told_apart_from_a_price_that_rose() -> None:
    then = one(currency="CNY", rate=Decimal("0.10"))
    dearer = tuple((price or ZERO) * 2 * Decimal("0.11") / Decimal("0.10") for price in then.prices)
    now = costing(replace(then, prices=dearer, rate=Decimal("0.11")))
    assert split([then], [now]) == Parts(price=Decimal(1), currency=Decimal("0.2"))


def test_what_is_billed_beside_tokens_counts_as_use() -> None:
    """Two searches a call at a cent: 1,000 calls cost $20 more."""
    assert split([one()], [one(cost=Decimal(21))]) == Parts(tokens=Decimal(20))


def test_a_sources_own_cost_at_a_discount_is_price() -> None:
    stated = one(is_stated=True)
    assert split([stated], [replace(stated, cost=Decimal("0.85"))]) == Parts(price=Decimal("-0.15"))


def test_a_cost_that_no_list_prices_is_spread_over_its_tokens() -> None:
    unlisted = one(prices=(None,) * len(KINDS), is_stated=True)
    doubled = replace(unlisted, used=tuple(kind * 2 for kind in unlisted.used), cost=Decimal(2))
    assert split([unlisted], [doubled]) == Parts(tokens=Decimal(1))


def test_a_model_new_to_a_task_is_held_against_what_the_task_used_before() -> None:
    """All calls moved to a model at twice the price, with twice the answer: 1 for the model, 1 more for the answers."""
    dear = one(model=("openai", "gpt-6", "standard", "0"), prices=tuple((p or ZERO) * 2 for p in one().prices))
    now = costing(replace(dear, used=(*dear.used[:4], Decimal(200_000))))
    assert split([one()], [now]) == Parts(mix=Decimal(1), tokens=Decimal(1))


def test_a_model_new_to_a_project_without_tasks_is_mix_as_a_whole() -> None:
    then = one(lane=("chat", None))
    now = costing(replace(then, model=("x", "y", "standard", "0"), used=(*then.used[:4], Decimal(300_000))))
    assert split([then], [now]) == Parts(mix=Decimal(1))


def test_prices_that_become_known_are_no_new_project() -> None:
    found = change({"a": Side((one(),)), "b": Side((), ZERO, 4)}, {"a": Side((one(),)), "b": Side((one(),))})
    assert found.parts == Parts(unknown=Decimal(1))
    assert found.unpriced_before == 4


def test_a_task_that_is_new_to_a_project_is_volume_with_all_it_costs() -> None:
    assert split([one()], [one(), one(lane=("chat", "poems"), cost=Decimal(7))]) == Parts(volume=Decimal(7))


def test_many_more_cheap_calls_are_not_counted_at_the_price_of_dear_ones() -> None:
    """A million embeddings more cost 10 dollars more; the chat beside them costs 1,000 times as much a call."""
    chat, index = one(cost=Decimal(10)), one(lane=("embeddings", None), cost=Decimal("0.01"))
    more = replace(
        index, calls=index.calls * 1001, used=tuple(kind * 1001 for kind in index.used), cost=index.cost * 1001
    )
    assert split([chat, index], [chat, more]) == Parts(volume=Decimal(10))


def test_a_project_that_was_waste_alone_before_is_volume_now() -> None:
    assert split([], [one()], before=Decimal(3)) == Parts(waste=Decimal(-3), volume=Decimal(1))


def test_a_month_that_nobody_bills_is_compared_with_none() -> None:
    assert compared({}, {"a": Side((one(),))}, "2026-09") is None
    assert compared({"a": Side((one(),))}, {"a": Side((), ZERO, 9)}, "2026-09") is None


def test_the_projects_come_by_how_much_they_moved() -> None:
    def side(cost: int) -> Side:
        return Side((one(cost=Decimal(cost)),))

    found = change({"a": side(5), "b": side(9), "c": side(1)}, {"a": side(6), "b": side(2), "c": side(4)})
    assert [line.project for line in found.projects] == ["b", "c", "a"]
