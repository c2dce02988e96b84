"""What a person at a terminal sees of a long run; a pipe and cron see nothing."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from audit.intake import Silence, Told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import Progress

    from audit.ingest.load import Receipt
    from audit.rulebook import Rule


class _Bar:
    """Files read, then rules run, on one line that goes away."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._files = progress.add_task("reading logs", total=None)
        self._calls = 0

    def files(self, number: int) -> None:
        self._progress.update(self._files, total=number)

    def file(self, receipt: Receipt) -> None:
        self._calls += receipt.calls
        self._progress.update(self._files, advance=1, description=f"reading logs, {self._calls:,} new calls")

    def rule(self, rule: Rule) -> None:
        self._progress.update(self._files, description=f"rule {rule.id}")


@contextmanager
def shown(*, quiet: bool) -> Iterator[Told]:
    """A listener for a run: a progress bar on a terminal's standard error, silence elsewhere."""
    if quiet or not sys.stderr.isatty():
        yield Silence()
        return
    from rich.console import Console  # noqa: PLC0415  # cron does without
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield _Bar(progress)
