"""Where the files that ship with the program lie, in a checkout and in an installed copy."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def _shipped(name: str) -> Path:
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


def rules() -> Path:
    """The folder of the rules that ship."""
    return _shipped("rules")


def templates() -> Path:
    """The folder of the report's and the mail's templates."""
    return _shipped("templates")


def formats() -> Path:
    """The folder of the log formats that ship."""
    return _PACKAGE / "formats"
