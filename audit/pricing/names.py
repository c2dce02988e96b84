"""What a logged pair of provider and model may stand for: the same model under the names that price lists have.

Nothing here guesses: a name is taken apart only where somebody documents how it is put together. What is known of
providers stands in providers.toml, what is known of spellings in names.toml.
"""

from __future__ import annotations

import difflib
import functools
import re
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from audit.pricing import providers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from audit.pricing.providers import Provider

_FILE = Path(__file__).resolve().parent / "names.toml"
_NO_DEPLOYMENTS: Mapping[str, str] = MappingProxyType({})
_ALIKE = 0.6
LOGGED = "as it was logged"
NOBODY_SAYS = "nobody says who billed it; the maker's own price"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A provider and a model that a price list may have, and how one comes from what was logged to them.

    ``region`` is a list's region where the name tells it. ``listed`` is false where a list of patterns (genai-prices)
    would take the name for another model or another provider: then only a row that names it may price it.
    """

    provider: str | None
    model: str
    why: str
    region: str | None = None
    listed: bool = True


def candidates(
    provider: str | None, model: str, deployments: Mapping[str, str] = _NO_DEPLOYMENTS, region: str | None = None
) -> list[Candidate]:
    """What was logged, its provider made canonical; then what it may stand for, best first; nothing twice.

    ``deployments`` are the settings' own names: a deployment, ``resource/deployment``, a profile's id or ARN, each
    with the model that it serves. They go before everything that could be told from the name. ``region`` is where the
    log says that the call was served; what the name itself tells goes before it.
    """
    who = providers.called(provider) if provider else None
    if who is None:
        first = Candidate((provider or "").strip().lower() or None, model, LOGGED, region)
    else:
        first = Candidate(None if who.kind == "gateway" else who.id, model, LOGGED, who.region or region, not who.also)
    sure = _closed([first], _peeled)
    for name in sure:
        served = _served(name, deployments)
        if served:
            owner = None if name.provider else providers.owner(name.model)
            told = _by(name, served, f"the settings say what '{name.model}' serves", owner)
            return _told(first, _spread(_closed([told], _peeled)))
    return _spread(sure)


def _spread(sure: list[Candidate]) -> list[Candidate]:
    """The candidates that are sure, then those without a version, then those at the makers of open models."""
    made = [other for name in sure if name.provider is None for other in _made(name)]
    return [_guarded(name) for name in _closed([*_closed(sure, _dated), *made], _sited)]


def _told(first: Candidate, served: list[Candidate]) -> list[Candidate]:
    """What was logged before what the settings say it is: a list that has a model of that name is not meant."""
    same = [name for name in served if (name.provider, name.model) == (first.provider, first.model)]
    listed = any(name.listed for name in same)
    return [replace(first, listed=listed), *(name for name in served if name not in same)]


def nearest(model: str, known: Iterable[str], n: int = 5) -> list[str]:
    """The known names most like one that was not found, nearest first; prefixes are left out of the comparison."""
    matcher = difflib.SequenceMatcher(autojunk=False)
    matcher.set_seq2(providers.folded(model.rsplit("/", 1)[-1]))
    ranked = []
    for name in sorted(set(known)):
        matcher.set_seq1(providers.folded(name.rsplit("/", 1)[-1]))
        if matcher.real_quick_ratio() >= _ALIKE and matcher.quick_ratio() >= _ALIKE and matcher.ratio() >= _ALIKE:
            ranked.append((-matcher.ratio(), name))
    return [name for _, name in sorted(ranked)[:n]]


def _closed(found: Iterable[Candidate], steps: Callable[[Candidate], Iterator[Candidate]]) -> list[Candidate]:
    """The candidates and all that the steps lead to from them, the fewest steps first."""
    by_name = {(name.provider, name.model): name for name in reversed(list(found))}
    queue = list(reversed(by_name.values()))
    for name in queue:
        for other in steps(name):
            if (other.provider, other.model) not in by_name:
                by_name[other.provider, other.model] = other
                queue.append(other)
    return queue


def _by(name: Candidate, model: str, why: str, who: Provider | None = None) -> Candidate:
    """A candidate one step on, of the same provider or another; the reasons add up."""
    why = why if name.why == LOGGED else f"{name.why}; {why}"
    if who is None:
        return replace(name, model=model, why=why)
    return Candidate(who.id, model, why, who.region or name.region, not who.also)


def _peeled(name: Candidate) -> Iterator[Candidate]:
    """One step of those that change nothing: another spelling of the same model of the same biller."""
    yield from _respelled(name, last=False)
    yield from _without_prefix(name)
    yield from _owned(name)
    plain = re.sub(r"\s+", "-", name.model.strip().lower())
    if plain != name.model:
        yield _by(name, plain, "in lower case")
    yield from _sited(name)


def _sited(name: Candidate) -> Iterator[Candidate]:
    """A provider's site of a region is a provider of its own in genai-prices."""
    site = providers.site(name.provider, name.region)
    if site and site.also:
        other = _by(name, name.model, f"on genai-prices' list of {site.also}")
        yield replace(other, provider=site.also, region=None, listed=True)


def _dated(name: Candidate) -> Iterator[Candidate]:
    """One step that gives up what a list may price apart, and so comes after every exact name."""
    yield from _respelled(name, last=True)


def _respelled(name: Candidate, *, last: bool) -> Iterator[Candidate]:
    for row in _spellings():
        if row.last is last and (row.providers == ("*",) or name.provider in row.providers):
            match = row.find.fullmatch(name.model)
            if match:
                other = _by(name, match.expand(row.put), row.why, providers.called(row.to) if row.to else None)
                region = match.expand(row.region) if row.region else other.region
                yield replace(other, region=region, listed=other.listed and row.listed)


def _without_prefix(name: Candidate) -> Iterator[Candidate]:
    """Without what a gateway puts before a slash: itself, or who is to answer."""
    for segments in (2, 1):
        parts = name.model.split("/", segments)
        found = providers.prefix("/".join(parts[:segments])) if len(parts) > segments else None
        if found is None:
            continue
        who, sells = found
        head, rest = "/".join(parts[:segments]), parts[-1]
        here = providers.called(name.provider) if name.provider else None
        if who.kind == "gateway" or (here and (who.id == here.id or (here.kind == "cloud" and who.kind == "maker"))):
            yield _by(name, rest, f"without '{head}/'")
        elif (name.provider is None or here is None or here.client) and (sells or providers.owns(who, rest)):
            yield _by(name, rest, f"'{head}/' names {who.id}", who)
        return


def _owned(name: Candidate) -> Iterator[Candidate]:
    """A name that one alone sells tells who billed, where the log says nobody, or the client that was used."""
    here = providers.called(name.provider) if name.provider else None
    if name.provider is None or (here and here.client and not providers.owns(here, name.model)):
        who = providers.owner(name.model)
        if who:
            yield _by(name, name.model, f"the name is {who.id}'s own", who)


def _made(name: Candidate) -> Iterator[Candidate]:
    """An open model that nobody is said to have billed, at its maker's."""
    org, _, rest = name.model.rpartition("/")
    found = providers.prefix(org) if org else None
    who = found[0] if found else providers.maker(name.model)
    if who and providers.sells(who, rest):
        yield _by(name, rest.lower(), NOBODY_SAYS, who)


def _served(name: Candidate, deployments: Mapping[str, str]) -> str | None:
    """The model that the settings give a name: as it is written, or by the last part of a resource or a path."""
    by_name = {key.casefold(): served for key, served in deployments.items()}
    model = name.model.casefold()
    if model in by_name:
        return by_name[model]
    if name.provider not in ("azure", "aws", "google", "volcengine"):
        return None
    tail = model.rsplit("/", 1)[-1]
    if tail in by_name:
        return by_name[tail]
    # A log that leaves the resource out tells the deployment only where all resources mean the same by it.
    served = {to for key, to in by_name.items() if key.rsplit("/", 1)[-1] == tail}
    return served.pop() if len(served) == 1 else None


def _guarded(name: Candidate) -> Candidate:
    """A candidate that is kept from a list's patterns where they are known to take it for another."""
    listed = name.listed and name.provider is not None and providers.called(name.provider) is not None
    for row in _unlike() if listed else ():
        if (
            name.provider in row.providers
            and row.model.fullmatch(name.model)
            and (row.region is None or (name.region and row.region.fullmatch(name.region)))
        ):
            listed = False
    return replace(name, listed=listed)


@dataclass(frozen=True, slots=True)
class _Spelling:
    """One [[spelling]] of names.toml."""

    providers: tuple[str, ...]
    find: re.Pattern[str]
    put: str
    why: str
    to: str | None
    region: str | None
    listed: bool
    last: bool


@dataclass(frozen=True, slots=True)
class _Unlike:
    """One [[unlike]] of names.toml."""

    providers: tuple[str, ...]
    model: re.Pattern[str]
    region: re.Pattern[str] | None


@functools.cache
def _spellings() -> tuple[_Spelling, ...]:
    return tuple(
        _Spelling(
            tuple(row["provider"]),
            re.compile(row["find"], re.IGNORECASE),
            row["put"],
            row["why"],
            row.get("to"),
            row.get("region"),
            row.get("listed", True),
            row.get("last", False),
        )
        for row in _table("spelling")
    )


@functools.cache
def _unlike() -> tuple[_Unlike, ...]:
    return tuple(
        _Unlike(
            tuple(row["provider"]),
            re.compile(row["model"], re.IGNORECASE),
            re.compile(row["region"]) if "region" in row else None,
        )
        for row in _table("unlike")
    )


def _table(key: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = tomllib.loads(_FILE.read_text(encoding="utf-8"))[key]
    return rows
