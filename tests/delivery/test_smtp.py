from __future__ import annotations

import email
import socket
import ssl
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default
from typing import TYPE_CHECKING, Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from audit.delivery.message import compose
from audit.delivery.smtp import DeliveryError, deliver
from audit.records import Month, UsageError
from audit.settings import Mail

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SUBJECT = "十月算力支出审计：三个项目越过红线"
LI, CFO = "li@acme.example", "cfo@acme.example"
HORSE = "correct horse battery"
DROP = "drop the connection"


class Inbox:
    """What the server answers to each command, and what it took."""

    def __init__(self, *, sender: str = "250 OK", data: str = "250 OK", bye: str = "221 Bye", **refused: str) -> None:
        self.sender, self.data, self.bye = sender, data, bye
        self.refused = {f"{name}@acme.example": reply for name, reply in refused.items()}
        self.mails: list[tuple[list[str], bytes]] = []
        self.logins: list[tuple[bytes, bytes]] = []
        self.login_reply = ""

    async def handle_MAIL(self, _server: Any, _session: Any, envelope: Any, address: str, _o: Any) -> str:  # noqa: N802
        envelope.mail_from = address
        return self.sender

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _o: Any) -> str:  # noqa: N802
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        if self.data == DROP:
            server.transport.abort()
        elif self.data.startswith("250"):
            self.mails.append((envelope.rcpt_tos, envelope.content))
        return self.data

    async def handle_QUIT(self, server: Any, _session: Any, _envelope: Any) -> str:  # noqa: N802
        if self.bye == DROP:
            server.transport.abort()
        return self.bye

    def log_in(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, login: LoginPassword) -> AuthResult:
        self.logins.append((login.login, login.password))
        return AuthResult(success=not self.login_reply, handled=False, message=self.login_reply or None)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def serving(inbox: Inbox, **options: Any) -> Iterator[int]:
    """A real SMTP server on a port of this machine."""
    server = Controller(inbox, hostname="127.0.0.1", port=free_port(), **options)
    server.start()
    try:
        yield server.port
    finally:
        server.stop()


@contextmanager
def saying(words: bytes) -> Iterator[int]:
    """A server that says these words to whoever connects, and then nothing more."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        held: list[socket.socket] = []

        def answer() -> None:
            connection, _ = listener.accept()
            held.append(connection)
            connection.sendall(words)

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            thread.join()
            for connection in held:
                connection.close()


def to(port: int, **changes: Any) -> Mail:
    mail = Mail(
        host="localhost",
        port=port,
        security="none",
        sender="audit@acme.example",
        to=[LI, CFO],
        timeout_seconds=5,
    )
    return mail.model_copy(update=changes)


@pytest.fixture
def message(folder: Path) -> EmailMessage:
    sent_at = datetime(2026, 11, 2, 7, 0, tzinfo=UTC)
    return compose(folder, Month(2026, 10), SUBJECT, to(25), language="zh", sent_at=sent_at)


@pytest.fixture
def horse(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("AUDIT_SMTP_PASSWORD", HORSE)
    return HORSE


@pytest.fixture
def server_tls(authority: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority / "server.pem", authority / "server.key")
    return context


@pytest.fixture
def trusted(authority: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority / "ca.pem"))


def failure(message: EmailMessage, mail: Mail) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        deliver(message, mail)
    sentence = str(caught.value)
    assert sentence.startswith(f"{mail.host}:{mail.port} ")
    assert "\n" not in sentence
    assert ("trying again later makes sense" in sentence) == caught.value.again
    assert ("trying again will not help" in sentence) != caught.value.again
    return caught.value


def test_the_mail_arrives_as_it_was_made(message: EmailMessage, folder: Path) -> None:
    inbox = Inbox()
    with serving(inbox) as port:
        deliver(message, to(port))
    ((recipients, content),) = inbox.mails
    arrived = email.message_from_bytes(content, policy=default)
    assert isinstance(arrived, EmailMessage)
    assert recipients == [LI, CFO]
    assert arrived["Subject"] == SUBJECT
    assert arrived["Message-ID"] == message["Message-ID"]
    assert arrived["Content-Language"] == "zh"
    for kind, name in (("plain", "mail.txt"), ("html", "mail.html")):
        body = arrived.get_body((kind,))
        assert body is not None
        assert body.get_content().splitlines() == (folder / name).read_text(encoding="utf-8").splitlines()
    (report,) = arrived.iter_attachments()
    assert report.get_filename() == "compute-spend-2026-10.html"
    assert report.get_payload(decode=True) == (folder / "report.html").read_bytes()


def test_it_can_go_to_some_of_its_recipients_only(message: EmailMessage) -> None:
    inbox = Inbox()
    with serving(inbox) as port:
        deliver(message, to(port), only=[CFO])
    ((recipients, content),) = inbox.mails
    assert recipients == [CFO]
    assert LI.encode() in content


@pytest.mark.usefixtures("trusted", "horse")
def test_starttls_and_a_login(message: EmailMessage, server_tls: ssl.SSLContext) -> None:
    inbox = Inbox()
    options = {"tls_context": server_tls, "require_starttls": True, "authenticator": inbox.log_in}
    with serving(inbox, auth_required=True, **options) as port:
        deliver(message, to(port, security="starttls", user="audit"))
    assert inbox.logins == [(b"audit", HORSE.encode())]
    assert len(inbox.mails) == 1


@pytest.mark.usefixtures("trusted")
def test_tls_from_the_first_byte(message: EmailMessage, server_tls: ssl.SSLContext) -> None:
    inbox = Inbox()
    with serving(inbox, ssl_context=server_tls) as port:
        deliver(message, to(port, security="tls"))
    assert len(inbox.mails) == 1


@pytest.mark.usefixtures("horse")
def test_a_login_in_the_clear_stays_on_this_machine(message: EmailMessage) -> None:
    inbox = Inbox()
    with serving(inbox, authenticator=inbox.log_in, auth_require_tls=False) as port:
        deliver(message, to(port, user="audit"))
        with pytest.raises(UsageError, match=r"`\[mail\] security` is 'none' .* mail\.acme\.example for all to read"):
            deliver(message, to(port, user="audit", host="mail.acme.example"))
    assert inbox.logins == [(b"audit", HORSE.encode())]


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_nobody_vouches_for_is_refused(
    message: EmailMessage, server_tls: ssl.SSLContext, security: str
) -> None:
    inbox = Inbox()
    with serving(inbox, **{"ssl_context" if security == "tls" else "tls_context": server_tls}) as port:
        error = failure(message, to(port, security=security))
    assert "shows a certificate that cannot be trusted" in str(error)
    assert "SSL_CERT_FILE" in str(error)
    assert not error.again


@pytest.mark.usefixtures("trusted")
def test_a_certificate_of_another_name_is_refused(message: EmailMessage, server_tls: ssl.SSLContext) -> None:
    with serving(Inbox(), tls_context=server_tls) as port:
        error = failure(message, to(port, security="starttls", host="127.0.0.1"))
    assert "`[mail] host`" in str(error)
    assert not error.again


def test_a_server_without_starttls_is_told_from_one_without_tls(message: EmailMessage) -> None:
    with serving(Inbox()) as port:
        assert "offers no STARTTLS: set `[mail] security`" in str(failure(message, to(port, security="starttls")))
        assert "made no TLS connection" in str(failure(message, to(port, security="tls")))


def test_a_login_needs_a_password(message: EmailMessage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AUDIT_SMTP_PASSWORD", raising=False)
    with pytest.raises(UsageError, match="set the environment variable AUDIT_SMTP_PASSWORD"):
        deliver(message, to(25, user="audit"))


def test_a_password_that_no_login_can_carry_is_refused(message: EmailMessage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIT_SMTP_PASSWORD", "密码")
    with pytest.raises(UsageError, match="must be ASCII") as caught:
        deliver(message, to(25, user="audit"))
    assert "密" not in str(caught.value)


def test_a_host_is_needed(message: EmailMessage) -> None:
    with pytest.raises(UsageError, match=r"`\[mail\] host` is empty"):
        deliver(message, to(25, host=""))


@pytest.mark.parametrize(
    ("reply", "again"), [("535 5.7.8 wrong password", False), ("454 4.7.0 the directory is down", True)]
)
def test_a_rejected_login_says_so_without_the_password(
    message: EmailMessage, horse: str, reply: str, *, again: bool
) -> None:
    inbox = Inbox()
    inbox.login_reply = f"{reply}: {horse}"
    with serving(inbox, authenticator=inbox.log_in, auth_require_tls=False) as port:
        error = failure(message, to(port, user="audit"))
    assert f"rejected the login of 'audit' with \"{reply}: ***\"" in str(error)
    assert "AUDIT_SMTP_PASSWORD" in str(error)
    assert horse not in str(error)
    assert error.again == again


@pytest.mark.usefixtures("horse")
def test_a_server_that_takes_no_login(message: EmailMessage) -> None:
    with serving(Inbox()) as port:
        assert "takes no login: empty `[mail] user`" in str(failure(message, to(port, user="audit")))


def test_one_refused_recipient_is_named_and_the_others_get_the_mail(message: EmailMessage) -> None:
    inbox = Inbox(cfo="550 5.1.1 no such user")
    with serving(inbox) as port:
        error = failure(message, to(port))
    assert f'refused {CFO} ("550 5.1.1 no such user") and took the mail for {LI}' in str(error)
    assert error.accepted == (LI,)
    assert error.refused == {CFO: '"550 5.1.1 no such user"'}
    assert not error.again
    assert [recipients for recipients, _ in inbox.mails] == [[LI]]


def test_all_recipients_refused(message: EmailMessage) -> None:
    inbox = Inbox(cfo="550 5.1.1 no such user", li="450 4.2.0 greylisted")
    with serving(inbox) as port:
        error = failure(message, to(port))
    assert set(error.refused) == {LI, CFO}
    assert error.accepted == ()
    assert error.again
    assert inbox.mails == []


@pytest.mark.parametrize(
    ("reply", "again"), [("451 4.3.0 come back later", True), ("554 5.7.1 looks like spam", False)]
)
def test_what_the_server_says_to_the_mail_is_passed_on(message: EmailMessage, reply: str, *, again: bool) -> None:
    with serving(Inbox(data=reply)) as port:
        error = failure(message, to(port))
    assert f'"{reply}"' in str(error)
    assert error.again == again


def test_a_refused_sender_is_named(message: EmailMessage) -> None:
    with serving(Inbox(sender="530 5.7.0 log in first")) as port:
        error = failure(message, to(port))
    assert 'refused the sender audit@acme.example with "530 5.7.0 log in first"' in str(error)
    assert "`[mail] user` if it wants a login" in str(error)


def test_a_dropped_connection_may_be_tried_again(message: EmailMessage) -> None:
    with serving(Inbox(data=DROP)) as port:
        error = failure(message, to(port))
    assert "dropped the connection or fell silent" in str(error)
    assert error.again


def test_a_mail_once_accepted_is_not_failed_by_the_farewell(message: EmailMessage) -> None:
    inbox = Inbox(bye=DROP)
    with serving(inbox) as port:
        deliver(message, to(port))
    assert len(inbox.mails) == 1


def test_a_port_nobody_listens_on(message: EmailMessage) -> None:
    error = failure(message, to(free_port()))
    assert "refused the connection" in str(error)
    assert error.again


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a..b", "x" * 70 + ".example"])
def test_a_name_that_is_none(message: EmailMessage, host: str) -> None:
    assert "cannot be looked up: check `[mail] host`" in str(failure(message, to(25, host=host)))


def test_a_server_that_stays_silent_is_given_up(message: EmailMessage) -> None:
    with saying(b"") as port:
        error = failure(message, to(port, timeout_seconds=0.2))
    assert error.again


def test_a_server_that_is_closed_for_now(message: EmailMessage) -> None:
    with saying(b"421 4.3.2 going down\r\n") as port:
        error = failure(message, to(port))
    assert '"421 4.3.2 going down"' in str(error)
    assert error.again


def test_a_server_of_another_kind(message: EmailMessage) -> None:
    with saying(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        error = failure(message, to(port))
    assert "does not speak SMTP" in str(error)
    assert not error.again


def test_a_chinese_address_goes_through_a_server_that_takes_it(folder: Path) -> None:
    mail = to(25, to=["审计@例子.example"])
    sent_at = datetime(2026, 11, 2, 7, 0, tzinfo=UTC)
    message = compose(folder, Month(2026, 10), SUBJECT, mail, language="zh", sent_at=sent_at)
    inbox = Inbox()
    with serving(inbox) as port:
        deliver(message, to(port))
    assert [recipients for recipients, _ in inbox.mails] == [["审计@例子.example"]]
    with serving(Inbox(), enable_SMTPUTF8=False) as port:
        assert "cannot take this mail" in str(failure(message, to(port)))
