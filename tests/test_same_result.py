"""The same logs give the same files, byte for byte: in any order, on any number of cores, however often."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from tests.conftest import SAMPLE_LOGS, Audit, sample_settings

if TYPE_CHECKING:
    from pathlib import Path

LOGS = sorted(path for folder in SAMPLE_LOGS for path in folder.rglob("*") if path.is_file())


def audited(folder: Path, *, order: int | None, threads: int, times: int = 1) -> dict[str, bytes]:
    """October's files, of a store that read the logs one after the other in some order, or all at once."""
    folder.mkdir()
    audit = Audit(folder)
    audit.settings(f'{sample_settings()}\n[limits]\nthreads = {threads}\nmemory = "{threads}GB"\n')
    if order is not None:
        logs = list(LOGS)
        random.Random(order).shuffle(logs)
        for part in (logs[::2], logs[1::2]):
            done = audit("ingest", *part)
            assert done.returncode in (0, 4), done.stderr
    for month in ("2026-09", *["2026-10"] * times):
        assert audit("run", "--month", month).returncode in (0, 3)
    return audit.files()


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The logs read at once, on one core."""
    return audited(tmp_path_factory.mktemp("first") / "audit", order=None, threads=1)


@pytest.mark.parametrize(("order", "threads", "times"), [(None, 4, 1), (None, 2, 3), (1, 2, 1), (2, 1, 1), (3, 4, 2)])
def test_order_cores_and_repeats_change_no_byte(
    first: dict[str, bytes], tmp_path: Path, order: int | None, threads: int, times: int
) -> None:
    again = audited(tmp_path / "audit", order=order, threads=threads, times=times)
    assert {name for name, held in first.items() if again[name] != held} == set()
