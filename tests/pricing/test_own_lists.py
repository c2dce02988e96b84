"""The project's own lists: every row holds together, says where it was read, and is plausible."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from audit.pricing import overlaps, pricelist, providers

if TYPE_CHECKING:
    from audit.pricing.row import Band, PriceRow, Prices

LISTS = sorted(pricelist.OWN.glob("*.toml"))
ROWS = [row for path in LISTS for row in pricelist.read(path)]
# What is out of the ordinary and true: the model, and what its maker's page says.
DEARER_IN = {
    "qwen3-omni-30b-a3b-captioner": "it hears sound and says what it is in a few words",
}
SINCE = datetime(2023, 1, 1, tzinfo=UTC)


def named(row: PriceRow) -> str:
    return row.place.rpartition("/")[2]


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.stem)
def test_a_list_holds_together_and_is_its_provider_s(path) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    rows = pricelist.read(path)
    overlaps.check(rows)
    assert {row.provider for row in rows} == {path.stem}
    known = providers.called(path.stem)
    assert known is not None
    assert known.id == path.stem
    checked = max(row.checked for row in rows if row.checked)
    own = pricelist.own(path.stem)
    assert own is not None
    assert own.name == f"own list {checked}"


def test_every_row_says_where_and_when_it_was_read() -> None:
    today = datetime.now(UTC).date()
    wrong = [named(row) for row in ROWS if not row.source.startswith("https://")]
    wrong += [named(row) for row in ROWS if row.checked is None or row.checked > today]
    assert not wrong


def test_every_row_is_in_dollars_or_yuan() -> None:
    assert not [named(row) for row in ROWS if row.currency not in ("USD", "CNY")]
    # A region has one currency.
    for provider, rows in itertools.groupby(ROWS, key=lambda row: row.provider):
        held = {(row.region, row.currency) for row in rows}
        assert len(held) == len({region for region, _ in held}), provider


def stated(row: PriceRow) -> list[Prices]:
    return [row, *row.bands]


def test_prices_have_the_digits_that_a_unit_price_keeps() -> None:
    """A million's price has six digits behind its point at most, or its last ones would be lost."""
    wrong = [
        (named(row), key)
        for row in ROWS
        for prices in stated(row)
        for key, value in prices.stated.items()
        if key.endswith("_mtok") and -int(value.normalize().as_tuple().exponent) > 6
    ]
    assert not wrong


def test_rows_begin_within_the_field_s_time_and_in_order() -> None:
    wrong = [named(row) for row in ROWS for at in (row.begin, row.end) if at is not None and at < SINCE]
    assert not wrong


def test_bands_follow_one_another_without_overlap_or_gap() -> None:
    wrong = []
    for row in ROWS:
        for way in ("input", "output"):
            others = "output" if way == "input" else "input"
            alike: dict[tuple[int, int | None], list[Band]] = {}
            for band in row.bands:
                alike.setdefault((getattr(band, f"{others}_from"), getattr(band, f"{others}_to")), []).append(band)
            for bands in alike.values():
                edges = sorted({getattr(band, f"{way}_from"): getattr(band, f"{way}_to") for band in bands}.items())
                wrong += [(named(row), way) for (_, end), (begin, _) in itertools.pairwise(edges) if end != begin]
    assert not wrong


def test_a_band_with_a_longer_input_costs_no_less() -> None:
    wrong = []
    for row in ROWS:
        flat = [band for band in row.bands if not band.output_from and band.output_to is None]
        prices = [row.input_mtok, *(band.input_mtok for band in sorted(flat, key=lambda band: band.input_from))]
        told = [price for price in prices if price is not None]
        wrong += [named(row)] if told != sorted(told) else []
    assert not wrong


def test_output_costs_no_less_than_input_and_cached_input_no_more() -> None:
    wrong = []
    for row in ROWS:
        for prices in stated(row):
            told = {**row.stated, **prices.stated}
            into, out, read = (told.get(key) for key in ("input_mtok", "output_mtok", "cache_read_mtok"))
            if into is None:
                continue
            if out is not None and 0 < out < into and row.models[0] not in DEARER_IN:
                wrong.append((named(row), row.models, "output", str(into), str(out)))
            if read is not None and read > into:
                wrong.append((named(row), row.models, "cache_read", str(into), str(read)))
    assert not wrong


def test_factors_and_discounts_are_plausible() -> None:
    for row in ROWS:
        assert row.batch_factor is None or Decimal("0.4") <= row.batch_factor <= 1, named(row)
        assert row.discount == 0, named(row)
        assert row.tiering == "cliff" or row.bands, named(row)
