"""A session with any database of the settings, and its errors as ours."""

from __future__ import annotations

import re
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import TYPE_CHECKING
from urllib.parse import quote

from audit.ingest.databases.session import PORTS, DatabaseError
from audit.records import AuditError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audit.ingest.databases.session import Session
    from audit.settings import Database

_SESSIONS = {"postgresql": "PostgreSQL", "mysql": "MySQL", "sqlite": "SQLite"}


@contextmanager
def session(database: Database) -> Iterator[Session]:
    """A session that lasts as long as the ``with``. Raises DatabaseError, also for what fails inside."""
    try:
        password = database.password
    except KeyError:
        raise DatabaseError(
            f"the environment variable {database.password_env}, which should hold its password, is not set"
        ) from None
    with _said(database, password):
        # Only those who have such a database have its driver.
        driver = import_module(f"audit.ingest.databases.{database.driver}")
        here: Session = getattr(driver, _SESSIONS[database.driver])(database)
        try:
            yield here
        finally:
            # What a lost server says to a goodbye would hide what it was lost by.
            with suppress(Exception):
                here.close()


def origin(database: Database) -> str:
    """What tells one database from another, whoever logs in."""
    if database.driver == "sqlite":
        return f"sqlite:{database.path}"
    parts = database.parts
    return f"{database.driver}://{parts.hostname}:{parts.port or PORTS[database.driver]}{parts.path}"


@contextmanager
def _said(database: Database, password: str) -> Iterator[None]:
    """A driver's errors as ours: one line, no password."""
    try:
        yield
    except AuditError:
        raise
    except ModuleNotFoundError:
        raise DatabaseError(
            f"its driver is not installed: python -m pip install 'compute-spend-audit[{database.driver}]'"
        ) from None
    except Exception as error:  # noqa: BLE001  # each driver has errors of its own, and some lie outside their families
        # MySQL's have a number first.
        said = str(error.args[-1] if error.args and isinstance(error.args[0], int) else error)
        for secret in (password, quote(password, safe="")):
            said = said.replace(secret, "<password>") if secret else said
        said = re.sub(r"^[A-Z_]+: \[libpq\] ?(Failed to connect: )?", "", said)
        raise DatabaseError(" ".join(said.split())[:300] or type(error).__name__) from None
