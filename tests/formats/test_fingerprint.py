"""The same request is the same words with the same tools, answer's format and temperature."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from audit import formatbook, places
from audit.engine.store import open_store
from audit.ingest.load import ingest
from audit.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

WORDS = [{"role": "user", "content": "How tall is it?"}]
TOOL = {"type": "function", "function": {"name": "measure"}}


def fingerprints(folder: Path, *requests: dict[str, Any]) -> list[Any]:
    log = folder / "log.jsonl"
    lines = [
        {
            "id": f"call-{number}",
            "call_type": "acompletion",
            "startTime": 1791190800.0 + number,
            "status": "success",
            "response_cost": 0.01,
            "prompt_tokens": 10,
            "completion_tokens": 1,
            "model": "gpt-4.1",
            "messages": WORDS,
            "model_parameters": {},
            **request,
        }
        for number, request in enumerate(requests)
    ]
    log.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    with open_store(folder / "audit.duckdb", Settings()) as engine:
        ingest(engine, [log], formatbook.load([places.formats()]))
        return [value for (value,) in engine.rows("SELECT prompt_hash FROM store.calls ORDER BY started_at")]


@pytest.mark.parametrize(
    "other",
    [
        {"tools": [TOOL]},
        {"response_format": {"type": "json_object"}},
        {"temperature": 0.7},
    ],
)
def test_the_same_words_asked_otherwise_are_another_request(tmp_path: Path, other: dict[str, Any]) -> None:
    plain, changed = fingerprints(tmp_path, {}, {"model_parameters": other})
    assert plain is not None
    assert changed is not None
    assert plain != changed


def test_who_asks_and_with_which_cap_makes_no_other_request(tmp_path: Path) -> None:
    one, two = fingerprints(tmp_path, {}, {"model_parameters": {"max_tokens": 99, "user": "u-2"}, "end_user": "u-2"})
    assert one == two


def test_without_words_there_is_no_fingerprint(tmp_path: Path) -> None:
    assert fingerprints(tmp_path, {"messages": None, "model_parameters": {"temperature": 0.7}}) == [None]
