"""Prints a document to PDF with a headless Chromium, which can reach nothing and is ended when it takes too long."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from ecombi.errors import ConfigurationError, PdfNotMade, RunCancelled
from ecombi.reports.scratch import scratch

SECONDS: Final = 60.0
"""How long printing may take where the caller does not say."""

_LOOK_SECONDS: Final = 0.2
_NAMES: Final = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
_FLAGS: Final = (
    "--headless",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--no-default-browser-check",
    "--no-first-run",
    "--no-pdf-header-footer",
    "--generate-pdf-document-outline",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)


def find_browser(given: Path | None = None) -> Path | None:
    """Return the Chromium to print with: the one given, else one on the path, else None.

    Raises:
        ConfigurationError: The one given is not there.
    """
    if given is not None:
        if not (given.is_file() and os.access(given, os.X_OK)):
            raise ConfigurationError(
                f"ECOMBI_BROWSER is {given}, which is no program. Absent: the Chromium on the path."
            )
        return given
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    return Path(found) if found else None


def as_pdf(
    html: str, *, browser: Path, seconds: float = SECONDS, cancelled: Callable[[], bool] = lambda: False
) -> bytes:
    """Return a document as PDF, A4 with numbered pages.

    The browser has a profile of its own for this once, no variables of ours and no network.

    Args:
        html: The document, whole in itself.
        browser: A Chromium.
        seconds: It is ended then, with all it started.
        cancelled: Asked a few times a second; the browser is ended when it says yes.

    Raises:
        PdfNotMade: It was not done in time, or made no PDF.
        RunCancelled: `cancelled` said yes.
    """
    with scratch("pdf") as folder:
        page, printed = folder / "report.html", folder / "report.pdf"
        page.write_text(html, encoding="utf-8")
        # Chromium's own sandbox does not work for root.
        as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
        command = [
            str(browser), *_FLAGS, *as_root, f"--user-data-dir={folder}/profile", f"--print-to-pdf={printed}",
            page.as_uri(),
        ]  # fmt: skip
        try:
            said = _run(command, folder, seconds, cancelled)
        except OSError as error:
            raise PdfNotMade(f"{browser} made no PDF: {error.strerror}.") from error
        if not printed.is_file() or not (content := printed.read_bytes()).startswith(b"%PDF-"):
            raise PdfNotMade(f"{browser} made no PDF. It said: {' '.join(said.split())[-500:] or 'nothing'}")
        return content


def _run(command: list[str], folder: Path, seconds: float, cancelled: Callable[[], bool]) -> str:
    environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(folder), "TMPDIR": str(folder)}
    with (folder / "said").open("w+b") as said:
        process = subprocess.Popen(  # noqa: S603 - the command is ours, but for the program's own path
            command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=environment, cwd=folder,
            start_new_session=True,
        )  # fmt: skip
        try:
            _wait(process, seconds, cancelled)
        finally:
            # What it has started and left belongs to nobody now; where nothing is left, there is no such group.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        said.seek(0)
        return said.read().decode("utf-8", "replace")


def _wait(process: subprocess.Popen[bytes], seconds: float, cancelled: Callable[[], bool]) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            process.wait(max(min(_LOOK_SECONDS, end - time.monotonic()), 0))
        except subprocess.TimeoutExpired:
            if cancelled():
                raise RunCancelled("The report was cancelled while its PDF was made.") from None
            if time.monotonic() >= end:
                raise PdfNotMade(f"The PDF was not done after {seconds:.3g} seconds, so it was stopped.") from None
        else:
            return
