"""A price file's rows: what is said of wrong ones, what holds together, and how one is added."""

from __future__ import annotations

import stat
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from audit.pricing import adding, overlaps, pricelist
from audit.records import AuditError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

HEAD = '[[price]]\nprovider = "openai"\nmodel = "gpt-x"\n'
ROW = HEAD + 'input_mtok = "3"\noutput_mtok = "15"\n'


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return tmp_path / "acme.toml"


def said(book: Path, text: str) -> str:
    """What reading and checking a file complains of, without the file's name; nothing where it holds."""
    book.write_text(text, encoding="utf-8")
    try:
        overlaps.check(pricelist.read(book))
    except UsageError as error:
        return str(error).replace(str(book), "FILE")
    return ""


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("price = 3\n", "FILE: a price file holds [[price]] tables and nothing else"),
        ('[rates]\nx = "1"\n', "FILE: a price file holds [[price]] tables and nothing else"),
        (ROW + "output_mtok = \n", "FILE: Invalid value (at line 6, column 15)"),
        ("\n\n" + HEAD + "input_mtok = 0.1\n", "FILE, line 3: input_mtok: 0.1 has no exact digits: write the price in"),
        (HEAD + 'input_mtok = "-1"\n', "FILE, line 1: input_mtok: Input should be greater than or equal to 0"),
        (HEAD + 'input_mtok = "NaN"\n', "FILE, line 1: input_mtok: Input should be a finite number"),
        (HEAD + "input_mtok = true\n", "FILE, line 1: input_mtok: Decimal input should be"),
        (ROW + HEAD + 'inputs = "1"\n', "FILE, line 6: unknown key 'inputs'; did you mean 'input_mtok'?"),
        (ROW + 'discount = "1"\n', "FILE, line 1: discount: Input should be less than 1"),
        (ROW + "batch_factor = 0.5\n", "FILE, line 1: batch_factor: 0.5 has no exact digits"),
        (ROW + 'currency = "RMB"\n', "FILE, line 1: currency: 'RMB' is no currency"),
        (ROW + 'zone = "Asia/Peking"\n', "FILE, line 1: zone: "),
        (HEAD, "FILE, line 1: it states neither a price nor a discount"),
        (
            '[[price]]\nprovider = "openai"\nmodel = "*"\ninput_mtok = "1"\n',
            "FILE, line 1: model.0: '*' would be every",
        ),
        ('[[price]]\nmodel = "x"\ninput_mtok = "1"\n', "FILE, line 1: provider is missing"),
        (ROW + "valid_from = 2026-02-01\nvalid_to = 2026-02-01\n", "FILE, line 1: valid_to 2026-02-01 is not after"),
        (ROW + 'hours = ["08:00", "08:00"]\n', "FILE, line 1: its hours begin and end at one time"),
        (ROW + 'hours = ["08:00+08:00", "09:00"]\n', "FILE, line 1: hours.0: 08:00+08:00 names a zone of its own"),
        (ROW + 'weekdays = ["mon"]\n', "FILE, line 1: weekdays and not_on are for a row with hours"),
        (
            HEAD + 'discount = "0.1"\nhours = ["08:00", "09:00"]\n',
            "FILE, line 1: a discount on another list's price is",
        ),
        (HEAD + 'discount = "0.1"\nbatch_factor = "0.5"\n', "FILE, line 1: a discount on another list's price is"),
        (HEAD + 'output_mtok = "8"\n', "FILE, line 1: output_mtok needs input_mtok beside it"),
        (HEAD + 'cache_read_mtok = "8"\n', "FILE, line 1: cache_read_mtok needs input_mtok beside it"),
        (
            ROW + 'cache_read_mtok = "1"\ntiering = "marginal"\n',
            "FILE, line 1: marginal bands and cache_read_mtok cannot stand together",
        ),
        (
            ROW + 'output_reasoning_mtok = "1"\ntiering = "marginal"\n',
            "FILE, line 1: marginal bands and output_reasoning_mtok cannot stand together",
        ),
        (ROW + "[[price.band]]\ninput_from = 9\ninput_to = 9\n", "FILE, line 1: the band from 9 ends at 9"),
        (ROW + "[[price.band]]\ninput_from = 9\n" * 2, "FILE, line 1: two bands begin at 9 input and 0 output tokens"),
    ],
)
def test_what_is_wrong_is_named_with_file_line_and_key(book: Path, text: str, complaint: str) -> None:
    assert said(book, text).startswith(complaint)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes(b'[[price]]\nnote = "\xe9"\n')
    for name, what in (("latin.toml", "not UTF-8"), ("none.toml", "the price file cannot be read"), (".", "cannot be")):
        with pytest.raises(UsageError, match=what):
            pricelist.read(tmp_path / name)


def test_a_csv_s_rows_are_those_of_the_toml(tmp_path: Path) -> None:
    path = tmp_path / "acme.csv"
    path.write_text(
        "\ufeffprovider,model,input_mtok,output_mtok,hours,thinking,valid_from,weekdays\n"
        "openai,gpt-x;gpt-y,3,15,,,2026-01-01,\n"
        "\n"
        'azure,gpt-z,"3.5",0,00:30;08:30,true,,mon; tue\n',
        encoding="utf-8",
    )
    one, other = pricelist.read(path)
    assert (one.models, one.input_mtok, one.hours, str(one.begin)) == (
        ("gpt-x", "gpt-y"),
        Decimal(3),
        None,
        "2026-01-01 00:00:00+00:00",
    )
    assert (other.provider, other.input_mtok, other.thinking) == ("azure", Decimal("3.5"), True)
    assert (other.weekdays, other.place) == (("mon", "tue"), f"{path}, line 4")
    path.write_text("provider,model,input_mtok\nopenai,gpt-x,1,234\n")
    with pytest.raises(
        UsageError, match="line 2: more values than columns: a value with commas in it stands in quotes"
    ):
        pricelist.read(path)
    path.write_text("provider,model,input\nopenai,gpt-x,1\n")
    with pytest.raises(UsageError, match="line 1: unknown key 'input'"):
        pricelist.read(path)


TWICE = "'gpt-x' has two prices at once, this one and that of FILE, line"
NIGHT, DAY = 'hours = ["22:00", "06:00"]\n', 'hours = ["05:00", "09:00"]\n'


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ([ROW, ROW], f"FILE, line 6: {TWICE} 1"),
        ([ROW, ROW.replace("gpt-x", "GPT-X")], f"FILE, line 6: {TWICE} 1"),
        ([ROW + "valid_from = 2026-01-01\n", ROW + "valid_from = 2026-01-01\n"], f"FILE, line 7: {TWICE} 1"),
        ([ROW + "valid_to = 2026-02-01\n", ROW + "valid_from = 2026-01-31\n"], f"FILE, line 7: {TWICE} 1"),
        ([ROW + "valid_from = 2026-03-01\n", ROW + "valid_to = 2026-03-02\n"], f"FILE, line 1: {TWICE} 7"),
        ([ROW + "valid_to = 2026-02-01\n", ROW + "valid_from = 2026-02-01\n"], ""),
        ([ROW, ROW + "valid_from = 2026-02-01\n"], ""),  # the later takes over
        ([ROW, ROW + 'region = "eu"\n', ROW + 'service_tier = "batch"\n', ROW + "thinking = true\n"], ""),
        (
            # Midnight in Shanghai is 16:00 of the day before.
            [ROW + "valid_to = 2026-02-01\n", ROW + 'valid_from = 2026-02-01\nzone = "Asia/Shanghai"\n'],
            f"FILE, line 7: {TWICE} 1",
        ),
        (
            [ROW + "valid_to = 2026-02-01\n", ROW + "valid_from = 2026-02-03\n"],
            "FILE, line 7: 'gpt-x' has no price from 2026-02-01 to 2026-02-03, between this row and that of FILE, line",
        ),
        ([ROW + 'valid_to = 2026-02-01\ngap = "?"\n', ROW + "valid_from = 2026-02-03\n"], ""),
        # An open row holds again where a later one has ended.
        ([ROW, ROW + "valid_from = 2026-01-01\nvalid_to = 2026-02-01\n", ROW + "valid_from = 2026-02-03\n"], ""),
        ([ROW, ROW + NIGHT, ROW + DAY], f"FILE, line 12: {TWICE} 6"),
        ([ROW, ROW + NIGHT, ROW + DAY.replace("05", "06")], ""),
        ([ROW, ROW + NIGHT + 'weekdays = ["mon"]\n', ROW + DAY + 'weekdays = ["tue"]\n'], ""),
        ([ROW, ROW + NIGHT + 'weekdays = ["mon"]\n', ROW + NIGHT + 'weekdays = ["sat", "sun"]\n'], ""),
        (
            [ROW, ROW + NIGHT + 'weekdays = ["mon"]\n', ROW + NIGHT + 'weekdays = ["sun", "mon"]\n'],
            f"FILE, line 13: {TWICE}",
        ),
        ([ROW, ROW + NIGHT, ROW + NIGHT + 'zone = "Asia/Shanghai"\n'], ""),  # 14:00 to 22:00 of UTC
        ([ROW, ROW + NIGHT, ROW + NIGHT + 'zone = "Europe/Berlin"\n'], f"FILE, line 12: {TWICE} 6"),
        ([ROW + NIGHT], "FILE, line 1: 'gpt-x' has no price outside the hours of this row: add a row without hours"),
        ([ROW + NIGHT, ROW + 'hours = ["06:00", "22:00"]\n'], ""),
        ([ROW + NIGHT + "thinking = true\n", ROW], ""),
        (
            [ROW.replace("gpt-x", "gpt-*x"), ROW.replace("gpt-x", "gpt*-x")],
            "FILE, line 6: 'gpt*-x' and the 'gpt-*x' of FILE, line 1 mean some names alike, and neither is nearer",
        ),
        ([ROW.replace("gpt-x", "gpt-*"), ROW.replace("gpt-x", "gpt-4*"), ROW], ""),
    ],
)
def test_overlaps_and_gaps_name_both_rows(book: Path, rows: list[str], complaint: str) -> None:
    found = said(book, "".join(rows))
    assert found.startswith(complaint) if complaint else not found, found


def test_a_contract_is_checked_before_it_prices_anything(book: Path) -> None:
    book.write_text(ROW + ROW)
    with pytest.raises(UsageError, match="two prices at once"):
        pricelist.contracts([book])


def test_two_contracts_with_one_row_are_an_error_that_names_both(book: Path) -> None:
    other = book.with_name("other.toml")
    book.write_text(ROW)
    other.write_text(ROW)
    with pytest.raises(
        UsageError, match=r"other\.toml, line 1: 'gpt-x' has two prices .* that of .*acme\.toml, line 1"
    ):
        pricelist.contracts([book, other])
    other.unlink()
    with pytest.raises(UsageError, match=r"other\.toml, line 3: 'gpt-x' has two prices .*acme\.toml, line 1"):
        adding.add(other, {"provider": "openai", "model": "gpt-x", "input_mtok": "1"}, [book])
    assert not other.exists()


NEW = {"provider": "openai", "model": "gpt-x", "valid_from": "2026-11-01", "input_mtok": "2.5", "output_mtok": "10"}


def test_a_row_is_added_at_the_end_and_the_rest_stays_as_it_was(book: Path) -> None:
    adding.add(book, {**NEW, "source": 'a "quoted"\\ line\nand\ttab, 合同 \x7f'})
    first = book.read_text(encoding="utf-8")
    assert pricelist.read(book)[0].source == 'a "quoted"\\ line\nand\ttab, 合同 \x7f'
    adding.add(book, {**NEW, "valid_from": "2026-12-01", "input_mtok": "2.0"})
    assert book.read_text(encoding="utf-8").startswith(first.rstrip())
    assert [row.input_mtok for row in pricelist.read(book)] == [Decimal("2.5"), Decimal("2.0")]
    assert [path.name for path in book.parent.iterdir()] == [book.name]


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        (NEW, "acme.toml, line 5: 'gpt-x' has two prices at once, this one and that of .*acme.toml, line 1"),
        ({**NEW, "input_mtok": "much"}, "acme.toml, line 7: input_mtok: "),
        ({**NEW, "valid_from": "soon"}, "acme.toml, line 7: valid_from"),
        ({**NEW, "model": "*"}, "would be every model"),
    ],
)
def test_a_wrong_row_leaves_the_file_as_it_was(book: Path, row: dict[str, str], complaint: str) -> None:
    before = ROW + "valid_from = 2026-11-01"
    book.write_text(before)
    with pytest.raises(UsageError, match=complaint.replace("line 5", "line 8").replace("line 7", "line 8")):
        adding.add(book, row)
    assert book.read_text() == before
    assert [path.name for path in book.parent.iterdir()] == [book.name]


def test_what_cannot_be_written_is_said_and_changes_nothing(book: Path, tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="the price cannot be written: No such file"):
        adding.add(tmp_path / "none" / "acme.toml", NEW)
    with pytest.raises(UsageError, match=r"a row is added to a \.toml file"):
        adding.add(tmp_path / "acme.csv", NEW)
    book.write_bytes(b"# \xe9\n")
    with pytest.raises(UsageError, match="not UTF-8"):
        adding.add(book, NEW)
    assert book.read_bytes() == b"# \xe9\n"
    book.unlink()
    book.mkdir()
    with pytest.raises(AuditError, match="the price cannot be written"):
        adding.add(book, NEW)


def test_a_file_left_by_a_run_that_was_killed_is_no_hindrance(book: Path) -> None:
    book.write_text(ROW)
    (book.parent / f".{book.name}.making").write_text("half a li")
    adding.add(book, NEW)
    assert len(pricelist.read(book)) == 2
    assert [path.name for path in book.parent.iterdir()] == [book.name]


def test_a_file_keeps_who_may_read_it(book: Path) -> None:
    book.write_text(ROW)
    book.chmod(0o600)
    adding.add(book, NEW)
    assert stat.S_IMODE(book.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("provider;model;input_mtok\nopenai;x;1\n", "line 1: semicolons stand between the columns"),
        ("provider,model,valid_form\nopenai,x,2026-01-01\n", "unknown key 'valid_form'; did you mean 'valid_from'?"),
        ("provider,model,input_mtok,input_mtok\nopenai,x,1,2\n", "line 1: 'input_mtok' stands there twice"),
        ("model,input_mtok\nx,1\n", "line 1: the column 'provider' is missing"),
        ("provider,model,input_mtok\n", "it holds no price row"),
        ('provider,model,input_mtok\nopenai,x,"1,70"\n', "line 2: input_mtok: '1,70' is no price: write it in digits"),
        ("provider,model,input_mtok,valid_from\nopenai,x,1,01.10.2026\n", "'01.10.2026' is no day: write it as"),
        ("provider,model,input_mtok,hours\nopenai,x,1,1:00;2:00;3:00\n", "hours are two times of day"),
    ],
)
def test_what_is_wrong_with_a_csv_is_said_with_what_to_write(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "acme.csv"
    path.write_text(text)
    with pytest.raises(UsageError) as error:
        pricelist.read(path)
    assert complaint in str(error.value)
