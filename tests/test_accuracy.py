"""The rules against simulated companies whose every call has a truth; `make bench-accuracy` does it in full."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.accuracy import logs, score
from tests.accuracy.judge import OCTOBER, Tally, Verdict, judged
from tests.accuracy.mixes import MIXES, simulate
from tests.accuracy.world import of_month

if TYPE_CHECKING:
    from pathlib import Path

SMALL = 0.3
# What hard negatives of a kind resemble; all others resemble every proven rule.
PROVEN_KINDS = (
    "sampled_side_by_side", "other_project", "after_a_day", "gateway_cache_hit", "unbilled_failure",
    "retry_after_failure", "rate_limited_twice", "refused_once", "filtered_and_not_billed", "fallback_after_failure",
    "cut_off_and_left", "sensor_on_a_beat", "probe_of_a_free_model", "step_repeated_by_design", "output_unknown",
)  # fmt: skip
PROVEN = (
    "duplicate_call", "reembedded_input", "fallback_paid_twice", "failed_billed", "repeated_client_error",
    "empty_output", "filtered_output", "truncated_output", "health_probe",
)  # fmt: skip


@pytest.fixture(scope="module", params=["clean", "document search"])
def verdict(request: pytest.FixtureRequest) -> Verdict:
    return judged(request.param, 1)


def test_every_threshold_holds_in_one_month_of_a_company(verdict: Verdict) -> None:
    assert score.misses([verdict]) == []


def test_prices_by_hand_are_those_of_the_program(verdict: Verdict) -> None:
    assert verdict.calls > 3000
    assert verdict.mispriced == 0


def test_a_rule_that_invents_misses_or_is_not_there_is_told(verdict: Verdict) -> None:
    right = Tally(100, 100, 100, Decimal(5), Decimal(5), Decimal(5))
    held = replace(verdict, mix="other", grades={"some_rule": "proven"}, call_rules={"some_rule": right}, alerts={})
    assert score.misses([held]) == []
    for wrong in (
        replace(right, flagged=102),
        replace(right, true=102),
        replace(right, claimed=Decimal("5.1")),
        replace(right, true_money=Decimal("5.1")),
    ):
        assert score.misses([replace(held, call_rules={"some_rule": wrong})]) == ["some_rule: below what is asked"]
    assert score.misses([replace(held, grades={})]) == ["some_rule: no such rule"]
    noisy = replace(held, mix=score.CLEAN, alerts={"a": ["x", "y"], "b": ["x"]})
    assert len(score.misses([noisy])) == 2


@pytest.mark.parametrize("mix", MIXES)
def test_one_seed_is_one_world_byte_for_byte_and_another_seed_another(mix: str, tmp_path: Path) -> None:
    for name, seed in (("first", 3), ("again", 3), ("other", 4)):
        logs.write(simulate(mix, seed, 0.1), tmp_path / name)
    first, again, other = (
        {path.name: path.read_bytes() for path in sorted((tmp_path / name).rglob("*")) if path.is_file()}
        for name in ("first", "again", "other")
    )
    assert first == again
    assert first["2026-10.jsonl"] != other["2026-10.jsonl"]


@pytest.mark.parametrize("mix", MIXES)
def test_what_is_planted_lies_in_the_month_and_no_hard_negative_is_planted_as_waste(mix: str) -> None:
    world = simulate(mix, 2, SMALL)
    by_id = {call["call_id"]: call for call in world.calls}
    assert len(by_id) == len(world.calls)
    for rule, calls in world.truth.items():
        if rule in PROVEN:
            assert all(of_month(by_id[call_id]) for call_id in calls), rule
    proven = {call_id for rule in PROVEN for call_id in world.truth.get(rule, {})}
    for kind in PROVEN_KINDS:
        assert not proven & set(world.negatives.get(kind, [])), kind
    assert bool(proven) == (mix != score.CLEAN)
    assert str(OCTOBER) == "2026-10"
