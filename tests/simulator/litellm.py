"""The gateway's log: LiteLLM's StandardLoggingPayload, one file for each month in UTC."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

from tests.simulator import stated
from tests.simulator.calls import MONTHS, digest
from tests.simulator.files import packed, saved
from tests.simulator.lanes import OWNERS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.simulator.calls import Call

SYSTEM = {
    "answer": "You answer from the passages given, and name the passage.",
    "reply": "You are the support desk's assistant. Be brief and kind.",
    "triage": "Name one queue: billing, delivery, returns, other.",
    "minutes": "You write minutes: decisions, owners, dates.",
}
NO_ERROR = {"error_code": "", "error_class": "", "llm_provider": "", "error_message": ""}
ERRORS = {429: "429_RATE_LIMIT_EXCEEDED", 503: "503_SERVICE_UNAVAILABLE", 500: "500_INTERNAL_SERVER_ERROR"}

Record: TypeAlias = dict[str, Any]


def write(folder: Path, calls: list[Call]) -> None:
    """Rotate at midnight UTC, as the gateway does; one line of August is written twice."""
    files: dict[str, list[str]] = {month: [] for month in MONTHS}
    for call in calls:
        # The first hours of July in Shanghai are June's last in UTC; the log begins with them.
        files[max(MONTHS[0], call.started.strftime("%Y-%m"))].append(json.dumps(payload(call)))
    files["2026-08"].insert(501, files["2026-08"][500])
    for month, lines in files.items():
        saved(folder / f"litellm-{month}.jsonl.gz", packed(("\n".join(lines) + "\n").encode()))


def payload(call: Call) -> Record:
    """One call as LiteLLM logs it. Prompt tokens hold cache tokens, for Anthropic too."""
    failed = call.status in ("error", "cancelled")
    tokens, answer = usage(call), call.output or 0
    cost = float(stated.cost(call) or 0)
    start, end = call.epoch, round(call.ended.timestamp(), 6)
    request = call.call_id.partition("/")[0]
    return {
        "id": request,
        "litellm_call_id": request if failed else trail_id(call),
        "trace_id": call.session,
        "session_id": "",
        "call_type": "aembedding" if call.operation == "embeddings" else "acompletion",
        "cache_hit": True if call.gateway_hit else None,
        "stream": True if call.stream else None,
        "status": "failure" if failed else "success",
        "custom_llm_provider": call.provider,
        "saved_cache_cost": 0.0,
        "startTime": start,
        "endTime": end,
        "completionStartTime": first_token(call),
        "response_time": round((first_token(call) if call.stream else end) - start, 6),
        "model": call.model,
        "metadata": metadata(call, tokens),
        "cache_key": digest(call.prompt) if call.gateway_hit else None,
        "response_cost": cost,
        "total_tokens": (call.input or 0) + answer,
        "prompt_tokens": call.input or 0,
        "completion_tokens": answer,
        "request_tags": [call.environment, call.task],
        "end_user": call.user,
        "api_base": f"https://api.{call.provider}.com",
        "model_group": call.model,
        "model_id": digest(call.model),
        "messages": messages(call),
        "response": {} if failed else response(call, request, tokens),
        "model_parameters": {} if call.max_output is None else {"max_tokens": call.max_output},
        "error_str": f"litellm.{call.error_type}: {call.error_type}" if failed else None,
        "error_information": error(call) if failed else NO_ERROR,
    }


def trail_id(call: Call) -> str:
    """The gateway's own id of a call, another than the answer's."""
    text = digest(call.call_id)
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


def first_token(call: Call) -> float:
    """When the answer began; without a stream that is its end."""
    wait = call.latency_ms if call.first_token_ms is None else call.first_token_ms
    return round((call.started + timedelta(milliseconds=wait)).timestamp(), 6)


def metadata(call: Call, tokens: Record) -> Record:
    """Who asked; only some teams have their project set at the gateway."""
    owner = OWNERS.get(call.project or "")
    return {
        "user_api_key_hash": digest(f"key {call.key}") + digest(f"hash {call.key}"),
        "user_api_key_alias": call.key,
        "user_api_key_team_id": owner.team_id if owner else None,
        "user_api_key_team_alias": owner.team if owner else None,
        "user_api_key_org_id": "org-1",
        "user_api_key_project_id": None,
        "user_api_key_project_alias": call.project if owner and owner.alias else None,
        "user_api_key_user_id": call.key if owner else None,
        "user_api_key_end_user_id": call.user,
        "user_api_key_user_email": None,
        "spend_logs_metadata": None,
        "requester_ip_address": None,
        "usage_object": tokens,
    }


def usage(call: Call) -> Record:
    """LiteLLM's usage: zeros for a stream that told none, nothing for a failure."""
    if call.input is None:
        return {} if call.status == "error" else usage_of(0, 0, 0, None)
    counts = usage_of(call.input, call.output or 0, call.reasoning or 0, call.read)
    if call.provider == "anthropic":
        split = {"ephemeral_5m_input_tokens": call.write, "ephemeral_1h_input_tokens": 0}
        counts["prompt_tokens_details"] |= {
            "cache_creation_tokens": call.write,
            "cache_creation_token_details": split,
        }
        counts |= {"cache_creation_input_tokens": call.write, "cache_read_input_tokens": call.read}
    return counts


def usage_of(prompt: int, completion: int, reasoning: int, cached: int | None) -> Record:
    """The counts both providers share."""
    return {
        "completion_tokens": completion,
        "prompt_tokens": prompt,
        "total_tokens": prompt + completion,
        "completion_tokens_details": {"reasoning_tokens": reasoning},
        "prompt_tokens_details": None if cached is None else {"cached_tokens": cached},
    }


def messages(call: Call) -> list[Any]:
    """The prompt; an embedding's is its list of texts."""
    if call.operation == "embeddings":
        return [call.prompt]
    return [{"role": "system", "content": SYSTEM[call.task]}, {"role": "user", "content": call.prompt}]


def response(call: Call, request: str, tokens: Record) -> Record:
    """The answer, without its text: this gateway does not log answers."""
    if call.operation == "embeddings":
        return {"model": call.response_model, "object": "list", "data": [], "usage": tokens}
    text = "" if call.output == 0 else "(answer)"
    return {
        "id": request.partition("_cache_hit")[0],
        "created": int(call.ended.timestamp()),
        "model": call.response_model,
        "object": "chat.completion",
        "choices": [{"finish_reason": call.finish, "index": 0, "message": {"content": text, "role": "assistant"}}],
        "usage": tokens,
    }


def error(call: Call) -> Record:
    """Why it failed; the code is a string."""
    return {
        "error_code": str(call.http_status),
        "error_class": "APIConnectionError" if call.input is not None else call.error_type,
        "llm_provider": call.provider,
        "error_message": f"{call.provider} answered {call.http_status}",
        "normalized_error": ERRORS[call.http_status],
    }
