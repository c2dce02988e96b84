"""The truth: what was simulated and planted, month by month."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

import yaml

from tests.simulator.calls import MONTHS
from tests.simulator.negatives import LEFT_ALONE_BY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.simulator.calls import Call, World

HEAD = """\
# What was planted in sample_logs/, written by `python -m tests.simulator`; do not edit.
# Months begin at midnight in Asia/Shanghai. Calls are counted once, however often a log states them.
# Tokens: input holds cache reads and writes, output holds reasoning, unknown counts as nothing here;
# answers from the gateway's own cache keep the counts of the answer they repeat.
# `planted` is what a rule must flag, `hard_negatives` what the rules under `left_alone_by` must not.
"""


def text(world: World, rejected: list[tuple[str, int, str]]) -> str:
    """The whole file."""
    content: dict[str, Any] = {
        "left_alone_by": LEFT_ALONE_BY,
        "rejected": [{"file": file, "line": line, "reason": reason} for file, line, reason in rejected],
        "months": {month: of_month(world, month) for month in MONTHS},
    }
    body: str = yaml.dump(content, sort_keys=False, default_flow_style=None, width=120)
    return HEAD + body


def of_month(world: World, month: str) -> dict[str, Any]:
    """One month's counts and lists of call ids."""
    calls = [call for call in world.calls if call.month == month]
    families: dict[str, list[Call]] = defaultdict(list)
    for call in calls:
        families[call.family].append(call)
    projects = Counter(call.project or "(none)" for call in calls)
    return {
        "total": counts(calls),
        "by_family": {family: counts(families[family]) for family in sorted(families)},
        "calls_by_project": {project: projects[project] for project in sorted(projects)},
        "planted": {rule: ids(found, month) for rule, found in sorted(world.planted.items())},
        "hard_negatives": {kind: ids(world.negatives[kind], month) for kind in LEFT_ALONE_BY},
    }


def counts(calls: list[Call]) -> dict[str, int]:
    """Calls and tokens."""
    return {
        "calls": len(calls),
        "input_tokens": sum(call.input or 0 for call in calls),
        "cache_read_tokens": sum(call.read or 0 for call in calls),
        "cache_write_tokens": sum(call.write or 0 for call in calls),
        "output_tokens": sum(call.output or 0 for call in calls),
    }


def ids(calls: Iterable[Call], month: str) -> list[str]:
    """The ids of the calls that lie in a month."""
    return sorted(call.call_id for call in calls if call.month == month)
