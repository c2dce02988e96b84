"""The commands about formats as somebody meets them whose log nobody knows yet."""

from __future__ import annotations

import csv
import gzip
import io
import json
import subprocess
import zipfile
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from audit import formatbook, formatlist, places
from audit.formatcases import run_cases
from audit.newformat import command
from audit.settings import Settings
from audit.sniffing import Sniffer

if TYPE_CHECKING:
    from pathlib import Path

    from audit.sniffing import Sniffed
    from tests.conftest import Audit

START = datetime(2026, 10, 5, 8, tzinfo=UTC)
PRIVATE = "an own question of somebody"
KEY = "sk-live-0123456789abcdefghij"


def call(number: int, **fields: Any) -> dict[str, Any]:
    plain = {"call_id": f"c{number}", "started_at": f"2026-10-05T10:00:{number % 60:02d}Z", "model": "gpt-4.1"}
    return plain | {"input_tokens": 1000, "output_tokens": 10, "status": "ok"} | fields


def lines(*records: dict[str, Any]) -> str:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def sentence(done: subprocess.CompletedProcess[str]) -> str:
    said = done.stdout + done.stderr
    assert "Traceback" not in said, said
    return said


def log(audit: Audit, text: str | bytes, name: str = "some.log") -> Path:
    path = audit.folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def made_of(sample: Path) -> Path:
    """The format that is made of a sample, without the wait for a program to start."""
    folder = sample.parent / "own"
    told = list(command.new("ours", sample, folder, {}, Settings(), anyway=False, columns=100))
    assert told
    return folder / "ours.sql"


def sniffed(path: Path, *formats: Path) -> Sniffed:
    (one,) = Sniffer({file.stem: formatbook.read(file) for file in formats}, (), Settings()).sniff(path)
    return one


# --- list


def test_help_stands_where_no_command_is_named(audit: Audit) -> None:
    shown = sentence(audit("formats"))
    assert all(f"\n  {command} " in shown for command in ("list", "sniff", "test", "new"))


def test_every_format_is_listed_with_what_it_can_tell(audit: Audit) -> None:
    listed = {line.split()[0]: line for line in audit("formats", "list").stdout.splitlines()}
    assert set(listed) == {path.stem for path in places.formats().glob("*.sql")}
    assert "json,csv,parquet" in listed["native"]
    assert "prompt fingerprints" in listed["native"]
    assert "owner (project, team, user, key)" in listed["litellm"]
    assert "prompt fingerprints" not in listed["claude_code"]
    assert " bills " in listed["focus"]


def test_a_terminal_of_a_hundred_columns_is_wide_enough() -> None:
    told = formatlist.lines(formatbook.load([places.formats()]).values(), 100)
    assert max(map(len, told)) <= 100
    assert told[0] == formatlist.HEADS["calls"]


def test_own_formats_are_listed_and_a_broken_one_is_named_with_its_line(audit: Audit) -> None:
    own = audit.folder / "own"
    own.mkdir()
    text = (
        '/*\ntitle = "Ours"\n[recognise]\nany = [["id"]]\n[record]\nid = "id"\n*/\nSELECT id AS call_id FROM records\n'
    )
    (own / "ours.sql").write_text(text, encoding="utf-8")
    audit.settings('[paths]\nformats = ["own"]\n')
    assert "ours" in audit("formats", "list").stdout
    (own / "broken.sql").write_text(text.replace("id AS", "idd AS"), encoding="utf-8")
    done = audit("formats", "list", "-c", "audit.toml")
    assert done.returncode == 1
    assert "broken.sql, line 8: no field 'idd' in [record]; did you mean 'id'?" in sentence(done)
    assert "ours" in done.stdout
    assert "Ours" in audit("formats", "list", "--in", "own", "-c", audit.settings("", "empty.toml")).stdout


# --- sniff


def test_a_known_log_is_told_with_its_first_calls_and_what_rules_cannot_judge(audit: Audit) -> None:
    log(audit, lines(*(call(number) for number in range(5)), {"call_id": "x", "started_at": "never", "model": "m"}))
    done = audit("formats", "sniff", "some.log")
    said = sentence(done)
    assert done.returncode == 0
    assert said.startswith("some.log\n  Native call record (native): all of the 6 records looked at are in it\n")
    assert "it holds 5 calls, and 1 line that cannot be read:\n    line 6: started_at: not an instant" in said
    row = next(line for line in said.splitlines() if "started_at (UTC)" in line)
    assert row.split() == ["started_at", "(UTC)", *(part for n in range(3) for part in ("2026-10-05", f"10:00:0{n}"))]
    assert "    input_tokens      1,000                1,000                1,000\n" in said
    assert "latency_ms" not in said.split("cannot judge")[0]
    assert "cannot judge this log: it states no prompt_hash (none of the first 5 calls has one)" in said


def test_prompts_are_never_shown(audit: Audit) -> None:
    audit.settings("[logs]\nkeep_prompts = true\n")
    request = {"model": "gpt-4.1", "messages": [{"role": "user", "content": PRIVATE}]}
    answer = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1791187200, "model": "gpt-4.1"}
    answer |= {"choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": PRIVATE}}]}
    answer |= {"usage": {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12}}
    log(audit, lines({"request": request, "response": answer}))
    said = sentence(audit("formats", "sniff", "some.log"))
    assert "openai_chat" in said
    assert "prompt_hash" in said
    assert PRIVATE not in said


def test_an_unknown_log_gets_its_fields_by_name_and_the_remedy(audit: Audit) -> None:
    record = {"rid": "r1", "use": {"in": 3, "parts": [{"n": 1}]}, PRIVATE * 3: PRIVATE, "Tokens In": 5}
    log(audit, lines(record), "odd.jsonl")
    done = audit("formats", "sniff", "odd.jsonl")
    said = sentence(done)
    assert done.returncode == 1
    assert "rid, use.in, use.parts[0].n, <81 characters>, Tokens In" in said
    assert "audit formats new NAME --from odd.jsonl" in said
    assert PRIVATE not in said


def test_packed_files_archives_and_other_encodings_are_looked_into(audit: Audit) -> None:
    text = lines(call(1), call(2))
    log(audit, gzip.compress(text.encode()), "a.gz")
    log(audit, text.encode("utf-16"), "b.jsonl")
    with zipfile.ZipFile(audit.folder / "c.zip", "w") as archive:
        archive.writestr("logs/one.jsonl", text)
        archive.writestr("two.csv", "call_id;started_at;model\nx;2026-10-05;m\n")
    log(audit, "", "d.jsonl")
    done = audit("formats", "sniff", "a.gz", "b.jsonl", "c.zip", "d.jsonl")
    said = sentence(done)
    assert done.returncode == 0
    assert said.count("Native call record (native)") == 4
    assert "c.zip!logs/one.jsonl" in said
    assert "c.zip!two.csv" in said
    assert "d.jsonl\n  it is empty" in said


def in_lines(records: list[dict[str, Any]]) -> str:
    return lines(*records)


def in_an_array(records: list[dict[str, Any]]) -> str:
    return json.dumps(records)


def pretty(records: list[dict[str, Any]]) -> str:
    return "\n".join(json.dumps(record, indent=2) for record in records)


def in_a_table(records: list[dict[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, records[0].keys())
    writer.writeheader()
    writer.writerows(records)
    return out.getvalue()


@pytest.mark.parametrize("layout", [in_lines, in_an_array, pretty, in_a_table])
def test_of_a_long_log_the_first_whole_records_are_looked_at(tmp_path: Path, layout: Any) -> None:
    path = tmp_path / "long"
    path.write_text(layout([call(number, task='two\nlines and "quotes"' * 20) for number in range(8000)]), "utf-8")
    assert path.stat().st_size > 3 << 20
    found = sniffed(path, places.formats() / "native.sql")
    assert not found.whole
    assert found.bytes <= (2 << 20) + 2
    assert found.rejected == 0
    assert 2500 < found.gained < 8000


def test_a_record_longer_than_a_beginning_is_looked_at_whole(tmp_path: Path) -> None:
    path = tmp_path / "long"
    path.write_text(lines(call(1, note="x" * (3 << 20)), call(2, note="x" * (31 << 20))), "utf-8")
    assert sniffed(path, places.formats() / "native.sql").gained == 1


def test_a_file_that_is_not_there_is_named(audit: Audit) -> None:
    done = audit("formats", "sniff", "nowhere.jsonl")
    assert done.returncode == 2
    assert "nowhere.jsonl: no log file there" in sentence(done)


# --- new


def flat(number: int) -> dict[str, Any]:
    return {
        "ts": (START + timedelta(seconds=number)).isoformat(), "request_id": f"req-{number:04d}", "svc": "checkout",
        "model": "gpt-4o", "promptTokens": 1200 + number, "completionTokens": 85, "cachedTokens": 1024 * (number % 2),
        "latencyMs": 1840, "status": 200 if number % 5 else 500, "userId": "someone@example.com", "costUsd": 0.0042,
        "prompt": f"{PRIVATE} {number}", "authorization": f"Bearer {KEY}",
    }  # fmt: skip


def nested(number: int) -> dict[str, Any]:
    began = START + timedelta(seconds=number)
    usage = {"inputTokens": 100, "cacheReadTokens": 2048, "outputTokens": 40, "totalTokens": 2188}
    return {
        "meta": {"correlationId": f"{number:032x}", "app": {"name": "search", "env": "prod"}, "apiKey": KEY},
        "request": {
            "model": "anthropic/claude-sonnet-4-5", "maxTokens": 1024, "stream": bool(number % 2),
            "messages": [{"role": "system", "content": PRIVATE}, {"role": "user", "content": f"{PRIVATE} {number}"}],
        },
        "response": {
            "id": f"msg_{number:06d}", "stopReason": "max_tokens" if number % 2 else "end_turn", "usage": usage,
        },
        "timing": {
            "startedAt": began.isoformat(), "finishedAt": (began + timedelta(milliseconds=900)).isoformat(),
            "timeToFirstTokenMs": 300,
        },
    }  # fmt: skip


def nginx(number: int) -> dict[str, Any]:
    model = number % 4 != 3
    return {
        "msec": f"{(START + timedelta(seconds=10 * number)).timestamp():.3f}", "request_time": "2.500",
        "upstream_header_time": "0.210" if model else "-", "req_id": f"{number:032x}", "remote_addr": "192.0.2.1",
        "request_uri": "/v1/embeddings" if model else "/healthz", "status": "200", "http_x_team": "growth",
        "llm_model": "gpt-4.1" if model else "", "llm_prompt_tokens": "100" if model else "-",
        "llm_completion_tokens": "10" if model else "-",
    }  # fmt: skip


def epoch(number: int) -> dict[str, Any]:
    ms = int((START + timedelta(seconds=number)).timestamp() * 1000)
    fields = {"model": "deepseek-chat", "in": 100, "out": 20 + number, "elapsed": 1500, "ok": number % 2 == 0}
    return {"@timestamp": ms, "level": "info", "fields": {**fields, "tenant": "t1"}}


def chinese(number: int) -> dict[str, Any]:
    began = START + timedelta(seconds=number)
    return {
        "请求编号": f"REQ{number:06d}", "请求时间": began.strftime("%Y/%m/%d %H:%M:%S"), "模型名称": "qwen-plus",
        "输入token数": 300, "缓存命中token数": 128, "输出token数": 50,
        "耗时(毫秒)": 1800, "状态": "成功" if number % 2 else "失败",
        "所属部门": "市场部", "业务线": "客服", "用户工号": "E00017", "费用(元)": "0.001200",
        "提问内容": f"{PRIVATE}{number}",
    }  # fmt: skip


def pages(number: int) -> dict[str, Any]:
    payload = {
        "model": "gpt-4o",
        "usage": {"prompt_tokens": 100, "completion_tokens": 7},
        "question": PRIVATE + str(number),
    }
    when = (START + timedelta(seconds=number)).strftime("%d/%b/%Y:%H:%M:%S +0000")
    items = [
        {
            "uuid": f"{number:032x}",
            "ts": when,
            "payload": json.dumps(payload),
            "attrs": [{"key": "team", "value": "ops"}],
        }
    ]
    return {"page": number, "project": "search", "items": items}


def table(number: int) -> dict[str, Any]:
    began = START + timedelta(seconds=number)
    return {
        "Date": f"{began:%Y-%m-%d}", "Time": f"{began:%H:%M:%S}", "User": "someone", "Department": "HR",
        "Model": "gpt-4o-mini", "Tokens In": 500, "Tokens Out": 40, "Duration (s)": "1.5", "Cost (EUR)": "0.0021",
        "Question": f"{PRIVATE}, case {number}",
    }  # fmt: skip


SAMPLES = {
    "flat": (
        lines(*map(flat, range(20))),
        {
            "call_id": "req-0001", "request_id": "req-0001", "project": "checkout", "model": "gpt-4o",
            "latency_ms": 1840,
            "input_tokens": 1201, "cache_read_tokens": 1024, "output_tokens": 85, "status": "ok", "http_status": 200,
            "user_id": "someone@example.com", "stated_cost": "0.004200000", "stated_currency": "USD",
            "message_count": 1,
        },
        20,
    ),
    "nested": (
        lines(*map(nested, range(20))),
        {
            "call_id": f"{1:032x}", "response_id": "msg_000001", "provider": "anthropic", "model": "claude-sonnet-4-5",
            "project": "search", "environment": "prod", "stream": True, "max_output_tokens": 1024, "input_tokens": 2148,
            "cache_read_tokens": 2048, "output_tokens": 40, "latency_ms": 900, "first_token_ms": 300,
            "status": "truncated", "finish_reason": "max_tokens", "message_count": 2,
        },
        20,
    ),
    "nginx": (
        lines(*map(nginx, range(20))),
        {
            "call_id": f"{1:032x}", "model": "gpt-4.1", "started_at": "2026-10-05 08:00:07.500000",
            "latency_ms": 2500, "first_token_ms": 210, "operation": "embeddings", "input_tokens": 100, "status": "ok",
            "http_status": 200, "team": "growth",
        },
        15,
    ),
    "epoch": (
        lines(*map(epoch, range(20))),
        {
            "model": "deepseek-chat", "started_at": "2026-10-05 08:00:01", "latency_ms": 1500,
            "input_tokens": 100, "output_tokens": 21, "status": "error", "team": "t1",
        },
        20,
    ),
    "chinese": (
        lines(*map(chinese, range(20))),
        {
            "call_id": "REQ000001", "model": "qwen-plus", "started_at": "2026-10-05 08:00:01",
            "latency_ms": 1800, "input_tokens": 300, "cache_read_tokens": 128, "output_tokens": 50, "status": "ok",
            "project": "客服", "team": "市场部", "user_id": "E00017",
            "stated_cost": "0.001200000", "stated_currency": "CNY",
        },
        20,
    ),
    "pages": (
        lines(*map(pages, range(20))),
        {
            "call_id": f"{1:032x}", "model": "gpt-4o", "started_at": "2026-10-05 08:00:01",
            "input_tokens": 100, "output_tokens": 7, "project": "search", "team": "ops", "message_count": 1,
        },
        20,
    ),
    "table": (
        in_a_table([table(number) for number in range(20)]).replace(",", ";").replace("question;", "question,"),
        {
            "model": "gpt-4o-mini", "started_at": "2026-10-05 08:00:01", "latency_ms": 1500,
            "input_tokens": 500, "output_tokens": 40, "team": "HR", "user_id": "someone", "stated_cost": "0.002100000",
            "stated_currency": "EUR",
        },
        20,
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", SAMPLES)
def test_a_format_made_from_a_sample_reads_it_and_holds_nothing_private(audit: Audit, kind: str) -> None:
    text, wanted, number = SAMPLES[kind]
    sample = log(audit, text)
    done = audit("formats", "new", kind, "--from", "some.log", "--in", "own")
    assert done.returncode == 0, sentence(done)
    assert f"of the sample it reads {number} calls\n" in done.stdout
    made = audit.folder / "own" / f"{kind}.sql"
    assert [result.difference for result in run_cases([made])] == [None]
    found = sniffed(sample, made)
    assert (found.gained, found.rejected) == (number, 0)
    row = {name: value for name, value in found.rows[1].items() if name in wanted}
    assert {name: str(value) for name, value in row.items()} == {name: str(value) for name, value in wanted.items()}
    written = "".join(path.read_text(encoding="utf-8") for path in made.parent.iterdir())
    for private in (PRIVATE, KEY, "someone", "E00017"):
        assert private not in written + done.stdout


def test_what_a_sample_cannot_tell_stands_as_a_question_with_its_line(audit: Audit) -> None:
    log(audit, SAMPLES["flat"][0])
    done = audit("formats", "new", "ours", "--from", "some.log")
    text = (audit.folder / "formats/own/ours.sql").read_text(encoding="utf-8").splitlines()
    asked = [number for number, line in enumerate(text, 1) if "-- ? " in line]
    assert len(asked) == 2
    assert all(f"  line {number}: " in done.stdout for number in asked)
    assert "is this when the call began?" in done.stdout
    assert "does the input hold the cached tokens?" in done.stdout


def usage(**counts: int) -> str:
    return lines(*({"id": f"a{n}", "time": 1791187200 + n, "model": "m", "usage": counts} for n in range(5)))


@pytest.mark.parametrize(
    ("counts", "total"),
    [
        ({"input_tokens": 100, "cached_tokens": 900, "output_tokens": 5}, 1000),
        ({"input_tokens": 1000, "cached_tokens": 900, "output_tokens": 5, "total_tokens": 1905}, 1900),
        ({"input_tokens": 1000, "cached_tokens": 900, "output_tokens": 5, "total_tokens": 1005}, 1000),
        ({"input_tokens": 1000, "cache_read_input_tokens": 900, "output_tokens": 5}, 1900),
        ({"input_tokens": 1000, "cached_tokens": 900, "output_tokens": 5}, 1000),
    ],
)
def test_whether_the_cache_is_in_the_input_is_told_by_the_numbers(
    audit: Audit, counts: dict[str, int], total: int
) -> None:
    sample = log(audit, usage(**counts))
    assert sniffed(sample, made_of(sample)).rows[0]["input_tokens"] == total


def test_a_log_without_ids_gets_ids_of_what_its_calls_are(audit: Audit) -> None:
    sample = log(audit, SAMPLES["table"][0])
    made = made_of(sample)
    assert "the sample has no id of its own" in made.read_text(encoding="utf-8")
    first = sniffed(sample, made).rows[0]["call_id"]
    rotated = log(audit, "".join(sample.read_text("utf-8").splitlines(keepends=True)[:2]), "rotated.csv")
    assert sniffed(rotated, made).rows[0]["call_id"] == first


def test_what_a_person_must_map_is_said_and_the_case_fails_until_then(audit: Audit) -> None:
    log(audit, lines({"model": "gpt-4o", "prompt_tokens": 5, "completion_tokens": 6}))
    done = audit("formats", "new", "ours", "--from", "some.log", "--in", "own")
    assert done.returncode == 1
    assert "a person must map started_at" in sentence(done)
    assert "MAP THIS: no field of the sample holds an instant" in done.stdout
    made = audit.folder / "own/ours.sql"
    assert run_cases([made])[0].difference is not None
    # What the line asks for is done.
    text = made.read_text(encoding="utf-8").replace("NULL::TIMESTAMP AS", "started AS")
    made.write_text(text.replace("[record]\n", "[record]\nstarted = 'at: instant'\n"), encoding="utf-8")
    log(audit, lines({"model": "gpt-4o", "prompt_tokens": 5, "completion_tokens": 6, "at": 1791187200}))
    assert sniffed(audit.folder / "some.log", made).gained == 1


def test_a_log_whose_format_is_known_gets_none_unless_it_is_asked_for(audit: Audit) -> None:
    sample = log(audit, lines(*map(call, range(5))))
    done = audit("formats", "new", "ours", "--from", "some.log")
    assert done.returncode == 2
    assert "it is in a format that is known: Native call record (native)" in sentence(done)
    assert not (audit.folder / "formats").exists()
    assert audit("formats", "new", "ours", "--from", "some.log", "--anyway").returncode == 0
    made = audit.folder / "formats/own/ours.sql"
    assert sniffed(sample, places.formats() / "native.sql", made).format == formatbook.read(made)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("Our Gateway", "--from", "some.log"), "'Our Gateway' is no name for a format"),
        (("litellm", "--from", "some.log"), "'litellm' is the name of a format that there is"),
        (("ours", "--from", "nowhere.log"), "nowhere.log: no such file"),
        (("ours", "--from", "garbage"), "garbage: no JSON object, table header or Parquet file was found in it"),
        (("ours", "--from", "talk"), "nothing in the sample looks like a call; its fields are kind.x, say"),
        (("ours",), "--from"),
    ],
)
def test_a_mistake_gets_a_sentence_and_leaves_no_file(audit: Audit, arguments: tuple[str, ...], said: str) -> None:
    log(audit, SAMPLES["flat"][0])
    log(audit, bytes(range(256)) * 9, "garbage")
    log(audit, lines({"kind": {"x": []}, "say": None}, {"kind": {"x": []}, "say": [[1]]}), "talk")
    done = audit("formats", "new", *arguments)
    assert done.returncode in (1, 2)
    assert said in sentence(done)
    assert not (audit.folder / "formats").exists()


def test_a_format_that_is_there_is_not_written_over(audit: Audit) -> None:
    log(audit, SAMPLES["flat"][0])
    audit("formats", "new", "ours", "--from", "some.log")
    done = audit("formats", "new", "ours", "--from", "some.log")
    assert done.returncode == 2
    assert "ours.sql: there already" in sentence(done)


@pytest.mark.parametrize(
    "name",
    ["a.b", "a b", "a:b", "a'b", "a[0]", "{}", "*/", "日期", "#", "--", 'quo"te', "*", "back\\slash", "", "\x7f", "\n"],
)
def test_odd_names_do_not_break_the_files(audit: Audit, name: str) -> None:
    def record(number: int) -> dict[str, Any]:
        inner = {"model": "gpt-4o", f"{name}.prompt_tokens": 5, "completion_tokens": number, f"{name} prompt": PRIVATE}
        return {"id": f"a{number}", "time": 1791187200 + number, name: inner, f"{name}_user": "someone", "model": "m"}

    sample = log(audit, lines(*map(record, range(3))))
    made = made_of(sample)
    assert [result.difference for result in run_cases([made])] == [None]
    assert sniffed(sample, made).gained == 3


def test_what_must_be_there_and_no_name_tells_is_guessed_by_its_values_and_asked_about(audit: Audit) -> None:
    rows = [
        {
            "Zeitpunkt": f"05.10.2026 08:00:{number:02d}", "Modell": "gpt-4o", "Eingabe-Tokens": 500,
            "Ausgabe-Tokens": number, "Cost (EUR)": "0,0125", "Latency (s)": "1,5",
        }
        for number in range(9)
    ]  # fmt: skip
    sample = log(audit, in_a_table(rows), "excel.csv")
    made = made_of(sample)
    row = sniffed(sample, made).rows[1]
    assert (row["model"], row["input_tokens"], row["output_tokens"]) == ("gpt-4o", 500, 1)
    assert (str(row["started_at"]), row["latency_ms"], str(row["stated_cost"])) == (
        "2026-10-05 08:00:01", 1500, "0.012500000",
    )  # fmt: skip
    assert made.read_text(encoding="utf-8").count("is taken for this by its values alone") == 4


def test_a_record_that_counts_calls_is_asked_about(audit: Audit) -> None:
    rows = [
        {"time": 1791187200 + n, "model": "m", "requests": 7, "prompt_tokens": 9, "completion_tokens": n}
        for n in range(3)
    ]
    text = made_of(log(audit, lines(*rows))).read_text(encoding="utf-8")
    assert "if a record is a sum over several calls, it is none" in text


def test_lines_with_json_behind_a_date_get_the_way_to_read_them(audit: Audit) -> None:
    text = "".join(f"2026-10-05 08:00:0{n},120 INFO client - {json.dumps(flat(n))}\n" for n in range(5))
    log(audit, text)
    done = audit("formats", "sniff", "some.log")
    assert done.returncode == 1
    assert "its lines hold JSON behind other text" in sentence(done)
    remedy = done.stdout.split("as sed ", 1)[1].split(" does", 1)[0].replace("FILE", "some.log")
    subprocess.run(f"sed {remedy}", shell=True, check=True, cwd=audit.folder)  # noqa: S602  # as a shell would take it
    made = made_of(audit.folder / "some.log.jsonl")
    assert sniffed(audit.folder / "some.log.jsonl", made).gained == 5


# --- test


def test_the_cases_of_own_formats_are_run(audit: Audit) -> None:
    log(audit, SAMPLES["flat"][0])
    audit("formats", "new", "ours", "--from", "some.log")
    assert audit("formats", "test", "formats/own").stdout == "1 case passed, 0 failed\n"
    cases = audit.folder / "formats/own/ours.yml"
    cases.write_text(cases.read_text("utf-8").replace("latency_ms: 1840", "latency_ms: 1841"), "utf-8")
    done = audit("formats", "test", "formats/own/ours.sql")
    assert done.returncode == 1
    assert "FAILED ours: a record of the sample, without what people wrote" in done.stdout
    assert "latency_ms is 1840, not 1841" in done.stdout


def test_a_wrong_format_is_named_with_its_file_and_line(audit: Audit) -> None:
    log(audit, SAMPLES["flat"][0])
    audit("formats", "new", "ours", "--from", "some.log")
    made = audit.folder / "formats/own/ours.sql"
    text = made.read_text("utf-8").replace("AS latency_ms", "AS latency")
    made.write_text(text, "utf-8")
    done = audit("formats", "test", "formats/own")
    assert done.returncode == 1
    line = next(number for number, line in enumerate(text.splitlines(), 1) if "AS latency" in line)
    assert f"ours.sql, line {line}: 'latency' is no column of the calls; did you mean 'latency_ms'?" in sentence(done)


def test_a_folder_without_formats_is_named(audit: Audit) -> None:
    done = audit("formats", "test", ".")
    assert done.returncode == 2
    assert ".: no format there" in sentence(done)


# --- the whole way


def test_from_an_unknown_log_to_a_report(audit: Audit) -> None:
    (audit.folder / "logs").mkdir()
    log(audit, SAMPLES["nested"][0], "logs/gateway.jsonl")
    assert audit("formats", "sniff", "logs").returncode == 1
    assert audit("formats", "new", "ours", "--from", "logs/gateway.jsonl").returncode == 0
    audit.settings('[paths]\nlogs = ["logs"]\nformats = ["formats/own"]\n')
    assert audit("formats", "sniff", "logs").returncode == 0
    done = audit("run", "--month", "2026-10")
    assert done.returncode == 0, sentence(done)
    report = json.loads((audit.folder / "reports/2026-10/report.json").read_text(encoding="utf-8"))
    assert report["calls"] == 20
