"""A new row for a contract: put at the file's end, and only where all of it holds together."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

from audit.pricing import overlaps, pricelist
from audit.records import AuditError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_HEAD = "# Prices of our own contracts. Rows are added, never changed: a later row for the same calls takes over.\n"


def add(path: Path, row: Mapping[str, str | list[str]], beside: Iterable[Path] = ()) -> None:
    """Write a row to a contract's TOML file, which is made where there is none; ``beside`` are the other contracts.

    Raises UsageError, and leaves the file as it was, where the row or what it makes of the contracts is wrong.
    """
    if path.suffix.lower() != ".toml":
        raise UsageError(
            f"{path}: a row is added to a .toml file; add it to a CSV with the program that you keep it in"
        )
    written = "".join(f"{name} = {_value(value)}\n" for name, value in row.items())
    making = path.resolve().with_name(f".{path.name}.making")
    try:
        before = path.read_text(encoding="utf-8") if path.exists() else _HEAD
        try:
            making.write_text(f"{before.rstrip()}\n\n[[price]]\n{written}", encoding="utf-8")
            overlaps.check([row for file in (*beside, making) for row in pricelist.read(file)])
            if path.exists():
                shutil.copymode(path, making)
            making.replace(path.resolve())
        except UsageError as error:
            raise UsageError(str(error).replace(str(making), str(path))) from None
        finally:
            making.unlink(missing_ok=True)
    except UnicodeDecodeError:
        raise UsageError(f"{path}: not UTF-8: save it as UTF-8") from None
    except OSError as error:
        raise AuditError(f"{path}: the price cannot be written: {error.strerror or error}") from None


def _value(value: str | list[str]) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    # A TOML text is a JSON text, signs that end a line written as what they are called.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
