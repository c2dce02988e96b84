"""A call is counted once: whatever files state it, how often, and in which order they come."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import threading
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from audit.ingest import merge
from tests.ingest.shop import Shop, line, lines

if TYPE_CHECKING:
    import pytest

    from audit.engine.duckdb import Engine


def test_a_file_that_was_read_is_skipped_whatever_its_name(shop: Shop) -> None:
    path = shop.log("a.jsonl", lines("a", "b"))
    copy = shop.log("renamed.log", path.read_bytes())
    first, second = shop.ingest(path, copy)
    assert (first.calls, second.known, second.reason) == (2, True, "already read")
    assert [receipt.known for receipt in shop.ingest(path, copy)] == [True, True]
    assert shop.rows("SELECT count(*) FROM store.files") == [(1,)]


def test_a_recompressed_copy_adds_nothing_and_tells_no_reject_again(shop: Shop) -> None:
    content = lines("a", "b") + b"{bad\n"
    plain, packed = shop.log("a.jsonl", content), shop.log("a.jsonl.gz", gzip.compress(content))
    assert [(r.calls, r.rejected) for r in shop.ingest(plain, packed)] == [(2, 1), (0, 0)]
    assert len(shop.rejects) == 1


def test_a_grown_file_adds_what_is_new_and_tells_no_reject_again(shop: Shop) -> None:
    path = shop.log("a.jsonl", lines("a") + b"{bad\n")
    shop.ingest(path)
    path.write_bytes(path.read_bytes() + lines("b") + b"{worse\n")
    (receipt,) = shop.ingest(path)
    assert (receipt.calls, receipt.rejected) == (1, 1)
    assert (shop.calls, shop.rejected_lines) == (["a", "b"], [2, 4])
    assert shop.rows("SELECT sum(rejected) FROM store.files") == [(2,)]


def test_a_file_that_came_whole_at_last_tells_of_no_cut_any_more(shop: Shop) -> None:
    packed = gzip.compress(lines(*(f"c{number}" for number in range(2000))))
    path = shop.log("a.jsonl.gz", packed[: len(packed) // 2])
    shop.ingest(path)
    assert shop.rejects
    path.write_bytes(packed)
    shop.ingest(path)
    assert (len(shop.calls), shop.rejects) == (2000, [])
    assert shop.rows("SELECT sum(rejected) FROM store.files") == [(0,)]


def test_a_rotated_and_grown_file_tells_no_reject_again(shop: Shop) -> None:
    path = shop.log("a.jsonl", lines("a") + b"{bad\n")
    shop.ingest(path)
    rotated = path.rename(path.with_name("a.jsonl.1"))
    rotated.write_bytes(rotated.read_bytes() + lines("b"))
    (receipt,) = shop.ingest(rotated)
    assert (receipt.calls, receipt.rejected) == (1, 0)


def test_the_same_fault_in_two_logs_is_two_rejects(shop: Shop) -> None:
    shop.ingest(shop.log("a.jsonl", lines("a") + b"{bad\n"), shop.log("b.jsonl", lines("b") + b"{bad\n"))
    assert shop.rows("SELECT count(DISTINCT file_id), count(*), max(line) FROM store.rejects") == [(2, 2, 2)]


def test_a_line_that_was_only_half_written_is_read_once_it_is_whole(shop: Shop) -> None:
    path = shop.log("a.jsonl", lines("a") + line("b")[:30])
    shop.ingest(path)
    path.write_bytes(lines("a", "b"))
    (receipt,) = shop.ingest(path)
    assert (receipt.calls, shop.calls) == (1, ["a", "b"])


def test_within_a_file_the_last_statement_of_a_call_holds(shop: Shop) -> None:
    again = [line("a", output_tokens=number, started_at=f"2026-10-05T10:00:{9 - number:02}Z") for number in (1, 7, 3)]
    shop.read(lines("b") + b"".join(again) + lines("c"))
    assert (shop.calls, shop.value("output_tokens", "a")) == (["a", "b", "c"], 3)
    assert str(shop.value("started_at", "a")) == "2026-10-05 10:00:02"


def test_the_last_statement_holds_in_a_file_that_many_threads_read(shop: Shop) -> None:
    number, each = 60_000, 3
    shop.read(b"".join(line(f"{n % (number // each)}", output_tokens=n) for n in range(number)))
    (found,) = shop.rows("SELECT count(*), min(output_tokens), max(output_tokens) FROM store.calls")
    assert found == (20_000, 40_000, 59_999)


def test_the_same_id_of_two_sources_is_two_calls(shop: Shop) -> None:
    assert shop.read(line("a", source="one") + line("a", source="two")).calls == 2


STATEMENTS = st.lists(
    st.tuples(
        st.sampled_from("abcd"),
        st.integers(0, 3),
        st.sampled_from([None, 0, 5, 9]),
        st.sampled_from(["ok", "error"]),
    ),
    max_size=4,
)


@settings(max_examples=12, deadline=None)
@given(
    files=st.lists(STATEMENTS, min_size=1, max_size=3),
    order=st.randoms(use_true_random=False),
    splits=st.lists(st.integers(0, 3), max_size=1),
)
def test_the_order_of_files_and_of_runs_does_not_matter(
    files: list[list[tuple[str, int, int | None, str]]], order: object, splits: list[int]
) -> None:
    with TemporaryDirectory() as folder:
        shop = Shop(Path(folder))
        paths = []
        for number, statements in enumerate(files):
            content = b"".join(
                line(call_id, started_at=f"2026-10-05T10:00:0{second}Z", output_tokens=output, status=status)
                for call_id, second, output, status in statements
            )
            paths.append(shop.log(f"{number}.jsonl", content))
        shop.ingest(*paths)
        shuffled = list(paths)
        order.shuffle(shuffled)  # type: ignore[attr-defined]
        other = Shop(Path(folder), store="other.duckdb")
        marks = [0, *sorted(splits), len(shuffled)]
        for begin, end in pairwise(marks):
            other.ingest(*shuffled[begin:end])
        assert other.whole_calls == shop.whole_calls
        shop.ingest(*shuffled)
        assert other.whole_calls == shop.whole_calls


def test_a_file_nobody_can_read_is_tried_again_and_named_each_time(shop: Shop) -> None:
    path = shop.log("a.jsonl", b'{"unknown": 1}\n')
    for _ in range(3):
        (receipt,) = shop.ingest(path)
        assert receipt.unread
        assert receipt.reason == "no known log format; its first record has unknown"
    assert shop.rows("SELECT count(*) FROM store.files") == [(1,)]


def changed_while_read(monkeypatch: pytest.MonkeyPatch, change: object) -> None:
    """Let something happen to the file right after the engine has read it."""
    original = merge.one_call_once

    def then(engine: Engine, low: int, high: int, parts: dict[int, tuple[int, ...]]) -> dict[int, int]:
        change()  # type: ignore[operator]
        return original(engine, low, high, parts)

    monkeypatch.setattr("audit.ingest.enter.one_call_once", then)


def test_lines_appended_while_a_file_is_read_are_read_the_next_time(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = shop.log("a.jsonl", lines("a"))

    def append() -> None:
        with path.open("ab") as stream:
            stream.write(lines("b"))

    changed_while_read(monkeypatch, append)
    shop.ingest(path)
    monkeypatch.undo()
    assert shop.ingest(path)[0].calls == 1
    assert shop.calls == ["a", "b"]


def test_a_file_replaced_while_it_is_read_is_left_for_the_next_time(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = shop.log("a.jsonl", lines("a"))
    changed_while_read(monkeypatch, lambda: path.write_bytes(lines("c")[:-9]))
    (receipt,) = shop.ingest(path)
    assert receipt.reason == f"{path}: it changed while it was read; run again to read it"
    assert shop.calls == []


def test_a_log_that_someone_writes_to_all_the_time_is_counted_right_in_the_end(shop: Shop) -> None:
    path = shop.log("a.jsonl", b"")
    done = threading.Event()

    def write() -> None:
        with path.open("ab", buffering=0) as stream:
            for number in range(4000):
                whole = line(f"{number:05}")
                stream.write(whole[:20])
                stream.write(whole[20:])
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not done.is_set():
        shop.ingest(path)
    writer.join()
    shop.ingest(path)
    assert shop.calls == [f"{number:05}" for number in range(4000)]


def test_many_small_files_are_each_read_once(shop: Shop) -> None:
    paths = [shop.log(f"logs/{number}.jsonl", lines(f"{number:04}", f"{number + 1:04}")) for number in range(40)]
    shop.ingest(*paths)
    assert len(shop.calls) == 41
    assert all(receipt.known for receipt in shop.ingest(*paths))


def test_a_copy_through_a_link_is_the_same_file(shop: Shop) -> None:
    path = shop.log("a.jsonl", lines("a"))
    link = path.with_name("b.jsonl")
    os.symlink(path, link)  # noqa: PTH211
    hard = shutil.copy(path, path.with_name("c.jsonl"))
    assert [receipt.calls for receipt in shop.ingest(path, link, Path(hard))] == [1, 0, 0]
    assert json.loads(path.read_bytes())["call_id"] == "a"
