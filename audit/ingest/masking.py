"""What may be kept of a line that could not be read: its shape and the short values of fields that a format reads.

Everything else is replaced by its length: a line that is broken may be a piece of a prompt.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from audit.formatbook import Field

TEXT_LIMIT = 2_000
VALUE_LIMIT = 64
NAMES_TOLD = 12
# Also read by the engine, for the columns of a call. After its prefix a key has capitals or digits, or no end: a team
# may be called sk-telecom-bot. A region is called asia-southeast1: prefixes of AWS and Google are told by capitals.
_PREFIXES = (
    r"[sp]k[-_]|rk[-_]|xox[abp]-|gh[pousr]_|github_pat_|glpat-|hf_|gsk_|xai-|pplx-|nvapi-|fw_|r8_|csk-|lsv2_|ya29\."
)
RAW_KEY = (
    rf"\b(?:(?i:{_PREFIXES})(?:[a-z_\-./+=]*[A-Z0-9][A-Za-z0-9_\-./+=]{{5,}}|[A-Za-z0-9]{{20,}})"
    r"|(?:AKIA|ASIA|AKID|LTAI|ABSK)[A-Za-z0-9+/=]{12,}|AIza[A-Za-z0-9_\-]{20,}|eyJ[A-Za-z0-9_\-./+=]{8,}"
    r"|dapi[0-9a-f]{32}|[0-9a-f]{32}\.[A-Za-z0-9]{16}\b)"
    r"|(?i:(?:\bbearer\s+)+)[^\s\"']{6,}|\b(?i:basic)\s+[A-Za-z0-9+/]*[A-Z0-9][A-Za-z0-9+/=]{5,}"
    r"|[?&](?i:key|sig|token|code)=[^\s\"'&]{4,}"
    r"|(?i:\b(?:password|passwd|secret|api[-_]?key|access[-_]?token)[\"']?\s*[=:]\s*[\"']?)[^\s\"',;&]{4,}"
    r"|(?:[a-z][a-z+]*)?://[^\s/:@\"']*:[^\s/@\"']+@"
)
# Where a key's name is meant, a text of this make is the key itself, of a provider that gives its keys no prefix.
BARE_KEY = (
    r"^(?:[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[A-Za-z0-9+/=]{40,63}"
    r"|[A-Za-z0-9+/=]{65,})$"
)
# Fields of a format that hold text of people, or places on their machines.
_UNTOLD = {"messages", "cwd", "content", "input", "output", "prompt"}
_RAW_KEY = re.compile(RAW_KEY)
_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"?(\s*:)?|[^"]+')
_BARE = re.compile(r"[^\s{}\[\],:](?:[^{}\[\],:]*[^\s{}\[\],:])?")
_LITERAL = re.compile(r"-?\d[\d.eE+\-]{0,30}|true|false|null|NaN|-?Infinity")
# A text that holds JSON, or an address with a query, may hold anything.
_NESTED = re.compile(r'[{\[?"]')
_NAME = re.compile(r"[\w.\-$@]{1,40}")


def masked(text: str, fields: Iterable[Field], *, keep_prompts: bool) -> str:
    """The text with secrets taken out, prompts too unless they are kept, cut to a length a person reads."""
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    length = len(text)
    if not keep_prompts:
        told = {field.steps[-1].text for field in fields if field.type != "json"} - _UNTOLD
        # What is cut here lies beyond what is shown: each sign of the text takes one of the limit at most.
        text = _shape(text[: TEXT_LIMIT * 50], told)
    text = _RAW_KEY.sub("<secret>", text)
    if len(text) > TEXT_LIMIT or length > TEXT_LIMIT * 50:
        text = f"{text[:TEXT_LIMIT]} <cut; the line has {length:,} characters>"
    return text


def named(names: Iterable[object]) -> str:
    """Some field names for a sentence. What is no plain name may be a text: its length is told."""
    listed = [str(name) for name in names]
    shown = [name if _NAME.fullmatch(name) and not _RAW_KEY.search(name) else _length(name) for name in listed]
    return ", ".join(shown[:NAMES_TOLD]) + (", ..." if len(shown) > NAMES_TOLD else "")


def _shape(text: str, told: Collection[str]) -> str:
    key, out = "", []
    for token in _TOKEN.finditer(text):
        piece, colon = token[0], token[1] or ""
        if not piece.startswith('"'):
            out.append(_BARE.sub(lambda m: m[0] if _LITERAL.fullmatch(m[0]) else _length(m[0]), piece))
            continue
        inner = piece[: len(piece) - len(colon)].strip('"')
        if colon:
            key = inner
            out.append(f'"{inner if _NAME.fullmatch(inner) else _length(inner)}"{colon}')
        else:
            keep = key in told and len(inner) <= VALUE_LIMIT and not _NESTED.search(inner)
            out.append(piece if keep or not inner else f'"{_length(inner)}"')
    return "".join(out)


def _length(text: str) -> str:
    return f"<{len(text)} characters>"
