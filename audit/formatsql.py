"""The SELECT of a format: what it gives, and with each record's number, file and problem carried through it."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, cast

import sqlglot
from sqlglot import exp

from audit.records import BILL_COLUMNS, CALL_COLUMNS, Column, UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from audit.sqlfile import SqlFile

Kind = Literal["calls", "bills"]
Params = dict[str, bool | int | float | str]
COLUMNS: dict[Kind, tuple[Column, ...]] = {"calls": CALL_COLUMNS, "bills": BILL_COLUMNS}
# Names that are no field's.
TAKEN = {"problem", "record", "file"}
FINGERPRINTS = {
    "prompt_hash", "parameters", "template_hash", "prefix_hash", "prefix_tokens", "message_count", "request_text",
}  # fmt: skip
_COMPOSING = (exp.Concat, exp.ConcatWs, exp.DPipe)


class Compiled(NamedTuple):
    """The SELECT over ``records``; its columns; whether it reads a record in the light of those before it.

    ``composed`` are the columns that are put together from several texts; ``prompts`` the fields that fingerprints are
    taken of.
    """

    select: str
    columns: tuple[str, ...]
    looks_back: bool
    composed: frozenset[str]
    prompts: frozenset[str]


@dataclass(frozen=True, slots=True)
class Select:
    """A format's SELECT on its way to the one that is run."""

    file: SqlFile
    kind: Kind
    fields: Collection[str]
    params: Params

    def carrying(self) -> Compiled:
        """The SELECT with each record's number, file and problem carried along past its own filters; its columns.

        A record that could not be read must reach the rejects whatever the format filters on. Windows look at
        one file, however many are read at once.
        """
        tree, steps = self._spelt_out(self._parsed())
        columns = tuple(tree.named_selects)
        known = [column.name for column in COLUMNS[self.kind]]
        for name in columns:
            if name not in known:
                raise self._wrong(f"'{name}' is no column of the {self.kind}{nearest(name, known)}", name)
        self._check_names(tree, steps)
        prompts = frozenset(
            column.name
            for call in tree.find_all(exp.Anonymous)
            if call.name.lower() in FINGERPRINTS
            for column in call.find_all(exp.Column)
        )
        windows = list(tree.find_all(exp.Window))
        for window in windows:
            if window.args.get("alias"):  # it is defined elsewhere, under its name
                continue
            window.set("partition_by", [exp.column("file"), *(window.args.get("partition_by") or [])])
        composed = frozenset(one.alias_or_name for one in tree.selects if one.find(*_COMPOSING))
        for clause in (exp.Where, exp.Qualify):
            given = tree.args.get(clause.key)
            if given is not None:
                kept = exp.or_(exp.column("problem").is_(exp.null()).not_(), exp.paren(given.this))
                tree.set(clause.key, clause(this=kept))
        tree = tree.select("record", "file", "problem")
        # Names are quoted: a field may be called "end" or "user".
        return Compiled(str(tree.sql(dialect="duckdb", identify=True)), columns, bool(windows), composed, prompts)

    def _parsed(self) -> exp.Select:
        try:
            tree = sqlglot.parse_one(self.file.sql, dialect="duckdb")
        except sqlglot.errors.ParseError as error:
            told = error.errors[0] if error.errors else {}
            line = self.file.sql_line + int(told.get("line") or 1) - 1
            said = told.get("description") or str(error).splitlines()[0]
            raise UsageError(f"{self.file.path}, line {line}: {said}") from None
        if not isinstance(tree, exp.Select) or tree.args.get("group") or tree.args.get("with_"):
            raise self._wrong("a format is one SELECT ... FROM records, without WITH and GROUP BY")
        filled = cast("exp.Select", tree.transform(self._filled))
        # No absurd value may cost a file: what cannot be cast is nothing.
        for node in list(filled.find_all(exp.Cast)):
            if type(node) is exp.Cast:
                node.replace(exp.TryCast(**node.args))
        return filled

    def _spelt_out(self, tree: exp.Select) -> tuple[exp.Select, Collection[str]]:
        """Steps on the way, which are named like ``_usage``, put in where a later column names them; their names."""
        steps: dict[str, exp.Expr] = {}
        named: set[str] = set()

        def step(node: exp.Expr) -> exp.Expr:
            if not isinstance(node, exp.Column) or node.name not in steps:
                return node
            named.add(node.name)
            return steps[node.name].copy()

        columns = []
        for column in tree.selects:
            spelt = column.transform(step)
            if column.alias_or_name.startswith("_"):
                steps[column.alias_or_name] = exp.paren(spelt.unalias())
            else:
                columns.append(spelt)
        tree.set("expressions", columns)
        for clause in ("where", "qualify"):
            if tree.args.get(clause) is not None:
                tree.set(clause, tree.args[clause].transform(step))
        for name in steps:
            if name not in named:  # a column's name that is misspelt must not be lost
                raise self._wrong(f"the step '{name}' is named nowhere below it", name)
        return tree, steps

    def _filled(self, node: exp.Expr) -> exp.Expr:
        """A parameter as the value it has."""
        if not isinstance(node, exp.Parameter | exp.Placeholder):
            return node
        name = node.name or str(node.this or "")
        if name not in self.params:
            raise self._wrong(
                f"${name} is no parameter{nearest(name, self.params)}; parameters stand in [params]", f"${name}"
            )
        return exp.convert(self.params[name])

    def _check_names(self, tree: exp.Select, steps: Collection[str]) -> None:
        known = {*self.fields} | TAKEN
        inner = {name.name for part in tree.find_all(exp.Lambda) for name in part.expressions}
        for column in tree.find_all(exp.Column):
            name = column.name
            if name in known | inner:
                continue
            if name in steps:
                raise self._wrong(f"the step '{name}' is named above the line that states it", name)
            if name.startswith("_"):
                raise self._wrong(f"no step '{name}' above{nearest(name, {*steps, *known})}", name)
            raise self._wrong(f"no field '{name}' in [record]{nearest(name, known)}", name)

    def _wrong(self, said: str, word: str = "") -> UsageError:
        """The error with the line the word first stands on."""
        at = re.search(rf"(?<!\w){re.escape(word)}\b", self.file.sql) if word else None
        line = self.file.sql_line + self.file.sql[: at.start()].count("\n") if at else self.file.sql_line
        return UsageError(f"{self.file.path}, line {line}: {said}")


def nearest(name: str, known: Iterable[str]) -> str:
    """A question that names the one meant, where one is near."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean '{near[0]}'?" if near else ""
