"""A table for people: as wide as the terminal where there is one, plain columns that line up where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.terminal import aligned, grid

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


def lines(
    head: Sequence[str], rows: Sequence[Sequence[str]], columns: int | None, *, right: Collection[str] = ()
) -> list[str]:
    """The rows below their head; ``columns`` is the terminal's width, None for none; ``right`` names numbers."""
    if columns is None:
        return grid.lines(head, rows, grid.ENDLESS, figures=tuple(right), longest=grid.ENDLESS)
    from rich.console import Console  # noqa: PLC0415  # a pipe does without
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    for at, name in enumerate(head):
        # What is copied from it, and what is compared, stands on one line.
        table.add_column(name, justify="right" if name in right else "left", no_wrap=not at or name in right)
    for row in rows:
        table.add_row(*(Text(aligned.shown(cell)) for cell in row))
    console = Console(width=columns, force_terminal=True)
    with console.capture() as captured:
        console.print(table)
    return [line.rstrip() for line in captured.get().splitlines()]
