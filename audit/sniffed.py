"""What `audit formats sniff` says of a log, as text."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from audit.formatsql import COLUMNS
from audit.ingest.recognise import EMPTY
from audit.records import INSTANT
from audit.sniffing import FIELDS_TOLD, Sniffed
from audit.terminal import aligned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audit.formatbook import Format
    from audit.sniffing import Blind

_INDENT = "  "
_PIPED = 100
_INSTANTS = {column.name for columns in COLUMNS.values() for column in columns if column.type == INSTANT}


def lines(sniffed: Sniffed, columns: int | None) -> Iterator[str]:
    """What to say of one log: for a terminal of so many columns, or a sentence a line for a pipe."""
    yield aligned.shown(f"{sniffed.archive}!{sniffed.told}" if sniffed.archive else sniffed.told)
    wide = (columns or _PIPED) - len(_INDENT)
    body = _known(sniffed, sniffed.format, wide) if sniffed.format else _unknown(sniffed, wide)
    for line in body:
        text = aligned.shown(line).rstrip()
        fits = columns is None or aligned.width(text) <= wide
        lead = " " * (len(text) - len(text.lstrip()))
        parts = [text] if fits else aligned.wrapped(text.split(), wide, between=" ", indent=lead)
        yield from (f"{_INDENT}{part}" for part in parts)


def _unknown(sniffed: Sniffed, columns: int) -> Iterator[str]:
    if sniffed.reason == EMPTY:
        yield "it is empty"
        return
    if not sniffed.fields:
        yield sniffed.reason
        return
    yield "no known log format; the first record has the fields"
    told = list(sniffed.fields[:FIELDS_TOLD]) + (["..."] if len(sniffed.fields) > FIELDS_TOLD else [])
    yield from aligned.wrapped(told, columns, indent=_INDENT)
    unpacked = f"unpack {sniffed.archive}, and " if sniffed.archive else ""
    yield f"{unpacked}write a format of your own from it: audit formats new NAME --from {sniffed.told}"


def _known(sniffed: Sniffed, form: Format, columns: int) -> Iterator[str]:
    yield f"{form.title} ({form.name}): {_sure(sniffed)}"
    if sniffed.runner_up:
        name, count = sniffed.runner_up
        yield f"next best: {name}, which knows {count:,} of them"
    where = "it holds" if sniffed.whole else f"its first {_size(sniffed.bytes)} hold"
    said = f"{where} {counted(sniffed.gained, form.kind[:-1])}"
    if sniffed.rejected:
        said += f", and {counted(sniffed.rejected, 'line')} that cannot be read:"
    yield said
    for line, reason in sniffed.rejects:
        yield f"{_INDENT}line {line:,}: {reason}" if line else f"{_INDENT}{reason}"
    if sniffed.rows:
        yield "the first, as it is read:" if len(sniffed.rows) == 1 else "the first, as they are read:"
        names = [name for name in sniffed.rows[0] if any(_has(row[name]) for row in sniffed.rows)]
        rows = [(_head(name), *(_cell(name, row[name]) for row in sniffed.rows)) for name in names]
        yield from (_INDENT + line for line in aligned.table(rows, columns - len(_INDENT)))
    for blind in sniffed.blind:
        yield _sentence(blind, sniffed.gained)


def _sure(sniffed: Sniffed) -> str:
    if sniffed.known == sniffed.records:
        return f"all of the {counted(sniffed.records, 'record')} looked at are in it"
    return f"{sniffed.known:,} of the {counted(sniffed.records, 'record')} looked at are in it"


def _sentence(blind: Blind, calls: int) -> str:
    what = " and no ".join(" nor ".join(need) for need in blind.missing)
    who = ", ".join(blind.rules)
    if not blind.judged:
        return f"{who} cannot judge this log: it states no {what} (none of the first {calls:,} calls has one)"
    return f"{who} can judge {blind.judged:,} of the first {calls:,} calls: the others state no {what}"


def _head(name: str) -> str:
    return f"{name} (UTC)" if name in _INSTANTS else name


def _has(value: Any) -> bool:
    return value is not None and value != []


def _cell(name: str, value: Any) -> str:
    text = str(value)
    if not _has(value):
        text = "-"
    elif isinstance(value, datetime):
        text = f"{value:%Y-%m-%d %H:%M:%S}" + (f".{value.microsecond // 1000:03d}" if value.microsecond else "")
    elif isinstance(value, Decimal):
        text = f"{value:,f}".rstrip("0").rstrip(".") if "." in f"{value:f}" else f"{value:,f}"
    elif isinstance(value, bool):
        text = "yes" if value else "no"
    elif isinstance(value, int) and name != "http_status":
        text = f"{value:,}"
    elif isinstance(value, list):
        text = ", ".join(map(str, value))
    return text


def counted(number: int, thing: str) -> str:
    """So many of a thing."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def _size(count: int) -> str:
    return f"{count / (1 << 20):.1f} MB" if count >= 1 << 20 else f"{max(count, 1) / 1024:,.0f} KB"
