"""The month's files: data first, in an order and a form that the same input always gives byte for byte."""

from __future__ import annotations

import csv
import io
import json
import shutil
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl

from audit.records import AuditError

if TYPE_CHECKING:
    from pathlib import Path

    from audit.engine.duckdb import Engine
    from audit.records import Finding
    from audit.report.content import Report
    from audit.report.render import Pages

FINDING_COLUMNS = (
    "id", "rule", "family", "grade", "project", "subject", "calls", "saving", "credited", "amount", "currency",
    "title", "because", "fix", "accepted", "accepted_by", "accepted_until", "accepted_reason",
)  # fmt: skip


def write(folder: Path, report: Report, pages: Pages, engine: Engine) -> None:
    """Put a month's folder in place as a whole: what was there before stays until the new one is complete."""
    making = folder.with_name(f".{folder.name}.making")
    old = folder.with_name(f".{folder.name}.old")
    try:
        for left_over in (making, old):
            shutil.rmtree(left_over, ignore_errors=True)
        making.mkdir(parents=True)
        (making / "report.html").write_text(pages.report_html, encoding="utf-8")
        (making / "mail.html").write_text(pages.mail_html, encoding="utf-8")
        (making / "mail.txt").write_text(pages.mail_txt, encoding="utf-8")
        (making / "report.json").write_text(as_json(report, pages.subject), encoding="utf-8")
        (making / "findings.csv").write_text(as_csv(report), encoding="utf-8")
        flags(engine, report.currency).write_parquet(making / "flags.parquet")
        if folder.exists():
            folder.rename(old)
        making.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        shutil.rmtree(making, ignore_errors=True)
        raise AuditError(f"{folder}: the report cannot be written: {error.strerror or error}") from None


def as_json(report: Report, subject: str) -> str:
    """The report's data; money as text, so that no digit is lost."""
    data = {"subject": subject, **asdict(report)}
    return json.dumps(data, default=_plain, ensure_ascii=False, indent=1) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(type(value).__name__)


def as_csv(report: Report) -> str:
    """The findings as a table a spreadsheet opens; a text that would be a formula there is kept a text."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(FINDING_COLUMNS)
    for finding in (*report.findings, *report.alerts):
        row = asdict(finding) | {"currency": report.currency} | _acceptance(finding)
        writer.writerow([_cell(row[name]) for name in FINDING_COLUMNS])
    return out.getvalue()


def _acceptance(finding: Finding) -> dict[str, str]:
    """Whether a finding is accepted (held), or was until it ended or grew, by whom, until when and why."""
    taken = finding.accepted
    told = (taken.state, taken.by, taken.until, taken.reason) if taken else ("",) * 4
    return dict(zip(("accepted", "accepted_by", "accepted_until", "accepted_reason"), told, strict=True))


def _cell(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") and len(value) > 1:
        return "'" + value
    return value


def flags(engine: Engine, currency: str) -> pl.DataFrame:
    """Every flag of the month: rule, family, grade, project, call_id, saving, credited, currency."""
    frame = engine.frame(
        "SELECT rule, family, grade, project, call_id, saving, credited FROM credited ORDER BY rule, call_id"
    )
    return frame.with_columns(pl.lit(currency).alias("currency"))
