r"""Prompts become fingerprints: functions of the engine that formats call, so that no prompt need be kept.

Each argument is the text of some JSON, any other text, or NULL; a list, an object or a string of JSON counts as what
it says, however it was spaced or escaped, and ``"hi"`` is the same prompt as ``hi``. What holds no word at all (an
empty list, messages whose content was stripped) counts as NULL: such requests all look alike and are not.

- ``prompt_hash``: the whole request. System, messages, tools and the other parameters each in its place, so that a
  system prompt that is logged as an argument is another request than one among the messages; the order of keys counts.
- ``template_hash``: system and messages without what fills a template (``FILLINGS``) and without white space. What is
  taken out leaves no trace: "5 items" and "items" are one template. Other words are another template, so a
  conversation is a new one with each turn; so are other roles, tools asked for and keys.
- ``prefix_hash``: what a provider could keep in its prompt cache: the system argument, else the content of the
  leading system or developer messages, and the tools. The same system prompt gives the same hash either way.
- ``prefix_tokens``: that head's share of the request's bytes times the input tokens; an estimate. Bytes and not
  characters: a Chinese character is three bytes and nearly a token, so bytes hold to tokens across scripts. A picture
  inside the messages takes more bytes than tokens, which makes the head look smaller, never larger.
- ``message_count``: entries of the list; 1 for a text or one message; NULL for what looks like a list and is none.
- ``request_text``: the parts as one JSON object, for those who keep prompts; parts that are NULL are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.ingest.fields import quoted

if TYPE_CHECKING:
    from audit.engine.duckdb import Engine

_MONTH = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    "nov(?:ember)?|dec(?:ember)?"
)
_WEEKDAY = "(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?"
# A word begins at its edge, or right after the escape of a line end or a tab.
_EDGE = r"(?:(?:\\[nrt])+|\b)"
_DIGITS = r"[0-9０-９]+"
_NUMERALS = "[〇○零一二三四五六七八九十]+"

# What fills a template, in the order in which it is looked for at one place. All are found in one pass, for which the
# engine's patterns need no memory of where they were; what could begin anywhere is bounded, so that no text is slow.
FILLINGS = {
    "web address": r"https?://[A-Za-z0-9._~:/?#@!$&*+,;=%-]+",
    "mail address": r"[A-Za-z0-9._%+-]{1,48}@[A-Za-z0-9.-]+",
    "encoded bytes": "[A-Za-z0-9+/]{64,}=*",
    "English date, month first": rf"{_EDGE}(?i:(?:{_WEEKDAY}\.?,? )?(?:{_MONTH})\.? \d+(?:st|nd|rd|th)?\b(?:,? \d{{4}}\b)?)",
    "English date, day first": rf"{_EDGE}\d+(?i:(?:st|nd|rd|th)?(?: of)?[ -](?:{_MONTH})\b)\.?(?:[ ,-]{{1,2}}\d{{2,4}})?",
    "month or weekday alone": rf"{_EDGE}(?:January|February|April|June|July|August|September|October|November|December"
    r"|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day)\b",
    "Chinese date in numerals": f"{_NUMERALS}年{_NUMERALS}月(?:{_NUMERALS}[日号])?|{_NUMERALS}月{_NUMERALS}[日号]",
    "Chinese weekday": "(?:星期|礼拜|周)[一二三四五六日天]",
    "hexadecimal id, UUID": rf"{_EDGE}[0-9A-Fa-f]{{8,}}(?:-[0-9A-Fa-f]{{4,}})*\b",
    "id of letters among digits": rf"{_EDGE}[A-Za-z_]*\d+[A-Za-z_]+\d\w*",
    "name with a number": rf"{_EDGE}[A-Za-z_]+\d{{3,}}\b",
    "long id": rf"{_EDGE}(?:[A-Za-z]{{12,}}\d\w*|[A-Za-z]{{0,11}}\d+[A-Za-z]{{12,}}\b)",
    "number, date, time": rf"(?:[上下]午|凌晨|早上|中午|晚上)?(?:\B[-+])?{_DIGITS}(?:(?:[.,:/_ -]{{1,3}}|T){_DIGITS})*"
    r"(?:Z\b|\s?[AaPp]\.?[Mm]\b|(?:st|nd|rd|th)\b)?",
    "white space, but for a lone blank": r"(?:\\[\\nrt]|[\t\n\v\f\r\x{85}\x{a0}\x{2000}-\x{200a}\x{2028}\x{2029}\x{3000}])+",
}
_FILLING = quoted("|".join(FILLINGS.values()))
# Content under the names that the interfaces have for it.
_WORDS = quoted(
    r'"(?:content|text|parts|input|output|arguments|data|url|image_url|uri|file_uri|fileUri|file_id)"\s*:\s*\[?\s*"[^"]'
)
_SYSTEM_ROLES = """('"system"', '"developer"')"""
_PART = "list_transform([{0}], lambda {1}: {2})[1]"  # computes an expression once that is used more than once

MACROS = (
    # Nothing but brackets, or messages with roles and no content.
    r"""is_hollow(x) AS (strlen(x) < 64 AND regexp_matches(x, '^(?:[\s\[\]{}",]*|\s*null\s*)$'))
    OR (NOT regexp_matches(x, """
    + _WORDS
    + """) AND contains(x, '"role"') AND json_type(try_cast(x AS JSON)) IN ('ARRAY', 'OBJECT'))""",
    # One spelling for equal JSON; a JSON string as its text; any other text as it is.
    "one_spelling(x) AS CASE WHEN NOT is_hollow(x) THEN coalesce(json_extract_string(try_cast(x AS JSON), '$'), x) END",
    # White space falls away anyhow: only escapes ask for the JSON to be read.
    r"""without_fillings(x) AS replace(regexp_replace(
    CASE WHEN contains(x, '\u') OR contains(x, '\/') OR starts_with(ltrim(x), '"') THEN one_spelling(x) ELSE x END,
    """
    + _FILLING
    + ", '', 'g'), ' ', '')",
    # The content of the leading system messages as JSON.
    f"""leading_system(x) AS CASE WHEN contains(x, '"system"') OR contains(x, '"developer"') THEN
    list_transform([json_extract(
      try_cast(x AS JSON), ['$[0].role', '$[1].role', '$[0].content', '$[0].parts']
    )], lambda h: CASE
      WHEN h[1] NOT IN {_SYSTEM_ROLES} THEN NULL
      WHEN h[2] IN {_SYSTEM_ROLES} THEN leading_systems(x)
      ELSE coalesce(h[3], h[4])
    END)[1] END""",
)


def install(engine: Engine) -> None:
    """Give the engine the functions that fingerprint prompts."""
    for macro in MACROS:
        engine.run(f"CREATE OR REPLACE TEMP MACRO {macro}")
