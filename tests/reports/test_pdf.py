"""A report on paper: printed by a real Chromium, page by page, or ended in time."""

from __future__ import annotations

import re
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
import psutil
import pytest
from playwright.sync_api import Page, sync_playwright

from ecombi.errors import ConfigurationError, PdfNotMade, ReportError
from ecombi.reports.html import as_html
from ecombi.reports.pdf import as_pdf, find_browser
from tests.reports.document import Document
from tests.reports.test_harmless import site

CHROMIUM = Path("/usr/bin/chromium")


def report(*outputs: str) -> str:
    """A report of those HTML outputs, each below a question."""
    cells = [nbformat.v4.new_markdown_cell("# Paper")]
    for html in outputs:
        cells.append(nbformat.v4.new_markdown_cell("## A question?\n\nWhat it means."))
        output = nbformat.v4.new_output("display_data", {"text/html": html})
        cells.append(nbformat.v4.new_code_cell("x", outputs=[output]))
    return as_html(nbformat.v4.new_notebook(cells=cells), title="Paper")


def program(folder: Path, code: str) -> Path:
    """A program that stands in the place of Chromium."""
    path = folder / "browser"
    path.write_text(f"#!/bin/sh\n{code}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.mark.browser
def test_a_document_is_printed_on_a4(daily: Document) -> None:
    printed = as_pdf(daily.html, browser=CHROMIUM)
    assert printed.startswith(b"%PDF-")
    assert printed.rstrip().endswith(b"%%EOF")
    boxes = {tuple(map(float, box.split())) for box in re.findall(rb"/MediaBox \[([^\]]+)\]", printed)}
    assert {(round(width), round(height)) for _, _, width, height in boxes} == {(595, 842)}
    assert b"/Outlines" in printed
    assert b"/Lang (en)" in printed


@pytest.mark.browser
def test_the_browser_reaches_nothing_whatever_a_document_asks_for() -> None:
    with site() as server:
        port = server.server_port
        asking = "".join(
            f"<img src='http://{host}:{port}/image.png'><iframe src='http://{host}:{port}/frame'></iframe>"
            f"<script>fetch('http://{host}:{port}/script', {{mode: 'no-cors'}})</script>"
            for host in ("127.0.0.1", "localhost", "[::1]")
        )
        assert as_pdf(f"<!doctype html>{asking}", browser=CHROMIUM).startswith(b"%PDF-")
        assert server.asked == []


def test_a_browser_that_takes_too_long_is_ended_with_all_it_started(tmp_path: Path) -> None:
    browser = program(tmp_path, "sleep 987 &\nsleep 987")
    began = time.monotonic()
    with pytest.raises(ReportError, match=r"The PDF was not done after 0\.5 seconds, so it was stopped"):
        as_pdf("<p>x</p>", browser=browser, seconds=0.5)
    # The system takes its time to end what was killed.
    while (left := [p.pid for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"] == ["sleep", "987"]]) and (
        time.monotonic() - began < 60
    ):
        time.sleep(0.05)
    assert left == []


@pytest.mark.parametrize(
    "code", ["echo it is broken >&2; exit 1", "exit 0 # it is broken", "sleep 0; echo it is broken"]
)
def test_a_browser_that_makes_nothing_is_an_error(tmp_path: Path, code: str) -> None:
    with pytest.raises(PdfNotMade, match=r"made no PDF\. It said: (it is broken|nothing)"):
        as_pdf("<p>x</p>", browser=program(tmp_path, code))


@pytest.mark.parametrize("content", [b"", b"no program", b"\x7fELF but not really", b"#!/nowhere/at/all\n"])
def test_a_file_that_is_no_program_is_an_error_in_words(tmp_path: Path, content: bytes) -> None:
    browser = program(tmp_path, "")
    browser.write_bytes(content)
    with pytest.raises(PdfNotMade, match=r"browser made no PDF: (Exec format error|No such file or directory)\."):
        as_pdf("<p>x</p>", browser=browser)


def test_what_a_browser_leaves_is_ended(tmp_path: Path) -> None:
    with pytest.raises(PdfNotMade):
        as_pdf("<p>x</p>", browser=program(tmp_path, "sleep 986 &"))
    end = time.monotonic() + 60
    while (left := [p for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"] == ["sleep", "986"]]) and (
        time.monotonic() < end
    ):
        time.sleep(0.05)
    assert left == []


def test_a_browser_sees_none_of_our_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECOMBI_SECRET_MAIL", "correct horse battery")
    with pytest.raises(ReportError) as caught:
        as_pdf("<p>x</p>", browser=program(tmp_path, "env; pwd"))
    assert "ECOMBI" not in str(caught.value)
    assert "PATH=" in str(caught.value)


def test_the_browser_is_the_one_set_or_the_one_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = program(tmp_path, "exit 0")
    assert find_browser(given) == given
    with pytest.raises(ConfigurationError, match=r"ECOMBI_BROWSER is .*missing, which is no program"):
        find_browser(tmp_path / "missing")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_browser() is None
    given.rename(tmp_path / "google-chrome")
    assert find_browser() == tmp_path / "google-chrome"


@pytest.fixture(scope="module")
def paper() -> Iterator[Page]:
    """A page as wide as A4 inside its margins, that shows what is printed."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--headless", "--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 673, "height": 993}, color_scheme="dark")
        page.emulate_media(media="print", color_scheme="light")
        yield page
        browser.close()


@pytest.mark.browser
def test_on_paper_what_belongs_together_stays_together(paper: Page) -> None:
    short = "<tr><td>x</td></tr>" * 12
    head = "<figcaption><b>T</b></figcaption><table><thead><tr><th>a</th></tr></thead>"
    table = f"<figure>{head}<tbody>{{}}</tbody></table></figure>"
    paper.set_content(report(table.format(short), table.format(short * 10), "<p class='finding'>So it is.</p>"))
    long, whole = "figure:has(tr:nth-child(13))", "figure:not(:has(tr:nth-child(13))) table"
    broken = {
        found: paper.evaluate(
            """found => { const style = getComputedStyle(document.querySelector(found));
                          return [style.breakBefore, style.breakInside, style.breakAfter] }""",
            found,
        )
        for found in (
            "h2",
            ".text",
            "figcaption",
            "thead",
            "tr",
            "figure",
            whole,
            long,
            f"{long} table",
            ".finding",
        )
    }
    assert broken == {
        "h2": ["auto", "auto", "avoid"],
        ".text": ["auto", "auto", "avoid"],
        "figcaption": ["auto", "avoid", "avoid"],
        "thead": ["auto", "avoid", "avoid"],
        "tr": ["auto", "avoid", "auto"],
        "figure": ["auto", "avoid", "auto"],
        whole: ["auto", "avoid", "auto"],
        long: ["auto", "auto", "auto"],
        f"{long} table": ["auto", "auto", "auto"],
        ".finding": ["avoid", "avoid", "auto"],
    }


@pytest.mark.browser
def test_on_paper_sentences_and_definitions_go_on_over_the_page(paper: Page) -> None:
    said = "<p class='finding'>One.</p><p class='finding'>Two.</p>"
    defined = "<figure class='defined'><table><tbody><tr><td>x</td></tr></tbody></table></figure>"
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell("x", outputs=[nbformat.v4.new_output("display_data", {"text/html": said})]),
            nbformat.v4.new_markdown_cell("What was meant."),
            nbformat.v4.new_markdown_cell("## The next question?"),
            nbformat.v4.new_code_cell("x", outputs=[nbformat.v4.new_output("display_data", {"text/html": defined})]),
        ]
    )
    paper.set_content(as_html(notebook, title="Paper"))
    asked = """([found, property]) => getComputedStyle(document.querySelector(found))[property]"""
    assert paper.evaluate(asked, [".finding + .finding", "breakBefore"]) == "auto"
    assert paper.evaluate(asked, [".text p", "breakAfter"]) == "auto"
    assert paper.evaluate(asked, [".text", "breakAfter"]) == "auto"
    assert paper.evaluate(asked, [".text + .text", "breakAfter"]) == "avoid"
    assert paper.evaluate(asked, [".defined", "breakInside"]) == "auto"
    assert paper.evaluate(asked, [".defined table", "breakInside"]) == "auto"


@pytest.mark.browser
def test_on_paper_a_wide_table_fits_and_leaves_room_for_names(paper: Page) -> None:
    columns = [
        "Available",
        "Incoming",
        "Sold a day",
        "Lead time",
        "Safety stock",
        "Reorder point",
        "Per customer",
        "New",
    ]
    head = "".join(f"<th class='num'>{column}</th>" for column in columns)
    cells = "".join("<td class='num'>£12,345</td>" for _ in columns)
    paper.set_content(
        report(
            f"<figure><table><thead><tr><th>Product</th>{head}</tr></thead>"
            f"<tbody><tr><td>Cotton waffle blanket, double, sage</td>{cells}</tr></tbody></table></figure>"
        )
    )
    # What is wider is printed smaller, the whole document with it.
    assert paper.evaluate("document.documentElement.scrollWidth") <= 673
    box = paper.locator("td").first.bounding_box()
    assert box is not None
    assert box["width"] > 0.2 * 673


@pytest.mark.browser
def test_bars_stand_beside_the_middle_of_their_line(paper: Page) -> None:
    paper.set_content(
        report("<figure><table><tr><td>Shop</td><td class='b'><span class='bar'></span></td></tr></table></figure>")
    )
    line, bar = (paper.locator(found).bounding_box() for found in ("tr", ".bar"))
    assert line is not None
    assert bar is not None
    assert bar["y"] + bar["height"] / 2 == pytest.approx(line["y"] + line["height"] / 2, abs=1)


@pytest.mark.browser
def test_on_paper_nothing_opens_and_colours_are_printed(paper: Page, daily: Document) -> None:
    paper.goto(daily.path.as_uri())
    assert paper.locator("details:not([open]):visible").count() == 0
    assert paper.evaluate("getComputedStyle(document.querySelector('.bar')).printColorAdjust") == "exact"
    assert paper.evaluate("getComputedStyle(document.querySelector('main')).borderTopWidth") == "0px"
    assert paper.evaluate("document.documentElement.scrollWidth") <= 673
