"""A few seconds of ``python -m tests.fuzzing``: the same laws, on formats that differ in how they are read."""

from __future__ import annotations

from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzzing import laws, ways
from tests.fuzzing.corpus import Corpus, corpora
from tests.fuzzing.mutate import mutated
from tests.fuzzing.shapes import built

# Plain fields; lists unfolded, with pairs; windows; a session; tables of calls and of bills.
FORMATS = ("native", "litellm", "otel_genai", "azure_apim", "codex", "anthropic_cost_export")
LINES = 60


@pytest.fixture(scope="module")
def some(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Corpus]:
    made, _ = corpora(tmp_path_factory.mktemp("corpus"), FORMATS, most_cases=3)
    return {corpus.name: corpus for corpus in made}


NAMES = ("native", "native.csv", "litellm", "otel_genai", "azure_apim", "codex", "anthropic_cost_export.csv")


@pytest.mark.parametrize("name", NAMES)
def test_good_lines_are_read_and_others_told_whatever_became_of_them(
    some: dict[str, Corpus], name: str, tmp_path: Path
) -> None:
    trial = laws.made(Random(name), some[name], tmp_path, LINES)
    laws.hold(trial)
    assert trial.faults == []


@pytest.mark.parametrize("name", ["native", "codex"])
def test_a_log_that_grows_in_pieces_is_the_log_read_at_once(some: dict[str, Corpus], name: str, tmp_path: Path) -> None:
    chance = Random(name)
    trial = laws.made(chance, some[name], tmp_path, LINES)
    ways.grown(chance, trial, laws.hold(trial))
    assert trial.faults == []


def test_a_line_does_alone_what_it_does_among_others(some: dict[str, Corpus], tmp_path: Path) -> None:
    chance = Random("alone")
    trial = laws.made(chance, some["litellm"], tmp_path, LINES)
    assert laws.alone(chance, trial, laws.hold(trial), sample=8) > 5
    assert trial.faults == []


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("2026-10-05T10:00:00Z"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=4, deadline=None)
@given(data=st.data())
def test_any_value_may_stand_at_any_place_that_a_format_reads(some: dict[str, Corpus], data: st.DataObject) -> None:
    corpus = some[data.draw(st.sampled_from(["native", "litellm", "otel_genai", "azure_apim"]))]
    form = corpus.format
    places = [field.steps for field in form.fields] + [steps for paths in form.signatures for steps in paths]
    values = st.lists(st.tuples(st.sampled_from(places), VALUES), max_size=12)
    each = st.sampled_from(form.each or ((),))
    records = data.draw(st.lists(st.builds(built, st.just(form), values, each), min_size=1, max_size=12))
    good = [laws.Line(text, good=True) for group in corpus.good_lines(6) for text in group]
    bad = [laws.Line(corpus.line(record), good=False) for record in records]
    with TemporaryDirectory() as folder:
        trial = laws.Trial(corpus, Path(folder), [*good[:3], *bad, *good[3:]])
        laws.hold(trial)
        assert trial.faults == []


def test_a_mutated_line_is_one_line() -> None:
    chance = Random(1)
    record = {"id": "a", "usage": {"in": 1, "out": [1, 2]}, "text": "x\ny"}
    lines = {mutated(chance, record, lambda value: repr(value).encode(), table=False) for _ in range(2_000)}
    assert len(lines) > 1_300
    assert not any(b"\n" in line for line in lines)
