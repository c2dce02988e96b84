"""Who is charged what: shared projects' cost handed out to those who live off them, then mark-ups and discounts.

A project bears what its own calls cost, and its part of every shared project's cost, less what it hands out itself.
Its mark-up or discount is taken of what it bears, so that a cost is marked up once, by who bears it in the end: a
shared project's own factor holds for what stays with it alone, and nobody pays a mark-up on a mark-up.

All amounts are exact to nine decimal digits, and nothing is lost: what is handed out is received to the last digit,
and direct cost and margins add up to what is charged.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction
from typing import TYPE_CHECKING

from audit.sharing import holding, in_order, rules_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from audit.records import Month
    from audit.settings_money import Margin, Shared

DIGITS = 9
_LEAST = Decimal(1).scaleb(-DIGITS)
_ZERO = Decimal(0)
# More digits than a sum of money (38) times a factor can have: nothing is rounded but what is quantized here.
_PRECISION = 90


@dataclass(frozen=True, slots=True)
class Spent:
    """What a project's calls of one team came to in the month; ``cost`` has at most nine decimal digits."""

    project: str | None
    team: str | None
    calls: int
    tokens: int
    cost: Decimal


@dataclass(frozen=True, slots=True)
class Line:
    """What a project is charged; ``received`` is its part of each shared project's cost.

    ``charged`` is ``direct`` and all that was ``received``, less what was ``handed_out``, and the ``margin``, which is
    below zero for a discount. Calls that no project owns make a line without one: nobody takes part of it.
    """

    project: str | None
    direct: Decimal
    received: tuple[tuple[str, Decimal], ...]
    handed_out: Decimal
    margin: Decimal
    charged: Decimal

    @property
    def borne(self) -> Decimal:
        """What the margin is taken of."""
        with localcontext(prec=_PRECISION):
            return self.charged - self.margin


@dataclass(frozen=True, slots=True)
class Stayed:
    """A shared project's cost that nobody took over, for none who should bear it had any of what it is split by."""

    project: str
    cost: Decimal
    by: str

    @property
    def sentence(self) -> str:
        """Why it stays."""
        return f"'{self.project}' keeps its cost: no project that shares it has any {self.by} in this month."


@dataclass(frozen=True, slots=True)
class Chargeback:
    """The month's lines, in order of the projects' names, nobody's last, and the shared costs that stayed."""

    lines: tuple[Line, ...]
    stayed: tuple[Stayed, ...]


def charge(rows: Iterable[Spent], shared: Sequence[Shared], margins: Sequence[Margin], month: Month) -> Chargeback:
    """What each project is charged in a month; raises UsageError where shared projects make a circle."""
    rules = {rule.project: rule for rule in rules_of(shared, month)}
    with localcontext(prec=_PRECISION):
        spent = _Spending(rows)
        received: dict[str, dict[str, Decimal]] = defaultdict(dict)
        handed: dict[str, Decimal] = {}
        stayed: list[Stayed] = []
        for project in in_order(rules.values()):
            bears = spent.direct[project] + sum(received[project].values(), _ZERO)
            parts = split(bears, _weights(rules[project], rules, spent))
            if parts:
                handed[project] = bears
            elif bears:
                stayed.append(Stayed(project, bears, rules[project].by))
            for other, part in parts.items():
                if part:
                    received[other][project] = part
        factors = _factors(margins, month)
        names = spent.names() | {name for name in received if received[name]}
        lines = [_line(name, spent, received[name], handed.get(name, _ZERO), factors) for name in sorted(names)]
        if spent.nobodys:
            direct = sum((row.cost for row in spent.nobodys), _ZERO)
            lines.append(Line(None, direct, (), _ZERO, _ZERO, direct))
    return Chargeback(tuple(lines), tuple(stayed))


class _Spending:
    """The month's rows added up by project."""

    def __init__(self, rows: Iterable[Spent]) -> None:
        self.rows: dict[str, list[Spent]] = defaultdict(list)
        self.nobodys: list[Spent] = []
        self.direct: dict[str, Decimal] = defaultdict(Decimal)
        self.calls: dict[str, int] = defaultdict(int)
        self.tokens: dict[str, int] = defaultdict(int)
        for row in rows:
            if not row.project:
                self.nobodys.append(row)
                continue
            self.rows[row.project].append(row)
            self.direct[row.project] += row.cost
            self.calls[row.project] += row.calls
            self.tokens[row.project] += row.tokens

    def names(self) -> set[str]:
        return set(self.rows)


def _weights(rule: Shared, rules: Mapping[str, Shared], spent: _Spending) -> dict[str, Decimal | int]:
    """By what a shared project's cost is split among whom; its own part of others' cost does not count."""
    if rule.by == "fixed":
        return dict(rule.shares)
    measure: Mapping[str, Decimal | int] = {"calls": spent.calls, "tokens": spent.tokens}.get(rule.by, spent.direct)
    to = rule.to or [name for name in spent.names() if spent.calls[name] and name not in rules]
    return {name: measure.get(name, 0) for name in to}


def split(total: Decimal, weights: Mapping[str, Decimal | int]) -> dict[str, Decimal]:
    """An amount of at most nine digits in parts that add up to it exactly, none without a weight above zero.

    What rounding down leaves goes to the largest remainders, digit by digit; equal ones in order of their names.
    """
    whole = sum((Fraction(weight) for weight in weights.values() if weight > 0), Fraction(0))
    if not whole:
        return {}
    with localcontext(prec=_PRECISION):
        units = int(total.scaleb(DIGITS).to_integral_exact())
        if Decimal(units).scaleb(-DIGITS) != total:
            raise ValueError(f"{total} has more than {DIGITS} decimal digits")
        exact = {name: units * Fraction(weight) / whole for name, weight in weights.items() if weight > 0}
        parts = {name: quota.numerator // quota.denominator for name, quota in exact.items()}
        left = units - sum(parts.values())
        for name in sorted(exact, key=lambda name: (parts[name] - exact[name], name))[:left]:
            parts[name] += 1
        return {name: Decimal(part).scaleb(-DIGITS) for name, part in parts.items()}


def _factors(margins: Sequence[Margin], month: Month) -> tuple[dict[str, Decimal], dict[str, Decimal]]:
    """The factors that hold, by project and by team."""
    rows = holding(margins, month, lambda row: (row.project, row.team))
    by_project = {row.project: row.factor for row in rows if row.project}
    return by_project, {row.team: row.factor for row in rows if row.team}


def _line(
    project: str,
    spent: _Spending,
    received: dict[str, Decimal],
    handed_out: Decimal,
    factors: tuple[dict[str, Decimal], dict[str, Decimal]],
) -> Line:
    direct = spent.direct[project]
    borne = direct + sum(received.values(), _ZERO) - handed_out
    by_project, by_team = factors
    if project in by_project:
        margin = _marked(borne, by_project[project])
    else:
        parts = _by_team(borne, spent.rows[project])
        margin = sum((_marked(part, by_team.get(team, Decimal(1))) for team, part in parts.items()), _ZERO)
    return Line(project, direct, tuple(sorted(received.items())), handed_out, margin, borne + margin)


def _by_team(borne: Decimal, rows: Sequence[Spent]) -> dict[str, Decimal]:
    """What a project bears, told among its teams by what their calls cost, by their number where none cost anything."""
    costs: dict[str, Decimal | int] = defaultdict(Decimal)
    calls: dict[str, Decimal | int] = defaultdict(int)
    for row in rows:
        costs[row.team or ""] += row.cost
        calls[row.team or ""] += row.calls
    return split(borne, costs) or split(borne, calls)


def _marked(amount: Decimal, factor: Decimal) -> Decimal:
    return (amount * (factor - 1)).quantize(_LEAST, ROUND_HALF_EVEN)
