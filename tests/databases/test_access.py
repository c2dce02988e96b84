from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from audit.ingest.databases.connect import session
from audit.ingest.databases.session import DatabaseError, Joined
from audit.settings import Database
from tests.databases import servers
from tests.databases.gateway import PASSWORD_ENV, Gateway, Store, row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from audit.ingest.databases.session import Session
    from tests.databases.servers import Server

SECRET = "another secret: 100% @/#?"  # noqa: S105  # nobody's


@pytest.fixture(params=["postgresql", "mysql"])
def guarded(request: pytest.FixtureRequest, tmp_path: Path) -> Gateway:
    """A gateway on a server that asks for a password."""
    server = request.getfixturevalue({"postgresql": "postgresql", "mysql": "mariadb"}[request.param])
    found = Gateway(request.param, tmp_path, server)
    found.create()
    return found


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an authority (ca.pem), a certificate that it made out to localhost, and a stranger (other.pem)."""
    folder = tmp_path_factory.mktemp("authority")
    (folder / "server.ext").write_text("subjectAltName=DNS:localhost", encoding="ascii")
    key = "-newkey rsa:2048 -nodes"
    for command in (
        f"req -x509 {key} -subj /CN=CA -addext keyUsage=critical,keyCertSign -keyout ca.key -out ca.pem",
        f"req -x509 {key} -subj /CN=Other -addext keyUsage=critical,keyCertSign -keyout other.key -out other.pem",
        f"req {key} -keyout server.key -out server.csr -subj /CN=localhost",
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -set_serial 2 -out server.pem -extfile server.ext",
    ):
        subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module", params=["postgresql", "mysql"])
def encrypted(request: pytest.FixtureRequest, authority: Path) -> Iterator[Server]:
    """A server that speaks TLS."""
    start = {"postgresql": servers.postgresql, "mysql": servers.mariadb}[request.param]
    try:
        with start(certificate=authority) as server:
            yield server
    except servers.AbsentError as error:
        pytest.skip(f"{request.param}: {error}")


def holds(folder: Path, secret: str) -> bool:
    return any(secret.encode() in path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_a_password_is_in_no_receipt_and_in_no_byte_of_the_store(
    guarded: Gateway, store: Store, password: str, capfd: pytest.CaptureFixture[str]
) -> None:
    guarded.insert(row(1))
    store.read(guarded.settings())
    assert store.receipts[0].calls == 1
    assert password not in repr(store.receipts)
    assert not holds(store.folder, password)
    assert capfd.readouterr() == ("", "")


def test_a_wrong_password_is_refused_and_not_told(
    guarded: Gateway, store: Store, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(PASSWORD_ENV, SECRET)
    receipt = store.read(guarded.settings())
    assert receipt.unread
    assert receipt.path == "gateway"
    assert "auditor" in receipt.reason
    assert SECRET not in receipt.reason
    assert not holds(store.folder, SECRET)
    assert capfd.readouterr() == ("", "")


def test_a_driver_that_repeats_the_password_is_not_repeated(guarded: Gateway, password: str) -> None:
    with pytest.raises(DatabaseError) as caught, session(guarded.settings()):
        raise RuntimeError(f"cannot connect to x://auditor:{password}@server")
    assert password not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_password_that_is_not_there_is_asked_for_by_its_variable(guarded: Gateway, store: Store) -> None:
    receipt = store.read(guarded.settings(password_env="AUDIT_NO_SUCH"))  # noqa: S106  # the name of the variable
    assert receipt.reason == "the environment variable AUDIT_NO_SUCH, which should hold its password, is not set"


def test_a_database_that_is_down_is_named_and_the_others_are_read(
    gateway: Gateway, store: Store, tmp_path: Path
) -> None:
    gateway.insert(row(1))
    down = [
        Database(name="first", url=f"postgresql://auditor@127.0.0.1:{servers.free_port()}/gateway"),
        Database(name="second", url=f"mysql://auditor@127.0.0.1:{servers.free_port()}/gateway"),
        Database(name="third", url=f"sqlite:///{tmp_path}/nothing.db"),
    ]
    store.read(*down, gateway.settings())
    *unread, read = store.receipts
    assert [receipt.path for receipt in unread] == ["first", "second", "third"]
    assert all(receipt.unread for receipt in unread)
    assert "refused" in unread[0].reason
    assert "refused" in unread[1].reason
    assert "no such file" in unread[2].reason
    assert read.calls == 1
    # The month's report says so until they can be read.
    assert store.rows("SELECT path FROM store.files WHERE format IS NULL ORDER BY path") == [
        ("first",), ("second",), ("third",),
    ]  # fmt: skip


def test_a_database_that_came_back_is_no_longer_spoken_of(
    guarded: Gateway, store: Store, monkeypatch: pytest.MonkeyPatch, password: str
) -> None:
    monkeypatch.setenv(PASSWORD_ENV, SECRET)
    store.read(guarded.settings())
    monkeypatch.setenv(PASSWORD_ENV, password)
    store.read(guarded.settings())
    assert store.rows("SELECT path FROM store.files WHERE format IS NULL") == []


def test_nothing_can_be_written(gateway: Gateway) -> None:
    gateway.insert(row(1))
    if gateway.kind == "postgresql":
        gateway.run("CREATE SEQUENCE IF NOT EXISTS counter")
    with pytest.raises(DatabaseError, match=r"(?i)read.?only"), session(gateway.settings()) as here:
        write(here, gateway.kind)


def write(here: Session, kind: str) -> None:
    """Past all that reads, as a driver would let one."""
    if kind == "postgresql":
        here.value("SELECT nextval('counter')")
    assert isinstance(here, Joined)
    here._fetch("DELETE FROM logs")  # noqa: SLF001


def test_a_driver_that_is_not_installed_is_named_with_how_to_get_it(
    guarded: Gateway, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    modules = ("pymysql", "adbc_driver_postgresql", "adbc_driver_postgresql.dbapi")
    for module in [*modules, "audit.ingest.databases.mysql", "audit.ingest.databases.postgresql"]:
        monkeypatch.delitem(sys.modules, module, raising=False)
    for module in modules:
        monkeypatch.setitem(sys.modules, module, None)
    receipt = store.read(guarded.settings())
    assert f"pip install 'compute-spend-audit[{guarded.kind}]'" in receipt.reason


def test_tls_is_verified_where_it_is_asked_for(encrypted: Server, authority: Path) -> None:
    words = {
        "postgresql": "sslmode=verify-full&sslrootcert={}",
        "mysql": "ssl-mode=verify_identity&ssl-ca={}",
    }[encrypted.scheme]
    asks = {
        "postgresql": "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
        "mysql": "SELECT variable_value > '' FROM information_schema.session_status WHERE variable_name = 'ssl_cipher'",
    }

    def secure(host: str, root: str) -> str | None:
        url = encrypted.url.replace("127.0.0.1", host) + "?" + words.format(authority / root)
        with session(Database(name="gateway", url=url, password_env=PASSWORD_ENV)) as here:
            return here.value(asks[encrypted.scheme])

    assert secure("localhost", "ca.pem") in ("true", "t", "1")
    with pytest.raises(DatabaseError, match=r"(?i)certificate"):
        secure("localhost", "other.pem")
    with pytest.raises(DatabaseError, match=r"(?i)127\.0\.0\.1"):
        secure("127.0.0.1", "ca.pem")


def test_tls_is_not_given_up_where_it_is_required(guarded: Gateway) -> None:
    """These servers have no certificate."""
    words = {"postgresql": "sslmode=require", "mysql": "ssl-mode=required"}[guarded.kind]
    url = f"{guarded.settings().url}?{words}"
    with pytest.raises(DatabaseError, match="SSL"), session(guarded.settings(url=url)):
        pass


def test_a_wrong_word_in_the_address_is_named(guarded: Gateway) -> None:
    with (
        pytest.raises(DatabaseError, match="nonsense"),
        session(guarded.settings(url=f"{guarded.settings().url}?nonsense=1")),
    ):
        pass
