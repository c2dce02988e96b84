/*
title  = "SGLang request log or request metrics"
source = "sglang"
note   = """
Lines of --log-requests-format json (request.finished) and of --export-metrics-to-file are the same calls and share
their id, the rid; whoever sends rids of his own must not use one twice. The log does not name the model: state
model in the settings for a server with one; a LoRA adapter is named where one was asked for. Prompt tokens hold those
found in the server's own prefix cache. The line's own timestamp is the end, in local time without a zone: the start is
request_received_ts, or the end less the latency. At log level 2 a prompt over 2,048 signs is cut in its middle and
gives no fingerprint. Health checks are passed over. A self-hosted model has no price per token."""

[params]
model     = ""
served_by = "sglang"

[recognise]
any = [
  ["event", "rid", "obj", "timestamp"],
  ["request_parameters", "id", "e2e_latency", "prompt_tokens"],
]

[record]
event           = "event"
stamp           = "timestamp: instant"
rid             = "rid"
stream          = "obj.stream: flag"
lora            = "obj.lora_path"
max_tokens      = "obj.sampling_params.max_new_tokens"
sampling        = "obj.sampling_params: json"
prompt_text     = "obj.text: json"
prompt_ids      = "obj.input_ids: json"
pairwise        = "obj.is_cross_encoder_request: flag"
pictures        = "obj.image_data: json"
films           = "obj.video_data: json"
sounds          = "obj.audio_data: json"
vectors         = "obj.input_embeds: json"
session         = "obj.session_params.id"
continued       = "obj.session_params.rid"
project         = "obj.custom_labels.project"
team            = "obj.custom_labels.team"
user_name       = "obj.custom_labels.user"
finish          = "out.meta_info.finish_reason.type"
finish_code     = "out.meta_info.finish_reason.status_code"
finish_error    = "out.meta_info.finish_reason.err_type"
input           = "out.meta_info.prompt_tokens: whole"
output          = "out.meta_info.completion_tokens: whole"
cached          = "out.meta_info.cached_tokens: whole"
thought         = "out.meta_info.reasoning_tokens: whole"
took            = "out.meta_info.e2e_latency: number"
received        = "out.meta_info.request_received_ts: instant"
prefilled       = "out.meta_info.prefill_finished_time: instant"
prefilled_old   = "out.meta_info.prefill_finished_ts: instant"
m_rid           = "id"
m_stream        = "request_parameters{}.stream: flag"
m_lora          = "request_parameters{}.lora_path"
m_max_tokens    = "request_parameters{}.sampling_params.max_new_tokens"
m_sampling      = "request_parameters{}.sampling_params: json"
m_text          = "request_parameters{}.text: json"
m_ids           = "request_parameters{}.input_ids: json"
m_pairwise      = "request_parameters{}.is_cross_encoder_request: flag"
m_kinds         = "request_parameters{}.modalities: json"
m_session       = "request_parameters{}.session_params.id"
m_continued     = "request_parameters{}.session_params.rid"
m_project       = "request_parameters{}.custom_labels.project"
m_team          = "request_parameters{}.custom_labels.team"
m_user          = "request_parameters{}.custom_labels.user"
m_finish        = "finish_reason.type"
m_finish_code   = "finish_reason.status_code"
m_finish_error  = "finish_reason.err_type"
m_input         = "prompt_tokens: whole"
m_output        = "completion_tokens: whole"
m_cached        = "cached_tokens: whole"
m_thought       = "reasoning_tokens: whole"
m_took          = "e2e_latency: number"
m_received      = "request_received_ts: instant"
m_sent          = "response_sent_to_client_ts: instant"
m_finished      = "request_finished_ts: instant"
m_prefilled     = "prefill_finished_time: instant"
m_prefilled_old = "prefill_finished_ts: instant"
*/
SELECT
    coalesce(rid, m_rid) AS call_id,
    coalesce(rid, m_rid) AS request_id,
    coalesce(session, m_session) AS session_id,
    coalesce(
        received,
        m_received,
        m_sent - to_milliseconds(round(m_took * 1000)::BIGINT),
        m_finished - to_milliseconds(round(m_took * 1000)::BIGINT),
        stamp - to_milliseconds(round(took * 1000)::BIGINT),
        stamp
    ) AS started_at,
    round(coalesce(took, m_took) * 1000)::BIGINT AS latency_ms,
    CASE
        WHEN coalesce(stream, m_stream)
            THEN
                date_diff(
                    'millisecond',
                    coalesce(received, m_received),
                    coalesce(prefilled, prefilled_old, m_prefilled, m_prefilled_old)
                )
    END AS first_token_ms,
    CASE
        WHEN coalesce(pairwise, m_pairwise) THEN 'rerank'
        WHEN coalesce(input, m_input) IS NOT NULL AND coalesce(output, m_output) IS NULL THEN 'embeddings'
    END AS operation,
    $served_by AS provider,
    coalesce(
        nullif(regexp_extract(coalesce(lora, m_lora), '([^/]+)/*$', 1), ''), nullif($model, '')
    ) AS model,
    coalesce(stream, m_stream) AS stream,
    try_cast(coalesce(max_tokens, m_max_tokens) AS BIGINT) AS max_output_tokens,
    coalesce(input, m_input) AS input_tokens,
    coalesce(cached, m_cached) AS cache_read_tokens,
    coalesce(output, m_output) AS output_tokens,
    coalesce(thought, m_thought) AS reasoning_tokens,
    CASE WHEN coalesce(input, m_input) IS NULL THEN 'missing' ELSE 'reported' END AS usage_quality,
    CASE
        WHEN
            coalesce(finish, m_finish) = 'abort'
            AND coalesce(finish_code, m_finish_code, finish_error, m_finish_error) IS NOT NULL
            THEN 'error'
        WHEN coalesce(finish, m_finish) = 'abort' THEN 'cancelled'
        -- An embedding, too, ends with its "length", at none.
        WHEN coalesce(finish, m_finish) = 'length' AND coalesce(output, m_output) > 0 THEN 'truncated'
        WHEN coalesce(finish, m_finish) IS NOT NULL THEN 'ok'
        ELSE 'unknown'
    END AS status,
    try_cast(coalesce(finish_code, m_finish_code) AS BIGINT) AS http_status,
    coalesce(finish_error, m_finish_error) AS error_type,
    coalesce(finish, m_finish) AS finish_reason,
    coalesce(project, m_project) AS project,
    coalesce(team, m_team) AS team,
    coalesce(user_name, m_user) AS user_id,
    prompt_hash(
        NULL,
        CASE
            -- What is no text, or goes on with an earlier request, is not in the log as a whole.
            WHEN
                coalesce(pictures, films, sounds, vectors, continued, m_continued) IS NOT NULL
                OR nullif(m_kinds, '[]') IS NOT NULL
                THEN NULL
            WHEN coalesce(prompt_text, m_text) IS NULL AND contains(coalesce(prompt_ids, m_ids), '"..."') THEN NULL
            -- Cut in the middle: 1,024 signs, three dots, 1,024 signs.
            WHEN length(json_extract_string(prompt_text, '$')) = 2051 AND contains(prompt_text, '...') THEN NULL
            ELSE coalesce(prompt_text, m_text, prompt_ids, m_ids)
        END,
        NULL,
        parameters(coalesce(sampling, m_sampling))
    ) AS prompt_hash,
    template_hash(
        NULL,
        CASE
            WHEN length(json_extract_string(prompt_text, '$')) = 2051 AND contains(prompt_text, '...') THEN NULL
            ELSE coalesce(prompt_text, m_text)
        END
    ) AS template_hash,
    request_text(NULL, coalesce(prompt_text, m_text), NULL) AS prompt
FROM records
WHERE
    coalesce(event, 'request.finished') = 'request.finished'
    AND NOT starts_with(coalesce(rid, m_rid), 'HEALTH_CHECK')
