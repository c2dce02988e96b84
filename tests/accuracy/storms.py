"""Storms of tries, found by counting: whatever was planted, three tries in a row of one prompt are one."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from tests.accuracy.world import Call, end, of_month

if TYPE_CHECKING:
    from tests.accuracy.world import World

APART_MS = 60_000
LEAST = 3


def settle(world: World) -> None:
    """Every try of a row in which each began within a minute after the one before had ended."""
    asked: dict[tuple[str | None, str], list[Call]] = defaultdict(list)
    for call in sorted(world.calls, key=lambda call: (call["started_ms"], call["call_id"])):
        # A step of an agent acts each time: it is no try.
        if not call.get("gateway_cache_hit") and not call.get("_untimed") and not call.get("tool_calls"):
            asked[call["project"], call["prompt_hash"]].append(call)
    for tries in asked.values():
        row: list[Call] = []
        for call in tries:
            if row and not 0 <= call["started_ms"] - end(row[-1]) <= APART_MS:
                told(world, row)
                row = []
            row.append(call)
        told(world, row)


def told(world: World, row: list[Call]) -> None:
    """A row long enough is a storm."""
    if len(row) >= LEAST:
        for call in filter(of_month, row):
            world.waste("retry_storm", call)
