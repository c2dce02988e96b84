"""OpenAI's and Anthropic's clients under OpenTelemetry: `write_opentelemetry.py URL OUT INSTRUMENTATION...`.

Every case is asked of the provider at URL within a span of the application that is named after the case; OUT gets
spans.jsonl as OpenTelemetry's own file exporter writes it. INSTRUMENTATION is `official` (OpenTelemetry's own) or
`openllmetry`, or both in one process.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anthropic
import openai
from opentelemetry import trace
from opentelemetry.exporter.otlp.json.file import FileSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from tests.programs.answers import BADGE, CASES, KEY, SYSTEM

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.programs.answers import Case

INSTRUMENTATIONS = {
    "official": (("genai.openai", "OpenAIInstrumentor"), ("genai.anthropic", "AnthropicInstrumentor")),
    "openllmetry": (("openai", "OpenAIInstrumentor"), ("anthropic", "AnthropicInstrumentor")),
}
PARAMETERS = {"type": "object", "properties": {}}
TOOL = {"type": "function", "function": {"name": "find_nurse", "parameters": PARAMETERS}}
ANTHROPIC_TOOL = {"name": "find_nurse", "input_schema": PARAMETERS}
# A header of the application's own that nobody but the provider should see.
HEADERS = {"x-rota-badge": f"Bearer {BADGE}"}


def instrument(names: Iterable[str], provider: TracerProvider) -> None:
    """Let the instrumentations wrap the clients, as `opentelemetry-instrument` would."""
    for name in names:
        for module, kind in INSTRUMENTATIONS[name]:
            found = import_module(f"opentelemetry.instrumentation.{module}")
            getattr(found, kind)().instrument(tracer_provider=provider)


def ask_openai(client: Any, case: Case) -> None:
    """Ask through the OpenAI client."""
    if case.api == "embeddings":
        client.embeddings.create(model=case.model, input=[case.prompt])
        return
    more: dict[str, Any] = {"model": case.model, "stream": case.stream, "extra_headers": dict(HEADERS)}
    if case.tier != "default":
        more["service_tier"] = case.tier
    if case.api == "responses":
        more |= {"instructions": SYSTEM, "max_output_tokens": case.max_tokens}
        _heard(client.responses.create(input=case.prompt, **more), stream=case.stream)
        return
    messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": case.prompt}]
    more |= {"messages": messages, "max_tokens": case.max_tokens, "user": "u-998"}
    if case.finish == "tool_calls":
        more["tools"] = [TOOL]
    if case.stream and case.usage_asked:
        more["stream_options"] = {"include_usage": True}
    _heard(client.chat.completions.create(**more), stream=case.stream)


def ask_anthropic(client: Any, case: Case) -> None:
    """Ask through the Anthropic client."""
    more: dict[str, Any] = {"tools": [ANTHROPIC_TOOL]} if case.finish == "tool_use" else {}
    answer = client.messages.create(
        model=case.model,
        max_tokens=case.max_tokens,
        system=SYSTEM,
        messages=[{"role": "user", "content": case.prompt}],
        stream=case.stream,
        extra_headers=dict(HEADERS),
        **more,
    )
    _heard(answer, stream=case.stream)


def _heard(answer: Any, *, stream: bool) -> None:
    if stream:
        for _ in answer:
            pass


def main(url: str, out: Path, names: list[str]) -> None:
    """Ask everything, one after the other."""
    resource = Resource.create({"service.name": "rota", "deployment.environment.name": "production"})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(FileSpanExporter(out / "spans.jsonl")))
    trace.set_tracer_provider(provider)
    instrument(names, provider)
    clients = (
        openai.OpenAI(api_key=KEY, base_url=f"{url}/v1", max_retries=0),
        anthropic.Anthropic(api_key=KEY, base_url=url, max_retries=0),
    )
    tracer = trace.get_tracer("rota")
    for case in CASES:
        try:
            with tracer.start_as_current_span(case.name):
                if case.provider == "anthropic":
                    ask_anthropic(clients[1], case)
                else:
                    ask_openai(clients[0], case)
        except (openai.APIStatusError, anthropic.APIStatusError) as error:
            if case.tokens is not None:
                raise
            sys.stderr.write(f"{case.name}: {type(error).__name__}\n")
    provider.shutdown()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
