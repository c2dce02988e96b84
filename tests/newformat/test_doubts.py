"""What a new format is guessed to read, and what it asks where a sample only seems to tell."""

from __future__ import annotations

import json
import random
import re
from typing import TYPE_CHECKING, Any

import pytest

from audit import formatbook
from audit.formatcases import run_cases
from audit.newformat import command
from audit.settings import Settings
from audit.sniffing import Sniffer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

KEYS = (
    "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",
    "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCD",
    "f56e64dc3cd6089065c3146e80a9c222",
)
SOME = random.Random(7)


class Made:
    """A format that was made of a sample: what was said of it, its text, and the calls it reads."""

    def __init__(self, folder: Path, records: Iterable[dict[str, Any]]) -> None:
        self.sample = folder / "sample.jsonl"
        self.sample.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
        self.sql = folder / "own" / "ours.sql"
        self.told = "\n".join(
            command.new("ours", self.sample, self.sql.parent, {}, Settings(), anyway=False, columns=100)
        )
        self.text = self.sql.read_text(encoding="utf-8")
        self.asked = [line.partition(": ")[2] for line in self.told.splitlines() if re.match(r"  line \d+: ", line)]
        assert [result.difference for result in run_cases([self.sql])] == [None]

    def rows(self, text: str = "") -> list[dict[str, Any]]:
        """The first calls that the format reads of the sample, or that the format does when its text is another."""
        if text:
            self.sql.write_text(text, encoding="utf-8")
        (one,) = Sniffer({"ours": formatbook.read(self.sql)}, (), Settings()).sniff(self.sample)
        assert one.rejected == 0
        return [dict(row) for row in one.rows]

    def asks(self, *words: str) -> bool:
        return any(all(word in question for word in words) for question in self.asked)


def log(folder: Path, fields: Callable[[int], dict[str, Any]], number: int = 12, **but: Any) -> Made:
    """A format made of calls with an id, a time and a model; None takes one of those out."""

    def record(at: int) -> dict[str, Any]:
        plain = {"id": f"c{at:05d}", "ts": f"2026-10-05T10:00:{at:02d}Z", "model": "gpt-4o"} | but
        return {name: value for name, value in plain.items() if value is not None} | fields(at)

    return Made(folder, map(record, range(number)))


def amount(most: int = 9000) -> int:
    return SOME.randint(10, most)


def usage(at: int) -> dict[str, int]:
    return {"prompt_tokens": 1000 + at * 17 % 11, "completion_tokens": 20 + at * 7 % 5}


# --- what is not read


def test_fields_that_are_not_read_are_told_and_those_that_speak_of_usage_are_asked_about(tmp_path: Path) -> None:
    made = log(
        tmp_path, lambda at: usage(at) | {"billed_tokens": amount(), "colour": "red", "token": "a b", "cost": {"x": 1}}
    )
    assert "nothing was made of: billed_tokens, colour, token, cost.x" in made.told
    assert made.asks("nothing is made of billed_tokens, cost.x: is that a part of what a call used or cost?")


def test_a_breakdown_of_what_is_read_is_not_asked_about(tmp_path: Path) -> None:
    details = {"prompt_tokens_details": {"cached_tokens": 5, "audio_tokens": 0, "text_tokens": 3}}
    made = log(tmp_path, lambda at: usage(at) | details | {"stop_reason": "end"})
    assert not made.asks("nothing is made of")


@pytest.mark.parametrize(
    ("names", "read"),
    [(("prompt_tokens",), "output"), (("completion_tokens",), "input")],
)
def test_a_log_without_input_or_output_is_asked_about(tmp_path: Path, names: tuple[str, ...], read: str) -> None:
    made = log(tmp_path, lambda _: {name: amount() for name in names})
    assert made.asks(f"no field was found for the tokens of the {read}")


# --- totals


def test_the_total_tells_that_the_reasoning_stands_beside_the_output_and_the_cache_in_the_input(tmp_path: Path) -> None:
    def fields(_: int) -> dict[str, int]:
        prompt, completion, reasoning = amount(), amount(300), amount(500)
        counts = {"prompt": prompt, "prompt_cached": 5, "completion": completion, "reasoning": reasoning}
        return counts | {"total": prompt + completion + reasoning}

    made = log(tmp_path, fields)
    records = [json.loads(line) for line in made.sample.read_text("utf-8").splitlines()]
    for row, record in zip(made.rows(), records, strict=False):
        assert (row["input_tokens"], row["cache_read_tokens"]) == (record["prompt"], 5)
        assert row["output_tokens"] == record["completion"] + record["reasoning"]
    assert not made.asks("cache")
    assert not made.asks("reasoning")
    assert "total (only compared)" in made.told


def test_the_total_tells_that_both_the_cache_and_the_reasoning_stand_beside(tmp_path: Path) -> None:
    def fields(at: int) -> dict[str, Any]:
        fresh, cached, text, thinking = amount(), 2048 * (at % 2), amount(300), amount(90)
        counts = {"input": {"fresh": fresh, "cached": cached}, "output": {"text": text, "thinking": thinking}}
        return {"usage": counts | {"total": fresh + cached + text + thinking}}

    made = log(tmp_path, fields)
    total = json.loads(made.sample.read_text("utf-8").splitlines()[1])["usage"]["total"]
    row = made.rows()[1]
    assert row["input_tokens"] + row["output_tokens"] == total
    assert not made.asks("total")


def test_a_total_that_is_not_input_and_output_is_asked_about_with_the_figures(tmp_path: Path) -> None:
    made = log(tmp_path, lambda at: (use := usage(at)) | {"total_tokens": sum(use.values()) + 7 + at})
    assert made.asks("total_tokens is not prompt_tokens + completion_tokens in 12 of 12 records (the first: +7)")


def test_a_field_that_makes_up_the_total_is_named(tmp_path: Path) -> None:
    def fields(at: int) -> dict[str, int]:
        use = usage(at)
        return use | {"tool_tokens": 9 + at, "total_tokens": sum(use.values()) + 9 + at}

    assert log(tmp_path, fields).asks("but it is with tool_tokens added")


# --- identity


@pytest.mark.parametrize("name", ["req", "reqid", "rid", "uid", "cid", "msgid", "call", "span", "hash", "key", "seq"])
def test_a_field_of_which_no_two_records_have_the_same_value_is_the_id_and_asked_about(
    tmp_path: Path, name: str
) -> None:
    made = log(tmp_path, lambda at: usage(at) | {name: f"b{at}"}, id=None)
    assert made.rows()[1]["call_id"] == "b1"
    assert made.asks("no two of the sample's 12 records have the same", name)


def test_an_id_is_told_by_its_values_where_its_name_says_nothing(tmp_path: Path) -> None:
    made = log(tmp_path, lambda at: {"blob": f"{at:04x}-77aa-{at:06d}"} | usage(at), id=None)
    assert made.rows()[1]["call_id"].startswith("0001-77aa")
    assert made.asks("the same blob")


@pytest.mark.parametrize(
    "fields",
    [
        lambda _: {"call": "chat"},
        lambda at: {"logged": f"2026-10-05T11:00:{at:02d}.123456Z"},
        lambda at: {"prompt_tokens": 1000 + at, "dur_ms": 5000 + 3 * at},
        lambda at: {"prompt_sha256": f"{at:064x}"},
    ],
    ids=["constant", "instant", "counts", "a prompt's digest"],
)
def test_what_is_no_id_is_not_taken_for_one(tmp_path: Path, fields: Callable[[int], dict[str, Any]]) -> None:
    made = log(tmp_path, lambda at: usage(at) | fields(at), id=None)
    assert "md5(concat_ws('|', started::VARCHAR" in made.text


def test_a_trace_that_no_two_records_share_is_a_part_of_the_id_and_asked_about(tmp_path: Path) -> None:
    made = log(tmp_path, lambda at: usage(at) | {"traceId": f"q{at}"}, id=None)
    assert "md5(concat_ws('|', trace::VARCHAR, started::VARCHAR" in made.text
    assert made.asks("the same traceId: if it has one call only, write trace AS call_id")


def test_an_id_of_a_request_and_a_response_is_asked_about(tmp_path: Path) -> None:
    records = [
        record
        for at in range(9)
        for record in (
            {"event": "request", "id": f"c{at}", "time": 1790845200 + at, "model": "gpt-4o", "prompt_tokens": amount()},
            {"event": "response", "id": f"c{at}", "time": 1790845201 + at, "completion_tokens": amount(90)},
        )
    ]
    made = Made(tmp_path, records)
    assert made.asks(
        "each id stands on several records, 18 for 9, that state different things", "OVER (PARTITION BY id)"
    )
    assert "of the sample it reads 9 calls" in made.told


# --- counts of other makes


def test_what_was_in_the_cache_and_what_was_not_are_the_input(tmp_path: Path) -> None:
    made = log(tmp_path, lambda _: {
        "prompt_cache_hit_tokens": 2048, "prompt_cache_miss_tokens": 3054, "completion_tokens": amount(99),
    })  # fmt: skip
    assert (made.rows()[0]["input_tokens"], made.rows()[0]["cache_read_tokens"]) == (5102, 2048)


def test_an_input_that_is_what_was_in_the_cache_and_what_was_not_holds_both(tmp_path: Path) -> None:
    made = log(tmp_path, lambda _: {
        "prompt_tokens": 5102, "prompt_cache_hit_tokens": 2048, "prompt_cache_miss_tokens": 3054,
        "completion_tokens": 5,
    })  # fmt: skip
    assert made.rows()[0]["input_tokens"] == 5102
    assert not made.asks("cache")


def test_texts_sounds_and_images_are_the_input(tmp_path: Path) -> None:
    made = log(tmp_path, lambda _: {
        "text_input_tokens": 4000, "audio_input_tokens": 300, "image_input_tokens": 20, "output_tokens": amount(99),
    })  # fmt: skip
    assert made.rows()[0]["input_tokens"] == 4320


def test_whether_the_input_holds_the_sounds_is_asked(tmp_path: Path) -> None:
    made = log(tmp_path, lambda _: {"input_tokens": 4000, "audio_input_tokens": 300, "output_tokens": amount(99)})
    assert made.rows()[0]["input_tokens"] == 4000
    assert made.asks("does input_tokens hold audio_input_tokens?")


def test_a_running_total_is_asked_about_and_the_remedy_holds(tmp_path: Path) -> None:
    def fields(at: int) -> dict[str, Any]:
        turn = at % 6 + 1
        return {"session": f"s{at // 6}", "cumulative_input_tokens": 100 * turn, "cumulative_output_tokens": 9 * turn}

    made = log(tmp_path, fields)
    assert made.asks("cumulative_output_tokens is called a running total")
    question = next(asked for asked in made.asked if "cumulative_input_tokens is called a running total" in asked)
    taken = question.partition("If it is a sum, write ")[2].removesuffix(" for input")
    mended = made.text.replace("> 0 THEN input END", f"> 0 THEN {taken} END")
    assert {row["input_tokens"] for row in made.rows(mended)} == {100}


def test_a_count_that_never_falls_is_asked_about(tmp_path: Path) -> None:
    made = log(tmp_path, lambda at: {"prompt_tokens": 500 + 90 * at, "completion_tokens": 40 + 11 * at})
    assert made.asks("prompt_tokens never falls from one record to the next")
    again = tmp_path / "again"
    again.mkdir()
    made = log(again, lambda at: {"prompt_tokens": 500 + 90 * at, "completion_tokens": 40 + 11 * (at % 5)})
    assert not made.asks("never falls")  # a conversation's input grows of itself


def test_a_call_s_own_count_goes_before_a_running_one(tmp_path: Path) -> None:
    made = log(tmp_path, lambda at: {"a_total": {"input_tokens": 9 * at, "output_tokens": at}, "b_last": usage(at)})
    assert made.rows()[1]["input_tokens"] == usage(1)["prompt_tokens"]


def test_numbers_with_separators_are_read_and_told(tmp_path: Path) -> None:
    made = log(tmp_path, lambda at: {"inputTokens": f"{1000 + at:,}", "outputTokens": str(70 + at % 3)})
    assert made.rows()[1]["input_tokens"] == 1001
    assert "inputTokens: written with separators between its thousands, as in 1,000" in made.told


def test_thousands_of_tokens_are_asked_about(tmp_path: Path) -> None:
    made = log(tmp_path, lambda _: {"prompt_ktokens": 8.924, "completion_ktokens": 0.249})
    assert made.asks("prompt_ktokens is not read", "8.924", "Is it in thousands?")
    assert made.asks("completion_ktokens is not read")


# --- dates and prices


ZONELESS = ("2026-10-05 08:00:01", "2026/10/05 08:00:01", "05.10.2026 08:00:01", "2026-10-05", "20261005080001")
ZONED = (
    "2026-10-05T08:00:01Z", "2026-10-05T08:00:01.123+08:00", "2026-10-05 08:00:01+00", "05/Oct/2026:08:00:01 +0000",
    "2026-10-05 08:00:01 UTC", 1790845200, 1790845200.5,
)  # fmt: skip


@pytest.mark.parametrize("date", [*ZONELESS, *ZONED])
def test_the_zone_that_dates_without_one_count_in_is_told(tmp_path: Path, date: Any) -> None:
    made = log(tmp_path, usage, 3, ts=date)
    assert ("dates without a zone (ts) count in UTC" in made.told) == (date in ZONELESS)
    assert ("  [logs]" in made.told) == (date in ZONELESS)


def test_a_price_is_asked_about(tmp_path: Path) -> None:
    made = log(tmp_path, lambda at: usage(at) | {"price": 2.5})
    assert made.asks("price is the same (2.5) in all 12 records: is it what the call cost, or a price per token?")


def test_a_cost_in_parts_of_a_dollar_is_read(tmp_path: Path) -> None:
    made = log(tmp_path, lambda at: usage(at) | {"cost_micro_usd": 7762})
    row = made.rows()[0]
    assert (str(row["stated_cost"]), row["stated_currency"]) == ("0.007762000", "USD")


# --- keys


@pytest.mark.parametrize("key", KEYS)
def test_a_key_stands_in_neither_file_and_not_on_the_terminal(tmp_path: Path, key: str) -> None:
    holders = {"app": key, "env": key, "user": key, "api_key": key, "x": {key: 1}, key: 5, f"{key}_tokens": 9}
    pairs = [{"key": key, "value": 3}, {"key": "team", "value": key}]
    made = log(tmp_path, lambda at: usage(at) | holders | {"attrs": pairs, "status": key})
    cases = made.sql.with_suffix(".yml").read_text(encoding="utf-8")
    for written in (made.text, cases, made.told):
        assert key not in written


@pytest.mark.parametrize("inside", [True, False])
def test_a_request_is_known_by_all_that_makes_its_answer(tmp_path: Path, inside: bool) -> None:  # noqa: FBT001  # a case
    def fields(at: int) -> dict[str, Any]:
        said = [{"role": "user", "content": f"How tall is number {at // 4}?"}]
        asked = {"messages": said, "seed": at % 2, "temperature": 0.2}
        return {"usage": {"input_tokens": 10, "output_tokens": 1}} | ({"body": asked} if inside else asked)

    one, other, again = (row["prompt_hash"] for row in log(tmp_path, fields).rows())
    assert one == again != other
    assert None not in (one, other)
