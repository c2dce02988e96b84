"""What `audit rules new` writes: a rule and its cases that pass, to be changed into one's own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from audit.records import UsageError

if TYPE_CHECKING:
    from pathlib import Path

Kind = Literal["call", "subject"]

_CALL_SQL = """\
/*
# Names in braces are columns of the SELECT below; project, calls and saving are known to every text.
title   = "Long inputs (@)"
grade   = "alert"   # proven, avoidable or hypothesis once a saving is claimed; see docs/rules.md
because = "{calls:call|calls} of {project} read more than {limit_tokens} tokens; the costliest read {input_tokens}."
fix     = "Say here what {project} should do on Monday."
needs   = ["input_tokens"]
note    = "Say here what counts and what does not, and why each default is what it is."

[params]
most_tokens = 100000

[zh]
title   = "超长输入（@）"
because = "{project} 有 {calls} 次调用的输入超过 {limit_tokens} 个 token，其中成本最高的一次为 {input_tokens} 个。"
fix     = "在此写明 {project} 周一该做什么。"
*/
-- A row a call. To claim money, add a column `saving` from 0 to the call's cost, as
-- (input_tokens - $most_tokens) * input_price AS saving
SELECT
    call_id,
    input_tokens,
    $most_tokens AS limit_tokens
FROM calls
WHERE input_tokens > $most_tokens AND cost > 0
"""
_CALL_YML = """\
# A case states what matters to it; the rest is an ordinary call. What is not under `found` must not be found.
cases:
  - name: a call above the limit is found
    calls:
      - {call_id: long, input_tokens: 100001, cost: 0.3}
    found:
      - {call_id: long, input_tokens: 100001, limit_tokens: 100000}

  - name: a call at the limit is not
    calls:
      - {call_id: at_the_limit, input_tokens: 100000, cost: 0.3}
    found: []

  - name: a call that cost nothing is not, however long
    calls:
      - {call_id: free, input_tokens: 500000, cost: 0}
    found: []

  - name: the limit is a parameter
    params: {most_tokens: 10}
    calls:
      - {call_id: long, input_tokens: 11}
    found:
      - {call_id: long}
"""
_SUBJECT_SQL = """\
/*
# Names in braces are columns of the SELECT below; project, subject and amount are known to every text.
title   = "Costly answers (@)"
grade   = "alert"   # a subject rule names an amount of money and claims no call's cost
because = "{subject} in {project} cost {amount}: {answer_cost} for each of {answers:answer|answers}."
fix     = "Say here what {project} should do on Monday."
note    = "Say here what counts and what does not, and why each default is what it is."

[params]
most_cost = 0.5
min_answers = 20

[zh]
title   = "单次回答成本过高（@）"
because = "{project} 的 {subject} 共花费 {amount}，完成 {answers} 次回答，平均每次 {answer_cost}。"
fix     = "在此写明 {project} 周一该做什么。"
*/
-- A row a project and subject. daily_spend holds thirteen months; days tells which days are the audited month's.
SELECT
    daily_spend.project,
    daily_spend.task AS subject,
    sum(daily_spend.cost) AS amount,
    sum(daily_spend.ok_calls) AS answers,
    sum(daily_spend.cost) / sum(daily_spend.ok_calls) AS answer_cost
FROM daily_spend
INNER JOIN days ON daily_spend.day = days.day
WHERE days.current AND daily_spend.task IS NOT NULL
GROUP BY daily_spend.project, daily_spend.task
HAVING
    sum(daily_spend.ok_calls) >= $min_answers
    AND sum(daily_spend.cost) > sum(daily_spend.ok_calls) * $most_cost
"""
_SUBJECT_YML = """\
# A case states what matters to it; what is left out of a row is unknown. What is not under `found` must not be found.
cases:
  - name: a task whose answers cost more than the limit is found
    daily_spend:
      - {day: 2026-10-05, project: search, task: answer, ok_calls: 10, cost: 6}
      - {day: 2026-10-06, project: search, task: answer, ok_calls: 10, cost: 8}
    days: &october
      - {day: 2026-09-30, current: false}
      - {day: 2026-10-05, current: true}
      - {day: 2026-10-06, current: true}
    found:
      - {project: search, subject: answer, amount: 14, answers: 20, answer_cost: 0.7}

  - name: answers at the limit are not
    daily_spend:
      - {day: 2026-10-05, project: search, task: answer, ok_calls: 20, cost: 10}
    days: *october
    found: []

  - name: a few costly answers are not
    daily_spend:
      - {day: 2026-10-05, project: search, task: answer, ok_calls: 19, cost: 100}
    days: *october
    found: []

  - name: a costly month before is not
    daily_spend:
      - {day: 2026-09-30, project: search, task: answer, ok_calls: 20, cost: 100}
    days: *october
    found: []
"""
_FILES: dict[Kind, tuple[str, str]] = {"call": (_CALL_SQL, _CALL_YML), "subject": (_SUBJECT_SQL, _SUBJECT_YML)}


def write(name: str, folder: Path, kind: Kind = "call") -> tuple[Path, Path]:
    """Write both files; returns their paths. Raises UsageError where the name is no id or a file is there."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise UsageError(f"'{name}' is no id for a rule: small letters, digits and underscores, as slow_embeddings")
    paths = folder / f"{name}.sql", folder / f"{name}.yml"
    for path in paths:
        if path.exists():
            raise UsageError(f"{path}: there already; choose another name or folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in zip(paths, _FILES[kind], strict=True):
            path.write_text(text.replace("@", name), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{folder}: cannot be written: {error.strerror or error}") from None
    return paths
