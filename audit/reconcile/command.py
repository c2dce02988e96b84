"""What `audit reconcile` prints: each bill in a table, then the sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit import places
from audit.reconcile import sentences
from audit.reconcile.reconciliation import reconcile
from audit.reconcile.unconfirmed import unconfirmed
from audit.rounding import balanced, rounded
from audit.terminal import aligned

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from decimal import Decimal

    from audit.engine.duckdb import Engine
    from audit.reconcile.result import Reason, Reconciled
    from audit.reconcile.sentences import Words
    from audit.reconcile.unconfirmed import Unconfirmed
    from audit.records import Month
    from audit.settings import Settings

_REASONS, _MODELS = 20, 20
_COLUMNS = ("billed", "computed", "money", "lines", "calls")


def lines(engine: Engine, settings: Settings, month: Month, columns: int = 100) -> list[str]:
    """A month's reconciliation in so many columns, in the report's language; a sentence where no bill was read."""
    found = reconcile(engine, settings, month)
    if not found:
        return [_words(settings, settings.company.currency).say("no_bill", month=str(month))]
    said: list[str] = []
    for one in found:
        said += [*([""] if said else []), *_one(one, _words(settings, one.currency), columns)]
    words = _words(settings, settings.company.currency)
    for one_more in unconfirmed(engine, settings, month, found):
        who = one_more.provider or words.say("nobody")
        sentence = words.say("unconfirmed", name=who, n=one_more.calls, money=_known(one_more, words))
        said += ["", *aligned.wrapped(aligned.shown(sentence).split(" "), columns, between=" ")]
    return said


def _known(one: Unconfirmed, words: Words) -> str:
    if one.unpriced == one.calls:
        return words.say("no_price")
    money = words.money(one.computed)
    return words.say("at_least", money=money) if one.unpriced else money


def _words(settings: Settings, currency: str | None) -> Words:
    return sentences.load(places.templates(), settings.company.language, currency)


def _one(one: Reconciled, words: Words, columns: int) -> Iterator[str]:
    names = [words.say(f"dimension.{name}") for name in one.dimensions]
    how = words.say("by_dimensions", names=words.between(names)) if names else words.say("in_sum")
    what = ", ".join(part for part in (one.source, one.provider, one.currency or words.say("usage")) if part)
    time = words.say("run_of_days", first=one.first_day, last=one.last_day)
    yield from aligned.wrapped(f"{what}: {time}, {how}".split(), columns, between=" ")
    yield from aligned.wrapped(one.says.split(), columns, between=" ")
    if one.currency is not None:
        yield ""
        yield from _table(_parts(one, words), columns)
        if len(one.models) > 1:
            yield ""
            yield from _table(_models(one, words), columns)
    listed = [*(_reason(reason, words) for reason in _shown(one.reasons)), *one.notes]
    if listed:
        yield ""
    for sentence in listed:
        yield from _item(sentence, columns)


def _parts(one: Reconciled, words: Words) -> Iterator[tuple[str, ...]]:
    """The parts, rounded so that they add up to the total, and each across to its difference."""
    yield _head("kind", words)
    if one.billed is None or one.computed is None:
        return
    total = [rounded(sum_, words.digits) for sum_ in (one.billed, -one.computed)]
    figures = balanced([(part.billed, -part.computed) for part in one.parts], words.digits, total)
    for part, row in zip(one.parts, figures, strict=True):
        counts = (words.count(part.lines), words.count(part.calls))
        yield (words.say(f"kind.{part.kind}"), *_money(row, words), *counts)
    lines = sum(part.lines for part in one.parts)
    yield (words.say("kind.total"), *_money(total, words), words.count(lines), words.count(one.calls))


def _money(row: Sequence[Decimal], words: Words) -> tuple[str, str, str]:
    """What was billed, what was computed (given below zero), and the one less the other."""
    billed, computed = row
    return words.money(billed), words.money(computed), words.signed(billed + computed)


def _models(one: Reconciled, words: Words) -> Iterator[tuple[str, ...]]:
    yield _head("model", words)
    for line in one.models[:_MODELS]:
        money = (words.money(line.billed), words.money(line.computed), words.signed(line.money))
        yield (line.name, *money, words.count(line.lines), words.count(line.calls))


def _head(first: str, words: Words) -> tuple[str, ...]:
    return tuple(words.say(f"column.{name}") for name in (first, *_COLUMNS))


def _table(rows: Iterator[tuple[str, ...]], columns: int) -> Iterator[str]:
    """The rows with their figures to the right."""
    listed = [tuple(aligned.shown(cell) for cell in row) for row in rows]
    widths = [max(aligned.width(row[number]) for row in listed) for number in range(len(_COLUMNS) + 1)]
    first = max(8, columns - sum(widths[1:]) - len(aligned.GAP) * len(_COLUMNS))
    wide = min(widths[0], first)
    for row in listed:
        figures = (" " * (most - aligned.width(cell)) + cell for cell, most in zip(row[1:], widths[1:], strict=True))
        yield aligned.GAP.join((aligned.padded(aligned.clipped(row[0], wide), wide), *figures)).rstrip()


def _shown(reasons: Sequence[Reason]) -> list[Reason]:
    """The reasons that make up most; what rounding makes up below a coin is not worth a line."""
    worth = [reason for reason in reasons if reason.kind != "rounding" or abs(reason.money) >= sentences.COIN]
    return worth[:_REASONS]


def _reason(reason: Reason, words: Words) -> str:
    return words.say("certain" if reason.certain else "likely") + words.say("colon") + reason.says


def _item(sentence: str, columns: int) -> Iterator[str]:
    """A sentence behind a dash, folded where it has blanks to be folded at."""
    for number, line in enumerate(aligned.wrapped(aligned.shown(sentence).split(" "), columns - 2, between=" ")):
        yield ("- " if number == 0 else "  ") + line
