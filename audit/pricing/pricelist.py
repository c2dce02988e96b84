"""Price lists of files: the project's own, one file a provider, and the contracts that a user names."""

from __future__ import annotations

import csv
import functools
import hashlib
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from audit.pricing import overlaps, providers, rowtext
from audit.pricing.row import PriceRow
from audit.records import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

OWN = Path(__file__).resolve().parent / "lists"
_LISTED = ("model", "hours", "weekdays", "not_on")


@dataclass(frozen=True, slots=True)
class PriceList:
    """Rows of one file, and the name that the calls they price are stamped with.

    ``whole`` says that it is all there is of a provider: where it tells a region apart, what it leaves out there is not
    known, as another region's price is another. A contract's rows of no region hold anywhere.
    """

    name: str
    rows: tuple[PriceRow, ...]
    whole: bool = False

    def of(self, provider: str | None, model: str, region: str | None) -> list[tuple[PriceRow, ...]]:
        """The rows that fit a model, those that fit best first: of the call's region, then of no region."""
        fitting = [row for row in self.rows if provider in (None, row.provider) and row.fits(model)]
        told = self.whole and any(provider == row.provider and row.region == region for row in self.rows)
        regions = (region,) if told or region is None else (region, None)
        return [
            tuple(row for row in fitting if row.region == wanted and row.fits(model) == fit)
            for wanted in regions
            for fit in sorted({row.fits(model) for row in fitting if row.region == wanted}, reverse=True)
        ]


def own_providers() -> list[str]:
    """The providers that the project keeps a list of."""
    return sorted(path.stem for path in OWN.glob("*.toml"))


@functools.cache
def own(provider: str) -> PriceList | None:
    """The project's own list of a provider."""
    path = OWN / f"{provider}.toml"
    if not re.fullmatch(r"[\w\-]+", provider) or not path.exists():
        return None
    rows = read(path)
    checked = max((row.checked for row in rows if row.checked), default=None)
    return PriceList(f"own list {checked}" if checked else "own list", rows, whole=True)


def contracts(paths: Iterable[Path]) -> list[PriceList]:
    """A user's own rows, checked, all files' together. Raises UsageError naming file, place and key."""
    found = []
    for path in paths:
        rows = read(path)
        # The file's own digest is its version: people do not count theirs.
        version = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
        found.append(PriceList(f"contract {path.name} {version}", rows))
    overlaps.check([row for contract in found for row in contract.rows])
    return found


def read(path: Path) -> tuple[PriceRow, ...]:
    """The rows of a TOML or CSV file. Raises UsageError naming the file, the row's line and the key."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{path}: not UTF-8: save it as UTF-8") from None
    except OSError as error:
        raise UsageError(f"{path}: the price file cannot be read: {error.strerror}") from None
    found = _of_csv(path, text) if path.suffix.lower() == ".csv" else _of_toml(path, text)
    if not found:
        raise UsageError(f"{path}: it holds no price row; see docs/prices.md for what one looks like")
    return tuple(_row(place, row) for place, row in found)


def _of_toml(path: Path, text: str) -> list[tuple[str, dict[str, Any]]]:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: {error}") from None
    rows = data.get("price", [])
    if set(data) - {"price"} or not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UsageError(f"{path}: a price file holds [[price]] tables and nothing else")
    lines = [number for number, line in enumerate(text.splitlines(), 1) if re.match(r"\s*\[\[\s*price\s*\]\]", line)]
    # Rows of an inline array have no line of their own.
    lines = lines if len(lines) == len(rows) else [1] * len(rows)
    return [(f"{path}, line {line}", row) for line, row in zip(lines, rows, strict=True)]


def _of_csv(path: Path, text: str) -> list[tuple[str, dict[str, Any]]]:
    """One row a line, its keys those of the TOML; several models or hours stand with semicolons between them."""
    reader = csv.DictReader(text.splitlines(keepends=True))
    rowtext.check_head(path, reader.fieldnames or ())
    found = []
    for row in reader:
        place = f"{path}, line {reader.line_num}"
        if None in row:
            raise UsageError(f"{place}: more values than columns: a value with commas in it stands in quotes")
        filled: dict[str, Any] = {
            name.strip(): value.strip() for name, value in row.items() if name and value and value.strip()
        }
        for name in _LISTED:
            if name in filled:
                filled[name] = [part.strip() for part in filled[name].split(";") if part.strip()]
        if filled:
            found.append((place, filled))
    return found


def _row(place: str, data: dict[str, Any]) -> PriceRow:
    try:
        row = PriceRow.model_validate({**data, "place": place})
    except ValidationError as error:
        raise UsageError(f"{place}: {rowtext.said(error.errors()[0])}") from None
    known = providers.called(row.provider)
    return row if known is None else row.model_copy(update={"provider": known.id})
