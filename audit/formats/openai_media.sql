/*
title  = "OpenAI images, sound and pages"
source = "openai-media"
note   = """
A program's own line about an image, a transcription, a speech or a page read by OCR, as OpenAI and those who speak its
interfaces answer: the answer under response and the request under request (objects, or texts of JSON), with the time
that the program wrote (started_at, start_time, timestamp, created_at); an image's answer states one itself. What states
no tokens is counted by the piece: images, the sound's length, pages, and of a speech the characters that were asked for,
where the model is sold by them. No such answer has an id: the request's tells calls apart, else all that the line says.
Prompts give no fingerprint here: who asks for a picture twice wants two."""

[recognise]
any = [
  ["request", "response{}.created", "response{}.data"],
  ["request", "response{}.text", "response{}.usage.type"],
  ["request", "response{}.text", "response{}.usage.prompt_audio_seconds"],
  ["request", "response{}.text", "response{}.duration", "response{}.language"],
  ["request", "response{}.pages", "response{}.usage_info.pages_processed"],
  ["request{}.input", "request{}.voice"],
]

[record]
created        = "response{}.created: instant"
model          = "response{}.model"
items          = "response{}.data: json"
text           = "response{}.text"
seconds        = "response{}.duration: number"
usage_seconds  = "response{}.usage.seconds: number"
heard_seconds  = "response{}.usage.prompt_audio_seconds"
pages          = "response{}.usage_info.pages_processed: whole"
input          = "response{}.usage.input_tokens: whole"
output         = "response{}.usage.output_tokens: whole"
prompt_tokens  = "response{}.usage.prompt_tokens: whole"
said_tokens    = "response{}.usage.completion_tokens: whole"
cached         = "response{}.usage.input_tokens_details.cached_tokens: whole"
image          = "response{}.usage.input_tokens_details.image_tokens: whole"
drawn          = "response{}.usage.output_tokens_details.image_tokens: whole"
audio          = "response{}.usage.input_token_details.audio_tokens: whole"
error_code     = "response{}.error.code"
error_type     = "response{}.error.type"
asked_model    = "request{}.model"
asked_text     = "request{}.input"
voice          = "request{}.voice"
base_url       = "base_url"
api_base       = "api_base"
request_id     = "request_id"
started        = "started_at: instant"
start_time     = "start_time: instant"
stamp          = "timestamp: instant"
created_at     = "created_at: instant"
latency        = "latency_ms"
duration       = "duration_ms"
status_code    = "status_code"
trace          = "trace_id"
session        = "session_id"
user_id        = "user_id"
project        = "project"
environment    = "environment"
*/
SELECT
    coalesce(base_url, api_base) AS _address,
    coalesce(asked_model, model) AS _model,
    greatest(input, prompt_tokens, output, said_tokens) > 0 AS _is_counted,
    json_array_length(try_cast(items AS JSON)) AS _items,
    try_cast(heard_seconds AS DOUBLE) AS _heard_seconds,
    coalesce(usage_seconds, seconds) AS _seconds,
    voice IS NOT NULL AND starts_with(_model, 'tts-') AS _by_characters,
    coalesce(error_code, error_type) AS _error,
    try_cast(status_code AS BIGINT) AS _http_status,

    coalesce(
        request_id,
        md5(concat_ws(
            '/', started, start_time, stamp, created_at, created, asked_model, model, text, asked_text, items
        ))
    ) AS call_id,
    request_id,
    trace AS trace_id,
    session AS session_id,
    coalesce(started, start_time, stamp, created_at, created) AS started_at,
    try_cast(coalesce(latency, duration) AS BIGINT) AS latency_ms,
    CASE
        WHEN coalesce(items, image::VARCHAR, drawn::VARCHAR) IS NOT NULL THEN 'image'
        WHEN pages IS NOT NULL THEN 'ocr'
        ELSE 'audio'
    END AS operation,
    CASE
        WHEN contains(_address, '.azure.com') THEN 'azure'
        WHEN contains(_address, 'api.mistral.ai') THEN 'mistral'
        WHEN contains(_address, 'api.groq.com') THEN 'groq'
        WHEN contains(_address, 'api.x.ai') THEN 'x-ai'
        WHEN contains(_address, 'dashscope') THEN 'dashscope'
        WHEN contains(_address, '.volces.com') THEN 'volcengine'
        WHEN contains(_address, 'bigmodel.cn') THEN 'zhipuai'
        WHEN contains(_address, 'api.stepfun.') THEN 'stepfun'
        WHEN
            regexp_matches(
                _model,
                '^(gpt-image|chatgpt-image|dall-e-|whisper-1|tts-1|gpt-4o(-mini)?-(transcribe|tts)|gpt-transcribe)'
            )
            THEN 'openai'
        WHEN regexp_matches(_model, '^(mistral-ocr|voxtral)-') THEN 'mistral'
        WHEN starts_with(_model, 'doubao-') THEN 'volcengine'
    END AS provider,
    _model AS model,
    model AS response_model,
    nullif(coalesce(input, prompt_tokens), 0) AS input_tokens,
    cached AS cache_read_tokens,
    CASE WHEN _is_counted THEN coalesce(output, said_tokens) END AS output_tokens,
    audio AS input_audio_tokens,
    image AS input_image_tokens,
    -- Where the answer does not tell them apart, all that came out is the picture.
    coalesce(drawn, CASE WHEN items IS NOT NULL THEN nullif(output, 0) END) AS output_image_tokens,
    CASE
        WHEN _heard_seconds > 0 THEN round(_heard_seconds * 1000)::BIGINT
        WHEN _is_counted THEN NULL
        WHEN items IS NOT NULL THEN nullif(_items, 0)
        WHEN pages > 0 THEN pages
        WHEN _seconds > 0 THEN round(_seconds * 1000)::BIGINT
        WHEN _by_characters THEN nullif(length(asked_text), 0)
    END AS quantity,
    CASE
        WHEN _heard_seconds > 0 THEN 'audio_ms'
        WHEN _is_counted THEN NULL
        WHEN items IS NOT NULL AND _items > 0 THEN 'images'
        WHEN pages > 0 THEN 'pages'
        WHEN _seconds > 0 THEN 'audio_ms'
        WHEN _by_characters AND asked_text IS NOT NULL THEN 'characters'
    END AS unit,
    CASE
        WHEN _is_counted THEN 'reported'
        WHEN items IS NOT NULL OR greatest(pages, usage_seconds, seconds) > 0 THEN 'reported'
        WHEN _by_characters AND asked_text IS NOT NULL THEN 'derived'
        ELSE 'missing'
    END AS usage_quality,
    CASE
        WHEN _error IS NOT NULL OR _http_status >= 400 THEN 'error'
        WHEN items IS NOT NULL OR text IS NOT NULL OR pages IS NOT NULL THEN 'ok'
        WHEN _http_status BETWEEN 200 AND 299 THEN 'ok'
        ELSE 'unknown'
    END AS status,
    _http_status AS http_status,
    _error AS error_type,
    project,
    user_id,
    environment
FROM records
WHERE
    coalesce(items, text, voice, error_code, error_type) IS NOT NULL
    OR pages IS NOT NULL
    OR _http_status >= 400
