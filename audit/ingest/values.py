"""The SQL that types a field's text, says what is wrong with it, and decides what of a text may be kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.ingest.fields import name, quoted
from audit.ingest.masking import BARE_KEY, RAW_KEY
from audit.records import MONEY, TEXTS

if TYPE_CHECKING:
    from audit.formatbook import Field

# No key is shorter.
KEY_BYTES = 11
# Columns that people and their programs fill as they like: a key may stand anywhere in them.
_FREE = {"user_id", "project", "team", "task", "environment", "session_id", "sub_account", "line_item"}
# Up to here a number is exact, and a whole one is what it was.
NUMBER_LIMIT = 1e15
COUNT_LIMIT = 2**31 - 1
UNREADABLE = "unreadable"
# A name or a label is short: what is longer may be a prompt, and only its fingerprint is kept.
LABEL_BYTES = 256
ASKS = {
    "whole": f"not a whole number from 0 to {COUNT_LIMIT:,}",
    "money": "not an amount of money",
    "number": "not a number",
    "flag": "neither true nor false",
    "instant": "not an instant: ISO 8601, or seconds or milliseconds since 1970",
    "texts": "not a list of texts",
}
# .NET counts tenths of microseconds since the year 1; this many of them lie before 1970.
_TICKS_BEFORE_1970 = 621_355_968_000_000_000


def present(text: str, one: Field) -> str:
    """An empty text is no value. Where a text is cast, the cast says so; the rest must be told."""
    return text if one.type in ASKS else f"nullif({text}, '')"


def typed(one: Field) -> str:
    """The field's value from its text, NULL where it is none."""
    raw = f"r_{one.name}"
    return {
        "text": raw,
        "json": f"CASE WHEN {raw} NOT IN ('[]', '{{}}', 'null', '\"\"') THEN {raw} END",
        # The engine would round a fraction.
        "whole": f"CASE WHEN NOT contains({raw}, '.') OR try_cast({raw} AS DOUBLE) = try_cast({raw} AS UINTEGER) "
        f"THEN try_cast({raw} AS UINTEGER)::BIGINT END",
        "money": f"try_cast({raw} AS {MONEY})",
        "number": f"CASE WHEN abs(try_cast({raw} AS DOUBLE)) < {NUMBER_LIMIT:.0f} THEN try_cast({raw} AS DOUBLE) END",
        "flag": f"try_cast({raw} AS BOOLEAN)",
        "texts": f"try_cast(try_cast({raw} AS JSON) AS VARCHAR[])",
        "instant": _instant(raw),
    }[one.type]


def _instant(raw: str) -> str:
    """ISO 8601 (a date without a zone is in the session's), or an epoch told by its magnitude, or .NET ticks.

    Python's logging writes a comma before the fraction of a second.
    """
    number = f"try_cast({raw} AS DOUBLE)"
    scales = (
        (1e11, "{0} * 1e6"),
        (1e14, "{0} * 1e3"),
        (1e17, "{0}"),
        (1e18, f"(try_cast({raw} AS BIGINT) - {_TICKS_BEFORE_1970}) / 10"),
        (9e18, "{0} / 1e3"),
    )
    epoch = " ".join(f"WHEN {number} < {below:.0f} THEN {scale.format(number)}" for below, scale in scales)
    return (
        f"make_timestamp(coalesce(epoch_us(try_cast({raw} AS TIMESTAMPTZ)), "
        f"epoch_us(try_cast(replace({raw}, ',', '.') AS TIMESTAMPTZ)), "
        f"CASE WHEN {number} >= 0 THEN round(CASE {epoch} END)::BIGINT END))"
    )


def problems(fields: tuple[Field, ...]) -> str:
    """Whether anything is wrong is one test for most records; only what fails it is asked for its reason."""
    nothing = " AND ".join(f"{name(one.name)} IS NULL" for one in fields)
    wrong = {
        one: f"{name(one.name)} IS NULL AND r_{one.name} <> ''"
        + (f" OR {name(one.name)} > {COUNT_LIMIT}" if one.type == "whole" else "")
        for one in fields
        if one.type in ASKS
    }
    unreadable = f"WHEN {nothing} THEN '{UNREADABLE}'"
    if not wrong:
        return f"CASE {unreadable} END"
    reasons = " ".join(f"WHEN {test} THEN {quoted(f'{one.path}: {ASKS[one.type]}')}" for one, test in wrong.items())
    anything = " OR ".join(f"({test})" for test in wrong.values())
    return f"CASE {unreadable} WHEN {anything} THEN CASE {reasons} END END"


def kept(column: str, kind: str, *, composed: bool) -> str:
    """A text column as it may be kept: no key, no message, no prompt. One that is composed may hold a key inside."""
    if column == "error_type":
        # A kind of error is a word; a message or a traceback after it may hold anything.
        word = rf"nullif(left(regexp_extract({column}, '^[\w.\-]+'), 80), '')"
        return _told(word, _alone(word))
    if column == "prompt":
        return f"regexp_replace({column}, {quoted(RAW_KEY)}, '<secret>', 'g')"
    if kind == TEXTS:
        return f"CASE WHEN {column} IS NOT NULL THEN list_transform({column}, lambda x: {_told('x', _within('x'))}) END"
    if column == "api_key":
        return _told(column, f"({_within(column)} OR regexp_matches({column}, {quoted(BARE_KEY)}))")
    return _told(column, _within(column) if composed or column in _FREE else _alone(column))


def _told(column: str, secret: str) -> str:
    """A key as its hash, which still tells one from another; a long text as its fingerprint; anything else as it is."""
    return (
        f"CASE WHEN strlen({column}) < {KEY_BYTES} THEN {column} "
        f"WHEN {secret} THEN 'key-' || left(sha256({column}), 16) "
        f"WHEN strlen({column}) > {LABEL_BYTES} THEN 'md5-' || md5({column}) ELSE {column} END"
    )


def _within(column: str) -> str:
    return f"regexp_matches({column}, {quoted(RAW_KEY)})"


def _alone(column: str) -> str:
    """Whether the text is a key from its first word on, which is a third of the work; an object may hold one."""
    first = f"regexp_matches({column}, {quoted(r'^[^A-Za-z0-9_]{0,4}(?:' + RAW_KEY + ')')})"
    return f"({first} OR ord({column}) IN ({ord('{')}, {ord('[')}) AND {_within(column)})"
