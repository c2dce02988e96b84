"""However a log's bytes lie, every good record of it is read and every other is told with its place."""

from __future__ import annotations

import gzip
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
import zstandard

from tests.ingest.shop import Shop, call, line, lines

if TYPE_CHECKING:
    from collections.abc import Callable

NO_JSON = "not valid JSON: Expecting property name enclosed in double quotes"
BROKEN = b'{"call_id":"x",\n'
CUT_OFF = "the archive is cut off or damaged: what came before its end was read"


def pretty(call_id: str) -> bytes:
    return json.dumps(call(call_id), indent=2).encode()


def test_blank_lines_are_no_records_and_count_as_lines(shop: Shop) -> None:
    assert shop.read(lines("a") + b"\n  \n\t\n" + BROKEN + lines("b")).calls == 2
    assert shop.rejects == [(5, NO_JSON, '{"call_id":"x",')]


@pytest.mark.parametrize("content", [b"", b"\n \n\t\n", b"\xef\xbb\xbf", b"\x00\x00\n"])
def test_a_file_with_nothing_in_it_is_no_fault(shop: Shop, content: bytes) -> None:
    receipt = shop.read(content)
    assert (receipt.reason, receipt.unread, shop.rejects) == ("empty", False, [])


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b""])
def test_a_byte_order_mark_is_no_part_of_the_first_record(shop: Shop, mark: bytes) -> None:
    assert shop.read(mark + lines("a", "b")).calls == 2


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_lines_may_end_as_on_any_system(shop: Shop, end: bytes) -> None:
    content = (lines("a") + b"{bad\n" + lines("b") + b"\n" + b"{worse\n").replace(b"\n", end)
    assert shop.read(content).calls == 2
    assert shop.rejected_lines == [2, 5]


def test_a_lone_carriage_return_among_line_feeds_does_not_shift_the_line_numbers(shop: Shop) -> None:
    shop.read(line("a").rstrip() + b"\r" + lines("b", "c") + b"{bad\n" + lines("d"))
    assert shop.calls == ["a", "b", "c", "d"]
    assert shop.rejected_lines == [3]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_read_with_a_mark_and_without(shop: Shop, encoding: str) -> None:
    content = (lines("a") + b"{bad\n" + lines("b")).decode().encode(encoding)
    assert shop.read(content).calls == 2
    assert shop.rejected_lines == [2]


def test_utf_16_big_endian_with_its_mark(shop: Shop) -> None:
    assert shop.read(b"\xfe\xff" + lines("a", "b").decode().encode("utf-16-be")).calls == 2


def test_pretty_printed_objects_are_records(shop: Shop) -> None:
    broken = b'{\n  "call_id": "oops,\n  "model": 3\n'
    assert shop.read(pretty("a") + b"\n" + broken + pretty("b")).calls == 2
    assert shop.rejected_lines == [8]


def test_an_array_stands_for_its_elements(shop: Shop) -> None:
    assert shop.read(json.dumps([call("a"), call("b")]).encode()).calls == 2


@pytest.mark.parametrize("broken", [b'{"call_id":"x",,}', b"oops", b"7", b'{"call_id": {"x": 1}', b'"text"'])
def test_an_array_with_one_broken_element_keeps_the_others(shop: Shop, broken: bytes) -> None:
    shop.read(b"[" + line("a") + b"," + broken + b",\n" + line("b") + b",\n" + line("c") + b"]")
    assert shop.calls == ["a", "b", "c"]
    assert shop.rejected_lines == [2]


def test_an_array_that_ends_too_early_keeps_what_is_whole(shop: Shop) -> None:
    shop.read(b"[\n" + line("a") + b"," + line("b") + b"," + line("c")[:40])
    assert (shop.calls, shop.rejected_lines) == (["a", "b"], [4])


@pytest.mark.parametrize("between", [b"", b" ", b",", b"\x00" * 4096, b"\xef\xbb\xbf", b"\x1e"])
def test_two_records_on_one_line_are_two_calls(shop: Shop, between: bytes) -> None:
    shop.read(lines("a") + line("b").strip() + between + line("c") + b"{bad\n" + lines("d"))
    assert (shop.calls, shop.rejected_lines) == (["a", "b", "c", "d"], [3])


def test_a_writer_killed_in_a_line_does_not_take_the_next_writers_line_along(shop: Shop) -> None:
    shop.read(lines("a") + b'{"call_id":"torn","mod' + line("b") + lines("c"))
    assert shop.calls == ["a", "b", "c"]
    assert shop.rejected_lines == [2]
    assert "torn" in str(shop.rejects[0][2])


def test_an_object_inside_a_broken_record_is_no_call(shop: Shop) -> None:
    inner = json.dumps(call("inner")).encode()
    shop.read(lines("a") + b'{"x": ' + inner + b', "y": }\n')
    assert (shop.calls, shop.rejected_lines) == (["a"], [2])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"[1]", "a JSON value where an object was expected"),
        (b"null", "a JSON value where an object was expected"),
        (b"\x00\x00", "not valid JSON: Expecting value"),
        (b'{"call_id":"\xff\xfe","started_at":"2026-10-05","model":"m"}', "not valid UTF-8"),
        (b'{"call_id":"deep","tags":' + b"[" * 100_000, "not valid JSON: nested too deep"),
        (b'{"other": 1}', "no field of this format, or one of another shape than the format states"),
        (b'{"started_at":"2026-10-05","model":"m"}', "the call has no id"),
        (b'{"call_id":"x","model":"m"}', "the call has no start"),
    ],
)
def test_a_line_that_is_no_call_is_told_with_its_reason(shop: Shop, content: bytes, reason: str) -> None:
    shop.read(lines("a") + content + b"\n" + lines("b"))
    assert shop.calls == ["a", "b"]
    assert [(number, why) for number, why, _ in shop.rejects] == [(2, reason)]


def test_half_an_emoji_does_not_cost_the_call(shop: Shop) -> None:
    shop.read(lines("a") + line("b").replace(b'"gpt-4o"', b'"gpt\\ud83d"'))
    assert shop.calls == ["a", "b"]


def test_of_duplicate_keys_one_value_counts_and_the_call_is_kept(shop: Shop) -> None:
    shop.read(b'{"call_id":"a","call_id":"b","started_at":"2026-10-05","model":"m"}\n')
    assert len(shop.calls) == 1


def test_a_line_of_ten_megabytes_is_a_line(shop: Shop) -> None:
    shop.read(line("first", prompt="x" * 10_000_000) + line("b", prompt="y" * 10_000_000) + lines("c") + b"{bad\n")
    assert (shop.calls, shop.rejected_lines) == (["b", "c", "first"], [4])


@pytest.mark.parametrize("first", [b'_tokens":5,"model":"x"}\n', b"[2026-10-05] started, ok\n", b"a,b,c\n", b"{oops\n"])
def test_a_log_may_begin_with_the_end_of_a_line_cut_by_rotation(shop: Shop, first: bytes) -> None:
    shop.read(first + lines("a", "b"))
    assert (shop.calls, shop.rejected_lines) == (["a", "b"], [1])


def zst(content: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(content)


@pytest.mark.parametrize("pack", [gzip.compress, zst])
def test_a_cut_archive_gives_what_comes_before_the_cut(shop: Shop, pack: Callable[[bytes], bytes]) -> None:
    content = b"".join(line(f"{number:05}", task=f"{number * 7919 % 10007:x}") for number in range(3000))
    packed = pack(content)
    receipt = shop.read(packed[: len(packed) * 2 // 3])
    calls = shop.calls
    assert receipt.calls == len(calls)
    # gzip can be unpacked up to the cut, zstd up to the last whole block.
    assert len(calls) > (1500 if pack is gzip.compress else 0)
    assert calls == [f"{number:05}" for number in range(len(calls))]
    assert (None, CUT_OFF, None) in shop.rejects


def test_a_small_archive_with_a_wrong_checksum_is_read(shop: Shop) -> None:
    packed = gzip.compress(lines("a", "b"))
    assert shop.read(packed[:-8] + b"12345678").calls == 2


@pytest.mark.parametrize("pack", [gzip.compress, zst])
def test_archives_one_after_another_are_one_log(shop: Shop, pack: Callable[[bytes], bytes]) -> None:
    assert shop.read(pack(lines("a")) + pack(lines("b") + b"{bad\n"), name="misnamed.txt").calls == 2
    assert shop.rejected_lines == [3]


INSTANTS = {
    "2026-10-05T10:00:00Z": datetime(2026, 10, 5, 10),  # noqa: DTZ001  # tables hold UTC without a zone
    "2026-10-05T10:00:00+08:00": datetime(2026, 10, 5, 2),  # noqa: DTZ001
    "2026-10-05 10:00:00,250": datetime(2026, 10, 5, 2, 0, 0, 250_000),  # noqa: DTZ001
    "2026-10-05 10:00:00.1234567": datetime(2026, 10, 5, 2, 0, 0, 123_456),  # noqa: DTZ001
    "2026-10-05": datetime(2026, 10, 4, 16),  # noqa: DTZ001
    1760000000: datetime(2025, 10, 9, 8, 53, 20),  # noqa: DTZ001
    1760000000.5: datetime(2025, 10, 9, 8, 53, 20, 500_000),  # noqa: DTZ001
    1760000000123: datetime(2025, 10, 9, 8, 53, 20, 123_000),  # noqa: DTZ001
    1760000000123456: datetime(2025, 10, 9, 8, 53, 20, 123_456),  # noqa: DTZ001
    1760000000123456789: datetime(2025, 10, 9, 8, 53, 20, 123_457),  # noqa: DTZ001
    "1760000000123": datetime(2025, 10, 9, 8, 53, 20, 123_000),  # noqa: DTZ001
}


def test_an_instant_is_told_by_its_form_and_a_date_without_zone_is_the_settings(shop: Shop) -> None:
    there = Shop(shop.folder, zone="Asia/Shanghai")
    there.read(b"".join(line(f"c{number}", started_at=text) for number, text in enumerate(INSTANTS)))
    for number, (text, instant) in enumerate(INSTANTS.items()):
        assert there.value("started_at", f"c{number}") == instant, text


def test_a_local_time_that_the_clock_left_out_is_an_hour_later(shop: Shop) -> None:
    there = Shop(shop.folder, zone="Europe/Berlin")
    there.read(line("gap", started_at="2026-03-29 02:30:00") + line("twice", started_at="2026-10-25 02:30:00"))
    assert there.value("started_at", "gap") == datetime(2026, 3, 29, 1, 30)  # noqa: DTZ001
    assert there.value("started_at", "twice") == datetime(2026, 10, 25, 1, 30)  # noqa: DTZ001


@pytest.mark.parametrize(
    "raw",
    ["-1", "0", "1e400", "9e18", "true", '"yesterday"', '"0001-01-01"', '"2026-02-30"', '"now"', '"infinity"', "[1]"],
)
def test_a_date_that_is_none_or_out_of_range_is_told(shop: Shop, raw: str) -> None:
    shop.read(lines("a") + b'{"call_id":"x","model":"m","started_at":%s}\n' % raw.encode())
    assert (shop.calls, shop.rejected_lines) == (["a"], [2])
    assert "start" in shop.rejects[0][1]


@pytest.mark.parametrize("raw", ["NaN", "-5", "1e400", "1" + "0" * 30, '"abc"', "true", "[1]", "Infinity"])
def test_a_bad_number_is_told_with_its_field(shop: Shop, raw: str) -> None:
    content = b'{"call_id":"x","model":"m","started_at":"2026-10-05","input_tokens":%s}\n' % raw.encode()
    shop.read(lines("a") + content + lines("b"))
    assert shop.calls == ["a", "b"]
    ((number, reason, text),) = shop.rejects
    assert (number, reason.split(":")[0]) == (2, "input_tokens")
    assert text == content.decode().strip()


def test_a_null_an_empty_text_and_a_missing_field_are_unknown_and_no_zero(shop: Shop) -> None:
    shop.read(line("a", input_tokens=None) + line("b", input_tokens=""))
    found: list[Any] = [shop.value("input_tokens", call_id) for call_id in ("a", "b")]
    assert found == [None, None]


def test_line_numbers_hold_in_a_file_that_many_threads_read(shop: Shop) -> None:
    good, bad = 120_000, {7, 40_000, 77_777, 119_999}
    content = b"".join(b"{bad\n" if number in bad else line(f"{number}") for number in range(good))
    receipt = shop.read(content)
    assert (receipt.calls, receipt.rejected) == (good - len(bad), len(bad))
    assert shop.rejected_lines == [number + 1 for number in sorted(bad)]


def test_a_row_that_ends_with_a_delimiter_is_a_row_whether_or_not_another_is_broken(shop: Shop) -> None:
    table = b"call_id,started_at,model\na,2026-10-05T10:00:00Z,gpt-4o,\n"
    broken = b"b,2026-10-05T10:00:00Z\nc,2026-10-05T10:00:00Z,gpt-4o,,\n"
    receipts = shop.ingest(shop.log("good.csv", table), shop.log("bad.csv", table.replace(b"\na", b"\nd") + broken))
    assert [(receipt.calls, receipt.rejected) for receipt in receipts] == [(1, 0), (1, 2)]
    assert shop.calls == ["a", "d"]
