"""Simulate four months and write them: ``python -m tests.simulator [--out sample_logs] [--seed 7]``."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from random import Random

from tests.simulator import claude_code, litellm, native, negatives, traffic, truth, waste
from tests.simulator.calls import CLAUDE_CODE, GATEWAY, NATIVE, World
from tests.simulator.files import saved

SAMPLE_LOGS = Path(__file__).parents[2] / "sample_logs"
WRITTEN_BY_HAND = ("audit.toml", "revenue.csv", "README.md")


def simulate(seed: int) -> World:
    """All that happens, in the order of time."""
    world = World(Random(seed))
    traffic.generate(world)
    waste.plant(world)
    negatives.plant(world)
    world.calls.sort(key=lambda call: (call.started, call.call_id))
    return world


def write(world: World, out: Path) -> None:
    """The logs and their truth; settings, revenue and README are kept by hand and copied along."""
    for folder in ("gateway", "native", "claude-code"):
        shutil.rmtree(out / folder, ignore_errors=True)
    litellm.write(out / "gateway", [call for call in world.calls if call.family == GATEWAY])
    rejected = native.write(out / "native", [call for call in world.calls if call.family == NATIVE])
    claude_code.write(out / "claude-code", [call for call in world.calls if call.family == CLAUDE_CODE])
    saved(out / "truth.yml", truth.text(world, rejected).encode())
    for name in WRITTEN_BY_HAND:
        if out.resolve() != SAMPLE_LOGS:
            shutil.copyfile(SAMPLE_LOGS / name, out / name)


def main() -> None:
    """Read the two options and write."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulator", description=__doc__)
    parser.add_argument("--out", type=Path, default=SAMPLE_LOGS, help="the folder to write")
    parser.add_argument("--seed", type=int, default=7, help="the seed of all chance")
    options = parser.parse_args()
    world = simulate(options.seed)
    write(world, options.out)
    print(f"{len(world.calls)} calls written to {options.out}")  # noqa: T201 a command's answer


if __name__ == "__main__":
    main()
