"""What to know of a comparison: what it could not be made by, what was translated, what stands beside it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal
from typing import TYPE_CHECKING

from audit.reconcile.bills import BILLS_SQL

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from audit.engine.duckdb import Engine
    from audit.reconcile.grain import Scope, Unused
    from audit.reconcile.sentences import Words
    from audit.reconcile.translation import Translator
    from audit.records import Month
    from audit.settings import Settings

# So many keys or projects are named in a note; their number is always told.
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Facts:
    """What the notes are told from."""

    month: Month
    settings: Settings
    scope: Scope
    unused: Sequence[Unused]
    beside: Sequence[str]
    translate: Translator


def notes(engine: Engine, facts: Facts, words: Words, calls: int) -> tuple[str, ...]:
    """The notes as sentences."""
    scope, translate = facts.scope, facts.translate
    said = []
    for one in facts.unused if calls else ():
        dimension = words.say(f"dimension.{one.dimension}")
        said.append(words.say(f"note.{one.why}", dimension=dimension, **one.values))
        if one.strangers:
            named = words.between([f"{name} ({words.money(money)})" for name, money in one.strangers[:_NAMED]])
            said.append(words.say("note.strangers", dimension=dimension, names=named, n=len(one.strangers)))
    said += [
        words.say("note.translated", currency=currency, into=translate.into, rate=words.number(rate))
        for currency, rate in sorted(translate.told.items())
    ]
    said += [words.say("note.no_rate", why=why) for _, why in sorted(translate.missing.items())]
    if scope.usage:
        said.append(words.say("note.usage_from", source=scope.usage.source))
    said += [words.say("note.beside", source=source) for source in facts.beside]
    ours = (facts.month.start(facts.settings.zone), facts.month.end(facts.settings.zone))
    if ours != (scope.start.replace(tzinfo=UTC), scope.end.replace(tzinfo=UTC)):
        said.append(words.say("note.period", start=_minute(scope.start), end=_minute(scope.end)))
    granted = _granted(engine, scope)
    if granted:
        said.append(words.say("note.granted", money=words.money(granted)))
    outside = _outside(engine, scope)
    if outside:
        said.append(words.say("note.outside", money=words.money(outside)))
    return tuple(said)


def _outside(engine: Engine, scope: Scope) -> Decimal:
    """What a cloud's bill charges for services that have nothing to do with models."""
    (money,) = engine.row(
        "SELECT coalesce(sum(billed_cost), 0) FROM reconcile_bills WHERE source = $source "
        "AND biller IS NOT DISTINCT FROM $biller AND currency IS NOT DISTINCT FROM $currency AND outside",
        scope.source.params,
    )
    return Decimal(money)


def _granted(engine: Engine, scope: Scope) -> Decimal:
    """What a granted balance paid: it was used, and never invoiced."""
    (money,) = engine.row(
        f"SELECT coalesce(sum(billed_cost), 0) FROM reconcile_bills WHERE {BILLS_SQL} AND lower(line_item) = 'granted'",
        scope.source.params,
    )
    return Decimal(money)


def _minute(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%d %H:%M")
