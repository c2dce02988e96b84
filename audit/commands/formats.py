"""The commands about log formats."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from audit.commands.options import SettingsFile, columns, complain, passed, settings_of
from audit.records import UsageError

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="See, try and write log formats.")

OwnFormats = Annotated[
    Optional[list[Path]],  # noqa: UP045
    typer.Option("--in", help="A folder with more formats, beside the settings' [paths] formats.", metavar="FOLDER"),
]


@app.command("list")
def formats_list(more: OwnFormats = None, settings_file: SettingsFile = None) -> None:
    """List every format with what it can tell of a call; one that cannot be used is named with its reason."""
    from audit import formatlist

    listed, broken = formatlist.found(*formatlist.places_and_params(settings_of(settings_file), more or []))
    for line in formatlist.lines(listed, columns()):
        typer.echo(line)
    complain(broken)
    if broken:
        raise typer.Exit(1)


@app.command("sniff")
def formats_sniff(
    paths: Annotated[list[Path], typer.Argument(help="Logs, packed or not, archives, folders or patterns.")],
    more: OwnFormats = None,
    settings_file: SettingsFile = None,
) -> None:
    """Say which format a log is in, how its first calls are read, and which rules cannot judge it."""
    from audit import formatbook, formatlist, packs, rulebook, sniffed, sniffing
    from audit.ingest.find import files

    settings = settings_of(settings_file)
    formats = formatbook.load(*formatlist.places_and_params(settings, more or []))
    rules, _ = rulebook.load(packs.folders(settings.paths), settings.rules, python=settings.limits.python_rules)
    sniffer = sniffing.Sniffer(formats, tuple(rules), settings)
    understood = True
    for path in files(paths):
        for one in sniffer.sniff(path):
            for line in sniffed.lines(one, columns()):
                typer.echo(line)
            understood &= one.understood
    if not understood:
        raise typer.Exit(1)


@app.command("test")
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
    passed(formatcases.run_cases(chosen))


@app.command("new")
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

    settings = settings_of(settings_file)
    folders, params = formatlist.places_and_params(settings)
    if not folder.exists():  # the settings may name it already
        folders = [one for one in folders if one.resolve() != folder.resolve()]
    formats = formatbook.load(folders, params)
    for line in command.new(name, sample, folder, formats, settings, anyway=anyway, columns=columns() or 100):
        typer.echo(line)
