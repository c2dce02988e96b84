"""The commands about prices as an operator meets them, mistakes included."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from audit import cli
from audit.records import AuditError

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

CONTRACT = """[[price]]
provider = "openai"
model = "gpt-4o"
valid_from = 2026-01-01
input_mtok = "2"
cache_read_mtok = "0.5"
output_mtok = "8"
web_searches_kcount = "9"
source = "contract 17"

[[price]]
provider = "openai"
model = ["house-one", "house-night"]
currency = "CNY"
input_mtok = "1.50"

[[price]]
provider = "openai"
model = "house-night"
currency = "CNY"
input_mtok = "0.75"
hours = ["00:30", "08:30"]
zone = "Asia/Shanghai"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "audit.toml").write_text('[prices]\ncontracts = ["acme.toml"]\n')
    (tmp_path / "acme.toml").write_text(CONTRACT)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def prices(*arguments: object) -> Result:
    """What `audit prices ...` does in a process of this one's: its code, what it says, and no traceback."""
    done = CliRunner().invoke(cli.app, ["prices", *map(str, arguments)])
    assert done.exception is None or isinstance(done.exception, (SystemExit, AuditError)), done.exception
    return done


def complaint(*arguments: object) -> str:
    """The sentence and the exit code that a mistake ends in, as the program's entry puts them."""
    done = prices(*arguments)
    assert isinstance(done.exception, AuditError)
    return str(done.exception)


def test_list_shows_contracts_first_and_counts_what_is_beside(folder: Path) -> None:
    done = prices("list", "--provider", "openai")
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0].split()[:4] == ["provider", "from", "to", "currency"]
    assert lines[1].split()[:7] == ["openai", "2026-01-01", "USD", "2", "8", "contract", "acme.toml"]
    assert lines[1].endswith("  gpt-4o")
    assert lines[3].endswith("  house-night [00:30-08:30]")
    assert "rows; besides" in lines[-1]
    assert "genai-prices" in lines[-1]
    assert prices("list", "--provider", "zhipu").stdout == prices("list", "--provider", "zhipuai").stdout
    assert complaint("list", "--provider", "opnai") == "--provider: 'opnai' is unknown; did you mean 'openai'?"


def test_list_shows_each_stamp_whole_and_clips_many_models(folder: Path) -> None:
    many = ", ".join(f'"house-{number}"' for number in range(200))
    (folder / "acme.toml").write_text(f'[[price]]\nprovider = "openai"\nmodel = [{many}]\ninput_mtok = "2"\n')
    line = prices("list", "--provider", "openai").stdout.splitlines()[1]
    assert re.search(r"contract acme\.toml [0-9a-f]{8}  house-0, house-1, ", line)
    assert line.endswith("…")


def test_show_says_what_a_day_costs_and_who_says_so(folder: Path) -> None:
    shown = prices("show", "gpt-4o", "--on", "2026-10-05", "--provider", "openai")
    assert shown.exit_code == 0
    head, *rows = shown.stdout.splitlines()
    assert head.startswith("openai gpt-4o, contract acme.toml")
    assert "from 2026-10-05 00:00 to 2026-10-06 00:00 UTC" in head
    assert [" ".join(row.split()) for row in rows] == [
        "input a million tokens 2 USD",
        "cache_read a million tokens 0.5 USD",
        "output a million tokens 8 USD",
        "web_searches, a thousand 9 USD",
    ]
    before = prices("show", "gpt-4o", "--on", "2025-12-31", "--provider", "openai").stdout
    assert "genai-prices" in before
    assert "2.5 USD" in before
    batch = prices("show", "gpt-4o", "--on", "2026-10-05", "--tier", "batch", "--provider", "openai").stdout
    assert "genai-prices" in batch
    assert "1.25 USD" in batch


def test_show_tells_the_hours_apart(folder: Path) -> None:
    shown = prices("show", "house-night", "-p", "openai", "--on", "2026-10-05").stdout
    heads = [line for line in shown.splitlines() if line.startswith("openai")]
    assert [head.rpartition("between ")[2] for head in heads] == [
        "00:00 and 00:30 UTC",
        "00:30 and 16:30 UTC",
        "16:30 and 24:00 UTC",
    ]
    assert shown.count("0.75 CNY") == 2
    assert shown.count("1.5 CNY") == 1


def test_show_of_what_nobody_prices_is_an_error(folder: Path) -> None:
    assert complaint("show", "house-9") == "no price is known for 'house-9'; see: audit prices explain 'house-9'"
    assert (
        complaint("show", "gpt-4o", "--on", "05.10.2026") == "--on: '05.10.2026' is not a day: write it as 2026-10-31"
    )
    assert complaint("show", "x", "--tier", "night").startswith("--tier: 'night' is none: write standard, batch,")


def test_what_a_pool_serves_has_its_price_from_the_pool(folder: Path) -> None:
    (folder / "audit.toml").write_text(
        '[[pools]]\nname = "a100"\nmodels = ["house-*"]\ngpus = 8\nhourly_rate = 2.10\nfrom = "2026-10"\n'
    )
    for command in ("show", "explain"):
        done = prices(command, "house-9", "--on", "2026-10-01")
        assert (done.exit_code, done.stdout) == (
            0,
            "served by your pool 'a100': its price follows from what it served in the month\n",
        )
    assert prices("explain", "house-9", "--on", "2026-09-30").exit_code == 1


def test_explain_follows_a_name_to_its_price(folder: Path) -> None:
    done = prices("explain", "openai/gpt-4o-2024-08-06", "--on", "2026-10-05")
    assert done.exit_code == 0
    assert "genai-prices" in done.stdout or "contract acme.toml" in done.stdout
    assert "input a million tokens" in " ".join(done.stdout.split())


def test_explain_names_the_nearest_where_nothing_is_found(folder: Path) -> None:
    done = prices("explain", "hause-one", "--provider", "nobody")
    assert done.exit_code == 1
    assert "no price is known for it" in done.stdout
    near = next(line for line in done.stdout.splitlines() if line.startswith("nearest names that are listed: "))
    assert "house-one" in near
    assert "audit prices add" in done.stdout.splitlines()[-1]


def test_explain_of_an_unknown_tier_says_which_tiers_are_known(folder: Path) -> None:
    done = prices("explain", "house-one", "-p", "openai", "--tier", "flex")
    assert done.exit_code == 1
    assert "house-one, house-night at the tier standard, ever to now" in done.stdout
    assert "no price is known for it at the tier flex" in done.stdout


def test_explain_says_when_a_list_s_prices_end_or_begin(folder: Path) -> None:
    for span, said in (
        ("valid_to = 2026-07-24", "the list's prices end on 2026-07-24"),
        ("valid_from = 2026-11-01", "the list's prices begin on 2026-11-01"),
    ):
        row = f'[[price]]\nprovider = "openai"\nmodel = "house-old"\ninput_mtok = "1"\n{span}\n'
        (folder / "acme.toml").write_text(CONTRACT + row)
        done = prices("explain", "House-Old", "-p", "openai", "--on", "2026-10-15")
        assert done.exit_code == 1
        assert said in done.stdout
        assert "house-old" not in done.stdout.partition("nearest names that are listed: ")[2]
        assert "name what it stands for" not in done.stdout


def test_check_reads_the_settings_contracts_and_our_own_lists(folder: Path) -> None:
    done = prices("check")
    assert done.exit_code == 0, done.stderr
    assert "hold together" in done.stdout
    assert prices("check", "acme.toml").stdout == "3 rows in 1 files hold together\n"


def test_check_names_what_is_wrong_in_each_file(folder: Path) -> None:
    (folder / "other.toml").write_text('[[price]]\nprovider = "openai"\nmodel = "x"\ninput_mtok = 0.1\n')
    (folder / "twice.toml").write_text(CONTRACT + CONTRACT)
    done = prices("check", "acme.toml", "other.toml", "twice.toml", "none.toml")
    assert (done.exit_code, done.stdout) == (1, "3 rows in 1 files hold together\n")
    first, second, third = done.stderr.splitlines()
    assert (
        first == 'audit: other.toml, line 1: input_mtok: 0.1 has no exact digits: write the price in quotes, as "0.1"'
    )
    assert second.startswith(
        "audit: twice.toml, line 24: 'gpt-4o' has two prices at once, this one and that of twice.toml, line 1"
    )
    assert third == "audit: none.toml: the price file cannot be read: No such file or directory"


def test_check_holds_contracts_against_each_other(folder: Path) -> None:
    (folder / "other.toml").write_text(CONTRACT)
    done = prices("check", "acme.toml", "other.toml")
    assert (done.exit_code, done.stdout) == (1, "6 rows in 2 files\n")
    assert "other.toml, line 1: 'gpt-4o' has two prices at once, this one and that of acme.toml, line 1" in done.stderr


def test_a_wrong_contract_ends_every_command_that_needs_it(folder: Path) -> None:
    (folder / "acme.toml").write_text(CONTRACT + CONTRACT)
    for command in (("list",), ("show", "gpt-4o"), ("explain", "gpt-4o")):
        assert "two prices at once" in complaint(*command)


def test_add_puts_a_row_that_prices_from_its_day(folder: Path) -> None:
    arguments = ("add", "gpt-4o", "-p", "openai", "--from", "2026-11-01", "--output", "7")
    done = prices(*arguments, "--input", "1.80", "--source", "contract 18")
    assert done.exit_code == 0
    assert done.stdout.endswith("acme.toml; see: audit prices show 'gpt-4o' --provider 'openai'\n")
    assert not done.stderr
    for day, price in (("2026-10-31", "2 USD"), ("2026-11-01", "1.8 USD")):
        assert price in prices("show", "gpt-4o", "-p", "openai", "--on", day).stdout
    assert (folder / "acme.toml").read_text().startswith(CONTRACT.rstrip())
    assert "has two prices at once" in complaint(*arguments, "--input", "1")
    assert "needs input_mtok beside it" in complaint("add", "gpt-5", "-p", "openai", "--output", "7")
    assert "valid_from" in complaint("add", "gpt-4o", "-p", "openai", "--from", "soon", "--input", "1")


def test_add_names_the_command_that_shows_the_row(folder: Path) -> None:
    tier = prices("add", "house-2", "-p", "openai", "--input", "1", "--tier", "batch", "--region", "eu").stdout
    assert tier.endswith("see: audit prices show 'house-2' --provider 'openai' --tier batch --region 'eu'\n")
    pattern = prices("add", "home-*", "-p", "openai", "--input", "1").stdout
    assert pattern.endswith("see: audit prices list --provider 'openai'\n")


def test_add_without_a_contract_in_the_settings_says_that_it_does_not_count_yet(folder: Path) -> None:
    (folder / "audit.toml").unlink()
    done = prices("add", "gpt-4o", "-p", "openai", "--discount", "0.15")
    assert done.exit_code == 0
    assert 'it counts once the settings name it: [prices] contracts = ["prices.toml"]' in done.stderr
    assert sorted(path.name for path in folder.iterdir()) == ["acme.toml", "prices.toml"]
    assert "-15" in listed(folder)[1]


def listed(folder: Path) -> list[str]:
    (folder / "audit.toml").write_text('[prices]\ncontracts = ["prices.toml"]\n')
    return prices("list").stdout.splitlines()
