"""Names, values and texts that were made to do harm do none."""

from __future__ import annotations

import gzip
import json
import os
import re
import resource
import stat
import sys
from pathlib import Path

import pytest

from audit.ingest import find
from audit.ingest.masking import masked, named
from audit.records import UsageError
from tests.ingest.shop import Shop, call, formats, line, lines

PROMPT = "my daughter has been ill since Tuesday"
KEY = "sk-live0123456789abcdefghijkl"


@pytest.mark.parametrize(
    "name",
    [
        "it's.jsonl", "a[b].jsonl", "a*.jsonl", "a?.jsonl", "{a,b}.jsonl", "new\nline.jsonl", "-rf.jsonl",
        "'; DROP TABLE store.calls; --.jsonl", '"q".jsonl', "back\\slash.jsonl", "s3:x.jsonl", "~.jsonl", "%41.jsonl",
        "ü中.jsonl", os.fsdecode(b"\xff\xfe.jsonl"),
    ],
)  # fmt: skip
def test_a_file_may_have_any_name_and_no_other_is_read_for_it(shop: Shop, name: str) -> None:
    for decoy in ("ab.jsonl", "abc.jsonl", "b.jsonl"):
        shop.log(decoy, lines("decoy"))
    path = shop.log(name, lines("a") + b"{bad\n")
    (receipt,) = shop.ingest(*find.files([path]))
    assert (receipt.calls, receipt.rejected, shop.calls) == (1, 1, ["a"])
    assert shop.ingest(path)[0].known


def test_a_folder_gives_files_and_nothing_that_only_looks_like_one(shop: Shop) -> None:
    shop.log("logs/x.jsonl/inner.jsonl", lines("a"))
    shop.log("logs/.hidden.jsonl", lines("b"))
    shop.log("logs/notes.txt", lines("c"))
    os.mkfifo(shop.folder / "logs/pipe.jsonl")
    (shop.folder / "logs/dead.jsonl").symlink_to(shop.folder / "nowhere")
    (shop.folder / "logs/loop").symlink_to(shop.folder / "logs")
    (shop.folder / "logs/link.jsonl").symlink_to(shop.log("elsewhere.jsonl", lines("d")))
    found = [path.name for path in find.files([shop.folder / "logs", shop.folder / "logs" / "*.jsonl"])]
    assert found == ["elsewhere.jsonl", "inner.jsonl"]


def test_a_pipe_and_a_device_are_refused_rather_than_waited_for(shop: Shop) -> None:
    os.mkfifo(shop.folder / "pipe.jsonl")
    for path in (shop.folder / "pipe.jsonl", Path("/dev/null")):
        with pytest.raises(UsageError, match="a pipe or a device"):
            find.files([path])


def test_files_that_cannot_be_read_are_named_and_the_others_are_read(shop: Shop) -> None:
    gone, locked = shop.folder / "gone.jsonl", shop.log("locked.jsonl", lines("x"))
    locked.chmod(0)
    receipts = shop.ingest(gone, Path("/proc/self/mem"), shop.log("a.jsonl", lines("a")), shop.folder)
    assert [(receipt.calls, receipt.unread) for receipt in receipts] == [(0, True), (0, True), (1, False), (0, True)]
    assert all(str(receipt.path) in receipt.reason for receipt in receipts if receipt.unread)
    if os.geteuid():  # the administrator may read everything
        assert shop.ingest(locked)[0].unread
    locked.chmod(stat.S_IRUSR | stat.S_IWUSR)


def test_values_are_values_and_no_sql(shop: Shop) -> None:
    evil = "'); DROP TABLE store.calls; --"
    shop.read(line(evil, model=evil, project=evil, tags=[evil]) + lines("b"))
    assert shop.calls == sorted([evil, "b"])


def test_columns_are_names_and_no_sql(shop: Shop) -> None:
    header = 'call_id,started_at,model,"a"" b\'; DROP TABLE x; --",call_id\n'
    shop.read(header.encode() + b"1,2026-10-05,m,x,2\n")
    assert shop.calls == ["1"]


def test_thousands_of_keys_of_another_make_do_not_matter(shop: Shop) -> None:
    wide = {f"key {number}": number for number in range(5000)}
    assert shop.read(line("a", **wide) + lines("b")).calls == 2


def test_a_raw_key_is_kept_as_its_hash_alone(shop: Shop) -> None:
    shop.read(line("a", api_key=KEY) + line("b", api_key=KEY) + line("c", api_key="svc-search", tags=[KEY, "batch"]))
    assert KEY not in shop.everything
    assert shop.value("api_key", "a") == shop.value("api_key", "b") != shop.value("api_key", "c") == "svc-search"
    first, second = shop.value("tags", "c")
    assert (first.startswith("key-"), second) == (True, "batch")


@pytest.mark.parametrize(
    "column", ["task", "project", "finish_reason", "user_id", "tags", "model", "call_id", "source"]
)
def test_a_text_too_long_for_a_label_is_kept_as_its_fingerprint(shop: Shop, column: str) -> None:
    long = PROMPT * 20
    shop.read(json.dumps(call("a") | {column: [long] if column == "tags" else long}).encode())
    assert PROMPT not in shop.everything
    assert len(shop.calls) == 1


def test_of_an_error_only_its_kind_is_kept(shop: Shop) -> None:
    shop.read(line("a", error_type=f"RateLimitError: {PROMPT}\nTraceback {KEY}") + line("b", error_type=PROMPT * 9))
    assert shop.value("error_type", "a") == "RateLimitError"
    assert PROMPT not in shop.everything


REST = f'"{PROMPT}"'
SMUGGLED = [
    line("x", input_tokens="bad", prompt=PROMPT),
    line("x", input_tokens="bad", q=PROMPT),
    line("x", input_tokens="bad", messages=[{"role": "user", "content": [{"type": "text", "text": PROMPT}]}]),
    line("x", input_tokens="bad", prompt=[PROMPT, [PROMPT]]),
    line("x", input_tokens="bad", **{PROMPT: 1}),
    PROMPT.encode(),
    f'second line of a prompt: {PROMPT}", "model": "m"}}'.encode(),
    f'{{"call_id": "x", "prompt": "he said "{PROMPT}" to me"}}'.encode(),
    f"{{'call_id': 'x', 'prompt': '{PROMPT}'}}".encode(),
    f'{{"call_id": "x", "prompt": "{PROMPT}'.encode(),
    f"{{prompt: {PROMPT}}}".encode(),
    f"[{REST}]".encode(),
    REST.encode(),
    line("x", started_at=f"at ten, {PROMPT}, and again {PROMPT}"),
    json.dumps(call("x", input_tokens=PROMPT * 2)).encode(),
]


@pytest.mark.parametrize("smuggled", SMUGGLED)
def test_no_prompt_comes_into_the_store_with_a_line_that_cannot_be_read(shop: Shop, smuggled: bytes) -> None:
    shop.read(lines("a") + smuggled.strip() + b"\n" + lines("b"))
    assert (shop.calls, shop.rejected_lines) == (["a", "b"], [2])
    assert PROMPT not in shop.everything


SPOILT = {
    "apim": {
        "TimeGenerated": "2026-10-05T10:00:00Z", "OperationName": "Microsoft.ApiManagement/GatewayLlmLogs",
        "CorrelationId": "c-1", "ModelName": "gpt-4o", "PromptTokens": "many", "CompletionTokens": 5,
        "SequenceNumber": 1, "RequestMessages": f'ent":"{PROMPT}"}}]',
    },
    "litellm": {
        "id": "a", "call_type": "acompletion", "startTime": 1791194400.5, "response_cost": 1, "prompt_tokens": "many",
        "model_parameters": {"instructions": PROMPT},
    },
    "helicone": {
        "response_id": "a", "response_created_at": "2026-10-05T10:00:02Z", "response_status": 200,
        "request_created_at": "2026-10-05T10:00:00Z", "request_body": "{}", "model": "gpt-4o", "latency": 1,
        "prompt_tokens": "many", "completion_tokens": 1, "request_properties": json.dumps({"note": PROMPT}),
    },
}  # fmt: skip


@pytest.mark.parametrize("name", SPOILT)
def test_nor_with_a_record_of_a_gateway_that_cannot_be_read(shop: Shop, name: str) -> None:
    shop.read(json.dumps(SPOILT[name]).encode())
    assert len(shop.rejects) == 1, shop.calls
    assert PROMPT not in shop.everything


def test_nor_with_a_table_or_a_file_nobody_knows(shop: Shop) -> None:
    header = b"call_id,started_at,model,note\n"
    shop.read(
        header + b'1,bad,m,"%s"\n2,2026-10-05,m\n3,2026-10-05,m,%s,x\n' % (PROMPT.encode(), PROMPT.encode()), "t.csv"
    )
    shop.read(f"{PROMPT},{PROMPT}\n".encode(), "letter.log")
    shop.read(json.dumps({PROMPT: 1, KEY: 2, "plain": 3}).encode(), "keys.jsonl")
    assert len(shop.rejects) == 3
    assert PROMPT not in shop.everything
    assert KEY not in shop.everything
    assert "plain" in shop.everything


def test_keys_are_taken_out_even_where_prompts_are_kept(shop: Shop) -> None:
    keeping = Shop(shop.folder, keep_prompts=True)
    keeping.read(lines("a") + line("x", input_tokens="bad", prompt=f"{PROMPT} {KEY}", auth="Bearer abc.def"))
    ((_, _, text),) = keeping.rejects
    assert PROMPT in str(text)
    assert KEY not in str(text)
    assert "abc.def" not in str(text)


def test_a_masked_line_keeps_its_shape_and_the_values_a_format_reads() -> None:
    native = formats()["native"].fields
    text = '{"call_id": "c1", "input_tokens": "12x", "prompt": "hello there", "n": [1, null, tru]}'
    shape = '{"call_id": "c1", "input_tokens": "12x", "prompt": "<11 characters>", "n": [1, null, <3 characters>]}'
    assert masked(text, native, keep_prompts=False) == shape
    assert named(["id", "a b", KEY]) == f"id, <3 characters>, <{len(KEY)} characters>"


def test_a_long_broken_line_is_cut(shop: Shop) -> None:
    shop.read(lines("a") + b'{"call_id":' * 2_000_000 + b"\n" + lines("b"))
    ((_, _, text),) = shop.rejects
    assert len(str(text)) < 2_100


def test_little_memory_is_enough(shop: Shop) -> None:
    small = Shop(shop.folder, memory="200MB")
    receipt = small.read(b"".join(line(f"{number}") for number in range(20_000)) + b"{bad\n")
    assert (receipt.calls, receipt.rejected) == (20_000, 1)


def test_a_packed_desert_does_not_fill_the_memory(shop: Shop) -> None:
    path = shop.log("a.jsonl.gz", gzip.compress(lines("a") + b"\x00" * 60_000_000 + b"\n" + lines("b"), 1))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    (receipt,) = shop.ingest(path)
    assert receipt.format == "native"
    assert shop.calls == ["a", "b"]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1_500_000, sys.platform


@pytest.mark.parametrize(
    "key",
    [
        "sk-ant-api03-AbCd_0123-xyz",
        "sk-0123456789abcdef0123456789abcdef",
        "sk-lf-1b2c3d4e-0000-4000-8000-0123456789ab",
        "sk-abcdefghijklmnopqrstuvwxyz",
        "hf_AbcdefghijklmnopqrstuvwxyzABCDEFGH",
        "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
        "glpat-aB3dEfGhIjKlMnOpQrSt",
        "AKIAIOSFODNN7EXAMPLE",
        "Bearer Bearer abcdefgh",
        "0123456789abcdef0123456789abcdef.AbCdEfGhIjKlMnOp",
        "postgresql://audit:hunter2hunter2@db/x",
        "password=hunter2-hunter2",
        "Basic dXNlcjpwYXNzd29yZA==",
        "ABSKQmVkcm9ja0FQSUtleS0xMjM0",
        "dapi0123456789abcdef0123456789abcdef",
        "gsk_AbCdEf0123456789",
        '["Bearer abcdefgh"]',
        '{"a": {"b": "sk-0123456789abcdef"}}',
        "\x01sk-0123456789abcdef",
    ],
)
def test_a_key_is_kept_nowhere(shop: Shop, key: str) -> None:
    everywhere = dict.fromkeys(("source", "project", "user_id", "model", "provider", "error_type", "session_id"), key)
    shop.read(line(key, **everywhere, tags=[key]) + lines("b"))
    assert len(shop.calls) == 2
    word = max({*re.findall(r"\w+", key)} - {"password", "postgresql"}, key=len)
    assert word not in shop.everything


@pytest.mark.parametrize(
    "key",
    [
        "0123456789abcdef0123456789abcdef",
        "8a6c59f4-9fbe-198f-c788-885a62cae0ff",
        "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCdEfGhIjKl",
    ],
)
def test_a_key_without_a_prefix_is_hashed_where_a_keys_name_is_meant(shop: Shop, key: str) -> None:
    shop.read(line("a", api_key=key, session_id=key))
    assert shop.value("api_key", "a").startswith("key-")
    assert shop.value("session_id", "a") == key


@pytest.mark.parametrize(
    "name",
    [
        "asia-southeast1",
        "asia-pacific-team",
        "bearer",
        "hfd-search-and-find",
        "sk-telecom-bot",
        "pk-team-2026",
        "basic support",
    ],
)
def test_a_name_that_begins_as_a_key_might_is_a_name(shop: Shop, name: str) -> None:
    shop.read(line("a", project=name, environment=name, user_id=name))
    assert [shop.value(column, "a") for column in ("project", "environment", "user_id")] == [name] * 3
