"""What every rule says of calls that were really made: no proven flag but those that docs/traces.md argues."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from audit import history, inspection, places, redline, rulebook, window
from audit.engine.store import open_store
from audit.ingest.load import ingest
from audit.settings import Settings
from tests import traces
from tests.ingest.shop import ABSENT, formats

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PAGE = Path(__file__).resolve().parents[2] / "docs" / "traces.md"
SAMPLES = traces.TRACES.parent / "formats"
MADE: dict[str, Callable[[], Iterator[dict[str, object]]]] = {
    "azure": traces.azure,
    "weka": traces.weka,
    "mooncake": traces.mooncake,
}
LOGS = (*MADE, "claude_code", "langfuse", "litellm", "openai", "otel_genai")
pytestmark = pytest.mark.skipif(not traces.TRACES.is_dir(), reason=ABSENT)


@cache
def flagged(folder: Path, name: str) -> tuple[int, dict[str, int]]:
    """How many calls a log has, and how many calls, or subjects, each rule flags in the months they lie in."""
    settings = Settings()
    logs = sorted((SAMPLES / name).glob("*")) if name not in MADE else [folder / f"{name}.jsonl"]
    if name in MADE:
        traces.write(logs[0], MADE[name]())
    found: dict[str, int] = {}
    rules, broken = rulebook.load([places.rules()], {})
    assert not broken
    with open_store(folder / f"{name}.duckdb", settings) as engine:
        calls = sum(receipt.calls for receipt in ingest(engine, logs, formats()))
        for month in history.months_with_calls(engine, settings.zone):
            owners = redline.owners(settings, month)
            span = window.build(engine, settings, month, owners, window.Reach.of(rules))
            seen = inspection.inspect(engine, rules, [], span, seconds=60, language="en")
            assert seen.failures == ()
            for finding in seen.findings:
                found[finding.rule] = found.get(finding.rule, 0) + max(finding.calls, 1)
    return calls, found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("traces")


def argued() -> dict[str, tuple[int, dict[str, int]]]:
    """The page's table: a row a log and rule."""
    told: dict[str, tuple[int, dict[str, int]]] = {}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = re.fullmatch(r"\| `(\w+)` \| ([\d,]+) \| (?:`(\w+)`|none) \| ([\d,]*) \|.*", line)
        if cells:
            name, calls, rule, flags = cells.groups()
            flags_of = told.setdefault(name, (int(calls.replace(",", "")), {}))[1]
            if rule:
                flags_of[rule] = int(flags.replace(",", ""))
    return told


@pytest.mark.parametrize("name", LOGS)
def test_the_page_shows_every_flag_of_a_log(name: str, folder: Path) -> None:
    assert flagged(folder, name) == argued()[name]


def test_each_flagged_rule_is_argued_on_the_page(folder: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    for name in LOGS:
        for rule in flagged(folder, name)[1]:
            assert re.search(rf"^\*\*`{name}`, `{rule}`", page, re.MULTILINE), (name, rule)
