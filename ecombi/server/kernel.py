"""The process behind one page: an IPython kernel that loads what a dashboard needs while it is still starting.

Run as `python -m ecombi.server.kernel -f CONNECTION_FILE`, with any other option of an IPython kernel.
"""

from __future__ import annotations

import logging
import sys
import threading
from importlib import import_module

logger = logging.getLogger(__name__)


def _load() -> None:
    # Waiting for sockets, handshakes and readers leaves the processor free: imports fit in there. Whoever needs one
    # earlier waits for it as for any import; a failure shows itself again there, where the page can say it in words.
    try:
        import_module("ecombi.dashboards.showing")
        rehearsal = import_module("ecombi.dashboards.rehearsal")
        for name in import_module("ecombi.dashboards.showing").NAMES:
            rehearsal.rehearse(name)
    except Exception:
        logger.warning("the dashboards could not be loaded ahead of their page", exc_info=True)


def main() -> None:
    """Start loading, then be a kernel."""
    # A cell's output belongs to the page: what goes to the log goes to the server's own error stream.
    logging.basicConfig(stream=sys.__stderr__, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    # A page may still speak of a widget that is gone already.
    logging.getLogger("Comm").setLevel(logging.ERROR)
    # Imported before the thread: two threads that import the same packages from both ends can meet halfway, and one of
    # them is then given a module that is not complete.
    import ipywidgets  # noqa: F401
    from ipykernel.kernelapp import launch_new_instance

    threading.Thread(target=_load, daemon=True, name="load").start()
    launch_new_instance()


if __name__ == "__main__":
    main()
