"""The text of a new format's SQL file, out of what was guessed."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING

from audit.newformat import guess, sample
from audit.newformat.draft import told
from audit.records import CALL_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from audit.newformat.draft import Draft

_WIDTH = 116
_CASE_WIDTH = 72
# A record is asked for so many paths: many formats compete, and the one that asks for more knows better.
_FEWEST, _MOST = 3, 6
_FIRST = ("id", "started", "ended", "model", "answer_model", "input", "output", "took", "code", "status_word", "cost")
_WORTH_HAVING = (
    "provider", "latency_ms", "first_token_ms", "operation", "cache_read_tokens", "cache_write_tokens", "status",
    "project", "team", "user_id", "api_key", "task", "session_id", "prompt_hash", "max_output_tokens", "finish_reason",
)  # fmt: skip
_LEFT_SHOWN = 60


def text(
    name: str, draft: Draft, *, holds: Sequence[str], each: str, signatures: Sequence[Sequence[str]], only_calls: bool,
    rows: int, left: Sequence[str],
) -> str:  # fmt: skip
    """The whole file. ``only_calls`` says that the log has records of other kinds; ``left`` are fields not used."""
    head = [
        "/*",
        f'title  = "{name.replace("_", " ")}"',
        f'source = "{name.replace("_", "-")}"',
        f"holds  = [{', '.join(_toml(kind) for kind in holds)}]",
        *([f"each   = [{_toml(each)}]"] if each else []),
        "",
        *(
            ["[params]", *(f"{key} = {_toml(value)}" for key, value in draft.params.items()), ""]
            if draft.params
            else []
        ),
        "[recognise]",
        "# A record is one of this log's if it has all paths of one list.",
        "any = [",
        *(f"  [{', '.join(_toml(path) for path in paths)}]," for paths in signatures),
        "]",
        "",
        "[record]",
        *_aligned({role: draft.fields[role] for role in (*guess.parts(), *draft.asked_for) if role in draft.fields}),
        "*/",
        f"-- Guessed by `audit formats new` from {rows:,} records. A line with '-- ?' asks what a sample cannot tell:",
        "-- see whether the guess below it holds, mend it where it does not, and take the line out.",
        "SELECT",
    ]
    given = [column.name for column in CALL_COLUMNS if column.name in draft.columns]
    body = [line for column in given for line in _column(column, draft, ending="" if column == given[-1] else ",")]
    tests = [f"nullif({role}, '-')" for role in ("model", "answer_model") if role in draft.fields]
    tests += [f"{draft.typed(role, 'whole')}::VARCHAR" for role in ("input", "output") if role in draft.fields]
    where = ["-- The sample has records of other kinds, too.", f"WHERE coalesce({', '.join(tests)}) IS NOT NULL"]
    missing = [column for column in _WORTH_HAVING if column not in draft.columns]
    shown = [*left[:_LEFT_SHOWN], *(["..."] if len(left) > _LEFT_SHOWN else [])]
    foot = [
        *_comment("--", f"Nothing was found for: {', '.join(missing)}." if missing else ""),
        *_comment("--", f"Nothing was made of: {', '.join(shown)}." if shown else ""),
    ]
    return "\n".join([*head, *body, "FROM records", *(where if only_calls and tests else []), *foot]) + "\n"


def _column(name: str, draft: Draft, *, ending: str) -> list[str]:
    given = draft.columns[name]
    lines = _comment("    --", given.said)
    lines += [line for asked in given.asked for line in _comment("    -- ?", asked)]
    sql = given.sql
    if sql.startswith("CASE ") and len(sql) > _CASE_WIDTH:
        for word in ("WHEN", "ELSE"):
            sql = sql.replace(f" {word} ", f"\n        {word} ")
        sql = f"{sql.removesuffix(' END')}\n    END"
    of = ", ".join(dict.fromkeys(told(draft.path(role)) for role in given.fields))
    stated = sql if sql == name else f"{sql} AS {name}"
    return [*lines, f"    {stated}{ending}" + (f"  -- {of}" if of else "")]


def _comment(mark: str, said: str) -> list[str]:
    """A comment on as many lines as it takes; only the first asks."""
    more = mark.replace("?", " ")
    lines = textwrap.wrap(said, _WIDTH - len(mark), break_long_words=False, break_on_hyphens=False)
    return [f"{more if number else mark} {line}" for number, line in enumerate(lines)]


def _aligned(fields: Mapping[str, str]) -> list[str]:
    wide = max(len(name) for name in fields) if fields else 0
    return [f"{name:<{wide}} = {_toml(path)}" for name, path in fields.items()]


def _toml(value: str) -> str:
    """A text as TOML has it, without what would end the comment that the header stands in."""
    if '"' in value and "'" not in value and value.isprintable() and "*/" not in value:
        return f"'{value}'"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f").replace("*/", "*\\u002f")


def signatures(
    draft: Draft, rows: Sequence[Mapping[str, object]], *, columns: Collection[str], more_than: int
) -> list[list[str]]:
    """The paths that a record of this log is known by: what all of the sample have, those that tell most first."""
    ordered = [role for role in _FIRST if role in draft.fields]
    ordered += [role for role in draft.fields if role not in ordered and role in draft.parts]
    paths = list(dict.fromkeys(draft.parts[role].path for role in ordered))
    if columns:  # of a table only the columns are known before it is read
        own = [sample.step(name) for name in columns if sample.can_be_named(name)]
        paths = [path for path in paths if path in own]
        return [_enough(paths, own, more_than)]
    common = [path for path in rows[0] if all(path in row for row in rows)]
    chosen = _enough([path for path in paths if path in common], common, more_than)
    if len(chosen) >= _FEWEST:
        return [chosen]
    kinds = dict.fromkeys(tuple(path for path in paths if path in row)[:_MOST] for row in rows)
    return [list(kind) for kind in list(kinds)[:_MOST] if kind] or [chosen]


def _enough(paths: Sequence[str], others: Iterable[str], more_than: int) -> list[str]:
    chosen = list(paths[: max(_MOST, more_than + 1)])
    for path in others:
        if len(chosen) >= max(_FEWEST, more_than + 1):
            break
        if path not in chosen:
            chosen.append(path)
    return chosen
