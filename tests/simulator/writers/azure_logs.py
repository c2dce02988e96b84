"""Azure's two logs: the OpenAI resource's categories, and the rows that API Management writes of a call."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.simulator.writers import bodies
from tests.simulator.writers.writer import INPUT, Writer, lines, of

if TYPE_CHECKING:
    from datetime import datetime

    from tests.simulator.writers.sent import Row, Sent

TICKS_TO_1970 = 621_355_968_000_000_000


def ticks(at: datetime) -> int:
    """Tenths of microseconds since the year 1."""
    return TICKS_TO_1970 + (int(at.timestamp()) * 1_000_000 + at.microsecond) * 10


def zulu(at: datetime) -> str:
    """Seven digits and a zone."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%f0Z")


def account(call: Sent) -> str:
    """The resource that is billed: one for each project, and one for nobody's."""
    return call.project or "shared-ai"


def resource_lines(call: Sent) -> list[Row]:
    """The request's line, late by some seconds, the nearly empty one after it, and what it used."""
    place = (
        f"/SUBSCRIPTIONS/S-1/RESOURCEGROUPS/RG/PROVIDERS/MICROSOFT.COGNITIVESERVICES/ACCOUNTS/{account(call).upper()}"
    )
    base: Row = {"correlationId": call.uuid, "resourceId": place, "location": "eastus", "time": zulu(call.ended)}
    properties = {
        "apiName": "Azure OpenAI API version 2024-10-21",
        "requestTime": ticks(call.started),
        "responseTime": ticks(call.ended),
        "objectId": "",
        "callerObjectId": call.user,
        "streamType": "Streaming" if call.stream else "Non-Streaming",
        "modelDeploymentName": f"{call.model}-pilot",
        "modelName": call.model,
        "modelVersion": "2025-04-14",
    }
    asked = base | {"category": "RequestResponse", "operationName": "ChatCompletions_Create"}
    nothing = {"requestTime": None, "objectId": "", "callerObjectId": ""}
    usage = {"promptTokens": [call.input], "cachedTokens": [call.read], "generatedTokens": [call.output]}
    used = base | {"category": "AzureOpenAIRequestUsage", "event": "ShoeboxAzureOpenAIRequestUsage"}
    used |= {"operationName": None, "resultSignature": None, "properties": usage}
    return [
        asked | {"durationMs": call.latency_ms, "resultSignature": str(call.http_status), "properties": properties},
        asked | {"durationMs": 3, "resultSignature": "", "properties": nothing},
        *([used] if call.known else []),
    ]


def gateway_lines(call: Sent) -> list[Row]:
    """The gateway's row, the row with the counts, and two with pieces of what was asked."""
    url = f"https://a.openai.azure.com/openai/deployments/{call.model}-pilot/chat/completions?api-version=2024-10-21"
    base: Row = {"correlationId": call.uuid, "time": zulu(call.started)}
    gateway = {
        "apiId": "azure-openai", "backendUrl": url, "url": url, "cache": "none", "responseCode": call.http_status,
        "apimSubscriptionId": call.project, "productId": "internal", "userId": call.user,
    }  # fmt: skip
    counts = {
        "modelName": call.model, "deploymentName": f"{call.model}-pilot", "requestId": f"chatcmpl-{call.hex}",
        "isStreamCompletion": call.stream, "promptTokens": call.input or 0, "completionTokens": call.output or 0,
        "promptCachedTokens": call.read or 0, "totalTokens": (call.input or 0) + (call.output or 0),
        "sequenceNumber": 0,
    }  # fmt: skip
    asked = json.dumps(bodies.openai_messages(call))
    empty: Row = {"modelName": "", "deploymentName": "", "requestId": "", "promptTokens": 0, "completionTokens": 0}
    pieces = [asked[:60], asked[60:]]
    rows: list[tuple[str, Row]] = [("GatewayLogs", gateway)]
    if call.status != "error" or call.known:
        rows.append(("GatewayLlmLogs", counts))
        rows += [
            ("GatewayLlmLogs", empty | {"sequenceNumber": number, "requestMessages": piece})
            for number, piece in enumerate(pieces, 1)
        ]
    told = [base | {"category": category, "properties": properties} for category, properties in rows]
    told[0] |= {"durationMs": call.latency_ms, "isRequestSuccess": call.http_status < 400}
    return told[::-1]


def ended(call: Sent) -> Row:
    """How an answer ended is told by its HTTP status alone."""
    return {"status": call.status if call.status in ("error", "cancelled") else "ok"}


def resource_reads(call: Sent) -> Row:
    """The account is the project; the version belongs to the model that answered."""
    return ended(call) | {"project": account(call), "response_model": f"{call.model}-2025-04-14"}


def gateway_reads(call: Sent) -> Row:
    """That an answer came is not that it came whole. What was refused has no row of the model's, but an address."""
    told: Row = {"status": call.status if call.status in ("error", "cancelled") else "unknown"}
    if call.status != "error" or call.known:
        return told
    return told | {"model": f"{call.model}-pilot", "stream": None, "prompt_hash": None}


_AZURE = of("azure")
_TOLD = INPUT | {"operation", "provider", "stream", "status", "http_status", "latency_ms", "user_id", "project"}

WRITERS = (
    Writer(
        "azure_request_response", "azure_request_response",
        lambda calls: {"PT1H.json": lines(line for call in calls for line in resource_lines(call))},
        lambda call: call.uuid, _AZURE, _TOLD | {"cache_read_tokens"}, resource_reads,
    ),
    Writer(
        "azure_apim", "azure_apim",
        lambda calls: {"PT1H.json": lines({"records": gateway_lines(call)} for call in calls)},
        lambda call: call.uuid, _AZURE, _TOLD | {"cache_read_tokens", "prompt_hash"}, gateway_reads,
    ),
)  # fmt: skip
