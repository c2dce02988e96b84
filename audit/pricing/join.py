"""Prices as a table in the engine: a row for every case the store's calls hold, and the terms they are joined by."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from audit.pricing import alternatives, catalogue, costed, kept, terms
from audit.pricing.book import Book
from audit.pricing.money import Rates
from audit.pricing.pooled import Pooled
from audit.pricing.rates import MissingRateError
from audit.pricing.units import FEES, UNITS, Case, UnitPrices, utc
from audit.records import Month

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from zoneinfo import ZoneInfo

    from audit.engine.duckdb import Engine
    from audit.pricing.cost import Terms
    from audit.pricing.kept import Kept
    from audit.settings import Settings


UNIT = "DECIMAL(18,12)"
RATE = "DECIMAL(18,12)"
# A product with fifteen digits behind its point has three before it.
_NARROW = 900


def native_type(unit: str) -> str:
    """What a call's cost is made of needs more digits than what a rule reads: a fee by the millisecond most."""
    if unit == "request":
        return UNIT
    return "DECIMAL(38,20)" if unit in FEES else "DECIMAL(18,15)"


def _digits(unit: str) -> Decimal:
    return Decimal(1).scaleb(-int(native_type(unit).rpartition(",")[2].rstrip(")")))


PRICES_SHAPE = {
    "provider": "VARCHAR",
    "model": "VARCHAR",
    "service_tier": "VARCHAR",
    "region": "VARCHAR",
    "valid_from": "TIMESTAMP",
    "valid_to": "TIMESTAMP",
    "second_from": "BIGINT",
    "second_to": "BIGINT",
    "input_from": "BIGINT",
    "input_to": "BIGINT",
    "output_from": "BIGINT",
    "output_to": "BIGINT",
    "thinking": "BOOLEAN",
    **{f"{unit}_price": UNIT for unit in UNITS},
    "currency": "VARCHAR",
    "rate": RATE,
    "narrow_rate": "DECIMAL(9,6)",
    "narrow_below": "DECIMAL(18,9)",
    **{f"native_{unit}": native_type(unit) for unit in UNITS},
    "listed_provider": "VARCHAR",
    "listed_model": "VARCHAR",
    "cache_kind": "VARCHAR",
    "cache_min_tokens": "BIGINT",
    "cache_lifetime_ms": "BIGINT",
    "smaller_model": "VARCHAR",
    "smaller_input_price": UNIT,
    "smaller_output_price": UNIT,
    "batch_input_price": UNIT,
    "batch_cache_read_price": UNIT,
    "batch_cache_write_price": UNIT,
    "batch_output_price": UNIT,
    "other_tiers": "BOOLEAN",
    "assumed": "VARCHAR",
    "price_source": "VARCHAR",
}


def load_prices(
    engine: Engine,
    settings: Settings,
    start: datetime,
    end: datetime,
    *,
    rates: Rates | None = None,
    anew: Month | None = None,
) -> Terms:
    """Make the table ``prices`` for every case that the store's calls between two instants (UTC) hold.

    With it comes the view ``costed``: every call of the store with its cost. What a closed month was priced with stays:
    only its cases that had no price then are looked up, but for a month that is to be priced ``anew``. Raises
    UsageError where an exchange rate is missing.
    """
    region = terms.region_of(settings)
    found = engine.rows(
        f"SELECT provider, model, coalesce(service_tier, 'standard'), {region.format(c='c')}, min(started_at), "
        "max(started_at) FROM store.calls c WHERE started_at >= $start AND started_at < $end AND model IS NOT NULL "
        "GROUP BY ALL ORDER BY ALL",
        {"start": _plain(start), "end": _plain(end)},
    )
    book, rates = Book.of(settings), rates or Rates.of(engine, settings, anew=anew)
    closed = kept.of(engine, settings.company.currency, anew=anew)
    rows: list[dict[str, Any]] = []
    pooled = Pooled.of(engine, settings, rates, closed, (utc(start), utc(end)))
    for provider, model, tier, where, first, last in found:
        whole = Case(provider, model, tier, *_months(first, last, settings.zone), where)
        own, bought = _split(whole, pooled, settings)
        rows += [_priced(whole, price, rates, settings) for price in own]
        for case in itertools.chain.from_iterable(_open(part, closed, settings) for part in bought):
            rows += _rows(case, book, rates, settings, partial(_served, engine, case, region))
    engine.load("prices", PRICES_SHAPE, rows)
    kept.add(engine, PRICES_SHAPE, closed, _plain(start), _plain(end))
    asked = terms.terms_of(engine, settings, rates, region, (_plain(start), _plain(end)))
    engine.run(f"CREATE OR REPLACE TEMP VIEW listed AS {costed.listed(asked, PRICES_SHAPE)}")
    pooled.load(engine)
    engine.run(
        f"CREATE OR REPLACE TEMP VIEW costed AS {costed.WITH_RESTS if pooled.months else 'SELECT * FROM listed'}"
    )
    return asked


def _split(case: Case, pooled: Pooled, settings: Settings) -> tuple[list[UnitPrices], list[Case]]:
    """The months of a case that pools served, with their prices, and what is left of it to be bought."""
    own, bought = [], []
    begin, month = utc(case.first), Month.of(utc(case.first).astimezone(settings.zone).date())
    while month.start(settings.zone) <= utc(case.last):
        price = pooled.of_case(case, month)
        if price is not None:
            own.append(price)
            if begin < month.start(settings.zone):
                bought.append(replace(case, first=begin, last=month.start(settings.zone) - datetime.resolution))
            begin = month.end(settings.zone)
        month = month.shift(1)
    return own, [*bought, replace(case, first=begin)] if begin <= utc(case.last) else bought


def _months(first: datetime, last: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The whole months in which calls lie: what prices a month's first call prices a late one too."""
    begin, end = (Month.of(utc(at).astimezone(zone).date()) for at in (first, last))
    return begin.start(zone), end.end(zone) - datetime.resolution


def _open(case: Case, closed: Kept, settings: Settings) -> list[Case]:
    """The case without the closed months that it has prices of already."""
    months = closed.months_of((case.provider, case.model, case.service_tier, case.region))
    left, begin = [], utc(case.first)
    last = utc(case.last)
    for month in sorted(months):
        month_start, month_end = month.start(settings.zone), month.end(settings.zone)
        if month_end <= begin or last < month_start:
            continue
        if begin < month_start:
            left.append(replace(case, first=begin, last=month_start - datetime.resolution))
        begin = month_end
    return [*left, replace(case, first=begin, last=last)] if begin <= last else left


def _served(engine: Engine, case: Case, region: str, begin: datetime, end: datetime) -> bool:
    """Whether a case has calls between two instants."""
    (found,) = engine.row(
        "SELECT count(*) FROM store.calls c WHERE provider IS NOT DISTINCT FROM $provider AND model = $model "
        f"AND coalesce(service_tier, 'standard') = $tier AND {region.format(c='c')} IS NOT DISTINCT FROM $region "
        "AND started_at >= $start AND started_at < $end",
        {
            "provider": case.provider,
            "model": case.model,
            "tier": case.service_tier,
            "region": case.region,
            "start": _plain(begin),
            "end": _plain(end),
        },
    )
    return bool(found)


def _rows(
    case: Case, book: Book, rates: Rates, settings: Settings, served: Callable[[datetime, datetime], bool]
) -> Iterator[dict[str, Any]]:
    """The case's rows, one a month where the report's currency is not the list's.

    A month that has no rate needs none where the case has no calls in it.
    """
    prices = book.prices(case)
    other_tiers = any(
        catalogue.has_other_tiers(replace(case, provider=price.listed_provider, model=price.listed_model))
        for price in prices[:1]
    )
    batches = alternatives.batches(book, case)
    for price in prices:
        cuts = [price.valid_from, *alternatives.edges(batches, price.valid_from, price.valid_to), price.valid_to]
        if price.currency != settings.company.currency:
            month = Month.of(price.valid_from.astimezone(settings.zone).date())
            while month.end(settings.zone) < price.valid_to:
                month = month.shift(1)
                cuts.append(month.start(settings.zone))
        for begin, end in itertools.pairwise(sorted(set(cuts))):
            within = replace(price, valid_from=begin, valid_to=end)
            try:
                row = _priced(case, within, rates, settings)
            except MissingRateError:
                if served(begin, end):
                    raise
                continue
            step, batch = alternatives.smaller(book, case, within), alternatives.batch(batches, within)
            yield row | _step(step, row["rate"]) | _batch(batch, row["rate"]) | {"other_tiers": other_tiers}


def _priced(case: Case, price: UnitPrices, rates: Rates, settings: Settings) -> dict[str, Any]:
    """One row of the table: prices that hold for a case within one month, at that month's rate."""
    try:
        rate = rates.of_month(price.currency, Month.of(price.valid_from.astimezone(settings.zone).date()))
    except MissingRateError as error:
        named = f"{case.provider or '-'}/{case.model} is priced in {price.currency} by {price.price_source}"
        elsewhere = "; if another site served its calls, say so under [prices] regions" if price.is_own else ""
        raise MissingRateError(f"{error} ({named}{elsewhere})") from None
    row: dict[str, Any] = {name: getattr(price, name) for name in PRICES_SHAPE if hasattr(price, name)}
    row |= {name: getattr(case, name) for name in costed.KEY}
    row |= {"valid_from": _plain(price.valid_from), "valid_to": _plain(price.valid_to), "rate": _exact(rate)}
    row |= _narrow(_exact(rate))
    row |= {f"native_{unit}": value.quantize(_digits(unit)) for unit, value in price.units.items()}
    row |= {f"{unit}_price": _exact(value * rate) for unit, value in price.units.items()}
    return row


def _step(step: UnitPrices | None, rate: Decimal) -> dict[str, Any]:
    """The columns of the model a step down."""
    if step is None:
        return {}
    of_units = {f"smaller_{unit}_price": _exact(step.units[unit] * rate) for unit in ("input", "output")}
    return {"smaller_model": step.listed_model, **of_units}


def _batch(batch: UnitPrices | None, rate: Decimal) -> dict[str, Any]:
    """The columns of the batch."""
    names = ("input", "cache_read", "cache_write", "output")
    return {} if batch is None else {f"batch_{unit}_price": _exact(batch.units[unit] * rate) for unit in names}


def _narrow(rate: Decimal) -> dict[str, Decimal]:
    """A rate with six digits behind its point at most, and the native cost below which a narrow decimal holds both."""
    narrow = rate.quantize(Decimal("0.000001"))
    return {"narrow_rate": narrow, "narrow_below": _exact(_NARROW / rate)} if narrow == rate < _NARROW else {}


def _exact(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.000000000001"))


def _plain(instant: datetime) -> datetime:
    """A UTC instant as the engine's tables hold it, without a zone."""
    return instant.astimezone(UTC).replace(tzinfo=None) if instant.tzinfo else instant
