"""The same log by other ways: packed, grown, rotated, in many small files. What is read of it is the same."""

from __future__ import annotations

import gzip
from collections import Counter
from typing import TYPE_CHECKING

import zstandard

from tests.fuzzing.laws import ANCHORS_FROM, Line, Trial, lost

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from random import Random

    from tests.fuzzing.store import Store

Rejects = list[tuple[int | None, str]]
SMALL_FILES = 5


def try_one(chance: Random, trial: Trial, rejects: Rejects) -> None:
    """One of the ways, by chance."""
    chance.choice((_packed, grown, grown, _rotated, _apart))(chance, trial, rejects)


def _packed(chance: Random, trial: Trial, rejects: Rejects) -> None:
    content = trial.content(trial.lines)
    name, pack = chance.choice((("gz", gzip.compress), ("zst", zstandard.ZstdCompressor().compress)))
    _same(trial, f"packed as {name}: ", lambda store: _in(store, trial.file(f"packed.{name}", pack(content))), rejects)


def grown(chance: Random, trial: Trial, rejects: Rejects) -> None:
    """Cut anywhere, read, grown, read again."""
    content = trial.content(trial.lines)
    begin = len(trial.corpus.header) + max(len(line.text) for line in trial.lines[:3])
    cuts = sorted(chance.randrange(min(begin, len(content) - 1), len(content)) for _ in range(chance.choice((1, 2, 4))))

    def read(store: Store) -> None:
        for until in [*cuts, len(content)]:
            _in(store, trial.file("grown.log", content[:until]))

    _same(trial, f"grown by way of {cuts}: ", read, rejects)


def _rotated(chance: Random, trial: Trial, rejects: Rejects) -> None:
    """Read, moved aside, maybe packed, begun anew with the rest. What records of two files tell together is lost."""
    at = chance.randrange(1, len(trial.lines))
    old, new = trial.content(trial.lines[:at]), trial.content(trial.lines[at:])

    def read(store: Store) -> None:
        _in(store, trial.file("log.jsonl", old))
        if chance.random() < 0.5:
            (trial.folder / "log.jsonl").rename(trial.folder / "log.jsonl.1")
        else:
            trial.file("log.jsonl.1.gz", gzip.compress(old))
        moved = next(trial.folder.glob("log.jsonl.1*"))
        _in(store, moved, trial.file("log.jsonl", new))

    if not trial.corpus.session and not trial.corpus.format.looks_back:
        _same(trial, f"rotated after {at} lines: ", read, None)


def _apart(chance: Random, trial: Trial, rejects: Rejects) -> None:
    """Many small files; in a table each has the header. Groups that belong together may come apart: they are not."""
    if trial.corpus.format.looks_back or trial.corpus.columns is not None:
        return
    paths = []
    size = len(trial.lines) // SMALL_FILES + 1
    good = trial.corpus.good_lines(ANCHORS_FROM + SMALL_FILES, first=ANCHORS_FROM)
    for number, group in enumerate(good):
        anchor = [Line(text, good=True) for text in group]
        part = trial.lines[number * size : (number + 1) * size]
        paths.append(trial.file(f"part-{number}", trial.content([*anchor, *part])))
    with trial.store("ways") as store:
        receipts = store.ingest(paths)
        rows = Counter(store.rows(trial.kind))
        told = set(store.rejects())
    for receipt in receipts:
        if receipt.unread:
            trial.fault(f"in small files: one is refused, {receipt.reason}")
    lost(trial, rows, "in small files: ")
    # The same fault at the same line of two files that share a call is told once.
    wanted = {(_within(trial, number, size, good), reason) for number, reason in rejects}
    if told != wanted:
        trial.fault(f"in small files: told besides {list(told - wanted)[:3]}, and not {list(wanted - told)[:3]}")


def _within(trial: Trial, number: int | None, size: int, good: list[list[bytes]]) -> int:
    """The line number, in its small file, of a line of the whole log."""
    file, at = divmod((number or 0) - trial.number(0), size)
    return trial.number(at + len(good[file]))


def _in(store: Store, *paths: Path) -> None:
    for receipt in store.ingest(paths):
        assert not receipt.unread, receipt


def _same(trial: Trial, how: str, read: Callable[[Store], None], rejects: Rejects | None) -> None:
    with trial.store("ways") as store:
        read(store)
        rows, told = Counter(store.rows(trial.kind)), store.rejects()
    lost(trial, rows, how)
    with trial.store() as store:
        more = rows - Counter(store.rows(trial.kind))
    if any(row in trial.wanted for row in more):
        trial.fault(f"{how}a good row is there twice: {next(iter(more))}")
    if rejects is not None and told != rejects:
        less, besides = Counter(rejects) - Counter(told), Counter(told) - Counter(rejects)
        trial.fault(f"{how}told otherwise than at once: not {list(less)[:3]}, but {list(besides)[:3]}")
