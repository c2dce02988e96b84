/*
title  = "Azure OpenAI resource log (RequestResponse)"
source = "azure-openai"
each   = ["records[]"]
note   = """
The diagnostic setting's categories RequestResponse and AzureOpenAIRequestUsage, as blobs or an event hub hold them
(lines, or an envelope of records; properties an object or a text) or as rows of AzureDiagnostics. Microsoft
documents no tokens in RequestResponse: newer lines state them, older ones do not, and the other category states them with
the cached part. It is joined by the correlation id where it stands in the same file; by itself it tells no outcome and
is passed over. Else the usage is missing: log it at a gateway. A call may have a second, nearly empty line. The line's
time is late: the request's own, in .NET ticks, is taken. A cut-off or filtered answer cannot be told from a
whole one, a filtered prompt is a 400. The account is taken for the project, the caller's object id for the user."""

[recognise]
any = [
  ["*.category", "*.correlationId", "*.resultSignature", "*.operationName", "*.properties{}.requestTime"],
  ["*.Category", "*.CorrelationId", "*.ResultSignature", "*.OperationName", "*.properties_s{}.requestTime"],
]

[record]
category       = "*.category"
l_category     = "*.Category"
correlation    = "*.correlationId"
l_correlation  = "*.CorrelationId"
stamp          = "*.time: instant"
l_stamp        = "*.TimeGenerated: instant"
begin          = "*.properties{}.requestTime: instant"
l_begin        = "*.properties_s{}.requestTime: instant"
took           = "*.durationMs: number"
l_took         = "*.DurationMs: number"
code           = "*.resultSignature"
l_code         = "*.ResultSignature"
name           = "*.operationName"
l_name         = "*.OperationName"
resource       = "*.resourceId"
l_resource     = "*._ResourceId"
l_resource_2   = "*.ResourceId"
model          = "*.properties{}.modelName"
l_model        = "*.properties_s{}.modelName"
version        = "*.properties{}.modelVersion"
l_version      = "*.properties_s{}.modelVersion"
deployment     = "*.properties{}.modelDeploymentName"
l_deployment   = "*.properties_s{}.modelDeploymentName"
streaming      = "*.properties{}.streamType"
l_streaming    = "*.properties_s{}.streamType"
caller         = "*.properties{}.callerObjectId"
l_caller       = "*.properties_s{}.callerObjectId"
object         = "*.properties{}.objectId"
l_object       = "*.properties_s{}.objectId"
input          = "*.properties{}.promptTokens"
l_input        = "*.properties_s{}.promptTokens"
output         = "*.properties{}.completionTokens"
l_output       = "*.properties_s{}.completionTokens"
u_input        = "*.properties{}.promptTokens[0]: whole"
l_u_input      = "*.properties_s{}.promptTokens[0]: whole"
u_cached       = "*.properties{}.cachedTokens[0]: whole"
l_u_cached     = "*.properties_s{}.cachedTokens[0]: whole"
u_output       = "*.properties{}.generatedTokens[0]: whole"
l_u_output     = "*.properties_s{}.generatedTokens[0]: whole"
*/
SELECT
    coalesce(correlation, l_correlation) AS call_id,
    coalesce(correlation, l_correlation) AS request_id,
    min(coalesce(begin, l_begin, stamp, l_stamp)) OVER (PARTITION BY coalesce(correlation, l_correlation))
        AS started_at,
    max(CASE WHEN coalesce(took, l_took) >= 0 THEN round(coalesce(took, l_took))::BIGINT END)
        OVER (PARTITION BY coalesce(correlation, l_correlation)) AS latency_ms,
    max(
        CASE
            WHEN regexp_matches(coalesce(name, l_name), 'chatcompletion|responses|messages', 'i') THEN 'chat'
            WHEN regexp_matches(coalesce(name, l_name), 'completion', 'i') THEN 'text_completion'
            WHEN regexp_matches(coalesce(name, l_name), 'embedding', 'i') THEN 'embeddings'
            WHEN regexp_matches(coalesce(name, l_name), 'image', 'i') THEN 'image'
            WHEN regexp_matches(coalesce(name, l_name), 'audio|speech|transcription|translation', 'i') THEN 'audio'
        END
    ) OVER (PARTITION BY coalesce(correlation, l_correlation)) AS operation,
    'azure' AS provider,
    coalesce(
        max(coalesce(model, l_model)) OVER (PARTITION BY coalesce(correlation, l_correlation)),
        max(coalesce(deployment, l_deployment)) OVER (PARTITION BY coalesce(correlation, l_correlation))
    ) AS model,
    max(coalesce(model, l_model) || '-' || coalesce(version, l_version))
        OVER (PARTITION BY coalesce(correlation, l_correlation)) AS response_model,
    bool_or(
        CASE WHEN coalesce(streaming, l_streaming) IS NOT NULL THEN coalesce(streaming, l_streaming) = 'Streaming' END
    )
        OVER (PARTITION BY coalesce(correlation, l_correlation)) AS stream,
    nullif(max(coalesce(try_cast(coalesce(input, l_input) AS BIGINT), u_input, l_u_input))
        OVER (PARTITION BY coalesce(correlation, l_correlation)), 0) AS input_tokens,
    max(coalesce(u_cached, l_u_cached)) OVER (PARTITION BY coalesce(correlation, l_correlation)) AS cache_read_tokens,
    CASE
        WHEN
            max(greatest(try_cast(coalesce(input, l_input) AS BIGINT), u_input, l_u_input))
                OVER (PARTITION BY coalesce(correlation, l_correlation))
            > 0
            THEN
                max(coalesce(try_cast(coalesce(output, l_output) AS BIGINT), u_output, l_u_output))
                    OVER (PARTITION BY coalesce(correlation, l_correlation))
    END AS output_tokens,
    CASE
        WHEN
            max(greatest(try_cast(coalesce(input, l_input) AS BIGINT), u_input, l_u_input))
                OVER (PARTITION BY coalesce(correlation, l_correlation))
            > 0
            THEN 'reported'
        ELSE 'missing'
    END AS usage_quality,
    coalesce(
        min(
            CASE
                WHEN coalesce(code, l_code) = '499' THEN 'cancelled'
                WHEN try_cast(coalesce(code, l_code) AS BIGINT) >= 400 THEN 'error'
                WHEN try_cast(coalesce(code, l_code) AS BIGINT) BETWEEN 100 AND 399 THEN 'ok'
            END
        ) OVER (PARTITION BY coalesce(correlation, l_correlation)),
        'unknown'
    ) AS status,
    max(try_cast(coalesce(code, l_code) AS BIGINT)) OVER (PARTITION BY coalesce(correlation, l_correlation))
        AS http_status,
    lower(nullif(regexp_extract(coalesce(resource, l_resource, l_resource_2), '/accounts/([^/]+)', 1, 'i'), ''))
        AS project,
    max(coalesce(caller, l_caller, object, l_object)) OVER (PARTITION BY coalesce(correlation, l_correlation))
        AS user_id
FROM records
WHERE
    coalesce(category, l_category) = 'AzureOpenAIRequestUsage'
    OR (
        coalesce(category, l_category) = 'RequestResponse'
        AND (
            coalesce(model, l_model, deployment, l_deployment) IS NOT NULL
            OR regexp_matches(
                coalesce(name, l_name), '(completion|embedding|response|image|audio|speech|message)[a-z]*_create', 'i'
            )
        )
    )
-- A line that cannot be read belongs to no call, and is told.
QUALIFY
    coalesce(
        bool_or(coalesce(category, l_category) = 'RequestResponse')
            OVER (PARTITION BY coalesce(correlation, l_correlation)),
        TRUE
    )
    OR problem IS NOT NULL
