"""The audit of one month."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from audit import accepted_file, accepting, history, intake, packs, places, settings_file
from audit.engine.store import open_store
from audit.records import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from audit.accepted_file import Accepted
    from audit.engine.duckdb import Engine
    from audit.ingest.registry import Place
    from audit.intake import Told
    from audit.pricing.money import Rates
    from audit.records import Month
    from audit.report.content import Report
    from audit.report.render import Pages
    from audit.rulebook import Broken, Rule
    from audit.settings import Settings

    Rules = tuple[list[Rule], list[Broken]]

DONE, BREACHED, INCOMPLETE = 0, 3, 4


@dataclass(frozen=True, slots=True)
class Outcome:
    """A month that was audited: its report, its pages, where they lie, and the exit code they ask for.

    ``rules`` are those that ran; ``doubts`` what may be misspelt, though nothing failed by it.
    """

    report: Report
    pages: Pages
    folder: Path
    exit_code: int
    rules: Sequence[Rule]
    months: tuple[Month, ...] = ()
    doubts: tuple[str, ...] = ()


def audit_month(
    engine: Engine,
    settings: Settings,
    month: Month,
    told: Told,
    *,
    rates: Rates,
    rules: Rules,
    accepted: Sequence[Accepted] = (),
    restated: str | None = None,
) -> Outcome:
    """calls --prices--> priced calls --rules--> flags --ledger--> findings --> report --> files."""
    from audit import closing, inspection, redline, window
    from audit.reconcile.reconciliation import reconcile
    from audit.report import files as report_files
    from audit.report.assemble import Audited, assemble
    from audit.report.render import render

    reconciled = reconcile(engine, settings, month, anew=restated is not None)
    owners = redline.owners(settings, month, rates)
    usable, broken = rules
    reach, asked = window.Reach.of(usable), window.asked_by(usable)
    span = window.build(engine, settings, month, owners, reach, asked=asked, rates=rates, anew=restated is not None)
    engine.seal()
    found = inspection.inspect(
        engine,
        usable,
        broken,
        span,
        seconds=settings.limits.rule_seconds,
        language=settings.company.language,
        currency=settings.company.currency,
        told=told.rule,
    )
    found = replace(found, findings=accepting.marked(found.findings, accepted, month))
    running = month > history.last_closed(settings.zone)
    report = assemble(engine, Audited(settings, month, span, usable, found, rates, reconciled, running=running))
    known = {*(rule.id for rule in usable), *(rule.id for rule in broken), *settings.rules}
    strays = accepting.strays(found.findings, accepted, month, known)
    report = replace(report, restated=closing.restated(engine, report, restated), strays=strays)
    pages = render(report, places.templates())
    folder = settings.paths.reports / str(month)
    report_files.write(folder, report, pages, engine)
    failed = {broken.id for broken in found.failures}
    return Outcome(report, pages, folder, exit_code(report), [rule for rule in usable if rule.id not in failed])


def run(
    settings: Settings,
    month: Month | None,
    logs: list[Place],
    told: Told,
    *,
    restated: str | None = None,
    by_hand: bool = False,
) -> Outcome:
    """The whole way, from logs to a month's folder, with the store held for as long.

    Without a month it is the last closed one; where that has no calls, the newest that has. A reason for which it is
    ``restated`` prices a closed month by the lists and rates as they are now. A month that was named ``by_hand`` and
    has no call is taken for a mistake, unless it still runs.
    """
    accepted = accepted_file.load(settings.paths.accepted)
    with open_store(settings.paths.store, settings) as engine, ThreadPoolExecutor(1) as beside:
        rules = beside.submit(rules_of, settings)
        beside.submit(_load_the_rest)
        receipts = intake.take_in(engine, settings, logs, told)
        held = history.months_with_calls(engine, settings.zone)
        if not held:
            why = intake.why_nothing(engine, receipts)
            raise UsageError("there is no call to audit: " + why + ("" if receipts else settings_file.remedy(settings)))
        closed = history.last_closed(settings.zone)
        if month is None:
            month = closed if closed in held else max(held)
        if by_hand and month not in held and month != closed.shift(1):
            there = f"those there are lie in {history.spans(held)}"
            raise UsageError(f"no call lies in {month}; {there}: name one with --month")
        from audit import closing
        from audit.following import kept
        from audit.pricing.money import Rates

        rates = Rates.of(engine, settings, anew=None if restated is None else month)
        outcome = audit_month(
            engine, settings, month, told, rates=rates, rules=rules.result(), accepted=accepted, restated=restated
        )
        found = kept.ever_found(engine)
        doubts = [stray.complaint for stray in outcome.report.strays if stray.is_misspelt(found)]
        with engine.transaction():
            history.audited(engine, month, outcome.exit_code)
            kept.keep(engine, outcome.report, outcome.rules)
            if month <= closed:
                closing.close(engine, settings, outcome.report, rates, restated)
    return replace(outcome, months=tuple(held), doubts=tuple(doubts))


def rules_of(settings: Settings) -> Rules:
    """The rules that the settings ask for, and those among them that cannot be used."""
    from audit import rulebook

    return rulebook.load(packs.folders(settings.paths), settings.rules, python=settings.limits.python_rules)


def _load_the_rest() -> None:
    """What judging needs, loaded while the engine reads."""
    from audit import closing, inspection, window  # noqa: F401
    from audit.reconcile import reconciliation  # noqa: F401
    from audit.report import assemble, files, render  # noqa: F401


def exit_code(report: Report) -> int:
    """Incomplete outweighs breached: a figure that is not known to be whole comes first."""
    if report.quality.incomplete:
        return INCOMPLETE
    return BREACHED if report.over else DONE
