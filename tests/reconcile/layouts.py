"""A bill's lines in the layouts of the providers' own reports."""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from tests.reconcile.invoices import CENT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.reconcile.invoices import Line


def openai_costs(found: Iterable[Line]) -> str:
    """The costs API's page: a bucket a UTC day, the amount in dollars, the line item with the dated model."""
    buckets = []
    days: dict[date, list[Line]] = defaultdict(list)
    for line in found:
        days[line.day].append(line)
    for number in range(31):
        day = date(2026, 10, 1) + timedelta(days=number)
        results = [
            {
                "object": "organization.costs.result",
                "amount": {"value": float(line.money), "currency": "usd"},
                "line_item": line.item or f"{line.model}-2024-08-06, input",
                "project_id": line.project,
                "api_key_id": line.api_key,
                "organization_id": "org-1",
                "quantity": None,
                "quantity_unit": None,
            }
            for line in days[day]
        ]
        buckets.append({"object": "bucket", **seconds(day), "results": results})
    return json.dumps({"object": "page", "data": buckets, "has_more": False, "next_page": None}, indent=1)


def openai_usage(found: Iterable[Line]) -> str:
    """The usage API's page for completions, grouped as the costs are."""
    days: dict[date, list[Line]] = defaultdict(list)
    for line in found:
        days[line.day].append(line)
    buckets = [
        {
            "object": "bucket",
            **seconds(day),
            "results": [
                {
                    "object": "organization.usage.completions.result",
                    "input_tokens": line.input_tokens,
                    "input_cached_tokens": line.cache_read_tokens,
                    "output_tokens": line.output_tokens,
                    "num_model_requests": line.requests,
                    "project_id": line.project,
                    "api_key_id": line.api_key,
                    "model": f"{line.model}-2024-08-06",
                }
                for line in lines
            ],
        }
        for day, lines in sorted(days.items())
    ]
    return json.dumps({"object": "page", "data": buckets, "has_more": False, "next_page": None}, indent=1)


def seconds(day: date) -> dict[str, int]:
    start = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    return {"start_time": start, "end_time": start + 86_400}


def anthropic_cost(found: Iterable[Line]) -> str:
    """The cost report's page: the amount a decimal text in cents, by description and workspace."""
    days: dict[date, list[Line]] = defaultdict(list)
    for line in found:
        days[line.day].append(line)
    data = [
        {
            "starting_at": f"{day}T00:00:00Z",
            "ending_at": f"{day + timedelta(days=1)}T00:00:00Z",
            "results": [
                {
                    "amount": f"{line.money * 100:f}",
                    "currency": "USD",
                    "description": line.item or "Claude Sonnet 4.5 Usage - Input Tokens",
                    "cost_type": "tokens" if line.model else "web_search",
                    "model": f"{line.model}-20250929" if line.model else None,
                    "service_tier": None,
                    "workspace_id": line.project,
                }
                for line in lines
            ],
        }
        for day, lines in sorted(days.items())
    ]
    return json.dumps({"data": data, "has_more": False, "next_page": None}, indent=1)


def deepseek_cost(found: Iterable[Line]) -> str:
    """The export's cost table, a row a UTC day, model and wallet, in yuan."""
    rows: dict[tuple[date, str | None], Decimal] = defaultdict(Decimal)
    for line in found:
        rows[line.day, line.model] += line.money
    return table(
        ("user_id", "utc_date", "model", "wallet_type", "cost", "currency"),
        [("acc-1", day, model, "Paid", f"{money:.16f}", "CNY") for (day, model), money in sorted(rows.items())],
    )


def focus(found: Iterable[Line], provider: str = "OpenAI") -> str:
    """A FOCUS table with the project and the model in its tags."""
    columns = (
        "BilledCost", "BillingCurrency", "ChargeCategory", "ChargePeriodStart", "ChargePeriodEnd", "ProviderName",
        "ServiceCategory", "ServiceName", "Tags",
    )  # fmt: skip
    rows = [
        (
            f"{line.money:f}",
            "USD",
            "Usage",
            f"{line.day} 00:00:00",
            f"{line.day + timedelta(days=1)} 00:00:00",
            provider,
            "AI and Machine Learning" if line.model else "Storage",
            line.item or "Models",
            json.dumps({"project": line.project, "model": line.model} if line.model else {"project": line.project}),
        )
        for line in found
    ]
    return table(columns, rows)


def plain(found: Iterable[Line], provider: str = "openai", *, cents: bool = True) -> str:
    """A finance person's own table, in whole cents."""
    rows = [
        (
            provider,
            line.day,
            line.model or "",
            line.project,
            line.item,
            line.money.quantize(CENT, ROUND_HALF_UP) if cents else f"{line.money:f}",
            "USD",
        )
        for line in found
    ]
    return table(("provider", "date", "model", "project", "line_item", "amount", "currency"), rows)


def table(columns: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue()
