"""The company: its projects, and the lanes (a project's tasks) that its calls run in."""

from __future__ import annotations

from dataclasses import dataclass

from tests.simulator.calls import CLAUDE_CODE, GATEWAY, NATIVE

RESPONSE_MODELS = {
    "gpt-4.1": "gpt-4.1-2025-04-14",
    "gpt-4.1-mini": "gpt-4.1-mini-2025-04-14",
    "gpt-5": "gpt-5-2025-08-07",
    "gpt-5-mini": "gpt-5-mini-2025-08-07",
    "claude-opus-4-5": "claude-opus-4-5-20251101",
    "claude-sonnet-4-5": "claude-sonnet-4-5-20250929",
}


@dataclass(frozen=True, slots=True)
class Owner:
    """How a project's calls are signed. ``alias`` is set where the gateway itself knows the project."""

    team: str
    team_id: str
    key: str
    users: int
    alias: bool = False


OWNERS = {
    "search": Owner("Search team", "team-search", "svc-search", 24, alias=True),
    "support-bot": Owner("Support team", "team-support", "svc-support", 40),
    "contract-review": Owner("Legal tech team", "team-legal", "svc-contracts", 12),
    "code-assistant": Owner("Developer tools team", "team-devtools", "svc-ci-agent", 8),
    "data-labelling": Owner("Data team", "team-data", "svc-labelling", 3),
    "internal-tools": Owner("Operations team", "team-ops", "key-internal-tools", 15),
}


@dataclass(frozen=True, slots=True)
class Lane:
    """One task of one project: how often, how long, on which model. Token counts are medians."""

    family: str
    project: str
    task: str
    model: str
    sessions: int
    turns: tuple[int, int]
    prefix: int
    fresh: int
    output: int
    prompt: str
    spread: float = 0.35
    output_spread: float = 0.5
    prefix_spread: float = 0.0
    grows: bool = False
    reasoning: float = 0.0
    max_output: int | None = 4096
    weekend: float = 0.12
    nightly: bool = False
    environment: str = "prod"
    operation: str = "chat"
    stream: float = 0.0
    states_cost: bool = False
    special: bool = False
    bloated: float = 1.0

    @property
    def provider(self) -> str:
        """Who bills it."""
        return "anthropic" if self.model.startswith("claude") else "openai"


# Numbers are July's; traffic.GROWTH carries them on. ``special`` keeps a lane out of the planting.
LANES = (
    Lane(
        GATEWAY, "search", "answer", "gpt-4.1", 170, (1, 4), 6200, 32_000, 700,
        "Which clause of the handbook answers ticket {}?", stream=0.6, weekend=0.25,
    ),
    Lane(
        GATEWAY, "search", "embed", "text-embedding-3-small", 240, (1, 1), 0, 5200, 0,
        "Page {} of the handbook, cut for the index.", operation="embeddings", max_output=None,
        nightly=True, weekend=1.0, special=True,
    ),
    Lane(
        GATEWAY, "support-bot", "reply", "claude-sonnet-4-5", 148, (2, 6), 18_000, 11_000, 420,
        "Customer asks where order {} is and wants a refund.", grows=True, stream=0.8, weekend=0.5,
        max_output=2048, bloated=2.2,
    ),
    Lane(
        GATEWAY, "support-bot", "triage", "gpt-4.1-mini", 190, (1, 1), 0, 1300, 35,
        "Sort the message of customer {} into a queue.", max_output=256, weekend=0.5,
    ),
    Lane(
        GATEWAY, "internal-tools", "minutes", "gpt-5", 62, (1, 2), 0, 34_000, 3600,
        "Write the minutes of meeting {}.", reasoning=0.55, max_output=8192,
    ),
    Lane(
        NATIVE, "contract-review", "review", "claude-opus-4-5", 92, (3, 6), 96_000, 4200, 3400,
        "Review contract {}.", prefix_spread=0.2, output_spread=0.6, grows=True, states_cost=True,
        max_output=16_000,
    ),
    Lane(
        NATIVE, "code-assistant", "ci-agent", "claude-sonnet-4-5", 32, (8, 16), 28_000, 5200, 640,
        "Mend the failing check of build {}.", grows=True, output_spread=0.8, max_output=8192,
        stream=0.7,
    ),
    Lane(
        NATIVE, "data-labelling", "label-ticket", "claude-opus-4-5", 330, (1, 1), 410, 520, 24,
        "Label ticket {}.", spread=0.06, output_spread=0.12, max_output=64, special=True,
    ),
    Lane(
        NATIVE, "data-labelling", "nightly-extract", "gpt-5", 420, (1, 1), 0, 26_000, 2600,
        "Extract the parties and dates of document {}.", reasoning=0.4, output_spread=0.7,
        nightly=True, weekend=1.0, environment="batch", max_output=8192,
    ),
    Lane(
        NATIVE, "internal-tools", "notes", "gpt-5-mini", 210, (1, 1), 0, 3800, 520,
        "Shorten note {}.", reasoning=0.3,
    ),
    Lane(
        CLAUDE_CODE, "code-assistant", "claude-code", "claude-opus-4-5", 3, (6, 11), 40_000, 5200, 1500,
        "Change the parser of module {} and run its tests.", grows=True, output_spread=0.7, special=True,
        weekend=0.0,
    ),
)  # fmt: skip
