"""What may be kept of a line that could not be read: its shape and its short values, no prompt and no secret."""

from __future__ import annotations

import re

TEXT_LIMIT = 2_000
_CONTENT = (
    "content|text|prompt|input|output|thinking|arguments|messages|system|query|question|answer|completion|"
    "traceback|stdout|stderr|signature|data|body|description|error_message|reasoning|summary"
)
_LONG_STRING = re.compile(r'"((?:[^"\\\n]|\\.){65,})("|$)')
_CONTENT_STRING = re.compile(rf'"({_CONTENT})"(\s*:\s*)"((?:[^"\\\n]|\\.)+)("|$)', re.IGNORECASE)
_SECRET = re.compile(
    r"(sk-|pk-|rk-|xox[abp]-|gh[pousr]_|AKIA|AIza|eyJ)[A-Za-z0-9_\-./+=]{8,}|(Bearer\s+)[^\s\"']+", re.IGNORECASE
)


def masked(text: str, *, keep_prompts: bool) -> str:
    """The text with secrets taken out, prompts too unless they are kept, cut to a length a person reads."""
    if not keep_prompts:
        text = _CONTENT_STRING.sub(lambda m: f'"{m[1]}"{m[2]}"<{len(m[3])} characters>"', text)
        text = _LONG_STRING.sub(lambda m: f'"<{len(m[1])} characters>"', text)
    text = _SECRET.sub("<secret>", text)
    if len(text) > TEXT_LIMIT:
        text = f"{text[:TEXT_LIMIT]} <{len(text) - TEXT_LIMIT} more characters>"
    return text
