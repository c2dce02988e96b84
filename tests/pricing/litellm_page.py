"""The page docs/prices_against_litellm.md: `python -m tests.pricing.litellm_page` writes it."""

from __future__ import annotations

from collections import Counter, defaultdict
from decimal import Decimal
from importlib import metadata
from typing import TYPE_CHECKING

from audit.pricing import catalogue
from tests.conftest import ROOT
from tests.pricing.litellm_says import AT, PAGE, VERDICTS, Comparison, said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.pricing.litellm_says import Call, Difference

INTRODUCTION = f"""# Our prices against LiteLLM's

The [LiteLLM](https://docs.litellm.ai) package keeps a price list of its own and works out costs with it. The tests
(`tests/pricing/test_against_litellm.py`) price the same calls with both. For each model of the providers below that
LiteLLM prices by tokens: a plain call, one with reasoning, with cache reads, with cache writes, longer and longer ones,
one with sound, one with images, and one for each service tier that its list has; for the others, so much sound to
write down, text to speak, or searches to rank. Names are those that LiteLLM logs. LiteLLM's list has no dates; ours is
asked for {AT:%-d %B %Y, %H:%M} UTC. Some rows of our own lists were read off LiteLLM's (their `source` says so): there,
agreement shows the arithmetic alone.

This page is written by `python -m tests.pricing.litellm_page`, from the run and from the reasons in
`tests/pricing/litellm_differences.toml`. A test fails when a difference has no reason, and when a reason is no longer
needed.
"""
UNPRICED = """A call without a price here is reported as unpriced, and never counts as free. Where shapes of calls stand
behind a model, its other calls have a price.
"""


def page(found: Comparison) -> str:
    """The page: the agreement, each provider's, the reasons, and the models that have no price here."""
    agreement = f"{found.line[0].upper()}{found.line[1:]}".replace(f" in {PAGE}", " below")
    lists = f"LiteLLM {metadata.version('litellm')}, {catalogue.source()} behind our own lists"
    parts = [INTRODUCTION, f"**{agreement}.** ({lists}.)\n"]
    parts += ["## By provider\n", _providers(found), "## Where they differ\n"]
    for verdict, head in VERDICTS.items():
        entries = [entry for entry in found.known if entry.verdict == verdict]
        if entries:
            parts += [f"### {head}\n", *(_entry(found, entry) for entry in entries)]
    parts += [
        "## What only LiteLLM prices\n",
        UNPRICED,
        _unpriced(found),
    ]
    return "\n".join(parts)


def _providers(found: Comparison) -> str:
    models: dict[str, dict[str, list[Call]]] = defaultdict(lambda: defaultdict(list))
    for call in found.calls:
        models[call.provider][call.model].append(call)
    rows = []
    for provider, calls in sorted(models.items()):
        counted: Counter[str] = Counter()
        for of_model in calls.values():
            unpriced = all(call.ours is None for call in of_model)
            counted["unpriced" if unpriced else "differs" if any(c.differs for c in of_model) else "agrees"] += 1
        rows.append((f"`{provider}`", *(f"{counted[state]}" for state in ("agrees", "differs", "unpriced"))))
    return _table(("provider", "models that agree", "models that differ", "models without a price here"), rows)


def _entry(found: Comparison, entry: Difference) -> str:
    """A reason with its models: the first call of each that differs, and what each side says it costs."""
    calls: dict[str, list[Call]] = defaultdict(list)
    for call in found.disagreements:
        if found.explained(call) is entry:
            calls[call.model].append(call)
    sources = " ".join(f"<{address}>" for address in entry.source)
    compared = Counter(call.name for call in found.compared)
    rows = []
    for model, differ in calls.items():
        first, whole = differ[0], len(differ) == compared[differ[0].name] > 1
        shapes = f"all {len(differ)}" if whole else ", ".join(call.shape for call in differ)
        rows.append((f"`{model}`", shapes, _dollars(first.theirs), _dollars(first.ours or Decimal(0))))
    head = ("model", "calls that differ", "the first: LiteLLM", "here")
    return f"**{entry.provider}.** {' '.join(entry.why.split())} {sources}".rstrip() + "\n\n" + _table(head, rows)


def _dollars(cost: Decimal) -> str:
    return f"${cost.quantize(Decimal('0.000000001')).normalize():f}"


def _unpriced(found: Comparison) -> str:
    shapes: dict[tuple[str, str], list[str]] = defaultdict(list)
    for call in found.calls:
        if call.ours is None:
            shapes[call.name].append(call.shape)
    partly = {call.name for call in found.compared}
    rows: dict[str, list[str]] = defaultdict(list)
    for (provider, model), missing in shapes.items():
        named = f" ({', '.join(missing)})" if (provider, model) in partly else ""
        rows[provider].append(f"`{model}`{named}")
    return _table(("provider", "models"), [(f"`{provider}`", ", ".join(names)) for provider, names in rows.items()])


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    (ROOT / PAGE).write_text(page(Comparison(said())), encoding="utf-8")
