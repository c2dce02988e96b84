"""The price lists for people: what they hold, what a model costs on a day, and what a logged name stands for."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING

from audit import aligned
from audit.pricing import catalogue, pricelist
from audit.pricing.names import candidates, nearest
from audit.pricing.units import DAY_SECONDS, FEES, NO_LIMIT, TOKENS, Case

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from decimal import Decimal
    from zoneinfo import ZoneInfo

    from audit.pricing.book import Book
    from audit.pricing.row import PriceRow
    from audit.pricing.units import UnitPrices

WIDTH = 400


def listed(book: Book, provider: str | None) -> list[str]:
    """The rows of contracts and of the project's own lists, and how many models genai-prices adds."""
    lists = [*book.contracts, *filter(None, map(pricelist.own, pricelist.own_providers()))]
    rows = [(row, held.name) for held in lists for row in held.rows if provider in (None, row.provider)]
    head = [["model", "provider", "from", "to", "currency", "input", "output", "list"]] if rows else []
    lines = aligned.table([*head, *(_row(row, name) for row, name in rows)], WIDTH)
    beside = [name for name in catalogue.listed_names() if provider in (None, name[0])]
    return [*lines, f"{len(rows)} rows; besides {len(beside)} models of {catalogue.source()}"]


def _row(row: PriceRow, name: str) -> list[str]:
    where = row.provider + (f" ({row.region})" if row.region else "")
    marks: list[str] = [row.service_tier] if row.service_tier != "standard" else []
    marks += ["thinking" if row.thinking else "no thinking"] if row.thinking is not None else []
    marks += [f"{row.hours[0]:%H:%M}-{row.hours[1]:%H:%M}"] if row.hours else []
    model = ", ".join(row.models) + (f" [{', '.join(marks)}]" if marks else "")
    begin, end = (f"{at:%Y-%m-%d}" if at else "" for at in (row.valid_from, row.valid_to))
    by_length = "+" if row.bands else ""
    prices = [f"{value:f}{by_length}" if value is not None else "" for value in (row.input_mtok, row.output_mtok)]
    if not row.stated:
        prices[0] = f"-{row.discount:%}"
    return [model, where, begin, end, row.currency, *prices, name]


def shown(book: Book, case: Case) -> list[str]:
    """What a case costs: each row's time, hours and lengths, and its prices; empty where nothing prices it."""
    lines = []
    for price in book.prices(case):
        lines.append(f"{price.listed_provider} {price.listed_model}, {price.price_source}{_where(price)}")
        cells = [(f"{name} a million tokens", price.units[name] * 1_000_000) for name in TOKENS if _apart(price, name)]
        cells += [(f"{name}, a thousand", price.units[name] * 1_000) for name in FEES if name in price.units]
        cells += [("each call besides", price.units["request"])] if price.units["request"] else []
        lines += [f"  {line}" for line in aligned.table([[name, _money(value, price)] for name, value in cells], WIDTH)]
    return lines


def _apart(price: UnitPrices, name: str) -> bool:
    """Whether a kind of token costs something else than the plainer kind."""
    plainer = TOKENS[name][1]
    return not plainer or all(price.units[name] != price.units[kind] for kind in plainer)


def _money(value: Decimal, price: UnitPrices) -> str:
    return f"{value.normalize():f} {price.currency}"


def _where(price: UnitPrices) -> str:
    said = [f"from {price.valid_from:%Y-%m-%d %H:%M} to {price.valid_to:%Y-%m-%d %H:%M} UTC"]
    if (price.second_from, price.second_to) != (0, DAY_SECONDS):
        said.append(f"between {_clock(price.second_from)} and {_clock(price.second_to)} UTC")
    for name in ("input", "output"):
        begin, end = getattr(price, f"{name}_from"), getattr(price, f"{name}_to")
        if (begin, end) != (0, NO_LIMIT):
            said.append(f"{begin:,} to {end - 1:,} {name} tokens" if end < NO_LIMIT else f"{begin:,} {name} tokens on")
    if price.thinking is not None:
        said.append("with reasoning" if price.thinking else "without reasoning")
    return "; " + ", ".join(said)


def _clock(second: int) -> str:
    return f"{second // 3600:02d}:{second // 60 % 60:02d}"


def explained(book: Book, case: Case) -> tuple[list[str], bool]:
    """How a logged name is read, step by step, which list knows it, and whether one does.

    Where none does, the nearest names that are listed.
    """
    held = {(found.candidate.provider, found.candidate.model): found for found in reversed(book.found(case))}
    rows = [
        [name.model, name.provider or "-", name.why, held[key].source if key in held else "not listed"]
        for name in candidates(case.provider, case.model, book.deployments, case.region)
        for key in [(name.provider, name.model)]
    ]
    lines = aligned.table(rows, WIDTH)
    prices = shown(book, case)
    if prices:
        return [*lines, "", *prices], True
    lines += [f"{found.source}: {spell}" for found in held.values() for spell in _spells(found.rows)]
    tiers = [] if case.service_tier == "standard" else [f"at the tier {case.service_tier}"]
    lines.append(" ".join(["no price is known for it", *tiers]))
    near = nearest(case.model, _known(book))
    if near:
        lines.append(f"nearest names that are listed: {', '.join(near)}")
    lines.append("to price it, name what it stands for under [prices] deployments, or add a row: audit prices add")
    return lines, False


def _spells(rows: Sequence[PriceRow]) -> list[str]:
    """When a list has prices of a model, where that is not now."""
    return [
        f"{', '.join(row.models)} at the tier {row.service_tier}, {row.valid_from or 'ever'} to {row.valid_to or 'now'}"
        for row in rows
    ]


def _known(book: Book) -> list[str]:
    lists: Sequence[pricelist.PriceList] = [
        *book.contracts,
        *filter(None, map(pricelist.own, pricelist.own_providers())),
    ]
    own = {model for held in lists for row in held.rows for model in row.models if "*" not in model}
    return sorted(own | {model for _, model in catalogue.listed_names()})


def day_of(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """A day's first and last instant in a zone, UTC."""
    begin = datetime.combine(day, time(), zone).astimezone(UTC)
    end = datetime.combine(day, time.max, zone).astimezone(UTC)
    return begin, end
