"""What each prompt template cost: calls by project and ``template_hash``, the prompt without what fills it.

No prompt is shown unless the settings keep prompts; a template is known by the first digits of its hash and its task.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from audit.ingest.prompts import FILLINGS

if TYPE_CHECKING:
    from audit.engine.duckdb import Engine
    from audit.settings import Settings
    from audit.window import Span

MOST, NAMED, READ = 1_000, 3, 10
HEAD_LENGTH = 400
ZERO = Decimal(0)
_MONEY = Decimal("0.000000001")
_PART = Decimal("0.000001")
_SPACE = "white space but lone blanks"
_FAILED = "status IN ('error', 'cancelled')"


@dataclass(frozen=True, slots=True)
class PromptLine:
    """One template of a project, with the task most of its calls state and the models most of its money went to.

    Medians are of the calls that state their tokens; ``cache_share`` is the part of the input read from the provider's
    cache, ``failed_share`` the part of the calls that failed or were given up. What no call states is None. ``head`` is
    how its prompt begins, fillings left out; empty unless prompts are kept.
    """

    project: str | None
    template: str
    task: str | None
    tasks: int
    calls: int
    unpriced_calls: int
    cost: Decimal
    per_call: Decimal | None
    input_median: int | None
    output_median: int | None
    cache_share: Decimal | None
    failed_share: Decimal | None
    models: tuple[str, ...]
    models_in_all: int
    head: str = ""


@dataclass(frozen=True, slots=True)
class Prompts:
    """The templates by cost, those beyond the first thousand together, and the calls whose log states no prompt."""

    lines: tuple[PromptLine, ...] = ()
    templates: int = 0
    other_calls: int = 0
    other_cost: Decimal = ZERO
    unstated_calls: int = 0
    unstated_cost: Decimal = ZERO


def prompts(engine: Engine, settings: Settings, span: Span) -> Prompts:
    """The month's templates from ``priced``: one pass that groups all of it, the rest looks at the dearest alone."""
    since = {"start": span.start}
    engine.run(
        "CREATE OR REPLACE TEMP TABLE templates AS SELECT project, template_hash, count(*) AS calls, "
        "coalesce(sum(cost), 0) AS spent FROM priced WHERE started_at >= $start GROUP BY ALL",
        since,
    )
    unstated, unstated_cost, in_all, calls, cost = engine.row(
        "SELECT coalesce(sum(calls) FILTER (template_hash IS NULL), 0)::BIGINT, "
        "coalesce(sum(spent) FILTER (template_hash IS NULL), 0), count(template_hash), "
        "coalesce(sum(calls) FILTER (template_hash IS NOT NULL), 0)::BIGINT, "
        "coalesce(sum(spent) FILTER (template_hash IS NOT NULL), 0) FROM templates"
    )
    lines = _lines(engine, settings, span) if in_all else ()
    return Prompts(
        lines=lines,
        templates=in_all,
        other_calls=calls - sum(line.calls for line in lines),
        other_cost=Decimal(cost) - sum((line.cost for line in lines), ZERO),
        unstated_calls=unstated,
        unstated_cost=Decimal(unstated_cost),
    )


def _lines(engine: Engine, settings: Settings, span: Span) -> tuple[PromptLine, ...]:
    # A row of NULL for a project that nobody owns joins as any other.
    engine.run(
        "CREATE OR REPLACE TEMP TABLE dearest AS SELECT row_number() OVER (ORDER BY spent DESC, calls DESC, project, "
        "template_hash) AS place, project, template_hash FROM templates WHERE template_hash IS NOT NULL "
        f"ORDER BY place LIMIT {MOST}"
    )
    rows = engine.rows(
        "SELECT d.place, any_value(p.project), any_value(p.template_hash)::VARCHAR, count(*), count(*) - count(cost), "
        "coalesce(sum(cost), 0), quantile_disc(input_tokens, 0.5), quantile_disc(output_tokens, 0.5), "
        "sum(input_tokens) FILTER (cache_read_tokens IS NOT NULL)::BIGINT, "
        "sum(cache_read_tokens) FILTER (input_tokens IS NOT NULL)::BIGINT, "
        f"count(status) FILTER (status <> 'unknown'), count(*) FILTER ({_FAILED}) FROM {_CALLS} "
        "GROUP BY d.place ORDER BY d.place",
        {"start": span.start},
    )
    models, tasks = (_most(engine, span, *what) for what in (("model", "coalesce(sum(cost), 0)"), ("task", "count(*)")))
    heads = _heads(engine, span) if settings.logs.keep_prompts else {}
    return tuple(_line(row, models, tasks, heads) for row in rows)


_CALLS = (
    "priced p JOIN dearest d ON p.project IS NOT DISTINCT FROM d.project AND p.template_hash = d.template_hash "
    "WHERE p.started_at >= $start"
)
_Named = dict[int, tuple[int, tuple[str, ...]]]


def _line(row: tuple[Any, ...], models: _Named, tasks: _Named, heads: dict[str, str]) -> PromptLine:
    place, project, template, calls, unpriced, cost, median_in, median_out, tokens, read, told, failed = row
    tasks_in_all, of_tasks = tasks.get(place, (0, ()))
    models_in_all, of_models = models.get(place, (0, ()))
    priced = calls - unpriced
    return PromptLine(
        project=project,
        template=template.replace("-", ""),
        task=of_tasks[0] if of_tasks else None,
        tasks=tasks_in_all,
        calls=calls,
        unpriced_calls=unpriced,
        cost=cost,
        per_call=(cost / priced).quantize(_MONEY) if priced else None,
        input_median=median_in,
        output_median=median_out,
        cache_share=(Decimal(read) / tokens).quantize(_PART) if tokens else None,
        failed_share=(Decimal(failed) / told).quantize(_PART) if told else None,
        models=of_models,
        models_in_all=models_in_all,
        head=heads.get(template, ""),
    )


def _most(engine: Engine, span: Span, name: str, measure: str) -> _Named:
    """By template, how many values a column has and the first few of them."""
    rows = engine.rows(
        f"WITH named AS (SELECT d.place, {name} AS name, {measure} AS size FROM {_CALLS} AND {name} IS NOT NULL "
        "GROUP BY ALL), ranked AS (SELECT *, row_number() OVER (PARTITION BY place ORDER BY size DESC, name) AS rank, "
        "count(*) OVER (PARTITION BY place) AS in_all FROM named) "
        f"SELECT place, any_value(in_all), list(name ORDER BY rank) FROM ranked WHERE rank <= {NAMED} GROUP BY place",
        {"start": span.start},
    )
    return {place: (in_all, tuple(names)) for place, in_all, names in rows}


def _heads(engine: Engine, span: Span) -> dict[str, str]:
    """How the prompts of the dearest templates begin, with a mark where something fills them."""
    rows = engine.rows(
        "SELECT template_hash::VARCHAR, arg_min(prompt, call_id) FROM store.each_call WHERE started_at >= $start "
        "AND started_at < $end AND prompt IS NOT NULL AND template_hash IN "
        f"(SELECT template_hash FROM dearest WHERE place <= {READ}) GROUP BY ALL",
        {"start": span.start, "end": span.end},
    )
    fillings = "|".join(pattern for name, pattern in FILLINGS.items() if name != _SPACE)
    heads = {}
    for template, prompt in rows:
        text = {"text": _first_line(prompt)[:HEAD_LENGTH], "fillings": fillings}
        (heads[template],) = engine.row("SELECT regexp_replace($text, $fillings, '…', 'g')", text)
    return heads


def _first_line(prompt: str) -> str:
    """The first line of text in a kept request: of its system prompt, else of its first message."""
    try:
        request = json.loads(prompt)
    except ValueError:
        return ""
    texts = list(_texts([request.get("system"), request.get("messages")])) if isinstance(request, dict) else []
    return next((line.strip() for text in texts for line in text.splitlines() if line.strip()), "")


def _texts(value: Any) -> list[str]:
    """The texts of messages, however deep they lie; names of roles and parts are none."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    if isinstance(value, dict):
        return [text for name in ("content", "parts", "text") if name in value for text in _texts(value[name])]
    return []
