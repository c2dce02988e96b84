"""The commands. Each loads what it needs when it runs, so that help answers at once."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from audit.records import Month, UsageError

if TYPE_CHECKING:
    from audit.cases import Result
    from audit.month import Outcome
    from audit.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="A monthly audit of what large-model calls cost, what of that bought nothing, and who is over the line.",
)
rules_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="See, try and write rules.")
app.add_typer(rules_app, name="rules")
formats_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="See, try and write log formats.")
app.add_typer(formats_app, name="formats")

SettingsFile = Annotated[
    Optional[Path],  # noqa: UP045  # typer reads the annotation while it runs
    typer.Option("--settings", "-c", help="The settings file; ./audit.toml where left out.", metavar="FILE"),
]
MonthOption = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--month", "-m", help="The month, as 2026-10; left out: the last closed."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")]


def _settings(path: Path | None, *, needed: bool = False) -> Settings:
    from audit.settings import Settings
    from audit.settings_file import SETTINGS_FILE, anchored, load

    if path is None:
        path = Path(SETTINGS_FILE)
        if not path.exists() and not needed:
            return anchored(Settings(), Path.cwd())
    return load(path)


def _month(text: str | None) -> Month | None:
    if text is None:
        return None
    try:
        return Month.parse(text)
    except ValueError as error:
        raise UsageError(f"--month: {error}") from None


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

    settings = _settings(settings_file)
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
    _complain([receipt.complaint for receipt in receipts if receipt.unread])
    _complain(complaints)
    if bad or any(receipt.unread for receipt in receipts):
        raise typer.Exit(month.INCOMPLETE)


def _logs(named: list[str] | None, settings: Settings) -> list[Path | str]:
    chosen = [_place(text) for text in named] if named else settings.paths.logs
    if not chosen and not settings.databases:
        raise UsageError("no logs named: give files or folders, or set [paths] logs in the settings")
    return chosen


def _place(text: str) -> Path | str:
    """An object store's address as it is, anything else as a path."""
    return text if "://" in text else Path(text)


def _complain(sentences: list[str]) -> None:
    for sentence in sentences:
        sys.stderr.write(f"audit: {sentence}\n")


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

    from audit import month, progress

    settings = _settings(settings_file)
    if out is not None:
        settings = settings.with_paths(reports=out.resolve())
    chosen = _month(month_text)
    with progress.shown(quiet=quiet) as told:
        if logs:
            with tempfile.TemporaryDirectory(prefix="audit-") as work:
                once = settings.with_paths(store=Path(work) / "audit.duckdb")
                outcome = month.run(once, chosen, [_place(text) for text in logs], told)
        else:
            outcome = month.run(settings, chosen, settings.paths.logs, told)
    if not quiet:
        _tell(outcome)
    if not outcome.report.calls:
        held = f"{outcome.months[0]} to {outcome.months[-1]}"
        _complain([f"no call lies in {outcome.report.month}; those there are lie in {held}: name a month with --month"])
    _complain([f"incomplete: {gap}" for gap in outcome.report.quality.incomplete])
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

    settings = _settings(settings_file, needed=True)
    chosen = _month(month_text) or history.last_closed(settings.zone)
    said = posting.write(settings, chosen) if dry_run else posting.send(settings, chosen, again=again)
    if not quiet:
        typer.echo(said)


@app.command()
def schedule(settings_file: SettingsFile = None) -> None:
    """Audit and mail every month by the settings' cron line, until told to stop."""
    from audit import posting
    from audit import schedule as scheduling

    settings = _settings(settings_file, needed=True)
    scheduling.run_schedule(settings.schedule, settings.zone, posting.MonthlyWork(settings))


@app.command()
def version() -> None:
    """Say which version this is."""
    from audit import __version__

    typer.echo(__version__)


@rules_app.command("list")
def rules_list(settings_file: SettingsFile = None) -> None:
    """List every rule with its family, grade and title; one that cannot be used is named with its reason."""
    from audit import places, rulebook

    settings = _settings(settings_file)
    rules, broken = rulebook.load([places.rules(), *settings.paths.rules], settings.rules)
    for rule in sorted(rules, key=lambda rule: (rule.family, rule.id)):
        title = rule.text("title", settings.company.language)
        typer.echo(f"{rule.family:<12} {rule.id:<22} {rule.grade:<11} {title}")
    _complain([failed.reason for failed in broken])
    if broken:
        raise typer.Exit(1)


@rules_app.command("show")
def rules_show(name: Annotated[str, typer.Argument(help="The rule's id.")], settings_file: SettingsFile = None) -> None:
    """Print a rule's file."""
    import difflib

    from audit import places, rulebook

    settings = _settings(settings_file)
    paths = rulebook.find([places.rules(), *settings.paths.rules])
    if name not in paths:
        near = difflib.get_close_matches(name, paths, n=1)
        raise UsageError(f"no rule '{name}'" + (f"; did you mean '{near[0]}'?" if near else "; see audit rules list"))
    typer.echo(f"{paths[name]}\n\n{paths[name].read_text(encoding='utf-8')}")


@rules_app.command("test")
def rules_test(
    paths: Annotated[
        Optional[list[Path]],  # noqa: UP045
        typer.Argument(help="Rule files or folders; the rules that ship where none are named."),
    ] = None,
) -> None:
    """Run the cases that stand beside rules."""
    from audit import places, rulebook, rulecases

    chosen = []
    for path in paths or [places.rules()]:
        files = [path] if path.suffix == ".sql" else list(rulebook.find([path]).values())
        if not files:
            raise UsageError(f"{path}: no rule there; a rule is a .sql file with its cases in a .yml beside it")
        chosen += files
    _passed(rulecases.run_cases(chosen))


def _passed(results: list[Result]) -> None:
    failed = [result for result in results if result.difference is not None]
    for result in failed:
        typer.echo(f"FAILED {result.of}: {result.case}\n       {result.difference}")
    typer.echo(f"{len(results) - len(failed)} cases passed, {len(failed)} failed")
    if failed:
        raise typer.Exit(1)


@rules_app.command("new")
def rules_new(
    name: Annotated[str, typer.Argument(help="The rule's id: small letters, digits, underscores.")],
    folder: Annotated[Path, typer.Option("--in", help="The folder it goes to.")] = Path("rules/own"),
) -> None:
    """Write a rule and its cases that pass, to be changed into one's own."""
    from audit import newrule

    sql, cases = newrule.write(name, folder)
    typer.echo(f"{sql}\n{cases}\nnow: audit rules test {folder}, and list the folder under [paths] rules")


OwnFormats = Annotated[
    Optional[list[Path]],  # noqa: UP045
    typer.Option("--in", help="A folder with more formats, beside the settings' [paths] formats.", metavar="FOLDER"),
]


@formats_app.command("list")
def formats_list(more: OwnFormats = None, settings_file: SettingsFile = None) -> None:
    """List every format with what it can tell of a call; one that cannot be used is named with its reason."""
    from audit import formatlist

    listed, broken = formatlist.found(*formatlist.places_and_params(_settings(settings_file), more or []))
    for line in formatlist.lines(listed, _columns()):
        typer.echo(line)
    _complain(broken)
    if broken:
        raise typer.Exit(1)


def _columns() -> int | None:
    """How wide the terminal is; None where there is none."""
    import shutil

    return max(60, shutil.get_terminal_size().columns) if sys.stdout.isatty() else None


@formats_app.command("sniff")
def formats_sniff(
    paths: Annotated[list[Path], typer.Argument(help="Logs, packed or not, archives, folders or patterns.")],
    more: OwnFormats = None,
    settings_file: SettingsFile = None,
) -> None:
    """Say which format a log is in, how its first calls are read, and which rules cannot judge it."""
    from audit import formatbook, formatlist, places, rulebook, sniffed, sniffing
    from audit.ingest.find import files

    settings = _settings(settings_file)
    formats = formatbook.load(*formatlist.places_and_params(settings, more or []))
    rules, _ = rulebook.load([places.rules(), *settings.paths.rules], settings.rules)
    sniffer = sniffing.Sniffer(formats, tuple(rules), settings)
    understood = True
    for path in files(paths):
        for one in sniffer.sniff(path):
            for line in sniffed.lines(one, _columns()):
                typer.echo(line)
            understood &= one.understood
    if not understood:
        raise typer.Exit(1)


@formats_app.command("test")
def formats_test(
    paths: Annotated[
        Optional[list[Path]],  # noqa: UP045
        typer.Argument(help="Format files or folders; the formats that ship where none are named."),
    ] = None,
) -> None:
    """Run the cases that stand beside formats."""
    from audit import formatcases, places

    chosen = []
    for path in paths or [places.formats()]:
        files = [path] if path.suffix == ".sql" else sorted(path.glob("*.sql"))
        if not files:
            raise UsageError(f"{path}: no format there; a format is a .sql file with its cases in a .yml beside it")
        chosen += files
    _passed(formatcases.run_cases(chosen))


@formats_app.command("new")
def formats_new(
    name: Annotated[str, typer.Argument(help="The format's name: small letters, digits, underscores.")],
    sample: Annotated[Path, typer.Option("--from", help="A log in it; its beginning will do.", metavar="FILE")],
    folder: Annotated[Path, typer.Option("--in", help="The folder it goes to.")] = Path("formats/own"),
    anyway: Annotated[bool, typer.Option("--anyway", help="Write it although the log's format is known.")] = False,
    settings_file: SettingsFile = None,
) -> None:
    """Write a format guessed from a log, and a case that it passes."""
    from audit import formatbook, formatlist
    from audit.newformat import command

    settings = _settings(settings_file)
    folders, params = formatlist.places_and_params(settings)
    if not folder.exists():  # the settings may name it already
        folders = [one for one in folders if one.resolve() != folder.resolve()]
    formats = formatbook.load(folders, params)
    for line in command.new(name, sample, folder, formats, settings, anyway=anyway, columns=_columns() or 100):
        typer.echo(line)
