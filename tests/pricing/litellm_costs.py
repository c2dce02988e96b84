"""What litellm says that calls cost: `python -m tests.pricing.litellm_costs` prints one JSON line for each call.

It runs in a process of its own, with litellm's price list as it lies in the package, and cannot reach a network.
A line holds the provider and the model as litellm logs them, the call's shape, the call's columns, and litellm's cost
in US dollars.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
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

# litellm's list has no dates. An instant of DeepSeek's peak hours, on a Wednesday.
AT = datetime(2026, 10, 28, 8, tzinfo=UTC)
MODES = {"chat": "chat", "completion": "text_completion", "responses": "chat", "embedding": "embeddings"}
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

Entry = dict[str, Any]
Tokens = dict[str, int]


def offline(event: str, _: object) -> None:
    """Refuse what would leave this machine; litellm asks for some providers' addresses when it looks at their names."""
    if event in {"socket.connect", "socket.getaddrinfo"}:
        raise OSError("no network here")


def models() -> dict[tuple[str, str], Entry]:
    """The entry of each model that has a price for tokens, by provider and name as a log has them."""
    found: dict[tuple[str, str], Entry] = {}
    for key, entry in litellm.model_cost.items():
        told = str(entry.get("litellm_provider", ""))
        if entry.get("mode") not in MODES or not any(told.startswith(name) for name in PROVIDERS):
            continue
        if not any(entry.get(price) for price in ("input_cost_per_token", "output_cost_per_token", "tiered_pricing")):
            continue
        try:
            model, provider, _, _ = litellm.get_llm_provider(model=key)
        except litellm.exceptions.BadRequestError:
            continue  # a class of models by their size, not a model
        if provider in PROVIDERS:
            found[provider, model] = litellm.model_cost.get(f"{provider}/{model}", entry)
    return found


def shapes(entry: Entry) -> Iterator[tuple[str, Tokens, str]]:
    """The calls of a model: their shape's name, their tokens, their tier. A tier is asked for where the list has it."""
    if entry["mode"] == "embedding":
        yield "plain", PLAIN | {"output_tokens": 0}, "standard"
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
        yield "audio", PLAIN | {"input_audio_tokens": 500} | _spoken(entry), "standard"
    for tier in ("flex", "priority"):
        if entry.get(f"input_cost_per_token_{tier}"):
            yield tier, PLAIN, tier
            yield f"{tier}, cache read", READ, tier
    if entry.get("input_cost_per_token_batches"):
        yield "batch", PLAIN, "batch"


def _longer(longest: int) -> Iterator[tuple[str, Tokens, str]]:
    for length in LONG:
        if length <= longest:
            yield f"{length // 1_000}k input", {"input_tokens": length, "output_tokens": 500}, "standard"
    if longest >= LONG[-2]:
        cached = {"input_tokens": LONG[-2], "output_tokens": 500, "cache_read_tokens": 100_000}
        yield "300k input, 100k cached", cached, "standard"


def _spoken(entry: Entry) -> Tokens:
    return {"output_audio_tokens": 100} if entry.get("output_cost_per_audio_token") else {}


def cost(provider: str, model: str, tokens: Mapping[str, int], tier: str) -> float:
    """What litellm's calculation says. Raises what it raises where it does not know a model of its own list."""
    to_model, answer = litellm.cost_per_token(
        model=model,
        custom_llm_provider=provider,
        prompt_tokens=tokens["input_tokens"],
        completion_tokens=tokens["output_tokens"],
        usage_object=usage(tokens),
        service_tier=tier if tier in {"flex", "priority"} else None,
        call_type="retrieve_batch" if tier == "batch" else "completion",
    )
    return float(to_model + answer)


def usage(tokens: Mapping[str, int]) -> Usage:
    """The usage of a call as litellm has it; of what a call does not hold it says nothing."""
    written, long_kept = (tokens.get(name, 0) for name in ("cache_write_tokens", "cache_write_1h_tokens"))
    kept = CacheCreationTokenDetails(ephemeral_5m_input_tokens=written - long_kept, ephemeral_1h_input_tokens=long_kept)
    told = {
        "cached_tokens": tokens.get("cache_read_tokens"),
        "cache_creation_tokens": written or None,
        "cache_creation_token_details": kept if written else None,
        "audio_tokens": tokens.get("input_audio_tokens"),
    }
    made = {
        "reasoning_tokens": tokens.get("reasoning_tokens"),
        "audio_tokens": tokens.get("output_audio_tokens"),
    }
    return Usage(
        prompt_tokens=tokens["input_tokens"],
        completion_tokens=tokens["output_tokens"],
        total_tokens=tokens["input_tokens"] + tokens["output_tokens"],
        prompt_tokens_details=PromptTokensDetailsWrapper(**told) if any(told.values()) else None,
        completion_tokens_details=CompletionTokensDetailsWrapper(**made) if any(made.values()) else None,
    )


def main() -> None:
    """Print every call of every model that litellm prices."""
    sys.addaudithook(offline)
    litellm.suppress_debug_info = True
    with pinned_billing_time(AT):
        for (provider, model), entry in sorted(models().items()):
            for shape, tokens, tier in shapes(entry):
                try:
                    said = cost(provider, model, tokens, tier)
                except Exception:  # noqa: BLE001, S112  # litellm raises this very class for a model it has no entry of
                    continue
                call = {"operation": MODES[entry["mode"]], "service_tier": tier, "started_at": AT.isoformat(), **tokens}
                line = {"provider": provider, "model": model, "shape": shape, "call": call, "cost": said}
                sys.stdout.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
