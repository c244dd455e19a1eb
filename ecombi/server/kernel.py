"""What a page's kernel begins with: an extension of IPython, so it is the same however the kernel was started."""

from __future__ import annotations

import logging
import os
import sys

from ecombi.metrics.policy import NOBODY


def load_ipython_extension(_shell: object) -> None:
    """Send the log to the server's own error stream: a cell's output belongs to the page.

    A kernel that was not told whose page it is shows no rows.
    """
    os.environ.setdefault("ECOMBI_IDENTITY", NOBODY.to_json())
    logging.basicConfig(
        stream=sys.__stderr__, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s", force=True
    )
    # A page may still speak of a widget that is gone already.
    logging.getLogger("Comm").setLevel(logging.ERROR)
