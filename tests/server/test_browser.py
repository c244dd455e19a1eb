"""The sales dashboard in a real Chromium, on a shop added up by hand: see hand_shop. The last seven days: 86.00."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlparse

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.server.conftest import Server

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CHROMIUM = "/usr/bin/chromium"
SECONDS = 1000
OPENS_IN = 60 * SECONDS


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as play:
        # Nothing but this machine has a name: whatever a page asks elsewhere fails, and is recorded.
        started = play.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
        )
        yield started
        started.close()


Open = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, server: Server) -> Iterator[Open]:
    """Open the dashboard and wait until it is live; afterwards, no request left the machine and nothing went wrong."""
    pages: list[Page] = []
    outside: list[str] = []
    wrong: list[str] = []

    def opened(query: str = "?period=7d", *, width: int = 1440, dark: bool = False) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light"
        )
        page = context.new_page()
        page.on("request", lambda request: outside.append(request.url) if not _local(request.url) else None)
        page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        pages.append(page)
        page.goto(f"{server.link}/sales{query}", timeout=OPENS_IN)
        page.wait_for_selector("body[data-live]", timeout=OPENS_IN)
        return page

    yield opened
    for page in pages:
        page.close(run_before_unload=True)
        # What a page sends while it closes is sent by its browser, which must still be there.
        time.sleep(0.3)
        page.context.close()
    assert outside == []
    assert wrong == []


def _local(url: str) -> bool:
    return urlparse(url).hostname == "127.0.0.1" or url.startswith(("blob:http://127.0.0.1", "data:"))


def value(page: Page, tile: str):
    return page.locator(f"#{tile} data.value")


def said(page: Page, selector: str) -> str:
    return page.locator(selector).inner_text().replace("\N{NO-BREAK SPACE}", " ").replace("\N{WORD JOINER}", "")


def test_it_paints_the_figures_of_the_ledger(open_page):
    page = open_page()
    expect(value(page, "net_sales")).to_have_text("£86.00")
    expect(value(page, "orders")).to_have_text("3")
    expect(value(page, "aov")).to_have_text("£32.00")
    expect(value(page, "return_rate")).to_have_text("14.3%")
    assert "72.0% more than 18–24 Oct" in said(page, "#net_sales .delta")
    expect(page).to_have_title("Sales | ecombi")
    expect(page.locator(".fresh").first).to_contain_text("snapshot 1")
    assert page.locator(".chart path.line").first.get_attribute("d")
    assert page.evaluate(UNNAMED_OR_SMALL) == []


def test_filters_change_the_figures_to_the_right_ones(open_page):
    page = open_page()
    page.get_by_role("button", name="Ordered").click()
    expect(value(page, "net_sales")).to_have_text("£96.00", timeout=OPENS_IN)
    page.get_by_role("button", name="Booked").click()
    expect(value(page, "net_sales")).to_have_text("£86.00", timeout=OPENS_IN)
    page.locator("details.drop", has_text="Channel").locator("summary").click()
    page.get_by_label("app", exact=True).check()
    expect(value(page, "net_sales")).to_have_text("£36.00", timeout=OPENS_IN)
    page.get_by_role("button", name="Remove filter app").click()
    expect(value(page, "net_sales")).to_have_text("£86.00", timeout=OPENS_IN)
    page.locator("summary", has_text="25–31 Oct 2026").click()
    page.get_by_label("From").fill("2026-10-31")
    page.get_by_label("To, included").fill("2026-10-31")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(value(page, "net_sales")).to_have_text("£46.00", timeout=OPENS_IN)
    expect(page).to_have_url(re.compile(r"\?from=2026-10-31&to=2026-10-31&period=custom$"), timeout=OPENS_IN)


def test_a_bar_leads_to_its_detail_and_back_leads_back(open_page):
    page = open_page()
    page.locator("#countries").get_by_role("button", name="FR").click()
    expect(value(page, "net_sales")).to_have_text("£36.00", timeout=OPENS_IN)
    expect(page).to_have_url(re.compile("country=FR"), timeout=OPENS_IN)
    page.locator("#products").get_by_role("button", name="Lamp").click()
    expect(page.locator(".named h3")).to_have_text("Lamp", timeout=OPENS_IN)
    expect(page).to_have_url(re.compile("product=lamp"), timeout=OPENS_IN)
    page.go_back()
    expect(page.locator(".named h3")).to_be_hidden(timeout=OPENS_IN)
    page.go_back()
    expect(value(page, "net_sales")).to_have_text("£86.00", timeout=OPENS_IN)


def test_a_bookmark_is_a_state(open_page):
    page = open_page("?period=7d&channel=web&basis=ordered&product=mug")
    expect(value(page, "net_sales")).to_have_text("£60.00")
    expect(page.locator(".named h3")).to_have_text("Mug & saucer")
    expect(page.get_by_role("button", name="Ordered")).to_have_attribute("aria-pressed", "true")


def test_a_name_from_the_data_runs_nothing_also_in_the_dark(open_page):
    page = open_page("?period=all", dark=True)
    expect(page.locator("#products")).to_contain_text("<script>alert(1)</script>")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(14, 16, 19)"
    strokes = page.evaluate(
        "[...document.querySelectorAll('.chart path.line')].map((path) => getComputedStyle(path).stroke)"
    )
    assert "rgb(122, 162, 255)" in strokes


def test_the_passport_opens_by_keyboard_shows_its_sql_and_gives_the_focus_back(open_page):
    page = open_page()
    about = page.locator("#net_sales details.passport summary")
    about.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#net_sales .pop")).to_contain_text("Gross sales − discounts − returns.")
    page.locator("#net_sales .pop").get_by_role("button", name="Show SQL").click()
    expect(page.locator("#net_sales pre.sql")).to_contain_text("SELECT", timeout=OPENS_IN)
    page.keyboard.press("Escape")
    expect(page.locator("#net_sales .pop")).to_be_hidden()
    expect(about).to_be_focused()


def test_every_chart_has_a_table_and_a_file(open_page):
    page = open_page()
    chart = page.locator(".tile", has_text="Net sales over time")
    chart.locator("summary[aria-label$='table, export, link']").click()
    chart.get_by_role("button", name="Show as a table").click()
    expect(chart.locator("tbody tr")).to_have_count(7, timeout=OPENS_IN)
    chart.locator("summary[aria-label$='table, export, link']").click()
    with page.expect_download(timeout=OPENS_IN) as download:
        chart.get_by_role("button", name="Download CSV").click()
    assert download.value.suggested_filename == "net-sales-2026-10-25-2026-10-31.csv"
    lines = download.value.path().read_text("utf-8-sig").splitlines()
    assert lines[-1].startswith("2026-10-31,46.0000")


def test_a_phone_needs_no_sideways_scrolling_and_can_choose_its_theme(open_page):
    page = open_page(width=360)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.locator("#theme").click()
    page.locator("#theme").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(14, 16, 19)"
    expect(page.locator("details.drop", has_text="Country")).to_be_hidden()
    page.get_by_role("button", name="Filters").click()
    expect(page.locator("details.drop", has_text="Country")).to_be_visible()


UNNAMED_OR_SMALL = """() => {
    const seen = (selector) =>
        [...document.querySelectorAll(selector)].filter((e) => e.checkVisibility() && !e.closest('.pop, .chip'));
    const unnamed = seen('#live button, #live summary').filter((e) => !(e.innerText || e.getAttribute('aria-label')));
    const small = seen('#live .icon, #live .ctl').filter((e) => e.getBoundingClientRect().height < 24);
    return [...unnamed, ...small].map((e) => e.outerHTML);
}"""


def test_closing_the_page_ends_its_kernel(browser, server):
    context = browser.new_context()
    page = context.new_page()
    page.goto(server.link + "/sales", timeout=OPENS_IN)
    page.wait_for_selector("body[data-live]", timeout=OPENS_IN)
    kernel = page.evaluate("document.body.dataset.kernelId")
    assert server.has(kernel)
    page.close(run_before_unload=True)
    deadline = time.monotonic() + 20
    while server.has(kernel) and time.monotonic() < deadline:
        time.sleep(0.2)
    context.close()
    assert not server.has(kernel)
