"""How a call came to its cost: the price list's own arithmetic, term by term."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from audit.pricing import join

if TYPE_CHECKING:
    from audit.engine.duckdb import Engine
    from audit.records import Month
    from audit.settings import Settings

ZERO = Decimal(0)
_PRICE = ("currency", "rate", "listed_provider", "listed_model", "service_tier", "region", "assumed")


@dataclass(frozen=True, slots=True)
class Part:
    """One term of a call's price: so many units at a price of one each, in the price list's currency."""

    unit: str
    count: int
    price: Decimal

    @property
    def amount(self) -> Decimal:
        """What it comes to, with every digit."""
        return self.count * self.price


@dataclass(frozen=True, slots=True)
class Priced:
    """How a call came to its cost.

    The ``parts`` and ``rest`` (what is rounded, and of a pool what rounding left over) are ``native_cost``, in
    ``currency``; that at ``rate`` is ``list_cost``, in the report's currency, as is ``cost``, which differs from it
    only where a source's own cost counts. ``way`` is billed, gateway (the gateway's own answer), failed, unknown (its
    usage is) or unlisted (no price is known).
    """

    way: str
    source: str | None
    cost: Decimal | None
    list_cost: Decimal | None = None
    native_cost: Decimal | None = None
    currency: str | None = None
    rate: Decimal = Decimal(1)
    listed: str = ""
    assumed: str | None = None
    parts: tuple[Part, ...] = ()

    @property
    def rest(self) -> Decimal:
        """What rounding to nine digits added to the parts, or took off."""
        return ZERO if self.native_cost is None else self.native_cost - sum((part.amount for part in self.parts), ZERO)


def price(engine: Engine, settings: Settings, month: Month, named: dict[str, Any]) -> Priced:
    """The price of a call of a month, by its source and id: a closed month's as it was closed."""
    terms = join.load_prices(engine, settings, month.start(settings.zone), month.end(settings.zone))
    told = terms.products("c", "p")
    sums = [f"{count} AS count_{name}, {price} AS price_{name}" for name, (count, price) in told.items()]
    rows = engine.rows(
        f"SELECT c.cost, c.list_cost, c.native_cost, p.price_source, {terms.billing('c', 'p')}, p.model, "
        f"{', '.join(f'p.{name}' for name in _PRICE)}, {', '.join(sums)} FROM costed c LEFT JOIN prices p "
        f"ON {terms.match('c', 'p')} WHERE c.source = $source AND c.call_id = $call_id",
        named,
    )
    cost, list_cost, native_cost, source, way, listed, *rest = rows[0]
    row = dict(zip(_PRICE, rest, strict=False))
    if listed is None:
        return Priced("unlisted" if way in ("billed", "unknown") else way, source, cost, list_cost, native_cost)
    counted = zip(told, zip(rest[len(_PRICE) :: 2], rest[len(_PRICE) + 1 :: 2], strict=True), strict=True)
    return Priced(
        way=way,
        source=source,
        cost=cost,
        list_cost=list_cost,
        native_cost=native_cost,
        currency=row["currency"],
        rate=row["rate"],
        listed=" ".join([row["listed_provider"], row["listed_model"], *_apart(row)]),
        assumed=row["assumed"],
        parts=tuple(
            Part(unit, count, value or ZERO)
            for unit, (count, value) in counted
            if count and (value or unit != "request")
        )
        if way == "billed"
        else (),
    )


def _apart(row: dict[str, Any]) -> list[str]:
    """The tier and the region of a price, where it is not that of ordinary calls anywhere."""
    return ([row["service_tier"]] if row["service_tier"] != "standard" else []) + (
        [f"in {row['region']}"] if row["region"] else []
    )
