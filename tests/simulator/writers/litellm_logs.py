"""LiteLLM's two logs: the payload that its callbacks write, and the rows of the proxy's own table."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.simulator.writers import bodies
from tests.simulator.writers.writer import INPUT, PROMPT, SPLIT, Writer, of, one_file

if TYPE_CHECKING:
    from datetime import datetime

    from tests.simulator.writers.sent import Row, Sent

PROVIDERS = {"aws": "bedrock", "google": "vertex_ai"}
FAILED = ("error", "cancelled")


def answer_id(call: Sent) -> str:
    """The answer's id; an answer of the proxy's own cache adds when it was given."""
    hit = f"_cache_hit{call.ended.timestamp()!r}" if call.gateway_hit else ""
    return f"chatcmpl-{call.hex}{hit}"


def usage(call: Sent) -> Row:
    """LiteLLM counts the prompt cache in for everybody, and says for Claude what was written for how long."""
    if not call.known:
        return {} if call.status in FAILED else {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    counts = bodies.openai_usage(call)
    if bodies.claude(call):
        hour = call.write_1h or 0
        split = {"ephemeral_5m_input_tokens": (call.write or 0) - hour, "ephemeral_1h_input_tokens": hour}
        counts["prompt_tokens_details"] |= {
            "cache_creation_tokens": call.write,
            "cache_creation_token_details": split,
        }
        counts |= {"cache_creation_input_tokens": call.write, "cache_read_input_tokens": call.read}
        counts |= {"service_tier": call.tier}
    return counts


def cost(call: Sent) -> float:
    """Nothing for what failed, or came from the proxy's own cache."""
    return 0.0 if call.status in FAILED or call.gateway_hit else float(call.stated or 0)


def error(call: Sent) -> Row:
    """The code is a text."""
    if call.status not in FAILED:
        return {"error_code": "", "error_class": "", "llm_provider": "", "error_message": ""}
    return {"error_code": str(call.http_status), "error_class": call.error_type, "error_message": "no"}


def first_token(call: Sent) -> datetime:
    """When the answer began; without a stream that is its end."""
    wait = call.latency_ms if call.first_token_ms is None else call.first_token_ms
    return call.started + timedelta(milliseconds=wait)


def call_type(call: Sent) -> str:
    """The function that was called."""
    return "aembedding" if call.operation == "embeddings" else "acompletion"


def response(call: Sent) -> Row:
    """The answer in OpenAI's words, whoever gave it."""
    if call.status in FAILED:
        return {}
    tier = {} if bodies.claude(call) else {"service_tier": bodies.OPENAI_TIERS.get(call.tier, call.tier)}
    choices = [{"finish_reason": call.finish, "index": 0, "message": {"role": "assistant", "content": "Done."}}]
    return {"id": answer_id(call).partition("_")[0], "model": call.response_model, "choices": choices} | tier


def payload(call: Sent) -> Row:
    """One line of the callback's file."""
    failed = call.status in FAILED
    return {
        "id": answer_id(call),
        "litellm_call_id": call.uuid,
        "trace_id": call.hex,
        "session_id": call.session,
        "call_type": call_type(call),
        "cache_hit": True if call.gateway_hit else None,
        "stream": True if call.stream else None,
        "status": "failure" if failed else "success",
        "custom_llm_provider": PROVIDERS.get(call.provider, call.provider),
        "startTime": call.epoch,
        "endTime": round(call.ended.timestamp(), 6),
        "completionStartTime": round(first_token(call).timestamp(), 6),
        "model": call.model,
        "metadata": {
            "user_api_key_alias": call.key,
            "user_api_key_project_alias": call.project,
            "user_api_key_user_id": None,
            "usage_object": usage(call),
        },
        "response_cost": cost(call),
        "total_tokens": (call.input or 0) + (call.output or 0),
        "prompt_tokens": call.input or 0,
        "completion_tokens": call.output or 0,
        "request_tags": [call.environment, call.task],
        "end_user": call.user,
        "model_group": call.model,
        "messages": [call.text] if call.operation == "embeddings" else bodies.openai_messages(call),
        "response": response(call),
        "model_parameters": {} if call.max_output is None else {"max_tokens": call.max_output},
        "error_information": error(call),
    }


def payload_id(call: Sent) -> str:
    """A failed try is told from the others of its call by its start."""
    return f"{answer_id(call)}/{call.epoch!r}" if call.status in FAILED else answer_id(call)


def stated(call: Sent) -> Row:
    """What the proxy reckons where it reckons nothing; and no answer tells who gave it."""
    free = call.known and (call.status in FAILED or call.gateway_hit)
    told: Row = {"stated_cost": Decimal(0)} if free else {}
    return told | ({"response_model": None} if call.status in FAILED else {})


def row(call: Sent) -> Row:
    """One row of the table; what was asked and answered is not kept by default."""
    failed = call.status in FAILED
    inside = {
        "user_api_key_alias": call.key,
        "user_api_key_project_alias": call.project,
        "status": "failure" if failed else "success",
        "error_information": error(call) if failed else None,
        "usage_object": usage(call),
        "cost_breakdown": {} if failed or bodies.claude(call) else {"service_tier": call.tier},
    }
    return {
        "request_id": call.uuid if failed else answer_id(call),
        "litellm_call_id": call.uuid,
        "call_type": "" if failed else call_type(call),
        "api_key": call.hex,
        "spend": cost(call),
        "total_tokens": (call.input or 0) + (call.output or 0),
        "prompt_tokens": call.input or 0,
        "completion_tokens": call.output or 0,
        "startTime": f"{call.started.replace(tzinfo=None)}",
        "endTime": f"{call.ended.replace(tzinfo=None)}",
        "completionStartTime": f"{first_token(call).replace(tzinfo=None)}",
        "model": call.model,
        "user": "",
        "metadata": json.dumps(inside),
        "cache_hit": "True" if call.gateway_hit else "None",
        "request_tags": json.dumps([call.environment, call.task]),
        "team_id": "",
        "end_user": call.user or "",
        "custom_llm_provider": PROVIDERS.get(call.provider, call.provider),
        "messages": "{}",
        "response": "{}",
        "proxy_server_request": "{}",
        "session_id": call.hex,
        "status": "failure" if failed else "success",
    }


def row_reads(call: Sent) -> Row:
    """Without the answer nobody knows why it ended; a stream is known by its first token, a tier by its price."""
    told: Row = {"status": call.status if call.status in FAILED else "ok"}
    named = call.known if bodies.claude(call) else call.status not in FAILED
    told |= {} if named else {"service_tier": None}
    told |= {"operation": None} if call.status in FAILED else {}
    told |= {"stream": True if call.first_token_ms is not None else None}
    return told | stated(call) | {"response_model": None}


_BOTH = INPUT | SPLIT
_BOTH |= {"latency_ms", "first_token_ms", "operation", "provider", "service_tier", "status", "http_status"}
_BOTH |= {"reasoning_tokens", "gateway_cache_hit", "project", "user_id", "stated_cost"}
_OF = of("openai", "anthropic", "aws", "google", "azure", "openrouter")

WRITERS = (
    Writer(
        "litellm", "litellm", one_file("payload.jsonl", payload), payload_id, _OF,
        _BOTH | PROMPT | {"stream", "response_model", "max_output_tokens", "session_id", "finish_reason"},
        # Without a hit it is not told whether there is a cache at all.
        lambda call: stated(call) | ({} if call.gateway_hit else {"gateway_cache_hit": None}),
    ),
    Writer(
        "litellm_spend_logs", "litellm_spend_logs", one_file("spend.jsonl", row),
        lambda call: call.uuid if call.status in FAILED else answer_id(call), _OF, _BOTH, row_reads,
    ),
)  # fmt: skip
