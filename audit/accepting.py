"""What comes of accepted findings: which hold in a month, which are back and why, which met nothing.

An entry holds from the month ``since`` to the month ``until``. Its finding comes back when it ends, and when it grows:
beyond ``up_to``, or, where that is left out, beyond a quarter more than it was when it was accepted.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from audit.records import Acceptance, Finding, Month, State
from audit.terminal.aligned import shown

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from audit.accepted_file import Accepted, Entry

GROWTH = Decimal("1.25")
_NEAR = 0.8


@dataclass(frozen=True, slots=True)
class Stray:
    """An entry in force that met no finding of the month: what it names was mended, or is misspelt.

    ``near`` is what the name may mean, empty where nothing is like it; ``line`` is where the entry stands.
    """

    finding: str
    by: str
    until: str
    rule_known: bool
    near: str
    file: str
    line: int

    def is_misspelt(self, ever_found: Collection[str]) -> bool:
        """Whether no audit ever found it: what one did find was mended."""
        return self.finding not in ever_found

    @property
    def complaint(self) -> str:
        """What to say of a misspelt one, in a sentence with its file and line."""
        what = "no finding of the month" if self.rule_known else "no rule"
        remedy = f"; did you mean '{self.near}'?" if self.near else "; `audit findings` names them"
        return shown(f"{self.file}, line {self.line}: '{self.finding}' names {what}{remedy}")


def marked(findings: Iterable[Finding], accepted: Sequence[Accepted], month: Month) -> tuple[Finding, ...]:
    """The findings, in their order, with what is accepted of them in a month, or was."""
    begun = _begun(accepted, month)
    return tuple(
        replace(finding, accepted=_standing(begun[finding.id].entry, finding, month))
        if finding.id in begun
        else finding
        for finding in findings
    )


def _begun(accepted: Sequence[Accepted], month: Month) -> dict[str, Accepted]:
    """The entry that counts for each finding: of those that have begun the newest, of two from one month the later."""
    return {one.entry.finding: one for one in sorted(accepted, key=lambda one: one.since) if one.since <= month}


def _standing(entry: Entry, finding: Finding, month: Month) -> Acceptance:
    money = finding.money
    limit = entry.up_to if entry.up_to is not None else None if entry.amount is None else entry.amount * GROWTH
    by_calls = money is None and entry.amount is None and entry.up_to is None
    most = int(entry.calls * GROWTH) if by_calls and entry.calls is not None else None
    grown = (limit is not None and money is not None and money > limit) or (most is not None and finding.calls > most)
    state: State = "ended" if month > Month.parse(entry.until) else "grown" if grown else "held"
    return Acceptance(state, entry.reason, entry.by, entry.since, entry.until, limit, most)


def strays(
    findings: Iterable[Finding], accepted: Sequence[Accepted], month: Month, rules: Collection[str]
) -> tuple[Stray, ...]:
    """The entries in force in a month that met none of its findings; ``rules`` are the ids of all rules there are."""
    ids = [finding.id for finding in findings]
    return tuple(
        Stray(
            finding=name,
            by=one.entry.by,
            until=one.entry.until,
            rule_known=name.partition("/")[0] in rules,
            near=nearest(name, ids, rules),
            file=one.path.name,
            line=one.line,
        )
        for name, one in sorted(_begun(accepted, month).items())
        if name not in ids and month <= one.until
    )


def nearest(name: str, ids: Iterable[str], rules: Collection[str] = ()) -> str:
    """What a name that is no finding's may mean: a finding, else one of the rule next to it; empty where neither is."""
    near = difflib.get_close_matches(name, list(ids), n=1, cutoff=_NEAR)
    if near:
        return near[0]
    rule, slash, rest = name.partition("/")
    right = difflib.get_close_matches(rule, rules, n=1, cutoff=_NEAR) if rule not in rules else []
    return f"{right[0]}{slash}{rest}" if right else ""
