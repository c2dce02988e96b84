"""SGLang's request log: a model of one's own, which the log does not name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulator.writers.writer import INPUT, Writer, one_file

if TYPE_CHECKING:
    from tests.simulator.writers.sent import Row, Sent


def finished(call: Sent) -> Row:
    """A line; its own time is the end, times inside are seconds."""
    labels = {"project": call.project, "user": call.user}
    asked = {"rid": call.hex, "stream": call.stream, "text": call.text, "lora_path": None}
    asked |= {"sampling_params": {"max_new_tokens": call.max_output, "temperature": 0.7}}
    asked |= {"session_params": {"id": call.session}, "custom_labels": labels}
    told = {
        "id": call.hex,
        "finish_reason": {"type": call.finish, "matched": 151645},
        "prompt_tokens": call.input,
        "completion_tokens": call.output,
        "cached_tokens": call.read,
        "reasoning_tokens": call.reasoning,
        "e2e_latency": call.latency_ms / 1000,
        "request_received_ts": call.started.timestamp(),
        "response_sent_to_client_ts": call.ended.timestamp(),
    }
    return {
        "timestamp": call.ended.replace(tzinfo=None).isoformat(),
        "event": "request.finished",
        "rid": call.hex,
        "obj": asked,
        "out": {"meta_info": told},
    }


WRITERS = (
    Writer(
        "sglang", "sglang", one_file("requests.jsonl", finished), lambda call: call.hex,
        lambda call: call.provider == "inhouse" and call.known and call.status == "ok",
        INPUT | {"provider", "cache_read_tokens", "reasoning_tokens", "stream", "status", "max_output_tokens"}
        | {"latency_ms", "session_id", "project", "user_id", "finish_reason", "prompt_hash"},
    ),
)  # fmt: skip
