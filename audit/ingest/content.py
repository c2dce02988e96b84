"""What a file is known by: its unpacked content, so that a log that was rotated, packed or copied is the same log.

A log that grew begins with what was read before: the digest is noted on the way at each length that is known.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.ingest.layout import unpacked

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from audit.ingest.layout import Layout, Packing

BLOCK_BYTES = 1 << 20
HEAD_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Mark:
    """The content up to a length: its digest, and where its last line ended.

    ``line_end`` is the offset after the last line end, ``lines`` how many lines end before it; ``in_quotes`` says
    whether a table's quoted value is still open there.
    """

    sha256: str
    line_end: int
    lines: int
    in_quotes: bool


FROM_START = Mark("", 0, 0, in_quotes=False)


@dataclass(frozen=True, slots=True)
class Content:
    """A file's unpacked content: its digest, its length in bytes, and the marks that were asked for."""

    sha256: str
    bytes: int
    marks: dict[int, Mark]


def head_digest(start: bytes) -> str | None:
    """What a content is looked up by before it is read: a digest of its beginning; None where it is too short."""
    return hashlib.md5(start[:HEAD_BYTES], usedforsecurity=False).hexdigest() if len(start) >= HEAD_BYTES else None


def examine(path: Path, packing: Packing, size: int, lengths: Collection[int] = ()) -> Content:
    """Read a file through once. What is appended to a plain one beyond ``size`` meanwhile belongs to the next time."""
    digest = hashlib.sha256()
    marks: dict[int, Mark] = {}
    wanted = sorted(lengths)
    at = lines = line_end = quotes = 0
    with unpacked(path, packing) as stream:
        while True:
            most = BLOCK_BYTES if packing != "plain" else min(BLOCK_BYTES, size - at)
            if wanted:
                most = min(most, wanted[0] - at)
            block = stream.read(most) if most > 0 else b""
            if not block:
                break
            digest.update(block)
            if wanted:
                last = block.rfind(b"\n")
                if last >= 0:
                    line_end = at + last + 1
                lines += block.count(b"\n")
                quotes += block.count(b'"')
            at += len(block)
            while wanted and wanted[0] == at:
                marks[wanted.pop(0)] = Mark(digest.hexdigest(), line_end, lines, quotes % 2 == 1)
    return Content(digest.hexdigest(), at, marks)


def copy_rest(path: Path, layout: Layout, offset: int, size: int, target: Path) -> None:
    """Copy a log's content from an offset up to a length, under its header if it is a table."""
    with unpacked(path, layout.packing) as stream, target.open("wb") as out:
        at = 0
        if layout.container == "csv":
            header = b""
            while not header.strip():
                header = stream.readline()
                at += len(header)
            out.write(header)
        if layout.packing == "plain":
            stream.seek(offset)
            at = offset
        while at < offset and (block := stream.read(min(BLOCK_BYTES, offset - at))):
            at += len(block)
        while at < size and (block := stream.read(min(BLOCK_BYTES, size - at))):
            out.write(block)
            at += len(block)
