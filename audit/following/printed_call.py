"""One call as lines of text: its record, where it was told, its price term by term, and its flags."""

from __future__ import annotations

import textwrap
from datetime import datetime
from typing import TYPE_CHECKING, Any

from audit.following import figures
from audit.pricing.cost import POOL
from audit.terminal import aligned, tabular

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from audit.following.onecall import OneCall, Sighting, Statement
    from audit.following.paid import Priced
    from audit.wording import Voice

WIDTH = 100
_PROMPT = 200


def sightings(found: Sequence[Sighting], zone: ZoneInfo) -> list[str]:
    """Calls that one name may mean, and how to name each."""
    rows = [
        [f"{call.source}/{call.call_id}", figures.time(call.started_at, zone), call.project or "-", call.model or "-"]
        for call in found
    ]
    return tabular.lines(("call", "time", "project", "model"), rows, None)


def one_call(call: OneCall, currency: str, voice: Voice, zone: ZoneInfo, columns: int | None) -> list[str]:
    """A call: its record, where it was told, its price and its flags."""
    record = call.record
    return [
        aligned.shown(
            f"{record['call_id']}  from {record['source']}  {figures.time(record['started_at'], zone)} {zone.key}"
        ),
        "",
        *_record(call),
        "",
        *_price(call.priced, record, currency),
        "",
        *_flags(call, currency, voice, columns),
    ]


def _record(call: OneCall) -> list[str]:
    stated = {name: value for name, value in call.record.items() if value is not None}
    rows = [[name, _value(name, value)] for name, value in stated.items()]
    if call.project != call.record["project"]:
        rows.append(["counted for", f"{call.project or 'nobody'} (by the settings)"])
    rows += [["told by" if len(call.statements) > 1 else "read from", _place(call, one)] for one in call.statements]
    silent = [name for name in call.record if name not in stated and name != "prompt"]
    return [
        *tabular.lines(("record", ""), rows, None),
        *textwrap.wrap(f"not stated: {', '.join(silent)}", WIDTH, subsequent_indent="  "),
    ]


def _place(call: OneCall, one: Statement) -> str:
    return one.file if len(call.statements) == 1 else f"{one.source}, as {one.call_id}: {one.file}"


def _value(name: str, value: Any) -> str:
    if name == "prompt":
        return textwrap.shorten(str(value), _PROMPT, placeholder=" ...")
    if isinstance(value, datetime):
        return f"{value} UTC"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _price(priced: Priced, record: dict[str, Any], currency: str) -> list[str]:
    why = {
        "gateway": "answered by the gateway's own cache: nobody billed it",
        "failed": "it failed and states no usage: nobody billed it",
        "unknown": "it states no usage, or only one half of it: its cost is unknown",
        "unlisted": f"no price is known: audit prices explain '{record['model'] or ''}'",
        "billed": f"{priced.source}: {priced.listed}, in {priced.currency}",
    }[priced.way]
    rows = [
        [part.unit, f"{part.count:,}", f"{figures.trimmed(part.price)}", f"{figures.trimmed(part.amount)}"]
        for part in priced.parts
    ]
    rest = "rest of the pool" if str(priced.source).startswith(POOL) else "rounding"
    rows += [[rest, "", "", figures.trimmed(priced.rest)]] if priced.parts and priced.rest else []
    if priced.parts:
        rows.append([f"price list, {priced.currency}", "", "", figures.exact(priced.native_cost)])
    if priced.parts and priced.currency != currency:
        rows.append([f"in {currency}", "", f"{figures.trimmed(priced.rate)}", figures.exact(priced.list_cost)])
    if priced.list_cost != priced.cost:
        own = (
            f"stated: {figures.trimmed(record['stated_cost'])} {record['stated_currency']}"
            if record["stated_cost"] is not None
            else "not stated"
        )
        rows.append([f"its source's own cost counts, {own}", "", "", figures.exact(priced.cost)])
    rows.append([f"cost, {currency}", "", "", "unknown" if priced.cost is None else figures.exact(priced.cost)])
    assumed = [f"assumed: {priced.assumed}"] if priced.assumed else []
    return [
        aligned.shown(why),
        *tabular.lines(("price", "count", "of one", "amount"), rows, None, right=("count", "of one", "amount")),
        *assumed,
    ]


def _flags(call: OneCall, currency: str, voice: Voice, columns: int | None) -> list[str]:
    if not call.flags:
        return [
            f"no rule flagged it in {call.month}"
            if call.audited
            else f"{call.month} was not audited into this store: audit run --month {call.month} does so"
        ]
    rows = [
        [
            flag.finding,
            str(flag.grade),
            figures.exact(flag.saving),
            figures.exact(flag.credited),
            figures.exact(flag.left),
            figures.evidence(flag.evidence, voice),
        ]
        for flag in call.flags
    ]
    head = ("finding", "grade", "claimed", "credited", "left", "evidence")
    told = tabular.lines(head, rows, columns, right=("claimed", "credited", "left"))
    left, paid = call.flags[-1].left, call.cost_at_audit
    if left is not None and paid is not None:
        told.append(f"of {paid:,f} {currency}, {paid - left:,f} is credited to findings and {left:,f} is left")
    if paid != call.priced.cost:
        told.append(f"its cost is another since {call.month} was audited: audit run --month {call.month}")
    return told
