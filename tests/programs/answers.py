"""What the stub provider answers, case by case: the truth that the logs of programs are held against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Api = Literal["chat", "responses", "messages", "embeddings"]
PROMPT = "The ward's rota for Tuesday is still short of one night nurse"
SYSTEM = "Answer as the hospital's planner would"
ANSWER = "Ask the float pool for a nurse before noon"
KEY = "sk-live-0123456789abcdefghijklmnopqrstuvwx"
BADGE = "bdg-3f9c1d27b86e45a0917c"


@dataclass(frozen=True, slots=True)
class Tokens:
    """What is billed: ``input`` with what the prompt cache read and wrote, ``output`` with reasoning."""

    input: int
    output: int = 0
    read: int = 0
    write: int = 0
    write_1h: int = 0
    reasoning: int = 0


@dataclass(frozen=True, slots=True)
class Case:
    """One request and its answer. ``finish`` is the provider's own word; ``usage_asked`` is for streams."""

    name: str
    api: Api
    model: str
    tokens: Tokens | None
    finish: str = ""
    http_status: int = 200
    stream: bool = False
    usage_asked: bool = True
    max_tokens: int = 1024
    tier: str = "default"
    error: str = ""

    @property
    def provider(self) -> str:
        """Whom the client talks to."""
        return "anthropic" if self.api == "messages" else "openai"

    @property
    def answered_model(self) -> str:
        """The model as the answer names it."""
        return MODELS[self.model]

    @property
    def status(self) -> str:
        """What the call record should make of the answer."""
        return STATUS.get(self.finish, "ok") if self.tokens else "error"

    @property
    def operation(self) -> str:
        """What was asked for."""
        return "embeddings" if self.api == "embeddings" else "chat"

    @property
    def prompt(self) -> str:
        """The user's message; the stub knows the case by it."""
        return f"{PROMPT} [case:{self.name}]"


MODELS = {
    "gpt-4o": "gpt-4o-2024-08-06",
    "gpt-5": "gpt-5-2025-08-07",
    "o4-mini": "o4-mini-2025-04-16",
    "text-embedding-3-small": "text-embedding-3-small",
    "claude-sonnet-4-5": "claude-sonnet-4-5-20250929",
}
STATUS = {
    "length": "truncated",
    "max_tokens": "truncated",
    "incomplete": "truncated",
    "content_filter": "filtered",
    "refusal": "filtered",
}
CUT, WAIT, BAD = "length", "rate_limit_error", "invalid_request_error"
CLAUDE = "claude-sonnet-4-5"

CASES = (
    Case("plain", "chat", "gpt-4o", Tokens(1204, 57), "stop"),
    Case("cached", "chat", "gpt-4o", Tokens(2600, 120, read=2048), "stop"),
    Case("cache_written", "chat", "gpt-5", Tokens(1800, 40, write=1536), "stop"),
    Case("reasoned", "chat", "o4-mini", Tokens(300, 900, reasoning=832), "stop"),
    Case("reasoned_past_its_output", "chat", "o4-mini", Tokens(210, 10, reasoning=11), "stop"),
    Case("cut_off", "chat", "gpt-4o", Tokens(400, 16), CUT, max_tokens=16),
    Case("filtered", "chat", "gpt-4o", Tokens(401, 5), "content_filter"),
    Case("tool", "chat", "gpt-4o", Tokens(640, 33), "tool_calls"),
    Case("flex", "chat", "o4-mini", Tokens(500, 44), "stop", tier="flex"),
    Case("streamed", "chat", "gpt-4o", Tokens(1700, 80, read=1536), "stop", stream=True),
    Case("streamed_untold", "chat", "gpt-4o", Tokens(911, 70), "stop", stream=True, usage_asked=False),
    Case("rate_limited", "chat", "gpt-4o", None, http_status=429, error=WAIT),
    Case("bad_request", "chat", "gpt-4o", None, http_status=400, error=BAD),
    Case("bad_key", "chat", "gpt-4o", None, http_status=401, error="invalid_api_key"),
    Case("responded", "responses", "gpt-5", Tokens(5000, 600, read=4096, reasoning=512), "completed"),
    Case("responded_streamed", "responses", "gpt-5", Tokens(5100, 610, read=4096), "completed", stream=True),
    Case("responded_cut_off", "responses", "gpt-5", Tokens(420, 64), "incomplete", max_tokens=64),
    Case("embedded", "embeddings", "text-embedding-3-small", Tokens(812)),
    Case("told", "messages", CLAUDE, Tokens(350, 90), "end_turn"),
    Case("told_cached", "messages", CLAUDE, Tokens(3512, 91, read=3000, write=500, write_1h=200), "end_turn"),
    Case("told_cut_off", "messages", CLAUDE, Tokens(360, 32), "max_tokens", max_tokens=32),
    Case("told_tool", "messages", CLAUDE, Tokens(505, 61), "tool_use"),
    Case("told_refused", "messages", CLAUDE, Tokens(371, 7), "refusal"),
    Case("told_streamed", "messages", CLAUDE, Tokens(2240, 77, read=2048, write=180), "end_turn", stream=True),
    Case("told_to_wait", "messages", CLAUDE, None, http_status=429, error=WAIT),
    Case("told_overloaded", "messages", CLAUDE, None, http_status=529, error="overloaded_error"),
)
BY_NAME = {case.name: case for case in CASES}

ANSWERED = tuple(case for case in CASES if case.tokens)
REFUSED = tuple(case for case in CASES if not case.tokens)
