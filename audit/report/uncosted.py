"""Calls without a known cost, told apart: those whose price no list has, and those that do not state what they used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.report.content import UnpricedModel

if TYPE_CHECKING:
    from audit.engine.duckdb import Engine
    from audit.window import Span

_GIVEN_UP = "('error', 'cancelled')"
_NOTHING_TOLD = (
    f"(usage_quality = 'missing' AND status NOT IN {_GIVEN_UP} "
    f"OR input_tokens IS NULL AND output_tokens IS NULL AND coalesce(status, 'ok') NOT IN {_GIVEN_UP})"
)
# The model has a price, and no cost can be made of one half of a call's usage.
_HALF_TOLD = (
    "(cost IS NULL AND (input_tokens IS NULL) <> (output_tokens IS NULL) AND EXISTS (FROM prices p "
    "WHERE p.model = priced.model AND p.provider IS NOT DISTINCT FROM priced.provider))"
)
# What is billed by the piece alone, as searches and images, has no tokens to state.
_BY_THE_PIECE = (
    "FROM costed c WHERE c.started_at >= $start AND c.started_at < $end AND c.quantity IS NOT NULL "
    f"AND c.input_tokens IS NULL AND c.output_tokens IS NULL AND coalesce(c.status, 'ok') NOT IN {_GIVEN_UP} "
    "AND (c.cost IS NOT NULL OR NOT EXISTS (FROM prices p WHERE p.model = c.model "
    "AND p.provider IS NOT DISTINCT FROM c.provider AND (p.input_price > 0 OR p.output_price > 0)))"
)


def unpriced(engine: Engine, span: Span) -> tuple[UnpricedModel, ...]:
    """The names that no list has a price for, those of the most calls first."""
    rows = engine.rows(
        "WITH found AS (SELECT provider, model, count(*) AS calls, "
        "sum(coalesce(input_tokens, 0) + coalesce(output_tokens, 0))::BIGINT AS tokens "
        "FROM priced WHERE started_at >= $start AND cost IS NULL "
        f"AND (input_tokens IS NOT NULL OR output_tokens IS NOT NULL) AND NOT {_HALF_TOLD} GROUP BY ALL "
        f"UNION ALL SELECT c.provider, c.model, count(*), 0::BIGINT {_BY_THE_PIECE} AND c.cost IS NULL GROUP BY ALL) "
        "SELECT provider, model, sum(calls)::BIGINT, sum(tokens)::BIGINT FROM found "
        "GROUP BY provider, model ORDER BY sum(calls) DESC, provider, model",
        {"start": span.start, "end": span.end},
    )
    return tuple(UnpricedModel(*row) for row in rows)


def silent(engine: Engine, span: Span) -> int:
    """How many calls that were answered do not state what they used, or only one half of it."""
    start = {"start": span.start}
    (nothing,) = engine.row(
        f"SELECT count(*) FROM priced WHERE started_at >= $start AND {_NOTHING_TOLD}",
        start,
    )
    (half,) = engine.row(
        "SELECT count(*) FROM priced WHERE started_at >= $start AND usage_quality IS DISTINCT FROM 'missing' "
        f"AND coalesce(status, 'ok') NOT IN {_GIVEN_UP} AND {_HALF_TOLD}",
        start,
    )
    (by_the_piece,) = engine.row(f"SELECT count(*) {_BY_THE_PIECE}", start | {"end": span.end})
    return int(nothing + half - by_the_piece)
