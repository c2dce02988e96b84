"""The sentences of a reconciliation, from the words files, with money to the cent of the bill's currency."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from babel import Locale
from babel.numbers import format_currency, format_decimal, get_currency_precision

from audit.reconcile.claims import runs
from audit.rounding import rounded

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from audit.reconcile.claims import Claim

# A sentence names so many runs of days; the rest is counted.
_RUNS = 4
# A factor is said with two digits after the point, and with more only where it has more.
_LEAST_DIGITS = Decimal("0.01")
# What is less than half a cent makes no line of its own.
COIN = Decimal("0.005")


@dataclass(frozen=True, slots=True)
class Words:
    """The table ``[reconcile]`` of a language's words, and the bill's currency; None where it states usage alone."""

    locale: Locale
    words: dict[str, Any]
    currency: str | None

    def say(self, key: str, **values: object) -> str:
        """The sentence a dotted key names; ``n`` chooses singular or plural."""
        entry: Any = self.words
        for part in key.split("."):
            entry = entry[part]
        if isinstance(entry, dict):
            n = values.get("n")
            entry = entry.get(self.locale.plural_form(n if isinstance(n, int) else 0), entry["other"])
        return str(entry).format_map({name: self._said(value) for name, value in values.items()})

    def _said(self, value: object) -> object:
        if isinstance(value, int):
            return self.number(Decimal(value))
        if isinstance(value, date):
            return value.isoformat()
        return self.say("unknown") if value is None else value

    @property
    def digits(self) -> int:
        """How many digits the currency has behind its point."""
        return get_currency_precision(self.currency or "USD")

    def money(self, value: Decimal) -> str:
        """Money without its sign, to the currency's smallest coin; less than half of one is said to be less."""
        coin = Decimal(1).scaleb(-self.digits)
        shown = abs(value).quantize(coin, ROUND_HALF_UP)
        if value and not shown:
            return "<" + self._amount(coin)
        return self._amount(shown)

    def signed(self, value: Decimal) -> str:
        """Money with its sign: what the bill has more is plus."""
        return _sign(value) + self.money(value)

    def _amount(self, value: Decimal) -> str:
        return str(format_currency(value, self.currency or "USD", locale=self.locale))

    def number(self, value: Decimal) -> str:
        """A number with its groups."""
        return str(format_decimal(value, format="#,##0.######", locale=self.locale))

    def count(self, value: int) -> str:
        """A whole number with its groups."""
        return self.number(Decimal(value))

    def between(self, parts: Sequence[str]) -> str:
        """Parts of a list, one after another."""
        return str(self.words["between"]).join(parts)

    def factor(self, value: Decimal) -> str:
        """A factor with at least two digits after the point: 2.00, 0.85, 1.0625."""
        exact = value.normalize()
        return f"{max(exact, exact.quantize(_LEAST_DIGITS), key=lambda one: -int(one.as_tuple().exponent)):f}"

    def days(self, days: tuple[date, ...]) -> str:
        """Days as a sentence names them: runs with their ends, the later ones counted."""
        said = []
        every = runs(days)
        for run in every[:_RUNS]:
            key = "one_day" if len(run) == 1 else "run_of_days"
            said.append(self.say(key, first=run[0], last=run[-1]))
        if len(every) > _RUNS:
            said.append(self.say("more_days", n=sum(len(run) for run in every[_RUNS:])))
        return self.between(said)

    def headline(self, billed: Decimal, computed: Decimal, calls: int, *, agrees: bool, known: bool) -> str:
        """The result in a sentence; without money where the report states none."""
        if not known:
            return self.say("usage_agrees" if agrees else "usage_apart", n=calls)
        # What is said to be between the two is what is between them as they are said.
        by = rounded(billed, self.digits) - rounded(computed, self.digits)
        money = {"billed": self.money(billed), "computed": self.money(computed), "by": self.signed(by)}
        return self.say("agrees" if agrees else "apart", n=calls, **money)

    def claim(self, claim: Claim) -> str:
        """A claim's sentence."""
        values = dict(claim.values)
        if "days" in values:
            values["days"] = self.days(values["days"])
        if "factor" in values:
            values["factor"] = self.factor(values["factor"])
        if "share" in values:
            values["share"] = self.number((values["share"] * 100).normalize())
        for name in ("billed", "computed"):
            if name in values:
                values[name] = self.money(values[name])
        if self.currency is None:
            tokens = sum(cell.tokens for cell in claim.cells)
            counted = self.say("counted", n=abs(tokens))
            return self.say(f"why.{claim.kind}", **values, money=counted, by=_sign(tokens) + counted)
        if not claim.money and any(cell.logged and cell.logged.unpriced for cell in claim.cells):
            unknown = self.say("no_price")
            return self.say(f"why.{claim.kind}", **values, money=unknown, by=unknown)
        return self.say(f"why.{claim.kind}", **values, money=self.money(claim.money), by=self.signed(claim.money))


def _sign(value: Decimal | int) -> str:
    return "+" if value > 0 else "−" if value < 0 else ""


def load(templates: Path, language: str, currency: str | None) -> Words:
    """A language's words for a bill's currency, from ``templates/words``."""
    words = tomllib.loads((templates / "words" / f"{language}.toml").read_text(encoding="utf-8"))
    return Words(Locale.parse({"zh": "zh_Hans_CN"}.get(language, language)), words["reconcile"], currency)
