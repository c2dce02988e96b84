"""One month's calls, written as every format's own gateway, provider or program writes them, give one audit.

What a format carries is read to the last digit; what it does not carry is nothing, never nought; and where that keeps
a rule from judging, the report says so.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from audit import places
from audit.records import Grade
from tests.formats.agreement import Audited, Log, audited
from tests.simulator.writers import (
    access_logs,
    agents,
    azure_logs,
    clouds,
    langfuse_exports,
    litellm_logs,
    native_logs,
    observers,
    provider_apis,
    resale,
    servers,
    spans,
)
from tests.simulator.writers.sent import truth
from tests.simulator.writers.writer import PARTS, SPELT

if TYPE_CHECKING:
    from audit.rulebook import Rule
    from tests.simulator.writers.sent import Sent
    from tests.simulator.writers.writer import Writer

MODULES = (
    native_logs, litellm_logs, resale, provider_apis, langfuse_exports, observers, spans, clouds, azure_logs,
    access_logs, agents, servers,
)  # fmt: skip
WRITERS = tuple(writer for module in MODULES for writer in module.WRITERS)
JUDGED = ("duplicate_call", "failed_billed", "empty_output", "truncated_output", "missed_prompt_cache")
# What a rule shows of a call, or tells calls apart by, and does not judge them by.
SHOWN = {"project", "model", "provider", "input_tokens", "http_status", "error_type"}
# Where a model's name has one maker only, the price can be found without the provider.
MAKERS = ("openai", "anthropic", "google")


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Audited:
    return audited(tmp_path_factory.mktemp("agreement"), WRITERS)


@pytest.fixture(params=[writer.name for writer in WRITERS])
def log(request: pytest.FixtureRequest, month: Audited) -> Log:
    return month.logs[request.param]


def alike(writer: Writer, call: Sent, column: str, got: Any, wanted: Any) -> bool:
    """To the last digit; a part that is nought may be left out where the format has parts."""
    if column in SPELT:
        return (got is None) == (wanted is None)
    if column == "started_at":
        return bool(abs(got - wanted) <= timedelta(milliseconds=writer.clock_ms))
    embedded = column == "output_tokens" and call.operation == "embeddings" and call.known
    if embedded or (column in PARTS and column in writer.carries and call.known):
        return bool((got or 0) == (wanted or 0))
    return bool(got == wanted)


def told(log: Log, column: str) -> bool:
    """Whether the log tells a column of all its calls."""
    for call in log.sent.values():
        expected, wanted = log.writer.expected(call)[column], truth(call)[column]
        if column in ("gateway_cache_hit", "operation") and not expected:
            expected = {"gateway_cache_hit": False, "operation": "chat"}[column]
        if column == "latency_ms" and expected is not None and wanted is not None:
            expected = wanted
        if not alike(log.writer, call, column, expected, wanted):
            return False
    return True


def priced_by(call: Sent) -> set[str]:
    """The columns that a call's price hangs on."""
    if call.gateway_hit:
        return {"gateway_cache_hit"}
    columns = {"status", "input_tokens", "output_tokens"} if not call.known else {"input_tokens", "output_tokens"}
    counted = {"cache_read_tokens": call.read, "cache_write_tokens": call.write, "cache_write_1h_tokens": call.write_1h}
    columns |= {name for name, count in counted.items() if count}
    columns |= {"service_tier"} if call.tier != "standard" else set()
    return columns | ({"provider"} if call.provider not in MAKERS else set())


def test_every_format_of_calls_has_a_writer() -> None:
    headers = {path.stem: path.read_text(encoding="utf-8") for path in places.formats().glob("*.sql")}
    of_calls = {
        name for name, text in headers.items() if 'kind   = "bills"' not in text and 'kind = "bills"' not in text
    }
    assert {writer.format for writer in WRITERS} == of_calls


def test_a_log_is_known_among_all_formats_and_read_whole(log: Log) -> None:
    assert log.formats == {log.writer.format}
    assert log.rejected == 0


def test_every_call_is_read_once_and_nothing_else(log: Log) -> None:
    assert log.strangers == ()
    assert set(log.read) == set(log.sent)
    assert len(log.sent) >= 5


def test_what_a_format_carries_is_read_to_the_last_digit_and_the_rest_is_nothing(log: Log) -> None:
    wrong: dict[str, list[str]] = {}
    for origin, call in log.sent.items():
        for column, wanted in log.writer.expected(call).items():
            got = log.read[origin][column]
            if not alike(log.writer, call, column, got, wanted):
                kind = f"{call.provider} {call.operation} {call.status}"
                wrong.setdefault(column, []).append(f"{origin} ({kind}): {got!r}, not {wanted!r}")
    assert {column: (len(calls), calls[0]) for column, calls in wrong.items()} == {}


def test_the_sums_are_those_of_the_native_log(log: Log, month: Audited) -> None:
    for column in ("input_tokens", "output_tokens", *PARTS):
        if column in log.writer.carries:
            # A gateway may count an answer of its own cache as nothing, where another counts the first answer's.
            sent = [
                (origin, log.writer.expected(call)[column], truth(call)[column]) for origin, call in log.sent.items()
            ]
            whole = [origin for origin, expected, wanted in sent if expected == wanted]
            assert len(whole) * 2 > len(sent)
            given = sum(log.read[origin][column] or 0 for origin in log.sent)
            assert given == sum(month.base.read[origin][column] or 0 for origin in whole), column


def test_one_request_has_one_fingerprint(log: Log) -> None:
    hashes: dict[str, set[Any]] = {}
    for origin, call in log.sent.items():
        if log.read[origin]["prompt_hash"] is not None:
            hashes.setdefault(truth(call)["prompt_hash"], set()).add(log.read[origin]["prompt_hash"])
    assert all(len(found) == 1 for found in hashes.values())
    assert len({found for several in hashes.values() for found in several}) == len(hashes)


def test_a_call_costs_what_it_costs_in_the_native_log(log: Log, month: Audited) -> None:
    whole = {
        origin
        for origin, call in log.sent.items()
        if all(log.writer.expected(call)[column] == truth(call)[column] for column in priced_by(call))
    }
    # A model's name may be too common for a price without its provider: then the call is among the unpriced.
    unowned = {origin for origin in whole if log.read[origin]["provider"] is None and log.costs[origin] is None}
    assert all(not log.sent[origin].known or is_unpriced(month, log.read[origin]["model"]) for origin in unowned)
    whole -= unowned
    assert whole
    wrong = {
        origin: (log.costs[origin], month.base.costs[origin])
        for origin in sorted(whole)
        if log.costs[origin] != month.base.costs[origin]
    }
    assert (len(wrong), dict(list(wrong.items())[:3])) == (0, {})
    assert sum(log.costs[origin] or 0 for origin in whole) == sum(month.base.costs[origin] or 0 for origin in whole)


def is_unpriced(month: Audited, model: str) -> bool:
    """Whether the report names a model among those without a price."""
    return model in {unpriced.model for unpriced in month.quality.unpriced}


def test_where_the_cache_is_not_told_the_report_says_that_it_was_not_assessed(log: Log, month: Audited) -> None:
    parts = {"cache_read_tokens": "read", "cache_write_tokens": "write"}
    lost = {
        column
        for column, name in parts.items()
        for call in log.sent.values()
        if getattr(call, name) and log.writer.expected(call)[column] is None and not call.gateway_hit
    }
    if lost:
        assert {("missed_prompt_cache", source) for source in log.sources} <= month.gaps, lost


@pytest.mark.parametrize("name", JUDGED)
def test_a_rule_flags_what_it_flags_in_the_native_log_or_is_said_to_be_blind(
    log: Log, month: Audited, name: str
) -> None:
    rule = next(rule for rule in month.rules if rule.id == name)
    if not carries(log, rule):
        assert {(name, source) for source in log.sources} <= month.gaps
        assert flagged_beyond(log, month, name) == set()
        return
    if rule.grade is Grade.PROVEN:
        assert flagged_beyond(log, month, name) == set()
    columns = (rule.columns or frozenset()) & set(truth(next(iter(log.sent.values())))) - SHOWN
    if all(told(log, column) for column in columns):
        assert log.flags.get(name, frozenset()) == month.base.flags[name] & set(log.sent)


def flagged_beyond(log: Log, month: Audited, name: str) -> set[str]:
    """What a log's calls are flagged for and the native log's are not, though there too they have a price.

    A tier of its own may have no price, and be priced as the standard one where no tier is told.
    """
    tiered = {
        origin for origin in log.sent if month.base.costs[origin] is None and not log.read[origin]["service_tier"]
    }
    return set(log.flags.get(name, frozenset()) - month.base.flags[name] - tiered)


def carries(log: Log, rule: Rule) -> bool:
    """Whether the log states of its calls what a rule needs; that a status is unknown states none."""
    known = [log.writer.expected(call) for call in log.sent.values() if call.known]
    return all(
        any(2 * sum(expected[column] not in (None, "unknown") for expected in known) > len(known) for column in need)
        for need in rule.needs
    )


def test_no_call_of_one_log_is_taken_for_another_log_s(month: Audited) -> None:
    assert month.linked == 0


def test_the_report_counts_what_told_no_usage_and_what_has_no_price(month: Audited) -> None:
    missing = [
        call
        for log in month.logs.values()
        for call in log.sent.values()
        if not call.known and log.writer.expected(call)["status"] not in ("error", "cancelled")
    ]
    assert month.quality.missing_usage_calls == len(missing)
    assert ("inhouse", "house-7b") in {(model.provider, model.model) for model in month.quality.unpriced}
    unpriced = {
        log.read[origin]["model"]
        for log in month.logs.values()
        for origin, cost in log.costs.items()
        if cost is None and log.sent[origin].known
    }
    assert {model.model for model in month.quality.unpriced} == unpriced
