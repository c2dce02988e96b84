r"""Prompts become fingerprints: functions of the engine that formats call, so that no prompt need be kept.

Each argument is the text of some JSON, any other text, or NULL. Equal JSON is one prompt however it was spaced or
escaped, and ``"hi"`` is the same prompt as ``hi``. What says nothing (an empty list, messages that were stripped of
their content) counts as NULL: such requests look alike and are not.

- ``prompt_hash``: the whole request but for the model, which is a column of its own; system, messages, tools and the
  other parameters each in its place. A system prompt logged apart is another request than the same words among the
  messages; the order of keys counts. A request whose answer may be another one a minute later (it searches the web,
  reads files kept elsewhere, or goes on with a conversation that the provider keeps), or whose content was cut, has
  none. :mod:`audit.ingest.asked` tells which are the other parameters, and what moves.
- ``template_hash``: system and messages without white space and without what fills a template (``FILLINGS``). Nothing
  stands in for what is taken out: "5 items" and "items" are one template. Other words, roles or parts are another,
  so a conversation has a new one with each turn.
- ``prefix_hash``: what a provider could keep in its prompt cache: the system argument, else the content of the
  leading system and developer messages; and the tools. One system prompt has one hash, wherever it was logged.
- ``prefix_tokens``: that head's share of the request's bytes, times the input tokens; an estimate. Bytes, because a
  Chinese character is three of them and most of a token: bytes per token differ little between scripts, characters
  threefold. A picture takes more bytes than tokens, so beside one the head looks smaller than it is.
- ``message_count``: entries of the list; 1 for a text or a single message; NULL for a list that cannot be read.
- ``request_text``: the parts as one JSON object, for those who keep prompts; parts that are NULL are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.ingest import asked
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
_SIGN = r"(?:(?:\\[nrt])+|\B)[-+]"
_DIGITS = r"[0-9０-９]+"
_NUMERALS = "[〇○零一二三四五六七八九十]+"

# What fills a template, in the order in which it is looked for at one place. All are found in one pass, and no pattern
# counts far or looks far ahead: the engine's matcher is fast as long as it need keep little in mind.
FILLINGS = {
    "web address": r"https?://[A-Za-z0-9._~:/?#@!$&*+,;=%-]+",
    "mail address": r"\w+(?:[.+-]\w+){0,3}@[A-Za-z0-9.-]+",
    "picture, sound or file": r'(?:;base64,|"data"\s*:\s*")[A-Za-z0-9+/_-]{32,}=*',
    "date, month first": rf"{_EDGE}(?i:(?:{_WEEKDAY}\.?,? )?(?:{_MONTH})\.? \d+(?:st|nd|rd|th)?\b(?:,? \d{{4}}\b)?)",
    "date, day first": rf"{_EDGE}\d+(?i:(?:st|nd|rd|th)?(?: of)?[ -](?:{_MONTH})\b)\.?(?:[ ,-]{{1,2}}\d{{2,4}})?",
    "month or weekday alone": rf"{_EDGE}(?:January|February|April|June|July|August|September|October|November|December"
    r"|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day)\b",
    "Chinese date in numerals": f"{_NUMERALS}年{_NUMERALS}月(?:{_NUMERALS}[日号])?|{_NUMERALS}月{_NUMERALS}[日号]",
    "Chinese weekday": "(?:星期|礼拜|周)[一二三四五六日天]",
    "hexadecimal id, UUID": rf"{_EDGE}[0-9A-Fa-f]{{8,}}(?:-[0-9A-Fa-f]{{4,}})*\b",
    "id of letters among digits": rf"{_EDGE}[A-Za-z_]*\d+[A-Za-z_]+\d\w*",
    "name with a number": rf"{_EDGE}[A-Za-z_]+\d{{3,}}\b",
    "long id": rf"{_EDGE}(?:[A-Za-z]{{10,}}\d\w*|[A-Za-z]*\d+[A-Za-z]{{10,}}\b)",
    "number, date, time": rf"(?:[上下]午|凌晨|早上|中午|晚上)?(?:{_SIGN})?"
    rf"{_DIGITS}(?:(?:[.,:/_ -]{{1,3}}|T){_DIGITS})*"
    r"(?:Z\b|\s?[AaPp]\.?[Mm]\b|(?:st|nd|rd|th)\b)?",
    "white space but lone blanks": r"(?:\\[\\nrt]|[\t\n\v\f\r\x{85}\x{a0}\x{2000}-\x{200a}\x{2028}-\x{2029}\x{3000}])+",
}
_FILLING = quoted("|".join(FILLINGS.values()))
# Something under one of the names that the interfaces have for content.
_CONTENT = quoted(
    r'"(?:content|text|parts|input|output|arguments|data|bytes|url|image_url|uri|file_uri|fileUri|file_id)"\s*:\s*\[?\s*"[^"]'
    r'|"key"\s*:\s*"content"'
)
_SYSTEM = """IN ('"system"', '"developer"')"""

# A list of one that is transformed and opened again computes once what is used more than once, at the price of a copy.
# The engine itself computes once what several functions of a SELECT share, unless a CASE stands at its head.
MACROS = (
    r"""not_blank(x) AS CASE WHEN strlen(x) >= 64 OR NOT regexp_matches(x, '^(?:[\s\[\]{}\",]*|\s*null\s*)$')
      THEN x END""",
    # One half of a surrogate pair is what programs write that cut texts short; it spoils no more than itself.
    r"""as_json(x) AS coalesce(try_cast(x AS JSON), CASE WHEN contains(x, '\u') THEN
      try_cast(regexp_replace(x, '\\u[dD][89a-fA-F][0-9a-fA-F]{2}', '\\ufffd', 'g') AS JSON) END)""",
    # Equal JSON has one spelling, a string of JSON is its text, any other text stands as it is.
    "one_spelling(x) AS coalesce(json_extract_string(as_json(x), '$'), x)",
    # Messages with roles and nothing said had their content stripped.
    f"""with_content(x) AS list_transform([x], lambda m: CASE
        WHEN regexp_matches(m, {_CONTENT}) OR NOT contains(m, '"role"')
        OR coalesce(json_type(as_json(m)), 'VARCHAR') = 'VARCHAR' THEN not_blank(m)
      END)[1]""",
    # White space falls away anyhow: only escapes ask for the JSON to be read.
    f"""without_fillings(x) AS replace(regexp_replace(CASE
        WHEN contains(x, '\\u') OR contains(x, '\\/') OR starts_with(ltrim(x), '"') THEN one_spelling(x)
        ELSE x
      END, {_FILLING}, '', 'g'), ' ', '')""",
    "said(message) AS coalesce(json_extract(message, '$.content'), json_extract(message, '$.parts'))",
    f"is_system(message) AS coalesce(json_extract(message, '$.role') {_SYSTEM}, FALSE)",
    """said_before_users(messages) AS list_transform([messages], lambda l: to_json(list_transform(
      l[:coalesce(list_position(list_transform(l, lambda m: is_system(m)), FALSE) - 1, len(l))],
      lambda m: said(m))))[1]""",
    # The content of the leading system messages, as JSON; one is usual, and found in one look.
    f"""leading_system(x) AS list_transform([as_json(x)], lambda j: list_transform([
        json_extract(j, ['$[0].role', '$[1].role', '$[0].content', '$[0].parts'])::JSON[]
      ], lambda h: CASE
        WHEN h[1] {_SYSTEM} AND h[2] {_SYSTEM} THEN said_before_users(json_extract(j, '$[*]')::JSON[])
        WHEN h[1] {_SYSTEM} THEN coalesce(h[3], h[4])
      END)[1])[1]::VARCHAR""",
    "embedded(x) AS coalesce(json(as_json(x)), to_json(x))::VARCHAR",
    """share_of_tokens(part, whole, tokens) AS CASE WHEN part > 0 AND whole > 0 AND tokens >= 0 THEN
      least(tokens, try_cast(round(tokens::DOUBLE * (part::DOUBLE / whole)) AS BIGINT)) END""",
    *asked.MACROS,
    """composed(system, messages, tools, extra) AS concat(coalesce(system, ''), chr(31)) || messages
      || concat(chr(31), coalesce(tools, ''), chr(31), coalesce(extra, ''))""",
    # What formats call.
    """prompt_hash(system, messages, tools, extra) AS list_transform([[
        one_spelling(not_blank(system::VARCHAR)), one_spelling(with_content(messages::VARCHAR)),
        one_spelling(not_blank(tools::VARCHAR)), one_spelling(not_blank(extra::VARCHAR))
      ]], lambda p: CASE WHEN NOT moving(p[3], p[4]) AND NOT is_cut(p[2]) THEN
        md5(composed(p[1], p[2], p[3], p[4])) END)[1]""",
    """template_hash(system, messages) AS md5(
      concat(coalesce(without_fillings(not_blank(system::VARCHAR)), ''), chr(31))
      || without_fillings(with_content(messages::VARCHAR)))""",
    """prefix_hash(system, messages, tools) AS md5(list_transform([concat(
        coalesce(one_spelling(not_blank(system::VARCHAR)), list_transform(
          [leading_system(with_content(messages::VARCHAR))], lambda t: one_spelling(not_blank(t))
        )[1], ''), chr(31), coalesce(one_spelling(not_blank(tools::VARCHAR)), '')
      )], lambda t: nullif(t, chr(31)))[1])""",
    """prefix_tokens(system, messages, tools, input_tokens) AS list_transform([[
        strlen(one_spelling(not_blank(system::VARCHAR))),
        list_transform([leading_system(with_content(messages::VARCHAR))], lambda t: strlen(not_blank(t)))[1],
        strlen(one_spelling(not_blank(tools::VARCHAR))),
        strlen(one_spelling(with_content(messages::VARCHAR))),
        try_cast(input_tokens AS BIGINT)
      ]], lambda n: share_of_tokens(
        coalesce(n[1], n[2], 0) + coalesce(n[3], 0), coalesce(n[1], 0) + coalesce(n[3], 0) + n[4], n[5]))[1]""",
    r"""message_count(messages) AS CASE
      WHEN regexp_matches(messages::VARCHAR, '^\s*\[') THEN coalesce(
        json_array_length(as_json(messages::VARCHAR))::BIGINT,
        CASE WHEN NOT regexp_matches(messages::VARCHAR, '^\s*\[\s*[\"''\[{]') THEN 1 END)
      WHEN regexp_matches(messages::VARCHAR, '^\s*\{\s*[\"'']') THEN
        CASE WHEN as_json(messages::VARCHAR) IS NOT NULL THEN 1 END
      WHEN not_blank(messages::VARCHAR) IS NOT NULL THEN 1 END""",
    """request_text(system, messages, tools) AS CASE WHEN coalesce(system, messages, tools) IS NOT NULL THEN
      concat('{', concat_ws(',', '"system":' || embedded(system::VARCHAR),
        '"messages":' || embedded(messages::VARCHAR), '"tools":' || embedded(tools::VARCHAR)), '}') END""",
)


def install(engine: Engine) -> None:
    """Give the engine the functions that fingerprint prompts."""
    for macro in MACROS:
        engine.run(f"CREATE OR REPLACE TEMP MACRO {macro}")
