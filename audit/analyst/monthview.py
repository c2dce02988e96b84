"""A month's tables to look at: made of the store as it is, which is let go before anything is asked of them."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit import history, redline, window
from audit.engine.store import borrow_store
from audit.pricing.money import Rates
from audit.records import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audit.engine.duckdb import Engine
    from audit.records import Month
    from audit.settings import Settings
    from audit.window import Reach, Span

# What the month's last audit kept in the store; here it is `kept_flags` and `kept_findings`, for a rule flags anew.
KEPT = ("flags", "findings")


@dataclass(frozen=True, slots=True)
class MonthView:
    """A sealed engine that holds a month's tables in memory; ``kept`` are those of its last audit."""

    engine: Engine
    month: Month
    span: Span
    kept: tuple[str, ...]


@contextmanager
def opened(settings: Settings, month: Month | None, reach: Reach, asked: set[str] | None) -> Iterator[MonthView]:
    """The tables that rules see of a month; without one, of the month that an audit would take.

    ``reach`` and ``asked`` are as in :func:`audit.window.build`. Raises UsageError where the month has no call.
    """
    with borrow_store(settings.paths.store, settings) as engine:
        chosen = _chosen(engine, settings, month)
        rates = Rates.of(engine, settings)
        owners = redline.owners(settings, chosen, rates)
        span = window.build(engine, settings, chosen, owners, reach, asked=asked, rates=rates)
        window.show_calls(engine, span, reach.days)
        kept = _keep(engine, chosen)
        engine.give_back()
        engine.seal()
        yield MonthView(engine, chosen, span, kept)


def show_kept(view: MonthView) -> None:
    """What the last audit kept, by the names it has in the store."""
    for name in view.kept:
        view.engine.run(f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT * FROM kept_{name}")


def _chosen(engine: Engine, settings: Settings, month: Month | None) -> Month:
    held = history.months_with_calls(engine, settings.zone)
    if not held:
        raise UsageError(f"{settings.paths.store}: no call there yet; `audit ingest` reads them from the logs")
    if month is None:
        last = history.last_closed(settings.zone)
        return last if last in held else max(held)
    if month not in held:
        raise UsageError(f"no call lies in {month}; those of the store lie in {history.spans(held)}")
    return month


def _keep(engine: Engine, month: Month) -> tuple[str, ...]:
    """Take along what the month's last audit kept; the names of it, none where there was no audit."""
    of = {"month": str(month)}
    held = {name for (name,) in engine.rows("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'store'")}
    if (
        not held.issuperset(("rules", *KEPT))
        or not engine.row("SELECT count(*) FROM store.rules WHERE month = $month", of)[0]
    ):
        return ()
    for name in KEPT:
        engine.run(f"CREATE OR REPLACE TEMP TABLE kept_{name} AS SELECT * FROM store.{name} WHERE month = $month", of)
    return KEPT
