"""Logs in an object store, as ``s3://bucket/folder/*.jsonl.gz``: found, and copied here one at a time to be read.

The only file that knows fsspec. Who may read is told as the store's own tools are told: by the environment (for S3
``AWS_ACCESS_KEY_ID``, ``AWS_PROFILE``, ``AWS_ENDPOINT_URL``, ...), never by the settings.
"""

from __future__ import annotations

import re
import shutil
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from audit.ingest.find import has_logs_ending
from audit.records import AuditError, UsageError

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from audit.ingest.registry import Stamp

PIECE_BYTES = 8 << 20
_URL = re.compile(r"[a-z][a-z0-9+]+://\S+")
_DATABASES = ("postgresql", "postgres", "mysql", "mariadb", "sqlite")
_INSTALL = {"s3": "pip install 'compute-spend-audit[s3]'"}


@dataclass(frozen=True, slots=True)
class Object:
    """An object: its address, its length, and by what it is seen to be still the same."""

    url: str
    bytes: int
    stamp: Stamp

    def fetch(self, target: Path) -> None:
        """Copy the object to a file, as a stream. Raises AuditError where it cannot be had, or is another by then."""
        system, path = _store(self.url)
        try:
            with system.open(path, "rb", block_size=PIECE_BYTES) as stream, target.open("wb") as out:
                shutil.copyfileobj(stream, out, PIECE_BYTES)
            system.invalidate_cache()
            now = _stamp(system.info(path))
        except Exception as error:  # noqa: BLE001  # each store's client raises errors of its own
            raise _unreachable(self.url, error) from None
        if now != self.stamp or target.stat().st_size != self.bytes:
            raise AuditError(f"{self.url}: it changed while it was read; run again to read it")


def is_url(text: str) -> bool:
    """Whether a place is an object store's address and no path."""
    return bool(_URL.match(text))


def find(url: str) -> list[Object]:
    """The objects that an address, a folder of a bucket or a pattern means, in a stable order.

    Where the store cannot be reached, the address itself is the one object: what is wrong is told when it is fetched.
    Raises UsageError for an address that means nothing.
    """
    system, path = _store(url)
    scheme = url.split("://", 1)[0]
    try:
        if any(sign in path for sign in "*?["):
            found = {name: info for name, info in system.glob(path, detail=True).items() if not _hidden(name)}
        elif system.isfile(path):
            found = {path: system.info(path)}
        else:
            inside = system.find(path, detail=True)
            found = {name: info for name, info in inside.items() if has_logs_ending(name) and not _hidden(name)}
    except Exception:  # noqa: BLE001  # each store's client raises errors of its own
        return [Object(url, 0, (0, 0, 0))]
    objects = [
        Object(f"{scheme}://{name}", int(info["size"]), _stamp(info))
        for name, info in sorted(found.items())
        if info.get("type", "file") == "file"
    ]
    if not objects:
        raise UsageError(f"{url}: no log there; name an object, a folder or a pattern: 's3://bucket/logs/*.jsonl'")
    return objects


def _store(url: str) -> tuple[Any, str]:
    scheme, _, rest = url.partition("://")
    remedy = _INSTALL.get(scheme)
    if "@" in rest or remedy is None:
        shown = f"{scheme}://{rest.rpartition('@')[2].partition('?')[0]}"
        known = ", ".join(f"{name}://" for name in _INSTALL)
        if scheme.split("+")[0] in _DATABASES:
            raise UsageError(f"{shown}: a database is named in the settings, under [[databases]]; see docs/sources.md")
        if remedy is None:
            raise UsageError(f"{shown}: '{scheme}://' is not read; known are {known}")
        raise UsageError(f"{shown}: an address holds no user and no password; the environment tells who may read")
    try:
        from fsspec.core import url_to_fs  # noqa: PLC0415  # half a second that only those pay who have such logs

        system, path = url_to_fs(url)
    except ImportError:
        raise UsageError(f"{url}: object stores are read by an extra part; install it with: {remedy}") from None
    return system, str(path)


def _hidden(name: str) -> bool:
    return any(part.startswith(".") for part in name.split("/"))


def _stamp(info: dict[str, Any]) -> Stamp:
    changed: datetime | None = info.get("LastModified")
    version = f"{info.get('ETag')}/{info.get('VersionId')}".encode()
    return int(info["size"]), int(changed.timestamp() * 1e9) if changed else 0, zlib.crc32(version)


def _unreachable(url: str, error: Exception) -> AuditError:
    said = " ".join(str(getattr(error, "strerror", None) or error).split())[:200] or type(error).__name__
    remedy = "see that the address is right, and that the environment may read it"
    return AuditError(f"{url}: cannot be read: {said}; {remedy}")
