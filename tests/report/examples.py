"""Example reports, and a way to look at them: ``python -m tests.report.examples OUTDIR``."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from audit.records import Finding, Grade, Month
from audit.report.accounts import PricedBy
from audit.report.content import (
    Assessed,
    Assumed,
    DaySpend,
    Gap,
    GradeTotal,
    ModelLine,
    MonthSpend,
    NotAssessed,
    ProjectLine,
    Quality,
    RejectLine,
    Report,
    Restated,
    RuleLine,
    Standing,
    UnpricedModel,
)
from audit.report.prompts import Prompts
from audit.report.render import render
from tests.report import bills, moved

if TYPE_CHECKING:
    from collections.abc import Callable

TEMPLATES = Path(__file__).parents[2] / "templates"
LINE = Decimal("0.20")
NEAR = Decimal("0.80")
OCTOBER = Month(2026, 10)
ZERO = Decimal(0)

# title, because, fix: English, then Chinese, as rules state them
TOLD: dict[str, tuple[str, Grade, tuple[str, str, str], tuple[str, str, str]]] = {
    "duplicate_call": (
        "redundant",
        Grade.PROVEN,
        (
            "Same request paid for again",
            "4,120 calls asked what an earlier call had answered up to 22 hours before.",
            "Put a response cache in front of the project, keyed by request.",
        ),
        (
            "同一请求重复付费",
            "有 4,120 次调用所问的内容，在此前 22 小时内已经得到过答案。",
            "在项目前加一层按请求缓存的应答缓存。",
        ),
    ),
    "missed_prompt_cache": (
        "avoidable",
        Grade.AVOIDABLE,
        (
            "Warm prefix billed in full",
            "A 6,200-token system prompt was sent again within five minutes and never read from the cache.",
            "Mark the system prompt as cacheable, and keep what changes behind it.",
        ),
        (
            "缓存未命中，前缀按全价计费",
            "6,200 token 的系统提示在五分钟内重复发送，却从未读取缓存。",
            "把系统提示标记为可缓存，把会变化的内容放到它后面。",
        ),
    ),
    "truncated_output": (
        "invalid",
        Grade.PROVEN,
        (
            "Answer cut off, then asked again",
            "812 answers hit a cap of 512 tokens and the same prompt was sent again within two minutes.",
            "Raise max_tokens to 1,500 for this task.",
        ),
        (
            "回答被截断后重新提问",
            "812 次回答撞上 512 token 的上限，两分钟内又把同样的提示发了一遍。",
            "把该任务的 max_tokens 提高到 1,500。",
        ),
    ),
    "missed_batch": (
        "avoidable",
        Grade.AVOIDABLE,
        (
            "Nightly work at the interactive price",
            "31,000 calls of the task nightly-tagging ran between 01:00 and 04:00 at the standard tier.",
            "Send them through the provider's batch interface, at half the price.",
        ),
        (
            "夜间任务按实时价付费",
            "nightly-tagging 任务在 1 点到 4 点之间以标准价运行了 31,000 次。",
            "改用供应商的批量接口，价格减半。",
        ),
    ),
    "oversized_model": (
        "avoidable",
        Grade.HYPOTHESIS,
        (
            "Top-tier model for short, uniform answers",
            "The lane triage answers in 9 tokens at the median; a model of a lower tier costs a fifth.",
            "Try the lower tier on 200 of these calls and compare the answers before switching.",
        ),
        (
            "简短任务用了顶级模型",
            "triage 任务的回答中位数只有 9 个 token，低一档的模型只要五分之一的价格。",
            "先拿 200 次调用试跑低一档模型，对比答案后再决定是否切换。",
        ),
    ),
    "failed_billed": (
        "invalid",
        Grade.PROVEN,
        (
            "Failed calls that were billed",
            "260 streams broke off after the provider had counted their tokens.",
            "Raise the client's read timeout above the model's 95th percentile of 48 s.",
        ),
        (
            "失败调用仍被计费",
            "260 次流式调用在供应商计完 token 之后中断。",
            "把客户端读超时调到模型 95 分位的 48 秒以上。",
        ),
    ),
    "spend_spike": (
        "anomaly",
        Grade.ALERT,
        (
            "A day far above its own weekday",
            "Wednesday 14 October cost 3.4 times the median Wednesday.",
            "Ask the owner what was released that day.",
        ),
        (
            "单日支出远高于同一星期几的常态",
            "10 月 14 日（周三）的支出是周三中位数的 3.4 倍。",
            "向负责人了解当天上线了什么。",
        ),
    ),
    "off_hours_key": (
        "anomaly",
        Grade.ALERT,
        (
            "A key that woke at night",
            "The key ci-runner made 740 calls between 02:00 and 05:00; it never had before.",
            "Find out who holds the key, and revoke it if nobody does.",
        ),
        (
            "密钥在夜间异常活跃",
            "密钥 ci-runner 在 2 点到 5 点之间发起 740 次调用，此前从未有过。",
            "查明密钥由谁持有；无人认领则吊销。",
        ),
    ),
}


CUT_OFF = "the archive is damaged or cut off (unexpected end); fetch it again"


def finding(
    rule: str, language: str, number: int, project: str | None, money: str | None, *, calls: int = 412
) -> Finding:
    family, grade, english, chinese = TOLD[rule]
    title, because, fix = chinese if language == "zh" else english
    amount = None if money is None else Decimal(money)
    alert = grade is Grade.ALERT
    return Finding(
        id=f"F-{number:04d}",
        rule=rule,
        family=family,
        grade=grade,
        project=project,
        subject=None,
        title=title,
        because=because,
        fix=fix,
        calls=calls,
        saving=None if alert else amount,
        credited=None if alert else amount,
        amount=amount if alert else None,
    )


def project(
    name: str | None,
    owner: str,
    cost: str,
    revenue: str | None,
    *,
    previous: str | None = None,
    waste: str = "0",
    avoidable: str = "0",
    calls: int = 12_000,
    unpriced_calls: int = 0,
) -> ProjectLine:
    spent = Decimal(cost)
    expected = None if revenue is None else Decimal(revenue)
    share = spent / expected if expected else None
    standing: Standing = "no_revenue"
    if expected is not None:
        limit = expected * LINE
        standing = "over" if spent > limit else "near" if spent >= limit * NEAR else "under"
    return ProjectLine(
        project=name,
        owner=owner,
        calls=calls,
        cost=spent,
        previous_cost=None if previous is None else Decimal(previous),
        expected_revenue=expected,
        share=share,
        line=LINE,
        standing=standing,
        over_by=max(ZERO, spent - (expected or ZERO) * LINE) if standing == "over" else ZERO,
        waste=Decimal(waste),
        avoidable=Decimal(avoidable),
        unpriced_calls=unpriced_calls,
    )


def good_quality() -> Quality:
    return Quality(
        files=31,
        lines=1_204_118,
        rejected_lines=0,
        rejects=(),
        unread_files=(),
        unpriced_calls=0,
        unpriced_tokens=0,
        unpriced=(),
        unattributed_calls=0,
        unattributed_cost=ZERO,
        missing_usage_calls=0,
        contradicting_calls=0,
        linked_calls=0,
        linked_sources=(),
        not_assessed=(),
        assumed=(),
        incomplete=(),
    )


def rules(language: str, findings: tuple[Finding, ...]) -> tuple[RuleLine, ...]:
    made = []
    for name, (family, grade, english, chinese) in TOLD.items():
        of_rule = [f for f in findings if f.rule == name]
        money = sum((f.credited or ZERO for f in of_rule), ZERO)
        made.append(
            RuleLine(
                rule=name,
                family=family,
                grade=grade,
                title=(chinese if language == "zh" else english)[0],
                calls=sum(f.calls for f in of_rule),
                credited=None if grade is Grade.ALERT else money,
                failure=None,
            )
        )
    return tuple(made)


def days(total: Decimal, calls: int) -> tuple[DaySpend, ...]:
    first = OCTOBER.first_day
    weights = [
        2 if (first + timedelta(day)).weekday() > 4 else 9 + day % 4 + (14 if day == 13 else 0) for day in range(31)
    ]
    whole = sum(weights)
    until = [calls * sum(weights[:day]) // whole for day in range(32)]
    return tuple(
        DaySpend(first + timedelta(day), until[day + 1] - until[day], total * weight / whole)
        for day, weight in enumerate(weights)
    )


def months(now: Decimal, calls: int, count: int = 13) -> tuple[MonthSpend, ...]:
    grown = [now * (100 - 6 * back + (back % 3) * 5) / 100 for back in range(count)]
    return tuple(
        MonthSpend(str(OCTOBER.shift(-back)), calls * (100 - 6 * back) // 100, grown[back])
        for back in reversed(range(count))
    )


def assembled(
    language: str,
    currency: str,
    projects: tuple[ProjectLine, ...],
    findings: tuple[Finding, ...],
    alerts: tuple[Finding, ...] = (),
    *,
    company: str | None = None,
) -> Report:
    """A month whose sums are those of its parts."""
    spend = sum((p.cost for p in projects), ZERO)
    calls = sum(p.calls for p in projects)
    by_grade = {g: [f for f in findings if f.grade is g] for g in Grade}
    sums = {g: sum((f.credited or ZERO for f in found), ZERO) for g, found in by_grade.items()}
    models = (
        ("anthropic", "claude-sonnet-4-5", "0.52"),
        ("openai", "gpt-5", "0.27"),
        ("alibaba", "qwen3-max", "0.14"),
        ("openai", "text-embedding-3-large", "0.07"),
    )
    worst: Standing = "no_revenue"
    for standing in ("under", "near", "over"):
        if any(p.standing == standing for p in projects):
            worst = standing
    return Report(
        company=("北辰科技" if language == "zh" else "Northwind") if company is None else company,
        month=str(OCTOBER),
        first_day=OCTOBER.first_day,
        last_day=OCTOBER.last_day,
        timezone="Asia/Shanghai" if language == "zh" else "Europe/London",
        language=language,
        currency=currency,
        version="0.1.0",
        price_source="genai-prices 0.2.4 + prices.csv (2026-10-01)",
        red_line_share=LINE,
        standing=worst,
        over=tuple(p.project or "" for p in projects if p.standing == "over"),
        near=tuple(p.project or "" for p in projects if p.standing == "near"),
        calls=calls,
        input_tokens=calls * 1_863,
        cache_read_tokens=calls * 402,
        output_tokens=calls * 211,
        spend=spend,
        previous_spend=spend * Decimal("0.89"),
        waste=sums[Grade.PROVEN],
        waste_share=sums[Grade.PROVEN] / spend if spend else ZERO,
        avoidable=sums[Grade.AVOIDABLE],
        hypothesis=sums[Grade.HYPOTHESIS],
        grades=tuple(
            GradeTotal(g, sum(f.calls for f in by_grade[g]), sums[g], sums[g] / spend if spend else ZERO)
            for g in (Grade.PROVEN, Grade.AVOIDABLE, Grade.HYPOTHESIS)
        ),
        projects=projects,
        findings=findings,
        alerts=alerts,
        models=tuple(
            ModelLine(p, m, int(calls * Decimal(part)), calls * 900, calls * 90, spend * Decimal(part))
            for p, m, part in models
        ),
        days=days(spend, calls),
        months=months(spend, calls),
        rules=rules(language, findings + alerts),
        quality=good_quality(),
        accounts=bills.one_list(spend, calls),
    )


def breached(language: str = "en", currency: str = "USD") -> Report:
    """Two projects over their line, one near it, one without revenue, calls nobody owns."""
    chinese = language == "zh"
    support, search, tags, docs, bot = (
        ("智能客服", "商品搜索", "夜间打标", "合同审阅", "实验机器人")
        if chinese
        else ("Support assistant", "Product search", "Nightly tagging", "Contract review", "Lab bot")
    )
    owners = ("王芳", "李雷", "陈静", "赵敏") if chinese else ("Ana Ruiz", "Li Wei", "Tom Hale", "Mei Sato")
    projects = (
        project(
            support,
            owners[0],
            "18420.37",
            "61000",
            previous="13100",
            waste="2913.20",
            avoidable="3391.00",
            calls=412_000,
        ),
        project(
            search,
            owners[1],
            "9210.02",
            "45900",
            previous="9044",
            waste="840.10",
            avoidable="200",
            calls=288_100,
        ),
        project(tags, owners[2], "4410", "26000", previous="4500", avoidable="1804.55", calls=99_000),
        project(docs, owners[3], "812.44", "20000", previous="610.12", waste="12.90", calls=4_120),
        project(bot, "", "377.09", None, calls=900),
        project(None, "", "240.50", None, calls=6_021),
    )
    found = (
        finding("duplicate_call", language, 1, support, "2413.20", calls=4_120),
        finding("missed_prompt_cache", language, 2, support, "3391.00", calls=201_002),
        finding("missed_batch", language, 3, tags, "1804.55", calls=31_000),
        finding("truncated_output", language, 4, support, "500.00", calls=812),
        finding("oversized_model", language, 5, search, "1210.70", calls=55_000),
        finding("failed_billed", language, 6, search, "840.10", calls=260),
        finding("missed_prompt_cache", language, 7, search, "200", calls=4_000),
        finding("duplicate_call", language, 8, docs, "12.90", calls=41),
        finding("failed_billed", language, 9, docs, "0.004", calls=1),
        finding("oversized_model", language, 10, bot, None, calls=7),
    )
    warned = (
        finding("spend_spike", language, 11, search, "1204.11", calls=21_000),
        finding("off_hours_key", language, 12, None, "18.20", calls=740),
    )
    report = assembled(language, currency, projects, found, warned)
    quality = replace(report.quality, unattributed_calls=6_021, unattributed_cost=Decimal("240.50"))
    return moved.since(replace(report, quality=quality, prompts=moved.templates(report, 14)))


def calm(language: str = "en", currency: str = "USD") -> Report:
    """All under the line, nothing found, no month before."""
    names = ("智能客服", "商品搜索") if language == "zh" else ("Support assistant", "Product search")
    projects = (project(names[0], "", "812.37", "61000"), project(names[1], "", "210.02", "45900"))
    report = assembled(language, currency, projects, ())
    unstated = Prompts(unstated_calls=report.calls, unstated_cost=report.spend)
    return replace(report, previous_spend=None, months=report.months[-1:], prompts=unstated)


def near(language: str = "en", currency: str = "USD") -> Report:
    """One project near its line, one exactly on it."""
    projects = (project("on-the-line", "", "9180", "45900"), project("below", "", "100", "10000"))
    return assembled(language, currency, projects, (finding("missed_batch", language, 1, "below", "12.5"),))


def empty(language: str = "en", currency: str = "USD") -> Report:
    """A month in which no call was logged."""
    report = assembled(language, currency, (), ())
    return replace(
        report,
        models=(),
        previous_spend=None,
        months=(),
        grades=(),
        accounts=bills.one_list(ZERO, 0),
        quality=replace(report.quality, files=0, lines=0),
    )


def incomplete(language: str = "en", currency: str = "USD") -> Report:
    """Failed rules, rejects, an unread file, unpriced and unattributed calls: partly unknown."""
    report = breached(language, currency)
    failure = "rules/avoidable/missed_batch.sql:14: no column named 'tier'; did you mean 'service_tier'?"
    said = (
        Gap("rule", name="missed_batch", reason=failure),
        Gap("rejected", count=41_200, of=1_204_331),
        Gap("unpriced", count=4_120, of=18_204),
        Gap(
            "unread",
            name="logs/gateway-2026-10-31.jsonl.gz",
            reason=CUT_OFF,
        ),
    )
    quality = replace(
        report.quality,
        rejected_lines=22_877,
        rejects=(
            RejectLine("not valid JSON: Unterminated string", 22_870, "logs/gateway-2026-10-14.jsonl.gz", 118_204),
            RejectLine(
                "started_at: not an instant: ISO 8601, or seconds or milliseconds since 1970",
                7,
                "logs/sdk/very/deep/folder/with-a-long-name/2026-10-02.csv",
                None,
            ),
        ),
        unread_files=(
            RejectLine(
                CUT_OFF,
                0,
                "logs/gateway-2026-10-31.jsonl.gz",
                None,
            ),
        ),
        unpriced_calls=4_120,
        unpriced_tokens=9_301_442,
        unpriced=(
            UnpricedModel("volcengine", "doubao-seed-1-6", 4_100, 9_300_000),
            UnpricedModel(None, None, 20, 1_442),
        ),
        missing_usage_calls=318,
        incomplete=said,
    )
    failed = tuple(
        replace(r, failure=failure, credited=None, calls=0) if r.rule == "missed_batch" else r for r in report.rules
    )
    unpriced = replace(report.projects[3], cost=ZERO, share=ZERO, unpriced_calls=4_120)
    models = (*report.models, ModelLine("volcengine", "doubao-seed-1-6", 4_100, 9_000_000, 300_000, None))
    partly = replace(report.projects[2], unpriced_calls=5_000)
    projects = (*report.projects[:2], partly, unpriced, *report.projects[4:])
    accounts = replace(report.accounts, stated=bills.one_stated("29877.10"))
    report = moved.doubtful(report)
    return replace(report, quality=quality, rules=failed, models=models, projects=projects, accounts=accounts)


def unpriced(language: str = "en", currency: str = "USD") -> Report:
    """Not one call has a price."""
    report = assembled(language, currency, (project("search", "", "0", "45900", calls=20, unpriced_calls=20),), ())
    quality = replace(
        report.quality,
        unpriced_calls=20,
        unpriced_tokens=900,
        unpriced=(UnpricedModel("acme", "m1", 20, 900),),
    )
    models = (ModelLine("acme", "m1", 20, 700, 200, None),)
    accounts = replace(report.accounts, priced_by=(PricedBy(None, 20, ZERO),))
    return replace(report, quality=quality, models=models, previous_spend=Decimal("812.40"), accounts=accounts)


def no_revenue(language: str = "en", currency: str = "USD") -> Report:
    """Nobody stated a revenue."""
    projects = (project("search", "", "900.10", None), project("chat", "", "90000", None))
    return assembled(language, currency, projects, ())


def unassessed(language: str = "en", currency: str = "USD") -> Report:
    """Nothing found, and most of the spend in logs that state neither prompts nor caches."""
    search = project("search", "", "812.37", "61000", calls=9_000)
    chat = project("chat", "", "210.02", "45900", calls=900)
    projects = (replace(search, waste_assessed="little", avoidable_assessed="none"), chat)
    report = assembled(language, currency, projects, ())
    seen: dict[str, Assessed] = {"duplicate_call": "little", "missed_prompt_cache": "none", "oversized_model": "partly"}
    shares = {"duplicate_call": Decimal("0.168"), "missed_prompt_cache": ZERO, "oversized_model": Decimal("0.9")}
    lines = tuple(
        replace(line, assessed=seen.get(line.rule, "whole"), assessed_share=shares.get(line.rule, Decimal(1)))
        for line in report.rules
    )
    grades: tuple[Assessed, ...] = ("little", "little", "partly")
    gaps = (
        NotAssessed("duplicate_call", "new-api", "prompt_hash", 9_000, 9_000, Decimal("812.37")),
        NotAssessed("duplicate_call", "helicone", "prompt_hash", 621, 900, Decimal("38.90")),
        NotAssessed("missed_prompt_cache", "new-api", "prefix_hash", 9_000, 9_000, Decimal("812.37")),
        NotAssessed("missed_prompt_cache", "helicone", "cache_read_tokens", 900, 900, Decimal("210.02")),
        NotAssessed("oversized_model", "helicone", "task", 900, 900, None),
    )
    return replace(
        report,
        rules=lines,
        grades=tuple(replace(total, assessed=state) for total, state in zip(report.grades, grades, strict=True)),
        quality=replace(report.quality, not_assessed=gaps, contradicting_calls=1),
    )


def silent(language: str = "en", currency: str = "USD") -> Report:
    """Ten sources, none of which states what any rule needs; one project over its line."""
    report = assembled(language, currency, (project("search", "", "9812.37", "41000", calls=9_000),), ())
    lines = tuple(replace(line, assessed="none", assessed_share=ZERO) for line in report.rules)
    needed = ("prompt_hash", "prefix_hash", "prompt_hash | session_id", "task", "finish_reason", "output_tokens")
    gaps = tuple(
        NotAssessed(line.rule, f"gateway-{n}", needed[place % len(needed)], 900, 900, Decimal("981.237"))
        for place, line in enumerate(lines)
        for n in range(10)
    )
    blind = tuple(replace(p, waste_assessed="none", avoidable_assessed="none") for p in report.projects)
    return replace(
        report,
        rules=lines,
        projects=blind,
        grades=tuple(replace(total, assessed="none") for total in report.grades),
        quality=replace(
            report.quality,
            not_assessed=gaps,
            contradicting_calls=12,
            linked_calls=1_204,
            linked_sources=("litellm + otel/openai",),
            assumed=(
                Assumed("new_api", "service_tier", 112_480, 112_480, Decimal("4120.55")),
                Assumed("helicone", "cache_read_tokens", 9_310, 9_310, Decimal("812.04")),
                Assumed("litellm", "cache_write_1h_tokens", 1, 88_000, Decimal("0.31")),
            ),
        ),
    )


HOSTILE = (
    "<b>x</b>",
    "</style><script>alert(1)</script>",
    "{{ 7 * 7 }}{% raw %}{n}{project}",
    'a" onmouseover="alert(1)',
    "Bcc: all@example.com\r\nSubject: hi",
    "\u202egnp.exe\u202c \x00\x07",
    "W" * 300,
    "数据平台组大模型网关统一接入与治理项目第二期灰度环境" * 4,
    "<img src=http://evil.example/x.png>",
    "&lt;already&gt; & 'quoted'",
)


def hostile(language: str = "en", currency: str = "USD") -> Report:
    """Every text a log or a rule can hold is hostile."""
    projects = tuple(
        project(name, HOSTILE[1], str(5000 + 997 * place), "20000" if place % 2 else None)
        for place, name in enumerate(HOSTILE)
    )
    found = tuple(
        replace(
            finding("duplicate_call", language, place, name, str(900 - place)),
            title=f"{name} in a title",
            because=f"because {name}",
            fix=f"fix {name}",
            subject=name,
            id=f"F-{name}",
            rule=name[:40],
        )
        for place, name in enumerate(HOSTILE)
    )
    report = assembled(language, currency, projects, found, found, company=HOSTILE[0])
    quality = replace(
        report.quality,
        rejected_lines=3,
        rejects=tuple(RejectLine(text, 1, text, 3) for text in HOSTILE),
        unread_files=tuple(RejectLine(text, 1, text, None) for text in HOSTILE),
        unpriced_calls=2,
        unpriced=tuple(UnpricedModel(text, text, 1, 1) for text in HOSTILE),
        not_assessed=tuple(NotAssessed(text, text, text, 1, 2, None) for text in HOSTILE),
        incomplete=tuple(Gap("unread", name=text, reason=text) for text in HOSTILE),
    )
    models = tuple(ModelLine(text, text, 1, 1, 1, Decimal(1)) for text in HOSTILE)
    failed = tuple(replace(rule, title=HOSTILE[2], failure=HOSTILE[1]) for rule in report.rules)
    return replace(
        report,
        quality=quality,
        models=models,
        rules=failed,
        price_source=HOSTILE[8],
        accounts=bills.named(HOSTILE),
        reconciled=tuple(bills.bill(text, None, (), text, notes=(text,)) for text in HOSTILE),
        restated=Restated(1, 1, Decimal(1), HOSTILE[1]),
        change=moved.between([(p.project, p.cost / 3, p.cost) for p in projects]),
        prompts=moved.listed(
            report,
            [
                moved.template(place, text, 9, Decimal(place), task=text, models=(text,), head=text)
                for place, text in enumerate(HOSTILE)
            ],
        ),
    )


def many(language: str = "en", currency: str = "USD") -> Report:
    """60 projects, 400 findings, 120 models, 80 alerts."""
    projects = tuple(
        project(
            f"project-{n:02d}",
            f"owner {n}",
            str(100 + n * n * 31),
            None if n % 9 == 0 else str(9000 + n * 8300),
        )
        for n in range(60)
    )
    found = tuple(
        finding(list(TOLD)[n % 6], language, n, f"project-{n % 60:02d}", str(Decimal(4000) / (n + 1)))
        for n in range(400)
    )
    warned = tuple(finding("spend_spike", language, 1000 + n, f"project-{n % 60:02d}", str(90 + n)) for n in range(80))
    report = assembled(language, currency, projects, found, warned)
    models = tuple(ModelLine("acme", f"model-{n}", n, n * 1000, n * 10, Decimal(n)) for n in range(120))
    costs = [(p.project, p.cost * (place % 7) / 5, p.cost) for place, p in enumerate(report.projects)]
    change = moved.between(costs, currency="0.08")
    return replace(report, models=models, change=change, prompts=moved.templates(report, 60))


def extremes(language: str = "en", currency: str = "USD") -> Report:
    """Sums from far below a cent to twelve digits, a share a hair above the line, one at 90 times it."""
    projects = (
        project("vast", "", "123456789012.34", "987654321098.76", previous="1"),
        project("hair", "", "2000.01", "10000"),
        project("tiny", "", "0.00000042", "1"),
        project("absurd", "", "90000", "5000"),
        project("nothing-earned", "", "10.005", "0"),
    )
    found = (
        finding("duplicate_call", language, 1, "vast", "999999.995"),
        finding("duplicate_call", language, 2, "tiny", "0.0000001"),
        finding("missed_batch", language, 3, "hair", "999.995"),
    )
    report = assembled(language, currency, projects, found)
    befores = ("123000000000", "0", "0.00000044", "1", "10.004")
    costs = [(p.project, Decimal(before), p.cost) for p, before in zip(projects, befores, strict=True)]
    change = moved.between([*costs, ("gone", Decimal("0.004"), ZERO)])
    return replace(report, previous_spend=Decimal("0.01"), change=change, prompts=moved.templates(report, 3))


def everything(language: str = "en", currency: str = "USD") -> Report:
    """Bills, several lists and currencies, sources' own costs, pools, shared costs, a restatement, unpriced calls."""
    names = (
        ("智能客服", "商品搜索", "算力平台")
        if language == "zh"
        else ("Support assistant", "Product search", "Platform")
    )
    spent = (
        (names[0], "18420.374811905"),
        (names[1], "9210.015004"),
        (names[2], "3120.330000001"),
        ("eval-runs", "41.005"),
        (None, "240.504999"),
    )
    lines = bills.charged(spent, names[2], names[1])
    revenues = {names[0]: "61000", names[1]: "45900", names[2]: None}
    projects = tuple(
        project(line.project, "", str(line.charged), revenues.get(line.project or ""), calls=1_000) for line in lines
    )
    found = (finding("missed_prompt_cache", language, 1, names[0], "3391.00"),)
    report = assembled(language, currency, projects, found)
    spend = sum((Decimal(cost) for _, cost in spent), ZERO)
    other, rate = ("USD", "7.110743") if currency != "USD" else ("CNY", "0.140632")
    table = "https://github.com/datasets/exchange-rates/blob/36c900810f02dafcf1e6572cfbc586282bf9c41c/data/monthly.csv"
    unpriced = 320
    accounts = replace(
        report.accounts,
        priced_by=bills.several_lists(spend, report.calls, unpriced, free=41),
        currencies=bills.currencies(spend, report.calls - unpriced, currency, other, rate=rate, source=table),
        stated=bills.stated(),
        pools=bills.pools("CNY", "1" if currency == "CNY" else rate),
        charged=lines,
    )
    quality = replace(
        report.quality,
        unpriced_calls=unpriced,
        unpriced_tokens=1_204_000,
        unpriced=(
            UnpricedModel("volcengine", "doubao-seed-1-6", 300, 1_200_000),
            UnpricedModel(None, "m-7b", 20, 4_000),
        ),
        unattributed_calls=1_000,
        unattributed_cost=Decimal("240.504999"),
        rejected_lines=12,
    )
    priced = report.calls - unpriced
    befores = [Decimal(cost) * (90 + 7 * place) / 100 for place, (_, cost) in enumerate(spent)]
    change = moved.between(
        [(name, before, Decimal(cost)) for (name, cost), before in zip(spent, befores, strict=True)]
        + [("summer-campaign", Decimal("812.370000001"), ZERO)],
        currency="0.051",
    )
    models = tuple(
        replace(m, cost=spend * m.cost / report.spend, calls=m.calls * priced // report.calls)
        for m in report.models
        if m.cost is not None
    )
    return replace(
        report,
        spend=spend,
        models=(*models, ModelLine("volcengine", "doubao-seed-1-6", unpriced, 1_100_000, 100_000, None)),
        days=days(spend, report.calls),
        months=months(spend, report.calls),
        quality=quality,
        accounts=accounts,
        reconciled=(bills.apart(language, currency), bills.agreeing(language), bills.usage_alone(language)),
        change=change,
        previous_spend=change.before,
        prompts=moved.templates(replace(report, spend=spend), 4),
        restated=Restated(1, report.calls - 240, spend - Decimal("31.9941"), "other calls are in the logs now"),
        price_source=", ".join(line.source for line in accounts.priced_by if line.source),
    )


def two_currencies(language: str = "en", currency: str = "USD") -> Report:
    """Two currencies, a pool, and an invoice that does not agree; nobody is charged anything but its own calls."""
    names = ("智能客服", "商品搜索") if language == "zh" else ("Support assistant", "Product search")
    projects = (
        project(names[0], "", "90312.370000004", "610000", calls=402_118),
        project(names[1], "", "4410.020000003", "45900", calls=9_020),
    )
    report = assembled(language, currency, projects, (finding("missed_batch", language, 1, names[0], "900.10"),))
    other, rate = ("USD", "7.1107") if currency != "USD" else ("CNY", "0.140633")
    accounts = replace(
        report.accounts,
        currencies=bills.currencies(report.spend, report.calls, currency, other, rate=rate, source=""),
        pools=bills.pools("CNY", "1" if currency == "CNY" else rate)[:1],
        priced_by=bills.several_lists(report.spend, report.calls, 0),
    )
    change = moved.between(
        [(p.project, p.cost * (110 - 15 * place) / 100, p.cost) for place, p in enumerate(projects)], currency="-0.2"
    )
    report = replace(report, accounts=accounts, change=change, previous_spend=change.before)
    return replace(report, reconciled=(bills.apart(language, currency),), prompts=moved.templates(report, 1))


EXAMPLES: dict[str, Callable[[str, str], Report]] = {
    "breached": breached,
    "calm": calm,
    "near": near,
    "empty": empty,
    "incomplete": incomplete,
    "unpriced": unpriced,
    "no_revenue": no_revenue,
    "unassessed": unassessed,
    "silent": silent,
    "hostile": hostile,
    "many": many,
    "extremes": extremes,
    "everything": everything,
    "two_currencies": two_currencies,
}
LANGUAGES = (("en", "USD"), ("zh", "CNY"))


def write(folder: Path) -> list[Path]:
    """All examples in both languages, a folder each."""
    written = []
    for name, make in EXAMPLES.items():
        for language, currency in LANGUAGES:
            pages = render(make(language, currency), TEMPLATES)
            place = folder / f"{name}-{language}"
            place.mkdir(parents=True, exist_ok=True)
            (place / "report.html").write_text(pages.report_html, encoding="utf-8")
            (place / "mail.html").write_text(pages.mail_html, encoding="utf-8")
            (place / "mail.txt").write_text(f"{pages.subject}\n\n{pages.mail_txt}", encoding="utf-8")
            written.append(place)
    return written


if __name__ == "__main__":
    for page in write(Path(sys.argv[1])):
        sys.stdout.write(f"{page}\n")
