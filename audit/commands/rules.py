"""The commands about rules."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from audit.commands.options import MonthOption, SettingsFile, columns, complain, month_of, passed, settings_of
from audit.records import UsageError

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="See, try and write rules.")


@app.command("list")
def rules_list(settings_file: SettingsFile = None) -> None:
    """List every rule with where it comes from; one that cannot be used is named with its reason."""
    from audit import packs, rulebook
    from audit.terminal import grid

    settings = settings_of(settings_file)
    rules, broken = rulebook.load(packs.folders(settings.paths), settings.rules, python=settings.limits.python_rules)
    language = settings.company.language
    rows = [
        (rule.id, rule.family, str(rule.grade), packs.origin(rule.path), rule.text("title", language))
        for rule in sorted(rules, key=lambda rule: (rule.family, rule.id))
    ]
    for line in grid.lines(("rule", "family", "grade", "from", "what it finds"), rows, grid.ENDLESS):
        typer.echo(line)
    complain([failed.reason for failed in broken])
    if broken:
        raise typer.Exit(1)


@app.command("show")
def rules_show(name: Annotated[str, typer.Argument(help="The rule's id.")], settings_file: SettingsFile = None) -> None:
    """Print a rule's file."""
    import difflib

    from audit import packs, rulebook

    settings = settings_of(settings_file)
    paths = rulebook.find(packs.folders(settings.paths))
    if name not in paths:
        near = difflib.get_close_matches(name, paths, n=1)
        raise UsageError(f"no rule '{name}'" + (f"; did you mean '{near[0]}'?" if near else "; see audit rules list"))
    typer.echo(f"{paths[name]}\n\n{paths[name].read_text(encoding='utf-8')}")


@app.command("test")
def rules_test(
    paths: Annotated[
        Optional[list[Path]],  # noqa: UP045
        typer.Argument(help="Rule files, folders or installed packs; the rules that ship where none are named."),
    ] = None,
    settings_file: SettingsFile = None,
) -> None:
    """Run the cases that stand beside rules."""
    from audit import packs, places, pythonrule, rulebook, rulecases

    allowed = settings_of(settings_file).limits.python_rules
    chosen = []
    for path in paths or [places.rules()]:
        files = [path] if path.suffix in (".sql", ".py") else list(rulebook.find(packs.named(path)).values())
        if not files:
            raise UsageError(f"{path}: no rule there; a rule is a .sql file with its cases in a .yml beside it")
        chosen += files
    if refused := [path for path in chosen if path.suffix == ".py" and not allowed]:
        raise UsageError(pythonrule.refusal(refused[0]))
    passed(rulecases.run_cases(chosen))


@app.command("try")
def rules_try(
    file: Annotated[Path, typer.Argument(help="The rule's .sql file, wherever it lies.")],
    month_text: MonthOption = None,
    rows: Annotated[int, typer.Option("--rows", min=0, max=1000, help="How many rows to show.")] = 10,
    params: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option("--params", help="A parameter, as window_hours=12. May be given more than once."),
    ] = None,
    settings_file: SettingsFile = None,
) -> None:
    """Run one rule over the store's month as an audit would, and write nothing."""
    from audit.analyst import tried, trying

    settings = settings_of(settings_file)
    chosen = month_of(month_text)
    found = trying.attempt(settings, file, chosen, trying.parameters(params or []), rows)
    for line in tried.lines(found, settings.company.currency, columns() or 120):
        typer.echo(line)


@app.command("new")
def rules_new(
    name: Annotated[str, typer.Argument(help="The rule's id: small letters, digits, underscores.")],
    folder: Annotated[Path, typer.Option("--in", help="The folder it goes to; its last part is the family.")] = Path(
        "rules/own"
    ),
    kind: Annotated[str, typer.Option("--kind", help="call: it flags calls; subject: it names what is over.")] = "call",
) -> None:
    """Write a rule and its cases that pass, to be changed into one's own."""
    from audit.analyst import newrule

    if kind not in ("call", "subject"):
        raise UsageError(f"--kind: '{kind}' is neither call nor subject")
    sql, cases = newrule.write(name, folder, kind)  # type: ignore[arg-type]
    typer.echo(f"{sql}\n{cases}")
    typer.echo(f"now: audit rules test {folder}; audit rules try {sql}; and list the folder under [paths] rules")
