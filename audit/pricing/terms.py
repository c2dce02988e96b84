"""What of the cost's formula a store's calls and the prices found for them ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.pricing.cost import PARTS, POOL, Terms, parts_asked
from audit.pricing.money import stated, templated
from audit.pricing.units import DAY_SECONDS, NO_LIMIT

if TYPE_CHECKING:
    from datetime import datetime

    from audit.engine.duckdb import Engine
    from audit.pricing.money import Rates
    from audit.settings import Settings


def region_of(settings: Settings) -> str:
    """Where a call was served: as its log says, else as the settings say of its source."""
    cases = " ".join(
        f"WHEN {{c}}.source = {templated(source)} THEN {templated(region)}"
        for source, region in sorted(settings.prices.regions.items())
    )
    return f"coalesce({{c}}.region, CASE {cases} END)" if cases else "{c}.region"


def terms_of(engine: Engine, settings: Settings, rates: Rates, region: str, span: tuple[datetime, datetime]) -> Terms:
    """What of the formula these calls and these prices need."""
    columns = [*PARTS.values(), "quantity", region.format(c="c")]
    said = dict(
        zip(
            columns,
            engine.row(
                f"SELECT {', '.join(f'count({column})' for column in columns)} FROM store.calls c "
                "WHERE started_at >= $start AND started_at < $end",
                {"start": span[0], "end": span[1]},
            ),
            strict=True,
        )
    )
    plainer = {name: "output" if name in ("reasoning", "output_audio", "output_image") else "input" for name in PARTS}
    plainer["cache_read_audio"] = "cache_read"
    told = engine.row(
        "SELECT "
        + ", ".join(f"coalesce(bool_or(native_{name} <> native_{plain}), false)" for name, plain in plainer.items())
        + f", coalesce(bool_or(output_from > 0 OR output_to < {NO_LIMIT}), false)"
        + f", coalesce(bool_or(second_from > 0 OR second_to < {DAY_SECONDS}), false)"
        + ", count(thinking) > 0, coalesce(bool_or(currency <> $currency), false)"
        + ", coalesce(bool_or(starts_with(price_source, $pool)), false) FROM prices",
        {"currency": settings.company.currency, "pool": POOL},
    )
    priced = dict(zip(PARTS, told, strict=False))
    conditions = dict(zip(("output", "second", "thinking"), told[len(PARTS) :], strict=False))
    # Where one call says where it was served, the price of no region is not its.
    conditions["region"] = bool(said[columns[-1]])
    return Terms(
        parts=parts_asked(said, priced),
        fees=bool(said["quantity"]),
        conditions=frozenset(name for name, needed in conditions.items() if needed),
        translated=bool(told[-2]),
        pooled=bool(told[-1]),
        stated=stated(engine, settings, rates, span),
        region=region,
    )
