"""The calls of a project that are alike, summed; and what one of them is like: its tokens, its cache, its prices.

What is divided here is so with the digits of the context that stands around it: far more than money has.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ZERO = Decimal(0)
# Below this part of a cost, what its unit prices leave over is their own rounding.
DUST = Decimal("0.0001")
# Kinds of input as they are billed, then output.
KINDS = ("fresh", "read", "written", "written_1h", "output")
OUTPUT = len(KINDS) - 1


@dataclass(frozen=True, slots=True)
class Profile:
    """One call as it is on average: tokens in and out, the ``shares`` of the input by kind, and unit prices by kind.

    ``beside`` is what it costs beside its tokens: searches, sound, images. Without input, shares are None.
    """

    input: Decimal
    output: Decimal
    shares: tuple[Decimal, ...] | None
    prices: tuple[Decimal, ...]
    beside: Decimal

    def cost(self) -> Decimal:
        """What such a call costs."""
        shares = self.shares or ()
        taken = sum((share * price for share, price in zip(shares, self.prices, strict=False)), ZERO)
        return self.input * taken + self.output * self.prices[OUTPUT] + self.beside

    def using(self, now: Profile, rate: Decimal) -> Profile:
        """With the tokens and what stands beside them as they are now, that at the former exchange rate.

        Where there was no input whose shares could stay, they are those of now.
        """
        return replace(
            self, input=now.input, output=now.output, shares=self.shares or now.shares, beside=now.beside / rate
        )

    def cached(self, now: Profile) -> Profile:
        """With the input by kind as it is now."""
        return replace(self, shares=now.shares)

    def priced(self, now: Profile, rate: Decimal) -> Profile:
        """At the prices of now, at the former exchange rate."""
        return replace(self, prices=tuple(price / rate for price in now.prices))

    def shaped_like(self, cells: Sequence[Cell]) -> Profile:
        """At its own prices, with the tokens and the cache of others."""
        calls = sum((cell.calls for cell in cells), ZERO)
        used = [sum((cell.used[kind] for cell in cells), ZERO) for kind in range(len(KINDS))]
        return replace(self, input=sum(used[:OUTPUT], ZERO) / calls, output=used[OUTPUT] / calls, shares=_shares(used))


@dataclass(frozen=True)
class Cell:
    """Billed calls of a project, alike in ``lane`` (operation, task) and ``model`` (provider, name, tier, price band).

    ``used`` are tokens by kind and ``listed`` what they cost at the list's unit prices, ``prices``, which are told for
    kinds that none were used of, too; an unknown price is None. ``rate`` is the month's, from ``currency``.
    ``is_stated`` says that the cost is a source's own, of which the list's prices only give the proportions.
    """

    lane: tuple[str | None, str | None]
    model: tuple[str | None, ...]
    calls: Decimal
    used: tuple[Decimal, ...]
    prices: tuple[Decimal | None, ...]
    cost: Decimal
    currency: str | None = None
    rate: Decimal = Decimal(1)
    is_stated: bool = False

    @property
    def key(self) -> tuple[object, object]:
        """By which calls of two months are held against each other."""
        return self.lane, self.model

    @property
    def has_task(self) -> bool:
        """Whether the log says what the calls were for."""
        return self.lane[1] is not None

    def rate_against(self, before: Cell | None) -> Decimal:
        """How many times the former month's exchange rate is now; 1 where nothing says."""
        if before is None or self.is_stated or before.is_stated or before.currency != self.currency:
            return Decimal(1)
        return self.rate / before.rate

    @cached_property
    def profile(self) -> Profile:
        """What one of its calls is like."""
        prices, beside = self._effective()
        return Profile(
            input=sum(self.used[:OUTPUT], ZERO) / self.calls,
            output=self.used[OUTPUT] / self.calls,
            shares=_shares(self.used),
            prices=prices,
            beside=beside / self.calls,
        )

    def _effective(self) -> tuple[tuple[Decimal, ...], Decimal]:
        """Unit prices that come to the cost, and what of it they leave over."""
        tokens = sum(self.used, ZERO)
        if any(price is None for price in self.prices):
            # Nobody says what each kind costs: a token is a token.
            each = self.cost / tokens if tokens else ZERO
            return (each,) * len(KINDS), ZERO if tokens else self.cost
        prices = tuple(price or ZERO for price in self.prices)
        listed = sum((used * price for used, price in zip(self.used, prices, strict=True)), ZERO)
        over = self.cost - listed
        if listed and (self.is_stated or abs(over) <= DUST * abs(self.cost)):
            return tuple(price * self.cost / listed for price in prices), ZERO
        return prices, over


def _shares(used: Sequence[Decimal]) -> tuple[Decimal, ...] | None:
    whole = sum(used[:OUTPUT], ZERO)
    return tuple(kind / whole for kind in used[:OUTPUT]) if whole else None
