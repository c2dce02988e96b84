"""What of a request makes its answer, beside its words: functions of the engine that fingerprints are made with.

- ``parameters``: all of a request's JSON but the messages and what ``CARRIERS`` names. What is not known counts, so
  that a new parameter makes two requests of what is not one.
- ``moving``: whether the answer to the same request may be another one a minute later, by the tools and the other
  parameters (JSON, or several parted by the unit separator).
- ``is_cut``: whether a logger left out some of the words.
"""

from __future__ import annotations

import json
from typing import Any

from audit.ingest.fields import quoted

# What loggers write in the place of a content that they cut or hid: requests that differ there look alike.
CUT = (
    "[base64_data truncated", "__REDACTED__", "redacted-by-litellm", "litellm_truncated", "truncated by litellm",
    "<truncated due to size",
)  # fmt: skip
_IS_CUT = " OR ".join(f"contains(x, {quoted(mark)})" for mark in CUT)
# What of a request makes no other answer: who pays, how it is delivered, how long it may get. Messages have their own
# place in a fingerprint; system and tools, which may have one too, count here as well: not every format knows them.
CARRIERS = {
    "": (
        "messages", "contents",
        "model", "stream", "stream_options", "user", "metadata", "labels", "store", "background", "safety_identifier",
        "prompt_cache_key", "prompt_cache_retention", "prompt_cache_options", "cache_control", "service_tier",
        "serviceTier", "performanceConfig", "requestMetadata", "timeout", "request_timeout", "max_retries",
        "num_retries", "headers", "extra_headers", "litellm_call_id", "litellm_trace_id", "litellm_session_id",
        "litellm_metadata", "litellm_params", "secret_fields", "proxy_server_request", "request_id", "rid", "user_id",
        "client_metadata", "stream_timeout", "idempotency_key", "trace",
        "max_tokens", "max_completion_tokens", "max_output_tokens", "max_gen_len", "max_new_tokens",
    ),
    "generationConfig": ("maxOutputTokens",),
    "generation_config": ("max_output_tokens",),
    "inferenceConfig": ("maxTokens", "max_new_tokens"),
    "textGenerationConfig": ("maxTokenCount",),
    "sampling_params": ("max_new_tokens",),
    "extra_body": ("metadata", "user"),
}  # fmt: skip
_NESTED: dict[str, Any] = {within: dict.fromkeys(names) for within, names in CARRIERS.items() if within}
_WITHOUT_CARRIERS = quoted(json.dumps(dict.fromkeys(CARRIERS[""]) | _NESTED))
_NOTHING_LEFT = quoted(json.dumps({within: {} for within in _NESTED}, separators=(",", ":")))
# Tools that the provider itself runs on what changes: the web, maps, files and servers elsewhere, code. By their type;
# by the key they stand under in a list of tools, for a function's own argument may have that name; by a key of theirs.
_BY_TYPE = (
    "web_search", "web_fetch", "web_browser", "browser_search", "browser_automation", "x_search", "file_search", "mcp",
    "retrieval", "code_interpreter", "code_execution", "collections_search", "document_library", "knowledge_search",
    "bing_[a-z]*", "azure_ai_search", "sharepoint_[a-z]*", "fabric_[a-z]*", "openrouter:[a-z_]*", "provider-defined",
    "provider",
)  # fmt: skip
_BY_KEY = (
    "googleSearch", "google_search", "googleSearchRetrieval", "google_search_retrieval", "urlContext", "url_context",
    "googleMaps", "google_maps", "enterpriseWebSearch", "enterprise_web_search", "fileSearch", "file_search",
    "codeExecution", "code_execution", "systemTool",
)  # fmt: skip
_BY_CONTENT = (
    "vertexAiSearch", "vertex_ai_search", "vertexRagStore", "vertex_rag_store", "externalApi", "parallelAiSearch",
)  # fmt: skip
# A tool inside a text has its quotation marks escaped.
_MOVING_TOOL = quoted(
    rf'\\*"(?:type|kind)\\*":\s*\\*"(?:{"|".join(_BY_TYPE)})(?:_[a-z]*\d*)*\\*"'
    rf'|(?:\[\{{|\}},\{{|\],)"(?:{"|".join(_BY_KEY)})":\{{'
    rf'|"(?:{"|".join(_BY_CONTENT)})":|"name":"\$web_search"'
)
# Parameters that do the same, or go on with what the provider keeps of a conversation.
MOVING = (
    "web_search_options", "search_parameters", "data_sources", "dataSources", "mcp_servers", "enable_search",
    "connectors", "plugins", "conversation", "conversation_id", "container", "web_search", "vector_store_ids",
    "enable_enhancement", "enable_deep_search", "with_search_enhance", "compound_custom",
)  # fmt: skip
_MOVING_PATHS = ", ".join(
    quoted(f"$.{within}{name}") for within in ("", "extra_body.", "parameters.") for name in MOVING
)

MACROS = (
    f"is_cut(x) AS {_IS_CUT}",
    f"""moving(tools, extra) AS regexp_matches(concat(tools, extra), {_MOVING_TOOL})
      OR coalesce(list_bool_or(list_transform(
        flatten(list_transform(
          string_split(extra, chr(31)), lambda e: json_extract_string(as_json(e), [{_MOVING_PATHS}]))),
        lambda v: lower(v) NOT IN ('', 'null', 'false', '[]'))), FALSE)""",
    f"""parameters(request) AS list_transform([as_json(request::VARCHAR)], lambda r:
      CASE WHEN json_type(r) = 'OBJECT' THEN nullif(json_merge_patch(r, {_WITHOUT_CARRIERS})::VARCHAR, {_NOTHING_LEFT})
      ELSE r::VARCHAR END)[1]""",
)
