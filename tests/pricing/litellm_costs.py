"""What litellm says that calls cost at an instant: `litellm_costs INSTANT` prints one JSON line for each call.

It runs in a process of its own, with litellm's price list as it lies in the package, and cannot reach a network.
A line holds the provider and the model as litellm logs them, the call's shape, the call's columns, and litellm's cost
in US dollars.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

import litellm
from litellm._internal_context import pinned_billing_time
from litellm.types.utils import (
    CacheCreationTokenDetails,
    CompletionTokensDetailsWrapper,
    PromptTokensDetailsWrapper,
    Usage,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Entry = dict[str, Any]
Tokens = dict[str, int]

MODES = {
    "chat": "chat", "completion": "text_completion", "responses": "chat", "embedding": "embeddings",
    "image_generation": "image_generation", "audio_transcription": "transcription", "audio_speech": "speech",
    "rerank": "rerank",
}  # fmt: skip
# What is not billed by tokens: litellm's price, how much of it a call asks for, and how litellm is told so.
QUANTITIES: dict[str, tuple[str, Entry, Entry]] = {
    "audio_transcription": (
        "input_cost_per_second",
        {"quantity": 90_000, "unit": "audio_ms"},
        {"call_type": "transcription", "audio_transcription_file_duration": 90.0},
    ),
    "audio_speech": (
        "input_cost_per_character",
        {"quantity": 1_000, "unit": "characters"},
        {"call_type": "speech", "prompt_characters": 1_000},
    ),
    "rerank": (
        "input_cost_per_query",
        {"quantity": 3, "unit": "search_units"},
        {"call_type": "rerank", "rerank_billed_units": {"search_units": 3}},
    ),
}
# Those who price their models themselves, and OpenRouter: names as litellm logs them.
PROVIDERS = {
    "ai21", "anthropic", "azure", "azure_ai", "bedrock", "cerebras", "cloudflare", "cohere", "cohere_chat", "dashscope",
    "deepseek", "fireworks_ai", "gemini", "groq", "minimax", "mistral", "moonshot", "openai", "openrouter",
    "perplexity", "text-completion-openai", "together_ai", "vertex_ai", "volcengine", "voyage", "xai", "zai",
}  # fmt: skip
PLAIN = {"input_tokens": 1_000, "output_tokens": 200}
READ = {"input_tokens": 5_003, "output_tokens": 7, "cache_read_tokens": 4_001}
WRITE = {"input_tokens": 5_003, "output_tokens": 7, "cache_write_tokens": 3_001}
LONG = (50_000, 140_000, 210_000, 265_000, 300_000, 600_000)
TOKEN_PRICES = ("input_cost_per_token", "output_cost_per_token", "tiered_pricing")


def offline(event: str, _: object) -> None:
    """Refuse what would leave this machine; litellm asks for some providers' addresses when it looks at their names."""
    if event in {"socket.connect", "socket.getaddrinfo"}:
        raise OSError("no network here")


def models() -> dict[tuple[str, str], Entry]:
    """The entry of each model that litellm prices by what a call record states, by provider and name as logged."""
    found: dict[tuple[str, str], Entry] = {}
    for key, entry in litellm.model_cost.items():
        told, mode = str(entry.get("litellm_provider", "")), entry.get("mode")
        prices = (*TOKEN_PRICES, *(QUANTITIES[mode][:1] if mode in QUANTITIES else ()))
        if mode not in MODES or not any(told.startswith(name) for name in PROVIDERS) or not any(map(entry.get, prices)):
            continue
        try:
            model, provider, _, _ = litellm.get_llm_provider(model=key)
        except litellm.exceptions.BadRequestError:
            continue  # a class of models by their size, not a model
        if provider in PROVIDERS:
            found[provider, model] = litellm.model_cost.get(f"{provider}/{model}", entry)
    return found


def calls(entry: Entry) -> Iterator[tuple[str, Entry, Entry]]:
    """The calls of a model: their shape's name, what a log states of them, and how litellm is told."""
    if entry["mode"] in QUANTITIES:
        price, stated, asked = QUANTITIES[entry["mode"]]
        if entry.get(price):
            yield f"{stated['quantity']:,} {stated['unit']}", stated, asked
    elif any(map(entry.get, TOKEN_PRICES)):
        for shape, tokens, tier in _shapes(entry):
            asked = {
                "prompt_tokens": tokens["input_tokens"],
                "completion_tokens": tokens["output_tokens"],
                "usage_object": usage(tokens),
                "service_tier": tier if tier in {"flex", "priority"} else None,
                "call_type": "retrieve_batch" if tier == "batch" else "completion",
            }
            yield shape, {"service_tier": tier, **tokens}, asked


def _shapes(entry: Entry) -> Iterator[tuple[str, Tokens, str]]:
    """Calls billed by tokens: their shape's name, their tokens, their tier, asked for where the list has it."""
    if entry["mode"] in {"embedding", "image_generation"}:
        plain = PLAIN | {"output_tokens": 0}
        yield ("plain", plain, "standard") if entry["mode"] == "embedding" else ("images", plain | _drawn(), "standard")
        return
    yield "plain", PLAIN, "standard"
    yield "reasoning", PLAIN | {"output_tokens": 900, "reasoning_tokens": 600}, "standard"
    yield "cache read", READ, "standard"
    if entry.get("cache_creation_input_token_cost"):
        yield "cache write", WRITE, "standard"
    if entry.get("cache_creation_input_token_cost_above_1hr"):
        yield "cache write 1h", WRITE | {"cache_write_1h_tokens": 3_001}, "standard"
    yield from _longer(int(entry.get("max_input_tokens") or 0))
    if entry.get("input_cost_per_audio_token"):
        spoken = {"output_audio_tokens": 100} if entry.get("output_cost_per_audio_token") else {}
        yield "audio", PLAIN | {"input_audio_tokens": 500} | spoken, "standard"
    if entry.get("output_cost_per_image_token"):
        yield "images", PLAIN | _drawn(), "standard"
    yield from _tiers(entry)


def _drawn() -> Tokens:
    return {"input_image_tokens": 300, "output_tokens": 1_200, "output_image_tokens": 1_100}


def _tiers(entry: Entry) -> Iterator[tuple[str, Tokens, str]]:
    for tier in ("flex", "priority"):
        if entry.get(f"input_cost_per_token_{tier}"):
            yield tier, PLAIN, tier
            yield f"{tier} cache read", READ, tier
    if entry.get("input_cost_per_token_batches"):
        yield "batch", PLAIN, "batch"


def _longer(longest: int) -> Iterator[tuple[str, Tokens, str]]:
    for length in LONG:
        if length <= longest:
            yield f"{length // 1_000}k input", {"input_tokens": length, "output_tokens": 500}, "standard"
    if longest >= LONG[-2]:
        cached = {"input_tokens": LONG[-2], "output_tokens": 500, "cache_read_tokens": 100_000}
        yield "300k input with 100k cached", cached, "standard"


def usage(tokens: Mapping[str, int]) -> Usage:
    """The usage of a call as litellm has it; of what a call does not hold it says nothing."""
    written, long_kept = (tokens.get(name, 0) for name in ("cache_write_tokens", "cache_write_1h_tokens"))
    kept = CacheCreationTokenDetails(ephemeral_5m_input_tokens=written - long_kept, ephemeral_1h_input_tokens=long_kept)
    told = {
        "cached_tokens": tokens.get("cache_read_tokens"),
        "cache_creation_tokens": written or None,
        "cache_creation_token_details": kept if written else None,
        "audio_tokens": tokens.get("input_audio_tokens"),
        "image_tokens": tokens.get("input_image_tokens"),
    }
    made = {
        "reasoning_tokens": tokens.get("reasoning_tokens"),
        "audio_tokens": tokens.get("output_audio_tokens"),
        "image_tokens": tokens.get("output_image_tokens"),
    }
    return Usage(
        prompt_tokens=tokens["input_tokens"],
        completion_tokens=tokens["output_tokens"],
        total_tokens=tokens["input_tokens"] + tokens["output_tokens"],
        prompt_tokens_details=PromptTokensDetailsWrapper(**told) if any(told.values()) else None,
        completion_tokens_details=CompletionTokensDetailsWrapper(**made) if any(made.values()) else None,
    )


def main(at: datetime) -> None:
    """Print every call of every model that litellm prices."""
    sys.addaudithook(offline)
    litellm.suppress_debug_info = True
    with pinned_billing_time(at):
        for (provider, model), entry in sorted(models().items()):
            for shape, stated, asked in calls(entry):
                try:
                    said = litellm.cost_per_token(model=model, custom_llm_provider=provider, **asked)
                except Exception:  # noqa: BLE001, S112  # litellm raises this very class for a model it has no entry of
                    continue
                call = {"operation": MODES[entry["mode"]], "started_at": at.isoformat(), **stated}
                line = {"provider": provider, "model": model, "shape": shape, "call": call, "cost": float(sum(said))}
                sys.stdout.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main(datetime.fromisoformat(sys.argv[1]))
