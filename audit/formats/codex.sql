/*
title  = "Codex session"
source = "codex"
note   = """
The log tells a call's tokens when its answer is complete: that is the time it has here. Newer versions write a record
for each answer, with the provider's id, before the count that repeats it; older ones only counts, each with the
session's running total and what the last call added: the addition is the call, and a count whose total is known
already is none. A fork, or a sub-agent that knows its parent's conversation, begins with a copy of the parent's counts
under new times: they belong to the parent's log. They are told by the place where the fork says that its own history
begins, or by their turns, which are older than the fork (ids of version 7 tell the time); where neither is there, by
their totals, which are those of the parent. Input counts hold the prompt cache, output counts the reasoning. The model
is that of the turn, the project the last folder of its working directory."""

[recognise]
any = [
  ["timestamp", "type", "payload.info.last_token_usage"],
  ["timestamp", "type", "payload.info.total_token_usage"],
  ["timestamp", "type", "payload.response_id", "payload.usage"],
  ["timestamp", "type", "payload.originator", "payload.cwd"],
  ["timestamp", "type", "payload.cwd", "payload.model"],
  ["timestamp", "type", "payload.type"],
]

[record]
stamp         = "timestamp: instant"
stamp_text    = "timestamp"
kind          = "type"
ordinal       = "ordinal: whole"
event         = "payload.type"
id            = "payload.id"
forked_from   = "payload.forked_from_id"
parent        = "payload.parent_thread_id"
own_begins    = "payload.subagent_history_start_ordinal: whole"
origin        = "payload.source: json"
provider      = "payload.model_provider"
cwd           = "payload.cwd"
turn          = "payload.turn_id"
turn_model    = "payload.model"
count_model   = "payload.info.model"
input         = "payload.info.last_token_usage.input_tokens: whole"
cached        = "payload.info.last_token_usage.cached_input_tokens: whole"
written       = "payload.info.last_token_usage.cache_write_input_tokens: whole"
output        = "payload.info.last_token_usage.output_tokens: whole"
reasoning     = "payload.info.last_token_usage.reasoning_output_tokens: whole"
all_input     = "payload.info.total_token_usage.input_tokens: whole"
all_cached    = "payload.info.total_token_usage.cached_input_tokens: whole"
all_output    = "payload.info.total_token_usage.output_tokens: whole"
all_reasoning = "payload.info.total_token_usage.reasoning_output_tokens: whole"
answer        = "payload.response_id"
new_input     = "payload.usage.input_tokens: whole"
new_cached    = "payload.usage.cached_input_tokens: whole"
new_written   = "payload.usage.cache_write_input_tokens: whole"
new_output    = "payload.usage.output_tokens: whole"
new_reasoning = "payload.usage.reasoning_output_tokens: whole"
*/
SELECT
    coalesce(
        answer,
        concat_ws(
            '/',
            -- A fork of which it cannot be told where its own history begins names its calls as its parent does.
            coalesce(
                CASE
                    WHEN
                        max(own_begins) OVER () IS NULL
                        AND max(CASE WHEN turn ~ '^[0-9a-f]{8}-[0-9a-f]{4}-7' THEN turn END) OVER () IS NULL
                        THEN arg_max(coalesce(forked_from, id), CASE WHEN kind = 'session_meta' THEN record END) OVER ()
                END,
                arg_min(id, CASE WHEN kind = 'session_meta' THEN record END) OVER (),
                stamp_text
            ),
            CASE WHEN coalesce(all_input, all_output) IS NULL THEN stamp_text END,
            md5(concat_ws('/', all_input, all_cached, all_output, all_reasoning, input, cached, output, new_input))
        )
    ) AS call_id,
    answer AS response_id,
    arg_min(id, CASE WHEN kind = 'session_meta' THEN record END) OVER () AS session_id,
    stamp AS started_at,
    'chat' AS operation,
    lower(coalesce(max(provider) OVER (), 'openai')) AS provider,
    coalesce(
        count_model,
        last_value(CASE WHEN kind = 'turn_context' THEN turn_model END IGNORE NULLS) OVER (ORDER BY record)
    ) AS model,
    TRUE AS stream,
    coalesce(
        new_input, input,
        all_input - CASE
            WHEN all_input >= lag(all_input IGNORE NULLS) OVER (ORDER BY record)
                THEN lag(all_input IGNORE NULLS) OVER (ORDER BY record)
            ELSE 0
        END
    ) AS input_tokens,
    coalesce(
        new_cached, cached,
        all_cached - CASE
            WHEN all_cached >= lag(all_cached IGNORE NULLS) OVER (ORDER BY record)
                THEN lag(all_cached IGNORE NULLS) OVER (ORDER BY record)
            ELSE 0
        END
    ) AS cache_read_tokens,
    coalesce(new_written, written) AS cache_write_tokens,
    coalesce(
        new_output, output,
        all_output - CASE
            WHEN all_output >= lag(all_output IGNORE NULLS) OVER (ORDER BY record)
                THEN lag(all_output IGNORE NULLS) OVER (ORDER BY record)
            ELSE 0
        END
    ) AS output_tokens,
    coalesce(
        new_reasoning, reasoning,
        all_reasoning - CASE
            WHEN all_reasoning >= lag(all_reasoning IGNORE NULLS) OVER (ORDER BY record)
                THEN lag(all_reasoning IGNORE NULLS) OVER (ORDER BY record)
            ELSE 0
        END
    ) AS reasoning_tokens,
    CASE WHEN coalesce(new_input, input) IS NOT NULL THEN 'reported' ELSE 'derived' END AS usage_quality,
    -- An answer is counted when it has come whole; what broke off or was cut off is an error without a count.
    'ok' AS status,
    regexp_extract(last_value(cwd IGNORE NULLS) OVER (ORDER BY record), '([^/\\]+)[/\\]*$', 1) AS project,
    CASE
        WHEN
            arg_min(
                parent IS NOT NULL OR coalesce(contains(origin, '"subagent"'), FALSE),
                CASE WHEN kind = 'session_meta' THEN record END
            ) OVER ()
            THEN 'sub-agent'
        ELSE 'agent'
    END AS task
FROM records
WHERE kind IN ('session_meta', 'turn_context', 'token_usage_record') OR event IN ('token_count', 'task_started')
QUALIFY
    problem IS NOT NULL
    OR (
        CASE
            WHEN kind = 'token_usage_record' THEN coalesce(new_input, 0) + coalesce(new_output, 0) > 0
            WHEN coalesce(event, '') <> 'token_count' THEN FALSE
            -- From its first record on, a log has one for each answer.
            WHEN count(CASE WHEN kind = 'token_usage_record' THEN record END) OVER (ORDER BY record) > 0 THEN FALSE
            WHEN coalesce(input, output) IS NOT NULL THEN coalesce(input, 0) + coalesce(output, 0) > 0
            ELSE
                coalesce(all_input, 0) + coalesce(all_output, 0) > 0
                AND (
                    all_input IS DISTINCT FROM lag(all_input IGNORE NULLS) OVER (ORDER BY record)
                    OR all_output IS DISTINCT FROM lag(all_output IGNORE NULLS) OVER (ORDER BY record)
                )
        END
        AND NOT coalesce(
            arg_min(
                coalesce(forked_from, parent) IS NOT NULL OR coalesce(contains(origin, '"thread_spawn"'), FALSE),
                CASE WHEN kind = 'session_meta' THEN record END
            ) OVER ()
            AND CASE
                WHEN max(own_begins) OVER () IS NOT NULL AND ordinal IS NOT NULL THEN ordinal < max(own_begins) OVER ()
                WHEN arg_min(id, CASE WHEN kind = 'session_meta' THEN record END) OVER () !~ '^[0-9a-f-]{14}7'
                    THEN FALSE
                WHEN last_value(turn IGNORE NULLS) OVER (ORDER BY record) ~ '^[0-9a-f]{8}-[0-9a-f]{4}-7'
                    THEN
                        last_value(turn IGNORE NULLS) OVER (ORDER BY record)
                        < arg_min(id, CASE WHEN kind = 'session_meta' THEN record END) OVER ()
                ELSE
                    max(CASE WHEN turn ~ '^[0-9a-f]{8}-[0-9a-f]{4}-7' THEN turn END) OVER ()
                    > arg_min(id, CASE WHEN kind = 'session_meta' THEN record END) OVER ()
            END,
            FALSE
        )
    )
