"""A store outlives the version that made it: an earlier one is brought up as it is opened, and nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.engine import store
from audit.engine.duckdb import Engine
from audit.records import AuditError
from tests.ingest.shop import Shop, line

SCHEMA_2 = Path(__file__).with_name("schema_2.sql").read_text(encoding="utf-8")
NEW = (
    "region, input_audio_tokens, cache_read_audio_tokens, output_audio_tokens, input_image_tokens, "
    "output_image_tokens, quantity, unit"
)
# A gateway's call and an SDK's of it, linked, and one that stands alone.
CALLS_2 = """
INSERT INTO store.files (file_id, path, sha256, bytes, format, calls, rejected)
  VALUES (1, 'old.jsonl', 'x', 1, 'native', 3, 0);
INSERT INTO store.calls BY NAME
  SELECT unnest(['a', 'b', 'c']) AS call_id, unnest(['gateway', 'sdk', 'sdk']) AS source,
    TIMESTAMP '2026-10-05 10:00:00' AS started_at, 'gpt-4o' AS model, 10 AS input_tokens, 5 AS output_tokens,
    0.25 AS stated_cost, 'USD' AS stated_currency, ['nightly'] AS tags, 1 AS file_id;
INSERT INTO store.linked BY NAME SELECT c.* EXCLUDE (file_id, problem), 'gateway + sdk' AS sources
  FROM store.calls AS c WHERE call_id = 'a';
INSERT INTO store.statements VALUES ('gateway', 'a', 'gateway', 'a'), ('sdk', 'b', 'gateway', 'a');
INSERT INTO store.linking VALUES (1);
INSERT INTO store.months VALUES ('2026-10', TIMESTAMP '2026-11-01 06:00:00', 0, NULL);
"""


@pytest.fixture
def old(shop: Shop) -> Shop:
    with Engine(shop.folder / shop.store) as engine:
        engine.run(SCHEMA_2 + CALLS_2)
    return shop


def test_an_earlier_store_keeps_its_calls_and_what_came_since_is_unknown_of_them(old: Shop) -> None:
    assert old.calls == ["a", "b", "c"]
    assert set(old.rows(f"SELECT {NEW} FROM store.each_call")) == {(None,) * 8}
    assert old.rows("SELECT call_id, input_tokens, stated_cost::VARCHAR, tags FROM store.each_call ORDER BY ALL") == [
        ("a", 10, "0.250000000", ["nightly"]),
        ("c", 10, "0.250000000", ["nightly"]),
    ]
    assert old.rows("SELECT sources FROM store.linked") == [("gateway + sdk",)]
    assert old.rows("SELECT month FROM store.months") == [("2026-10",)]
    assert old.rows("SELECT version FROM store.version") == [(store.SCHEMA_VERSION,)]


def test_an_earlier_store_takes_new_calls_and_links_them(old: Shop) -> None:
    both = {"response_id": "chatcmpl-0123456789", "started_at": "2026-10-20T10:00:00Z", "region": "intl"}
    searched = {"quantity": 3, "unit": "web_searches", "input_audio_tokens": 4}
    old.ingest(
        old.log("g.jsonl", line("d", source="gateway", **both)),
        old.log("s.jsonl", line("e", source="sdk", **both, **searched)),
    )
    told = f"SELECT call_id, tags, {NEW} FROM store.each_call WHERE started_at > TIMESTAMP '2026-10-19'"
    assert old.rows(told) == [("e", None, "intl", 4, None, None, None, None, 3, "web_searches")]
    assert len(old.rows("FROM store.each_call")) == 3


def test_a_store_that_was_brought_up_has_the_columns_of_a_new_one(old: Shop, tmp_path: Path) -> None:
    fresh = Shop(tmp_path / "fresh")
    for table in ("calls", "linked", "each_call", "bills"):
        columns = f"SELECT column_name, column_type FROM (DESCRIBE store.{table}) ORDER BY ALL"
        assert old.rows(columns) == fresh.rows(columns)


@pytest.mark.parametrize("version", [1, store.SCHEMA_VERSION + 1])
def test_a_store_that_cannot_be_brought_up_is_refused_and_left_as_it_is(shop: Shop, version: int) -> None:
    path = shop.folder / shop.store
    with Engine(path) as engine:
        engine.run(f"CREATE SCHEMA store; CREATE TABLE store.version AS SELECT {version} AS version")
    with pytest.raises(AuditError, match=rf"another version \(schema {version}, this one reads 3\); move it away"):
        shop.rows("SELECT 1")
    with Engine(path) as engine:
        assert engine.rows("SELECT table_name FROM duckdb_tables()") == [("version",)]
