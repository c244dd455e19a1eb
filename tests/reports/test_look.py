"""A report in a real browser: it is whole, it fetches nothing, and it fits a telephone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.reports.document import Document


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--headless", "--no-sandbox", "--disable-gpu"]
        )
        yield started
        started.close()


@pytest.mark.browser
def test_nothing_is_fetched_and_nothing_is_refused(daily: Document, browser: Browser) -> None:
    page = browser.new_page()
    requests: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.goto(daily.path.as_uri())
    assert requests == [daily.path.as_uri()]
    assert said == []
    assert page.title() == "Daily sales"
    assert page.locator(".kpi .value").first.inner_text() == "£46.00"
    # The line of the month is really drawn.
    box = page.locator("path.now").first.bounding_box()
    assert box is not None
    assert box["width"] > 400
    page.close()


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_in_both_themes(daily: Document, browser: Browser, scheme: str) -> None:
    page = browser.new_page(color_scheme=scheme)
    page.goto(daily.path.as_uri())
    paper, ink = page.evaluate(
        """() => [getComputedStyle(document.querySelector('main')).backgroundColor,
                  getComputedStyle(document.querySelector('h1')).color]"""
    )
    expected = {"light": ("rgb(255, 255, 255)", "rgb(21, 24, 29)"), "dark": ("rgb(22, 25, 30)", "rgb(236, 238, 242)")}
    assert (paper, ink) == expected[scheme]
    page.close()


@pytest.mark.browser
def test_a_telephone_shows_it_without_scrolling_sideways(daily: Document, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 360, "height": 800})
    page.goto(daily.path.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.close()
