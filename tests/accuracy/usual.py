"""The companies' ordinary lanes: what they ask of whom, how often, and how well they use the cache."""

from __future__ import annotations

from tests.accuracy.days import CONSUMERS, NIGHT
from tests.accuracy.lanes import AUTOMATIC, HEAD, TURNS, Lane

REPLY = Lane(
    "assistant",
    "reply",
    "claude-sonnet-4-5",
    14,
    (2, 6),
    head=5000,
    fresh=500,
    output=260,
    cache=TURNS,
    hours=CONSUMERS,
    weekend=0.8,
    stream=0.9,
    cap=4096,
    users=80,
)
TRIAGE = Lane(
    "assistant", "triage", "gemini-2.5-flash", 30, fresh=900, output=40, hours=CONSUMERS, weekend=0.8, cap=512
)
ANSWER = Lane("helpdesk", "answer", "gpt-4.1", 30, head=2600, fresh=900, output=300, cache=AUTOMATIC, weekend=0.4)
TRANSLATE = Lane("helpdesk", "translate", "qwen-plus", 15, fresh=1200, output=1100)
BUILD = Lane(
    "code-agent",
    "build",
    "claude-sonnet-4-5",
    7,
    (8, 20),
    head=14_000,
    fresh=1400,
    output=420,
    cache=TURNS,
    stream=0.7,
    pause_ms=(800, 20_000),
)
REVIEW = Lane("code-agent", "review", "claude-opus-4-5", 14, fresh=14_000, output=1200, spread=0.7)
BROWSE = Lane(
    "research",
    "browse",
    "gpt-5",
    7,
    (5, 12),
    head=3000,
    fresh=2500,
    output=900,
    cache=AUTOMATIC,
    reasoning=0.4,
    pause_ms=(500, 9000),
)
SUMMARISE = Lane("research", "summarise", "deepseek-v4-flash", 20, fresh=6000, output=500)
SEARCH = Lane("search", "answer", "claude-sonnet-4-5", 60, head=9000, fresh=2500, output=350, cache=HEAD, weekend=0.3)
QUERY = Lane("search", "embed-query", "text-embedding-3-small", 40, fresh=30, operation="embeddings", pool=False)
INDEX = Lane(
    "search",
    "embed-page",
    "text-embedding-3-small",
    60,
    fresh=900,
    operation="embeddings",
    hours=NIGHT,
    weekend=1.0,
    pool=False,
    users=1,
)
REWRITE = Lane("search", "rewrite", "gpt-5-mini", 40, fresh=400, output=60, reasoning=0.3, weekend=0.3, cap=2048)
ASK = Lane("docs", "ask", "claude-haiku-4-5", 40, head=6000, fresh=1800, output=260, cache=HEAD, heads=2)
CLASSIFY = Lane("intake", "classify", "gpt-4.1-mini", 40, fresh=1500, output=60, cap=256)
DIGEST = Lane("reports", "digest", "gemini-2.5-pro", 15, fresh=20_000, output=900, spread=0.6)
EXTRACT = Lane(
    "intake",
    "extract",
    "gpt-5-mini",
    60,
    fresh=3000,
    output=400,
    hours=NIGHT,
    weekend=1.0,
    environment="batch",
    tier="batch",
    pool=False,
    users=1,
)
