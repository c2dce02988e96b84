"""Money of other currencies: the rates of each month, and the cost that a source states itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from audit.pricing import kept
from audit.pricing.rates import rate
from audit.records import Month

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audit.engine.duckdb import Engine
    from audit.settings import Settings

_DIGITS = Decimal("0.000000000001")


@dataclass
class Rates:
    """What a unit of a currency is worth in the report's, month by month. ``used`` are those that were asked for."""

    settings: Settings
    fixed: Mapping[tuple[Month, str], Decimal] = field(default_factory=dict)
    used: dict[tuple[Month, str], Decimal] = field(default_factory=dict)

    @classmethod
    def of(cls, engine: Engine, settings: Settings, *, anew: Month | None = None) -> Rates:
        """The settings' rates, but those of closed months as they were, save for a month that is looked at anew."""
        return cls(settings, kept.rates(engine, settings.company.currency, anew=anew))

    def of_month(self, currency: str, month: Month) -> Decimal:
        """Raises UsageError naming month and pair where there is none."""
        into = self.settings.company.currency
        if currency == into:
            return Decimal(1)
        found = self.fixed.get((month, currency))
        if found is None:
            found = rate(self.settings, currency, into, month).value.quantize(_DIGITS)
        self.used[month, currency] = found
        return found

    def translated(self, engine: Engine, span: tuple[datetime, datetime], sources: list[str] | None = None) -> str:
        """The SQL of a call's stated cost in the report's currency; NULL where its currency is unknown.

        ``{c}`` stands for the call. ``sources`` limits whose currencies are asked for; a missing rate is an error.
        """
        zone = self.settings.zone
        rows = engine.rows(
            "SELECT stated_currency, min(started_at), max(started_at) FROM store.calls WHERE stated_cost IS NOT NULL "
            "AND stated_currency IS NOT NULL AND started_at >= $start AND started_at < $end "
            + ("" if sources is None else "AND list_contains($sources, source) ")
            + "GROUP BY 1 ORDER BY 1",
            {"start": span[0], "end": span[1]} | ({} if sources is None else {"sources": sources}),
        )
        cases = []
        for currency, first, last in rows:
            if currency == self.settings.company.currency:
                cases.append(f"WHEN {{c}}.stated_currency = {templated(currency)} THEN {{c}}.stated_cost")
                continue
            month = Month.of(first.replace(tzinfo=UTC).astimezone(zone).date())
            while month.start(zone).replace(tzinfo=None) <= last:
                until = month.end(zone).replace(tzinfo=None)
                worth = f"{{c}}.stated_cost * {self.of_month(currency, month):f}"
                cases.append(
                    f"WHEN {{c}}.stated_currency = {templated(currency)} AND {{c}}.started_at < TIMESTAMP '{until}' "
                    f"THEN try_cast({worth} AS DECIMAL(18,9))"
                )
                month = month.shift(1)
        return f"(CASE {' '.join(cases)} END)" if cases else "NULL::DECIMAL(18,9)"


@dataclass(frozen=True, slots=True)
class Stated:
    """The sources whose own cost counts; ``cost`` is its SQL, ``{c}`` the call.

    What such a source states no cost of has none: a sum that is partly stated and partly listed would be neither.
    """

    sources: tuple[str, ...]
    cost: str

    def instead(self, c: str, listed: str) -> str:
        """What is said of a call: by its source where that counts, else by the list."""
        return f"(CASE WHEN {self._of(c)} THEN {self.cost.format(c=c)} ELSE {listed} END)"

    def source(self, c: str, listed: str) -> str:
        """Who says so."""
        return f"(CASE WHEN {self._of(c)} THEN 'stated by ' || {c}.source ELSE {listed} END)"

    def _of(self, c: str) -> str:
        return f"{c}.source IN ({', '.join(map(quoted, self.sources))})"


def stated(engine: Engine, settings: Settings, rates: Rates, span: tuple[datetime, datetime]) -> Stated | None:
    """The sources whose own cost the settings take; None where there are none."""
    sources = sorted(settings.prices.stated)
    return Stated(tuple(sources), rates.translated(engine, span, sources)) if sources else None


def quoted(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def templated(text: str) -> str:
    """A text as an SQL literal in a template: its braces are no places."""
    return "'" + text.replace("'", "''").replace("{", "{{").replace("}", "}}") + "'"
