"""How far a month's figures can be trusted: what could not be read, priced, owned or counted."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from audit.ingest.rejects import CUT_OFF
from audit.report import uncosted
from audit.report.content import Assumed, Gap, NotAssessed, Quality, RejectLine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.engine.duckdb import Engine
    from audit.rulebook import Broken
    from audit.settings import Settings
    from audit.window import Span

# Files whose calls touch the month, and files that gave no call: those may belong to any month.
_CONCERNED = "(first_call IS NULL OR (first_call < $end AND last_call >= $start))"


def assess(
    engine: Engine,
    settings: Settings,
    span: Span,
    failures: Sequence[Broken],
    *,
    not_assessed: tuple[NotAssessed, ...] = (),
    running: str | None = None,
) -> Quality:
    """The month's data quality, with the reasons, if any, for which it counts as incomplete."""
    params = {"start": span.start, "end": span.end}
    files, calls, rejected = engine.row(
        "SELECT count(DISTINCT path) FILTER (format <> 'archive'), coalesce(sum(calls), 0)::BIGINT, "
        f"coalesce(sum(rejected), 0)::BIGINT FROM store.files WHERE {_CONCERNED}",
        params,
    )
    unread = _unread(engine)
    linked = _linked(engine, params)
    unpriced = uncosted.unpriced(engine, span)
    unpriced_calls = sum(model.calls for model in unpriced)
    month = engine.row(
        "SELECT count(*), count(*) FILTER (project IS NULL), coalesce(sum(cost) FILTER (project IS NULL), 0) "
        "FROM priced WHERE started_at >= $start",
        {"start": span.start},
    )
    incomplete = [Gap("running", name=running)] if running else []
    incomplete += [Gap("rule", name=broken.id, reason=broken.reason) for broken in failures]
    lines = calls + rejected
    if lines and Decimal(rejected) / lines > settings.limits.rejected_share:
        incomplete.append(Gap("rejected", count=rejected, of=lines))
    if month[0] and Decimal(unpriced_calls) / month[0] > settings.limits.unpriced_share:
        incomplete.append(Gap("unpriced", count=unpriced_calls, of=month[0]))
    incomplete += [Gap("unread", name=line.file, reason=line.reason) for line in unread]
    incomplete += [Gap("cut_off", name=name, reason=CUT_OFF) for name in _cut_off(engine, params)]
    return Quality(
        files=files,
        lines=lines,
        rejected_lines=rejected,
        rejects=_rejects(engine, params),
        unread_files=unread,
        unpriced_calls=unpriced_calls,
        unpriced_tokens=sum(model.tokens for model in unpriced),
        unpriced=unpriced,
        unattributed_calls=month[1],
        unattributed_cost=month[2],
        missing_usage_calls=uncosted.silent(engine, span),
        contradicting_calls=_contradicting(engine, params),
        linked_calls=sum(calls for _, calls in linked),
        linked_sources=tuple(sources for sources, _ in linked),
        not_assessed=not_assessed,
        assumed=_assumed(engine, span),
        incomplete=tuple(incomplete),
    )


def _linked(engine: Engine, params: dict[str, Any]) -> list[tuple[str, int]]:
    """Which logs told the same calls, and how many."""
    rows = engine.rows(
        "SELECT sources, count(*) FROM store.linked WHERE started_at >= $start AND started_at < $end "
        "GROUP BY sources ORDER BY count(*) DESC, sources",
        params,
    )
    return [(str(sources), int(calls)) for sources, calls in rows]


def _contradicting(engine: Engine, params: dict[str, Any]) -> int:
    """Calls whose usage contradicts itself: a part that is more than its whole. Providers do report such."""
    (calls,) = engine.row(
        "SELECT count(*) FROM store.each_call WHERE started_at >= $start AND started_at < $end AND ("
        "reasoning_tokens > output_tokens "
        "OR coalesce(cache_read_tokens, 0) + coalesce(cache_write_tokens, 0) > input_tokens)",
        params,
    )
    return int(calls)


# What a price rests on where a log leaves a field out, and where that may be wrong: the model has dearer or cheaper
# tiers, what its cache gives is cheaper, what is written for an hour dearer, another seller asks another price.
_ASSUMED = {
    "service_tier": ("service_tier IS NULL", "other_tiers"),
    "cache_read_tokens": ("input_tokens > 0 AND cache_read_tokens IS NULL", "cheap_reads"),
    "cache_write_1h_tokens": ("cache_write_tokens > 0 AND cache_write_1h_tokens IS NULL", "long_writes"),
    "provider": ("provider IS NULL", "guessed_provider"),
}


def _assumed(engine: Engine, span: Span) -> tuple[Assumed, ...]:
    """The calls priced as standard, uncached, written for five minutes, sold by the maker: their source is silent."""
    sums = ", ".join(
        f"count(*) FILTER ({silent}) AS calls_{field}, sum(cost) FILTER ({silent}) AS cost_{field}"
        for field, (silent, _) in _ASSUMED.items()
    )
    listed = ", ".join(
        f"coalesce(sum(calls_{field}) FILTER ({differs}), 0)::BIGINT, sum(cost_{field}) FILTER ({differs})"
        for field, (_, differs) in _ASSUMED.items()
    )
    rows = engine.rows(
        f"WITH told AS (SELECT source, provider, model, count(*) AS calls, {sums} "
        "FROM priced WHERE started_at >= $start AND cost > 0 GROUP BY ALL), "
        "models AS (SELECT provider, model, bool_or(other_tiers) AS other_tiers, "
        "bool_or(cache_write_1h_price > cache_write_price) AS long_writes, "
        "bool_or(cache_read_price < input_price) AS cheap_reads, "
        "bool_or(assumed = 'provider') AS guessed_provider FROM prices GROUP BY ALL) "
        f"SELECT source, sum(calls)::BIGINT, {listed} FROM told "
        "JOIN models m ON m.model = told.model AND m.provider IS NOT DISTINCT FROM told.provider "
        "GROUP BY source ORDER BY source",
        {"start": span.start},
    )
    return tuple(
        Assumed(source or "", field, told[2 * at], of, told[2 * at + 1])
        for at, field in enumerate(_ASSUMED)
        for source, of, *told in rows
        if told[2 * at]
    )


def _rejects(engine: Engine, params: dict[str, Any]) -> tuple[RejectLine, ...]:
    rows = engine.rows(
        "SELECT r.reason, count(*) AS lines, arg_min(f.path, (f.path, r.line)), arg_min(r.line, (f.path, r.line)) "
        f"FROM store.rejects r JOIN store.files f USING (file_id) WHERE {_CONCERNED} "
        "GROUP BY r.reason ORDER BY lines DESC, r.reason",
        params,
    )
    return tuple(RejectLine(reason, lines, _short(path), line) for reason, lines, path, line in rows)


def _cut_off(engine: Engine, params: dict[str, Any]) -> list[str]:
    """Archives whose end is missing: how much of the month was in it nobody knows."""
    rows = engine.rows(
        "SELECT DISTINCT f.path FROM store.rejects r JOIN store.files f USING (file_id) "
        f"WHERE r.reason = $reason AND {_CONCERNED} ORDER BY f.path",
        {**params, "reason": CUT_OFF},
    )
    return [_short(path) for (path,) in rows]


def _unread(engine: Engine) -> tuple[RejectLine, ...]:
    rows = engine.rows("SELECT path, reason FROM store.files WHERE format IS NULL AND reason <> 'empty' ORDER BY path")
    return tuple(RejectLine(str(reason).removeprefix(f"{path}: "), 0, _short(path), None) for path, reason in rows)


def _short(path: str) -> str:
    """A file as a report names it: its name and its folder's, the same wherever the logs lie; an address whole."""
    if "://" in path:
        return path
    return "/".join(path.replace("\\", "/").split("/")[-2:])
