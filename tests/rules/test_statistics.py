"""What the statistical rules say of a simulated company's year: nothing of quiet months, much of what was planted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from audit import rulebook, window
from audit.records import Month, UsageError
from audit.report import coverage
from audit.settings import Settings
from tests.pricing.priced import store, utc
from tests.simulator.spend import LENGTHS, company
from tests.simulator.spend_year import MONTHS, THREE_SIGMA, alarms, audits, fixed_rules, hits, shipped

if TYPE_CHECKING:
    from pathlib import Path

    from audit.records import Finding
    from tests.simulator.spend import Change, Spend
    from tests.simulator.spend_year import Alarm

PROJECTS = 12
RULES = ("spend_spike", "unit_cost_drift")


@dataclass(frozen=True)
class Year:
    """A company and what the rules told of its months."""

    spend: Spend
    told: list[tuple[Month, Finding]]

    @property
    def alarms(self) -> list[Alarm]:
        return alarms(self.told)

    def found(self, change: Change) -> bool:
        return any(hits(alarm, change) for alarm in self.alarms)


def audited(spend: Spend) -> Year:
    return Year(spend, list(audits(spend, shipped(*RULES))))


@pytest.fixture(scope="module", params=["US", "CN"])
def quiet(request: pytest.FixtureRequest) -> Year:
    """A company in which nothing was planted: growth, weekdays, holidays, monthly jobs and odd days only."""
    return audited(company(7, planted=False, projects=PROJECTS, country=request.param))


@pytest.fixture(scope="module")
def changed() -> Year:
    """A company whose projects spent three times as much on some days, or for each call."""
    return audited(company(7, planted=True, projects=PROJECTS, factors=(3.0,)))


def test_a_quiet_year_raises_next_to_nothing(quiet: Year) -> None:
    assert len(quiet.alarms) <= PROJECTS * len(MONTHS) * 0.03
    assert len(quiet.alarms) * 10 <= sum(alarm.rule == THREE_SIGMA for alarm in fixed_rules(quiet.spend))


def test_no_project_is_told_twice_in_a_quiet_month(quiet: Year) -> None:
    told = [(month, finding.project) for month, finding in quiet.told]
    assert len(set(told)) == len(told)


def test_most_of_what_was_planted_threefold_is_found_and_little_else(changed: Year) -> None:
    assert {change.kind for change in changed.spend.changes} == set(LENGTHS)
    found = [change for change in changed.spend.changes if changed.found(change)]
    assert len(found) >= 0.75 * len(changed.spend.changes)
    fitting = [alarm for alarm in changed.alarms if any(hits(alarm, change) for change in changed.spend.changes)]
    assert len(fitting) >= 0.9 * len(changed.alarms)


def test_every_call_three_times_as_dear_is_a_drift_and_nothing_else_is(changed: Year) -> None:
    raised = [alarm for alarm in changed.alarms if alarm.rule == "unit_cost_drift"]
    drifts = [change for change in changed.spend.changes if change.kind == "drift"]
    assert drifts
    assert [change for change in drifts if not any(hits(alarm, change) for alarm in raised)] == []
    assert [alarm for alarm in raised if not any(hits(alarm, drift) for drift in drifts)] == []


def test_a_spike_is_told_with_the_key_that_carries_it(changed: Year) -> None:
    spikes = [change for change in changed.spend.changes if change.kind in ("spike", "burst")]
    told = [
        finding
        for month, finding in changed.told
        if finding.rule == "spend_spike" and any(hits(alarm, c) for alarm in alarms([(month, finding)]) for c in spikes)
    ]
    named = [finding for finding in told if finding.evidence["carrier_key"]]
    assert told
    assert len(named) >= 0.8 * len(told)


def test_a_month_is_told_the_same_whatever_the_order_of_its_rows(changed: Year) -> None:
    spend = changed.spend
    months = [month for month in MONTHS if any(month == told for told, _ in changed.told)][:1]
    turned = type(spend)(spend.frame.reverse(), spend.changes, spend.country, spend.projects)
    told = list(audits(turned, shipped(*RULES), months))
    assert told
    assert told == [(month, finding) for month, finding in changed.told if month in months]


def test_rules_that_need_a_past_say_so_where_the_logs_have_none() -> None:
    assert unheard("2026-10-05 10:00") == {
        ("spend_spike", "history_days"), ("new_spender", "history_days"), ("unit_cost_drift", "history_days")
    }  # fmt: skip
    assert unheard("2026-10-05 10:00", "2026-09-01 10:00") == {
        ("spend_spike", "history_days"), ("unit_cost_drift", "history_days")
    }  # fmt: skip
    assert unheard("2026-10-05 10:00", "2026-07-01 10:00") == set()


def unheard(*instants: str) -> set[tuple[str, str]]:
    """The rules that hold October against its past and could not judge a source, and what it lacked."""
    rules = shipped("spend_spike", "new_spender", "unit_cost_drift", "red_line", "unpriced")
    settings = Settings.model_validate({"company": {"timezone": "UTC"}})
    call = {"provider": "anthropic", "model": "claude-opus-4-5", "input_tokens": 1000, "output_tokens": 100}
    with store([call | {"started_at": utc(at)} for at in instants], settings) as engine:
        span = window.build(engine, settings, Month(2026, 10), [], 0, asked=window.asked_by(rules))
        return {(gap.rule, gap.missing) for gap in coverage.measure(engine, span, rules).not_assessed}


def test_a_history_is_a_number_of_days(tmp_path: Path) -> None:
    path = tmp_path / "own" / "mine.sql"
    path.parent.mkdir()
    head = (
        '/*\ntitle = "t"\ngrade = "alert"\nbecause = "b"\nfix = "f"\nhistory_days = {}\n*/\nSELECT call_id FROM calls\n'
    )
    path.write_text(head.format(28), encoding="utf-8")
    assert rulebook.read(path).history_days == 28
    path.write_text(head.format('"a month"'), encoding="utf-8")
    with pytest.raises(UsageError, match=r"'history_days' is a whole number from 0 to 365"):
        rulebook.read(path)
