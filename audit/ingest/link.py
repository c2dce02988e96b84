"""One call in two logs, a gateway's and an SDK's say: linked by an id that both state, and counted once.

Two statements are of one call if they come from different sources, share a response's or a request's id, started
within a day of each other, and do not contradict each other in both token counts. An id that one source gives to
several calls tells none of them apart, and a short one may be a counter: neither links. An answer from a gateway's own
cache bears the id of the answer it repeats, and is left alone. In a trace, a model's call whose parent is a model's
call of another source, with other counts in neither, is that call, told by a second instrumentation: a call never
makes another. Nothing is ever
linked because it looks alike.

What the sources said stays as it is in ``store.calls``; ``store.statements`` says which rows are of one call and
``store.linked`` holds that call, each value from the statement that is fullest. Both follow from the calls alone,
whatever order they came in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.records import CALL_COLUMNS

if TYPE_CHECKING:
    from datetime import datetime

    from audit.engine.duckdb import Engine

SHORTEST_ID = 8
DAY_MS = 86_400_000
ROUNDS = 4
# Counts that belong together: the totals come from one statement, and a part only from one that has the same total.
_PARTS = {
    "cache_read_tokens": "input_tokens",
    "cache_write_tokens": "input_tokens",
    "cache_write_1h_tokens": "input_tokens",
    "input_audio_tokens": "input_tokens",
    "cache_read_audio_tokens": "input_tokens",
    "input_image_tokens": "input_tokens",
    "reasoning_tokens": "output_tokens",
    "output_audio_tokens": "output_tokens",
    "output_image_tokens": "output_tokens",
}
_TOTALS = ("input_tokens", "output_tokens", "usage_quality")
# What says nothing without its first: an amount's currency, a quantity's unit.
_TOGETHER = {
    "stated_cost": "stated_cost",
    "stated_currency": "stated_cost",
    "quantity": "quantity",
    "unit": "quantity",
}
_CONTRADICT = "coalesce({a}.input_tokens <> {b}.input_tokens AND {a}.output_tokens <> {b}.output_tokens, FALSE)"
_HAS_USAGE = "(output_tokens IS NOT NULL OR input_tokens IS NOT NULL)"
_USAGE_KNOWN = " + ".join(f"(c.{name} IS NOT NULL)::TINYINT" for name in (*_PARTS, "input_tokens", "output_tokens"))
_KNOWN = " + ".join(f"(c.{column.name} IS NOT NULL)::TINYINT" for column in CALL_COLUMNS)


def link(engine: Engine) -> None:
    """Link the calls of the files that came since the last time with what other sources say of the same days."""
    (up_to, newest) = engine.row(
        "SELECT coalesce((SELECT max(up_to) FROM store.linking), 0), (SELECT max(file_id) FROM store.files)"
    )
    if newest is None or newest <= up_to:
        return
    since, until, sources = engine.row(
        "SELECT min(started_at), max(started_at), (SELECT count(DISTINCT source) FROM store.calls) "
        "FROM store.calls WHERE file_id > $up_to",
        {"up_to": up_to},
    )
    together = since is not None and sources > 1
    if together:
        _pairs(engine, since, until)
        _groups(engine)
    with engine.transaction():
        if together:
            _write(engine, since, until)
        engine.run("DELETE FROM store.linking")
        engine.run("INSERT INTO store.linking VALUES ($newest)", {"newest": newest})


def unlink_gone(engine: Engine) -> None:
    """Undo what was linked with a statement that is no more; the others count for themselves until linked again."""
    engine.run(
        "DELETE FROM store.statements WHERE (of_source, of_call_id) IN (SELECT (of_source, of_call_id) "
        "FROM store.statements WHERE (source, call_id) NOT IN (SELECT (source, call_id) FROM store.calls))"
    )
    engine.run(
        "DELETE FROM store.linked WHERE (source, call_id) NOT IN (SELECT (of_source, of_call_id) FROM store.statements)"
    )


def _write(engine: Engine, since: datetime, until: datetime) -> None:
    engine.run(
        "DELETE FROM store.linked WHERE started_at >= $since - INTERVAL 1 DAY "
        "AND started_at <= $until + INTERVAL 1 DAY",
        {"since": since, "until": until},
    )
    engine.run(
        "DELETE FROM store.statements WHERE (of_source, of_call_id) NOT IN (SELECT (source, call_id) FROM store.linked)"
    )
    # What is linked beyond the days in question stays as it is.
    engine.run(
        "DELETE FROM grouped WHERE root IN (SELECT root FROM grouped JOIN store.statements s "
        "ON s.source = grouped.source AND s.call_id = grouped.call_id)"
    )
    engine.run(f"INSERT INTO store.linked BY NAME {_MERGED}")
    engine.run(
        "INSERT INTO store.statements SELECT source, call_id, first(source ORDER BY place) OVER w, "
        "first(call_id ORDER BY place) OVER w FROM ranked WINDOW w AS (PARTITION BY root)"
    )


def _pairs(engine: Engine, since: datetime, until: datetime) -> None:
    """Statements that share an id which tells calls apart."""
    engine.run(
        "CREATE OR REPLACE TEMP TABLE stated AS "
        "SELECT rowid AS row, source, call_id, response_id, request_id, "
        "trace_id, parent_id, operation, epoch_ms(started_at) AS start_ms, input_tokens, output_tokens "
        "FROM store.calls "
        "WHERE started_at >= $since - INTERVAL 2 DAY AND started_at <= $until + INTERVAL 2 DAY "
        "AND coalesce(gateway_cache_hit, FALSE) = FALSE AND (parent_id IS NOT NULL OR trace_id IS NOT NULL "
        f"OR greatest(strlen(response_id), strlen(request_id)) >= {SHORTEST_ID})",
        {"since": since, "until": until},
    )
    ids = " UNION ALL ".join(
        f"SELECT {name} AS id, row, source, start_ms, input_tokens, output_tokens FROM stated WHERE {wanted}"
        for name, wanted in (
            ("response_id", f"strlen(response_id) >= {SHORTEST_ID}"),
            ("request_id", f"strlen(request_id) >= {SHORTEST_ID} AND request_id IS DISTINCT FROM response_id"),
        )
    )
    engine.run(f"CREATE OR REPLACE TEMP TABLE ids AS {ids}")
    engine.run(
        "CREATE OR REPLACE TEMP TABLE telling AS SELECT id FROM ids GROUP BY id "
        "HAVING count(*) > 1 AND count(DISTINCT source) = count(*)"
    )
    engine.run(
        "CREATE OR REPLACE TEMP TABLE pairs AS SELECT a.row AS one, b.row AS other "
        "FROM ids a JOIN ids b ON a.id = b.id "
        f"AND a.source < b.source AND abs(a.start_ms - b.start_ms) <= {DAY_MS} "
        f"AND NOT {_CONTRADICT.format(a='a', b='b')} "
        "WHERE a.id IN (SELECT id FROM telling)"
    )
    engine.run(
        "INSERT INTO pairs SELECT any_value(outside.row), any_value(inside.row) FROM stated inside JOIN stated outside "
        "ON inside.parent_id = outside.call_id AND inside.trace_id = outside.trace_id "
        "AND inside.source <> outside.source AND NOT coalesce(inside.operation <> outside.operation, FALSE) "
        f"AND NOT {_CONTRADICT.format(a='inside', b='outside')} "
        "GROUP BY outside.row, inside.source HAVING count(*) = 1"
    )


def _groups(engine: Engine) -> None:
    """Statements with the least row of all that hang together with them; three logs may hang together by two ids."""
    engine.run(
        "CREATE OR REPLACE TEMP TABLE reached AS SELECT one AS row, least(min(one), min(other)) AS root FROM "
        "(SELECT one, other FROM pairs UNION ALL SELECT other, one FROM pairs) GROUP BY one"
    )
    for _ in range(ROUNDS):
        moved = engine.run(
            "UPDATE reached AS r SET root = n.root FROM (SELECT p.one AS row, min(o.root) AS root FROM "
            "(SELECT one, other FROM pairs UNION ALL SELECT other, one FROM pairs) p "
            "JOIN reached o ON o.row = p.other GROUP BY p.one) n WHERE n.row = r.row AND n.root < r.root"
        )
        if not moved:
            break
    engine.run(
        "CREATE OR REPLACE TEMP TABLE grouped AS SELECT r.root, s.row, s.source, s.call_id FROM reached r "
        "JOIN stated s USING (row)"
    )
    engine.run(
        "CREATE OR REPLACE TEMP VIEW ranked AS SELECT c.*, g.root, row_number() OVER (PARTITION BY g.root ORDER BY "
        f"(c.usage_quality = 'reported') DESC NULLS LAST, {_USAGE_KNOWN} DESC, {_KNOWN} DESC, c.source, c.call_id) "
        "AS place FROM grouped g JOIN store.calls c ON c.rowid = g.row"
    )


def _merged(name: str) -> str:
    """A column of the call that several statements are of."""
    if name == "started_at":
        return "min(started_at)"
    if name in _TOTALS:
        return f"arg_min_null({name}, place) FILTER ({_HAS_USAGE})"
    if name in _PARTS:
        return f"max({name}) FILTER ({_PARTS[name]} = {_PARTS[name]}_held)"
    if name in _TOGETHER:
        return f"arg_min({name}, place) FILTER ({_TOGETHER[name]} IS NOT NULL)"
    if name == "status":
        return "coalesce(arg_min(status, place) FILTER (status <> 'unknown'), arg_min(status, place))"
    return f"arg_min({name}, place)"


_MERGED = (
    f"SELECT {', '.join(f'{_merged(column.name)} AS {column.name}' for column in CALL_COLUMNS)}, "
    "string_agg(source, ' + ' ORDER BY source) AS sources FROM (SELECT *, "
    "first_value(input_tokens) OVER held AS input_tokens_held, "
    "first_value(output_tokens) OVER held AS output_tokens_held "
    f"FROM ranked WINDOW held AS (PARTITION BY root ORDER BY {_HAS_USAGE} DESC, place "
    "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)) GROUP BY root"
)
