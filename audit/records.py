"""The central types: the call record and what an audit makes of it.

They are small, frozen and import nothing of the project. Money is ``Decimal`` in the report's currency,
instants are UTC, durations are milliseconds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

TEXT, WHOLE, MONEY, INSTANT, FLAG, HASH, TEXTS = (
    "VARCHAR",
    "BIGINT",
    "DECIMAL(18,9)",
    "TIMESTAMP",
    "BOOLEAN",
    "UUID",
    "VARCHAR[]",
)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the call record: its name, its SQL type and what it means."""

    name: str
    type: str
    meaning: str


CALL_COLUMNS: tuple[Column, ...] = (
    Column("call_id", TEXT, "the call's identity within its source"),
    Column("source", TEXT, "where the call was logged; (source, call_id) is unique"),
    Column("response_id", TEXT, "the provider's id of the answer"),
    Column("request_id", TEXT, "the gateway's or the provider's id of the request"),
    Column("trace_id", TEXT, "the trace the call belongs to"),
    Column("parent_id", TEXT, "the span or call that caused it"),
    Column("session_id", TEXT, "the conversation or agent session"),
    Column("attempt", WHOLE, "the try, counted from 1"),
    Column("started_at", INSTANT, "when the request was sent, UTC"),
    Column("latency_ms", WHOLE, "from request to the last token, milliseconds"),
    Column("first_token_ms", WHOLE, "from request to the first token, milliseconds"),
    Column("operation", TEXT, "chat, text_completion, embeddings, rerank, ..."),
    Column("provider", TEXT, "who bills it"),
    Column("model", TEXT, "the model asked for"),
    Column("response_model", TEXT, "the model that answered"),
    Column("service_tier", TEXT, "standard, batch, flex, priority or fast"),
    Column("region", TEXT, "the region or platform that served it, where prices differ"),
    Column("stream", FLAG, "whether the answer was streamed"),
    Column("max_output_tokens", WHOLE, "the cap the request set on its output"),
    Column("input_tokens", WHOLE, "all input, with what was read from and written to the prompt cache"),
    Column("cache_read_tokens", WHOLE, "the part of the input read from the provider's prompt cache"),
    Column("cache_write_tokens", WHOLE, "the part of the input written to the provider's prompt cache"),
    Column("cache_write_1h_tokens", WHOLE, "the part of the cache write with the one-hour lifetime"),
    Column("output_tokens", WHOLE, "all output, with reasoning"),
    Column("reasoning_tokens", WHOLE, "the part of the output spent on reasoning"),
    Column("input_audio_tokens", WHOLE, "the part of the input that is sound"),
    Column("cache_read_audio_tokens", WHOLE, "the part of that sound read from the provider's prompt cache"),
    Column("output_audio_tokens", WHOLE, "the part of the output that is sound"),
    Column("input_image_tokens", WHOLE, "the part of the input that is images"),
    Column("output_image_tokens", WHOLE, "the part of the output that is images"),
    Column("quantity", WHOLE, "how much was consumed of what is not billed by tokens, in the unit"),
    Column("unit", TEXT, "web_searches, images, audio_ms, characters, pages or search_units, which are a rerank's"),
    Column("usage_quality", TEXT, "reported, derived, partial or missing"),
    Column("status", TEXT, "ok, error, truncated, filtered, cancelled or unknown"),
    Column("http_status", WHOLE, "the HTTP status of the answer"),
    Column("error_type", TEXT, "the kind of error"),
    Column("finish_reason", TEXT, "why the model stopped, as logged"),
    Column("gateway_cache_hit", FLAG, "answered from the gateway's own response cache"),
    Column("project", TEXT, "who pays: the project"),
    Column("team", TEXT, "the team"),
    Column("user_id", TEXT, "the user or end user"),
    Column("api_key", TEXT, "the key's alias or hash, never a raw key"),
    Column("environment", TEXT, "prod, staging, dev, ..."),
    Column("task", TEXT, "what the call was for"),
    Column("tags", TEXTS, "labels of the log's own"),
    Column("prompt_hash", HASH, "the whole request's fingerprint"),
    Column("template_hash", HASH, "the prompt's fingerprint with numbers, ids and dates taken out"),
    Column("prefix_hash", HASH, "the fingerprint of the stable head: system prompt and tools"),
    Column("prefix_tokens", WHOLE, "that head's length"),
    Column("message_count", WHOLE, "messages in the request"),
    Column("tool_calls", WHOLE, "tool calls in the answer"),
    Column("stated_cost", MONEY, "what the log says the call cost"),
    Column("stated_currency", TEXT, "the currency of the stated cost, ISO 4217"),
    Column("prompt", TEXT, "the request's text; kept only where the settings say keep_prompts"),
)

BILL_COLUMNS: tuple[Column, ...] = (
    Column("bill_id", TEXT, "the line's identity; what it is about (period, model, project, ...) where it has none"),
    Column("source", TEXT, "where the bill or the usage report comes from"),
    Column("provider", TEXT, "who bills"),
    Column("period_start", INSTANT, "from when on the line counts, UTC"),
    Column("period_end", INSTANT, "until when, UTC, exclusive"),
    Column("operation", TEXT, "chat, embeddings, ..., where the report tells them apart"),
    Column("model", TEXT, "the model"),
    Column("service_tier", TEXT, "standard, batch, flex or priority"),
    Column("project", TEXT, "the provider's project or workspace"),
    Column("sub_account", TEXT, "the provider's account below the one that is billed"),
    Column("user_id", TEXT, "the user"),
    Column("api_key", TEXT, "the key's name or id, never a raw key"),
    Column("line_item", TEXT, "what the line is for, in the bill's own words"),
    Column("requests", WHOLE, "how many calls it stands for"),
    Column("input_tokens", WHOLE, "all input, with what was read from and written to the prompt cache"),
    Column("cache_read_tokens", WHOLE, "the part of the input read from the prompt cache"),
    Column("cache_write_tokens", WHOLE, "the part of the input written to the prompt cache"),
    Column("cache_write_1h_tokens", WHOLE, "the part of the cache write with the one-hour lifetime"),
    Column("output_tokens", WHOLE, "all output, with reasoning"),
    Column("quantity", "DOUBLE", "what was consumed, in the unit"),
    Column("unit", TEXT, "the quantity's unit"),
    Column("billed_cost", MONEY, "what is to be paid"),
    Column("effective_cost", MONEY, "what it costs with prepaid parts spread over it"),
    Column("list_cost", MONEY, "what it would cost without discounts"),
    Column("currency", TEXT, "the currency of the costs, ISO 4217"),
)

PRICE_COLUMNS: tuple[Column, ...] = (
    Column("cost", MONEY, "what we say the call cost, in the report's currency; NULL where no price is known"),
    Column(
        "list_cost", MONEY, "what the price list says it cost, kept where the log's own cost is taken; same currency"
    ),
    Column("native_cost", MONEY, "what it cost in the price list's own currency"),
    Column("native_currency", TEXT, "the price list's currency, ISO 4217"),
    Column("input_price", "DECIMAL(18,12)", "price of one plain input token"),
    Column("cache_read_price", "DECIMAL(18,12)", "price of one token read from the prompt cache"),
    Column("cache_write_price", "DECIMAL(18,12)", "price of one token written to the prompt cache"),
    Column("output_price", "DECIMAL(18,12)", "price of one output token"),
    Column("price_source", TEXT, "the list the prices came from, with its version"),
)


class Grade(StrEnum):
    """How sure a finding is. The order is the ledger's: what is surest is credited first."""

    PROVEN = "proven"
    AVOIDABLE = "avoidable"
    HYPOTHESIS = "hypothesis"
    ALERT = "alert"


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month, the audit's unit."""

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> Month:
        """Read ``2026-10``; raises ValueError with the remedy in its words."""
        match = re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", text)
        if match is None:
            raise ValueError(f"'{text}' is not a month: write it as 2026-10")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of(cls, day: date) -> Month:
        """The month a day lies in."""
        return cls(day.year, day.month)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.number:02d}"

    def shift(self, months: int) -> Month:
        """The month so many later, or earlier where negative."""
        index = self.year * 12 + self.number - 1 + months
        return Month(index // 12, index % 12 + 1)

    @property
    def first_day(self) -> date:
        """The month's first day."""
        return date(self.year, self.number, 1)

    @property
    def last_day(self) -> date:
        """The month's last day."""
        return self.shift(1).first_day - timedelta(days=1)

    def start(self, zone: ZoneInfo) -> datetime:
        """The instant the month begins in a time zone, in UTC."""
        return datetime(self.year, self.number, 1, tzinfo=zone).astimezone(UTC)

    def end(self, zone: ZoneInfo) -> datetime:
        """The instant the next month begins, in UTC."""
        return self.shift(1).start(zone)


State = Literal["held", "ended", "grown"]


@dataclass(frozen=True, slots=True)
class Acceptance:
    """That a person took a finding as it is, from one month to another, and whether that holds.

    It holds, or has ended, or the finding has grown beyond ``limit`` (money) or ``most_calls``; None where it may grow.
    """

    state: State
    reason: str
    by: str
    since: str
    until: str
    limit: Decimal | None = None
    most_calls: int | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule found at one place, with the money the ledger credited to it.

    ``saving`` is what the rule claims; ``credited`` is what is left of it once surer findings have taken
    theirs. Both are None for alerts and where no price is known. ``accepted`` says that a person took it as it is.
    """

    id: str
    rule: str
    family: str
    grade: Grade
    project: str | None
    subject: str | None
    title: str
    because: str
    fix: str
    calls: int
    saving: Decimal | None
    credited: Decimal | None
    amount: Decimal | None = None
    call_ids: tuple[str, ...] = ()
    evidence: dict[str, Any] = field(default_factory=dict)
    accepted: Acceptance | None = None

    @property
    def money(self) -> Decimal | None:
        """What it is about in money: what it was credited, or else the amount it names."""
        return self.amount if self.credited is None else self.credited

    @property
    def is_accepted(self) -> bool:
        """Whether nobody need do anything about it, for now."""
        return self.accepted is not None and self.accepted.state == "held"


class AuditError(Exception):
    """A mistake the user can mend: its text says what is wrong, where, and what to do."""

    exit_code = 1


class UsageError(AuditError):
    """Wrong settings or arguments."""

    exit_code = 2


class StoreBusyError(AuditError):
    """Another run holds the store."""

    exit_code = 5
