"""What each provider's prompt cache really held: reads and writes of those who use it, savings of those who do not."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.accuracy.lanes import AUTOMATIC, HEAD, TURNS, UNUSED
from tests.accuracy.prices import MILLION, PRICES
from tests.accuracy.world import Call, end, of_month

if TYPE_CHECKING:
    from tests.accuracy.prices import Price
    from tests.accuracy.world import World

LIFETIME_MS = 300_000
AUTOMATIC_MIN, AUTOMATIC_STEP = 1024, 128


def settle(world: World) -> None:
    """Write every call's reads and writes, once all calls are known, and with them the truth about caches."""
    world.calls = [call for call in world.calls if not call.get("_gone")]
    world.calls.sort(key=lambda call: (call["started_ms"], call["call_id"]))
    heads = by_head(world)
    found: dict[tuple[str | None, str, str], list[Marked]] = defaultdict(list)
    for (_, model, _, how), calls in heads.items():
        price = PRICES[model]
        if price.min_prefix is None:
            if how == AUTOMATIC:
                automatic(world, calls)
        elif how == HEAD:
            found[calls[0]["project"], calls[0]["task"], model].append(marked(world, calls, price))
        elif how == TURNS:
            grown(world, calls, price.min_prefix)
        elif how == UNUSED and calls[0]["_lane"].head >= price.min_prefix:
            unused(world, calls, price)
    judge_lanes(world, list(found.values()))


def judge_lanes(world: World, lanes: list[list[Marked]]) -> None:
    """Whether marking a lane's heads pays, in money, and with that each of its writes."""
    for lane in lanes:
        pays = sum(head.brought for head in lane) > 0
        for head in lane:
            for chain, was_read in head.chains:
                judge_writes(world, chain, head.surcharge, was_read=was_read, pays=pays)


def by_head(world: World) -> dict[tuple[str | None, str, str, str], list[Call]]:
    """The calls that the provider read, by project, model, head and how the client caches it."""
    heads: dict[tuple[str | None, str, str, str], list[Call]] = defaultdict(list)
    for call in world.calls:
        if call["_head"] and reached(call) and call["_lane"].head:
            heads[call["project"], call["model"], call["_head"], call["_cache"]].append(call)
    return heads


def reached(call: Call) -> bool:
    """Whether the provider read the call's prompt."""
    return call["input_tokens"] is not None and not call.get("gateway_cache_hit") and call["status"] != "error"


def warm_at(at: int, before: list[Call], lifetime: int = LIFETIME_MS) -> bool:
    """Whether an answered call of the last minutes holds the prefix warm; each use carries it on."""
    return any(end(call) <= at <= call["started_ms"] + lifetime for call in reversed(before[-60:]))


def automatic(world: World, calls: list[Call]) -> None:
    """The provider caches as it likes; where it does not, nobody can be blamed."""
    for number, call in enumerate(calls):
        head = call["_lane"].head
        if head >= AUTOMATIC_MIN and warm_at(call["started_ms"], calls[:number][-60:]):
            if world.rng.random() < 0.85:
                call["cache_read_tokens"] = head // AUTOMATIC_STEP * AUTOMATIC_STEP
            elif of_month(call):
                world.no_waste("automatic_cache_that_was_not_hit", call)


@dataclass(frozen=True, slots=True)
class Marked:
    """One head in the month: its chains of writes, whether each was read, and what marking it brought a token."""

    surcharge: Decimal
    chains: list[tuple[list[Call], bool]]
    brought: Decimal


def marked(world: World, calls: list[Call], price: Price) -> Marked:
    """The client marks the head: the first writes it, the next read it for as long as it is warm."""
    lifetime = calls[0].get("_lifetime", LIFETIME_MS)
    forgotten(world, calls, price)
    calls = [call for call in calls if not call.get("_forgets")]
    chains, reads = list[tuple[list[Call], bool]](), 0
    for number, call in enumerate(calls):
        head, before = call["_lane"].head, calls[max(0, number - 60) : number]
        if head < (price.min_prefix or 0):
            continue
        if warm_at(call["started_ms"], before, lifetime):
            call["cache_read_tokens"] = head
            chains[-1] = (chains[-1][0], True)
            reads += of_month(call)
            if of_month(call):
                world.no_waste("cache_that_was_used", call)
            continue
        if not any(c["started_ms"] + lifetime >= call["started_ms"] for c in before):
            chains.append(([], False))
        call["cache_write_tokens"] = head
        if lifetime > LIFETIME_MS:
            call["cache_write_1h_tokens"] = head
        chains[-1][0].append(call)
    surcharge = (price.write_1h - price.input) / MILLION if lifetime > LIFETIME_MS else price.surcharge
    inside = [([call for call in chain if of_month(call)], was_read) for chain, was_read in chains]
    return Marked(surcharge, inside, reads * price.gap - sum(len(chain) for chain, _ in inside) * surcharge)


def forgotten(world: World, calls: list[Call], price: Price) -> None:
    """Calls of a client that leaves the mark out while others keep the head warm: no write was lacking."""
    marked_before, owed = list[Call](), Decimal(0)
    for number, call in enumerate(calls):
        at, head, before = call["started_ms"], call["_lane"].head, calls[max(0, number - 60) : number]
        if not call.get("_forgets"):
            marked_before.append(call)
        elif not of_month(call):
            continue
        elif warm_at(at, marked_before) or (warm_at(at, before) and head * price.gap > owed):
            world.waste("missed_prompt_cache", call, head * price.gap - owed)
            owed = Decimal(0)
        elif any(at <= end(earlier) + LIFETIME_MS for earlier in before):
            world.open["missed_prompt_cache"].add(call["call_id"])
        else:
            # Two of them in a row could have written and read.
            owed += head * price.surcharge
            world.no_waste("cold_prefix", call)


def judge_writes(world: World, chain: list[Call], surcharge: Decimal, *, was_read: bool, pays: bool) -> None:
    """Writes that nothing read are waste. Of several side by side one was read, the rest are open.

    Open are those too of a lane in which marking pays, for nobody knows beforehand which of its writes will be read,
    and those of a log that does not tell heads apart.
    """
    for number, call in enumerate(chain):
        if was_read and not number:
            world.no_waste("cache_write_that_was_read", call)
        elif was_read or pays or call["prefix_hash"] is None:
            world.open["unread_cache_write"].add(call["call_id"])
        else:
            world.waste("unread_cache_write", call, call["cache_write_tokens"] * surcharge)


def grown(world: World, calls: list[Call], least: int) -> None:
    """An agent's client marks the end of each turn: the next turn reads all that came before it."""
    last: dict[str, Call] = {}
    for number, call in enumerate(calls):
        if call["input_tokens"] < least:
            continue
        before = last.get(call["session_id"])
        read = 0
        if before is not None and warm_at(call["started_ms"], [before]):
            read = before["input_tokens"]
            before["_read"] = True
        elif warm_at(call["started_ms"], calls[max(0, number - 60) : number]):
            read = call["_lane"].head
            for writer in calls[max(0, number - 60) : number]:
                writer["_read"] = True
        call["cache_read_tokens"] = min(read, call["input_tokens"])
        call["cache_write_tokens"] = call["input_tokens"] - call["cache_read_tokens"]
        last[call["session_id"]] = call
    # Nobody knows beforehand which turn is the last, nor which session has no second one.
    last_turns = [call for call in calls if of_month(call) and call["cache_write_tokens"] and not call.get("_read")]
    world.open["unread_cache_write"] |= {call["call_id"] for call in last_turns}


def unused(world: World, calls: list[Call], price: Price) -> None:
    """Had the client marked the head: each cold call would have paid the write, each warm one saved the gap."""
    owed, found, net = Decimal(0), list[tuple[Call, Decimal]](), Decimal(0)
    for number, call in enumerate(calls):
        at, head, before = call["started_ms"], call["_lane"].head, calls[max(0, number - 60) : number]
        if not of_month(call):
            continue
        if warm_at(at, before):
            saved = head * price.gap
            net += saved
            taken = min(owed, saved)
            owed -= taken
            found.append((call, saved - taken))
            continue
        if any(c["started_ms"] + min(900, c["latency_ms"] // 3) <= at < end(c) for c in before) or any(
            c["started_ms"] + LIFETIME_MS < at <= end(c) + LIFETIME_MS for c in before
        ):
            world.open["missed_prompt_cache"].add(call["call_id"])
            continue
        owed += head * price.surcharge
        net -= head * price.surcharge
        world.no_waste("cold_prefix", call)
    if net <= 0:
        world.no_waste("cache_that_would_not_pay", *(call for call, _ in found))
        return
    for call, saving in found:
        if saving > 0:
            world.waste("missed_prompt_cache", call, saving)
        else:
            world.open["missed_prompt_cache"].add(call["call_id"])
