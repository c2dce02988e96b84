-- The tables of a store of schema 2, as the version of November 2026 made them.
CREATE SCHEMA store;
CREATE TABLE store.version (version INTEGER);
INSERT INTO store.version VALUES (2);
CREATE TABLE store.files (
  file_id INTEGER, path VARCHAR, sha256 VARCHAR UNIQUE, bytes BIGINT, head VARCHAR, format VARCHAR, reason VARCHAR,
  calls BIGINT, rejected BIGINT, first_call TIMESTAMP, last_call TIMESTAMP
);
CREATE TABLE store.seen (
  path VARCHAR, bytes BIGINT, mtime_ns BIGINT, inode BIGINT, file_id INTEGER
);
CREATE TABLE store.sources (
  name VARCHAR, table_name VARCHAR, origin VARCHAR, cursor VARCHAR, mark VARCHAR, read_at TIMESTAMP
);
CREATE TABLE store.calls (
  call_id VARCHAR, source VARCHAR, response_id VARCHAR, request_id VARCHAR, trace_id VARCHAR, parent_id VARCHAR,
  session_id VARCHAR, attempt BIGINT, started_at TIMESTAMP, latency_ms BIGINT, first_token_ms BIGINT,
  operation VARCHAR, provider VARCHAR, model VARCHAR, response_model VARCHAR, service_tier VARCHAR, stream BOOLEAN,
  max_output_tokens BIGINT, input_tokens BIGINT, cache_read_tokens BIGINT, cache_write_tokens BIGINT,
  cache_write_1h_tokens BIGINT, output_tokens BIGINT, reasoning_tokens BIGINT, usage_quality VARCHAR,
  status VARCHAR, http_status BIGINT, error_type VARCHAR, finish_reason VARCHAR, gateway_cache_hit BOOLEAN,
  project VARCHAR, team VARCHAR, user_id VARCHAR, api_key VARCHAR, environment VARCHAR, task VARCHAR,
  tags VARCHAR[], prompt_hash UUID, template_hash UUID, prefix_hash UUID, prefix_tokens BIGINT,
  message_count BIGINT, tool_calls BIGINT, stated_cost DECIMAL(18,9), stated_currency VARCHAR, prompt VARCHAR,
  file_id INTEGER, problem VARCHAR
);
CREATE TABLE store.bills (
  bill_id VARCHAR, source VARCHAR, provider VARCHAR, period_start TIMESTAMP, period_end TIMESTAMP,
  operation VARCHAR, model VARCHAR, service_tier VARCHAR, project VARCHAR, sub_account VARCHAR, user_id VARCHAR,
  api_key VARCHAR, line_item VARCHAR, requests BIGINT, input_tokens BIGINT, cache_read_tokens BIGINT,
  cache_write_tokens BIGINT, cache_write_1h_tokens BIGINT, output_tokens BIGINT, quantity DOUBLE, unit VARCHAR,
  billed_cost DECIMAL(18,9), effective_cost DECIMAL(18,9), list_cost DECIMAL(18,9), currency VARCHAR,
  file_id INTEGER, problem VARCHAR
);
CREATE TABLE store.statements (
  source VARCHAR, call_id VARCHAR, of_source VARCHAR, of_call_id VARCHAR
);
CREATE TABLE store.linked (
  call_id VARCHAR, source VARCHAR, response_id VARCHAR, request_id VARCHAR, trace_id VARCHAR, parent_id VARCHAR,
  session_id VARCHAR, attempt BIGINT, started_at TIMESTAMP, latency_ms BIGINT, first_token_ms BIGINT,
  operation VARCHAR, provider VARCHAR, model VARCHAR, response_model VARCHAR, service_tier VARCHAR, stream BOOLEAN,
  max_output_tokens BIGINT, input_tokens BIGINT, cache_read_tokens BIGINT, cache_write_tokens BIGINT,
  cache_write_1h_tokens BIGINT, output_tokens BIGINT, reasoning_tokens BIGINT, usage_quality VARCHAR,
  status VARCHAR, http_status BIGINT, error_type VARCHAR, finish_reason VARCHAR, gateway_cache_hit BOOLEAN,
  project VARCHAR, team VARCHAR, user_id VARCHAR, api_key VARCHAR, environment VARCHAR, task VARCHAR,
  tags VARCHAR[], prompt_hash UUID, template_hash UUID, prefix_hash UUID, prefix_tokens BIGINT,
  message_count BIGINT, tool_calls BIGINT, stated_cost DECIMAL(18,9), stated_currency VARCHAR, prompt VARCHAR,
  sources VARCHAR
);
CREATE TABLE store.linking (up_to INTEGER);
CREATE VIEW store.each_call AS
  SELECT
    call_id, source, response_id, request_id, trace_id, parent_id, session_id, attempt, started_at, latency_ms,
    first_token_ms, operation, provider, model, response_model, service_tier, stream, max_output_tokens,
    input_tokens, cache_read_tokens, cache_write_tokens, cache_write_1h_tokens, output_tokens, reasoning_tokens,
    usage_quality, status, http_status, error_type, finish_reason, gateway_cache_hit, project, team, user_id,
    api_key, environment, task, tags, prompt_hash, template_hash, prefix_hash, prefix_tokens, message_count,
    tool_calls, stated_cost, stated_currency, prompt
  FROM store.calls AS c WHERE NOT EXISTS (
    SELECT 1 FROM store.statements AS s WHERE s.source = c.source AND s.call_id = c.call_id
  )
  UNION ALL SELECT
    call_id, source, response_id, request_id, trace_id, parent_id, session_id, attempt, started_at, latency_ms,
    first_token_ms, operation, provider, model, response_model, service_tier, stream, max_output_tokens,
    input_tokens, cache_read_tokens, cache_write_tokens, cache_write_1h_tokens, output_tokens, reasoning_tokens,
    usage_quality, status, http_status, error_type, finish_reason, gateway_cache_hit, project, team, user_id,
    api_key, environment, task, tags, prompt_hash, template_hash, prefix_hash, prefix_tokens, message_count,
    tool_calls, stated_cost, stated_currency, prompt
  FROM store.linked;
CREATE TABLE store.rejects (file_id INTEGER, line BIGINT, reason VARCHAR, text VARCHAR);
CREATE TABLE store.months (
  month VARCHAR PRIMARY KEY, audited_at TIMESTAMP, exit_code INTEGER, sent_at TIMESTAMP
);
