"""What the values of a field are, asked of the engine with the SQL that will read them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from audit.formatbook import Field
from audit.ingest.values import typed

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.engine.duckdb import Engine
    from audit.newformat.sample import Seen

OPERATIONS = {
    "chat": ("chat", "chat completion", "chat completions", "completion", "acompletion", "chat.completion", "message",
             "messages", "responses", "generate", "对话"),
    "text_completion": ("text completion", "completions"),
    "embeddings": ("embedding", "embeddings", "embed", "aembedding", "向量"),
    "rerank": ("rerank",),
    "image": ("image", "images", "image generation"),
    "audio": ("audio", "speech", "transcription"),
}  # fmt: skip
STATES = {
    "error": ("error", "failure", "failed", "fail", "exception", "timeout", "失败", "错误", "异常", "超时"),
    "cancelled": ("cancelled", "canceled", "aborted", "取消", "中断"),
    "filtered": ("filtered", "blocked", "content_filter", "refused", "拦截"),
    "truncated": ("truncated", "length", "max_tokens", "截断"),
    "ok": ("ok", "success", "succeeded", "successful", "completed", "complete", "done", "finished", "成功", "正常"),
}
TIERS = ("standard", "default", "auto", "batch", "flex", "priority", "scale", "on_demand")
HITS = ("hit", "miss", "bypass", "expired", "true", "false", "none", "1", "0", "是", "否")
ENDPOINT = re.compile(r"/(chat|completions|embeddings|messages|responses|rerank|images|audio)\b", re.IGNORECASE)
SPAN = re.compile(r"([\d.]+)\s*(ms|毫秒|s|sec|秒)", re.IGNORECASE)
# Dates that the engine does not take for instants by itself.
DATES = (
    "%d/%b/%Y:%H:%M:%S %z", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y年%m月%d日 %H:%M:%S", "%Y年%m月%d日 %H时%M分%S秒",
    "%Y年%m月%d日", "%Y%m%d%H%M%S", "%Y%m%d %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M", "%m/%d/%y %H:%M", "%m/%d/%Y %I:%M:%S %p",
    "%a, %d %b %Y %H:%M:%S %Z", "%a %b %d %H:%M:%S %Y", "%b %d, %Y %H:%M:%S", "%d-%b-%Y %H:%M:%S", "%Y%m%d",
)  # fmt: skip
_MODEL = re.compile(
    r"(.*/)?(gpt|chatgpt|o[134]-|o[134]$|claude|gemini|gemma|qwen|qwq|deepseek|llama|meta-llama|mistral|mixtral|magistral"
    r"|codestral|glm|ernie|doubao|hunyuan|moonshot|kimi|minimax|command-|grok|nova-|phi-|sonar|text-embedding|bge-)",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\n\r\t]{1,128}")
_ID = re.compile(r"\S{1,128}")
_LIKE_AN_ID = re.compile(r"(?=.*\d)[\w.:-]{12,}")
_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?")
_NUMBER = re.compile(r"-?\d+([.,]\d+)?([eE][+-]?\d+)?")
_GROUPED = re.compile(r"[1-9]\d{0,2}([,' _])\d{3}(\1\d{3})*(\.\d+)?|\d+(\.\d+)?")
_ZONE = re.compile(r"([\d\s](Z|UTC|GMT|CES?T|[ECMP][SD]T)|:\d{2}(\.\d+)?\s*[+-]\d{2}(:?\d{2})?)$", re.IGNORECASE)
_TYPED = ("whole", "number", "money", "flag")
_YEARS = "BETWEEN 2015 AND 2100"


class Values:
    """Tests of fields' values: a field passes if all that it has do, a ``loose`` one if most of them do."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._counts: dict[tuple[tuple[str, ...], str], int] = {}

    def are(self, seen: Seen, kind: str) -> bool:
        """Whether a field's values are of a kind that names.toml asks for."""
        if not seen.given:
            return False
        if kind == "loose whole":
            return self._count(seen, "whole") * 2 > len(seen.given)
        if kind == "instant":
            return bool(self.date_formats(seen))
        if _punctuated(seen, kind):
            return True
        if kind in _TYPED:
            return self.all_are(seen, kind) and (kind == "flag" or not _flags(seen))
        return _TESTS[kind](seen)

    def all_are(self, seen: Seen, kind: str) -> bool:
        """Whether every value can be read as a type that formats have."""
        return self._count(seen, kind) == len(seen.given)

    def date_formats(self, seen: Seen) -> list[str]:
        """How instants are written: [""] where the engine knows by itself, else each way that fits them all."""
        if any(isinstance(value, bool | list | dict) for value in seen.given) or not seen.given:
            return []
        if self.all_are(seen, "instant"):
            return [""]
        return [
            way for way in DATES if self._fitting(seen, f"year(try_strptime(x, '{way}')) {_YEARS}") == len(seen.given)
        ]

    def _count(self, seen: Seen, kind: str) -> int:
        key = (tuple(seen.texts), kind)
        if key not in self._counts:
            value = typed(Field("x", "x", kind, ())).replace("r_x", "x")
            test = f"year({value}) {_YEARS}" if kind == "instant" else f"({value}) IS NOT NULL"
            self._counts[key] = self._fitting(seen, test)
        return self._counts[key]

    def _fitting(self, seen: Seen, test: str) -> int:
        sql = f"SELECT count(*) FILTER ({test}) FROM (SELECT unnest($x)::VARCHAR AS x)"
        return int(self._engine.row(sql, {"x": seen.texts})[0])


def decimal_commas(seen: Seen) -> bool:
    """Whether numbers are written with a comma before their decimals; 1,200 alone would be twelve hundred."""
    texts = seen.texts
    return all(re.fullmatch(r"-?\d+(,\d+)?", text) for text in texts) and any(
        re.search(r",(?!\d{3}$)", text) for text in texts
    )


def grouped(seen: Seen) -> bool:
    """Whether numbers are written in groups of three digits, as 1,377 is."""
    texts = seen.texts
    return all(_GROUPED.fullmatch(text) for text in texts) and any(re.search("[,' _]", text) for text in texts)


def _punctuated(seen: Seen, kind: str) -> bool:
    """Whether values are of a kind that the engine reads once the commas in them are taken out or replaced."""
    if kind == "money":
        return decimal_commas(seen) or grouped(seen)
    return kind == "whole" and grouped(seen) and not any("." in text for text in seen.texts)


def separators(seen: Seen) -> str:
    """What stands between a field's groups of digits."""
    return "".join(sign for sign in ",' _" if any(sign in text for text in seen.texts))


def zoneless(seen: Seen, way: str) -> bool:
    """Whether instants, written in one of DATES or as the engine knows them, do not say in which zone they count."""
    if way:
        return not way.lower().endswith("%z")
    return any(re.search(r"[^\d.eE+]", text) and not _ZONE.search(text) for text in seen.texts)


def days_only(seen: Seen) -> bool:
    """Whether instants are dates without a time of the day."""
    return all(re.fullmatch(r"\d{4}\D?\d{1,2}\D?\d{1,2}\D?", text) for text in seen.texts)


def like_ids(seen: Seen) -> bool:
    """Whether values look like ids, whatever their field is called."""
    return all(isinstance(value, str) and _LIKE_AN_ID.fullmatch(value) for value in seen.given)


def of_endpoints(seen: Seen) -> bool:
    """Whether values are addresses of model APIs."""
    return _mostly(seen, lambda text: ENDPOINT.search(text) is not None)


def _flags(seen: Seen) -> bool:
    return any(isinstance(value, bool) for value in seen.given)


def _plain(seen: Seen) -> bool:
    return all(isinstance(value, str | int) for value in seen.given) and not _flags(seen)


def _all(seen: Seen, pattern: re.Pattern[str]) -> bool:
    return all(pattern.fullmatch(text) for text in seen.texts)


def _mostly(seen: Seen, test: Callable[[str], bool]) -> bool:
    return sum(test(text) for text in seen.texts) * 2 > len(seen.given)


def _numbers(seen: Seen) -> bool:
    """Whether most values are numbers: what has none to write may write a dash."""
    return not _flags(seen) and _mostly(seen, lambda text: _NUMBER.fullmatch(text) is not None)


def _among(*groups: tuple[str, ...]) -> Callable[[Seen], bool]:
    known = {word for group in groups for word in group}
    return lambda seen: _mostly(seen, lambda text: text.lower().replace("_", " ") in known or text.lower() in known)


_TESTS: dict[str, Callable[[Seen], bool]] = {
    "any": lambda _: True,
    "word": lambda seen: _plain(seen) and _all(seen, _WORD) and not all(text.isdigit() for text in seen.texts),
    "loose word": _plain,
    "id": lambda seen: _plain(seen) and _all(seen, _ID),
    "span": lambda seen: _numbers(seen) or _all(seen, SPAN),
    "model": lambda seen: _plain(seen) and _mostly(seen, lambda text: _MODEL.match(text) is not None),
    "clock": lambda seen: _all(seen, _CLOCK),
    "code": lambda seen: _mostly(seen, lambda text: re.fullmatch(r"[1-5]\d\d", text) is not None),
    "status": _among(*STATES.values()),
    "tier": _among(TIERS),
    "hit": lambda seen: all(text.lower() in HITS for text in seen.texts),
    "operation": lambda seen: of_endpoints(seen) or _among(*OPERATIONS.values())(seen),
    "currency": lambda seen: all(re.fullmatch("[A-Za-z]{3}", text) for text in seen.texts),
    "list": lambda seen: all(isinstance(value, list) for value in seen.given),
    "texts": lambda seen: all(
        isinstance(value, list) and all(isinstance(entry, str) for entry in value) for value in seen.given
    ),
    "prompt": lambda seen: (
        all(isinstance(value, str | list | dict) for value in seen.given)
        and not all(re.fullmatch(r"[\d.,\s-]*", text) for text in seen.texts)
    ),
}
