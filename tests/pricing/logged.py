"""Names as logs have them (names.csv), and what genai-prices says of a name's candidates."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from genai_prices import Usage, calc_price

from audit.pricing.names import Candidate, candidates

if TYPE_CHECKING:
    from collections.abc import Mapping

    from genai_prices.types import PriceCalculation

A_DAY = datetime(2026, 10, 15, 12, tzinfo=UTC)
NO_DEPLOYMENTS: dict[str, str] = {}

with (Path(__file__).parent / "names.csv").open(encoding="utf-8", newline="") as stream:
    LOGS = [(row["provider"] or None, row["model"], row) for row in csv.DictReader(stream)]


def found(
    provider: str | None, model: str, deployments: Mapping[str, str] = NO_DEPLOYMENTS
) -> tuple[Candidate, PriceCalculation] | None:
    """The first candidate that genai-prices knows, and its answer."""
    for name in candidates(provider, model, deployments):
        if name.listed:
            try:
                return name, calc_price(
                    Usage(input_tokens=1, output_tokens=1),
                    name.model,
                    provider_id=name.provider,
                    genai_request_timestamp=A_DAY,
                )
            except LookupError:
                continue
    return None


def listed(provider: str | None, model: str, deployments: Mapping[str, str] = NO_DEPLOYMENTS) -> tuple[str, str] | None:
    """The listed provider and model of a logged name."""
    answer = found(provider, model, deployments)
    return answer and (answer[1].provider.id, answer[1].model.id)
