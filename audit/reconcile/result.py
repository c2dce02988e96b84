"""What a reconciliation says, as data: a report shows it and computes nothing.

Money is ``Decimal`` in the bill's own currency. ``billed - computed`` is ``difference``, which is the sum of the parts'
money and, where the bill does not agree, of the reasons' money, to the last digit.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime  # a dataclass's fields are read while it runs
from decimal import Decimal
from typing import Literal

# What becomes of one cell of the comparison. `money_apart` is where the bill states no usage that would tell more.
Kind = Literal[
    "matched", "not_logged", "not_billed", "price_apart", "usage_apart", "money_apart", "not_for_calls"
]  # fmt: skip
KINDS: tuple[Kind, ...] = (
    "matched", "not_logged", "not_billed", "price_apart", "usage_apart", "money_apart", "not_for_calls",
)  # fmt: skip
Dimension = Literal["day", "model", "project", "api_key", "service_tier"]


@dataclass(frozen=True, slots=True)
class Part:
    """All that became of one kind; ``money`` is its part of the difference, billed less computed.

    Usage that the bill does not state is None. Days, models, projects and keys are those that were told apart.
    """

    kind: Kind
    billed: Decimal
    computed: Decimal
    money: Decimal
    lines: int
    calls: int
    requests: int | None
    billed_input_tokens: int | None
    billed_output_tokens: int | None
    input_tokens: int
    output_tokens: int
    days: tuple[date, ...] = ()
    models: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    api_keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reason:
    """Why some of the difference is there: its part of the money, and the sentence in the report's language.

    ``certain`` is said only of what the arithmetic itself proves; all else is likely.
    """

    kind: str
    certain: bool
    money: Decimal
    says: str


@dataclass(frozen=True, slots=True)
class Compared:
    """One model's, or one day's, line: both sides beside each other."""

    name: str
    billed: Decimal
    computed: Decimal
    money: Decimal
    lines: int
    calls: int


@dataclass(frozen=True, slots=True)
class Reconciled:
    """One bill report (source, provider, currency) against the calls that it is for.

    ``period_start`` and ``period_end`` (UTC, exclusive) are where the bill's own month lies: calls of that time are
    compared, wherever the company's month begins. ``billed`` is None for a report of usage alone, and so is
    ``currency``. ``dimensions`` are those that both sides could be compared by. ``usage_source`` is the report that
    gave the usage beside the money; ``beside`` are others about the same provider and time, never added to this one.
    """

    source: str
    provider: str
    currency: str | None
    first_day: date
    last_day: date
    period_start: datetime
    period_end: datetime
    dimensions: tuple[Dimension, ...]
    usage_source: str | None
    beside: tuple[str, ...]
    billed: Decimal | None
    computed: Decimal | None
    difference: Decimal | None
    lines: int
    calls: int
    says: str
    parts: tuple[Part, ...]
    reasons: tuple[Reason, ...]
    notes: tuple[str, ...]
    models: tuple[Compared, ...]
    days: tuple[Compared, ...]

    @property
    def agrees(self) -> bool:
        """Whether every line of the bill, and every call, has its match."""
        return all(part.kind == "matched" for part in self.parts)
