"""A finding that somebody accepts is shown as accepted, counts as before, and comes back when it ends or grows."""

from __future__ import annotations

import csv
import json
import re
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from audit import accepted_file, accepting
from audit.records import Finding, Grade, Month, UsageError
from tests.conftest import Audit
from tests.followed import CALL, asked, report, told, write_calls

OCTOBER = Month(2026, 10)
ENTRY = {"finding": "r/p", "reason": "why", "by": "Search team", "since": "2026-10", "until": "2027-03"}
SETTINGS = '[paths]\nlogs = ["logs"]\nrules = ["mine"]\n'
RULE = """/*
title   = "Long reads"
grade   = "{grade}"
because = "{{calls}} calls."
fix     = "Shorten them."
*/
SELECT call_id, {saving} model AS subject FROM calls WHERE task = '{task}'
"""
LONG = "long_reads/search/gpt-4.1"


def finding(credited: str | None = "10", calls: int = 4, amount: str | None = None) -> Finding:
    money = [None if text is None else Decimal(text) for text in (credited, amount)]
    return Finding("r/p", "r", "f", Grade.PROVEN, "p", None, "", "", "", calls, None, money[0], money[1])


def entry(**keys: Any) -> accepted_file.Entry:
    return accepted_file.Entry.model_validate(ENTRY | keys)


def state(month: Month, *entries: accepted_file.Entry, of: Finding | None = None) -> str | None:
    accepted = [accepted_file.Accepted(one, Path("accepted.toml"), line) for line, one in enumerate(entries, 1)]
    (marked,) = accepting.marked([of or finding()], accepted, month)
    return marked.accepted.state if marked.accepted else None


@pytest.mark.parametrize(
    ("month", "expected"),
    [("2026-09", None), ("2026-10", "held"), ("2027-03", "held"), ("2027-04", "ended"), ("2028-01", "ended")],
)
def test_it_holds_from_its_first_month_to_its_last(month: str, expected: str | None) -> None:
    assert state(Month.parse(month), entry()) == expected


@pytest.mark.parametrize(
    ("keys", "now", "expected"),
    [
        ({"amount": "10"}, finding("12.5"), "held"),
        ({"amount": "10"}, finding("12.500000001"), "grown"),
        ({"amount": "10", "up_to": "11"}, finding("11"), "held"),
        ({"amount": "10", "up_to": "11"}, finding("11.01"), "grown"),
        ({"amount": "10", "up_to": "1000"}, finding("999"), "held"),
        ({"amount": "0"}, finding("0.01"), "grown"),
        ({}, finding("1000000"), "held"),  # written by hand, without what it came to: it ends, and does not grow
        ({"amount": "10", "calls": 4}, finding("10", calls=400), "held"),
        ({"calls": 4}, finding(None, calls=5), "held"),
        ({"calls": 4}, finding(None, calls=6), "grown"),
        ({"amount": "10"}, finding(None, amount="12.6"), "grown"),
        ({"amount": "10"}, finding(None), "held"),
    ],
)
def test_it_comes_back_where_it_grows(keys: dict[str, Any], now: Finding, expected: str) -> None:
    assert state(OCTOBER, entry(**keys), of=now) == expected


def test_a_later_entry_takes_the_place_of_an_earlier_one_from_its_first_month_on() -> None:
    short, renewed = entry(until="2026-11"), entry(since="2026-12", until="2027-12")
    for order in ((short, renewed), (renewed, short)):
        assert [state(Month.parse(month), *order) for month in ("2026-11", "2026-12", "2028-01")] == [
            "held", "held", "ended",
        ]  # fmt: skip
    assert state(OCTOBER, entry(amount="1"), entry(amount="10")) == "held"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[accepted]]\nfinding = ", "accepted.toml: not valid TOML"),
        ("[accepted]\nfinding = 'a'", "holds [[accepted]] tables and nothing else"),
        ("[[acepted]]\nfinding = 'a'", "holds [[accepted]] tables and nothing else"),
        ("#\n\n[[accepted]]\nfinding = 'a'", "accepted.toml, line 3: 'reason' is missing"),
        (
            "[[accepted]]\nfinding = 'a'\nreason = 'b'\nby = 'c'\nuntil = '2027-01'",
            """line 1: 'since' is missing: add since = "...", the first month it holds for, as 2026-10""",
        ),
        (("reason", ""), "accepted.toml, line 1: 'reason': it is empty"),
        (("by", 3), "line 1: 'by': "),
        (("until", "March"), "line 1: 'until': 'March' is not a month: write it as 2026-10"),
        (("until", "2026-09"), "line 1: it ends in 2026-09, before it begins in 2026-10"),
        (("until", "2027-11"), "line 1: until 2027-11 is more than a year after 2026-10: write 2027-10 at most"),
        (("upto", 5), "line 1: unknown key 'upto'; did you mean 'up_to'?"),
        (("up_to", -5), "line 1: 'up_to': "),
    ],
)
def test_a_mistake_in_the_file_is_named_with_its_line(tmp_path: Path, text: str | tuple[str, Any], said: str) -> None:
    if isinstance(text, tuple):
        row = ENTRY | dict([text])
        text = "[[accepted]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in row.items())
    (tmp_path / "accepted.toml").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=re.escape(said)):
        accepted_file.load(tmp_path / "accepted.toml")


def test_a_run_reads_the_file_before_anything_else(audit: Audit) -> None:
    (audit.folder / "accepted.toml").write_text("[[accepted]]\nfinding = 'a'\n", encoding="utf-8")
    write_calls(audit.folder, [{"call_id": "a"}])
    done = audit("run", "--month", "2026-10", "--logs", "logs")
    assert done.returncode == 2
    place = f"audit: {audit.folder / 'accepted.toml'}, line 1: "
    assert done.stderr == f"""{place}'reason' is missing: add reason = "...", why it is taken as it is\n"""
    assert not (audit.folder / "reports").exists()


def test_an_entry_is_added_below_what_people_wrote(tmp_path: Path) -> None:
    path = tmp_path / "accepted.toml"
    old = 'finding = "a"\nreason = "b"\nby = "c"\nsince = "2026-01"\nuntil = "2026-02"'
    before = f"# Ours, kept in git.\n\n[[accepted]] # the old one\n{old}\n# end"
    path.write_text(before, encoding="utf-8")
    hostile = 'a "quoted" \\ reason\nof two lines \x7f 说明'
    accepted_file.add(path, ENTRY | {"reason": hostile, "amount": Decimal("0.000000001")})
    assert path.read_text(encoding="utf-8").startswith(before + "\n\n[[accepted]]\n")
    first, second = accepted_file.load(path)
    assert (first.line, second.line) == (3, 11)
    assert (second.entry.reason, second.entry.amount) == (hostile, Decimal("0.000000001"))
    with pytest.raises(UsageError, match="'by' is missing"):
        accepted_file.add(path, {name: value for name, value in ENTRY.items() if name != "by"})
    assert len(tomllib.loads(path.read_text(encoding="utf-8"))["accepted"]) == 2
    assert [file.name for file in tmp_path.iterdir()] == ["accepted.toml"]


def test_nothing_is_added_to_a_file_that_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "accepted.toml"
    path.write_text("[[accepted]]\nfinding = 'a'\n", encoding="utf-8")
    with pytest.raises(UsageError, match="line 1: 'reason' is missing"):
        accepted_file.add(path, ENTRY)
    assert path.read_text(encoding="utf-8") == "[[accepted]]\nfinding = 'a'\n"


def long_reads(audit: Audit, **months: int) -> None:
    """Rules that flag so many calls a month, and one that alerts."""
    mine = audit.folder / "mine"
    mine.mkdir()
    for name, grade, saving in (("long_reads", "proven", "cost AS saving,"), ("odd_reads", "alert", "")):
        (mine / f"{name}.sql").write_text(RULE.format(grade=grade, saving=saving, task=name), encoding="utf-8")
    audit.settings(SETTINGS)
    for month, number in months.items():
        day = f"{month[1:].replace('_', '-')}-05T10:00:00Z"
        told_of = [{"call_id": f"{month}-{n}", "started_at": day, "task": "long_reads"} for n in range(number)]
        told_of += [{"call_id": f"{month}-odd-{n}", "started_at": day, "task": "odd_reads"} for n in range(4)]
        write_calls(audit.folder, told_of, month)


def run(audit: Audit, month: str) -> dict[str, Any]:
    done = audit("run", "--month", month, "--quiet")
    assert done.returncode in (0, 3, 4), done.stderr
    return report(audit, month)


def accepted(audit: Audit, name: str, *more: str, until: str = "2026-11") -> str:
    return asked(audit, "accept", name, "--reason", "A new index comes", "--by", "Search team", "--until", until, *more)


def one(data: dict[str, Any], name: str = LONG) -> dict[str, Any]:
    return next(found for found in [*data["findings"], *data["alerts"]] if found["id"] == name)


def page(audit: Audit, month: str, name: str = "report.html") -> str:
    return " ".join((audit.folder / "reports" / month / name).read_text(encoding="utf-8").split())


def test_it_is_shown_as_accepted_counts_as_before_and_comes_back_when_it_ends(audit: Audit) -> None:
    long_reads(audit, m2026_08=8, m2026_09=8, m2026_10=8)
    before = run(audit, "2026-08")
    said = accepted(audit, LONG, "--month", "2026-08", until="2026-09")
    assert f"accepted.toml, line 3: '{LONG}' is accepted from 2026-08 to 2026-09" in said
    assert "audit run --month 2026-08" in said
    assert "until 2026-09" in asked(audit, "findings", "--month", "2026-08")

    held = run(audit, "2026-08")
    assert one(held)["accepted"] == {
        "state": "held", "reason": "A new index comes", "by": "Search team", "since": "2026-08", "until": "2026-09",
        "limit": f"{Decimal(one(before)['credited']) * Decimal('1.25'):f}", "most_calls": None,
    }  # fmt: skip
    assert (held["waste"], held["waste_share"]) == (before["waste"], before["waste_share"]) != ("0", "0")
    (proven,) = (grade for grade in held["grades"] if grade["grade"] == "proven")
    assert proven["accepted"] == one(before)["credited"] == proven["credited"]
    shown = page(audit, "2026-08")
    monday, _, rest = shown.partition('<h2 id="monday">')[2].partition("</section>")
    assert LONG not in monday
    assert "What was found is accepted; nothing else is left to do." in monday
    taken = rest.partition('<h2 id="accepted">')[2].partition("</section>")[0]
    assert LONG in taken
    assert "Accepted by Search team until September 2026: A new index comes." in taken
    assert "of it is accepted" in shown.partition('<h2 id="monday">')[0]
    assert "is accepted and not listed here" in page(audit, "2026-08", "mail.html")
    assert "is accepted and not listed here" in page(audit, "2026-08", "mail.txt")
    rows = csv.DictReader((audit.folder / "reports/2026-08/findings.csv").read_text(encoding="utf-8").splitlines())
    (row,) = (row for row in rows if row["id"] == LONG)
    assert [row[f"accepted{name}"] for name in ("", "_by", "_until", "_reason")] == [
        "held", "Search team", "2026-09", "A new index comes",
    ]  # fmt: skip

    assert one(run(audit, "2026-09"))["accepted"]["state"] == "held"
    back = run(audit, "2026-10")
    assert one(back)["accepted"]["state"] == "ended"
    assert not any(Decimal(grade["accepted"]) for grade in back["grades"])
    told_of = "Back: Search team had accepted it until September 2026 (A new index comes)."
    assert told_of in page(audit, "2026-10").partition('<h2 id="monday">')[2].partition("</section>")[0]
    assert told_of in page(audit, "2026-10", "mail.html")
    assert told_of in page(audit, "2026-10", "mail.txt")
    assert '<h2 id="accepted">' not in page(audit, "2026-10")


def test_it_comes_back_when_it_grows_and_can_be_accepted_anew(audit: Audit) -> None:
    long_reads(audit, m2026_08=8, m2026_09=10, m2026_10=11)
    run(audit, "2026-08")
    accepted(audit, LONG, "--month", "2026-08")
    assert one(run(audit, "2026-09"))["accepted"]["state"] == "held"  # a quarter more, and not beyond it
    grown = one(run(audit, "2026-10"))
    assert grown["accepted"]["state"] == "grown"
    assert "Back, for it has grown: Search team had accepted it until November 2026 up to $" in page(audit, "2026-10")
    assert "back: it has grown" in asked(audit, "findings", "--month", "2026-10")
    assert "was accepted, and has grown, by Search team" in asked(audit, "show", LONG, "--month", "2026-10")

    said = accepted(audit, LONG, "--month", "2026-10", "--up-to", "5000", until="2027-01")
    assert "it takes the place of line 3, which can stay" in said
    assert one(run(audit, "2026-10"))["accepted"]["limit"] == "5000"
    assert one(run(audit, "2026-10"))["accepted"]["state"] == "held"
    # The months before are as they were accepted then.
    assert one(run(audit, "2026-09"))["accepted"]["until"] == "2026-11"


def test_an_alert_is_accepted_by_its_calls_where_it_names_no_money(audit: Audit) -> None:
    long_reads(audit, m2026_09=0, m2026_10=0)
    run(audit, "2026-09")
    odd = LONG.replace("long", "odd")
    accepted(audit, odd, "--month", "2026-09")
    data = run(audit, "2026-09")
    assert one(data, odd)["accepted"]["most_calls"] == 5
    shown = page(audit, "2026-09")
    assert "Every alert of this month is accepted." in shown
    assert odd in shown.partition('<h2 id="accepted">')[2]
    write_calls(audit.folder, [CALL | {"call_id": f"x{n}", "task": "odd_reads"} for n in range(2)], "more")
    assert one(run(audit, "2026-10"), odd)["accepted"]["state"] == "grown"
    assert "up to 5 calls" in page(audit, "2026-10").partition('<h2 id="alerts">')[2].partition("</section>")[0]


def test_a_misspelt_name_is_told_with_what_is_near_and_a_mended_one_is_not_complained_of(audit: Audit) -> None:
    long_reads(audit, m2026_09=3, m2026_10=0)
    run(audit, "2026-09")
    accepted(audit, LONG, "--month", "2026-09")
    path = audit.folder / "accepted.toml"
    more = [
        ENTRY | {"finding": name, "since": "2026-09", "until": "2026-12"}
        for name in ("odd_raeds/search/gpt-4.1", "long_reads/serch/x")
    ]
    with path.open("a", encoding="utf-8") as file:
        for row in more:
            file.write("\n[[accepted]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in row.items()))
    done = audit("run", "--month", "2026-10", "--quiet")
    assert done.returncode == 0, done.stderr
    complaints = done.stderr.splitlines()
    assert len(complaints) == 2, done.stderr
    assert "line 19: 'long_reads/serch/x' names no finding of the month" in done.stderr
    assert "line 12: 'odd_raeds/search/gpt-4.1' names no rule; did you mean 'odd_reads/search/gpt-4.1'?" in done.stderr
    shown = page(audit, "2026-10").partition('<h2 id="accepted">')[2].partition("</section>")[0]
    assert f"{LONG}: accepted by Search team until November 2026, but not found in October 2026." in shown
    assert (
        "odd_raeds/search/gpt-4.1: accepted by Search team until December 2026 in accepted.toml, line 12, but no rule"
        in shown
    )
    assert "The nearest name is odd_reads/search/gpt-4.1." in shown
    assert [stray["finding"] for stray in report(audit)["strays"]] == sorted([LONG, *(row["finding"] for row in more)])


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("long_reads/serch/gpt-4.1", "--until", "2026-12"), f"did you mean '{LONG}'"),
        ((LONG, "--until", "2028-12"), "until 2028-12 is more than a year after 2026-10: write 2027-10 at most"),
        ((LONG, "--until", "soon"), "'soon' is not a month"),
        ((LONG, "--until", "2026-12", "--up-to", "0.001"), "--up-to: 0.001 is less than the "),
        ((LONG, "--until", "2026-12", "--up-to", "much"), "--up-to: 'much' is no amount"),
        (("odd_reads/search/gpt-4.1", "--until", "2026-12", "--up-to", "5"), "names no money that could exceed it"),
    ],
)
def test_what_cannot_be_accepted_is_said_and_nothing_is_written(grown: Audit, more: tuple[str, ...], said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        asked(grown, "accept", *more, "--reason", "r", "--by", "b")
    assert not (grown.folder / "accepted.toml").exists()


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    made = Audit(tmp_path_factory.mktemp("company"))
    long_reads(made, m2026_10=8)
    run(made, "2026-10")
    return made


def test_the_file_lies_where_the_settings_say(audit: Audit) -> None:
    long_reads(audit, m2026_10=8)
    audit.settings(SETTINGS + 'accepted = "governance/taken.toml"\n')
    (audit.folder / "governance").mkdir()
    run(audit, "2026-10")
    accepted(audit, LONG)
    assert (audit.folder / "governance" / "taken.toml").exists()
    assert told(audit, "findings", "--rule", "long_reads")["findings"][0]["accepted"]["state"] == "held"


def test_the_report_speaks_of_it_in_chinese(audit: Audit) -> None:
    long_reads(audit, m2026_09=8, m2026_10=8)
    audit.settings(SETTINGS + '\n[company]\nlanguage = "zh"\n')
    run(audit, "2026-09")
    accepted(audit, LONG, "--month", "2026-09", until="2026-09")
    run(audit, "2026-09")
    assert "Search team 认可，有效至2026年9月：A new index comes。" in page(audit, "2026-09")
    run(audit, "2026-10")
    assert "重新列出：Search team 的认可已于2026年9月到期（原因：A new index comes）。" in page(audit, "2026-10")
