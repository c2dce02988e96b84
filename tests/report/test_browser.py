"""The pages in a real browser, at a desk's width and a phone's."""

from __future__ import annotations

import html
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from audit.report.render import render
from tests.report.examples import EXAMPLES, LANGUAGES, TEMPLATES

if TYPE_CHECKING:
    from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--allow-file-access-from-files",
    "--virtual-time-budget=3000",
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: install one to see the pages in a browser"),
]

# The page itself runs no script; the test's own page frames it at a width, opens its details and measures.
FRAME = """<!DOCTYPE html><meta charset="utf-8"><title>waiting</title>
{frames}
<script>
addEventListener('load', () => {{
  document.title = [...document.querySelectorAll('iframe')].map(frame => {{
    const page = frame.contentDocument;
    page.querySelectorAll('details').forEach(details => details.open = true);
    const edge = page.documentElement.clientWidth;
    const out = [...page.querySelectorAll('body *')].filter(element => {{
      const box = element.getBoundingClientRect();
      const squeezed = element.matches('.grade') && box.width < 32;
      const outside = box.right > edge + 1 && !element.closest('svg, .skip');
      return box.width > 1 && box.height > 1 && (outside || squeezed);
    }});
    const first = out.length ? out[0].tagName + '.' + out[0].className : '';
    const read = page.querySelector('h1').innerText.length > 5;
    return [frame.title, page.documentElement.scrollWidth, edge, read, first].join('|');
  }}).join(';');
}});
</script>
"""


def browse(folder: Path, page: Path, *arguments: str) -> str:
    assert CHROMIUM
    command = [CHROMIUM, *QUIET, f"--user-data-dir={folder / 'profile'}", *arguments, page.as_uri()]
    ran = subprocess.run(command, capture_output=True, check=True, timeout=120)
    return ran.stdout.decode("utf-8")


@pytest.mark.parametrize("width", [375, 1200])
def test_no_page_scrolls_sideways(tmp_path: Path, width: int) -> None:
    frames = []
    for name, make in EXAMPLES.items():
        for language, currency in LANGUAGES:
            pages = render(make(language, currency), TEMPLATES)
            for kind, text in (("report", pages.report_html), ("mail", pages.mail_html)):
                title = f"{name}-{language}-{kind}"
                (tmp_path / f"{title}.html").write_text(text, encoding="utf-8")
                frames.append(
                    f'<iframe title="{title}" src="{title}.html" '
                    f'style="border:0;width:{width}px;height:900px"></iframe>'
                )
    frame = tmp_path / "frame.html"
    frame.write_text(FRAME.format(frames="\n".join(frames)), encoding="utf-8")
    shown = re.search(r"<title>(.*?)</title>", browse(tmp_path, frame, "--dump-dom"), re.DOTALL)
    assert shown
    measured = [line.split("|") for line in html.unescape(shown[1]).split(";")]
    assert len(measured) == len(frames)
    assert [line for line in measured if int(line[1]) > width or line[3] != "true" or line[4]] == []


@pytest.mark.parametrize("width", [500, 1200])
def test_a_page_is_painted(tmp_path: Path, width: int) -> None:
    page = tmp_path / "report.html"
    page.write_text(render(EXAMPLES["breached"]("zh", "CNY"), TEMPLATES).report_html, encoding="utf-8")
    picture = tmp_path / "report.png"
    browse(tmp_path, page, f"--screenshot={picture}", f"--window-size={width},1600")
    painted = picture.read_bytes()
    assert painted.startswith(b"\x89PNG")
    assert int.from_bytes(painted[16:20], "big") == width
    assert len(painted) > 40_000
