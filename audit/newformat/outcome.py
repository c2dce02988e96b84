"""What was asked of whom and how it ended: operation, model, status, error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.ingest.fields import quoted
from audit.ingest.masking import named
from audit.newformat.values import HITS, OPERATIONS, STATES, of_endpoints

if TYPE_CHECKING:
    from audit.newformat.draft import Draft

_ENDPOINTS = (
    ("/embeddings", "embeddings"), ("/rerank", "rerank"), ("/images", "image"), ("/audio", "audio"),
    ("/chat", "chat"), ("/messages", "chat"), ("/responses", "chat"), ("/completions", "text_completion"),
)  # fmt: skip
_CUT, _STOPPED = ("length", "max_tokens", "max_output_tokens"), ("content_filter", "refusal", "safety")
_CANCELLED = 499


def state(draft: Draft) -> None:
    """Give operation, provider, models, tier, stream, cap, status and what belongs to it."""
    _state_operation(draft)
    _state_models(draft)
    if draft.has("tier"):
        tier = f"lower({draft.use('tier')})"
        draft.give(
            "service_tier", f"CASE WHEN {tier} IN ('default', 'auto', 'on_demand') THEN 'standard' ELSE {tier} END"
        )
    if draft.has("stream"):
        draft.give("stream", f"try_cast({draft.use('stream')} AS BOOLEAN)")
    if draft.has("cap"):
        draft.give("max_output_tokens", f"try_cast({draft.use('cap')} AS BIGINT)")
    _state_status(draft)
    if draft.has("code"):
        draft.give("http_status", f"try_cast({draft.use('code')} AS BIGINT)")
    if draft.has("error"):
        draft.give("error_type", draft.use("error"))
    if draft.has("finish"):
        draft.give("finish_reason", draft.use("finish"))
    if draft.has("cache_hit"):
        hit = f"lower({draft.use('cache_hit')})"
        misses = [word for word in HITS if word not in ("hit", "true", "1", "是")]
        draft.give("gateway_cache_hit", f"CASE WHEN {hit} IN {_texts(('hit', 'true', '1', '是'))} THEN TRUE "
                   f"WHEN {hit} IN {_texts(misses)} THEN FALSE END", asked=(
                       "is this the gateway's own cache of answers? If it is the provider's prompt cache, take it out",
                   ))  # fmt: skip


def _state_operation(draft: Draft) -> None:
    if not draft.has("operation"):
        return
    said = draft.use("operation")
    if of_endpoints(draft.parts["operation"]):
        cases = " ".join(f"WHEN contains({said}, '{part}') THEN '{kind}'" for part, kind in _ENDPOINTS)
        draft.give("operation", f"CASE {cases} END")
        return
    word = f"replace(lower({said}), '_', ' ')"
    cases = " ".join(f"WHEN {word} IN {_texts(words)} THEN '{kind}'" for kind, words in OPERATIONS.items())
    draft.give("operation", f"CASE {cases} ELSE {said} END")


def _state_models(draft: Draft) -> None:
    model = draft.use("model") if draft.has("model") else ""
    texts = draft.parts["model"].texts if model else []
    if draft.has("provider"):
        draft.give("provider", f"lower({draft.use('provider')})")
    elif texts and all(text.count("/") == 1 for text in texts):
        draft.give("provider", "split_part(model, '/', 1)", said="the part of the model's name before the slash")
        model = "split_part(model, '/', 2)"
    if model:
        draft.give("model", model)
    if draft.has("answer_model"):
        draft.give("response_model", draft.use("answer_model"))


def _state_status(draft: Draft) -> None:
    tests, ends, asked = _by_words(draft)
    if draft.has("code"):
        code = f"try_cast({draft.use('code')} AS BIGINT)"
        tests[:0] = [f"WHEN {code} = {_CANCELLED} THEN 'cancelled'", f"WHEN {code} >= 400 THEN 'error'"]
    elif draft.has("error") and not draft.has("status_word", "success"):
        tests.append(f"WHEN {draft.use('error')} IS NOT NULL THEN 'error'")
    if draft.has("finish"):
        why = f"lower({draft.use('finish')})"
        tests += [f"WHEN {why} IN {_texts(_CUT)} THEN 'truncated'", f"WHEN {why} IN {_texts(_STOPPED)} THEN 'filtered'"]
        ends.append("finish IS NOT NULL")
    if draft.has("code"):
        ends.append(f"{code} BETWEEN 200 AND 399")
    if draft.has("error") and draft.has("output") and not ends:
        ends.append("output > 0")
    if ends:
        tests.append(f"WHEN {' OR '.join(ends)} THEN 'ok'")
    if tests:
        draft.give("status", f"CASE {' '.join(tests)} ELSE 'unknown' END", asked=asked)
    elif "usage_quality" in draft.columns:
        draft.ask("usage_quality", "nothing tells whether a call was answered: if all were, add 'ok' AS status")


def _by_words(draft: Draft) -> tuple[list[str], list[str], list[str]]:
    """What a log's own words and flags say: the cases, what means that a call was answered, and what is asked."""
    tests, ends, asked = [], [], []
    if draft.has("status_word"):
        word = f"lower({draft.use('status_word')})"
        had = {text.lower() for text in draft.parts["status_word"].texts}
        words = {state: _alike(words, had) for state, words in STATES.items()}
        tests += [
            f"WHEN {word} IN {_texts(known)} THEN '{state}'"
            for state, known in words.items()
            if state == "error" or (state != "ok" and had.intersection(known))
        ]
        ends.append(f"{word} IN {_texts(words['ok'])}")
        other = had.difference(*words.values())
        asked += [f"the sample also has {named(sorted(other)[:6])}: what does that mean?"] if other else []
    if draft.has("success"):
        success = f"try_cast({draft.use('success')} AS BOOLEAN)"
        tests.append(f"WHEN NOT {success} THEN 'error'")
        ends.append(success)
    return tests, ends, asked


def _alike(words: tuple[str, ...], had: set[str]) -> list[str]:
    """Those of some words that are in the log's language."""
    ascii_only = all(text.isascii() for text in had)
    return [word for word in words if word in had or word.isascii() == ascii_only]


def _texts(words: tuple[str, ...] | list[str]) -> str:
    return f"({', '.join(quoted(word) for word in words)})"
