"""The month's bills against the month's calls: both sides --grain--> cells --classes, reasons--> result."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from audit import places
from audit.pricing.money import Rates
from audit.reconcile import bills, calls, grain, notes, rows, sentences
from audit.reconcile import cells as gathering
from audit.reconcile.claims import Comparison, Fee
from audit.reconcile.classes import Tolerance, usage_kind
from audit.reconcile.reasons import explain
from audit.reconcile.result import Reason, Reconciled
from audit.reconcile.translation import Translator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.engine.duckdb import Engine
    from audit.reconcile.cells import Cell
    from audit.reconcile.claims import Claim
    from audit.reconcile.grain import Scope, Unused
    from audit.reconcile.result import Dimension
    from audit.reconcile.sentences import Words
    from audit.records import Month
    from audit.settings import Settings

ZERO = Decimal(0)
HALF_A_DAY = timedelta(hours=12)
# The calls of a day beside the bill's tell whether its days are cut at other hours.
_AROUND = timedelta(days=1)


def reconcile(engine: Engine, settings: Settings, month: Month, *, anew: bool = False) -> tuple[Reconciled, ...]:
    """Every bill report of a month, by provider, against the calls that it is for; nothing where no bill was read.

    It makes ``prices`` and ``costed`` anew, for the month and some days around it: it comes before what else needs
    them, or after all of it. A closed month has the prices it was closed with, unless it is priced ``anew``. Raises
    UsageError where the month's prices need an exchange rate.
    """
    found = bills.load_bills(engine, settings, month)
    if not found:
        return ()
    scopes = [grain.scope_of(source, month, found) for source in found]
    start = min([month.start(settings.zone), *(scope.start.replace(tzinfo=UTC) for scope in scopes)])
    end = max([month.end(settings.zone), *(scope.end.replace(tzinfo=UTC) for scope in scopes)])
    calls.load_calls(engine, settings, month, (start, end), anew=anew)
    if bills.split_searches(engine):
        found = bills.sources(engine)
        scopes = [grain.scope_of(source, month, found) for source in found]
    usages = [source for source in found if source.currency is None]
    desks = []
    for scope in scopes:
        dimensions, unused = grain.dimensions(engine, scope, settings.prices.deployments)
        full = grain.with_usage(engine, scope, dimensions, usages)
        beside = tuple(sorted({other.source for other in found if grain.stands_beside(other, scope.source)}))
        desks.append(_Desk(full, dimensions, unused, beside))
    attached = {desk.scope.usage.name for desk in desks if desk.scope.usage}
    rates = Rates.of(engine, settings, anew=month if anew else None)
    return tuple(_result(engine, rates, month, desk) for desk in desks if desk.scope.source.name not in attached)


@dataclass(frozen=True, slots=True)
class _Desk:
    """One report with what it is compared by, what it is not, and the other bills of its provider."""

    scope: Scope
    dimensions: tuple[Dimension, ...]
    unused: tuple[Unused, ...]
    beside: tuple[str, ...]


def _result(engine: Engine, rates: Rates, month: Month, desk: _Desk) -> Reconciled:
    settings, scope, source = rates.settings, desk.scope, desk.scope.source
    currency = source.currency or settings.company.currency
    words = sentences.load(places.templates(), settings.company.language, source.currency)
    translate = Translator(rates, month, currency)
    cells = gathering.gather(engine, scope, desk.dimensions, translate)
    if source.currency is None:
        cells = gathering.without_money(cells)
    comparison = _comparison(engine, desk, cells, translate)
    claims = explain(comparison)
    parts = rows.parts(comparison)
    billed = sum((part.billed for part in parts), ZERO)
    computed = sum((part.computed for part in parts), ZERO)
    counted = sum(part.calls for part in parts)
    known = source.currency is not None
    facts = notes.Facts(month, settings, scope, desk.unused, desk.beside, translate)
    return Reconciled(
        source=source.source,
        provider=source.biller or "",
        currency=source.currency,
        first_day=(scope.start + HALF_A_DAY).date(),
        last_day=(scope.end - HALF_A_DAY).date(),
        period_start=scope.start,
        period_end=scope.end,
        dimensions=desk.dimensions,
        usage_source=scope.usage.source if scope.usage else None,
        beside=desk.beside,
        billed=billed if known else None,
        computed=computed if known else None,
        difference=billed - computed if known else None,
        lines=source.lines,
        calls=counted,
        says=words.headline(billed, computed, counted, agrees=not claims, known=known),
        parts=parts,
        reasons=_reasons(claims, words),
        notes=notes.notes(engine, facts, words, counted),
        models=rows.models(cells) if "model" in desk.dimensions else (),
        days=rows.days(cells) if "day" in desk.dimensions else (),
    )


def _comparison(engine: Engine, desk: _Desk, cells: tuple[Cell, ...], translate: Translator) -> Comparison:
    source = desk.scope.source
    tolerance = Tolerance(source.cents)
    if source.currency is None:
        return Comparison(cells, {cell.key: usage_kind(cell) for cell in cells}, desk.dimensions, tolerance)
    return Comparison(
        cells,
        {cell.key: tolerance.kind(cell) for cell in cells},
        desk.dimensions,
        tolerance,
        _fees(engine, desk.scope),
        _quarters(engine, desk.scope, translate) if "day" in desk.dimensions else {},
        desk.scope.shift,
        bool(desk.scope.siblings),
    )


def _fees(engine: Engine, scope: Scope) -> tuple[Fee, ...]:
    found = engine.rows(
        f"SELECT fee, sum(billed_cost), count(*) FROM reconcile_bills WHERE {bills.BILLS_SQL} AND fee IS NOT NULL "
        "GROUP BY fee HAVING sum(billed_cost) <> 0 ORDER BY sum(billed_cost) DESC, fee",
        scope.source.params,
    )
    return tuple(Fee(*row) for row in found)


def _quarters(engine: Engine, scope: Scope, translate: Translator) -> dict[int, Decimal]:
    """The logged costs by seconds since 1970, a day around the bill's time too."""
    params = scope.calls_params
    params |= {"start": params["start"] - _AROUND, "end": params["end"] + _AROUND}
    found: dict[int, Decimal] = defaultdict(Decimal)
    for second, currency, cost in engine.rows(
        f"SELECT epoch(quarter)::BIGINT, currency, sum(cost) FROM reconcile_calls WHERE {scope.calls_sql} "
        "GROUP BY ALL ORDER BY ALL",
        params,
    ):
        found[second] += translate(cost, currency) or ZERO
    return dict(found)


def _reasons(claims: Sequence[Claim], words: Words) -> tuple[Reason, ...]:
    """What makes up most of the difference first."""
    ranked = sorted(claims, key=lambda claim: (-abs(claim.money), claim.kind, str(claim.values.get("name"))))
    return tuple(Reason(claim.kind, claim.certain, claim.money, words.claim(claim)) for claim in ranked)
