/*
title  = "Claude Code session"
source = "claude-code"
note   = """
One call's usage stands on one line per content block: the message's id makes the call and its last line wins. A
side chain replays its parent's messages under another request id: the same message is the same call. Input counts
exclude the prompt cache. Lines that are no answers carry no cost and are passed over."""

[recognise]
any = [
  ["sessionId", "message.usage", "message.id"],
  ["sessionId", "type", "uuid"],
  ["sessionId", "type", "mode"],
  ["type", "summary", "leafUuid"],
  ["type", "snapshot", "messageId"],
]

[record]
kind           = "type"
stamp          = "timestamp: instant"
session        = "sessionId"
request        = "requestId"
side           = "isSidechain: flag"
cwd            = "cwd"
user_type      = "userType"
stated         = "costUSD: money"
message        = "message.id"
model          = "message.model"
finish         = "message.stop_reason"
fresh          = "message.usage.input_tokens: whole"
cache_write    = "message.usage.cache_creation_input_tokens: whole"
cache_write_1h = "message.usage.cache_creation.ephemeral_1h_input_tokens: whole"
cache_read     = "message.usage.cache_read_input_tokens: whole"
output         = "message.usage.output_tokens: whole"
service_tier   = "message.usage.service_tier"
speed          = "message.usage.speed"
thought        = "message.usage.output_tokens_details.thinking_tokens: whole"
searches       = "message.usage.server_tool_use.web_search_requests: whole"
served_in      = "message.usage.inference_geo"
other          = "uuid"
leaf           = "leafUuid"
snapshot       = "messageId"
*/
SELECT
    message AS call_id,
    message AS response_id,
    -- A replay bears a request id of its own. A side chain says less of a message than the chain it replays.
    CASE WHEN NOT coalesce(side, FALSE) THEN request END AS request_id,
    session AS session_id,
    stamp AS started_at,
    'chat' AS operation,
    'anthropic' AS provider,
    model,
    model AS response_model,
    CASE WHEN speed = 'fast' THEN 'fast' ELSE coalesce(service_tier, 'standard') END AS service_tier,
    CASE WHEN served_in NOT IN ('global', 'not_available') THEN served_in END AS region,
    CASE WHEN NOT coalesce(side, FALSE) THEN TRUE END AS stream,
    fresh + coalesce(cache_read, 0) + coalesce(cache_write, 0) AS input_tokens,
    coalesce(cache_read, 0) AS cache_read_tokens,
    coalesce(cache_write, 0) AS cache_write_tokens,
    cache_write_1h AS cache_write_1h_tokens,
    output AS output_tokens,
    thought AS reasoning_tokens,
    nullif(searches, 0) AS quantity,
    CASE WHEN searches > 0 THEN 'web_searches' END AS unit,
    CASE WHEN fresh IS NULL OR output IS NULL THEN 'partial' ELSE 'reported' END AS usage_quality,
    CASE
        WHEN finish = 'max_tokens' THEN 'truncated'
        WHEN finish = 'refusal' THEN 'filtered'
        WHEN finish IS NULL THEN 'unknown'
        ELSE 'ok'
    END AS status,
    finish AS finish_reason,
    regexp_extract(cwd, '([^/\\]+)[/\\]*$', 1) AS project,
    CASE WHEN side THEN 'sub-agent' ELSE 'agent' END AS task,
    stated AS stated_cost,
    CASE WHEN stated IS NOT NULL THEN 'USD' END AS stated_currency
FROM records
WHERE message IS NOT NULL AND coalesce(fresh, output) IS NOT NULL AND model IS DISTINCT FROM '<synthetic>'
-- Of a message that its own chain tells, what a side chain repeats is no statement.
QUALIFY NOT coalesce(side, FALSE) OR bool_and(coalesce(side, FALSE)) OVER (PARTITION BY message)
