"""Logs in an object store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from audit.ingest.registry import Stamp


@dataclass(frozen=True, slots=True)
class Object:
    """An object: its address, its length, and by what it is seen to be still the same."""

    url: str
    bytes: int
    stamp: Stamp

    def fetch(self, target: Path) -> None:
        """Copy the object to a file."""
        raise NotImplementedError
