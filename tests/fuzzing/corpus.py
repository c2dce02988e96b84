"""What is fuzzed: the records of each format's own cases, and good ones that can be told from all others."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlglot
from sqlglot import exp

from audit import formatcases
from tests.fuzzing.store import Store
from tests.ingest.shop import formats

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from audit.formatbook import Format

# What a bill's line is known by where it has no id: any of these tells one copy from another.
_ABOUT = ("bill_id", "project", "model", "line_item", "user_id", "api_key", "sub_account")
CANDIDATES = 5
COPIES = 3
# Logs of one session each, whose records hang on all before them.
SESSIONS = {"codex"}
# Added to a number which is an id: good records, broken ones and those of the cases must not meet.
GOOD_FROM, EVIL_FROM = 20_000_000, 5_000_000


@dataclass(frozen=True, slots=True)
class Case:
    """A case's records, how many of them are rejected, and how many rows they give."""

    records: list[dict[str, Any]]
    rejected: int
    rows: int


@dataclass(frozen=True, slots=True)
class Group:
    """Records that belong together, and the names of the fields that tell a copy of them from another."""

    records: tuple[dict[str, Any], ...]
    names: frozenset[str]

    def copy(self, number: int, word: str = "okay") -> list[dict[str, Any]]:
        """The records under ids of their own."""
        found = {old for record in self.records for old in _under(record, self.names)}
        add = number + (EVIL_FROM if word == "evil" else GOOD_FROM)
        new = {old: _other(old, add, word, number) for old in found}
        return [_swapped(record, new) for record in self.records]


@dataclass(frozen=True, slots=True)
class Corpus:
    """One kind of file of a format: its lines' shape, good groups, and what broken lines are made from.

    ``columns`` are a table's header; None for JSON lines. ``session`` says that records hang on all before them, as
    an agent's do: then what stands between must be no record at all.
    """

    format: Format
    columns: tuple[str, ...] | None
    good: tuple[Group, ...]
    seeds: tuple[dict[str, Any], ...]
    session: bool

    @property
    def name(self) -> str:
        return self.format.name if self.columns is None else f"{self.format.name}.csv"

    def line(self, record: dict[str, Any]) -> bytes:
        """A record as the line of a log."""
        if self.columns is None:
            return json.dumps(record).encode()
        out = io.StringIO()
        csv.writer(out, lineterminator="").writerow([record.get(name, "") for name in self.columns])
        return out.getvalue().encode("utf-8", "surrogatepass")

    @property
    def header(self) -> bytes:
        return b"" if self.columns is None else self.line({name: name for name in self.columns}) + b"\n"

    def good_lines(self, until: int, first: int = 1) -> list[list[bytes]]:
        """Groups of good lines, each unlike any other and the same for the same number."""
        return [
            [self.line(record) for record in self.good[number % len(self.good)].copy(number)]
            for number in range(first, until)
        ]


def corpora(folder: Path, names: Sequence[str] = (), most_cases: int = 100) -> tuple[list[Corpus], list[str]]:
    """The corpora of formats, and those whose cases give no good line. ``folder`` is for a store of its own."""
    kinds = [
        (form, columns, cases[:most_cases])
        for form in formats().values()
        if not names or form.name in names
        for columns, cases in _kinds(form).items()
    ]
    groups: dict[str, tuple[int, Case, Group]] = {}
    for number, (form, columns, cases) in enumerate(kinds):
        shape = Corpus(form, columns, (), (), session=False)
        for case in (case for case in cases if not case.rejected and case.rows and form.name not in SESSIONS):
            for candidate in _candidates(form, columns, case.records):
                group = Group(tuple(case.records), candidate)
                groups[_tried(folder, shape, group, len(groups))] = number, case, group
    made: list[Corpus] = []
    useless: list[Corpus] = []
    given = _given(folder, [f"{place}-{copies}" for place in groups for copies in (1, COPIES)])
    for number, (form, columns, cases) in enumerate(kinds):
        good = {
            id(case): group
            for place, (at, case, group) in reversed(groups.items())
            if at == number and (given[f"{place}-1"], given[f"{place}-{COPIES}"]) == (case.rows, COPIES * case.rows)
        }
        session = form.name in SESSIONS
        if session:
            good = {id(case): Group(tuple(case.records), frozenset()) for case in cases if not case.rejected}
        seeds = tuple(record for case in cases for record in case.records)
        corpus = Corpus(form, columns, tuple(good.values()), seeds, session)
        (made if good else useless).append(corpus)
    return made, [corpus.name for corpus in useless]


def _tried(folder: Path, shape: Corpus, group: Group, number: int) -> str:
    """Write one copy of a group, and several; no two files have a copy in common."""
    for copies in (1, COPIES):
        first = number * 2 * COPIES + (0 if copies == 1 else COPIES)
        lines = [shape.line(one) for copy in range(copies) for one in group.copy(first + copy)]
        (folder / f"{number}-{copies}").write_bytes(shape.header + b"\n".join(lines) + b"\n")
    return str(number)


def _given(folder: Path, names: list[str]) -> dict[str, int]:
    """How many different calls or bills each file gave; -1 for one that was refused or gave a reject.

    What is not told apart by its id is one call in all files, and so is in few of them.
    """
    with Store(folder / "corpus.duckdb", formats()) as store:
        receipts = store.ingest([folder / name for name in names])
        given = dict.fromkeys(names, 0)
        for kind in ("calls", "bills"):
            for path, rows in store.rows_by_file(kind).items():
                given[path.rsplit("/", 1)[1]] += len({one if kind == "calls" else row for one, row in rows})
    return given | {Path(receipt.path).name: -1 for receipt in receipts if receipt.unread or receipt.rejected}


def _kinds(form: Format) -> dict[tuple[str, ...] | None, list[Case]]:
    """The format's cases by the kind of file they are: JSON lines, or a table of some columns."""
    kinds: dict[tuple[str, ...] | None, list[Case]] = {}
    for case in formatcases._cases(form.path):  # noqa: SLF001 the cases as their runner has them
        columns, records = _parsed(formatcases._text(case), form)  # noqa: SLF001 the same
        if records and form.kind in case:
            rows = len(case[form.kind] or [])
            kinds.setdefault(columns, []).append(Case(records, int(case.get("rejected", 0)), rows))
    tables = [columns for columns in kinds if columns is not None]
    if "csv" in form.holds and None in kinds and (not tables or form.name == "native"):
        flat = [case for case in kinds[None] if not any(map(_is_nested, case.records))]
        kinds[tuple(dict.fromkeys(name for case in flat for record in case.records for name in record))] = flat
    return kinds


def _is_nested(record: dict[str, Any]) -> bool:
    return any(isinstance(value, dict | list) for value in record.values())


def _parsed(text: str, form: Format) -> tuple[tuple[str, ...] | None, list[dict[str, Any]]]:
    try:
        records = [json.loads(line) for line in text.splitlines() if line.strip()]
    except ValueError:
        if "csv" not in form.holds or text.lstrip().startswith(("{", "[")):
            return None, []  # a pretty-printed file, or one that is broken as its case wants it
        header, *rows = csv.reader(io.StringIO(text), delimiter=max(",;\t", key=text.splitlines()[0].count))
        return tuple(header), [dict(zip(header, row, strict=True)) for row in rows if len(row) == len(header)]
    return None, [record for record in records if isinstance(record, dict)]


def _candidates(form: Format, columns: tuple[str, ...] | None, records: list[dict[str, Any]]) -> list[frozenset[str]]:
    """Names of fields that a record's identity is made from, texts first; each alone, then all texts together."""
    tree = sqlglot.parse_one(form.select, dialect="duckdb")
    given = {one.alias_or_name: one for one in tree.selects} if isinstance(tree, exp.Select) else {}
    wanted = ("call_id",) if form.kind == "calls" else _ABOUT
    used = dict.fromkeys(column.name for name in wanted if name in given for column in given[name].find_all(exp.Column))
    fields = {one.name: one for one in form.fields}
    told: dict[str, bool] = {}
    for name in used:
        if name in fields:
            last = fields[name].path.removeprefix("*.") if columns is not None else fields[name].steps[-1].text
            values = [value for record in records for value in _under(record, frozenset([last]))]
            if values:
                told[last] = all(isinstance(value, str) for value in values)
    texts = [name for name, text in told.items() if text]
    order = [*texts, *(name for name in told if name not in texts)][:CANDIDATES]
    return [frozenset([name]) for name in order] + ([frozenset(texts)] if len(texts) > 1 else [])


def _under(value: Any, names: frozenset[str]) -> Iterator[str | int]:
    """The plain values that lie under some names, in lists of pairs and in texts of JSON too."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in names or (name == "value" and str(value.get("key")) in names):
                yield from _plain(inner)
            yield from _under(inner, names)
    elif isinstance(value, list):
        for inner in value:
            yield from _under(inner, names)
    elif (inside := _inside(value)) is not None:
        yield from _under(inside, names)


def _plain(value: Any) -> Iterator[str | int]:
    if isinstance(value, dict):
        value = value.get("stringValue")
    if (isinstance(value, str) and value and not _is_instant(value)) or (
        isinstance(value, int) and not isinstance(value, bool)
    ):
        yield value


def _is_instant(text: str) -> bool:
    return re.match(r"\d{4}-\d\d-\d\d", text) is not None or re.fullmatch(r"20\d{6}", text) is not None


def _other(old: str | int, add: int, word: str, number: int) -> str | int:
    if isinstance(old, int):
        return old + add
    return str(int(old) + add) if re.fullmatch(r"\d{1,15}", old) else f"{old}-{word}{number}"


def _swapped(value: Any, new: dict[str | int, str | int]) -> Any:
    if isinstance(value, dict):
        return {name: _swapped(inner, new) for name, inner in value.items()}
    if isinstance(value, list):
        return [_swapped(inner, new) for inner in value]
    if isinstance(value, str | int) and not isinstance(value, bool) and value in new:
        return new[value]
    if (inside := _inside(value)) is not None:
        return json.dumps(_swapped(inside, new), separators=(",", ":"))
    return value


def _inside(value: Any) -> Any:
    """The object or list that a text holds as JSON; None where it holds none."""
    if not isinstance(value, str) or value[:1] not in ("{", "["):
        return None
    try:
        return json.loads(value)
    except ValueError:
        return None
