"""From a figure of the report to its calls, from a call to its price: what is shown adds up to what was reported."""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import subprocess
import time
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from audit.engine.duckdb import Engine
from audit.engine.store import open_store
from audit.following import kept
from audit.records import UsageError
from audit.settings_file import load
from tests.conftest import Audit, sample_settings
from tests.followed import CALL, CALLS, RULES, asked, company, report, told, write_calls

MONTH = "2026-10"
BILLION = Decimal("1e-9")


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    made = company(Audit(tmp_path_factory.mktemp("company")))
    assert made("run", "--month", MONTH, "--quiet").returncode in (0, 4)
    return made


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    made = Audit(tmp_path_factory.mktemp("samples"))
    made.settings(sample_settings())
    assert made("run", "--month", MONTH, "--quiet").returncode in (3, 4)
    return made


@pytest.fixture(params=["company", "samples"])
def either(request: pytest.FixtureRequest, audited: Audit, samples: Audit) -> Audit:
    return audited if request.param == "company" else samples


def money(text: str | None) -> Decimal:
    return Decimal(text or 0)


def reported(audit: Audit) -> list[dict[str, Any]]:
    data = report(audit)
    return [*data["findings"], *data["alerts"]]


def test_the_list_is_the_report_s(either: Audit) -> None:
    listed = told(either, "findings")["findings"]
    assert sorted(listed, key=lambda one: one["id"]) == sorted(
        ({name: value for name, value in one.items() if name != "call_ids"} for one in reported(either)),
        key=lambda one: one["id"],
    )


def test_what_a_finding_shows_adds_up_to_the_figure_in_the_report(either: Audit) -> None:
    flags = pl.read_parquet(either.folder / "reports" / MONTH / "flags.parquet")
    for one in reported(either):
        shown = told(either, "show", one["id"], "--calls", 100_000)
        calls = shown["calls"]
        assert len(calls) == shown["flagged"] == one["calls"]
        assert shown["claimed"] == one["saving"]
        assert shown["credited"] == one["credited"]
        assert sum(money(call["saving"]) for call in calls) == money(one["saving"])
        assert sum(money(call["credited"]) for call in calls) == money(one["credited"])
        taken = sum(money(taken["amount"]) for taken in shown["taken"])
        assert money(one["saving"]) - taken == money(one["credited"])
        assert [call["call_id"] for call in calls][: len(one["call_ids"])] == one["call_ids"]
        of_rule = set(flags.filter(pl.col("rule") == one["rule"])["call_id"])
        assert {call["call_id"] for call in calls} <= of_rule


def test_what_surer_findings_took_is_named(audited: Audit) -> None:
    shown = told(audited, "show", "second_half/search", "--calls", 100)
    (taken,) = shown["taken"]
    assert taken["id"] == "first_half/search"
    # Six tenths were credited before it, so that of its seven only four fitted.
    assert money(taken["amount"]) == money(shown["claimed"]) - money(shown["credited"]) > 0
    last = told(audited, "show", "maybe/search", "--calls", 100)
    assert [one["id"] for one in last["taken"]][-1].startswith("at_length/") or len(last["taken"]) == 2
    assert {"first_half/search", "second_half/search"} <= {one["id"] for one in last["taken"]}


def test_a_finding_is_shown_with_its_rule_and_how_many_calls_are_not(audited: Audit) -> None:
    done = asked(audited, "show", "second_half/search", "--calls", 2)
    flagged = told(audited, "show", "second_half/search")["flagged"]
    for said in (
        "Title of second_half",
        "Because, search.",
        "Mend second_half.",
        "rule second_half (mine, proven)",
        "Note of second_half.",
        f"claimed on {flagged} calls",
        "taken by first_half/search on",
        "credited, as in the report",
        f"{flagged - 2} of its {flagged} calls are not shown",
    ):
        assert said in done


def test_evidence_and_both_sides_of_the_cache_are_said_as_a_person_would(samples: Audit) -> None:
    (name,) = [one["id"] for one in reported(samples) if one["rule"] == "duplicate_call"][:1]
    done = asked(samples, "show", name)
    assert re.search(r"\bage \d+ \w+", done)
    assert not re.search(r"\w_ms\b", done.partition("rule duplicate_call")[0] + done.partition("money in")[2])
    assert re.search(r"\bin +cache read +cache write +out\b", done)


def test_a_finding_about_the_whole_has_an_amount_and_no_calls(audited: Audit) -> None:
    done = asked(audited, "show", "whole/search/all / of it")
    amount = told(audited, "show", "whole/search/all / of it")["finding"]["amount"]
    assert f"amount {money(amount):,f} USD; it is about the whole" in done


def named(call: dict[str, Any]) -> str:
    return f"{call.get('source', 'native')}/{call['call_id']}"


def found(audit: Audit, call: dict[str, Any]) -> dict[str, Any]:
    linked = str(call["call_id"]).startswith("told-")
    shown: dict[str, Any] = told(audit, "call", call["call_id"] if linked or "source" not in call else named(call))
    return shown


def adds_up(shown: dict[str, Any]) -> None:
    """A call's price, term by term, to the last digit."""
    priced, record = shown["priced"], shown["record"]
    if priced["parts"]:
        parts = [money(part["count"]) * money(part["price"]) for part in priced["parts"]]
        assert parts == [money(part["amount"]) for part in priced["parts"]]
        assert sum(parts) + money(priced["rest"]) == money(priced["native_cost"])
        by_rate = (money(priced["native_cost"]) * money(priced["rate"])).quantize(BILLION, "ROUND_HALF_UP")
        of_pool = str(priced["source"]).startswith("pool ")
        assert of_pool or abs(money(priced["rest"])) <= BILLION / 2
        assert of_pool or by_rate == money(priced["list_cost"])
    elif priced["way"] in ("gateway", "failed"):
        assert money(priced["list_cost"]) == 0
    else:
        assert priced["list_cost"] is None
    if record["source"] != "agent":
        assert priced["cost"] == priced["list_cost"]


@pytest.mark.parametrize("call", CALLS, ids=[f"{call.get('source', '')}-{call['call_id']}" for call in CALLS])
def test_a_call_s_price_adds_up_to_the_last_digit(audited: Audit, call: dict[str, Any]) -> None:
    adds_up(found(audited, call))


def test_a_call_costs_what_the_ledger_took_it_to_cost_and_its_flags_leave_what_is_left(either: Audit) -> None:
    chance = random.Random(3)
    flags = pl.read_parquet(either.folder / "reports" / MONTH / "flags.parquet").to_dicts()
    some = {flag["call_id"] for flag in chance.sample(flags, min(15, len(flags)))}
    for name in sorted(some):
        shown = told(either, "call", name)
        adds_up(shown)
        assert shown["cost_at_audit"] == shown["priced"]["cost"]
        left = None if shown["cost_at_audit"] is None else money(shown["cost_at_audit"])
        mine = {flag["rule"]: flag for flag in flags if flag["call_id"] == name}
        assert {flag["rule"] for flag in shown["flags"]} == set(mine)
        for flag in shown["flags"]:
            assert flag["credited"] == (None if (was := mine[flag["rule"]]["credited"]) is None else f"{was:f}")
            left = None if left is None else left - money(flag["credited"])
            assert flag["left"] is None if left is None else money(flag["left"]) == left >= 0


def test_flags_stand_in_the_ledger_s_order(audited: Audit) -> None:
    rules = [flag["rule"] for flag in told(audited, "call", "plain")["flags"]]
    assert [rule for rule in rules if rule in RULES] == ["first_half", "second_half", "at_length", "maybe"]


def test_calls_of_the_samples_add_up_whatever_their_source(samples: Audit) -> None:
    settings = load(samples.folder / "audit.toml")
    with Engine(settings.paths.store) as engine:
        names = engine.rows(
            "SELECT source, call_id FROM store.each_call QUALIFY row_number() OVER "
            "(PARTITION BY source, status, provider ORDER BY call_id) = 1 ORDER BY ALL"
        )
    assert {source for source, _ in names} == {"litellm", "sdk", "claude-code"}
    for source, call_id in names:
        adds_up(told(samples, "call", f"{source}/{call_id}"))


@pytest.mark.parametrize(
    ("call", "way", "said"),
    [
        ("plain", "billed", "genai-prices"),
        ("yuan", "billed", "in CNY"),
        ("hit", "gateway", "answered by the gateway's own cache"),
        ("refused", "failed", "it failed and states no usage"),
        ("silent", "unknown", "its cost is unknown"),
        ("stranger", "unlisted", "audit prices explain 'no-such-model'"),
        ("pool-1", "billed", "pool h100"),
        ("agent/own", "billed", "its source's own cost counts, stated: 0.0123 USD"),
        ("agent/own-silent", "billed", "its source's own cost counts, not stated"),
    ],
)
def test_how_a_call_came_to_its_cost_is_said(audited: Audit, call: str, way: str, said: str) -> None:
    assert told(audited, "call", call)["priced"]["way"] == way
    assert said in asked(audited, "call", call)


def test_the_record_holds_what_is_stated_in_its_order_and_names_what_is_not(audited: Audit) -> None:
    told_of = asked(audited, "call", "cached")
    places = [
        told_of.index(f"\n{name} ") for name in ("call_id", "model", "input_tokens", "cache_read_tokens", "status")
    ]
    assert places == sorted(places)
    assert "response_id" in told_of.partition("not stated:")[2]
    assert "calls-0.jsonl" in told_of
    assert re.search(r"\nstarted_at +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? UTC\n", told_of)


def test_an_owner_by_the_settings_is_told_beside_the_logged_one(audited: Audit) -> None:
    assert "assistants (by the settings)" in asked(audited, "call", "agent/own")


def test_an_id_of_two_sources_is_listed_and_each_can_be_named(audited: Audit) -> None:
    done = audited("call", "same")
    assert done.returncode == 2
    assert "left/same" in done.stderr
    assert "right/same" in done.stderr
    assert [told(audited, "call", f"{side}/same")["record"]["input_tokens"] for side in ("left", "right")] == [
        1000,
        2000,
    ]
    # The audit told them apart too: a finding's calls lead back to each.
    names = {call["call_id"] for call in told(audited, "show", "maybe/search", "--calls", 100)["calls"]}
    assert {"left/same", "right/same"} <= names
    assert all(call["started_at"] for call in told(audited, "show", "maybe/search", "--calls", 100)["calls"])


def test_a_call_of_two_logs_is_one_and_both_are_named(audited: Audit) -> None:
    one, other = (told(audited, "call", name) for name in ("told-1", "told-2"))
    assert one == other
    assert {(said["source"], said["call_id"]) for said in one["statements"]} == {
        ("gateway", "told-1"),
        ("sdk", "told-2"),
    }
    assert (one["record"]["api_key"], one["record"]["session_id"]) == ("svc", "s")
    assert "sdk, as told-2" in asked(audited, "call", "resp-0123456789")


def test_a_call_no_rule_flagged_says_so(audited: Audit) -> None:
    assert "no rule flagged it in 2026-10" in asked(audited, "call", "hit")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "first_half/serch"), "did you mean 'first_half/search'"),
        (("show", "FIRST_HALF/SEARCH"), "did you mean 'first_half/search'?"),
        (("show", "first_half"), "'first_half' has 2 findings in 2026-10: "),
        (("show", "maybe/search", "--month", "2026-09"), "2026-09 was not audited into this store; `audit run --month"),
        (("findings", "--rule", "first_hal"), "--rule: 'first_hal' is no rule of 2026-10; did you mean 'first_half'"),
        (("findings", "--grade", "sure"), "'sure' is no grade; there are: proven, avoidable, hypothesis, alert"),
        (("findings", "--grade", "prooven"), "--grade: 'prooven' is no grade; did you mean 'proven'?"),
        (("findings", "--rule", "nothing_like_it"), "is no rule of 2026-10; there are: at_length, "),
        (("findings", "--project", "serch"), "did you mean 'search'"),
        (("call", "nowhere"), "no call 'nowhere'"),
        (("call", "plain", "--month", "2026-09"), "no call 'plain' in 2026-09"),
        (("call", "plain", "--month", "2026"), "'2026' is not a month"),
    ],
)
def test_what_does_not_exist_is_said_with_what_is_near(audited: Audit, arguments: tuple[str, ...], said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        asked(audited, *arguments)


def test_the_list_can_be_narrowed(audited: Audit) -> None:
    by = {option: told(audited, "findings", option, value)["findings"] for option, value in (
        ("--grade", "proven"), ("--project", "assistants"), ("--rule", "at_length"))}  # fmt: skip
    assert {one["grade"] for one in by["--grade"]} == {"proven"}
    assert {one["project"] for one in by["--project"]} == {"assistants"}
    assert {one["rule"] for one in by["--rule"]} == {"at_length"}
    table = asked(audited, "findings", "--rule", "at_length")
    assert len([line for line in table.splitlines() if line.startswith("at_length/")]) == len(by["--rule"])


def test_a_store_that_was_never_audited_says_what_to_run(audit: Audit) -> None:
    company(audit)
    none = audit("findings")
    assert (none.returncode, "no store there yet" in none.stderr) == (2, True)
    assert not (audit.folder / "audit.duckdb").exists()
    assert audit("ingest", "--quiet").returncode == 0
    for command in (("findings",), ("show", "maybe/search")):
        done = audit(*command)
        assert done.returncode == 2
        assert "no month was audited into this store; `audit run` does so" in done.stderr
    shown = audit("call", "plain")
    assert shown.returncode == 0, shown.stderr
    assert "2026-10 was not audited into this store: audit run --month 2026-10 does so" in shown.stdout


def test_a_store_that_a_run_holds_is_left_alone(audited: Audit) -> None:
    commands = (
        ("findings",),
        ("show", "maybe/search"),
        ("call", "plain"),
        ("accept", "maybe/search", "--reason", "r", "--by", "b", "--until", "2026-12"),
    )
    with Engine(audited.folder / "audit.duckdb"):
        for command in commands:
            done = audited(*command)
            assert done.returncode == 5
            assert "another run holds the store" in done.stderr


def test_looking_changes_nothing(audited: Audit) -> None:
    before = (audited.folder / "audit.duckdb").read_bytes()
    for command in (("findings",), ("show", "maybe/search"), ("call", "plain")):
        assert audited(*command).returncode == 0
    assert (audited.folder / "audit.duckdb").read_bytes() == before


def test_a_second_audit_takes_the_place_of_the_first(audit: Audit) -> None:
    company(audit)
    assert audit("run", "--month", MONTH, "--quiet").returncode in (0, 4)
    first = told(audit, "findings")
    assert audit("run", "--month", MONTH, "--quiet").returncode in (0, 4)
    assert told(audit, "findings") == first
    more = [CALL | {"call_id": f"more-{n}"} for n in range(3)]
    write_calls(audit.folder, more, "more")
    assert audit("run", "--month", MONTH, "--quiet").returncode in (0, 4)
    calls = {one["id"]: one["calls"] for one in first["findings"]}
    assert {one["id"]: one["calls"] for one in told(audit, "findings")["findings"]} == calls | {
        name: calls[name] + 3
        for name in ("first_half/search", "second_half/search", "maybe/search", "at_length/search/gpt-4.1")
    }
    test_what_a_finding_shows_adds_up_to_the_figure_in_the_report(audit)


def test_what_was_kept_stays_where_the_month_is_not_noted(audited: Audit) -> None:
    settings = load(audited.folder / "audit.toml")
    before = told(audited, "findings")
    with open_store(settings.paths.store, settings) as engine:
        held = kept.read(engine, settings, None)

        def break_off() -> None:
            with engine.transaction():
                engine.run("DELETE FROM store.findings; DELETE FROM store.flags; DELETE FROM store.rules")
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            break_off()
        assert kept.read(engine, settings, None) == held
    assert told(audited, "findings") == before


def test_a_killed_run_leaves_what_was_kept_or_has_kept_all(audit: Audit) -> None:
    company(audit)
    begin = time.monotonic()
    assert audit("run", "--month", MONTH, "--quiet").returncode in (0, 4)
    whole = time.monotonic() - begin
    chance, states = random.Random(5), [told(audit, "findings")]
    text = (audit.folder / "mine" / "maybe.sql").read_text(encoding="utf-8")
    for turn in range(4):
        (audit.folder / "mine" / "maybe.sql").write_text(
            text.replace("Title of", f"{turn}, title of"), encoding="utf-8"
        )
        run = subprocess.Popen(
            audit.command("run", "--month", MONTH, "--quiet"), cwd=audit.folder, env=audit.environment,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            run.wait(timeout=chance.uniform(0.6, 1.0) * whole)
        except subprocess.TimeoutExpired:
            run.send_signal(signal.SIGKILL)
            run.wait()
        now = told(audit, "findings")
        titles = {one["title"] for one in now["findings"] if one["rule"] == "maybe"}
        assert len(titles) == 1
        assert now == states[-1] or titles == {f"{turn}, title of maybe"}
        states.append(now)
    test_what_each_finding_keeps_adds_up(audit)


def test_what_each_finding_keeps_adds_up(audited: Audit) -> None:
    for one in told(audited, "findings")["findings"]:
        shown = told(audited, "show", one["id"], "--calls", 1_000)
        assert shown["credited"] == one["credited"]
        assert sum(money(call["credited"]) for call in shown["calls"]) == money(one["credited"])


def test_a_terminal_gets_a_table_in_its_width_and_a_pipe_gets_whole_lines(audited: Audit) -> None:
    ours, theirs = os.openpty()
    run = subprocess.Popen(
        audited.command("findings"), cwd=audited.folder, env=audited.environment | {"COLUMNS": "70"}, stdout=theirs
    )
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # what ends the terminal where the program has ended
        while data := os.read(ours, 4096):
            shown += data
    os.close(ours)
    assert run.wait() == 0
    lines = re.sub(r"\x1b\[[\d;]*m", "", shown.decode()).splitlines()
    assert b"\x1b[1mfinding" in shown
    assert max(map(len, lines[2:])) <= 70
    piped = audited("findings").stdout
    assert "\x1b" not in piped
    assert "whole/search/all / of it" in piped
