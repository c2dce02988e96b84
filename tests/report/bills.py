"""What stands behind an example's money: lists, currencies, sources' own costs, pools, charges and bills."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from audit import chargeback
from audit.reconcile.result import Compared, Part, Reason, Reconciled
from audit.records import Month
from audit.report.accounts import Accounts, ChargedLine, CurrencyLine, PoolLine, PricedBy, StatedLine
from audit.settings_money import Margin, Shared

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.reconcile.result import Kind

OCTOBER = Month(2026, 10)
FIRST, LAST = date(2026, 10, 1), date(2026, 10, 31)
ZERO = Decimal(0)
MODELS = ("claude-sonnet-4-5", "claude-opus-4-5", "claude-haiku-4-5")


def one_list(spend: Decimal, calls: int) -> Accounts:
    """All of it priced by one list, in one currency, and everybody charged what its own calls cost."""
    lines = (PricedBy("genai-prices 0.2.4", calls, spend),) if calls else ()
    return Accounts((), lines, (), (), ())


def named(names: Sequence[str]) -> Accounts:
    """Everything that has a name has one of these."""
    one = Decimal(1)
    return Accounts(
        currencies=(CurrencyLine("CNY", 1, one, one, names[0], one),),
        priced_by=tuple(PricedBy(name, 1, one) for name in names),
        stated=tuple(StatedLine(name, "listed", 1, one, one, ZERO, 0) for name in names),
        pools=tuple(PoolLine(name, 0, 0, one, "CNY", one, None) for name in names),
        charged=tuple(ChargedLine(name, one, ZERO, tuple(names), ZERO, ZERO, one, "cost") for name in names),
    )


def several_lists(spend: Decimal, calls: int, unpriced: int, free: int = 0) -> tuple[PricedBy, ...]:
    """Contracts, the project's own list and a pool; the last of them takes what the shares leave."""
    shares = (
        ("contract northwind-2026.toml", Decimal("0.611113")),
        ("genai-prices 0.2.4", Decimal("0.244447")),
        ("own list 2026-11-23", Decimal("0.100009")),
        ("contract northwind-2026.toml on own list 2026-11-23", Decimal("0.033333")),
    )
    left = calls - unpriced - free
    lines = [
        PricedBy(source, int(left * part), (spend * part).quantize(Decimal("1e-9")))
        for source, part in shares
    ]  # fmt: skip
    done, cost = sum(line.calls for line in lines), sum((line.cost for line in lines), ZERO)
    lines.append(PricedBy("pool h20-shanghai", left - done, spend - cost))
    return (*lines, *((PricedBy(None, unpriced, ZERO),) if unpriced else ()))


def currencies(spend: Decimal, calls: int, own: str, other: str, *, rate: str, source: str) -> tuple[CurrencyLine, ...]:
    """A third of the month priced in another currency."""
    foreign = (spend / 3).quantize(Decimal("1e-9"))
    native = (foreign / Decimal(rate)).quantize(Decimal("1e-9"))
    return (
        CurrencyLine(own, calls - calls // 3, spend - foreign, Decimal(1), "", spend - foreign),
        CurrencyLine(other, calls // 3, native, Decimal(rate), source, foreign),
    )


def charged(rows: Sequence[tuple[str | None, str]], platform: str, discounted: str) -> tuple[ChargedLine, ...]:
    """The platform's cost handed out by cost, a discount for one project, and a shared one that stays."""
    months = {"from": "2026-01"}
    found = chargeback.charge(
        [chargeback.Spent(name, None, 1_000, 9_000, Decimal(cost)) for name, cost in rows],
        [
            Shared.model_validate({"project": platform, "by": "cost", **months}),
            Shared.model_validate({"project": "eval-runs", "by": "calls", "to": ["not-yet-live"], **months}),
        ],
        [Margin.model_validate({"project": discounted, "factor": "0.9333", **months})],
        OCTOBER,
    )
    stayed = {kept.project: kept.by for kept in found.stayed}
    lines = [
        ChargedLine(
            line.project,
            line.direct,
            sum((money for _, money in line.received), ZERO),
            tuple(name for name, _ in line.received),
            line.handed_out,
            line.margin,
            line.charged,
            stayed.get(line.project or ""),
        )
        for line in found.lines
    ]
    return tuple(sorted(lines, key=lambda line: -line.charged))


def pools(currency: str, rate: str) -> tuple[PoolLine, ...]:
    """One pool that served, one that stood idle all month."""
    served = Decimal("28800.00") * Decimal(rate)
    idle = Decimal("4320.00") * Decimal(rate)
    tokens = 6_120_400_000
    return (
        PoolLine("h20-shanghai", 402_118, tokens, Decimal("28800.00"), currency, served, served * 1_000_000 / tokens),
        PoolLine("a100-spare", 0, 0, Decimal("4320.00"), currency, idle, None),
    )


def one_stated(cost: str) -> tuple[StatedLine, ...]:
    """One source that states what its calls cost; the price list has 31,870.44 of them."""
    own, listed = Decimal(cost), Decimal("31870.44")
    return (StatedLine("litellm", "listed", 801_200, own, listed, own - listed, 0),)


def stated(counted: str = "stated") -> tuple[StatedLine, ...]:
    """One source whose own cost counts and one whose does not; a third whose costs cannot be compared."""
    rows = (
        ("openrouter", counted, 41_020, "1204.118", "1189.5504", 12),
        ("litellm", "listed", 9_003, "812", "829.115", 0),
    )
    lines = [
        StatedLine(name, which, calls, Decimal(own), Decimal(listed), Decimal(own) - Decimal(listed), left)
        for name, which, calls, own, listed, left in rows
    ]
    return (*lines, StatedLine("helicone", "listed", 0, ZERO, ZERO, ZERO, 77))


def part(kind: Kind, billed: str, computed: str, lines: int, calls: int) -> Part:
    money = Decimal(billed) - Decimal(computed)
    return Part(kind, Decimal(billed), Decimal(computed), money, lines, calls, calls, None, None, 0, 0)


def compared(names: Sequence[str], billed: Decimal, computed: Decimal, lines: int, calls: int) -> tuple[Compared, ...]:
    """Both sides told apart by something, in unequal parts that add up."""
    made: list[Compared] = []
    weights = [len(names) + 3 * (place % 3) - place // 2 for place in range(len(names))]
    left = [billed, computed, Decimal(lines), Decimal(calls)]
    whole = sum(weights)
    for place, (name, weight) in enumerate(zip(names, weights, strict=True)):
        last = place == len(names) - 1
        share = list(left) if last else [
            (billed * weight / whole).quantize(Decimal("0.01")),
            (computed * weight / whole).quantize(Decimal("1e-9")),
            Decimal(lines * weight // whole),
            Decimal(calls * weight // whole),
        ]  # fmt: skip
        left = [one - taken for one, taken in zip(left, share, strict=True)]
        made.append(Compared(name, share[0], share[1], share[0] - share[1], int(share[2]), int(share[3])))
    return tuple(made)


def bill(
    provider: str,
    currency: str | None,
    parts: tuple[Part, ...],
    says: str,
    *,
    reasons: tuple[Reason, ...] = (),
    notes: tuple[str, ...] = (),
    fee: str = "0",
) -> Reconciled:
    """A bill of October; ``fee`` is what of it is no model's."""
    billed = sum((one.billed for one in parts), ZERO)
    computed = sum((one.computed for one in parts), ZERO)
    lines, calls = sum(one.lines for one in parts), sum(one.calls for one in parts)
    days = tuple(str(FIRST + timedelta(day)) for day in range(31))
    known = currency is not None
    return Reconciled(
        source=f"{provider}_cost",
        provider=provider,
        currency=currency,
        first_day=FIRST,
        last_day=LAST,
        period_start=datetime(2026, 10, 1, tzinfo=UTC),
        period_end=datetime(2026, 11, 1, tzinfo=UTC),
        dimensions=("day", "model"),
        usage_source=None,
        beside=(),
        billed=billed if known else None,
        computed=computed if known else None,
        difference=billed - computed if known else None,
        lines=lines,
        calls=calls,
        says=says,
        parts=parts,
        reasons=reasons,
        notes=notes,
        models=compared(MODELS, billed - Decimal(fee), computed, lines - (1 if Decimal(fee) else 0), calls),
        days=compared(days, billed - Decimal(fee), computed, lines, calls),
    )


def apart(language: str, currency: str) -> Reconciled:
    """A bill that differs, with what is proven of it and what is likely."""
    parts = (
        part("matched", "9120.40", "9120.398100004", 31, 88_120),
        part("not_logged", "212.07", "0", 3, 0),
        part("not_billed", "0", "31.994120331", 0, 240),
        part("price_apart", "3311.10", "3895.411764706", 24, 20_004),
        part("not_for_calls", "150.00", "0", 1, 0),
    )
    billed, computed = (sum((getattr(one, side) for one in parts), ZERO) for side in ("billed", "computed"))
    own, gap = Decimal("-584.311764706"), billed - computed
    if language == "zh":
        sign = "¥" if currency == "CNY" else "US$"
        says = (
            f"账单 {sign}{billed:,.2f}，按日志核算 {sign}{computed:,.2f}，共 108,364 次调用，相差 −{sign}{-gap:,.2f}。"
        )
        told = (
            f"claude-opus-4-5 按价目表的 0.85 倍计费：−{sign}584.31",
            f"密钥 svc-old 有账单，但日志中没有：{sign}212.07",
        )
        note = "未按项目核对：日志没有记录。"
    else:
        says = f"Billed ${billed:,.2f}, computed ${computed:,.2f} from 108,364 calls: −${-gap:,.2f}."
        told = (
            "claude-opus-4-5 was billed at 0.85 times the price list: −$584.31",
            "key svc-old is billed, and no log knows it: $212.07",
        )
        note = "Not compared by project: no log states it."
    reasons = (
        Reason("factor_model", certain=True, money=own, says=told[0]),
        Reason("unknown_api_key", certain=False, money=Decimal("212.07"), says=told[1]),
        Reason("rounding", certain=True, money=Decimal("0.001899996"), says="rounding"),
    )
    return bill("anthropic", currency, parts, says, reasons=reasons, notes=(note,), fee="150.00")


def agreeing(language: str) -> Reconciled:
    """A bill in another currency that agrees to the cent."""
    chinese = language == "zh"
    currency, sign = ("USD", "US$") if chinese else ("CNY", "CN¥")
    said = (
        f"账单与日志一致：账单 {sign}41,200.18，按日志核算 {sign}41,200.18，共 12,004 次调用。"
        if chinese
        else f"The bill and the logs agree: billed {sign}41,200.18, computed {sign}41,200.18 from 12,004 calls."
    )
    return bill("deepseek", currency, (part("matched", "41200.18", "41200.179999120", 62, 12_004),), said)


def usage_alone(language: str) -> Reconciled:
    """A report of usage that states no money."""
    says = (
        "用量报表与日志一致，共 900 次调用。该报表不含金额。"
        if language == "zh"
        else "The usage report and the logs count alike, in 900 calls. It states no money."
    )
    return bill("openai", None, (part("matched", "0", "0", 31, 900),), says)
