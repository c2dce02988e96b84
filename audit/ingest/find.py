"""Which files a path, a folder or a glob means."""

from __future__ import annotations

import glob
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from audit.records import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

ENDINGS = (".json", ".jsonl", ".ndjson", ".log", ".csv", ".parquet", ".zip")
PACKINGS = (".gz", ".zst")
# What a rotation puts after a log's name: its number, or its day and hour.
_ROTATED = re.compile(r"[.-](\d{1,5}|\d{8,14}|\d{4}-\d\d-\d\d([-_.t]?\d\d){0,3})$")


def files(paths: Iterable[Path], *, apart_from: Iterable[Path] = ()) -> list[Path]:
    """All log files meant, each once, in a stable order. A folder gives those with a log's ending, no hidden ones.

    Raises UsageError for a path that means nothing.
    """
    left_out = {path.resolve() for path in apart_from}
    found: dict[Path, None] = {}
    for path in paths:
        here = _meant(path)
        if not here:
            raise UsageError(f"{path}: no log file there; name a file, a folder or a pattern such as 'logs/*.jsonl'")
        found.update(dict.fromkeys(file for file in here if file not in left_out))
    return list(found)


def _meant(path: Path) -> list[Path]:
    if path.is_dir():
        if not os.access(path, os.R_OK | os.X_OK):
            raise UsageError(f"{path}: the folder may not be read: permission denied")
        return sorted(file.resolve() for file in path.rglob("*") if _is_log(file, path))
    if path.is_file():
        return [path.resolve()]
    if path.exists():
        raise UsageError(f"{path}: a pipe or a device; write the log to a file, and name that")
    if glob.has_magic(str(path)):
        matches = (Path(match) for match in glob.glob(str(path), recursive=True))  # noqa: PTH207  # absolute patterns
        return sorted(inner for match in matches if match.is_dir() or match.is_file() for inner in _meant(match))
    return []


def _is_log(file: Path, folder: Path) -> bool:
    return not _is_hidden(file, folder) and file.is_file() and has_logs_ending(file.name)


def _is_hidden(file: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in file.relative_to(folder).parts)


def has_logs_ending(name: str) -> bool:
    """Whether a name ends as a log's does, packed or not, rotated or not."""
    name = name.lower()
    for packing in PACKINGS:
        name = name.removesuffix(packing)
    return name.endswith(ENDINGS) or _ROTATED.sub("", name).endswith(ENDINGS)


def passed_over(paths: Iterable[Path]) -> list[Path]:
    """The files of the folders meant whose names are not those of logs; hidden ones are nobody's."""
    return [
        file
        for path in paths
        if path.is_dir()
        for file in path.rglob("*")
        if file.is_file() and not _is_hidden(file, path) and not has_logs_ending(file.name)
    ]
