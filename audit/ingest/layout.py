"""How a file's bytes are laid out, told from its beginning: packing, encoding, and what separates its records."""

from __future__ import annotations

import codecs
import io
import json
import re
import zlib
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Literal, cast

import zstandard

from audit.records import AuditError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HEAD_BYTES = 1 << 20
# Small, so that a packed desert of zeros does not unpack into all of the memory at once.
PIECE_BYTES = 1 << 13
HEAD_LINES = 50
# A gzip file ends with the length of what it holds.
TRAILER_BYTES = 4
_BLANK = "\ufeff \t\r\n\x00"
Packing = Literal["plain", "gz", "zst"]
Container = Literal["lines", "array", "objects", "csv", "parquet", "table", "empty", "other"]


@dataclass(frozen=True, slots=True)
class Layout:
    """``clean`` says that the engine can read the file as it lies: UTF-8, no byte order mark, line ends of its kind.

    ``newline`` is what ends a line, as :class:`io.TextIOWrapper` takes it; ``delimiter`` parts a table's columns.
    """

    packing: Packing
    encoding: str
    container: Container
    clean: bool
    newline: Literal["\n"] | None = "\n"
    delimiter: str = ","


class _Unpacked(io.RawIOBase):
    """An archive's bytes as far as they can be had; ``cut_off`` tells, at the end, whether some are missing.

    The standard readers raise at a cut and take with them what they had unpacked just before it.
    """

    def __init__(self, raw: IO[bytes], start: Callable[[], Any]) -> None:
        self._raw, self._start, self._part = raw, start, start()
        self._part_at = 0
        self._ready = b""
        self.cut_off = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready and not self.cut_off:
            if self._part.eof:
                rest = self._part.unused_data or self._raw.read(PIECE_BYTES)
                if not rest.strip(b"\0"):
                    return 0
                self._part, self._part_at = self._start(), self._raw.tell() - len(rest)
            else:
                rest = self._raw.read(PIECE_BYTES)
                if not rest:
                    self.cut_off = True
                    return 0
            try:
                self._ready = self._part.decompress(rest)
            except (zlib.error, zstandard.ZstdError):
                self.cut_off = True
                self._ready = self._before_damage(len(rest))
        taken = self._ready[: len(buffer)]
        buffer[: len(taken)] = taken
        self._ready = self._ready[len(taken) :]
        return len(taken)

    def _before_damage(self, size: int) -> bytes:
        """What the last piece held before its fault: its part is unpacked again, the piece byte by byte."""
        piece_at = self._raw.tell() - size
        self._raw.seek(self._part_at)
        part, got = self._start(), bytearray()
        with suppress(zlib.error, zstandard.ZstdError):
            while (at := self._raw.tell()) < piece_at:
                part.decompress(self._raw.read(min(PIECE_BYTES, piece_at - at)))
            while byte := self._raw.read(1):
                got += part.decompress(byte)
        return bytes(got)

    def close(self) -> None:
        self._raw.close()
        super().close()


_STARTS: dict[str, Callable[[], Any]] = {
    "gz": lambda: zlib.decompressobj(wbits=31),
    "zst": lambda: zstandard.ZstdDecompressor().decompressobj(),
}


def unpacked(path: Path, packing: Packing) -> IO[bytes]:
    """The file's bytes without their packing, as far as they go."""
    raw = path.open("rb")
    if packing == "plain":
        return raw
    return cast("IO[bytes]", io.BufferedReader(_Unpacked(raw, _STARTS[packing]), 1 << 16))


def content_bytes(path: Path, packing: Packing) -> int | None:
    """How long a file's content says it is, modulo 4 GB where it is packed; None where it does not say."""
    if packing == "plain":
        return path.stat().st_size
    if packing == "gz" and path.stat().st_size >= TRAILER_BYTES:
        with path.open("rb") as raw:
            raw.seek(-TRAILER_BYTES, io.SEEK_END)
            return int.from_bytes(raw.read(TRAILER_BYTES), "little")
    return None


def cut_off(path: Path, packing: Packing) -> bool:
    """Whether an archive ends before it should, or is damaged on the way."""
    if packing == "plain":
        return False
    with path.open("rb") as raw:
        stream = _Unpacked(raw, _STARTS[packing])
        while stream.read(1 << 20):
            pass
        return stream.cut_off


def head(path: Path, packing: Packing, size: int = HEAD_BYTES) -> bytes:
    """The first bytes without their packing; what can be had of a broken archive."""
    got = bytearray()
    with unpacked(path, packing) as stream:
        while len(got) < size and (block := stream.read(min(1 << 16, size - len(got)))):
            got += block
    return bytes(got)


def sniff(path: Path) -> Layout:
    """Tell a file's layout. Raises AuditError where the file cannot be opened."""
    if not path.is_file():
        raise AuditError(f"{path}: no file, or none any more")
    try:
        with path.open("rb") as stream:
            magic = stream.read(4)
        packing: Packing = "plain"
        if magic[:2] == b"\x1f\x8b":
            packing = "gz"
        elif magic == b"\x28\xb5\x2f\xfd":
            packing = "zst"
        elif magic == b"PAR1":
            return Layout("plain", "", "parquet", clean=True)
        start = head(path, packing)
    except OSError as error:
        raise AuditError(f"{path}: cannot be opened: {error.strerror or error}") from None
    encoding, marked = _encoding(start)
    text = start.decode(encoding, errors="replace").lstrip(_BLANK)
    container = _container(text)
    old_mac_ends = "\r" in text and "\n" not in text
    clean = encoding == "utf-8" and not marked and not old_mac_ends
    delimiter = _delimiter(text) if container == "csv" else ","
    return Layout(packing, encoding, container, clean, None if old_mac_ends else "\n", delimiter)


def _encoding(start: bytes) -> tuple[str, bool]:
    """The encoding, and whether a byte order mark states it."""
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if start.startswith(mark):
            return name, True
    # JSON and CSV begin with ASCII: a zero byte beside it is UTF-16 without a mark.
    zeros = tuple(byte == 0 for byte in start[:4])
    if zeros == (False, True, False, True):
        return "utf-16-le", True
    if zeros == (True, False, True, False):
        return "utf-16-be", True
    return "utf-8", False


def _container(body: str) -> Container:
    if not body:
        return "empty"
    if re.match(r"\[\s*(\{|\]|$)", body):
        return "array"
    if body[0] == "{":
        return "lines" if _whole_lines(body) else "objects"
    # A log may begin with a broken line, as one that was cut by its size: the rest tells what it is.
    lines = [line for line in re.split(r"\r\n|\n|\r", body)[:HEAD_LINES] if line.strip()]
    objects = sum(line.lstrip().startswith("{") and _parses(line) for line in lines)
    header = bool(re.search(r"\w\"?[,;\t] ?\"?\w", lines[0]))
    if objects and (objects * 2 > len(lines) or not header):
        return "lines"
    if body[0] == "[":
        return "array"
    return "csv" if header else "other"


def _delimiter(text: str) -> str:
    """What parts the columns of a table's header."""
    header = text.splitlines()[0]
    return max(",;\t", key=header.count)


def _whole_lines(body: str) -> bool:
    """Whether objects stand on lines of their own, rather than over several lines or several on one."""
    lines = [line.strip() for line in re.split(r"\r\n|\n|\r", body)[:HEAD_LINES] if line.strip()]
    whole = sum(line.startswith("{") and line.endswith("}") for line in lines)
    if len(lines) == 1:
        return True
    if whole:
        return whole * 2 >= len(lines) or _parses(lines[0])
    return not re.fullmatch(r"\{|\{\s*\"[^{}]*,?", lines[0])


def _parses(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def text_of(path: Path, layout: Layout) -> io.TextIOWrapper:
    """The file as text. A byte that is no UTF-8 stays what it is (a surrogate); in UTF-16 it becomes U+FFFD."""
    return io.TextIOWrapper(
        unpacked(path, layout.packing),
        encoding=layout.encoding or "utf-8",
        errors="surrogateescape" if layout.encoding.startswith("utf-8") else "replace",
        newline=layout.newline,
    )
