"""A month's report folder put into a mail."""

from __future__ import annotations

import hashlib
import unicodedata
from email.errors import HeaderParseError, NonASCIILocalPartDefect, ObsoleteHeaderDefect
from email.headerregistry import Address, HeaderRegistry
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

from audit.records import AuditError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from audit.records import Month
    from audit.settings import Mail

REPORT_FILES = ("mail.txt", "mail.html", "report.html", "report.json")

# Base64 or quoted-printable, never raw 8 bit: not every server on the way takes that.
_POLICY = SMTP.clone(cte_type="7bit")
# "Acme Inc. <audit@acme.example>", and an address in Chinese.
_HARMLESS = (ObsoleteHeaderDefect, NonASCIILocalPartDefect)


def compose(folder: Path, month: Month, subject: str, mail: Mail, *, language: str, sent_at: datetime) -> EmailMessage:
    """The month's mail: text and HTML, with ``report.html`` attached as it lies in the folder.

    ``language`` is a language tag as en or zh; ``sent_at`` knows its time zone. The Message-ID is the same
    for the same month, recipients and content, so that a mail sent twice can be recognised. Raises UsageError
    where settings or subject make no mail, AuditError where the report is incomplete.
    """
    if not mail.sender.strip():
        raise UsageError("`[mail] sender` is empty: set it to the address the report is sent from")
    if not any(text.strip() for text in mail.to):
        raise UsageError("`[mail] to` is empty: list there who gets the month's report")
    _refuse_control_characters("the mail's subject", subject)
    sender = _addresses("`[mail] sender`", [mail.sender])
    if len(sender) > 1:
        raise UsageError(f"`[mail] sender` holds {len(sender)} addresses: leave one")
    recipients = _addresses("`[mail] to`", mail.to)
    files = {name: _read(folder, name, month) for name in REPORT_FILES}

    # An address that is not ASCII stands in a header as UTF-8 (RFC 6532); names and subjects are encoded.
    international = not "".join(address.addr_spec for address in (*sender, *recipients)).isascii()
    message = EmailMessage(policy=_POLICY.clone(utf8=international))
    message["Subject"] = subject
    message["From"] = sender
    message["To"] = recipients
    message["Date"] = format_datetime(sent_at)
    message["Message-ID"] = _message_id(month, subject, sender[0], recipients, files)
    # Keeps out-of-office replies away (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_text(folder, "mail.txt", files), charset="utf-8")
    message.add_alternative(_text(folder, "mail.html", files), subtype="html", charset="utf-8")
    message.add_attachment(
        files["report.html"],
        maintype="text",
        subtype="html",
        filename=f"compute-spend-{month}.html",
        params={"charset": "utf-8"},
    )
    # Only now: set_content takes away what Content-* headers it finds.
    message["Content-Language"] = language
    return message


def _refuse_control_characters(what: str, text: str) -> None:
    """A line break in a header would start a header of somebody else's choosing."""
    if any(unicodedata.category(character) in {"Cc", "Zl", "Zp"} for character in text):
        raise UsageError(f"{what} {text!r} holds a line break or another control character: take it out")


def _addresses(key: str, texts: Sequence[str]) -> tuple[Address, ...]:
    """The addresses in a setting, each once, in the order they stand there."""
    found: dict[str, Address] = {}
    for text in texts:
        _refuse_control_characters(key, text)
        try:
            header: Any = HeaderRegistry()("to", text)
            sound = all(isinstance(defect, _HARMLESS) for defect in header.defects)
            addresses = header.addresses if sound else ()
        except (HeaderParseError, ValueError, IndexError):  # what the standard library's parser fails with
            addresses = ()
        if not addresses or not all(address.username and address.domain for address in addresses):
            raise UsageError(
                f"{key}: '{text}' is no mail address: write it as name@example.com or Name <name@example.com>"
            )
        for address in addresses:
            found.setdefault(address.addr_spec.casefold(), address)
    return tuple(found.values())


def _read(folder: Path, name: str, month: Month) -> bytes:
    """One file of the report. Raises AuditError that names it and the command that makes it."""
    path = folder / name
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        missing = f"{path} is missing" if folder.is_dir() else f"{folder}: no such report"
        raise AuditError(f"{missing}; `audit run --month {month}` makes it") from None
    except OSError as error:
        raise AuditError(f"{path} cannot be read: {error.strerror}") from None


def _text(folder: Path, name: str, files: dict[str, bytes]) -> str:
    try:
        return files[name].decode("utf-8")
    except UnicodeDecodeError:
        raise AuditError(f"{folder / name} is not UTF-8 text: make the report again") from None


def _message_id(
    month: Month, subject: str, sender: Address, recipients: Sequence[Address], files: dict[str, bytes]
) -> str:
    who = sorted(address.addr_spec.casefold() for address in recipients)
    digest = hashlib.sha256()
    for part in (str(month), subject, *who):
        digest.update(hashlib.sha256(part.encode()).digest())
    for name in REPORT_FILES:
        digest.update(hashlib.sha256(files[name]).digest())
    try:
        domain = sender.domain.encode("idna").decode("ascii")
    except UnicodeError:
        raise UsageError(f"`[mail] sender`: '{sender.domain}' is no domain") from None
    return f"<compute-spend-{month}-{digest.hexdigest()[:24]}@{domain}>"
