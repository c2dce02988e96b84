from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A month's report, small, in two languages and with the line ends a report may hold."""
    folder = tmp_path / "reports" / "2026-10"
    folder.mkdir(parents=True)
    (folder / "mail.txt").write_bytes("October: 12 % bought nothing.\n十月：12 % 的支出没有产出。\n".encode())
    (folder / "mail.html").write_bytes("<p>October: <b>12 %</b> bought nothing. 十月</p>\n".encode())
    (folder / "report.html").write_bytes(b"<!doctype html>\r\n<p>\xe5\x8d\x81\xe6\x9c\x88\n" + b"x" * 5000)
    (folder / "report.json").write_bytes(b'{"month": "2026-10"}\n')
    return folder


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an authority of our own (ca.pem) and a certificate it made out to localhost."""
    folder = tmp_path_factory.mktemp("authority")
    # What Python 3.13 and later ask of a certificate, over and above the name.
    keys = "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
    (folder / "server.ext").write_text(f"subjectAltName=DNS:localhost\n{keys}", encoding="ascii")
    key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
    for command in (
        f"req -x509 {key} -subj /CN=CA -addext keyUsage=critical,keyCertSign -keyout ca.key -out ca.pem",
        f"req {key} -keyout server.key -out server.csr -subj /CN=localhost",
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -set_serial 2 -out server.pem -extfile server.ext",
    ):
        subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True)
    return folder
