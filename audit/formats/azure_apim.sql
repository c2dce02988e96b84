/*
title  = "Azure API Management LLM log"
source = "azure-apim"
each   = ["records[]"]
note   = """
ApiManagementGatewayLlmLog as rows of Log Analytics, or as a diagnostic setting writes it to blobs and event hubs
(lines, or an envelope of records; properties an object or a text). One call has several rows with one CorrelationId:
one with the counts, and others with pieces of the prompt and the answer in the order of SequenceNumber. Rows of the
gateway log with the same CorrelationId in the same file add the outcome, the times, the subscription and, where
logged, the bodies, without which it is not told whether an answer was cut off nor with which parameters it was asked
for; a body that was cut short gives no fingerprint. Claude's prompt tokens leave the prompt cache out; what was read
stands only in blobs and event hubs, what was written nowhere: such usage is partial. Probes without a model are passed
over. The subscription is taken for the project, the product for the team."""

[recognise]
any = [
  ["*.CorrelationId", "*.PromptTokens", "*.CompletionTokens", "*.ModelName"],
  ["*.category", "*.properties{}.promptTokens", "*.properties{}.completionTokens", "*.properties{}.sequenceNumber"],
  ["*.category", "*.properties{}.promptTokens", "*.properties{}.completionTokens", "*.properties{}.modelName"],
  ["*.category", "*.properties{}.responseCode", "*.properties{}.apiId"],
  ["*.CorrelationId", "*.ResponseCode", "*.ApiId"],
]

[record]
kind           = "*.category"
l_kind         = "*.Type"
correlation    = "*.correlationId"
l_correlation  = "*.CorrelationId"
p_correlation  = "*.properties{}.correlationId"
stamp          = "*.time: instant"
l_stamp        = "*.TimeGenerated: instant"
piece          = "*.properties{}.sequenceNumber: whole"
l_piece        = "*.SequenceNumber: whole"
input          = "*.properties{}.promptTokens: whole"
l_input        = "*.PromptTokens: whole"
cached         = "*.properties{}.promptCachedTokens: whole"
output         = "*.properties{}.completionTokens: whole"
l_output       = "*.CompletionTokens: whole"
model          = "*.properties{}.modelName"
l_model        = "*.ModelName"
deployment     = "*.properties{}.deploymentName"
l_deployment   = "*.DeploymentName"
streamed       = "*.properties{}.isStreamCompletion: flag"
l_streamed     = "*.IsStreamCompletion: flag"
answer         = "*.properties{}.requestId"
l_answer       = "*.RequestId"
messages       = "*.properties{}.requestMessages"
l_messages     = "*.RequestMessages"
code           = "*.properties{}.responseCode"
l_code         = "*.ResponseCode"
took           = "*.durationMs"
l_took         = "*.TotalTime"
url            = "*.properties{}.backendUrl"
l_url          = "*.BackendUrl"
front          = "*.properties{}.url"
l_front        = "*.Url"
cache          = "*.properties{}.cache"
l_cache        = "*.Cache"
reason         = "*.properties{}.lastError.reason"
l_reason       = "*.LastErrorReason"
subscription   = "*.properties{}.apimSubscriptionId"
l_subscription = "*.ApimSubscriptionId"
product        = "*.properties{}.productId"
l_product      = "*.ProductId"
owner          = "*.properties{}.userId"
l_owner        = "*.UserId"
asked          = "*.properties{}.backendRequestBody{}.messages: json"
l_asked        = "*.BackendRequestBody{}.messages: json"
body           = "*.properties{}.backendRequestBody"
l_body         = "*.BackendRequestBody"
cap            = "*.properties{}.backendRequestBody{}.max_tokens"
cap_new        = "*.properties{}.backendRequestBody{}.max_completion_tokens"
l_cap          = "*.BackendRequestBody{}.max_tokens"
l_cap_new      = "*.BackendRequestBody{}.max_completion_tokens"
b_id           = "*.properties{}.backendResponseBody{}.id"
l_id           = "*.BackendResponseBody{}.id"
b_model        = "*.properties{}.backendResponseBody{}.model"
lb_model       = "*.BackendResponseBody{}.model"
finish         = "*.properties{}.backendResponseBody{}.choices[0].finish_reason"
l_finish       = "*.BackendResponseBody{}.choices[0].finish_reason"
error          = "*.properties{}.backendResponseBody{}.error.code"
l_error        = "*.BackendResponseBody{}.error.code"
b_input        = "*.properties{}.backendResponseBody{}.usage.prompt_tokens: whole"
lb_input       = "*.BackendResponseBody{}.usage.prompt_tokens: whole"
b_cached       = "*.properties{}.backendResponseBody{}.usage.prompt_tokens_details.cached_tokens: whole"
lb_cached      = "*.BackendResponseBody{}.usage.prompt_tokens_details.cached_tokens: whole"
b_output       = "*.properties{}.backendResponseBody{}.usage.completion_tokens: whole"
lb_output      = "*.BackendResponseBody{}.usage.completion_tokens: whole"
*/
SELECT
    coalesce(correlation, l_correlation, p_correlation) AS _call,
    -- Of the row.
    coalesce(model, l_model) AS _model,
    coalesce(url, l_url) AS _backend,
    concat_ws(' ', url, l_url, front, l_front) AS _urls,
    coalesce(messages, l_messages) AS _messages,
    coalesce(nullif(input, 0), nullif(l_input, 0), b_input, lb_input, CASE WHEN cached > 0 THEN 0 END) AS _input,
    greatest(output, l_output, b_output, lb_output) AS _output,
    coalesce(code, l_code) AS _code,
    coalesce(finish, l_finish) AS _finish,
    coalesce(cache, l_cache) AS _cache,
    -- Of all rows of the call.
    max(coalesce(b_model, lb_model)) OVER (PARTITION BY _call) AS _response_model,
    bool_or(regexp_matches(_model, 'claude', 'i')) OVER (PARTITION BY _call) AS _is_claude,
    max(_input) OVER (PARTITION BY _call) AS _call_input,
    max(cached) OVER (PARTITION BY _call) AS _call_cached,
    max(try_cast(_code AS BIGINT)) OVER (PARTITION BY _call) AS _http_status,
    max(_finish) OVER (PARTITION BY _call) AS _finish_reason,
    max(coalesce(subscription, l_subscription)) OVER (PARTITION BY _call) AS _subscription,
    max(coalesce(asked, l_asked)) OVER (PARTITION BY _call) AS _asked,
    max(coalesce(body, l_body)) OVER (PARTITION BY _call) AS _body,
    coalesce(
        string_agg(_messages, '') OVER (
            PARTITION BY _call
            ORDER BY coalesce(piece, l_piece)
            ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        ),
        _asked
    ) AS _prompt,

    _call AS call_id,
    max(coalesce(answer, l_answer, b_id, l_id)) OVER (PARTITION BY _call) AS response_id,
    _call AS request_id,
    min(coalesce(stamp, l_stamp)) OVER (PARTITION BY _call) AS started_at,
    max(CASE WHEN _code IS NOT NULL THEN try_cast(coalesce(took, l_took) AS BIGINT) END)
        OVER (PARTITION BY _call) AS latency_ms,
    max(
        CASE
            WHEN regexp_matches(_urls, '/(chat/completions|responses|messages)($|[? ])') THEN 'chat'
            WHEN regexp_matches(_urls, '/completions($|[? ])') THEN 'text_completion'
            WHEN regexp_matches(_urls, '/embeddings($|[? ])') THEN 'embeddings'
            WHEN regexp_matches(_urls, '/images/generations($|[? ])') THEN 'image'
            WHEN regexp_matches(_model, 'embedding', 'i') THEN 'embeddings'
            WHEN _messages IS NOT NULL THEN 'chat'
        END
    ) OVER (PARTITION BY _call) AS operation,
    coalesce(
        max(
            CASE
                WHEN contains(_backend, 'api.openai.com') THEN 'openai'
                WHEN contains(_backend, 'api.anthropic.com') THEN 'anthropic'
                WHEN contains(_backend, 'amazonaws.com') THEN 'aws'
                WHEN contains(_backend, 'googleapis.com') THEN 'google'
            END
        ) OVER (PARTITION BY _call),
        'azure'
    ) AS provider,
    coalesce(
        max(_model) OVER (PARTITION BY _call),
        _response_model,
        max(coalesce(deployment, l_deployment)) OVER (PARTITION BY _call),
        max(nullif(regexp_extract(_urls, '/deployments/([^/ ]+)/', 1), '')) OVER (PARTITION BY _call)
    ) AS model,
    _response_model AS response_model,
    bool_or(coalesce(streamed, l_streamed)) OVER (PARTITION BY _call) AS stream,
    max(try_cast(coalesce(cap, cap_new, l_cap, l_cap_new) AS BIGINT)) OVER (PARTITION BY _call) AS max_output_tokens,
    _call_input
    + CASE
        WHEN _is_claude OR _call_cached > _call_input THEN coalesce(_call_cached, 0)
        ELSE 0
    END AS input_tokens,
    CASE
        WHEN
            max(greatest(input, l_input, b_input, lb_input, cached, output, l_output, b_output, lb_output))
                OVER (PARTITION BY _call)
            > 0
            THEN max(coalesce(cached, b_cached, lb_cached)) OVER (PARTITION BY _call)
    END AS cache_read_tokens,
    -- An answer of nothing to a prompt of something was given; a row of noughts alone counted nothing.
    CASE
        WHEN max(greatest(input, l_input, b_input, lb_input)) OVER (PARTITION BY _call) > 0
            THEN max(_output) OVER (PARTITION BY _call)
        ELSE max(nullif(_output, 0)) OVER (PARTITION BY _call)
    END AS output_tokens,
    CASE
        WHEN
            max(coalesce(
                _input,
                coalesce(nullif(output, 0), nullif(l_output, 0), b_output, lb_output)
            )) OVER (PARTITION BY _call) IS NULL
            THEN 'missing'
        WHEN _is_claude THEN 'partial'
        ELSE 'reported'
    END AS usage_quality,
    CASE
        WHEN bool_or('content_filter' IN (error, l_error, finish, l_finish)) OVER (PARTITION BY _call) THEN 'filtered'
        WHEN
            bool_or(try_cast(_code AS BIGINT) = 499 OR coalesce(reason, l_reason) = 'ClientConnectionFailure')
                OVER (PARTITION BY _call)
            THEN 'cancelled'
        WHEN _http_status >= 400 THEN 'error'
        WHEN _finish_reason = 'length' THEN 'truncated'
        WHEN count(_finish) OVER (PARTITION BY _call) > 0 THEN 'ok'
        -- Whether an answer was cut off stands in its body only.
        ELSE 'unknown'
    END AS status,
    nullif(_http_status, 0) AS http_status,
    max(coalesce(error, l_error, reason, l_reason)) OVER (PARTITION BY _call) AS error_type,
    _finish_reason AS finish_reason,
    bool_or(CASE WHEN _cache IN ('hit', 'miss') THEN _cache = 'hit' END) OVER (PARTITION BY _call) AS gateway_cache_hit,
    _subscription AS project,
    max(coalesce(product, l_product)) OVER (PARTITION BY _call) AS team,
    max(coalesce(owner, l_owner)) OVER (PARTITION BY _call) AS user_id,
    _subscription AS api_key,
    -- A body that was cut may hold other parameters than another.
    CASE
        WHEN _body IS NULL OR try_cast(_body AS JSON) IS NOT NULL
            THEN prompt_hash(NULL, _prompt, NULL, parameters(_body))
    END AS prompt_hash,
    template_hash(NULL, _prompt) AS template_hash,
    CASE
        WHEN count(_messages) OVER (PARTITION BY _call) <= 1
            THEN message_count(coalesce(max(_messages) OVER (PARTITION BY _call), _asked))
    END AS message_count,
    request_text(NULL, _prompt, NULL) AS prompt
FROM records
WHERE
    regexp_matches(coalesce(kind, l_kind, 'GatewayLlmLogs'), '^(ApiManagement)?Gateway(Llm)?Logs?$')
-- A gateway's row of another API is no call of a model; a line that cannot be read belongs to no call, and is told.
QUALIFY
    problem IS NOT NULL
    OR bool_or(
        coalesce(model, l_model, deployment, l_deployment, answer, l_answer, messages, l_messages) IS NOT NULL
        OR regexp_matches(
            _urls,
            '/(chat/completions|completions|embeddings|responses|messages|images/generations)($|[? ])'
        )
    ) OVER (PARTITION BY _call)
