"""One name for what a bill and a log call differently: who bills, which model, what a line is for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.pricing import names, providers

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

_PREFIX = re.compile(
    r"^(?:(?:us|eu|apac|global|jp|au|ca)\.)?(?:anthropic|amazon|meta|mistral|cohere|ai21|deepseek|openai|qwen)\.(?=\w)"
    r"|^(?:models/|publishers/[^/]+/models/)"
)
_SNAPSHOT = re.compile(
    r"(?:[-@:](?:latest|default|\d{4}-\d\d-\d\d|20\d{6}|\d{6}"
    r"|(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])|2[3-9](?:0[1-9]|1[0-2])))?(?:-v\d+:\d+)?$"
)
_DATE = re.compile(r"(20\d\d)-(\d\d)-(\d\d)(?!\d)")
# The kind of token a line item speaks of, in the order in which its words are looked for.
_PARTS = (
    (r"cache[sd]?[ _-]?(?:read|hit)|cached[ _]input|cached$", "cache_read"),
    (r"cache[ _-]?(?:write|creation|storage)", "cache_write"),
    (r"input|prompt|cache_miss", "input"),
    (r"output|completion", "output"),
)
_ITEM = re.compile(r"^(?:(?:batch|flex|priority) \| )?(?P<model>[\w.:/-]+)(?: [a-z]+)?, (?P<what>.+)$")
_DESCRIBED = re.compile(r"^(?P<model>(?:Claude|GPT|Gemini|DeepSeek)[\w .:-]*?)(?:,| Usage -) ?(?P<what>.+)$")
# What web searches go by where a bill has a line for them apart from the models: the logs' are taken apart, too.
SEARCHES = "web search"
_SEARCHES = re.compile(r"web.?search", re.IGNORECASE)
# Words of what is billed without being the price of a call.
_FEES = re.compile(
    r"code.?(?:interpreter|execution)|file.?search|vector|web.?search|storage|session|container|support|subscription"
    r"|seat|\btax\b|\bvat\b|\bgst\b|credit|discount|refund|rounding|fine.?tun|training|hosting|provisioned|commitment"
    r"|purchase|adjustment|minimum",
    re.IGNORECASE,
)
_AI = "AI and Machine Learning / "
_CATEGORIES = re.compile(
    r"^(?:Analytics|Business Applications|Compute|Databases|Developer Tools|Multicloud|Identity|Integration"
    r"|Internet of Things|Management and Governance|Media|Migration|Mobile|Networking|Security|Storage|Web|Other) / "
)


@dataclass(frozen=True, slots=True)
class Item:
    """What a bill's line is for: a model's tokens of a kind, or a fee that is no call's.

    ``outside`` are a cloud's services that have nothing to do with models.
    """

    model: str | None
    part: str | None = None
    fee: str | None = None
    outside: bool = False


def biller(provider: str | None, model: str | None) -> str | None:
    """Who bills, by the price lists' id; of a call whose log does not say, the one whose name the model bears."""
    who = providers.called(provider) if provider else None
    if who is not None and who.kind != "gateway":
        return who.id
    told = names.candidates(provider if who is not None else None, model) if model else []
    found = next((name.provider for name in told if name.provider), None)
    if provider and who is None:
        return re.sub(r"\s+", "_", provider.strip().lower())
    return found


def item(model: str | None, line_item: str | None) -> Item:
    """What a line is for, by its model and the bill's own words."""
    words = (line_item or "").strip()
    described = words.removeprefix(_AI)
    part = next((part for pattern, part in _PARTS if re.search(pattern, words, re.IGNORECASE)), None)
    found = _DESCRIBED.match(described) or _ITEM.match(described)
    if model:
        if found and found["model"].startswith(model):  # GPT-4o mini, of which a format may know the first word
            model = found["model"].strip()
        trained = re.search(r"training|hosting", words, re.IGNORECASE) and part is None
        return Item(model, part, fee=words if trained else None)
    if not words:
        return Item(None)
    if _CATEGORIES.match(words):
        return Item(None, outside=True)
    if found and part is not None:
        return Item(found["model"].strip(), part)
    if _SEARCHES.search(described):
        return Item(None, "searches", fee=words)
    return Item(None, part, fee=words if _FEES.search(described) else None)


def spelt(model: str) -> str:
    """A model's name in one spelling: no maker's prefix, no capitals, blanks or dots, as `claude-sonnet-4-5`."""
    name = model.strip().lower()
    name = _PREFIX.sub("", name).rsplit("/", 1)[-1]
    name = _PREFIX.sub("", name)
    name = re.sub(r"\s*\((?:.*)\)$", "", name)
    return _DATE.sub(r"\1\2\3", re.sub(r"[\s._]+", "-", name))


def undated(spelling: str) -> str:
    """A spelling without the date or the mark of a snapshot."""
    return _SNAPSHOT.sub("", spelling, count=1) or spelling


def one_name(
    billed: Iterable[str], logged: Iterable[str], who: str | None, deployments: Mapping[str, str] | None = None
) -> tuple[dict[str, str], dict[str, str]]:
    """The names of both sides, each with the name that it goes by in the comparison.

    A name is its spelling. Where one side writes a model without its date, and the other does not, all snapshots of
    that model go together: which one an alias stood for is not told. The name shown is the plainest that anybody wrote.
    """
    served = deployments or {}
    bills = {name: spelt(name) for name in billed}
    logs = {name: spelt(_served(name, who, served)) for name in logged}
    together = {
        family
        for family in {_family(name, who) for name in {*bills.values(), *logs.values()}}
        if (family in bills.values()) != (family in logs.values())
    }
    keys = (
        {name: family if (family := _family(key, who)) in together else key for name, key in side.items()}
        for side in (bills, logs)
    )
    by_bill, by_log = keys
    shown: dict[str, str] = {}
    for name, key in sorted({*by_bill.items(), *by_log.items()}, key=lambda pair: _plainness(pair[0], pair[1], served)):
        shown.setdefault(key, name)
    return ({name: shown[key] for name, key in by_bill.items()}, {name: shown[key] for name, key in by_log.items()})


def _served(name: str, who: str | None, deployments: Mapping[str, str]) -> str:
    """What a deployment of the settings serves; any other name is itself."""
    if not deployments:
        return name
    told = names.candidates(who, name, deployments)
    return told[1].model if told != names.candidates(who, name) and len(told) > 1 else name


def _family(spelling: str, who: str | None) -> str:
    """A model without the date or the mark of a snapshot."""
    return undated(spelt(names.candidates(who, spelling)[-1].model))


def _plainness(name: str, key: str, deployments: Collection[str]) -> tuple[bool, bool, bool, int, str]:
    """Names as a machine writes them go before descriptions, and both before a deployment's own."""
    return name in deployments, " " in name, spelt(name) != key, len(name), name
