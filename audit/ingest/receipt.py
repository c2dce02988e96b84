"""What became of one file or table, for the progress, the summary and the exit code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.ingest.recognise import EMPTY

if TYPE_CHECKING:
    from audit.formatsql import Kind
    from audit.ingest.registry import Place


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one file of ``bytes`` on disk.

    ``calls`` is what it added to the store, of calls or, by its ``kind``, of bills' lines; ``reason`` says why it was
    not read. ``rewritten`` says that its place held something else before, which it did not grow from.
    """

    path: Place
    format: str | None
    calls: int
    rejected: int
    reason: str = ""
    known: bool = False
    rewritten: bool = False
    bytes: int = 0
    kind: Kind = "calls"

    @property
    def unread(self) -> bool:
        """Whether there was something in the file that nobody could read."""
        return self.format is None and not self.known and self.reason != EMPTY

    @property
    def complaint(self) -> str:
        """The place and why it was not read, in a sentence."""
        return f"{self.path}: {self.reason.removeprefix(f'{self.path}: ')}"
