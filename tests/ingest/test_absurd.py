"""One absurd value costs its line at most, never the file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.ingest.shop import Shop

GENERATION = {
    "id": "gen-1",
    "created_at": "2026-10-05T10:00:00Z",
    "model": "openai/gpt-4o",
    "native_tokens_prompt": 10,
    "native_tokens_completion": 5,
    "tokens_prompt": 9,
    "tokens_completion": 5,
    "total_cost": 0.01,
    "generation_time": 900,
    "upstream_id": "chatcmpl-1",
    "cancelled": False,
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("generation_time", 1e300),
        ("generation_time", 9223372036854775808),
        ("total_cost", 2147483648.5),
        ("total_cost", 1e40),
    ],
)
def test_a_number_beyond_all_bounds(shop: Shop, name: str, value: Any) -> None:
    records = [GENERATION, {**GENERATION, "id": "gen-2", name: value}, {**GENERATION, "id": "gen-3"}]
    receipt = shop.read("".join(json.dumps(record) + "\n" for record in records).encode())
    assert receipt.format == "openrouter"
    assert {"gen-1", "gen-3"} <= set(shop.calls)
    assert receipt.calls + receipt.rejected == 3


def test_an_object_on_a_line_of_a_table_is_a_row_that_does_not_fit(shop: Shop) -> None:
    receipt = shop.read(b"call_id,started_at,model\na,2026-10-05,m\n{}\nb,2026-10-05,m\n", "a.csv")
    assert (shop.calls, receipt.rejected, shop.rejected_lines) == (["a", "b"], 1, [3])
