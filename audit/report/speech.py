"""How a report speaks: numbers, money and dates as its reader writes them, sentences from the words files.

Every visible sentence lives in ``templates/words/<language>.toml``; nothing here knows English or Chinese.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING, Any

from babel import Locale
from babel.dates import format_date, format_skeleton
from babel.lists import format_list
from babel.numbers import format_currency, format_decimal, get_currency_precision

from audit.rounding import WHOLE_FROM, rounded

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# Characters that would break a mail header, hide text or turn a line around; a log can hold any of them.
UNPRINTABLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff\ufffe\uffff]+"
)
MONEY_FIGURES = 5
FINEST = 2
FINEST_SHARE = 4


def clean(text: str) -> str:
    """One printable line: control characters and turned-around text become spaces, runs of space one."""
    return " ".join(UNPRINTABLE.sub(" ", text).split())


def clip(text: str, length: int) -> str:
    """The text, cleaned, with an ellipsis where it is longer than so many characters."""
    text = clean(text)
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


@dataclass(frozen=True, slots=True)
class Speech:
    """A language with its words, and the report's currency."""

    locale: Locale
    currency: str
    words: dict[str, Any]

    def say(self, key: str, **values: object) -> str:
        """The sentence a dotted key names, with its values set in; ``n`` chooses singular or plural."""
        entry = self._entry(key)
        if isinstance(entry, dict):
            n = values["n"]
            form = self.locale.plural_form(n if isinstance(n, int) else 0)
            entry = entry.get(form, entry["other"])
        if not isinstance(entry, str):
            raise TypeError(f"words: '{key}' is no sentence")
        shown = {name: self.count(value) if isinstance(value, int) else value for name, value in values.items()}
        return entry.format_map(shown)

    def _entry(self, key: str) -> object:
        entry: Any = self.words
        for part in key.split("."):
            entry = entry[part]
        return entry

    def tokens(self, number: int | None) -> str:
        """A count of tokens, shortened; what no log states is unknown."""
        return self.say("numbers.unknown") if number is None else self.compact(number)

    def reason(self, text: str) -> str:
        """Why something could not be read: the program's own sentence, in the reader's language as far as known."""
        for english, own in self.words["quality"]["translated"]:
            text = text.replace(english, own)
        return text

    def source(self, text: str) -> str:
        """Where prices or rates are from: the program's own words in the reader's language, names as they are."""
        for english, own in self.words["accounts"]["sources"]:
            text = text.replace(english, own)
        return text

    def column(self, name: str) -> str:
        """A column of the call record as people call it; as it stands where there is no word for it."""
        text: str = self.words["needed"].get(name, name)
        return text

    def money(self, value: Decimal) -> str:
        """Cents below a thousand, none above; a sum too small to show is named as below the smallest."""
        digits = self.digits()
        fine = rounded(value, digits)
        if value and not fine:
            smallest = self.amount(Decimal(1).scaleb(-digits), digits)
            return ("<" if value > 0 else "−<") + smallest
        whole = not fine or abs(fine) >= WHOLE_FROM
        return self.amount(rounded(value, 0) if whole else fine, 0 if whole else digits)

    def digits(self, currency: str | None = None) -> int:
        """How many digits a currency's smallest coin has after the point; the report's where none is named."""
        return int(get_currency_precision(currency or self.currency))

    def exact(self, value: Decimal, currency: str | None = None) -> str:
        """Money to the coin, as accounts have it."""
        digits = self.digits(currency)
        return self.amount(rounded(value, digits), digits, currency)

    def headline(self, value: Decimal) -> str:
        """Money for the few big figures: shortened where nobody would read its digits."""
        from_here = Decimal(self.words["units"]["money_from"])
        if abs(value) < from_here:
            return self.money(value)
        number, unit = self._short(abs(value), MONEY_FIGURES)
        shown = self.amount(Decimal(0), 0).replace("0", number + unit)
        return ("−" if value < 0 else "") + shown

    def amount(self, value: Decimal, digits: int, currency: str | None = None, *, plus: bool = False) -> str:
        """Money that has so many digits after the point; a gain with its ``plus`` where signs matter."""
        pattern = self.locale.currency_formats["standard"].pattern
        pattern = pattern.replace("0.00", "0." + "0" * digits if digits else "0")
        name = currency or self.currency
        text: str = format_currency(value, name, format=pattern, locale=self.locale, currency_digits=False)
        return ("+" if plus and value > 0 else "") + text.replace("-", "−")

    def compact(self, value: int | Decimal) -> str:
        """A large number in three figures and its unit: 22.4 M, 2,240万."""
        number, unit = self._short(Decimal(value))
        return number + unit

    def _short(self, value: Decimal, figures: int = 3) -> tuple[str, str]:
        units: list[tuple[Decimal, str]] = [(Decimal(size), name) for size, name in self.words["units"]["steps"]]
        for place, (size, name) in enumerate(units):
            if value < size:
                continue
            scaled = value / size
            digits = min(FINEST, max(0, figures - len(str(int(scaled)))))
            shown = rounded(scaled, digits)
            if place and shown * size >= units[place - 1][0]:
                shown, name = Decimal(1), units[place - 1][1]  # noqa: PLW2901 - 999,999 is 1 M, not 1,000 K
            return self.number(shown), name
        return self.number(rounded(value, 0)), ""

    def count(self, value: int) -> str:
        """A whole number with its groups."""
        return self.number(Decimal(value))

    def number(self, value: Decimal) -> str:
        """A number with its groups and the digits it has after the point, trailing zeros dropped."""
        text: str = format_decimal(value, format="#,##0.####", locale=self.locale)
        return text

    def rate(self, value: Decimal) -> str:
        """An exchange rate with all its digits."""
        text: str = format_decimal(value, format="#,##0.00##########", locale=self.locale)
        return text

    def percent(self, share: Decimal, digits: int = 1) -> str:
        """A part of one as a percentage; a part too small to show is named as below the smallest."""
        value = rounded(share * 100, digits)
        if share > 0 and not value:
            return "<" + self.percent(Decimal(1).scaleb(-digits - 2), digits)
        point = "." + "0" * digits if digits else ""
        text: str = format_decimal(value, format=f"#,##0{point}", locale=self.locale)
        return text + "%"

    def plain_percent(self, share: Decimal) -> str:
        """A share that somebody set, as they set it: 20%, 12.5%."""
        return self.number(rounded(share * 100, 4)) + "%"

    def share(self, share: Decimal, line: Decimal) -> str:
        """A share held against a line, with as many digits as it takes to tell the two apart."""
        for digits in range(1, FINEST_SHARE):
            if share == line or rounded(share * 100, digits) != rounded(line * 100, digits):
                return self.percent(share, digits)
        return self.percent(share, FINEST_SHARE)

    def names(self, items: Sequence[str]) -> str:
        """A list as a sentence holds it."""
        text: str = format_list(list(items), locale=self.locale)
        return text

    def month(self, month: str, *, short: bool = False) -> str:
        """A month such as 2026-10: October 2026, 2026年10月; short for an axis: Oct, 10月."""
        first = date.fromisoformat(f"{month}-01")
        text: str = format_skeleton("MMM" if short else "yMMMM", first, locale=self.locale)
        return text

    def day(self, day: date) -> str:
        """A day of a known year: Oct 7, 10月7日."""
        text: str = format_skeleton("MMMd", day, locale=self.locale)
        return text

    def date(self, day: date) -> str:
        """A whole date."""
        text: str = format_date(day, "long", locale=self.locale)
        return text


def times(value: Decimal, base: Decimal) -> Decimal:
    """How many times one sum is another, rounded down to a tenth, so that it never boasts."""
    return (value / base).quantize(Decimal("0.1"), ROUND_DOWN)


def load(templates: Path, language: str, currency: str) -> Speech:
    """The words of a language, from ``templates/words``."""
    locale = Locale.parse(language.replace("-", "_"))
    words = tomllib.loads((templates / "words" / f"{locale.language}.toml").read_text(encoding="utf-8"))
    return Speech(locale, currency, words)
