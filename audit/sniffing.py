"""What a log is: its format, how sure that is, how its first calls are read, and which rules cannot judge it.

The log's beginning is read as any log is, into a store that is thrown away.
"""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit import needs
from audit.beginning import before_json, beginning, first_records
from audit.engine.store import open_store
from audit.formatsql import COLUMNS
from audit.ingest import archive
from audit.ingest.fields import TABLES
from audit.ingest.layout import sniff as layout_of
from audit.ingest.load import ingest
from audit.ingest.masking import named
from audit.ingest.recognise import EMPTY
from audit.records import AuditError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from audit.beginning import Beginning
    from audit.engine.duckdb import Engine
    from audit.formatbook import Format
    from audit.needs import Need
    from audit.rulebook import Rule
    from audit.settings import Settings

ROWS_SHOWN = 3
REASONS_SHOWN = 3
FIELDS_TOLD = 60
_JSON_WITHIN = "its lines hold JSON behind other text, and only whole lines of JSON are read: "
# What keeps the JSON of such a line; where the line begins with a date, with that in it.
_KEPT_ALONE = "keep that part alone, as sed 's/^[^{]*//' FILE > FILE.jsonl does"
_KEPT_WITH_DATE = (
    "keep that part with the date in it, as "
    """sed -E 's/^([0-9-]+[ T][0-9:.,]+Z?)[^{]*[{]/{"logged_at": "\\1", /' FILE > FILE.jsonl does"""
)
_DEEPEST = 6
_WORDS = 4


@dataclass(frozen=True, slots=True)
class Blind:
    """What calls do not state, the rules that need it, and how many calls do state it."""

    missing: tuple[Need, ...]
    rules: tuple[str, ...]
    judged: int


@dataclass(frozen=True, slots=True)
class Sniffed:
    """What was found out about one log, which may lie in an archive.

    ``known`` of ``records`` that were looked at are in the format, ``runner_up`` is the next best with its own count.
    ``rows`` are the first calls or bills. Where there is no format, ``reason`` says why and ``fields`` are the first
    record's.
    """

    told: str
    bytes: int
    whole: bool
    format: Format | None
    reason: str
    known: int = 0
    records: int = 0
    runner_up: tuple[str, int] | None = None
    gained: int = 0
    rejected: int = 0
    rejects: tuple[tuple[int | None, str], ...] = ()
    rows: tuple[Mapping[str, Any], ...] = ()
    blind: tuple[Blind, ...] = ()
    fields: tuple[str, ...] = ()
    archive: str = ""

    @property
    def understood(self) -> bool:
        """Whether the log can be read; an empty one leaves nothing to be read."""
        return self.format is not None or self.reason == EMPTY


@dataclass(frozen=True, slots=True)
class Sniffer:
    """What logs are looked at with: the formats that there are, the rules that will judge, the settings."""

    formats: Mapping[str, Format]
    rules: tuple[Rule, ...]
    settings: Settings

    def sniff(self, path: Path) -> Iterator[Sniffed]:
        """Look at a log, or at each file of an archive."""
        with tempfile.TemporaryDirectory(prefix="audit-") as folder:
            work = Path(folder)
            try:
                for name, file in archive.members(path, work) if archive.is_zip(path) else [("", path)]:
                    told = name or _near(path)
                    yield replace(self._beginning(told, beginning(file, work)), archive=_near(path) if name else "")
            except AuditError as error:
                yield Sniffed(_near(path), 0, whole=False, format=None, reason=str(error))
            except OSError as error:
                reason = f"cannot be read: {error.strerror or error}"
                yield Sniffed(_near(path), 0, whole=False, format=None, reason=reason)

    def _beginning(self, told: str, start: Beginning) -> Sniffed:
        with (
            tempfile.TemporaryDirectory(prefix="audit-") as folder,
            open_store(Path(folder) / "audit.duckdb", self.settings) as engine,
        ):
            (receipt,) = ingest(engine, [start.path], self.formats)
            first = first_records(start.path, engine)
            form = self.formats.get(receipt.format or "")
            if form is None:
                reason = receipt.reason.replace(str(start.path), told)
                behind = before_json(start.path)
                if behind is not None:
                    dated = re.match(r"\d{4}-\d\d-\d\d[ T]\d\d:", behind)
                    reason = _JSON_WITHIN + (_KEPT_WITH_DATE if dated else _KEPT_ALONE)
                    return Sniffed(told, start.bytes, start.whole, None, reason)
                fields = tuple(paths(first[0])) if first else ()
                return Sniffed(told, start.bytes, start.whole, None, reason, fields=fields)
            known, runner_up = self._counts(start.path, form, first)
            return Sniffed(
                told,
                start.bytes,
                start.whole,
                form,
                "",
                known=known,
                records=len(first),
                runner_up=runner_up,
                gained=receipt.calls,
                rejected=receipt.rejected,
                rejects=_rejects(engine),
                rows=_rows(engine, form),
                blind=_blind(engine, self.rules, receipt.calls) if form.kind == "calls" else (),
            )

    def _counts(self, path: Path, form: Format, first: list[dict[str, Any]]) -> tuple[int, tuple[str, int] | None]:
        """How many of the first records the format knows; the next best and how many it knows."""
        held = layout_of(path).container
        container = held if held in TABLES else "json"
        rivals = [other for other in self.formats.values() if container in other.holds]
        counts = {other.name: sum(other.knows(record) for record in first) for other in rivals}
        others = {name: count for name, count in counts.items() if count and name != form.name}
        best = max(others, key=lambda name: others[name], default=None)
        return counts[form.name], (best, others[best]) if best else None


def _near(path: Path) -> str:
    """A path as people here call it."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def _rows(engine: Engine, form: Format) -> tuple[Mapping[str, Any], ...]:
    names = ", ".join(column.name for column in COLUMNS[form.kind] if column.name != "prompt")
    return tuple(engine.frame(f"SELECT {names} FROM store.{form.kind} ORDER BY rowid LIMIT {ROWS_SHOWN}").to_dicts())


def _rejects(engine: Engine) -> tuple[tuple[int | None, str], ...]:
    found = engine.rows(f"SELECT line, reason FROM store.rejects ORDER BY line NULLS LAST LIMIT {REASONS_SHOWN}")
    return tuple((line, str(reason)) for line, reason in found)


def _blind(engine: Engine, rules: Sequence[Rule], calls: int) -> tuple[Blind, ...]:
    """The rules that fewer than half of the calls state enough for, together where they miss the same."""
    every = list(dict.fromkeys(need for rule in rules for need in rule.needs))
    asked = [(need,) for need in every] + [rule.needs for rule in rules]
    if not calls or not every:
        return ()
    tests = ", ".join(f"count(*) FILTER ({needs.stated(needed, 'c')})" for needed in asked)
    counts = engine.row(f"SELECT {tests} FROM store.calls c")
    by_need = dict(zip(every, counts, strict=False))
    together: dict[tuple[tuple[Need, ...], int], list[str]] = {}
    for rule, judged in zip(rules, counts[len(every) :], strict=True):
        if rule.needs and judged * 2 < calls:
            least = min(by_need[need] for need in rule.needs)
            missing = tuple(need for need in rule.needs if by_need[need] == least)
            together.setdefault((missing, judged), []).append(rule.id)
    return tuple(Blind(missing, tuple(names), judged) for (missing, judged), names in together.items())


def paths(record: Mapping[str, Any]) -> list[str]:
    """The places of a record's fields: names only, and of what is no plain name its length."""
    found: dict[str, None] = {}

    def walk(value: Any, place: str, depth: int) -> None:
        if isinstance(value, dict) and value and depth < _DEEPEST:
            for name, inner in value.items():
                walk(inner, f"{place}.{_told(name)}" if place else _told(name), depth + 1)
        elif isinstance(value, list) and value and isinstance(value[0], dict) and depth < _DEEPEST:
            walk(value[0], f"{place}[0]", depth + 1)
        elif place:
            found[place] = None

    walk(record, "", 0)
    return list(found)


def _told(name: str) -> str:
    """A field's name; one of a few plain words, as tables have them, is a name as well."""
    words = re.findall(r"[\w.\-$@]+", name)
    plain = len(words) <= _WORDS and re.fullmatch(r"[\w.\-$@ /()（）%#]{1,40}", name)
    return name if plain and all(named([word]) == word for word in words) else named([name])
