"""A prompt over a month's tables: a query ends with a semicolon, Ctrl-C stops it and not the prompt."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from audit.analyst import asking, tablebook
from audit.records import AuditError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from audit.analyst.monthview import MonthView

MOST = 200
_HISTORY_LINES = 2000
_FIRST, _NEXT = "audit> ", "   ..> "
_HELP = """\
  SELECT ... ;       a query, over as many lines as you like, up to its semicolon
  .tables            the tables
  .columns calls     a table's columns, with what they mean
  .quit              end; so does Ctrl-D. Ctrl-C stops a query or drops what you typed\
"""


def talk(view: MonthView, most: int, wide: int) -> None:
    """Read queries and print their answers until told to stop."""
    (calls,) = view.engine.row("SELECT count(*) FROM calls")
    _say(f"{view.month}: {calls:,} calls, read only. End a query with ; and see .tables, .columns calls, .help, .quit")
    interrupts = _Interrupts()
    before = signal.signal(signal.SIGINT, interrupts)
    try:
        with _remembered():
            while not _ended(interrupts, view, most, wide):
                _say("stopped")
    finally:
        signal.signal(signal.SIGINT, before)


def _ended(interrupts: _Interrupts, view: MonthView, most: int, wide: int) -> bool:
    """Answer what is asked; False where an interrupt ended it, and not the one who asks."""
    try:
        for text in _asked(interrupts):
            try:
                with interrupts.heard():
                    _answer(view, text, most, wide)
            except AuditError as error:
                _say(str(error))
    except KeyboardInterrupt:
        return False
    return True


def _asked(interrupts: _Interrupts) -> Iterator[str]:
    """What is asked, a command or a whole query at a time, until the end of the input or ``.quit``."""
    held: list[str] = []
    while True:
        try:
            with interrupts.heard():
                line = typed_line(_NEXT if held else _FIRST)
        except KeyboardInterrupt:
            _say("")
            held = []
            continue
        except EOFError:
            _say("")
            return
        if not held and line.strip() in (".quit", ".exit", "quit", "exit"):
            return
        if not held and (not line.strip() or line.strip().startswith(".")):
            if line.strip():
                yield line.strip()
            continue
        held.append(line)
        if line.rstrip().endswith(";"):
            yield "\n".join(held)
            held = []


def typed_line(prompt: str) -> str:
    """What is typed; KeyboardInterrupt where an interrupt drops it."""
    try:
        return input(prompt)
    except SystemError as error:
        # The interpreter's input() looks for interrupts once more while the first one's exception is under way.
        if isinstance(error.__cause__, KeyboardInterrupt):
            raise KeyboardInterrupt from None
        raise


class _Interrupts:
    """Ctrl-C counts once while a line is typed or a query runs, and nowhere else: it is pressed in haste, and twice.

    To take the signal's handler away and set it again would leave moments in which the next one ends the prompt.
    """

    def __init__(self) -> None:
        self._heard = False

    def __call__(self, _signal: int, _frame: FrameType | None) -> None:
        """Handle the signal."""
        if self._heard:
            self._heard = False
            raise KeyboardInterrupt

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Let the next one count, as KeyboardInterrupt."""
        self._heard = True
        try:
            yield
        finally:
            self._heard = False


def _answer(view: MonthView, text: str, most: int, wide: int) -> None:
    command, _, name = text.partition(" ")
    if command == ".tables":
        _print(tablebook.listed(view.engine, view.kept))
    elif command == ".columns":
        _print(tablebook.columns_of(view.engine, name.strip() or "calls"))
    elif command == ".help":
        _say(_HELP)
    elif command.startswith("."):
        _say(f"no command '{command}'; there are .tables, .columns TABLE, .help, .quit")
    else:
        engine = view.engine
        write = partial(asking.write, engine, text, "table", sys.stdout, most=most, wide=wide)
        note = engine.stoppable(write)
        if note:
            _say(f"({note})")


def _print(lines: Iterator[str]) -> None:
    for line in lines:
        _say(line)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


@contextmanager
def _remembered() -> Iterator[None]:
    """What was typed before, from session to session, where the system has a line editor."""
    try:
        import readline  # noqa: PLC0415  # it changes how input() behaves, and is not everywhere
    except ImportError:
        yield
        return
    file = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "compute-spend-audit/sql_history"
    with suppress(OSError):
        readline.read_history_file(file)
    readline.set_history_length(_HISTORY_LINES)
    try:
        yield
    finally:
        with suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            readline.write_history_file(file)
