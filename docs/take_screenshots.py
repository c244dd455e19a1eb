"""Take the screenshots of the documentation from the running dashboards: `make screenshots`."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from pathlib import Path
from subprocess import PIPE, Popen

from playwright.sync_api import Browser, sync_playwright

IMAGES = Path(__file__).resolve().parent / "images"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
CHROMIUM = os.environ.get("ECOMBI_CHROMIUM", "/usr/bin/chromium")


def take(browser: Browser, url: str, name: str, theme: str) -> None:
    """Open a page, wait until its figures are live, and keep a picture of all of it."""
    page = browser.new_page(viewport={"width": 1440, "height": 900}, color_scheme=theme)
    page.goto(url)
    page.wait_for_selector(".bqplot svg .lines, .bqplot svg path", timeout=60_000)
    page.wait_for_timeout(1500)
    page.screenshot(path=IMAGES / name, full_page=True)
    page.close()


def main() -> int:
    """Serve the workspace named on the command line, and take every picture."""
    command = [sys.executable, "-m", "ecombi", "serve", "--port", "0", "--workspace", sys.argv[1]]
    with tempfile.TemporaryDirectory() as folder, Popen(command, stdout=PIPE, text=True, cwd=folder) as server:
        deadline = threading.Timer(60, server.terminate)
        deadline.start()
        url = server.stdout.readline().rpartition(" ")[2].strip() if server.stdout else ""
        deadline.cancel()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            take(browser, f"{url}sales", "sales-light.png", "light")
            take(browser, f"{url}sales", "sales-dark.png", "dark")
            browser.close()
        server.terminate()
    return 0


if __name__ == "__main__":
    sys.exit(main())
