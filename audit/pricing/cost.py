"""The SQL that puts a cost on a call: the list's own arithmetic, in decimal.

Only what some call states and some row prices is written into it, so that ordinary calls are priced by five products.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.pricing.units import FEES, TOKENS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audit.pricing.money import Stated

MONEY = "DECIMAL(18,9)"
# What a pool's prices are stamped with, before its name.
POOL = "pool "
# What a call states beside plain text, by the unit whose price it asks for.
PARTS = {
    "reasoning": "reasoning_tokens",
    "input_audio": "input_audio_tokens",
    "cache_read_audio": "cache_read_audio_tokens",
    "output_audio": "output_audio_tokens",
    "input_image": "input_image_tokens",
    "output_image": "output_image_tokens",
}


@dataclass(frozen=True, slots=True)
class Terms:
    """What the month's calls and prices ask of the formula.

    ``parts`` are the kinds of token that some row prices apart and some call states; ``fees`` says that some call
    states a quantity; ``conditions`` are the columns of a price row by which rows of one name differ; ``translated``
    says that some row is in another currency than the report, ``pooled`` that some row is a pool's, ``stated`` are the
    sources whose own cost counts, and ``region`` is the SQL of where a call was served.
    """

    parts: frozenset[str]
    fees: bool
    conditions: frozenset[str]
    translated: bool
    pooled: bool
    stated: Stated | None
    region: str

    def match(self, c: str, p: str) -> str:
        """The condition under which a price row ``p`` is that of a call ``c``: one row at most is."""
        said = [
            f"{p}.provider IS NOT DISTINCT FROM {c}.provider",
            f"{p}.model = {c}.model",
            f"{p}.service_tier = coalesce({c}.service_tier, 'standard')",
            f"{c}.started_at >= {p}.valid_from AND {c}.started_at < {p}.valid_to",
            f"coalesce({c}.input_tokens, 0) >= {p}.input_from AND coalesce({c}.input_tokens, 0) < {p}.input_to",
        ]
        if "region" in self.conditions:
            said.append(f"{p}.region IS NOT DISTINCT FROM {self.region.format(c=c)}")
        if "output" in self.conditions:
            said.append(
                f"coalesce({c}.output_tokens, 0) >= {p}.output_from AND coalesce({c}.output_tokens, 0) < {p}.output_to"
            )
        if "second" in self.conditions:
            # Microseconds of the UTC day; the hour's edge belongs to what begins at it.
            of_day = f"(epoch_us({c}.started_at) % 86400000000)"
            said.append(f"{of_day} >= {p}.second_from * 1000000 AND {of_day} < {p}.second_to * 1000000")
        if "thinking" in self.conditions:
            said.append(f"({p}.thinking IS NULL OR {p}.thinking = (coalesce({c}.reasoning_tokens, 0) > 0))")
        return "\n  AND ".join(said)

    def native_cost(self, c: str, p: str) -> str:
        """What the list says a call cost, in the list's currency, to nine digits."""
        exact = _exact(c, p, " + ".join(_products(c, p, self.parts, fees=self.fees)), fees=self.fees)
        if self.pooled:
            # A pool's cost is spread by what was said of all tokens, whatever their parts add up to.
            weighed = " + ".join(f"{p}.native_{way} * coalesce({c}.{way}_tokens, 0)" for way in ("input", "output"))
            of_pool = f"starts_with({p}.price_source, '{POOL}')"
            exact = f"(CASE WHEN {of_pool} THEN {_exact(c, p, weighed, fees=False)} ELSE {exact} END)"
        # By way of a narrow decimal it takes a fifth of the time; what that cannot hold goes straight. A count that no
        # money column can hold is a broken log's: its cost is unknown, and the audit goes on.
        return f"coalesce(try_cast(try_cast({exact} AS DECIMAL(18,15)) AS {MONEY}), try_cast({exact} AS {MONEY}))"

    def products(self, c: str, p: str) -> dict[str, tuple[str, str]]:
        """The sum's terms, count and price in the list's currency: by kind of token, ``request``, and ``fee``."""
        of_pool = f"starts_with({p}.price_source, '{POOL}')"
        whole = {way: f"coalesce({c}.{way}_tokens, 0)" for way in ("input", "output")}
        counts = {
            # A pool's calls are weighed by all tokens.
            name: f"(CASE WHEN {of_pool} THEN {whole.get(name, '0')} ELSE {count} END)" if self.pooled else count
            for name, count in _counts(c, self.parts).items()
        }
        told = {name: (count, f"{p}.native_{name}") for name, count in counts.items()}
        told["request"] = (f"(CASE WHEN {of_pool} THEN 0 ELSE 1 END)" if self.pooled else "1", f"{p}.native_request")
        if self.fees:
            told["fee"] = (f"coalesce({c}.quantity, 0)", _fee_price(c, p))
        return told

    def billing(self, c: str, p: str) -> str:
        """Which way a call is billed: ``gateway`` (its own answer), ``failed``, ``unknown``, or ``billed``."""
        return _exact(c, p, "'billed'", fees=self.fees, unbilled=("'gateway'", "'failed'", "'unknown'"))

    def list_cost(self, c: str) -> str:
        """What the list says a call cost, in the report's currency: ``native_cost`` at the month's ``rate``."""
        if not self.translated:
            return f"{c}.native_cost"
        # What nobody bills is nothing at any rate, though no row prices it.
        # A product whose digits a narrow decimal holds is rounded forty times as fast as one they do not fit.
        return (
            f"CASE WHEN coalesce({c}.rate, 1) = 1 THEN {c}.native_cost "
            f"WHEN {c}.native_cost < {c}.narrow_below THEN ({c}.native_cost * {c}.narrow_rate)::{MONEY} "
            f"ELSE try_cast({c}.native_cost * {c}.rate AS {MONEY}) END"
        )

    def cost(self, c: str) -> str:
        """What a call cost as the report has it: ``{c}.list_cost``, or, where the settings say so, its source's own."""
        return f"{c}.list_cost" if self.stated is None else self.stated.instead(c, f"{c}.list_cost")

    def source(self, c: str, p: str) -> str:
        """Which list priced a call, with its version, or that its source's own cost was taken."""
        return f"{p}.price_source" if self.stated is None else self.stated.source(c, f"{p}.price_source")


def _exact(c: str, p: str, billed: str, *, fees: bool, unbilled: tuple[str, str, str] = ("0", "0", "NULL")) -> str:
    """A gateway's own answer and a failure that states no usage were not billed.

    A call whose usage is unknown, or one half of it, has no known cost; of one that failed or was given up, what is
    stated is all there was. Where parts exceed the whole they are part of, nothing plain is left, never less than none.
    """
    gateway, failed, untold = unbilled
    usage = f"{c}.input_tokens IS NULL AND {c}.output_tokens IS NULL"
    nothing = f"coalesce({c}.input_tokens, 0) + coalesce({c}.output_tokens, 0) = 0"
    unknown = f"{usage} THEN {untold}"
    if fees:
        nothing += f" AND coalesce({c}.quantity, 0) = 0"
        # What is billed by the piece alone has no tokens to state.
        unknown = f"{usage} AND ({c}.quantity IS NULL OR {p}.native_input > 0 OR {p}.native_output > 0) THEN {untold}"
    halves = f"{c}.input_tokens IS NULL OR {c}.output_tokens IS NULL AND {p}.native_output > 0"
    if fees:
        halves = f"({halves}) AND NOT ({usage})"
    return f"""(CASE
  WHEN {c}.gateway_cache_hit THEN {gateway}
  WHEN {c}.status IN ('error', 'cancelled') AND {nothing} THEN {failed}
  WHEN {unknown}
  WHEN coalesce({c}.status, '') NOT IN ('error', 'cancelled') AND ({halves}) THEN {untold}
  ELSE {billed}
END)"""


def _products(c: str, p: str, parts: frozenset[str], *, fees: bool) -> list[str]:
    """The sum's terms, in the list's currency."""
    counts = _counts(c, parts)
    products = [f"{p}.native_request", *(f"{p}.native_{name} * {counts[name]}" for name in TOKENS if name in counts)]
    if fees:
        products.append(f"(CASE WHEN coalesce({c}.quantity, 0) = 0 THEN 0 ELSE {_fee_price(c, p)} * {c}.quantity END)")
    return products


def _fee_price(c: str, p: str) -> str:
    priced = " ".join(f"WHEN '{unit}' THEN {p}.native_{unit}" for unit in FEES)
    return f"CASE {c}.unit {priced} END"


def _counts(c: str, parts: frozenset[str]) -> dict[str, str]:
    """How many of each kind of token are billed as that kind: the whole without its parts, where they are told."""
    told = {name: f"coalesce({c}.{PARTS[name]}, 0)" for name in PARTS if name in parts}
    read, written, hour = (
        f"coalesce({c}.{name}, 0)" for name in ("cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens")
    )
    sound, cached_sound = told.get("input_audio"), told.get("cache_read_audio")
    fresh_sound = sound and (f"greatest(0, {sound} - {cached_sound})" if cached_sound else sound)
    counts = {
        "input": _less(f"coalesce({c}.input_tokens, 0)", read, written, fresh_sound, told.get("input_image")),
        "cache_read": _less(read, cached_sound) if cached_sound else read,
        "cache_write": _less(written, hour),
        "cache_write_1h": hour,
        "output": _less(
            f"coalesce({c}.output_tokens, 0)",
            *(told.get(name) for name in ("reasoning", "output_audio", "output_image")),
        ),
        **told,
    }
    if fresh_sound:
        counts["input_audio"] = fresh_sound
    return counts


def _less(whole: str, *taken: str | None) -> str:
    """A count without its parts; the whole where it has none."""
    parts = [part for part in taken if part]
    return f"greatest(0, {' - '.join([whole, *parts])})" if parts else whole


def parts_asked(stated: Mapping[str, int], priced: Mapping[str, bool]) -> frozenset[str]:
    """The kinds of token that some call states (how many do) and some row prices apart from its plainer kind."""
    asked = {name for name, column in PARTS.items() if stated[column] and priced[name]}
    # Cached sound can be told from fresh only where both have their prices in the sum.
    if "cache_read_audio" in asked or ("input_audio" in asked and stated[PARTS["cache_read_audio"]]):
        asked |= {"input_audio", "cache_read_audio"}
    return frozenset(asked)
