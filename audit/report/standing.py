"""What the report says of one project: its cost, its share and where it stands, absences named as such."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from audit.report.charts import ProjectBar
    from audit.report.content import Assessed, ProjectLine
    from audit.report.speech import Speech


MATERIAL = Decimal("0.01")  # of the calls: fewer without a cost are counted beside the sums, not in their words


def partly(unknown: int, calls: int) -> bool:
    """Whether so many calls without a known cost make a sum a lower bound."""
    return unknown > calls * MATERIAL


@dataclass(frozen=True, slots=True)
class Spoken:
    """How to say it: in whose words, against which line, and each project's cost as its column has it."""

    speech: Speech
    line: Decimal
    costs: Mapping[str | None, str]

    def cost(self, project: ProjectLine) -> str:
        """Its cost; unknown, or a lower bound, where calls have no price."""
        if not project.cost_known:
            return self.speech.say("line.unknown")
        cost = self.costs[project.project]
        return self.speech.say("numbers.at_least", money=cost) if self._bound(project) else cost

    def sum_of_costs(self, projects: Sequence[ProjectLine], total: str) -> str:
        """What projects cost together: a lower bound where calls have no price."""
        missing, calls = sum(p.unpriced_calls for p in projects), sum(p.calls for p in projects)
        if calls and missing >= calls:
            return self.speech.say("line.unknown")
        return self.speech.say("numbers.at_least", money=total) if partly(missing, calls) else total

    def saving(self, money: Decimal, assessed: Assessed, shown: str | None = None) -> str:
        """What was found to save; a lower bound or nothing known where rules could not judge the larger part."""
        shown = shown or self.speech.money(money)
        if assessed in ("whole", "partly"):
            return shown
        if money > 0:
            return self.speech.say("numbers.at_least", money=shown)
        return self.speech.say("assessed.not" if assessed == "none" else "assessed.in_part")

    def share(self, bar: ProjectBar) -> str:
        """Its share of the expected revenue, told apart from the line however near it is."""
        if bar.state == "unpriced":
            return self.speech.say("line.unknown")
        if bar.project.share is None:
            return "–"
        return ("≥ " if self._bound(bar.project) else "") + self.speech.share(bar.project.share, self.line)

    def standing(self, bar: ProjectBar) -> str:
        """Over by how much, near, under, or why nobody can say."""
        if bar.project.project is None:
            return self.speech.say("standing.nobody")
        key = "standing_at_least" if self._bound(bar.project) else "standing"
        return self.speech.say(f"{key}.{bar.state}", by=self.speech.money(bar.project.over_by))

    @staticmethod
    def _bound(project: ProjectLine) -> bool:
        return partly(project.unpriced_calls, project.calls)
