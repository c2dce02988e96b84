"""What a rule's SQL may do: read the tables it is given, and nothing else.

The engine is sealed besides. These checks make a refusal a sentence with a line, and keep a rule's results the same
from run to run.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import sqlglot
from sqlglot import exp

from audit.records import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from audit.sqlfile import SqlFile

N = TypeVar("N")

TABLES = ("calls", "prices", "daily_spend", "days", "first_seen", "pools", "projects")
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
class Asked:
    """What a rule asks for: its parameters, and the names it mentions, None where it takes every column there is."""

    params: frozenset[str]
    columns: frozenset[str] | None


def check(file: SqlFile, params: Iterable[str]) -> Asked:
    """Check a rule's SQL. Raises UsageError with file, line and reason."""
    nodes = _Nodes(_parsed(file))
    used = {str(node.this.name) for node in nodes.of(exp.Parameter) if node.this}
    used |= {str(node.name) for node in nodes.of(exp.Placeholder) if node.name}
    for name in sorted(used - set(params)):
        raise UsageError(f"{file.path}, line {_line(file, '$' + name)}: '${name}' is no parameter; add it to [params]")
    _check_sandbox(file, nodes)
    return Asked(frozenset(used), _columns(nodes))


class _Nodes:
    """A parsed statement's nodes, walked once: a walk costs as much as all that is asked of it."""

    def __init__(self, tree: exp.Expr) -> None:
        self._all = list(tree.walk())

    def of(self, *kinds: type[N]) -> list[N]:
        """Those of some kinds, in the walk's order."""
        return [node for node in self._all if isinstance(node, kinds)]


def _columns(nodes: _Nodes) -> frozenset[str] | None:
    """Every name the SQL mentions, which holds every column it needs; None where a star stands over a given table."""
    if any(not isinstance(star.parent, exp.Count) for star in nodes.of(exp.Star)):
        for select in nodes.of(exp.Select):
            starred = select.is_star or any(column.find(exp.Star) for column in select.expressions)
            counted = all(isinstance(star.parent, exp.Count) for star in select.find_all(exp.Star))
            if starred and not counted and any(table.name.lower() in TABLES for table in _own_tables(select)):
                return None
    if nodes.of(exp.Pivot) or any(join.method == "NATURAL" for join in nodes.of(exp.Join)):
        return None
    if any(function.name.lower() == "columns" for function in nodes.of(exp.Anonymous)) or nodes.of(exp.Columns):
        return None
    return frozenset(name.name.lower() for name in nodes.of(exp.Identifier))


def _own_tables(select: exp.Select) -> list[exp.Table]:
    """The tables of a SELECT's own FROM and joins."""
    sources = [select.args.get("from_"), *(select.args.get("joins") or [])]
    return [source.this for source in sources if source is not None and isinstance(source.this, exp.Table)]


def _parsed(file: SqlFile) -> exp.Expr:
    # The parser tells of statements it knows only by their first word; what is no SELECT is refused here anyway.
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
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


def _check_sandbox(file: SqlFile, nodes: _Nodes) -> None:
    """Refuse what reaches beyond the tables a rule is given."""
    for table in nodes.of(exp.Table):
        if isinstance(table.this, exp.Func):
            continue
        name = table.name
        if table.db or (name.lower() not in TABLES and name.lower() not in _ctes_in_sight(table)):
            full = f"{table.db}.{name}" if table.db else name
            raise UsageError(
                f"{file.path}, line {_line(file, name, table)}: no table '{full}' for rules; "
                f"there are {', '.join(TABLES)}"
            )
    if nodes.of(exp.Into, exp.DML, exp.Create, exp.Command, exp.Describe, exp.Summarize):
        raise UsageError(f"{file.path}, line {file.sql_line}: a rule only reads, and only its tables' rows")
    if nodes.of(exp.TableSample):
        raise UsageError(f"{file.path}, line {_line(file, 'sample')}: a sample is chance; take rows by a rule of yours")
    for column in nodes.of(exp.Column):
        if not column.table and column.name.lower() in _BARE:
            raise _refused(file, column.name.lower())
    for function in nodes.of(exp.Func):
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
