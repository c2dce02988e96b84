"""What a month's audit found stays in the store, so that every figure of its report can be followed to its calls."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from audit import history
from audit.records import Finding, Grade, Month, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.engine.duckdb import Engine
    from audit.report.content import Report
    from audit.rulebook import Rule
    from audit.settings import Settings

_RULES = {
    "rule": "VARCHAR",
    "family": "VARCHAR",
    "grade": "VARCHAR",
    "place": "INTEGER",
    "title": "VARCHAR",
    "note": "VARCHAR",
    "params": "VARCHAR",
}
_FINDINGS = {
    "place": "INTEGER",
    "id": "VARCHAR",
    "rule": "VARCHAR",
    "family": "VARCHAR",
    "grade": "VARCHAR",
    "project": "VARCHAR",
    "subject": "VARCHAR",
    "title": "VARCHAR",
    "because": "VARCHAR",
    "fix": "VARCHAR",
    "calls": "BIGINT",
    "saving": "DECIMAL(38,9)",
    "credited": "DECIMAL(38,9)",
    "amount": "DECIMAL(38,9)",
    "currency": "VARCHAR",
    "evidence": "VARCHAR",
}
_ALL = ("rules", "findings", "flags")


@dataclass(frozen=True, slots=True)
class KeptRule:
    """A rule as it was when it judged a month; ``place`` is its turn in the ledger."""

    rule: str
    family: str
    grade: Grade
    place: int
    title: str
    note: str
    params: dict[str, Any]


@dataclass(frozen=True, slots=True)
class KeptMonth:
    """A month's findings in the report's order, alerts after the others; money is in ``currency``."""

    month: Month
    currency: str
    findings: tuple[Finding, ...]
    rules: dict[str, KeptRule]


def keep(engine: Engine, report: Report, rules: Sequence[Rule]) -> None:
    """Keep a month's findings and the table ``credited``, in place of what an earlier audit of it left.

    It belongs into the transaction that notes the month: a run that is killed leaves what was there.
    """
    month = {"month": report.month}
    for table in _ALL:
        engine.run(f"DELETE FROM store.{table} WHERE month = $month", month)
    engine.load("rules_held", _RULES, _rules(report, rules))
    found = [
        {name: getattr(finding, name) for name in _FINDINGS if hasattr(finding, name)}
        | {
            "place": place,
            "grade": str(finding.grade),
            "currency": report.currency,
            "evidence": json.dumps(finding.evidence, ensure_ascii=False),
        }
        for place, finding in enumerate((*report.findings, *report.alerts))
    ]
    engine.load("findings_held", _FINDINGS, found)
    for table in ("rules", "findings"):
        engine.run(f"INSERT INTO store.{table} BY NAME SELECT $month AS month, h.* FROM {table}_held h", month)
    engine.run(
        "INSERT INTO store.flags SELECT $month, c.rule, c.project, c.subject, p.source, c.call_id, c.cost, c.saving, "
        "c.credited, c.evidence FROM credited c JOIN priced_rows p ON p.rowid = c.number",
        month,
    )


def _rules(report: Report, rules: Sequence[Rule]) -> list[dict[str, Any]]:
    """The rules in the order in which the ledger credits them."""
    ranks = {grade: number for number, grade in enumerate(Grade)}
    held = sorted(rules, key=lambda rule: (ranks[rule.grade], rule.precedence, rule.id))
    return [
        {
            "rule": rule.id,
            "family": rule.family,
            "grade": str(rule.grade),
            "place": place,
            "title": rule.text("title", report.language),
            "note": rule.note,
            "params": json.dumps(dict(rule.params), ensure_ascii=False),
        }
        for place, rule in enumerate(held)
    ]


def read(engine: Engine, settings: Settings, month: Month | None) -> KeptMonth:
    """What the last audit of a month found; without one the last closed, else the newest that was audited.

    Raises UsageError where it was not audited.
    """
    audited = months(engine)
    if not audited:
        raise UsageError("no month was audited into this store; `audit run` does so")
    if month is None:
        closed = history.last_closed(settings.zone)
        month = closed if closed in audited else max(audited)
    if month not in audited:
        raise UsageError(
            f"{month} was not audited into this store; `audit run --month {month}` does so. "
            f"Audited: {', '.join(map(str, sorted(audited)))}"
        )
    said = {"month": str(month)}
    names = [name for name in _FINDINGS if name != "place"]
    rows = engine.rows(f"SELECT {', '.join(names)} FROM store.findings WHERE month = $month ORDER BY place", said)
    findings = tuple(_finding(dict(zip(names, row, strict=True))) for row in rows)
    rules = [
        KeptRule(rule, family, Grade(grade), place, title, note, json.loads(params))
        for rule, family, grade, place, title, note, params in engine.rows(
            "SELECT rule, family, grade, place, title, note, params FROM store.rules WHERE month = $month", said
        )
    ]
    currency = rows[0][names.index("currency")] if rows else settings.company.currency
    return KeptMonth(month, currency, findings, {rule.rule: rule for rule in rules})


def _finding(row: dict[str, Any]) -> Finding:
    del row["currency"]
    return Finding(**row | {"grade": Grade(row["grade"]), "evidence": json.loads(row["evidence"])})


def months(engine: Engine) -> set[Month]:
    """The months whose findings the store keeps; a store of an earlier version keeps none."""
    held = engine.row(
        "SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'store' AND list_contains($all, table_name)",
        {"all": list(_ALL)},
    )
    if held[0] < len(_ALL):
        return set()
    rows = engine.rows(
        "SELECT m.month FROM store.months m WHERE m.audited_at IS NOT NULL AND "
        "EXISTS (FROM store.rules r WHERE r.month = m.month)"
    )
    return {Month.parse(month) for (month,) in rows}


def ever_found(engine: Engine) -> set[str]:
    """The ids of all findings of all months that the store keeps."""
    return {name for (name,) in engine.rows("SELECT DISTINCT id FROM store.findings")}
