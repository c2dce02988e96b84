"""ZIP archives: their files one at a time, each unpacked into a work folder for as long as it is read."""

from __future__ import annotations

import lzma
import re
import shutil
import stat
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING

from audit.records import AuditError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# A file's header, and the end record that an archive without files begins with.
_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
# Logs pack to a fifth or a fiftieth. An archive that swells far more, and to a size that hurts, is made to hurt.
MOST_SWOLLEN = 200
ALWAYS_BYTES = 1 << 30
_ENCRYPTED = 0x1
_OFFICE = "[Content_Types].xml"
_BY_HAND = "unpack it and name the folder"
_DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, ValueError, OverflowError)


def is_zip(path: Path) -> bool:
    """Whether a file is a ZIP archive, told by its first bytes. Raises OSError where it cannot be opened."""
    with path.open("rb") as stream:
        return stream.read(4) in _MAGIC


def members(path: Path, work: Path, *, always_bytes: int = ALWAYS_BYTES) -> Iterator[tuple[str, Path]]:
    """Each file of an archive as the name it has there and where it lies unpacked, until the next is asked for.

    Folders, links and hidden files are passed over; an archive in an archive is given as the file it is. Up to
    ``always_bytes`` are unpacked however tightly they were packed. Raises AuditError: before the first file where
    the archive is encrypted or swells beyond measure, at the file that cannot be unpacked where it is damaged.
    """
    # No name of the archive's own becomes a path: nothing can be written outside the work folder.
    target = work / "member"
    try:
        with zipfile.ZipFile(path) as archive:
            for info in _readable(path, archive.infolist(), always_bytes):
                with archive.open(info) as packed, target.open("wb") as out:
                    shutil.copyfileobj(packed, out, 1 << 20)
                yield _told(info), target
    except _DAMAGED as error:
        raise _damaged(path, error) from None
    except NotImplementedError as error:
        raise AuditError(f"{path}: packed in a way that is not known here ({_said(error)}); {_BY_HAND}") from None
    except OSError as error:
        if error.errno is None:  # so the bz2 module speaks of bad data
            raise _damaged(path, error) from None
        raise AuditError(f"{path}: cannot be unpacked: {error.strerror}") from None
    finally:
        target.unlink(missing_ok=True)


def _readable(path: Path, infos: list[zipfile.ZipInfo], always_bytes: int) -> list[zipfile.ZipInfo]:
    """The files to be read, where all of them can be and may be."""
    if any(info.filename == _OFFICE for info in infos):
        raise AuditError(f"{path}: an office document, not a log; save its table as CSV and name that")
    wanted = [info for info in infos if _is_log(info)]
    if any(info.flag_bits & _ENCRYPTED for info in wanted):
        raise AuditError(f"{path}: the archive is encrypted; {_BY_HAND}")
    # The sizes are the archive's own word, but of a file that is larger than it says no more than that comes out.
    most = max(always_bytes, path.stat().st_size * MOST_SWOLLEN)
    if sum(info.file_size for info in wanted) > most:
        raise AuditError(
            f"{path}: the archive unpacks to more than {most:,} bytes, {MOST_SWOLLEN} times its own size; if it is "
            f"what it should be, {_BY_HAND}"
        )
    return wanted


def _is_log(info: zipfile.ZipInfo) -> bool:
    parts = _parts(info)
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in parts)
    return bool(parts) and not hidden and not info.is_dir() and not stat.S_ISLNK(info.external_attr >> 16)


def _parts(info: zipfile.ZipInfo) -> list[str]:
    return [part for part in re.split(r"[/\\]", info.filename) if part not in ("", ".", "..")]


def _told(info: zipfile.ZipInfo) -> str:
    """The file's name for people: no way up, no control characters."""
    return re.sub(r"[\x00-\x1f\x7f]", "?", "/".join(_parts(info)))


def _damaged(path: Path, error: Exception) -> AuditError:
    return AuditError(f"{path}: the archive is damaged or cut off ({_said(error)}); fetch it again")


def _said(error: Exception) -> str:
    """The library's words without the name of a member, which may be anything."""
    return str(error).split(" for file", 1)[0].split(" '", 1)[0][:80] or type(error).__name__
