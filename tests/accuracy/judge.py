"""The real program over a world, and what it flagged beside the truth."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from audit import history, intake, month, places, rulebook
from audit.engine.store import open_store
from audit.pricing.money import Rates
from audit.records import Grade, Month
from audit.settings_file import load
from tests.accuracy import logs, prices
from tests.accuracy.mixes import simulate
from tests.accuracy.world import of_month

if TYPE_CHECKING:
    from audit.records import Finding
    from tests.accuracy.world import Event, World

OCTOBER = Month(2026, 10)
NOTHING = Decimal(0)
Money = dict[str, Decimal]


@dataclass(slots=True)
class Tally:
    """One rule's calls and money: flagged, of them right, and what should have been."""

    flagged: int = 0
    right: int = 0
    true: int = 0
    claimed: Decimal = NOTHING
    right_money: Decimal = NOTHING
    true_money: Decimal = NOTHING
    wrong_on: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, other: Tally) -> None:
        """Another world's tally into this one."""
        for name in ("flagged", "right", "true", "claimed", "right_money", "true_money"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for kind, calls in other.wrong_on.items():
            self.wrong_on[kind] += calls


@dataclass(slots=True)
class Verdict:
    """What one world's audit did: a tally a call rule, events told and missed, alerts a project, broken rules."""

    mix: str
    seed: int
    grades: dict[str, str]
    call_rules: dict[str, Tally]
    missed: dict[str, list[str]]
    invented: dict[str, list[str]]
    events: dict[str, tuple[int, int, int, int]]
    alerts: dict[str | None, list[str]]
    failures: list[str]
    mispriced: int
    calls: int


@dataclass(frozen=True, slots=True)
class Found:
    """What the audit left: each call's cost and claims, its findings, its rules and those that broke."""

    costs: Money
    claims: dict[str, dict[str, Decimal]]
    findings: tuple[Finding, ...]
    grades: dict[str, str]
    failures: list[str]


def audited(world: World, folder: Path) -> Found:
    """Write the world, and audit its October as the command does."""
    logs.write(world, folder)
    settings = load(folder / "audit.toml")
    with open_store(settings.paths.store, settings) as engine:
        intake.take_in(engine, settings, list(settings.paths.logs), intake.Silence())
        assert history.months_with_calls(engine, settings.zone)
        rates = Rates.of(engine, settings, anew=None)
        report = month.audit_month(
            engine, settings, OCTOBER, intake.Silence(), rates=rates, rules=month.rules_of(settings)
        ).report
        costs = dict(engine.rows("SELECT call_id, cost FROM priced"))
        claims: dict[str, dict[str, Decimal]] = defaultdict(dict)
        for rule, call_id, saving in engine.rows("SELECT rule, call_id, saving FROM credited"):
            claims[rule][call_id] = saving or NOTHING
    rules, broken = rulebook.load([places.rules()], {})
    found = (*report.findings, *report.alerts)
    return Found(
        {key: value or NOTHING for key, value in costs.items()},
        claims,
        found,
        {rule.id: str(rule.grade) for rule in rules},
        [f"{failed.id}: {failed.reason}" for failed in broken]
        + [f"{gap.name}: {gap.reason}" for gap in report.quality.incomplete],
    )


def judged(mix: str, seed: int, scale: float = 1.0) -> Verdict:
    """Simulate, audit, compare."""
    world = simulate(mix, seed, scale)
    with tempfile.TemporaryDirectory(prefix="audit-accuracy-") as folder:
        found = audited(world, Path(folder))
    return compared(mix, seed, world, found)


def compared(mix: str, seed: int, world: World, found: Found) -> Verdict:
    """The truth against the flags, rule by rule."""
    by_id = {call["call_id"]: call for call in world.calls}
    kinds = defaultdict(list)
    for kind, calls in world.negatives.items():
        for call_id in calls:
            kinds[call_id].append(kind)
    heads = {call_id: f"{call['project']}/{call['_head']}" for call_id, call in by_id.items() if call["_head"]}
    lanes = {call_id: f"{call['project']}/{call['task']}" for call_id, call in by_id.items()}
    tallies, missed, invented = {}, {}, {}
    # A rule of subjects flags no call: it is judged by what it tells.
    of_subjects = {finding.rule for finding in found.findings if not finding.call_ids}
    of_subjects |= {event.rule for event in world.events} - set(found.claims)
    for rule in sorted({*world.truth, *found.claims} - of_subjects):
        grade = found.grades.get(rule, "missing")
        true = {i: saving for i, saving in world.truth.get(rule, {}).items() if of_month(by_id[i])}
        full = {i: found.costs.get(i, NOTHING) if saving is None else saving for i, saving in true.items()}
        flagged = {i: s for i, s in found.claims.get(rule, {}).items() if i not in world.open[rule]}
        groups = heads if rule == "missed_prompt_cache" else lanes if grade == Grade.HYPOTHESIS else {}
        tally = tallied(flagged, full, groups)
        for call_id in sorted(set(flagged) - set(full)):
            for kind in kinds[call_id] or [f"task {by_id[call_id]['task']}"]:
                tally.wrong_on[kind] += 1
        tallies[rule] = tally
        missed[rule] = sorted(set(full) - set(flagged))
        invented[rule] = sorted(set(flagged) - set(full))
    mispriced = sum(
        abs(prices.cost(by_id[i]) - found.costs.get(i, NOTHING)) > Decimal("0.00000001")  # type: ignore[operator]
        for i in by_id
        if prices.cost(by_id[i]) is not None and of_month(by_id[i])
    )
    alerts: dict[str | None, list[str]] = defaultdict(list)
    for finding in found.findings:
        if finding.grade == Grade.ALERT:
            alerts[finding.project].append(f"{finding.rule} {finding.subject}")
    return Verdict(
        mix,
        seed,
        found.grades,
        tallies,
        missed,
        invented,
        told(world, found),
        dict(alerts),
        found.failures,
        mispriced,
        sum(map(of_month, world.calls)),
    )


def tallied(flagged: Money, true: Money, groups: dict[str, str]) -> Tally:
    """Calls and money; where a saving belongs to several calls together, their group's sums are compared."""
    claimed_by, true_by = defaultdict[str, Decimal](Decimal), defaultdict[str, Decimal](Decimal)
    for call_id, saving in flagged.items():
        if call_id in true:
            claimed_by[groups.get(call_id, call_id)] += saving
    for call_id, saving in true.items():
        true_by[groups.get(call_id, call_id)] += saving
    return Tally(
        len(flagged),
        len(set(flagged) & set(true)),
        len(true),
        sum(flagged.values(), NOTHING),
        sum((min(saving, true_by[group]) for group, saving in claimed_by.items()), NOTHING),
        sum(true.values(), NOTHING),
    )


def told(world: World, found: Found) -> dict[str, tuple[int, int, int, int]]:
    """A rule of subjects: findings, of them right, events, of them told."""
    planted_rules = {event.rule for event in world.events}
    findings = [f for f in found.findings if f.rule in planted_rules or f.rule not in found.claims]
    settled = [f for f in findings if any(e.rule == f.rule and meets(e, f) for e in world.events)]
    findings = [
        f for f in findings if f in settled or not any(e.rule == f.rule and meets(e, f) for e in world.open_events)
    ]
    result = {}
    for rule in sorted(planted_rules | {finding.rule for finding in findings}):
        ours, planted = [f for f in findings if f.rule == rule], [e for e in world.events if e.rule == rule]
        right = [f for f in ours if any(meets(e, f) for e in planted)]
        heard = [e for e in planted if any(meets(e, f) for f in ours)]
        result[rule] = (len(ours), len(right), len(planted), len(heard))
    return result


def meets(event: Event, finding: Finding) -> bool:
    """Whether a finding tells of an event."""
    words = f"{finding.subject} {finding.because} {finding.evidence}"
    return event.project in (None, finding.project) and event.word in words
