"""LiteLLM's own table, as its schema lays it out in PostgreSQL."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from audit.settings import Database
from tests.databases.gateway import PASSWORD_ENV, Store

if TYPE_CHECKING:
    from tests.databases.servers import Server

TABLE = """
DROP TABLE IF EXISTS "LiteLLM_SpendLogs", logs;
CREATE TABLE "LiteLLM_SpendLogs" (
  request_id text PRIMARY KEY, call_type text NOT NULL, api_key text NOT NULL DEFAULT '',
  spend double precision NOT NULL DEFAULT 0, total_tokens integer NOT NULL DEFAULT 0,
  prompt_tokens integer NOT NULL DEFAULT 0, completion_tokens integer NOT NULL DEFAULT 0,
  "startTime" timestamp(3) NOT NULL, "endTime" timestamp(3) NOT NULL, "completionStartTime" timestamp(3),
  model text NOT NULL DEFAULT '', custom_llm_provider text DEFAULT '', "user" text DEFAULT '',
  metadata jsonb DEFAULT '{}', cache_hit text DEFAULT '', request_tags jsonb DEFAULT '[]', team_id text, end_user text,
  messages jsonb DEFAULT '{}', response jsonb DEFAULT '{}', session_id text, status text,
  proxy_server_request jsonb DEFAULT '{}'
);
CREATE INDEX ON "LiteLLM_SpendLogs" ("startTime", request_id);
"""


@pytest.fixture
def proxy(postgresql: Server) -> Server:
    postgresql.run(TABLE)
    return postgresql


def add(proxy: Server, request_id: str, started: str, **columns: str) -> None:
    plain = {
        "request_id": f"'{request_id}'", "call_type": "'acompletion'", "spend": "0.0000137", "prompt_tokens": "700",
        "completion_tokens": "20", '"startTime"': f"'{started}'",
        '"endTime"': f"timestamp '{started}' + interval '1.5 s'",
        "model": "'gpt-4.1-mini'", "custom_llm_provider": "'openai'", "status": "'success'", "cache_hit": "'None'",
    }  # fmt: skip
    given = plain | columns
    proxy.run(f'INSERT INTO "LiteLLM_SpendLogs" ({", ".join(given)}) VALUES ({", ".join(given.values())})')


def database(proxy: Server, **keys: object) -> Database:
    return Database.model_validate({"name": "proxy", "url": proxy.url, "password_env": PASSWORD_ENV, **keys})


def test_a_row_is_a_call_with_its_instants_in_utc_and_its_money_exact(proxy: Server, store: Store) -> None:
    usage = '{"usage_object": {"prompt_tokens_details": {"cached_tokens": 512}}, "user_api_key_alias": "svc-search"}'
    add(proxy, "chatcmpl-1", "2026-10-05 23:59:59.123", metadata=f"'{usage}'", request_tags="""'["prod"]'""")
    assert store.read(database(proxy)).calls == 1
    said = store.rows(
        "SELECT call_id, started_at, latency_ms, input_tokens, cache_read_tokens, api_key, tags, stated_cost::VARCHAR "
        "FROM store.calls"
    )
    started = datetime(2026, 10, 5, 23, 59, 59, 123_000)  # noqa: DTZ001  # the store's instants are UTC without saying so
    assert said == [("chatcmpl-1", started, 1500, 700, 512, "svc-search", ["prod"], "0.000013700")]


def test_a_table_that_is_named_is_read_where_its_schema_is_not_the_users_own(proxy: Server, store: Store) -> None:
    proxy.run("""DROP SCHEMA IF EXISTS litellm CASCADE; CREATE SCHEMA litellm; GRANT USAGE ON SCHEMA litellm TO auditor;
        CREATE TABLE litellm.spend AS SELECT * FROM "LiteLLM_SpendLogs" LIMIT 0; GRANT ALL ON litellm.spend TO auditor;
        INSERT INTO litellm.spend (request_id, call_type, api_key, spend, prompt_tokens, "startTime", "endTime")
        VALUES ('a', 'acompletion', '', 0.5, 1, '2026-10-05', '2026-10-05')""")
    assert store.read(database(proxy, table="litellm.spend")).calls == 1
    assert store.rows("SELECT path FROM store.files") == [("proxy/litellm.spend",)]


def test_a_row_that_came_late_is_found_within_the_look_back(proxy: Server, store: Store) -> None:
    add(proxy, "newest", "2026-10-20 12:00:00")
    store.read(database(proxy, look_back_hours=48))
    add(proxy, "late", "2026-10-18 12:00:00")
    add(proxy, "too-late", "2026-10-18 11:59:59.999")
    assert store.read(database(proxy, look_back_hours=48)).calls == 1
    assert store.ids == ["late", "newest"]


def test_a_wrong_clock_does_not_keep_later_rows_out(proxy: Server, store: Store) -> None:
    add(proxy, "ahead", "2099-01-01 00:00:00")
    store.read(database(proxy))
    (mark,) = store.rows("SELECT mark FROM store.sources")[0]
    assert mark < "2099"
    # What comes after has today's time.
    proxy.run("""UPDATE "LiteLLM_SpendLogs" SET request_id = 'ahead' """)
    add(proxy, "today", "2000-01-01")
    proxy.run("""UPDATE "LiteLLM_SpendLogs" SET "startTime" = now() AT TIME ZONE 'UTC' WHERE request_id = 'today'""")
    assert store.read(database(proxy)).calls == 1


def test_a_zone_of_the_settings_holds_for_times_without_one(proxy: Server, store: Store) -> None:
    add(proxy, "a", "2026-10-06 07:59:59")
    store.read(database(proxy, timezone="Asia/Shanghai"))
    assert str(store.rows("SELECT started_at FROM store.calls")[0][0]) == "2026-10-05 23:59:59"


def test_a_row_without_a_cursor_is_told_of(proxy: Server, store: Store) -> None:
    add(proxy, "a", "2026-10-06 08:00:00", **{'"completionStartTime"': "'2026-10-06 08:00:01'"})
    add(proxy, "b", "2026-10-06 08:00:00")
    receipt = store.read(database(proxy, cursor="completionStartTime"))
    assert receipt.reason == "1 rows have no completionStartTime and were not read: name another cursor"
    assert store.ids == ["a"]


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({"table": "nothing"}, "it has no table nothing that its user may read"),
        (
            {"cursor": "nothing"},
            "the cursor 'nothing' is none of its columns: name the column that grows with new rows",
        ),
        (
            {"cursor": "model"},
            "the cursor 'model' is neither a number nor a time: name the column that grows with new rows",
        ),
        ({"table": "pg_catalog.pg_roles"}, "no known log format; it has the columns rolname, rolsuper"),
    ],
)
def test_what_cannot_be_read_is_told_with_what_to_do(
    proxy: Server, store: Store, keys: dict[str, str], reason: str
) -> None:
    receipt = store.read(database(proxy, **keys))
    assert receipt.unread
    assert receipt.reason.startswith(reason)


def test_a_table_that_the_user_may_not_read_is_told_of(proxy: Server, store: Store) -> None:
    proxy.run('REVOKE ALL ON "LiteLLM_SpendLogs" FROM auditor')
    receipt = store.read(database(proxy))
    assert receipt.reason == (
        "it has no table LiteLLM_SpendLogs or logs that its user may read; name another one as its table"
    )
