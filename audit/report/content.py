"""What a month's report says, as data. Templates print it and compute nothing.

Money is ``Decimal`` in ``Report.currency``; shares are parts of one (0.2 is 20 %).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from audit.accepting import Stray  # noqa: TC001  # a dataclass's fields are read while it runs
from audit.reconcile.result import Reconciled  # noqa: TC001  # the same
from audit.records import Finding, Grade  # noqa: TC001  # the same
from audit.report.accounts import Accounts  # noqa: TC001  # the same
from audit.report.effects import Change  # noqa: TC001  # the same
from audit.report.prompts import Prompts  # noqa: TC001  # the same

Standing = Literal["over", "near", "under", "no_revenue"]
# How much of the money rules could judge: all, most, less than half, or nothing of it.
Assessed = Literal["whole", "partly", "little", "none"]


@dataclass(frozen=True, slots=True)
class ProjectLine:
    """One project against its line. ``project`` is None for calls that nobody owns.

    ``unpriced_calls`` (no known price, or no usage) are in ``calls`` and in no sum of money.
    """

    project: str | None
    owner: str
    calls: int
    cost: Decimal
    previous_cost: Decimal | None
    expected_revenue: Decimal | None
    share: Decimal | None
    line: Decimal
    standing: Standing
    over_by: Decimal
    waste: Decimal
    avoidable: Decimal
    unpriced_calls: int = 0
    waste_assessed: Assessed = "whole"
    avoidable_assessed: Assessed = "whole"

    @property
    def cost_known(self) -> bool:
        """Whether any of its calls has a cost: where none has, its cost is unknown, not zero."""
        return self.calls == 0 or self.unpriced_calls < self.calls


@dataclass(frozen=True, slots=True)
class ModelLine:
    """One model's part of the month."""

    provider: str | None
    model: str | None
    calls: int
    input_tokens: int
    output_tokens: int
    cost: Decimal | None


@dataclass(frozen=True, slots=True)
class DaySpend:
    """One day of the month."""

    day: date
    calls: int
    cost: Decimal


@dataclass(frozen=True, slots=True)
class MonthSpend:
    """One month of the last thirteen."""

    month: str
    calls: int
    cost: Decimal


@dataclass(frozen=True, slots=True)
class GradeTotal:
    """What the findings of one grade come to, and what of that is accepted. ``calls`` counts each call once."""

    grade: Grade
    calls: int
    credited: Decimal
    share: Decimal
    assessed: Assessed = "whole"
    accepted: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One rule of the run: what it is, what it credited, whether it could be run and what part of the spend it saw.

    One that needs nothing of a call, as a rule about pools, says nothing of how much could be judged.
    """

    rule: str
    family: str
    grade: Grade
    title: str
    calls: int
    credited: Decimal | None
    failure: str | None
    assessed: Assessed = "whole"
    assessed_share: Decimal = Decimal(1)
    needs_calls: bool = True
    findings: int = 0


@dataclass(frozen=True, slots=True)
class RejectLine:
    """One reason for which lines could not be read, with the first place it occurred."""

    reason: str
    lines: int
    file: str
    line: int | None


@dataclass(frozen=True, slots=True)
class UnpricedModel:
    """A model without a price."""

    provider: str | None
    model: str | None
    calls: int
    tokens: int


@dataclass(frozen=True, slots=True)
class NotAssessed:
    """A source whose calls, or some of them, a rule could not judge, and the column it misses most.

    ``missing`` is written as the rule's header writes it; ``cost`` is None where no such call has a price.
    """

    rule: str
    source: str
    missing: str
    calls: int
    of: int
    cost: Decimal | None


@dataclass(frozen=True, slots=True)
class Gap:
    """One reason for which a run counts as incomplete; ``reason`` is the program's own sentence, in English."""

    kind: Literal["running", "rule", "rejected", "unpriced", "unread", "cut_off"]
    name: str = ""
    count: int = 0
    of: int = 0
    reason: str = ""

    def __str__(self) -> str:
        """For the terminal and the machine's log."""
        return {
            "running": f"{self.name} has not ended: its cost so far stands against a whole month's revenue",
            "rule": f"rule {self.name} could not be run: {self.reason}",
            "rejected": f"{self.count:,} of {self.of:,} lines could not be read",
            "unpriced": f"{self.count:,} of {self.of:,} calls have no known price",
            "unread": f"{self.name}: {self.reason}",
            "cut_off": f"{self.name}: {self.reason}",
        }[self.kind]


@dataclass(frozen=True, slots=True)
class Assumed:
    """Calls of a source whose price rests on an assumption: the field that would tell is empty.

    They stand together by ``field``, a column of the call record; ``of`` are the source's calls that have a cost.
    """

    source: str
    field: str
    calls: int
    of: int
    cost: Decimal


@dataclass(frozen=True, slots=True)
class Quality:
    """How far the figures can be trusted."""

    files: int
    lines: int
    rejected_lines: int
    rejects: tuple[RejectLine, ...]
    unread_files: tuple[RejectLine, ...]
    unpriced_calls: int
    unpriced_tokens: int
    unpriced: tuple[UnpricedModel, ...]
    unattributed_calls: int
    unattributed_cost: Decimal
    missing_usage_calls: int
    contradicting_calls: int
    linked_calls: int
    linked_sources: tuple[str, ...]
    not_assessed: tuple[NotAssessed, ...]
    assumed: tuple[Assumed, ...]
    incomplete: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class Restated:
    """A closed month that came to other figures than before: the restatement's number, what it was, and why."""

    number: int
    calls_before: int
    spend_before: Decimal
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """The whole report of one month, in the order a reader meets it. Tokens that no call states are None."""

    company: str
    month: str
    first_day: date
    last_day: date
    timezone: str
    language: str
    currency: str
    version: str
    price_source: str
    red_line_share: Decimal
    standing: Standing
    over: tuple[str, ...]
    near: tuple[str, ...]
    calls: int
    input_tokens: int | None
    cache_read_tokens: int | None
    output_tokens: int | None
    spend: Decimal
    previous_spend: Decimal | None
    waste: Decimal
    waste_share: Decimal
    avoidable: Decimal
    hypothesis: Decimal
    grades: tuple[GradeTotal, ...]
    projects: tuple[ProjectLine, ...]
    findings: tuple[Finding, ...]
    alerts: tuple[Finding, ...]
    models: tuple[ModelLine, ...]
    days: tuple[DaySpend, ...]
    months: tuple[MonthSpend, ...]
    rules: tuple[RuleLine, ...]
    quality: Quality
    accounts: Accounts
    reconciled: tuple[Reconciled, ...] = ()
    restated: Restated | None = None
    strays: tuple[Stray, ...] = ()
    change: Change | None = None
    prompts: Prompts | None = None
