"""What rules could not judge, as a table a person can read: sources that lack the same column share a row."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from audit.report.speech import clip

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.report.content import NotAssessed, Report
    from audit.report.speech import Speech

SOURCES = 3  # with a line of their own; the others are named together
NAMED = 12
SOURCE_LENGTH = 40


@dataclass(frozen=True, slots=True)
class Silent:
    """One source with what of it was not judged."""

    source: str
    said: str


@dataclass(frozen=True, slots=True)
class Silence:
    """Rules that need one thing, and the sources that do not state it, the costliest first."""

    rules: tuple[str, ...]
    missing: str
    columns: str
    sources: tuple[Silent, ...]
    more: str


def silences(report: Report, speech: Speech) -> tuple[Silence, ...]:
    """The rows, those that concern the most money first."""
    titles = {rule.rule: rule.title for rule in report.rules}
    rules: dict[tuple[str, str], list[str]] = defaultdict(list)
    largest: dict[tuple[str, str], NotAssessed] = {}
    for gap in report.quality.not_assessed:
        key = (gap.missing, gap.source)
        rules[key].append(gap.rule)
        largest[key] = max(gap, largest.get(key, gap), key=lambda one: one.calls)
    rows: dict[tuple[str, tuple[str, ...]], list[NotAssessed]] = defaultdict(list)
    for (missing, source), silent in rules.items():
        rows[missing, tuple(silent)].append(largest[missing, source])
    ordered = sorted(rows.items(), key=lambda row: (-_cost(row[1]), -sum(gap.calls for gap in row[1]), row[0]))
    return tuple(
        _row(missing, [titles.get(rule, rule) for rule in silent], gaps, speech) for (missing, silent), gaps in ordered
    )


def _row(missing: str, titles: Sequence[str], gaps: list[NotAssessed], speech: Speech) -> Silence:
    gaps = sorted(gaps, key=lambda gap: (-_cost([gap]), -gap.calls, gap.source))
    shown = SOURCES if len(gaps) > SOURCES + 1 else len(gaps)
    return Silence(
        rules=tuple(titles),
        missing=speech.say("or").join(speech.column(column) for column in missing.split(" | ")),
        columns=missing,
        sources=tuple(Silent(clip(gap.source, SOURCE_LENGTH), _said([gap], speech)) for gap in gaps[:shown]),
        more=_more(gaps[shown:], speech),
    )


def _more(gaps: Sequence[NotAssessed], speech: Speech) -> str:
    """The sources beyond those with a line of their own, named together; empty where there are none."""
    if not gaps:
        return ""
    names = [clip(gap.source, SOURCE_LENGTH) for gap in gaps[:NAMED]] + (["…"] if len(gaps) > NAMED else [])
    return speech.say("assessed.more", n=len(gaps), names=speech.say("comma").join(names), said=_said(gaps, speech))


def _said(gaps: Sequence[NotAssessed], speech: Speech) -> str:
    """How many calls were not judged, of how many, and what they cost."""
    calls, of = sum(gap.calls for gap in gaps), sum(gap.of for gap in gaps)
    cost = speech.say("standing.unpriced") if all(gap.cost is None for gap in gaps) else speech.money(_cost(gaps))
    if calls == of:
        return speech.say("assessed.all", calls=speech.say("calls", n=calls), cost=cost)
    return speech.say("assessed.some", calls=calls, of=speech.say("calls", n=of), cost=cost)


def _cost(gaps: Sequence[NotAssessed]) -> Decimal:
    return sum((gap.cost for gap in gaps if gap.cost is not None), Decimal(0))
