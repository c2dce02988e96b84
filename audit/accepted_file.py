"""The file of accepted findings: read with every mistake named, and added to without a word of it being lost."""

from __future__ import annotations

import difflib
import json
import re
import shutil
import tomllib
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import AfterValidator, Field, ValidationError, model_validator

from audit.records import AuditError, Month, UsageError
from audit.settings_types import Amount, MonthText, Section

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MOST_MONTHS = 12
_HEAD = (
    "# Findings that somebody took as they are. A later entry for the same finding takes the place of an earlier one.\n"
)


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("it is empty")
    return text.strip()


Said = Annotated[str, AfterValidator(_said)]


class Entry(Section):
    """One acceptance, as the file states it."""

    finding: Said = Field(description="The finding's id, as the report and `audit findings` name it.")
    reason: Said = Field(description="Why it is taken as it is.")
    by: Said = Field(description="Who takes it so.")
    since: MonthText = Field(description="The first month it holds for, as 2026-10.")
    until: MonthText = Field(description="The last month it holds for, a year after `since` at most.")
    up_to: Amount | None = Field(
        None, description="The money, in the report's currency, above which the finding comes back at once."
    )
    amount: Amount | None = Field(
        None, description="What it came to when it was accepted; without `up_to`, a quarter more brings it back."
    )
    calls: int | None = Field(
        None, ge=0, description="How many calls it was about; counts where the finding names no money."
    )

    @model_validator(mode="after")
    def _spans_a_year_at_most(self) -> Self:
        since, until = Month.parse(self.since), Month.parse(self.until)
        if until < since:
            raise ValueError(f"it ends in {until}, before it begins in {since}")
        if until > since.shift(MOST_MONTHS):
            raise ValueError(
                f"until {until} is more than a year after {since}: write {since.shift(MOST_MONTHS)} at most, and "
                "accept it anew then"
            )
        return self


@dataclass(frozen=True, slots=True)
class Accepted:
    """An entry with the file and the line it stands at."""

    entry: Entry
    path: Path
    line: int

    @property
    def since(self) -> Month:
        """The first month it holds for."""
        return Month.parse(self.entry.since)

    @property
    def until(self) -> Month:
        """The last month it holds for."""
        return Month.parse(self.entry.until)


def load(path: Path) -> tuple[Accepted, ...]:
    """The entries of a file, in its order; none where there is no file. Raises UsageError naming file, line and key."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return ()
    except UnicodeDecodeError:
        raise UsageError(f"{path}: not UTF-8: save it as UTF-8") from None
    except OSError as error:
        raise UsageError(f"{path}: the accepted findings cannot be read: {error.strerror}") from None
    return parse(text, path)


def parse(text: str, path: Path) -> tuple[Accepted, ...]:
    """The entries of a text; ``path`` is what to call it in an error."""
    try:
        data = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: not valid TOML: {error}") from None
    rows = data.get("accepted", [])
    if set(data) - {"accepted"} or not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UsageError(f"{path}: the file holds [[accepted]] tables and nothing else")
    head = re.compile(r"\s*\[\[\s*accepted\s*\]\]")
    lines = [number for number, line in enumerate(text.splitlines(), 1) if head.match(line)]
    # Entries of an inline array have no line of their own.
    lines = lines if len(lines) == len(rows) else [1] * len(rows)
    return tuple(_entry(path, line, row) for line, row in zip(lines, rows, strict=True))


def _entry(path: Path, line: int, row: Mapping[str, Any]) -> Accepted:
    return Accepted(_checked(f"{path}, line {line}", row), path, line)


def _checked(place: str, row: Mapping[str, Any]) -> Entry:
    try:
        return Entry.model_validate(row)
    except ValidationError as error:
        problem = error.errors()[0]
    key, kind = ".".join(map(str, problem["loc"])), problem["type"]
    if kind == "missing":
        what = str(Entry.model_fields[key].description).rstrip(".")
        raise UsageError(f"{place}: '{key}' is missing: add {key} = \"...\", {what[0].lower()}{what[1:]}")
    if kind == "extra_forbidden":
        near = difflib.get_close_matches(key, Entry.model_fields, n=1, cutoff=0.5)
        known = f"did you mean '{near[0]}'?" if near else f"known here: {', '.join(Entry.model_fields)}"
        raise UsageError(f"{place}: unknown key '{key}'; {known}")
    words = str(problem["msg"]).removeprefix("Value error, ")
    raise UsageError(f"{place}: '{key}': {words}" if key else f"{place}: {words}")


def add(path: Path, row: Mapping[str, Any]) -> Accepted:
    """Write an entry to the end of the file, which is made where there is none; what stands there stays.

    Raises UsageError, and leaves the file as it was, where the entry or the file is wrong.
    """
    checked = _checked("the acceptance", row).model_dump(exclude_none=True)
    written = "".join(f"{name} = {_value(value)}\n" for name, value in checked.items())
    making = path.resolve().with_name(f".{path.name}.making")
    try:
        before = path.read_text(encoding="utf-8-sig") if path.exists() else _HEAD
        parse(before, path)
        text = f"{before.rstrip()}\n\n[[accepted]]\n{written}"
        added = parse(text, path)[-1]
        try:
            making.write_text(text, encoding="utf-8")
            if path.exists():
                shutil.copymode(path, making)
            making.replace(path.resolve())
        finally:
            making.unlink(missing_ok=True)
    except UnicodeDecodeError:
        raise UsageError(f"{path}: not UTF-8: save it as UTF-8") from None
    except UnicodeEncodeError:
        raise UsageError(f"{path}: what is to be written holds a sign that is no text") from None
    except OSError as error:
        raise AuditError(f"{path}: the acceptance cannot be written: {error.strerror or error}") from None
    return added


def _value(value: str | Decimal | int) -> str:
    if isinstance(value, str):
        # A TOML text is a JSON text, signs that end a line written as what they are called.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
