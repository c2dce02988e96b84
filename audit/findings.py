"""What a rule returned, as findings that a report can tell: one a project and subject, in the reader's language."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from audit.records import Finding, UsageError
from audit.wording import filled

if TYPE_CHECKING:
    from audit.engine.duckdb import Engine
    from audit.rulebook import Rule
    from audit.wording import Voice

SAMPLE_CALLS = 5
MOST = 10_000
# What weighs most comes first.
_WEIGHT = "(-coalesce(credited, 0), -coalesce(saving, 0), -coalesce(cost, 0), call_id)"


class RuleError(UsageError):
    """A rule that does not keep its contract."""


def evidence_sql(columns: dict[str, str], known: tuple[str, ...]) -> str:
    """A rule's columns beyond those its contract names, as one JSON text a row."""
    names = [name for name in columns if name not in known]
    if not names:
        return "NULL::VARCHAR"
    # A rule chooses its columns' names: without the doubled quotes, a name could end the text and go on as SQL.
    parts = [f"""'{name.replace("'", "''")}': "{name.replace('"', '""')}\"""" for name in names]
    return "to_json({" + ", ".join(parts) + "})::VARCHAR"


def of_subjects(engine: Engine, rule: Rule, columns: dict[str, str], voice: Voice) -> list[Finding]:
    """One finding a row of a subject rule."""
    evidence = evidence_sql(columns, ("project", "subject", "amount"))
    rows = engine.rows(
        "SELECT project::VARCHAR, subject::VARCHAR, amount::DECIMAL(38,9), "
        f"{evidence} FROM (\n{rule.sql}\n) ORDER BY 1, 2, 3, 4 LIMIT {MOST + 1}",
        rule.params,
    )
    if len(rows) > MOST:
        raise RuleError(f"it returns more than {MOST} rows, more findings of a rule than a report holds")
    if len({(project, subject) for project, subject, *_ in rows}) < len(rows):
        raise RuleError("it returns a project's subject more than once")
    return [
        _finding(rule, voice, project, subject, _read(found), amount=amount) for project, subject, amount, found in rows
    ]


def of_calls(engine: Engine, rule: Rule, voice: Voice) -> list[Finding]:
    """One finding a project and subject, told by the call that weighs most."""
    rows = engine.rows(
        "SELECT project, subject, count(*), sum(saving), sum(credited), "
        f"arg_min(evidence, {_WEIGHT}), arg_min(call_id, {_WEIGHT}, {SAMPLE_CALLS}) "
        "FROM credited WHERE rule = $rule GROUP BY project, subject ORDER BY project, subject",
        {"rule": rule.id},
    )
    return [
        _finding(
            rule,
            voice,
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


def _finding(
    rule: Rule,
    voice: Voice,
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
        **evidence,
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
        title=filled(rule.text("title", voice.language), values, voice),
        because=filled(rule.text("because", voice.language), values, voice),
        fix=filled(rule.text("fix", voice.language), values, voice),
        calls=calls,
        saving=saving,
        credited=credited,
        amount=amount,
        call_ids=call_ids,
        evidence=evidence,
    )
