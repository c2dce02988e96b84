"""The commands about rules."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from audit.commands.options import SettingsFile, complain, passed, settings_of
from audit.records import UsageError

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="See, try and write rules.")


@app.command("list")
def rules_list(settings_file: SettingsFile = None) -> None:
    """List every rule with its family, grade and title; one that cannot be used is named with its reason."""
    from audit import places, rulebook

    settings = settings_of(settings_file)
    rules, broken = rulebook.load([places.rules(), *settings.paths.rules], settings.rules)
    for rule in sorted(rules, key=lambda rule: (rule.family, rule.id)):
        title = rule.text("title", settings.company.language)
        typer.echo(f"{rule.family:<12} {rule.id:<22} {rule.grade:<11} {title}")
    complain([failed.reason for failed in broken])
    if broken:
        raise typer.Exit(1)


@app.command("show")
def rules_show(name: Annotated[str, typer.Argument(help="The rule's id.")], settings_file: SettingsFile = None) -> None:
    """Print a rule's file."""
    import difflib

    from audit import places, rulebook

    settings = settings_of(settings_file)
    paths = rulebook.find([places.rules(), *settings.paths.rules])
    if name not in paths:
        near = difflib.get_close_matches(name, paths, n=1)
        raise UsageError(f"no rule '{name}'" + (f"; did you mean '{near[0]}'?" if near else "; see audit rules list"))
    typer.echo(f"{paths[name]}\n\n{paths[name].read_text(encoding='utf-8')}")


@app.command("test")
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
    passed(rulecases.run_cases(chosen))


@app.command("new")
def rules_new(
    name: Annotated[str, typer.Argument(help="The rule's id: small letters, digits, underscores.")],
    folder: Annotated[Path, typer.Option("--in", help="The folder it goes to.")] = Path("rules/own"),
) -> None:
    """Write a rule and its cases that pass, to be changed into one's own."""
    from audit import newrule

    sql, cases = newrule.write(name, folder)
    typer.echo(f"{sql}\n{cases}\nnow: audit rules test {folder}, and list the folder under [paths] rules")
