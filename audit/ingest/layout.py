"""How a file's bytes are laid out, told from its beginning: packing, encoding, and what separates its records."""

from __future__ import annotations

import codecs
import gzip
import io
import json
import re
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Literal, cast

import zstandard

from audit.records import AuditError

if TYPE_CHECKING:
    from pathlib import Path

HEAD_BYTES = 1 << 20
Packing = Literal["plain", "gz", "zst"]
Container = Literal["lines", "array", "objects", "csv", "parquet", "empty", "other"]


@dataclass(frozen=True, slots=True)
class Layout:
    """``clean`` says that the engine can read the file as it lies: UTF-8, no byte order mark, line ends of its kind."""

    packing: Packing
    encoding: str
    container: Container
    clean: bool


def unpacked(path: Path, packing: Packing) -> IO[bytes]:
    """The file's bytes without their packing."""
    if packing == "gz":
        return cast("IO[bytes]", gzip.open(path, "rb"))
    raw = path.open("rb")
    if packing == "zst":
        return cast(
            "IO[bytes]",
            zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True, closefd=True),
        )
    return raw


def head(path: Path, packing: Packing, size: int = HEAD_BYTES) -> bytes:
    """The first bytes without their packing; what can be had of a broken archive."""
    got = bytearray()
    with unpacked(path, packing) as stream:
        try:
            while len(got) < size and (block := stream.read(min(1 << 16, size - len(got)))):
                got += block
        except (EOFError, OSError, zstandard.ZstdError):
            pass  # a cut-off archive still shows its beginning
    return bytes(got)


def sniff(path: Path) -> Layout:
    """Tell a file's layout. Raises AuditError where the file cannot be opened."""
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
    text = start.decode(encoding, errors="replace")
    container = _container(text)
    old_mac_ends = "\r" in text and "\n" not in text
    clean = encoding == "utf-8" and not marked and not old_mac_ends
    return Layout(packing, encoding, container, clean)


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
    if len(start) > 3 and start[1] == 0 and start[3] == 0:
        return "utf-16-le", True
    if len(start) > 3 and start[0] == 0 and start[2] == 0:
        return "utf-16-be", True
    return "utf-8", False


def _container(text: str) -> Container:
    body = text.lstrip("\ufeff \t\r\n\x00")
    if not body:
        return "empty"
    if body[0] == "[":
        return "array" if re.match(r"\[\s*(\{|\]|$)", body) else "other"
    if body[0] == "{":
        return "lines" if _whole_lines(body) else "objects"
    first = body.splitlines()[0]
    if re.search(r"\w[,;\t]\"?\w", first):
        return "csv"
    # A log may begin with a broken line; the rest tells what it is.
    return "lines" if re.search(r"^\s*\{.*\}\s*$", body, re.MULTILINE) else "other"


def _whole_lines(body: str) -> bool:
    """Whether objects stand on lines of their own, rather than over several lines or several on one."""
    lines = [line.strip() for line in re.split(r"\r\n|\n|\r", body)[:50] if line.strip()]
    whole = sum(line.startswith("{") and line.endswith("}") for line in lines)
    if len(lines) == 1:
        return True
    if whole:
        return whole * 2 >= len(lines) or _parses(lines[0])
    return not re.fullmatch(r"\{|\{\s*\"[^{}]*,?", lines[0])


def _parses(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def text_of(path: Path, layout: Layout) -> io.TextIOWrapper:
    """The file as text with line ends made one kind; what is no text in its encoding becomes U+FFFD."""
    return io.TextIOWrapper(
        unpacked(path, layout.packing), encoding=layout.encoding or "utf-8", errors="replace", newline=None
    )
