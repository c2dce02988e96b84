"""A rule that SQL cannot express: ``<id>.py``, its header in its docstring, one function over frames of the tables.

``find(tables, params)`` gets a Polars frame for each table that the header's ``tables`` names, with the columns named
there, and returns one with the columns that a rule in SQL would return. Nothing seals it off: it can do all that the
audit can, and runs only where the settings allow it.
"""

from __future__ import annotations

import ast
import importlib.util
import tomllib
import traceback
from typing import TYPE_CHECKING, Any

from audit.records import UsageError
from audit.sandbox import TABLES
from audit.sqlfile import SqlFile

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from audit.engine.duckdb import Engine

Tables = dict[str, tuple[str, ...]]
_OFF = "rules in Python are off: [limits] python_rules = true in the settings lets them run, and they can do anything"


def refusal(path: Path) -> str:
    """The sentence for a rule in Python where the settings allow none."""
    return f"{path}: {_OFF}; [rules.{path.stem}] enabled = false leaves it out"


def read(path: Path) -> tuple[SqlFile, Tables]:
    """The header, as that of a rule whose SQL hands over what the function found; and the columns it asks for.

    Nothing of the file is run. Raises UsageError with file and line.
    """
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise UsageError(f"{path}: cannot be read: {error}") from None
    except SyntaxError as error:
        raise UsageError(f"{path}, line {error.lineno}: {error.msg}") from None
    try:
        header = tomllib.loads(ast.get_docstring(tree, clean=False) or "")
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: the header in its docstring is not valid TOML: {error}") from None
    if not any(isinstance(node, ast.FunctionDef) and node.name == "find" for node in tree.body):
        raise UsageError(f"{path}: holds no function find(tables, params)")
    tables = _tables(path, header.pop("tables", None))
    params = header.get("params", {})
    # The engine wants every parameter named that it is given.
    named = "".join(f" OR ${name} IS NULL" for name in params if str(name).isidentifier())
    return SqlFile(path, header, f"SELECT * FROM python_rows WHERE TRUE{named}", 1), tables


def _tables(path: Path, given: Any) -> Tables:
    wanted = 'tables = { calls = ["call_id", "cost"] }'
    if not isinstance(given, dict) or not given:
        raise UsageError(f"{path}: the header says which columns the function gets, as {wanted}")
    for table, columns in given.items():
        if table not in TABLES:
            raise UsageError(f"{path}: no table '{table}' for rules; there are {', '.join(TABLES)}")
        if not isinstance(columns, list) or not columns or not all(_is_name(column) for column in columns):
            raise UsageError(f"{path}: 'tables' names the columns of '{table}', as {wanted}")
    return {table: tuple(columns) for table, columns in given.items()}


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and value.isidentifier()


def run(engine: Engine, path: Path, tables: Tables, params: Mapping[str, Any]) -> None:
    """Run the function; what it returns is the table ``python_rows``. Raises UsageError with file and line."""
    import polars as pl  # noqa: PLC0415  # who has no such rule need not wait for it

    given = {table: engine.frame(f"SELECT {', '.join(columns)} FROM {table}") for table, columns in tables.items()}
    try:
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]  # a .py file has a loader
        spec.loader.exec_module(module)  # type: ignore[union-attr]
        found = module.find(given, dict(params))
    except Exception as error:  # noqa: BLE001  # whatever a rule does wrong is the rule's
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
        raise UsageError(f"{path}, line {lines[-1] if lines else 1}: {type(error).__name__}: {error}") from None
    if not isinstance(found, pl.DataFrame):
        raise UsageError(f"{path}: find returns {type(found).__name__}, not a Polars DataFrame")
    with engine.scanning("python_result", found):
        engine.run("CREATE OR REPLACE TEMP TABLE python_rows AS SELECT * FROM python_result")
