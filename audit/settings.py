"""``audit.toml`` read into typed settings; every mistake is named with its key, its line and the nearest right one.

Secrets never stand in the file: they come from the environment (see ``Mail.password``).
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from babel.numbers import is_currency
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from audit.records import Month, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

SETTINGS_FILE = "audit.toml"
Location = tuple[str | int, ...]


def _zone(name: str) -> str:
    if name not in available_timezones():
        near = difflib.get_close_matches(name, available_timezones(), n=1)
        raise ValueError(f"'{name}' is no time zone" + (f"; did you mean '{near[0]}'?" if near else ""))
    return name


def _month(text: object) -> str:
    return str(Month.parse(str(text)))


def currency_code(code: str) -> str:
    """An ISO 4217 code as it is; raises ValueError with the remedy in its words."""
    if not is_currency(code):
        known = {"RMB": "CNY", "CNH": "CNY"}.get(code.upper(), code.upper())
        remedy = (
            f"did you mean '{known}'?" if is_currency(known) else "write its three-letter ISO 4217 code, as USD or CNY"
        )
        raise ValueError(f"'{code}' is no currency: {remedy}")
    return code


def _exact(value: object) -> object:
    """A float handed over by a program stands for the digits it prints as; the file's are read exactly."""
    return str(value) if isinstance(value, float) else value


def _share(value: Decimal) -> Decimal:
    if value > 1:
        raise ValueError(f"{value} is more than the whole: a share of 20 % is written 0.20")
    return value


def _memory(text: str) -> str:
    if not re.fullmatch(r"\d+(\.\d+)?\s*(MB|GB|TB)", text):
        raise ValueError(f"'{text}' is no size: write it as 4GB or 800MB")
    return text


def _or_none(value: object) -> object:
    """An empty text says what leaving the key out says."""
    return None if value == "" else value


Zone = Annotated[str, AfterValidator(_zone)]
MonthText = Annotated[str, BeforeValidator(_month)]
Currency = Annotated[str, AfterValidator(currency_code)]
Amount = Annotated[Decimal, BeforeValidator(_exact), Field(ge=0)]
Share = Annotated[Decimal, BeforeValidator(_exact), Field(ge=0), AfterValidator(_share)]


class Section(BaseModel):
    """A table of the file. Unknown keys are errors, and a section never changes once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Company(Section):
    """Who is audited, and how the report speaks."""

    name: str = Field("", description="The name at the head of the report.")
    language: Literal["en", "zh"] = Field("en", description="The report's language: en or zh.")
    currency: Currency = Field("USD", description="The report's currency, ISO 4217.")
    timezone: Zone = Field("UTC", description="Where the month's first midnight is taken.")


class Paths(Section):
    """Where things lie; relative paths count from the settings file."""

    store: Path = Field(Path("audit.duckdb"), description="The database that keeps the calls.")
    reports: Path = Field(Path("reports"), description="The folder that gets one folder a month.")
    logs: list[Path] = Field(
        default_factory=list,
        description="Files, folders or globs that `audit ingest` and `audit run` read when none are named.",
    )
    rules: list[Path] = Field(default_factory=list, description="Folders with rules of your own.")
    formats: list[Path] = Field(default_factory=list, description="Folders with log formats of your own.")


class Logs(Section):
    """How logs are read."""

    timezone: Zone = Field("UTC", description="The zone of dates that a log writes without one.")
    keep_prompts: bool = Field(
        default=False,
        strict=True,
        description="Keep the text of lines that could not be read as it is, prompts and all.",
    )


class Limits(Section):
    """What a run may use, and how incomplete it may be before it says so with exit code 4."""

    memory: Annotated[str, AfterValidator(_memory)] = Field("4GB", description="Memory for the engine.")
    threads: int = Field(0, ge=0, strict=True, description="Threads for the engine; 0 takes every core.")
    rule_seconds: float = Field(60, gt=0, le=86_400, description="How long one rule may run before it is stopped.")
    rejected_share: Share = Field(
        Decimal("0.01"), description="The share of unreadable lines above which a run counts as incomplete."
    )
    unpriced_share: Share = Field(
        Decimal("0.05"), description="The share of calls without a price above which a run is incomplete."
    )


class RedLine(Section):
    """The hard line: compute cost against expected revenue."""

    share: Share = Field(Decimal("0.20"), description="A project breaches above this share of its expected revenue.")
    near: Share = Field(Decimal("0.80"), description="A project is named as near its line from this part of it on.")


class Revenue(Section):
    """A project's expected revenue a month, from a month on, until a later row replaces it."""

    since: MonthText = Field(alias="from", description="The first month it holds for, as 2026-07.")
    amount: Amount = Field(description="Expected revenue a month.")
    currency: Annotated[Currency | None, BeforeValidator(_or_none)] = Field(
        None, description="Its currency; the report's where left out."
    )


class Project(Section):
    """A project, who answers for it, what it expects to earn, and how its calls are known."""

    name: str = Field(min_length=1, description="The project, as the report names it.")
    owner: str = Field("", description="Who answers for it.")
    revenue: list[Revenue] = Field(default_factory=list, description="Dated rows of expected revenue.")
    teams: list[str] = Field(default_factory=list, description="Teams whose calls are this project's.")
    api_keys: list[str] = Field(default_factory=list, description="Keys (alias or hash) that are this project's.")
    users: list[str] = Field(default_factory=list, description="Users whose calls are this project's.")
    sources: list[str] = Field(default_factory=list, description="Sources whose calls are this project's.")


class ExchangeRate(Section):
    """What one unit of a currency is worth in the report's currency in a month."""

    month: MonthText = Field(description="The first month it holds for, as 2026-07.")
    currency: Currency = Field(description="The currency translated from.")
    rate: Annotated[Decimal, BeforeValidator(_exact), Field(gt=0)] = Field(
        description="Units of the report's currency for one unit of it."
    )


class Mail(Section):
    """Where the report is sent. The password comes from the environment variable AUDIT_SMTP_PASSWORD."""

    host: str = Field("", description="The SMTP server.")
    port: int = Field(587, ge=1, le=65535, strict=True, description="Its port.")
    security: Literal["starttls", "tls", "none"] = Field("starttls", description="How the connection is secured.")
    user: str = Field("", description="The login; empty for none.")
    sender: str = Field("", description="The From address.")
    to: list[str] = Field(default_factory=list, description="Who gets the month's mail.")
    timeout_seconds: float = Field(30, gt=0, le=86_400, description="How long to wait for the server.")

    @property
    def password(self) -> str:
        """The login's password, from the environment."""
        return os.environ.get("AUDIT_SMTP_PASSWORD", "")


class Schedule(Section):
    """When `audit schedule` runs the month's audit."""

    cron: str = Field("0 7 2 * *", description="Five cron fields: minute, hour, day, month, weekday.")
    timezone: Annotated[Zone | None, BeforeValidator(_or_none)] = Field(
        None, description="The cron line's zone; the company's where left out."
    )
    retry_minutes: float = Field(
        15, gt=0, le=44_640, description="How long to wait before a failed run or mail is tried again."
    )


class Settings(Section):
    """All of ``audit.toml``."""

    company: Company = Field(default_factory=Company)
    paths: Paths = Field(default_factory=Paths)
    logs: Logs = Field(default_factory=Logs)
    limits: Limits = Field(default_factory=Limits)
    red_line: RedLine = Field(default_factory=RedLine)
    projects: list[Project] = Field(default_factory=list)
    revenue_csv: Path | None = Field(
        None, description="A CSV with the columns project, from, amount and, if wanted, currency and owner."
    )
    exchange_rates: list[ExchangeRate] = Field(default_factory=list)
    rules: dict[str, dict[str, bool | int | float | str]] = Field(
        default_factory=dict,
        description="A table a rule: its parameters, and `enabled = false` to leave it out.",
    )
    mail: Mail = Field(default_factory=Mail)
    schedule: Schedule = Field(default_factory=Schedule)

    def with_paths(self, **paths: Path) -> Settings:
        """The same settings with other places for the store or the reports."""
        return self.model_copy(update={"paths": self.paths.model_copy(update=paths)})

    @property
    def zone(self) -> ZoneInfo:
        """The zone the month's boundaries are taken in."""
        return ZoneInfo(self.company.timezone)


def load(path: Path) -> Settings:
    """Read a settings file. Raises UsageError that names the key and its line."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UsageError(f"{path}: no such settings file; `audit init` writes one") from None
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
    twice = [f"{_place(path, text, location)}: {words} is stated twice" for location, words in _twice(settings)]
    if twice:
        raise UsageError("\n".join(twice))
    return anchored(settings, path.resolve().parent)


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
    for number, rate in enumerate(settings.exchange_rates):
        stated.append((("exchange_rates", number, "month"), f"the rate of {rate.currency} from {rate.month}"))
    seen: set[str] = set()
    for location, what in stated:
        if what in seen:
            yield location, what
        seen.add(what)


def anchored(settings: Settings, folder: Path) -> Settings:
    """Make every path absolute: a cron line runs from anywhere."""
    paths = settings.paths
    return settings.model_copy(
        update={
            "paths": paths.model_copy(
                update={
                    "store": folder / paths.store,
                    "reports": folder / paths.reports,
                    "logs": [folder / path for path in paths.logs],
                    "rules": [folder / path for path in paths.rules],
                    "formats": [folder / path for path in paths.formats],
                }
            ),
            "revenue_csv": None if settings.revenue_csv is None else folder / settings.revenue_csv,
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
