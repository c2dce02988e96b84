from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest

from audit.ingest import tables
from audit.ingest.databases import parts
from tests.databases.gateway import COLUMNS, LOGS, STARTED, Gateway, Store, row

if TYPE_CHECKING:
    from pathlib import Path

ODD = (
    row(1),
    row(2, username="李雷😀", model_name='it\'s "quoted" \\ back', other='{"frt":-1000,"note":"a\\nb","x":"\\u4f60"}'),
    row(3, request_id=None, username=None, other=None, is_stream=None, group=""),
    row(4, type=5, prompt_tokens=0, completion_tokens=0, quota=0, other='{"status_code":429,"error_code":"x"}'),
    row(5, type=1, content="充值"),
    row(6, prompt_tokens=10, other='{"claude":true,"cache_tokens":90,"cache_creation_tokens":50}'),
    row(7, content="with\x1fa separator", model_name="part\x1fed", quota=2_000_000_000),
    row(8, content='first line\nsecond, "line"', created_at=STARTED + 31 * 86_400),
)


def test_a_table_gives_the_calls_that_its_export_gives(gateway: Gateway, store: Store, tmp_path: Path) -> None:
    gateway.insert(*ODD)
    receipt = store.read(gateway.settings())
    assert (receipt.path, receipt.format, receipt.calls, receipt.rejected) == ("gateway/logs", "new_api", 7, 0)

    # What parts the columns on the way is a space afterwards.
    rows = [{k: v.replace("\x1f", " ") if isinstance(v, str) else v for k, v in one.items()} for one in ODD]
    (tmp_path / "exported").mkdir()
    log = tmp_path / "exported" / "logs.csv"
    with log.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, [column for column, _ in LOGS])
        writer.writeheader()
        writer.writerows(rows if gateway.kind != "postgresql" else ODD)
    exported = Store(tmp_path / "exported")
    exported.read_files(log)
    said = f"SELECT {COLUMNS} FROM store.calls ORDER BY call_id"
    assert store.rows(said) == exported.rows(said)


def test_only_what_is_new_is_read(gateway: Gateway, store: Store) -> None:
    gateway.insert(*map(row, range(1, 11)))
    assert store.read(gateway.settings()).calls == 10
    again = store.read(gateway.settings())
    assert (again.known, again.calls) == (True, 0)
    gateway.insert(*map(row, range(11, 16)))
    assert store.read(gateway.settings()).calls == 5
    assert len(store.ids) == len(set(store.ids)) == 15


def test_what_was_read_is_not_asked_for_again_beyond_the_look_back(gateway: Gateway, store: Store) -> None:
    gateway.insert(*(row(n, created_at=STARTED + 3600 * n) for n in range(1, 101)))
    store.read(gateway.settings(look_back_hours=5))
    gateway.run("DELETE FROM logs WHERE id <= 50")
    # Had the gateway written these late, they would be read: one within the hours, one before them.
    gateway.run("UPDATE logs SET request_id = 'late' WHERE id = 97")
    gateway.run("UPDATE logs SET request_id = 'too-late' WHERE id = 60")
    assert store.read(gateway.settings(look_back_hours=5)).calls == 1
    assert "late" in store.ids
    assert "too-late" not in store.ids


@pytest.mark.parametrize("cursor", ["id", "created_at"])
def test_a_row_that_came_late_is_found(gateway: Gateway, store: Store, cursor: str) -> None:
    gateway.insert(*map(row, (1, 2, 4, 5)))
    store.read(gateway.settings(cursor=cursor))
    gateway.insert(row(3))
    assert store.read(gateway.settings(cursor=cursor)).calls == 1
    assert len(store.ids) == 5


def test_a_row_that_was_completed_since_is_the_fuller_one(gateway: Gateway, store: Store) -> None:
    gateway.insert(row(1, completion_tokens=0), row(2))
    store.read(gateway.settings())
    gateway.run("UPDATE logs SET completion_tokens = 55 WHERE id = 1")
    assert store.read(gateway.settings()).calls == 0
    assert store.rows("SELECT call_id, output_tokens FROM store.calls ORDER BY call_id") == [
        ("req-000000001", 55),
        ("req-000000002", 20),
    ]


def test_a_table_that_was_begun_anew_is_read_from_its_beginning(gateway: Gateway, store: Store) -> None:
    gateway.insert(*map(row, range(100, 110)))
    store.read(gateway.settings())
    gateway.create()
    gateway.insert(*(row(n, request_id=f"second-{n}", created_at=STARTED + 900_000) for n in range(1, 6)))
    assert store.read(gateway.settings()).calls == 5


@pytest.mark.parametrize("cursor", ["id", "created_at"])
def test_parts_and_commits_of_any_size_give_every_call_once(
    gateway: Gateway, store: Store, monkeypatch: pytest.MonkeyPatch, cursor: str
) -> None:
    # Ten rows a second: more rows stand at one value than a part would hold.
    monkeypatch.setattr(parts, "PART_ROWS", 7)
    monkeypatch.setattr(tables, "CHUNK_ROWS", 20)
    gateway.insert(*(row(n, created_at=STARTED + n // 10) for n in range(1, 101)))
    assert store.read(gateway.settings(cursor=cursor)).calls == 100
    assert len(set(store.ids)) == len(store.ids) == 100
    assert store.read(gateway.settings(cursor=cursor)).known


def test_the_same_calls_from_a_file_and_a_table_are_the_same_calls(
    gateway: Gateway, store: Store, tmp_path: Path
) -> None:
    log = tmp_path / "logs.csv"
    rows = list(map(row, range(1, 6)))
    with log.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    store.read_files(log)
    gateway.insert(*rows, row(6))
    assert store.read(gateway.settings()).calls == 1
    assert len(store.ids) == 6


def test_an_empty_table_is_no_fault(gateway: Gateway, store: Store) -> None:
    receipt = store.read(gateway.settings())
    assert (receipt.unread, receipt.calls, receipt.format) == (False, 0, "new_api")


def test_a_row_that_cannot_be_read_is_told_once_with_its_place_and_forgotten_when_it_is_mended(
    gateway: Gateway, store: Store
) -> None:
    gateway.insert(row(1), row(2, prompt_tokens=-5, content="a secret prompt"), row(3))
    receipt = store.read(gateway.settings())
    assert (receipt.calls, receipt.rejected) == (2, 1)
    reason = "*.prompt_tokens: not a whole number from 0 to 2,147,483,647"
    assert store.rejects == [("gateway/logs", None, reason, "id 2")]

    again = store.read(gateway.settings())
    assert (again.known, again.rejected) == (True, 0)
    assert len(store.rejects) == 1

    gateway.run("UPDATE logs SET prompt_tokens = 5 WHERE id = 2")
    assert store.read(gateway.settings()).calls == 1
    assert store.rejects == []
    assert store.rows("SELECT sum(rejected) FROM store.files") == [(0,)]
