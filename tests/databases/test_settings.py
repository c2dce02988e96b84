"""How a database is named in the settings, and what the command says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit import settings_file
from audit.records import UsageError
from tests.databases.gateway import PASSWORD_ENV, Gateway, row
from tests.databases.servers import PASSWORD, free_port

if TYPE_CHECKING:
    from pathlib import Path

    from audit.settings import Database, Settings
    from tests.conftest import Audit

SECRET = "hunter2"  # noqa: S105  # what must not be repeated


def load(folder: Path, text: str) -> Settings:
    (folder / "audit.toml").write_text(text, encoding="utf-8")
    return settings_file.load(folder / "audit.toml")


def database(folder: Path, url: str) -> Database:
    return load(folder, f'[[databases]]\nname = "gateway"\nurl = "{url}"\n').databases[0]


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://audit:{SECRET}@db.example/litellm",
        f"postgresql://audit@db.example/litellm?password={SECRET}",
        f"mysql://audit@db.example/litellm?ssl-mode=required&passwd={SECRET}",
        f"mariadb://audit:{SECRET}/x@db.example/litellm",
        f"mysql://audit:{SECRET}#x@db.example/litellm",
        f"mysql://audit:{SECRET}?x@db.example/litellm",
        f"audit:{SECRET}@db.example/litellm",
    ],
)
def test_a_password_in_the_address_is_refused_and_not_repeated(tmp_path: Path, url: str) -> None:
    with pytest.raises(UsageError) as caught:
        database(tmp_path, url)
    said = str(caught.value)
    assert said.startswith(f"{tmp_path}/audit.toml, line 3: 'databases.0.url': ")
    assert SECRET not in said


def test_a_password_in_the_address_is_told_where_to_go(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match="take it out, and name the environment variable that holds it as password_env"
    ):
        database(tmp_path, f"postgresql://audit:{SECRET}@db.example/litellm")


def test_a_password_as_a_key_is_told_where_to_go(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="password_env"):
        load(tmp_path, f'[[databases]]\nname = "a"\nurl = "sqlite:///a.db"\npassword = "{SECRET}"\n')


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("oracle://audit@db.example/x", "it begins with postgresql://, mysql://"),
        ("postgresql://audit@db.example", "name the server and the database: postgresql://user@host/database"),
        ("postgresql://audit@db.example:54x2/x", "no address: write it as postgresql://"),
        ("sqlite://one-api.db", "write a SQLite file as sqlite:///folder/file.db"),
        ("", "it begins with postgresql://"),
    ],
)
def test_a_wrong_address_is_told_what_a_right_one_is(tmp_path: Path, url: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        database(tmp_path, url)


def test_a_name_is_given_once(tmp_path: Path) -> None:
    one = '[[databases]]\nname = "a"\nurl = "sqlite:///a.db"\n'
    with pytest.raises(UsageError, match="the database 'a' is stated twice"):
        load(tmp_path, one + one)


def test_a_files_path_counts_from_the_settings_file(tmp_path: Path) -> None:
    assert database(tmp_path, "sqlite:///data/one%20api.db").path == tmp_path / "data" / "one api.db"
    assert str(database(tmp_path, "sqlite:////var/one-api.db").path) == "/var/one-api.db"


def test_the_command_reads_databases_beside_logs_and_names_what_is_down(
    gateway: Gateway, audit: Audit, tmp_path: Path
) -> None:
    gateway.insert(row(1), row(2))
    down = f'[[databases]]\nname = "lost"\nurl = "mysql://audit@127.0.0.1:{free_port()}/x"\n'
    keys = {"name": "gateway", "url": gateway.settings().url}
    if gateway.server is not None:
        keys["password_env"] = PASSWORD_ENV
    found = "[[databases]]\n" + "".join(f'{key} = "{value}"\n' for key, value in keys.items())
    audit.settings(down + found)
    done = audit("ingest", **{PASSWORD_ENV: PASSWORD})
    assert done.returncode == 4
    assert "2 calls" in done.stdout
    assert done.stderr.startswith("audit: lost: Can't connect to MySQL server")
    assert done.stderr.count("\n") == 1
    assert PASSWORD not in done.stdout + done.stderr
    assert not any(PASSWORD.encode() in path.read_bytes() for path in tmp_path.glob("audit*"))

    audit.settings(found)
    again = audit("ingest", **{PASSWORD_ENV: PASSWORD})
    assert (again.returncode, again.stderr) == (0, "")


def test_a_run_with_a_database_that_is_down_is_incomplete(gateway: Gateway, audit: Audit) -> None:
    gateway.insert(*map(row, range(1, 20)))
    settings = gateway.settings()
    secret = f'password_env = "{PASSWORD_ENV}"\n' if gateway.server else ""
    audit.settings(
        f'[[databases]]\nname = "gateway"\nurl = "{settings.url}"\n{secret}'
        f'[[databases]]\nname = "lost"\nurl = "postgresql://audit@127.0.0.1:{free_port()}/x"\n'
    )
    done = audit("run", "--month", "2026-10", **{PASSWORD_ENV: PASSWORD})
    assert done.returncode == 4, done.stderr
    report = (audit.folder / "reports" / "2026-10" / "report.html").read_text(encoding="utf-8")
    assert "lost" in report
    assert PASSWORD not in report
