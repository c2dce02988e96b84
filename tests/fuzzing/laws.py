"""A trial: good lines among mutated ones in one log, and what must hold of what is read from it."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from tests.fuzzing.mutate import LEAKED, SECRET, mutated
from tests.fuzzing.shapes import any_record
from tests.fuzzing.store import Store
from tests.ingest.shop import formats

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from random import Random

    from tests.fuzzing.corpus import Corpus

BLANK = b" \t\r\n\x0b\x0c"
# A quote that a table leaves open is looked for so many lines further on.
OPEN_QUOTE_LINES = 250
ANCHORS_FROM = 1_000_000
TOLD_ALONE = 4
BUILT_ABOVE = 0.93
_COMMA_TOO_MANY = re.compile(r",(?=\s*[}\]])")
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a trial's log; a good one is not mutated."""

    text: bytes
    good: bool


@dataclass
class Trial:
    """A log of a corpus, its folder, and the faults that were found in how it is read."""

    corpus: Corpus
    folder: Path
    lines: list[Line]
    faults: list[str] = field(default_factory=list)

    def fault(self, what: str) -> None:
        self.faults.append(f"{self.corpus.name}: {what}")

    @property
    def kind(self) -> str:
        return self.corpus.format.kind

    def content(self, lines: Sequence[Line]) -> bytes:
        return self.corpus.header + b"".join(line.text + b"\n" for line in lines)

    def file(self, name: str, content: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content)
        return path

    def store(self, name: str = "fuzzed") -> Store:
        return Store(self.folder / f"{name}.duckdb", formats())

    def number(self, at: int) -> int:
        """The line number of a line of ours."""
        return at + (2 if self.corpus.columns is not None else 1)

    @cached_property
    def wanted(self) -> Counter[str]:
        """What the good lines give where nothing stands between them."""
        path = self.file("good.log", self.content([line for line in self.lines if line.good]))
        with self.store("good") as store:
            (receipt,) = store.ingest([path])
            if receipt.unread or receipt.rejected:
                self.fault(f"the good lines alone are not read: {receipt}")
            return Counter(store.rows(self.kind))


def made(chance: Random, corpus: Corpus, folder: Path, lines: int, share: int = 5) -> Trial:
    """A log of about so many mutated lines, one good group to ``share`` of them, in any order."""
    bad: list[Line] = []
    while len(bad) < lines:
        way = chance.random()
        group = chance.choice(corpus.good).copy(len(bad), "evil")
        seed = chance.choice(group if way < 0.6 else corpus.seeds)
        if way > BUILT_ABOVE and corpus.columns is None:
            seed = any_record(chance, corpus.format)
        text = mutated(chance, seed, corpus.line, table=corpus.columns is not None)
        if corpus.session and not broken(corpus, text):
            continue
        if corpus.columns is not None and text.count(b'"') % 2 and len(bad) % OPEN_QUOTE_LINES:
            text += b'"'
        bad.append(Line(text, good=False))
    groups = [_session(chance, corpus)] if corpus.session else corpus.good_lines(max(4, lines // share))
    return Trial(corpus, folder, _interleaved(chance, groups, bad, good_first=corpus.session or chance.random() < 0.7))


def _session(chance: Random, corpus: Corpus) -> list[bytes]:
    return [corpus.line(record) for record in chance.choice(corpus.good).records]


def _interleaved(chance: Random, groups: list[list[bytes]], bad: list[Line], *, good_first: bool) -> list[Line]:
    """The groups' lines in their order, the bad ones anywhere between; a bad one may be the first."""
    good = [Line(text, good=True) for group in groups for text in group]
    places = [True] * len(good) + [False] * len(bad)
    chance.shuffle(places)
    good_ones, bad_ones = iter(good), iter(bad)
    mixed = [next(good_ones) if is_good else next(bad_ones) for is_good in places]
    return [*good[:1], *(line for line in mixed if line is not good[0])] if good_first else mixed


def broken(corpus: Corpus, text: bytes) -> bool:
    """Whether a line of JSON can be read by nobody: it is no object, and no record of the format lies in it."""
    if corpus.columns is not None:
        return False
    try:
        # Where a file is rewritten, a return is white space anywhere; a comma too many is read by the engine.
        whole = json.loads(_COMMA_TOO_MANY.sub("", text.strip(BLANK).decode().replace("\r", " ")))
    except ValueError:
        whole = None
    except RecursionError:
        return False  # the engine goes deeper than we can
    return not isinstance(whole, dict) and not _holds(corpus, text)


def _holds(corpus: Corpus, text: bytes) -> bool:
    told = text.decode("utf-8", "surrogateescape")
    at = told.find("{")
    while at >= 0:
        try:
            value, _ = _DECODER.raw_decode(told, at)
        except ValueError:
            value = None
        except RecursionError:
            return True
        if isinstance(value, dict) and corpus.format.knows(value):
            return True
        at = told.find("{", at + 1)
    return False


def hold(trial: Trial) -> list[tuple[int | None, str]]:
    """Read the log and hold it against the laws; returns the rejects."""
    path = trial.file("fuzzed.log", trial.content(trial.lines))
    with trial.store() as store:
        (receipt,) = store.ingest([path])
    with trial.store() as store:  # it opens again
        rows, rejects, told = Counter(store.rows(trial.kind)), store.rejects(), store.holding(LEAKED)
    if receipt.unread or receipt.format != trial.corpus.format.name:
        trial.fault(f"the file is not read as what it is: {receipt.format} {receipt.reason}")
        return rejects
    lost(trial, rows)
    if receipt.rejected != len(rejects):
        trial.fault(f"{receipt.rejected} rejects are told and {len(rejects)} are kept")
    _placed(trial, rejects)
    for row in told:
        trial.fault(f"a secret is in the store: {_around(row)}")
    leak = re.search(LEAKED.encode(), (trial.folder / "fuzzed.duckdb").read_bytes())
    if leak and not told:
        trial.fault(f"a secret is in the store's file: {leak.string[max(0, leak.start() - 60) : leak.end() + 60]!r}")
    return rejects


def lost(trial: Trial, rows: Counter[str], how: str = "") -> None:
    """Each call of a good line is there, with exactly its values."""
    missing = trial.wanted - rows
    if missing:
        one = next(iter(missing))
        near = [row for row in rows if row[:30] == one[:30]][:1]
        trial.fault(f"{how}{missing.total()} good rows are lost or changed, as {one}; there is {near}")


def _placed(trial: Trial, rejects: list[tuple[int | None, str]]) -> None:
    """Rejects stand at lines that are not good; a line that nobody can read is among them."""
    at = {number for number, _ in rejects}
    for index, line in enumerate(trial.lines):
        number = trial.number(index)
        if line.good:
            if number in at:
                reason = next(reason for line_, reason in rejects if line_ == number)
                trial.fault(f"the good line {number} is rejected, {reason}: {line.text[:300]!r}")
        elif number not in at and line.text.strip(BLANK) and broken(trial.corpus, line.text):
            trial.fault(
                f"line {number}, that nobody can read, is not told: {line.text[:300]!r} ... {line.text[-300:]!r}"
            )
    beyond = at - set(range(trial.number(0), trial.number(len(trial.lines)))) - {None}
    if beyond:
        trial.fault(f"rejects at lines that the log has not: {sorted(map(str, beyond))[:5]}")


def alone(chance: Random, trial: Trial, rejects: list[tuple[int | None, str]], sample: int) -> int:
    """Some mutated lines, each in a log of its own beside a good group, do what they did among the others.

    Returns how many were tried. Where records are read in the light of those before them, none are.
    """
    bad = [
        at
        for at, line in enumerate(trial.lines)
        if not line.good and line.text.strip(BLANK) and b"\r" not in line.text and _told_alike(trial.corpus, line.text)
    ]
    told = {number for number, _ in rejects}
    # A file with a reject costs a hundred times what others cost, that are read together.
    silent, rejected_ = ([at for at in bad if (trial.number(at) in told) == is_told] for is_told in (False, True))
    chosen = sorted(
        chance.sample(silent, min(sample, len(silent))) + chance.sample(rejected_, min(TOLD_ALONE, len(rejected_)))
    )
    if trial.corpus.format.looks_back or not chosen:
        return 0
    groups = [
        [Line(text, good=True) for text in group]
        for group in trial.corpus.good_lines(ANCHORS_FROM + len(chosen), first=ANCHORS_FROM)
    ]
    paths = {
        at: trial.file(f"alone-{at}", trial.content([*group, trial.lines[at]]))
        for at, group in zip(chosen, groups, strict=True)
    }
    anchors = trial.file("anchors", trial.content([line for group in groups for line in group]))
    with trial.store("anchors") as store:
        store.ingest([anchors])
        anchoring = set(store.rows(trial.kind))
    with trial.store("alone") as store:
        receipts = {receipt.path: receipt for receipt in store.ingest(list(paths.values()))}
        given = store.rows_by_file(trial.kind)
    with trial.store() as store:
        among = store.rows_by_file(trial.kind)[str(trial.folder / "fuzzed.log")]
    ids, rows = {one for one, _ in among}, {row for _, row in among}
    rejected = Counter(number for number, _ in rejects)
    for at, path in paths.items():
        receipt, number, text = receipts[path], trial.number(at), trial.lines[at].text
        if receipt.format not in (None, trial.corpus.format.name):
            continue  # half of so short a log is another's
        if receipt.unread:
            trial.fault(f"good lines and this one are refused, {receipt.reason}: {text[:300]!r}")
        elif receipt.rejected != rejected[number]:
            told_so = f"{rejected[number]} rejects among others and {receipt.rejected} alone"
            trial.fault(f"line {number} has {told_so}: {text[:600]!r}")
        for one, row in given.get(str(path), []):
            # A call that several lines state is what the last of them says.
            alone_states = one not in ids or trial.kind == "bills" or _one_line_names(trial, one)
            if row not in rows and row not in anchoring and alone_states:
                trial.fault(f"line {number} gives alone, and not among others, {row}: {text[:600]!r}")
    return len(chosen)


def _one_line_names(trial: Trial, one: str) -> bool:
    return "-evil" in one and sum(one.encode() in line.text for line in trial.lines) == 1


def _told_alike(corpus: Corpus, text: bytes) -> bool:
    """A table's encoding is told by all of it: a byte that is no UTF-8 may be a letter in a short one.

    And a quote that the last line leaves open ends with the file.
    """
    if corpus.columns is None:
        return True
    try:
        list(csv.reader([text.decode()], strict=True))
    except (UnicodeDecodeError, csv.Error):
        return False
    return True


def _around(row: str) -> str:
    at = row.find(SECRET)
    return f"{row.split(':', 1)[0]}: ...{row[max(0, at - 60) : at + 60]}..."
