"""Broken and hostile rules: each is named with its file and reason, nothing else changes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from audit import rulebook
from audit.engine.duckdb import Engine
from audit.records import UsageError
from tests.rules.conftest import Audited, audited, files_in, rule_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_SUBJECT = "SELECT NULL AS project, {} AS subject, 0 AS amount {}"


def subject(value: str, rest: str = "") -> str:
    return _SUBJECT.format(value, rest)


# The SQL, which starts on line 7 of its file, and what the reason says. {out} is a folder that must stay as it is.
REFUSED: dict[str, tuple[str, str]] = {
    # It writes.
    "insert": ("INSERT INTO store.calls SELECT * FROM store.calls", "line 7: a rule is one SELECT"),
    "delete": ("DELETE FROM calls", "a rule is one SELECT"),
    "update": ("UPDATE priced SET cost = 0", "a rule is one SELECT"),
    "create": ("CREATE TABLE mine AS SELECT 1", "a rule is one SELECT"),
    "macro": ("CREATE MACRO f() AS 1", "a rule is one SELECT"),
    "drop": ("DROP TABLE store.calls", "a rule is one SELECT"),
    "copy": ("COPY calls TO '{out}/x.csv'", "a rule is one SELECT"),
    "copy_query": ("COPY (SELECT 1) TO '{out}/x.csv'", "a rule is one SELECT"),
    "export": ("EXPORT DATABASE '{out}'", "line 7: "),
    "attach": ("ATTACH '{out}/x.duckdb'", "a rule is one SELECT"),
    "install": ("INSTALL httpfs", "a rule is one SELECT"),
    "load": ("LOAD httpfs", "a rule is one SELECT"),
    "pragma": ("PRAGMA database_list", "a rule is one SELECT"),
    "set": ("SET enable_external_access = true", "a rule is one SELECT"),
    "set_variable": ("SET VARIABLE x = 1", "a rule is one SELECT"),
    "call": ("CALL force_checkpoint()", "a rule is one SELECT"),
    "two": (subject("'a'") + ";\nDROP TABLE store.calls", "a rule is one SELECT"),
    "two_in_comment": (subject("'a'") + " -- \r; DROP TABLE store.calls", "a rule is one SELECT"),
    "closes_the_bracket": (subject("'a'") + "); DROP TABLE store.calls; (SELECT 1", "line 7"),
    "writing_cte": (
        "WITH x AS (INSERT INTO calls VALUES (1) RETURNING *) " + subject("'a'", "FROM x"),
        "a rule only reads",
    ),
    "deleting_cte": ("WITH x AS (DELETE FROM calls RETURNING *) " + subject("'a'"), "a rule only reads"),
    "into": ("SELECT 1 AS x INTO mine FROM calls", "no table 'mine' for rules"),
    # It shows what is there instead of asking it.
    "show": ("SHOW TABLES", "a rule is one SELECT"),
    "show_within": (subject("name", "FROM (SHOW TABLES)"), "line 7"),
    "show_all_within": (subject("name", "FROM (SHOW ALL TABLES)"), "line 7"),
    "describe": ("DESCRIBE calls", "a rule is one SELECT"),
    "describe_within": (subject("column_name", "FROM (DESCRIBE calls)"), "only reads"),
    "summarize_within": (subject("column_name", "FROM (SUMMARIZE calls)"), "only reads"),
    "summarize": ("SUMMARIZE calls", "a rule is one SELECT"),
    "explain": ("EXPLAIN ANALYZE SELECT 1", "a rule is one SELECT"),
    "pivot": ("PIVOT calls ON model USING sum(cost)", "a rule is one SELECT"),
    "values": ("VALUES (1, 2, 3)", "a rule is one SELECT"),
    # It reaches for files and the network.
    "read_csv": (subject("'a'", "FROM read_csv('{out}/bait.csv')"), "may not call 'read_csv'"),
    "read_text": (subject("content", "FROM read_text('{out}/bait.csv')"), "may not call 'read_text'"),
    "read_blob": (subject("'a'", "FROM read_blob('{out}/bait.csv')"), "may not call 'read_blob'"),
    "read_parquet": (subject("'a'", "FROM read_parquet('https://example.com/x')"), "may not call 'read_parquet'"),
    "parquet_scan": (subject("'a'", "FROM parquet_scan('{out}/x')"), "may not call 'parquet_scan'"),
    "sniff": (subject("'a'", "FROM sniff_csv('{out}/bait.csv')"), "may not call 'sniff_csv'"),
    "glob": (subject("file", "FROM glob('{out}/*')"), "may not call 'glob'"),
    "file_as_text": (subject("'a'", "FROM '{out}/bait.csv'"), "bait.csv' for rules"),
    "file_as_name": (subject("'a'", 'FROM "{out}/bait.csv"'), "bait.csv' for rules"),
    "file_first": ("FROM '{out}/bait.csv'", "bait.csv' for rules"),
    "url": (subject("'a'", "FROM 'https://example.com/x.parquet'"), "no table 'https://"),
    "list_of_files": (subject("'a'", "FROM ['{out}/bait.csv']"), "line 7"),
    "attached": (subject("'a'", "FROM other.main.calls"), "no table 'main.calls' for rules"),
    # It reaches for the environment, the clock, chance and the settings.
    "getenv": (subject("getenv('HOME')"), "may not call 'getenv'"),
    "getenv_by_dot": (subject("'HOME'.getenv()"), "may not call 'getenv'"),
    "getenv_quoted": (subject("\"getenv\"('HOME')"), "may not call 'getenv'"),
    "getenv_in_schema": (subject("system.main.getenv('HOME')"), "may not call 'getenv'"),
    "setting": (subject("current_setting('threads')"), "may not call 'current_setting'"),
    "setting_in_dollars": (subject("current_setting($$threads$$)"), "may not call 'current_setting'"),
    "settings": (subject("name", "FROM duckdb_settings()"), "may not call 'duckdb_settings'"),
    "variable": (subject("getvariable('x')"), "may not call 'getvariable'"),
    "now": (subject("now()::VARCHAR", "\nFROM calls"), "line 7: a rule may not call"),
    "today": (subject("'a'", "\nWHERE today() > DATE '2020-01-01'"), "may not call"),
    "keyword_clock": (subject("current_date::VARCHAR"), "may not call 'current_date'"),
    "quoted_clock": (subject('"current_date"::VARCHAR'), "may not call 'current_date'"),
    "quoted_instant": (subject('"current_timestamp"::VARCHAR'), "may not call 'current_timestamp'"),
    "age": (subject("age(TIMESTAMP '2020-01-01')::VARCHAR"), "may not call 'age' of one instant"),
    "ago": (subject("ago(INTERVAL 1 DAY)::VARCHAR"), "may not call 'ago'"),
    "random": (subject("random()::VARCHAR"), "may not call"),
    "uuid": (subject("gen_random_uuid()::VARCHAR"), "may not call"),
    "sample": (subject("call_id", "\nFROM calls\nUSING SAMPLE 1"), "line 9: a sample is chance"),
    "tablesample": (subject("call_id", "FROM calls TABLESAMPLE 50%"), "a sample is chance"),
    "sleep": (subject("sleep_ms(1)::VARCHAR"), "may not call 'sleep_ms'"),
    # It reaches for tables that are not a rule's.
    "store": (subject("source", "FROM store.calls"), "no table 'store.calls' for rules"),
    "store_quoted": (subject("source", 'FROM "store"."calls"'), "no table 'store.calls'"),
    "store_as_text": (subject("source", "FROM 'store.calls'"), "no table 'store.calls'"),
    "store_positional": (
        subject("'a'", "FROM calls AS c\nPOSITIONAL JOIN store.calls"),
        "line 8: no table 'store.calls'",
    ),
    "store_lateral": (subject("'a'", "FROM calls, LATERAL (SELECT * FROM store.calls)"), "no table 'store.calls'"),
    "store_exists": (subject("'a'", "WHERE EXISTS (FROM store.calls)"), "no table 'store.calls'"),
    "store_in": (subject("'a'", "WHERE 'a' IN (TABLE store.calls)"), "no table 'store.calls'"),
    "store_limit": (subject("'a'", "LIMIT (SELECT count(*) FROM store.calls)"), "no table 'store.calls'"),
    "store_pivot": (
        subject("'a'", "FROM (PIVOT store.calls ON model IN ('a') USING count(*))"),
        "no table 'store.calls'",
    ),
    "store_replace": ("SELECT * REPLACE ((SELECT 1 FROM store.calls) AS cost) FROM calls", "no table 'store.calls'"),
    "store_escaped": (subject("E'\\'' || (SELECT source FROM store.calls) || ''"), "no table 'store.calls'"),
    "store_backslash": (subject("'\\' || (SELECT source FROM store.calls) || '\\'"), "no table 'store.calls'"),
    "store_hint": (subject("(SELECT source /*+ x */ FROM store.calls)"), "no table 'store.calls'"),
    "by_query": (subject("s", "FROM query('SELECT source AS s FROM store.calls')"), "may not call 'query'"),
    "by_query_table": (subject("'a'", "FROM query_table(['store.calls'])"), "may not call 'query_table'"),
    "by_scan": (subject("'a'", "FROM seq_scan('calls')"), "may not call 'seq_scan'"),
    "by_json": (subject("'a'", "FROM json_execute_serialized_sql('{{}}')"), "may not call 'json_execute"),
    "priced": (subject("call_id", "FROM priced"), "no table 'priced' for rules"),
    "flags": (subject("rule", "FROM flags"), "no table 'flags' for rules"),
    "credited": (subject("rule", "FROM temp.main.credited"), "no table 'main.credited' for rules"),
    "catalogue": (subject("table_name", "FROM information_schema.tables"), "no table 'information_schema.tables'"),
    "catalogue_view": (subject("table_name", "FROM duckdb_tables"), "no table 'duckdb_tables'"),
    "catalogue_old": (subject("name", "FROM sqlite_master"), "no table 'sqlite_master'"),
    "catalogue_pragma": (subject("name", "FROM pragma_table_info('calls')"), "may not call 'pragma_table_info'"),
    "other_function": (subject("'a'", "FROM test_all_types()"), "no table function but unnest"),
    "logging": (subject("'a'", "FROM enable_logging()"), "no table function but unnest"),
    # A CTE's name does not open the store's table of that name where the CTE cannot be seen.
    "cte_elsewhere": (
        subject("call_id", "FROM priced WHERE (WITH priced AS (SELECT 1) SELECT true)"),
        "no table 'priced'",
    ),
    "cte_later": ("WITH a AS (FROM priced), priced AS (SELECT 1) " + subject("call_id", "FROM a"), "no table 'priced'"),
    "cte_itself": ("WITH priced AS (FROM priced) " + subject("call_id", "FROM priced"), "no table 'priced'"),
    "cte_anchor": (
        "WITH RECURSIVE priced AS (SELECT call_id FROM priced UNION SELECT 'x') " + subject("call_id", "FROM priced"),
        "no table 'priced'",
    ),
    "cte_not_union": (
        "WITH RECURSIVE priced AS (FROM priced) " + subject("call_id", "FROM priced"),
        "no table 'priced'",
    ),
    "cte_within": (
        "WITH RECURSIVE flags AS (WITH y AS (FROM flags) SELECT 'x' AS rule UNION SELECT rule FROM y) "
        + subject("rule", "FROM flags"),
        "no table 'flags'",
    ),
    # It makes one value without bound, which nothing interrupts.
    "long_list": (
        subject("'a'", "WHERE len(range(4000000000)) > 1"),
        "'generate_series' may make a value without bound",
    ),
    "long_list_unnested": (subject("'a'", "FROM unnest(range(4000000000))"), "without bound"),
    "long_text": (subject("repeat('x', 4000000000)"), "'repeat' may make a value without bound"),
    "long_text_by_column": (subject("repeat('x', input_tokens)", "FROM calls"), "without bound"),
    "long_padding": (subject("lpad('x', 4000000000, 'x')"), "'pad' may make a value without bound"),
    "long_resize": (subject("'a'", "WHERE len(list_resize([1], 4000000000)) > 1"), "without bound"),
    # It is no SQL at all.
    "empty": ("", "no SELECT after the header"),
    "syntax": (subject("'a'") + "\nFROM calls\nWHERE cost > > 1", "line 9: "),
    "no_end": (subject("'a"), "line 7"),
    "deep": ("SELECT " + "(" * 5000 + "1" + ")" * 5000, "cannot be read as SQL"),
    "question_mark": (subject("?"), "is no parameter"),
    "unknown_parameter": (subject("'a'") + "\nFROM calls\nWHERE cost > $least", "line 9: '$least' is no parameter"),
}
# What only running shows.
FAILED: dict[str, tuple[str, str]] = {
    "no_table_column": ("SELECT call_id, cost AS saving, colour FROM calls", "colour"),
    "no_call_id": ("SELECT cost AS saving FROM calls", "it returns saving, but not project, subject, amount"),
    "no_saving": ("SELECT call_id FROM calls", "it returns call_id, but not saving"),
    "no_amount": ("SELECT project, model AS subject FROM calls", "but not amount"),
    "text_saving": ("SELECT call_id, 'much' AS saving FROM calls", "its 'saving' is VARCHAR, not money"),
    "flag_saving": ("SELECT call_id, TRUE AS saving FROM calls", "its 'saving' is BOOLEAN, not money"),
    "nan_saving": ("SELECT call_id, 'nan'::DOUBLE AS saving FROM calls", "nan"),
    "infinite_saving": ("SELECT call_id, 'inf'::DOUBLE AS saving FROM calls", "inf"),
    "huge_saving": ("SELECT call_id, 1e300 AS saving FROM calls", "DECIMAL(18,9)"),
    "infinite_amount": ("SELECT project, call_id AS subject, 'inf'::DOUBLE AS amount FROM calls", "inf"),
    "negative_saving": ("SELECT call_id, -0.000000001 AS saving FROM calls", "it claims -1E-9 for call call-0"),
    "saving_above_cost": ("SELECT call_id, cost + 0.000000001 AS saving FROM calls", "a saving is 0 to the cost"),
    "twice": ("SELECT call_id, cost AS saving FROM calls, range(2)", "it returns 6 calls more than once"),
    "no_name": ("SELECT NULL AS call_id, 0 AS saving FROM calls", "it returns 6 rows whose call_id is NULL"),
    "stranger": ("SELECT 'x' || call_id AS call_id, 0 AS saving FROM calls", "'xcall-0' as call_id, which is no"),
    "same_subject": ("SELECT project, 'a' AS subject, 0 AS amount FROM calls", "a project's subject more than once"),
    "too_many_rows": (
        "SELECT NULL AS project, range::VARCHAR AS subject, 0 AS amount FROM range(10000000)", "more than 10000 rows",
    ),
    "two_names_alike": ("SELECT call_id, 0 AS saving, 1 AS x, 2 AS X FROM calls", "Duplicate"),
    "divides": ("SELECT call_id, CAST('x' || model AS INTEGER) AS saving FROM calls", "Conversion Error"),
    "raises": ("SELECT call_id, error('no') AS saving FROM calls", "no"),
    "two_semicolons": (subject("'a'") + "; ;", "line 7"),
}  # fmt: skip
# These do no harm: they run, or say nothing; what counts is that nothing else changes.
HARMLESS: dict[str, str] = {
    "name_as_sql": (
        "SELECT call_id, 0 AS saving, 1 AS "
        '"a\': 1})::VARCHAR AS evidence FROM calls; DROP TABLE store.calls; --" FROM calls'
    ),
    "name_as_query": "SELECT call_id, 0 AS saving, 1 AS \"a': (SELECT max(source) FROM store.calls), 'b\" FROM calls",
    "odd_names": 'SELECT call_id, 0 AS saving, 1 AS "it\'s", 2 AS "q""q", 3 AS "{x}", 4 AS "%" FROM calls',
    "odd_numbers": "SELECT call_id, 0 AS saving, 'inf'::DOUBLE a_ms, 'nan'::DOUBLE b_share, 1e300 c FROM calls",
    "odd_texts": "SELECT call_id, 0 AS saving, 'inf' AS a_ms, '1e400' AS b_share, 1e29 AS c FROM calls",
    "dollars": "SELECT call_id, 0 AS saving, $a$ $b$ || (SELECT 1 FROM store.calls) $b$ $a$ AS x FROM calls",
    "nested_comment": "SELECT call_id, 0 AS saving /* /* */ , (SELECT 1 FROM store.calls) AS x */ FROM calls",
    "all_columns": "SELECT COLUMNS(*), 0 AS saving FROM calls",
    "from_first": "FROM calls SELECT call_id, 0 AS saving",
    "values_within": "SELECT * FROM (VALUES ('call-1', 0)) AS v (call_id, saving)",
    "recursive": (
        "WITH RECURSIVE priced AS (SELECT 0 AS n UNION ALL SELECT n + 1 FROM priced WHERE n < 3) "
        "SELECT 'call-' || n AS call_id, 0 AS saving FROM priced"
    ),
    "small_list": "SELECT call_id, 0 AS saving, lpad('1', 3, '0') AS x, range(24) AS y FROM calls",
    "own_calls": "WITH calls AS (SELECT 'call-1' AS call_id) SELECT call_id, 0 AS saving FROM calls",
}  # fmt: skip
SPOKEN = {"odd_numbers": "{a_ms} {b_share} {c}", "odd_texts": "{a_ms} {b_share} {c}"}
ENDLESS = {
    "cross_join": subject("count(*)::VARCHAR", "FROM range(1000000) a, range(1000000) b, range(1000000) c"),
    "series": subject("count(*)::VARCHAR", "FROM generate_series(1, 1000000000000)"),
    "recursion": "WITH RECURSIVE t AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM t) "
    + subject("count(*)::VARCHAR", "FROM t"),
    "memory": subject(
        "count(DISTINCT a.range * 1000000007 + b.range)::VARCHAR", "FROM range(900000000) a, range(900) b"
    ),
    "endless_flags": "SELECT range::VARCHAR AS call_id, 0 AS saving FROM range(1000000000000)",
}


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Audited, dict[str, str], dict[str, str]]:
    """One audit with every rule of this file; the files beside it before and after."""
    folder = tmp_path_factory.mktemp("attacked")
    own, out = folder / "own", folder / "out"
    own.mkdir()
    out.mkdir()
    (out / "bait.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    sources = {name: sql for table in (REFUSED, FAILED) for name, (sql, _) in table.items()} | HARMLESS
    for name, sql in sources.items():
        text = rule_text(sql.replace("{out}", out.as_posix()), because=SPOKEN.get(name, "b"))
        (own / f"{name}.sql").write_text(text, encoding="utf-8")
    before = files_in(folder)
    audit = audited(folder, own)
    return audit, before, audit.files


@pytest.mark.parametrize("name", [*REFUSED, *FAILED])
def test_a_bad_rule_is_named_with_its_file_its_line_and_the_reason(
    name: str, attacked: tuple[Audited, dict[str, str], dict[str, str]]
) -> None:
    audit, _, _ = attacked
    reason = audit.failures[name]
    assert f"own/{name}.sql" in reason
    assert (REFUSED | FAILED)[name][1] in reason
    assert name not in audit.findings
    assert name == "empty" or "line " in reason


def test_what_does_no_harm_runs(attacked: tuple[Audited, dict[str, str], dict[str, str]]) -> None:
    audit, _, _ = attacked
    assert {name: audit.failures[name] for name in HARMLESS if name in audit.failures} == {}
    assert [name for name in HARMLESS if name not in audit.findings] == []
    assert "secret-source" not in str([finding.evidence for finding in audit.findings["name_as_query"]])


def test_numbers_nobody_can_read_are_said_as_unknown(
    attacked: tuple[Audited, dict[str, str], dict[str, str]],
) -> None:
    audit, _, _ = attacked
    assert {found.because for name in SPOKEN for found in audit.findings[name]} == {"- - -"}


def test_the_other_rules_and_the_store_are_as_without_them(
    attacked: tuple[Audited, dict[str, str], dict[str, str]], clean: Audited
) -> None:
    audit, before, after = attacked
    assert clean.findings
    assert {rule: found for rule, found in audit.findings.items() if rule not in HARMLESS} == clean.findings
    assert audit.calls == clean.calls
    assert audit.tables == clean.tables
    assert after == before


@pytest.mark.parametrize("name", ENDLESS)
def test_a_query_without_end_is_stopped_at_its_time(
    name: str, tmp_path: Path, write_rule: Callable[..., Path], clean: Audited
) -> None:
    path = write_rule(ENDLESS[name], name)
    began = time.monotonic()
    audit = audited(tmp_path / "store", path.parent, seconds=0.5)
    assert time.monotonic() - began < 4
    assert audit.failures == {name: f"{path}, line 7: it ran longer than 0.5 s and was stopped"}
    assert audit.findings == clean.findings
    assert audit.files == {}


def test_every_function_the_engine_calls_volatile_is_refused(write_rule: Callable[..., Path]) -> None:
    """The engine's own list: a new version's clock or dice shows up here."""
    with Engine() as engine:
        rows = engine.rows(
            "SELECT DISTINCT function_name, len(parameters) FROM duckdb_functions() WHERE function_name <> 'error' "
            "AND regexp_matches(function_name, '^[a-z_0-9]+$') "
            "AND (stability IN ('VOLATILE', 'CONSISTENT_WITHIN_QUERY') "
            "OR regexp_matches(macro_definition, 'now|current_|random|getenv|today')) ORDER BY ALL"
        )
    assert len(rows) > 15
    let_through = []
    for name, arguments in rows:
        path = write_rule(f"SELECT {name}({', '.join('1' * arguments)}) AS x")
        try:
            rulebook.read(path)
        except UsageError:
            continue
        let_through.append(name)
    assert let_through == []
