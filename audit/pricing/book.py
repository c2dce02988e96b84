"""Every price there is, in order: the user's contracts, the project's own lists, genai-prices."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from audit.pricing import catalogue, pricelist, spans
from audit.pricing.names import Candidate, candidates
from audit.pricing.units import UnitPrices, utc

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from audit.pricing.pricelist import PriceList
    from audit.pricing.row import PriceRow
    from audit.pricing.spans import Span
    from audit.pricing.units import Case
    from audit.settings import Settings


@dataclass(frozen=True, slots=True)
class Found:
    """A list that knows a name: the name it goes by there, and its rows; genai-prices has its own.

    ``whole``: what the list leaves out of a model is not known.
    """

    candidate: Candidate
    source: str
    rows: tuple[PriceRow, ...] = ()
    whole: bool = False


@dataclass(frozen=True)
class Book:
    """The lists, and the names that a company gave to models."""

    contracts: Sequence[PriceList] = ()
    deployments: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: Settings) -> Book:
        """The book that the settings describe. Raises UsageError where a contract's rows are wrong."""
        return cls(pricelist.contracts(settings.prices.contracts), settings.prices.deployments)

    def found(self, case: Case) -> list[Found]:
        """Where a case's name stands, best first. A contract goes before any list, a nearer name before a farther."""
        names = candidates(case.provider, case.model, self.deployments, case.region)
        held = [
            Found(name, contract.name, rows)
            for name in names
            for contract in self.contracts
            for rows in contract.of(name.provider, name.model, name.region)
        ]
        for name in names:
            own = pricelist.own(name.provider) if name.provider else None
            if own is not None:
                held += [
                    Found(name, own.name, rows, own.whole) for rows in own.of(name.provider, name.model, name.region)
                ]
            if name.listed and catalogue.knows(replace(case, provider=name.provider, model=name.model)):
                held.append(Found(name, catalogue.source()))
        return held

    def prices(self, case: Case) -> list[UnitPrices]:
        """The rows that price a case, in order of time; none for the time and the tier that no list prices.

        A name that one list has at another tier alone is looked for in the next.
        """
        whole = (utc(case.first), utc(case.last) + timedelta(microseconds=1))
        return sorted(
            self._priced(case, self.found(case), [whole]),
            key=lambda row: (row.valid_from, row.second_from, row.input_from, row.output_from, row.thinking is True),
        )

    def _priced(self, case: Case, held: Sequence[Found], open_spans: list[Span]) -> list[UnitPrices]:
        """Each list prices the time that the lists before it left open."""
        if not held or not open_spans:
            return []
        first, rest = held[0], held[1:]
        priced: list[UnitPrices] = []
        left: list[Span] = []
        for span in open_spans:
            for part in spans.cut(span, spans.edges(first.rows, span)):
                here, discount = self._of(case, first, part, rest)
                priced += here
                if not here and not discount and not self._governs(first, part):
                    left.append(part)
        return priced + self._priced(case, rest, _joined(left))

    @staticmethod
    def _governs(found: Found, span: Span) -> bool:
        """Whether the project's own list speaks for a model by then: what it leaves out of a span is unknown."""
        return found.whole and any(row.begin is None or row.begin <= span[0] for row in found.rows)

    def _of(self, case: Case, found: Found, span: Span, rest: Sequence[Found]) -> tuple[list[UnitPrices], bool]:
        """What one list says of a span; whether it said it as a discount on what the others say."""
        name = found.candidate
        named = replace(case, provider=name.provider, model=name.model, region=name.region)
        if not found.rows:
            # What the list itself cuts is cut there.
            within = replace(named, first=span[0], last=span[1] - timedelta(microseconds=1))
            return [replace(row, assumed=_assumed(case)) for row in catalogue.unit_prices(within)], False
        holding = spans.holding(found.rows, span)
        made = spans.unit_prices([row for row in holding if row.stated], span, case.service_tier, found.source)
        if made:
            model = found.candidate.model
            return [replace(row, listed_model=model, assumed=_assumed(case)) for row in made], False
        discounts = {str(row.service_tier): row.discount for row in holding if not row.stated}
        off = discounts.get(case.service_tier, discounts.get("standard"))
        if off is None:
            return [], False
        # Off another list's price: the same row may fit a farther name too, and is taken off once.
        listed = self._priced(case, [other for other in rest if other.source != found.source], [span])
        return [
            replace(
                row,
                units={name: price * (1 - off) for name, price in row.units.items()},
                price_source=f"{found.source} on {row.price_source}",
            )
            for row in listed
        ], True


def _joined(parts: list[Span]) -> list[Span]:
    joined: list[Span] = []
    for part in parts:
        if joined and joined[-1][1] == part[0]:
            joined[-1] = (joined[-1][0], part[1])
        else:
            joined.append(part)
    return joined


def _assumed(case: Case) -> str | None:
    """Who billed is a guess where the log does not say."""
    return None if case.provider else "provider"
