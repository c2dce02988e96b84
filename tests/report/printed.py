"""A page's tables read back as a reader adds them up: the printed figures, nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from html.parser import HTMLParser

NUMBER = re.compile(r"[+−]?[^\d−+]*(\d[\d,]*(?:\.\d+)?)")


@dataclass
class Row:
    """A row's cells as they are printed; the last row of a table may be its total."""

    total: bool
    name: str = ""
    cells: list[str] = field(default_factory=list)


@dataclass
class Table:
    """A table's headings and rows."""

    headings: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)

    @property
    def total(self) -> Row | None:
        return self.rows[-1] if self.rows and self.rows[-1].total else None


class Tables(HTMLParser):
    """All tables of a page, in order."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Table] = []
        self.into = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if tag == "table":
            self.found.append(Table())
        elif tag == "tr" and self.into != "thead":
            self.found[-1].rows.append(Row("total" in (told.get("class") or "").split()))
        elif tag == "thead":
            self.into = "thead"
        elif tag == "tbody":
            self.into = "tbody"
        elif tag == "th":
            if self.into == "thead":
                self.found[-1].headings.append("")
        elif tag == "td" and self.into == "tbody":
            self.found[-1].rows[-1].cells.append("")
            self.into = "td"
        elif tag == "small":
            self.into = f"small {self.into}"

    def handle_endtag(self, tag: str) -> None:
        if tag == "td" and self.into == "td":
            self.into = "tbody"
        elif tag == "small":
            self.into = self.into.removeprefix("small ")
        elif tag == "table":
            self.into = ""

    def handle_data(self, data: str) -> None:
        text = data.strip()
        if not text:
            return
        if self.into == "thead" and self.found[-1].headings:
            self.found[-1].headings[-1] += text
        elif self.into == "tbody":
            self.found[-1].rows[-1].name += text
        elif self.into == "td":
            self.found[-1].rows[-1].cells[-1] += text


def number(text: str) -> Decimal | None:
    """The figure of a cell, whatever its currency; None where it is words, and nothing where it is a dash."""
    if text in ("", "–"):
        return Decimal(0)
    assert "<" not in text, f"{text} cannot be added up"
    found = NUMBER.search(text)
    if found is None:
        return None
    value = Decimal(found[1].replace(",", ""))
    return -value if "−" in text else value
