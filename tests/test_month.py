"""A month end to end on the sample logs, held against the truth of what was planted in them."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
import yaml

from tests.conftest import SAMPLE_LOGS, SAMPLES, Audit, sample_settings

if TYPE_CHECKING:
    from pathlib import Path

CALL_RULES = (
    "duplicate_call",
    "failed_billed",
    "empty_output",
    "truncated_output",
    "missed_prompt_cache",
    "oversized_model",
)


@cache
def truth() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load((SAMPLES / "truth.yml").read_text(encoding="utf-8"))
    return data


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    """All four months, audited one after the other on one store."""
    folder = tmp_path_factory.mktemp("months")
    audit = Audit(folder)
    audit.settings(sample_settings())
    for month in truth()["months"]:
        done = audit("run", "--month", month)
        assert done.returncode in (0, 3), done.stderr
        assert not done.stderr
    return audit


def report(audit: Audit, month: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((audit.folder / "reports" / month / "report.json").read_text(encoding="utf-8"))
    return data


def flagged(audit: Audit, month: str, rule: str) -> set[str]:
    flags = pl.read_parquet(audit.folder / "reports" / month / "flags.parquet")
    return set(flags.filter(pl.col("rule") == rule)["call_id"])


@pytest.mark.parametrize("month", truth()["months"])
def test_calls_and_tokens_are_those_that_were_made(audited: Audit, month: str) -> None:
    said, made = report(audited, month), truth()["months"][month]["total"]
    assert {name: said[name] for name in ("calls", "input_tokens", "cache_read_tokens", "output_tokens")} == {
        name: made[name] for name in ("calls", "input_tokens", "cache_read_tokens", "output_tokens")
    }


@pytest.mark.parametrize("month", truth()["months"])
def test_every_project_has_its_calls(audited: Audit, month: str) -> None:
    said = {line["project"] or "(none)": line["calls"] for line in report(audited, month)["projects"]}
    assert said == truth()["months"][month]["calls_by_project"]


@pytest.mark.parametrize("rule", CALL_RULES)
@pytest.mark.parametrize("month", truth()["months"])
def test_a_rule_flags_what_was_planted_and_nothing_else(audited: Audit, month: str, rule: str) -> None:
    assert flagged(audited, month, rule) == set(truth()["months"][month]["planted"][rule])


def test_only_october_breaches_and_says_who(audited: Audit) -> None:
    over = {month: report(audited, month)["over"] for month in truth()["months"]}
    assert over == {"2026-07": [], "2026-08": [], "2026-09": [], "2026-10": ["support-bot"]}
    alerts = [finding for finding in report(audited, "2026-10")["alerts"] if finding["rule"] == "red_line"]
    assert [finding["project"] for finding in alerts] == ["support-bot"]


def test_the_exit_code_tells_a_breach(audited: Audit) -> None:
    assert audited("run", "--month", "2026-09", "--quiet").returncode == 0
    breached = audited("run", "--month", "2026-10", "--quiet")
    assert breached.returncode == 3
    assert breached.stdout == ""


def test_what_nobody_owns_or_can_price_is_counted(audited: Audit) -> None:
    planted = truth()["months"]["2026-10"]["planted"]
    quality = report(audited, "2026-10")["quality"]
    assert quality["unattributed_calls"] == len(planted["unattributed"])
    assert quality["unpriced_calls"] == len(planted["unpriced"])
    assert quality["missing_usage_calls"] == len(planted["missing_usage"])
    assert quality["rejected_lines"] == len(truth()["rejected"])


def test_projects_models_and_days_add_up_to_the_spend(audited: Audit) -> None:
    for month in truth()["months"]:
        said = report(audited, month)
        spend = Decimal(said["spend"])
        for part in ("projects", "models", "days"):
            assert sum(Decimal(line["cost"] or 0) for line in said[part]) == spend
        assert sum(Decimal(line["waste"]) for line in said["projects"]) == Decimal(said["waste"])
        assert sum(Decimal(line["credited"]) for line in said["grades"]) == sum(
            Decimal(finding["credited"]) for finding in said["findings"]
        )


def test_the_spend_before_is_the_spend_of_the_month_before(audited: Audit) -> None:
    assert report(audited, "2026-10")["previous_spend"] == report(audited, "2026-09")["spend"]


def test_the_same_logs_give_the_same_bytes_whatever_their_order(audited: Audit, tmp_path: Path) -> None:
    other = Audit(tmp_path)
    other.settings(sample_settings())
    logs = sorted((file for folder in SAMPLE_LOGS for file in folder.rglob("*.*")), reverse=True)
    for file in logs:
        if not file.is_dir():
            assert other("ingest", "--quiet", file).returncode == 0
    # What a month is held against is the one before, with the waste that its audit proved.
    assert other("run", "--month", "2026-09").returncode == 0
    assert other("run", "--month", "2026-10").returncode == 3
    assert other.files() == audited.files()


def test_a_second_run_changes_nothing(audited: Audit) -> None:
    before = audited.files()
    audited("run", "--month", "2026-10")
    assert audited.files() == before


def test_without_a_store_the_same_figures_come_out(audited: Audit, tmp_path: Path) -> None:
    once = Audit(tmp_path)
    once.settings(sample_settings())
    logs = [argument for folder in SAMPLE_LOGS for argument in ("--logs", folder)]
    assert once("run", "--month", "2026-10", *logs).returncode == 3
    assert not (tmp_path / "audit.duckdb").exists()
    figures = [(report(one, "2026-10"), one.files()) for one in (once, audited)]
    # Without a store nobody knows what the month before wasted.
    (alone, _), (kept, _) = figures
    assert (alone["change"].pop("waste_known"), kept["change"].pop("waste_known")) == (False, True)
    for change in (alone["change"], kept["change"]):
        del change["parts"], change["projects"]
    assert alone == kept
    assert all(figures[0][1][name] == figures[1][1][name] for name in ("findings.csv", "flags.parquet"))


def test_a_report_in_chinese_says_it_in_chinese(tmp_path: Path) -> None:
    audit = Audit(tmp_path)
    audit.settings(sample_settings().replace('language = "en"', 'language = "zh"'))
    assert audit("run", "--month", "2026-10").returncode == 3
    page = (tmp_path / "reports/2026-10/report.html").read_text(encoding="utf-8")
    assert 'lang="zh' in page
    assert "同一请求重复付费" in page
    assert "红线" in page
    assert "Same request paid for again" not in page


def test_a_log_that_nobody_knows_makes_the_run_incomplete(tmp_path: Path) -> None:
    audit = Audit(tmp_path)
    audit.settings(sample_settings())
    logs = tmp_path / "logs"
    shutil.copytree(SAMPLES / "native", logs)
    (logs / "other.jsonl").write_text('{"who": "knows", "what": 1}\n', encoding="utf-8")
    done = audit("run", "--month", "2026-10", "--logs", logs)
    assert done.returncode == 4
    assert "logs/other.jsonl: no known log format; its first record has who, what" in done.stderr
    assert json.loads((tmp_path / "reports/2026-10/report.json").read_text())["subject"].startswith("[incomplete]")


def test_a_log_that_cannot_be_read_is_named_until_it_can(tmp_path: Path) -> None:
    audit = Audit(tmp_path)
    spoilt = tmp_path / "spoilt.parquet"
    spoilt.write_bytes(b"PAR1 and then nothing that a table is made of")
    audit.settings(f'[paths]\nlogs = ["{SAMPLES / "native"}", "{spoilt}"]\n')
    for _ in range(2):
        done = audit("run", "--month", "2026-10")
        assert done.returncode == 4
        assert f"incomplete: {tmp_path.name}/spoilt.parquet" in done.stderr
    shutil.copy(SAMPLES / "native/calls-2026-08.parquet", spoilt)
    assert audit("run", "--month", "2026-10").returncode == 0


def test_a_month_that_has_not_ended_is_not_judged_as_whole(tmp_path: Path) -> None:
    audit = Audit(tmp_path)
    now = datetime.now(UTC)
    call = {"call_id": "a", "started_at": now.isoformat(), "model": "gpt-4.1", "input_tokens": 10, "output_tokens": 1}
    (tmp_path / "calls.jsonl").write_text(json.dumps(call) + "\n", encoding="utf-8")
    done = audit("run", "--month", f"{now:%Y-%m}", "--logs", "calls.jsonl")
    assert done.returncode == 4
    assert f"incomplete: {now:%Y-%m} has not ended" in done.stderr
    page = (tmp_path / f"reports/{now:%Y-%m}/report.html").read_text(encoding="utf-8")
    assert "The month has not ended" in page
