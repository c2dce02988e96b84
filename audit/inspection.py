"""Rules over the month's calls give flags; the ledger credits each flag what surer ones left of the call's cost."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit import findings, needs, pythonrule, rulebook, window
from audit.engine.duckdb import EngineError
from audit.records import Finding, Grade, UsageError
from audit.wording import ENGLISH, Voice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from audit.engine.duckdb import Engine
    from audit.rulebook import Broken, Rule
    from audit.window import Span

_NUMBERS = ("DECIMAL", "DOUBLE", "FLOAT", "BIGINT", "INTEGER", "HUGEINT", "SMALLINT", "NULL", '"NULL"')
_RANK = {grade: number for number, grade in enumerate(Grade)}
FLAGS = """CREATE OR REPLACE TEMP TABLE flags (
  rule VARCHAR, family VARCHAR, grade VARCHAR, rank INTEGER, precedence INTEGER, project VARCHAR, subject VARCHAR,
  call_id VARCHAR, number BIGINT, cost DECIMAL(18,9), saving DECIMAL(18,9), evidence VARCHAR
)"""
# One flag's credit is how far it moves the sum of savings on its call towards the call's cost. A call's `number` is its
# place in the working table: millions of them are sorted in half the time their ids take, and nothing else is carried.
LEDGER = """CREATE OR REPLACE TEMP TABLE credited AS
WITH summed AS (
  SELECT rowid AS flag, saving, coalesce(cost, 0) AS cost, sum(saving) OVER (
    PARTITION BY number ORDER BY rank, precedence, rule ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  ) AS so_far
  FROM flags WHERE saving IS NOT NULL
),
shared AS (SELECT flag, (least(cost, so_far) - least(cost, so_far - saving))::DECIMAL(18,9) AS credited FROM summed)
SELECT f.rule, f.family, f.grade, f.project, f.subject, f.call_id, f.number, f.cost, f.saving, f.evidence, s.credited
FROM flags AS f LEFT JOIN shared AS s ON f.rowid = s.flag"""


@dataclass(frozen=True, slots=True)
class Inspection:
    """What the rules found, in order of credited money, and the rules that could not be run."""

    findings: tuple[Finding, ...]
    failures: tuple[Broken, ...]


def inspect(
    engine: Engine,
    rules: Iterable[Rule],
    broken: Iterable[Broken],
    span: Span,
    *,
    seconds: float,
    language: str,
    currency: str = "",
    told: Callable[[Rule], None] = lambda _: None,
) -> Inspection:
    """Run every rule; one that fails is named and the others go on. Fills the table ``credited``.

    Findings speak a ``language`` and say money in a ``currency``, as bare numbers where none is given.
    """
    voice = Voice(language, currency)
    failures = list(broken)
    found: list[Finding] = []
    held = []
    engine.run(FLAGS)
    for rule in rules:
        told(rule)
        try:
            with engine.within(seconds):
                found += run(engine, rule, span, voice)
            held.append(rule)
        except (EngineError, findings.RuleError) as error:
            engine.run("DELETE FROM flags WHERE rule = $rule", {"rule": rule.id})
            failures.append(rulebook.Broken(rule.id, rule.family, rule.path, _placed(rule, str(error))))
    engine.run(LEDGER)
    for rule in held:
        found += findings.of_calls(engine, rule, voice)
    found.sort(key=lambda f: (_RANK[f.grade], -(f.credited or f.amount or 0), f.rule, f.id))
    return Inspection(tuple(found), tuple(failures))


def _placed(rule: Rule, reason: str) -> str:
    """The reason with its file and line: the one line that holds what the engine quotes, else where the SQL begins."""
    if str(rule.path) in reason:
        return reason
    quoted = re.search(r'"([^"]+)"', reason)
    word = re.compile(rf"(?<!\w){re.escape(quoted[1])}(?!\w)", re.IGNORECASE) if quoted else None
    held = [number for number, line in enumerate(rule.sql.splitlines()) if word and word.search(line)]
    return f"{rule.path}, line {rule.sql_line + (held[0] if len(held) == 1 else 0)}: {reason}"


def run(engine: Engine, rule: Rule, span: Span, voice: Voice = ENGLISH) -> list[Finding]:
    """One rule: a call rule's flags go to the table, a subject rule's findings come back."""
    if engine.statement_kinds(rule.sql) != ["SELECT"]:
        raise findings.RuleError("a rule is one SELECT")
    window.show_calls(engine, span, rule.look_back_days, rule.look_back_operations, rule.columns)
    if rule.tables:
        _run_python(engine, rule)
    columns = engine.columns(rule.sql, rule.params)
    if "call_id" in columns:
        _check(rule, columns, ("call_id", "saving") if rule.grade != Grade.ALERT else ("call_id",))
        _flag(engine, rule, span, columns)
        return []
    _check(rule, columns, ("project", "subject", "amount"))
    return findings.of_subjects(engine, rule, columns, voice)


def _run_python(engine: Engine, rule: Rule) -> None:
    try:
        pythonrule.run(engine, rule.path, rule.tables, rule.params)
    except UsageError as error:
        raise findings.RuleError(str(error)) from None


def _check(rule: Rule, columns: dict[str, str], wanted: tuple[str, ...]) -> None:
    """The rule's columns against its contract and its texts."""
    missing = [name for name in wanted if name not in columns]
    if missing:
        raise findings.RuleError(
            f"it returns {', '.join(columns) or 'nothing'}, but not {', '.join(missing)}: a call rule returns "
            "call_id and saving, a subject rule project, subject and amount"
        )
    unknown = rulebook.placeholders(rule) - set(columns) - set(rulebook.GIVEN_TO_TEXTS)
    if unknown:
        raise findings.RuleError(f"its texts name {{{min(unknown)}}}, but it returns no such column")
    for name in ("saving", "amount"):
        kind = columns.get(name, "INTEGER").upper()
        if name in columns and not kind.startswith(_NUMBERS):
            raise findings.RuleError(f"its '{name}' is {kind}, not money")


def _flag(engine: Engine, rule: Rule, span: Span, columns: dict[str, str]) -> None:
    evidence = findings.evidence_sql(columns, ("call_id", "saving", "subject"))
    saving = "saving" if "saving" in columns and rule.grade != Grade.ALERT else "NULL"
    subject = "subject::VARCHAR" if "subject" in columns else "NULL"
    engine.run(
        "CREATE OR REPLACE TEMP TABLE found AS SELECT call_id::VARCHAR AS call_id, "
        f"{saving}::DECIMAL(18,9) AS saving, {subject} AS subject, {evidence} AS evidence FROM (\n{rule.sql}\n)",
        rule.params,
    )
    rows, nameless, subjects = engine.row(
        "SELECT count(*), count(*) - count(call_id), coalesce(approx_count_distinct(subject), 0) FROM found"
    )
    if not rows:
        return
    engine.run(
        "CREATE OR REPLACE TEMP TABLE met AS SELECT f.*, c.number, c.project, c.cost, c.started_at, "
        f"{needs.stated(rule.needs, 'c')} AS judged FROM found f LEFT JOIN numbered c USING (call_id)"
    )
    (repeated,) = engine.row("SELECT count(number) - count(DISTINCT number) FROM met")
    if nameless:
        raise findings.RuleError(f"it returns {nameless} rows whose call_id is NULL")
    if repeated:
        raise findings.RuleError(f"it returns {repeated} calls more than once")
    if subjects > findings.MOST:
        raise findings.RuleError(
            f"it names about {subjects} subjects; a report holds {findings.MOST} findings of a rule"
        )
    strangers = engine.rows("SELECT call_id FROM met WHERE started_at IS NULL ORDER BY call_id LIMIT 1")
    if strangers:
        raise findings.RuleError(f"it returns {strangers[0][0]!r} as call_id, which is no call's")
    wrong = engine.rows(
        "SELECT call_id, saving, cost FROM met WHERE started_at >= $start "
        "AND (saving < 0 OR saving > coalesce(cost, 0)) ORDER BY call_id LIMIT 1",
        {"start": span.start},
    )
    if wrong:
        call_id, saving_given, cost = wrong[0]
        raise findings.RuleError(
            f"it claims {saving_given} for call {call_id}, which cost {cost}: a saving is 0 to the cost"
        )
    engine.run(
        "INSERT INTO flags SELECT $rule, $family, $grade, $rank, $precedence, project, subject, call_id, number, cost, "
        "saving, evidence FROM met WHERE started_at >= $start AND judged",
        {
            "rule": rule.id,
            "family": rule.family,
            "grade": str(rule.grade),
            "rank": _RANK[rule.grade],
            "precedence": rule.precedence,
            "start": span.start,
        },
    )
