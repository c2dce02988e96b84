"""The commands that follow a figure of a report: findings, one finding, one call; and to accept a finding."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from audit.commands.options import MonthOption, SettingsFile, columns, month_of, settings_of
from audit.records import Grade, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from decimal import Decimal

    from audit.engine.duckdb import Engine
    from audit.following.kept import KeptMonth
    from audit.records import Finding
    from audit.settings import Settings

LISTED, LISTED_CALLS, NEAREST = 40, 10, 3
Json = Annotated[bool, typer.Option("--json", help="As JSON, with every digit.")]
FindingId = Annotated[
    list[str],
    typer.Argument(help="The finding's id, as the report names it; its blanks need no quotes.", metavar="FINDING"),
]


def findings(
    month_text: MonthOption = None,
    grade: Annotated[Optional[str], typer.Option("--grade", help="Only those of a grade.")] = None,  # noqa: UP045
    project: Annotated[Optional[str], typer.Option("--project", help="Only a project's.")] = None,  # noqa: UP045
    rule: Annotated[Optional[str], typer.Option("--rule", help="Only a rule's.")] = None,  # noqa: UP045
    everything: Annotated[bool, typer.Option("--all", help=f"All, not only the first {LISTED}.")] = False,
    json: Json = False,
    settings_file: SettingsFile = None,
) -> None:
    """List what a month's audit found, by money: id, calls, grade, whether it is accepted."""
    from audit.following import printed

    settings = settings_of(settings_file)
    with _kept(settings, month_text) as (_, held):
        found = _chosen(held, grade, project, rule)
    shown = found if everything or json else found[:LISTED]
    if json:
        _echo_json(_head(held) | {"findings": [printed.finding_data(one) for one in shown]})
        return
    if not found:
        typer.echo(
            f"{held.month}: nothing of the kind was found" if held.findings else f"{held.month}: nothing was found"
        )
        return
    speech = _speech(settings, held)
    _echo([f"{held.month}: {printed.sums(found, speech)}", ""])
    _echo(printed.findings(shown, len(found) - len(shown), speech, columns()))


def show(
    words: FindingId,
    month_text: MonthOption = None,
    calls: Annotated[int, typer.Option("--calls", help="How many of its calls to list.", min=0)] = LISTED_CALLS,
    json: Json = False,
    settings_file: SettingsFile = None,
) -> None:
    """Follow a finding to its calls: what it says, its rule, and how its figure adds up."""
    from dataclasses import asdict

    from audit.following import printed, trail
    from audit.wording import Voice

    settings, finding = settings_of(settings_file), " ".join(words)
    with _kept(settings, month_text) as (engine, held):
        trails = [trail.follow(engine, held, one, calls) for one in _named(held, finding)]
    for number, followed in enumerate(trails):
        if json:
            rule = held.rules.get(followed.finding.rule)
            data = asdict(followed) | {"finding": printed.finding_data(followed.finding)}
            _echo_json(_head(held) | data | {"rule": asdict(rule) if rule else None})
            continue
        voice = Voice(settings.company.language, held.currency)
        _echo([""] if number else [])
        _echo(printed.trail(held, followed, voice, settings.zone, columns()))


def call(
    name: Annotated[str, typer.Argument(help="The call's id, or SOURCE/ID.", metavar="ID")],
    month_text: MonthOption = None,
    json: Json = False,
    settings_file: SettingsFile = None,
) -> None:
    """Follow a call to its price and its flags: its record, what it cost and why, and what was credited of it."""
    from dataclasses import asdict

    from audit.engine.store import borrow_store
    from audit.following import onecall, printed_call
    from audit.wording import Voice

    settings, month = settings_of(settings_file), month_of(month_text)
    with borrow_store(settings.paths.store, settings) as engine:
        found = onecall.find(engine, settings, name, month)
        if not found:
            within = f" in {month}" if month else ""
            raise UsageError(f"no call '{name}'{within}; findings name some: audit show FINDING")
        if len(found) > 1:
            told = "\n".join(printed_call.sightings(found, settings.zone))
            raise UsageError(f"'{name}' may be one of {len(found)} calls; name it with its source:\n{told}")
        followed = onecall.follow(engine, settings, found[0])
    currency = settings.company.currency
    if json:
        price = asdict(followed.priced) | {"rest": followed.priced.rest}
        price["parts"] = [asdict(part) | {"amount": part.amount} for part in followed.priced.parts]
        _echo_json({"month": str(followed.month), "currency": currency} | asdict(followed) | {"priced": price})
        return
    voice = Voice(settings.company.language, currency)
    _echo(printed_call.one_call(followed, currency, voice, settings.zone, columns()))


def accept(
    words: FindingId,
    reason: Annotated[str, typer.Option("--reason", help="Why it is taken as it is.")],
    by: Annotated[str, typer.Option("--by", help="Who takes it so.")],
    until: Annotated[str, typer.Option("--until", help="The last month it holds for, as 2027-03; a year at most.")],
    up_to: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--up-to", help="The money above which it comes back; a quarter more than now where left out."),
    ] = None,
    month_text: MonthOption = None,
    settings_file: SettingsFile = None,
) -> None:
    """Take a finding as it is, until a month: it is shown as accepted, and comes back when it ends or grows."""
    from audit import accepted_file

    settings, finding = settings_of(settings_file), " ".join(words)
    with _kept(settings, month_text) as (_, held):
        named = _named(held, finding)
    money = named[0].money
    if up_to is not None:
        _check_limit(up_to, money, held)
    row: dict[str, Any] = {
        "finding": finding,
        "reason": reason,
        "by": by,
        "since": str(held.month),
        "until": until,
        "up_to": up_to,
        "amount": money,
        "calls": named[0].calls or None,
    }
    path = settings.paths.accepted
    before = [one for one in accepted_file.load(path) if one.entry.finding == finding]
    added = accepted_file.add(path, {name: value for name, value in row.items() if value is not None})
    typer.echo(f"{added.path}, line {added.line}: '{finding}' is accepted from {added.since} to {added.until}")
    if before:
        typer.echo(f"it takes the place of line {before[-1].line}, which can stay")
    typer.echo(f"the report says so from its next run on: audit run --month {held.month}")


def _check_limit(up_to: str, money: Decimal | None, held: KeptMonth) -> None:
    """Raises UsageError for a limit that says nothing, or that the finding is beyond already."""
    from decimal import Decimal, InvalidOperation

    if money is None:
        raise UsageError("--up-to: the finding names no money that could exceed it; leave it out")
    try:
        beyond = money > Decimal(up_to)
    except InvalidOperation:
        raise UsageError(f"--up-to: '{up_to}' is no amount: write it in digits, as 250.00") from None
    if beyond:
        raise UsageError(f"--up-to: {up_to} is less than the {money:f} {held.currency} it comes to now")


@contextmanager
def _kept(settings: Settings, month_text: str | None) -> Iterator[tuple[Engine, KeptMonth]]:
    """What a month's audit found, marked with what is accepted now, and the store it lies in."""
    from dataclasses import replace

    from audit import accepted_file, accepting
    from audit.engine.store import borrow_store
    from audit.following import kept

    chosen, accepted = month_of(month_text), accepted_file.load(settings.paths.accepted)
    with borrow_store(settings.paths.store, settings) as engine:
        held = kept.read(engine, settings, chosen)
        yield engine, replace(held, findings=accepting.marked(held.findings, accepted, held.month))


def _chosen(held: KeptMonth, grade: str | None, project: str | None, rule: str | None) -> list[Finding]:
    """The findings asked for: those that save money by how much, alerts after them."""
    known: dict[str, tuple[str | None, list[str]]] = {
        "--grade": (grade, [str(one) for one in Grade]),
        "--project": (project, sorted({one.project for one in held.findings if one.project})),
        "--rule": (rule, sorted(held.rules)),
    }
    for option, (wanted, names) in known.items():
        if wanted is not None and wanted not in names:
            what = "grade" if option == "--grade" else f"{option[2:]} of {held.month}"
            more = "audit rules list" if option == "--rule" else "audit findings"
            raise UsageError(f"{option}: '{wanted}' is no {what}{_near(wanted, names, more)}")
    found = [
        one
        for one in held.findings
        if (grade is None or one.grade == grade)
        and (project is None or one.project == project)
        and (rule is None or one.rule == rule)
    ]
    return sorted(found, key=lambda one: (one.grade is Grade.ALERT, one.money is None, -(one.money or 0), one.id))


def _named(held: KeptMonth, name: str) -> list[Finding]:
    """The findings of an id; more than one where a project's and a subject's slashes make the same."""
    found = [one for one in held.findings if one.id == name]
    if found:
        return found
    ids = [one.id for one in held.findings]
    of_rule = [one for one in ids if one.startswith(f"{name}/")]
    if of_rule:
        raise UsageError(f"'{name}' has {len(of_rule)} findings in {held.month}: {_some(of_rule)}")
    raise UsageError(f"no finding '{name}' in {held.month}{_near(name, ids)}")


def _near(name: str, names: Sequence[str], more: str = "audit findings") -> str:
    import difflib

    from audit.terminal import aligned

    near = difflib.get_close_matches(name, names, n=NEAREST)
    folded = [one for one in names if one.casefold() == name.casefold()]
    if near or folded:
        meant = "' or '".join(folded or near)
        return aligned.shown(f"; did you mean '{meant}'?")
    return f"; there are: {_some(names, more)}" if names else "; there is none"


def _some(names: Sequence[str], more: str = "audit findings") -> str:
    from audit.terminal import aligned

    most = 2 * NEAREST
    return aligned.shown(", ".join(names[:most])) + (
        f" and {len(names) - most} more; see: {more}" if len(names) > most else ""
    )


def _head(held: KeptMonth) -> dict[str, Any]:
    return {"month": str(held.month), "currency": held.currency}


def _speech(settings: Settings, held: KeptMonth) -> Any:
    from audit import places
    from audit.report.speech import load

    return load(places.templates(), settings.company.language, held.currency)


def _echo(lines: Sequence[str]) -> None:
    for line in lines:
        typer.echo(line)


def _echo_json(data: Any) -> None:
    from audit.following import figures

    typer.echo(figures.as_json(data))
