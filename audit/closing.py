"""A month's closing: what it came to, what it was priced with, and each later restatement beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.pricing import join, kept
from audit.records import Month
from audit.report.content import Restated

if TYPE_CHECKING:
    from decimal import Decimal

    from audit.engine.duckdb import Engine
    from audit.pricing.money import Rates
    from audit.report.content import Report
    from audit.settings import Settings

_TABLE = """CREATE TABLE IF NOT EXISTS store.closings (
  month VARCHAR, number INTEGER, closed_at TIMESTAMP, calls BIGINT, cost DECIMAL(38,9), currency VARCHAR, reason VARCHAR
)"""
_LATE, _OTHERWISE = "other calls are in the logs now", "the settings are others now, or a model without a price has one"


def closed_with(engine: Engine, month: Month, into: str) -> Decimal | None:
    """What a month came to when it was last closed or restated; None where it was not."""
    engine.run(_TABLE)
    rows = engine.rows(
        "SELECT cost FROM store.closings WHERE month = $month AND currency = $into ORDER BY number DESC LIMIT 1",
        {"month": str(month), "into": into},
    )
    return rows[0][0] if rows else None


def restated(engine: Engine, report: Report, reason: str | None = None) -> Restated | None:
    """How a month's figures differ from those it was closed with before; None where they never did."""
    engine.run(_TABLE)
    before = engine.rows(
        "SELECT number, calls, cost, reason FROM store.closings WHERE month = $month AND currency = $currency "
        "ORDER BY number",
        {"month": report.month, "currency": report.currency},
    )
    if not before:
        return None
    number, calls, cost, said = before[-1]
    if (calls, cost) == (report.calls, report.spend):
        if len(before) == 1:
            return None
        _, calls, cost, _ = before[-2]
        return Restated(number, calls, cost, said)
    why = reason or (_LATE if calls != report.calls else _OTHERWISE)
    return Restated(number + 1, calls, cost, why)


def close(engine: Engine, settings: Settings, report: Report, rates: Rates, reason: str | None) -> None:
    """Keep what the month came to and what it was priced with; a reason lets go of what it was priced with before."""
    month, into = Month.parse(report.month), report.currency
    number = 0 if report.restated is None else report.restated.number
    held = engine.rows(
        "SELECT max(number) FROM store.closings WHERE month = $month AND currency = $into",
        {"month": report.month, "into": into},
    )[0][0]
    if held is None or held < number:
        engine.run(
            "INSERT INTO store.closings VALUES ($month, $number, now() AT TIME ZONE 'UTC', $calls, $cost, $into, $why)",
            {
                "month": report.month,
                "number": number,
                "calls": report.calls,
                "cost": report.spend,
                "into": into,
                "why": report.restated.reason if report.restated else "",
            },
        )
    if reason is not None:
        kept.forget(engine, month, into)
    kept.keep(engine, join.PRICES_SHAPE, month, into, (month.start(settings.zone), month.end(settings.zone)))
    kept.keep_rates(engine, month, into, rates.used)
    kept.keep_pools(engine, month, into)
