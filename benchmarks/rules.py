"""Every rule over a month of ten million calls against the load of those calls: `make bench-rules`.

The load is the engine's own of the same JSON lines, typed as the call record, into a database file. The rules are those
that ship, each timed by itself, over calls in sessions of eight: chats with a shared head, agents, nightly batches and
embeddings of a dozen projects; some are repeated, fail, are cut off or filtered. What stands beside the rules is told
apart: making their tables, and the ledger.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from audit import findings, inspection, places, rulebook, window
from audit.engine.store import open_store
from audit.records import CALL_COLUMNS, Month
from audit.settings import Settings
from audit.wording import Voice

if TYPE_CHECKING:
    from collections.abc import Callable

MONTH = Month(2026, 10)
# Some rules look back: a ninth of the calls lie in the days before the month.
FIRST, DAYS, BEFORE = "2026-09-27", 35, 4
MODELS = (
    ("openai", "gpt-4.1"), ("openai", "gpt-4.1-mini"), ("openai", "gpt-5"), ("anthropic", "claude-sonnet-4-5"),
    ("anthropic", "claude-opus-4-5"), ("google", "gemini-2.5-pro"), ("deepseek", "deepseek-chat"),
    ("anthropic", "claude-haiku-4-5"),
)  # fmt: skip
TURNS = 8
# `s` is the session and `t` the turn of call `i`, which sends what call `j` sent: one in thirty what the turn before it
# sent. Chance is a hash, so that every run has the same calls.
CALL = """
SELECT printf('call-%012d', i) AS call_id, 'log' AS source,
  CASE WHEN lane % 10 > 0 THEN md5('session' || s) END AS session_id,
  CASE WHEN lane % 10 > 0 THEN md5('session' || s) END AS trace_id,
  strftime(begun + to_seconds(45 * t), '%Y-%m-%dT%H:%M:%S.%fZ') AS started_at,
  300 + hash(i) % 20000 AS latency_ms,
  CASE WHEN lane % 8 = 7 THEN 'embeddings' ELSE 'chat' END AS operation,
  CASE WHEN lane % 8 = 7 THEN 'openai' ELSE model.provider END AS provider,
  CASE WHEN lane % 8 = 7 THEN 'text-embedding-3-small' ELSE model.model END AS model,
  lane % 3 = 0 AS stream, CASE WHEN lane % 5 > 0 THEN 4096 END AS max_output_tokens,
  head + 200 + hash(j, 2) % 6000 + 700 * (j % {turns}) AS input_tokens,
  CASE WHEN lane % 2 = 0 AND t > 0 THEN head ELSE 0 END AS cache_read_tokens,
  CASE WHEN lane % 2 = 0 AND t = 0 THEN head ELSE 0 END AS cache_write_tokens,
  CASE WHEN lane % 8 = 7 OR chance % 400 = 1 THEN 0 ELSE 1 + hash(i, 3) % 900 END AS output_tokens,
  CASE WHEN lane % 6 = 0 THEN hash(i, 4) % 400 END AS reasoning_tokens,
  CASE WHEN chance % 100 = 2 THEN 'error' WHEN chance % 300 = 3 THEN 'truncated' WHEN chance % 900 = 4 THEN 'filtered'
    WHEN chance % 500 = 5 THEN 'cancelled' ELSE 'ok' END AS status,
  CASE WHEN chance % 100 = 2 THEN [400, 429, 500, 503][1 + (i % 4)::INTEGER] ELSE 200 END AS http_status,
  CASE WHEN chance % 300 = 3 THEN 'length' ELSE 'stop' END AS finish_reason,
  'project-' || lane % 12 AS project, 'team-' || lane % 4 AS team, 'user-' || hash(s) % 20000 AS user_id,
  'key-' || lane % 36 AS api_key, CASE WHEN lane % 10 = 0 THEN 'batch' ELSE 'prod' END AS environment,
  'task-' || lane AS task,
  md5('prompt' || j) AS prompt_hash,
  md5('template' || lane || '-' || t) AS template_hash,
  CASE WHEN lane % 8 < 6 THEN md5('head' || lane || '-' || s % 40) END AS prefix_hash,
  CASE WHEN lane % 8 < 6 THEN head END AS prefix_tokens, 2 * (j % {turns}) + 2 AS message_count, lane % 4 AS tool_calls
FROM (
  SELECT i, CASE WHEN i % {turns} > 0 AND hash(i, 1) % 30 = 6 THEN i - 1 ELSE i END AS j,
    i // {turns} AS s, i % {turns} AS t, hash(i, 1) AS chance, (hash(i // {turns}) % 96)::INTEGER AS lane,
    (1500 + 500 * (hash(i // {turns}) % 9))::BIGINT AS head,
    [{models}][1 + (hash(i // {turns}) % {count})::INTEGER] AS model,
    TIMESTAMP '{first}' + to_microseconds((i // {turns}) * {step}) AS begun
  FROM range({calls}) AS r(i)
)
"""


def write_calls(path: Path, calls: int) -> None:
    """Native JSON lines of the month and a few days before it."""
    calls = calls * DAYS // (DAYS - BEFORE)
    sql = CALL.format(
        turns=TURNS,
        models=", ".join(f"{{'provider': '{provider}', 'model': '{model}'}}" for provider, model in MODELS),
        count=len(MODELS),
        first=FIRST,
        step=DAYS * 86_400 * 1_000_000 * TURNS // calls,
        calls=calls,
    )
    with duckdb.connect() as con:
        con.execute("SET enable_progress_bar = false")
        con.execute(f"COPY ({sql}) TO '{path}' (FORMAT json)")


def load(log: Path, store: Path) -> None:
    """The engine's own load into a store's calls; prints its seconds."""
    names = {column.name: column.type for column in CALL_COLUMNS}
    shape = ", ".join(f"{name}: '{'TIMESTAMPTZ' if kind == 'TIMESTAMP' else kind}'" for name, kind in names.items())
    open_store(store, Settings()).close()
    begin = time.perf_counter()
    with duckdb.connect(str(store), config={"memory_limit": "4GB"}) as con:
        con.execute("SET enable_progress_bar = false; SET TimeZone = 'UTC'")
        con.execute(
            "INSERT INTO store.calls BY NAME SELECT * REPLACE (started_at::TIMESTAMP AS started_at) FROM "
            f"read_json('{log}', format='newline_delimited', columns={{{shape}}})"
        )
    store.with_suffix(".seconds").write_text(str(time.perf_counter() - begin))


def judge(store: Path, memory: str) -> None:
    """Run every rule, as an audit does; prints each one's seconds, what they come to, and the most memory it took."""
    loaded = float(store.with_suffix(".seconds").read_text())
    settings = Settings.model_validate({"limits": {"memory": memory}, "company": {"timezone": "Asia/Shanghai"}})
    rules, broken = rulebook.load([places.rules()], {})
    voice = Voice("en", "USD")
    with open_store(store, settings) as engine:
        begin = time.perf_counter()
        reach, asked = window.Reach.of(rules), window.asked_by(rules)
        span = window.build(engine, settings, MONTH, [], reach, asked=asked)
        made = time.perf_counter() - begin
        calls = engine.row("SELECT count(*) FROM priced WHERE started_at >= $start", {"start": span.start})[0]
        print(f"{calls:,} calls in the month; load {loaded:.1f} s; making the rules' tables {made:.1f} s")
        engine.seal()
        seconds: dict[str, float] = {}
        engine.run(inspection.FLAGS)
        for rule in rules:
            begin = time.perf_counter()
            try:
                inspection.run(engine, rule, span, voice)
            except Exception as error:  # noqa: BLE001  # a rule that fails is printed, and the others are timed
                print(f"{rule.id}: {error}")
            seconds[rule.id] = time.perf_counter() - begin
            flagged = engine.row("SELECT count(*) FROM flags WHERE rule = $rule", {"rule": rule.id})[0]
            print(f"{rule.id:<24} {seconds[rule.id]:6.2f} s  {flagged:>10,} flags", flush=True)
        begin = time.perf_counter()
        engine.run(inspection.LEDGER)
        for rule in rules:
            findings.of_calls(engine, rule, voice)
        ledger = time.perf_counter() - begin
        flags = engine.row("SELECT count(*) FROM credited")[0]
    for failed in broken:
        print(failed.reason)
    ruled = sum(seconds.values())
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(f"the ledger over {flags:,} flags {ledger:.1f} s; the most memory {most:.2f} GB (2 are asked)")
    print(f"all {len(rules)} rules {ruled:.1f} s: {ruled / loaded:.2f} of the load (1 is asked);")
    print(f"with their tables and the ledger {(ruled + made + ledger) / loaded:.2f} of the load")


def main() -> None:
    """Write, load and judge, each in a process of its own: what one took of memory is not another's."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=10_000_000)
    parser.add_argument("--memory", default="1.5GB", help="the engine's memory limit")
    parser.add_argument("--in", dest="work", type=Path, default=None, help="a folder with room for 15 GB")
    parser.add_argument("--keep", action="store_true", help="use what lies there, and leave it")
    chosen = parser.parse_args()
    spawn = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory(dir=chosen.work) as made:
        folder = chosen.work if chosen.keep and chosen.work else Path(made)
        log, store = folder / "calls.jsonl", folder / "audit.duckdb"
        steps: list[tuple[Callable[..., None], tuple[object, ...]]] = [(judge, (store, chosen.memory))]
        if not store.exists():
            steps = [(write_calls, (log, chosen.calls)), (load, (log, store)), *steps]
        for step, given in steps:
            process = spawn.Process(target=step, args=given)
            process.start()
            process.join()
            if process.exitcode:
                raise SystemExit(process.exitcode)


if __name__ == "__main__":
    main()
