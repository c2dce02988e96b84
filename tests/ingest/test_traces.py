"""Public traces: no call and no token is lost, and the rule for duplicates fires where it should and nowhere else."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from audit import inspection, places, redline, rulebook, window
from audit.engine.store import open_store
from audit.ingest.load import ingest
from audit.records import Month
from audit.settings import Settings
from tests import traces
from tests.ingest.shop import ABSENT, Shop, formats

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(not traces.TRACES.is_dir(), reason=ABSENT)
UNKNOWN_MS = 600_000  # what duplicate_call takes for a call whose end is unknown
DAY_MS = 86_400_000


def flagged(folder: Path, calls: Iterator[dict[str, Any]]) -> tuple[int, set[str]]:
    """How many calls were read, and which of them duplicate_call flags in the month they lie in."""
    month, settings = Month(2026, 10), Settings()
    log = folder / "trace.jsonl"
    traces.write(log, calls)
    rule = rulebook.read(places.rules() / "redundant" / "duplicate_call.sql")
    with open_store(folder / "audit.duckdb", settings) as engine:
        (receipt,) = ingest(engine, [log], formats())
        span = window.build(engine, settings, month, redline.owners(settings, month), rule.look_back_days)
        (unpriced,) = engine.row("SELECT count(*) FROM priced WHERE cost IS NULL")
        found = inspection.inspect(engine, [rule], [], span, seconds=60, language="en")
        assert (receipt.rejected, unpriced, found.failures) == (0, 0, ())
        return receipt.calls, {call_id for (call_id,) in engine.rows("SELECT call_id FROM credited")}


def test_azures_hour_keeps_every_call_and_every_token(shop: Shop) -> None:
    path = shop.folder / "azure.jsonl"
    assert traces.write(path, traces.azure()) == 19_366
    shop.ingest(path)
    (found,) = shop.rows("SELECT count(*), sum(input_tokens)::BIGINT, sum(output_tokens)::BIGINT FROM store.calls")
    assert found == (19_366, 22_361_870, 4_088_665)
    (times,) = shop.rows(
        "SELECT min(started_at)::VARCHAR, max(started_at) - min(started_at) < INTERVAL 1 HOUR FROM store.calls"
    )
    assert times == ("2023-11-16 18:15:46.68059", True)


def test_the_coding_sessions_hold_no_duplicate_and_none_is_flagged(tmp_path: Path) -> None:
    assert flagged(tmp_path, traces.weka()) == (9_701, set())


def test_the_synthetic_traces_repeats_are_flagged_where_the_clock_allows_it(tmp_path: Path) -> None:
    """213 prompts repeat one of 194. A repeat is waste only once an earlier call had ended.

    The trace states starts alone. Unknown ends are taken to come ten minutes after the start, and the whole trace
    lasts 17 minutes: repeats within ten minutes of the first of their kind must not be flagged.
    """
    calls = list(traces.mooncake())
    assert repeats(calls) == (213, 194)
    expected = after_an_end(calls)
    assert 0 < len(expected) < 213
    assert flagged(tmp_path, iter(calls)) == (3_993, expected)


def test_with_an_assumed_speed_more_repeats_come_after_an_end(tmp_path: Path) -> None:
    """At 20 ms a token of output, which the trace does not state, every earlier call ends within a minute or so."""
    calls = list(traces.mooncake(ms_per_output_token=20))
    expected = after_an_end(calls)
    assert len(after_an_end(list(traces.mooncake()))) < len(expected) <= 213
    assert flagged(tmp_path, iter(calls)) == (3_993, expected)


def groups(calls: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    found = defaultdict(list)
    for call in calls:
        found[call["prompt_hash"]].append(call)
    return list(found.values())


def repeats(calls: list[dict[str, Any]]) -> tuple[int, int]:
    many = [group for group in groups(calls) if len(group) > 1]
    return sum(len(group) - 1 for group in many), len(many)


def after_an_end(calls: list[dict[str, Any]]) -> set[str]:
    """The rule once more, in Python: calls that began when an earlier one of their prompt had ended, within a day."""
    found = set()
    for group in groups(calls):
        for call in group:
            start = _ms(call)
            ends = [
                _ms(other) + (UNKNOWN_MS if other["latency_ms"] is None else other["latency_ms"])
                for other in group
                if other is not call
            ]
            # Output of no token ends as it starts: what starts in the same instant is no repeat of the other.
            if any(end <= start and start - end <= DAY_MS for end in ends):
                found.add(call["call_id"])
    return found


def _ms(call: dict[str, Any]) -> int:
    return round(datetime.fromisoformat(call["started_at"]).timestamp() * 1000)
