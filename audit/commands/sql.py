"""The command that answers queries over a month's tables."""

from __future__ import annotations

import sys
from functools import partial
from typing import Annotated, Optional

import typer

from audit.commands.options import MonthOption, SettingsFile, columns, complain, month_of, settings_of
from audit.records import UsageError

_FORMS = ("table", "csv", "json")
_WIDE = 200


def sql(
    query: Annotated[
        Optional[str],  # noqa: UP045
        typer.Argument(help="One query; left out, it is read from standard input, at a terminal from a prompt."),
    ] = None,
    month_text: MonthOption = None,
    form: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--format", help="table, csv or json; left out: a table on a terminal, else csv."),
    ] = None,
    rows: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option("--rows", min=1, help="At most so many rows; left out: 200 in a table, all of them else."),
    ] = None,
    look_back_days: Annotated[
        int, typer.Option("--look-back-days", min=0, max=35, help="Show so many days of calls before the month too.")
    ] = 0,
    settings_file: SettingsFile = None,
) -> None:
    """Ask the tables that rules see, in SQL; nothing is changed."""
    from audit import window
    from audit.analyst import asking, monthview, prompt

    if form is not None and form not in _FORMS:
        raise UsageError(f"--format: '{form}' is none of {', '.join(_FORMS)}")
    settings = settings_of(settings_file)
    chosen = month_of(month_text)
    asked_here = query is None and sys.stdin.isatty()
    text = sys.stdin.read() if query is None and not asked_here else query
    with monthview.opened(settings, chosen, window.Reach(look_back_days), None) as view:
        monthview.show_kept(view)
        if text is None:
            prompt.talk(view, rows or prompt.MOST, columns() or _WIDE)
            return
        kind: asking.Form = form or ("table" if columns() else "csv")  # type: ignore[assignment]
        most = rows or (prompt.MOST if kind == "table" else None)
        write = partial(asking.write, view.engine, text, kind, sys.stdout, most=most, wide=columns() or _WIDE)
        note = view.engine.stoppable(write)
    complain([note] if note else [])
