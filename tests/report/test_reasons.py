"""Why a line or a file could not be read is told to a Chinese reader in Chinese."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from audit import places
from audit.ingest import reading, rejects, values
from audit.report import speech
from tests.ingest.shop import Shop, lines

if TYPE_CHECKING:
    from pathlib import Path

CHINESE = speech.load(places.templates(), "zh", "CNY")
SENTENCE = re.compile(r"[A-Za-z]{2,} [A-Za-z]{2,} [A-Za-z]{2,}")


BROKEN = (
    ("{}" * 9, "json", 10),
    ("\udc80", "json", 99),
    ("a,b", "csv", 99),
    ("{}", "json", 99),
    ("[1]", "json", 99),
    ('{"a"', "json", 99),
    ("[" * 999, "json", 9_999),
)
REASONS = [
    *(f"usage.input: {asked}" for asked in values.ASKS.values()),
    *(reason for unfit in reading._UNFIT.values() for reason in re.findall(r"THEN '(.*)'", unfit)),  # noqa: SLF001
    *(rejects._why(*broken) for broken in BROKEN),  # noqa: SLF001
    rejects.CUT_OFF,
]


@pytest.mark.parametrize("reason", REASONS)
def test_a_reason_of_the_program_is_told_in_chinese(reason: str) -> None:
    assert re.search("[\u4e00-\u9fff]", CHINESE.reason(reason))
    assert not SENTENCE.search(CHINESE.reason(reason))


def test_files_that_cannot_be_read_are_told_in_chinese(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    (receipt,) = shop.ingest(shop.log("a.jsonl", b'{"x": 1, "y": 2}\n'))
    assert CHINESE.reason(receipt.reason) == "不是已知的日志格式；第一条记录的字段为 x, y"
    (receipt,) = shop.ingest(shop.log("b.zip", b"PK\x03\x04" + lines("a")))
    assert "损坏或被截断" in CHINESE.reason(receipt.reason)
    assert speech.load(places.templates(), "en", "USD").reason(receipt.reason) == receipt.reason
