"""LiteLLM at work: `write_litellm.py URL OUT` asks the provider at URL every case and lets LiteLLM log it.

OUT gets payloads.jsonl, the standard logging payload that its file and bucket loggers write, and spend_logs.jsonl, the
rows that its proxy keeps in a database. What a proxy knows of the key that was used stands in each call's metadata.
"""

from __future__ import annotations

import asyncio
import json
import sys
import types
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import litellm
from litellm.integrations.custom_logger import CustomLogger
from litellm.litellm_core_utils.logging_worker import GLOBAL_LOGGING_WORKER

from tests.programs.answers import BY_NAME, CASES, KEY, SYSTEM

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from datetime import datetime

    from tests.programs.answers import Case

OWNER = {
    "user_api_key_hash": "88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b",
    "user_api_key_alias": "svc-rota",
    "user_api_key_team_id": "team-7",
    "user_api_key_team_alias": "planning",
    "user_api_key_user_id": "u-017",
    "user_api_key_org_id": "org-1",
}
REQUEST = ("model", "litellm_call_id", "litellm_trace_id", "standard_logging_object")
TOOLS = [{"type": "function", "function": {"name": "find_nurse", "parameters": {"type": "object", "properties": {}}}}]


class Logs(CustomLogger):  # type: ignore[misc]  # the package is looked at when it runs
    """Writes each call's payload and its row."""

    def __init__(self, out: Path) -> None:
        super().__init__()
        self.payloads = out / "payloads.jsonl"
        self.rows = out / "spend_logs.jsonl"
        self.row_of = _proxy()

    async def async_log_success_event(
        self, kwargs: Any, response_obj: Any, start_time: datetime, end_time: datetime
    ) -> None:
        self._write(kwargs, response_obj, start_time, end_time)

    async def async_log_failure_event(
        self,
        kwargs: Any,
        response_obj: Any,  # noqa: ARG002  # LiteLLM passes it by name
        start_time: datetime,
        end_time: datetime,
    ) -> None:
        # The proxy writes a failure's row from the request, with this put into its metadata first.
        request = {name: kwargs.get(name) for name in REQUEST}
        told = {"status": "failure", "error_information": request["standard_logging_object"]["error_information"]}
        request["litellm_params"] = {"metadata": (kwargs["litellm_params"].get("metadata") or {}) | told}
        self._write(request, kwargs["exception"], start_time, end_time)

    def _write(self, kwargs: Any, answer: Any, start: datetime, end: datetime) -> None:
        with self.payloads.open("a", encoding="utf-8") as out:
            out.write(json.dumps(kwargs["standard_logging_object"], default=str) + "\n")
        row = self.row_of(kwargs=kwargs, response_obj=answer, start_time=start, end_time=end)
        times = {name: row[name].isoformat() for name in ("startTime", "endTime")}
        spend = {"spend": kwargs.get("response_cost") or 0.0}
        with self.rows.open("a", encoding="utf-8") as out:
            out.write(json.dumps({**row, **spend, **times}, default=str) + "\n")


def _proxy() -> Callable[..., dict[str, Any]]:
    """What makes a row of a call. It asks the running proxy for its settings: here these are the defaults."""
    settings = types.ModuleType("litellm.proxy.proxy_server")
    vars(settings)["general_settings"] = {}
    sys.modules[settings.__name__] = settings
    # Loaded for voice calls along with what is needed here; there is none.
    sys.modules.setdefault("soundfile", types.ModuleType("soundfile"))
    made: Callable[..., dict[str, Any]] = import_module(
        "litellm.proxy.spend_tracking.spend_tracking_utils"
    ).get_logging_payload
    return made


async def ask(case: Case, url: str, tag: str = "") -> None:
    """Ask one case through LiteLLM's OpenAI-shaped interface."""
    common = {
        "model": f"{case.provider}/{case.model}",
        "api_key": KEY,
        "api_base": url if case.provider == "anthropic" else f"{url}/v1",
        "metadata": OWNER | {"user_api_key": OWNER["user_api_key_hash"], "tags": [tag or case.name, "nightly"]},
        "num_retries": 0,
        "max_retries": 0,
    }
    told = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": case.prompt}]
    if case.api == "embeddings":
        await litellm.aembedding(input=[case.prompt], **common)
    elif case.api == "responses":
        common |= {"max_output_tokens": case.max_tokens, "instructions": SYSTEM, "stream": case.stream}
        await _heard(await litellm.aresponses(input=case.prompt, **common))
    else:
        common |= {"messages": told, "max_tokens": case.max_tokens, "user": "u-998", "stream": case.stream}
        if case.finish in ("tool_calls", "tool_use"):
            common["tools"] = TOOLS
        if case.tier != "default":
            common["service_tier"] = case.tier
        if case.stream and case.usage_asked:
            common["stream_options"] = {"include_usage": True}
        await _heard(await litellm.acompletion(**common))


async def ask_as_anthropic(case: Case, url: str) -> None:
    """Ask one case through LiteLLM's Anthropic-shaped interface, as coding agents do."""
    answer = await litellm.anthropic.messages.acreate(
        model=f"anthropic/{case.model}",
        api_key=KEY,
        api_base=url,
        max_tokens=case.max_tokens,
        system=SYSTEM,
        messages=[{"role": "user", "content": case.prompt}],
        stream=case.stream,
        litellm_metadata=OWNER | {"user_api_key": OWNER["user_api_key_hash"], "tags": ["as_anthropic", "nightly"]},
    )
    await _heard(answer)


async def _heard(answer: AsyncIterator[Any] | object) -> None:
    if hasattr(answer, "__aiter__"):
        async for _ in answer:
            pass


async def main(url: str, out: Path) -> None:
    """Ask everything, one after the other."""
    litellm.callbacks = [Logs(out)]
    litellm.suppress_debug_info = True
    litellm.telemetry = False
    for case in CASES:
        try:
            await ask(case, url)
        except (
            litellm.exceptions.APIError,
            litellm.exceptions.BadRequestError,
            litellm.exceptions.RateLimitError,
            litellm.exceptions.AuthenticationError,
            litellm.exceptions.InternalServerError,
        ) as error:
            if case.tokens is not None:
                raise
            sys.stderr.write(f"{case.name}: {type(error).__name__}\n")
        await GLOBAL_LOGGING_WORKER.flush()
    for name in ("told_cached", "told_streamed"):
        await ask_as_anthropic(BY_NAME[name], url)
        await GLOBAL_LOGGING_WORKER.flush()
    litellm.cache = litellm.Cache()
    for _ in range(2):
        await ask(BY_NAME["plain"], url, "twice")
        await asyncio.sleep(0.2)  # the cache is filled in the background
        await GLOBAL_LOGGING_WORKER.flush()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
