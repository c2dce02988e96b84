"""Pricing ten million calls against loading them: `make bench-pricing`.

The load is the engine's own of the same JSON lines, typed as the call record, into a database file: the least that any
program pays. Pricing is what comes on top of it: finding the cases, looking each up in the price lists, and putting a
cost, its currency and its list on every call. Calls of two years' models, a tenth of them in a batch, DeepSeek's with
their peak hours, GLM's by length and in yuan.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from audit.engine.store import open_store
from audit.pricing import join
from audit.records import CALL_COLUMNS
from audit.settings import Settings

if TYPE_CHECKING:
    from audit.engine.duckdb import Engine

MODELS = (
    ("openai", "gpt-4.1"), ("openai", "gpt-4.1-mini"), ("openai", "gpt-5"), ("openai", "gpt-4o-2024-08-06"),
    ("anthropic", "claude-sonnet-4-5"), ("anthropic", "claude-haiku-4-5"), ("anthropic", "claude-opus-4-5"),
    ("google", "gemini-2.5-pro"), ("google", "gemini-2.5-flash"), ("deepseek", "deepseek-v4-pro"),
    ("zhipuai", "glm-4.6v"), ("mistral", "mistral-large-latest"),
)  # fmt: skip
SETTINGS = {
    "company": {"currency": "USD"},
    "exchange_rates": [{"month": "2026-10", "currency": "CNY", "rate": "0.1405"}],
}
MONTH = (datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC))


def write_calls(path: Path, calls: int) -> None:
    """Native JSON lines of one month, about 585 bytes each."""
    listed = ", ".join(f"{{'provider': '{provider}', 'model': '{model}'}}" for provider, model in MODELS)
    with duckdb.connect() as con:
        con.execute(
            f"COPY (SELECT printf('call-%012d', i) AS call_id, 'log' AS source, "
            f"strftime(TIMESTAMP '2026-10-01' + to_microseconds(i * {31 * 86_400 * 1_000_000 // calls}), "
            "'%Y-%m-%dT%H:%M:%S.%fZ') AS started_at, 200 + hash(i) % 20000 AS latency_ms, "
            f"unnest([{listed}][1 + (hash(i, 1) % {len(MODELS)})::INTEGER]), "
            "CASE WHEN i % 10 = 0 THEN 'batch' ELSE 'standard' END AS service_tier, "
            "1 + hash(i, 2) % 60000 AS input_tokens, (1 + hash(i, 2) % 60000) // 3 AS cache_read_tokens, "
            "1 + hash(i, 3) % 2000 AS output_tokens, CASE WHEN i % 100 = 0 THEN 'error' ELSE 'ok' END AS status, "
            "'project-' || i % 12 AS project, 'user-' || i % 300 AS user_id, md5(i::VARCHAR) AS prompt_hash, "
            f"repeat(' ', 170) AS task FROM range({calls}) t(i)) TO '{path}' (FORMAT json)"
        )


def load(log: Path, store: Path) -> float:
    """Seconds of the engine's own load into a store's calls."""
    store.unlink(missing_ok=True)
    names = {column.name: column.type for column in CALL_COLUMNS}
    shape = ", ".join(f"{name}: '{'TIMESTAMPTZ' if kind == 'TIMESTAMP' else kind}'" for name, kind in names.items())
    open_store(store, Settings()).close()
    begin = time.perf_counter()
    with duckdb.connect(str(store)) as con:
        con.execute("SET TimeZone = 'UTC'")
        con.execute(
            "INSERT INTO store.calls BY NAME SELECT * REPLACE (started_at::TIMESTAMP AS started_at) FROM "
            f"read_json('{log}', format='newline_delimited', columns={{{shape}}})"
        )
    return time.perf_counter() - begin


def price(engine: Engine, settings: Settings) -> tuple[float, float]:
    """Seconds of looking the cases up, and of putting a cost on every call."""
    begin = time.perf_counter()
    join.load_prices(engine, settings, *MONTH)
    middle = time.perf_counter()
    engine.run(
        "CREATE OR REPLACE TEMP TABLE priced AS SELECT cost, native_cost, native_currency, price_source FROM costed"
    )
    return middle - begin, time.perf_counter() - middle


def main() -> None:
    """Print the ratio, with what stands behind it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=10_000_000)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--in", dest="work", type=Path, default=None, help="a folder with room for 10 GB")
    chosen = parser.parse_args()
    settings = Settings.model_validate(SETTINGS)
    with tempfile.TemporaryDirectory(dir=chosen.work) as folder:
        log, store = Path(folder) / "calls.jsonl", Path(folder) / "audit.duckdb"
        write_calls(log, chosen.calls)
        print(f"{chosen.calls:,} calls, {log.stat().st_size / 1e9:.1f} GB")
        ratios = []
        for _ in range(chosen.turns):
            loaded = load(log, store)
            with open_store(store, settings) as engine:
                looked_up, joined = price(engine, settings)
                calls, unpriced = engine.row("SELECT count(*), count(*) FILTER (cost IS NULL) FROM priced")
                rows = engine.row("SELECT count(*) FROM prices")[0]
            ratios.append((looked_up + joined) / loaded)
            print(
                f"load {loaded:.1f} s; pricing {looked_up + joined:.2f} s ({looked_up:.2f} to look {rows} rows up, "
                f"{joined:.2f} on {calls:,} calls, {unpriced:,} of them without a price); {ratios[-1]:.3f} of the load"
            )
    print(f"pricing costs {statistics.median(ratios):.3f} of loading; at most 0.1 is asked")


if __name__ == "__main__":
    main()
