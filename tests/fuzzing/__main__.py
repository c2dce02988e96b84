"""Fuzz every format: ``python -m tests.fuzzing [--lines 1000000] [--seed 1] [--formats litellm native]``.

Ends with 1 where a law did not hold; each fault is printed with its line, and its log is kept in ``--keep``.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
import traceback
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import Progress

from tests.fuzzing import laws, ways
from tests.fuzzing.corpus import Corpus, corpora

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LOG_LINES = 5_000
SESSION_LINES = 400
ALONE_SHARE = 60
FAULTS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Task:
    """One log to be made and read. Its seed makes it again."""

    corpus: Corpus
    lines: int
    seed: str
    keep: Path | None


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a log: lines tried, in the log and alone, those that were told, and the faults."""

    name: str
    seed: str
    lines: int
    rejected: int
    alone: int
    faults: list[str]


def run(task: Task) -> Done:
    """Try one log in a folder of its own. Whatever is raised is a fault."""
    chance = Random(task.seed)
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        trial = laws.made(chance, task.corpus, Path(folder), task.lines)
        rejects: list[tuple[int | None, str]] = []
        alone = 0
        try:
            rejects = laws.hold(trial)
            if not any("not read as what it is" in fault for fault in trial.faults):
                alone = laws.alone(chance, trial, rejects, max(5, task.lines // ALONE_SHARE))
                ways.try_one(chance, trial, rejects)
        except Exception:  # noqa: BLE001 that nothing is raised is the first law
            trial.fault(f"it raises {traceback.format_exc(limit=-4)}")
        if trial.faults and task.keep:
            task.keep.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(Path(folder) / "fuzzed.log", task.keep / f"{task.corpus.name}-{task.seed}.log")
    bad = sum(not line.good for line in trial.lines)
    return Done(task.corpus.name, task.seed, bad, len(rejects), alone, trial.faults)


def tasks(made: Sequence[Corpus], lines: int, seed: int, keep: Path | None) -> Iterator[Task]:
    """As many logs as give so many mutated lines, the formats in turn."""
    left, turn = lines, 0
    while left > 0:
        for corpus in made:
            size = min(SESSION_LINES if corpus.session else LOG_LINES, max(left, 50), max(50, lines // len(made)))
            yield Task(corpus, size, f"{seed}-{turn}", keep)
            left -= size
            if left <= 0:
                return
        turn += 1


def main() -> int:
    """Read the options, fuzz, tell."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzzing", description=__doc__)
    parser.add_argument("--lines", type=int, default=1_000_000, help="mutated lines over all formats")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="the seed of all chance")
    parser.add_argument("--formats", nargs="*", default=[], help="these alone")
    parser.add_argument("--processes", type=int, default=2, help="how many logs are read at once")
    parser.add_argument("--keep", type=Path, help="a folder for the logs with a fault")
    options = parser.parse_args()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        made, useless = corpora(Path(folder), options.formats)
    say = Console().print
    say(f"seed {options.seed}: {len(made)} kinds of logs" + (f"; no good line for {useless}" if useless else ""))
    total: dict[str, list[Done]] = {}
    with (
        Progress(console=Console(stderr=True), disable=not sys.stderr.isatty()) as progress,
        ProcessPoolExecutor(options.processes) as pool,
    ):
        line = progress.add_task("mutated lines", total=options.lines)
        ahead = [pool.submit(run, task) for task in tasks(made, options.lines, options.seed, options.keep)]
        for future in as_completed(ahead):
            done = future.result()
            total.setdefault(done.name, []).append(done)
            progress.advance(line, done.lines)
            for fault in done.faults[:FAULTS_SHOWN]:
                say(f"[{done.seed}] {fault[:1500]}", markup=False, highlight=False, soft_wrap=True)
    everything = [done for each in total.values() for done in each]
    for name, each in sorted(total.items()):
        lines, told, wrong = (
            sum(part) for part in zip(*((d.lines, d.rejected, len(d.faults)) for d in each), strict=True)
        )
        say(f"{name:32} {lines:9,} lines {told:9,} told {wrong:4} faults")
    faults = sum(len(done.faults) for done in everything)
    say(
        f"{sum(d.lines for d in everything):,} mutated lines, {sum(d.rejected for d in everything):,} told as rejects, "
        f"{sum(d.alone for d in everything):,} read alone too, in {time.monotonic() - begun:.0f} s: {faults} faults"
    )
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
