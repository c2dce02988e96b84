"""Rules over the month's calls give flags; the ledger credits each flag what surer ones left of the call's cost."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from audit import rulebook, window
from audit.engine.duckdb import EngineError
from audit.records import Finding, Grade, UsageError
from audit.wording import filled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from audit.engine.duckdb import Engine
    from audit.rulebook import Broken, Rule
    from audit.window import Span

SAMPLE_CALLS = 5
MOST_FINDINGS = 10_000
_NUMBERS = ("DECIMAL", "DOUBLE", "FLOAT", "BIGINT", "INTEGER", "HUGEINT", "SMALLINT", "NULL", '"NULL"')
_BIGGEST = Decimal(10) ** 18
_RANK = {grade: number for number, grade in enumerate(Grade)}
_FLAGS = """CREATE OR REPLACE TEMP TABLE flags (
  rule VARCHAR, family VARCHAR, grade VARCHAR, rank INTEGER, precedence INTEGER, project VARCHAR, subject VARCHAR,
  call_id VARCHAR, cost DECIMAL(18,9), saving DECIMAL(18,9), evidence VARCHAR
)"""
# One flag's credit is how far it moves the sum of savings on its call towards the call's cost.
LEDGER = """CREATE OR REPLACE TEMP TABLE credited AS
WITH summed AS (
  SELECT *, sum(coalesce(saving, 0)) OVER (
    PARTITION BY call_id ORDER BY rank, precedence, rule ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  ) AS so_far
  FROM flags
)
SELECT rule, family, grade, project, subject, call_id, saving, evidence,
  CASE WHEN saving IS NOT NULL THEN
    least(coalesce(cost, 0), so_far) - least(coalesce(cost, 0), so_far - coalesce(saving, 0))
  END::DECIMAL(18,9) AS credited
FROM summed"""


@dataclass(frozen=True, slots=True)
class Inspection:
    """What the rules found, in order of credited money, and the rules that could not be run."""

    findings: tuple[Finding, ...]
    failures: tuple[Broken, ...]


class RuleError(UsageError):
    """A rule that does not keep its contract."""


def inspect(
    engine: Engine,
    rules: Iterable[Rule],
    broken: Iterable[Broken],
    span: Span,
    *,
    seconds: float,
    language: str,
    told: Callable[[Rule], None] = lambda _: None,
) -> Inspection:
    """Run every rule; one that fails is named and the others go on. Fills the table ``credited``."""
    failures = list(broken)
    findings: list[Finding] = []
    held = []
    engine.run(_FLAGS)
    for rule in rules:
        told(rule)
        try:
            with engine.within(seconds):
                findings += run(engine, rule, span, language)
            held.append(rule)
        except (EngineError, RuleError) as error:
            engine.run("DELETE FROM flags WHERE rule = $rule", {"rule": rule.id})
            failures.append(rulebook.Broken(rule.id, rule.family, rule.path, _placed(rule, str(error))))
    engine.run(LEDGER)
    for rule in held:
        findings += _call_findings(engine, rule, language)
    findings.sort(key=lambda f: (_RANK[f.grade], -(f.credited or f.amount or 0), f.rule, f.id))
    return Inspection(tuple(findings), tuple(failures))


def _placed(rule: Rule, reason: str) -> str:
    """The reason with its file and line: the one line that holds what the engine quotes, else where the SQL begins."""
    if str(rule.path) in reason:
        return reason
    quoted = re.search(r'"([^"]+)"', reason)
    word = re.compile(rf"(?<!\w){re.escape(quoted[1])}(?!\w)", re.IGNORECASE) if quoted else None
    held = [number for number, line in enumerate(rule.sql.splitlines()) if word and word.search(line)]
    return f"{rule.path}, line {rule.sql_line + (held[0] if len(held) == 1 else 0)}: {reason}"


def run(engine: Engine, rule: Rule, span: Span, language: str = "en") -> list[Finding]:
    """One rule: a call rule's flags go to the table, a subject rule's findings come back."""
    if engine.statement_kinds(rule.sql) != ["SELECT"]:
        raise RuleError("a rule is one SELECT")
    window.show_calls(engine, span, rule.look_back_days)
    columns = engine.columns(rule.sql, rule.params)
    if "call_id" in columns:
        _check(rule, columns, ("call_id", "saving") if rule.grade != Grade.ALERT else ("call_id",))
        _flag(engine, rule, span, columns)
        return []
    _check(rule, columns, ("project", "subject", "amount"))
    return _subject_findings(engine, rule, columns, language)


def _check(rule: Rule, columns: dict[str, str], wanted: tuple[str, ...]) -> None:
    """The rule's columns against its contract and its texts."""
    missing = [name for name in wanted if name not in columns]
    if missing:
        raise RuleError(
            f"it returns {', '.join(columns) or 'nothing'}, but not {', '.join(missing)}: a call rule returns "
            "call_id and saving, a subject rule project, subject and amount"
        )
    unknown = rulebook.placeholders(rule) - set(columns) - set(rulebook.GIVEN_TO_TEXTS)
    if unknown:
        raise RuleError(f"its texts name {{{min(unknown)}}}, but it returns no such column")
    for name in ("saving", "amount"):
        kind = columns.get(name, "INTEGER").upper()
        if name in columns and not kind.startswith(_NUMBERS):
            raise RuleError(f"its '{name}' is {kind}, not money")


def _evidence(columns: dict[str, str], known: tuple[str, ...]) -> str:
    names = [name for name in columns if name not in known]
    if not names:
        return "NULL::VARCHAR"
    # A rule chooses its columns' names: without the doubled quotes, a name could end the text and go on as SQL.
    parts = [f"""'{name.replace("'", "''")}': "{name.replace('"', '""')}\"""" for name in names]
    return "to_json({" + ", ".join(parts) + "})::VARCHAR"


def _flag(engine: Engine, rule: Rule, span: Span, columns: dict[str, str]) -> None:
    evidence = _evidence(columns, ("call_id", "saving", "subject"))
    saving = "saving" if "saving" in columns and rule.grade != Grade.ALERT else "NULL"
    subject = "subject::VARCHAR" if "subject" in columns else "NULL"
    engine.run(
        "CREATE OR REPLACE TEMP TABLE found AS SELECT call_id::VARCHAR AS call_id, "
        f"{saving}::DECIMAL(18,9) AS saving, {subject} AS subject, {evidence} AS evidence FROM (\n{rule.sql}\n)",
        rule.params,
    )
    nameless, repeated, subjects = engine.row(
        "SELECT count(*) - count(call_id), count(call_id) - count(DISTINCT call_id), "
        "coalesce(approx_count_distinct(subject), 0) FROM found"
    )
    if nameless:
        raise RuleError(f"it returns {nameless} rows whose call_id is NULL")
    if repeated:
        raise RuleError(f"it returns {repeated} calls more than once")
    if subjects > MOST_FINDINGS:
        raise RuleError(f"it names about {subjects} subjects; a report holds {MOST_FINDINGS} findings of a rule")
    strangers = engine.rows("SELECT call_id FROM found ANTI JOIN calls USING (call_id) ORDER BY call_id LIMIT 1")
    if strangers:
        raise RuleError(f"it returns {strangers[0][0]!r} as call_id, which is no call's")
    engine.run(
        "INSERT INTO flags SELECT $rule, $family, $grade, $rank, $precedence, c.project, f.subject, f.call_id, "
        "c.cost, f.saving, f.evidence FROM found f JOIN priced c USING (call_id) WHERE c.started_at >= $start",
        {
            "rule": rule.id,
            "family": rule.family,
            "grade": str(rule.grade),
            "rank": _RANK[rule.grade],
            "precedence": rule.precedence,
            "start": span.start,
        },
    )
    wrong = engine.rows(
        "SELECT call_id, saving, cost FROM flags WHERE rule = $rule AND (saving < 0 OR saving > coalesce(cost, 0)) "
        "ORDER BY call_id LIMIT 1",
        {"rule": rule.id},
    )
    if wrong:
        call_id, saving_given, cost = wrong[0]
        raise RuleError(f"it claims {saving_given} for call {call_id}, which cost {cost}: a saving is 0 to the cost")


def _subject_findings(engine: Engine, rule: Rule, columns: dict[str, str], language: str) -> list[Finding]:
    evidence = _evidence(columns, ("project", "subject", "amount"))
    rows = engine.rows(
        "SELECT project::VARCHAR, subject::VARCHAR, amount::DECIMAL(18,9), "
        f"{evidence} FROM (\n{rule.sql}\n) ORDER BY 1, 2, 3, 4 LIMIT {MOST_FINDINGS + 1}",
        rule.params,
    )
    if len(rows) > MOST_FINDINGS:
        raise RuleError(f"it returns more than {MOST_FINDINGS} rows, more findings of a rule than a report holds")
    if len({(project, subject) for project, subject, *_ in rows}) < len(rows):
        raise RuleError("it returns a project's subject more than once")
    return [
        _finding(rule, language, project, subject, _read(found), amount=amount)
        for project, subject, amount, found in rows
    ]


def _call_findings(engine: Engine, rule: Rule, language: str) -> list[Finding]:
    """One finding a project and subject, told by the call that weighs most."""
    rows = engine.rows(
        "SELECT project, subject, count(*), sum(saving), sum(credited), "
        "arg_max(evidence, (coalesce(credited, 0), coalesce(saving, 0), call_id)), "
        f"list(call_id ORDER BY coalesce(credited, 0) DESC, coalesce(saving, 0) DESC, call_id)[:{SAMPLE_CALLS}] "
        "FROM credited WHERE rule = $rule GROUP BY project, subject ORDER BY project, subject",
        {"rule": rule.id},
    )
    return [
        _finding(
            rule,
            language,
            project,
            subject,
            _read(found),
            calls=calls,
            saving=saving,
            credited=credited,
            call_ids=tuple(call_ids),
        )
        for project, subject, calls, saving, credited, found, call_ids in rows
    ]


def _read(found: str | None) -> dict[str, Any]:
    """A row's evidence. What is no number, or no finite one, is unknown."""
    evidence: dict[str, Any] = json.loads(found or "{}", parse_constant=lambda _: None)
    return evidence


def _sayable(name: str, value: Any) -> bool:
    """Whether a text can say it: a number has to be finite and of a size that people read."""
    if isinstance(value, str) and not name.endswith(("_ms", "_share")):
        return True
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return True
    return number.is_finite() and abs(number) < _BIGGEST


def _finding(
    rule: Rule,
    language: str,
    project: str | None,
    subject: str | None,
    evidence: dict[str, Any],
    *,
    calls: int = 0,
    saving: Any = None,
    credited: Any = None,
    amount: Any = None,
    call_ids: tuple[str, ...] = (),
) -> Finding:
    values = {
        **{name: value if _sayable(name, value) else None for name, value in evidence.items()},
        "project": project,
        "subject": subject,
        "calls": calls,
        "amount": amount,
        "saving": saving,
    }
    identity = "/".join(part for part in (rule.id, project or "-", subject) if part)
    return Finding(
        id=identity,
        rule=rule.id,
        family=rule.family,
        grade=rule.grade,
        project=project,
        subject=subject,
        title=filled(rule.text("title", language), values, language),
        because=filled(rule.text("because", language), values, language),
        fix=filled(rule.text("fix", language), values, language),
        calls=calls,
        saving=saving,
        credited=credited,
        amount=amount,
        call_ids=call_ids,
        evidence=evidence,
    )
