"""Packs of rules: installed packages that bring a folder of rules, found by the entry point they declare.

A pack's ``pyproject.toml`` names the package that holds its ``.sql`` and ``.yml`` files::

    [project.entry-points."compute_spend_audit.rules"]
    acme = "acme_rules"

Nothing of a pack is run to find it: its folder is looked up, not imported.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from audit import places
from audit.records import UsageError

if TYPE_CHECKING:
    from audit.settings import Paths

GROUP = "compute_spend_audit.rules"
_REMEDY = "mend or uninstall it, or set [paths] rule_packs = false"


@dataclass(frozen=True, slots=True)
class Pack:
    """An installed folder of rules, and the distribution it came with."""

    distribution: str
    version: str
    folder: Path

    @property
    def name(self) -> str:
        """The distribution with its version, as pip writes it."""
        return f"{self.distribution}=={self.version}"


def folders(paths: Paths) -> list[Path]:
    """Where rules lie: those that ship, those of packs unless the settings refuse them, those of one's own."""
    packs = installed() if paths.rule_packs else []
    return [places.rules(), *(pack.folder for pack in packs), *paths.rules]


def of(path: Path) -> Pack | None:
    """The pack a file lies in; None for any other file."""
    return next((pack for pack in installed() if path.is_relative_to(pack.folder)), None)


def named(path: Path) -> list[Path]:
    """The folders of the pack of that name; the path itself where it is there, or no pack is called so."""
    held = [] if path.exists() else [pack.folder for pack in installed() if pack.distribution == str(path)]
    return held or [path]


def origin(path: Path) -> str:
    """Where a rule comes from, in a word: it ships, a pack by name, or the folder it lies in."""
    if path.is_relative_to(places.rules()):
        return "ships"
    pack = of(path)
    if pack:
        return pack.name
    here = Path.cwd()
    return str(path.parent.relative_to(here) if path.is_relative_to(here) else path.parent)


def installed() -> list[Pack]:
    """Every pack there is, by name. Raises UsageError for one whose package holds no folder."""
    found = {}
    for point in metadata.entry_points(group=GROUP):
        name, version = (point.dist.name, point.dist.version) if point.dist else (point.name, "")
        for folder in _folders(point.value, name):
            found[folder] = Pack(name, version, folder)
    return sorted(found.values(), key=lambda pack: (pack.distribution.lower(), str(pack.folder)))


def _folders(module: str, distribution: str) -> list[Path]:
    """Where a package lies. Its parents are imported where it has any, itself never."""
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError) as error:
        raise UsageError(f"{distribution}: its pack of rules '{module}' cannot be found: {error}; {_REMEDY}") from None
    places = [Path(place) for place in (spec.submodule_search_locations or [])] if spec else []
    folders = [place for place in places if place.is_dir()]
    if not folders:
        raise UsageError(f"{distribution}: its pack of rules '{module}' is no package with a folder; {_REMEDY}")
    return folders
