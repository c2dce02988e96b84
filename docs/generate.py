"""The parts of the documentation that are made from the code: `make docs` writes them, `make lint` checks them.

A generated part stands between `<!-- begin NAME -->` and `<!-- end NAME -->`; the rest of a page is written by hand.
"""

from __future__ import annotations

import re
import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from audit import formatbook, formatlist, places, rulebook, settings_template
from audit.accepted_file import Entry
from audit.analyst import tablebook
from audit.pricing import pricelist
from audit.pricing.row import PRICE_KEYS, PriceRow
from audit.records import BILL_COLUMNS, CALL_COLUMNS, PRICE_COLUMNS, Column, Grade
from audit.report.cells import Cell
from audit.report.effects import Side, compared
from audit.sandbox import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable

DOCS = Path(__file__).resolve().parent
LONGEST = 60
GRADES = {
    Grade.PROVEN: "the money bought nothing",
    Grade.AVOIDABLE: "arithmetic on the provider's own price list",
    Grade.HYPOTHESIS: "a person must judge",
    Grade.ALERT: "no saving is claimed",
}


def settings() -> str:
    """Every key of audit.toml."""
    parts = []
    for name, model in settings_template.tables().items():
        head = f"[[{name}]]" if settings_template.is_list(name) else f"[{name}]"
        parts.append(f"### `{head}`\n\n{(model.__doc__ or '').splitlines()[0]}\n")
        rows = [
            (f"`{info.alias or key}`", f"`{settings_template.value(info)}`", info.description or "")
            for key, info in model.model_fields.items()
        ]
        parts.append(_table(("key", "default", "meaning"), rows))
    return "\n".join(parts)


def price_keys() -> str:
    """Every key of a price row."""
    rows = [
        (f"`{info.alias or key}`", info.description or "")
        for key, info in PriceRow.model_fields.items()
        if key not in PRICE_KEYS and info.description
    ]
    return _table(("key", "meaning"), rows)


def accepted() -> str:
    """Every key of an acceptance."""
    rows = [(f"`{key}`", info.description or "") for key, info in Entry.model_fields.items()]
    return _table(("key", "meaning"), rows)


def price_units() -> str:
    """What the prices of a row are the price of."""
    rows = [(f"`{key}`", unit) for key, unit in PRICE_KEYS.items()]
    return _table(("key", "the price of"), rows)


def price_lists() -> str:
    """The project's own lists."""
    rows = []
    for name in pricelist.own_providers():
        held = pricelist.own(name)
        if held is not None:
            models = {model for row in held.rows for model in row.models}
            currencies = sorted({row.currency for row in held.rows})
            rows.append((f"`{name}`", str(len(held.rows)), str(len(models)), ", ".join(currencies), held.name))
    return _table(("provider", "rows", "models", "currencies", "stamped as"), rows)


def rules() -> str:
    """Every rule that ships."""
    loaded, broken = rulebook.load([places.rules()], {})
    if broken:
        raise SystemExit(broken[0].reason)
    rows = [
        (f"`{rule.id}`", rule.family, str(rule.grade), rule.text("title", "en"), _needs(rule), _params(rule))
        for rule in sorted(loaded, key=lambda rule: (rule.family, rule.id))
    ]
    notes = "\n".join(
        f"- `{rule.id}`: {' '.join(rule.note.split())}" for rule in sorted(loaded, key=lambda r: r.id) if rule.note
    )
    return (
        _table(("rule", "family", "grade", "what it finds", "what a call must state", "parameters"), rows)
        + "\n"
        + notes
        + "\n"
    )


def _needs(rule: rulebook.Rule) -> str:
    return ", ".join(" or ".join(f"`{column}`" for column in need) for need in rule.needs) or "nothing"


def _params(rule: rulebook.Rule) -> str:
    shown = (
        f"`{name} = {str(value).lower()}`" if len(str(value)) <= LONGEST else f"`{name}` (a pattern)"
        for name, value in rule.params.items()
    )
    return ", ".join(shown) or "none"


def rule_tables() -> str:
    """Every table that rules see, with each column's type, meaning and an example."""
    parts = []
    for name in TABLES:
        parts.append(f"#### `{name}`\n\n{_sentence(tablebook.what(name))}\n")
        rows = [
            (f"`{one.name}`", one.type, one.meaning, f"`{one.example}`" if one.example else "")
            for one in tablebook.told(name)
        ]
        parts.append(_table(("column", "type", "meaning", "example"), rows))
    return "\n".join(parts)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def grades() -> str:
    """The grades, surest first."""
    return _table(("grade", "what it means"), [(f"`{grade}`", text) for grade, text in GRADES.items()])


def formats() -> str:
    """Every log format that ships, with what it can tell of a call."""
    return _formats("calls")


def bill_formats() -> str:
    """Every format of bills and usage reports that ships."""
    return _formats("bills")


def format_titles() -> str:
    """The formats' titles, one line a kind."""
    loaded = formatbook.load([places.formats()]).values()
    lines = ((head, [form.title for form in loaded if form.kind == kind]) for kind, head in formatlist.HEADS.items())
    return "\n".join(f"- {head}: {'; '.join(titles)}" for head, titles in lines) + "\n"


def _formats(kind: formatbook.Kind) -> str:
    loaded = [form for form in formatbook.load([places.formats()]).values() if form.kind == kind]
    rows = [(f"`{form.name}`", form.title, ", ".join(form.holds), ", ".join(formatlist.tells(form))) for form in loaded]
    return _table(("format", "what it is", "as", "what it can tell"), rows)


def format_notes() -> str:
    """What a reader of a format's logs must know."""
    loaded = formatbook.load([places.formats()]).values()
    return "".join(f"- `{form.name}`: {form.note}\n" for form in loaded if form.note)


def columns() -> str:
    """The call record, with what pricing adds to it for rules."""
    return _columns((*CALL_COLUMNS, *PRICE_COLUMNS))


def bill_columns() -> str:
    """The record of a bill's line."""
    return _columns(BILL_COLUMNS)


def _columns(listed: tuple[Column, ...]) -> str:
    return _table(("column", "type", "meaning"), [(f"`{one.name}`", one.type, one.meaning) for one in listed])


def change_example() -> str:
    """A month against the one before, worked out by the report's own code."""
    million = Decimal("0.000001")
    large, cheaper = ("x", "large"), (5, Decimal("0.5"), 5, 5, 20)
    task = ("chat", "answers")

    def cell(model: tuple[str, str], calls: int, tokens: tuple[int, ...], prices: tuple[Decimal | int, ...]) -> Cell:
        used = tuple(Decimal(kind * calls) for kind in tokens)
        each = tuple(price * million for price in prices)
        cost = sum((kind * price for kind, price in zip(used, each, strict=True)), Decimal(0))
        return Cell(task, model, Decimal(calls), used, each, cost)

    plain, cached = (1_000, 0, 0, 0, 100), (1_000, 1_000, 0, 0, 100)
    then = Side((cell(large, 960, plain, (5, Decimal("0.5"), 5, 5, 25)),), Decimal("0.30"), calls=1_000)
    small = cell(("x", "small"), 500, cached, (1, Decimal("0.1"), 1, 1, 5))
    now = Side((cell(large, 1_000, cached, cheaper), small), Decimal("0.75"), calls=1_600)
    new = Side((cell(large, 400, (0, 0, 0, 0, 250), cheaper),), calls=400)
    found = compared({"help": then}, {"help": now, "poems": new}, "2026-09")
    if found is None:
        raise SystemExit("the example has no change")
    told = {
        "new": "`poems` had no call before: 400 x $0.005",
        "waste": "$0.75 now, $0.30 before",
        "volume": "1,500 calls at the former $0.0075, less the former 960 at that: $11.25 - $7.20",
        "mix": "500 of them on `small`, where 1,000 tokens in and 100 out cost $0.0015: 500 x -$0.0060",
        "tokens": "1,000 tokens more in: 1,000 x $0.0050 on `large`, 500 x $0.0010 on `small`",
        "cache": "1,000 of the 2,000 are read at a tenth: 1,000 x -$0.0045, 500 x -$0.0009",
        "price": "100 tokens out of `large` at $20 a million, not $25: 1,000 x -$0.0005",
    }
    rows = [("September", "", f"${found.before:.2f}")]
    rows += [(name, told[name], f"{part:+.2f}") for name, part in found.parts.each().items() if part]
    return _table(("", "", "dollars"), [*rows, ("October", "", f"${found.after:.2f}")])


PARTS: dict[str, Callable[[], str]] = {
    "settings": settings,
    "price_keys": price_keys,
    "accepted": accepted,
    "price_units": price_units,
    "price_lists": price_lists,
    "rules": rules,
    "rule_tables": rule_tables,
    "grades": grades,
    "formats": formats,
    "bill_formats": bill_formats,
    "format_titles": format_titles,
    "format_notes": format_notes,
    "columns": columns,
    "bill_columns": bill_columns,
    "change_example": change_example,
}


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def generated(text: str) -> str:
    """A page with its generated parts made anew."""

    def part(match: re.Match[str]) -> str:
        return f"<!-- begin {match[1]} -->\n{PARTS[match[1]]()}<!-- end {match[1]} -->"

    return re.sub(r"<!-- begin (\w+) -->.*?<!-- end \1 -->", part, text, flags=re.DOTALL)


def main() -> None:
    """Write the pages, or with --check say which are out of date."""
    stale = []
    for page in sorted([*DOCS.glob("*.md"), DOCS.parent / "README.md"]):
        old = page.read_text(encoding="utf-8")
        new = generated(old)
        if new != old:
            stale.append(page.name)
            if "--check" not in sys.argv:
                page.write_text(new, encoding="utf-8")
    if stale and "--check" in sys.argv:
        raise SystemExit(f"out of date, run make docs: {', '.join(stale)}")


if __name__ == "__main__":
    main()
