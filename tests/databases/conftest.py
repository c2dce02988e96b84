from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.databases import servers
from tests.databases.gateway import PASSWORD_ENV, Gateway, Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def postgresql() -> Iterator[servers.Server]:
    try:
        with servers.postgresql() as server:
            yield server
    except servers.AbsentError as error:
        pytest.skip(f"PostgreSQL: {error}")


@pytest.fixture(scope="session")
def mariadb() -> Iterator[servers.Server]:
    try:
        with servers.mariadb() as server:
            yield server
    except servers.AbsentError as error:
        pytest.skip(f"MariaDB: {error}")


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv(PASSWORD_ENV, servers.PASSWORD)
    return servers.PASSWORD


@pytest.fixture(params=["postgresql", "mysql", "sqlite"])
def gateway(request: pytest.FixtureRequest, tmp_path: Path) -> Gateway:
    """The same gateway on each kind of database, its table of calls empty."""
    server = {"postgresql": "postgresql", "mysql": "mariadb"}.get(request.param)
    found = Gateway(request.param, tmp_path / "one-api.db", request.getfixturevalue(server) if server else None)
    found.create()
    return found


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)
