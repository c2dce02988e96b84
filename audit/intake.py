"""Logs into the store, as the settings say where and how."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from audit import formatbook, places
from audit.ingest.find import files
from audit.ingest.load import Receipt, ingest

if TYPE_CHECKING:
    from pathlib import Path

    from audit.engine.duckdb import Engine
    from audit.rulebook import Rule
    from audit.settings import Settings


class Told(Protocol):
    """Who hears of a run's progress."""

    def file(self, receipt: Receipt) -> None:
        """A file has been read, or not."""

    def files(self, number: int) -> None:
        """So many files will be read."""

    def rule(self, rule: Rule) -> None:
        """A rule begins."""


class Silence:
    """Hears nothing, as cron wants it."""

    def file(self, receipt: Receipt) -> None:
        """Nothing."""

    def files(self, number: int) -> None:
        """Nothing."""

    def rule(self, rule: Rule) -> None:
        """Nothing."""


def take_in(engine: Engine, settings: Settings, paths: list[Path], told: Told) -> list[Receipt]:
    """logs --formats--> calls: read what was not read before into the store."""
    formats = formatbook.load([places.formats(), *settings.paths.formats])
    own = [settings.paths.store, *([settings.revenue_csv] if settings.revenue_csv else [])]
    found = files(paths, apart_from=own) if paths else []
    told.files(len(found))
    return ingest(engine, found, formats, keep_prompts=settings.logs.keep_prompts, told=told.file)
