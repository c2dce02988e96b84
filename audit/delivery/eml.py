"""A mail as an .eml file that any mail program opens: what `--dry-run` leaves instead of a sent mail."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from audit.records import AuditError

if TYPE_CHECKING:
    from email.message import EmailMessage
    from pathlib import Path


def write_eml(message: EmailMessage, path: Path) -> None:
    """Write the mail, whole or not at all; what stood there before is replaced. Raises AuditError."""
    # In the same folder: a rename is atomic only within one file system.
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with part.open("wb") as file:
                file.write(message.as_bytes())
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise AuditError(f"{path} cannot be written: {error.strerror}") from None
