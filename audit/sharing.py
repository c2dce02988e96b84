"""Dated rows of who shares what: which of them hold in a month, and in what order shared cost is handed on."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Protocol, TypeVar

from audit.records import Month, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from audit.settings_money import Shared


class _Dated(Protocol):
    @property
    def since(self) -> str: ...


_Row = TypeVar("_Row", bound=_Dated)


def holding(rows: Iterable[_Row], month: Month, key: Callable[[_Row], object]) -> list[_Row]:
    """Of each key's rows the one that holds in a month: the newest of those that have begun."""
    found: dict[object, _Row] = {}
    for row in sorted(rows, key=lambda row: row.since):
        if row.since <= str(month):
            found[key(row)] = row
    return list(found.values())


def rules_of(shared: Iterable[Shared], month: Month) -> list[Shared]:
    """The shared projects of a month, each with the row that holds."""
    return [rule for rule in holding(shared, month, lambda rule: rule.project) if rule.by != "none"]


def in_order(shared: Iterable[Shared]) -> list[str]:
    """Shared projects, each after those whose cost it bears a part of; raises UsageError that names a circle."""
    rules = {rule.project: rule for rule in shared}
    givers: dict[str, set[str]] = {name: set() for name in rules}
    for rule in rules.values():
        for name in {*rule.to, *(name for name, share in rule.shares.items() if share)} & rules.keys():
            givers[name].add(rule.project)
    sorter = TopologicalSorter({name: sorted(givers[name]) for name in sorted(givers)})
    try:
        return list(sorter.static_order())
    except CycleError as error:
        circle = [str(name) for name in error.args[1]]
        # One circle has one name, wherever the search came upon it.
        start = circle.index(min(circle))
        turned = [*circle[start:-1], *circle[:start], min(circle)]
        path = " -> ".join(f"'{name}'" for name in turned)
        raise UsageError(
            f"the shared cost would go round in a circle: {path}; take one of them out of the other's"
        ) from None
