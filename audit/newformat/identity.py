"""Who made a call and what tells it from others; the request's fingerprints."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from audit.newformat import guess
from audit.newformat.draft import told
from audit.newformat.sample import as_text

if TYPE_CHECKING:
    from audit.newformat.draft import Draft

_PLAIN = {
    "request": "request_id", "response": "response_id", "trace": "trace_id", "parent": "parent_id",
    "session": "session_id", "project": "project", "team": "team", "user_name": "user_id", "key_name": "api_key",
    "environment": "environment", "task": "task",
}  # fmt: skip
# What may tell two calls apart where the log gives them no id, the most telling first.
_APART = ("started", "ended", "clock", "model", "key_name", "user_name", "session", "trace", "project", "operation",
          "input", "output", "took", "cost", "code", "team", "task")  # fmt: skip
_FEWEST_ALIKE = 5
# What only a record, or its answer, has: an object with one of these holds more than the request.
_NO_REQUEST = ("id", "request", "response", "trace", "started", "ended", "clock", "took", "output", "finish", "code")
# A path's object and its last name, which may be quoted.
_LAST = re.compile(r'(.+)\.(?:"[^"]*"|[^."]+)')
# What makes another answer, by its name without signs.
_PARAMETERS = frozenset((
    "temperature", "topp", "topk", "seed", "n", "stop", "stopsequences", "responseformat", "reasoningeffort",
    "reasoning", "thinking", "verbosity", "toolchoice", "presencepenalty", "frequencypenalty", "logitbias",
    "dimensions", "inputtype", "parameters", "modelparameters", "generationconfig", "inferenceconfig", "samplingparams",
))  # fmt: skip
_TOLD_IN_PARTS = ("model", "input", "output", "code", "status_word", "cost", "took")
_NOTHING = (None, "", "-")


def state(draft: Draft) -> None:
    """Give the call's id and the other ids, its owner, its labels and its fingerprints."""
    _state_id(draft)
    if draft.has("counting") and not draft.has("request", "response", "trace"):
        counts = told(draft.parts["counting"])
        draft.ask(
            "call_id", f"{counts} counts: if a record is a sum over several calls, it is none; see kind = 'bills'"
        )
    for role, column in _PLAIN.items():
        if draft.has(role):
            draft.give(column, draft.use(role))
    if draft.has("attempt"):
        draft.give("attempt", f"try_cast({draft.use('attempt')} AS BIGINT)")
    elif draft.has("retries"):
        draft.give("attempt", f"try_cast({draft.use('retries')} AS BIGINT) + 1")
    if draft.has("tags"):
        draft.give("tags", draft.use("tags", "texts"))
    _state_prompt(draft)


def _state_id(draft: Draft) -> None:
    if not draft.has("id"):
        _state_made_id(draft)
        return
    seen = draft.parts["id"]
    apart = len(set(seen.texts))
    asked = []
    if not guess.called(seen, "id"):
        differs = f"no two of the sample's {draft.rows} records have the same {told(seen)}"
        asked.append(f"{differs}: it is taken for the call's id. Is it never given to two calls?")
    if apart < draft.rows and _in_parts(draft):
        asked.append(
            f"each {told(seen)} stands on several records, {draft.rows} for {apart}, that state different things: only "
            f"what the last of them states would hold. Write max(...) OVER (PARTITION BY id) for what another states"
        )
    elif apart < draft.rows:
        alike = f"{draft.rows - apart} of the sample's {draft.rows} records have another's {told(seen)}"
        asked.append(f"{alike} and count as one call with it, the last holding: is that so?")
    elif draft.rows > 1 and all(isinstance(value, int) for value in seen.values):
        asked.append(f"{told(seen)} is a number: is it never given twice, by another file or another server?")
    draft.give("call_id", draft.use("id"), asked=asked)


def _in_parts(draft: Draft) -> bool:
    """Whether the records of most ids state different things: one the input, another the output."""
    stated: dict[str, list[frozenset[str]]] = {}
    for number, value in enumerate(draft.parts["id"].values):
        has = (role for role in _TOLD_IN_PARTS if draft.has(role) and draft.parts[role].values[number] not in _NOTHING)
        stated.setdefault(as_text(value), []).append(frozenset(has))
    several = [records for records in stated.values() if len(records) > 1]
    apart = [records for records in several if any(frozenset.union(*records) - record for record in records)]
    return len(apart) * 2 > len(stated)


def _telling_apart(draft: Draft, chosen: list[str]) -> tuple[list[str], int]:
    """The parts that tell the sample's calls apart, some chosen before, and how many calls they make of it."""
    apart = 0
    for role in _APART:
        if apart == draft.rows or role not in draft.parts or role in chosen:
            continue
        values = ([as_text(value) for value in draft.parts[part].values] for part in (*chosen, role))
        more = len(set(zip(*values, strict=True)))
        if more > apart:
            chosen, apart = [*chosen, role], more
    for role in (
        "started" if draft.has("started") else "ended",
        "model",
        "input",
        "output",
    ):  # a longer log has more that begins at one instant
        if role in draft.parts and role not in chosen:
            chosen.append(role)
    return chosen, apart


def _state_made_id(draft: Draft) -> None:
    """An id of what a call is: the same call read again from another file must have the same."""
    sole = [role for role in ("trace", "session") if draft.has(role) and guess.unique(draft.parts[role])]
    sole = sole if draft.rows >= _FEWEST_ALIKE else []
    chosen, apart = _telling_apart(draft, sole[:1])
    if not chosen:
        nothing = "MAP THIS: the sample has nothing that tells one call from another"
        draft.give("call_id", "NULL::VARCHAR", asked=[f"{nothing}. Name the field in [record]: id = '...'"])
        return
    for role in chosen:
        if role not in draft.fields:
            draft.use(role)
    asked = []
    if sole:
        name = told(draft.parts[sole[0]])
        alone = f"if it has one call only, write {sole[0]} AS call_id"
        asked.append(f"no two of the sample's records have the same {name}: {alone}")
    elif apart < draft.rows:
        alike = f"{draft.rows - apart} of the sample's {draft.rows} records are like another in all of this"
        asked.append(f"{alike} and count as one call with it: what else tells them apart?")
    made = ", ".join(f"{role}::VARCHAR" for role in chosen)
    said = "the sample has no id of its own: the call is known by what it is"
    draft.give("call_id", f"md5(concat_ws('|', {made}))", said=said, asked=asked)


def _parameters(draft: Draft) -> str:
    """The SQL of what else makes the answer: the object that holds the messages, and parameters that stand apart."""
    within = _LAST.fullmatch(draft.parts["messages"].path)
    around = within[1] if within else ""
    beside = [draft.parts[role].path for role in _NO_REQUEST if role in draft.parts]
    others = []
    if around not in ("", "*") and not any(path.startswith(f"{around}.") for path in beside):
        others.append(f"parameters({draft.use_asked('asked', around)})")
    for seen in draft.seen:
        name = re.sub(r"[^a-z]", "", seen.path.rpartition(".")[2].lower())
        if name in _PARAMETERS and not (others and seen.path.startswith(f"{around}.")):
            others.append(draft.use_asked(f"asked_{name}", seen.path))
    return f"concat_ws(chr(31), {', '.join(others)})" if len(others) > 1 else (others or ["NULL"])[0]


def _state_prompt(draft: Draft) -> None:
    if draft.has("fingerprint"):
        draft.give("prompt_hash", draft.use("fingerprint"))
    if not draft.has("messages"):
        return
    texts = draft.parts["messages"].texts
    if len(texts) >= _FEWEST_ALIKE and len(set(texts)) == 1:
        alike = f"all records have the same {told(draft.parts['messages'])}: taken for blanked out"
        draft.ask("call_id", f"{alike}, so no fingerprint is made of it")
        return
    system = draft.use("system", "json") if draft.has("system") else "NULL"
    tools = draft.use("tools", "json") if draft.has("tools") else "NULL"
    messages = draft.use("messages", "json")
    if not draft.has("fingerprint"):
        draft.give("prompt_hash", f"prompt_hash({system}, {messages}, {tools}, {_parameters(draft)})")
    draft.give("template_hash", f"template_hash({system}, {messages})")
    if draft.has("system", "tools") or any('"system"' in text or '"developer"' in text for text in texts):
        draft.give("prefix_hash", f"prefix_hash({system}, {messages}, {tools})")
        if draft.has("input"):
            draft.give(
                "prefix_tokens", f"prefix_tokens({system}, {messages}, {tools}, {draft.typed('input', 'whole')})"
            )
    draft.give("message_count", f"message_count({messages})")
    draft.give("prompt", f"request_text({system}, {messages}, {tools})")
