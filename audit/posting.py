"""A month's report on its way to people: what `audit send` and the schedule do."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from audit import history, intake, month
from audit.delivery.eml import write_eml
from audit.delivery.message import compose
from audit.delivery.smtp import DeliveryError, deliver
from audit.engine.store import open_store
from audit.records import AuditError

if TYPE_CHECKING:
    from email.message import EmailMessage

    from audit.records import Month
    from audit.settings import Settings


def send(settings: Settings, chosen: Month, *, again: bool = False) -> str:
    """Mail a month once; returns what to tell. The store is held meanwhile, so that no two runs send it twice."""
    with open_store(settings.paths.store, settings) as engine:
        before = history.sent_at(engine, chosen, settings.zone)
        if before is not None and not again:
            return f"{chosen} was sent on {before:%Y-%m-%d at %H:%M} UTC; --again sends it once more"
        try:
            deliver(_message(settings, chosen), settings.mail)
        except DeliveryError as error:
            if error.accepted:  # those who have it must not get it again and again; the error names the others
                history.sent(engine, chosen)
            raise
        history.sent(engine, chosen)
    return f"{chosen} sent to {', '.join(settings.mail.to)}"


def write(settings: Settings, chosen: Month) -> str:
    """The same mail as a file that any mail program opens; returns what to tell."""
    path = settings.paths.reports / str(chosen) / "mail.eml"
    write_eml(_message(settings, chosen), path)
    return str(path)


def _message(settings: Settings, chosen: Month) -> EmailMessage:
    folder = settings.paths.reports / str(chosen)
    try:
        subject = json.loads((folder / "report.json").read_text(encoding="utf-8"))["subject"]
    except (OSError, ValueError, KeyError):
        raise AuditError(
            f"{folder}: no complete report of {chosen} there; `audit run --month {chosen}` makes it"
        ) from None
    now = datetime.now(settings.zone)
    return compose(folder, chosen, subject, settings.mail, language=settings.company.language, sent_at=now)


@dataclass(frozen=True, slots=True)
class MonthlyWork:
    """What the schedule runs: closed months that were not audited and sent."""

    settings: Settings

    def due(self) -> list[Month]:
        """The months to do, oldest first."""
        with open_store(self.settings.paths.store, self.settings) as engine:
            newest, sending = history.last_closed(self.settings.zone), bool(self.settings.mail.host)
            return history.due(engine, newest, sending=sending, zone=self.settings.zone)

    def do(self, chosen: Month) -> None:
        """Audit a month that was not, and send it where a mail server is set. A closed month is audited once."""
        with open_store(self.settings.paths.store, self.settings) as engine:
            audited = history.is_audited(engine, chosen, self.settings.zone)
        if not audited:
            month.run(self.settings, chosen, self.settings.paths.logs, intake.Silence())
        if self.settings.mail.host:
            send(self.settings, chosen)
