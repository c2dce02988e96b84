"""The commands. Each loads what it needs when it runs, so that help answers at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from audit.commands import findings, formats, prices, rules, sql
from audit.commands.options import MonthOption, Quiet, SettingsFile, complain, month_of, settings_of
from audit.records import UsageError

if TYPE_CHECKING:
    from audit.month import Outcome
    from audit.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="A monthly audit of what large-model calls cost, what of that bought nothing, and who is over the line.",
)
for group in (rules, formats, prices):
    app.add_typer(group.app, name=group.__name__.rpartition(".")[2])
for command in (findings.findings, findings.show, findings.call, findings.accept):
    app.command()(command)


@app.command()
def init(
    path: Annotated[Path, typer.Argument(help="Where to write it.")] = Path("audit.toml"),
) -> None:
    """Write a commented settings file that works as it is."""
    from audit import settings_template

    settings_template.write(path)
    typer.echo(f"{path} written; put your logs' place under [paths] and run: audit run")


@app.command()
def ingest(
    paths: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Argument(help="Files, folders, patterns or s3:// addresses; [paths] logs where none are named."),
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Read files anew that were read before, after a format was mended.")
    ] = False,
    settings_file: SettingsFile = None,
    quiet: Quiet = False,
) -> None:
    """Read logs into the store: each file once, each call once, each unreadable line with its place."""
    from audit import intake, month, progress
    from audit.engine.store import open_store
    from audit.ingest import find

    settings = settings_of(settings_file)
    chosen = _logs(paths, settings)
    with open_store(settings.paths.store, settings) as engine, progress.shown(quiet=quiet) as told:
        if again:
            intake.forget(engine, chosen)
        receipts = intake.take_in(engine, settings, chosen, told)
        bad = intake.doubtful(engine, receipts, settings.limits.rejected_share)
        complaints = intake.complaints(engine, bad)
    if not quiet:
        left = find.passed_over([place for place in chosen if isinstance(place, Path)])
        typer.echo(intake.summary(receipts, len(left)))
    complain([receipt.complaint for receipt in receipts if receipt.unread])
    complain(complaints)
    if bad or any(receipt.unread for receipt in receipts):
        raise typer.Exit(month.INCOMPLETE)


def _logs(named: list[str] | None, settings: Settings) -> list[Path | str]:
    chosen = [_place(text) for text in named] if named else settings.paths.logs
    if not chosen and not settings.databases:
        from audit.settings_file import remedy

        raise UsageError("no logs named: give files or folders, or set [paths] logs in the settings" + remedy(settings))
    return chosen


def _place(text: str) -> Path | str:
    """An object store's address as it is, anything else as a path."""
    return text if "://" in text else Path(text)


@app.command()
def run(
    month_text: MonthOption = None,
    logs: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option("--logs", help="Audit just these logs, without the store. May be given more than once."),
    ] = None,
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--out", help="Where the month's folder goes; the settings' [paths] reports where left out."),
    ] = None,
    settings_file: SettingsFile = None,
    quiet: Quiet = False,
) -> None:
    """Audit a month: read new logs, price, judge, and write the month's folder."""
    import tempfile

    from audit import history, month, progress

    settings = settings_of(settings_file)
    if out is not None:
        settings = settings.with_paths(reports=out.resolve())
    chosen = month_of(month_text)
    with progress.shown(quiet=quiet) as told:
        if logs:
            with tempfile.TemporaryDirectory(prefix="audit-") as work:
                once = settings.with_paths(store=Path(work) / "audit.duckdb")
                named = [_place(text) for text in logs]
                outcome = month.run(once, chosen, named, told, by_hand=chosen is not None)
        else:
            outcome = month.run(settings, chosen, settings.paths.logs, told, by_hand=chosen is not None)
    if not quiet:
        _tell(outcome)
    if not outcome.report.calls:
        held = history.spans(outcome.months)
        complain([f"no call lies in {outcome.report.month} so far; those there are lie in {held}"])
    complain(outcome.doubts)
    complain([f"incomplete: {gap}" for gap in outcome.report.quality.incomplete])
    if outcome.exit_code:
        raise typer.Exit(outcome.exit_code)


@app.command()
def reconcile(month_text: MonthOption = None, settings_file: SettingsFile = None) -> None:
    """Hold a month's calls against what the providers billed: by how much they differ, and why."""
    from audit import history
    from audit.commands.options import columns
    from audit.engine.store import open_store
    from audit.reconcile import command

    settings = settings_of(settings_file)
    chosen = month_of(month_text) or history.last_closed(settings.zone)
    with open_store(settings.paths.store, settings) as engine:
        for line in command.lines(engine, settings, chosen, columns() or 100):
            typer.echo(line)


@app.command()
def reprice(
    month_text: MonthOption = None,
    restate: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--restate", help="Price the month anew, and say so in its report, for this reason."),
    ] = None,
    settings_file: SettingsFile = None,
    quiet: Quiet = False,
) -> None:
    """Show what a closed month would cost by the prices of today; it changes only by a restatement."""
    from audit import history, month, progress, repricing

    settings = settings_of(settings_file, needed=True)
    chosen = month_of(month_text) or history.last_closed(settings.zone)
    if restate is not None and not restate.strip():
        raise UsageError("--restate: say why the month is priced anew; the reason stands in its report")
    for line in repricing.lines(repricing.compare(settings, chosen)):
        typer.echo(line)
    if restate is None:
        return
    with progress.shown(quiet=quiet) as told:
        outcome = month.run(settings, chosen, [], told, restated=restate)
    _tell(outcome)
    if outcome.exit_code:
        raise typer.Exit(outcome.exit_code)


def _tell(outcome: Outcome) -> None:
    typer.echo(outcome.pages.subject)
    typer.echo(f"report  {outcome.folder / 'report.html'}")
    typer.echo(f"mail    {outcome.folder / 'mail.html'}")


@app.command()
def send(
    month_text: MonthOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write the mail as an .eml file instead.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Send it although it was sent before.")] = False,
    settings_file: SettingsFile = None,
    quiet: Quiet = False,
) -> None:
    """Mail a month's report."""
    from audit import history, posting

    settings = settings_of(settings_file, needed=True)
    chosen = month_of(month_text) or history.last_closed(settings.zone)
    said = posting.write(settings, chosen) if dry_run else posting.send(settings, chosen, again=again)
    if not quiet:
        typer.echo(said)


@app.command()
def schedule(settings_file: SettingsFile = None) -> None:
    """Audit and mail every month by the settings' cron line, until told to stop."""
    from audit import posting
    from audit import schedule as scheduling

    settings = settings_of(settings_file, needed=True)
    scheduling.run_schedule(settings.schedule, settings.zone, posting.MonthlyWork(settings))


@app.command()
def version() -> None:
    """Say which version this is."""
    from audit import __version__

    typer.echo(__version__)


app.command()(sql.sql)
