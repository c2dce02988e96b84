"""A SQL file of knowledge: a TOML header in a leading comment, then one SELECT.

Formats and rules are both written so; this is the one place that takes such a file apart.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from audit.records import UsageError

if TYPE_CHECKING:
    from pathlib import Path

_HEADER = re.compile(r"\s*/\*(?P<toml>.*?)\*/", re.DOTALL)


@dataclass(frozen=True, slots=True)
class SqlFile:
    """A file's parts. ``sql_line`` is the line the SELECT starts on, counted from 1."""

    path: Path
    header: dict[str, Any]
    sql: str
    sql_line: int

    @property
    def name(self) -> str:
        """The stem: the file's only id."""
        return self.path.stem


def read(path: Path) -> SqlFile:
    """Take a file apart. Raises UsageError with file and line."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"{path}: cannot be read: {reason}") from None
    match = _HEADER.match(text)
    if match is None:
        raise UsageError(f"{path}, line 1: the file must begin with a TOML header between /* and */")
    try:
        header = tomllib.loads(match["toml"])
    except tomllib.TOMLDecodeError as error:
        offset = re.search(r"line (\d+)", str(error))
        line = text[: match.start("toml")].count("\n") + (int(offset[1]) if offset else 1)
        raise UsageError(f"{path}, line {line}: the header is not valid TOML: {error}") from None
    body = text[match.end() :]
    sql = body.strip().rstrip(";").rstrip()
    if not sql:
        raise UsageError(f"{path}: no SELECT after the header")
    lead = len(body) - len(body.lstrip())
    return SqlFile(path, header, sql, text[: match.end() + lead].count("\n") + 1)
