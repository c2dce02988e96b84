"""Rules: ``<family>/<id>.sql`` -> :class:`Rule`, checked before anything runs.

A call rule returns ``call_id``, ``saving`` and evidence; a subject rule ``project``, ``subject``, ``amount`` and
evidence. Which one a rule is, its columns tell.
"""

from __future__ import annotations

import difflib
import reprlib
import string
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from audit import needs, packs, pythonrule, sandbox, sqlfile
from audit.records import Grade, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from audit.needs import Need
    from audit.pythonrule import Tables
    from audit.sqlfile import SqlFile

TEXTS = ("title", "because", "fix")
GIVEN_TO_TEXTS = ("project", "subject", "calls", "amount", "saving")
KEYS = {
    "title", "grade", "because", "fix", "precedence", "look_back_days", "look_back_operations", "history_days", "needs",
    "note", "params", "shared", "zh",
}  # fmt: skip
SHARED = "shared.toml"
LOOK_BACK_LIMIT = 35
HISTORY_LIMIT = 365


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as its file states it.

    ``params`` are the values a run binds to its ``$names``; ``columns`` the names it mentions, None for any; ``needs``
    what a call must state for the rule to judge it; ``look_back_operations`` the only calls it looks back on, if any;
    ``history_days`` how many days of logs before the month it takes to say anything;
    ``tables`` the columns that a rule in Python gets.
    """

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
    columns: frozenset[str] | None = None
    needs: tuple[Need, ...] = ()
    note: str = ""
    look_back_operations: tuple[str, ...] = ()
    history_days: int = 0
    tables: Tables = field(default_factory=dict)

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
    """Every rule file by id. Raises UsageError where two files have one id: none may silently take another's place."""
    found: dict[str, Path] = {}
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"{folder}: no such folder of rules")
        for path in sorted(path for path in folder.rglob("*") if _is_rule(path)):
            if found.setdefault(path.stem, path) != path:
                raise _taken(path, found[path.stem])
    return dict(sorted(found.items()))


def _is_rule(path: Path) -> bool:
    """A SQL file; a Python file only with its cases beside it, for a folder of rules may hold other programs."""
    return path.suffix == ".sql" or (path.suffix == ".py" and path.with_suffix(".yml").exists())


def _taken(path: Path, other: Path) -> UsageError:
    """Two files of one id. A pack's cannot be renamed."""
    pack = packs.of(path)
    if pack is None:
        remedy = f"rename the file. To do without a rule that ships, set [rules.{path.stem}] enabled = false"
    else:
        remedy = (
            f"it came with {pack.name}: uninstall that, or set [paths] rule_packs = false and list a copy of its "
            "folder without this file under [paths] rules"
        )
    return UsageError(f"{path}: the id '{path.stem}' is taken by {other}; {remedy}")


def load(
    folders: Iterable[Path], overrides: Mapping[str, Mapping[str, Any]], *, python: bool = False
) -> tuple[list[Rule], list[Broken]]:
    """The rules of some folders with the settings' parameters, and those that cannot be used.

    Rules in ``python`` are among the latter unless they are allowed. A settings table that names no rule, or a
    parameter that no rule has, is an error.
    """
    paths = find(folders)
    for name in overrides:
        if name not in paths:
            near = difflib.get_close_matches(name, paths, n=1)
            remedy = f"did you mean '{near[0]}'?" if near else "`audit rules list` shows them"
            raise UsageError(f"settings: [rules.{name}] names no rule; {remedy}")
    rules, broken = [], []
    for rule_id, path in paths.items():
        wanted = dict(overrides.get(rule_id, {}))
        enabled = wanted.pop("enabled", True)
        if not isinstance(enabled, bool):
            raise UsageError(f"settings: [rules.{rule_id}] enabled is {enabled!r}, not true or false")
        if not enabled:
            continue
        if path.suffix == ".py" and not python:
            broken.append(Broken(rule_id, path.parent.name, path, pythonrule.refusal(path)))
            continue
        try:
            rule = read(path)
        except UsageError as error:
            broken.append(Broken(rule_id, path.parent.name, path, str(error)))
            continue
        if wanted:  # what is wrong with these is wrong with the settings, not with the rule
            try:
                rule = read(path, wanted)
            except UsageError as error:
                raise UsageError(f"settings: [rules.{rule_id}]: {error}") from None
        rules.append(rule)
    return rules, broken


def read(path: Path, overrides: Mapping[str, Any] | None = None) -> Rule:
    """One rule, checked as far as it can be without running it. Raises UsageError with file, line and reason."""
    file, tables = pythonrule.read(path) if path.suffix == ".py" else (sqlfile.read(path), {})
    header = file.header
    unknown = set(header) - KEYS
    if unknown:
        raise UsageError(f"{path}: unknown key '{min(unknown)}' in the header; known: {', '.join(sorted(KEYS))}")
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
    params = dict(header.get("params", {})) | _shared(path, header.get("shared", []))
    for name, value in (overrides or {}).items():
        if name not in params:
            near = difflib.get_close_matches(name, params, n=1)
            remedy = f"; did you mean '{near[0]}'?" if near else ""
            known = ", ".join(params) or "none"
            raise UsageError(f"{path}: it has no parameter '{name}'; its parameters are: {known}{remedy}")
        params[name] = _same_kind(path, name, params[name], value)
    asked = _asked(tables, params) if tables else sandbox.check(file, params)
    needed = needs.read(path, header.get("needs", []), asked.columns)
    operations = _operations(path, header)
    own = {"operation"} if operations else set()
    return Rule(
        id=file.name,
        family=path.resolve().parent.name,
        path=path,
        sql=file.sql,
        sql_line=file.sql_line,
        grade=grade,
        precedence=_whole(path, header, "precedence", 100, 10_000),
        look_back_days=_whole(path, header, "look_back_days", 0, LOOK_BACK_LIMIT),
        texts=texts,
        params={name: value for name, value in params.items() if name in asked.params},
        columns=None if asked.columns is None else asked.columns.union(own, *needed),
        needs=needed,
        note=str(header.get("note", "")).strip(),
        look_back_operations=operations,
        history_days=_whole(path, header, "history_days", 0, HISTORY_LIMIT),
        tables=tables,
    )


def _asked(tables: Tables, params: Mapping[str, Any]) -> sandbox.Asked:
    """What a rule in Python asks for: its header says it."""
    return sandbox.Asked(frozenset(params), frozenset(tables).union(*tables.values()))


def _shared(path: Path, names: Any) -> dict[str, Any]:
    """The parameters that a rule has in common with others, from the file beside the folder of its family."""
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise UsageError(f"{path}: 'shared' is a list of parameters, as [\"meant_names\"]")
    if not names:
        return {}
    common = path.resolve().parent.parent / SHARED
    try:
        held = tomllib.loads(common.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise UsageError(f"{path}: 'shared' asks for {common}, which is missing: copy it there too") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{common}: cannot be read: {error}") from None
    for name in names:
        if name not in held:
            raise UsageError(f"{path}: 'shared' names '{name}', which {common} does not hold: {', '.join(held)}")
    return {name: held[name] for name in names}


def _operations(path: Path, header: Mapping[str, Any]) -> tuple[str, ...]:
    given = header.get("look_back_operations", [])
    if not isinstance(given, list) or not all(isinstance(name, str) and name for name in given):
        raise UsageError(f"{path}: 'look_back_operations' is a list of operations, as [\"embeddings\"]")
    if given and not header.get("look_back_days"):
        raise UsageError(f"{path}: 'look_back_operations' says what 'look_back_days' are for, and they are left out")
    return tuple(given)


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
            f"{path}: parameter '{name}' is given as {reprlib.repr(value)}, but its default {reprlib.repr(default)} "
            "is of another kind"
        )
    return value
