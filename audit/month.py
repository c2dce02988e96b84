"""The audit of one month."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from audit import formatbook, history, inspection, places, redline, rulebook, window
from audit.engine.store import open_store
from audit.ingest.find import files
from audit.ingest.load import Receipt, ingest
from audit.records import Month, UsageError
from audit.report import files as report_files
from audit.report.assemble import Audited, assemble
from audit.report.render import Pages, render

if TYPE_CHECKING:
    from pathlib import Path

    from audit.engine.duckdb import Engine
    from audit.report.content import Report
    from audit.rulebook import Rule
    from audit.settings import Settings

DONE, BREACHED, INCOMPLETE = 0, 3, 4


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


@dataclass(frozen=True, slots=True)
class Outcome:
    """A month that was audited: its report, its pages, where they lie, and the exit code they ask for."""

    report: Report
    pages: Pages
    folder: Path
    exit_code: int


def take_in(engine: Engine, settings: Settings, paths: list[Path], told: Told) -> list[Receipt]:
    """logs --formats--> calls: read what was not read before into the store."""
    formats = formatbook.load([places.formats(), *settings.paths.formats])
    own = [settings.paths.store, *([settings.revenue_csv] if settings.revenue_csv else [])]
    found = files(paths, apart_from=own) if paths else []
    told.files(len(found))
    return ingest(engine, found, formats, keep_prompts=settings.logs.keep_prompts, told=told.file)


def audit_month(engine: Engine, settings: Settings, month: Month, told: Told) -> Outcome:
    """calls --prices--> priced calls --rules--> flags --ledger--> findings --> report --> files."""
    owners = redline.owners(settings, month)
    rules, broken = rulebook.load([places.rules(), *settings.paths.rules], settings.rules)
    look_back = max((rule.look_back_days for rule in rules), default=0)
    span = window.build(engine, settings, month, owners, look_back, asked=window.asked_by(rules))
    engine.seal()
    found = inspection.inspect(
        engine,
        rules,
        broken,
        span,
        seconds=settings.limits.rule_seconds,
        language=settings.company.language,
        told=told.rule,
    )
    report = assemble(engine, Audited(settings, month, span, rules, found))
    pages = render(report, places.templates())
    folder = settings.paths.reports / str(month)
    report_files.write(folder, report, pages, engine)
    return Outcome(report, pages, folder, exit_code(report))


def run(settings: Settings, month: Month | None, paths: list[Path], told: Told) -> Outcome:
    """The whole way, from logs to a month's folder, with the store held for as long.

    Without a month it is the last closed one; where that has no calls, the newest that has.
    """
    with open_store(settings.paths.store, settings) as engine:
        take_in(engine, settings, paths, told)
        held = history.months_with_calls(engine, settings.zone)
        if not held:
            raise UsageError("there is no call to audit: name logs with --logs, or under [paths] logs in the settings")
        if month is None:
            month = history.last_closed(settings.zone)
            month = month if month in held else max(held)
        outcome = audit_month(engine, settings, month, told)
        history.audited(engine, month, outcome.exit_code)
    return outcome


def exit_code(report: Report) -> int:
    """Incomplete outweighs breached: a figure that is not known to be whole comes first."""
    if report.quality.incomplete:
        return INCOMPLETE
    return BREACHED if report.over else DONE
