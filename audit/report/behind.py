"""What stands behind the month's money, as tables of texts: lists, currencies, sources' own costs, pools."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.report.speech import clip
from audit.report.tables import NONE, Row, Table, column
from audit.rounding import ZERO, rounded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audit.report.accounts import CurrencyLine, PoolLine
    from audit.report.content import Report
    from audit.report.speech import Speech

NAME_LENGTH = 60
FINER = 2  # digits more than the coin's: a million tokens may cost less than one


def priced_by(report: Report, speech: Speech) -> Table | None:
    """Which list priced what; calls without a known cost stand by themselves, and all add up to the spend."""
    lines = report.accounts.priced_by
    if not lines:
        return None
    say, told = speech.say, [line for line in lines if line.source is not None]
    money = column([line.cost for line in told], speech, to_the_coin=True)
    rows = [
        Row(speech.source(clip(line.source or "", NAME_LENGTH)), (speech.count(line.calls), cost))
        for line, cost in zip(told, money.parts, strict=True)
    ]
    free = report.calls - sum(line.calls for line in lines)
    if free > 0:
        rows.append(Row(say("accounts.priced.free"), (speech.count(free), NONE), (say("accounts.priced.free_why"),)))
    unpriced = sum(line.calls for line in lines if line.source is None)
    if unpriced:
        cells = (speech.count(unpriced), say("numbers.unknown"))
        rows.append(Row(say("accounts.priced.unpriced"), cells, (say("accounts.priced.unpriced_why"),), loud=True))
    calls = max(report.calls, sum(line.calls for line in lines))
    return Table(
        caption=say("accounts.priced.caption"),
        columns=tuple(say(f"accounts.priced.{name}") for name in ("list", "calls", "cost")),
        rows=tuple(rows),
        total=Row(say("accounts.total"), (speech.count(calls), money.total)) if len(rows) > 1 else None,
    )


def currencies(report: Report, speech: Speech) -> Table | None:
    """What other currencies come to in the report's, each at its rate."""
    lines, say = report.accounts.currencies, speech.say
    if not lines:
        return None
    money = column([line.cost for line in lines], speech, to_the_coin=True)
    rows = tuple(
        Row(
            line.currency,
            (
                speech.count(line.calls),
                speech.exact(line.native_cost, line.currency),
                NONE if line.currency == report.currency else speech.rate(line.rate),
                cost,
            ),
            _rate_from(line, report, speech),
        )
        for line, cost in zip(lines, money.parts, strict=True)
    )
    calls = speech.count(sum(line.calls for line in lines))
    apart = sum((line.cost for line in lines), ZERO) != report.spend
    return Table(
        caption=say("accounts.currencies.caption", currency=report.currency),
        columns=tuple(
            say(f"accounts.currencies.{name}", currency=report.currency)
            for name in ("currency", "calls", "native", "rate", "cost")
        ),
        rows=rows,
        total=Row(say("accounts.total"), (calls, "", "", money.total)) if len(rows) > 1 else None,
        notes=(say("accounts.currencies.not_spend", spend=speech.exact(report.spend)),) if apart else (),
    )


def _rate_from(line: CurrencyLine, report: Report, speech: Speech) -> tuple[str, ...]:
    """The month of a rate and where it is from; one that was kept has its source no more."""
    if line.currency == report.currency:
        return ()
    month = speech.month(report.month)
    if not line.rate_source:
        return (speech.say("accounts.currencies.kept", month=month),)
    return (speech.say("accounts.currencies.from", month=month, source=_place(speech.source(line.rate_source))),)


def _place(source: str) -> str:
    """An address as its site and the first of its path; anything else as it stands."""
    if "://" not in source:
        return clip(source, NAME_LENGTH)
    return "/".join(source.split("://", 1)[1].split("/")[:3])


def stated(report: Report, speech: Speech) -> Table | None:
    """What sources say themselves beside the list, and which of the two counts."""
    lines, say = report.accounts.stated, speech.say
    if not lines:
        return None
    digits = speech.digits()
    rows = []
    for line in lines:
        small = [say(f"accounts.stated.counts_{line.counted}")]
        if line.not_comparable:
            small.append(say("accounts.stated.not_comparable", n=line.not_comparable))
        own, listed = rounded(line.stated, digits), rounded(line.listed, digits)
        money = (*(speech.amount(one, digits) for one in (own, listed)), speech.amount(own - listed, digits, plus=True))
        cells = (speech.count(line.calls), *(money if line.calls else (NONE, NONE, NONE)))
        rows.append(Row(clip(line.source, NAME_LENGTH), cells, tuple(small)))
    headings = ("source", "calls", "stated", "listed", "difference")
    return Table(
        caption=say("accounts.stated.caption"),
        columns=tuple(say(f"accounts.stated.{name}") for name in headings),
        rows=tuple(rows),
    )


def pools(report: Report, speech: Speech) -> Table | None:
    """What pools of one's own cost and served. What one that served nothing cost is nowhere else."""
    lines, say = report.accounts.pools, speech.say
    if not lines:
        return None
    money = [speech.exact(line.cost) for line in lines]
    finest = speech.digits() + FINER
    rows = []
    for line, cost in zip(lines, money, strict=True):
        small = []
        if line.currency != report.currency:
            small.append(say("accounts.pools.native", money=speech.exact(line.native_cost, line.currency)))
        if is_idle(line):
            small.append(say("accounts.pools.idle"))
        each = NONE if line.per_mtok is None else speech.amount(rounded(line.per_mtok, finest), finest)
        cells = (speech.count(line.calls), speech.compact(line.tokens), cost, each)
        rows.append(Row(clip(line.pool, NAME_LENGTH), cells, tuple(small), loud=is_idle(line)))
    return Table(
        caption=say("accounts.pools.caption"),
        columns=tuple(say(f"accounts.pools.{name}") for name in ("pool", "calls", "tokens", "cost", "per_mtok")),
        rows=tuple(rows),
    )


def is_idle(line: PoolLine) -> bool:
    """Whether a pool cost money and served nothing."""
    return not line.calls and line.cost > 0


def idle_pools(report: Report, speech: Speech) -> Iterator[str]:
    """Loud: money that was spent and is in no figure of the report."""
    month = speech.month(report.month)
    for line in report.accounts.pools:
        if is_idle(line):
            pool, money = clip(line.pool, NAME_LENGTH), speech.money(line.cost)
            yield speech.say("accounts.pools.served_nothing", pool=pool, month=month, money=money)
