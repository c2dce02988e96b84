"""A ZIP archive is as good as the files in it, and no worse than they are."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from typing import TYPE_CHECKING

import pytest

from audit.ingest import archive
from audit.records import AuditError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LINES = b'{"a": 1}\n' * 100


def packed(path: Path, files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as out:
        for name, content in files.items():
            out.writestr(name, content)
    return path


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "inner" / "work"
    folder.mkdir(parents=True)
    return folder


def contents(path: Path, work: Path) -> list[tuple[str, bytes]]:
    return [(name, file.read_bytes()) for name, file in archive.members(path, work)]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_the_files_of_an_archive_come_in_their_order_however_they_are_packed(
    tmp_path: Path, work: Path, method: int
) -> None:
    files = {"b/amount-2026-10.csv": LINES, "a/cost-2026-10.csv": b"x\n", "empty.csv": b""}
    path = packed(tmp_path / "export.zip", files, method)
    assert archive.is_zip(path)
    assert contents(path, work) == list(files.items())


def test_a_zip_is_told_by_its_bytes_and_not_by_its_name(tmp_path: Path, work: Path) -> None:
    named = tmp_path / "log.zip"
    named.write_bytes(LINES)
    short = tmp_path / "short"
    short.write_bytes(b"PK")
    assert not archive.is_zip(named)
    assert not archive.is_zip(short)
    assert archive.is_zip(packed(tmp_path / "no-ending", {"a": LINES}))
    nothing = packed(tmp_path / "nothing.zip", {})
    assert archive.is_zip(nothing)
    assert contents(nothing, work) == []


def test_one_file_lies_in_the_work_folder_at_a_time_and_none_at_the_end(tmp_path: Path, work: Path) -> None:
    path = packed(tmp_path / "a.zip", {"a": b"1", "b": b"2", "c": b"3"})
    for _, file in archive.members(path, work):
        assert list(work.iterdir()) == [file]
    assert list(work.iterdir()) == []


def test_none_is_left_where_the_reader_stops_in_the_middle(tmp_path: Path, work: Path) -> None:
    given: Iterator[tuple[str, Path]] = archive.members(packed(tmp_path / "a.zip", {"a": b"1", "b": b"2"}), work)
    _, file = next(given)
    assert file.exists()
    given.close()  # type: ignore[attr-defined]
    assert list(work.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("../../outside.jsonl", "outside.jsonl"),
        ("/etc/outside.jsonl", "etc/outside.jsonl"),
        ("..\\..\\outside.jsonl", "outside.jsonl"),
        ("C:\\outside.jsonl", "C:/outside.jsonl"),
        ("a/../../../outside.jsonl", "a/outside.jsonl"),
        ("new\nline.jsonl", "new?line.jsonl"),
        ("x" * 5_000, "x" * 5_000),
    ],
)
def test_no_name_in_an_archive_leads_out_of_the_work_folder(tmp_path: Path, work: Path, name: str, told: str) -> None:
    path = packed(tmp_path / "slip.zip", {name: LINES})
    before = set(tmp_path.rglob("*"))
    ((given, file),) = [(given, file) for given, file in archive.members(path, work) if file.read_bytes() == LINES]
    assert given == told
    assert file.parent == work
    assert set(tmp_path.rglob("*")) == before


def test_folders_links_and_what_an_apple_adds_are_passed_over(tmp_path: Path, work: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as out:
        out.mkdir("logs")
        link = zipfile.ZipInfo("logs/link.jsonl")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        out.writestr(link, "/etc/passwd")
        for name in (".DS_Store", "__MACOSX/logs/._a.jsonl", "logs/.hidden.jsonl", ".git/a.jsonl", "logs/a.jsonl"):
            out.writestr(name, LINES)
    assert [name for name, _ in contents(path, work)] == ["logs/a.jsonl"]


def test_an_archive_in_an_archive_is_a_file_like_others(tmp_path: Path, work: Path) -> None:
    inner = packed(tmp_path / "inner.zip", {"a": LINES}).read_bytes()
    ((name, content),) = contents(packed(tmp_path / "outer.zip", {"inner.zip": inner}), work)
    assert (name, content) == ("inner.zip", inner)


def refused(path: Path, work: Path) -> str:
    with pytest.raises(AuditError) as raised:
        contents(path, work)
    assert list(work.iterdir()) == []
    said = str(raised.value)
    assert said.startswith(f"{path}: ")
    return said


def test_a_bomb_is_refused_before_anything_is_unpacked(tmp_path: Path, work: Path) -> None:
    path = packed(tmp_path / "bomb.zip", {"a": LINES, "zeros": b"\0" * (4 << 20)})
    seen: list[object] = []
    with pytest.raises(AuditError, match=r"unpacks to more than .* bytes, 200 times its own size.*name the folder"):
        seen.extend(archive.members(path, work, always_bytes=1 << 20))
    assert (seen, list(work.iterdir())) == ([], [])
    assert len(contents(path, work)) == 2  # what is tightly packed and small does no harm


def test_of_a_bomb_that_lies_about_its_size_no_more_comes_out_than_it_says(tmp_path: Path, work: Path) -> None:
    path = packed(tmp_path / "bomb.zip", {"zeros": b"\0" * (4 << 20)})
    path.write_bytes(path.read_bytes().replace(struct.pack("<L", 4 << 20), struct.pack("<L", 1_000)))
    assert "damaged" in refused(path, work)


def test_a_large_archive_that_packs_as_logs_do_is_no_bomb(tmp_path: Path, work: Path) -> None:
    lines = b"".join(b'{"call_id": "%d", "model": "gpt-4o", "input_tokens": %d}\n' % (n, n * 7919) for n in range(9999))
    path = packed(tmp_path / "a.zip", {"a.jsonl": lines})
    ((_, file),) = [(name, file.read_bytes()) for name, file in archive.members(path, work, always_bytes=1)]
    assert file == lines


def test_an_encrypted_archive_is_refused_whole_with_what_to_do(tmp_path: Path, work: Path) -> None:
    path = packed(tmp_path / "locked.zip", {"open.csv": LINES, "locked.csv": LINES}, zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.rindex(mark) + offset] |= 1
    path.write_bytes(content)
    assert refused(path, work) == f"{path}: the archive is encrypted; unpack it and name the folder"


def test_a_damaged_member_is_told_after_the_sound_ones(tmp_path: Path, work: Path) -> None:
    path = packed(tmp_path / "a.zip", {"sound": b"1", "spoilt": LINES}, zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(LINES, LINES.replace(b"1", b"2", 1)))
    seen: list[str] = []
    with pytest.raises(AuditError, match="damaged or cut off"):
        seen.extend(name for name, _ in archive.members(path, work))
    assert seen == ["sound"]


@pytest.mark.parametrize("kept", [4, 30, 200, 0.5, 0.98])
def test_an_archive_that_is_cut_off_is_named(tmp_path: Path, work: Path, kept: float) -> None:
    path = packed(tmp_path / "a.zip", {str(number): LINES for number in range(20)})
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content)) if kept < 1 else int(kept)])
    assert archive.is_zip(path)
    assert refused(path, work).endswith("fetch it again")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_any_byte_may_be_spoilt_and_an_archive_is_read_or_named(tmp_path: Path, work: Path, method: int) -> None:
    path = packed(tmp_path / "a.zip", {"a.jsonl": LINES, "b.jsonl": b"2\n"}, method)
    content = path.read_bytes()
    for at in range(4, len(content)):
        spoilt = bytearray(content)
        spoilt[at] ^= 0xFF
        path.write_bytes(spoilt)
        try:
            read = contents(path, work)
        except AuditError as error:
            assert str(error).startswith(f"{path}: ")  # noqa: PT017  # either outcome is right
        else:
            assert {text for _, text in read} <= {LINES, b"2\n"}
        assert list(work.iterdir()) == []


def test_an_unknown_packing_is_named_as_such(tmp_path: Path, work: Path) -> None:
    path = packed(tmp_path / "a.zip", {"a": LINES})
    content = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        content[content.rindex(mark) + offset] = 97
    path.write_bytes(content)
    assert "packed in a way that is not known here" in refused(path, work)


def test_a_workbook_is_told_from_an_export(tmp_path: Path, work: Path) -> None:
    path = packed(tmp_path / "bill.xlsx", {"[Content_Types].xml": b"<x/>", "xl/workbook.xml": b"<x/>"})
    assert "save its table as CSV" in refused(path, work)


def test_a_full_or_missing_work_folder_is_no_damage(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", {"a": LINES})
    with pytest.raises(AuditError, match="cannot be unpacked: No such file"):
        list(archive.members(path, tmp_path / "gone"))


def test_an_archive_made_by_a_stream_is_read(tmp_path: Path, work: Path) -> None:
    class Pipe(io.RawIOBase):
        """A place that cannot be sought in, as a web server's answer."""

        def __init__(self) -> None:
            self.taken = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: bytes) -> int:  # type: ignore[override]
            self.taken += data
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("a.jsonl", LINES)
    path = tmp_path / "a.zip"
    path.write_bytes(pipe.taken)
    assert contents(path, work) == [("a.jsonl", LINES)]
