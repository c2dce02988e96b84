"""A format on its way: the fields it reads, the columns it gives, and what a person must still say."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from audit.ingest.fields import quoted
from audit.newformat.sample import like_a_key
from audit.newformat.values import decimal_commas, grouped, separators
from audit.records import CALL_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from audit.newformat.guess import Parts
    from audit.newformat.sample import Seen
    from audit.newformat.values import Values

_CASTS = {"whole": "BIGINT", "money": "DECIMAL(18, 9)"}
# Where a part that was guessed by its values is asked about.
_SURE = ("started_at", "model", "input_tokens", "output_tokens")
_ORDER = [column.name for column in CALL_COLUMNS]
_SHOWN = re.compile(r"[\w.\-$@\[\]{}*\"()（）/%:# ]{1,120}")


@dataclass(frozen=True, slots=True)
class Given:
    """A column: its SQL, the fields it is made of, what is said of it, and what a person is asked."""

    sql: str
    fields: tuple[str, ...]
    said: str
    asked: tuple[str, ...]


@dataclass
class Draft:
    """What is known so far.

    ``rows`` is how many calls the sample has; ``fields`` are [record]'s lines by name, ``asked_for`` the
    paths of those that hold parameters of the request. ``everywhere`` are the sample's fields by path with the values
    of all its records: a value that is not of a field's type would reject its record.
    ``unsure`` are parts that were guessed by values alone; ``seen`` are all fields of the sample's calls. ``weighed``
    are the paths of fields that tell what others hold, and that no column is made of; ``notes`` are sentences for who
    made the format, ``zoneless`` the fields whose dates have no zone, and ``asked_of`` the paths of
    those that a question of their own asks about.
    """

    parts: Parts
    values: Values
    rows: int
    everywhere: Mapping[str, Seen]
    unsure: Collection[str] = ()
    seen: Sequence[Seen] = ()
    weighed: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    zoneless: list[str] = field(default_factory=list)
    asked_of: set[str] = field(default_factory=set)
    fields: dict[str, str] = field(default_factory=dict)
    asked_for: dict[str, str] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    columns: dict[str, Given] = field(default_factory=dict)

    def has(self, *roles: str) -> bool:
        """Whether the sample has a field for one of some parts."""
        return any(role in self.parts for role in roles)

    def use(self, role: str, kind: str = "text") -> str:
        """Take a part's field into [record]; returns its name there."""
        path = self.parts[role].path
        self.fields.setdefault(role, path if kind == "text" and ":" not in path else f"{path}: {kind}")
        return role

    def use_asked(self, name: str, path: str) -> str:
        """Take what else was asked for into [record], as JSON; returns its name there."""
        self.asked_for[name] = path
        self.fields[name] = f"{path}: json"
        return name

    def path(self, name: str) -> str:
        """Where one of [record]'s fields lies."""
        return self.asked_for[name] if name in self.asked_for else self.parts[name].path

    def typed(self, role: str, kind: str) -> str:
        """The SQL of a part's value: the field of that type, or cast where some records have something else there."""
        seen = self.parts[role]
        if self.values.all_are(self.everywhere.get(seen.path, seen), kind):
            return self.use(role, kind)
        if decimal_commas(seen):
            return f"try_cast(replace({self.use(role)}, ',', '.') AS {_CASTS[kind]})"
        if grouped(seen):
            number = self.use(role)
            for sign in separators(seen):
                number = f"replace({number}, {quoted(sign)}, '')"
            return f"try_cast({number} AS {_CASTS[kind]})"
        return f"try_cast({self.use(role)} AS {_CASTS[kind]})"

    def give(self, column: str, sql: str, *, of: Sequence[str] = (), said: str = "", asked: Sequence[str] = ()) -> None:
        """State a column; ``of`` are the parts it comes from where its SQL looks at others, too."""
        words = set(re.findall(r"[a-z_][a-z_0-9]*", sql))
        fields = tuple(of) if of else tuple(name for name in self.fields if name in words)
        doubts = (
            f"{told(self.parts[role])} is taken for this by its values alone: is it?"
            for role in fields
            if role in self.unsure and column in _SURE
        )
        self.columns[column] = Given(sql, fields, said, (*doubts, *asked))

    def ask(self, column: str, question: str) -> None:
        """Ask one more question at a column."""
        given = self.columns[column]
        self.columns[column] = replace(given, asked=(*given.asked, question))

    def ask_at(self, question: str, *columns: str) -> None:
        """Ask one more question at the first of some columns that is stated, else at the call's id."""
        self.ask(next((column for column in columns if column in self.columns), "call_id"), question)

    @property
    def asked(self) -> list[str]:
        """The questions, in the order of their columns."""
        return [asked for name in _ORDER if name in self.columns for asked in self.columns[name].asked]

    def numbers(self, role: str) -> list[float | None]:
        """A part's values as numbers, a row each."""
        return self.numbers_of(self.parts[role]) if role in self.parts else []

    def numbers_of(self, seen: Seen) -> list[float | None]:
        """A field's values as numbers, a row each."""
        signs = separators(seen) if grouped(seen) else ""
        return [_number(value, signs) for value in seen.values]


def _number(value: object, signs: str) -> float | None:
    if signs and isinstance(value, str):
        value = value.translate(dict.fromkeys(map(ord, signs)))
    try:
        return None if isinstance(value, bool) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None


def told(seen: Seen | str) -> str:
    """A field's path for a sentence; what is no plain name may be a text: its length is told."""
    path = seen if isinstance(seen, str) else seen.path
    fits = _SHOWN.fullmatch(path) and not like_a_key(path) and "*/" not in path
    return path if fits else f"<{len(path)} characters>"
