"""Logs grow, rotate, are packed and rewritten: what is new is read, and what was read is known whatever its name."""

from __future__ import annotations

import gzip
import os
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
import zstandard

from audit import intake
from audit.engine.store import open_store
from audit.ingest import batch, content, find
from audit.settings import Settings
from tests.ingest.shop import Shop, line, lines

if TYPE_CHECKING:
    from pathlib import Path

HEADER = b"call_id,started_at,model,input_tokens\n"


def row(call_id: str, task: str = "") -> bytes:
    told = f',"{task}"' if task else ""
    return f"{call_id},2026-10-05T10:00:00Z,gpt-4o,10{told}\n".encode()


def copied(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What is read of files that grew."""
    rests: list[bytes] = []
    original = content.copy_rest

    def copy(path: Path, layout: object, offset: int, size: int, target: Path) -> None:
        original(path, layout, offset, size, target)  # type: ignore[arg-type]
        rests.append(target.read_bytes())

    monkeypatch.setattr("audit.ingest.content.copy_rest", copy)
    return rests


def test_of_a_log_that_grew_only_what_is_new_is_read(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    rests = copied(monkeypatch)
    path = shop.log("a.jsonl", lines("a", "b"))
    shop.ingest(path)
    for number in range(3):
        with path.open("ab") as out:
            out.write(lines(f"c{number}"))
        assert [receipt.calls for receipt in shop.ingest(path)] == [1]
    assert rests == [lines("c0"), lines("c1"), lines("c2")]
    assert shop.calls == ["a", "b", "c0", "c1", "c2"]


def test_a_line_that_was_half_there_is_read_with_the_rest(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    rests = copied(monkeypatch)
    path = shop.log("a.jsonl", b"{bad\n" + lines("a") + line("b")[:40])
    assert shop.ingest(path)[0].rejected == 1, "half a line is waited for"
    assert shop.rejected_lines == [1, 3]
    path.write_bytes(b"{bad\n" + lines("a", "b") + b"{worse\n")
    assert (shop.ingest(path)[0].calls, rests) == (1, [lines("b") + b"{worse\n"])
    assert (shop.calls, shop.rejected_lines) == (["a", "b"], [1, 4])
    assert shop.rows("SELECT sum(rejected) FROM store.files") == [(2,)]


def test_a_last_line_without_its_end_is_one_call_when_the_log_goes_on(shop: Shop) -> None:
    path = shop.log("a.jsonl", lines("a").rstrip())
    shop.ingest(path)
    path.write_bytes(lines("a", "b"))
    assert (shop.ingest(path)[0].calls, shop.calls) == (1, ["a", "b"])


@pytest.mark.parametrize("together", [False, True])
def test_a_log_states_a_call_last_where_it_grew_to(shop: Shop, *, together: bool) -> None:
    """As in a log that was read at once, the last line holds, though an earlier one says more."""
    early = line("a", output_tokens=9, started_at="2026-10-05T09:00:00Z") + line("b", output_tokens=9)
    paths = [shop.log(f"{name}.jsonl", early.replace(b'"a"', b'"a%s"' % name.encode())) for name in "xy"]
    used = paths if together else paths[:1]
    shop.ingest(*used)
    for said in (8, 7):
        for path, name in zip(used, "xy", strict=False):
            with path.open("ab") as out:
                out.write(line(f"a{name}", output_tokens=said))
        assert [receipt.calls for receipt in shop.ingest(*used)] == [0] * len(used)
    told = shop.rows("SELECT output_tokens, started_at::VARCHAR FROM store.calls WHERE call_id LIKE 'a%'")
    assert told == [(7, "2026-10-05 09:00:00")] * len(used)
    assert shop.rows("SELECT count(*), sum(calls) FROM (SELECT 1), store.files") == [(3 * len(used), 2 + together)]


def test_of_a_table_that_grew_the_new_rows_are_read_under_its_header(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    rests = copied(monkeypatch)
    path = shop.log("a.csv", HEADER + row("a"))
    shop.ingest(path)
    with path.open("ab") as out:
        out.write(row("b") + b"c,not a time,gpt-4o,1\n")
    shop.ingest(path)
    assert rests == [HEADER + row("b") + b"c,not a time,gpt-4o,1\n"]
    assert (shop.calls, shop.rejected_lines) == (["a", "b"], [4])


def test_a_table_that_grew_inside_a_quoted_value_is_read_whole(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    rests = copied(monkeypatch)
    header = HEADER.replace(b"input_tokens", b"input_tokens,task")
    whole = header + row("a", "one\ntwo") + row("b", "three")
    path = shop.log("a.csv", whole[: whole.index(b"two")])
    shop.ingest(path)
    path.write_bytes(whole)
    shop.ingest(path)
    assert (rests, shop.calls, shop.rejects) == ([], ["a", "b"], [])


def test_logs_that_rotate_are_known_by_what_is_in_them(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """app.log is renamed to app.log.1 with a few lines more, packed as app.log.2.gz the day after, and starts anew."""
    rests = copied(monkeypatch)
    first = lines(*(f"a{number:03}" for number in range(60)))
    path = shop.log("app.log", first)
    shop.ingest(path)
    older = path.rename(path.with_name("app.log.1"))
    with older.open("ab") as out:
        out.write(lines("late"))
    path.write_bytes(lines("b"))
    receipts = shop.ingest(path, older)
    assert ([receipt.calls for receipt in receipts], rests) == ([1, 1], [lines("late")])
    packed = shop.log("app.log.2.gz", gzip.compress(older.read_bytes()))
    squeezed = shop.log("app.log.3.zst", zstandard.compress(older.read_bytes()))
    older.unlink()
    assert [receipt.known for receipt in shop.ingest(path, packed, squeezed)] == [True, True, True]
    assert len(shop.calls) == 62


def test_an_archive_that_holds_more_than_was_read_gives_the_rest(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    rests = copied(monkeypatch)
    first = lines(*(f"a{number:03}" for number in range(60)))
    shop.ingest(shop.log("app.log", first))
    (receipt,) = shop.ingest(shop.log("app.log.1.gz", gzip.compress(first + lines("late"))))
    assert (receipt.calls, rests) == (1, [lines("late")])


def test_a_rewritten_log_is_read_anew_and_said_to_be(shop: Shop) -> None:
    path = shop.log("a.jsonl", lines("a", "b"))
    shop.ingest(path)
    path.write_bytes(lines("c"))
    (receipt,) = shop.ingest(path)
    assert (receipt.rewritten, receipt.calls) == (True, 1)
    # What it said before was said: those calls were made.
    assert shop.calls == ["a", "b", "c"]


def test_a_place_that_did_not_change_is_not_opened(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    path = shop.log("a.jsonl", lines("a"))
    shop.ingest(path)
    monkeypatch.setattr("audit.ingest.load.sniff", lambda _: 1 / 0)
    assert shop.ingest(path)[0].known


def test_a_change_that_keeps_the_length_is_seen(shop: Shop) -> None:
    path = shop.log("a.jsonl", lines("a"))
    shop.ingest(path)
    path.write_bytes(lines("b"))
    os.utime(path, ns=(1, 1))
    assert (shop.ingest(path)[0].calls, shop.calls) == (1, ["a", "b"])


def test_two_thousand_small_files_are_read_in_a_few_passes(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    passes: list[int] = []
    original = batch.read_together

    def counted(*given: Any, **named: Any) -> Any:
        passes.append(len(given[2]))
        return original(*given, **named)

    monkeypatch.setattr("audit.ingest.batch.read_together", counted)
    number = 2_100
    paths = [shop.log(f"logs/{at // 100}/{at}.jsonl", lines(f"{at:05}", f"{at + 1:05}")) for at in range(number)]
    paths[7].write_bytes(lines("00007") + b"{bad\n")
    receipts = shop.ingest(*paths)
    assert (len(passes), sum(passes)) == (2, number)
    assert ([receipt.path for receipt in receipts], sum(receipt.calls for receipt in receipts)) == (paths, number + 1)
    assert (len(shop.calls), shop.rejected_lines) == (number + 1, [2])
    assert all(receipt.known for receipt in shop.ingest(*paths))


def test_the_files_of_an_archive_are_read_each_under_its_name(shop: Shop) -> None:
    path = shop.folder / "export.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("calls.jsonl", lines("a", "b") + b"{bad\n")
        archive.writestr("more/calls.csv", HEADER + row("c"))
    receipts = shop.ingest(path)
    assert [(receipt.path, receipt.calls, receipt.rejected) for receipt in receipts] == [
        (f"{path}!calls.jsonl", 2, 1),
        (f"{path}!more/calls.csv", 1, 0),
    ]
    assert [receipt.known for receipt in shop.ingest(path)] == [True]
    copy = shop.log("copy.zip", path.read_bytes())
    assert all(receipt.known for receipt in shop.ingest(copy))


def test_an_archive_with_a_file_that_nobody_can_read_is_opened_again(shop: Shop) -> None:
    path = shop.folder / "export.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("calls.jsonl", lines("a"))
        archive.writestr("strange.jsonl", b'{"what": 1}\n')
    for known in (False, True):
        read, strange = shop.ingest(path)
        assert (read.known, strange.unread) == (known, True)
    assert shop.rows("SELECT path FROM store.files WHERE format IS NULL") == [(f"{path}!strange.jsonl",)]


def test_many_logs_that_grew_are_read_together(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [shop.log(f"{number}.jsonl", lines(f"a{number}") + line("half")[:9]) for number in range(30)]
    shop.ingest(*paths)
    assert len(shop.rejects) == 30
    rests = copied(monkeypatch)
    for number, path in enumerate(paths):
        path.write_bytes(lines(f"a{number}", f"b{number}") + (b"{bad\n" if number == 3 else b""))
    passes: list[int] = []
    original = batch.read_together

    def counted(*given: Any, **named: Any) -> Any:
        passes.append(len(given[2]))
        return original(*given, **named)

    monkeypatch.setattr("audit.ingest.batch.read_together", counted)
    receipts = shop.ingest(*paths)
    assert (passes, {receipt.calls for receipt in receipts}) == ([30], {1})
    assert (len(shop.calls), shop.rejected_lines) == (60, [3])
    assert all(rest in {lines(f"b{number}"), lines(f"b{number}") + b"{bad\n"} for number, rest in enumerate(rests[:30]))
    assert shop.rows("SELECT sum(rejected) FROM store.files") == [(1,)]


ROTATED = ("a.jsonl.1", "a.jsonl.2.gz", "a.log-20261001", "a.jsonl.2026-10-01", "a.log.2026-10-01-13.gz", "a.csv.12345")


@pytest.mark.parametrize("name", ROTATED)
def test_a_rotated_log_in_a_folder_is_a_log(name: str) -> None:
    assert find.has_logs_ending(name)


@pytest.mark.parametrize("name", ["a.txt", "README.1", "a.jsonl.bak", "notes-20261001"])
def test_what_is_no_log_in_a_folder_is_passed_over(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("x", encoding="utf-8")
    (tmp_path / ".hidden").write_text("x", encoding="utf-8")
    (tmp_path / "a.jsonl.1").write_text("x", encoding="utf-8")
    assert find.passed_over([tmp_path]) == [tmp_path / name]
    assert find.files([tmp_path]) == [tmp_path / "a.jsonl.1"]


def test_what_was_appended_before_a_rotation_is_read_from_the_folder(shop: Shop) -> None:
    folder = shop.folder / "logs"
    shop.log("logs/g.jsonl", lines("a", "b"))
    shop.ingest(*find.files([folder]))
    shop.log("logs/g.jsonl", lines("a", "b", "c")).rename(folder / "g.jsonl.1")
    shop.log("logs/g.jsonl", lines("d"))
    shop.ingest(*find.files([folder]))
    assert shop.calls == ["a", "b", "c", "d"]


def test_reading_again_keeps_what_a_log_held_before(shop: Shop) -> None:
    path = shop.log("g.jsonl", lines("a", "b"))
    shop.ingest(path)
    shop.log("g.jsonl", lines("a", "b", "c"))
    shop.ingest(path)
    shop.log("g.jsonl", lines("d"))
    shop.ingest(path)
    with open_store(shop.folder / shop.store, Settings()) as engine:
        intake.forget(engine, [path])
    assert shop.calls == ["a", "b", "c"], "they can be read from nowhere any more"
    shop.ingest(path)
    assert shop.calls == ["a", "b", "c", "d"]


def test_reading_again_forgets_all_parts_of_a_log_that_grew(shop: Shop) -> None:
    path = shop.log("g.jsonl", lines("a"))
    shop.ingest(path)
    shop.log("g.jsonl", lines("a", "b"))
    shop.ingest(path)
    with open_store(shop.folder / shop.store, Settings()) as engine:
        intake.forget(engine, [path])
    assert shop.calls == []
    assert [receipt.calls for receipt in shop.ingest(path)] == [2]
