"""What surer findings took of a claim and what was credited of it are the whole claim, whatever flags meet."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import given, settings

from audit.engine.store import open_store
from audit.following import trail
from audit.following.kept import KeptMonth, KeptRule
from audit.inspection import LEDGER
from audit.records import Finding, Month
from audit.settings import Settings
from tests.rules.test_ledger import SHAPE, Flag, flags

OCTOBER = Month(2026, 10)


def held(given_flags: list[Flag]) -> KeptMonth:
    """The month's findings, one a rule, as an audit keeps them."""
    rules = {flag.rule: flag for flag in given_flags}
    turns = sorted(rules, key=lambda name: rules[name].order())
    return KeptMonth(
        OCTOBER,
        "USD",
        tuple(Finding(name, name, "f", rules[name].grade, None, None, "", "", "", 0, None, None) for name in turns),
        {name: KeptRule(name, "f", rules[name].grade, place, "", "", {}) for place, name in enumerate(turns)},
    )


@given(flags())
@settings(max_examples=60, deadline=None)
def test_a_claim_is_what_was_taken_of_it_and_what_was_credited(given_flags: list[Flag]) -> None:
    month = held(given_flags)
    with open_store(Path(":memory:"), Settings()) as engine:
        numbers = {name: number for number, name in enumerate(sorted({flag.call_id for flag in given_flags}))}
        engine.load("flags", SHAPE, [flag.row() | {"number": numbers[flag.call_id]} for flag in given_flags])
        engine.run(LEDGER)
        rows: list[dict[str, Any]] = [{"rule": rule.rule, "place": rule.place} for rule in month.rules.values()]
        engine.load("turns_held", {"rule": "VARCHAR", "place": "INTEGER"}, rows)
        engine.run("INSERT INTO store.rules BY NAME SELECT '2026-10' AS month, * FROM turns_held")
        engine.run(
            "INSERT INTO store.flags SELECT '2026-10', c.rule, c.project, c.subject, 's', c.call_id, c.cost, c.saving, "
            "c.credited, c.evidence FROM credited c"
        )
        for finding in month.findings:
            found = trail.follow(engine, month, finding, 100)
            mine = [flag for flag in given_flags if flag.rule == finding.rule]
            assert found.flagged == len(found.calls) == len(mine)
            claims = [flag.saving for flag in mine if flag.saving is not None]
            assert found.claimed == (sum(claims, Decimal(0)) if claims else None)
            taken = sum((one.amount for one in found.taken), Decimal(0))
            assert (found.claimed or 0) - taken == (found.credited or 0)
            assert all(one.amount > 0 for one in found.taken)
            place = month.rules[finding.rule].place
            assert all(month.rules[one.id].place < place for one in found.taken)
