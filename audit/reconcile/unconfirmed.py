"""Providers whose calls no bill confirms."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from audit.pricing import providers
from audit.pricing.money import Rates
from audit.reconcile.translation import Translator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.engine.duckdb import Engine
    from audit.reconcile.result import Reconciled
    from audit.records import Month
    from audit.settings import Settings


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """A provider that calls were logged of in the company's month, and of which no bill was read.

    ``provider`` is empty where neither the log nor the model says who bills. ``computed`` is in the report's currency;
    ``unpriced`` calls are not in it.
    """

    provider: str
    calls: int
    computed: Decimal
    unpriced: int = 0


def unconfirmed(
    engine: Engine, settings: Settings, month: Month, found: Sequence[Reconciled]
) -> tuple[Unconfirmed, ...]:
    """The providers without a bill that states money, the costliest first; after :func:`reconcile` found some bill."""
    if not found:
        return ()
    translate = Translator(Rates.of(engine, settings), month, settings.company.currency)
    rows = engine.rows(
        "SELECT coalesce(biller, ''), currency, sum(calls)::BIGINT, sum(unpriced + silent)::BIGINT, sum(cost) "
        "FROM reconcile_calls WHERE quarter >= $start AND quarter < $end GROUP BY ALL ORDER BY ALL",
        {
            "start": month.start(settings.zone).replace(tzinfo=None),
            "end": month.end(settings.zone).replace(tzinfo=None),
        },
    )
    billed = {one.provider for one in found if one.currency is not None}
    sums: dict[str, Unconfirmed] = {}
    for provider, currency, calls, unpriced, cost in rows:
        if provider not in billed and not _own(provider):
            before = sums.get(provider, Unconfirmed(provider, 0, Decimal(0)))
            more = translate(cost, currency)
            sums[provider] = Unconfirmed(
                provider,
                before.calls + calls,
                before.computed + (more or Decimal(0)),
                before.unpriced + (calls if more is None else unpriced),
            )
    return tuple(sorted(sums.values(), key=lambda one: (-one.computed, one.provider)))


def _own(provider: str) -> bool:
    """Whether the models run on the company's own machines, for which nobody sends a bill by the call."""
    who = providers.called(provider) if provider else None
    return who is not None and who.kind == "self"
