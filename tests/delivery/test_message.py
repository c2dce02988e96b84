from __future__ import annotations

import email
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default
from typing import TYPE_CHECKING, Any

import pytest

from audit.delivery.eml import write_eml
from audit.delivery.message import compose
from audit.records import AuditError, Month, UsageError
from audit.settings import Mail

if TYPE_CHECKING:
    from pathlib import Path

OCTOBER = Month(2026, 10)
SUBJECT = "十月算力支出审计：三个项目越过红线，浪费占百分之十二，详情见附件中的完整报告"
SENT_AT = datetime(2026, 11, 2, 7, 0, tzinfo=UTC)
MAIL = Mail(sender="算力审计 <audit@acme.example>", to=["Li Wei <li@acme.example>", "cfo@acme.example"])


def october(folder: Path, subject: str = SUBJECT, mail: Mail = MAIL) -> EmailMessage:
    return compose(folder, OCTOBER, subject, mail, language="zh", sent_at=SENT_AT)


def with_mail(**changes: Any) -> Mail:
    return MAIL.model_copy(update=changes)


def read_back(data: bytes) -> EmailMessage:
    message = email.message_from_bytes(data, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def test_the_mail_says_who_when_and_what(folder: Path) -> None:
    message = read_back(october(folder).as_bytes())
    assert message["Subject"] == SUBJECT
    assert message["From"] == MAIL.sender
    assert [address.addr_spec for address in message["To"].addresses] == [
        "li@acme.example",
        "cfo@acme.example",
    ]
    assert message["Date"].datetime == SENT_AT
    assert message["Content-Language"] == "zh"


def test_it_holds_text_html_and_the_report(folder: Path) -> None:
    message = read_back(october(folder).as_bytes())
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().splitlines() == (folder / "mail.txt").read_text(encoding="utf-8").splitlines()
    assert html.get_content().splitlines() == (folder / "mail.html").read_text(encoding="utf-8").splitlines()
    (report,) = message.iter_attachments()
    assert report.get_content_type() == "text/html"
    assert report.get_filename() == "compute-spend-2026-10.html"
    assert report.get_payload(decode=True) == (folder / "report.html").read_bytes()


def test_it_travels_as_ascii_in_short_lines(folder: Path) -> None:
    (folder / "mail.html").write_text("<p>" + "十" * 5000 + "</p>", encoding="utf-8")
    data = october(folder).as_bytes()
    assert data.isascii()
    assert max(len(line) for line in data.split(b"\r\n")) <= 998


def test_the_same_mail_has_the_same_id(folder: Path) -> None:
    later = compose(folder, OCTOBER, SUBJECT, MAIL, language="zh", sent_at=datetime(2027, 1, 1, tzinfo=UTC))
    turned = october(folder, mail=with_mail(to=["cfo@acme.example", "li@acme.example"]))
    assert october(folder)["Message-ID"] == later["Message-ID"] == turned["Message-ID"]
    assert october(folder)["Message-ID"].endswith("@acme.example>")


def test_another_mail_has_another_id(folder: Path) -> None:
    ids = [
        october(folder)["Message-ID"],
        october(folder, subject="October")["Message-ID"],
        october(folder, mail=with_mail(to=["cfo@acme.example"]))["Message-ID"],
        compose(folder, Month(2026, 9), SUBJECT, MAIL, language="zh", sent_at=SENT_AT)["Message-ID"],
    ]
    (folder / "report.html").write_bytes(b"<p>restated")
    ids.append(october(folder)["Message-ID"])
    assert len(set(ids)) == len(ids)


def test_a_recipient_named_twice_gets_one_mail(folder: Path) -> None:
    message = october(folder, mail=with_mail(to=["Finance <finance@x.example>", "FINANCE@x.example, owner@x.example"]))
    assert [address.addr_spec for address in message["To"].addresses] == ["finance@x.example", "owner@x.example"]


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"sender": ""}, r"`\[mail\] sender` is empty: set it"),
        ({"to": []}, r"`\[mail\] to` is empty: list"),
        ({"to": [" "]}, r"`\[mail\] to` is empty: list"),
        ({"sender": "a@x.example, b@x.example"}, r"`\[mail\] sender` holds 2 addresses"),
        ({"sender": "finance"}, r"`\[mail\] sender`: 'finance' is no mail address"),
        ({"to": ["a@x.example", "b@"]}, r"`\[mail\] to`: 'b@' is no mail address"),
        ({"to": ["a@x.example;b@x.example"]}, r"`\[mail\] to`: .* is no mail address"),
        ({"to": ["a@x.example\r\nBcc: thief@x.example"]}, r"`\[mail\] to` .* line break"),
        ({"to": ["=?utf-8?q?a=0d=0aBcc:?= <a@x.example>"]}, r"`\[mail\] to`: .* is no mail address"),
        ({"sender": "a@x.example\nBcc: thief@x.example"}, r"`\[mail\] sender` .* line break"),
    ],
)
def test_settings_that_make_no_mail_are_named(folder: Path, changes: dict[str, Any], key: str) -> None:
    with pytest.raises(UsageError, match=key):
        october(folder, mail=with_mail(**changes))


@pytest.mark.parametrize("end", ["\n", "\r", "\u2028", "\x00"])
def test_a_subject_cannot_start_another_header(folder: Path, end: str) -> None:
    with pytest.raises(UsageError, match=r"subject .* line break"):
        october(folder, subject=f"October{end}Bcc: thief@x.example")


@pytest.mark.parametrize("sender", ["Acme Inc. <a@x.example>", '"Li, Wei" <a@x.example>', "root@localhost"])
def test_addresses_as_people_write_them_are_taken(folder: Path, sender: str) -> None:
    assert "@" in october(folder, mail=with_mail(sender=sender))["From"].addresses[0].addr_spec


@pytest.mark.parametrize("name", ["mail.txt", "mail.html", "report.html", "report.json"])
def test_a_missing_file_is_named_with_the_command_that_makes_it(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(AuditError) as caught:
        october(folder)
    assert str(caught.value) == f"{folder / name} is missing; `audit run --month 2026-10` makes it"


def test_a_missing_report_is_named_with_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match=r"2026-10: no such report; `audit run --month 2026-10` makes it"):
        october(tmp_path / "2026-10")


def test_a_mail_is_written_as_a_file_that_can_be_opened(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "outbox" / "2026-10.eml"
    write_eml(october(folder, subject="before"), path)
    write_eml(october(folder), path)
    assert read_back(path.read_bytes())["Subject"] == SUBJECT
    assert [entry.name for entry in path.parent.iterdir()] == ["2026-10.eml"]


def test_a_chinese_address_survives_the_file(folder: Path, tmp_path: Path) -> None:
    write_eml(october(folder, mail=with_mail(to=["审计@例子.example"])), tmp_path / "mail.eml")
    message = read_back((tmp_path / "mail.eml").read_bytes())
    assert message["To"] == "审计@例子.example"
    assert message["Subject"] == SUBJECT


def test_a_file_that_cannot_be_written_is_named(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_bytes(b"")
    with pytest.raises(AuditError, match=r"taken/2026-10\.eml cannot be written"):
        write_eml(october(folder), tmp_path / "taken" / "2026-10.eml")
