"""What stands behind the month's money, as data: currencies, price lists, sources' own costs, pools, who is charged."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class CurrencyLine:
    """Calls priced in one currency: what they cost in it, and in the report's at the month's ``rate``."""

    currency: str
    calls: int
    native_cost: Decimal
    rate: Decimal
    rate_source: str
    cost: Decimal


@dataclass(frozen=True, slots=True)
class PricedBy:
    """Calls that one list priced; ``source`` names it with its version and is None for calls without a price."""

    source: str | None
    calls: int
    cost: Decimal


@dataclass(frozen=True, slots=True)
class StatedLine:
    """A source that says itself what calls cost, beside what the price list says of the same calls.

    ``counted`` says which of the two the report's figures use. ``difference`` is stated less listed. Calls of which one
    of the two is not known are left out of the sums: ``not_comparable``.
    """

    source: str
    counted: str
    calls: int
    stated: Decimal
    listed: Decimal
    difference: Decimal
    not_comparable: int


@dataclass(frozen=True, slots=True)
class PoolLine:
    """A pool of one's own: what it cost in the month, what it served, and what a million tokens came to.

    A pool that served nothing cost its money all the same; that is in no project's cost and not in the spend.
    """

    pool: str
    calls: int
    tokens: int
    native_cost: Decimal
    currency: str
    cost: Decimal
    per_mtok: Decimal | None


@dataclass(frozen=True, slots=True)
class ChargedLine:
    """What a project is charged: its calls' cost, its part of shared projects, less what it hands out, and the margin.

    ``stayed_by`` is what a shared project was to be split by where nobody had any of it, so that its cost stayed.
    """

    project: str | None
    direct: Decimal
    received: Decimal
    received_from: tuple[str, ...]
    handed_out: Decimal
    margin: Decimal
    charged: Decimal
    stayed_by: str | None


@dataclass(frozen=True, slots=True)
class Accounts:
    """All of it. A table that would say nothing new is empty: no currency but the report's, no pool, no margin."""

    currencies: tuple[CurrencyLine, ...]
    priced_by: tuple[PricedBy, ...]
    stated: tuple[StatedLine, ...]
    pools: tuple[PoolLine, ...]
    charged: tuple[ChargedLine, ...]
