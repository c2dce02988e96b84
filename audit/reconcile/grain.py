"""What of a report is compared, and how finely: its time, its calls, and the dimensions that both sides state."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from audit.reconcile import naming
from audit.reconcile.bills import BILLS_SQL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from audit.engine.duckdb import Engine
    from audit.reconcile.bills import Source
    from audit.reconcile.result import Dimension
    from audit.records import Month

# Names that many accounts have alike: sharing one says nothing of whether both sides use the same names.
_COMMON = {"default", "default project", "default workspace"}


@dataclass(frozen=True, slots=True)
class Scope:
    """One report with the time and the calls that it is for.

    ``usage`` is another report of the same provider that states the usage beside this one's money. Calls priced in the
    currency of one of ``siblings``, the same bill's parts in other currencies, are those parts'.
    """

    source: Source
    start: datetime
    end: datetime
    siblings: tuple[str, ...] = ()
    usage: Source | None = None

    @property
    def shift(self) -> int:
        """Where its days begin, in seconds from midnight UTC."""
        return self.source.shift or 0

    @property
    def calls_sql(self) -> str:
        """The condition on ``reconcile_calls``."""
        return (
            "biller IS NOT DISTINCT FROM $biller AND quarter >= $start AND quarter < $end "
            "AND NOT list_contains($siblings, currency)"
        )

    @property
    def calls_params(self) -> dict[str, Any]:
        """The condition's parameters."""
        return {
            "biller": self.source.biller,
            "start": self.start,
            "end": self.end,
            "siblings": list(self.siblings),
        }


@dataclass(frozen=True, slots=True)
class Unused:
    """A dimension that the bill states, and that the two sides could not be compared by; ``why`` is a word's key.

    ``strangers`` are the bill's keys or projects that no log knows, with their money, where the logs know others.
    """

    dimension: Dimension
    why: str
    values: dict[str, object] = field(default_factory=dict)
    strangers: tuple[tuple[str, Decimal], ...] = ()


def scope_of(source: Source, month: Month, others: Sequence[Source]) -> Scope:
    """Where a bill's own month lies: by its days, or, where its lines stand for longer, from its first to its last."""
    if source.shift is None:
        start, end = source.start, source.end
    else:
        beside = timedelta(seconds=source.shift)
        start = datetime.combine(month.first_day, time()) + beside
        end = datetime.combine(month.shift(1).first_day, time()) + beside
    siblings = tuple(
        other.currency
        for other in others
        if (other.source, other.biller) == (source.source, source.biller)
        and other.currency is not None
        and source.currency is not None
        and other.currency != source.currency
    )
    return Scope(source, start, end, siblings)


def dimensions(
    engine: Engine, scope: Scope, deployments: Mapping[str, str]
) -> tuple[tuple[Dimension, ...], tuple[Unused, ...]]:
    """What both sides can be told apart by, and what only the bill can; ``deployments`` are the settings' names."""
    used: list[Dimension] = ["day"] if scope.source.states("day") else []
    unused: list[Unused] = []
    names: tuple[Dimension, ...] = ("model", "project", "api_key")
    for name in names:
        if not scope.source.states(name):
            continue
        found = _unused(engine, scope, name, deployments)
        if found is None:
            used.append(name)
        else:
            unused.append(found)
    (tiered,) = engine.row(
        f"SELECT coalesce(bool_or(tiered), false) FROM reconcile_calls WHERE {scope.calls_sql}", scope.calls_params
    )
    if scope.source.states("service_tier"):
        if tiered:
            used.append("service_tier")
        else:
            unused.append(Unused("service_tier", "not_in_logs"))
    return tuple(used), tuple(unused)


def _unused(engine: Engine, scope: Scope, name: Dimension, deployments: Mapping[str, str]) -> Unused | None:
    """Why a dimension cannot be used: calls that do not state it, or two sides that write other names."""
    calls, without = engine.row(
        f"SELECT coalesce(sum(calls), 0)::BIGINT, coalesce(sum(calls) FILTER ({name} IS NULL), 0)::BIGINT "
        f"FROM reconcile_calls WHERE {scope.calls_sql}",
        scope.calls_params,
    )
    if not calls:
        return None
    logged = engine.rows(
        f"SELECT DISTINCT {name} FROM reconcile_calls WHERE {scope.calls_sql} AND {name} IS NOT NULL",
        scope.calls_params,
    )
    billed = engine.rows(
        f"SELECT {name}, coalesce(sum(billed_cost), 0) FROM reconcile_bills WHERE {BILLS_SQL} AND fee IS NULL "
        f"AND {name} IS NOT NULL GROUP BY {name} ORDER BY 2 DESC, 1",
        scope.source.params,
    )
    ours, theirs = {str(value) for (value,) in logged}, {str(value) for value, _ in billed}
    if without:
        strange = [(value, money) for value, money in billed if value not in ours] if theirs & ours else []
        why = "not_in_logs" if without == calls else "not_in_all_logs"
        return Unused(name, why, {"n": without}, tuple(strange) if name != "model" else ())
    if name == "model":
        by_bill, by_log = naming.one_name(theirs, ours, scope.source.biller, deployments)
        shared = set(by_bill.values()) & set(by_log.values())
    else:
        shared = {value for value in ours & theirs if value.lower() not in _COMMON}
    # One account with one project or workspace of a common name: the same on both sides.
    if shared or (ours == theirs and len(ours) == 1):
        return None
    return Unused(name, "other_names", {"theirs": min(theirs), "ours": min(ours)})


def stands_beside(other: Source, one: Source) -> bool:
    """Whether another report bills the same provider: the two are never added."""
    both = other.currency is not None and one.currency is not None
    return both and other.biller == one.biller and other.source != one.source


def with_usage(engine: Engine, scope: Scope, dims: Sequence[Dimension], usages: Sequence[Source]) -> Scope:
    """The scope with the first report of usage that agrees with it on the provider, the days and the dimensions."""
    if scope.source.currency is None or scope.source.usage:
        return scope
    for usage in usages:
        fits = usage.biller == scope.source.biller and all(usage.states(name) for name in dims)
        if (
            fits
            and ("day" not in dims or usage.shift == scope.source.shift)
            and _same_names(engine, scope, usage, dims)
        ):
            return Scope(scope.source, scope.start, scope.end, scope.siblings, usage)
    return scope


def _same_names(engine: Engine, scope: Scope, usage: Source, dims: Sequence[Dimension]) -> bool:
    """Whether two reports write projects and keys alike: console exports have names where an API has ids."""
    for name in dims:
        if name not in ("project", "api_key"):
            continue
        (shared,) = engine.row(
            f"""SELECT count(*) FROM (
              SELECT {name} FROM reconcile_bills WHERE {BILLS_SQL} AND fee IS NULL
              INTERSECT
              SELECT {name} FROM reconcile_bills WHERE source = $usage AND biller IS NOT DISTINCT FROM $biller
                AND currency IS NULL AND fee IS NULL)""",
            scope.source.params | {"usage": usage.source},
        )
        if not shared:
            return False
    return True
