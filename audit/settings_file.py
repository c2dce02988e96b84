"""``audit.toml`` read; every mistake is named with its key, its line and the nearest right one."""

from __future__ import annotations

import difflib
import re
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from audit import settings_checks
from audit.records import UsageError
from audit.settings import Settings

if TYPE_CHECKING:
    from audit.settings_checks import Location

SETTINGS_FILE = "audit.toml"


def load(path: Path) -> Settings:
    """Read a settings file. Raises UsageError that names the key and its line."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UsageError(
            f"{path}: no such settings file; name yours with --settings FILE, or let `audit init` write one"
        ) from None
    except UnicodeDecodeError:
        raise UsageError(f"{path}: not UTF-8: save it with that encoding") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from None
    try:
        data = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        words, _, line = str(error).partition(" (at line ")
        place = f"{path}, line {line.partition(',')[0]}" if line else str(path)
        raise UsageError(f"{place}: not valid TOML: {words}") from None
    try:
        settings = Settings.model_validate(data)
    except ValidationError as error:
        lines = [_sentence(path, text, dict(problem)) for problem in error.errors()]
        raise UsageError("\n".join(dict.fromkeys(lines))) from None
    wrong = [f"{_place(path, text, location)}: {words}" for location, words in settings_checks.contradictions(settings)]
    if wrong:
        raise UsageError("\n".join(wrong))
    return anchored(settings, path.resolve().parent)


def remedy(settings: Settings) -> str:
    """What to add to an error that a settings file would have spared; nothing where one was read."""
    here = Path.cwd()
    if (here / SETTINGS_FILE).exists() or settings != anchored(Settings(), here):
        return ""
    return f"\nno {SETTINGS_FILE} in this folder: name yours with --settings FILE, or let `audit init` write one"


def anchored(settings: Settings, folder: Path) -> Settings:
    """Make every path absolute: a cron line runs from anywhere."""
    paths = settings.paths
    return settings.model_copy(
        update={
            "paths": paths.model_copy(
                update={
                    "store": folder / paths.store,
                    "reports": folder / paths.reports,
                    "logs": [folder / path if isinstance(path, Path) else path for path in paths.logs],
                    "rules": [folder / path for path in paths.rules],
                    "formats": [folder / path for path in paths.formats],
                    "accepted": folder / paths.accepted,
                }
            ),
            "databases": [database.anchored(folder) for database in settings.databases],
            "revenue_csv": None if settings.revenue_csv is None else folder / settings.revenue_csv,
            "prices": settings.prices.anchored(folder),
            "exchange_rates_csv": None if settings.exchange_rates_csv is None else folder / settings.exchange_rates_csv,
            "pools": [pool.anchored(folder) for pool in settings.pools],
        }
    )


def _place(path: Path, text: str, location: Location) -> str:
    line = line_of(text, location)
    return f"{path}, line {line}" if line else str(path)


def _sentence(path: Path, text: str, problem: dict[str, Any]) -> str:
    """One validation problem as a sentence with file, line and key."""
    location: Location = problem["loc"]
    if location[0] == "rules" and location[3:]:
        # One line for the four types that a parameter may have and has not.
        location, problem["msg"] = location[:3], "a parameter is a number, a text, true or false"
    key = ".".join(str(part) for part in location)
    place = _place(path, text, location)
    if problem["type"] == "extra_forbidden":
        return f"{place}: unknown key '{key}'; {_remedy(location)}"
    if problem["type"] == "missing":
        return f"{place}: '{key}' is missing"
    if problem["type"] in ("model_type", "dict_type"):
        return f"{place}: '{key}' is a table: its keys stand one a line under [{key}]"
    if problem["type"] == "list_type":
        example = f"[[{key}]] heads each" if _known_keys((*location, 0)) else f'write {location[-1]} = ["...", "..."]'
        return f"{place}: '{key}' is a list: {example}"
    words = str(problem["msg"]).removeprefix("Value error, ")
    return f"{place}: '{key}': {words}"


def _remedy(location: Location) -> str:
    """What to do about an unknown key: where it belongs, the nearest right one, or all there are."""
    name = str(location[-1])
    if name == "password" and location[0] == "databases":
        return "secrets are not kept here: name the environment variable that holds it under password_env"
    if name == "password":
        return "secrets are not kept here: set the environment variable AUDIT_SMTP_PASSWORD"
    if name in Settings.model_fields:
        return "it stands outside the tables: move it above the first [table]" if len(location) > 1 else ""
    known = _known_keys(location[:-1])
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    homes = [f"[{table}]" for table in Settings.model_fields if name in _known_keys((table,))]
    if homes and not difflib.get_close_matches(name, known, n=1, cutoff=0.8):
        return f"it belongs in {' or '.join(homes)}"
    return f"did you mean '{near[0]}'?" if near else f"known here: {', '.join(known)}"


def _known_keys(location: Location) -> list[str]:
    """The keys that the table at a place may hold; none where the place is no table."""
    model: Any = Settings
    for part in location:
        if isinstance(part, int):
            continue
        annotation = next(
            (info.annotation for name, info in model.model_fields.items() if part in (name, info.alias)), None
        )
        inner = getattr(annotation, "__args__", ())
        candidates = [c for c in (annotation, *inner) if isinstance(c, type) and issubclass(c, BaseModel)]
        if not candidates:
            return []
        model = candidates[0]
    return [info.alias or name for name, info in model.model_fields.items()]


def line_of(text: str, location: Location) -> int | None:
    """The line of a key, counted from 1; its table's line where the key has none; None where neither is found.

    It reads tables, arrays of tables and keys at the start of a line, which is how settings are written.
    """
    newest: dict[Location, int] = {}

    def numbered(start: Location, names: str) -> Location:
        """Names with dots between them as a place: in an array of tables they speak of its newest one."""
        place = start
        for name in names.split("."):
            place = (*place, name.strip().strip("\"'"))
            place = (*place, newest[place]) if place in newest else place
        return place

    here: Location = ()
    depth, best = 0, None
    for number, raw in enumerate(text.split("\n"), start=1):
        if header := re.match(r"\s*(\[\[?)\s*([^\[\]=]+?)\s*\]", raw):
            parent, _, name = header[2].rpartition(".")
            here = (*(numbered((), parent) if parent else ()), name.strip().strip("\"'"))
            if header[1] == "[[":
                newest[here] = newest.get(here, -1) + 1
            here = place = (*here, newest[here]) if here in newest else here
        elif key := re.match(r"\s*([\w\-.\"']+)\s*=", raw):
            place = numbered(here, key[1])
        else:
            continue
        if location[: len(place)] == place and len(place) > depth:
            depth, best = len(place), number
    return best
