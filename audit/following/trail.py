"""A finding followed to its calls: what was claimed on them, what surer findings took of it, what was credited."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from audit.engine.duckdb import Engine
    from audit.following.kept import KeptMonth
    from audit.records import Finding

ZERO = Decimal(0)
# The calls that weigh most stand first, as in the report.
_HEAVIEST = "coalesce(credited, 0) DESC, coalesce(saving, 0) DESC, coalesce(cost, 0) DESC, call_id"
_OF = """month = $month AND rule = $rule
  AND project IS NOT DISTINCT FROM $project AND subject IS NOT DISTINCT FROM $subject"""
# A claim meets what surer flags have left of the call's cost. Each takes from the claim what no longer fits beside it.
_TAKEN = f"""WITH mine AS (
  SELECT source, call_id, cost, saving FROM store.flags WHERE {_OF} AND saving > credited
),
turns AS (
  SELECT rule, place FROM store.rules WHERE month = $month
),
surer AS (
  SELECT f.rule, f.project, f.subject, m.cost - m.saving AS beside, f.credited, sum(f.credited) OVER (
    PARTITION BY f.source, f.call_id ORDER BY t.place ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  ) AS so_far
  FROM store.flags f JOIN mine m USING (source, call_id) JOIN turns t ON t.rule = f.rule
  WHERE f.month = $month AND f.credited > 0 AND t.place < (SELECT place FROM turns WHERE rule = $rule)
)
SELECT rule, project, subject, count(*), sum(
  greatest(so_far - beside, 0) - greatest(so_far - credited - beside, 0)
) AS taken
FROM surer GROUP BY ALL HAVING taken > 0 ORDER BY taken DESC, rule, project, subject"""


@dataclass(frozen=True, slots=True)
class Flagged:
    """One call of a finding with what the finding claims and is credited on it; money as it was at the audit.

    ``started_at`` is None, and what follows it, where the store has the call no more.
    """

    call_id: str
    source: str
    cost: Decimal | None
    saving: Decimal | None
    credited: Decimal | None
    evidence: dict[str, Any]
    started_at: datetime | None = None
    model: str | None = None
    input_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    output_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """What a surer finding took of a finding's claim, on how many of its calls."""

    id: str
    calls: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Trail:
    """A finding's arithmetic: ``claimed`` less what was ``taken`` is ``credited``; and some of its calls.

    ``unpriced`` are its calls on which nothing could be claimed, for their cost is unknown.
    """

    finding: Finding
    flagged: int
    unpriced: int
    claimed: Decimal | None
    credited: Decimal | None
    taken: tuple[Taken, ...]
    calls: tuple[Flagged, ...]


def follow(engine: Engine, held: KeptMonth, finding: Finding, most: int) -> Trail:
    """A kept finding with its arithmetic and its ``most`` heaviest calls; figures come from its calls alone."""
    said = {
        "month": str(held.month),
        "rule": finding.rule,
        "project": finding.project,
        "subject": finding.subject,
    }
    flagged, unpriced, claimed, credited = engine.row(
        f"SELECT count(*), count(*) - count(cost), sum(saving), sum(credited) FROM store.flags WHERE {_OF}", said
    )
    taken = tuple(
        Taken(_id(held, rule, project, subject), calls, amount)
        for rule, project, subject, calls, amount in engine.rows(_TAKEN, said)
    )
    return Trail(finding, flagged, unpriced, claimed, credited, taken, _calls(engine, said, most))


def _id(held: KeptMonth, *place: str | None) -> str:
    return next((f.id for f in held.findings if (f.rule, f.project, f.subject) == place), "/".join(filter(None, place)))


def _calls(engine: Engine, said: dict[str, Any], most: int) -> tuple[Flagged, ...]:
    rows = engine.rows(
        "SELECT call_id, source, cost, saving, credited, evidence FROM store.flags "
        f"WHERE {_OF} ORDER BY {_HEAVIEST} LIMIT $most",
        {**said, "most": most},
    )
    records = _records(engine, [(source, call_id) for call_id, source, *_ in rows])
    return tuple(
        Flagged(
            call_id, source, cost, saving, credited, json.loads(evidence or "{}"), **records.get((source, call_id), {})
        )
        for call_id, source, cost, saving, credited, evidence in rows
    )


def _records(engine: Engine, names: list[tuple[str, str]]) -> dict[tuple[str, str], dict[str, Any]]:
    """What is shown of some calls, by source and id as they were flagged."""
    wanted = {(source, call_id): (source, name) for source, name in names for call_id in call_id_in(source, name)}
    shown = ("started_at", "model", "input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens")
    rows = engine.rows(
        f"SELECT source, call_id, {', '.join(shown)} FROM store.each_call WHERE list_contains($ids, call_id)",
        {"ids": sorted({call_id for _, call_id in wanted})},
    )
    return {
        wanted[source, call_id]: dict(zip(shown, told, strict=True))
        for source, call_id, *told in rows
        if (source, call_id) in wanted
    }


def call_id_in(source: str, name: str) -> list[str]:
    """What a call that is flagged under a name is called in its source.

    Where two sources give one id, the audit puts the source before it.
    """
    before, slash, rest = name.partition(f"{source}/")
    return [name, rest] if slash and not before else [name]
