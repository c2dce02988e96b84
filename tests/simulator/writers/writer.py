"""What a writer of a format is, and what it promises: the columns that its format carries, to the last digit."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.simulator.writers.sent import Row, truth

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.simulator.writers.sent import Sent

INPUT = frozenset({"input_tokens", "output_tokens", "usage_quality", "model", "started_at"})
CACHE = frozenset({"cache_read_tokens", "cache_write_tokens"})
SPLIT = CACHE | {"cache_write_1h_tokens"}
PROMPT = frozenset({"prompt_hash", "prefix_hash", "prefix_tokens"})
# Counts of which 0 and nothing mean the same money.
PARTS = (*sorted(SPLIT), "reasoning_tokens")
# How a log spells these is its own matter; that it tells them, or does not, is compared.
SPELT = ("finish_reason", "prompt_hash", "prefix_hash", "prefix_tokens")


@dataclass(frozen=True)
class Writer:
    """A format's writer. ``files`` gives the files by their names; a call's id is what the format makes of it.

    ``carries`` are the columns that are the truth's own; any other column is nothing at all, but for those that
    ``reads`` says the format reads otherwise, because it knows less: a cut-off answer as ok, an end as the start.
    """

    name: str
    format: str
    files: Callable[[list[Sent]], dict[str, bytes]]
    call_id: Callable[[Sent], str]
    takes: Callable[[Sent], bool]
    carries: frozenset[str]
    reads: Callable[[Sent], Row] = lambda _: {}
    clock_ms: int = 0

    def expected(self, call: Sent) -> Row:
        """What must be read of a call."""
        told = {name: value if name in self.carries else None for name, value in truth(call).items()}
        return told | self.reads(call)


def lines(records: Iterable[Any]) -> bytes:
    """JSON lines."""
    return "".join(json.dumps(record, separators=(",", ":")) + "\n" for record in records).encode()


def one_file(name: str, record: Callable[[Sent], Any]) -> Callable[[list[Sent]], dict[str, bytes]]:
    """The files of a log with one line a call."""
    return lambda calls: {name: lines(record(call) for call in calls)}


def of(*providers: str) -> Callable[[Sent], bool]:
    """The calls of some providers that are no batch's."""
    return lambda call: call.provider in providers and call.tier != "batch"


def asked_in_chat(call: Sent) -> bool:
    """Whether the call was a conversation that nobody but a provider answered."""
    return call.operation == "chat" and not call.gateway_hit


def billed_failure(call: Sent) -> bool:
    """Whether a call failed after tokens had been counted."""
    return call.status in ("error", "cancelled") and call.known
