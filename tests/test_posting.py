"""The month's mail through a real SMTP server, sent once, by hand and by the schedule."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import time
from datetime import date, timedelta
from email import message_from_bytes, policy
from typing import TYPE_CHECKING

import pytest
from aiosmtpd.controller import Controller

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage

    from aiosmtpd.smtp import SMTP, Envelope, Session

    from tests.conftest import Audit

LAST_MONTH = (date.today().replace(day=1) - timedelta(days=1)).replace(day=10)  # noqa: DTZ011  # a day in its middle


class Inbox:
    """Keeps what arrives; refuses while ``down``."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.refused: set[str] = set()
        self.down = False

    async def handle_RCPT(  # noqa: N802  # the server library's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.down:
            return "451 try again later"
        if address in self.refused:
            return "550 no such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.mails.append(message_from_bytes(envelope.original_content or b"", policy=policy.default))
        return "250 OK"


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def server(inbox: Inbox) -> Iterator[Controller]:
    with socket.socket() as listener:  # the controller wants a number of its own
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    controller = Controller(inbox, hostname="127.0.0.1", port=port)
    controller.start()
    yield controller
    controller.stop()


@pytest.fixture
def posted(audit: Audit, server: Controller) -> Audit:
    """Logs of the last closed month, and settings that mail it."""
    (audit.folder / "logs").mkdir()
    call = {
        "call_id": "a",
        "started_at": f"{LAST_MONTH}T10:00:00Z",
        "provider": "openai",
        "model": "gpt-4.1",
        "input_tokens": 100_000,
        "output_tokens": 10,
        "project": "搜索",
    }
    (audit.folder / "logs/calls.jsonl").write_text(json.dumps(call) + "\n", encoding="utf-8")
    audit.settings(
        '[company]\nlanguage = "zh"\n[paths]\nlogs = ["logs"]\n'
        '[[projects]]\nname = "搜索"\nrevenue = [{ from = "2020-01", amount = 0.5 }]\n'
        f'[mail]\nhost = "127.0.0.1"\nport = {server.port}\nsecurity = "none"\nsender = "audit@example.com"\n'
        'to = ["finance@example.com", "owner@example.com"]\n'
        '[schedule]\ncron = "0 7 2 * *"\nretry_minutes = 0.01\n'
    )
    return audit


def test_a_month_is_sent_once(posted: Audit, inbox: Inbox) -> None:
    assert posted("run").returncode == 3
    first, second = posted("send"), posted("send")
    assert (first.returncode, second.returncode) == (0, 0), first.stderr
    assert "was sent on" in second.stdout
    assert len(inbox.mails) == 1
    assert posted("send", "--again").returncode == 0
    assert len(inbox.mails) == 2
    assert inbox.mails[0]["Message-ID"] == inbox.mails[1]["Message-ID"]


def test_the_mail_says_the_verdict_and_carries_the_report(posted: Audit, inbox: Inbox) -> None:
    posted("run")
    assert posted("send").returncode == 0
    (mail,) = inbox.mails
    folder = posted.folder / "reports" / f"{LAST_MONTH:%Y-%m}"
    assert mail["Subject"] == json.loads((folder / "report.json").read_text(encoding="utf-8"))["subject"]
    assert "搜索" in mail["Subject"]
    attachment = next(mail.iter_attachments())
    assert attachment.get_payload(decode=True) == (folder / "report.html").read_bytes()


def test_those_who_got_it_do_not_get_it_again_when_one_is_refused(posted: Audit, inbox: Inbox) -> None:
    inbox.refused = {"owner@example.com"}
    posted("run")
    done = posted("send")
    assert done.returncode == 1
    assert "owner@example.com" in done.stderr
    assert posted("send").returncode == 0
    assert len(inbox.mails) == 1


def test_the_schedule_makes_up_the_missed_month_and_retries_the_mail(posted: Audit, inbox: Inbox) -> None:
    inbox.down = True
    running = subprocess.Popen(
        posted.command("schedule"),
        cwd=posted.folder,
        env=posted.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        report = posted.folder / "reports" / f"{LAST_MONTH:%Y-%m}" / "report.html"
        until(report.exists)
        written = report.stat().st_mtime_ns
        inbox.down = False
        until(lambda: bool(inbox.mails))
    finally:
        running.send_signal(signal.SIGTERM)
        _, errors = running.communicate(timeout=120)
    assert running.returncode == 0
    assert len(inbox.mails) == 1
    assert "Traceback" not in errors
    assert report.stat().st_mtime_ns == written  # a failed mail is no reason to audit again


def until(true: object, seconds: float = 120) -> None:
    """Wait for another process."""
    assert callable(true)
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)
