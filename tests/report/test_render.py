"""What the pages say, for every example and in both languages."""

from __future__ import annotations

import html
import re
import tomllib
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from audit import places, rulebook
from audit.records import Grade
from audit.report import speech
from audit.report.content import Gap
from audit.report.plaintext import WIDTH, cells
from audit.report.render import Pages, render
from audit.report.silence import silences
from audit.report.sums import revenues, uniform
from audit.report.tables import column
from tests.report import examples
from tests.report.examples import EXAMPLES, HOSTILE, LANGUAGES, TEMPLATES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audit.report.content import Report

GMAIL_CLIPS_AT = 102_400
CASES = [(name, language, currency) for name in EXAMPLES for language, currency in LANGUAGES]
VOID = {"meta", "br", "rect", "line", "path", "hr"}

# What Gmail, Outlook for Windows and Apple Mail all know (caniemail), and no more.
MAIL_TAGS = frozenset(
    ["html", "head", "meta", "title", "body", "table", "tr", "td", "th", "h1", "h2", "b", "br", "span"]
)
MAIL_ATTRIBUTES = frozenset(
    [
        "lang",
        "charset",
        "name",
        "content",
        "bgcolor",
        "style",
        "role",
        "width",
        "border",
        "cellspacing",
        "cellpadding",
        "align",
        "valign",
        "height",
        "scope",
    ]
)
MAIL_PROPERTIES = frozenset(
    ["margin", "padding", "font-family", "font-size", "line-height", "font-weight", "color", "max-width", "word-break"]
)


class Page(HTMLParser):
    """A page as a reader meets it: its tags with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "style":
            self.text += data

    @property
    def plain(self) -> str:
        return " ".join(self.text.split())


@pytest.fixture(scope="module")
def rendered() -> dict[tuple[str, str], tuple[Report, Pages]]:
    made = {}
    for name, language, currency in CASES:
        report = EXAMPLES[name](language, currency)
        made[name, language] = (report, render(report, TEMPLATES))
    return made


@pytest.fixture(params=[(name, language) for name, language, _ in CASES], ids="-".join)
def case(request: pytest.FixtureRequest, rendered: dict[tuple[str, str], tuple[Report, Pages]]) -> tuple[Report, Pages]:
    return rendered[request.param]


def leaves(words: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Sentences by their dotted key; the forms of a plural are one sentence."""
    for key, value in words.items():
        if isinstance(value, dict) and "other" not in value:
            yield from leaves(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def words_of(language: str) -> dict[str, Any]:
    return tomllib.loads((TEMPLATES / "words" / f"{language}.toml").read_text(encoding="utf-8"))


def fields(sentence: Any) -> set[str]:
    forms = sentence.values() if isinstance(sentence, dict) else [sentence]
    return {field for form in forms for field in re.findall(r"\{(\w+)\}", str(form))}


def test_both_words_files_have_the_same_keys() -> None:
    english, chinese = (dict(leaves(words_of(language))) for language in ("en", "zh"))
    assert english.keys() == chinese.keys()


def test_a_sentence_takes_the_same_values_in_both_languages() -> None:
    english, chinese = (dict(leaves(words_of(language))) for language in ("en", "zh"))
    assert {key: fields(said) - {"n"} for key, said in english.items()} == {
        key: fields(said) - {"n"} for key, said in chinese.items()
    }


def test_the_chinese_words_hold_no_english_sentence() -> None:
    said = {key: text for key, text in leaves(words_of("zh")) if isinstance(text, str)}
    left = {key for key, text in said.items() if re.search(r"[A-Za-z]{3,} [A-Za-z]{3,} [A-Za-z]{3,}", text)}
    assert left <= {"page.made_by"}


def test_no_word_names_a_shade_for_a_page_has_two_schemes() -> None:
    for language in ("en", "zh"):
        for key, text in leaves(words_of(language)):
            assert not re.search(r"\b(dark|light|pale|grey|gray)\b|[深浅]色|灰色", str(text)), (language, key)


def test_every_word_is_used() -> None:
    code = [*TEMPLATES.rglob("*.j2"), *(TEMPLATES.parent / "audit" / "report").glob("*.py")]
    source = "".join(path.read_text(encoding="utf-8") for path in code)
    composed = (
        "verdict.",
        "standing",
        "quality.",
        "grade.",
        "caveat.",
        "line.",
        "subject.",
        "units.",
        "change.",
        "gap.",
        "needed.",
        "numbers.waste",
        "numbers.avoidable",
        "accounts.",
        "reconcile.",
        "changed.",
        "prompted.",
    )
    unused = [key for key, _ in leaves(words_of("en")) if key not in source and not key.startswith(composed)]
    assert unused == []


def test_what_shipped_rules_need_has_a_name_in_both_languages() -> None:
    rules, _ = rulebook.load([places.rules()], {})
    needed = {column for rule in rules for need in rule.needs for column in need}
    for language in ("en", "zh"):
        assert needed <= set(words_of(language)["needed"])


def test_what_could_not_be_assessed_is_never_zero() -> None:
    pages = render(examples.silent(), TEMPLATES)
    for text in (Page(pages.report_html).plain, Page(pages.mail_html).plain, pages.mail_txt):
        assert re.search(r"Proven waste:? not assessed", text)
        assert not re.search(r"\$0(?![.\d])", text)
        assert "Nothing proven found" not in text
        assert "Whether anything was wasted could not be assessed" in " ".join(text.split())


def test_a_zero_that_holds_for_a_part_says_so_and_names_the_rules() -> None:
    pages = render(examples.unassessed(), TEMPLATES)
    for text in (Page(pages.report_html).plain, Page(pages.mail_html).plain, " ".join(pages.mail_txt.split())):
        # One of the proven rules is blind and the others are not: the rules are named, the figure stands.
        assert re.search(r"Proven waste:? \$0", text)
        assert "Most of the spend (up to 100%) could not be judged by 2 rules" in text
        assert "“Warm prefix billed in full” and “Same request paid for again”" in text
        assert "3 rules could not judge every source" in text or "3 of 8 rules" in text
    page = Page(pages.report_html).plain
    assert "helicone: 621 of 900 calls, $38.90" in page
    assert "helicone: 900 calls, cost unknown" in page
    assert "assessed for 16.8% of the spend" in page


def test_waste_found_in_a_part_is_a_lower_bound() -> None:
    report = examples.breached()
    lines = tuple(
        replace(rule, assessed="little", assessed_share=Decimal("0.2")) if rule.grade is Grade.PROVEN else rule
        for rule in report.rules
    )
    text = Page(render(replace(report, rules=lines), TEMPLATES).report_html).plain
    assert "Proven waste, at least $3,766" in text
    assert re.search(r"80%\) could not be judged by \d rules", text)
    assert "Avoidable $5,396" in text


def test_without_a_rule_nothing_is_assessed() -> None:
    report = examples.calm()
    proven = tuple(rule for rule in report.rules if rule.grade is not Grade.AVOIDABLE)
    text = Page(render(replace(report, rules=proven), TEMPLATES).report_html).plain
    assert "Avoidable not assessed no rule that looks for it was run" in text
    assert "Proven waste $0 Nothing proven found" in text


def test_ten_sources_and_every_rule_stay_a_short_list() -> None:
    report = examples.silent()
    assert len(report.quality.not_assessed) == 10 * len(report.rules)
    rows = silences(report, speech.load(TEMPLATES, "en", "USD"))
    assert len(rows) == len({gap.missing for gap in report.quality.not_assessed})
    assert all(len(row.sources) <= 4 for row in rows)
    assert rows[0].more.startswith("and 7 more (gateway-3, gateway-4")


@pytest.mark.parametrize(("n", "lines", "files"), [(1, "1 line", "1 file"), (2, "2 lines", "2 files")])
def test_one_of_a_thing_is_said_in_the_singular(n: int, lines: str, files: str) -> None:
    report = examples.calm()
    quality = replace(report.quality, files=n, lines=n)
    assert f"{lines} from {files}" in render(replace(report, quality=quality), TEMPLATES).mail_txt
    rejected = replace(quality, rejected_lines=1, incomplete=(Gap("rejected", count=1, of=n),))
    page = Page(render(replace(report, quality=rejected), TEMPLATES).report_html).plain
    assert f"1 of {lines} from {files}. Its calls are in no figure here." in page
    assert f"1 of {lines} could not be read." in page


def test_the_same_report_gives_the_same_bytes(case: tuple[Report, Pages]) -> None:
    report, pages = case
    assert render(report, TEMPLATES) == pages


def test_pages_are_well_formed(case: tuple[Report, Pages]) -> None:
    for text in (case[1].report_html, case[1].mail_html):
        assert Page(text).open == []


def test_headings_come_in_order_under_one_title(case: tuple[Report, Pages]) -> None:
    for text in (case[1].report_html, case[1].mail_html):
        levels = [int(tag[1]) for tag, _ in Page(text).tags if re.fullmatch(r"h[1-6]", tag)]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))


def test_headers_of_tables_say_what_they_head(case: tuple[Report, Pages]) -> None:
    for text in (case[1].report_html, case[1].mail_html):
        page = Page(text)
        assert all("scope" in attributes for tag, attributes in page.tags if tag == "th")
        assert all(attributes["lang"] in ("en", "zh-Hans") for tag, attributes in page.tags if tag == "html")


def test_the_page_loads_nothing_and_runs_nothing(case: tuple[Report, Pages]) -> None:
    pages = case[1]
    for text in (pages.report_html, pages.mail_html):
        page = Page(text)
        assert not {tag for tag, _ in page.tags} & {
            "script",
            "img",
            "link",
            "iframe",
            "object",
            "embed",
            "base",
        }
        for _, attributes in page.tags:
            assert not {name for name in attributes if name.startswith("on") or name in ("src", "srcset")}
            assert (attributes.get("href") or "#").startswith("#")
            assert "url(" not in (attributes.get("style") or "")
    style = pages.report_html.split("<style>")[1].split("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style


def test_figures_of_the_data_are_on_the_page(case: tuple[Report, Pages]) -> None:
    report, pages = case
    said = speech.load(TEMPLATES, report.language, report.currency)
    text = Page(pages.report_html).plain
    wanted = {*column([day.cost for day in report.days], said).parts} | {said.count(day.calls) for day in report.days}
    wanted |= {*uniform([m.cost for m in report.months], said)} | {said.count(m.calls) for m in report.months}
    columns = {
        name: column([getattr(p, name) for p in report.projects], said).parts for name in ("cost", "waste", "avoidable")
    }
    wanted |= {*revenues(report, said).values()}
    wanted |= {*column([p.previous_cost for p in report.projects if p.previous_cost is not None], said).parts}
    for at, project in enumerate(report.projects):
        wanted |= {said.count(project.calls)}
        for name, saving, seen in (
            ("waste", project.waste, project.waste_assessed),
            ("avoidable", project.avoidable, project.avoidable_assessed),
        ):
            wanted |= {columns[name][at]} if saving or seen in ("whole", "partly") else set()
        wanted |= {columns["cost"][at]} if project.cost_known else set()
        wanted |= {said.money(project.over_by)} if project.standing == "over" else set()
    wanted |= {said.money(f.credited) for f in report.findings[:8] if f.credited is not None}
    wanted |= {said.count(f.calls) for f in report.findings[:8]}
    judged = [total for total in report.grades if total.credited or total.assessed in ("whole", "partly")]
    wanted |= {said.money(total.credited) for total in judged}
    wanted |= {said.percent(total.share) for total in judged}
    quality = report.quality
    wanted |= {
        said.count(n)
        for n in (
            quality.rejected_lines,
            quality.unpriced_calls,
            quality.unattributed_calls,
            quality.missing_usage_calls,
        )
        if n
    }
    assert sorted(figure for figure in wanted if figure not in text) == []


def test_the_verdict_leads_the_page_the_mail_and_the_text(case: tuple[Report, Pages]) -> None:
    _, pages = case
    heading = re.search(r"<h1[^>]*>(.*?)</h1>", pages.report_html, re.DOTALL)
    assert heading
    said = html.unescape(re.sub(r"<[^>]+>", "", heading[1]))
    sentence = " ".join(said.split())[2:]
    assert sentence in Page(pages.mail_html).plain
    assert "".join(sentence.split()) in "".join(pages.mail_txt.split())


def test_hostile_texts_are_shown_as_text() -> None:
    report = examples.hostile()
    pages = render(report, TEMPLATES)
    for text in (pages.report_html, pages.mail_html):
        page = Page(text)
        assert "<b>x</b>" in page.plain
        assert "</style><script>alert(1)</script>" in page.plain
        assert "&lt;already&gt; & 'quoted'" in page.plain
        assert "{{ 7 * 7 }}{% raw %}{n}{project}" in page.plain
        assert not re.search(r"[\x00\x07\u202e]", text)
        assert "<script" not in text
        assert "<img" not in text
    assert all("\n" not in name for name in pages.subject.split(" "))
    assert len(HOSTILE) == len(report.projects)


def test_a_subject_is_one_line_however_a_project_is_named(case: tuple[Report, Pages]) -> None:
    assert "\n" not in case[1].subject
    assert "\r" not in case[1].subject
    assert case[1].subject.isprintable()
    assert len(case[1].subject) <= 140


def test_mail_stays_below_what_gmail_clips(case: tuple[Report, Pages]) -> None:
    assert len(case[1].mail_html.encode()) < GMAIL_CLIPS_AT


def test_a_mail_with_forty_findings_and_sixty_projects_stays_below_what_gmail_clips() -> None:
    report = examples.many("zh", "CNY")
    pages = render(replace(report, findings=report.findings[:40]), TEMPLATES)
    assert len(pages.mail_html.encode()) < GMAIL_CLIPS_AT / 2


def test_the_page_of_sixty_projects_stays_small() -> None:
    assert len(render(examples.many("zh", "CNY"), TEMPLATES).report_html.encode()) < 300_000


def test_mail_uses_only_what_every_client_knows(case: tuple[Report, Pages]) -> None:
    for tag, attributes in Page(case[1].mail_html).tags:
        assert tag in MAIL_TAGS
        assert attributes.keys() <= MAIL_ATTRIBUTES
        style = (attributes.get("style") or "").split(";")
        properties = {declaration.split(":")[0].strip() for declaration in style if declaration}
        assert properties <= MAIL_PROPERTIES
        assert not ("padding" in properties and tag not in ("td", "th", "body"))
        assert "var(" not in (attributes.get("style") or "")
    assert "<style" not in case[1].mail_html


def test_the_bar_cells_of_a_mail_fill_their_table(case: tuple[Report, Pages]) -> None:
    bars = re.findall(r"<table [^>]*><tr>\s*((?:<td width=\"\d+%?\" height=.*?</td>\s*)+)", case[1].mail_html)
    for bar in bars:
        assert sum(int(width) for width in re.findall(r'width="(\d+)%"', bar)) == 100


def test_text_mail_has_no_markup_and_short_lines(case: tuple[Report, Pages]) -> None:
    report, pages = case
    hostile = any(project.project == HOSTILE[0] for project in report.projects)
    if not hostile:
        assert not re.search(r"<[a-z/!][^>]*>|&(amp|lt|gt|quot|#\d+);", pages.mail_txt)
    long = [line for line in pages.mail_txt.splitlines() if cells(line) > WIDTH and " " in line.strip(" -!")]
    assert [line for line in long if "W" * 40 not in line] == []
    assert "\n\n\n" not in pages.mail_txt


def luminance(color: str) -> float:
    digits = color if len(color) == 6 else "".join(digit * 2 for digit in color)
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_colours_stand_out_in_light_dark_and_print() -> None:
    style = (TEMPLATES / "report.css").read_text(encoding="utf-8")
    schemes = [
        dict(re.findall(r"--(\w+): #(\w+);", block)) for block in re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    ]
    assert len(schemes) == 3
    for scheme in schemes:
        for text in ("ink", "soft", "over", "near"):
            assert contrast(scheme[text], scheme["paper"]) >= 4.5
        assert contrast(scheme["ink"], scheme["note"]) >= 4.5
        for shape in ("bar", "now", "over"):
            assert contrast(scheme[shape], scheme["paper"]) >= 3


def test_a_hair_above_the_line_does_not_look_like_the_line() -> None:
    text = Page(render(examples.extremes(), TEMPLATES).report_html).plain
    assert "20.0001%" in text
    assert "over by $0.01" in text


def test_no_stated_revenue_is_not_under() -> None:
    pages = render(examples.no_revenue(), TEMPLATES)
    assert "Nobody can say who is under the red line" in Page(pages.report_html).plain
    assert "●" not in pages.report_html
    assert pages.subject.startswith("Red line not checked")


def test_an_unknown_cost_is_never_zero() -> None:
    pages = render(examples.unpriced(), TEMPLATES)
    for text in (Page(pages.report_html).plain, Page(pages.mail_html).plain, pages.mail_txt):
        assert "unknown" in text
        assert "All 1 project" not in text
        assert "is under its red line" not in text
    assert "$0" not in pages.mail_txt
    assert "$0" not in Page(pages.mail_html).plain


def test_a_project_without_a_cost_is_not_judged() -> None:
    pages = render(examples.incomplete(), TEMPLATES)
    assert "1 project cannot be judged" in Page(pages.report_html).plain
    assert re.search(r"Contract review +unknown +unknown +cost unknown", pages.mail_txt)
    assert "no price known" in Page(pages.report_html).plain


def test_a_cost_that_is_partly_unknown_is_a_lower_bound() -> None:
    pages = render(examples.incomplete(), TEMPLATES)
    assert re.search(r"Nightly tagging +≥ 17.0% +at least \$4,410 +near the line or over", pages.mail_txt)
    assert "Spend, at least" in Page(pages.report_html).plain
    assert "9,120 calls (1.1% of all) have no known cost" in Page(pages.report_html).plain


def test_an_incomplete_run_says_so_before_any_number() -> None:
    report = examples.incomplete()
    pages = render(report, TEMPLATES)
    for text in (Page(pages.report_html).plain, Page(pages.mail_html).plain):
        assert text.index("This audit is incomplete") < text.index("Proven waste")
        assert report.quality.incomplete[0].reason in text
    assert pages.subject.startswith("[incomplete]")


def test_a_subject_without_a_name_is_left_out() -> None:
    report = examples.breached()
    alert = replace(report.findings[0], grade=Grade.ALERT, saving=None, credited=None, amount=Decimal(5))
    for subject, times in (("nightly", 2), ("-", 0)):
        findings = (replace(report.findings[0], subject=subject), *report.findings[1:])
        told = render(replace(report, findings=findings, alerts=(replace(alert, subject=subject),)), TEMPLATES)
        assert told.report_html.count(f"<bdi>{subject}</bdi>") == times


def test_no_calls_and_no_findings_are_said_in_words() -> None:
    empty = Page(render(examples.empty(), TEMPLATES).report_html).plain
    assert "No call was found in the logs of October 2026" in empty
    assert "Not one line was read" in empty
    calm = Page(render(examples.calm(), TEMPLATES).report_html).plain
    assert "Nothing proven found" in calm
    assert "September 2026: unknown, so no comparison" in calm


def test_only_proven_findings_are_called_waste() -> None:
    report = examples.breached()
    text = Page(render(report, TEMPLATES).report_html).plain
    assert "Proven waste $3,766" in text
    assert "A further $1,211 is a hypothesis: a person must judge it" in text
    assert report.waste == Decimal("3766.204")


@pytest.mark.parametrize(
    ("language", "currency", "amount", "shown"),
    [
        ("en", "USD", "0", "$0"),
        ("en", "USD", "0.004", "<$0.01"),
        ("en", "USD", "-0.004", "−<$0.01"),
        ("en", "USD", "12.345", "$12.35"),
        ("en", "USD", "999.994", "$999.99"),
        ("en", "USD", "999.995", "$1,000"),
        ("en", "USD", "1000.5", "$1,001"),
        ("en", "USD", "-1234567.4", "−$1,234,567"),
        ("en", "CNY", "12", "CN¥12.00"),
        ("zh", "CNY", "12", "¥12.00"),
        ("zh", "USD", "1234.5", "US$1,235"),
        ("zh", "JPY", "12.4", "JP¥12"),
    ],
)
def test_money_has_cents_below_a_thousand_only(language: str, currency: str, amount: str, shown: str) -> None:
    assert speech.load(TEMPLATES, language, currency).money(Decimal(amount)) == shown


@pytest.mark.parametrize(
    ("language", "number", "shown"),
    [
        ("en", 0, "0"),
        ("en", 999, "999"),
        ("en", 1_234, "1.23 K"),
        ("en", 22_400_000, "22.4 M"),
        ("en", 999_999, "1 M"),
        ("en", 1_240_000_000, "1.24 B"),
        ("zh", 9_999, "9,999"),
        ("zh", 12_345, "1.23万"),
        ("zh", 22_400_000, "2,240万"),
        ("zh", 99_999_999, "1亿"),
        ("zh", 124_000_000, "1.24亿"),
    ],
)
def test_large_numbers_have_three_figures_and_the_readers_units(language: str, number: int, shown: str) -> None:
    assert speech.load(TEMPLATES, language, "USD").compact(number).replace("\u00a0", " ") == shown


@pytest.mark.parametrize(
    ("language", "amount", "shown"),
    [
        ("en", "9999999", "$9,999,999"),
        ("en", "12345678", "$12.35 M"),
        ("zh", "1234567", "¥123.46万"),
        ("zh", "-123456789", "−¥1.23亿"),
    ],
)
def test_a_headline_shortens_what_nobody_reads(language: str, amount: str, shown: str) -> None:
    said = speech.load(TEMPLATES, language, "CNY" if language == "zh" else "USD")
    assert said.headline(Decimal(amount)).replace("\u00a0", " ") == shown
