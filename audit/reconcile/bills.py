"""The bills' side as a table of the engine: lines with their model, kind of token, and project by our names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from audit.reconcile import naming

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.engine.duckdb import Engine
    from audit.records import Month
    from audit.settings import Project, Settings

# A bill's days begin at midnight somewhere on earth: as far from UTC as that, its month may lie beside ours.
MARGIN = timedelta(days=2)
# A day of a bill; one of a zone that turns its clocks has an hour more.
DAY_HOURS = 25
DAY_SECONDS = 86_400
# The condition on ``reconcile_bills`` that makes one report of them.
BILLS_SQL = (
    "source = $source AND biller IS NOT DISTINCT FROM $biller AND currency IS NOT DISTINCT FROM $currency "
    "AND NOT outside"
)
_ITEMS_SHAPE = {
    **dict.fromkeys(("provider", "model", "line_item", "biller", "name", "part", "fee"), "VARCHAR"),
    "outside": "BOOLEAN",
}


@dataclass(frozen=True, slots=True)
class Source:
    """One report of a bill, as the month's lines of it tell it.

    ``currency`` is None where it states usage and no money. ``shift`` is where its days begin, in seconds from
    midnight UTC; None where its lines stand for more than days. ``cents`` says that its amounts are whole cents.
    """

    source: str
    biller: str | None
    currency: str | None
    lines: int
    for_calls: int
    stated: dict[str, int]
    usage: int
    shift: int | None
    start: datetime
    end: datetime
    cents: bool

    @property
    def name(self) -> tuple[str, str | None, str | None]:
        """What tells it from other reports."""
        return self.source, self.biller, self.currency

    @property
    def params(self) -> dict[str, str | None]:
        """What ``BILLS_SQL`` asks for."""
        return dict(zip(("source", "biller", "currency"), self.name, strict=True))

    def states(self, dimension: str) -> bool:
        """Whether every line for calls says which day, model, project or key it is about; a tier may go unsaid."""
        if dimension == "day":
            return self.shift is not None
        if dimension == "service_tier":
            return self.stated[dimension] > 0
        return self.stated[dimension] == self.for_calls


def load_bills(engine: Engine, settings: Settings, month: Month) -> tuple[Source, ...]:
    """Make the table ``reconcile_bills`` of the month's lines; the reports that they belong to.

    A line is of the month that its middle lies in, so that a day of any zone is of the day it has there.
    """
    first, last = month.first_day, month.last_day
    engine.run(
        f"""CREATE OR REPLACE TEMP TABLE reconcile_lines AS WITH lines AS (
          SELECT *, make_timestamp((epoch_us(period_start) + epoch_us(coalesce(period_end, period_start))) // 2)::DATE
              AS day,
            coalesce(period_end, period_start) - period_start <= INTERVAL {DAY_HOURS} HOUR AS daily
          FROM store.bills WHERE problem IS NULL AND period_start >= $start AND period_start < $end
        )
        SELECT source, provider, period_start, coalesce(period_end, period_start) AS period_end, day, daily, model,
          service_tier, {_owner(settings.projects)} AS project, api_key, line_item, requests, input_tokens,
          cache_read_tokens, output_tokens, quantity, unit, billed_cost,
          CASE WHEN billed_cost IS NOT NULL THEN coalesce(currency, $currency) END AS currency
        FROM lines AS b WHERE day BETWEEN $first AND $last""",
        {
            "start": _plain(month.shift(-12).start(settings.zone)),
            "end": _plain(month.end(settings.zone)) + MARGIN,
            "first": first,
            "last": last,
            "currency": settings.company.currency,
        },
    )
    _name_items(engine)
    return sources(engine)


def _owner(projects: Sequence[Project]) -> str:
    """A line's project by our names: as the settings map the bill's own ids, keys and users; else as the bill says."""
    cases = [
        f"WHEN {column} = {_quoted(value)} THEN {_quoted(project.name)}"
        for column, key in (
            ("b.project", "bill_ids"),
            ("b.sub_account", "bill_ids"),
            ("b.api_key", "api_keys"),
            ("b.user_id", "users"),
        )
        for project in projects
        for value in getattr(project, key)
    ]
    return f"CASE {' '.join(cases)} ELSE b.project END" if cases else "b.project"


def _name_items(engine: Engine) -> None:
    """Say of each kind of line who bills it, its model, its kind of token, and whether it is a fee."""
    rows = engine.rows("SELECT DISTINCT provider, model, line_item FROM reconcile_lines ORDER BY ALL")
    named = []
    for provider, model, line_item in rows:
        item = naming.item(model, line_item)
        named.append(
            {
                "provider": provider,
                "model": model,
                "line_item": line_item,
                "biller": naming.biller(provider, item.model),
                "name": item.model,
                "part": item.part,
                "fee": item.fee,
                "outside": item.outside,
            }
        )
    engine.load("reconcile_items", _ITEMS_SHAPE, named)
    # Lines that name no model, where others of the same report do, are no model's: they are for something else.
    engine.run(
        """CREATE OR REPLACE TEMP TABLE reconcile_bills AS WITH named AS (
          SELECT l.* EXCLUDE (model, provider), i.biller, i.name AS model, i.part, i.fee, i.outside,
            bool_or(i.name IS NOT NULL) OVER (PARTITION BY l.source, i.biller, l.currency) AS has_models
          FROM reconcile_lines AS l JOIN reconcile_items AS i
            ON i.provider IS NOT DISTINCT FROM l.provider AND i.model IS NOT DISTINCT FROM l.model
            AND i.line_item IS NOT DISTINCT FROM l.line_item
        )
        SELECT * EXCLUDE (fee, has_models, input_tokens, cache_read_tokens, output_tokens),
          CASE WHEN fee IS NULL AND has_models AND model IS NULL THEN line_item ELSE fee END AS fee,
          coalesce(input_tokens, CASE WHEN part IN ('input', 'cache_read', 'cache_write') THEN of_item END)
            AS input_tokens,
          coalesce(cache_read_tokens, CASE WHEN part = 'cache_read' THEN of_item END) AS cache_read_tokens,
          coalesce(output_tokens, CASE WHEN part = 'output' THEN of_item END) AS output_tokens
        FROM (
          SELECT *, CASE WHEN coalesce(input_tokens, output_tokens, requests) IS NULL
            AND unit ILIKE '%token%' THEN try_cast(quantity AS BIGINT) END AS of_item FROM named
        )"""
    )


def sources(engine: Engine) -> tuple[Source, ...]:
    """The reports that ``reconcile_bills`` holds, if any of their lines is for calls."""
    dimensions = ("model", "project", "api_key", "service_tier")
    stated = ", ".join(f"count({name}) FILTER (fee IS NULL)" for name in dimensions)
    rows = engine.rows(
        f"""SELECT source, biller, currency, count(*), count(*) FILTER (fee IS NULL), {stated},
          count(coalesce(input_tokens, output_tokens, requests)) FILTER (fee IS NULL),
          bool_and(daily) FILTER (fee IS NULL),
          mode(epoch(period_start)::BIGINT % 86400 ORDER BY period_start)
            FILTER (fee IS NULL AND period_end - period_start >= INTERVAL 23 HOUR),
          min(period_start) FILTER (fee IS NULL), max(period_end) FILTER (fee IS NULL),
          coalesce(bool_and(billed_cost = round(billed_cost, 2)), false)
        FROM reconcile_bills WHERE NOT outside GROUP BY ALL ORDER BY ALL"""
    )
    found = []
    for source, who, currency, lines, for_calls, *rest in rows:
        counts, (usage, daily, begins, start, end, cents) = rest[: len(dimensions)], rest[len(dimensions) :]
        if not for_calls or (currency is None and not usage):
            continue
        shift = _shift(begins) if daily else None
        told = dict(zip(dimensions, counts, strict=True))
        found.append(Source(source, who, currency, lines, for_calls, told, usage, shift, start, end, cents))
    return tuple(found)


def _shift(begins: int | None) -> int:
    """Where a bill's days begin, in seconds from midnight UTC: 57,600 is eight hours before the next one's."""
    seconds = int(begins or 0)
    return seconds if seconds < DAY_SECONDS // 2 else seconds - DAY_SECONDS


def split_searches(engine: Engine) -> bool:
    """Take a bill's lines for web searches for a model of their own where the logs know what they searched.

    Else they stay a fee. Returns whether there were such lines.
    """
    return bool(
        engine.run(
            "UPDATE reconcile_bills SET model = $searches, fee = NULL WHERE part = 'searches' AND model IS NULL "
            "AND biller IN (SELECT biller FROM reconcile_calls WHERE searches > 0)",
            {"searches": naming.SEARCHES},
        )
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _plain(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(tzinfo=None)
