"""Price rows cut to what a case needs: its days, its hours, its lengths."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from audit.pricing.row import WEEKDAYS
from audit.pricing.units import DAY_SECONDS, NO_LIMIT, UnitPrices, units_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from audit.pricing.row import PriceRow

Span = tuple[datetime, datetime]
Seconds = tuple[int, int]
Listed = Mapping[str, Decimal]
ONE = Decimal(1)
EVER = datetime.min.replace(tzinfo=UTC)


def cut(span: Span, instants: Iterable[datetime | None]) -> list[Span]:
    """A span of time at every instant that lies in it."""
    inside = {at.astimezone(UTC) for at in instants if at is not None and span[0] < at < span[1]}
    return list(itertools.pairwise(sorted({*span, *inside})))


def holding(rows: Iterable[PriceRow], span: Span) -> list[PriceRow]:
    """The rows that hold for all of a span: of those for the same calls, the one that began last."""
    latest: dict[object, PriceRow] = {}
    for row in rows:
        begin, end = row.begin, row.end
        here = (begin is None or begin <= span[0]) and (end is None or span[1] <= end)
        if here and row.holds_on(span[0].astimezone(ZoneInfo(row.zone)).date()):
            same = (row.service_tier, row.thinking, row.hours, row.hours and row.zone)
            before = latest.setdefault(same, row)
            if (begin or EVER) > (before.begin or EVER):
                latest[same] = row
    return list(latest.values())


def edges(rows: Iterable[PriceRow], span: Span) -> list[datetime | None]:
    """The instants of a span at which other rows may hold: their beginnings and ends, and midnights between days."""
    found = []
    for row in rows:
        begin, end = row.begin, row.end
        found += [begin, end]
        if row.weekdays != WEEKDAYS or row.not_on:
            zone = ZoneInfo(row.zone)
            day = max(span[0], begin or EVER).astimezone(zone).date()
            last = min(span[1], end or span[1]).astimezone(zone).date()
            while day <= last:
                later = day + timedelta(days=1)
                if row.holds_on(day) is not row.holds_on(later):
                    found.append(datetime.combine(later, time(), zone))
                day = later
    return found


def factor_of(row: PriceRow, service_tier: str) -> Decimal | None:
    """What a row's prices are multiplied by for a tier; None where it says nothing of the tier."""
    if row.service_tier == service_tier:
        return ONE - row.discount
    if row.service_tier != "standard" or service_tier == "standard":
        return None
    factor: Decimal | None = getattr(row, f"{service_tier}_factor", None)
    return None if factor is None else factor * (ONE - row.discount)


def unit_prices(rows: Sequence[PriceRow], span: Span, service_tier: str, source: str) -> list[UnitPrices]:
    """What the rows that hold for a span make of it: by hours of the day, by thinking, by length."""
    used = [row for row in rows if factor_of(row, service_tier) is not None]
    used.sort(key=lambda row: row.begin or EVER, reverse=True)
    used.sort(key=lambda row: (row.service_tier != service_tier, row.thinking is None, row.hours is None))
    told = any(row.thinking is not None for row in used)
    return [
        _priced(row, factor_of(row, service_tier) or ONE, cell, source, span=(*part, *seconds), thinking=thinking)
        for part in _by_offset(used, span)
        for thinking in ((True, False) if told else (None,))
        for row, seconds in _by_hour(used, part, thinking=thinking)
        for cell in _cells(row)
    ]


def _by_offset(rows: Sequence[PriceRow], span: Span) -> list[Span]:
    """The span cut where a zone's clock changes, if a row goes by the hour."""
    changes = []
    for zone in {ZoneInfo(row.zone) for row in rows if row.hours}:
        day = span[0]
        while day < span[1]:
            later = min(day + timedelta(days=1), span[1])
            if day.astimezone(zone).utcoffset() != later.astimezone(zone).utcoffset():
                changes.append(_change(zone, day, later))
            day = later
    return cut(span, changes)


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The instant, to the second, at which a zone's clock changes."""
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=int((after - before).total_seconds()) // 2)
        same = middle.astimezone(zone).utcoffset() == before.astimezone(zone).utcoffset()
        before, after = (middle, after) if same else (before, middle)
    return after.replace(microsecond=0)


def _by_hour(rows: Sequence[PriceRow], span: Span, *, thinking: bool | None) -> Iterator[tuple[PriceRow, Seconds]]:
    """Each row with the seconds of the UTC day it holds for: what the rows before it have left of them."""
    free = [(0, DAY_SECONDS)]
    for row in rows:
        if row.thinking in (None, thinking):
            held = seconds_of(row, span[0])
            yield from ((row, part) for part in both(free, held))
            free = both(free, _rest(held))


def seconds_of(row: PriceRow, at: datetime) -> list[Seconds]:
    """The seconds of the UTC day that a row's hours are, its zone's clock being as at an instant; all without hours."""
    if not row.hours:
        return [(0, DAY_SECONDS)]
    zone = ZoneInfo(row.zone)
    offset = int((at.astimezone(zone).utcoffset() or timedelta()).total_seconds())
    begin, end = (_of_day(clock) - offset for clock in row.hours)
    begin, end = begin % DAY_SECONDS, end % DAY_SECONDS or DAY_SECONDS
    return [(begin, end)] if begin < end else [(0, end), (begin, DAY_SECONDS)]


def _of_day(clock: time) -> int:
    return int((datetime.combine(date.min, clock) - datetime.combine(date.min, time())).total_seconds())


def both(some: Iterable[Seconds], others: Sequence[Seconds]) -> list[Seconds]:
    """What lies in both of two parts of a day."""
    common = [(max(a, c), min(b, d)) for a, b in some for c, d in others]
    return [(begin, end) for begin, end in common if begin < end]


def _rest(taken: Sequence[Seconds]) -> list[Seconds]:
    """The day without some parts of it, which are in order."""
    edges = [0, *itertools.chain.from_iterable(taken), DAY_SECONDS]
    return list(zip(edges[::2], edges[1::2], strict=True))


Cell = tuple[int, int, int, int, Listed, Decimal]


def _cells(row: PriceRow) -> Iterator[Cell]:
    """Input and output lengths with the prices that hold there, and what a call pays besides in marginal bands."""
    if not row.bands:
        yield 0, NO_LIMIT, 0, NO_LIMIT, row.stated, Decimal(0)
        return
    inputs = _edges((band.input_from, band.input_to) for band in row.bands)
    outputs = _edges((band.output_from, band.output_to) for band in row.bands)
    for input_from, input_to in inputs:
        for output_from, output_to in outputs:
            prices = _at(row, input_from, output_from)
            besides = Decimal(0)
            if row.tiering == "marginal":
                besides = _besides(
                    "input_mtok", inputs, input_from, prices, [_at(row, i, output_from) for i, _ in inputs]
                )
                besides += _besides(
                    "output_mtok", outputs, output_from, prices, [_at(row, input_from, o) for o, _ in outputs]
                )
            yield input_from, input_to, output_from, output_to, prices, besides


def _edges(ends: Iterable[tuple[int, int | None]]) -> list[tuple[int, int]]:
    edges = {0, NO_LIMIT}
    for begin, end in ends:
        edges |= {begin, NO_LIMIT if end is None else end}
    return list(itertools.pairwise(sorted(edges)))


def _at(row: PriceRow, input_tokens: int, output_tokens: int) -> Listed:
    """The prices at a length: of the bands it lies in, the one that begins last, on top of the row's own."""
    inside = [
        band
        for band in row.bands
        if band.input_from <= input_tokens < (band.input_to or NO_LIMIT)
        and band.output_from <= output_tokens < (band.output_to or NO_LIMIT)
    ]
    if not inside:
        return row.stated
    return {**row.stated, **max(inside, key=lambda band: (band.input_from, band.output_from)).stated}


def _besides(key: str, edges: list[tuple[int, int]], begin: int, prices: Listed, each: list[Listed]) -> Decimal:
    """What the shorter bands' tokens cost more or less than at the price of the band that is reached."""
    zero = Decimal(0)
    return sum(
        (
            (band.get(key, zero) - prices.get(key, zero)) * (end - start) / 1_000_000
            for (start, end), band in zip(edges, each, strict=True)
            if start < begin
        ),
        zero,
    )


def _priced(
    row: PriceRow,
    factor: Decimal,
    cell: Cell,
    source: str,
    *,
    span: tuple[datetime, datetime, int, int],
    thinking: bool | None,
) -> UnitPrices:
    """One cell of a row, for calls with reasoning, without, or both."""
    input_from, input_to, output_from, output_to, listed, besides = cell
    units = units_of(listed, factor)
    units["request"] += besides * factor
    return UnitPrices(
        valid_from=span[0],
        valid_to=span[1],
        currency=row.currency,
        units=units,
        listed_provider=row.provider,
        listed_model=row.models[0],
        price_source=source,
        second_from=span[2],
        second_to=span[3],
        input_from=input_from,
        input_to=input_to,
        output_from=output_from,
        output_to=output_to,
        thinking=thinking,
        cache_kind=row.cache_kind,
        cache_min_tokens=row.cache_min_tokens,
        cache_lifetime_ms=row.cache_lifetime_ms,
    )
