"""Two months' calls, summed by what they are alike in: the engine adds millions of calls up, Python compares the sums.

Proven waste is taken off call by call before that: of a call that was credited a third, two thirds are left, of its
tokens too.
"""

from __future__ import annotations

from decimal import localcontext
from typing import TYPE_CHECKING

from audit import history, window
from audit.report.effects import PRECISION, compared
from audit.report.spent import BILLED, KEYS, SUM, UNPRICED, Listed, sides

if TYPE_CHECKING:
    from audit.engine.duckdb import Engine
    from audit.pricing.money import Rates
    from audit.records import Month
    from audit.report.effects import Change
    from audit.settings import Settings
    from audit.window import Span

# A call that used nothing, or that the gateway answered itself, is nobody's to bill.
_STATE = f"""CASE WHEN cost IS NULL THEN '{UNPRICED}'
  WHEN cost <> 0 OR (input_tokens > 0 OR output_tokens > 0) AND gateway_cache_hit IS DISTINCT FROM TRUE THEN '{BILLED}'
  END"""
# By the names of KINDS, in their order.
_READ, _WRITTEN, _HOUR = (f"coalesce(cache_{name}_tokens, 0)" for name in ("read", "write", "write_1h"))
_USED = {
    "fresh": f"greatest(0, coalesce(input_tokens, 0) - {_READ} - {_WRITTEN})",
    "read": _READ,
    "written": f"greatest(0, {_WRITTEN} - {_HOUR})",
    "written_1h": _HOUR,
    "output": "coalesce(output_tokens, 0)",
}

# What part of a call was wasted; NULL where nothing was.
_PART = (
    f"CASE WHEN w.credited > 0 AND r.state = '{BILLED}' AND r.cost > 0 "
    "THEN least(1, w.credited / r.cost)::DECIMAL(18,9) END"
)


def explain(engine: Engine, settings: Settings, month: Month, span: Span, rates: Rates) -> Change | None:
    """The change from the month before; None where one of the two has no call that somebody bills.

    Reads ``priced``, ``credited`` and ``costed``; the former month's waste is what its audit left in the store.
    """
    former = month.shift(-1)
    earlier = window.span_of(former, settings)
    (first,) = engine.row("SELECT min(day) FROM daily_spend")
    if first is None or first > former.last_day:
        return None
    owner = window.owner_sql(settings.projects)
    months = (
        ("spent_then", f"SELECT c.* REPLACE ({owner} AS project) FROM costed c", earlier),
        ("spent_now", "SELECT * FROM priced_in_full", span),
    )
    waste_known = _flags_are_kept(engine, settings, former)
    flags = (_kept(former), _CREDITED) if waste_known else (None, None)
    for (table, calls, within), wasted in zip(months, flags, strict=True):
        _add_up(engine, table, calls, within, wasted)
    since = first if first > former.first_day else None
    with localcontext(prec=PRECISION):
        then, now = (
            sides(engine, table, Listed.of(engine, of, within, rates))
            for (table, _, within), of in zip(months, (former, month), strict=True)
        )
        return compared(then, now, str(former), waste_known=waste_known, since=since)


_CREDITED = (
    "SELECT NULL::VARCHAR AS source, call_id, sum(credited)::DECIMAL(18,9) AS credited FROM credited "
    "WHERE grade = 'proven' AND credited > 0 GROUP BY call_id"
)


def _kept(month: Month) -> str:
    """The former month's proven flags; where sources shared ids, the id was written with its source before it."""
    flags = (
        "FROM store.flags f JOIN store.rules r ON r.month = f.month AND r.rule = f.rule "
        f"WHERE f.month = '{month}' AND r.grade = 'proven' AND f.credited > 0"
    )
    return (
        f"WITH told AS (SELECT f.source, f.call_id, f.credited {flags} UNION ALL "
        f"SELECT f.source, substr(f.call_id, length(f.source) + 2), f.credited {flags} "
        "AND starts_with(f.call_id, concat(f.source, '/'))) "
        "SELECT source, call_id, sum(credited)::DECIMAL(18,9) AS credited FROM told GROUP BY ALL"
    )


def _flags_are_kept(engine: Engine, settings: Settings, month: Month) -> bool:
    """Whether a month was audited once it was over, in the report's currency, and its flags are in the store."""
    held, foreign = engine.row(
        "SELECT (SELECT count(*) FROM store.rules WHERE month = $month), "
        "(SELECT count(*) FROM store.findings WHERE month = $month AND currency <> $into)",
        {"month": str(month), "into": settings.company.currency},
    )
    return bool(held) and not foreign and history.is_audited(engine, month, settings.zone)


def _rows(calls: str) -> str:
    """Calls with what they are alike in, told by the names of ``KEYS``."""
    return (
        f"(SELECT *, {_STATE} AS state, coalesce(service_tier, 'standard') AS tier, native_currency AS listed_in, "
        f"coalesce(starts_with(price_source, 'stated by '), FALSE) AS stated FROM ({calls}) "
        "WHERE started_at >= $start AND started_at < $end) r"
    )


def _add_up(engine: Engine, table: str, calls: str, span: Span, wasted: str | None) -> None:
    """Sum a month's calls into a table, net of what is ``wasted``: the SQL of (source or NULL, call_id, credited)."""
    into = f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT {', '.join(KEYS)}, count(*)::{SUM} AS gross, "
    instants = {"start": span.start, "end": span.end}
    if wasted is None:
        used = ", ".join(f"sum({sql})::{SUM} AS {name}" for name, sql in _USED.items())
        engine.run(
            f"{into} count(*)::{SUM} AS calls, {used}, coalesce(sum(cost), 0)::{SUM} AS cost, 0::{SUM} AS wasted "
            f"FROM {_rows(calls)} WHERE state IS NOT NULL GROUP BY ALL",
            instants,
        )
        return
    engine.run(f"CREATE OR REPLACE TEMP TABLE wasted AS {wasted}")
    used = ", ".join(f"{_net(f'sum({sql})', f'sum(({sql}) * part)')} AS {name}" for name, sql in _USED.items())
    lost = "sum(least(credited, cost)) FILTER (part IS NOT NULL)"
    # One pass over calls that must be priced first costs less than two.
    engine.run(
        f"{into} {_net('count(*)', 'sum(part)')} AS calls, {used}, {_net('coalesce(sum(cost), 0)', lost)} AS cost, "
        f"coalesce({lost}, 0)::{SUM} AS wasted FROM (SELECT r.*, w.credited, {_PART} AS part FROM {_rows(calls)} "
        "LEFT JOIN wasted w ON w.call_id = r.call_id AND (w.source IS NULL OR w.source = r.source)) "
        "WHERE state IS NOT NULL GROUP BY ALL",
        instants,
    )


def _net(gross: str, lost: str) -> str:
    return f"({gross} - coalesce({lost}, 0))::{SUM}"
