from __future__ import annotations

import re
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from audit import settings_template
from audit.records import Month, UsageError
from audit.settings import Settings
from audit.settings_file import load

ROOT = Path(__file__).parents[1]
HUSH = "hush-hush"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "audit.toml"


def wrong(file: Path, text: str) -> list[str]:
    """What is said of a file, one mistake a line, without the file's name."""
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as error:
        load(file)
    assert error.value.exit_code == 2
    lines = str(error.value).splitlines()
    assert all(line.startswith(f"{file}, line ") for line in lines)
    return [line.removeprefix(f"{file}, ") for line in lines]


TWO_PROJECTS = """[[projects]]
name = "a"
[[projects.revenue]]
from = "2026-01"
amount = 1
[[projects.revenue]]
from = "2026-02"
amount = 2

[[projects]]
name = "b"
[[projects.revenue]]
from = "2026-01"
{line}
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("compny = 1\n", "line 1: unknown key 'compny'; did you mean 'company'?"),
        ("[compny]\n", "line 1: unknown key 'compny'; did you mean 'company'?"),
        ("\n[mail]\nhots = 'x'\n", "line 3: unknown key 'mail.hots'; did you mean 'host'?"),
        ("mail.hots = 'x'\n", "line 1: unknown key 'mail.hots'; did you mean 'host'?"),
        ("[red_line]\nzzz = 1\n", "line 2: unknown key 'red_line.zzz'; known here: share, near"),
        (
            "[[projects]]\nname = 'a'\n\n[[projects]]\nname = 'b'\nonwer = 'c'\n",
            "line 6: unknown key 'projects.1.onwer'",
        ),
        (
            TWO_PROJECTS.format(line="amuont = 3"),
            "line 14: unknown key 'projects.1.revenue.0.amuont'; did you mean 'amount'?",
        ),
        ("[[projects]]\nname = 'a'\nrevenue = [\n  { from = '2026-01', amont = 1 },\n]\n", "line 3: unknown key"),
        ("[[exchange_rates]]\nmonth = '2026-01'\ncurency = 'CNY'\nrate = 1\n", "line 3: unknown key"),
        ("[limits]\nrevenue_csv = 'x'\n", "line 2: unknown key 'limits.revenue_csv'; it stands outside the tables"),
        ("currency = 'CNY'\n", "line 1: unknown key 'currency'; it belongs in [company]"),
        ("[mail]\npassword = 'hush'\n", "line 2: unknown key 'mail.password'; secrets are not kept here: set the env"),
    ],
)
def test_an_unknown_key_is_named_with_its_line_and_what_is_right(file: Path, text: str, said: str) -> None:
    lines = wrong(file, text)
    assert [line for line in lines if line.startswith(said)]
    assert not [line for line in lines if "hush" in line or not ("unknown key" in line or "is missing" in line)]


@pytest.mark.parametrize("table", settings_template.tables())
def test_every_table_knows_its_keys(file: Path, table: str) -> None:
    head = f"[[{table}]]" if settings_template.is_list(table) else f"[{table}]"
    parent = '[[projects]]\nname = "a"\n' if "." in table else ""
    line = 2 + parent.count("\n")
    (*_, said) = wrong(file, f"{parent}{head}\nxyzzy = 1\n")
    keys = [info.alias or key for key, info in settings_template.tables()[table].model_fields.items()]
    assert said.startswith(f"line {line}: unknown key")
    assert said.endswith(f"known here: {', '.join(keys)}")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[company]\nname = 5\n", "line 2: 'company.name': Input should be a valid string"),
        ("[limits]\nthreads = true\n", "line 2: 'limits.threads': Input should be a valid integer"),
        ("[logs]\nkeep_prompts = 'no'\n", "line 2: 'logs.keep_prompts': Input should be a valid boolean"),
        ("[limits]\nrule_seconds = inf\n", "line 2: 'limits.rule_seconds': Input should be less than or equal to"),
        ("[limits]\nmemory = '4 gb'\n", "line 2: 'limits.memory': '4 gb' is no size: write it as 4GB"),
        ("[mail]\nport = 0\n", "line 2: 'mail.port': Input should be greater than or equal to 1"),
        ("[mail]\nto = 'a@b.c'\n", "line 2: 'mail.to' is a list: write to = "),
        ("company = 'Example'\n", "line 1: 'company' is a table: its keys stand one a line under [company]"),
        ("[projects]\nname = 'x'\n", "line 1: 'projects' is a list: [[projects]] heads each"),
        ("[rules]\nduplicate_call = false\n", "line 2: 'rules.duplicate_call' is a table"),
        ("[rules.x]\nhours = [1]\n", "line 2: 'rules.x.hours': a parameter is a number, a text, true or false"),
        ("[company]\nlanguage = 'de'\n", "line 2: 'company.language': Input should be 'en' or 'zh'"),
        (
            "[company]\ntimezone = 'Asia/Shangai'\n",
            "line 2: 'company.timezone': 'Asia/Shangai' is no time zone; did you mean 'Asia/Shanghai'?",
        ),
        ("[schedule]\ntimezone = 'CEST'\n", "line 2: 'schedule.timezone': 'CEST' is no time zone"),
        ("[company]\ncurrency = 'usd'\n", "line 2: 'company.currency': 'usd' is no currency: did you mean 'USD'?"),
        ("[company]\ncurrency = 'RMB'\n", "line 2: 'company.currency': 'RMB' is no currency: did you mean 'CNY'?"),
        ("[company]\ncurrency = 'Euro'\n", "line 2: 'company.currency': 'Euro' is no currency: write its three-letter"),
        (
            "[red_line]\nshare = 20\n",
            "line 2: 'red_line.share': 20 is more than the whole: a share of 20 % is written 0.20",
        ),
        ("[red_line]\nshare = -0.2\n", "line 2: 'red_line.share': Input should be greater than or equal to 0"),
        (TWO_PROJECTS.format(line="amount = -3"), "line 14: 'projects.1.revenue.0.amount': Input should be greater"),
        (TWO_PROJECTS.format(line="amount = nan"), "line 14: 'projects.1.revenue.0.amount': Input should be a finite"),
        (TWO_PROJECTS.format(line=""), "line 12: 'projects.1.revenue.0.amount' is missing"),
        (
            TWO_PROJECTS.format(line="amount = 1").replace("2026-02", "2026-2"),
            "line 7: 'projects.0.revenue.1.from': '2026-2' is not a month: write it as 2026-10",
        ),
        (
            "[[exchange_rates]]\nmonth = '2026-13'\ncurrency = 'CNY'\nrate = 0.14\n",
            "line 2: 'exchange_rates.0.month': '2026-13' is not a month",
        ),
        (
            "[[exchange_rates]]\nmonth = '2026-12'\ncurrency = 'CNY'\nrate = 0\n",
            "line 4: 'exchange_rates.0.rate': Input should be greater than 0",
        ),
        ("[prices]\ndeployments = 'x'\n", "line 2: 'prices.deployments' is a table: its keys stand one a line under"),
        ("[[projects]]\nowner = 'x'\n", "line 1: 'projects.0.name' is missing"),
        ("[[projects]]\nname = ''\n", "line 2: 'projects.0.name': String should have at least 1 character"),
    ],
)
def test_a_wrong_value_is_named_with_its_line(file: Path, text: str, said: str) -> None:
    (line,) = wrong(file, text)
    assert line.startswith(said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[projects]]\nname = 'a'\n[[projects]]\nname = 'a'\n", "line 4: the project 'a' is stated twice"),
        (
            "[[projects]]\nname = 'a'\nteams = ['t']\n[[projects]]\nname = 'b'\nteams = ['u', 't']\n",
            "line 6: 't' among the teams of the projects is stated twice",
        ),
        (
            TWO_PROJECTS.format(line="amount = 1").replace("2026-02", "2026-01"),
            "line 7: the revenue of 'a' from 2026-01 is stated twice",
        ),
        (
            "[[exchange_rates]]\nmonth = '2026-01'\ncurrency = 'CNY'\nrate = 1\n" * 2,
            "line 6: the rate of CNY from 2026-01 is stated twice",
        ),
    ],
)
def test_what_is_stated_twice_holds_neither_way(file: Path, text: str, said: str) -> None:
    assert wrong(file, text) == [said]


def test_all_mistakes_are_told_at_once(file: Path) -> None:
    assert len(wrong(file, "[company]\nnam = 'x'\ncurrency = 'US'\n[mail]\nport = 'x'\n")) == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[company]\nname = \n", "line 2: not valid TOML: Invalid value"),
        ("[company\nname = 'x'\n", "line 1: not valid TOML: "),
        ("[company]\nname = 'x'\nname = 'y'\n", "line 3: not valid TOML: Cannot overwrite a value"),
        ("[paths]\nlogs = 'C:\\logs'\nstore = \"C:\\logs\"\n", "line 3: not valid TOML: "),
    ],
)
def test_broken_toml_is_named_with_its_line(file: Path, text: str, said: str) -> None:
    (line,) = wrong(file, text)
    assert line.startswith(said)


def test_a_file_that_cannot_be_read(file: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no such settings file; name yours with --settings FILE, or"):
        load(file)
    with pytest.raises(UsageError, match="cannot be read: Is a directory"):
        load(tmp_path)
    for encoding in ("gbk", "utf-16"):
        file.write_bytes('[company]\nname = "示例公司"\n'.encode(encoding))
        with pytest.raises(UsageError, match="not UTF-8: save it with that encoding"):
            load(file)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_marks_line_ends_and_chinese(file: Path, encoding: str, end: str) -> None:
    text = '# 设置\n[company]\nname = "示例公司"\n[[projects]]\nname = "客服"\nteams = ["客服组"]\n'
    file.write_bytes(text.replace("\n", end).encode(encoding))
    settings = load(file)
    assert (settings.company.name, settings.projects[0].teams) == ("示例公司", ["客服组"])
    file.write_bytes((text + 'onwer = "王"\n').replace("\n", end).encode(encoding))
    with pytest.raises(UsageError, match=r"line 7: unknown key 'projects\.0\.onwer'; did you mean 'owner'\?"):
        load(file)


def test_floats_of_the_file_are_the_decimals_that_stand_there(file: Path) -> None:
    rate = "[[exchange_rates]]\nmonth = '2026-07'\ncurrency = 'CNY'\nrate = 0.14000000000000000001\n"
    file.write_text(
        f"[red_line]\nshare = 0.20\nnear = 1e-1\n{rate}[limits]\nrule_seconds = 0.5\n[rules.x]\nshare = 0.1\n"
    )
    settings = load(file)
    assert str(settings.red_line.share) == "0.20"
    assert settings.red_line.near == Decimal("0.1")
    assert settings.exchange_rates[0].rate == Decimal("0.14000000000000000001")
    assert (settings.limits.rule_seconds, settings.rules["x"]["share"]) == (0.5, 0.1)
    assert [type(value) for value in (settings.limits.rule_seconds, settings.rules["x"]["share"])] == [float, float]


def test_relative_paths_count_from_the_file(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = 'store = "data/s.duckdb"\nreports = "/srv/reports"\nlogs = ["logs/*.jsonl", "/var/log/x"]\nrules = ["r"]\n'
    file.write_text(f'revenue_csv = "../revenue.csv"\nexchange_rates_csv = "fx.csv"\n[paths]\n{paths}formats = ["f"]\n')
    monkeypatch.chdir(tmp_path)
    settings = load(Path("audit.toml"))
    assert settings.paths.store == tmp_path / "data/s.duckdb"
    assert settings.paths.reports == Path("/srv/reports")
    assert settings.paths.logs == [tmp_path / "logs/*.jsonl", Path("/var/log/x")]
    assert (settings.paths.rules, settings.paths.formats) == ([tmp_path / "r"], [tmp_path / "f"])
    assert settings.revenue_csv == tmp_path / "../revenue.csv"
    assert settings.exchange_rates_csv == tmp_path / "fx.csv"


def test_the_password_comes_from_the_environment_and_is_never_shown(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUDIT_SMTP_PASSWORD", HUSH)
    file.write_text('[mail]\nhost = "mail.example"\nuser = "audit"\n')
    settings = load(file)
    assert settings.mail.password == HUSH
    for shown in (repr(settings), str(settings), repr(settings.mail), settings.model_dump_json()):
        assert HUSH not in shown


def test_what_init_writes_changes_no_default(file: Path) -> None:
    settings_template.write(file)
    defaults: dict[str, Any] = Settings().model_dump(exclude={"paths"})
    assert load(file).model_dump(exclude={"paths"}) == defaults
    assert load(file).paths.store == file.parent / "audit.duckdb"
    with pytest.raises(UsageError, match="there already; move it away"):
        settings_template.write(file)


KEY = re.compile(r"# (?=\w+ *= )")
HEAD, TAIL = settings_template.text().split("# A database whose tables")


@pytest.mark.parametrize("number", [n for n, line in enumerate(HEAD.splitlines()) if KEY.match(line)])
def test_each_line_of_init_loads_when_it_is_no_comment_any_more(file: Path, number: int) -> None:
    lines = settings_template.text().splitlines()
    lines[number] = KEY.sub("", lines[number])
    file.write_text("\n".join(lines), encoding="utf-8")
    changed = {"revenue_csv", "exchange_rates_csv", "paths"}
    assert load(file).model_dump(exclude=changed) == Settings().model_dump(exclude=changed)


def test_all_of_init_loads_when_none_of_its_keys_is_a_comment(file: Path) -> None:
    tail = re.sub(r"^# (?=\[|\w+ *= )", "", f"# A database whose tables{TAIL}", flags=re.MULTILINE)
    file.write_text("".join(KEY.sub("", line) for line in HEAD.splitlines(keepends=True)) + tail, encoding="utf-8")
    settings = load(file)
    assert settings.revenue_csv == file.parent / "revenue.csv"
    assert [project.name for project in settings.projects] == ["support-bot"]
    assert settings.exchange_rates[0].rate == Decimal("0.14")
    assert settings.exchange_rates_csv == file.parent / "exchange_rates.csv"
    assert (settings.pools[0].hourly_rate, settings.pools[0].runs(Month(2026, 6))) == (Decimal("2.50"), False)
    assert (settings.shared[0].by, settings.margins[0].factor) == ("calls", Decimal("1.10"))
    assert settings.rules == {"duplicate_call": {"window_hours": 24}}
    assert settings.formats == {"new_api": {"usd_per_quota": "0.000002"}}
    assert [database.name for database in settings.databases] == ["gateway"]
    assert settings.mail == Settings().mail
    assert set(tomllib.loads(file.read_text())) == set(Settings.model_fields)


def test_the_page_of_the_settings_names_every_key_in_its_table() -> None:
    page = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^### `\[+([\w.]+)\]+`\n(.*?)(?=^##|\Z|<!--)", page, flags=re.MULTILINE | re.DOTALL))
    assert sections.keys() == settings_template.tables().keys()
    for table, model in settings_template.tables().items():
        assert issubclass(model, BaseModel)
        written = re.findall(r"^\| `(\w+)` \|", sections[table], flags=re.MULTILINE)
        assert written == [info.alias or key for key, info in model.model_fields.items()]
    outside = set(Settings.model_fields) - sections.keys()
    assert all(f"`{key}`" in page or f"`[{key}.<id>]`" in page for key in outside)
