/*
title  = "Azure API Management LLM log"
source = "azure-apim"
each   = ["records[]"]
note   = """
ApiManagementGatewayLlmLog as rows of Log Analytics, or as a diagnostic setting writes it to blobs and event hubs
(lines, or an envelope of records; properties an object or a text). One call has several rows with one CorrelationId:
one with the counts, and others with pieces of the prompt and the answer in the order of SequenceNumber. Rows of the
gateway log with the same CorrelationId in the same file add the outcome, the times, the subscription and, where
logged, the bodies, without which it is not told whether an answer was cut off. Claude's prompt tokens leave the prompt
cache out; what was read stands only in blobs and event hubs, what was written nowhere: such usage is partial. Probes
without a model are passed over. The subscription is taken for the project, the product for the team."""

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
cap            = "*.properties{}.backendRequestBody{}.max_tokens"
l_cap          = "*.BackendRequestBody{}.max_tokens"
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
    coalesce(correlation, l_correlation, p_correlation) AS call_id,
    max(coalesce(answer, l_answer, b_id, l_id)) OVER (PARTITION BY coalesce(correlation, l_correlation, p_correlation))
        AS response_id,
    coalesce(correlation, l_correlation, p_correlation) AS request_id,
    min(coalesce(stamp, l_stamp)) OVER (PARTITION BY coalesce(correlation, l_correlation, p_correlation)) AS started_at,
    max(CASE WHEN coalesce(code, l_code) IS NOT NULL THEN try_cast(coalesce(took, l_took) AS BIGINT) END)
        OVER (PARTITION BY coalesce(correlation, l_correlation, p_correlation)) AS latency_ms,
    max(
        CASE
            WHEN
                regexp_matches(
                    concat_ws(' ', url, l_url, front, l_front), '/(chat/completions|responses|messages)($|[? ])'
                )
                THEN 'chat'
            WHEN
                regexp_matches(concat_ws(' ', url, l_url, front, l_front), '/completions($|[? ])')
                THEN 'text_completion'
            WHEN regexp_matches(concat_ws(' ', url, l_url, front, l_front), '/embeddings($|[? ])') THEN 'embeddings'
            WHEN regexp_matches(concat_ws(' ', url, l_url, front, l_front), '/images/generations($|[? ])') THEN 'image'
            WHEN regexp_matches(coalesce(model, l_model), 'embedding', 'i') THEN 'embeddings'
            WHEN coalesce(messages, l_messages) IS NOT NULL THEN 'chat'
        END
    ) OVER (PARTITION BY coalesce(correlation, l_correlation, p_correlation)) AS operation,
    coalesce(
        max(
            CASE
                WHEN contains(coalesce(url, l_url), 'api.openai.com') THEN 'openai'
                WHEN contains(coalesce(url, l_url), 'api.anthropic.com') THEN 'anthropic'
                WHEN contains(coalesce(url, l_url), 'amazonaws.com') THEN 'aws'
                WHEN contains(coalesce(url, l_url), 'googleapis.com') THEN 'google'
            END
        ) OVER (PARTITION BY coalesce(correlation, l_correlation, p_correlation)),
        'azure'
    ) AS provider,
    coalesce(
        max(coalesce(model, l_model)) OVER (PARTITION BY coalesce(correlation, l_correlation, p_correlation)),
        max(coalesce(b_model, lb_model)) OVER (PARTITION BY coalesce(correlation, l_correlation, p_correlation)),
        max(coalesce(deployment, l_deployment)) OVER (PARTITION BY coalesce(correlation, l_correlation, p_correlation)),
        max(nullif(regexp_extract(concat_ws(' ', url, l_url, front, l_front), '/deployments/([^/ ]+)/', 1), ''))
            OVER (PARTITION BY coalesce(correlation, l_correlation, p_correlation))
    ) AS model,
    max(coalesce(b_model, lb_model))
        OVER (PARTITION BY coalesce(correlation, l_correlation, p_correlation))
        AS response_model,
    bool_or(coalesce(streamed, l_streamed))
        OVER (PARTITION BY coalesce(correlation, l_correlation, p_correlation))
        AS stream,
    max(try_cast(coalesce(cap, l_cap) AS BIGINT))
        OVER (PARTITION BY coalesce(correlation, l_correlation, p_correlation))
        AS max_output_tokens,
    max(coalesce(nullif(input, 0), nullif(l_input, 0), b_input, lb_input, CASE WHEN cached > 0 THEN 0 END))
        OVER (PARTITION BY coalesce(correlation, l_correlation, p_correlation))
    + CASE
        WHEN
            bool_or(regexp_matches(coalesce(model, l_model), 'claude', 'i'))
                OVER (PARTITION BY coalesce(correlation, l_correlation, p_correlation))
            OR max(cached) OVER (PARTITION BY coalesce(correlation, l_correlation, p_correlation))
            > max(coalesce(nullif(input, 0), nullif(l_input, 0), b_input, lb_input, CASE WHEN cached > 0 THEN 0 END))
                OVER (PARTITION BY coalesce(correlation, l_correlation, p_correlation))
            THEN coalesce(max(cached) OVER (PARTITION BY coalesce(correlation, l_correlation, p_correlation)), 0)
        ELSE 0
    END AS input_tokens,
    CASE
        WHEN
            max(greatest(input, l_input, b_input, lb_input, cached, output, l_output, b_output, lb_output))
                OVER (PARTITION BY coalesce(correlation, l_correlation, p_correlation))
            > 0
            THEN
                max(coalesce(cached, b_cached, lb_cached))
                    OVER (PARTITION BY coalesce(correlation, l_correlation, p_correlation))
    END AS cache_read_tokens,
    -- An answer of nothing to a prompt of something was given; a row of noughts alone counted nothing.
    CASE
        WHEN
            max(greatest(input, l_input, b_input, lb_input))
                OVER (PARTITION BY coalesce(correlation, l_correlation, p_correlation))
            > 0
            THEN
                max(greatest(output, l_output, b_output, lb_output))
                    OVER (PARTITION BY coalesce(correlation, l_correlation, p_correlation))
        ELSE
            max(nullif(greatest(output, l_output, b_output, lb_output), 0))
                OVER (PARTITION BY coalesce(correlation, l_correlation, p_correlation))
    END AS output_tokens,
    CASE
        WHEN
            max(coalesce(
                coalesce(nullif(input, 0), nullif(l_input, 0), b_input, lb_input, CASE WHEN cached > 0 THEN 0 END),
                coalesce(nullif(output, 0), nullif(l_output, 0), b_output, lb_output)
            )) OVER (PARTITION BY coalesce(correlation, l_correlation, p_correlation)) IS NULL
            THEN 'missing'
        WHEN
            bool_or(regexp_matches(coalesce(model, l_model), 'claude', 'i'))
                OVER (PARTITION BY coalesce(correlation, l_correlation, p_correlation))
            THEN 'partial'
        ELSE 'reported'
    END AS usage_quality,
    CASE
        WHEN
            bool_or('content_filter' IN (error, l_error, finish, l_finish))
                OVER (PARTITION BY coalesce(correlation, l_correlation, p_correlation))
            THEN 'filtered'
        WHEN
            bool_or(
                try_cast(coalesce(code, l_code) AS BIGINT) = 499
                OR coalesce(reason, l_reason) = 'ClientConnectionFailure'
            )
                OVER (PARTITION BY coalesce(correlation, l_correlation, p_correlation))
            THEN 'cancelled'
        WHEN
            max(try_cast(coalesce(code, l_code) AS BIGINT))
                OVER (PARTITION BY coalesce(correlation, l_correlation, p_correlation))
            >= 400
            THEN 'error'
        WHEN
            max(coalesce(finish, l_finish)) OVER (PARTITION BY coalesce(correlation, l_correlation, p_correlation))
            = 'length'
            THEN 'truncated'
        WHEN
            count(coalesce(finish, l_finish)) OVER (PARTITION BY coalesce(correlation, l_correlation, p_correlation))
            > 0
            THEN 'ok'
        -- Whether an answer was cut off stands in its body only.
        ELSE 'unknown'
    END AS status,
    nullif(
        max(try_cast(coalesce(code, l_code) AS BIGINT))
            OVER (PARTITION BY coalesce(correlation, l_correlation, p_correlation)),
        0
    ) AS http_status,
    max(coalesce(error, l_error, reason, l_reason))
        OVER (PARTITION BY coalesce(correlation, l_correlation, p_correlation))
        AS error_type,
    max(coalesce(finish, l_finish))
        OVER (PARTITION BY coalesce(correlation, l_correlation, p_correlation))
        AS finish_reason,
    bool_or(CASE WHEN coalesce(cache, l_cache) IN ('hit', 'miss') THEN coalesce(cache, l_cache) = 'hit' END)
        OVER (PARTITION BY coalesce(correlation, l_correlation, p_correlation)) AS gateway_cache_hit,
    max(coalesce(subscription, l_subscription))
        OVER (PARTITION BY coalesce(correlation, l_correlation, p_correlation))
        AS project,
    max(coalesce(product, l_product)) OVER (PARTITION BY coalesce(correlation, l_correlation, p_correlation)) AS team,
    max(coalesce(owner, l_owner)) OVER (PARTITION BY coalesce(correlation, l_correlation, p_correlation)) AS user_id,
    max(coalesce(subscription, l_subscription))
        OVER (PARTITION BY coalesce(correlation, l_correlation, p_correlation))
        AS api_key,
    prompt_hash(
        NULL,
        coalesce(
            string_agg(coalesce(messages, l_messages), '') OVER (
                PARTITION BY coalesce(correlation, l_correlation, p_correlation)
                ORDER BY coalesce(piece, l_piece)
                ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
            ),
            max(coalesce(asked, l_asked)) OVER (PARTITION BY coalesce(correlation, l_correlation, p_correlation))
        ),
        NULL,
        NULL
    ) AS prompt_hash,
    template_hash(
        NULL,
        coalesce(
            string_agg(coalesce(messages, l_messages), '') OVER (
                PARTITION BY coalesce(correlation, l_correlation, p_correlation)
                ORDER BY coalesce(piece, l_piece)
                ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
            ),
            max(coalesce(asked, l_asked)) OVER (PARTITION BY coalesce(correlation, l_correlation, p_correlation))
        )
    ) AS template_hash,
    CASE
        WHEN
            count(coalesce(messages, l_messages))
                OVER (PARTITION BY coalesce(correlation, l_correlation, p_correlation))
            <= 1
            THEN
                message_count(coalesce(
                    max(coalesce(messages, l_messages))
                        OVER (PARTITION BY coalesce(correlation, l_correlation, p_correlation)),
                    max(coalesce(asked, l_asked))
                        OVER (PARTITION BY coalesce(correlation, l_correlation, p_correlation))
                ))
    END AS message_count,
    request_text(
        NULL,
        coalesce(
            string_agg(coalesce(messages, l_messages), '') OVER (
                PARTITION BY coalesce(correlation, l_correlation, p_correlation)
                ORDER BY coalesce(piece, l_piece)
                ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
            ),
            max(coalesce(asked, l_asked)) OVER (PARTITION BY coalesce(correlation, l_correlation, p_correlation))
        ),
        NULL
    ) AS prompt
FROM records
WHERE
    regexp_matches(coalesce(kind, l_kind, 'GatewayLlmLogs'), '^(ApiManagement)?Gateway(Llm)?Logs?$')
-- A gateway's row of another API is no call of a model; a line that cannot be read belongs to no call, and is told.
QUALIFY
    problem IS NOT NULL
    OR bool_or(
        coalesce(model, l_model, deployment, l_deployment, answer, l_answer, messages, l_messages) IS NOT NULL
        OR regexp_matches(
            concat_ws(' ', url, l_url, front, l_front),
            '/(chat/completions|completions|embeddings|responses|messages|images/generations)($|[? ])'
        )
    ) OVER (PARTITION BY coalesce(correlation, l_correlation, p_correlation))
