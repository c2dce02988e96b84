"""The view ``costed``: every call of the store with its cost, the list that says so, and the prices it is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.records import CALL_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from audit.pricing.cost import Terms

KEY = ("provider", "model", "service_tier", "region")
# A pool's calls come to what the pool costs, to the last digit.
WITH_RESTS = """SELECT l.* REPLACE (
  l.cost + coalesce(r.rest, 0) AS cost, l.list_cost + coalesce(r.rest, 0) AS list_cost,
  l.native_cost + coalesce(r.native_rest, 0) AS native_cost
) FROM listed l LEFT JOIN pool_rests r ON l.source = r.source AND l.call_id = r.call_id"""


def listed(terms: Terms, columns: Iterable[str]) -> str:
    """Every call with what the lists make of it; ``columns`` are those of a price row."""
    named = {"cost", "list_cost", "native_cost", "native_currency", *(column.name for column in CALL_COLUMNS)}
    logged = ", ".join(f"c.{column.name}" for column in CALL_COLUMNS if column.name != "region")
    of_price = ", ".join(
        f"p.{name}" for name in columns if name not in (*named, *KEY, "price_source") and "native" not in name
    )
    native = (
        f"SELECT {logged}, {terms.region.format(c='c')} AS region, {terms.native_cost('c', 'p')} AS native_cost, "
        f"p.currency AS native_currency, {terms.source('c', 'p')} AS price_source, p.rowid AS price_row, {of_price} "
        f"FROM store.each_call c LEFT JOIN prices p ON {terms.match('c', 'p')}"
    )
    with_list_cost = f"SELECT n.*, {terms.list_cost('n')} AS list_cost FROM ({native}) n"
    return f"SELECT l.*, {terms.cost('l')} AS cost FROM ({with_list_cost}) l"
