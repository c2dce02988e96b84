"""What the same call would cost otherwise: on the model a step down, and as a part of the provider's batch."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from audit.pricing import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterable

    from audit.pricing.book import Book
    from audit.pricing.units import Case, UnitPrices

BATCH = "batch"
_Edge = TypeVar("_Edge", int, datetime)


def smaller(book: Book, case: Case, price: UnitPrices) -> UnitPrices | None:
    """The nearest model down the family at half the price or less, at the same time, length and currency."""
    for model in catalogue.smaller_than(price.listed_provider, price.listed_model):
        at = replace(case, provider=price.listed_provider, model=model, first=price.valid_from, last=price.valid_from)
        for row in book.prices(at):
            fits = row.currency == price.currency and row.input_from <= price.input_from < row.input_to
            dear = price.units
            if fits and row.units["input"] * 2 <= dear["input"] and row.units["output"] * 2 <= dear["output"]:
                return row
    return None


def batches(book: Book, case: Case) -> list[UnitPrices]:
    """What the provider's batch asks for a case; nothing where it sells none, or where the case is a batch."""
    return [] if case.service_tier == BATCH else book.prices(replace(case, service_tier=BATCH))


def edges(rows: Iterable[UnitPrices], begin: datetime, end: datetime) -> list[datetime]:
    """The instants between two others at which rows begin or end to hold, in order."""
    return sorted({at for row in rows for at in (row.valid_from, row.valid_to) if begin < at < end})


def batch(rows: Iterable[UnitPrices], price: UnitPrices) -> UnitPrices | None:
    """The batch's row in the price's currency that holds wherever it does: all its time, hours, lengths, thinking."""
    for row in rows:
        if (
            row.currency == price.currency
            and _holds((row.valid_from, row.valid_to), (price.valid_from, price.valid_to))
            and _holds((row.second_from, row.second_to), (price.second_from, price.second_to))
            and _holds((row.input_from, row.input_to), (price.input_from, price.input_to))
            and _holds((row.output_from, row.output_to), (price.output_from, price.output_to))
            and row.thinking in (None, price.thinking)
        ):
            return row
    return None


def _holds(span: tuple[_Edge, _Edge], part: tuple[_Edge, _Edge]) -> bool:
    return span[0] <= part[0] and part[1] <= span[1]
