"""Rules: ``<family>/<id>.sql`` -> :class:`Rule`, checked before anything runs.

A call rule returns ``call_id``, ``saving`` and evidence; a subject rule ``project``, ``subject``, ``amount`` and
evidence. Which one a rule is, its columns tell.
"""

from __future__ import annotations

import string
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlglot
from sqlglot import exp

from audit import sqlfile
from audit.records import Grade, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from audit.sqlfile import SqlFile

TABLES = ("calls", "prices", "daily_spend", "projects")
TEXTS = ("title", "because", "fix")
GIVEN_TO_TEXTS = ("project", "subject", "calls", "amount", "saving")
_KEYS = {"title", "grade", "because", "fix", "precedence", "look_back_days", "note", "params", "zh"}
LOOK_BACK_LIMIT = 35
_TABLE_FUNCTIONS = {"unnest", "generate_series", "range", "explodinggenerateseries"}

# What a rule may not ask for: the clock, chance, the settings, the catalogue, files, the network, other SQL. The
# engine is sealed besides; this list makes the refusal a sentence, and keeps results the same from run to run.
_REFUSED_PREFIXES = ("read_", "duckdb_", "pragma_", "pg_", "parquet_", "sniff_", "scan_", "write_", "copy_", "which_")
_REFUSED = {
    "now", "today", "current_date", "current_time", "current_timestamp", "current_localtime", "localtime",
    "current_localtimestamp", "localtimestamp", "get_current_timestamp", "get_current_time", "transaction_timestamp",
    "random", "rand", "setseed", "uuid", "uuidv4", "uuidv7", "gen_random_uuid", "getenv", "current_setting",
    "query", "query_table", "nextval", "currval", "txid_current", "version", "current_user", "current_database",
    "current_catalog", "current_schema", "current_schemas", "current_query", "glob", "checkpoint", "force_checkpoint",
    "getvariable", "json_execute_serialized_sql", "add_parquet_key", "seq_scan", "index_scan", "arrow_scan",
    "python_map_function", "http_get", "unixtimestamp", "session_user", "user", "connection_id", "sleep_ms", "setval",
    "stats", "vector_type", "ago", "current_role", "current_connection_id", "current_query_id",
    "current_transaction_id", "in_search_path",
}  # fmt: skip
# The engine reads these as calls even where they stand as a quoted column's name.
_BARE = {
    "current_date", "current_time", "current_timestamp", "localtime", "localtimestamp", "current_user", "current_role",
    "current_catalog", "current_schema", "session_user", "user",
}  # fmt: skip
# One value of any size, made in one step that no time limit interrupts.
_UNBOUNDED = {"generate_series", "range", "repeat", "pad", "list_resize", "array_resize"}
_COUNT_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as its file states it. ``params`` are the values a run binds to its ``$names``."""

    id: str
    family: str
    path: Path
    sql: str
    sql_line: int
    grade: Grade
    precedence: int
    look_back_days: int
    texts: Mapping[str, Mapping[str, str]]
    params: Mapping[str, Any]
    note: str = ""

    def text(self, key: str, language: str) -> str:
        """The title, because or fix in a language; English where the language has none."""
        return self.texts.get(language, {}).get(key) or self.texts["en"][key]


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that cannot be used, with where and why."""

    id: str
    family: str
    path: Path
    reason: str


def find(folders: Iterable[Path]) -> dict[str, Path]:
    """Every rule file by id; a later folder's replaces an earlier's of the same id."""
    found: dict[str, Path] = {}
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"{folder}: no such folder of rules")
        found |= {path.stem: path for path in sorted(folder.rglob("*.sql"))}
    return dict(sorted(found.items()))


def load(folders: Iterable[Path], overrides: Mapping[str, Mapping[str, Any]]) -> tuple[list[Rule], list[Broken]]:
    """The rules of some folders with the settings' parameters, and those that cannot be used.

    A settings table that names no rule, or a parameter that no rule has, is an error.
    """
    paths = find(folders)
    for name in overrides:
        if name not in paths:
            raise UsageError(f"settings: [rules.{name}] names no rule; `audit rules list` shows them")
    rules, broken = [], []
    for rule_id, path in paths.items():
        wanted = dict(overrides.get(rule_id, {}))
        enabled = wanted.pop("enabled", True)
        if not isinstance(enabled, bool):
            raise UsageError(f"settings: [rules.{rule_id}] enabled is {enabled!r}, not true or false")
        if not enabled:
            continue
        try:
            rules.append(read(path, wanted))
        except UsageError as error:
            broken.append(Broken(rule_id, path.parent.name, path, str(error)))
    return rules, broken


def read(path: Path, overrides: Mapping[str, Any] | None = None) -> Rule:
    """One rule, checked as far as it can be without running it. Raises UsageError with file, line and reason."""
    file = sqlfile.read(path)
    header = file.header
    unknown = set(header) - _KEYS
    if unknown:
        raise UsageError(f"{path}: unknown key '{min(unknown)}' in the header; known: {', '.join(sorted(_KEYS))}")
    texts = {"en": {key: _text(file, header, key) for key in TEXTS}}
    for key in ("params", "zh"):
        if not isinstance(header.get(key, {}), dict):
            raise UsageError(f"{path}: '{key}' in the header is a table: write [{key}] and its lines below it")
    if "zh" in header:
        texts["zh"] = {key: _text(file, header["zh"], key) for key in TEXTS if key in header["zh"]}
    try:
        grade = Grade(header.get("grade", ""))
    except ValueError:
        raise UsageError(f"{path}: grade is one of {', '.join(Grade)}") from None
    params = dict(header.get("params", {}))
    for name, value in (overrides or {}).items():
        if name not in params:
            known = ", ".join(params) or "none"
            raise UsageError(f"{path}: the settings give it '{name}'; its parameters are: {known}")
        params[name] = _same_kind(path, name, params[name], value)
    tree = _parsed(file)
    used = {str(node.this.name) for node in tree.find_all(exp.Parameter) if node.this}
    used |= {str(node.name) for node in tree.find_all(exp.Placeholder) if node.name}
    for name in sorted(used - set(params)):
        raise UsageError(f"{path}, line {_line(file, '$' + name)}: '${name}' is no parameter; add it to [params]")
    _check_sandbox(file, tree)
    return Rule(
        id=file.name,
        family=path.parent.name,
        path=path,
        sql=file.sql,
        sql_line=file.sql_line,
        grade=grade,
        precedence=_whole(path, header, "precedence", 100, 10_000),
        look_back_days=_whole(path, header, "look_back_days", 0, LOOK_BACK_LIMIT),
        texts=texts,
        params={name: value for name, value in params.items() if name in used},
        note=str(header.get("note", "")).strip(),
    )


def _whole(path: Path, header: Mapping[str, Any], key: str, default: int, most: int) -> int:
    value = header.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise UsageError(f"{path}: '{key}' is a whole number from 0 to {most}")
    return value


def _text(file: SqlFile, header: Mapping[str, Any], key: str) -> str:
    value = header.get(key)
    if not isinstance(value, str) or not value.strip():
        raise UsageError(f"{file.path}: the header needs a text '{key}'")
    try:
        list(string.Formatter().parse(value))
    except ValueError as error:
        raise UsageError(f"{file.path}: '{key}': {error}") from None
    return value.strip()


def placeholders(rule: Rule) -> set[str]:
    """The names in braces that the rule's texts use."""
    return {
        name
        for texts in rule.texts.values()
        for text in texts.values()
        for _, name, _, _ in string.Formatter().parse(text)
        if name
    }


def _same_kind(path: Path, name: str, default: Any, value: Any) -> Any:
    numbers = (int, float)
    both_numbers = isinstance(default, numbers) and isinstance(value, numbers) and not isinstance(value, bool)
    if isinstance(default, bool) != isinstance(value, bool) or not (both_numbers or isinstance(value, type(default))):
        raise UsageError(
            f"{path}: parameter '{name}' is {value!r} in the settings, but its default {default!r} is of another kind"
        )
    return value


def _parsed(file: SqlFile) -> exp.Expr:
    try:
        trees = [tree for tree in sqlglot.parse(file.sql, dialect="duckdb") if tree is not None]
    except sqlglot.errors.ParseError as error:
        detail = error.errors[0] if error.errors else {}
        line = file.sql_line + int(detail.get("line") or 1) - 1
        raise UsageError(f"{file.path}, line {line}: {detail.get('description') or error}") from None
    except (sqlglot.errors.SqlglotError, RecursionError) as error:
        raise UsageError(f"{file.path}, line {file.sql_line}: cannot be read as SQL: {_first(error)}") from None
    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        raise UsageError(f"{file.path}, line {file.sql_line}: a rule is one SELECT")
    return trees[0]


def _first(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _check_sandbox(file: SqlFile, tree: exp.Expr) -> None:
    """Refuse what reaches beyond the tables a rule is given."""
    for table in tree.find_all(exp.Table):
        if isinstance(table.this, exp.Func):
            continue
        name = table.name
        if table.db or (name.lower() not in TABLES and name.lower() not in _ctes_in_sight(table)):
            full = f"{table.db}.{name}" if table.db else name
            raise UsageError(
                f"{file.path}, line {_line(file, name, table)}: no table '{full}' for rules; "
                f"there are {', '.join(TABLES)}"
            )
    for kind in (exp.Into, exp.DML, exp.Create, exp.Command, exp.Describe, exp.Summarize):
        if tree.find(kind) is not None:
            raise UsageError(f"{file.path}, line {file.sql_line}: a rule only reads, and only its tables' rows")
    if tree.find(exp.TableSample) is not None:
        raise UsageError(f"{file.path}, line {_line(file, 'sample')}: a sample is chance; take rows by a rule of yours")
    for column in tree.find_all(exp.Column):
        if not column.table and column.name.lower() in _BARE:
            raise _refused(file, column.name.lower())
    for function in tree.find_all(exp.Func):
        _check_function(file, function)


def _check_function(file: SqlFile, function: exp.Func) -> None:
    anonymous = isinstance(function, exp.Anonymous)
    names = {function.sql_name().lower(), function.name.lower() if anonymous else ""}
    for name in sorted(names):
        if name in _REFUSED or name.startswith(_REFUSED_PREFIXES):
            raise _refused(file, name)
    if "age" in names and len(function.expressions) == 1:
        raise _refused(file, "age", " of one instant")
    if isinstance(function.parent, exp.Table):
        if not names & _TABLE_FUNCTIONS:
            where = _line(file, function.name or "")
            raise UsageError(f"{file.path}, line {where}: no table function but unnest and generate_series")
    elif names & _UNBOUNDED and not _counts_little(function):
        name = min(names & _UNBOUNDED)
        raise UsageError(
            f"{file.path}, line {_line(file, name)}: '{name}' may make a value without bound: write a series in FROM, "
            f"and a count as a number up to {_COUNT_LIMIT}"
        )


def _refused(file: SqlFile, name: str, more: str = "") -> UsageError:
    return UsageError(
        f"{file.path}, line {_line(file, name)}: a rule may not call '{name}'{more}: it sees its tables and "
        "parameters, no clock, chance, file, setting or network"
    )


def _counts_little(function: exp.Func) -> bool:
    """Whether every number that says how much to make is written out and small."""
    if isinstance(function, exp.GenerateSeries):
        counts = [function.args.get("start"), function.args.get("end"), function.args.get("step")]
    else:
        counts = [function.args.get("times" if isinstance(function, exp.Repeat) else "expression")]
    given = [count for count in counts if count is not None]
    return bool(given) and all(
        isinstance(count, exp.Literal) and count.name.isdecimal() and int(count.name) <= _COUNT_LIMIT for count in given
    )


def _ctes_in_sight(table: exp.Table) -> set[str]:
    """The names of the CTEs a table's name may mean where it stands: a name out of sight is a table of the store's."""
    sight: set[str] = set()
    node: exp.Expr = table
    joined: exp.Expr | None = None  # the UNION whose later side the table stands in
    while node.parent is not None:
        parent = node.parent
        if isinstance(node, exp.CTE) and isinstance(parent, exp.With):
            ctes = parent.expressions
            earlier = next(number for number, cte in enumerate(ctes) if cte is node)
            sight |= {cte.alias_or_name.lower() for cte in ctes[:earlier]}
            if parent.recursive and node.this is joined:
                sight.add(node.alias_or_name.lower())
        elif not isinstance(node, exp.With):
            own = parent.args.get("with_")
            sight |= {cte.alias_or_name.lower() for cte in own.expressions} if own else set()
        if isinstance(parent, exp.Union) and node is parent.expression:
            joined = parent
        node = parent
    return sight


def _line(file: SqlFile, word: str, node: exp.Expr | None = None) -> int:
    """The line of the file a node was read from, where that is known; else the line a word first stands on."""
    told = node.this.meta.get("line") if node is not None else None
    if told is not None:
        return file.sql_line + int(told) - 1
    at = file.sql.lower().find(word.lower())
    return file.sql_line + (file.sql[:at].count("\n") if at > 0 else 0)
