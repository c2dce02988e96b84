"""Real database servers in folders of their own, on free ports of this machine; for the tests and the benchmark."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

DATABASE = "gateway"
READER = "auditor"
# Every sign that means something in a URL, a connection string or a shell.
PASSWORD = "s3cr@t:/ p%w?&#'\\=+$"  # noqa: S105  # of servers that live as long as a test
START_SECONDS = 60


class AbsentError(Exception):
    """A server cannot be started here; the text says what is missing."""


@dataclass(frozen=True)
class Server:
    """A running server. ``client`` is the command of its own client, as one who may do anything."""

    scheme: str
    port: int
    client: tuple[str, ...]
    process: subprocess.Popen[bytes]
    folder: Path

    @property
    def url(self) -> str:
        """Its address for one who reads."""
        return f"{self.scheme}://{READER}@127.0.0.1:{self.port}/{DATABASE}"

    def run(self, sql: str, database: str = DATABASE) -> str:
        """Run a script as its owner; returns what its SELECTs print."""
        done = subprocess.run([*self.client, database], input=sql, check=False, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return done.stdout.strip()


@contextmanager
def postgresql(*, certificate: Path | None = None) -> Iterator[Server]:
    """A PostgreSQL server; ``certificate`` is a folder with server.pem and server.key. Raises AbsentError."""
    binaries = _postgresql_binaries()
    with _folder("postgres") as (folder, as_user):
        data, port = folder / "data", free_port()
        asked = ("--auth-local=trust", "--auth-host=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "-N")
        _done([*as_user, f"{binaries}/initdb", "-D", str(data), "-U", "owner", *asked], folder)
        settings = [
            f"port={port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={folder}", "fsync=off",
            "synchronous_commit=off", "max_wal_size=4GB",
        ]  # fmt: skip
        if certificate is not None:
            _lay(certificate, folder)
            settings += ["ssl=on", f"ssl_cert_file={folder}/server.pem", f"ssl_key_file={folder}/server.key"]
        command = [*as_user, f"{binaries}/postgres", "-D", str(data)]
        command += [word for setting in settings for word in ("-c", setting)]
        client = (
            f"{binaries}/psql", "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-h", str(folder), "-p", str(port),
            "-U", "owner", "-d",
        )  # fmt: skip
        with _running(command, folder, [*client, "postgres"], signal.SIGQUIT) as process:
            server = Server("postgresql", port, client, process, folder)
            password = PASSWORD.replace("'", "''")
            server.run(f"CREATE ROLE {READER} LOGIN PASSWORD '{password}'; CREATE DATABASE {DATABASE};", "postgres")
            for what in ("TABLES", "SEQUENCES"):
                server.run(f"ALTER DEFAULT PRIVILEGES GRANT ALL ON {what} TO {READER};")
            yield server


@contextmanager
def mariadb(*, certificate: Path | None = None) -> Iterator[Server]:
    """A MariaDB server; ``certificate`` as for :func:`postgresql`. Raises AbsentError."""
    install, daemon, client = (_found(name) for name in ("mariadb-install-db", "mariadbd", "mariadb"))
    with _folder("mysql") as (folder, as_user):
        data, port, listening = folder / "data", free_port(), folder / "socket"
        made = [install, "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal"]
        _done([*as_user, *made, "--skip-test-db"], folder)
        command = [
            *as_user, daemon, "--no-defaults", f"--datadir={data}", f"--socket={listening}", f"--port={port}",
            "--bind-address=127.0.0.1", "--skip-name-resolve", f"--pid-file={folder}/pid",
            "--character-set-server=utf8mb4", "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=512M",
            "--innodb-log-file-size=512M", "--log-bin-trust-function-creators=1",
        ]  # fmt: skip
        if certificate is not None:
            _lay(certificate, folder)
            command += [f"--ssl-cert={folder}/server.pem", f"--ssl-key={folder}/server.key"]
        owner = (
            client,
            "--no-defaults",
            f"--socket={listening}",
            "-u",
            "root",
            "-N",
            "-B",
            "--default-character-set=utf8mb4",
        )
        with _running(command, folder, owner, signal.SIGKILL) as process:
            server = Server("mysql", port, owner, process, folder)
            password = PASSWORD.replace("\\", "\\\\").replace("'", "''")
            server.run(
                f"CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4; "
                f"CREATE USER {READER}@'%' IDENTIFIED BY '{password}'; "
                f"GRANT ALL ON {DATABASE}.* TO {READER}@'%';",
                "mysql",
            )
            yield server


def _postgresql_binaries() -> Path:
    """Debian keeps the servers' programs out of the path."""
    folders = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "initdb").exists()]
    if folders:
        return max(folders, key=lambda path: int(path.parent.name))
    return Path(_found("initdb")).resolve().parent


def _found(name: str) -> str:
    path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if path is None:
        raise AbsentError(f"no {name} here; `make servers` installs it where apt-get can")
    return path


@contextmanager
def _folder(user: str) -> Iterator[tuple[Path, Sequence[str]]]:
    """A folder of the user that runs the server, and how a command is run as that user: a server refuses root.

    A server ends with whoever started it, however that ends.
    """
    folder = Path(tempfile.mkdtemp(prefix="audit-server-"))
    as_user: tuple[str, ...] = (_found("setpriv"), "--pdeathsig=QUIT" if user == "postgres" else "--pdeathsig=KILL")
    if os.geteuid() == 0:
        shutil.chown(folder, user)
        as_user += (f"--reuid={user}", f"--regid={user}", "--clear-groups")
    try:
        yield folder, as_user
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _lay(certificate: Path, folder: Path) -> None:
    owner = folder.stat()
    for name in ("server.pem", "server.key"):
        copy = Path(shutil.copy(certificate / name, folder / name))
        copy.chmod(0o600)
        os.chown(copy, owner.st_uid, owner.st_gid)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _done(command: Sequence[str], folder: Path) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=folder)
    if done.returncode != 0:
        raise AbsentError(f"{Path(command[-1]).name}: {done.stderr[-500:] or done.stdout[-500:]}")


@contextmanager
def _running(
    command: Sequence[str], folder: Path, client: Sequence[str], end: signal.Signals
) -> Iterator[subprocess.Popen[bytes]]:
    """The server until the ``with`` ends; it counts as started when it answers its client."""
    log = folder / "log"
    with log.open("wb") as out, subprocess.Popen(command, cwd=folder, stdout=out, stderr=out) as process:
        try:
            until = time.monotonic() + START_SECONDS
            while subprocess.run(client, input=b"SELECT 1;", check=False, capture_output=True).returncode != 0:
                if process.poll() is not None or time.monotonic() > until:
                    raise AbsentError(f"a server did not start: {log.read_text()[-500:]}")
                time.sleep(0.1)
            yield process
        finally:
            process.send_signal(end)
            process.wait()
