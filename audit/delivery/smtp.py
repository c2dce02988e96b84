"""Mail handed to an SMTP server. The only file that knows smtplib."""

from __future__ import annotations

import base64
import ipaddress
import smtplib
import socket
import ssl
from contextlib import closing, suppress
from typing import TYPE_CHECKING

from audit.records import AuditError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from email.message import EmailMessage

    from audit.settings import Mail

_LATER = "trying again later makes sense"
_MEND = "trying again will not help before that is mended"


class DeliveryError(AuditError):
    """A mail that did not reach everyone.

    ``again`` says whether the same attempt may succeed later. ``accepted`` are the addresses the server took
    the mail for all the same, ``refused`` those it turned down, with its words: only these need another try.
    """

    def __init__(
        self,
        sentence: str,
        *,
        again: bool,
        accepted: Sequence[str] = (),
        refused: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{sentence}; {_LATER if again else _MEND}")
        self.again = again
        self.accepted = tuple(accepted)
        self.refused = dict(refused or {})


def deliver(message: EmailMessage, mail: Mail, *, only: Sequence[str] = ()) -> None:
    """Send a mail to everyone in its To, or to ``only`` these addresses of it.

    Raises UsageError where the settings cannot work, DeliveryError for all that goes wrong on the way.
    Neither ever holds the password.
    """
    _check(mail)
    recipients = list(only) or [address.addr_spec for address in message["To"].addresses]
    try:
        with closing(_connect(mail)) as server:
            if mail.security == "starttls":
                _start_tls(server, mail)
            if mail.user:
                _log_in(server, mail)
            refused = server.send_message(message, to_addrs=recipients)
            # The mail is accepted by now: a farewell that fails must not have it sent twice.
            with suppress(OSError):
                server.quit()
    except (OSError, UnicodeError) as error:  # every exception of smtplib and ssl is an OSError
        raise _delivery_error(error, mail) from None
    if refused:
        raise _recipients_refused(refused, mail, recipients)


def _check(mail: Mail) -> None:
    if not mail.host.strip():
        raise UsageError("`[mail] host` is empty: set it to the SMTP server the report is sent through")
    if not mail.user:
        return
    if not mail.password:
        raise UsageError(
            f"`[mail] user` is '{mail.user}' but there is no password: set the environment variable"
            " AUDIT_SMTP_PASSWORD, or empty `[mail] user` for a server that wants no login"
        )
    if not (mail.user + mail.password).isascii():
        raise UsageError("`[mail] user` and AUDIT_SMTP_PASSWORD must be ASCII: SMTP logins know nothing else")
    if mail.security == "none" and not _is_loopback(mail.host):
        raise UsageError(
            f"`[mail] security` is 'none' and would send the password for '{mail.user}' to {mail.host}"
            " for all to read: set it to 'starttls' or 'tls'"
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _connect(mail: Mail) -> smtplib.SMTP:
    if mail.security != "tls":
        return smtplib.SMTP(mail.host, mail.port, timeout=mail.timeout_seconds)
    context = ssl.create_default_context()
    return smtplib.SMTP_SSL(mail.host, mail.port, timeout=mail.timeout_seconds, context=context)


def _start_tls(server: smtplib.SMTP, mail: Mail) -> None:
    server.ehlo_or_helo_if_needed()
    if not server.has_extn("starttls"):
        sentence = f"{_place(mail)} offers no STARTTLS"
        remedy = "set `[mail] security` to 'tls', or to 'none' for a server on a network of your own"
        raise DeliveryError(f"{sentence}: {remedy}", again=False)
    server.starttls(context=ssl.create_default_context())


def _log_in(server: smtplib.SMTP, mail: Mail) -> None:
    server.ehlo_or_helo_if_needed()
    if not server.has_extn("auth"):
        remedy = "empty `[mail] user`, or set `[mail] port` and `security` to where it does"
        raise DeliveryError(f"{_place(mail)} takes no login: {remedy}", again=False)
    server.login(mail.user, mail.password)


def _place(mail: Mail) -> str:
    return f"{mail.host}:{mail.port}"


def _words(mail: Mail, code: int, reply: bytes | str) -> str:
    """What the server said, on one line, and the password taken out should it have been said back."""
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    text = " ".join(text.split())
    if mail.password:
        secret = mail.password.encode()
        encoded = (base64.b64encode(part).decode() for part in (secret, b"\0%s\0%s" % (mail.user.encode(), secret)))
        for form in (mail.password, *encoded):
            text = text.replace(form, "***")
    return f'"{code} {text[:300]}"'


def _is_temporary(code: int) -> bool:
    """RFC 5321: 4yz may be mended by waiting, 5yz not."""
    return 400 <= code < 500  # noqa: PLR2004 - the bounds are the protocol's


def _recipients_refused(
    replies: Mapping[str, tuple[int, bytes]], mail: Mail, recipients: Sequence[str]
) -> DeliveryError:
    """Some or all recipients were turned down; the mail reached the others."""
    refused = {address: _words(mail, code, reply) for address, (code, reply) in replies.items()}
    accepted = [address for address in recipients if address not in refused]
    each = ", ".join(f"{address} ({words})" for address, words in refused.items())
    others = f" and took the mail for {', '.join(accepted)}" if accepted else ""
    return DeliveryError(
        f"{_place(mail)} refused {each}{others}: check these addresses in `[mail] to`",
        again=any(_is_temporary(code) for code, _ in replies.values()),
        accepted=accepted,
        refused=refused,
    )


def _delivery_error(error: Exception, mail: Mail) -> DeliveryError:
    """What went wrong, as a sentence: who, what the server said, what to do, and whether to try again."""
    what, remedy, again = "", "", False
    match error:
        case smtplib.SMTPRecipientsRefused():
            return _recipients_refused(error.recipients, mail, list(error.recipients))
        case smtplib.SMTPResponseException():
            what, remedy = _refusal(error, mail)
            again = _is_temporary(error.smtp_code)
        case smtplib.SMTPServerDisconnected():
            what = "dropped the connection or fell silent before it had confirmed the mail"
            remedy, again = "check `[mail] port` and `security`", True
        case smtplib.SMTPException():  # a login or an address of a kind the server does not know
            what, remedy = f"cannot take this mail ({error})", "check `[mail] user`, `sender` and `to`"
        case ssl.SSLCertVerificationError():
            what = f"shows a certificate that cannot be trusted ({error.verify_message})"
            remedy = "set `[mail] host` to the name in it, or SSL_CERT_FILE to your own authority's certificate"
        case ssl.SSLError():
            what = f"made no TLS connection ({error.reason or error})"
            remedy = "`[mail] security` is usually 'starttls' on port 587 and 'tls' on 465"
        case socket.gaierror() | UnicodeError():
            what, remedy = "has a name that cannot be looked up", "check `[mail] host` and the network"
            again = getattr(error, "errno", None) == socket.EAI_AGAIN
        case ConnectionRefusedError():
            what = "refused the connection"
            remedy, again = "check `[mail] host` and `port`, and that the server is up", True
        case TimeoutError():
            what = f"did not answer within {mail.timeout_seconds:g} seconds"
            remedy, again = "check `[mail] host`, `port` and the firewall", True
        case _:
            what = f"cannot be reached ({getattr(error, 'strerror', None) or type(error).__name__})"
            remedy, again = "check `[mail] host` and the network", True
    return DeliveryError(f"{_place(mail)} {what}: {remedy}", again=again)


def _refusal(error: smtplib.SMTPResponseException, mail: Mail) -> tuple[str, str]:
    """What the server answered a step of the exchange with, and the remedy."""
    words = _words(mail, error.smtp_code, error.smtp_error)
    match error:
        case smtplib.SMTPAuthenticationError():
            what = f"rejected the login of '{mail.user}' with {words}"
            return what, "check `[mail] user` and AUDIT_SMTP_PASSWORD"
        case smtplib.SMTPSenderRefused():
            login = "" if mail.user else ", and set `[mail] user` if it wants a login"
            return f"refused the sender {error.sender} with {words}", f"check `[mail] sender`{login}"
        case smtplib.SMTPConnectError() if error.smtp_code < 0:
            return "does not speak SMTP", "check `[mail] host` and `port`"
    if _is_temporary(error.smtp_code):
        return f"did not take the mail and said {words}", "it wants to be asked again later"
    return f"did not take the mail and said {words}", "mend what it names, or ask its administrator"
