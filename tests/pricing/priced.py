"""Calls put into a store in memory and priced with the audit's own join."""

from __future__ import annotations

import csv
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.engine.store import open_store
from audit.pricing import join
from audit.records import CALL_COLUMNS
from audit.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from decimal import Decimal

    from audit.engine.duckdb import Engine

_TYPES = {column.name: column.type for column in CALL_COLUMNS}
START, END = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


@contextmanager
def store(calls: Iterable[Mapping[str, Any]], settings: Settings | None = None) -> Iterator[Engine]:
    """A store that holds the calls; what a call does not name is NULL, its id is its place, its source `log`."""
    with tempfile.TemporaryDirectory() as folder:
        rows = [{"call_id": str(n), "source": "log", "status": "ok"} | dict(call) for n, call in enumerate(calls)]
        names = list(dict.fromkeys(name for row in rows for name in row))
        path = Path(folder) / "calls.csv"
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, names)
            writer.writeheader()
            writer.writerows({name: _text(value) for name, value in row.items()} for row in rows)
        with open_store(Path(folder) / "audit.duckdb", settings or Settings()) as engine:
            columns = {name: _TYPES[name] for name in names}
            if rows:
                engine.run(
                    f"INSERT INTO store.calls BY NAME SELECT * FROM read_csv('{path}', header = true, "
                    f"auto_detect = false, columns = {columns}, allow_quoted_nulls = false)"
                )
            yield engine


def _text(value: object) -> object:
    """Instants as UTC without a zone, as the store holds them."""
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ") if isinstance(value, datetime) else value


@dataclass(frozen=True, slots=True)
class Cost:
    """What one call cost, how many price rows fitted it, and which list they are of."""

    cost: Decimal | None
    rows: int
    source: str | None


def costs(
    calls: Iterable[Mapping[str, Any]], settings: Settings | None = None, start: datetime = START, end: datetime = END
) -> dict[str, Cost]:
    """The cost of each call by its id."""
    settings = settings or Settings()
    with store(calls, settings) as engine:
        join.load_prices(engine, settings, start, end)
        found = engine.rows(
            "SELECT call_id, min(cost), count(listed_model), min(price_source) FROM costed GROUP BY call_id"
        )
    return {call_id: Cost(cost, rows, source) for call_id, cost, rows, source in found}


def cost(call: Mapping[str, Any], settings: Settings | None = None) -> Decimal | None:
    """The cost of one call."""
    (found,) = costs([call], settings).values()
    return found.cost


def utc(text: str, microseconds: int = 0) -> datetime:
    """An instant as it is written, UTC, so many microseconds later."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC) + timedelta(microseconds=microseconds)
