"""Five companies: a chat product, coding agents, a search over documents, batch jobs, and one that wastes nothing."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

from tests.accuracy import (
    caching,
    events,
    hard,
    heads,
    invalid,
    loops,
    quiet,
    redundant,
    sizes,
    storms,
    tolerant,
    traffic,
)
from tests.accuracy.days import MORNING
from tests.accuracy.usual import (
    ANSWER,
    ASK,
    BROWSE,
    BUILD,
    CLASSIFY,
    DIGEST,
    EXTRACT,
    INDEX,
    QUERY,
    REPLY,
    REVIEW,
    REWRITE,
    SEARCH,
    SUMMARISE,
    TRANSLATE,
    TRIAGE,
)
from tests.accuracy.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.accuracy.lanes import Lane


def common(world: World, lanes: list[Lane]) -> None:
    """The lanes' ordinary traffic and, planted on it, the waste that every log can have and what only looks like it."""
    traffic.generate(world, lanes)
    projects = sorted({lane.project for lane in lanes})
    quiet.plant(world, projects)
    redundant.duplicates(world, 120)
    redundant.not_quite_duplicates(world, 15)
    redundant.fallbacks(world, 45)
    redundant.storms(world, 8)
    invalid.failures(world, 45)
    invalid.empties(world, 40)
    invalid.cuts(world, 45)
    invalid.filtered(world, 50)
    invalid.client_errors(world, 25)
    hard.second_tries(world, 12)


def chat(world: World) -> None:
    """A chat product and its help desk."""
    common(world, [REPLY, TRIAGE, ANSWER, TRANSLATE])
    quiet.small_talk(world, "assistant")
    quiet.no_usage(world, "helpdesk")
    redundant.probes(world, "helpdesk")
    heads.never_marked(world, "helpdesk", 16)
    heads.hour_long(world, "assistant", 45)
    sizes.oversized(world, "helpdesk")
    sizes.bloated(world, "assistant")
    hard.constant_session(world, TRIAGE)
    events.newcomer(world, "assistant")
    events.slow_peaks(world, "helpdesk")
    events.unowned(world, 12)


def agents(world: World) -> None:
    """Coding agents and researchers."""
    common(world, [BUILD, REVIEW, BROWSE, SUMMARISE])
    quiet.no_usage(world, "research")
    loops.runaways(world, BUILD, 5)
    loops.runaways(world, BROWSE, 4)
    loops.long_work(world, BUILD, 3)
    loops.parallel_tools(world, BUILD, 12)
    hard.steps(world, BROWSE, 15)
    hard.nightly_agent(world, "code-agent")
    heads.never_marked(world, "code-agent", 16)
    heads.dated_heads(world, "code-agent", 10)
    heads.without_fingerprints(world, "research", 30)
    sizes.overthought(world, "research")
    events.night_key(world, "research")
    events.over_the_line(world, "research")


def search(world: World) -> None:
    """Answers from documents: a shared head, embeddings, an index that is built anew."""
    common(world, [SEARCH, QUERY, INDEX, REWRITE, ASK])
    redundant.reembeddings(world, 60)
    redundant.probes(world, "search")
    heads.never_marked(world, "docs", 30)
    heads.sparse(world, "docs")
    heads.unmarked(world, "docs", 70)
    heads.forgetful(world, "search", 80)
    heads.dated_heads(world, "search", 8)
    heads.hour_long(world, "docs", 45)
    sizes.bloated(world, "docs")
    sizes.uncapped(world, "docs")
    events.spike(world, "docs", 3.0)
    events.drift(world, "search")


def batch(world: World) -> None:
    """Extraction by night, classification by day, GPUs of one's own."""
    common(world, [CLASSIFY, DIGEST, EXTRACT, TRANSLATE])
    quiet.small_talk(world, "intake")
    tolerant.plant(world, "intake")
    hard.job_run_twice(world, EXTRACT, 60)
    hard.nightly_agent(world, "reports")
    heads.dated_heads(world, "reports", 8)
    sizes.oversized(world, "reports")
    sizes.overthought(world, "reports")
    events.pool(world, "intake", idle=True)
    events.unpriced(world, "intake", 40)
    events.price_rise(world, "reports")
    events.spike(world, "helpdesk", 4.0)


def clean(world: World) -> None:
    """A company that wastes nothing: everything that looks like it, and nothing else."""
    # Where calls come one after another a cache pays; spread over the day the same lane would write more than it reads.
    busy = replace(SEARCH, hours=MORNING)
    lanes = [REPLY, TRIAGE, ANSWER, busy, INDEX, REWRITE, CLASSIFY, EXTRACT]
    traffic.generate(world, lanes)
    quiet.plant(world, sorted({lane.project for lane in lanes}))
    quiet.small_talk(world, "assistant")
    quiet.no_usage(world, "helpdesk")
    loops.long_work(world, BUILD, 2)
    loops.parallel_tools(world, BUILD, 8)
    hard.steps(world, TRIAGE, 8)
    hard.constant_session(world, TRIAGE)
    hard.nightly_agent(world, "search")
    heads.sparse(world, "search")
    heads.without_fingerprints(world, "search", 30)
    tolerant.plant(world, "intake", waste=False)
    sizes.oversized(world, "intake", waste=False)
    sizes.overthought(world, "helpdesk", waste=False)
    sizes.bloated(world, "search", waste=False)
    events.pool(world, "intake", idle=False)


MIXES: dict[str, Callable[[World], None]] = {
    "chat product": chat,
    "coding agents": agents,
    "document search": search,
    "batch jobs": batch,
    "clean": clean,
}


def simulate(mix: str, seed: int, scale: float = 1.0) -> World:
    """One mix of one seed with all its truth."""
    world = World(Random(f"{mix}/{seed}"), scale)
    MIXES[mix](world)
    caching.settle(world)
    storms.settle(world)
    loops.settle(world)
    return world
