"""A lane: one task of one project, how often it is called, how long its calls are, and how its client caches."""

from __future__ import annotations

from dataclasses import dataclass

from tests.accuracy.days import OFFICE

PROVIDERS = {
    "claude": "anthropic",
    "gpt": "openai",
    "text": "openai",
    "gemini": "google",
    "qwen": "dashscope",
    "deepseek": "deepseek",
    "glm": "zhipuai",
    "house": "vllm",
}
# How a lane's client uses the provider's prompt cache.
UNUSED, AUTOMATIC, HEAD, TURNS = "unused", "automatic", "head", "turns"


@dataclass(frozen=True, slots=True)
class Lane:
    """Token counts are medians; ``per_day`` are sessions of a working day, ``weekend`` the part left on days off."""

    project: str
    task: str
    model: str
    per_day: float
    turns: tuple[int, int] = (1, 1)
    head: int = 0
    fresh: int = 800
    output: int = 300
    spread: float = 0.4
    output_spread: float = 0.5
    cache: str = UNUSED
    hours: tuple[int, ...] = OFFICE
    weekend: float = 0.15
    reasoning: float = 0.0
    cap: int | None = 8192
    stream: float = 0.3
    environment: str = "prod"
    operation: str = "chat"
    tier: str | None = None
    users: int = 20
    heads: int = 1
    pause_ms: tuple[int, int] = (8_000, 90_000)
    fingerprints: bool = True
    latency_ms: int = 600
    pool: bool = True

    @property
    def provider(self) -> str:
        """Who bills it."""
        return PROVIDERS[self.model.split("-")[0]]

    @property
    def key(self) -> str:
        """The lane's own key."""
        return f"svc-{self.project}-{self.task}"
