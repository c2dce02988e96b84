"""A rule's cases: a few rows in, what it must find out. The same runner serves the rules that ship and a user's own.

Shape of ``<id>.yml``::

    cases:
      - name: the sentence the case stands for
        calls:                      # what is not given is filled from CALL
          - {call_id: a, started_at: 2026-10-05 10:00:00, prompt_hash: p1}
        params: {window_hours: 1}   # where the case needs others than the rule's own
        found:                      # exactly these, compared on the keys that are given
          - {call_id: b, saving: 0.5}

A row may stand for many: ``times: 50`` makes fifty calls ``every_ms`` after each other, ``until: 2026-10-31`` a row of
``daily_spend`` for each day, or each so many days with ``every_days: 7``; ``{n}`` in a text is their number from 1.
``days`` holds the calendar of the case's month and the twelve before it; a row given for a day changes what it states.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from audit import cases, inspection, rulebook, tables, window
from audit.engine.duckdb import Engine
from audit.pricing import join
from audit.records import AuditError, Month, UsageError
from audit.settings import Settings
from audit.window import Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from audit.rulebook import Rule

SPAN = Span(datetime(2026, 10, 1), datetime(2026, 11, 1))  # noqa: DTZ001  # tables hold UTC without a zone
CASE_SECONDS = 10.0
# An ordinary call: what a case does not state.
CALL: dict[str, Any] = {
    "source": "case",
    "started_at": datetime(2026, 10, 5, 10),  # noqa: DTZ001  # as above
    "latency_ms": 1000,
    "operation": "chat",
    "provider": "anthropic",
    "model": "claude-sonnet-4-5",
    "service_tier": "standard",
    "input_tokens": 1000,
    "cache_read_tokens": 0,
    "cache_write_tokens": 0,
    "output_tokens": 100,
    "usage_quality": "reported",
    "status": "ok",
    "project": "search",
    "cost": "0.0045",
    "input_price": "0.000003",
    "cache_read_price": "0.0000003",
    "cache_write_price": "0.00000375",
    "cache_write_1h_price": "0.000006",
    "output_price": "0.000015",
    "cache_kind": "explicit",
    "cache_min_tokens": 1024,
    "cache_lifetime_ms": 300_000,
    "smaller_model": "claude-haiku-4-5",
    "smaller_input_price": "0.000001",
    "smaller_output_price": "0.000005",
    "price_source": "case",
}
_TABLES = {
    "prices": join.PRICES_SHAPE,
    "daily_spend": tables.DAILY_SHAPE,
    "days": tables.DAYS_SHAPE,
    "first_seen": tables.FIRST_SEEN_SHAPE,
    "pools": tables.POOLS_SHAPE,
    "projects": {**window.PROJECTS_SHAPE, "cost": tables.SUM, "calls": "BIGINT"},
}
_MONTH = Month(2026, 10)
_CLOCK = tables.Clock.of(Settings(), SPAN.start - timedelta(days=rulebook.LOOK_BACK_LIMIT), SPAN.end)
_ROWS = ("calls", "found", *_TABLES)
_KEYS = {"name", "params", *_ROWS}


def run_cases(paths: Iterable[Path]) -> list[cases.Result]:
    """Run the cases of rule files. A rule that cannot be read, or has no cases, is a failed case."""
    results: list[cases.Result] = []
    for path in paths:
        try:
            rule = rulebook.read(path)
            stated = _cases(path)
        except UsageError as error:
            results.append(cases.Result(path.stem, "the files can be read", str(error)))
            continue
        with Engine() as engine:
            engine.seal()
            results += [cases.Result(rule.id, str(case["name"]), _difference(engine, rule, case)) for case in stated]
    return results


def _cases(path: Path) -> list[dict[str, Any]]:
    _, found = cases.beside(path)
    file = path.with_suffix(".yml")
    if not all(map(_is_case, found)):
        raise UsageError(f"{file}: holds no list 'cases' whose entries have a name and what is found")
    for case in found:
        unknown = set(case) - _KEYS
        if unknown:
            raise UsageError(f"{file}: case '{case['name']}' has '{min(unknown)}'; known: {', '.join(sorted(_KEYS))}")
    return found


def _is_case(case: Any) -> bool:
    rows = [case.get(key) or [] for key in _ROWS] if isinstance(case, dict) else [None]
    shaped = all(isinstance(part, list) and all(isinstance(row, dict) for row in part) for part in rows)
    return shaped and {"name", "found"} <= set(case) and isinstance(case.get("params", {}), dict)


def _difference(engine: Engine, rule: Rule, case: Mapping[str, Any]) -> str | None:
    """What differs between what the rule should find and what it does."""
    try:
        rule = rulebook.read(rule.path, case.get("params"))
        found = _found(engine, rule, case)
    except AuditError as error:
        return str(error)
    expected = list(case["found"] or [])
    of_calls = any("call_id" in row for row in [*found[:1], *expected])
    keys = ("call_id",) if of_calls else ("project", "subject")
    by_key = {tuple(row.get(key) for key in keys): row for row in found}
    for row in expected:
        key = tuple(row.get(key, None if key != "subject" else row.get("project")) for key in keys)
        got = by_key.pop(key, None)
        if got is None:
            return f"not found: {_shown(row)}; found: {', '.join(map(_shown, found)) or 'nothing'}"
        for name, value in row.items():
            if name not in got:
                return f"it returns no '{name}'"
            if not cases.same(got[name], value):
                return f"{_shown(dict(zip(keys, key, strict=True)))}: {name} is {got[name]}, not {value}"
    if by_key:
        return f"found besides: {', '.join(map(_shown, by_key.values()))}"
    return None


def _found(engine: Engine, rule: Rule, case: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rule's rows that lie in the case's month, after the checks an audit makes."""
    calls = [_call(row) for given in case.get("calls") or [] for row in _each(given)]
    engine.load("priced_rows", window.PRICED_SHAPE, calls)
    window.show_priced(engine, _CLOCK, "USD")
    for table, shape in _TABLES.items():
        rows = [row for given in case.get(table) or [] for row in _each(given)]
        engine.load(table, shape, _days(rows) if table == "days" else rows)
    inspected = inspection.inspect(engine, [rule], [], SPAN, seconds=CASE_SECONDS, language="en")
    if inspected.failures:
        raise UsageError(inspected.failures[0].reason)
    window.show_calls(engine, SPAN, rule.look_back_days, rule.look_back_operations, rule.columns)
    rows = engine.frame(f"SELECT * FROM (\n{rule.sql}\n)", rule.params).to_dicts()
    kept = {call_id for (call_id,) in engine.rows("SELECT call_id FROM credited")}
    return [row for row in rows if "call_id" not in row or row["call_id"] in kept]


def _each(given: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The rows that one row of a case stands for."""
    row = dict(given)
    times, every_ms = int(row.pop("times", 1)), int(row.pop("every_ms", 0))
    until, every_days = row.pop("until", None), int(row.pop("every_days", 1))
    if until is not None and isinstance(row.get("day"), date):
        times = (until - row["day"]).days // every_days + 1
    for number in range(times):
        one = {
            key: value.replace("{n}", str(number + 1)) if isinstance(value, str) else value
            for key, value in row.items()
        }
        if every_ms:
            one["started_at"] = (row.get("started_at") or CALL["started_at"]) + timedelta(
                milliseconds=number * every_ms
            )
        if until is not None:
            one["day"] = row["day"] + timedelta(days=number * every_days)
        yield one


def _numbered(value: Any, number: int) -> Any:
    return value.replace("{n}", str(number)) if isinstance(value, str) else value


def _days(given: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The calendar, with what a case says of some days."""
    whole = tables.day_rows(
        _MONTH, "", (_MONTH.shift(1 - tables.HISTORY_MONTHS).first_day, _MONTH.last_day), ended=True
    )
    stated = {row["day"]: row for row in given}
    return [row | stated.get(row["day"], {}) for row in whole]


def _call(given: Mapping[str, Any]) -> dict[str, Any]:
    unknown = set(given) - set(window.PRICED_SHAPE)
    if unknown:
        raise UsageError(f"a case's call has '{min(unknown)}', which is no column of calls")
    row = {**CALL, **given}
    for name, kind in window.PRICED_SHAPE.items():
        if kind == "UUID" and isinstance(row.get(name), str):
            row[name] = hashlib.md5(row[name].encode(), usedforsecurity=False).hexdigest()
    if isinstance(row["started_at"], datetime) and row["started_at"].tzinfo:
        row["started_at"] = row["started_at"].astimezone(UTC).replace(tzinfo=None)
    return row


def _shown(row: Mapping[str, Any]) -> str:
    return "{" + ", ".join(f"{name}: {value}" for name, value in row.items()) + "}"
