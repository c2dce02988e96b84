"""The month's working tables: priced calls with their owners, and projects with their revenue.

What rules see is made here and in ``tables``, and nowhere else. All SQL; Python only hands over the settings' small
tables.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from audit import chargeback, narrow, tables
from audit.pricing import join
from audit.records import CALL_COLUMNS, MONEY, TEXT, WHOLE, Month
from audit.tables import HISTORY_MONTHS, SUM

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from audit.engine.duckdb import Engine
    from audit.pricing.money import Rates
    from audit.redline import Owner
    from audit.rulebook import Rule
    from audit.settings import Project, Settings

# What the report itself needs of a call, whatever the rules ask for.
_ALWAYS = {
    "source", "started_at", "operation", "provider", "model", "task", "api_key", "service_tier", "status",
    "gateway_cache_hit", "usage_quality", "input_tokens", "cache_read_tokens", "cache_write_tokens",
    "cache_write_1h_tokens", "output_tokens", "template_hash", "stated_cost", "stated_currency",
}  # fmt: skip
_OF_PRICE = (
    "input_price", "cache_read_price", "cache_write_price", "cache_write_1h_price", "output_price", "cache_kind",
    "cache_min_tokens", "cache_lifetime_ms", "smaller_model", "smaller_input_price", "smaller_output_price",
    "batch_input_price", "batch_cache_read_price", "batch_cache_write_price", "batch_output_price",
)  # fmt: skip
PRICED_SHAPE = {
    **{column.name: column.type for column in CALL_COLUMNS},
    "cost": MONEY,
    "list_cost": MONEY,
    "native_cost": MONEY,
    "native_currency": TEXT,
    "price_source": TEXT,
    **{name: join.PRICES_SHAPE[name] for name in _OF_PRICE},
}
# What a call says of the company's own calendar: told by the view, kept by no table.
CLOCK_SHAPE = {"day": "DATE", "hour": WHOLE, "workday": "BOOLEAN"}
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


@dataclass(frozen=True, slots=True)
class Reach:
    """How many days before the month calls are kept: all of them, and those of some operations further back."""

    days: int = 0
    operations: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, rules: Iterable[Rule]) -> Reach:
        """As far as some rule asks for."""
        days, operations = 0, dict[str, int]()
        for rule in rules:
            if not rule.look_back_operations:
                days = max(days, rule.look_back_days)
            for name in rule.look_back_operations:
                operations[name] = max(operations.get(name, 0), rule.look_back_days)
        return cls(days, operations)


def build(
    engine: Engine,
    settings: Settings,
    month: Month,
    owners: list[Owner],
    reach: Reach | int,
    *,
    asked: set[str] | None = None,
    rates: Rates | None = None,
    anew: bool = False,
) -> Span:
    """Make all that rules see of a month: ``priced`` calls, ``prices``, ``projects`` and what stands beside them.

    ``reach`` says how far before the month, a number of days for all calls. ``asked`` are the names that rules mention,
    which limits the columns of ``priced``; None takes them all. A closed month has the prices it was closed with,
    unless it is to be priced ``anew``.
    """
    reach = Reach(reach) if isinstance(reach, int) else reach
    span = span_of(month, settings)
    oldest = _plain(month.shift(1 - HISTORY_MONTHS).start(settings.zone))
    terms = join.load_prices(engine, settings, oldest, span.end, rates=rates, anew=month if anew else None)
    # Where every price is in the report's currency, and a list's, the cost is all three.
    apart = ["native_cost", "native_currency"] if terms.translated else []
    apart += ["list_cost"] if terms.stated else []
    if asked is not None and settings.margins:
        asked = asked | {"team"}
    clock = tables.Clock.of(settings, oldest, span.end)
    _priced(engine, settings, span, reach, apart=apart, asked=asked)
    show_priced(engine, clock, settings.company.currency)
    _tell_apart(engine)
    _projects(engine, settings, month, owners, span)
    owner = owner_sql(settings.projects)
    tables.make_days(engine, settings, month)
    tables.make_daily_spend(engine, clock, owner, oldest, span.start - timedelta(days=reach.days))
    if asked is None or "first_seen" in asked:
        tables.make_first_seen(engine, clock, owner, span.end)
    tables.make_pools(engine, settings, month)
    return span


def asked_by(rules: list[Rule]) -> set[str] | None:
    """The names that some rule mentions; None where one takes every column. Narrow tables are made in half the time."""
    if any(rule.columns is None for rule in rules):
        return None
    return {name for rule in rules for name in rule.columns or ()}


def _priced(
    engine: Engine, settings: Settings, span: Span, reach: Reach, *, apart: list[str], asked: set[str] | None
) -> None:
    """The calls of a span with what they cost; ``apart`` are the costs that may differ from the report's.

    A call keeps the number of its price row, and each column as narrowly as it can: views show them in full.
    """
    names = [
        column.name
        for column in CALL_COLUMNS
        if column.name not in ("call_id", "project") and (asked is None or column.name in _ALWAYS | asked)
    ]
    types = narrow.held(engine, [*names, "project"], {"project": [project.name for project in settings.projects]})
    logged = [f"c.{name}::{types[name]} AS {name}" for name in names if name in types]
    within = [f"c.started_at >= TIMESTAMP '{span.start - timedelta(days=reach.days)}'"] + [
        f"c.operation = {_quoted(name)} AND c.started_at >= TIMESTAMP '{span.start - timedelta(days=days)}'"
        for name, days in reach.operations.items()
        if days > reach.days
    ]
    shown = [
        "c.call_id",
        f"{owner_sql(settings.projects)}::{types.get('project', TEXT)} AS project",
        *logged,
        *(f"c.{name}" for name in ("cost", *apart, "price_source")),
        "c.price_row::INTEGER AS price_row",
    ]
    engine.run(
        f"CREATE OR REPLACE TEMP TABLE priced_rows AS SELECT {', '.join(shown)} "
        f"FROM costed c WHERE c.started_at < $end AND c.started_at >= $oldest AND ({' OR '.join(within)})",
        {
            "end": span.end,
            "oldest": span.start - timedelta(days=max([reach.days, *reach.operations.values()])),
        },
    )


def show_priced(engine: Engine, clock: tables.Clock, currency: str) -> None:
    """The views over ``priced_rows``: ``priced``, ``priced_in_full`` with the unit prices, ``numbered`` with its rows.

    They have every column that rules may ask for: what the table holds, costs that are all the same, the company's
    calendar, and NULL for what no call states.
    """
    held = set(engine.columns("SELECT * FROM priced_rows"))
    same = {
        "native_cost": "cost",
        "native_currency": f"CASE WHEN cost IS NOT NULL THEN {_quoted(currency)} END",
        "list_cost": "cost",
    } | {column.name: f"NULL::{column.type}" for column in CALL_COLUMNS}
    shown = [name for name in PRICED_SHAPE if name in held or name in same]
    beside = {name: f"r.{name}::{PRICED_SHAPE[name]}" if name in held else same[name] for name in shown}
    beside |= clock.columns()
    told = ", ".join(f"{sql} AS {name}" for name, sql in beside.items())
    engine.run(f"CREATE OR REPLACE TEMP VIEW numbered AS SELECT r.rowid AS number, {told} FROM priced_rows r")
    engine.run("CREATE OR REPLACE TEMP VIEW priced AS SELECT * EXCLUDE (number) FROM numbered")
    of_price = ", ".join(f"p.{name}" for name in PRICED_SHAPE if name not in shown)
    in_full = f"SELECT {told}, {of_price} FROM priced_rows r LEFT JOIN prices p ON p.rowid = r.price_row"
    engine.run("CREATE OR REPLACE TEMP VIEW priced_in_full AS " + (in_full if of_price else "SELECT * FROM priced"))


def _tell_apart(engine: Engine) -> None:
    """An id is unique within its source; where two sources share one, the source becomes part of it."""
    (sources,) = engine.row("SELECT count(DISTINCT source) FROM priced_rows")
    if sources > 1:
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


def show_calls(
    engine: Engine,
    span: Span,
    look_back_days: int,
    operations: Sequence[str] = (),
    columns: frozenset[str] | None = None,
) -> None:
    """What the next rule sees as ``calls``: the month, and as far before it as the rule asks for.

    Where it names ``operations``, only their calls are looked back on. ``columns`` are the names it mentions: who asks
    for no unit price is shown none, and need not wait for them.
    """
    since = span.start - timedelta(days=look_back_days)
    only = f" AND (started_at >= TIMESTAMP '{span.start}' OR operation IN ({', '.join(map(_quoted, operations))}))"
    table = "priced_in_full" if columns is None or columns.intersection(_OF_PRICE) else "priced"
    engine.run(
        f"CREATE OR REPLACE TEMP VIEW calls AS SELECT * FROM {table} WHERE started_at >= TIMESTAMP '{since}'"
        f"{only if operations else ''}"
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _plain(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(tzinfo=None)
