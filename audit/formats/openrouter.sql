/*
title  = "OpenRouter generation"
source = "openrouter"
note   = """
What GET /generation answers, one object a line, in its envelope or without. The native counts are those that are
billed; tokens_prompt and tokens_completion are another tokenizer's and are not used. Native counts hold the cached
and the reasoning tokens; how much was written to a cache is not told. With a key of one's own the provider bills the
inference and OpenRouter its fee: both together are the stated cost, and the provider is who answered. latency is the
time to the first token; the longer of it and the generation's time stands for the whole."""

[recognise]
any = [
  ["id", "native_tokens_prompt", "native_tokens_completion", "total_cost", "cancelled"],
  ["data.id", "data.native_tokens_prompt", "data.native_tokens_completion", "data.total_cost", "data.cancelled"],
]

[record]
id              = "id"
e_id            = "data.id"
upstream        = "upstream_id"
e_upstream      = "data.upstream_id"
session         = "session_id"
e_session       = "data.session_id"
created         = "created_at: instant"
e_created       = "data.created_at: instant"
model           = "model"
e_model         = "data.model"
answered_by     = "provider_name"
e_answered_by   = "data.provider_name"
own_key         = "is_byok: flag"
e_own_key       = "data.is_byok: flag"
api             = "api_type"
e_api           = "data.api_type"
service_tier    = "service_tier"
e_service_tier  = "data.service_tier"
stream          = "streamed: flag"
e_stream        = "data.streamed: flag"
cancelled       = "cancelled: flag"
e_cancelled     = "data.cancelled: flag"
finish          = "finish_reason"
e_finish        = "data.finish_reason"
first_token     = "latency: number"
e_first_token   = "data.latency: number"
generation      = "generation_time: number"
e_generation    = "data.generation_time: number"
input           = "native_tokens_prompt: whole"
e_input         = "data.native_tokens_prompt: whole"
output          = "native_tokens_completion: whole"
e_output        = "data.native_tokens_completion: whole"
cached          = "native_tokens_cached: whole"
e_cached        = "data.native_tokens_cached: whole"
reasoning       = "native_tokens_reasoning: whole"
e_reasoning     = "data.native_tokens_reasoning: whole"
images          = "native_tokens_completion_images: whole"
e_images        = "data.native_tokens_completion_images: whole"
region          = "data_region"
e_region        = "data.data_region"
cost            = "total_cost: money"
e_cost          = "data.total_cost: money"
upstream_cost   = "upstream_inference_cost: money"
e_upstream_cost = "data.upstream_inference_cost: money"
user            = "external_user"
e_user          = "data.external_user"
*/
SELECT
    coalesce(id, e_id) AS call_id,
    coalesce(upstream, e_upstream) AS response_id,
    coalesce(id, e_id) AS request_id,
    coalesce(session, e_session) AS session_id,
    coalesce(created, e_created) AS started_at,
    round(greatest(first_token, e_first_token, generation, e_generation))::BIGINT AS latency_ms,
    CASE WHEN coalesce(stream, e_stream) THEN round(coalesce(first_token, e_first_token))::BIGINT END
        AS first_token_ms,
    CASE WHEN coalesce(api, e_api) = 'completions' THEN 'chat' ELSE coalesce(api, e_api) END AS operation,
    CASE WHEN coalesce(own_key, e_own_key) THEN lower(coalesce(answered_by, e_answered_by)) ELSE 'openrouter' END
        AS provider,
    CASE
        WHEN coalesce(own_key, e_own_key) THEN regexp_replace(coalesce(model, e_model), '^[^/]+/', '')
        ELSE coalesce(model, e_model)
    END AS model,
    CASE
        WHEN coalesce(service_tier, e_service_tier) IN ('default', 'auto') THEN 'standard'
        ELSE coalesce(service_tier, e_service_tier)
    END AS service_tier,
    nullif(coalesce(region, e_region), 'global') AS region,
    coalesce(stream, e_stream) AS stream,
    CASE WHEN greatest(input, e_input, output, e_output) > 0 THEN coalesce(input, e_input) END AS input_tokens,
    CASE WHEN greatest(input, e_input, output, e_output) > 0 THEN coalesce(cached, e_cached) END AS cache_read_tokens,
    CASE WHEN greatest(input, e_input, output, e_output) > 0 THEN coalesce(output, e_output) END AS output_tokens,
    CASE WHEN greatest(input, e_input, output, e_output) > 0 THEN coalesce(reasoning, e_reasoning) END
        AS reasoning_tokens,
    coalesce(images, e_images) AS output_image_tokens,
    CASE WHEN greatest(input, e_input, output, e_output) > 0 THEN 'reported' ELSE 'missing' END AS usage_quality,
    CASE
        WHEN coalesce(cancelled, e_cancelled) THEN 'cancelled'
        WHEN coalesce(finish, e_finish) = 'length' THEN 'truncated'
        WHEN coalesce(finish, e_finish) = 'content_filter' THEN 'filtered'
        WHEN coalesce(finish, e_finish) = 'error' THEN 'error'
        WHEN coalesce(finish, e_finish) IS NULL THEN 'unknown'
        ELSE 'ok'
    END AS status,
    coalesce(finish, e_finish) AS finish_reason,
    coalesce(user, e_user) AS user_id,
    CASE
        WHEN coalesce(own_key, e_own_key) THEN coalesce(cost, e_cost) + coalesce(upstream_cost, e_upstream_cost)
        ELSE coalesce(cost, e_cost)
    END AS stated_cost,
    CASE
        WHEN coalesce(own_key, e_own_key) AND coalesce(upstream_cost, e_upstream_cost) IS NULL THEN NULL
        WHEN coalesce(cost, e_cost) IS NOT NULL THEN 'USD'
    END AS stated_currency
FROM records
