"""A prompt's fingerprints stay, its text goes; unless the settings say that it is kept, and then without its keys."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.ingest.shop import Shop

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "sk-proj-0123456789abcdefghij"  # noqa: S105  # no key of anybody
PAYLOAD = {
    "id": "chatcmpl-1",
    "call_type": "acompletion",
    "startTime": 1791194400.5,
    "endTime": 1791194402.0,
    "response_cost": 0.003,
    "model": "gpt-4o",
    "custom_llm_provider": "openai",
    "prompt_tokens": 1000,
    "completion_tokens": 50,
    "model_parameters": {},
    "messages": [
        {"role": "system", "content": "You answer for the harbour office."},
        {"role": "user", "content": f"berth 17 on 2026-10-05, my key is {SECRET}"},
    ],
}


def kept(shop: Shop) -> str | None:
    assert shop.read(json.dumps(PAYLOAD).encode() + b"\n").calls == 1
    assert shop.value("message_count", "chatcmpl-1") == 2
    assert 0 < shop.value("prefix_tokens", "chatcmpl-1") < 1000
    text = shop.value("prompt", "chatcmpl-1")
    return None if text is None else str(text)


def test_a_prompts_text_is_dropped(shop: Shop) -> None:
    assert kept(shop) is None
    assert "harbour" not in shop.everything
    assert b"harbour" not in (shop.folder / shop.store).read_bytes()


def test_where_prompts_are_kept_their_keys_are_not(tmp_path: Path) -> None:
    shop = Shop(tmp_path, keep_prompts=True)
    text = kept(shop)
    assert text is not None
    assert "harbour office" in text
    assert "<secret>" in text
    assert SECRET.encode() not in (shop.folder / shop.store).read_bytes()


def test_two_fillings_of_one_template_share_it_and_nothing_else(shop: Shop) -> None:
    other = json.loads(json.dumps(PAYLOAD).replace("berth 17 on 2026-10-05", "berth 8 on 2026-11-30"))
    shop.read(b"".join(json.dumps(one).encode() + b"\n" for one in (PAYLOAD, {**other, "id": "chatcmpl-2"})))
    for column, same in (("prompt_hash", False), ("template_hash", True), ("prefix_hash", True)):
        assert (shop.value(column, "chatcmpl-1") == shop.value(column, "chatcmpl-2")) is same
