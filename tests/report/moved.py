"""What changed since the month before, and prompt templates, for the example reports."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING

from audit.report.effects import Change, Parts, ProjectChange
from audit.report.prompts import PromptLine, Prompts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from audit.report.content import Report

ZERO = Decimal(0)
# How a difference is split, as parts of it; what is left is volume.
SPLITS: tuple[Mapping[str, str], ...] = (
    {"waste": "0.11", "mix": "-0.243", "tokens": "0.4017", "cache": "-0.08", "price": "0.0333333"},
    {"mix": "0.5", "tokens": "-0.9", "cache": "-0.321"},
    {"price": "-0.71", "waste": "-0.2"},
)


def project(name: str | None, before: Decimal, after: Decimal, split: Mapping[str, str]) -> ProjectChange:
    """A project whose difference is split by shares; new or gone where it cost nothing in one of the months."""
    difference = after - before
    parts = Parts(new=after) if not before else Parts(gone=-before)
    if before and after:
        each = {
            of: (difference * Decimal(share)).quantize(Decimal("1e-9"), ROUND_HALF_EVEN) for of, share in split.items()
        }
        parts = Parts(**each, volume=difference - sum(each.values(), ZERO))
    return ProjectChange(name, before, after, 1_200 if before else 0, 1_510 if after else 0, parts)


def between(costs: Sequence[tuple[str | None, Decimal, Decimal]], *, currency: str = "0", waste: bool = True) -> Change:
    """A change of projects: (name, cost before, cost now); ``currency`` is the rates' part of each difference."""
    moved = []
    for place, (name, before, after) in enumerate(costs):
        split = dict(SPLITS[place % len(SPLITS)]) | ({"currency": currency} if Decimal(currency) else {})
        if not waste:
            split.pop("waste", None)
        moved.append(project(name, before, after, split))
    moved.sort(key=lambda line: -abs(line.after - line.before))
    return Change(
        month="2026-09",
        before=sum((line.before for line in moved), ZERO),
        after=sum((line.after for line in moved), ZERO),
        parts=sum((line.parts for line in moved), Parts()),
        projects=tuple(moved),
        waste_known=waste,
        unpriced_before=0,
        unpriced_after=0,
    )


def since(report: Report, *, currency: str = "0", waste: bool = True) -> Report:
    """The report with a change from what its projects cost before."""
    costs = [(p.project, p.previous_cost or ZERO, p.cost) for p in report.projects]
    change = between(costs, currency=currency, waste=waste)
    return replace(report, change=change, previous_spend=change.before)


def doubtful(report: Report) -> Report:
    """The same where little is known of the month before."""
    known = since(report, waste=False)
    assert known.change
    change = replace(known.change, unpriced_before=300, unpriced_after=4_120, logged_from=date(2026, 9, 12))
    return replace(known, change=change)


def template(place: int, project: str | None, calls: int, cost: Decimal, **other: object) -> PromptLine:
    line = PromptLine(
        project=project,
        template=hashlib.md5(str(place).encode(), usedforsecurity=False).hexdigest(),
        task=("triage", "summary", None)[place % 3],
        tasks=(1, 3, 0)[place % 3],
        calls=calls,
        unpriced_calls=0,
        cost=cost,
        per_call=(cost / calls).quantize(Decimal("1e-9")),
        input_median=1_204 * (place + 1),
        output_median=211,
        cache_share=(Decimal("0.4312"), None, ZERO)[place % 3],
        failed_share=(Decimal("0.00004"), Decimal("0.12"), None)[place % 3],
        models=("claude-sonnet-4-5", "gpt-5")[: 1 + place % 2],
        models_in_all=1 + place % 2 * 4,
    )
    return replace(line, **other)  # type: ignore[arg-type]


def templates(report: Report, count: int) -> Prompts:
    """Templates that share out nine tenths of the spend, each the half of the one before; the rest states no prompt."""
    weights = [Decimal(1) / 2**place for place in range(count)]
    part = report.spend * 9 / 10 / (sum(weights, ZERO) or 1)
    lines = []
    for place, weight in enumerate(weights):
        owner = report.projects[place % len(report.projects)].project
        cost = (part * weight).quantize(Decimal("1e-9"))
        lines.append(template(place, owner, max(1, report.calls // (count + 2)), cost))
    return listed(report, lines)


def listed(report: Report, lines: Sequence[PromptLine]) -> Prompts:
    """These templates, and all that they leave of the month as calls without a prompt."""
    return Prompts(
        lines=tuple(lines),
        templates=len(lines),
        unstated_calls=report.calls - sum(line.calls for line in lines),
        unstated_cost=report.spend - sum((line.cost for line in lines), ZERO),
    )
