"""Planted changes and quiet years under the statistical rules: `make bench-statistics`.

Simulated companies, of seeds that no rule was tuned on: their projects keep weekdays and holidays, grow by nought to
fifteen per cent a month and are noisy, some with monthly jobs or runs at odd days. In one of each two, spend is
multiplied by 1.5, 2 or 3 on one day (spike), three days (burst) or thirty (shift), or each call becomes as much dearer
for sixty days (drift). Every month of the year is audited through the rules' own SQL; beside them stand two fixed rules
that people use now, with the same floor in money.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from typing import TYPE_CHECKING

from tests.simulator.spend import FACTORS, KINDS, company
from tests.simulator.spend_year import MONTHS, THREE_SIGMA, THREE_TIMES, alarms, audits, fixed_rules, hits, shipped

if TYPE_CHECKING:
    from tests.simulator.spend import Spend
    from tests.simulator.spend_year import Alarm

COUNTRIES = ("US", "CN", "DE")
# What each rule is there to find. A drift raises spend too: an alarm of any rule on it is right.
JUDGED = {
    "spend_spike": KINDS[:3],
    "unit_cost_drift": KINDS[3:],
    THREE_TIMES: KINDS[:3],
    THREE_SIGMA: KINDS[:3],
}
HEAD = ("rule", "planted", *(f"found at {factor:g} times" for factor in FACTORS), "right of its alarms", "false alarms")


def said(spend: Spend) -> list[Alarm]:
    """All alarms of a company's year."""
    return alarms(audits(spend, shipped("spend_spike", "unit_cost_drift"))) + fixed_rules(spend)


class Tally:
    """What was planted and what was said of it, over companies."""

    def __init__(self) -> None:
        self.project_months = 0
        self.planted: Counter[tuple[str, float]] = Counter()
        self.found: Counter[tuple[str, str, float]] = Counter()
        self.raised: Counter[str] = Counter()
        self.right: Counter[str] = Counter()
        self.false: Counter[str] = Counter()

    def add(self, quiet: Spend, changed: Spend) -> None:
        """One company, with and without changes."""
        self.project_months += len(quiet.projects) * len(MONTHS)
        self.false.update(alarm.rule for alarm in said(quiet))
        told = said(changed)
        self.raised.update(alarm.rule for alarm in told)
        self.right.update(alarm.rule for alarm in told if any(hits(alarm, change) for change in changed.changes))
        for change in changed.changes:
            self.planted[change.kind, change.factor] += 1
            for rule in {alarm.rule for alarm in told if hits(alarm, change)}:
                self.found[rule, change.kind, change.factor] += 1

    def rows(self) -> list[tuple[str, ...]]:
        """A row a rule and kind of change; what holds for all of a rule's alarms stands in its first."""
        return [
            (
                rule,
                kind,
                *(self._part(rule, kind, factor) for factor in FACTORS),
                f"{self.right[rule] / max(self.raised[rule], 1):.3f}" if kind == kinds[0] else "",
                f"{self.false[rule] / self.project_months:.4f}" if kind == kinds[0] else "",
            )
            for rule, kinds in JUDGED.items()
            for kind in kinds
        ]

    def _part(self, rule: str, kind: str, factor: float) -> str:
        planted = self.planted[kind, factor]
        return f"{self.found[rule, kind, factor] / max(planted, 1):.2f} of {planted}"


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--first", type=int, default=1)
    chosen = parser.parse_args()
    begin, tally = time.perf_counter(), Tally()
    for seed in range(chosen.first, chosen.first + chosen.seeds):
        country = COUNTRIES[seed % len(COUNTRIES)]
        tally.add(*(company(seed, planted=planted, country=country) for planted in (False, True)))
    for row in (HEAD, ("---",) * len(HEAD), *tally.rows()):
        print(f"| {' | '.join(row)} |")
    print(
        f"\nFalse alarms are those of a quiet project in a month, over {tally.project_months:,} of them; "
        f"{tally.planted.total()} changes were planted in as many. {time.perf_counter() - begin:.0f} s."
    )


if __name__ == "__main__":
    main()
