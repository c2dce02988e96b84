"""What sections of the settings contradict each other: stated twice, claimed twice, handed round in a circle."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from audit import patterns, sharing
from audit.records import Month, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audit.settings import Settings
    from audit.settings_money import Pool

Location = tuple[str | int, ...]
_ALWAYS, _OPEN = "0001-01", "9999-12"


def contradictions(settings: Settings) -> Iterator[tuple[Location, str]]:
    """Each by the key that must be changed, with the sentence that says so."""
    for location, what in _twice(settings):
        yield location, f"{what} is stated twice"
    yield from _claimed_twice(settings)
    yield from _circles(settings)


def _twice(settings: Settings) -> Iterator[tuple[Location, str]]:
    """What is stated a second time, so that nobody could tell which holds."""
    stated: list[tuple[Location, str]] = []
    for number, project in enumerate(settings.projects):
        stated.append((("projects", number, "name"), f"the project '{project.name}'"))
        for at, row in enumerate(project.revenue):
            what = f"the revenue of '{project.name}' from {row.since}"
            stated.append((("projects", number, "revenue", at, "from"), what))
        for key in ("api_keys", "users", "teams", "sources"):
            values = dict.fromkeys(getattr(project, key))
            stated += [(("projects", number, key), f"'{value}' among the {key} of the projects") for value in values]
    for number, database in enumerate(settings.databases):
        stated.append((("databases", number, "name"), f"the database '{database.name}'"))
    for number, rate in enumerate(settings.exchange_rates):
        stated.append((("exchange_rates", number, "month"), f"the rate of {rate.currency} from {rate.month}"))
    for number, margin in enumerate(settings.margins):
        who = f"the project '{margin.project}'" if margin.project else f"the team '{margin.team}'"
        stated.append((("margins", number, "from"), f"the margin of {who} from {margin.since}"))
    for number, shared in enumerate(settings.shared):
        stated.append((("shared", number, "from"), f"the sharing of '{shared.project}' from {shared.since}"))
    seen: set[str] = set()
    for location, what in stated:
        if what in seen:
            yield location, what
        seen.add(what)


def _claimed_twice(settings: Settings) -> Iterator[tuple[Location, str]]:
    """Pools of one name, or that would both pay for one call, in one month."""
    for (_, one), (number, other) in itertools.combinations(enumerate(settings.pools), 2):
        since = max(one.since or _ALWAYS, other.since or _ALWAYS)
        if since > min(one.until or _OPEN, other.until or _OPEN):
            continue
        when = "" if since == _ALWAYS else f" from {since} on"
        if one.name == other.name:
            yield ("pools", number, "name"), f"the pool '{one.name}' is stated twice{when}"
        elif claimed := _claimed(one, other):
            mine, theirs = claimed
            names = f"'{mine}'" if mine == theirs else f"names that are '{mine}' and '{theirs}'"
            both = f"the pools '{one.name}' and '{other.name}' both serve {names}{when}"
            remedy = "leave the model to one of them, or tell them apart by providers or months"
            yield ("pools", number, "models"), f"{both}: {remedy}"


def _claimed(one: Pool, other: Pool) -> tuple[str, str] | None:
    """The first names of two pools that could be one model's; None where their providers or models differ."""
    if one.providers and other.providers and not set(one.providers) & set(other.providers):
        return None
    pairs = itertools.product(one.models, other.models)
    return next((pair for pair in pairs if patterns.overlap(*pair)), None)


def _circles(settings: Settings) -> Iterator[tuple[Location, str]]:
    """Shared projects that would bear each other's cost in some month."""
    told = set()
    for number, row in enumerate(settings.shared):
        try:
            sharing.in_order(sharing.rules_of(settings.shared, Month.parse(row.since)))
        except UsageError as error:
            if str(error) not in told:
                yield ("shared", number), str(error)
            told.add(str(error))
