"""What a log states a call cost. The prices are genai-prices' own, of the call's day."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from genai_prices import Usage, calc_price

if TYPE_CHECKING:
    from tests.simulator.calls import Call


def cost(call: Call) -> Decimal | None:
    """In USD; zero where nothing was billed, None where no list knows the model."""
    if call.gateway_hit or call.input is None:
        return Decimal(0)
    usage = Usage(
        input_tokens=call.input,
        cache_read_tokens=call.read,
        cache_write_tokens=call.write,
        output_tokens=call.output,
    )
    try:
        price = calc_price(usage, call.model, provider_id=call.provider, genai_request_timestamp=call.started)
    except LookupError:
        return None
    return price.total_price.quantize(Decimal("0.000000001"))
