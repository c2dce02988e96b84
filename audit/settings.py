"""The settings: what ``audit.toml`` may hold, typed; what things cost and who bears it stands in settings_money.

Secrets never stand in the file: they come from the environment (see ``Mail.password``).
"""

from __future__ import annotations

import os
import re
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, ConfigDict, Field

from audit.settings_money import ExchangeRate, Margin, Pool, Prices, Shared
from audit.settings_types import Amount, Country, Currency, MonthText, OrNone, Section, Share, Zone


def _memory(text: str) -> str:
    if not re.fullmatch(r"\d+(\.\d+)?\s*(MB|GB|TB)", text):
        raise ValueError(f"'{text}' is no size: write it as 4GB or 800MB")
    return text


ObjectUrl = Annotated[str, Field(pattern=r"^[a-z][a-z0-9+]+://")]
_DRIVERS = {
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "mysql": "mysql",
    "mariadb": "mysql",
    "sqlite": "sqlite",
}


def _database_url(url: str) -> str:
    """A database's address as it is; raises ValueError that never repeats it, for a password may stand in it."""
    try:
        parts = urlsplit(url)
        password, server, _ = parts.password, parts.hostname, parts.port
        keys = {key.lower() for key, _ in parse_qsl(parts.query)}
    except ValueError:
        raise ValueError("no address: write it as postgresql://user@host:5432/database") from None
    # Where a password holds a slash or a sharp, what follows its colon is taken for a path.
    if password is not None or "@" in parts.path + parts.fragment or any("pass" in key or key == "pwd" for key in keys):
        raise ValueError(
            "it holds a password: take it out, and name the environment variable that holds it as password_env"
        )
    if parts.scheme not in _DRIVERS:
        raise ValueError("it begins with postgresql://, mysql:// (for MariaDB too) or sqlite:///")
    if parts.scheme == "sqlite":
        if server or not parts.path.strip("/"):
            raise ValueError(
                "write a SQLite file as sqlite:///folder/file.db, one from the root as sqlite:////folder/file.db"
            )
    elif not server or not parts.path.strip("/"):
        raise ValueError(f"name the server and the database: {parts.scheme}://user@host/database")
    return url


class Company(Section):
    """Who is audited, and how the report speaks."""

    name: str = Field("", description="The name at the head of the report.")
    language: Literal["en", "zh"] = Field("en", description="The report's language: en or zh.")
    currency: Currency = Field("USD", description="The report's currency, ISO 4217.")
    timezone: Zone = Field("UTC", description="Where the month's first midnight is taken.")
    country: Country = Field(
        "", description="Whose public holidays are days off, ISO 3166 as CN or DE-BY; only weekends where left out."
    )


class Paths(Section):
    """Where things lie; relative paths count from the settings file."""

    store: Path = Field(Path("audit.duckdb"), description="The database that keeps the calls.")
    reports: Path = Field(Path("reports"), description="The folder that gets one folder a month.")
    logs: list[Annotated[ObjectUrl | Path, Field(union_mode="left_to_right")]] = Field(
        default_factory=list,
        description="Files, folders, patterns or `s3://` addresses that `audit ingest` and `audit run` read when none "
        "are named.",
    )
    rules: list[Path] = Field(default_factory=list, description="Folders with rules of your own.")
    rule_packs: bool = Field(
        default=True,
        strict=True,
        description="Whether the rules of installed packages are used; `audit rules list` says where a rule is from.",
    )
    formats: list[Path] = Field(default_factory=list, description="Folders with log formats of your own.")
    accepted: Path = Field(
        Path("accepted.toml"), description="The findings that somebody took as they are; `audit accept` adds to it."
    )


class Logs(Section):
    """How logs are read."""

    timezone: Zone = Field("UTC", description="The zone of dates that a log writes without one.")
    keep_prompts: bool = Field(
        default=False,
        strict=True,
        description="Keep the text of requests, and that of lines that could not be read, as it is.",
    )


class Database(Section):
    """A database whose tables are read as logs, never written to. Its password comes from the environment."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, hide_input_in_errors=True)

    name: str = Field(pattern=r"^[\w.\-]+$", description="Its name in messages and in the report.")
    url: Annotated[str, AfterValidator(_database_url)] = Field(
        description="Where it is: postgresql://user@host:5432/database, mysql://user@host:3306/database (MariaDB too) "
        "or sqlite:///folder/file.db. After a ? stands how to connect: sslmode, sslrootcert and the like for "
        "PostgreSQL; ssl-mode, ssl-ca, ssl-cert, ssl-key and socket for MySQL."
    )
    password_env: str = Field("", description="The environment variable that holds its password.")
    table: str = Field("", description="The table to read; every table of a known format where left out.")
    cursor: str = Field(
        "", description="The column, a number or a time, that grows with new rows; the format's own where left out."
    )
    look_back_hours: float = Field(
        48, ge=0, le=87_600, description="How far behind the newest row that was read late rows are looked for."
    )
    timezone: Zone = Field("UTC", description="The zone of times that PostgreSQL or MySQL hold without one.")

    @property
    def parts(self) -> SplitResult:
        """The address, taken apart."""
        return urlsplit(self.url)

    @property
    def driver(self) -> str:
        """postgresql, mysql or sqlite."""
        return _DRIVERS[self.parts.scheme]

    @property
    def path(self) -> Path:
        """A SQLite database's file."""
        return Path(unquote(self.parts.path[1:]))

    @property
    def password(self) -> str:
        """The password, from the environment; KeyError where the variable it should be in is not set."""
        return os.environ[self.password_env] if self.password_env else ""

    def anchored(self, folder: Path) -> Database:
        """The same with a SQLite file's path absolute."""
        if self.driver != "sqlite":
            return self
        return self.model_copy(update={"url": f"sqlite:///{quote(str(folder / self.path))}"})


class Limits(Section):
    """What a run may use, and how incomplete it may be before it says so with exit code 4."""

    memory: Annotated[str, AfterValidator(_memory)] = Field("4GB", description="Memory for the engine.")
    threads: int = Field(0, ge=0, strict=True, description="Threads for the engine; 0 takes every core.")
    rule_seconds: float = Field(60, gt=0, le=86_400, description="How long one rule may run before it is stopped.")
    python_rules: bool = Field(
        default=False,
        strict=True,
        description="Whether rules written in Python (`<id>.py`) run; unlike SQL they can do anything the audit can.",
    )
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
    currency: Annotated[Currency | None, OrNone] = Field(None, description="Its currency; the report's where left out.")


class Project(Section):
    """A project, who answers for it, what it expects to earn, and how its calls are known."""

    name: str = Field(min_length=1, description="The project, as the report names it.")
    owner: str = Field("", description="Who answers for it.")
    revenue: list[Revenue] = Field(default_factory=list, description="Dated rows of expected revenue.")
    teams: list[str] = Field(default_factory=list, description="Teams whose calls are this project's.")
    api_keys: list[str] = Field(default_factory=list, description="Keys (alias or hash) that are this project's.")
    users: list[str] = Field(default_factory=list, description="Users whose calls are this project's.")
    sources: list[str] = Field(default_factory=list, description="Sources whose calls are this project's.")
    bill_ids: list[str] = Field(
        default_factory=list,
        description="What providers' bills call it: ids or names of projects, workspaces, accounts.",
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
    timezone: Annotated[Zone | None, OrNone] = Field(
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
    databases: list[Database] = Field(default_factory=list)
    limits: Limits = Field(default_factory=Limits)
    red_line: RedLine = Field(default_factory=RedLine)
    projects: list[Project] = Field(default_factory=list)
    revenue_csv: Path | None = Field(
        None, description="A CSV with the columns project, from, amount and, if wanted, currency and owner."
    )
    prices: Prices = Field(default_factory=Prices)
    exchange_rates: list[ExchangeRate] = Field(default_factory=list)
    exchange_rates_csv: Path | None = Field(
        None, description="A CSV with the columns month, currency, rate and, if wanted, into."
    )
    pools: list[Pool] = Field(default_factory=list)
    margins: list[Margin] = Field(default_factory=list)
    shared: list[Shared] = Field(default_factory=list)
    rules: dict[str, dict[str, bool | int | float | str]] = Field(
        default_factory=dict,
        description="A table a rule: its parameters, and `enabled = false` to leave it out.",
    )
    formats: dict[str, dict[str, bool | int | float | str]] = Field(
        default_factory=dict, description="A table a format: its parameters."
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
