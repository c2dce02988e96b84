"""Logs in S3: found, read once, read again only where they changed, and an unreachable store named without its key."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.conftest import Audit
from tests.ingest.shop import line, lines

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = "not-a-secret-but-treated-as-one"  # noqa: S105  # the server takes any
WARNINGS = pytest.mark.filterwarnings("ignore")  # the server's and the client's own


class Bucket:
    """A bucket of a server on this machine."""

    def __init__(self, url: str) -> None:
        self.environment = {
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        self._client: Any = boto3.client(
            "s3",
            endpoint_url=url,
            aws_access_key_id="testing",
            aws_secret_access_key=SECRET,
            region_name="us-east-1",
        )
        self._client.create_bucket(Bucket="logs")

    def put(self, key: str, content: bytes) -> None:
        self._client.put_object(Bucket="logs", Key=key, Body=content)


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield Bucket(f"http://{host}:{port}")
    finally:
        server.stop()


@pytest.fixture
def audit(tmp_path: Path, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Audit:
    for name, value in bucket.environment.items():
        monkeypatch.setenv(name, value)
    return Audit(tmp_path)


@WARNINGS
def test_the_logs_of_a_bucket_are_read_once_and_again_where_they_changed(audit: Audit, bucket: Bucket) -> None:
    bucket.put("app/2026-10-01.jsonl", lines("a", "b"))
    bucket.put("app/2026-10-02.jsonl.gz", gzip.compress(lines("c") + b"{bad\n"))
    bucket.put("app/.hidden.jsonl", lines("hidden"))
    bucket.put("app/readme.txt", b"not a log")
    read = audit("ingest", "s3://logs/app")
    assert (read.stdout, read.returncode) == ("2 files read: 3 calls, 1 line rejected; 0 files read before\n", 4)
    assert "s3://logs/app/2026-10-02.jsonl.gz: 1 line could not be read; line 2" in read.stderr
    bucket.put("app/2026-10-01.jsonl", lines("a", "b", "late"))
    again = audit("ingest", "s3://logs/app/*.jsonl*")
    assert (again.stdout, again.returncode) == ("1 file read: 1 call, 0 lines rejected; 1 file read before\n", 0)


@WARNINGS
def test_an_address_in_the_settings_is_audited(audit: Audit, bucket: Bucket) -> None:
    bucket.put("one.jsonl", line("a", project="search"))
    (audit.folder / "audit.toml").write_text('[paths]\nlogs = ["s3://logs/one.jsonl"]\n', encoding="utf-8")
    run = audit("run", "--month", "2026-10", "--quiet")
    assert (run.stderr, run.returncode) == ("", 0)
    assert "search" in (audit.folder / "reports" / "2026-10" / "report.json").read_text(encoding="utf-8")


@WARNINGS
def test_an_address_that_means_nothing_says_what_to_write(audit: Audit) -> None:
    run = audit("ingest", "s3://logs/none/")
    said = "audit: s3://logs/none/: no log there; name an object, a folder or a pattern: 's3://bucket/logs/*.jsonl'\n"
    assert (run.stderr, run.returncode) == (said, 2)


@WARNINGS
def test_a_store_that_is_down_is_named_without_its_key_and_keeps_no_file_out(audit: Audit) -> None:
    (audit.folder / "here.jsonl").write_bytes(lines("a"))
    nobody = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}
    run = audit("ingest", "s3://logs/app", "here.jsonl", **nobody)
    assert run.returncode == 4
    assert "audit: s3://logs/app: cannot be read: " in run.stderr
    assert run.stdout.startswith("1 file read: 1 call")
    assert SECRET not in run.stderr + run.stdout
    assert SECRET.encode() not in (audit.folder / "audit.duckdb").read_bytes()


def test_an_address_of_another_kind_is_named(audit: Audit) -> None:
    run = audit("ingest", "gopher://logs/app")
    assert (run.stderr, run.returncode) == ("audit: gopher://logs/app: 'gopher://' is not read; known are s3://\n", 2)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (
            "postgresql://audit:S3cretPw@db/x?sslmode=S3cretPw",
            "a database is named in the settings, under [[databases]]",
        ),
        ("s3://key:S3cretPw@logs/app", "an address holds no user and no password"),
        ("gopher://u:S3cretPw@logs/app", "'gopher://' is not read"),
    ],
)
def test_a_password_in_an_address_is_not_repeated(audit: Audit, address: str, said: str) -> None:
    run = audit("ingest", address)
    assert (run.returncode, said in run.stderr) == (2, True), run.stderr
    assert "S3cretPw" not in run.stderr + run.stdout


@WARNINGS
def test_an_address_that_nobody_names_any_more_troubles_no_later_month(audit: Audit) -> None:
    (audit.folder / "here.jsonl").write_bytes(line("a", project="search"))
    (audit.folder / "audit.toml").write_text('[paths]\nlogs = ["here.jsonl"]\n', encoding="utf-8")
    nobody = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}
    assert audit("ingest", "s3://logs/app/*.jsonl", **nobody).returncode == 4
    run = audit("run", "--month", "2026-10", "--quiet")
    assert (run.stderr, run.returncode) == ("", 0)
