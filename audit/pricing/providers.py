"""Who a provider's name means, and whose name a model bears: what providers.toml knows."""

from __future__ import annotations

import fnmatch
import functools
import re
import tomllib
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

_FILE = Path(__file__).resolve().parent / "providers.toml"
# What some SDKs add to a provider's name: the interface that was spoken.
_INTERFACES = {"chat", "completion", "embedding", "generative-ai", "image", "messages", "responses"}


@dataclass(frozen=True, slots=True)
class Provider:
    """One table of providers.toml: see its head for what the keys mean."""

    id: str
    kind: Literal["maker", "cloud", "host", "gateway", "self"]
    names: tuple[str, ...] = ()
    orgs: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    client: bool = False
    region: str | None = None
    also: str | None = None


@functools.cache
def all_providers() -> tuple[Provider, ...]:
    """Every table of the file, in its order."""
    found = []
    for row in tomllib.loads(_FILE.read_text(encoding="utf-8"))["provider"]:
        keys: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
        ids = keys.pop("each", None) or (keys.pop("id"),)
        found += [Provider(id=name, **keys) for name in ids]
    return tuple(found)


def folded(name: str) -> str:
    """A name without case, spaces and punctuation: Azure OpenAI, azure_openai and azure-openai are one."""
    return "".join(letter for letter in unicodedata.normalize("NFKC", name).casefold() if letter.isalnum())


def called(name: str) -> Provider | None:
    """Who a logged provider is; None where the file does not know the name."""
    while True:
        found = _by_name().get(folded(name)) or _by_org().get(folded(name))
        rest, _, interface = name.rpartition(".")
        if found or not rest or interface.casefold() not in _INTERFACES:
            return found
        name = rest


def site(name: str | None, region: str | None) -> Provider | None:
    """A provider's site of a region; None where it has no prices of its own."""
    return next((who for who in all_providers() if region and (who.id, who.region) == (name, region)), None)


def prefix(segment: str) -> tuple[Provider, bool] | None:
    """Whom the part before a slash names, and whether it says who bills: an organisation only says who made it."""
    made = _by_org().get(folded(segment))
    if made is not None:
        return made, False
    sold = _by_name().get(folded(segment))
    return None if sold is None else (sold, True)


def owner(model: str) -> Provider | None:
    """The only one who sells a model of this name; None where others sell it too, or nobody is known."""
    return _best(model, "own")


def maker(model: str) -> Provider | None:
    """Who made an open model and sells it beside others; None where nobody is known to."""
    return _best(model, "open")


def owns(who: Provider, model: str) -> bool:
    """Whether a model's name is this provider's own."""
    return _fit(who.own, model) > 0


def sells(who: Provider, model: str) -> bool:
    """Whether an open model is this provider's, and sold by it too."""
    return _fit(who.open, model) > 0


def _best(model: str, key: Literal["own", "open"]) -> Provider | None:
    ranked = [(_fit(getattr(who, key), model), who) for who in all_providers()]
    best = max(ranked, key=lambda pair: pair[0])
    return best[1] if best[0] else None


def _fit(patterns: tuple[str, ...], model: str) -> int:
    """How many letters of the best pattern stand; 0 where none fits."""
    fitting = [pattern for pattern in patterns if fnmatch.fnmatchcase(model.casefold(), pattern)]
    return max((len(re.sub(r"\[[^]]*\]|[*?]", "", pattern)) for pattern in fitting), default=0)


@functools.cache
def _by_name() -> dict[str, Provider]:
    return {
        folded(name): who
        for who in all_providers()
        for name in (who.id, *who.names)
        if not who.region or name != who.id
    }


@functools.cache
def _by_org() -> dict[str, Provider]:
    return {folded(name): who for who in all_providers() for name in who.orgs}
