"""The price lists for people: what they hold, what a model costs on a day, and what a logged name stands for."""

from __future__ import annotations

import difflib
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING

from audit.pricing import catalogue, pools, pricelist, providers
from audit.pricing.names import candidates, nearest
from audit.pricing.units import DAY_SECONDS, FEES, NO_LIMIT, TOKENS, Case
from audit.records import Month, UsageError
from audit.terminal import aligned

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from decimal import Decimal
    from zoneinfo import ZoneInfo

    from audit.pricing.book import Book
    from audit.pricing.row import PriceRow
    from audit.pricing.units import UnitPrices
    from audit.settings import Settings

WIDTH = 400
_MODELS_WIDTH = 120
# Wide enough for no column of a list to be cut: what may be long is clipped before.
_LIST_WIDTH = 4_000


def listed(book: Book, provider: str | None) -> list[str]:
    """The rows of contracts and of the project's own lists, and how many models genai-prices adds.

    Raises UsageError where nobody is known by the provider's name.
    """
    lists = [*book.contracts, *filter(None, map(pricelist.own, pricelist.own_providers()))]
    if provider is not None:
        provider = _provider(provider, {row.provider for held in lists for row in held.rows})
    rows = [(row, held.name) for held in lists for row in held.rows if provider in (None, row.provider)]
    head = [["provider", "from", "to", "currency", "input", "output", "list", "models"]] if rows else []
    lines = aligned.table([*head, *(_row(row, name) for row, name in rows)], _LIST_WIDTH)
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
    # The models stand last: there may be many, and the list's stamp is not cut for them.
    return [where, begin, end, row.currency, *prices, name, aligned.clipped(model, _MODELS_WIDTH)]


def _provider(name: str, listed_ids: set[str]) -> str:
    """The id of whom a name means, an alias or one of a contract's own."""
    if (known := providers.called(name)) is not None:
        return known.id
    ids = listed_ids | {who for who, _ in catalogue.listed_names()}
    if name in ids:
        return name
    near = difflib.get_close_matches(name, sorted(ids | {who.id for who in providers.all_providers()}), n=1)
    hint = f"; did you mean '{near[0]}'?" if near else "; see: audit prices list"
    raise UsageError(f"--provider: '{name}' is unknown{hint}")


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


def pooled(settings: Settings, case: Case) -> list[str]:
    """Where a pool of the settings served a case's month: that its price follows from that; empty where none did."""
    month = Month.of(case.first.astimezone(settings.zone).date())
    return [
        f"served by your pool '{pool.name}': its price follows from what it served in the month"
        for pool in settings.pools
        if pool.runs(month) and pools.fits(pool, case.provider, case.model)
    ][:1]


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
    outside = {f"{found.source}: {said}": None for found in held.values() for said in _outside(found.rows, case)}
    lines += outside
    near = nearest(case.model, [name for name in _known(book) if name.casefold() != case.model.casefold()])
    if near:
        lines.append(f"nearest names that are listed: {', '.join(near)}")
    stands = "" if outside else "name what it stands for under [prices] deployments, or "
    lines.append(f"to price it, {stands}add a row: audit prices add")
    return lines, False


def _outside(rows: Sequence[PriceRow], case: Case) -> list[str]:
    """That the rows of a case's tier ended before it, or begin after it; empty where one does neither."""
    same = [row for row in rows if row.service_tier == case.service_tier]
    ends = [(row.end, row.valid_to) for row in same if row.end is not None and row.end <= case.first]
    begins = [(row.begin, row.valid_from) for row in same if row.begin is not None and row.begin > case.last]
    if not same or len(ends) + len(begins) < len(same):
        return []
    said = [f"the list's prices end on {max(ends, key=lambda pair: pair[0])[1]}"] if ends else []
    return said + ([f"the list's prices begin on {min(begins, key=lambda pair: pair[0])[1]}"] if begins else [])


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
