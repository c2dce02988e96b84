"""How often the rules are right: `make bench-accuracy`.

Ten seeds of five companies are simulated with the truth about each call (tests/accuracy), audited by the real program,
and compared rule by rule, by calls and by money. Ends with 1 where a threshold is missed.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING

from tests.accuracy import score
from tests.accuracy.judge import Verdict, judged
from tests.accuracy.mixes import MIXES

if TYPE_CHECKING:
    from collections.abc import Sequence


def print_calls(verdicts: Sequence[Verdict]) -> None:
    """The table of rules that flag calls."""
    print(f"{'rule':22} {'grade':10} {'flagged':>8} {'planted':>8}    by calls          by money")
    print(f"{'':51} precision recall  precision recall")
    for line in score.lines(verdicts):
        # An alert claims no money.
        shown = line.shares[:2] if line.grade == "alert" else line.shares
        figures = "  ".join(f"{share:8.4f}" for share in shown)
        counts = f"{line.tally.flagged:8,} {line.tally.true:8,}"
        print(f"{line.rule:22} {line.grade:10} {counts} {figures}{'' if line.held else '  MISSED'}")
        for kind, calls in sorted(line.tally.wrong_on.items()):
            print(f"{'':24}wrongly flagged: {calls} of {kind}")


def print_subjects(verdicts: Sequence[Verdict]) -> None:
    """The table of rules that tell of subjects, by what was planted."""
    print(f"\n{'told of subjects':22} {'findings':>8} {'right':>7} {'planted':>8} {'told':>6}  precision  recall")
    for rule, (findings, right, planted, heard) in score.told(verdicts).items():
        figures = f"{score.part(right, findings):9.2f} {score.part(heard, planted):7.2f}"
        print(f"{rule:22} {findings:8} {right:7} {planted:8} {heard:6}  {figures}")


def print_clean(verdicts: Sequence[Verdict]) -> None:
    """What the company that wastes nothing was told."""
    clean = [verdict for verdict in verdicts if verdict.mix == score.CLEAN]
    proven = sum(
        tally.flagged
        for verdict in clean
        for rule, tally in verdict.call_rules.items()
        if verdict.grades.get(rule) == "proven"
    )
    most = max((len(alerts) for verdict in clean for alerts in verdict.alerts.values()), default=0)
    print(
        f"\nclean company, {len(clean)} months: {proven} proven flags (0 are asked), "
        f"at most {most} alerts a project and month (1 is asked)"
    )


def print_examples(verdicts: Sequence[Verdict], count: int) -> None:
    """Some calls of each world that a rule missed or invented."""
    for verdict in verdicts if count else []:
        for word, lists in (("missed", verdict.missed), ("invented", verdict.invented)):
            for rule, ids in lists.items():
                if ids and rule in verdict.grades:
                    print(f"{verdict.mix} {verdict.seed}: {rule} {word} {', '.join(ids[:count])}")


def one(world: tuple[str, int, float]) -> Verdict:
    """A world's verdict, in a process of its own."""
    return judged(*world)


def main() -> None:
    """Simulate, audit, compare, print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seeds", type=int, default=10)
    arguments.add_argument("--first", type=int, default=1, help="the first seed")
    arguments.add_argument("--mix", choices=list(MIXES), action="append", help="only these companies")
    arguments.add_argument("--scale", type=float, default=1.0, help="how much traffic, against the usual")
    arguments.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1))
    arguments.add_argument("--examples", type=int, default=0, help="so many calls a rule and world that are wrong")
    given = arguments.parse_args()
    seeds = range(given.first, given.first + given.seeds)
    worlds = [(mix, seed, given.scale) for seed in seeds for mix in given.mix or MIXES]
    begin = time.perf_counter()
    with ProcessPoolExecutor(given.processes, mp_context=get_context("spawn")) as pool:
        verdicts = []
        for verdict in pool.map(one, worlds):
            verdicts.append(verdict)
            print(f"{len(verdicts)} of {len(worlds)}: {verdict.mix}, seed {verdict.seed}", file=sys.stderr)
    calls, seconds = sum(verdict.calls for verdict in verdicts), time.perf_counter() - begin
    companies = len({verdict.mix for verdict in verdicts})
    print(f"{len(worlds)} months of {companies} companies, {calls:,} calls, {seconds:.0f} s\n")
    print_calls(verdicts)
    print_subjects(verdicts)
    print_clean(verdicts)
    print_examples(verdicts, given.examples)
    misses = score.misses(verdicts)
    print("\n" + "\n".join(misses or ["all thresholds hold"]))
    sys.exit(1 if misses else 0)


if __name__ == "__main__":
    main()
