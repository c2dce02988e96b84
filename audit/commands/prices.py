"""The commands about prices."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from audit.commands.options import SettingsFile, complain, settings_of
from audit.records import UsageError

if TYPE_CHECKING:
    from audit.pricing.row import PriceRow
    from audit.pricing.units import Case
    from audit.settings import Settings

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="See, check and add prices.")

Provider = Annotated[Optional[str], typer.Option("--provider", "-p", help="Who bills it.")]  # noqa: UP045
Tier = Annotated[str, typer.Option("--tier", help="standard, batch, flex, priority or fast.")]
Region = Annotated[Optional[str], typer.Option("--region", help="The region, where prices differ.")]  # noqa: UP045
Day = Annotated[Optional[str], typer.Option("--on", help="The day, as 2026-10-31; today where left out.")]  # noqa: UP045


@app.command("list")
def prices_list(provider: Provider = None, settings_file: SettingsFile = None) -> None:
    """List the rows of your contracts and of the project's own lists."""
    from audit.pricing import telling
    from audit.pricing.book import Book

    for line in telling.listed(Book.of(settings_of(settings_file)), provider):
        typer.echo(line)


@app.command("show")
def prices_show(
    model: Annotated[str, typer.Argument(help="The model, as it is logged.")],
    on: Day = None,
    provider: Provider = None,
    tier: Tier = "standard",
    region: Region = None,
    settings_file: SettingsFile = None,
) -> None:
    """Show what a model costs on a day, and which list says so."""
    from audit.pricing import telling
    from audit.pricing.book import Book

    settings = settings_of(settings_file)
    case = _case(settings, model, on, provider, tier, region)
    lines = telling.pooled(settings, case) or telling.shown(Book.of(settings), case)
    for line in lines:
        typer.echo(line)
    if not lines:
        raise UsageError(f"no price is known for '{model}'; see: audit prices explain '{model}'")


@app.command("explain")
def prices_explain(
    name: Annotated[str, typer.Argument(help="A model's name, as it is logged.")],
    on: Day = None,
    provider: Provider = None,
    tier: Tier = "standard",
    region: Region = None,
    settings_file: SettingsFile = None,
) -> None:
    """Say how a logged name is read, step by step, and what prices it; where nothing does, the nearest names."""
    from audit.pricing import telling
    from audit.pricing.book import Book

    settings = settings_of(settings_file)
    case = _case(settings, name, on, provider, tier, region)
    served = telling.pooled(settings, case)
    lines, known = (served, True) if served else telling.explained(Book.of(settings), case)
    for line in lines:
        typer.echo(line)
    if not known:
        raise typer.Exit(1)


def _case(settings: Settings, model: str, on: str | None, provider: str | None, tier: str, region: str | None) -> Case:
    from audit.pricing.telling import day_of
    from audit.pricing.units import Case

    if tier not in ("standard", "batch", "flex", "priority", "fast"):
        raise UsageError(f"--tier: '{tier}' is none: write standard, batch, flex, priority or fast")
    try:
        day = date.fromisoformat(on) if on else date.today()  # noqa: DTZ011  # the day on the wall
    except ValueError:
        raise UsageError(f"--on: '{on}' is not a day: write it as 2026-10-31") from None
    return Case(provider, model, tier, *day_of(day, settings.zone), region)


@app.command("check")
def prices_check(
    paths: Annotated[
        Optional[list[Path]],  # noqa: UP045
        typer.Argument(help="Price files; the settings' contracts and the project's own lists where none are named."),
    ] = None,
    settings_file: SettingsFile = None,
) -> None:
    """Check price files: every value, and that no two rows hold at once and none is missing between two.

    Contracts are checked together: a row of one file must not hold at once with a row of another.
    """
    from audit.pricing import overlaps, pricelist

    chosen = paths or [*settings_of(settings_file).prices.contracts, *sorted(pricelist.OWN.glob("*.toml"))]
    wrong = []
    rows = 0
    together: list[PriceRow] = []
    for path in chosen:
        try:
            read = pricelist.read(path)
            overlaps.check(read)
            rows += len(read)
            together += read if path.resolve().parent != pricelist.OWN else []
        except UsageError as error:
            wrong.append(str(error))
    held = len(chosen) - len(wrong)
    try:
        overlaps.check(together)
    except UsageError as error:
        wrong.append(str(error))
    typer.echo(
        f"{rows} rows in {held} files hold together"
        if held + len(wrong) == len(chosen)
        else f"{rows} rows in {held} files"
    )
    complain(wrong)
    if wrong:
        raise typer.Exit(1)


@app.command("add")
def prices_add(
    model: Annotated[str, typer.Argument(help="The model, as it is logged; * stands for what varies.")],
    provider: Annotated[str, typer.Option("--provider", "-p", help="Who bills it.")],
    input_mtok: Annotated[Optional[str], typer.Option("--input", help="A million input tokens.")] = None,  # noqa: UP045
    output_mtok: Annotated[Optional[str], typer.Option("--output", help="A million output tokens.")] = None,  # noqa: UP045
    cache_read: Annotated[Optional[str], typer.Option("--cache-read", help="A million read from the cache.")] = None,  # noqa: UP045
    cache_write: Annotated[Optional[str], typer.Option("--cache-write", help="A million written to it.")] = None,  # noqa: UP045
    discount: Annotated[Optional[str], typer.Option("--discount", help="A part off, as 0.15.")] = None,  # noqa: UP045
    currency: Annotated[str, typer.Option("--currency", help="Its currency.")] = "USD",
    since: Annotated[Optional[str], typer.Option("--from", help="The first day, as 2026-10-01.")] = None,  # noqa: UP045
    tier: Tier = "standard",
    region: Region = None,
    source: Annotated[str, typer.Option("--source", help="Where it is agreed.")] = "",
    path: Annotated[Optional[Path], typer.Option("--to", help="The file; the settings' first contract.")] = None,  # noqa: UP045
    settings_file: SettingsFile = None,
) -> None:
    """Add a dated price of a contract of yours; a row that is there is never changed. For more keys, edit the file."""
    from audit.pricing import adding

    contracts = settings_of(settings_file).prices.contracts
    chosen = path or (contracts[0] if contracts else Path("prices.toml"))
    row = {
        "provider": provider, "model": model, "region": region, "currency": currency, "valid_from": since,
        "service_tier": tier if tier != "standard" else None, "input_mtok": input_mtok, "output_mtok": output_mtok,
        "cache_read_mtok": cache_read, "cache_write_mtok": cache_write, "discount": discount, "source": source or None,
    }  # fmt: skip
    others = [contract for contract in contracts if contract.resolve() != chosen.resolve()]
    adding.add(chosen, {name: value for name, value in row.items() if value is not None}, others)
    seen = f"audit prices show '{model}' --provider '{provider}'"
    seen += (f" --tier {tier}" if tier != "standard" else "") + (f" --region '{region}'" if region else "")
    if "*" in model:  # no model's name, and so without a price to show
        seen = f"audit prices list --provider '{provider}'"
    typer.echo(f"added to {chosen}; see: {seen}")
    if chosen.resolve() not in [contract.resolve() for contract in contracts]:
        complain([f'it counts once the settings name it: [prices] contracts = ["{chosen}"]'])
