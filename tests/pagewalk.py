"""Follows a page of the documentation in an empty folder: writes its files, runs its commands as on a terminal.

A fence marked ``console`` holds commands after ``$`` and what they print; nothing stands where the output is of no
matter. Before a fence, a comment says what else it is::

    <!-- file rules/own/mine.sql -->      its text becomes that file
    <!-- under [paths] in audit.toml -->  its lines go below that line of the file

``python -m tests.pagewalk docs/rules.md`` follows the page and writes what is printed into it.
"""

from __future__ import annotations

import os
import pty
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import ROOT, SAMPLES

_FENCE = re.compile(r"(?:<!-- (?P<what>[^\n]*?) -->\n)?```(?P<kind>\w*)\n(?P<text>.*?)```\n", re.DOTALL)
WIDE = 110
_SECONDS = re.compile(r"\b\d+\.\d\d s\b")


@dataclass
class Walk:
    """Where a walk began, which its page calls home, and the folder that its last command left it in."""

    start: Path
    folder: Path

    def step(self, fence: re.Match[str]) -> str:
        """One fence, with the output of its commands as it is printed here."""
        what, text = fence["what"] or "", fence["text"]
        if file := re.fullmatch(r"file (\S+)", what):
            path = self.folder / file[1]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        elif place := re.fullmatch(r"under (.+) in (\S+)", what):
            path = self.folder / place[2]
            held = path.read_text(encoding="utf-8")
            assert held.count(f"{place[1]}\n") == 1, f"{place[1]} in {path}"
            path.write_text(held.replace(f"{place[1]}\n", f"{place[1]}\n{text}"), encoding="utf-8")
        elif fence["kind"] == "console":
            return fence[0].replace(text, self.printed(text))
        return fence[0]

    def printed(self, text: str) -> str:
        """A fence's commands, each with what it prints, where the page shows that."""
        lines = []
        first, *parts = re.split(r"^\$ ", text, flags=re.MULTILINE)
        assert not first, f"a console fence begins with a command: {text}"
        for part in parts:
            command, shown = _apart(part)
            said = self.run(command)
            lines.append(f"$ {command}{said if shown.strip() else ''}")
        return "".join(lines)

    def run(self, command: str) -> str:
        """What a command prints on a terminal, without blanks at the ends of lines. A page's commands do not fail."""
        program = f"{shlex.quote(sys.executable)} -m audit"
        terminal, its_end = pty.openpty()
        with tempfile.NamedTemporaryFile("r") as left_in:
            script = f"audit() {{ {program} \"$@\"; }}\ntrap 'pwd > {left_in.name}' EXIT\n{command}"
            environment = os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": str(WIDE), "LANG": "C.UTF-8"}
            with subprocess.Popen(
                ["bash", "-c", script], cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, stdout=its_end
            ) as process:
                os.close(its_end)
                said = b"".join(iter(lambda: _read(terminal), b""))
            os.close(terminal)
            assert process.returncode in (0, 3), f"{command}\n{said.decode()}"
            self.folder = Path(left_in.read().strip())
        lines = said.decode().replace(f"{self.start}/", "~/").splitlines()
        return "".join(f"{line.rstrip()}\n" for line in lines)


def _apart(text: str) -> tuple[str, str]:
    """A command, over as many lines as its quotation marks ask for, and what stands below it."""
    lines = text.splitlines(keepends=True)
    for number in range(1, len(lines) + 1):
        command = "".join(lines[:number])
        try:
            shlex.split(command)
        except ValueError:
            continue
        return command, "".join(lines[number:])
    raise AssertionError(f"a command that does not end: {text}")


def _read(terminal: int) -> bytes:
    """What a terminal shows next; nothing once its other end is closed."""
    try:
        return os.read(terminal, 1 << 16)
    except OSError:
        return b""


def followed(page: str, folder: Path) -> str:
    """The page with the output of each of its commands, begun in a folder that holds the sample logs as a checkout."""
    shutil.copytree(SAMPLES, folder / SAMPLES.name)
    return _FENCE.sub(Walk(folder, folder).step, page)


def timeless(page: str) -> str:
    """A page without what differs from run to run: how long something took."""
    return _SECONDS.sub("N s", page)


def main() -> None:
    """Follow pages and keep what their commands print; a page whose figures still hold stays as it is."""
    for name in sys.argv[1:]:
        page = Path(name)
        with tempfile.TemporaryDirectory() as folder:
            old = page.read_text(encoding="utf-8")
            new = followed(old, Path(folder))
        if timeless(new) != timeless(old):
            page.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
