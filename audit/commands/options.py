"""What the commands share: their common options, the settings they name, and how they speak."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from audit.records import Month, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from audit.cases import Result
    from audit.settings import Settings

SettingsFile = Annotated[
    Optional[Path],  # noqa: UP045  # typer reads the annotation while it runs
    typer.Option("--settings", "-c", help="The settings file; ./audit.toml where left out.", metavar="FILE"),
]
MonthOption = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--month", "-m", help="The month, as 2026-10; left out: the last closed."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")]


def settings_of(path: Path | None, *, needed: bool = False) -> Settings:
    """The settings of a file; the defaults where there is none and none is needed."""
    from audit.settings import Settings
    from audit.settings_file import SETTINGS_FILE, anchored, load

    if path is None:
        path = Path(SETTINGS_FILE)
        if not path.exists() and not needed:
            return anchored(Settings(), Path.cwd())
    return load(path)


def month_of(text: str | None) -> Month | None:
    """A month as it is named on the command line."""
    if text is None:
        return None
    try:
        return Month.parse(text)
    except ValueError as error:
        raise UsageError(f"--month: {error}") from None


def complain(sentences: Iterable[str]) -> None:
    """To standard error, a sentence a line."""
    for sentence in sentences:
        sys.stderr.write(f"audit: {sentence}\n")


def passed(results: list[Result]) -> None:
    """Say which cases failed, and end with 1 where some did."""
    failed = [result for result in results if result.difference is not None]
    for result in failed:
        typer.echo(f"FAILED {result.of}: {result.case}\n       {result.difference}")
    good = len(results) - len(failed)
    typer.echo(f"{good} case{'s' * (good != 1)} passed, {len(failed)} failed")
    if failed:
        raise typer.Exit(1)


def columns() -> int | None:
    """How wide the terminal is; None where there is none."""
    import shutil

    return max(60, shutil.get_terminal_size().columns) if sys.stdout.isatty() else None
