"""What a person at a terminal sees of a long run: bytes, calls a second, the time left. A pipe and cron see nothing."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from audit.intake import Silence, Told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import Progress

    from audit.ingest.receipt import Receipt
    from audit.rulebook import Rule

LOOK_SECONDS = 0.25


class _Bar:
    """Bytes read, then rules run, on one line that goes away.

    The engine reads a file in one statement: how far it is is asked of it from beside.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._line = progress.add_task("reading logs", total=None)
        self._begun = time.monotonic()
        self._calls = self._read = 0
        self._at_hand: tuple[int, Callable[[], float]] | None = None
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._look, daemon=True)
        self._watch.start()

    def files(self, size: int) -> None:
        self._progress.update(self._line, total=size or None)

    def begins(self, size: int, share: Callable[[], float]) -> None:
        self._at_hand = size, share

    def file(self, receipt: Receipt) -> None:
        self._at_hand = None
        self._calls += receipt.calls
        self._read += receipt.bytes
        rate = self._calls / max(time.monotonic() - self._begun, 0.001)
        told = f"reading logs, {self._calls:,} new calls, {rate:,.0f}/s"
        self._progress.update(self._line, completed=self._read, description=told)

    def rule(self, rule: Rule) -> None:
        self._progress.update(self._line, total=None, description=f"rule {rule.id}")

    def close(self) -> None:
        self._over.set()
        self._watch.join()

    def _look(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            if (at_hand := self._at_hand) is not None:
                size, share = at_hand
                self._progress.update(self._line, completed=self._read + size * share())


@contextmanager
def shown(*, quiet: bool) -> Iterator[Told]:
    """A listener for a run: a progress bar on a terminal's standard error, silence elsewhere."""
    if quiet or not sys.stderr.isatty():
        yield Silence()
        return
    from rich import progress as of  # noqa: PLC0415  # cron does without
    from rich.console import Console  # noqa: PLC0415

    columns = (of.TextColumn("{task.description}"), of.BarColumn(), of.DownloadColumn(), of.TimeRemainingColumn())
    with of.Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = _Bar(progress)
        try:
            yield bar
        finally:
            bar.close()
