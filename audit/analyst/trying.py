"""One rule over the store's month, as an audit would run it, and nothing written: what it finds, claims and takes."""

from __future__ import annotations

import json
import time
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from audit import inspection, pythonrule, rulebook, rulecases, window
from audit.analyst import monthview
from audit.records import AuditError, UsageError
from audit.report import coverage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from decimal import Decimal
    from pathlib import Path

    from audit.cases import Result
    from audit.engine.duckdb import Engine
    from audit.records import Finding, Month
    from audit.report.content import NotAssessed
    from audit.rulebook import Rule
    from audit.settings import Settings


@dataclass(frozen=True, slots=True)
class OfProject:
    """What a call rule flagged in one project; ``left`` is what other rules leave of its claim, if they are known."""

    project: str | None
    calls: int
    cost: Decimal
    saving: Decimal
    left: Decimal


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a rule; ``rows`` are the first by money, each with the rule's own columns.

    ``calls`` are the month's, ``seconds`` what the rule took; ``cases`` is None where none stand beside it.
    """

    rule: Rule
    month: Month
    calls: int
    seconds: float
    of_calls: bool
    findings: tuple[Finding, ...]
    projects: tuple[OfProject, ...]
    rows: tuple[dict[str, Any], ...]
    not_assessed: tuple[NotAssessed, ...]
    cases: tuple[Result, ...] | None
    beside_others: bool


def parameters(given: Iterable[str]) -> dict[str, Any]:
    """``name=value`` texts as values: numbers, true or false, else the text. Raises UsageError."""
    found: dict[str, Any] = {}
    for text in given:
        name, sign, value = (part.strip() for part in text.partition("="))
        if not name or not sign:
            raise UsageError(f"--params: '{text}' is no parameter: write it as window_hours=12")
        try:
            read = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            read = value
        found[name] = read if isinstance(read, bool | int | float) else value.strip("\"'")
    return found


def attempt(settings: Settings, path: Path, month: Month | None, given: Mapping[str, Any], most: int) -> Tried:
    """Run one rule file over a month; of what it returns the first ``most`` rows are kept.

    Raises UsageError for a rule that cannot be read, AuditError for one that breaks, with file and line.
    """
    if path.suffix == ".py" and not settings.limits.python_rules:
        raise UsageError(pythonrule.refusal(path))
    of_settings = {name: value for name, value in settings.rules.get(path.stem, {}).items() if name != "enabled"}
    rule = rulebook.read(path, of_settings | dict(given))
    reach, asked = window.Reach.of([rule]), window.asked_by([rule])
    with monthview.opened(settings, month, reach, asked) as view:
        engine = view.engine
        begun = time.perf_counter()
        inspected = inspection.inspect(
            engine,
            [rule],
            [],
            view.span,
            seconds=settings.limits.rule_seconds,
            language=settings.company.language,
            currency=settings.company.currency,
        )
        seconds = time.perf_counter() - begun
        if inspected.failures:
            raise AuditError(inspected.failures[0].reason)
        beside = "flags" in view.kept and _beside_others(engine, rule)
        (calls,) = engine.row("SELECT count(*) FROM priced WHERE started_at >= $start", {"start": view.span.start})
        of_calls = "call_id" in engine.columns(rule.sql, rule.params)
        return Tried(
            rule=rule,
            month=view.month,
            calls=calls,
            seconds=seconds,
            of_calls=of_calls,
            findings=inspected.findings,
            projects=_projects(engine, rule, beside=beside),
            rows=_of_calls(engine, rule, most) if of_calls else _of_subjects(inspected.findings, most),
            not_assessed=coverage.measure(engine, view.span, [rule]).not_assessed,
            cases=tuple(rulecases.run_cases([path])) if path.with_suffix(".yml").exists() else None,
            beside_others=beside,
        )


def _beside_others(engine: Engine, rule: Rule) -> bool:
    """Note what the month's last audit credited to other rules, call by call: the table ``taken``."""
    engine.run(
        "CREATE OR REPLACE TEMP TABLE taken AS SELECT p.call_id, sum(k.credited) AS credited FROM kept_flags k "
        "JOIN priced p ON p.source = k.source AND k.call_id = p.call_id "
        "WHERE k.rule <> $rule AND k.credited > 0 GROUP BY ALL",
        {"rule": rule.id},
    )
    return True


def _projects(engine: Engine, rule: Rule, *, beside: bool) -> tuple[OfProject, ...]:
    """The rule's flags project by project, the greatest claim first.

    Whatever the order of the ledger, a rule adds to what is credited what the others leave of a call's cost.
    """
    left = "least(f.saving, f.cost - coalesce(t.credited, 0))" if beside else "f.saving"
    rows = engine.rows(
        f"SELECT f.project, count(*), {', '.join(f'coalesce(sum({sql}), 0)' for sql in ('f.cost', 'f.saving', left))} "
        f"FROM flags f {'LEFT JOIN taken t USING (call_id) ' if beside else ''}WHERE f.rule = $rule "
        "GROUP BY f.project ORDER BY 4 DESC, 3 DESC, 1",
        {"rule": rule.id},
    )
    return tuple(OfProject(*row) for row in rows)


def _of_calls(engine: Engine, rule: Rule, most: int) -> tuple[dict[str, Any], ...]:
    rows = engine.rows(
        "SELECT call_id, project, subject, cost, saving, evidence FROM flags WHERE rule = $rule "
        "ORDER BY saving DESC NULLS LAST, cost DESC NULLS LAST, call_id LIMIT $most",
        {"rule": rule.id, "most": most},
    )
    return tuple(
        {"call_id": call_id, "project": project}
        | ({} if subject is None else {"subject": subject})
        | {"cost": cost, "saving": saving}
        | json.loads(evidence or "{}")
        for call_id, project, subject, cost, saving, evidence in rows
    )


def _of_subjects(findings: Iterable[Finding], most: int) -> tuple[dict[str, Any], ...]:
    ordered = sorted(findings, key=lambda found: -(found.amount or 0))
    return tuple(
        {"project": found.project, "subject": found.subject, "amount": found.amount} | found.evidence
        for found in ordered[:most]
    )
