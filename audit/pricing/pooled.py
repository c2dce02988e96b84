"""The settings' pools against the store's calls: what each month of each cost, and what a token of it comes to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from audit.pricing import pools
from audit.pricing.cost import POOL
from audit.pricing.units import UnitPrices, units_of
from audit.records import Month

if TYPE_CHECKING:
    from audit.engine.duckdb import Engine
    from audit.pricing.kept import Kept
    from audit.pricing.money import Rates
    from audit.pricing.units import Case
    from audit.settings import Settings
    from audit.settings_money import Pool

MONTHS_SHAPE = {
    "pool": "VARCHAR",
    "month": "VARCHAR",
    "price_source": "VARCHAR",
    "valid_from": "TIMESTAMP",
    "valid_to": "TIMESTAMP",
    "calls": "BIGINT",
    "input_tokens": "BIGINT",
    "output_tokens": "BIGINT",
    "native_cost": "DECIMAL(38,9)",
    "currency": "VARCHAR",
    "cost": "DECIMAL(38,9)",
}
_HALF_DIGIT = Decimal("0.5e-9")
# The calls whose cost can be told, as the formula has it.
_TOLD = """NOT coalesce(gateway_cache_hit, false) AND (input_tokens IS NOT NULL AND output_tokens IS NOT NULL
  OR status IN ('error', 'cancelled') AND (input_tokens IS NOT NULL OR output_tokens IS NOT NULL))"""
_RESTS = """CREATE OR REPLACE TEMP TABLE pool_rests AS
SELECT m.pool,
  unnest(max_by({'source': c.source, 'call_id': c.call_id}, (c.list_cost, c.started_at, c.source, c.call_id))),
  (any_value(m.native_cost) - sum(c.native_cost))::DECIMAL(18,9) AS native_rest,
  (any_value(m.cost) - sum(c.list_cost))::DECIMAL(18,9) AS rest
FROM pool_months m JOIN listed c
  ON c.price_source = m.price_source AND c.started_at >= m.valid_from AND c.started_at < m.valid_to
WHERE c.list_cost IS NOT NULL AND (c.input_tokens > 0 OR c.output_tokens > 0)
  AND NOT coalesce(c.gateway_cache_hit, false)
GROUP BY m.pool, m.month"""


@dataclass(frozen=True, slots=True)
class PoolMonth:
    """A month of a pool: what it cost and served, and the prices that come of it, in the pool's currency.

    ``rate`` is what one unit of that currency is worth in the report's.
    """

    pool: Pool
    month: Month
    calls: int
    input_tokens: int
    output_tokens: int
    cost: Decimal
    currency: str
    rate: Decimal

    @property
    def source(self) -> str:
        """What its calls are stamped with."""
        return f"{POOL}{self.pool.name}"

    @property
    def prices(self) -> tuple[Decimal, Decimal]:
        """One input token's price and one output token's."""
        weight = pools.weight_of(self.input_tokens, self.output_tokens, self.pool.output_weight)
        # Each call is rounded a second time where it is translated.
        twice = self.calls * _HALF_DIGIT / self.rate if self.rate != 1 else Decimal(0)
        return pools.unit_prices(self.cost - twice, weight, self.pool.output_weight, self.calls)


@dataclass(frozen=True)
class Pooled:
    """Every month of every pool that the store's calls and the audited month ask for."""

    settings: Settings
    closed: Kept
    months: tuple[PoolMonth, ...] = ()

    @classmethod
    def of(
        cls, engine: Engine, settings: Settings, rates: Rates, closed: Kept, span: tuple[datetime, datetime]
    ) -> Pooled:
        """Between two instants (UTC); the last month is asked for even where nothing was served.

        What a month was closed with stays: what a pool cost, and a pool that is named later does not serve it.
        """
        months = []
        zone = settings.zone
        for pool in settings.pools:
            served = _served(engine, settings, pool, closed, span)
            newest = Month.of((span[1] - datetime.resolution).astimezone(zone).date())
            for month in sorted({*served, newest}):
                if not pool.runs(month):
                    continue
                calls, inputs, outputs, last = served.get(month, (0, 0, 0, None))
                running = month.end(zone) > datetime.now(UTC)
                until = (last or datetime.now(UTC)) if running else None
                kept_cost = closed.pools.get((pool.name, month))
                cost, currency = kept_cost or (
                    pools.cost_of(pool, month, zone, until=until),
                    pool.currency or settings.company.currency,
                )
                rate = rates.of_month(currency, month)
                months.append(PoolMonth(pool, month, calls, inputs, outputs, cost, currency, rate))
        return cls(settings, closed, tuple(months))

    def of_case(self, case: Case, month: Month) -> UnitPrices | None:
        """What a pool makes of a case's calls in a month; None where no pool served them."""
        if self.months and self.closed.knows(case.provider, case.model, month):
            return None
        for held in self.months:
            if held.month == month and pools.fits(held.pool, case.provider, case.model):
                one, other = held.prices
                listed = {"input_mtok": one * 1_000_000, "output_mtok": other * 1_000_000}
                return UnitPrices(
                    valid_from=month.start(self.settings.zone),
                    valid_to=month.end(self.settings.zone),
                    currency=held.currency,
                    units=units_of(listed),
                    listed_provider=case.provider or held.pool.name,
                    listed_model=case.model,
                    price_source=held.source,
                )
        return None

    def load(self, engine: Engine) -> None:
        """Make ``pool_months`` and, from the view ``listed``, ``pool_rests``: what rounding left over of each."""
        engine.load("pool_months", MONTHS_SHAPE, [self._row(held) for held in self.months])
        if self.months:
            engine.run(_RESTS)

    def _row(self, held: PoolMonth) -> dict[str, Any]:
        start, end = (
            at.replace(tzinfo=None) for at in (held.month.start(self.settings.zone), held.month.end(self.settings.zone))
        )
        return {
            "pool": held.pool.name,
            "month": str(held.month),
            "price_source": held.source,
            "valid_from": start,
            "valid_to": end,
            "calls": held.calls,
            "input_tokens": held.input_tokens,
            "output_tokens": held.output_tokens,
            "native_cost": held.cost,
            "currency": held.currency,
            "cost": (held.cost * held.rate).quantize(Decimal("1e-9")),
        }


def _served(
    engine: Engine, settings: Settings, pool: Pool, closed: Kept, span: tuple[datetime, datetime]
) -> dict[Month, tuple[int, int, int, datetime]]:
    """Calls, input and output tokens and the last call of each month that the pool served.

    A source whose own cost counts bears none of it.
    """
    start, end = span
    models = engine.rows(
        "SELECT DISTINCT provider, model FROM store.calls WHERE started_at >= $start AND started_at < $end "
        "AND model IS NOT NULL",
        {"start": _plain(start), "end": _plain(end)},
    )
    fitting = [(provider, model) for provider, model in models if pools.fits(pool, provider, model)]
    found = {}
    zone = settings.zone
    newest = Month.of((end - datetime.resolution).astimezone(zone).date())
    month = Month.of(start.astimezone(zone).date())
    while month <= newest:
        names = [{"provider": name[0], "model": name[1]} for name in fitting if not closed.knows(*name, month)]
        served = names and engine.row(
            "SELECT count(*), coalesce(sum(input_tokens), 0)::BIGINT, coalesce(sum(output_tokens), 0)::BIGINT, "
            "max(started_at) FROM store.each_call WHERE started_at >= $start AND started_at < $end "
            f"AND {_TOLD} AND NOT list_contains($stated, source) "
            "AND EXISTS (SELECT 1 FROM (SELECT unnest($names) AS n) "
            "WHERE n.provider IS NOT DISTINCT FROM each_call.provider AND n.model = each_call.model)",
            {
                "start": _plain(month.start(zone)),
                "end": _plain(month.end(zone)),
                "names": names,
                "stated": ["", *settings.prices.stated],
            },
        )
        if served and served[0]:
            calls, inputs, outputs, last = served
            found[month] = (calls, inputs, outputs, last.replace(tzinfo=UTC))
        month = month.shift(1)
    return found


def _plain(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(tzinfo=None) if instant.tzinfo else instant
