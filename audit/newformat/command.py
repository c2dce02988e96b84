"""`audit formats new`: what it refuses, what it does, and what it says of it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from audit import formatbook, sniffed
from audit.beginning import beginning
from audit.ingest import archive
from audit.newformat.write import New, check, write
from audit.records import AuditError, UsageError
from audit.sniffing import Sniffer
from audit.terminal import aligned

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from audit.formatbook import Format
    from audit.settings import Settings
    from audit.sniffing import Sniffed

_UNUSED = "nothing was made of: "
_LEFT_SHOWN = 60


def new(
    name: str,
    path: Path,
    folder: Path,
    formats: Mapping[str, Format],
    settings: Settings,
    *,
    anyway: bool,
    columns: int,
) -> Iterator[str]:
    """Write a format from a log's beginning; what to tell, line by line. Raises UsageError where it should not be."""
    check(name, folder, {known: form.path for known, form in formats.items()})
    if not path.is_file():
        raise UsageError(f"{path}: no such file")
    if archive.is_zip(path):
        raise UsageError(f"{path}: an archive; unpack it, and name the log in it")
    path = path.resolve()
    with tempfile.TemporaryDirectory(prefix="audit-") as work:
        start = beginning(path, Path(work))
        (known,) = Sniffer(formats, (), settings).sniff(start.path)
        if not known.format and not known.fields:
            raise AuditError(f"{path}: {known.reason.removeprefix(f'{start.path}: ')}")
        if known.format and known.known * 2 >= known.records and not anyway:
            raise UsageError(
                f"{path}: it is in a format that is known: {known.format.title} ({known.format.name}). "
                f"`audit formats sniff {path}` shows how it is read; --anyway writes a format of your own nevertheless"
            )
        made = write(name, folder, start, more_than=_paths(known.format))
        yield from _told(made, columns)
        yield from _noted(made, settings, columns)
        if made.unmapped:
            raise AuditError(
                f"{made.sql}: a person must map {' and '.join(made.unmapped)}: the sample has no field for that. "
                f"See the lines with MAP THIS, then: audit formats test {made.sql}"
            )
        (read,) = Sniffer({name: formatbook.read(made.sql)}, (), settings).sniff(start.path)
        yield from _read(read)
        yield from _next(folder, settings)


def _paths(known: Format | None) -> int:
    """How many paths a format asks such a log for: one that asks for more goes before it."""
    return max((len(paths) for paths in known.signatures), default=0) if known else 0


def _told(made: New, columns: int) -> Iterator[str]:
    yield str(made.sql)
    yield str(made.cases)
    yield ""
    yield "guessed:"
    yield from (f"  {line}" for line in aligned.table([(column, of) for column, of in made.columns if of], columns - 2))
    yield ""
    if made.asked:
        yield f"{made.sql.name} asks {sniffed.counted(len(made.asked), 'question')}, in the lines marked -- ?"
        yield from (f"  line {line}: {asked}" for line, asked in made.asked)


def _noted(made: New, settings: Settings, columns: int) -> Iterator[str]:
    """What the log has that is not read, and what is read in a way that somebody must know of."""
    if made.left:
        shown = made.left[:_LEFT_SHOWN]
        more = [f"{len(made.left) - _LEFT_SHOWN} more"] if len(made.left) > _LEFT_SHOWN else []
        first, *others = aligned.wrapped((*shown, *more), columns - len(_UNUSED))
        yield f"{_UNUSED}{first}"
        yield from (f"  {line}" for line in others)
    yield from made.notes
    if made.zoneless:
        yield f"dates without a zone ({', '.join(made.zoneless)}) count in {settings.logs.timezone}; if it is another,"
        yield "in audit.toml:"
        yield "  [logs]"
        yield '  timezone = "Asia/Shanghai"'


def _read(read: Sniffed) -> Iterator[str]:
    if read.format is None:
        raise AuditError(f"the format does not know the sample that it was made from: {read.reason}")
    said = f"of the sample it reads {sniffed.counted(read.gained, 'call')}"
    if read.rejected:
        said += f" and not {sniffed.counted(read.rejected, 'line')}:"
    yield said
    yield from (f"  line {line}: {reason}" if line else f"  {reason}" for line, reason in read.rejects)


def _next(folder: Path, settings: Settings) -> Iterator[str]:
    if folder.resolve() in [known.resolve() for known in settings.paths.formats]:
        yield f"now: audit formats test {folder}"
        return
    yield f"now: audit formats test {folder}; and for audit run, in audit.toml:"
    yield "  [paths]"
    yield f'  formats = ["{folder}"]'
