"""The month's working tables: priced calls with their owners, projects with their revenue, daily spend.

What rules see is made here and nowhere else. All SQL; Python only hands over the settings' small tables.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from audit import chargeback
from audit.pricing import join
from audit.records import CALL_COLUMNS, MONEY, TEXT, WHOLE, Month

if TYPE_CHECKING:
    from audit.engine.duckdb import Engine
    from audit.pricing.money import Rates
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
    "list_cost": MONEY,
    "native_cost": MONEY,
    "native_currency": TEXT,
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


CHARGED_SHAPE = {
    "project": TEXT,
    "calls": WHOLE,
    "direct": SUM,
    "received": SUM,
    "received_from": "VARCHAR[]",
    "handed_out": SUM,
    "margin": SUM,
    "charged": SUM,
    "stayed_by": TEXT,
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
    rates: Rates | None = None,
    anew: bool = False,
) -> Span:
    """Make ``prices``, ``priced``, ``projects`` and ``daily_spend`` for a month.

    ``asked`` are the names that rules mention, which limits the columns of ``priced``; None takes them all. A closed
    month has the prices it was closed with, unless it is to be priced ``anew``.
    """
    span = span_of(month, settings)
    oldest = _plain(month.shift(1 - HISTORY_MONTHS).start(settings.zone))
    terms = join.load_prices(engine, settings, oldest, span.end, rates=rates, anew=month if anew else None)
    # Where every price is in the report's currency, and a list's, the cost is all three.
    apart = ["native_cost", "native_currency"] if terms.translated else []
    apart += ["list_cost"] if terms.stated else []
    if asked is not None and settings.margins:
        asked = asked | {"team"}
    _priced(engine, settings, Span(span.start - timedelta(days=look_back_days), span.end), apart, asked)
    _projects(engine, settings, month, owners, span)
    _daily_spend(engine, settings, oldest, span.start - timedelta(days=look_back_days))
    return span


def asked_by(rules: list[Rule]) -> set[str] | None:
    """The names that some rule mentions; None where one takes every column. Narrow tables are made in half the time."""
    if any(rule.columns is None for rule in rules):
        return None
    return {name for rule in rules for name in rule.columns or ()}


def _priced(engine: Engine, settings: Settings, span: Span, apart: list[str], asked: set[str] | None) -> None:
    """The calls of a span with what they cost; ``apart`` are the costs that may differ from the report's."""
    logged = [
        f"c.{column.name}"
        for column in CALL_COLUMNS
        if column.name not in ("call_id", "project") and (asked is None or column.name in _ALWAYS | asked)
    ]
    of_price = [name for name in _OF_PRICE if asked is None or name in asked or name == "price_source"]
    engine.run(
        f"CREATE OR REPLACE TEMP TABLE priced_rows AS SELECT c.call_id, {owner_sql(settings.projects)} AS project, "
        f"{', '.join([*logged, 'c.cost', *(f'c.{name}' for name in apart + of_price)])} "
        "FROM costed c WHERE c.started_at >= $start AND c.started_at < $end",
        {"start": span.start, "end": span.end},
    )
    same = {
        "native_cost": "cost",
        "native_currency": f"CASE WHEN cost IS NOT NULL THEN {_quoted(settings.company.currency)} END",
        "list_cost": "cost",
    }
    beside = [f"{sql} AS {name}" for name, sql in same.items() if name not in apart]
    engine.run(f"CREATE OR REPLACE TEMP VIEW priced AS SELECT {', '.join(['*', *beside])} FROM priced_rows")
    (sources,) = engine.row("SELECT count(DISTINCT source) FROM priced_rows")
    if sources > 1:
        # An id is unique within its source; where two sources share one, the source becomes part of it.
        engine.run(
            "UPDATE priced_rows SET call_id = concat(source, '/', call_id) WHERE call_id IN "
            "(SELECT call_id FROM priced_rows GROUP BY call_id HAVING count(*) > 1)"
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


def _projects(engine: Engine, settings: Settings, month: Month, owners: list[Owner], span: Span) -> None:
    """Every project that spent, is charged or is expected to earn, with what the month is charged to it.

    ``charged`` says how that comes about; ``projects`` is what rules see.
    """
    shape = {name: PROJECTS_SHAPE[name] for name in ("project", "owner", "expected_revenue", "line_share")}
    engine.load("owner", shape, [asdict(owner) for owner in owners])
    engine.load("charged", CHARGED_SHAPE, _charged(engine, settings, month, span))
    engine.run(
        "CREATE OR REPLACE TEMP TABLE projects AS SELECT coalesce(o.project, s.project) AS project, o.owner, "
        f"o.expected_revenue, o.line_share, coalesce(s.charged, 0)::{SUM} AS cost, "
        "coalesce(s.calls, 0) AS calls FROM owner o FULL JOIN "
        "(SELECT * FROM charged WHERE project IS NOT NULL) s ON o.project = s.project"
    )


def _charged(engine: Engine, settings: Settings, month: Month, span: Span) -> list[dict[str, Any]]:
    """What each project's calls cost, and what it is charged once shared costs are handed out and margins taken."""
    team = "team" if settings.margins else "NULL"
    spent = engine.rows(
        f"SELECT project, {team}, count(*), coalesce(sum(input_tokens), 0)::BIGINT "
        "+ coalesce(sum(output_tokens), 0)::BIGINT, coalesce(sum(cost), 0) FROM priced "
        "WHERE started_at >= $start GROUP BY 1, 2 ORDER BY ALL",
        {"start": span.start},
    )
    calls: dict[str | None, int] = {}
    for project, _, count, *_ in spent:
        calls[project] = calls.get(project, 0) + count
    found = chargeback.charge([chargeback.Spent(*row) for row in spent], settings.shared, settings.margins, month)
    stayed = {kept.project: kept.by for kept in found.stayed}
    return [
        {
            "project": line.project,
            "calls": calls.get(line.project, 0),
            "direct": line.direct,
            "received": sum((amount for _, amount in line.received), Decimal(0)),
            "received_from": [name for name, _ in line.received],
            "handed_out": line.handed_out,
            "margin": line.margin,
            "charged": line.charged,
            "stayed_by": stayed.get(line.project or ""),
        }
        for line in found.lines
    ]


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
        "c.output_tokens, c.cost FROM costed c "
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
