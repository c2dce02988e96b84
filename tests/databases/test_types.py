"""What a column of each type comes as."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from audit.ingest.databases.connect import session
from tests.databases.gateway import Gateway

if TYPE_CHECKING:
    from pathlib import Path

    from tests.databases.servers import Server


def texts(gateway: Gateway, shape: str, values: str, **keys: Any) -> dict[str, Any]:
    gateway.run(f"DROP TABLE IF EXISTS {gateway.name('of types')}; CREATE TABLE {gateway.name('of types')} ({shape});")
    gateway.run(f"INSERT INTO {gateway.name('of types')} VALUES ({values})")
    with session(gateway.settings(**keys)) as here:
        columns = here.columns("of types")
        frame = here.rows("of types", columns, "1 = 1")
    assert set(frame.dtypes) == {pl.String}
    (row,) = frame.to_dicts()
    return row


def test_postgresql(postgresql: Server, tmp_path: Path) -> None:
    gateway = Gateway("postgresql", tmp_path, postgresql)
    shape = """whole bigint, small smallint, half real, double double precision, exact numeric(20,9), flag boolean,
        plain timestamp(3), zoned timestamptz, day date, body jsonb, raw json, tags text[], empty text, none text,
        id uuid, "Odd ""name" varchar(9)"""
    values = """9223372036854775807, -1, 0.5, 0.1, 12.345678901, true, '2026-10-24 02:30:00.5',
        '2026-10-25 02:30:00.123456+02', '2026-10-25', '{"b": 1, "a": [null]}', '{"b":1}', '{a,"b,c",NULL}', '', NULL,
        '00000000-0000-0000-0000-00000000000a', '李雷😀'"""
    assert texts(gateway, shape, values, timezone="Europe/Berlin") == {
        "whole": "9223372036854775807", "small": "-1", "half": "0.5", "double": "0.1", "exact": "12.345678901",
        "flag": "true", "plain": "2026-10-24 00:30:00.5+00", "zoned": "2026-10-25 00:30:00.123456+00",
        "day": "2026-10-25", "body": '{"a": [null], "b": 1}', "raw": '{"b":1}', "tags": '["a","b,c",null]',
        "empty": "", "none": None, "id": "00000000-0000-0000-0000-00000000000a", 'Odd "name': "李雷😀",
    }  # fmt: skip


def test_mariadb(mariadb: Server, tmp_path: Path) -> None:
    gateway = Gateway("mysql", tmp_path, mariadb)
    shape = """whole bigint unsigned, flag tinyint(1), half float, `double` double, exact decimal(20,9),
        plain datetime(6), stamp timestamp(3) NULL, day date, body json, big longtext,
        old varchar(20) CHARACTER SET latin1, bytes varbinary(20), empty text, none text,
        `Odd ``name` varchar(9) CHARACTER SET utf8mb4"""
    values = """18446744073709551615, 1, 0.5, 0.1, 12.345678901, '2026-10-25 02:30:00.5', '2026-10-25 02:30:00.5',
        '2026-10-25', '{"b": 1, "a": [null]}', repeat('x', 100000), 'Zoë', 'abc', '', NULL, '李雷😀'"""
    row = texts(gateway, shape, values)
    assert len(row.pop("big")) == 100_000
    assert row == {
        "whole": "18446744073709551615", "flag": "1", "half": "0.5", "double": "0.1", "exact": "12.345678901",
        "plain": "2026-10-25 02:30:00.500000+00", "stamp": "2026-10-25 02:30:00.500+00", "day": "2026-10-25",
        "body": '{"b": 1, "a": [null]}', "old": "Zoë", "bytes": "abc", "empty": "", "none": "", "Odd `name": "李雷😀",
    }  # fmt: skip


def test_sqlite(tmp_path: Path) -> None:
    gateway = Gateway("sqlite", tmp_path / "any.db")
    shape = """whole integer, flag numeric, double real, moment datetime, body json, mixed, empty text, none text,
        "Odd ""name" text"""
    values = (
        """9223372036854775807, 1, 0.1, '2026-10-25 02:30:00.5+02:00', '{"a": null}', x'4142ff', '', NULL, '李雷😀'"""
    )
    assert texts(gateway, shape, values) == {
        "whole": "9223372036854775807", "flag": "1", "double": "0.1", "moment": "2026-10-25 02:30:00.5+02:00",
        "body": '{"a": null}', "mixed": "AB�", "empty": "", "none": "", 'Odd "name': "李雷😀",
    }  # fmt: skip
