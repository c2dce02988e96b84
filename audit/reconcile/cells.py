"""The cells of a comparison: what a bill and the logs say of one day, model, project, key and tier."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from audit.reconcile import naming
from audit.reconcile.bills import BILLS_SQL

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from audit.engine.duckdb import Engine
    from audit.reconcile.bills import Source
    from audit.reconcile.grain import Scope
    from audit.reconcile.result import Dimension
    from audit.reconcile.translation import Translator

ZERO = Decimal(0)
DIMENSIONS: tuple[Dimension, ...] = ("day", "model", "project", "api_key", "service_tier")


@dataclass(frozen=True, slots=True)
class Billed:
    """What a bill says of a cell. Usage that it does not state is None."""

    money: Decimal = ZERO
    lines: int = 1
    requests: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Logged:
    """What the logs say of a cell, in the bill's currency.

    ``charged`` are the calls that cost something or whose cost is unknown; ``unpriced`` have usage and no cost,
    ``no_rate`` of them for want of a rate alone; ``silent`` have no usage. ``uncached`` is what the cache reads would
    cost more as plain input, ``batch`` the part of the cost that is at the batch price.
    """

    cost: Decimal = ZERO
    calls: int = 1
    charged: int = 1
    unpriced: int = 0
    silent: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    uncached: Decimal = ZERO
    batch: Decimal = ZERO
    no_rate: int = 0


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell; what it is not told apart by is None, and so is the side that says nothing of it."""

    day: date | None = None
    model: str | None = None
    project: str | None = None
    api_key: str | None = None
    service_tier: str | None = None
    billed: Billed | None = None
    logged: Logged | None = None

    @property
    def key(self) -> tuple[object, ...]:
        """What tells it from every other."""
        return self.day, self.model, self.project, self.api_key, self.service_tier

    @property
    def is_billed(self) -> bool:
        """Whether the bill has a line for it; a report of usage beside it is none."""
        return self.billed is not None and self.billed.lines > 0

    @property
    def is_logged(self) -> bool:
        """Whether any call was logged for it."""
        return self.logged is not None

    @property
    def paid(self) -> Decimal:
        """What was billed; nought where nothing was."""
        return self.billed.money if self.billed else ZERO

    @property
    def cost(self) -> Decimal:
        """What the logged calls cost; nought where there are none."""
        return self.logged.cost if self.logged else ZERO

    @property
    def tokens(self) -> int:
        """How many tokens the bill counts more than the logs; requests where it counts no tokens."""
        billed, logged = self.billed or Billed(), self.logged or Logged(calls=0, charged=0)
        theirs = known_sum((billed.input_tokens, billed.output_tokens))
        if theirs is None and billed.requests is not None:
            return billed.requests - logged.charged
        return (theirs or 0) - logged.input_tokens - logged.output_tokens

    @property
    def money(self) -> Decimal:
        """Its part of the difference: billed less computed."""
        return self.paid - self.cost


def gather(engine: Engine, scope: Scope, dimensions: Sequence[Dimension], translate: Translator) -> tuple[Cell, ...]:
    """Both sides of a report, grouped by the engine by what both can be told apart by, in the order of their keys."""
    bills = _billed_rows(engine, scope, dimensions)
    calls = _logged_rows(engine, scope, dimensions)
    theirs, ours = ({str(row["model"]) for row in rows if row.get("model") is not None} for rows in (bills, calls))
    deployments = translate.settings.prices.deployments
    by_bill, by_log = naming.one_name(theirs, ours, scope.source.biller, deployments)
    billed: dict[tuple[object, ...], list[Billed]] = defaultdict(list)
    for row in bills:
        billed[_key(row, by_bill)].append(cast("Billed", row["side"]))
    logged: dict[tuple[object, ...], list[Logged]] = defaultdict(list)
    apart = "model" in dimensions and naming.SEARCHES in theirs
    for row in calls:
        one = _translated(cast("Logged", row["side"]), row["currency"], translate)
        searches = translate(row["searches"], translate.settings.company.currency) if apart else None
        if searches:
            one = replace(one, cost=one.cost - searches)
            logged[_key({**row, "model": naming.SEARCHES}, {naming.SEARCHES: naming.SEARCHES})].append(
                Logged(searches, calls=0, charged=0)
            )
        logged[_key(row, by_log)].append(one)
    keys = sorted({*billed, *logged}, key=lambda key: tuple((part is None, str(part or "")) for part in key))
    return tuple(
        Cell(
            **cast("dict[str, Any]", dict(zip(DIMENSIONS, key, strict=True))),
            billed=_all_billed(billed[key]) if key in billed else None,
            logged=_all_logged(logged[key]) if key in logged else None,
        )
        for key in keys
    )


def without_money(cells: Iterable[Cell]) -> tuple[Cell, ...]:
    """The cells of a report of usage alone: what the calls cost is not held against nothing."""
    return tuple(
        replace(cell, logged=replace(cell.logged, cost=ZERO, uncached=ZERO, batch=ZERO)) if cell.logged else cell
        for cell in cells
    )


def _key(row: dict[str, Any], names: dict[str, str]) -> tuple[object, ...]:
    model = row.get("model")
    return tuple(
        names.get(str(model)) if name == "model" and model is not None else row.get(name) for name in DIMENSIONS
    )


def _billed_rows(engine: Engine, scope: Scope, dimensions: Sequence[Dimension]) -> list[dict[str, Any]]:
    columns: dict[str, str] = {name: name for name in dimensions}
    if "service_tier" in columns:
        columns["service_tier"] = "coalesce(service_tier, 'standard')"
    sums = "sum(requests)::BIGINT, sum(input_tokens)::BIGINT, sum(output_tokens)::BIGINT"
    money, usage = scope.source, scope.usage or scope.source
    rows = _grouped(engine, columns, f"coalesce(sum(billed_cost), 0), count(*), {sums}", money)
    found = [_row(dimensions, row, Billed(*row[len(dimensions) :])) for row in rows]
    if usage is not money:
        found = [row | {"side": Billed(row["side"].money, row["side"].lines)} for row in found]
        for row in _grouped(engine, columns, sums, usage):
            found.append(_row(dimensions, row, Billed(ZERO, 0, *row[len(dimensions) :])))
    return found


def _grouped(engine: Engine, columns: dict[str, str], sums: str, source: Source) -> list[tuple[Any, ...]]:
    told = "".join(f"{sql} AS {column}, " for column, sql in columns.items())
    return engine.rows(
        f"SELECT {told}{sums} FROM reconcile_bills WHERE {BILLS_SQL} AND fee IS NULL GROUP BY ALL ORDER BY ALL",
        source.params,
    )


def _logged_rows(engine: Engine, scope: Scope, dimensions: Sequence[Dimension]) -> list[dict[str, Any]]:
    columns: dict[str, str] = {name: name for name in dimensions}
    if "day" in columns:
        columns["day"] = f"(quarter - INTERVAL ({scope.shift}) SECOND)::DATE"
    told = "".join(f"{sql} AS {column}, " for column, sql in columns.items())
    names = "calls, charged, unpriced, silent, input_tokens, output_tokens"
    sums = ", ".join(f"sum({name})::BIGINT" for name in names.split(", "))
    rows = engine.rows(
        f"SELECT {told}currency, sum(searches), sum(cost), {sums}, sum(uncached), sum(batch) FROM reconcile_calls "
        f"WHERE {scope.calls_sql} GROUP BY ALL ORDER BY ALL",
        scope.calls_params,
    )
    at = len(dimensions)
    return [
        _row(dimensions, row, Logged(*row[at + 2 :])) | {"currency": row[at], "searches": row[at + 1]} for row in rows
    ]


def _row(dimensions: Sequence[Dimension], row: tuple[Any, ...], side: Billed | Logged) -> dict[str, Any]:
    return {**dict(zip(dimensions, row, strict=False)), "side": side}


def _translated(one: Logged, currency: str, translate: Translator) -> Logged:
    own = translate.settings.company.currency
    cost, batch, uncached = (
        translate.cost(one.cost, currency),
        translate(one.batch, currency),
        translate(one.uncached, own),
    )
    if cost is None:
        told = one.calls - one.silent
        return replace(one, cost=ZERO, unpriced=told, no_rate=told, uncached=ZERO, batch=ZERO)
    return replace(one, cost=cost, uncached=uncached or ZERO, batch=batch or ZERO)


def _all_billed(sides: Sequence[Billed]) -> Billed:
    return Billed(
        sum((one.money for one in sides), ZERO),
        sum(one.lines for one in sides),
        known_sum(one.requests for one in sides),
        known_sum(one.input_tokens for one in sides),
        known_sum(one.output_tokens for one in sides),
    )


def _all_logged(sides: Sequence[Logged]) -> Logged:
    return Logged(
        sum((one.cost for one in sides), ZERO),
        sum(one.calls for one in sides),
        sum(one.charged for one in sides),
        sum(one.unpriced for one in sides),
        sum(one.silent for one in sides),
        sum(one.input_tokens for one in sides),
        sum(one.output_tokens for one in sides),
        sum((one.uncached for one in sides), ZERO),
        sum((one.batch for one in sides), ZERO),
        sum(one.no_rate for one in sides),
    )


def known_sum(values: Iterable[int | None]) -> int | None:
    """The sum of what is stated; None where nothing is."""
    stated = [value for value in values if value is not None]
    return sum(stated) if stated else None
