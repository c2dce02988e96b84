from __future__ import annotations

import os
import signal
import subprocess
import sys
from itertools import islice
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.ingest.databases import parts
from tests.conftest import ROOT
from tests.databases.gateway import Gateway, Store, row

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

# Reads in parts of ten and commits of twenty, and is killed at the given insert or commit.
READER = """
import os, signal, sys
from pathlib import Path
from audit.ingest import tables
from audit.ingest.databases import chunk, parts
from audit.settings import Database
from tests.databases.gateway import Store
parts.PART_ROWS = 10
tables.CHUNK_ROWS = 20
what, left = sys.argv[3], int(sys.argv[4])
whole = getattr(chunk.Chunk, what)
def killed(*arguments):
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
    return whole(*arguments)
setattr(chunk.Chunk, what, killed)
Store(Path(sys.argv[1])).read(Database.model_validate_json(sys.argv[2]))
"""


def killed(gateway: Gateway, store: Store, what: str, at: int) -> None:
    command = [sys.executable, "-c", READER, str(store.folder), gateway.settings().model_dump_json(), what, str(at)]
    done = subprocess.run(
        command, check=False, capture_output=True, env=os.environ | {"PYTHONPATH": str(ROOT)}, timeout=300
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


def test_a_killed_run_goes_on_where_it_was(gateway: Gateway, store: Store) -> None:
    gateway.insert(*(row(n, created_at=1_790_812_800 + n * 3600) for n in range(1, 101)))
    killed(gateway, store, "commit", 3)
    assert len(store.ids) == 60, "two commits of twenty, and what was stored of a third"
    (mark,) = store.rows("SELECT mark FROM store.sources")[0]
    assert mark == "41"
    receipt = store.read(gateway.settings(look_back_hours=1))
    assert receipt.calls == 60
    assert len(set(store.ids)) == len(store.ids) == 100


def test_what_was_stored_and_not_committed_counts_for_nothing(gateway: Gateway, store: Store) -> None:
    gateway.insert(*(row(n, prompt_tokens=-1 if n % 10 == 0 else 1) for n in range(1, 41)))
    killed(gateway, store, "add", 4)
    killed(gateway, store, "add", 2)
    receipt = store.read(gateway.settings())
    assert len(set(store.ids)) == len(store.ids) == 36
    assert len(store.rejects) == 4
    assert store.rows("SELECT sum(calls), sum(rejected) FROM store.files") == [(36, 4)]
    assert receipt.format == "new_api"


def test_a_server_that_dies_on_the_way_keeps_what_was_read(
    gateway: Gateway, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway.insert(*map(row, range(1, 51)))
    whole = parts.Way._parts  # noqa: SLF001  # where the server is asked

    def dying(self: parts.Way, begin: str | None, newest: str) -> Iterator[parts.Part]:
        yield from islice(whole(self, begin, newest), 3)
        raise ConnectionResetError("the server closed the connection")

    with monkeypatch.context() as bent:
        bent.setattr(parts, "PART_ROWS", 10)
        bent.setattr(parts.Way, "_parts", dying)
        receipt = store.read(gateway.settings())
    assert receipt.unread
    assert receipt.reason == "the server closed the connection"
    assert receipt.calls == len(store.ids) == 30
    assert store.read(gateway.settings()).calls == 20


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    batches=st.lists(st.lists(st.integers(1, 60), min_size=1, max_size=15, unique=True), min_size=1, max_size=5),
    cursor=st.sampled_from(["id", "created_at"]),
)
def test_whatever_the_order_of_writing_and_reading_each_call_is_there_once(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[int]], cursor: str
) -> None:
    folder = tmp_path_factory.mktemp("any")
    gateway, store = Gateway("sqlite", folder / "one-api.db"), Store(folder)
    gateway.create()
    written: set[int] = set()
    for batch in batches:
        fresh = [number for number in batch if number not in written]
        if fresh:
            gateway.insert(*(row(number, created_at=1_790_812_800 + number * 600) for number in fresh))
        written |= set(fresh)
        store.read(gateway.settings(cursor=cursor))
    assert store.ids == [f"req-{number:09d}" for number in sorted(written)]
