"""Spend by prompt template as a page shows it: the dearest by themselves, the others in a row, all of the spend."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from audit.report.speech import clip
from audit.report.tables import NONE, Row, Table, column
from audit.rounding import ZERO, rounded

if TYPE_CHECKING:
    from audit.report.content import Report
    from audit.report.prompts import PromptLine, Prompts
    from audit.report.speech import Speech

SHOWN = 10
DIGITS = 8  # of a template's hash
FINER = 2  # digits more than the coin's: a call may cost less than one
NAME_LENGTH, HEAD_LENGTH = 60, 80
_COLUMNS = ("template", "calls", "cost", "share", "per_call", "input", "output", "cache", "failed")
_EMPTY = ("",) * 5


@dataclass(frozen=True, slots=True)
class Prompted:
    """The section's sentence and its table; no table where no log states a prompt."""

    says: str
    table: Table | None = None


def prompted(report: Report, speech: Speech) -> Prompted | None:
    """The section on templates; None for a month without a call."""
    found = report.prompts
    if found is None or not report.calls:
        return None
    if not found.templates:
        return Prompted(speech.say("prompted.none"))
    shown, left = found.lines[:SHOWN], found.lines[SHOWN:]
    left_cost = sum((line.cost for line in left), found.other_cost)
    left_calls = sum(line.calls for line in left) + found.other_calls
    told = [line for line in shown if line.per_call is not None]
    money = column([*(line.cost for line in told), left_cost, found.unstated_cost], speech)
    costs = iter(money.parts)
    rows = [
        _row(line, speech.say("models.no_price") if line.per_call is None else next(costs), report, speech)
        for line in shown
    ]
    others, unstated = next(costs), next(costs)
    more = found.templates - len(shown)
    if more:
        rows.append(_together(speech.say("prompted.others", n=more), left_calls, (others, left_cost), report, speech))
    if found.unstated_calls:
        name = speech.say("prompted.unstated")
        rows.append(_together(name, found.unstated_calls, (unstated, found.unstated_cost), report, speech))
    return Prompted(
        says=_says(found, report, speech),
        table=Table(
            caption=speech.say("prompted.caption"),
            columns=tuple(speech.say(f"prompted.{name}") for name in _COLUMNS),
            rows=tuple(rows),
            total=Row(speech.say("line.total"), (speech.count(report.calls), money.total, "", *_EMPTY)),
        ),
    )


def _says(found: Prompts, report: Report, speech: Speech) -> str:
    """What part of the spend has a template, and what part of it a few of them make up."""
    spend = report.spend
    dearest = sum((line.cost for line in found.lines[:SHOWN]), ZERO)
    if spend <= 0:
        return speech.say("prompted.says_calls", n=found.templates)
    key = "prompted.says" if found.templates > SHOWN else "prompted.says_all"
    return speech.say(key, n=found.templates, shown=SHOWN, share=speech.percent(dearest / spend))


def _row(line: PromptLine, cost: str, report: Report, speech: Speech) -> Row:
    digits = speech.digits() + FINER
    cells = (
        speech.count(line.calls),
        cost,
        _share(line.cost, report, speech) if line.per_call is not None else NONE,
        NONE if line.per_call is None else speech.amount(rounded(line.per_call, digits), digits),
        *(NONE if tokens is None else speech.compact(tokens) for tokens in (line.input_median, line.output_median)),
        *(NONE if share is None else speech.percent(share) for share in (line.cache_share, line.failed_share)),
    )
    return Row(_name(line, speech), cells, _aside(line, speech))


def _name(line: PromptLine, speech: Speech) -> str:
    """The task that most of its calls state, and its hash's first digits."""
    digits = line.template[:DIGITS]
    if line.task is None:
        return digits
    task = clip(line.task, NAME_LENGTH)
    if line.tasks > 1:
        task = speech.say("prompted.more_tasks", task=task, n=line.tasks - 1)
    return speech.say("prompted.name", task=task, digits=digits)


def _aside(line: PromptLine, speech: Speech) -> tuple[str, ...]:
    project = speech.say("project.nobody") if line.project is None else clip(line.project, NAME_LENGTH)
    models = [clip(model, NAME_LENGTH) for model in line.models]
    more = line.models_in_all - len(models)
    models += [speech.say("verdict.others", n=more)] if more > 0 else []
    said = [speech.say("prompted.where", project=project, models=speech.names(models)) if models else project]
    if line.head:
        said.append(speech.say("quoted", text=clip(line.head, HEAD_LENGTH)))
    return tuple(said)


def _together(name: str, calls: int, cost: tuple[str, Decimal], report: Report, speech: Speech) -> Row:
    """Several at once: what they are alike in is not told."""
    return Row(name, (speech.count(calls), cost[0], _share(cost[1], report, speech), *_EMPTY))


def _share(cost: Decimal, report: Report, speech: Speech) -> str:
    return speech.percent(cost / report.spend) if report.spend > 0 else NONE
