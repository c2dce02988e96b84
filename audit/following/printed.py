"""Findings, and one with its arithmetic and its calls, as lines of text; what is added up has all its digits."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from audit.following import figures
from audit.records import Finding, Grade
from audit.report.plaintext import fold
from audit.terminal import aligned, tabular

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from audit.following.kept import KeptMonth
    from audit.following.trail import Trail
    from audit.report.speech import Speech
    from audit.wording import Voice

ZERO = Decimal(0)


def finding_data(finding: Finding) -> dict[str, Any]:
    """A finding as report.json has it, without its sample of calls."""
    return {name: value for name, value in asdict(finding).items() if name != "call_ids"}


def findings(found: Sequence[Finding], left: int, speech: Speech, columns: int | None) -> list[str]:
    """A table of findings, what they come to by grade, and how many are not shown."""
    shown = [
        [f.id, _money(f.money, speech), f"{f.calls:,}" if f.calls else "-", str(f.grade), state(f), f.title]
        for f in found
    ]
    head = ("finding", "money", "calls", "grade", "accepted", "title")
    return [
        *tabular.lines(head, shown, columns, right=("money", "calls")),
        *([f"{left} more; --all shows them"] if left else []),
    ]


def sums(found: Sequence[Finding], speech: Speech) -> str:
    """What some findings come to, by grade."""
    told = []
    for grade in (Grade.PROVEN, Grade.AVOIDABLE, Grade.HYPOTHESIS):
        same = [f for f in found if f.grade is grade]
        if same:
            money, taken = (
                sum((f.credited or ZERO for f in some), ZERO) for some in (same, [f for f in same if f.is_accepted])
            )
            told.append(
                f"{grade} {speech.money(money)}" + (f" ({speech.money(taken)} of it accepted)" if taken else "")
            )
    alerts = sum(f.grade is Grade.ALERT for f in found)
    told += [f"{alerts} alert{'' if alerts == 1 else 's'}"] if alerts else []
    return "; ".join(told)


def state(finding: Finding) -> str:
    """Whether a finding is accepted, in a few words."""
    was = finding.accepted
    if was is None:
        return ""
    return {"held": f"until {was.until}", "ended": f"ended {was.until}", "grown": "back: it has grown"}[was.state]


def _money(value: Decimal | None, speech: Speech) -> str:
    return "-" if value is None else speech.money(value)


def trail(held: KeptMonth, found: Trail, voice: Voice, zone: ZoneInfo, columns: int | None) -> list[str]:
    """A finding: what it says, its rule, its arithmetic and its calls."""
    finding = found.finding
    said = [
        aligned.shown(f"{finding.id}  {held.month}  {finding.grade}"),
        *_folded(finding.title),
        "",
        *_folded(finding.because, "  "),
        *_folded(finding.fix, "  "),
        *_evidence_lines(finding.evidence, voice),
        *_accepted(finding),
        "",
        *_rule(held, finding),
        "",
        *_arithmetic(held, found),
    ]
    return said + (["", *_calls(found, voice, zone, columns)] if found.calls else [])


def _accepted(finding: Finding) -> list[str]:
    was = finding.accepted
    if was is None:
        return []
    head = {"held": "accepted", "ended": "was accepted, and that has ended,", "grown": "was accepted, and has grown,"}
    return ["", *_folded(f"{head[was.state]} by {was.by} from {was.since} to {was.until}: {was.reason}")]


def _rule(held: KeptMonth, finding: Finding) -> list[str]:
    rule = held.rules.get(finding.rule)
    if rule is None:
        return [f"rule {finding.rule}"]
    params = [f"  {name} = {json.dumps(value, ensure_ascii=False)}" for name, value in rule.params.items()]
    return [
        *_folded(f"rule {rule.rule} ({rule.family}, {rule.grade}): {rule.title}"),
        *_folded(rule.note, "  "),
        *params,
        f"  its SQL: audit rules show {rule.rule}",
    ]


def _arithmetic(held: KeptMonth, found: Trail) -> list[str]:
    finding = found.finding
    if not found.flagged:
        amount = "no money is named" if finding.amount is None else f"amount {finding.amount:,f} {held.currency}"
        return [f"{amount}; it is about the whole, not about single calls"]
    if found.claimed is None:
        return [f"{figures.calls(found.flagged)}; no saving is claimed on them"]
    rows = [[f"claimed on {figures.calls(found.flagged)}", f"{found.claimed:,f}"]]
    rows += [[f"taken by {taken.id} on {figures.calls(taken.calls)}", f"-{taken.amount:,f}"] for taken in found.taken]
    rows += [["credited, as in the report", f"{found.credited:,f}"]]
    told = tabular.lines((f"money in {held.currency}", ""), rows, None, right=("",))
    if found.unpriced:
        told.append(f"{figures.calls(found.unpriced)} of these without a known cost: nothing is claimed on them")
    return told


def _calls(found: Trail, voice: Voice, zone: ZoneInfo, columns: int | None) -> list[str]:
    figures_of = ("in", "cache read", "cache write", "out", "cost", "claimed", "credited")
    head = ("call", "time", "model", *figures_of, "evidence")
    rows = [
        [
            call.call_id,
            figures.time(call.started_at, zone),
            call.model or "-",
            figures.count(call.input_tokens),
            figures.count(call.cache_read_tokens),
            figures.count(call.cache_write_tokens),
            figures.count(call.output_tokens),
            figures.exact(call.cost),
            figures.exact(call.saving),
            figures.exact(call.credited),
            figures.evidence(call.evidence, voice),
        ]
        for call in found.calls
    ]
    left = found.flagged - len(found.calls)
    told = tabular.lines(head, rows, columns, right=figures_of)
    if left:
        told.append(f"{left:,} of its {found.flagged:,} calls are not shown; --calls {found.flagged} shows all")
    return [*told, aligned.shown(f"to follow one: audit call {shlex.quote(found.calls[0].call_id)}")]


def _evidence_lines(values: dict[str, Any], voice: Voice) -> list[str]:
    said = figures.evidence(values, voice)
    return _folded(said, "  ")


def _folded(text: str, indent: str = "") -> list[str]:
    return fold(text, indent, indent).splitlines() if text else []
