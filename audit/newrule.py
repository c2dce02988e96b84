"""What `audit rules new` writes: a rule and its cases that pass, to be changed into one's own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from audit.records import UsageError

if TYPE_CHECKING:
    from pathlib import Path

_SQL = """/*
title   = "Costly calls of {name}"
grade   = "alert"                # proven | avoidable | hypothesis | alert
because = "{{model}} read {{input_tokens}} tokens for {{project}} in one call."
fix     = "Say here what {{project}} should do on Monday."
note    = "Say here what counts and what does not, and why."

[params]
at_least_tokens = 100000

[zh]
title   = "高成本调用：{name}"
because = "{{model}} 为 {{project}} 的一次调用读入了 {{input_tokens}} 个 token。"
fix     = "在此写明 {{project}} 周一该做什么。"
*/
SELECT
    call_id,
    CAST(0 AS DECIMAL(18, 9)) AS saving,
    model,
    input_tokens
FROM calls
WHERE input_tokens >= $at_least_tokens AND cost > 0
"""
_YML = """cases:
  - name: a call at the limit is found
    calls:
      - {call_id: long, input_tokens: 100000}
    found:
      - {call_id: long, input_tokens: 100000}

  - name: a call below the limit is not
    calls:
      - {call_id: short, input_tokens: 99999}
    found: []
"""


def write(name: str, folder: Path) -> tuple[Path, Path]:
    """Write both files; returns their paths. Raises UsageError where the name is no id or a file is there."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise UsageError(f"'{name}' is no id for a rule: small letters, digits and underscores, as slow_embeddings")
    sql, cases = folder / f"{name}.sql", folder / f"{name}.yml"
    for path in (sql, cases):
        if path.exists():
            raise UsageError(f"{path}: there already; choose another name or folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        sql.write_text(_SQL.format(name=name), encoding="utf-8")
        cases.write_text(_YML, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{folder}: cannot be written: {error.strerror or error}") from None
    return sql, cases
