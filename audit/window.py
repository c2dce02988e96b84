"""The month's working tables: priced calls with their owners, projects with their revenue, daily spend.

What rules see is made here and nowhere else. All SQL; Python only hands over the settings' small tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from audit.pricing import join
from audit.records import CALL_COLUMNS, MONEY, TEXT, WHOLE, Month

if TYPE_CHECKING:
    from audit.engine.duckdb import Engine
    from audit.redline import Owner
    from audit.rulebook import Rule
    from audit.settings import Project, Settings

HISTORY_MONTHS = 13
# A sum of money: a currency of small units passes what one call may cost.
SUM = "DECIMAL(38,9)"
# What the report itself needs of a call, whatever the rules ask for.
_ALWAYS = {
    "source", "started_at", "provider", "model", "service_tier", "status", "usage_quality", "input_tokens",
    "cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens", "output_tokens", "stated_cost",
    "stated_currency",
}  # fmt: skip
_OF_PRICE = (
    "input_price", "cache_read_price", "cache_write_price", "output_price", "cache_kind", "cache_min_tokens",
    "cache_lifetime_ms", "smaller_model", "smaller_input_price", "smaller_output_price", "price_source",
)  # fmt: skip
PRICED_SHAPE = {
    **{column.name: column.type for column in CALL_COLUMNS},
    "cost": MONEY,
    **{name: join.PRICES_SHAPE[name] for name in _OF_PRICE},
}
DAILY_SHAPE = {
    "day": "DATE",
    "project": TEXT,
    "provider": TEXT,
    "model": TEXT,
    "calls": WHOLE,
    "input_tokens": WHOLE,
    "output_tokens": WHOLE,
    "cost": SUM,
}
PROJECTS_SHAPE = {
    "project": "VARCHAR",
    "owner": "VARCHAR",
    "expected_revenue": "DECIMAL(18,2)",
    "line_share": "DECIMAL(9,6)",
}


@dataclass(frozen=True, slots=True)
class Span:
    """The instants (UTC, without zone) between which a month's calls started."""

    start: datetime
    end: datetime


def span_of(month: Month, settings: Settings) -> Span:
    """The month's boundaries in the company's time zone."""
    return Span(_plain(month.start(settings.zone)), _plain(month.end(settings.zone)))


def build(
    engine: Engine,
    settings: Settings,
    month: Month,
    owners: list[Owner],
    look_back_days: int,
    *,
    asked: set[str] | None = None,
) -> Span:
    """Make ``prices``, ``priced``, ``projects`` and ``daily_spend`` for a month.

    ``asked`` are the names that rules mention, which limits the columns of ``priced``; None takes them all.
    """
    span = span_of(month, settings)
    oldest = _plain(month.shift(1 - HISTORY_MONTHS).start(settings.zone))
    join.load_prices(engine, settings, oldest, span.end)
    _priced(engine, settings, span, look_back_days, asked)
    _projects(engine, owners, span)
    _daily_spend(engine, settings, oldest, span.start - timedelta(days=look_back_days))
    return span


def asked_by(rules: list[Rule]) -> set[str] | None:
    """The names that some rule mentions; None where one takes every column. Narrow tables are made in half the time."""
    if any(rule.columns is None for rule in rules):
        return None
    return {name for rule in rules for name in rule.columns or ()}


def _priced(engine: Engine, settings: Settings, span: Span, look_back_days: int, asked: set[str] | None) -> None:
    logged = [
        f"c.{column.name}"
        for column in CALL_COLUMNS
        if column.name not in ("call_id", "project") and (asked is None or column.name in _ALWAYS | asked)
    ]
    of_price = [name for name in _OF_PRICE if asked is None or name in asked]
    params = {"start": span.start - timedelta(days=look_back_days), "end": span.end}
    engine.run(
        f"CREATE OR REPLACE TEMP TABLE priced AS SELECT c.call_id, {owner_sql(settings.projects)} AS project, "
        f"{', '.join(logged)}, {join.COST.format(c='c', p='p')} AS cost{''.join(f', {name}' for name in of_price)} "
        f"FROM store.each_call c LEFT JOIN prices p ON {join.MATCH.format(c='c', p='p')} "
        "WHERE c.started_at >= $start AND c.started_at < $end",
        params,
    )
    (sources,) = engine.row("SELECT count(DISTINCT source) FROM priced")
    if sources > 1:
        # An id is unique within its source; where two sources share one, the source becomes part of it.
        engine.run(
            "UPDATE priced SET call_id = concat(source, '/', call_id) WHERE call_id IN "
            "(SELECT call_id FROM priced GROUP BY call_id HAVING count(*) > 1)"
        )


def owner_sql(projects: list[Project]) -> str:
    """The call's project: as the settings map its key, user, team or source; else as it was logged."""
    cases = [
        f"WHEN c.{column} = {_quoted(value)} THEN {_quoted(project.name)}"
        for column, key in (("api_key", "api_keys"), ("user_id", "users"), ("team", "teams"), ("source", "sources"))
        for project in projects
        for value in getattr(project, key)
    ]
    return f"CASE {' '.join(cases)} ELSE c.project END" if cases else "c.project"


def _projects(engine: Engine, owners: list[Owner], span: Span) -> None:
    """Every project that spent or is expected to earn, with the month's cost."""
    engine.load(
        "owner",
        PROJECTS_SHAPE,
        [
            {
                "project": owner.project,
                "owner": owner.owner,
                "expected_revenue": owner.expected_revenue,
                "line_share": owner.line_share,
            }
            for owner in owners
        ],
    )
    engine.run(
        "CREATE OR REPLACE TEMP TABLE projects AS SELECT coalesce(o.project, s.project) AS project, o.owner, "
        f"o.expected_revenue, o.line_share, coalesce(s.cost, 0)::{SUM} AS cost, "
        "coalesce(s.calls, 0) AS calls FROM owner o FULL JOIN "
        "(SELECT project, sum(cost) AS cost, count(*) AS calls FROM priced "
        "WHERE started_at >= $start AND project IS NOT NULL GROUP BY project) s ON o.project = s.project",
        {"start": span.start},
    )


def _daily_spend(engine: Engine, settings: Settings, oldest: datetime, since: datetime) -> None:
    """Days of the company's zone. Quarters of an hour are summed before they are dated: few need the zone's rules.

    What is priced already is not priced again; only the days before the window still must be.
    """
    quarter = "time_bucket(INTERVAL '15 minutes', started_at) AS quarter"
    summed = ", ".join(f"sum({name}) AS {name}" for name in ("input_tokens", "output_tokens", "cost"))
    sums = f"count(*) AS calls, {summed}"
    engine.run(
        "CREATE OR REPLACE TEMP TABLE daily_spend AS WITH earlier AS ("
        f"SELECT c.started_at, {owner_sql(settings.projects)} AS project, c.provider, c.model, c.input_tokens, "
        f"c.output_tokens, {join.COST.format(c='c', p='p')} AS cost "
        f"FROM store.each_call c LEFT JOIN prices p ON {join.MATCH.format(c='c', p='p')} "
        "WHERE c.started_at >= $oldest AND c.started_at < $since), "
        f"quarters AS (SELECT {quarter}, project, provider, model, {sums} FROM priced GROUP BY ALL "
        f"UNION ALL SELECT {quarter}, project, provider, model, {sums} FROM earlier GROUP BY ALL) "
        f"SELECT (quarter AT TIME ZONE 'UTC' AT TIME ZONE {_quoted(settings.company.timezone)})::DATE AS day, "
        "project, provider, model, sum(calls)::BIGINT AS calls, sum(input_tokens)::BIGINT AS input_tokens, "
        f"sum(output_tokens)::BIGINT AS output_tokens, sum(cost)::{SUM} AS cost FROM quarters GROUP BY ALL",
        {"oldest": oldest, "since": since},
    )


def show_calls(engine: Engine, span: Span, look_back_days: int) -> None:
    """What the next rule sees as ``calls``: the month, and as far before it as the rule asks for."""
    since = span.start - timedelta(days=look_back_days)
    engine.run(f"CREATE OR REPLACE TEMP VIEW calls AS SELECT * FROM priced WHERE started_at >= TIMESTAMP '{since}'")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _plain(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(tzinfo=None)
