"""What is asked of the rules, and whether verdicts hold it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.accuracy.judge import Tally, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

# Precision and recall that are asked of a grade, by calls and by money; a hypothesis may miss what it likes.
ASKED = {"proven": (0.99, 0.99), "avoidable": (0.97, 0.95), "hypothesis": (0.9, 0.0)}
# A rule that something was planted for and that does not exist has no grade.
MISSING = "missing"
ORDER = (*ASKED, "alert", MISSING)
CLEAN = "clean"
ALERTS_A_PROJECT = 1


@dataclass(frozen=True, slots=True)
class Line:
    """One rule over all worlds: precision and recall by calls, then by money, and whether they hold."""

    rule: str
    grade: str
    tally: Tally
    shares: tuple[float, float, float, float]
    held: bool


def part(some: Decimal | int, whole: Decimal | int) -> float:
    """A share; of nothing, all is right."""
    return float(some / whole) if whole else 1.0


def shares(tally: Tally) -> tuple[float, float, float, float]:
    """Precision and recall by calls, then by money."""
    return (
        part(tally.right, tally.flagged),
        part(tally.right, tally.true),
        part(tally.right_money, tally.claimed),
        part(tally.right_money, tally.true_money),
    )


def lines(verdicts: Sequence[Verdict]) -> list[Line]:
    """A line a rule that flags calls, the surest grades first."""
    grades = {rule: grade for verdict in verdicts for rule, grade in verdict.grades.items()}
    whole: dict[str, Tally] = defaultdict(Tally)
    for verdict in verdicts:
        for rule, tally in verdict.call_rules.items():
            whole[rule].add(tally)
    found = []
    for rule in sorted(whole, key=lambda name: (ORDER.index(grades.get(name, MISSING)), name)):
        grade, of_rule = grades.get(rule, MISSING), shares(whole[rule])
        asked = ASKED.get(grade, (0.0, 0.0)) * 2
        held = grade != MISSING and all(share >= least for share, least in zip(of_rule, asked, strict=True))
        found.append(Line(rule, grade, whole[rule], of_rule, held))
    return found


def told(verdicts: Sequence[Verdict]) -> dict[str, tuple[int, int, int, int]]:
    """Each rule of subjects over all worlds: findings, of them right, events planted, of them told."""
    whole: dict[str, tuple[int, int, int, int]] = {}
    for verdict in verdicts:
        for rule, (findings, right, planted, heard) in verdict.events.items():
            had = whole.get(rule, (0, 0, 0, 0))
            whole[rule] = (had[0] + findings, had[1] + right, had[2] + planted, had[3] + heard)
    return dict(sorted(whole.items()))


def misses(verdicts: Sequence[Verdict]) -> list[str]:
    """Every threshold that does not hold, as a sentence."""
    found = [
        f"{line.rule}: " + ("no such rule" if line.grade == MISSING else "below what is asked")
        for line in lines(verdicts)
        if not line.held
    ]
    for verdict in verdicts:
        where = f"{verdict.mix}, seed {verdict.seed}"
        found += [f"{where}: {failure}" for failure in verdict.failures]
        if verdict.mispriced:
            found.append(f"{where}: {verdict.mispriced} calls cost other than by hand")
        if verdict.mix == CLEAN:
            found += [f"{where}: {sentence}" for sentence in disturbed(verdict)]
    return found


def disturbed(verdict: Verdict) -> list[str]:
    """What a clean month should not have been told: proven waste, or more than one alert a project."""
    found = [
        f"{rule} flags {tally.flagged} calls"
        for rule, tally in verdict.call_rules.items()
        if verdict.grades.get(rule) == "proven" and tally.flagged
    ]
    return found + [
        f"{project or 'no project'} has {len(alerts)} alerts: {', '.join(alerts)}"
        for project, alerts in verdict.alerts.items()
        if len(alerts) > ALERTS_A_PROJECT
    ]
