"""One call followed to its price and its flags: the record, what it cost and why, and what of that was credited."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from audit.following import kept, paid
from audit.records import CALL_COLUMNS, Month
from audit.window import owner_sql

if TYPE_CHECKING:
    from datetime import datetime

    from audit.engine.duckdb import Engine
    from audit.following.paid import Priced
    from audit.settings import Settings

ZERO = Decimal(0)
_RECORD = [column.name for column in CALL_COLUMNS]


@dataclass(frozen=True, slots=True)
class Sighting:
    """A call by its names, with enough to tell it from another of the same id."""

    source: str
    call_id: str
    started_at: datetime
    project: str | None
    model: str | None


@dataclass(frozen=True, slots=True)
class Flag:
    """What one rule claims on a call, in the ledger's order, and what is left of the cost after it."""

    rule: str
    grade: str
    finding: str
    saving: Decimal | None
    credited: Decimal | None
    left: Decimal | None
    evidence: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Statement:
    """One log's word about a call that several tell of."""

    source: str
    call_id: str
    file: str


@dataclass(frozen=True, slots=True)
class OneCall:
    """A call and all there is to say of it; ``audited`` says that the store keeps what its month's audit found.

    ``cost_at_audit`` is None where no rule flagged it, or nobody knew.
    """

    month: Month
    record: dict[str, Any]
    project: str | None
    priced: Priced
    flags: tuple[Flag, ...]
    cost_at_audit: Decimal | None
    statements: tuple[Statement, ...]
    audited: bool


def find(engine: Engine, settings: Settings, name: str, month: Month | None) -> list[Sighting]:
    """The calls that a name may mean: an id of theirs, SOURCE/ID, or an id that another log gives the same call."""
    places = [(name[:at], name[at + 1 :]) for at, sign in enumerate(name) if sign == "/"]
    within, span = "", {}
    if month is not None:
        within = "AND started_at >= $start AND started_at < $end "
        span = {
            edge: at.replace(tzinfo=None)
            for edge, at in (("start", month.start(settings.zone)), ("end", month.end(settings.zone)))
        }
    told = f"SELECT source, call_id, started_at, {owner_sql(settings.projects)}, model FROM store.each_call c WHERE "
    asked: list[tuple[str, dict[str, Any]]] = [
        ("call_id = $name", {"name": name}),
        *(("source = $source AND call_id = $rest", {"source": source, "rest": rest}) for source, rest in places),
        (
            "(source, call_id) IN (SELECT (of_source, of_call_id) FROM store.statements WHERE call_id = $name)",
            {"name": name},
        ),
        ("(response_id = $name OR request_id = $name)", {"name": name}),
    ]
    for condition, params in asked:
        rows = engine.rows(f"{told}{condition} {within}ORDER BY started_at, source, call_id", params | span)
        if rows:
            return [Sighting(*row) for row in rows]
    return []


def follow(engine: Engine, settings: Settings, call: Sighting) -> OneCall:
    """A call with its price and its flags. Priced as its month is: a closed one as it was closed."""
    month = Month.of(call.started_at.replace(tzinfo=UTC).astimezone(settings.zone).date())
    named = {"source": call.source, "call_id": call.call_id}
    record = dict(
        zip(
            _RECORD,
            engine.row(
                f"SELECT {', '.join(_RECORD)} FROM store.each_call WHERE source = $source AND call_id = $call_id", named
            ),
            strict=True,
        )
    )
    audited = month in kept.months(engine)
    flags, at_audit = _flags(engine, month, call) if audited else ((), None)
    price = paid.price(engine, settings, month, named)
    statements = tuple(
        Statement(*row)
        for row in engine.rows(
            "SELECT c.source, c.call_id, f.path FROM store.calls c LEFT JOIN store.files f USING (file_id) "
            "WHERE (c.source = $source AND c.call_id = $call_id) OR (c.source, c.call_id) IN (SELECT (source, call_id) "
            "FROM store.statements WHERE of_source = $source AND of_call_id = $call_id) ORDER BY ALL",
            named,
        )
    )
    return OneCall(month, record, call.project, price, flags, at_audit, statements, audited)


def _flags(engine: Engine, month: Month, call: Sighting) -> tuple[tuple[Flag, ...], Decimal | None]:
    """A call's flags in the ledger's order, and what the call cost when they were credited."""
    rows = engine.rows(
        "SELECT f.rule, r.grade, i.id, f.saving, f.credited, f.evidence, f.cost FROM store.flags f "
        "LEFT JOIN store.rules r ON r.month = f.month AND r.rule = f.rule "
        "LEFT JOIN store.findings i ON i.month = f.month AND i.rule = f.rule "
        "AND i.project IS NOT DISTINCT FROM f.project AND i.subject IS NOT DISTINCT FROM f.subject "
        "WHERE f.month = $month AND f.source = $source AND f.call_id IN ($name, $prefixed) ORDER BY r.place",
        {
            "month": str(month),
            "source": call.source,
            "name": call.call_id,
            # Where two sources give one id, the audit puts the source before it.
            "prefixed": f"{call.source}/{call.call_id}",
        },
    )
    left = rows[0][-1] if rows else None
    flags = []
    for rule, grade, finding, saving, credited, evidence, _ in rows:
        left = None if left is None else left - (credited or ZERO)
        flags.append(Flag(rule, grade, finding or rule, saving, credited, left, json.loads(evidence or "{}")))
    return tuple(flags), rows[0][-1] if rows else None
