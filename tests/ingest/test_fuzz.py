"""Whatever becomes of some lines, the others are read, and every line is accounted for."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from audit import places
from audit.ingest.layout import Layout
from audit.ingest.lines import records
from tests.ingest.shop import Shop

GOOD = 4


def plain(name: str) -> dict[str, Any]:
    data = yaml.safe_load((places.formats() / f"{name}.yml").read_text(encoding="utf-8"))
    record: dict[str, Any] = data["record"]
    return record


def numbered(name: str, number: int) -> dict[str, Any]:
    record = plain(name)
    if name == "claude_code":
        return record | {"message": record["message"] | {"id": f"good-{number}"}}
    return record | {"id" if name == "litellm" else "call_id": f"good-{number}"}


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.just([]), st.just({}),
    st.just([{"a": [1, None]}]), st.just({"a": {"b": "c"}}), st.just("\ud83d"), st.just("x" * 400),
)  # fmt: skip


def paths(value: Any) -> list[tuple[str, ...]]:
    if not isinstance(value, dict):
        return []
    return [path for name, inner in value.items() for path in [(name,), *((name, *rest) for rest in paths(inner))]]


@st.composite
def mutated(draw: st.DrawFn, name: str) -> bytes:
    """A record with a field of another type, bytes flipped, cut out or put in; never a line end, that makes lines."""
    record = json.loads(json.dumps(numbered(name, 99)))
    for _ in range(draw(st.integers(0, 2))):
        path = draw(st.sampled_from(paths(record)))
        branch = record
        for part in path[:-1]:
            branch = branch[part]
        branch[path[-1]] = draw(VALUES)
    line = bytearray(json.dumps(record).encode())
    for _ in range(draw(st.integers(0, 3))):
        at, until = sorted((draw(st.integers(0, len(line))), draw(st.integers(0, len(line)))))
        line[at : draw(st.sampled_from([at, at + 1, until]))] = draw(st.sampled_from([b"", b"{", b'"'])) or draw(
            st.binary(max_size=6)
        )
    return bytes(line).replace(b"\n", b" ").replace(b"\r", b" ")


@pytest.mark.parametrize("name", ["native", "litellm", "claude_code"])
def test_good_lines_are_read_and_bad_ones_told_whatever_stands_between_them(name: str) -> None:
    good = [json.dumps(numbered(name, number)).encode() for number in range(GOOD)]

    @settings(max_examples=10, deadline=None)
    @given(bad=st.lists(mutated(name), min_size=1, max_size=6))
    def hold(bad: list[bytes]) -> None:
        with TemporaryDirectory() as folder:
            shop = Shop(Path(folder))
            lines = [good[0], *bad[:2], good[1], *bad[2:4], good[2], *bad[4:], good[3]]
            receipt = shop.read(b"\n".join(lines) + b"\n")
            assert receipt.format == name
            kept = [call_id for call_id in shop.calls if call_id.startswith("good-") and len(call_id) == 6]
            assert set(kept) >= {f"good-{number}" for number in range(GOOD)}
            assert receipt.rejected == len(shop.rejects)
            at = {number for number, text in enumerate(lines, start=1) if text in bad}
            assert set(shop.rejected_lines) <= at
            for number in at - set(shop.rejected_lines):
                text = lines[number - 1]
                # What is not told is blank, or a call that is kept, or (Claude Code) a line that is no answer.
                assert not text.strip() or name == "claude_code" or len(shop.calls) > GOOD, text

    hold()


@settings(max_examples=20, deadline=None)
@given(lines=st.lists(st.one_of(st.binary(max_size=12), st.sampled_from([b"", b" ", b"\r", b"\x00", b"\x0c", b"{}"]))))
def test_the_engine_and_we_count_the_same_records(lines: list[bytes]) -> None:
    """Each record is told with its number by the engine, and its line is found by counting: both must agree."""
    with TemporaryDirectory() as folder:
        shop = Shop(Path(folder))
        lines = [line.replace(b"\n", b" ") for line in lines]
        first = json.dumps(numbered("native", 1)).encode()
        content = b"\n".join([first, *lines, b'{"call_id": "good-2"}\n'])
        path = shop.log("a.jsonl", content)
        receipt = shop.ingest(path)[0]
        layout = Layout("plain", "utf-8", "lines", clean=True)
        number = len(list(records(path, layout)))
        assert receipt.format == "native"
        assert shop.rejects[-1][:2] == (len(lines) + 2, "the call has no start")
        if shop.calls == ["good-1"]:
            assert receipt.rejected == number - 1
