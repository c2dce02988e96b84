/*
title  = "OpenAI chat completions"
source = "openai-chat"
each   = ["data[]"]
note   = """
Answers as the interface gives them: one a line or a file, a page of stored completions, or a program's own line that
holds the answer under response and, where it keeps it, the request under request (objects, or texts of JSON). A time
that the program wrote beside it as started_at or start_time is taken before the answer's own, which is exact to the
second only; timestamp and created_at are taken where there is neither. Other providers speak this interface too: which
one answered is told where it leaves a mark, or where the model's name tells its maker. An embedding states neither id
nor time: it is read only with a time beside it, and is known by its content where it has no request id. The parts of a
stream are one call, whose usage stands in the last part if it was asked for. Reasoning that a provider counts apart
from the completion, which the total gives away, is added to the output. A base_url or api_base that the program wrote
tells the provider, and whether it is the international site of one with two price lists. What an answer says it cost is
taken from xAI, OpenRouter and Perplexity, whose research bills what it cites as input: it is added to that."""

[recognise]
any = [
  ["*.id", "*.object", "*.created", "*.model", "*.choices"],
  ["*.id", "*.created", "*.model", "*.choices", "*.usage.prompt_tokens"],
  ["*.request", "*.response{}.id", "*.response{}.object", "*.response{}.created", "*.response{}.choices"],
  ["*.response{}.id", "*.response{}.object", "*.response{}.created", "*.response{}.choices"],
  ["*.response{}.id", "*.response{}.created", "*.response{}.choices", "*.response{}.usage.prompt_tokens"],
  ["*.request", "*.response{}.data", "*.response{}.model", "*.response{}.usage.prompt_tokens"],
  ["*.request", "*.response{}.data", "*.response{}.model", "*.response{}.usage.total_tokens"],
  ["*.request{}.messages", "*.response{}.error.code"],
]

[record]
id              = "*.id"
object          = "*.object"
created         = "*.created: instant"
model           = "*.model"
input           = "*.usage.prompt_tokens: whole"
output          = "*.usage.completion_tokens: whole"
total           = "*.usage.total_tokens: whole"
cached          = "*.usage.prompt_tokens_details.cached_tokens: whole"
cache_hit       = "*.usage.prompt_cache_hit_tokens: whole"
cached_plain    = "*.usage.cached_tokens: whole"
written         = "*.usage.prompt_tokens_details.cache_write_tokens: whole"
written_qwen    = "*.usage.prompt_tokens_details.cache_creation_input_tokens: whole"
reasoning       = "*.usage.completion_tokens_details.reasoning_tokens: whole"
reasoning_plain = "*.usage.reasoning_tokens: whole"
audio           = "*.usage.prompt_tokens_details.audio_tokens: whole"
audio_cached    = "*.usage.prompt_tokens_details.cached_tokens_details.audio_tokens: whole"
image           = "*.usage.prompt_tokens_details.image_tokens: whole"
audio_out       = "*.usage.completion_tokens_details.audio_tokens: whole"
image_out       = "*.usage.completion_tokens_details.image_tokens: whole"
queries         = "*.usage.num_search_queries: whole"
cited           = "*.usage.citation_tokens: whole"
searches        = "*.usage.server_tool_use.web_search_requests: whole"
searches_xai    = "*.usage.server_side_tool_usage_details.web_search_calls: whole"
audio_seconds   = "*.usage.prompt_audio_seconds"
cost            = "*.usage.cost"
cost_upstream   = "*.usage.cost_details.upstream_inference_cost"
cost_own_key    = "*.usage.is_byok"
cost_total      = "*.usage.cost.total_cost: money"
cost_ticks      = "*.usage.cost_in_usd_ticks"
finish          = "*.choices[0].finish_reason"
called          = "*.choices[0].message.tool_calls: json"
tier            = "*.service_tier"
request_id      = "*.request_id"
stored_user     = "*.input_user"
groq            = "*.x_groq: json"
refused         = "*.base_resp.status_code"
azure           = "*.prompt_filter_results: json"
answer_id       = "*.response{}.id"
answer_object   = "*.response{}.object"
answer_created  = "*.response{}.created: instant"
answer_model    = "*.response{}.model"
answer_input    = "*.response{}.usage.prompt_tokens: whole"
answer_output   = "*.response{}.usage.completion_tokens: whole"
answer_total    = "*.response{}.usage.total_tokens: whole"
answer_cached   = "*.response{}.usage.prompt_tokens_details.cached_tokens: whole"
answer_hit      = "*.response{}.usage.prompt_cache_hit_tokens: whole"
answer_read     = "*.response{}.usage.cached_tokens: whole"
answer_written  = "*.response{}.usage.prompt_tokens_details.cache_write_tokens: whole"
answer_qwen     = "*.response{}.usage.prompt_tokens_details.cache_creation_input_tokens: whole"
answer_thought  = "*.response{}.usage.completion_tokens_details.reasoning_tokens: whole"
answer_thought2 = "*.response{}.usage.reasoning_tokens: whole"
answer_audio    = "*.response{}.usage.prompt_tokens_details.audio_tokens: whole"
answer_heard    = "*.response{}.usage.prompt_tokens_details.cached_tokens_details.audio_tokens: whole"
answer_image    = "*.response{}.usage.prompt_tokens_details.image_tokens: whole"
answer_spoken   = "*.response{}.usage.completion_tokens_details.audio_tokens: whole"
answer_drawn    = "*.response{}.usage.completion_tokens_details.image_tokens: whole"
answer_queries  = "*.response{}.usage.num_search_queries: whole"
answer_cited    = "*.response{}.usage.citation_tokens: whole"
answer_searches = "*.response{}.usage.server_tool_use.web_search_requests: whole"
answer_xai      = "*.response{}.usage.server_side_tool_usage_details.web_search_calls: whole"
answer_seconds  = "*.response{}.usage.prompt_audio_seconds"
answer_cost     = "*.response{}.usage.cost"
answer_upstream = "*.response{}.usage.cost_details.upstream_inference_cost"
answer_own_key  = "*.response{}.usage.is_byok"
answer_sum      = "*.response{}.usage.cost.total_cost: money"
answer_ticks    = "*.response{}.usage.cost_in_usd_ticks"
answer_refused  = "*.response{}.base_resp.status_code"
answer_finish   = "*.response{}.choices[0].finish_reason"
answer_called   = "*.response{}.choices[0].message.tool_calls: json"
answer_tier     = "*.response{}.service_tier"
answer_groq     = "*.response{}.x_groq: json"
answer_azure    = "*.response{}.prompt_filter_results: json"
error_code      = "*.response{}.error.code"
error_type      = "*.response{}.error.type"
asked_model     = "*.request{}.model"
request         = "*.request{}: json"
messages        = "*.request{}.messages: json"
prompt          = "*.request{}.prompt: json"
embedded        = "*.request{}.input: json"
tools           = "*.request{}.tools: json"
max_tokens      = "*.request{}.max_tokens"
max_completion  = "*.request{}.max_completion_tokens"
max_output      = "*.request{}.max_output_tokens"
stream          = "*.request{}.stream"
asked_user      = "*.request{}.user"
base_url        = "*.base_url"
api_base        = "*.api_base"
started         = "*.started_at: instant"
start_time      = "*.start_time: instant"
ended           = "*.ended_at: instant"
end_time        = "*.end_time: instant"
stamp           = "*.timestamp: instant"
created_at      = "*.created_at: instant"
latency         = "*.latency_ms"
duration        = "*.duration_ms"
status_code     = "*.status_code"
trace           = "*.trace_id"
session         = "*.session_id"
user_id         = "*.user_id"
project         = "*.project"
environment     = "*.environment"
*/
SELECT
    -- The line is the answer, or it holds one under response.
    coalesce(object, finish) IS NOT NULL AS _is_answer,
    CASE WHEN _is_answer THEN id END AS _own_id,
    coalesce(object, answer_object) AS _object,
    coalesce(finish, answer_finish) AS _finish,
    coalesce(asked_model, answer_model, model) AS _model,
    contains(lower(_model), 'gemini') AS _is_gemini,
    coalesce(base_url, api_base) AS _address,
    coalesce(answer_id, id) LIKE 'gen-%' AS _by_openrouter,
    answer_object = 'list' OR embedded IS NOT NULL AS _is_embedding,
    coalesce(messages, prompt, embedded) AS _asked,
    coalesce(answer_tier, tier) AS _tier,
    coalesce(input, answer_input) AS _input,
    coalesce(output, answer_output) AS _output,
    coalesce(total, answer_total) AS _total,
    greatest(input, answer_input, output, answer_output) > 0 AS _is_counted,
    coalesce(queries, answer_queries) AS _queries,
    greatest(queries, answer_queries, searches, answer_searches, searches_xai, answer_xai) AS _searches,
    try_cast(coalesce(audio_seconds, answer_seconds) AS DOUBLE) AS _audio_seconds,
    try_cast(status_code AS BIGINT) AS _http_status,
    coalesce(error_code, error_type) AS _error,
    coalesce(refused, answer_refused) AS _refused,
    coalesce(cost_ticks, answer_ticks) AS _cost_ticks,
    coalesce(cost_total, answer_sum) AS _cost_total,
    try_cast(coalesce(cost, answer_cost) AS DECIMAL(18, 9)) AS _cost,
    try_cast(coalesce(cost_upstream, answer_upstream) AS DECIMAL(18, 9)) AS _cost_upstream,

    coalesce(
        answer_id, _own_id, request_id, id,
        md5(concat_ws('/', started, start_time, stamp, created_at, asked_model, messages, prompt, embedded))
    ) AS call_id,
    coalesce(answer_id, _own_id) AS response_id,
    request_id,
    trace AS trace_id,
    session AS session_id,
    coalesce(started, start_time, created, answer_created, stamp, created_at) AS started_at,
    coalesce(
        try_cast(coalesce(latency, duration) AS BIGINT),
        date_diff('millisecond', coalesce(started, start_time), coalesce(ended, end_time))
    ) AS latency_ms,
    CASE
        WHEN _object LIKE 'chat.completion%' THEN 'chat'
        WHEN _object = 'text_completion' THEN 'text_completion'
        WHEN messages IS NOT NULL THEN 'chat'
        WHEN prompt IS NOT NULL THEN 'text_completion'
        WHEN _is_embedding THEN 'embeddings'
        WHEN _finish IS NOT NULL THEN 'chat'
    END AS operation,
    coalesce(
        CASE
            WHEN coalesce(groq, answer_groq) IS NOT NULL THEN 'groq'
            WHEN coalesce(azure, answer_azure) IS NOT NULL THEN 'azure'
            WHEN _by_openrouter THEN 'openrouter'
        END,
        list_transform(
            [_address],
            LAMBDA at: CASE
                WHEN contains(at, 'openrouter.ai') THEN 'openrouter'
                WHEN contains(at, '.azure.com') THEN 'azure'
                WHEN regexp_matches(at, 'dashscope|\.maas\.aliyuncs\.com') THEN 'dashscope'
                WHEN contains(at, 'api.deepseek.com') THEN 'deepseek'
                WHEN contains(at, 'api.moonshot.') THEN 'moonshotai'
                WHEN regexp_matches(at, 'api\.z\.ai|bigmodel\.cn') THEN 'zhipuai'
                WHEN contains(at, '.volces.com') THEN 'volcengine'
                WHEN contains(at, '.baidubce.com') THEN 'qianfan'
                WHEN regexp_matches(at, 'hunyuan|tencentcloud') THEN 'hunyuan'
                WHEN regexp_matches(at, 'api\.minimaxi?\.') THEN 'minimax'
                WHEN contains(at, 'api.stepfun.') THEN 'stepfun'
                WHEN contains(at, 'baichuan-ai.com') THEN 'baichuan'
                WHEN contains(at, 'api.x.ai') THEN 'x-ai'
                WHEN contains(at, 'googleapis.com') THEN 'google'
                WHEN regexp_matches(at, 'api\.(mistral|perplexity|together|fireworks|voyageai)\.')
                    THEN regexp_extract(at, 'api\.([a-z]+)\.', 1)
            END
        )[1],
        list_transform(
            [_model],
            LAMBDA named: CASE
                WHEN
                    regexp_matches(
                        named,
                        '^(ft:)?(gpt-(\d|image|audio|realtime)|chatgpt-|o\d|text-embedding-(3|ada)'
                        || '|davinci|babbage|codex-)'
                    )
                    THEN 'openai'
                WHEN starts_with(named, 'deepseek-') THEN 'deepseek'
                WHEN starts_with(named, 'grok-') THEN 'x-ai'
                WHEN starts_with(named, 'claude-') THEN 'anthropic'
                WHEN starts_with(named, 'gemini-') THEN 'google'
                WHEN regexp_matches(named, '^sonar(-|$)') THEN 'perplexity'
                WHEN regexp_matches(named, '^qwen-?(max|plus|turbo|flash|long|vl|omni)') THEN 'dashscope'
                WHEN regexp_matches(named, '^(kimi|moonshot)-') THEN 'moonshotai'
                WHEN starts_with(named, 'glm-') THEN 'zhipuai'
                WHEN starts_with(named, 'doubao-') THEN 'volcengine'
                WHEN starts_with(named, 'ernie-') THEN 'qianfan'
                WHEN starts_with(named, 'hunyuan-') THEN 'hunyuan'
                WHEN regexp_matches(named, '^(MiniMax-|abab\d)') THEN 'minimax'
                WHEN regexp_matches(named, '^step-\d') THEN 'stepfun'
                WHEN starts_with(named, 'Baichuan') THEN 'baichuan'
                WHEN starts_with(named, 'voyage-') THEN 'voyageai'
                WHEN
                    regexp_matches(
                        named, '^(open-)?(mistral|mixtral|ministral|magistral|codestral|devstral|pixtral|voxtral)-'
                    )
                    THEN 'mistral'
            END
        )[1]
    ) AS provider,
    _model AS model,
    coalesce(answer_model, CASE WHEN _is_answer THEN model END) AS response_model,
    CASE
        WHEN _tier IN ('default', 'on_demand') THEN 'standard'
        ELSE nullif(_tier, 'auto')
    END AS service_tier,
    CASE
        WHEN
            regexp_matches(
                _address,
                'dashscope-(intl|us)\.|api\.moonshot\.ai|api\.z\.ai|api\.minimax\.io|api\.stepfun\.ai'
                || '|//[^/]*\.(ap|us|eu|me)-[a-z]+-\d\.maas\.aliyuncs\.com'
            )
            THEN 'intl'
    END AS region,
    CASE
        WHEN _object LIKE '%.chunk' THEN TRUE
        ELSE try_cast(stream AS BOOLEAN)
    END AS stream,
    try_cast(coalesce(max_completion, max_tokens, max_output) AS BIGINT) AS max_output_tokens,
    CASE
        WHEN _is_counted THEN _input + CASE WHEN _queries > 0 THEN coalesce(cited, answer_cited, 0) ELSE 0 END
        -- Some count an embedding's tokens in total only.
        WHEN _is_embedding THEN nullif(answer_total, 0)
    END AS input_tokens,
    coalesce(cached, answer_cached, cached_plain, answer_read, cache_hit, answer_hit) AS cache_read_tokens,
    coalesce(written, answer_written, written_qwen, answer_qwen) AS cache_write_tokens,
    CASE
        WHEN _is_counted
            THEN
                _output + CASE
                    WHEN
                        _total = _input + _output
                        + coalesce(reasoning, answer_thought, reasoning_plain, answer_thought2)
                        -- Research reasons over what it found, beside the answer, and its total leaves that out.
                        OR _queries > 0
                        THEN coalesce(reasoning, answer_thought, reasoning_plain, answer_thought2, 0)
                    -- Of Gemini's thoughts only the total tells.
                    WHEN _is_gemini AND coalesce(reasoning, answer_thought) IS NULL
                        THEN greatest(coalesce(total, answer_total, 0) - _input - _output, 0)
                    ELSE 0
                END
    END AS output_tokens,
    coalesce(
        reasoning, answer_thought, reasoning_plain, answer_thought2,
        CASE WHEN _is_gemini AND _total > _input + _output THEN _total - _input - _output END
    ) AS reasoning_tokens,
    coalesce(audio, answer_audio) AS input_audio_tokens,
    coalesce(audio_cached, answer_heard) AS cache_read_audio_tokens,
    coalesce(audio_out, answer_spoken) AS output_audio_tokens,
    coalesce(image, answer_image) AS input_image_tokens,
    coalesce(image_out, answer_drawn) AS output_image_tokens,
    CASE
        WHEN _searches > 0 THEN _searches
        ELSE nullif(round(_audio_seconds * 1000)::BIGINT, 0)
    END AS quantity,
    CASE
        WHEN _searches > 0 THEN 'web_searches'
        WHEN _audio_seconds > 0 THEN 'audio_ms'
    END AS unit,
    CASE
        WHEN _is_counted THEN 'reported'
        WHEN _is_embedding AND answer_total > 0 THEN 'reported'
        ELSE 'missing'
    END AS usage_quality,
    CASE
        WHEN _error IS NOT NULL OR _http_status >= 400 THEN 'error'
        -- MiniMax tells of an error in an answer that bears no other mark of it.
        WHEN try_cast(_refused AS BIGINT) <> 0 THEN 'error'
        WHEN _finish IN ('length', 'model_length', 'model_context_window_exceeded') THEN 'truncated'
        WHEN _finish IN ('content_filter', 'sensitive') THEN 'filtered'
        WHEN _finish IN ('error', 'network_error', 'insufficient_system_resource') THEN 'error'
        WHEN _finish IS NOT NULL THEN 'ok'
        WHEN greatest(input, answer_input) > 0 OR (answer_object = 'list' AND answer_total > 0) THEN 'ok'
        ELSE 'unknown'
    END AS status,
    _http_status AS http_status,
    coalesce(error_code, error_type, nullif(_refused, '0')) AS error_type,
    _finish AS finish_reason,
    project,
    coalesce(user_id, asked_user, stored_user) AS user_id,
    environment,
    prompt_hash(NULL, _asked, tools, parameters(request)) AS prompt_hash,
    template_hash(NULL, coalesce(messages, prompt)) AS template_hash,
    prefix_hash(NULL, messages, tools) AS prefix_hash,
    prefix_tokens(NULL, messages, tools, _input) AS prefix_tokens,
    message_count(messages) AS message_count,
    json_array_length(try_cast(coalesce(called, answer_called) AS JSON)) AS tool_calls,
    CASE
        WHEN _cost_ticks IS NOT NULL THEN try_cast(try_cast(_cost_ticks AS BIGINT) * 0.0000000001 AS DECIMAL(18, 9))
        WHEN _cost_total IS NOT NULL THEN _cost_total
        -- OpenRouter's credits are dollars; with a key of one's own they are its fee alone.
        WHEN _by_openrouter
            THEN _cost + CASE WHEN lower(coalesce(cost_own_key, answer_own_key)) = 'true' THEN _cost_upstream ELSE 0 END
    END AS stated_cost,
    CASE
        WHEN _cost_ticks IS NOT NULL OR _cost_total IS NOT NULL THEN 'USD'
        WHEN
            _by_openrouter
            AND _cost IS NOT NULL
            AND (lower(coalesce(cost_own_key, answer_own_key, 'false')) <> 'true' OR _cost_upstream IS NOT NULL)
            THEN 'USD'
    END AS stated_currency,
    request_text(NULL, _asked, tools) AS prompt
FROM records
WHERE
    _object IN ('chat.completion', 'chat.completion.chunk', 'text_completion')
    OR answer_object = 'list'
    -- Zhipu's answer does not say what it is.
    OR (_object IS NULL AND _finish IS NOT NULL)
    OR _error IS NOT NULL
    OR _http_status >= 400
