"""What a rule needs of a call to say anything about it: the header's ``needs``, checked, and as SQL.

``needs = ["prompt_hash | session_id", "status"]``: every entry must be stated by the call, of alternatives one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.records import CALL_COLUMNS, UsageError

if TYPE_CHECKING:
    from pathlib import Path

Need = tuple[str, ...]

_COLUMNS = frozenset(column.name for column in CALL_COLUMNS)
# A status is told by how the answer ended: a source without that calls every answer ok, cut off or not.
_TOLD_BY = {"finish_reason": "status"}
# A word that says nothing is no statement; an answer that is known to be cut off is known to have ended so.
_STATED = {
    "status": "nullif({t}.status, 'unknown')",
    "finish_reason": "coalesce({t}.finish_reason, CASE WHEN {t}.status IN ('truncated', 'filtered') THEN '' END)",
}


def read(path: Path, given: Any, named: frozenset[str] | None) -> tuple[Need, ...]:
    """The needs of a header. ``named`` are the names in the rule's SQL, None for any. Raises UsageError."""
    if not isinstance(given, list) or not all(isinstance(entry, str) for entry in given):
        raise UsageError(f"{path}: 'needs' is a list of columns, each a text such as 'prompt_hash' or 'task | model'")
    needs = tuple(tuple(column.strip() for column in entry.split("|")) for entry in given)
    for column in (column for need in needs for column in need):
        if column not in _COLUMNS:
            raise UsageError(f"{path}: 'needs' names '{column}', which is no column of the call record")
        if named is not None and not {column, _TOLD_BY.get(column)} & named:
            raise UsageError(f"{path}: 'needs' names '{column}', which its SQL does not")
    return needs


def stated(needs: tuple[Need, ...], table: str) -> str:
    """The condition that a call of a table states all it takes; TRUE where nothing is needed."""
    return " AND ".join(f"({' OR '.join(f'{_of(c, table)} IS NOT NULL' for c in need)})" for need in needs) or "TRUE"


def _of(column: str, table: str) -> str:
    return _STATED.get(column, f"{{t}}.{column}").format(t=table)
