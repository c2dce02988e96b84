"""The SQL that finds a format's fields in a log: each as text, as the file has it.

Plain fields of JSON are read by name into typed structures, which is fastest. A format that unfolds lists reads
each record whole and goes into it; a field inside a text, or in a list of pairs, is found by way of an alias that is
computed once a record.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from audit.engine.duckdb import Engine
    from audit.formatbook import Field, Format
    from audit.logpath import Step

# OpenTelemetry wraps each value in an object that names its type; a list holds such objects in turn.
_SCALARS = ", ".join(f"v->'$.{kind}Value'" for kind in ("string", "int", "double", "bool"))
_LISTED = "to_json(list_transform(json_extract(v, '$.arrayValue.values[*]'), lambda e: scalar_value(e)))"
_MACROS = (
    "inside_json(x) AS CASE json_type(x) WHEN 'VARCHAR' THEN try_cast(json_extract_string(x, '$') AS JSON) ELSE x END",
    f"scalar_value(v) AS CASE WHEN json_type(v) = 'OBJECT' THEN coalesce({_SCALARS}, v) ELSE v END",
    f"plain_value(v) AS CASE WHEN json_type(v, '$.arrayValue') = 'OBJECT' THEN {_LISTED} ELSE scalar_value(v) END",
    "pair_keys(pairs) AS list_transform(pairs, lambda p: json_extract_string(p, '$.key'))",
    "pair_values(pairs) AS list_transform(pairs, lambda p: plain_value(json_extract(p, '$.value')))",
)
TABLES = ("csv", "parquet", "table")
_PATHS = "<paths>"  # stands for a list of paths until all of them are known


def install(engine: Engine) -> None:
    """Give the engine the functions that the fields' SQL uses."""
    for macro in _MACROS:
        engine.run(f"CREATE OR REPLACE TEMP MACRO {macro}")


@dataclass
class Finder:
    """Where the fields of one format are found in one kind of container.

    ``columns`` are a table's own, in order. After :meth:`text` was asked for every field, :meth:`unfolded` and
    :meth:`prepared` wrap the source with the aliases that the texts use. What is kept of them goes by the value that
    it is taken from: the record ("json"), an element ("e1", ...), or a column ("").
    """

    format: Format
    container: str
    columns: tuple[str, ...] = ()
    _layers: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    _paths: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    _texts: dict[str, list[str]] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether records are read whole, as one JSON value."""
        return bool(self.format.each) and self.container not in TABLES

    @property
    def shape(self) -> dict[str, str]:
        """The type each top-level name of a JSON record is read as: text, JSON, or a structure of texts."""
        tree: dict[str, Any] = {}
        for one in self.format.fields:
            if one.steps[0].text in self._as_json:
                tree[one.steps[0].text] = "JSON"
                continue
            branch = tree
            for step in one.steps[:-1]:
                inner = branch.get(step.text)
                if not isinstance(inner, dict):
                    inner = branch[step.text] = {}
                branch = inner
            branch.setdefault(one.steps[-1].text, "VARCHAR")
        return {name: _type(kind) for name, kind in tree.items()}

    @property
    def _as_json(self) -> set[str]:
        """Top-level names read as JSON: those stepped through otherwise than by name, and those wanted whole.

        So is one that is asked for both as a text and for what lies in it.
        """
        asked = {one.steps for one in self.format.fields}
        gone_into = {steps[:depth] for steps in asked for depth in range(1, len(steps))}
        return {
            one.steps[0].text
            for one in self.format.fields
            if one.type in ("json", "texts") or any(step.kind != "name" for step in one.steps) or one.steps in gone_into
        }

    def text(self, one: Field) -> str:
        """The field as text, or NULL where this container cannot have it."""
        if self.container in TABLES:
            return self._in_table(one)
        if self.whole:
            start, steps = self._at_hand(one.steps)
            self._texts.setdefault(start, []).append(f"{self._inside(start, steps, one, start)} AS t_{one.name}")
            return f"t_{one.name}"
        top = one.steps[0].text
        if top in self._as_json:
            return self._inside(name(top), one.steps[1:], one, "")
        return ".".join(name(step.text) for step in one.steps)

    def unfolded(self, source: str) -> str:
        """Rows of ``source`` (json, record, file), one for each element of the list that a record has.

        What is asked of a record, or of an element that holds others, is read before those are unfolded, so that it is
        read once and need not be carried along with each of them.
        """
        lists = [_levels(steps) for steps in self.format.each]
        deepest = max(len(levels) for levels in lists)
        tests = " ".join(
            f"WHEN json_type(json, {_json_path(levels[0])}) = 'ARRAY' THEN {number}"
            for number, levels in enumerate(lists)
        )
        sql = f"SELECT json, record, file, CASE {tests} END AS list_at FROM ({source})"
        carried = ["record", "file"]
        for depth in range(deepest + 1):
            above = f"e{depth}" if depth else "json"
            texts = self._texts.get(above, [])
            here = ", ".join([*carried, *texts, *(["list_at", above] if depth < deepest else [])])
            sql = f"SELECT {here} FROM ({self._layered(sql, above)})"
            carried += [text.rpartition(" AS ")[2] for text in texts]
            if depth < deepest:
                cases = " ".join(
                    f"WHEN {number} THEN json_extract({above}, {_json_path(levels[depth], '[*]')})"
                    for number, levels in enumerate(lists)
                    if depth < len(levels)
                )
                element = f"unnest(CASE list_at {cases} ELSE [{above}] END) AS e{depth + 1}"
                sql = f"SELECT {', '.join(carried)}, list_at, {element} FROM ({sql})"
        return sql

    def prepared(self, source: str) -> str:
        """The source with the aliases that the texts asked for."""
        return self._layered(source, "")

    def _layered(self, source: str, root: str) -> str:
        """The source with what is computed once of one value: step by step, each from those before."""
        for layer in self._layers.get(root, []):
            taken = (f"{self._filled(root, alias, sql)} AS {alias}" for sql, alias in layer.items())
            source = f"SELECT *, {', '.join(taken)} FROM ({source})"
        return source

    def _filled(self, root: str, alias: str, expression: str) -> str:
        paths = self._paths.get((root, alias))
        return expression if paths is None else expression.replace(_PATHS, f"[{', '.join(paths)}]")

    def _in_table(self, one: Field) -> str:
        steps = one.steps[1:] if one.steps[0].kind == "element" else one.steps
        if one.path in self.columns:
            steps = ()
            column = self._column(one.path, one)
        elif not steps or steps[0].text not in self.columns or any(step.kind == "each" for step in steps):
            return "NULL::VARCHAR"
        else:
            column, steps = self._column(steps[0].text, one), steps[1:]
        if not steps:
            return column
        # A table keeps an object as the text of its JSON, whether the path says so or not.
        steps = steps[1:] if steps[0].kind == "inside" else steps
        start = self._alias("", 0, f"try_cast({column} AS JSON)")
        return self._inside(start, steps, one, "", depth=1)

    def _column(self, column: str, one: Field) -> str:
        if self.container == "csv":
            return f"c{self.columns.index(column)}"
        named = name(column)
        if self.container == "parquet" and (one.type in ("texts", "json") or one.steps[-1].text != column):
            return f"CASE typeof({named}) WHEN 'VARCHAR' THEN {named}::VARCHAR ELSE to_json({named})::VARCHAR END"
        return f"{name(column)}::VARCHAR"

    def _at_hand(self, steps: tuple[Step, ...]) -> tuple[str, tuple[Step, ...]]:
        """The value that a path of an unfolded record starts from, and the steps that are left."""
        if steps[0].kind == "element":
            return f"e{max(len(_levels(each)) for each in self.format.each)}", steps[1:]
        count = sum(step.kind == "each" for step in steps)
        if not count:
            return "json", steps
        last = max(at for at, step in enumerate(steps) if step.kind == "each")
        return f"e{count}", steps[last + 1 :]

    def _inside(self, start: str, steps: tuple[Step, ...], one: Field, root: str, depth: int = 0) -> str:
        """The text at the end of some steps from a JSON value."""
        value = start
        ahead: list[Step] = []
        for step in steps:
            if step.kind == "inside":
                value = self._alias(root, depth, f"inside_json({_extract(value, ahead)})")
                depth, ahead = depth + 1, []
            elif step.kind == "key":
                pairs = self._alias(root, depth, f"json_extract({value}, {_json_path(tuple(ahead), '[*]')})")
                keys = self._alias(root, depth + 1, f"pair_keys({pairs})")
                values = self._alias(root, depth + 1, f"pair_values({pairs})")
                value, depth, ahead = f"{values}[list_position({keys}, {quoted(step.text)})]", depth + 2, []
            else:
                ahead.append(step)
        whole = one.type == "json"
        if not ahead or "[list_position(" in value:
            if whole:
                return f"{_extract(value, ahead)}::VARCHAR"
            return f"json_extract_string({value}, {_json_path(tuple(ahead))})"
        # All that is wanted of one value is taken out of it at once: it is parsed but once.
        taker = "json_extract" if whole else "json_extract_string"
        taken = self._alias(root, depth, f"{taker}({value}, {_PATHS})")
        paths = self._paths.setdefault((root, taken), [])
        path = _json_path(tuple(ahead))
        if path not in paths:
            paths.append(path)
        return f"{taken}[{paths.index(path) + 1}]" + ("::VARCHAR" if whole else "")

    def _alias(self, root: str, depth: int, expression: str) -> str:
        layers = self._layers.setdefault(root, [])
        while len(layers) <= depth:
            layers.append({})
        return layers[depth].setdefault(expression, f"v_{root}{depth}_{len(layers[depth])}")


def _levels(steps: tuple[Step, ...]) -> list[tuple[Step, ...]]:
    """The steps to each list on the way to the innermost, each from the element before."""
    levels: list[tuple[Step, ...]] = []
    begin = 0
    for at, step in enumerate(steps):
        if step.kind == "each":
            levels.append(steps[begin:at])
            begin = at + 1
    return levels


def _extract(value: str, ahead: list[Step]) -> str:
    return f"json_extract({value}, {_json_path(tuple(ahead))})" if ahead else value


def _json_path(steps: tuple[Step, ...], end: str = "") -> str:
    parts = (f"[{step.text}]" if step.kind == "index" else f".{name(step.text)}" for step in steps)
    return quoted("$" + "".join(parts) + end)


def _type(kind: str | dict[str, Any]) -> str:
    if isinstance(kind, str):
        return kind
    return "STRUCT(" + ", ".join(f"{name(part)} {_type(inner)}" for part, inner in kind.items()) + ")"


def name(text: str) -> str:
    """A name as SQL takes it."""
    return '"' + text.replace('"', '""') + '"'


def quoted(text: str) -> str:
    """A text as SQL takes it."""
    return "'" + text.replace("'", "''") + "'"
