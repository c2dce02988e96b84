"""Which requests are one prompt, one template, one prefix, and that no text whatever stops the reading."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.engine.duckdb import Engine
from audit.ingest import prompts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FINGERPRINTS = {
    "prompt_hash": "prompt_hash(system, messages, tools, extra)",
    "template_hash": "template_hash(system, messages)",
    "prefix_hash": "prefix_hash(system, messages, tools)",
    "prefix_tokens": "prefix_tokens(system, messages, tools, input_tokens)",
    "message_count": "message_count(messages)",
    "request_text": "request_text(system, messages, tools)",
}
PARTS = dict.fromkeys(("system", "messages", "tools", "extra"), "VARCHAR") | {"input_tokens": "BIGINT"}
EXAMPLES = settings(max_examples=40, deadline=None)


class Fingerprints:
    """The functions as formats call them."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def __call__(self, messages: Any = None, **parts: Any) -> dict[str, Any]:
        """All fingerprints of one request."""
        return dict(zip(FINGERPRINTS, self.every(parts | {"messages": messages})[0], strict=True))

    def every(self, *requests: dict[str, Any]) -> list[tuple[Any, ...]]:
        """All fingerprints of several requests."""
        return self._asked(tuple(FINGERPRINTS.values()), requests)

    def each(self, name: str, *requests: dict[str, Any]) -> list[Any]:
        """One fingerprint of several requests."""
        return [value for (value,) in self._asked((FINGERPRINTS[name],), requests)]

    def templates(self, *texts: str) -> list[Any]:
        return self.each("template_hash", *({"messages": chat(text)} for text in texts))

    def _asked(self, functions: Sequence[str], requests: Sequence[dict[str, Any]]) -> list[tuple[Any, ...]]:
        rows = ", ".join(
            f"({at}, {', '.join(f'${part}_{at}::{kind}' for part, kind in PARTS.items())})"
            for at in range(len(requests))
        )
        values = {f"{part}_{at}": request.get(part) for at, request in enumerate(requests) for part in PARTS}
        source = f"(VALUES {rows}) AS requests (nth, {', '.join(PARTS)})"
        return self.engine.rows(f"SELECT {', '.join(functions)} FROM {source} ORDER BY nth", values)


@pytest.fixture(scope="module")
def fingerprints() -> Iterator[Fingerprints]:
    with Engine(threads=1) as engine:
        prompts.install(engine)
        yield Fingerprints(engine)


def chat(*contents: Any, system: Any = None, **how: Any) -> str:
    """An OpenAI list of messages; users and assistants take turns."""
    messages = [{"role": "system", "content": system}] if system is not None else []
    messages += [{"role": ("user", "assistant")[at % 2], "content": said} for at, said in enumerate(contents)]
    return json.dumps(messages, **how)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.just("\ud83d half"),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["role", "content", "parts", "text", "x"]), inner, max_size=4)
    ),
    max_leaves=12,
)
MESSAGE = st.fixed_dictionaries(
    {"role": st.sampled_from(["system", "developer", "user", "assistant", "model"])},
    optional={"content": JSON, "parts": JSON},
)
ODD = st.one_of(
    st.none(),
    st.text(),
    JSON.map(json.dumps),
    st.lists(MESSAGE, max_size=4).map(json.dumps),
    st.lists(MESSAGE, min_size=1, max_size=3).map(json.dumps).flatmap(
        lambda text: st.integers(0, len(text)).map(lambda end: text[:end])
    ),
    st.lists(MESSAGE, max_size=3).map(str).map(lambda text: text.encode("utf-8", "replace").decode()),
    st.sampled_from(["[", "{", '"', "null", "NaN", "1e999", "-", "[" * 5000, "[" * 900 + "]" * 900, "\\ud83d", "\x00"]),
)  # fmt: skip
WORDS = st.text(alphabet="abc xyz,.;!?请总结订单", min_size=1).filter(lambda text: any(c.isalpha() for c in text))


@EXAMPLES
@given(messages=ODD, parts=st.tuples(ODD, ODD, ODD), tokens=st.none() | st.integers(-5, 2**63 - 1))
def test_no_text_stops_the_reading(
    fingerprints: Fingerprints, messages: str | None, parts: tuple[str | None, ...], tokens: int | None
) -> None:
    system, tools, extra = parts
    found = fingerprints(messages, system=system, tools=tools, extra=extra, input_tokens=tokens)
    for name in ("prompt_hash", "template_hash", "prefix_hash"):
        assert found[name] is None or len(bytes.fromhex(found[name])) == 16
    assert found["prefix_tokens"] is None or 0 <= found["prefix_tokens"] <= (tokens or 0)
    assert found["message_count"] is None or found["message_count"] >= 0
    if messages is None:
        assert found["prompt_hash"] is found["template_hash"] is found["message_count"] is None


@EXAMPLES
@given(st.lists(st.fixed_dictionaries({"role": st.just("user"), "content": WORDS | st.text()}), min_size=1, max_size=3))
def test_equal_json_is_one_request_however_it_is_written(
    fingerprints: Fingerprints, messages: list[dict[str, str]]
) -> None:
    texts = (
        json.dumps(messages, ensure_ascii=False, separators=(",", ":")),
        json.dumps(messages, ensure_ascii=False, indent=2),
        json.dumps(messages, ensure_ascii=True).replace("/", "\\/"),
    )
    parts = ("system", "messages", "tools", "extra")
    found = fingerprints.every(*(dict.fromkeys(parts, text) | {"input_tokens": 100} for text in texts))
    assert len(set(found)) == 1


@EXAMPLES
@given(WORDS, WORDS, WORDS)
def test_a_text_is_the_same_prompt_as_a_string_of_json(
    fingerprints: Fingerprints, messages: str, system: str, tools: str
) -> None:
    raw = {"messages": messages, "system": system, "tools": tools}
    spelt = {name: json.dumps(text) for name, text in raw.items()}
    one, other = fingerprints.every(*(request | {"input_tokens": 1000} for request in (raw, spelt)))
    assert one == other


@EXAMPLES
@given(st.lists(WORDS, min_size=4, max_size=4), st.lists(WORDS, min_size=4, max_size=4))
def test_each_part_of_a_request_counts(fingerprints: Fingerprints, one: list[str], other: list[str]) -> None:
    names = ("messages", "system", "tools", "extra")
    requests = [dict(zip(names, parts, strict=True)) for parts in (one, other)]
    assert len(set(fingerprints.each("prompt_hash", *requests))) == (1 if one == other else 2)


def test_a_parameter_is_not_taken_for_tools(fingerprints: Fingerprints) -> None:
    tools = fingerprints(chat("hello"), tools="x")
    assert tools["prompt_hash"] != fingerprints(chat("hello"), extra="x")["prompt_hash"]


@EXAMPLES
@given(ODD, ODD, ODD)
def test_a_request_that_is_kept_is_always_json(
    fingerprints: Fingerprints, system: str | None, messages: str | None, tools: str | None
) -> None:
    parts = {"system": system, "messages": messages, "tools": tools}
    (text,) = fingerprints.each("request_text", parts)
    given_parts = [name for name, part in parts.items() if part is not None]
    assert (text is None) == (not given_parts)
    assert text is None or list(json.loads(text)) == given_parts


def test_a_request_that_is_kept_holds_its_parts(fingerprints: Fingerprints) -> None:
    kept = fingerprints(chat("hello", ensure_ascii=True), system="Be brief.")["request_text"]
    assert json.loads(kept) == {"system": "Be brief.", "messages": json.loads(chat("hello"))}


FILLED = {
    "number": ["7", "1,234.56", "-3", "1e5", "３", "1, 2, 3, 4"],
    "ordinal": ["1st", "2nd", "33rd", "4th"],
    "date": ["2026-10-05", "10/05/26", "05.10.2026", "2026/10/5"],
    "instant": ["2026-10-05T10:30:00Z", "2025-01-31T23:59:59.123456Z", "2026-10-05 10:30:00"],
    "time": ["10:30", "9:05 PM", "23:59:59", "7 a.m"],
    "English date": ["October 5, 2026", "Oct 6 2026", "may 1", "Mon, Sept. 14th, 2026", "5 October 2026", "1st of May"],
    "weekday": ["Monday", "Sunday"],
    "Chinese date": ["2026年10月5日", "2025年1月31日"],
    "Chinese date in numerals": ["二〇二六年十月五日", "五月一日", "二〇二五年一月"],
    "Chinese time": ["上午10:30", "下午2:05", "晚上11:59"],
    "Chinese weekday": ["星期一", "周日", "礼拜天"],
    "UUID": ["6f9619ff-8b86-d011-b42d-00c04fc964ff", "deadbeef-dead-beef-dead-beefdeadbeef"],
    "digest": ["d41d8cd98f00b204e9800998ecf8427e", "DEADBEEF", "900150983cd24fb0"],
    "id": ["chk9Xy2LmQ81", "req_01J8ZK3QWPT7", "order12345", "ABCDEFGHIJKLMNOP7", "abc1defghijklmnopq"],
    "mail address": ["u-017@example.com", "first.last+tag@mail.example.org", "a_b@example.co"],
    "web address": ["https://example.com/orders/17?x=1", "http://example.org/a-b_c#d"],
    "white space": [" ", "\n\n", "\t", "   ", "\u3000", "\r\n  ", ""],
}


@pytest.mark.parametrize("fillings", FILLED.values(), ids=FILLED.keys())
@pytest.mark.parametrize(
    "template", ["Summarise {} for me, please.", "请总结{}的内容", "{}", "Note:\n{}\n\tthe end", 'a "{}" b\\{} c']
)
def test_other_fillings_make_no_other_template(fingerprints: Fingerprints, fillings: list[str], template: str) -> None:
    texts = ["Note " + template.replace("{}", filling) for filling in fillings]
    assert len(set(fingerprints.templates(*texts))) == 1


@EXAMPLES
@given(
    words=st.lists(WORDS, min_size=2, max_size=4),
    fillings=st.lists(
        st.integers(-(10**9), 10**9).map(str)
        | st.uuids().map(str)
        | st.datetimes().map(str)
        | st.dates().map(lambda day: f"{day.year}年{day.month}月{day.day}日")
        | st.decimals(0, 10**6, places=2).map(str),
        min_size=2,
        max_size=2,
    ),
)
def test_a_template_is_known_by_its_words(fingerprints: Fingerprints, words: list[str], fillings: list[str]) -> None:
    one, other, bare = fingerprints.templates(*(f" {filling} ".join(words) for filling in (*fillings, "")))
    # Of a Chinese date its units stay, so it is like other dates alone.
    units = {"年" in filling for filling in fillings}
    assert len(units) == 2 or one == other
    assert True in units or one == bare


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Summarise the order.", "Translate the order."),
        ("请总结订单", "请翻译订单"),
        ("you may go", "you must go"),
        ("the march of time", "the sun of time"),
        ("a decade of facades", "a decade of cafes"),
        ("十分感谢", "一点感谢"),
        (r"C:\new", r"C:\tew"),
        ("pay 5 euros", "pay 5 dollars"),
        ("gpt-4o", "gpt-4x"),
    ],
)
def test_other_words_are_another_template(fingerprints: Fingerprints, one: str, other: str) -> None:
    assert len(set(fingerprints.templates(one, other))) == 2


@EXAMPLES
@given(WORDS, st.lists(WORDS, min_size=1, max_size=3), st.lists(WORDS, min_size=1, max_size=3))
def test_the_prefix_is_what_stands_before_the_users_words(
    fingerprints: Fingerprints, system: str, one: list[str], other: list[str]
) -> None:
    *same, tooled, bare = fingerprints.each(
        "prefix_hash",
        {"messages": chat(*one, system=system)},
        {"messages": chat(*other, system=system)},
        {"messages": chat(*one, system=system).replace('"system"', '"developer"')},
        {"messages": chat(*one), "system": system},
        {"messages": chat(*one), "system": system, "tools": "[{}, 1]"},
        {"messages": chat(*one)},
    )
    assert len(set(same)) == 1
    assert None not in same
    assert tooled not in (same[0], None)
    assert bare is None


def test_all_leading_system_messages_are_the_prefix(fingerprints: Fingerprints) -> None:
    def prefix(*roles: tuple[str, str]) -> Any:
        return fingerprints(json.dumps([{"role": role, "content": said} for role, said in roles]))["prefix_hash"]

    one = prefix(("system", "a"), ("developer", "b"), ("user", "c"))
    assert one == prefix(("system", "a"), ("developer", "b"), ("user", "d"), ("system", "e"))
    assert one == prefix(("system", "a"), ("system", "b"))
    assert one != prefix(("system", "a"), ("user", "b"))


def test_the_prefix_of_parts_is_found(fingerprints: Fingerprints) -> None:
    def otel(user: str) -> str:
        told = [("system", "Be brief."), ("user", user)]
        return json.dumps([{"role": role, "parts": [{"type": "text", "content": said}]} for role, said in told])

    assert fingerprints(otel("a"))["prefix_hash"] == fingerprints(otel("b"))["prefix_hash"] is not None


def test_the_prefix_takes_its_share_of_the_tokens(fingerprints: Fingerprints) -> None:
    def share(messages: str, **parts: Any) -> Any:
        return fingerprints(messages, input_tokens=1000, **parts)["prefix_tokens"]

    half = "s" * 5000
    assert share(chat("u" * 5000), system=half) == pytest.approx(500, abs=5)
    assert share(chat("u" * 5000, system=half)) == pytest.approx(500, abs=5)
    assert share(chat("u" * 5000), tools=json.dumps([half])) == pytest.approx(500, abs=5)
    assert share(chat("请" * 1667), system=half) == pytest.approx(500, abs=5)
    assert share(chat("u" * 5000)) is None
    assert fingerprints(chat("u"), system=half)["prefix_tokens"] is None
    assert fingerprints(None, system=half, input_tokens=1000)["prefix_tokens"] is None


@EXAMPLES
@given(WORDS, WORDS, st.integers(0, 2**63 - 1))
def test_a_prefix_has_no_more_tokens_than_the_request(
    fingerprints: Fingerprints, system: str, user: str, tokens: int
) -> None:
    request = {"messages": chat(user, system=system), "tools": "[{}, 1]", "input_tokens": tokens}
    (found,) = fingerprints.each("prefix_tokens", request)
    assert 0 <= found <= tokens


@pytest.mark.parametrize(
    ("messages", "count"),
    [
        (None, None),
        ("", None),
        ("null", None),
        ('""', None),
        ("[]", 0),
        ("hello", 1),
        ('"hello"', 1),
        ("[Context] hello", 1),
        ("42", 1),
        (chat("a", "b", system="s"), 3),
        ('[{"role": "user", "content": "\\ud83d"}]', 1),
        ('["a", "b"]', 2),
        ('{"role": "user", "content": "a"}', 1),
        ('[{"role": "user", "conte', None),
        ("[{'role': 'user', 'content': 'a'}]", None),
    ],
)
def test_messages_are_counted(fingerprints: Fingerprints, messages: str | None, count: int | None) -> None:
    assert fingerprints(messages)["message_count"] == count


@pytest.mark.parametrize(
    "messages",
    ["", "[]", "{}", '""', "null", "[ {} ]", chat(""), chat(None), '[{"role": "user", "parts": []}]',
     '[{"role": "user"}, {"role": "assistant", "content": [{"type": "text", "text": ""}]}]'],
)  # fmt: skip
def test_requests_without_content_are_not_alike(fingerprints: Fingerprints, messages: str) -> None:
    found = fingerprints(messages, system="Be brief.")
    assert found["prompt_hash"] is found["template_hash"] is None


@pytest.mark.parametrize(
    "messages", ["[1, 2, 3]", '["a"]', "0", chat([{"type": "image_url", "image_url": {"url": "x"}}])]
)
def test_requests_without_words_have_a_fingerprint(fingerprints: Fingerprints, messages: str) -> None:
    assert fingerprints(messages)["prompt_hash"] is not None


@pytest.mark.parametrize("absent", ["", "[]", "{}", "null", '""', None])
def test_an_empty_part_is_an_absent_one(fingerprints: Fingerprints, absent: str | None) -> None:
    found = fingerprints(chat("hello"), system=absent, tools=absent, extra=absent, input_tokens=9)
    assert found | {"request_text": ""} == fingerprints(chat("hello"), input_tokens=9) | {"request_text": ""}
    assert found["prefix_hash"] is found["prefix_tokens"] is None


@pytest.mark.parametrize("piece", ["1%", "a+1+", "1.a", "\\\\n", "deadbeef-", "may 5 ", "a@", "{", '"', "[1,", "十月"])
def test_a_long_text_takes_no_longer_than_its_length(fingerprints: Fingerprints, piece: str) -> None:
    with fingerprints.engine.within(20):
        assert fingerprints(piece * (1_000_000 // len(piece)))["template_hash"]
