"""What litellm's own cost calculation says of the same calls; where the two differ, it is known why."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.conftest import ROOT
from tests.pricing.litellm_page import page
from tests.pricing.litellm_says import PAGE, VERDICTS, Comparison, differences, said
from tests.programs.conftest import needs

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.pricing.litellm_says import Difference


SHAPES = {"plain", "cache read", "cache write", "cache write 1h", "210k input", "batch", "flex", "priority", "audio"}


@pytest.fixture(scope="module")
def found() -> Comparison:
    needs("litellm")
    return Comparison(said())


def test_most_models_cost_the_same(found: Comparison, record_property: Callable[[str, object], None]) -> None:
    record_property("summary", found.line)
    compared, differ = ({call.name for call in calls} for calls in (found.compared, found.disagreements))
    assert len(compared) > 1_000
    assert len(compared - differ) > 0.6 * len(compared)
    assert {call.shape for call in found.compared} >= SHAPES


def test_each_difference_has_its_reason(found: Comparison) -> None:
    assert found.unexplained == []


def test_each_reason_is_still_needed(found: Comparison) -> None:
    assert found.no_longer == []


def test_the_page_says_what_was_found(found: Comparison) -> None:
    written = (ROOT / PAGE).read_text(encoding="utf-8")
    assert written == page(found), "write it anew: python -m tests.pricing.litellm_page"


@pytest.mark.parametrize("entry", differences(), ids=lambda entry: f"{entry.provider} {entry.models[0]}")
def test_a_reason_says_who_is_right_and_where_that_was_read(entry: Difference) -> None:
    assert entry.verdict in VERDICTS
    assert entry.why.strip().endswith(".")
    assert all(urlsplit(address).scheme == "https" for address in entry.source)
    assert entry.source or entry.verdict in {"not decided", "both hold"}
