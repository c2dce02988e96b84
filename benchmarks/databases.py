"""A million rows from a database against the same rows from a CSV: `make bench-databases`.

The servers are real and start for the benchmark: new-api's table in MariaDB, LiteLLM's in PostgreSQL, their rows as
wide as those programs write them. Timed is the command, `audit ingest` into a new store, in turns. The ratio is the
speed from the database to that from the file.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.databases import servers

if TYPE_CHECKING:
    from tests.databases.servers import Server

PASSWORD_ENV = "AUDIT_BENCH_PASSWORD"  # noqa: S105  # the name of the variable
LEAST = 0.5

NEW_API = """
CREATE TABLE logs (
  id bigint AUTO_INCREMENT PRIMARY KEY, user_id bigint, created_at bigint, type bigint, content longtext,
  username varchar(191) DEFAULT '', token_name varchar(191) DEFAULT '', model_name varchar(191) DEFAULT '',
  quota bigint DEFAULT 0, prompt_tokens bigint DEFAULT 0, completion_tokens bigint DEFAULT 0, use_time bigint DEFAULT 0,
  is_stream tinyint(1), channel_id bigint, token_id bigint DEFAULT 0, `group` varchar(191), ip varchar(191) DEFAULT '',
  request_id varchar(64) DEFAULT '', other longtext,
  KEY idx_created_at_id (id, created_at), KEY idx_created_at_type (created_at, type), KEY idx_logs_user_id (user_id)
);
INSERT INTO logs SELECT
  seq, seq % 300, 1790812800 + seq * 2600000 DIV {rows}, 2,
  CONCAT('模型倍率 0.2，补全倍率 4.00，分组倍率 ', seq % 3), CONCAT('u-', seq % 300), CONCAT('svc-', seq % 300),
  'gpt-4.1-mini', 100 + seq % 5000, 700 + seq % 3700, 200 + seq % 300, 1 + seq % 20, 1, 1 + seq % 12, 1 + seq % 300,
  'default', '10.0.0.1', CONCAT('20261001', MD5(seq)),
  CONCAT(
    '{{"admin_info":{{"use_channel":["', 1 + seq % 12, '"]}},"cache_ratio":0.25,"cache_tokens":', seq % 512,
    ',"completion_ratio":4,"frt":', 100 + seq % 900, ',"group_ratio":1,"model_price":-1,"model_ratio":0.2,',
    '"request_path":"/v1/chat/completions","user_group_ratio":-1}}'
  )
FROM seq_1_to_{rows};
ANALYZE TABLE logs;
"""
NEW_API_COLUMNS = (
    "id", "user_id", "created_at", "type", "content", "username", "token_name", "model_name", "quota", "prompt_tokens",
    "completion_tokens", "use_time", "is_stream", "channel_id", "token_id", "group", "ip", "request_id", "other",
)  # fmt: skip

SPEND_LOGS = """
CREATE TABLE "LiteLLM_SpendLogs" (
  request_id text PRIMARY KEY, call_type text NOT NULL, api_key text NOT NULL DEFAULT '',
  spend double precision NOT NULL DEFAULT 0, total_tokens integer NOT NULL DEFAULT 0,
  prompt_tokens integer NOT NULL DEFAULT 0, completion_tokens integer NOT NULL DEFAULT 0,
  "startTime" timestamp(3) NOT NULL, "endTime" timestamp(3) NOT NULL, request_duration_ms integer,
  "completionStartTime" timestamp(3), model text NOT NULL DEFAULT '', model_id text DEFAULT '',
  model_group text DEFAULT '', custom_llm_provider text DEFAULT '', api_base text DEFAULT '', "user" text DEFAULT '',
  metadata jsonb DEFAULT '{{}}', cache_hit text DEFAULT '', cache_key text DEFAULT '', request_tags jsonb DEFAULT '[]',
  team_id text, organization_id text, end_user text, requester_ip_address text, messages jsonb DEFAULT '{{}}',
  response jsonb DEFAULT '{{}}', session_id text, status text, mcp_namespaced_tool_name text, agent_id text,
  proxy_server_request jsonb DEFAULT '{{}}'
);
INSERT INTO "LiteLLM_SpendLogs" SELECT
  'chatcmpl-' || md5(n::text), 'acompletion', key, (n % 977) * 0.0000137, 900 + n % 4000, 700 + n % 3700, 200 + n % 300,
  t, t + (300 + n % 9000) * interval '1 ms', 300 + n % 9000, t + (100 + n % 200) * interval '1 ms', 'gpt-4.1-mini',
  md5((n % 7)::text)::uuid::text, 'gpt-4.1-mini', 'openai', 'https://api.openai.com/v1/', 'u-' || n % 300,
  jsonb_build_object(
    'status', 'success', 'user_api_key', key, 'user_api_key_alias', 'svc-' || n % 300,
    'user_api_key_team_id', 'team-' || n % 12, 'user_api_key_team_alias', 'team ' || n % 12,
    'user_api_key_user_id', 'u-' || n % 300, 'user_api_key_org_id', null, 'requester_ip_address', '10.0.0.1',
    'batch_models', null, 'spend_logs_metadata', null, 'applied_guardrails', jsonb_build_array(),
    'guardrail_information', null, 'mcp_tool_call_metadata', null, 'vector_store_request_metadata', null,
    'model_map_information', jsonb_build_object(
      'model_map_key', 'gpt-4.1-mini', 'model_map_value', jsonb_build_object('mode', 'chat', 'max_tokens', 32768)
    ),
    'usage_object', jsonb_build_object(
      'total_tokens', 900 + n % 4000, 'prompt_tokens', 700 + n % 3700, 'completion_tokens', 200 + n % 300,
      'prompt_tokens_details', jsonb_build_object('audio_tokens', 0, 'cached_tokens', n % 512),
      'completion_tokens_details', jsonb_build_object(
        'audio_tokens', 0, 'reasoning_tokens', n % 100, 'accepted_prediction_tokens', 0,
        'rejected_prediction_tokens', 0
      )
    )
  ),
  'None', 'Cache OFF', '["User-Agent: python-httpx", "prod"]', 'team-' || n % 12, null, '', '10.0.0.1', '{{}}', '{{}}',
  md5((n / 20)::text)::uuid::text, 'success', null, null, '{{}}'
FROM (
  SELECT
    n, encode(sha256((n % 300)::text::bytea), 'hex') AS key,
    timestamp '2026-10-01' + n * interval '2600000 s' / {rows} AS t
  FROM generate_series(1, {rows}) AS n
) AS made;
CREATE INDEX ON "LiteLLM_SpendLogs" ("startTime");
CREATE INDEX ON "LiteLLM_SpendLogs" ("startTime", request_id);
ANALYZE;
"""


def export_new_api(server: Server, log: Path) -> None:
    """The table as MariaDB writes it to a file."""
    names = ", ".join(f"'{column}'" for column in NEW_API_COLUMNS)
    columns = ", ".join(f"`{column}`" for column in NEW_API_COLUMNS)
    out = server.folder / "data" / "logs.csv"
    server.run(
        f"SELECT {names} UNION ALL SELECT {columns} FROM logs INTO OUTFILE '{out}' "
        "FIELDS TERMINATED BY ',' ENCLOSED BY '\"' ESCAPED BY '\"' LINES TERMINATED BY '\\n'"
    )
    shutil.move(out, log)


def export_spend_logs(server: Server, log: Path) -> None:
    """The table as PostgreSQL writes it to a file."""
    server.run(f"\\copy \"LiteLLM_SpendLogs\" TO '{log}' CSV HEADER")


def ingested(settings: str, rows: int) -> tuple[float, float]:
    """Seconds of `audit ingest` into a new store, and the most memory it took, in GB."""
    with tempfile.TemporaryDirectory(prefix="audit-bench-") as folder:
        (Path(folder) / "audit.toml").write_text(settings, encoding="utf-8")
        begin = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "audit", "ingest"],
            cwd=folder,
            env=os.environ
            | {PASSWORD_ENV: servers.PASSWORD, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None  # noqa: S101  # for the type's sake
        said = process.stdout.read()
        _, code, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(code)
        if process.returncode or f"{rows:,} calls" not in said:
            raise SystemExit(f"the ingest ended with code {process.returncode}: {said}")
        return seconds, used.ru_maxrss / 1e6


def compare(title: str, server: Server, log: Path, rows: int, pairs: int) -> None:
    """Pairs of runs, one after the other, so that a machine that slows down slows both."""
    table = f'[[databases]]\nname = "bench"\nurl = "{server.url}"\npassword_env = "{PASSWORD_ENV}"\n'
    print(f"{title}: {rows:,} rows, {log.stat().st_size / rows:.0f} bytes a row as CSV, {os.cpu_count()} cores")
    ratios = []
    for pair in range(pairs + 1):
        file, _ = ingested(f'[paths]\nlogs = ["{log}"]\n', rows)
        database, memory = ingested(table, rows)
        if pair:  # the first pair warms the caches
            ratios.append(file / database)
            print(f"  CSV {file:.1f} s   database {database:.1f} s, {memory:.1f} GB   ratio {ratios[-1]:.2f}")
    print(f"  median ratio {statistics.median(ratios):.2f} (at least {LEAST} is asked)")


def main() -> None:
    """Each server in its turn; one that is not there is said to be missing."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=1_000_000)
    arguments.add_argument("--pairs", type=int, default=3)
    given = arguments.parse_args()
    for title, start, table, export in (
        ("new-api in MariaDB", servers.mariadb, NEW_API, export_new_api),
        ("LiteLLM's SpendLogs in PostgreSQL", servers.postgresql, SPEND_LOGS, export_spend_logs),
    ):
        try:
            with start() as server, tempfile.TemporaryDirectory(prefix="audit-bench-") as folder:
                server.run(table.format(rows=given.rows))
                log = Path(folder) / "logs.csv"
                export(server, log)
                compare(title, server, log, given.rows, given.pairs)
        except servers.AbsentError as error:
            print(f"{title}: {error}")


if __name__ == "__main__":
    main()
